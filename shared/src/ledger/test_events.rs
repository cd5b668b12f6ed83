//! The doctor's test events: which it put, and which of them arrived.
//!
//! A note is only made of an event that the doctor expects, from where it expects it. Whoever may write the ledger can have
//! one pass for arrived, and no more.

use time::UtcDateTime;

use super::Ledger;
use super::attributes::{CONDITION_FAILED, keys, moment, text};
use super::paths::PARTITION;
use crate::approval::{Digest, Location};
use crate::aws::{AwsError, code};

const TESTS: &str = "TESTS";
/// What precedes the nonce.
const EVENT: &str = "EVENT#";
/// The account and region that the event is of.
const PLACE: &str = "place";
/// When it arrived.
const ARRIVED: &str = "arrived";

impl Ledger {
    /// Notes that a test event with this nonce is about to be put there. The note goes after `until`.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn expect_test_event(&self, nonce: &Digest, at: &Location, until: UtcDateTime) -> Result<(), AwsError> {
        let mut item = keys(TESTS, &format!("{EVENT}{nonce}"), Some(until));
        item.insert(PLACE.to_owned(), text(at.to_string()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(|_| ()).map_err(|error| AwsError::new("dynamodb:PutItem", &error))
    }

    /// Notes that a test event arrived. `false` if none with this nonce is expected from there: then nothing changes.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn note_test_event(&self, nonce: &Digest, at: &Location, now: UtcDateTime) -> Result<bool, AwsError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(TESTS, &format!("{EVENT}{nonce}"), None)))
            .update_expression("SET #arrived = :now")
            .condition_expression("attribute_exists(#pk) AND #place = :place")
            .expression_attribute_names("#arrived", ARRIVED)
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_names("#place", PLACE)
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":place", text(at.to_string()))
            .send()
            .await;
        match noted {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(false),
            Err(error) => Err(AwsError::new("dynamodb:UpdateItem", &error)),
        }
    }

    /// Whether the test event with this nonce arrived.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn has_test_event(&self, nonce: &Digest) -> Result<bool, AwsError> {
        let key = keys(TESTS, &format!("{EVENT}{nonce}"), None);
        let item = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true).send().await;
        let item = item.map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        Ok(item.item.is_some_and(|item| item.contains_key(ARRIVED)))
    }
}
