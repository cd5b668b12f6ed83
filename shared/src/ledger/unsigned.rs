//! The requests of the version before, which nobody signed. They are shown in a history, and decide nothing: what still
//! waits is asked for anew.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::UtcDateTime;

use super::Ledger;
use super::attributes::{from_item, keys};
use super::items::{ActionItem, OutcomeItem, TermsItem, Unreadable, moment};
use crate::approval::{ApprovalAction, ApprovalKey, ExecutionId};
use crate::aws::AwsError;
use crate::request::{Outcome, Terms, Visitor, Vote};

const UNSIGNED_REQUEST: &str = "REQUEST";

/// A request of the version before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedRequest {
    /// Where the approval waited.
    pub action: ApprovalAction,
    /// The execution, if it was known.
    pub execution: Option<ExecutionId>,
    /// Who was asked, and how.
    pub terms: Terms,
    /// When the request was made.
    pub asked: UtcDateTime,
    /// When the links stopped working.
    pub expires: UtcDateTime,
    /// The votes.
    pub votes: Vec<Vote>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Whether that was what the votes came to, according to the ledger.
    pub ended_by_votes: bool,
}

/// The item. What is left out here, the release and until when CodePipeline waited, is of no use any more.
#[derive(Deserialize)]
pub(super) struct UnsignedItem {
    approval: ApprovalItem,
    terms: TermsItem,
    asked: i64,
    expires: i64,
    votes: BTreeMap<String, VoteItem>,
    verdict: Option<VerdictItem>,
    outcome: Option<OutcomeItem>,
}

#[derive(Deserialize)]
struct ApprovalItem {
    #[serde(flatten)]
    action: ActionItem,
    execution: Option<String>,
}

#[derive(Deserialize)]
struct VoteItem {
    approver: String,
    decision: String,
    comment: Option<String>,
    at: i64,
    link: String,
}

#[derive(Deserialize)]
struct VerdictItem {
    summary: String,
}

impl TryFrom<UnsignedItem> for UnsignedRequest {
    type Error = Unreadable;

    fn try_from(item: UnsignedItem) -> Result<Self, Unreadable> {
        let outcome = item.outcome.map(Outcome::try_from).transpose()?;
        let summary = outcome.as_ref().and_then(|outcome| outcome.summary.as_ref());
        Ok(Self {
            action: item.approval.action.try_into()?,
            execution: item.approval.execution.map(|id| id.parse()).transpose()?,
            terms: item.terms.try_into()?,
            asked: moment(item.asked)?,
            expires: moment(item.expires)?,
            votes: item.votes.into_values().map(Vote::try_from).collect::<Result<_, _>>()?,
            ended_by_votes: item.verdict.is_some_and(|verdict| summary == Some(&verdict.summary)),
            outcome,
        })
    }
}

impl TryFrom<VoteItem> for Vote {
    type Error = Unreadable;

    fn try_from(item: VoteItem) -> Result<Self, Unreadable> {
        Ok(Self {
            approver: item.approver.parse()?,
            decision: item.decision.parse()?,
            comment: item.comment.map(|comment| comment.parse()).transpose()?,
            at: moment(item.at)?,
            link: item.link,
            visitor: Visitor::default(),
        })
    }
}

impl Ledger {
    /// The request of the version before, if there is one.
    ///
    /// # Errors
    /// When DynamoDB does not answer, or answers with an item that this version cannot read.
    pub async fn read_unsigned_request(&self, key: &ApprovalKey) -> Result<Option<UnsignedRequest>, AwsError> {
        let item = self.get(keys(key.as_str(), UNSIGNED_REQUEST, None)).await?;
        item.map(from_item::<UnsignedItem, _>).transpose()
    }
}
