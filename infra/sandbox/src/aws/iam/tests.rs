use serde_json::{Value, json};

use super::*;
use Decision::{Allowed, Denied, Unmentioned};

const ROLE: &str = "arn:aws:iam::123456789012:role/signer";

fn session(role: &str) -> Caller {
    Caller::session(role, "session").unwrap()
}

fn one(statement: &Value) -> Result<Policy, String> {
    Policy::read(&json!({"Version": "2012-10-17", "Statement": statement}).to_string())
}

/// A statement that allows everybody everything, with this part changed.
fn with(part: &str, value: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    statement[part] = value;
    statement
}

#[test]
fn the_policies_of_the_deployment_let_only_the_roles_in() {
    let key = Policy::read(&crate::deployment::key_policy("signer")).unwrap();
    let table_arn = "arn:aws:dynamodb:us-east-2:123456789012:table/countersign";
    let table = Policy::read(&crate::deployment::table_policy(table_arn)).unwrap();
    let foreign = session("arn:aws:iam::999999999999:role/signer");
    let notifier = Caller::of_key(Some("AKIASANDBOXNOTIFIER"));
    let callback = Caller::of_key(Some("AKIASANDBOXCALLBACK"));
    let ben = Caller::of_key(Some("ben"));
    let cases = [
        (&key, session(ROLE), "kms:Sign", "key", Allowed),
        (&key, notifier.clone(), "kms:Sign", "key", Denied),
        (&key, ben.clone(), "kms:Sign", "key", Denied),
        (&key, ben.clone(), "kms:PutKeyPolicy", "key", Allowed),
        (&key, foreign.clone(), "kms:Sign", "key", Denied),
        (&key, foreign.clone(), "kms:GetPublicKey", "key", Unmentioned),
        // A role of the same name under a path is another role.
        (&key, session("arn:aws:iam::123456789012:role/path/signer"), "kms:Sign", "key", Denied),
        (&table, notifier, "dynamodb:PutItem", table_arn, Unmentioned),
        (&table, callback, "dynamodb:UpdateItem", table_arn, Unmentioned),
        (&table, ben.clone(), "dynamodb:PutItem", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:UpdateItem", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:DeleteItem", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:BatchWriteItem", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:PartiQLInsert", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:PartiQLUpdate", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:PartiQLDelete", table_arn, Denied),
        (&table, ben.clone(), "dynamodb:GetItem", table_arn, Unmentioned),
        (&table, ben.clone(), "dynamodb:DeleteResourcePolicy", table_arn, Unmentioned),
        (&table, ben, "dynamodb:PutItem", "arn:aws:dynamodb:us-east-2:123456789012:table/other", Unmentioned),
        (&table, foreign, "dynamodb:PutItem", table_arn, Denied),
    ];
    for (policy, caller, action, resource, decision) in cases {
        assert_eq!(policy.decide(&caller, action, resource), decision, "{} {action} {resource}", caller.arn);
    }
}

#[test]
fn each_part_of_a_statement_decides_whether_it_applies() {
    let (ben, role) = (Caller::of_key(Some("ben")), session(ROLE));
    let condition = |operator: &str, key: &str, values: Value| with("Condition", json!({operator: {key: values}}));
    let session_arn = "arn:aws:sts::123456789012:assumed-role/signer/session";
    let both = json!([ROLE, "arn:aws:sts::123456789012:assumed-role/signer/*"]);
    // The statement, and whether it applies to the user Ben and to a session of the role.
    let cases = [
        (with("Principal", json!({"AWS": "*"})), [true, true]),
        (with("Principal", json!({"AWS": "123456789012"})), [true, true]),
        (with("Principal", json!({"AWS": ["999999999999", "arn:aws:iam::123456789012:root"]})), [true, true]),
        (with("Principal", json!({"AWS": ben.arn})), [true, false]),
        (with("Principal", json!({"AWS": ROLE})), [false, true]),
        (with("Principal", json!({"AWS": session_arn})), [false, true]),
        (with("Principal", json!({"Service": "events.amazonaws.com"})), [false, false]),
        (with("Action", json!("kms:Sign")), [true, true]),
        (with("Action", json!(["KMS:S*n", "s3:*"])), [true, true]),
        (with("Action", json!("kms:Sig")), [false, false]),
        (with("Resource", json!("arn:aws:kms:*:*:key/?")), [true, true]),
        (with("Resource", json!("arn:aws:kms:*:*:key/2")), [false, false]),
        (condition("ArnLike", "aws:PrincipalArn", both.clone()), [false, true]),
        (condition("ArnNotLike", "AWS:principalarn", both), [true, false]),
        (condition("ArnEquals", "aws:PrincipalArn", json!(session_arn)), [false, false]),
        (condition("ArnNotEquals", "aws:PrincipalArn", json!(session_arn)), [true, true]),
        (condition("StringEquals", "aws:PrincipalAccount", json!("123456789012")), [true, true]),
        (condition("StringNotEquals", "aws:PrincipalAccount", json!(["999999999999", "123456789012"])), [false, false]),
        (condition("StringEquals", "aws:PrincipalArn", json!("*")), [false, false]),
        (condition("StringLike", "aws:PrincipalArn", json!("*:role/*")), [false, true]),
        (condition("Bool", "aws:PrincipalIsAWSService", json!("false")), [true, true]),
        (condition("Bool", "aws:PrincipalIsAWSService", json!(true)), [false, false]),
        (condition("Bool", "aws:SecureTransport", json!("true")), [true, true]),
    ];
    for (statement, expected) in cases {
        let policy = one(&statement).unwrap();
        let found = [&ben, &role].map(|caller| policy.decide(caller, "kms:Sign", "arn:aws:kms:r:1:key/1") == Allowed);
        assert_eq!(found, expected, "{statement}");
    }
}

#[test]
fn a_deny_wins_and_every_condition_must_hold() {
    let ben = Caller::of_key(Some("ben"));
    let conditions = json!({
        "ArnNotLike": {"aws:PrincipalArn": ROLE}, "Bool": {"aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "false"},
    });
    let two = one(&json!([with("Condition", conditions), with("Effect", json!("Deny"))])).unwrap();
    assert_eq!(two.decide(&ben, "kms:Sign", "key"), Denied);
    let none = one(&json!([])).unwrap();
    assert_eq!(none.decide(&ben, "kms:Sign", "key"), Unmentioned);
    let unmet = one(&with("Condition", json!({"Bool": {"aws:SecureTransport": [false]}}))).unwrap();
    assert_eq!(unmet.decide(&ben, "kms:Sign", "key"), Unmentioned);
}

#[test]
fn what_is_not_known_is_an_error() {
    let condition = |operator: &str, key: &str| with("Condition", json!({operator: {key: "x"}}));
    let cases = [
        (with("NotAction", json!("kms:Sign")), "policy element NotAction"),
        (with("NotPrincipal", json!("*")), "policy element NotPrincipal"),
        (with("Effect", json!("deny")), "neither Allow nor Deny"),
        (with("Principal", json!("me")), "Principal is not valid"),
        (with("Principal", json!({"AWS": "arn:aws:iam::123456789012:role/*"})), "names nobody"),
        (with("Principal", json!({"AWS": "AROAEXAMPLE"})), "names nobody"),
        (with("Principal", json!({"Federated": "x"})), "kind Federated"),
        (with("Action", json!([])), "Action is neither"),
        (with("Action", json!(7)), "Action is neither"),
        (with("Resource", Value::Null), "Resource is neither"),
        (with("Resource", json!("arn:aws:s3:::${aws:username}")), "policy variables"),
        (with("Condition", json!([])), "Condition is not"),
        (with("Condition", json!({"Bool": true})), "has no keys"),
        (condition("ForAnyValue:StringEquals", "aws:PrincipalArn"), "operator ForAnyValue:StringEquals"),
        (condition("StringLikeIfExists", "aws:PrincipalArn"), "operator StringLikeIfExists"),
        (condition("stringlike", "aws:PrincipalArn"), "operator stringlike"),
        (condition("StringEquals", "aws:SourceAccount"), "key aws:SourceAccount"),
        (json!("*"), "statement is not"),
        (json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), "no Principal"),
        (json!({"Effect": "Allow", "Principal": "*", "Resource": "*"}), "no Action"),
    ];
    for (statement, expected) in cases {
        let error = one(&statement).err().unwrap_or_default();
        assert!(error.contains(expected), "{statement}: {error}");
    }
    for (text, expected) in [
        ("[]", "not a JSON object"),
        ("{", "not a JSON object"),
        ("{}", "no Statement"),
        ("{\"Statment\":1}", "Statment"),
    ] {
        let error = Policy::read(text).err().unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_refusal_says_why_in_the_words_of_aws() {
    let (caller, action) = (Caller::of_key(Some("ben")), "kms:Sign");
    let words = "User: arn:aws:iam::123456789012:user/ben is not authorized to perform: kms:Sign on resource: key ";
    let denied = access_denied(&caller, action, "key", Denied);
    assert_eq!((denied.status, denied.code.as_str()), (400, "AccessDeniedException"));
    assert_eq!(denied.message, format!("{words}with an explicit deny in a resource-based policy"));
    let unmentioned = access_denied(&caller, action, "key", Unmentioned);
    assert_eq!(unmentioned.message, format!("{words}because no resource-based policy allows the kms:Sign action"));
}
