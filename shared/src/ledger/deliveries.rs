//! Deliveries in the ledger: claimed before they are sent, marked when SES took them.

use aws_sdk_dynamodb::types::AttributeValue;
use time::{Duration, UtcDateTime};

use super::item::{CONDITION_FAILED, Item, keys, moment, moment_in, text, text_in};
use super::lists::QUERY;
use super::{Ledger, lives_until};
use crate::approval::ApprovalKey;
use crate::aws::{AwsError, code};
use crate::delivery::{Claim, Delivery, DeliveryState, Mail};
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
    pub async fn claim(
        &self,
        mail: Mail<'_>,
        claimant: u64,
        request: &Request,
        now: UtcDateTime,
        lease: Duration,
    ) -> Result<Claim, AwsError> {
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(mail)))
            .update_expression("SET #state = :claimed, claimed_at = :now, claimant = :claimant, #ttl = :ttl")
            .condition_expression(
                "attribute_not_exists(#state) OR #state = :failed OR #state = :unsure \
                 OR (#state = :claimed AND (claimed_at < :lapsed OR claimant = :claimant))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":claimed", text(CLAIMED))
            .expression_attribute_values(":failed", text(FAILED))
            .expression_attribute_values(":unsure", text(UNSURE))
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":claimant", text(claimant.to_string()))
            .expression_attribute_values(":lapsed", moment(now.saturating_sub(lease)))
            .expression_attribute_values(":ttl", moment(lives_until(request)))
            .send()
            .await;
        match claimed {
            Ok(_) => Ok(Claim::Yours),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => self.claimed_by_another(mail).await,
            Err(error) => Err(AwsError::new("dynamodb:UpdateItem", &error)),
        }
    }

    async fn claimed_by_another(&self, mail: Mail<'_>) -> Result<Claim, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(mail)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        let sent = answer.item.is_some_and(|item| text_in(&item, "state") == Some(SENT));
        Ok(if sent { Claim::Sent } else { Claim::Taken })
    }

    /// Records that SES took the email, under the message id that it gave.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn sent(&self, mail: Mail<'_>, message_id: &str, now: UtcDateTime) -> Result<(), AwsError> {
        self.mark(mail, SENT, &[("message_id", text(message_id)), ("sent_at", moment(now))]).await
    }

    /// Records that the email was not sent, or that nobody knows, so that the next try need not wait for the lease to end.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn not_sent(&self, mail: Mail<'_>, sure: bool) -> Result<(), AwsError> {
        self.mark(mail, if sure { FAILED } else { UNSURE }, &[]).await
    }

    async fn mark(&self, mail: Mail<'_>, state: &str, more: &[(&str, AttributeValue)]) -> Result<(), AwsError> {
        let assignments: String = more.iter().map(|(name, _)| format!(", {name} = :{name}")).collect();
        let values = more.iter().map(|(name, value)| (format!(":{name}"), value.clone()));
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(delivery_keys(mail)))
            .update_expression(format!("SET #state = :state{assignments}"))
            .expression_attribute_names("#state", "state")
            .set_expression_attribute_values(Some(values.chain([(":state".to_owned(), text(state))]).collect()))
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:UpdateItem", &error))?;
        Ok(())
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

fn delivery_keys(mail: Mail<'_>) -> Item {
    keys(mail.approval.as_str(), &format!("{DELIVERY}{}#{}", mail.about, mail.to.identity()), None)
}

fn delivery(item: &Item) -> Option<Delivery> {
    let (about, mailbox) = text_in(item, "sk")?.strip_prefix(DELIVERY)?.split_once('#')?;
    let state = match text_in(item, "state")? {
        CLAIMED => DeliveryState::Claimed { at: moment_in(item, "claimed_at")? },
        SENT => {
            DeliveryState::Sent { at: moment_in(item, "sent_at")?, message_id: text_in(item, "message_id")?.to_owned() }
        }
        FAILED => DeliveryState::Failed,
        UNSURE => DeliveryState::Unsure,
        _ => return None,
    };
    Some(Delivery { about: about.parse().ok()?, mailbox: mailbox.to_owned(), state })
}
