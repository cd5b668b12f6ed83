//! The ledger: one DynamoDB table that makes "sent once" and "counted once" true. It is storage, not authority.
//!
//! | partition key `pk` | sort key `sk` | item |
//! |---|---|---|
//! | the [`ApprovalKey`] | `SIGNED-REQUEST` | the [`Request`]: its sealed object, sealed votes, and memos |
//! | the [`ApprovalKey`] | `MAIL#`, the request's digest, what it is about, and the mailbox | one email: claimed, failed or sent |
//! | a hash of action and execution | an [`ApprovalKey`] | which approvals an execution has had at an action |
//! | a hash of the pipeline's name | when it was asked for, `#`, an [`ApprovalKey`] | which approvals a pipeline has had |
//! | `OPEN` | an [`ApprovalKey`] | approvals that have not ended, or whose outcome has not reached everybody |
//! | `POLICY` | `SIGNED-POLICY` | the policy as it was last seen, sealed, and the one before: [`PolicyRecord`] |
//! | `POLICY` | `MAIL#`, the record's digest, `policy`, and the mailbox | one email about that change |
//! | `SWEEP` | `RUN#`, account and region | until when a sweep there is taken to be under way |
//!
//! Whoever may write the table can write anything here. So what a request says, or the record of the policy, is believed
//! by the notifier's seal, a vote by the callback's (see [`trust`]); the verdict is a lock, and the outcome a memo of what CodePipeline held; the other
//! items say where to look. What must be true once is written by one conditional call, on top of what was read. Nothing
//! is ever deleted by us: an item goes, by TTL, [`DEFAULT_RETENTION`] or so after its approval expired.

mod attributes;
mod deliveries;
#[cfg(test)]
mod golden;
mod items;
mod lists;
mod objects;
mod paths;
mod policy;
mod round;
mod table;
mod test_events;
mod trust;
mod unsigned;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use time::{Duration, UtcDateTime};

use crate::approval::{ApprovalKey, Decision, Digest};
use crate::aws::{AwsError, code};
use crate::delivery::VoteId;
use crate::request::{EventMemo, NewRequest, Outcome, Request, Vote, Voter};
use crate::seal::{Sealed, Sealer};
use attributes::{CONDITION_FAILED, Item, keys, number_in, put, sealed, text, to_value};
use items::OutcomeItem;
use lists::{execution_key, history_key, history_sort_key, open_item};
use paths::{
    DIGEST, EVENT_ENDED, EVENT_REQUESTED, EVENT_VOTE, OBJECT, OUTCOME, PARTITION, REVISION, SEAL, VERDICT, VOTES,
};

pub use crate::jws::SignError;
pub use deliveries::Noted;
pub use lists::{HistoryCursor, OpenApproval};
pub(crate) use objects::{BoundVote, read_request, read_vote};
pub use policy::{PolicyChange, PolicyRecord, PolicyText, Remembered, RememberedPolicy};
pub use trust::{Forgery, Found, Trust};
pub use unsigned::UnsignedRequest;

/// How long the ledger remembers an approval after it expired, unless it is told otherwise.
pub const DEFAULT_RETENTION: Duration = Duration::days(365);

const REQUEST: &str = "SIGNED-REQUEST";
const UPDATE: &str = "dynamodb:UpdateItem";

/// The ledger's table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
    trust: Trust,
    retention: Duration,
}

/// A request that is sealed and not in the ledger yet.
#[derive(Debug, Clone)]
pub struct SealedRequest {
    request: Request,
    sealed: Sealed,
}

impl SealedRequest {
    /// Seals a request: from here on it is what it is.
    ///
    /// # Errors
    /// When KMS does not sign.
    pub async fn seal(request: NewRequest, by: &Sealer) -> Result<Self, SignError> {
        let sealed = by.seal(objects::write_request(&request).map_err(|_| SignError::Unwritable)?).await?;
        Ok(Self { request: request.with_digest(Digest::of(&sealed.bytes)), sealed })
    }
}

/// A vote that is sealed for one request and not in the ledger yet.
#[derive(Debug, Clone)]
pub struct SealedVote {
    vote: Vote,
    sealed: Sealed,
}

impl SealedVote {
    /// Seals a vote on the request of this digest.
    ///
    /// # Errors
    /// When KMS does not sign.
    pub async fn seal(key: &ApprovalKey, request: &Digest, vote: Vote, by: &Sealer) -> Result<Self, SignError> {
        let bytes = objects::write_vote(key, request, &vote).map_err(|_| SignError::Unwritable)?;
        // What counts is what is sealed, with its moment in milliseconds.
        let vote = read_vote(&bytes).map_err(|_| SignError::Unwritable)?.vote;
        Ok(Self { vote, sealed: by.seal(bytes).await? })
    }

    /// What is sealed.
    #[must_use]
    pub fn vote(&self) -> &Vote {
        &self.vote
    }
}

/// The result of a write on top of what was read.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteOutcome {
    /// It was written.
    Applied,
    /// Somebody else wrote meanwhile. What is there now.
    Changed(Found),
}

impl Ledger {
    /// The ledger in `table`, believed by `trust`.
    #[must_use]
    pub fn new(client: Client, table: String, trust: Trust) -> Self {
        Self { client, table, trust, retention: DEFAULT_RETENTION }
    }

    /// The same, remembering what it writes from now on for this long.
    #[must_use]
    pub fn with_retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// Until when the items of a request are kept.
    #[must_use]
    pub fn keeps(&self, request: &Request) -> UtcDateTime {
        self.keeps_from(request.waits_until)
    }

    /// Until when an item is kept that may go this long after `moment`.
    #[must_use]
    pub fn keeps_from(&self, moment: UtcDateTime) -> UtcDateTime {
        moment.saturating_add(self.retention)
    }

    /// Writes a request unless its approval has one, in place of `forgery` if that is still there. Returns the approval's
    /// request and whether it is new.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or something forged keeps the place.
    pub async fn create_request(
        &self,
        request: SealedRequest,
        forgery: Option<&Forgery>,
    ) -> Result<(Request, bool), AwsError> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let unwritable = |_| AwsError::unexpected(OPERATION, "an item without content");
        let SealedRequest { request, sealed: object } = request;
        let key = request.approval.key();
        let lives_until = Some(self.keeps(&request));
        let mut item = keys(key.as_str(), REQUEST, lives_until);
        item.extend(sealed(&object));
        item.insert(DIGEST.to_owned(), text(request.digest.as_str()));
        item.insert(REVISION.to_owned(), number(0));
        item.insert(VOTES.to_owned(), AttributeValue::M(HashMap::new()));
        let item = in_place_of(forgery, put(&self.table, item));
        let action = &request.approval.action;
        let pointers = [
            open_item(&key, action, lives_until),
            keys(&history_key(&action.pipeline), &history_sort_key(request.asked, &key), lives_until),
            keys(&execution_key(action, &request.approval.execution), key.as_str(), lives_until),
        ];
        let puts = std::iter::once(item).chain(pointers.map(|pointer| put(&self.table, pointer)));
        let writes = puts
            .map(|put| Ok(TransactWriteItem::builder().put(put.build().map_err(unwritable)?).build()))
            .collect::<Result<_, AwsError>>()?;
        let written = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        match written {
            Ok(_) => Ok((request, true)),
            Err(error) if code(&error) == Some("TransactionCanceledException") => {
                // Cancelled for a condition means that the request is there. Cancelled for a conflict with another
                // writer of the same request, it is there too by the time of a consistent read, or this is an error.
                let existing = self.read_request(&key).await?.request();
                Ok((existing.ok_or_else(|| AwsError::new(OPERATION, &error))?, false))
            }
            Err(error) => Err(AwsError::new(OPERATION, &error)),
        }
    }

    /// What the ledger has for an approval.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or a public key cannot be read.
    pub async fn read_request(&self, key: &ApprovalKey) -> Result<Found, AwsError> {
        match self.get(keys(key.as_str(), REQUEST, None)).await? {
            Some(item) => self.trust.open(key, item).await,
            None => Ok(Found::Absent),
        }
    }

    /// The request of an approval with the votes that count, and what they were read from: the request's object and seal,
    /// then those of each vote, in the order of [`Request::votes`]. `None` where nothing is believed.
    ///
    /// # Errors
    /// As of [`read_request`](Self::read_request).
    pub async fn read_sealed(&self, key: &ApprovalKey) -> Result<Option<(Request, Vec<Sealed>)>, AwsError> {
        let Some(item) = self.get(keys(key.as_str(), REQUEST, None)).await? else { return Ok(None) };
        let (found, objects) = self.trust.open_sealed(key, &item).await?;
        Ok(found.request().map(|request| (request, objects)))
    }

    /// Records a vote, in place of an earlier one of the same approver, and locks the votes if they are settled by it:
    /// provided that nobody voted since `request` was read, and that its votes were not locked.
    ///
    /// # Errors
    /// When DynamoDB does not answer. The vote may have been recorded all the same; recording it again is harmless.
    pub async fn record_vote(
        &self,
        request: &Request,
        vote: &SealedVote,
        verdict: Option<Decision>,
    ) -> Result<WriteOutcome, AwsError> {
        let lock = if verdict.is_some() { format!(", {VERDICT} = :verdict") } else { String::new() };
        let update = self
            .on_top_of(request)
            .update_expression(format!("SET {VOTES}.#voter = :vote, {REVISION} = :next{lock}"))
            .expression_attribute_names("#voter", vote.vote.approver.identity())
            .expression_attribute_values(":vote", AttributeValue::M(sealed(&vote.sealed)))
            .expression_attribute_values(":next", number(request.revision.saturating_add(1)));
        let update = match verdict {
            Some(verdict) => update.expression_attribute_values(":verdict", text(verdict.as_str())),
            None => update,
        };
        self.write(request, update).await
    }

    /// Locks votes that are settled, provided that they are those of `request`.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn lock(&self, request: &Request, verdict: Decision) -> Result<WriteOutcome, AwsError> {
        let update = self
            .on_top_of(request)
            .update_expression(format!("SET {VERDICT} = :verdict"))
            .expression_attribute_values(":verdict", text(verdict.as_str()));
        self.write(request, update).await
    }

    /// Replaces a lock that says something other than what the votes come to, which none of our functions wrote.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn replace_lock(&self, request: &Request, verdict: Option<Decision>) -> Result<WriteOutcome, AwsError> {
        let key = request.approval.key();
        self.trust.alarm(&key, "a verdict that the votes do not come to");
        let update = self
            .update(&key)
            .condition_expression(format!("{DIGEST} = :digest AND {REVISION} = :revision"))
            .expression_attribute_values(":digest", text(request.digest.as_str()))
            .expression_attribute_values(":revision", number(request.revision));
        let update = match verdict {
            Some(verdict) => update
                .update_expression(format!("SET {VERDICT} = :verdict"))
                .expression_attribute_values(":verdict", text(verdict.as_str())),
            None => update.update_expression(format!("REMOVE {VERDICT}")),
        };
        self.write(request, update).await
    }

    /// Notes how the approval ended, as CodePipeline holds it. Returns the request with that outcome and the votes that were
    /// given until then: no later one is written on top of what was read before.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn note_outcome(&self, request: Request, outcome: Outcome) -> Result<Request, AwsError> {
        let key = request.approval.key();
        let update = self
            .update(&key)
            .condition_expression(format!("{DIGEST} = :digest"))
            .expression_attribute_values(":digest", text(request.digest.as_str()))
            .update_expression(format!("SET {OUTCOME} = :outcome, {REVISION} = {REVISION} + :one"))
            .expression_attribute_values(":outcome", to_value(&OutcomeItem::from(&outcome))?)
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        let item = match update.send().await {
            Ok(written) => written.attributes,
            // What is not there any more needs no memo.
            Err(error) if code(&error) == Some(CONDITION_FAILED) => None,
            Err(error) => return Err(AwsError::new(UPDATE, &error)),
        };
        let is_changed = |item: &Item| number_in(item, REVISION) != request.revision.checked_add(1);
        let latest = match item.filter(is_changed) {
            Some(item) => self.trust.open(&key, item).await?.request(),
            None => None,
        };
        let latest = latest.filter(|latest| latest.digest == request.digest);
        Ok(Request { outcome: Some(outcome), ..latest.unwrap_or(request) })
    }

    /// Notes that EventBridge has taken these events about a request and its votes as they are here. If the same person
    /// has voted anew meanwhile, the memo is about no vote any more.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub fn note_events(
        &self,
        request: &Request,
        taken: &[EventMemo],
    ) -> impl Future<Output = Result<(), AwsError>> + Send + use<> {
        let mut update =
            self.update(&request.approval.key()).expression_attribute_values(":digest", text(request.digest.as_str()));
        let (mut conditions, mut changes) = (vec![format!("{DIGEST} = :digest")], Vec::new());
        for (number, memo) in taken.iter().enumerate() {
            let (path, value) = match memo {
                EventMemo::Requested => (EVENT_REQUESTED.to_owned(), AttributeValue::Bool(true)),
                EventMemo::Ended => (EVENT_ENDED.to_owned(), AttributeValue::Bool(true)),
                EventMemo::Vote(Voter(voter)) => {
                    let Some(vote) = request.votes.get(voter) else { continue };
                    update = update.expression_attribute_names(format!("#v{number}"), voter);
                    conditions.push(format!("attribute_exists({VOTES}.#v{number})"));
                    (format!("{VOTES}.#v{number}.{EVENT_VOTE}"), text(VoteId::of(vote).to_string()))
                }
            };
            changes.push(format!("{path} = :m{number}"));
            update = update.expression_attribute_values(format!(":m{number}"), value);
        }
        let (conditions, changes) = (conditions.join(" AND "), changes.join(", "));
        let update = update.condition_expression(conditions).update_expression(format!("SET {changes}"));
        async move { ignoring_changes(update.send().await) }
    }

    /// Removes a memo of an end that did not take place, which none of our functions wrote.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn strike_outcome(&self, request: &Request) -> Result<(), AwsError> {
        let key = request.approval.key();
        self.trust.alarm(&key, "an outcome of an approval that waits");
        let update = self
            .update(&key)
            .condition_expression(format!("{DIGEST} = :digest"))
            .expression_attribute_values(":digest", text(request.digest.as_str()))
            .update_expression(format!("REMOVE {OUTCOME}"));
        ignoring_changes(update.send().await)
    }

    /// An update of a request's item, provided that it is as it was read and its votes are not locked.
    fn on_top_of(&self, request: &Request) -> UpdateItemFluentBuilder {
        self.update(&request.approval.key())
            .condition_expression(format!(
                "{DIGEST} = :digest AND {REVISION} = :revision AND attribute_not_exists({VERDICT})"
            ))
            .expression_attribute_values(":digest", text(request.digest.as_str()))
            .expression_attribute_values(":revision", number(request.revision))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn update(&self, key: &ApprovalKey) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(keys(key.as_str(), REQUEST, None)))
    }

    async fn write(&self, request: &Request, update: UpdateItemFluentBuilder) -> Result<WriteOutcome, AwsError> {
        let error = match update.send().await {
            Ok(_) => return Ok(WriteOutcome::Applied),
            Err(error) if code(&error) == Some(CONDITION_FAILED) => error,
            Err(error) => return Err(AwsError::new(UPDATE, &error)),
        };
        // The answer has what kept it from being written, without another call.
        let key = request.approval.key();
        let found = match error.into_service_error() {
            UpdateItemError::ConditionalCheckFailedException(failure) => failure.item,
            _ => None,
        };
        Ok(WriteOutcome::Changed(match found {
            Some(item) => self.trust.open(&key, item).await?,
            None => self.read_request(&key).await?,
        }))
    }

    async fn get(&self, key: Item) -> Result<Option<Item>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::new("dynamodb:GetItem", &error))?;
        Ok(answer.item)
    }
}

/// The put, provided that what was found in a request's place is still there. `object` is one of DynamoDB's reserved words.
fn in_place_of(forgery: Option<&Forgery>, put: PutBuilder) -> PutBuilder {
    let Some(Forgery { object, seal }) = forgery else {
        return put.condition_expression(format!("attribute_not_exists({PARTITION})"));
    };
    let (mut put, mut conditions) = (put, Vec::new());
    for (name, value) in [(OBJECT, object), (SEAL, seal)] {
        put = put.expression_attribute_names(format!("#{name}"), name);
        match value {
            Some(value) => {
                conditions.push(format!("#{name} = :{name}"));
                put = put.expression_attribute_values(format!(":{name}"), value.clone());
            }
            None => conditions.push(format!("attribute_not_exists(#{name})")),
        }
    }
    put.condition_expression(conditions.join(" AND "))
}

/// A memo may be written late: what is not there any more needs none.
fn ignoring_changes<T>(written: Result<T, SdkError<UpdateItemError>>) -> Result<(), AwsError> {
    match written {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(CONDITION_FAILED) => Ok(()),
        Err(error) => Err(AwsError::new(UPDATE, &error)),
    }
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
