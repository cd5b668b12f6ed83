//! Evidence: a document that shows, without AWS and without trust in whoever hands it over, who decided an approval.
//!
//! It holds what the notifier and the callback sealed, byte for byte: the request, the votes that count, and what
//! CodePipeline showed of the end, with the digests of the others. Whoever knows the fingerprints of the deployment's keys
//! can [`verify`] it.

#[cfg(test)]
mod tests;
mod verify;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use crate::approval::{Deployment, Digest};
use crate::clock::rfc3339;
use crate::jws::{self, SignError};
use crate::keys::VerifyingKeys;
use crate::pipeline::ShownEnd;
use crate::request::Request;
use crate::seal::{Sealed, Sealer};

pub use verify::{Problem, TrustedKeys, Verified, verify};

/// The version of the document's form.
const VERSION: u8 = 1;

/// Evidence about one approval, as it is handed over. It holds addresses and comments, and goes into no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The version of this form.
    pub version: u8,
    /// What was asked of whom, sealed with a request key.
    pub request: SealedPart,
    /// The votes that count, sealed with vote keys.
    pub votes: Vec<SealedPart>,
    /// What CodePipeline showed of the end, sealed with a request key.
    pub outcome: SealedPart,
    /// The keys that made the seals.
    pub keys: Keys,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({} votes)", self.votes.len())
    }
}

/// Bytes and their seal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedPart {
    /// The bytes, in base64.
    pub object: String,
    /// The seal: a JSON Web Signature over the digest of the bytes.
    pub seal: String,
}

/// Public keys, by what they sign.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Of requests and outcomes.
    pub request: Vec<Key>,
    /// Of votes.
    pub vote: Vec<Key>,
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// The SHA-256 of the key in DER, in hexadecimal.
    pub fingerprint: String,
    /// The key in DER (`SubjectPublicKeyInfo`), in base64.
    pub public_key: String,
}

/// What the notifier states about an end. Moments are in RFC 3339.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    deployment: String,
    /// The key of the approval.
    approval: String,
    /// The digest of the request.
    request: String,
    /// The digests of the votes that count, in the document's order.
    votes: Vec<String>,
    /// When CodePipeline was asked.
    read: String,
    /// The account and the region of the pipeline that CodePipeline showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// The role with which the callback alone decides.
    deciding_role: String,
    ending: String,
    /// The ARN of whoever ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

/// What evidence is made of.
#[derive(Debug)]
pub struct Material<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// The request, with the votes that count.
    pub request: &'a Request,
    /// What the request and its votes were read from, as [`Ledger::read_sealed`](crate::ledger::Ledger::read_sealed) gives it.
    pub objects: Vec<Sealed>,
    /// What CodePipeline shows of the end.
    pub end: &'a ShownEnd,
    /// When it was read.
    pub read: UtcDateTime,
    /// The keys of requests and outcomes.
    pub request_keys: &'a VerifyingKeys,
    /// The keys of votes.
    pub vote_keys: &'a VerifyingKeys,
}

impl Evidence {
    /// Makes evidence. `sealer` seals what CodePipeline showed.
    ///
    /// # Errors
    /// When KMS does not sign.
    pub async fn make(material: Material<'_>, sealer: &Sealer) -> Result<Self, SignError> {
        let Material { deployment, request, objects, end, read, request_keys, vote_keys } = material;
        let mut objects = objects.into_iter();
        let object = objects.next().ok_or(SignError::Unwritable)?;
        let votes: Vec<Sealed> = objects.collect();
        let (account, region) =
            end.pipeline.as_ref().map(|(account, region)| (account.to_string(), region.to_string())).unzip();
        let statement = Statement {
            deployment: deployment.to_string(),
            approval: request.approval.key().to_string(),
            request: request.digest.to_string(),
            votes: votes.iter().map(|vote| Digest::of(&vote.bytes).to_string()).collect(),
            read: rfc3339(read),
            account,
            region,
            deciding_role: end.deciding_role.to_string(),
            ending: end.outcome.ending.as_str().to_owned(),
            by: end.by.clone(),
            at: rfc3339(end.outcome.at),
            summary: end.outcome.summary.clone(),
        };
        let statement = serde_json::to_vec(&statement).map_err(|_| SignError::Unwritable)?;
        let outcome = sealer.seal(statement).await?;
        let keys = Keys {
            request: keys_of(&[&object, &outcome], request_keys),
            vote: keys_of(&votes.iter().collect::<Vec<_>>(), vote_keys),
        };
        Ok(Self {
            version: VERSION,
            request: object.into(),
            votes: votes.into_iter().map(SealedPart::from).collect(),
            outcome: outcome.into(),
            keys,
        })
    }
}

/// Those of `keys` that made the seals on these parts.
fn keys_of(parts: &[&Sealed], keys: &VerifyingKeys) -> Vec<Key> {
    let named: Vec<String> = parts.iter().filter_map(|part| jws::kid_of(&part.seal)).collect();
    let used = keys.iter().filter(|key| named.iter().any(|kid| kid == key.kid()));
    used.map(|key| Key { fingerprint: key.fingerprint().to_string(), public_key: STANDARD.encode(key.der()) }).collect()
}

impl From<Sealed> for SealedPart {
    fn from(Sealed { bytes, seal }: Sealed) -> Self {
        Self { object: STANDARD.encode(bytes), seal }
    }
}
