//! Keys in AWS KMS, which never leave it, and their public keys to verify with.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use jsonwebtoken::DecodingKey;
use tokio::sync::OnceCell;

use crate::approval::ParseError;
use crate::aws::AwsError;

/// What precedes the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A KMS key: its ARN, or its id in the function's own account and region. An alias will not do: what it points at can
/// change between signing and verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    /// What KMS takes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a header carries as `kid`: the id without the rest of the ARN.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let what = "the key";
        let form = "the ARN or the id of a KMS key (an alias is not enough)";
        let id = match text.strip_prefix("arn:") {
            Some(arn) => arn.split_once(":key/").map(|(_, id)| id),
            None => Some(text),
        };
        match id {
            _ if text.len() > 256 => Err(ParseError::TooLong { what, max: 256 }),
            Some("") => Err(ParseError::Empty { what }),
            Some(id) if id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => Ok(Self(text.to_owned())),
            _ => Err(ParseError::Form { what, form }),
        }
    }
}

/// Keys of one kind, newest first: the newest signs, all verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIds {
    newest: KeyId,
    older: Vec<KeyId>,
}

impl KeyIds {
    /// The key that signs.
    #[must_use]
    pub fn newest(&self) -> &KeyId {
        &self.newest
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &KeyId> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl FromStr for KeyIds {
    type Err = ParseError;

    /// Reads keys that are separated by commas.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut keys = text.split(',').map(|key| key.trim().parse());
        let newest = keys.next().unwrap_or(Err(ParseError::Empty { what: "the list of keys" }))?;
        Ok(Self { newest, older: keys.collect::<Result<_, _>>()? })
    }
}

/// A key that signs.
#[derive(Debug, Clone)]
pub struct SigningKey {
    client: Client,
    id: KeyId,
}

impl SigningKey {
    /// The key `id`, used through `client`.
    #[must_use]
    pub fn new(client: Client, id: KeyId) -> Self {
        Self { client, id }
    }

    /// The key's name in what it signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.id.kid()
    }

    /// The Ed25519 signature over `message` as it is, 64 bytes.
    ///
    /// # Errors
    /// When KMS does not sign.
    pub async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, AwsError> {
        const OPERATION: &str = "kms:Sign";
        let answer = self
            .client
            .sign()
            .key_id(self.id.as_str())
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .message_type(MessageType::Raw)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        match answer.signature {
            Some(signature) if signature.as_ref().len() == 64 => Ok(signature.into_inner()),
            _ => Err(AwsError::unexpected(OPERATION, "no Ed25519 signature in the answer")),
        }
    }
}

/// The keys of one kind, whose public parts are read from KMS once, when they are needed first.
#[derive(Clone)]
pub struct Keyring {
    client: Client,
    ids: Arc<KeyIds>,
    keys: Arc<OnceCell<VerifyingKeys>>,
}

impl Keyring {
    /// The keys with these ids.
    #[must_use]
    pub fn new(client: Client, ids: KeyIds) -> Self {
        Self { client, ids: Arc::new(ids), keys: Arc::default() }
    }

    /// Their public keys.
    ///
    /// # Errors
    /// When one cannot be read. It is tried again the next time.
    pub async fn fetched(&self) -> Result<&VerifyingKeys, AwsError> {
        self.keys.get_or_try_init(|| VerifyingKeys::fetch(&self.client, &self.ids)).await
    }

    /// The key policy of each key, as it is deployed.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn policies(&self) -> Result<Vec<(&KeyId, String)>, AwsError> {
        const OPERATION: &str = "kms:GetKeyPolicy";
        try_join_all(self.ids.iter().map(async |id| {
            let answer = self.client.get_key_policy().key_id(id.as_str()).send().await;
            let answer = answer.map_err(|error| AwsError::new(OPERATION, &error))?;
            Ok((id, answer.policy.unwrap_or_default()))
        }))
        .await
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids.iter().map(KeyId::kid)).finish()
    }
}

/// The SHA-256 of a public key in DER (`SubjectPublicKeyInfo`), in hexadecimal: what people write down and compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a public key.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
        Self(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::Form { what: "the fingerprint", form: "64 hexadecimal digits in lower case" })
        }
    }
}

/// A public key, and the name that statements call it by.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    der: Vec<u8>,
    key: DecodingKey,
}

impl PublicKey {
    /// Reads a key from DER `SubjectPublicKeyInfo`, 44 bytes. `None` when it is something else than an Ed25519 key.
    #[must_use]
    pub fn new(kid: &str, der: &[u8]) -> Option<Self> {
        let raw = der.strip_prefix(&SPKI_PREFIX).filter(|raw| raw.len() == 32)?;
        let key = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(raw)).ok()?;
        Some(Self { kid: kid.to_owned(), der: der.to_vec(), key })
    }

    /// Its name in what it signed: the id of the KMS key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as KMS gives it: DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }
}

/// Public keys. Verifying needs nothing else, so a key that is not here does not exist.
#[derive(Clone, Default)]
pub struct VerifyingKeys(Vec<PublicKey>);

impl VerifyingKeys {
    /// Reads every key from KMS, side by side: once, while a function starts.
    ///
    /// # Errors
    /// When a key cannot be read or is not an Ed25519 key: a callback that lacks one of its keys would refuse good links.
    pub async fn fetch(client: &Client, ids: &KeyIds) -> Result<Self, AwsError> {
        const OPERATION: &str = "kms:GetPublicKey";
        let fetched = try_join_all(ids.iter().map(async |id| {
            let answer = client.get_public_key().key_id(id.as_str()).send().await;
            let answer = answer.map_err(|error| AwsError::new(OPERATION, &error))?;
            Ok::<_, AwsError>((id, answer.public_key.map(Blob::into_inner).unwrap_or_default()))
        }));
        let mut keys = Self::default();
        for (id, der) in fetched.await? {
            keys.add(id, &der).ok_or_else(|| AwsError::unexpected(OPERATION, "not an Ed25519 public key"))?;
        }
        Ok(keys)
    }

    /// Adds a key given as DER `SubjectPublicKeyInfo`, 44 bytes. `None` when it is something else.
    pub fn add(&mut self, id: &KeyId, der: &[u8]) -> Option<()> {
        self.0.push(PublicKey::new(id.kid(), der)?);
        Some(())
    }

    /// All of them, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter()
    }

    /// The key that a header names.
    pub(crate) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|key| key.kid == kid).map(|key| &key.key)
    }
}

impl FromIterator<PublicKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(PublicKey::kid)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_arn_or_an_id() {
        let arn = "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(arn.parse::<KeyId>().unwrap().kid(), "1234abcd-12ab-34cd-56ef-1234567890ab");
        assert_eq!("mrk-1234".parse::<KeyId>().unwrap().kid(), "mrk-1234");
        for text in [
            "",
            "alias/countersign",
            "arn:aws:kms:us-east-2:123456789012:alias/a",
            "arn:aws:kms:x:y:key/",
            "a b",
            "a/b",
        ] {
            assert!(text.parse::<KeyId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_first_of_several_keys_is_the_newest() {
        let keys: KeyIds = "new, old,older".parse().unwrap();
        assert_eq!(keys.newest().as_str(), "new");
        assert_eq!(keys.iter().map(KeyId::as_str).collect::<Vec<_>>(), ["new", "old", "older"]);
        for text in ["", ",", "new,", "new,alias/old"] {
            assert!(text.parse::<KeyIds>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_an_ed25519_key_is_taken() {
        let id: KeyId = "k".parse().unwrap();
        let mut der = SPKI_PREFIX.to_vec();
        der.extend([7; 32]);
        assert!(VerifyingKeys::default().add(&id, &der).is_some());
        der.push(0);
        assert!(VerifyingKeys::default().add(&id, &der).is_none());
        der.truncate(43);
        assert!(VerifyingKeys::default().add(&id, &der).is_none());
        assert!(VerifyingKeys::default().add(&id, &[0; 44]).is_none());
    }

    #[test]
    fn a_fingerprint_is_what_sha256sum_prints() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of(b""), empty.parse().unwrap());
        assert_eq!(Fingerprint::of(b"").to_string(), empty);
        for text in ["", "e3b0", &empty.to_uppercase(), &format!("{empty}0"), &empty.replace('e', "g")] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
