//! The ledger: one DynamoDB table that makes "sent once" and "counted once" true.
//!
//! | partition key `pk` | sort key `sk` | item |
//! |---|---|---|
//! | the [`ApprovalKey`] | `REQUEST` | the [`Request`] with its votes, verdict and outcome |
//! | the [`ApprovalKey`] | `DELIVERY#` and the approver's identity | one email: claimed, failed or sent |
//! | a hash of action and execution | an [`ApprovalKey`] | which approvals an execution has had at an action |
//!
//! What must be true once is written by one conditional call, never read first and then written. Votes stand in the request's own item,
//! so that one call records a vote and answers with all of them, and no two visitors can count different votes.
//! An item goes, by TTL, [`KEPT`] after its approval expired.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TableStatus, TransactWriteItem, Update};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Duration, UtcDateTime};

use crate::approval::{Address, Approval, ApprovalAction, ApprovalKey, ExecutionId, digest};
use crate::aws::{AwsError, code};
use crate::request::{Outcome, Request, Verdict, Vote};

/// How long the ledger remembers an approval after it expired.
pub const KEPT: Duration = Duration::days(365);

const REQUEST: &str = "REQUEST";
const DELIVERY: &str = "DELIVERY#";

type Item = HashMap<String, AttributeValue>;

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

/// What became of a vote or a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It stands. The request as it is now.
    Done(Request),
    /// It was not taken: the request as it is now says why. `None` when there is no such request.
    NotTaken(Option<Request>),
}

/// What became of the wish to send one email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Send it: nobody else will until the lease ends.
    Yours,
    /// It was sent.
    Sent,
    /// Somebody else is sending it.
    Taken,
}

impl Ledger {
    /// The ledger in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Whether the table is there, active, and keyed as the ledger wants it.
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
            table.table_status == Some(TableStatus::Active) && names == ["pk", "sk"]
        }))
    }

    /// Writes `request` unless its approval has one. Gives the one that stands, and whether it is new.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn open(&self, request: Request) -> Result<(Request, bool), AwsError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let key = request.approval.key();
        let lives_until = request.expires + KEPT;
        let mut item = to_item(&request)?;
        item.extend(keys(key.as_str(), REQUEST, Some(lives_until)));
        let mut writes = vec![put_new(&self.table, item)?];
        if let Some(execution) = &request.approval.execution {
            let pk = execution_key(&request.approval.action, execution);
            writes.push(put_new(&self.table, keys(&pk, key.as_str(), Some(lives_until)))?);
        }
        let written = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match written {
            Ok(_) => Ok((request, true)),
            Err(error) if code(&error) == Some("TransactionCanceledException") => {
                // Cancelled for a condition means that the request is there. Cancelled for a conflict with another
                // writer of the same request, it is there too by the time of a consistent read, or this is an error.
                let standing = self.read(&key).await?.ok_or_else(|| AwsError::new(OPERATION, &error))?;
                let standing = match (&request.approval.execution, &standing.approval.execution) {
                    (Some(execution), None) => self.learn_execution(standing, execution.clone()).await?,
                    _ => standing,
                };
                Ok((standing, false))
            }
            Err(error) => Err(AwsError::new(OPERATION, &error)),
        }
    }

    /// Adds the execution to a request that an SNS notice began without it. Links that are out already do without; the
    /// event about the end finds the request by it.
    async fn learn_execution(&self, mut request: Request, execution: ExecutionId) -> Result<Request, AwsError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let key = request.approval.key();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), REQUEST, None)))
            .update_expression("SET approval.execution = :execution")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":execution", text(execution.as_str()))
            .build()
            .map_err(|_| AwsError::unexpected(OPERATION, "an update without content"))?;
        let pk = execution_key(&request.approval.action, &execution);
        let index = Put::builder()
            .table_name(&self.table)
            .set_item(Some(keys(&pk, key.as_str(), Some(request.expires + KEPT))))
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
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn read(&self, key: &ApprovalKey) -> Result<Option<Request>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), REQUEST, None)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        answer.item.map(from_item).transpose()
    }

    /// The approvals that an execution has had at an action: more than one when the stage was retried.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn approvals_of(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
    ) -> Result<Vec<Request>, AwsError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(execution_key(action, execution)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:Query", &error))?;
        let mut requests = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let Some(Ok(key)) = item.get("sk").map(AttributeValue::as_s) else { continue };
            if let Some(request) = self.read(&ApprovalKey::from_ledger(key)).await? {
                requests.push(request);
            }
        }
        Ok(requests)
    }

    /// Records `vote` in place of an earlier one, while the approval is undecided and asks its approver.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write. The vote may have been recorded all the
    /// same; recording it again is harmless.
    pub async fn vote(&self, key: &ApprovalKey, vote: &Vote) -> Result<Written, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET votes.#approver = :vote, revision = revision + :one")
            .condition_expression(
                "attribute_exists(approvers.#approver) AND attribute_not_exists(verdict) AND attribute_not_exists(outcome)",
            )
            .expression_attribute_names("#approver", vote.approver.identity())
            .expression_attribute_values(":vote", to_value(vote)?)
            .expression_attribute_values(":one", AttributeValue::N("1".into()));
        self.update(key, update).await
    }

    /// Fixes what the votes came to, if they are still the ones of `revision`.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn settle(&self, key: &ApprovalKey, revision: u64, verdict: &Verdict) -> Result<Written, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET verdict = :verdict")
            .condition_expression(
                "revision = :revision AND attribute_not_exists(verdict) AND attribute_not_exists(outcome)",
            )
            .expression_attribute_values(":verdict", to_value(verdict)?)
            .expression_attribute_values(":revision", AttributeValue::N(revision.to_string()));
        self.update(key, update).await
    }

    /// Records that CodePipeline took the verdict. There is no stronger evidence, so it replaces whatever was concluded
    /// from CodePipeline's lists.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn decided(&self, key: &ApprovalKey, outcome: &Outcome) -> Result<Written, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(verdict)")
            .expression_attribute_values(":outcome", to_value(outcome)?);
        self.update(key, update).await
    }

    /// Records how the approval ended. An outcome that stands already stays.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with what we did not write.
    pub async fn conclude(&self, key: &ApprovalKey, outcome: &Outcome) -> Result<Written, AwsError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET outcome = :outcome")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(outcome)")
            .expression_attribute_values(":outcome", to_value(outcome)?);
        self.update(key, update).await
    }

    /// Takes the right to send the request's email to `approver`. Whoever holds it longer than `lease` has died. The
    /// `claimant` may ask again: the answer that gave him the right may have been lost.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn claim(
        &self,
        approval: &Approval,
        approver: &Address,
        claimant: u64,
        lives_until: UtcDateTime,
        now: UtcDateTime,
        lease: Duration,
    ) -> Result<Claim, AwsError> {
        let key = approval.key();
        let sort = delivery_key(approver);
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), &sort, None)))
            .update_expression("SET #state = :claimed, claimed_at = :now, claimant = :claimant, #ttl = :ttl")
            .condition_expression(
                "attribute_not_exists(#state) OR #state = :failed \
                 OR (#state = :claimed AND (claimed_at < :lapsed OR claimant = :claimant))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":failed", text("failed"))
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":claimant", text(claimant.to_string()))
            .expression_attribute_values(":lapsed", moment(now - lease))
            .expression_attribute_values(":ttl", moment(lives_until + KEPT))
            .send()
            .await;
        match claimed {
            Ok(_) => Ok(Claim::Yours),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => self.claimed_by_another(&key, &sort).await,
            Err(error) => Err(AwsError::new("dynamodb:UpdateItem", &error)),
        }
    }

    async fn claimed_by_another(&self, key: &ApprovalKey, sort: &str) -> Result<Claim, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys(key.as_str(), sort, None)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        let state = answer.item.as_ref().and_then(|item| item.get("state")).and_then(|state| state.as_s().ok());
        Ok(if state.is_some_and(|state| state == "sent") { Claim::Sent } else { Claim::Taken })
    }

    /// Records that SES took the email, under the message id that it gave.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn sent(
        &self,
        approval: &Approval,
        approver: &Address,
        message_id: &str,
        now: UtcDateTime,
    ) -> Result<(), AwsError> {
        self.mark(approval, approver, "sent", &[("message_id", text(message_id)), ("sent_at", moment(now))]).await
    }

    /// Records that the email was not sent, so that the next try need not wait for the lease to end.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn not_sent(&self, approval: &Approval, approver: &Address) -> Result<(), AwsError> {
        self.mark(approval, approver, "failed", &[]).await
    }

    async fn mark(
        &self,
        approval: &Approval,
        approver: &Address,
        state: &str,
        more: &[(&str, AttributeValue)],
    ) -> Result<(), AwsError> {
        let assignments: String = more.iter().map(|(name, _)| format!(", {name} = :{name}")).collect();
        let values = more.iter().map(|(name, value)| (format!(":{name}"), value.clone()));
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys(approval.key().as_str(), &delivery_key(approver), None)))
            .update_expression(format!("SET #state = :state{assignments}"))
            .expression_attribute_names("#state", "state")
            .set_expression_attribute_values(Some(values.chain([(":state".to_owned(), text(state))]).collect()))
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:UpdateItem", &error))?;
        Ok(())
    }

    /// Runs an update of a request's item and gives the request as it stands after it, taken or not.
    async fn update(
        &self,
        key: &ApprovalKey,
        update: aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder,
    ) -> Result<Written, AwsError> {
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
                Ok(Written::Done(from_item(item)?))
            }
            Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(Written::NotTaken(self.read(key).await?)),
            Err(error) => Err(AwsError::new(OPERATION, &error)),
        }
    }
}

const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

fn execution_key(action: &ApprovalAction, execution: &ExecutionId) -> String {
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

fn delivery_key(approver: &Address) -> String {
    format!("{DELIVERY}{}", approver.identity())
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn moment(moment: UtcDateTime) -> AttributeValue {
    AttributeValue::N(moment.unix_timestamp().to_string())
}

fn keys(pk: &str, sk: &str, lives_until: Option<UtcDateTime>) -> Item {
    let ttl = lives_until.map(|until| ("ttl".to_owned(), moment(until)));
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into_iter().chain(ttl).collect()
}

fn put_new(table: &str, item: Item) -> Result<TransactWriteItem, AwsError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(|_| AwsError::unexpected("dynamodb:TransactWriteItems", "an item without content"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn to_item(value: &impl Serialize) -> Result<Item, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item that cannot be written"))
}

fn to_value(value: &impl Serialize) -> Result<AttributeValue, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item that cannot be written"))
}

fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, AwsError> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|_| AwsError::unexpected("dynamodb", "an item of another form"))
}
