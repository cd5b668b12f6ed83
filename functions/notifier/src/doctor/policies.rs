//! Whether others may sign or write: the policies of keys and table, as they are deployed.
//!
//! This is no evaluator. A policy is sound if it has the denial that the templates write, to everybody but exactly our
//! roles, in a form that leaves nothing to interpret. Allowing does not matter then, and neither do grants: a denial goes
//! before both.

use std::collections::BTreeSet;

use countersign::approval::RoleArn;
use countersign::aws::AwsError;
use countersign::keys::{KeyId, Keyring, PublicKey};
use serde_json::{Map, Value};

use super::{Finding, unanswered};

pub(super) const REQUEST_KEY: &str = "request key";
pub(super) const VOTE_KEY: &str = "vote key";
const LEDGER: &str = "ledger";

/// What writes items. `BatchWriteItem` and transactions of `PutItem` and the like are denied with them.
const WRITE: [&str; 7] = [
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

const RESTORE_KEY_POLICY: &str = "put the key policy of the template back (kms:PutKeyPolicy), and find out in CloudTrail \
                                  who changed it; see \"Respond to a forgery\" in docs/operations.md";
const RESTORE_TABLE_POLICY: &str = "attach the table's policy again, as docs/operations.md says under \"Attach the \
                                    table's policy again\"";

/// What was seen of the keys of one kind.
pub(super) struct KeysSeen {
    /// Each key's id, with its fingerprint.
    fingerprints: Vec<String>,
    /// The one role that may sign with them, or the id of the first key of which that cannot be said.
    signer: Result<RoleArn, String>,
}

impl KeysSeen {
    /// Reads public keys and policies.
    pub(super) async fn of(keys: &Keyring) -> Result<Self, AwsError> {
        let (public, policies) = (keys.fetched().await?, keys.policies().await?);
        let fingerprint = |key: &PublicKey| format!("{} (key {})", key.fingerprint(), key.kid());
        Ok(Self { fingerprints: public.iter().map(fingerprint).collect(), signer: only_signer(&policies) })
    }

    /// The one role that may sign with each of these keys.
    pub(super) fn signer(&self) -> Option<&RoleArn> {
        self.signer.as_ref().ok()
    }
}

fn only_signer(policies: &[(&KeyId, String)]) -> Result<RoleArn, String> {
    let mut signer: Option<RoleArn> = None;
    for (key, policy) in policies {
        let excepted = excepted(policy, &SIGNING);
        let mut roles = excepted.into_iter().flatten();
        match (roles.next(), roles.next()) {
            (Some(role), None) if signer.as_ref().is_none_or(|known| *known == role) => signer = Some(role),
            _ => return Err(key.kid().to_owned()),
        }
    }
    signer.ok_or_else(String::new)
}

/// The keys of requests. That KMS signs for the notifier shows that the one role is the notifier's own.
pub(super) fn request_key(seen: &Result<KeysSeen, AwsError>, deciding: &RoleArn) -> Finding {
    key(REQUEST_KEY, seen, |signer| signer != deciding, "KMS signs")
}

/// The keys of votes.
pub(super) fn vote_key(seen: &Result<KeysSeen, AwsError>, deciding: &RoleArn) -> Finding {
    key(VOTE_KEY, seen, |signer| signer == deciding, "it is there")
}

fn key(
    check: &'static str,
    seen: &Result<KeysSeen, AwsError>,
    is_right: impl Fn(&RoleArn) -> bool,
    said: &str,
) -> Finding {
    let KeysSeen { fingerprints, signer } = match seen {
        Ok(seen) => seen,
        Err(error) => return unanswered(check, error),
    };
    match signer {
        Ok(signer) if is_right(signer) => {
            Finding::sound(check, format!("{said}; only {signer} may sign; fingerprint: {}", fingerprints.join(", ")))
        }
        Ok(signer) => {
            Finding::unsound(check, format!("{signer} may sign, which is the wrong role"), RESTORE_KEY_POLICY)
        }
        Err(key) => {
            let found = format!("the policy of the key {key} does not deny signing to everybody but one role");
            Finding::unsound(check, found, RESTORE_KEY_POLICY)
        }
    }
}

/// The table: its ARN if it can be a ledger, and its policy.
pub(super) fn ledger(
    table: Result<Option<(String, Option<String>)>, AwsError>,
    deciding: &RoleArn,
    notifier: Option<&RoleArn>,
) -> Finding {
    let (arn, policy) = match table {
        Ok(Some(table)) => table,
        Ok(None) => {
            return Finding::unsound(
                LEDGER,
                "the table is not active, or its keys are not pk and sk",
                "set COUNTERSIGN_TABLE to the table that the stack created",
            );
        }
        Err(error) => return unanswered(LEDGER, &error),
    };
    let Some(policy) = policy else {
        return Finding::unsound(LEDGER, "others may write: the table has no resource policy", RESTORE_TABLE_POLICY);
    };
    let writers = excepted(&policy, &Guarded { actions: &WRITE, arn: &arn, spares_services: true }).unwrap_or_default();
    let are_ours = writers.len() == 2 && writers.contains(deciding);
    if are_ours && notifier.is_none_or(|notifier| writers.contains(notifier)) {
        let writers = writers.iter().map(RoleArn::as_str).collect::<Vec<_>>().join(" and ");
        Finding::sound(LEDGER, format!("the table is active; only {writers} may write"))
    } else {
        Finding::unsound(
            LEDGER,
            "the table's policy does not deny writing to everybody but the two functions' roles",
            RESTORE_TABLE_POLICY,
        )
    }
}

/// What must be denied.
struct Guarded<'a> {
    actions: &'a [&'a str],
    /// On what, besides `*`, which means it in its own policy.
    arn: &'a str,
    /// Whether the denial may leave out AWS's own services: DynamoDB deletes what has expired.
    spares_services: bool,
}

const SIGNING: Guarded<'_> = Guarded { actions: &["kms:Sign"], arn: "*", spares_services: false };

/// The roles to which a policy does not deny what is guarded. `None` when it does not deny them to everybody else.
fn excepted(policy: &str, guarded: &Guarded<'_>) -> Option<BTreeSet<RoleArn>> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy.get("Statement")?;
    // Of several denials, all hold.
    list(statements)
        .iter()
        .filter_map(|statement| excepted_by(statement.as_object()?, guarded))
        .reduce(|some, others| &some & &others)
}

fn excepted_by(statement: &Map<String, Value>, guarded: &Guarded<'_>) -> Option<BTreeSet<RoleArn>> {
    const KNOWN: [&str; 6] = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    let is_known = statement.keys().all(|name| KNOWN.contains(&name.as_str()));
    let is_denial = statement.get("Effect")?.as_str() == Some("Deny");
    let of_everybody = match statement.get("Principal")? {
        Value::Object(principal) => principal.len() == 1 && principal.get("AWS").is_some_and(|who| contains(who, "*")),
        principal => contains(principal, "*"),
    };
    let denied = statement.get("Action")?;
    let service = guarded.actions.first()?.split(':').next()?;
    let denies_all = contains(denied, "*") || contains(denied, &format!("{service}:*"));
    let covers = denies_all || guarded.actions.iter().all(|action| contains(denied, action));
    let resource = statement.get("Resource")?;
    let on_this = contains(resource, "*") || contains(resource, guarded.arn);
    (is_known && is_denial && of_everybody && covers && on_this).then_some(())?;
    roles_in(statement.get("Condition")?.as_object()?, guarded.spares_services)
}

/// The roles in the condition that a caller is none of them.
fn roles_in(condition: &Map<String, Value>, spares_services: bool) -> Option<BTreeSet<RoleArn>> {
    for (operator, keys) in condition {
        let is_known = match operator.as_str() {
            "ArnNotLike" => true,
            "Bool" => {
                let only = only_key(keys, "aws:PrincipalIsAWSService")?;
                spares_services && (contains(only, "false") || *only == Value::Bool(false))
            }
            _ => false,
        };
        is_known.then_some(())?;
    }
    let arns = list(only_key(condition.get("ArnNotLike")?, "aws:PrincipalArn")?);
    let arns: BTreeSet<&str> = arns.iter().map(Value::as_str).collect::<Option<_>>()?;
    let roles: BTreeSet<RoleArn> = arns.iter().filter_map(|arn| role(arn)).collect();
    // Each role in both forms, and nothing else.
    let sessions: Vec<String> = roles.iter().map(RoleArn::session_pattern).collect();
    let ours: BTreeSet<&str> = roles.iter().map(RoleArn::as_str).chain(sessions.iter().map(String::as_str)).collect();
    (ours == arns).then_some(roles)
}

/// A role, and no pattern of roles.
fn role(arn: &str) -> Option<RoleArn> {
    if arn.contains(['*', '?', '$']) { None } else { arn.parse().ok() }
}

fn only_key<'a>(keys: &'a Value, name: &str) -> Option<&'a Value> {
    let keys = keys.as_object().filter(|keys| keys.len() == 1)?;
    keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// One value stands for a list of one.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn contains(value: &Value, text: &str) -> bool {
    list(value).iter().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOTIFIER: &str = "arn:aws:iam::123456789012:role/path/notifier";
    const NOTIFIER_SESSIONS: &str = "arn:aws:sts::123456789012:assumed-role/notifier/*";
    const CALLBACK: &str = "arn:aws:iam::123456789012:role/callback";
    const CALLBACK_SESSIONS: &str = "arn:aws:sts::123456789012:assumed-role/callback/*";

    fn key_policy() -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Allow", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"},
            {
                "Sid": "Deny", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Sign", "Resource": "*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": [NOTIFIER, NOTIFIER_SESSIONS]}},
            },
        ]})
    }

    fn table_policy() -> Value {
        json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Deny", "Principal": "*", "Action": WRITE, "Resource": "*",
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": [CALLBACK, CALLBACK_SESSIONS, NOTIFIER, NOTIFIER_SESSIONS]},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        }})
    }

    fn changed(mut policy: Value, pointer: &str, value: Value) -> Value {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = policy.pointer_mut(parent).unwrap();
        if value.is_null() {
            parent.as_object_mut().unwrap().remove(name);
        } else {
            parent[name] = value;
        }
        policy
    }

    fn signers(policy: &Value) -> Option<Vec<String>> {
        let roles = excepted(&policy.to_string(), &SIGNING)?;
        Some(roles.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_key_policy_excepts_one_role() {
        let one = Some(vec![NOTIFIER.to_owned()]);
        assert_eq!(signers(&key_policy()), one);
        for (pointer, value) in [
            ("/Statement/1/Principal", json!("*")),
            ("/Statement/1/Principal/AWS", json!(["*"])),
            ("/Statement/1/Action", json!(["kms:CreateGrant", "kms:sign"])),
            ("/Statement/1/Action", json!("kms:*")),
            ("/Statement/0/Principal/AWS", json!("*")),
        ] {
            assert_eq!(signers(&changed(key_policy(), pointer, value.clone())), one, "{pointer} {value}");
        }
    }

    #[test]
    fn a_denial_of_any_other_form_is_none() {
        const ARNS: &str = "/Statement/1/Condition/ArnNotLike/aws:PrincipalArn";
        for (pointer, value) in [
            ("/Statement/1/Effect", json!("Allow")),
            ("/Statement/1/Principal", json!({"AWS": "arn:aws:iam::123456789012:root"})),
            ("/Statement/1/Principal", json!({"AWS": "*", "Service": "*"})),
            ("/Statement/1/Principal", json!(null)),
            ("/Statement/1/NotPrincipal", json!("*")),
            ("/Statement/1/Action", json!("kms:Verify")),
            ("/Statement/1/Action", json!("kms:S*")),
            ("/Statement/1/NotAction", json!("kms:Sign")),
            ("/Statement/1/Resource", json!("arn:aws:kms:us-east-2:123456789012:key/another")),
            ("/Statement/1/Condition", json!(null)),
            ("/Statement/1/Condition/StringEquals", json!({"aws:PrincipalTag/a": "b"})),
            ("/Statement/1/Condition/Bool", json!({"aws:PrincipalIsAWSService": "false"})),
            ("/Statement/1/Condition/ArnNotLike/aws:SourceArn", json!("arn:aws:s3:::a")),
            (
                "/Statement/1/Condition",
                json!({"ArnNotLikeIfExists": {"aws:PrincipalArn": [NOTIFIER, NOTIFIER_SESSIONS]}}),
            ),
            (ARNS, json!([NOTIFIER])),
            (ARNS, json!([NOTIFIER_SESSIONS])),
            (ARNS, json!([NOTIFIER, NOTIFIER_SESSIONS, CALLBACK_SESSIONS])),
            (ARNS, json!([NOTIFIER, NOTIFIER_SESSIONS, "arn:aws:iam::123456789012:user/mallory"])),
            (ARNS, json!([NOTIFIER, NOTIFIER_SESSIONS, "*"])),
            (ARNS, json!(["arn:aws:iam::123456789012:role/*/notifier", NOTIFIER_SESSIONS])),
        ] {
            assert_eq!(signers(&changed(key_policy(), pointer, value.clone())), None, "{pointer} {value}");
        }
        for policy in ["", "{}", "[]", "{\"Statement\": []}", "{\"Statement\": 5}"] {
            assert_eq!(excepted(policy, &SIGNING), None, "{policy}");
        }
    }

    #[test]
    fn more_roles_are_more_and_two_denials_both_hold() {
        const ARNS: &str = "/Statement/1/Condition/ArnNotLike/aws:PrincipalArn";
        let both = json!([NOTIFIER, NOTIFIER_SESSIONS, CALLBACK, CALLBACK_SESSIONS]);
        let two = changed(key_policy(), ARNS, both);
        assert_eq!(signers(&two).unwrap().len(), 2);
        let mut strict = key_policy();
        strict["Statement"][0] = two["Statement"][1].clone();
        assert_eq!(signers(&strict), Some(vec![NOTIFIER.to_owned()]));
    }

    #[test]
    fn a_table_is_written_by_two_roles() {
        const ARNS: &str = "/Statement/Condition/ArnNotLike/aws:PrincipalArn";
        let (callback, notifier): (RoleArn, RoleArn) = (CALLBACK.parse().unwrap(), NOTIFIER.parse().unwrap());
        let sound = |policy: Option<Value>, notifier: Option<&RoleArn>| {
            let table = Ok(Some(("arn:of:table".to_owned(), policy.map(|policy| policy.to_string()))));
            ledger(table, &callback, notifier).sound
        };
        assert!(sound(Some(table_policy()), Some(&notifier)) && sound(Some(table_policy()), None));
        let by_arn = changed(table_policy(), "/Statement/Resource", json!("arn:of:table"));
        assert!(sound(Some(by_arn), None) && !sound(None, None));
        assert!(!sound(Some(table_policy()), Some(&"arn:aws:iam::123456789012:role/other".parse().unwrap())));
        for (pointer, value) in [
            ("/Statement/Action", json!(WRITE[..6])),
            ("/Statement/Action", json!("dynamodb:PutItem")),
            ("/Statement/Resource", json!("arn:of:another")),
            ("/Statement/Condition/Bool/aws:PrincipalIsAWSService", json!("true")),
            ("/Statement/Condition/Bool/aws:MultiFactorAuthPresent", json!("false")),
            (ARNS, json!([CALLBACK, CALLBACK_SESSIONS])),
            (ARNS, json!([NOTIFIER, NOTIFIER_SESSIONS])),
        ] {
            assert!(!sound(Some(changed(table_policy(), pointer, value.clone())), None), "{pointer} {value}");
        }
    }
}
