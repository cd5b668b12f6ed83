//! The ledger: one DynamoDB table that makes "sent once" and "counted once" true.
//!
//! | partition key `pk` | sort key `sk` | item |
//! |---|---|---|
//! | the [`ApprovalKey`] | `REQUEST` | the [`Request`] with its votes, verdict and outcome |
//! | the [`ApprovalKey`] | `DELIVERY#`, what it is about, `#` and the mailbox | one email: claimed, failed or sent |
//! | a hash of action and execution | an [`ApprovalKey`] | which approvals an execution has had at an action |
//! | a hash of the pipeline's name | when it was asked for, `#`, an [`ApprovalKey`] | which approvals a pipeline has had |
//! | `OPEN` | an [`ApprovalKey`] | approvals that have not ended, or whose outcome has not reached everybody |
//!
//! What must be true once is written by one conditional call, never read first and then written. Votes are part of the
//! request's item, so that one call records a vote and answers with all of them, and no two visitors count different votes.
//! Nothing is ever deleted by us: an item goes, by TTL, [`RETENTION`] after its approval expired.

mod attributes;
mod deliveries;
#[cfg(test)]
mod golden;
mod items;
mod lists;
mod paths;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TableStatus, TransactWriteItem, Update};
use time::{Duration, UtcDateTime};

use crate::approval::{ApprovalKey, Decision, ExecutionId};
use crate::aws::{AwsError, code};
use crate::request::{Outcome, Request, Verdict, Vote};
use attributes::{CONDITION_FAILED, Item, from_item, keys, put_new, text, to_item, to_value};
use items::{OutcomeItem, RequestItem, VerdictItem, VoteItem};
use lists::{OPEN, execution_key, history_key, history_sort_key};
use paths::{
    APPROVERS, BARRED, EXECUTION, OUTCOME, PARTITION, REASON_REQUIRED, REVISION, SORT, VERDICT, VOTE_COMMENT,
    VOTE_DECISION, VOTES,
};

pub use lists::HistoryCursor;

/// How long the ledger remembers an approval after it expired.
pub const RETENTION: Duration = Duration::days(365);

const REQUEST: &str = "REQUEST";

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

/// The result of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The write was applied. The request as it is now.
    Applied(Request),
    /// The condition did not hold: the request as it is now says why. `None` when there is no such request.
    ConditionFailed(Option<Request>),
}

impl WriteOutcome {
    /// The request as it is now, applied or not.
    #[must_use]
    pub fn request(self) -> Option<Request> {
        match self {
            Self::Applied(request) => Some(request),
            Self::ConditionFailed(request) => request,
        }
    }
}

impl Ledger {
    /// The ledger in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Whether the table exists, is active, and has the ledger's keys.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or there is no such table.
    pub async fn is_ready(&self) -> Result<bool, AwsError> {
        let answer = self
            .client
            .describe_table()
            .table_name(&self.table)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:DescribeTable", &error))?;
        Ok(answer.table.is_some_and(|table| {
            let keys = table.key_schema.unwrap_or_default();
            let names: Vec<&str> = keys.iter().map(|key| key.attribute_name.as_str()).collect();
            table.table_status == Some(TableStatus::Active) && names == [PARTITION, SORT]
        }))
    }

    /// Writes `request` unless its approval has one. Returns the approval's request and whether it is new.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn create_request(&self, request: Request) -> Result<(Request, bool), AwsError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let key = request.approval.key();
        let lives_until = Some(lives_until(&request));
        let action = &request.approval.action;
        let mut item = to_item(&RequestItem::from(&request))?;
        item.extend(keys(key.as_str(), REQUEST, lives_until));
        let mut items = vec![
            item,
            keys(OPEN, key.as_str(), lives_until),
            keys(&history_key(&action.pipeline), &history_sort_key(request.asked, &key), lives_until),
        ];
        let execution = request.approval.execution.as_ref();
        items.extend(execution.map(|id| keys(&execution_key(action, id), key.as_str(), lives_until)));
        let writes = items.into_iter().map(|item| put_new(&self.table, item)).collect::<Result<_, _>>()?;
        let written = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match written {
            Ok(_) => Ok((request, true)),
            Err(error) if code(&error) == Some("TransactionCanceledException") => {
                // Cancelled for a condition means that the request is there. Cancelled for a conflict with another
                // writer of the same request, it is there too by the time of a consistent read, or this is an error.
                let existing = self.read_request(&key).await?.ok_or_else(|| AwsError::new(OPERATION, &error))?;
                Ok((existing, false))
            }
            Err(error) => Err(AwsError::new(OPERATION, &error)),
        }
    }

    /// Adds the execution to a request that an SNS notice began without it. Links that are out already do without; the
    /// event about the end finds the request by it.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn add_execution(&self, mut request: Request, execution: ExecutionId) -> Result<Request, AwsError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let key = request.approval.key();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), REQUEST, None)))
            .update_expression(format!("SET {EXECUTION} = :execution"))
            .condition_expression(format!("attribute_exists({PARTITION})"))
            .expression_attribute_values(":execution", text(execution.as_str()))
            .build()
            .map_err(|_| AwsError::unexpected(OPERATION, "an update without content"))?;
        let pk = execution_key(&request.approval.action, &execution);
        let index = Put::builder()
            .table_name(&self.table)
            .set_item(Some(keys(&pk, key.as_str(), Some(lives_until(&request)))))
            .build()
            .map_err(|_| AwsError::unexpected(OPERATION, "an item without content"))?;
        self.client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(update).build())
            .transact_items(TransactWriteItem::builder().put(index).build())
            .send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        request.approval.execution = Some(execution);
        Ok(request)
    }

    /// The request of an approval.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn read_request(&self, key: &ApprovalKey) -> Result<Option<Request>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), REQUEST, None)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        answer.item.map(read).transpose()
    }

    /// Records `vote`, in place of an earlier one that says something else, if the approval is undecided and its terms
    /// allow the vote: they ask this approver, do not bar them from approving, and a rejection has the comment that they
    /// may require.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read. The vote may have been recorded all the
    /// same; recording it again is harmless.
    pub async fn record_vote(&self, key: &ApprovalKey, vote: &Vote) -> Result<WriteOutcome, AwsError> {
        let same_comment = match vote.comment {
            Some(_) => format!("{VOTES}.#approver.#comment = :comment"),
            None => format!("attribute_not_exists({VOTES}.#approver.#comment)"),
        };
        let mut conditions = vec![
            format!("attribute_exists({APPROVERS}.#approver)"),
            format!("attribute_not_exists({VERDICT})"),
            format!("attribute_not_exists({OUTCOME})"),
            format!("NOT ({VOTES}.#approver.{VOTE_DECISION} = :decision AND {same_comment})"),
        ];
        match (vote.decision, &vote.comment) {
            (Decision::Approved, _) => conditions.push(format!("attribute_not_exists({BARRED}.#approver)")),
            (Decision::Rejected, None) => conditions.push(format!("NOT {REASON_REQUIRED} = :yes")),
            (Decision::Rejected, Some(_)) => {}
        }
        let mut update = self
            .client
            .update_item()
            .update_expression(format!("SET {VOTES}.#approver = :vote, {REVISION} = {REVISION} + :one"))
            .condition_expression(conditions.join(" AND "))
            .expression_attribute_names("#approver", vote.approver.identity())
            .expression_attribute_names("#comment", VOTE_COMMENT)
            .expression_attribute_values(":decision", text(vote.decision.as_str()))
            .expression_attribute_values(":vote", to_value(&VoteItem::from(vote))?)
            .expression_attribute_values(":one", AttributeValue::N("1".into()));
        if let Some(comment) = &vote.comment {
            update = update.expression_attribute_values(":comment", text(comment.expose()));
        } else if vote.decision == Decision::Rejected {
            update = update.expression_attribute_values(":yes", AttributeValue::Bool(true));
        }
        self.update(key, update).await
    }

    /// Fixes what the votes came to, if they are still the ones of `revision`.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn record_verdict(
        &self,
        key: &ApprovalKey,
        revision: u64,
        verdict: &Verdict,
    ) -> Result<WriteOutcome, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression(format!("SET {VERDICT} = :verdict"))
            .condition_expression(format!(
                "{REVISION} = :revision AND attribute_not_exists({VERDICT}) AND attribute_not_exists({OUTCOME})"
            ))
            .expression_attribute_values(":verdict", to_value(&VerdictItem::from(verdict))?)
            .expression_attribute_values(":revision", AttributeValue::N(revision.to_string()));
        self.update(key, update).await
    }

    /// Records that CodePipeline took the verdict. There is no stronger evidence, so it replaces whatever was concluded
    /// from CodePipeline's lists.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn record_decision(&self, key: &ApprovalKey, outcome: &Outcome) -> Result<WriteOutcome, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression(format!("SET {OUTCOME} = :outcome"))
            .condition_expression(format!("attribute_exists({VERDICT})"))
            .expression_attribute_values(":outcome", to_value(&OutcomeItem::from(outcome))?);
        self.update(key, update).await
    }

    /// Records how the approval ended. An earlier outcome is kept.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn record_outcome(&self, key: &ApprovalKey, outcome: &Outcome) -> Result<WriteOutcome, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression(format!("SET {OUTCOME} = :outcome"))
            .condition_expression(format!("attribute_exists({PARTITION}) AND attribute_not_exists({OUTCOME})"))
            .expression_attribute_values(":outcome", to_value(&OutcomeItem::from(outcome))?);
        self.update(key, update).await
    }

    /// Runs an update of a request's item and returns the request after it, applied or not.
    async fn update(
        &self,
        key: &ApprovalKey,
        update: aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder,
    ) -> Result<WriteOutcome, AwsError> {
        const OPERATION: &str = "dynamodb:UpdateItem";
        let updated = update
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), REQUEST, None)))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match updated {
            Ok(answer) => {
                let item = answer.attributes.ok_or_else(|| AwsError::unexpected(OPERATION, "no item in the answer"))?;
                Ok(WriteOutcome::Applied(read(item)?))
            }
            Err(error) if code(&error) == Some(CONDITION_FAILED) => {
                Ok(WriteOutcome::ConditionFailed(self.read_request(key).await?))
            }
            Err(error) => Err(AwsError::new(OPERATION, &error)),
        }
    }
}

fn read(item: Item) -> Result<Request, AwsError> {
    from_item::<RequestItem, _>(item)
}

/// Until when the items of a request are kept.
fn lives_until(request: &Request) -> UtcDateTime {
    request.waits_until.saturating_add(RETENTION)
}
