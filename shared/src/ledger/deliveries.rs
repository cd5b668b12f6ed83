//! Deliveries in the ledger: claimed before they are sent, marked when SES has accepted them, and again when SES says what
//! became of them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use time::{Duration, UtcDateTime};

use super::Ledger;
use super::attributes::{CONDITION_FAILED, Item, from_item, keys, map_in, moment, text, text_in, to_value};
use super::items::{Unreadable, moment as read_moment};
use super::paths::{
    CLAIMANT, CLAIMED_AT, DELIVERY, MESSAGE_ID, PARTITION, SAID, SENT_AT, SORT, STATE, TRIED, TTL, UNSIGNED_DELIVERY,
    state,
};
use super::policy::POLICY;
use crate::approval::{ApprovalKey, Digest};
use crate::aws::{AwsError, code};
use crate::delivery::{About, Claim, Delivery, DeliveryId, DeliveryState, Said};

const UPDATE: &str = "dynamodb:UpdateItem";
/// Whether what SES said of an email counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It was not known.
    Now,
    /// It was.
    Again,
    /// It does not.
    Not,
}

/// The partition of the doctor's tests.
const TESTS: &str = "TESTS";
/// Members of what was said. The first may be a reserved word.
const RANK: &str = "rank";
const FATE: &str = "fate";

impl Ledger {
    /// Claims the right to send an email, for as long as `lease`: a claimant who holds it longer has died. The same
    /// `claimant` may claim again, because the answer to the first call may have been lost. `lives_until`: until when the
    /// ledger remembers it.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn claim_delivery(
        &self,
        id: DeliveryId<'_>,
        claimant: u64,
        now: UtcDateTime,
        lease: Duration,
        lives_until: UtcDateTime,
    ) -> Result<Claim, AwsError> {
        let fresh = "attribute_not_exists(#state) OR #state = :failed".to_owned();
        let stale =
            format!("#state = :unsure OR (#state = :claimed AND ({CLAIMED_AT} < :lapsed OR {CLAIMANT} = :claimant))");
        let take = |condition: String, more: &str| {
            self.client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(delivery_keys(id)))
                .update_expression(format!(
                    "SET #state = :claimed, {CLAIMED_AT} = :now, {CLAIMANT} = :claimant, #ttl = :ttl{more}"
                ))
                .condition_expression(condition)
                .expression_attribute_names("#state", STATE)
                .expression_attribute_names("#ttl", TTL)
                .expression_attribute_values(":claimed", text(state::CLAIMED))
                .expression_attribute_values(":now", moment(now))
                .expression_attribute_values(":claimant", text(claimant.to_string()))
                .expression_attribute_values(":ttl", moment(lives_until))
        };
        let fresh = take(fresh, "").expression_attribute_values(":failed", text(state::FAILED));
        // The result of an earlier try is unknown, and the item keeps saying so.
        let stale = take(stale, &format!(", {TRIED} = :yes"))
            .expression_attribute_values(":unsure", text(state::UNSURE))
            .expression_attribute_values(":lapsed", moment(now.saturating_sub(lease)))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        for update in [fresh, stale] {
            match update.send().await {
                Ok(_) => return Ok(Claim::Acquired),
                Err(error) if code(&error) == Some(CONDITION_FAILED) => {}
                Err(error) => return Err(AwsError::new(UPDATE, &error)),
            }
        }
        self.claim_of_other(id).await
    }

    async fn claim_of_other(&self, id: DeliveryId<'_>) -> Result<Claim, AwsError> {
        let item = self.get(delivery_keys(id)).await?;
        let sent = item.is_some_and(|item| text_in(&item, STATE) == Some(state::SENT));
        Ok(if sent { Claim::AlreadySent } else { Claim::HeldByOther })
    }

    /// Records that SES accepted the email, under this message id.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn mark_sent(&self, id: DeliveryId<'_>, message_id: &str, now: UtcDateTime) -> Result<(), AwsError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(id)))
            .update_expression(format!("SET #state = :sent, {MESSAGE_ID} = :message_id, {SENT_AT} = :now"))
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":sent", text(state::SENT))
            .expression_attribute_values(":message_id", text(message_id))
            .expression_attribute_values(":now", moment(now))
            .send()
            .await
            .map_err(|error| AwsError::new(UPDATE, &error))?;
        Ok(())
    }

    /// Gives up a claim, so that the next try need not wait for the lease to end. `sure`: the email was certainly not
    /// sent. It changes nothing when another claimant holds the delivery by now.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn release_claim(&self, id: DeliveryId<'_>, claimant: u64, sure: bool) -> Result<(), AwsError> {
        let marked = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(id)))
            .update_expression("SET #state = :state")
            .condition_expression(format!("#state = :claimed AND {CLAIMANT} = :claimant"))
            .expression_attribute_names("#state", STATE)
            .expression_attribute_values(":state", text(if sure { state::FAILED } else { state::UNSURE }))
            .expression_attribute_values(":claimed", text(state::CLAIMED))
            .expression_attribute_values(":claimant", text(claimant.to_string()))
            .send()
            .await;
        match marked {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(()),
            Err(error) => Err(AwsError::new(UPDATE, &error)),
        }
    }

    /// Records what SES said became of the email that it gave this message id. It counts if there is such a delivery that is
    /// not known under another message id, and nothing was said that holds instead. An event may come before the email is
    /// marked as sent.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn note_said(&self, id: DeliveryId<'_>, message_id: &str, said: &Said) -> Result<Noted, AwsError> {
        let item = SaidItem::of(said, message_id);
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(id)))
            .update_expression(format!("SET {SAID} = :said"))
            .condition_expression(format!(
                "attribute_exists({PARTITION}) AND (attribute_not_exists({MESSAGE_ID}) OR {MESSAGE_ID} = :message_id) AND \
                 (attribute_not_exists({SAID}) OR {SAID}.{MESSAGE_ID} <> :message_id OR {SAID}.#rank < :rank)"
            ))
            .expression_attribute_names("#rank", RANK)
            .expression_attribute_values(":message_id", text(message_id))
            .expression_attribute_values(":rank", AttributeValue::N(item.rank.to_string()))
            .expression_attribute_values(":said", to_value(&item)?)
            .send()
            .await;
        match noted {
            Ok(_) => return Ok(Noted::Now),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => {}
            Err(error) => return Err(AwsError::new(UPDATE, &error)),
        }
        let item = self.get(delivery_keys(id)).await?.unwrap_or_default();
        let is_same = |known: &Item| {
            text_in(known, FATE) == Some(said.fate.as_str()) && text_in(known, MESSAGE_ID) == Some(message_id)
        };
        Ok(if map_in(&item, SAID).is_some_and(is_same) { Noted::Again } else { Noted::Not })
    }

    /// What SES said became of the email of one delivery.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn said(&self, id: DeliveryId<'_>) -> Result<Option<Said>, AwsError> {
        let Some(item) = self.get(delivery_keys(id)).await? else { return Ok(None) };
        let SaidOf(said) = from_item::<DeliveryItem, _>(item)?;
        Ok(said)
    }

    /// All deliveries of a request.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn deliveries(&self, key: &ApprovalKey, request: &Digest) -> Result<Vec<Delivery>, AwsError> {
        self.deliveries_under(key, format!("{DELIVERY}{request}#")).await
    }

    /// All deliveries of a request of the version before.
    ///
    /// # Errors
    /// As for [`deliveries`](Self::deliveries).
    pub async fn unsigned_deliveries(&self, key: &ApprovalKey) -> Result<Vec<Delivery>, AwsError> {
        self.deliveries_under(key, UNSIGNED_DELIVERY.to_owned()).await
    }

    async fn deliveries_under(&self, key: &ApprovalKey, prefix: String) -> Result<Vec<Delivery>, AwsError> {
        let query = self
            .client
            .query()
            .key_condition_expression(format!("{PARTITION} = :pk AND begins_with({SORT}, :prefix)"))
            .expression_attribute_values(":pk", text(key.as_str()))
            .expression_attribute_values(":prefix", text(prefix));
        self.all(query).await?.into_iter().map(from_item::<DeliveryItem, _>).collect()
    }
}

pub(super) fn delivery_keys(DeliveryId { about, to }: DeliveryId<'_>) -> Item {
    let to = to.identity();
    match about {
        About::Request { approval, request, kind } => {
            keys(approval.as_str(), &format!("{DELIVERY}{request}#{kind}#{to}"), None)
        }
        About::Test(test) => keys(TESTS, &format!("{DELIVERY}{test}#test#{to}"), None),
        About::Policy(record) => keys(POLICY, &format!("{DELIVERY}{record}#policy#{to}"), None),
    }
}

/// A delivery, as it is read. It is written attribute by attribute, each under a condition.
#[derive(Deserialize)]
pub(super) struct DeliveryItem {
    sk: String,
    state: String,
    claimed_at: Option<i64>,
    sent_at: Option<i64>,
    message_id: Option<String>,
    #[serde(default)]
    tried: bool,
    /// It decides nothing, so what cannot be read of it is as if it were not there.
    #[serde(default, deserialize_with = "said_if_readable")]
    said: Option<SaidItem>,
}

fn said_if_readable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SaidItem>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Readable {
        Said(SaidItem),
        Other(IgnoredAny),
    }
    Ok(match Readable::deserialize(from)? {
        Readable::Said(said) => Some(said),
        Readable::Other(_) => None,
    })
}

/// What SES said became of the email with this message id.
#[derive(Serialize, Deserialize)]
struct SaidItem {
    fate: String,
    rank: usize,
    at: i64,
    reason: Option<String>,
    message_id: String,
}

impl SaidItem {
    fn of(said: &Said, message_id: &str) -> Self {
        let Said { fate, at, reason } = said;
        Self {
            fate: fate.as_str().to_owned(),
            rank: fate.rank(),
            at: at.unix_timestamp(),
            reason: reason.as_ref().map(ToString::to_string),
            message_id: message_id.to_owned(),
        }
    }

    /// What was said, if it is about the email with this message id.
    fn about(self, message_id: &str) -> Option<Said> {
        let reason = self.reason.and_then(|reason| reason.parse().ok());
        let said = Said { fate: self.fate.parse().ok()?, at: read_moment(self.at).ok()?, reason };
        (self.message_id == message_id).then_some(said)
    }
}

/// What was said of a delivery whatever it is about.
struct SaidOf(Option<Said>);

impl TryFrom<DeliveryItem> for SaidOf {
    type Error = Unreadable;

    fn try_from(item: DeliveryItem) -> Result<Self, Unreadable> {
        let (Some(said), Some(message_id)) = (item.said, item.message_id) else { return Ok(Self(None)) };
        Ok(Self(said.about(&message_id)))
    }
}

impl TryFrom<DeliveryItem> for Delivery {
    type Error = Unreadable;

    fn try_from(item: DeliveryItem) -> Result<Self, Unreadable> {
        let rest = match item.sk.strip_prefix(DELIVERY) {
            Some(rest) => rest.split_once('#').map(|(_, rest)| rest),
            None => item.sk.strip_prefix(UNSIGNED_DELIVERY),
        };
        let (kind, mailbox) = rest.and_then(|rest| rest.split_once('#')).ok_or(Unreadable)?;
        let state = match item.state.as_str() {
            state::CLAIMED => DeliveryState::Claimed { at: read_moment(item.claimed_at.ok_or(Unreadable)?)? },
            state::SENT => {
                let message_id = item.message_id.ok_or(Unreadable)?;
                let said = item.said.and_then(|said| said.about(&message_id));
                DeliveryState::Sent { at: read_moment(item.sent_at.ok_or(Unreadable)?)?, message_id, said }
            }
            state::FAILED => DeliveryState::Failed,
            state::UNSURE => DeliveryState::Unsure,
            _ => return Err(Unreadable),
        };
        Ok(Self { kind: kind.parse()?, mailbox: mailbox.to_owned(), state, tried: item.tried })
    }
}
