//! Finding requests: by execution, by pipeline, and those that are not done with.

use std::str::FromStr;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use time::{Duration, UtcDateTime};

use super::Ledger;
use super::attributes::{Item, keys, moment, text, text_in};
use super::paths::{ACCOUNT, CLOSED, PARTITION, REGION, SORT, TTL};
use crate::approval::{ApprovalAction, ApprovalKey, ExecutionId, Location, ParseError, PipelineName, digest};
use crate::aws::AwsError;
use crate::request::Request;

/// The partition of the approvals that are not done with. A thousand writes a second fit into one, and an approval makes
/// two in its life.
pub(super) const OPEN: &str = "OPEN";

pub(super) const QUERY: &str = "dynamodb:Query";

/// A place in a pipeline's history: a moment, or an approval in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryCursor(String);

impl HistoryCursor {
    /// A place after everything: no approval is asked for tomorrow yet.
    #[must_use]
    pub fn newest(now: UtcDateTime) -> Self {
        Self::from(now.saturating_add(Duration::days(1)))
    }

    /// The text that [`FromStr`] reads.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<UtcDateTime> for HistoryCursor {
    fn from(moment: UtcDateTime) -> Self {
        Self(sortable(moment))
    }
}

impl FromStr for HistoryCursor {
    type Err = ParseError;

    /// Reads what [`Ledger::history`] gave.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_place = text.split_once('#').is_some_and(|(moment, key)| {
            moment.len() == MOMENT_DIGITS
                && moment.bytes().all(|b| b.is_ascii_digit())
                && key.len() <= 64
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        });
        if is_place {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::Form { what: "the place in the history", form: "one that a history gave" })
        }
    }
}

/// An approval that is not done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenApproval {
    /// Its key.
    pub key: ApprovalKey,
    /// Where its pipeline is, if the list says so: that of the version before did not. It is a hint, since whoever may
    /// write the ledger can write this.
    pub at: Option<Location>,
}

impl Ledger {
    /// The approvals that an execution has had at an action: more than one when the stage was retried.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn approvals_of(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
    ) -> Result<Vec<Request>, AwsError> {
        let mut requests = Vec::new();
        for item in self.partition(&execution_key(action, execution), None).await? {
            let Some(key) = text_in(&item, SORT) else { continue };
            let request = self.read_request(&ApprovalKey::from_ledger(key)).await?.request();
            // The list says where to look, and no more.
            let is_of =
                |request: &Request| request.approval.action == *action && request.approval.execution == *execution;
            requests.extend(request.filter(is_of));
        }
        Ok(requests)
    }

    /// The approvals that have not ended, and those whose outcome has not reached everybody.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn open_approvals(&self) -> Result<Vec<OpenApproval>, AwsError> {
        let items = self.partition(OPEN, Some(format!("attribute_not_exists({CLOSED})"))).await?;
        let open = |item: &Item| {
            let key = ApprovalKey::from_ledger(text_in(item, SORT)?);
            Some(OpenApproval { key, at: place_in(item) })
        };
        Ok(items.iter().filter_map(open).collect())
    }

    /// Records that an approval needs nothing more.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn close(&self, key: &ApprovalKey, now: UtcDateTime) -> Result<(), AwsError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(OPEN, key.as_str(), None)))
            .update_expression(format!("SET {CLOSED} = :now, #ttl = :now"))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":now", moment(now))
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:UpdateItem", &error))?;
        Ok(())
    }

    /// The keys of the last `limit` approvals of a pipeline before `before`, newest first, and where those before them
    /// begin, if there may be any.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn history(
        &self,
        pipeline: &PipelineName,
        before: &HistoryCursor,
        limit: u8,
    ) -> Result<(Vec<ApprovalKey>, Option<HistoryCursor>), AwsError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(format!("{PARTITION} = :pk AND {SORT} < :before"))
            .expression_attribute_values(":pk", text(history_key(pipeline)))
            .expression_attribute_values(":before", text(&before.0))
            .scan_index_forward(false)
            .limit(limit.into())
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new(QUERY, &error))?;
        let items = answer.items.unwrap_or_default();
        let next = items.last().filter(|_| answer.last_evaluated_key.is_some());
        let next = next.and_then(|item| text_in(item, SORT)).map(|sk| HistoryCursor(sk.to_owned()));
        let mut keys: Vec<ApprovalKey> = Vec::new();
        for (_, key) in items.iter().filter_map(|item| text_in(item, SORT)?.split_once('#')) {
            // An approval that was asked for anew is in the list twice.
            let key = ApprovalKey::from_ledger(key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok((keys, next))
    }

    /// All items of a partition for which `filter` holds.
    async fn partition(&self, pk: &str, filter: Option<String>) -> Result<Vec<Item>, AwsError> {
        let query = self
            .client
            .query()
            .key_condition_expression(format!("{PARTITION} = :pk"))
            .expression_attribute_values(":pk", text(pk));
        self.all(query.set_filter_expression(filter)).await
    }

    /// Everything that a query finds, page after page.
    pub(super) async fn all(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, AwsError> {
        let items = query.table_name(&self.table).consistent_read(true).into_paginator().items().send();
        items.collect::<Result<Vec<Item>, _>>().await.map_err(|error| AwsError::new(QUERY, &error))
    }
}

/// The item that lists an approval among those that are not done with.
pub(super) fn open_item(key: &ApprovalKey, action: &ApprovalAction, lives_until: Option<UtcDateTime>) -> Item {
    let mut item = keys(OPEN, key.as_str(), lives_until);
    item.insert(ACCOUNT.to_owned(), text(action.account.as_str()));
    item.insert(REGION.to_owned(), text(action.region.as_str()));
    item
}

fn place_in(item: &Item) -> Option<Location> {
    Some(Location { account: text_in(item, ACCOUNT)?.parse().ok()?, region: text_in(item, REGION)?.parse().ok()? })
}

pub(super) fn execution_key(action: &ApprovalAction, execution: &ExecutionId) -> String {
    let ApprovalAction { account, region, pipeline, stage, action } = action;
    digest(&[
        "execution",
        account.as_str(),
        region.as_str(),
        pipeline.as_str(),
        stage.as_str(),
        action.as_str(),
        execution.as_str(),
    ])
}

/// By name alone: a pipeline's history can be read without knowing where the pipeline was, and after it was deleted.
pub(super) fn history_key(pipeline: &PipelineName) -> String {
    digest(&["pipeline", pipeline.as_str()])
}

pub(super) fn history_sort_key(asked: UtcDateTime, key: &ApprovalKey) -> String {
    format!("{}#{key}", sortable(asked))
}

/// As many digits as milliseconds since 1970 will ever have.
const MOMENT_DIGITS: usize = 14;

/// Milliseconds since 1970, so that texts sort as times do.
fn sortable(moment: UtcDateTime) -> String {
    format!("{:0MOMENT_DIGITS$}", moment.unix_timestamp_nanos() / 1_000_000)
}
