//! The policy as it was last seen, so that a change of it is noticed and told.
//!
//! It decides nothing: who is asked is what the policy says at that moment. Whoever may write the ledger can make a
//! change go untold, by deleting the record, or have an earlier one told again, and no more.

use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::attributes::{keys, moment, put, sealed, text};
use super::items::{Unreadable, moment as read_moment};
use super::paths::{DIGEST, OBJECT, SEAL, TOLD};
use super::trust::{Checked, sealed_in};
use super::{Forgery, Ledger, ignoring_changes, in_place_of};
use crate::approval::Digest;
use crate::aws::{AwsError, code};
use crate::jws::SignError;
use crate::seal::{Sealed, Sealer, Seals};

/// The partition of the policy's record, and of the emails about its changes.
pub(super) const POLICY: &str = "POLICY";
const RECORD: &str = "SIGNED-POLICY";

/// A version of the policy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// Its number.
    pub version: i64,
    /// The text, in which there are addresses.
    pub text: String,
}

impl fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyText(version {}, {} bytes)", self.version, self.text.len())
    }
}

/// A policy that was seen, and the one that it replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// When it was seen first.
    pub seen: UtcDateTime,
    /// The policy.
    pub now: PolicyText,
    /// The one before. `None` for the first one that was seen.
    pub before: Option<PolicyText>,
}

/// A record, as bytes.
#[derive(Serialize, Deserialize)]
struct RecordObject {
    seen: i64,
    now: PolicyText,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<PolicyText>,
}

pub(super) fn write_record(PolicyRecord { seen, now, before }: &PolicyRecord) -> Result<Vec<u8>, Unreadable> {
    let object = RecordObject { seen: seen.unix_timestamp(), now: now.clone(), before: before.clone() };
    serde_json::to_vec(&object).map_err(|_| Unreadable)
}

pub(super) fn read_record(bytes: &[u8]) -> Result<PolicyRecord, Unreadable> {
    let RecordObject { seen, now, before } = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    Ok(PolicyRecord { seen: read_moment(seen)?, now, before })
}

/// A record in the ledger, whose seal holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RememberedPolicy {
    /// The record.
    pub record: PolicyRecord,
    /// Its digest.
    pub digest: Digest,
    /// Whether the change has been told to everybody: a memo.
    pub is_told: bool,
    sealed: Sealed,
}

impl RememberedPolicy {
    /// Whether the record has the newest key's seal.
    #[must_use]
    pub fn is_sealed_by(&self, sealer: &Sealer) -> bool {
        sealer.made(&self.sealed)
    }
}

/// What the ledger remembers of the policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Remembered {
    /// A record.
    Policy(Box<RememberedPolicy>),
    /// A record by a key that may be known in a minute.
    ByNewKey,
    /// Nothing.
    Absent,
    /// Something that the notifier did not seal, or sealed in a form that this version cannot read.
    Forged(Forgery),
}

impl Ledger {
    /// What the ledger remembers of the policy, believed by `seals`.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or a public key cannot be read.
    pub async fn remembered_policy(&self, seals: &Seals) -> Result<Remembered, AwsError> {
        let Some(item) = self.get(keys(POLICY, RECORD, None)).await? else { return Ok(Remembered::Absent) };
        let sealed = sealed_in(&item);
        let record = sealed.as_ref().and_then(|sealed| read_record(&sealed.bytes).ok());
        if let (Some(sealed), Some(record)) = (sealed, record) {
            match self.trust.checked(seals, &sealed, || Some(record.seen)).await? {
                Checked::Holds(digest) => {
                    let is_told = item.contains_key(TOLD);
                    return Ok(Remembered::Policy(Box::new(RememberedPolicy { record, digest, is_told, sealed })));
                }
                Checked::ByNewKey => return Ok(Remembered::ByNewKey),
                Checked::Broken => {}
            }
        }
        self.trust.alarm(&POLICY, "a record of the policy that the notifier did not seal");
        Ok(Remembered::Forged(Forgery { object: item.get(OBJECT).cloned(), seal: item.get(SEAL).cloned() }))
    }

    /// Writes a record in place of what is remembered. `None` when something else stands there by now.
    ///
    /// # Errors
    /// When KMS does not sign, or DynamoDB does not answer.
    pub async fn remember_policy(
        &self,
        record: PolicyRecord,
        in_place: Remembered,
        sealer: &Sealer,
    ) -> Result<Option<RememberedPolicy>, SignError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let object = sealer.seal(write_record(&record).map_err(|_| SignError::Unwritable)?).await?;
        let digest = Digest::of(&object.bytes);
        let (stands, is_told) = match in_place {
            // Whoever wrote it knows better.
            Remembered::ByNewKey => return Ok(None),
            Remembered::Absent => (None, record.before.is_none()),
            Remembered::Forged(forgery) => (Some(forgery), record.before.is_none()),
            Remembered::Policy(former) => {
                let is_told = former.record == record && former.is_told;
                let Sealed { bytes, seal } = former.sealed;
                let bytes = AttributeValue::B(Blob::new(bytes));
                (Some(Forgery { object: Some(bytes), seal: Some(text(seal)) }), is_told)
            }
        };
        let mut item = keys(POLICY, RECORD, None);
        item.extend(sealed(&object));
        item.insert(DIGEST.to_owned(), text(digest.as_str()));
        if is_told {
            item.insert(TOLD.to_owned(), moment(record.seen));
        }
        let write = in_place_of(stands.as_ref(), put(&self.table, item)).build();
        let write = write.map_err(|_| AwsError::unexpected(OPERATION, "an item without content"))?;
        let write = TransactWriteItem::builder().put(write).build();
        match self.client.transact_write_items().transact_items(write).send().await {
            Ok(_) => Ok(Some(RememberedPolicy { record, digest, is_told, sealed: object })),
            Err(error) if code(&error) == Some("TransactionCanceledException") => Ok(None),
            Err(error) => Err(AwsError::new(OPERATION, &error).into()),
        }
    }

    /// Notes that a change has been told to everybody.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn note_told(&self, policy: &RememberedPolicy, now: UtcDateTime) -> Result<(), AwsError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(POLICY, RECORD, None)))
            .update_expression(format!("SET {TOLD} = :now"))
            .condition_expression(format!("{DIGEST} = :digest"))
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":digest", text(policy.digest.as_str()))
            .send()
            .await;
        ignoring_changes(noted)
    }
}
