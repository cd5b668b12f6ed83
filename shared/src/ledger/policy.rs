//! The policy as it was last seen, so that a change of it is noticed and told.
//!
//! It decides nothing: who is asked is what the policy says at that moment. Whoever may write the ledger can make a
//! change go untold, by deleting the record or putting an older one back, which also has what changed since then told once
//! more.

use std::fmt;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::attributes::{keys, put, sealed, text};
use super::items::{Unreadable, moment as read_moment};
use super::paths::{OBJECT, SEAL};
use super::trust::{Checked, sealed_in};
use super::{Forgery, Ledger, in_place_of};
use crate::approval::Digest;
use crate::aws::AwsError;
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

/// The policy as it was last seen, and those before it until everybody has been told that they were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The policy.
    pub now: PolicyText,
    /// Since when.
    pub seen: UtcDateTime,
    /// Former ones, oldest first, each with when it was replaced.
    pub former: Vec<(PolicyText, UtcDateTime)>,
}

/// One policy that replaced another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyChange<'a> {
    /// What was replaced.
    pub before: &'a PolicyText,
    /// What replaced it.
    pub now: &'a PolicyText,
    /// When that was noticed.
    pub seen: UtcDateTime,
}

/// The most former policies that are kept. It takes somebody who saves one each minute while no email goes out.
const MAX_FORMER: usize = 16;

impl PolicyRecord {
    /// The record of the first policy that was ever seen.
    #[must_use]
    pub fn first(now: PolicyText, seen: UtcDateTime) -> Self {
        Self { now, seen, former: Vec::new() }
    }

    /// The record once another policy has replaced this one.
    #[must_use]
    pub fn replaced_by(&self, now: PolicyText, seen: UtcDateTime) -> Self {
        let former = self.former.iter().cloned().chain([(self.now.clone(), seen)]);
        let omitted = (self.former.len() + 1).saturating_sub(MAX_FORMER);
        if omitted > 0 {
            tracing::error!("a change of the policy is not told any more, since too many came after it");
        }
        Self { now, seen, former: former.skip(omitted).collect() }
    }

    /// The record once everybody has been told of its changes.
    #[must_use]
    pub fn told(&self) -> Self {
        Self::first(self.now.clone(), self.seen)
    }

    /// The changes that not everybody has been told of, oldest first.
    pub fn changes(&self) -> impl Iterator<Item = PolicyChange<'_>> {
        let now = self.former.iter().skip(1).map(|(text, _)| text).chain([&self.now]);
        self.former.iter().zip(now).map(|((before, seen), now)| PolicyChange { before, now, seen: *seen })
    }
}

impl PolicyChange<'_> {
    /// What tells it apart from other changes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Self { before, now, seen } = self;
        let (old, new) = (Digest::of(before.text.as_bytes()), Digest::of(now.text.as_bytes()));
        Digest::of(format!("{old} {new} {}", seen.unix_timestamp()).as_bytes())
    }
}

/// A record, as bytes.
#[derive(Serialize, Deserialize)]
struct RecordObject {
    seen: i64,
    now: PolicyText,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<FormerObject>,
}

#[derive(Serialize, Deserialize)]
struct FormerObject {
    until: i64,
    policy: PolicyText,
}

pub(super) fn write_record(PolicyRecord { now, seen, former }: &PolicyRecord) -> Result<Vec<u8>, Unreadable> {
    let former =
        former.iter().map(|(policy, until)| FormerObject { until: until.unix_timestamp(), policy: policy.clone() });
    let object = RecordObject { seen: seen.unix_timestamp(), now: now.clone(), former: former.collect() };
    serde_json::to_vec(&object).map_err(|_| Unreadable)
}

pub(super) fn read_record(bytes: &[u8]) -> Result<PolicyRecord, Unreadable> {
    let RecordObject { seen, now, former } = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    let former = former.into_iter().map(|FormerObject { until, policy }| Ok((policy, read_moment(until)?)));
    Ok(PolicyRecord { seen: read_moment(seen)?, now, former: former.collect::<Result<_, Unreadable>>()? })
}

/// A record in the ledger, whose seal holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RememberedPolicy {
    /// The record.
    pub record: PolicyRecord,
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
                Checked::Holds(_) => return Ok(Remembered::Policy(Box::new(RememberedPolicy { record, sealed }))),
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
        let stands = match in_place {
            // Whoever wrote it knows better.
            Remembered::ByNewKey => return Ok(None),
            Remembered::Absent => None,
            Remembered::Forged(forgery) => Some(forgery),
            Remembered::Policy(former) => {
                let Sealed { bytes, seal } = former.sealed;
                let bytes = AttributeValue::B(Blob::new(bytes));
                Some(Forgery { object: Some(bytes), seal: Some(text(seal)) })
            }
        };
        let mut item = keys(POLICY, RECORD, None);
        item.extend(sealed(&object));
        let write = in_place_of(stands.as_ref(), put(&self.table, item)).build();
        let write = write.map_err(|_| AwsError::unexpected(OPERATION, "an item without content"))?;
        let write = TransactWriteItem::builder().put(write).build();
        match self.client.transact_write_items().transact_items(write).send().await {
            Ok(_) => Ok(Some(RememberedPolicy { record, sealed: object })),
            Err(error) if stood_something_else(&error) => Ok(None),
            Err(error) => Err(AwsError::new(OPERATION, &error).into()),
        }
    }
}

/// Whether a write was cancelled for its condition, and not for a conflict or for want of capacity.
fn stood_something_else(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return false;
    };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}
