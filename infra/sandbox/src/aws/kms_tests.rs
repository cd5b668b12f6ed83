use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use super::*;
use crate::deployment::{CALLBACK_ROLE, key_policy};

fn call(kms: &Kms, operation: &str, input: &Value) -> Result<Value, AwsError> {
    kms.call(operation, input, &Caller::of_key(Some("ada")))
}

fn kms() -> (Kms, String) {
    let kms = Kms::new("123456789012", "us-east-2");
    let id = kms.create_key_from_seed([7; 32]).ok().unwrap();
    (kms, id)
}

fn refused(result: Result<Value, AwsError>) -> (String, String) {
    let error = result.err().unwrap();
    assert_eq!(error.status, 400);
    (error.code, error.message)
}

fn sign_input(key: &str, message: &[u8]) -> Value {
    json!({
        "KeyId": key, "Message": STANDARD.encode(message), "MessageType": "RAW",
        "SigningAlgorithm": "ED25519_SHA_512",
    })
}

#[test]
fn what_a_key_signs_its_public_key_verifies() {
    let (kms, id) = kms();
    for name in [id.clone(), kms.arn(&id)] {
        let public = call(&kms, "GetPublicKey", &json!({ "KeyId": name })).ok().unwrap();
        let der = STANDARD.decode(public["PublicKey"].as_str().unwrap()).unwrap();
        assert_eq!(der.len(), 44);
        let signed = call(&kms, "Sign", &sign_input(&name, b"header.claims")).ok().unwrap();
        assert_eq!(signed["KeyId"], kms.arn(&id));
        let signature = STANDARD.decode(signed["Signature"].as_str().unwrap()).unwrap();
        UnparsedPublicKey::new(&ED25519, &der[12..]).verify(b"header.claims", &signature).unwrap();
        assert_eq!(kms.sign(&name, b"header.claims").unwrap().as_slice(), signature);
    }
}

#[test]
fn a_seed_makes_one_key_with_one_id() {
    let (kms, id) = kms();
    assert_eq!(kms.create_key_from_seed([7; 32]).ok(), Some(id.clone()));
    assert_ne!(kms.create_key_from_seed([8; 32]).ok(), Some(id));
    let keys = call(&kms, "ListKeys", &json!({})).ok().unwrap();
    assert_eq!(keys["Keys"].as_array().unwrap().len(), 2);
}

#[test]
fn keys_that_are_not_there_are_not_found() {
    let (kms, _) = kms();
    let other = "11111111-2222-4333-8444-555555555555";
    let message = format!("Key '{}' does not exist", kms.arn(other));
    let expected = ("NotFoundException".to_owned(), message);
    assert_eq!(refused(call(&kms, "GetPublicKey", &json!({ "KeyId": other }))), expected);
    for name in ["", "mine", "alias/mine", "arn:aws:kms:eu-west-1:123456789012:key/1", "arn:"] {
        assert_eq!(refused(call(&kms, "DescribeKey", &json!({ "KeyId": name }))).0, "NotFoundException", "{name}");
    }
    assert_eq!(kms.sign(other, b""), None);
}

#[test]
fn a_disabled_key_signs_nothing_until_it_is_enabled() {
    let (kms, id) = kms();
    let key = json!({ "KeyId": id });
    call(&kms, "DisableKey", &key).ok().unwrap();
    let disabled = ("DisabledException".to_owned(), format!("{} is disabled.", kms.arn(&id)));
    assert_eq!(refused(call(&kms, "Sign", &sign_input(&id, b"x"))), disabled);
    assert_eq!(refused(call(&kms, "GetPublicKey", &key)), disabled);
    assert_eq!(call(&kms, "DescribeKey", &key).ok().unwrap()["KeyMetadata"]["KeyState"], "Disabled");
    call(&kms, "EnableKey", &key).ok().unwrap();
    assert!(call(&kms, "Sign", &sign_input(&id, b"x")).is_ok());
}

#[test]
fn sign_refuses_what_kms_refuses() {
    let (kms, id) = kms();
    let with = |field: &str, value: Value| {
        let mut input = sign_input(&id, b"x");
        input[field] = value;
        refused(call(&kms, "Sign", &input)).0
    };
    assert!(call(&kms, "Sign", &sign_input(&id, &[0; 4096])).is_ok());
    assert_eq!(with("Message", json!(STANDARD.encode([0; 4097]))), "ValidationException");
    assert_eq!(with("Message", json!("")), "ValidationException");
    assert_eq!(with("Message", json!("é")), "SerializationException");
    assert_eq!(with("Message", Value::Null), "ValidationException");
    assert_eq!(with("MessageType", json!("DIGEST")), "ValidationException");
    assert_eq!(with("MessageType", json!(7)), "ValidationException");
    assert_eq!(with("SigningAlgorithm", json!("ECDSA_SHA_256")), "InvalidKeyUsageException");
    assert_eq!(with("SigningAlgorithm", json!("none")), "ValidationException");
    assert_eq!(with("KeyId", Value::Null), "ValidationException");
    assert_eq!(with("KeyId", json!([1])), "SerializationException");
}

#[test]
fn create_key_makes_keys_for_signing_only() {
    let (kms, _) = kms();
    let wanted = json!({ "KeySpec": KEY_SPEC, "KeyUsage": KEY_USAGE, "Description": "links" });
    let made = call(&kms, "CreateKey", &wanted).ok().unwrap();
    let id = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    assert!(call(&kms, "Sign", &sign_input(id, b"x")).is_ok());
    assert_eq!(refused(call(&kms, "CreateKey", &json!({}))).0, "UnsupportedOperationException");
    assert_eq!(refused(call(&kms, "Decrypt", &json!({}))).0, "UnknownOperationException");
}

#[test]
fn a_key_is_used_only_as_its_policy_says() {
    let (kms, open) = kms();
    let guarded = kms.create_key_with_policy(&key_policy(CALLBACK_ROLE)).unwrap();
    let role =
        |account: &str, role: &str| Caller::session(&format!("arn:aws:iam::{account}:role/{role}"), "me").unwrap();
    let ada = Caller::of_key(Some("ada"));
    let explicit = "with an explicit deny in a resource-based policy";
    let implicit = "because no resource-based policy allows the kms:";
    let cases = [
        (&guarded, "Sign", role("123456789012", CALLBACK_ROLE), None),
        (&guarded, "Sign", Caller::of_key(Some("AKIASANDBOXCALLBACK")), None),
        (&guarded, "Sign", Caller::of_key(Some("AKIASANDBOXNOTIFIER")), Some(explicit)),
        (&guarded, "Sign", ada.clone(), Some(explicit)),
        (&guarded, "Sign", role("210987654321", CALLBACK_ROLE), Some(explicit)),
        (&guarded, "GetPublicKey", ada.clone(), None),
        (&guarded, "DescribeKey", ada.clone(), None),
        (&guarded, "GetKeyPolicy", ada.clone(), None),
        (&guarded, "GetPublicKey", role("210987654321", CALLBACK_ROLE), Some(implicit)),
        (&open, "Sign", ada, None),
        (&open, "Sign", role("210987654321", "ada"), Some(implicit)),
    ];
    for (key, operation, caller, refusal) in cases {
        let answer = kms.call(operation, &sign_input(&kms.arn(key), b"x"), &caller);
        let name = format!("{operation} by {}", caller.arn);
        match refusal {
            None => assert!(answer.is_ok(), "{name}"),
            Some(words) => {
                let (code, message) = refused(answer);
                assert_eq!(code, "AccessDeniedException", "{name}");
                let user = format!("User: {} is not authorized to perform: kms:{operation} on resource: ", caller.arn);
                assert!(message.starts_with(&format!("{user}{} {words}", kms.arn(key))), "{message}");
            }
        }
    }
}

#[test]
fn a_key_policy_can_be_read_and_replaced() {
    let (kms, id) = kms();
    let key = json!({ "KeyId": id });
    let shown = |kms: &Kms| call(kms, "GetKeyPolicy", &key).ok().unwrap();
    assert_eq!(shown(&kms)["PolicyName"], "default");
    assert!(shown(&kms)["Policy"].as_str().unwrap().contains("Enable IAM User Permissions"));

    let policy = key_policy(CALLBACK_ROLE);
    let put =
        |policy: &str| call(&kms, "PutKeyPolicy", &json!({ "KeyId": id, "PolicyName": "default", "Policy": policy }));
    assert_eq!(put(&policy).ok(), Some(json!({})));
    assert_eq!(shown(&kms)["Policy"], policy);
    assert_eq!(refused(call(&kms, "Sign", &sign_input(&id, b"x"))).0, "AccessDeniedException");

    let (code, message) = refused(put("{\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"kms:Sign\"}]}"));
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert!(message.contains("NotAction"), "{message}");
    let (code, message) = refused(put("{\"Statement\":[]}"));
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert!(message.contains("will not allow you to update the key policy"), "{message}");
    let insist = json!({ "KeyId": id, "Policy": "{\"Statement\":[]}", "BypassPolicyLockoutSafetyCheck": true });
    assert!(call(&kms, "PutKeyPolicy", &insist).is_ok());
    assert_eq!(refused(call(&kms, "GetKeyPolicy", &key)).0, "AccessDeniedException");
    let other = json!({ "KeyId": id, "PolicyName": "mine" });
    assert_eq!(refused(call(&kms, "GetKeyPolicy", &other)).0, "NotFoundException");

    kms.set_key_policy(&kms.arn(&id), &policy).unwrap();
    assert_eq!(shown(&kms)["Policy"], policy);
    assert!(kms.set_key_policy("unknown", &policy).is_err());
    assert!(kms.set_key_policy(&id, "[]").is_err());

    let wanted = json!({ "KeySpec": KEY_SPEC, "KeyUsage": KEY_USAGE, "Policy": policy });
    let made = call(&kms, "CreateKey", &wanted).ok().unwrap();
    let made = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    assert_eq!(call(&kms, "GetKeyPolicy", &json!({ "KeyId": made })).ok().unwrap()["Policy"], policy);
}

#[test]
fn another_account_has_no_keys_here() {
    let (kms, id) = kms();
    let stranger = Caller::session("arn:aws:iam::210987654321:role/admin", "me").unwrap();
    assert_eq!(kms.call("ListKeys", &json!({}), &stranger).ok().unwrap()["Keys"], json!([]));
    let (code, message) = refused(kms.call("DescribeKey", &json!({ "KeyId": id }), &stranger));
    assert_eq!(code, "NotFoundException");
    assert_eq!(message, format!("Key 'arn:aws:kms:us-east-2:210987654321:key/{id}' does not exist"));
    let wanted = json!({ "KeySpec": KEY_SPEC, "KeyUsage": KEY_USAGE });
    assert_eq!(refused(kms.call("CreateKey", &wanted, &stranger)).0, "UnsupportedOperationException");
}
