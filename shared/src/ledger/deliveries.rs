//! Deliveries in the ledger: claimed before they are sent, marked when SES took them.

use aws_sdk_dynamodb::types::AttributeValue;
use time::{Duration, UtcDateTime};

use super::item::{CONDITION_FAILED, Item, keys, moment, moment_in, text, text_in};
use super::lists::QUERY;
use super::{Ledger, lives_until};
use crate::approval::ApprovalKey;
use crate::aws::{AwsError, code};
use crate::delivery::{Claim, Delivery, DeliveryId, DeliveryState};
use crate::request::Request;

const DELIVERY: &str = "DELIVERY#";
const CLAIMED: &str = "claimed";
const FAILED: &str = "failed";
const UNSURE: &str = "unsure";
const SENT: &str = "sent";

impl Ledger {
    /// Takes the right to send `mail`. Whoever holds it longer than `lease` has died. The `claimant` may ask again: the
    /// answer that gave him the right may have been lost.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn claim_delivery(
        &self,
        id: DeliveryId<'_>,
        claimant: u64,
        request: &Request,
        now: UtcDateTime,
        lease: Duration,
    ) -> Result<Claim, AwsError> {
        const FRESH: &str = "attribute_not_exists(#state) OR #state = :failed";
        const STALE: &str =
            "#state = :unsure OR (#state = :claimed AND (claimed_at < :lapsed OR claimant = :claimant))";
        let take = |condition: &str, more: &str| {
            self.client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(delivery_keys(id)))
                .update_expression(format!(
                    "SET #state = :claimed, claimed_at = :now, claimant = :claimant, #ttl = :ttl{more}"
                ))
                .condition_expression(condition)
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":claimed", text(CLAIMED))
                .expression_attribute_values(":now", moment(now))
                .expression_attribute_values(":claimant", text(claimant.to_string()))
                .expression_attribute_values(":ttl", moment(lives_until(request)))
        };
        let fresh = take(FRESH, "").expression_attribute_values(":failed", text(FAILED));
        // What became of an earlier try nobody knows, and it stays known that nobody does.
        let stale = take(STALE, ", tried = :yes")
            .expression_attribute_values(":unsure", text(UNSURE))
            .expression_attribute_values(":lapsed", moment(now.saturating_sub(lease)))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        for update in [fresh, stale] {
            match update.send().await {
                Ok(_) => return Ok(Claim::Acquired),
                Err(error) if code(&error) == Some(CONDITION_FAILED) => {}
                Err(error) => return Err(AwsError::new("dynamodb:UpdateItem", &error)),
            }
        }
        self.claim_of_other(id).await
    }

    async fn claim_of_other(&self, id: DeliveryId<'_>) -> Result<Claim, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        let sent = answer.item.is_some_and(|item| text_in(&item, "state") == Some(SENT));
        Ok(if sent { Claim::AlreadySent } else { Claim::HeldByOther })
    }

    /// Records that SES took the email, under the message id that it gave.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn mark_sent(&self, id: DeliveryId<'_>, message_id: &str, now: UtcDateTime) -> Result<(), AwsError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(id)))
            .update_expression("SET #state = :sent, message_id = :message_id, sent_at = :now")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":sent", text(SENT))
            .expression_attribute_values(":message_id", text(message_id))
            .expression_attribute_values(":now", moment(now))
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:UpdateItem", &error))?;
        Ok(())
    }

    /// Records that the email was not sent, or that nobody knows, so that the next try need not wait for the lease to end.
    /// It changes nothing when somebody else holds the delivery by now.
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
            .condition_expression("#state = :claimed AND claimant = :claimant")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text(if sure { FAILED } else { UNSURE }))
            .expression_attribute_values(":claimed", text(CLAIMED))
            .expression_attribute_values(":claimant", text(claimant.to_string()))
            .send()
            .await;
        match marked {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(()),
            Err(error) => Err(AwsError::new("dynamodb:UpdateItem", &error)),
        }
    }

    /// All deliveries of an approval.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn deliveries(&self, key: &ApprovalKey) -> Result<Vec<Delivery>, AwsError> {
        let query = self
            .client
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :delivery)")
            .expression_attribute_values(":pk", text(key.as_str()))
            .expression_attribute_values(":delivery", text(DELIVERY));
        let items = self.all(query).await?;
        let read = |item| delivery(item).ok_or_else(|| AwsError::unexpected(QUERY, "a delivery of another form"));
        items.iter().map(read).collect()
    }
}

fn delivery_keys(id: DeliveryId<'_>) -> Item {
    keys(id.approval.as_str(), &format!("{DELIVERY}{}#{}", id.kind, id.to.identity()), None)
}

fn delivery(item: &Item) -> Option<Delivery> {
    let (kind, mailbox) = text_in(item, "sk")?.strip_prefix(DELIVERY)?.split_once('#')?;
    let state = match text_in(item, "state")? {
        CLAIMED => DeliveryState::Claimed { at: moment_in(item, "claimed_at")? },
        SENT => {
            DeliveryState::Sent { at: moment_in(item, "sent_at")?, message_id: text_in(item, "message_id")?.to_owned() }
        }
        FAILED => DeliveryState::Failed,
        UNSURE => DeliveryState::Unsure,
        _ => return None,
    };
    let tried = item.get("tried").and_then(|tried| tried.as_bool().ok()).copied().unwrap_or_default();
    Some(Delivery { kind: kind.parse().ok()?, mailbox: mailbox.to_owned(), state, tried })
}
