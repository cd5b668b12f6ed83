//! AWS KMS, for keys of spec `ECC_NIST_EDWARDS25519`.
//!
//! Source: the KMS API reference (`Sign`, `GetPublicKey`, `DescribeKey`, `CreateKey`, `ListKeys`, `EnableKey`,
//! `DisableKey`), and "Key states" in the developer guide for what a disabled key may do.

use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::internal_failure;
use crate::codepipeline::AwsError;
use crate::lock::lock;

const KEY_SPEC: &str = "ECC_NIST_EDWARDS25519";
const KEY_USAGE: &str = "SIGN_VERIFY";
const SIGNING_ALGORITHM: &str = "ED25519_SHA_512";

/// The longest message that `Sign` takes, in bytes.
const MAX_MESSAGE: usize = 4096;

/// The bytes before the 32 bytes of an Ed25519 key in its DER `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The algorithms that `Sign` knows: of these it says that they do not fit the key, of all others that they are none.
const ALGORITHMS: [&str; 12] = [
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "ECDSA_SHA_256",
    "ECDSA_SHA_384",
    "ECDSA_SHA_512",
    "SM2DSA",
    "ML_DSA_SHAKE_256",
    "ED25519_PH_SHA_512",
];

struct Key {
    id: String,
    description: String,
    enabled: bool,
    pair: Ed25519KeyPair,
}

impl Key {
    /// The public key as DER `SubjectPublicKeyInfo`.
    fn spki(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.pair.public_key().as_ref()].concat()
    }
}

/// The keys of one account in one region.
pub struct Kms {
    account: String,
    region: String,
    keys: Mutex<Vec<Key>>,
}

impl Kms {
    /// A KMS without keys.
    #[must_use]
    pub fn new(account: &str, region: &str) -> Self {
        Self { account: account.to_owned(), region: region.to_owned(), keys: Mutex::default() }
    }

    /// Makes a key and gives its id.
    ///
    /// # Errors
    /// The system has no random numbers to give.
    pub fn create_key(&self) -> Result<String, AwsError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| internal_failure())?;
        Ok(self.add(Uuid::new_v4(), "", pair))
    }

    /// Makes the key that has this seed, and gives its id, which depends on the seed alone.
    ///
    /// # Errors
    /// No seed of 32 bytes is known to be refused.
    pub fn create_key_from_seed(&self, seed: [u8; 32]) -> Result<String, AwsError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| internal_failure())?;
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest(&SHA256, pair.public_key().as_ref()).as_ref()) {
            *to = *from;
        }
        Ok(self.add(uuid::Builder::from_random_bytes(id).into_uuid(), "", pair))
    }

    /// Signs with a key, whatever its state and without a caller: for tests that forge links.
    #[must_use]
    pub fn sign(&self, key_id: &str, message: &[u8]) -> Option<[u8; 64]> {
        let keys = lock(&self.keys);
        let key = keys.iter().find(|key| key.id == key_id || self.arn(&key.id) == key_id)?;
        key.pair.sign(message).as_ref().try_into().ok()
    }

    /// The public key in DER, as `GetPublicKey` gives it.
    #[must_use]
    pub fn public_key(&self, key_id: &str) -> Option<Vec<u8>> {
        let keys = lock(&self.keys);
        let key = keys.iter().find(|key| key.id == key_id || self.arn(&key.id) == key_id)?;
        Some(key.spki())
    }

    /// The ARN of a key.
    #[must_use]
    pub fn arn(&self, key_id: &str) -> String {
        format!("arn:aws:kms:{}:{}:key/{key_id}", self.region, self.account)
    }

    pub(super) fn call(&self, operation: &str, input: &Value) -> Result<Value, AwsError> {
        match operation {
            "Sign" => self.sign_message(input),
            "GetPublicKey" => self.with_key(input, |key| {
                self.require_enabled(key)?;
                Ok(json!({
                    "KeyId": self.arn(&key.id),
                    "PublicKey": STANDARD.encode(key.spki()),
                    "CustomerMasterKeySpec": KEY_SPEC,
                    "KeySpec": KEY_SPEC,
                    "KeyUsage": KEY_USAGE,
                    "SigningAlgorithms": [SIGNING_ALGORITHM, "ED25519_PH_SHA_512"],
                }))
            }),
            "DescribeKey" => self.with_key(input, |key| Ok(json!({ "KeyMetadata": self.metadata(key) }))),
            "EnableKey" | "DisableKey" => self.with_key(input, |key| {
                key.enabled = operation == "EnableKey";
                Ok(json!({}))
            }),
            "CreateKey" => self.create(input),
            "ListKeys" => {
                let keys = lock(&self.keys);
                let entry = |key: &Key| json!({ "KeyId": key.id, "KeyArn": self.arn(&key.id) });
                Ok(json!({ "Keys": keys.iter().map(entry).collect::<Vec<_>>(), "Truncated": false }))
            }
            "ListAliases" => Ok(json!({ "Aliases": [], "Truncated": false })),
            _ => Err(AwsError::new("UnknownOperationException", format!("The sandbox's KMS has no {operation}"))),
        }
    }

    fn sign_message(&self, input: &Value) -> Result<Value, AwsError> {
        let message = required(input, "Message", "message")?;
        let algorithm = required(input, "SigningAlgorithm", "signingAlgorithm")?;
        let message =
            STANDARD.decode(message).map_err(|_| AwsError::new("SerializationException", "Message is not base64"))?;
        if message.is_empty() || message.len() > MAX_MESSAGE {
            return Err(invalid("message", format!("Member must have length between 1 and {MAX_MESSAGE}, inclusive")));
        }
        let kind = input.get("MessageType").map_or("RAW", |kind| kind.as_str().unwrap_or_default());
        if !["RAW", "DIGEST", "EXTERNAL_MU"].contains(&kind) {
            return Err(invalid("messageType", "Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]"));
        }
        if algorithm != SIGNING_ALGORITHM && !ALGORITHMS.contains(&algorithm) {
            return Err(invalid(
                "signingAlgorithm",
                format!("Member must satisfy enum value set: [{SIGNING_ALGORITHM}, {}]", ALGORITHMS.join(", ")),
            ));
        }
        self.with_key(input, |key| {
            self.require_enabled(key)?;
            if algorithm != SIGNING_ALGORITHM {
                // The prehashed variant fits such keys in AWS. No link is signed with it, so it is not built here.
                return Err(AwsError::new(
                    "InvalidKeyUsageException",
                    format!("Algorithm {algorithm} is incompatible with key spec {KEY_SPEC}."),
                ));
            }
            if kind != "RAW" {
                return Err(AwsError::new(
                    "ValidationException",
                    format!("{SIGNING_ALGORITHM} requires MessageType RAW"),
                ));
            }
            Ok(json!({
                "KeyId": self.arn(&key.id),
                "Signature": STANDARD.encode(key.pair.sign(&message)),
                "SigningAlgorithm": SIGNING_ALGORITHM,
            }))
        })
    }

    fn create(&self, input: &Value) -> Result<Value, AwsError> {
        let text = |field: &str| input.get(field).and_then(Value::as_str);
        let spec = text("KeySpec").or_else(|| text("CustomerMasterKeySpec")).unwrap_or("SYMMETRIC_DEFAULT");
        let usage = text("KeyUsage").unwrap_or("ENCRYPT_DECRYPT");
        if spec != KEY_SPEC || usage != KEY_USAGE {
            return Err(AwsError::new(
                "UnsupportedOperationException",
                format!("The sandbox's KMS has only keys of spec {KEY_SPEC} for {KEY_USAGE}, not {spec} for {usage}"),
            ));
        }
        let pair = Ed25519KeyPair::generate().map_err(|_| internal_failure())?;
        let id = self.add(Uuid::new_v4(), text("Description").unwrap_or_default(), pair);
        self.call("DescribeKey", &json!({ "KeyId": id }))
    }

    /// Adds a key, unless it is there already.
    fn add(&self, id: Uuid, description: &str, pair: Ed25519KeyPair) -> String {
        let id = id.to_string();
        let mut keys = lock(&self.keys);
        if !keys.iter().any(|key| key.id == id) {
            keys.push(Key { id: id.clone(), description: description.to_owned(), enabled: true, pair });
        }
        id
    }

    /// Does something with the key that `KeyId` names: by its id or by its ARN.
    fn with_key<T>(&self, input: &Value, act: impl FnOnce(&mut Key) -> Result<T, AwsError>) -> Result<T, AwsError> {
        let name = required(input, "KeyId", "keyId")?;
        let home = self.arn("");
        let id = match name.strip_prefix(&home) {
            Some(id) => id,
            None if name.starts_with("arn:") => {
                return Err(AwsError::new("NotFoundException", format!("Invalid arn {}", bounded(name))));
            }
            None if name.starts_with("alias/") => {
                let (region, account) = (&self.region, &self.account);
                let arn = format!("arn:aws:kms:{region}:{account}:{}", bounded(name));
                return Err(AwsError::new("NotFoundException", format!("Alias {arn} is not found.")));
            }
            None => name,
        };
        if Uuid::try_parse(id).is_err() {
            return Err(AwsError::new("NotFoundException", format!("Invalid keyId '{}'", bounded(id))));
        }
        let mut keys = lock(&self.keys);
        match keys.iter_mut().find(|key| key.id == id) {
            Some(key) => act(key),
            None => Err(AwsError::new("NotFoundException", format!("Key '{}' does not exist", self.arn(id)))),
        }
    }

    fn require_enabled(&self, key: &Key) -> Result<(), AwsError> {
        if key.enabled {
            return Ok(());
        }
        Err(AwsError::new("DisabledException", format!("{} is disabled.", self.arn(&key.id))))
    }

    fn metadata(&self, key: &Key) -> Value {
        json!({
            "AWSAccountId": self.account,
            "Arn": self.arn(&key.id),
            "KeyId": key.id,
            "Description": key.description,
            "Enabled": key.enabled,
            "KeyState": if key.enabled { "Enabled" } else { "Disabled" },
            "KeyManager": "CUSTOMER",
            "KeySpec": KEY_SPEC,
            "CustomerMasterKeySpec": KEY_SPEC,
            "KeyUsage": KEY_USAGE,
            "SigningAlgorithms": [SIGNING_ALGORITHM, "ED25519_PH_SHA_512"],
            "Origin": "AWS_KMS",
            "MultiRegion": false,
        })
    }
}

fn required<'a>(input: &'a Value, field: &str, member: &str) -> Result<&'a str, AwsError> {
    match input.get(field) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(AwsError::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not \
                 be null"
            ),
        )),
        Some(_) => Err(AwsError::new("SerializationException", format!("{field} is not a string"))),
    }
}

fn invalid(member: &str, constraint: impl std::fmt::Display) -> AwsError {
    AwsError::new(
        "ValidationException",
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"),
    )
}

fn bounded(name: &str) -> String {
    name.chars().take(256).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

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
            let public = kms.call("GetPublicKey", &json!({ "KeyId": name })).ok().unwrap();
            let der = STANDARD.decode(public["PublicKey"].as_str().unwrap()).unwrap();
            assert_eq!(der.len(), 44);
            let signed = kms.call("Sign", &sign_input(&name, b"header.claims")).ok().unwrap();
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
        let keys = kms.call("ListKeys", &json!({})).ok().unwrap();
        assert_eq!(keys["Keys"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn keys_that_are_not_there_are_not_found() {
        let (kms, _) = kms();
        let other = "11111111-2222-4333-8444-555555555555";
        let message = format!("Key '{}' does not exist", kms.arn(other));
        let expected = ("NotFoundException".to_owned(), message);
        assert_eq!(refused(kms.call("GetPublicKey", &json!({ "KeyId": other }))), expected);
        for name in ["", "mine", "alias/mine", "arn:aws:kms:eu-west-1:123456789012:key/1", "arn:"] {
            assert_eq!(refused(kms.call("DescribeKey", &json!({ "KeyId": name }))).0, "NotFoundException", "{name}");
        }
        assert_eq!(kms.sign(other, b""), None);
    }

    #[test]
    fn a_disabled_key_signs_nothing_until_it_is_enabled() {
        let (kms, id) = kms();
        let key = json!({ "KeyId": id });
        kms.call("DisableKey", &key).ok().unwrap();
        let disabled = ("DisabledException".to_owned(), format!("{} is disabled.", kms.arn(&id)));
        assert_eq!(refused(kms.call("Sign", &sign_input(&id, b"x"))), disabled);
        assert_eq!(refused(kms.call("GetPublicKey", &key)), disabled);
        assert_eq!(kms.call("DescribeKey", &key).ok().unwrap()["KeyMetadata"]["KeyState"], "Disabled");
        kms.call("EnableKey", &key).ok().unwrap();
        assert!(kms.call("Sign", &sign_input(&id, b"x")).is_ok());
    }

    #[test]
    fn sign_refuses_what_kms_refuses() {
        let (kms, id) = kms();
        let with = |field: &str, value: Value| {
            let mut input = sign_input(&id, b"x");
            input[field] = value;
            refused(kms.call("Sign", &input)).0
        };
        assert!(kms.call("Sign", &sign_input(&id, &[0; 4096])).is_ok());
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
        let made = kms.call("CreateKey", &wanted).ok().unwrap();
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap();
        assert!(kms.call("Sign", &sign_input(id, b"x")).is_ok());
        assert_eq!(refused(kms.call("CreateKey", &json!({}))).0, "UnsupportedOperationException");
        assert_eq!(refused(kms.call("Decrypt", &json!({}))).0, "UnknownOperationException");
    }
}
