//! AWS KMS, for keys of spec `ECC_NIST_EDWARDS25519`.
//!
//! Sources: the KMS API reference (`Sign`, `GetPublicKey`, `DescribeKey`, `CreateKey`, `ListKeys`, `EnableKey`,
//! `DisableKey`, `GetKeyPolicy`, `PutKeyPolicy`), and in the developer guide "Key states" for what a disabled key may do,
//! and "Key policies": nobody has any right to a key that its policy does not give, to them or to their account.

use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::internal_failure;
use super::caller::Caller;
use super::iam::{Decision, Policy, access_denied};
use super::key_policy::{check_lockout, default, policy_name, read};
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
    policy: Policy,
    pair: Ed25519KeyPair,
}

impl Key {
    /// The public key as DER `SubjectPublicKeyInfo`.
    fn spki(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.pair.public_key().as_ref()].concat()
    }
}

/// A call of an operation.
struct Request<'a> {
    /// The action in policies, such as `kms:Sign`.
    action: &'a str,
    input: &'a Value,
    caller: &'a Caller,
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

    /// Makes a key with the default key policy, which leaves it to the account, and gives its id.
    ///
    /// # Errors
    /// The system has no random numbers to give.
    pub fn create_key(&self) -> Result<String, AwsError> {
        self.create_key_with_policy(&default(&self.account))
    }

    /// Makes a key with this key policy, and gives its id.
    ///
    /// # Errors
    /// The policy is not valid, or has something that is not known here.
    pub fn create_key_with_policy(&self, policy: &str) -> Result<String, AwsError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| internal_failure())?;
        Ok(self.add(Uuid::new_v4(), "", read(policy)?, pair))
    }

    /// Gives a key another policy, whoever may do that.
    ///
    /// # Errors
    /// The policy is not valid, or there is no such key.
    pub fn set_key_policy(&self, key_id: &str, policy: &str) -> Result<(), AwsError> {
        let policy = read(policy)?;
        let mut keys = lock(&self.keys);
        let key = keys.iter_mut().find(|key| key.id == key_id || self.arn(&key.id) == key_id);
        key.ok_or_else(|| not_found(key_id))?.policy = policy;
        Ok(())
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
        let policy = read(&default(&self.account))?;
        Ok(self.add(uuid::Builder::from_random_bytes(id).into_uuid(), "", policy, pair))
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
        arn(&self.region, &self.account, key_id)
    }

    pub(super) fn call(&self, operation: &str, input: &Value, caller: &Caller) -> Result<Value, AwsError> {
        let request = Request { action: &format!("kms:{operation}"), input, caller };
        match operation {
            "Sign" => self.sign_message(&request),
            "GetPublicKey" => self.with_key(&request, |key| {
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
            "DescribeKey" => self.with_key(&request, |key| Ok(json!({ "KeyMetadata": self.metadata(key) }))),
            "EnableKey" | "DisableKey" => self.with_key(&request, |key| {
                key.enabled = operation == "EnableKey";
                Ok(json!({}))
            }),
            "GetKeyPolicy" => {
                policy_name(input)?;
                self.with_key(&request, |key| Ok(json!({ "Policy": key.policy.text, "PolicyName": "default" })))
            }
            "PutKeyPolicy" => {
                policy_name(input)?;
                let policy = read(required(input, "Policy", "policy")?)?;
                check_lockout(input, &policy, caller)?;
                self.with_key(&request, |key| {
                    key.policy = policy;
                    Ok(json!({}))
                })
            }
            "CreateKey" => self.create(input, caller),
            // A list of what the caller's account has: no key's policy is asked.
            "ListKeys" => {
                let keys = lock(&self.keys);
                let entry = |key: &Key| json!({ "KeyId": key.id, "KeyArn": self.arn(&key.id) });
                let own = keys.iter().filter(|_| caller.account() == self.account);
                Ok(json!({ "Keys": own.map(entry).collect::<Vec<_>>(), "Truncated": false }))
            }
            "ListAliases" => Ok(json!({ "Aliases": [], "Truncated": false })),
            _ => Err(AwsError::new("UnknownOperationException", format!("The sandbox's KMS has no {operation}"))),
        }
    }

    fn sign_message(&self, request: &Request<'_>) -> Result<Value, AwsError> {
        let input = request.input;
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
        self.with_key(request, |key| {
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

    fn create(&self, input: &Value, caller: &Caller) -> Result<Value, AwsError> {
        if caller.account() != self.account {
            return Err(AwsError::new(
                "UnsupportedOperationException",
                format!("The sandbox's KMS makes keys in account {} only", self.account),
            ));
        }
        let text = |field: &str| input.get(field).and_then(Value::as_str);
        let spec = text("KeySpec").or_else(|| text("CustomerMasterKeySpec")).unwrap_or("SYMMETRIC_DEFAULT");
        let usage = text("KeyUsage").unwrap_or("ENCRYPT_DECRYPT");
        if spec != KEY_SPEC || usage != KEY_USAGE {
            return Err(AwsError::new(
                "UnsupportedOperationException",
                format!("The sandbox's KMS has only keys of spec {KEY_SPEC} for {KEY_USAGE}, not {spec} for {usage}"),
            ));
        }
        let policy = read(text("Policy").unwrap_or(&default(&self.account)))?;
        check_lockout(input, &policy, caller)?;
        let pair = Ed25519KeyPair::generate().map_err(|_| internal_failure())?;
        let id = self.add(Uuid::new_v4(), text("Description").unwrap_or_default(), policy, pair);
        let keys = lock(&self.keys);
        Ok(json!({ "KeyMetadata": keys.iter().find(|key| key.id == id).map(|key| self.metadata(key)) }))
    }

    /// Adds a key, unless it is there already.
    fn add(&self, id: Uuid, description: &str, policy: Policy, pair: Ed25519KeyPair) -> String {
        let id = id.to_string();
        let mut keys = lock(&self.keys);
        if !keys.iter().any(|key| key.id == id) {
            let description = description.to_owned();
            keys.push(Key { id: id.clone(), description, enabled: true, policy, pair });
        }
        id
    }

    /// Does something with the key that `KeyId` names, by its id or by its ARN, if its policy allows that.
    fn with_key<T>(
        &self,
        request: &Request<'_>,
        act: impl FnOnce(&mut Key) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let name = required(request.input, "KeyId", "keyId")?;
        let account = request.caller.account();
        let home = self.arn("");
        let id = match name.strip_prefix(&home) {
            Some(id) => id,
            None if name.starts_with("arn:") => {
                return Err(AwsError::new("NotFoundException", format!("Invalid arn {}", bounded(name))));
            }
            None if name.starts_with("alias/") => {
                let arn = format!("arn:aws:kms:{}:{account}:{}", self.region, bounded(name));
                return Err(AwsError::new("NotFoundException", format!("Alias {arn} is not found.")));
            }
            // An id alone means a key of the caller's own account, and no other account has keys here.
            None if account != self.account => return Err(not_found(&arn(&self.region, account, &bounded(name)))),
            None => name,
        };
        if Uuid::try_parse(id).is_err() {
            return Err(AwsError::new("NotFoundException", format!("Invalid keyId '{}'", bounded(id))));
        }
        let mut keys = lock(&self.keys);
        let key = keys.iter_mut().find(|key| key.id == id).ok_or_else(|| not_found(&self.arn(id)))?;
        match key.policy.decide(request.caller, request.action, &self.arn(id)) {
            Decision::Allowed => act(key),
            decision => Err(access_denied(request.caller, request.action, &self.arn(id), decision)),
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

fn arn(region: &str, account: &str, key_id: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{key_id}")
}

fn not_found(arn: &str) -> AwsError {
    AwsError::new("NotFoundException", format!("Key '{arn}' does not exist"))
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
#[path = "kms_tests.rs"]
mod tests;
