//! Which sweeps are under way, so that a round begins none a second time.
//!
//! It is a hint. Whoever may write the ledger can hold sweeps back with it, and no more.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use time::UtcDateTime;

use super::Ledger;
use super::attributes::{CONDITION_FAILED, Item, keys, moment, text, text_in};
use super::paths::TTL;
use crate::approval::Location;
use crate::aws::{AwsError, code};

const PARTITION: &str = "SWEEP";
/// What precedes account and region.
const RUN: &str = "RUN#";
/// Until when it is taken to be under way.
const UNTIL: &str = "until";
/// Which round began it.
const ROUND: &str = "round";
/// The part that was put into the queue last because one was not enough.
const REST: &str = "rest";

impl Ledger {
    /// Notes that the sweep of this account and region, which a round begins, is under way until `until`. If that of another
    /// round is already, nothing changes. A round that begins a second time goes on, unless its sweep there has ended.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn begin_sweep(
        &self,
        at: &Location,
        round: &str,
        now: UtcDateTime,
        until: UtcDateTime,
    ) -> Result<bool, AwsError> {
        let noted = self.note_sweep(at, round, until);
        let free = "attribute_not_exists(#until) OR (#until <= :now AND #round <> :round) OR \
                    (#until > :now AND #round = :round)";
        applied(noted.condition_expression(free).expression_attribute_values(":now", moment(now))).await
    }

    /// Notes that this round's sweep of this account and region goes on until `until`, unless it has ended.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn prolong_sweep(
        &self,
        at: &Location,
        round: &str,
        now: UtcDateTime,
        until: UtcDateTime,
    ) -> Result<(), AwsError> {
        let noted = self.note_sweep(at, round, until).condition_expression("#round = :round AND #until > :now");
        applied(noted.expression_attribute_values(":now", moment(now))).await.map(drop)
    }

    /// Notes that this round's sweep of this account and region has ended.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn end_sweep(&self, at: &Location, round: &str, now: UtcDateTime) -> Result<(), AwsError> {
        applied(self.note_sweep(at, round, now).condition_expression("#round = :round")).await.map(drop)
    }

    /// Notes that the part of this round which does the rest is in the queue.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn pass_sweep_on(&self, at: &Location, round: &str, rest: &str) -> Result<(), AwsError> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(run_key(at)))
            .update_expression("SET #rest = :rest")
            .condition_expression("#round = :round")
            .expression_attribute_names("#rest", REST)
            .expression_attribute_names("#round", ROUND)
            .expression_attribute_values(":rest", text(rest))
            .expression_attribute_values(":round", text(round));
        applied(noted).await.map(drop)
    }

    /// Whether the part of this round which does the rest is still to be put into the queue: it was not when the part that
    /// leaves it was tried before, and no other round has begun meanwhile.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn is_to_pass_on(&self, at: &Location, round: &str, rest: &str) -> Result<bool, AwsError> {
        let Some(item) = self.get(run_key(at)).await? else { return Ok(true) };
        Ok(text_in(&item, ROUND) == Some(round) && text_in(&item, REST) != Some(rest))
    }

    fn note_sweep(&self, at: &Location, round: &str, until: UtcDateTime) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(run_key(at)))
            .update_expression("SET #until = :until, #ttl = :until, #round = :round")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#round", ROUND)
            .expression_attribute_values(":until", moment(until))
            .expression_attribute_values(":round", text(round))
    }
}

/// Whether the condition held.
async fn applied(update: UpdateItemFluentBuilder) -> Result<bool, AwsError> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(false),
        Err(error) => Err(AwsError::new("dynamodb:UpdateItem", &error)),
    }
}

fn run_key(at: &Location) -> Item {
    keys(PARTITION, &format!("{RUN}{at}"), None)
}
