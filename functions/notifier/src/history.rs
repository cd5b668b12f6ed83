//! The command `{"history": {"pipeline": …}}`: a pipeline's approvals, as the ledger has them.

use countersign::approval::{ApprovalKey, Approver, DisplayName, PipelineName};
use countersign::aws::AwsError;
use countersign::clock::{Clock, rfc3339};
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::ledger::{HistoryCursor, Ledger, UnsignedRequest};
use countersign::pipeline::{ApprovalStatus, CodePipeline};
use countersign::request::{Ending, Outcome, Request, Terms, Vote};
use serde::Serialize;
use time::UtcDateTime;

use crate::recipient::{Recipient, recipients};
use crate::served::Scope;

/// A page of a pipeline's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryPage {
    /// The pipeline's name.
    pub pipeline: String,
    /// Its approvals, newest first.
    pub approvals: Vec<PastApproval>,
    /// The value of `before` that gives the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One approval, from the request to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PastApproval {
    approval: String,
    key: String,
    account: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
    /// Whether the notifier signed the request. Those of an earlier version are not signed.
    signed: bool,
    asked: String,
    expires: String,
    route: String,
    policy_version: i64,
    quorum: usize,
    people: Vec<Person>,
    votes: Vec<PastVote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<PastOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Person {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    role: &'static str,
    mails: Vec<PastMail>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PastMail {
    about: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// SES's class of what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PastVote {
    approver: String,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    at: String,
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PastOutcome {
    ending: &'static str,
    /// Whether CodePipeline shows it now. Otherwise it is what somebody noted in the ledger.
    confirmed: bool,
    by_votes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

/// Reads the history of pipelines.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) ledger: Ledger,
    pub(crate) pipeline: CodePipeline,
    pub(crate) clock: Clock,
}

impl History {
    /// The last `limit` approvals of a pipeline before `before`, or fewer, where some are of pipelines of this name elsewhere.
    pub(crate) async fn page(
        &self,
        scope: &Scope,
        pipeline: &PipelineName,
        before: &HistoryCursor,
        limit: u8,
    ) -> Result<HistoryPage, AwsError> {
        let (keys, next) = self.ledger.history(pipeline, before, limit).await?;
        let mut approvals = Vec::with_capacity(keys.len());
        for key in &keys {
            approvals.extend(self.approval(scope, key).await?);
        }
        let next = next.map(|next| next.as_str().to_owned());
        Ok(HistoryPage { pipeline: pipeline.to_string(), approvals, next })
    }

    /// What is known of an approval. `None` when it is elsewhere, or its request is gone, or none of ours.
    async fn approval(&self, scope: &Scope, key: &ApprovalKey) -> Result<Option<PastApproval>, AwsError> {
        if let Some(request) = self.ledger.read_request(key).await?.request() {
            if !scope.has(&request.approval.action.location()) {
                return Ok(None);
            }
            let deliveries = self.ledger.deliveries(key, &request.digest).await?;
            let (request, is_confirmed) = self.with_end(request).await;
            return Ok(Some(past(&request, is_confirmed, &deliveries)));
        }
        let Some(request) = self.ledger.read_unsigned_request(key).await? else { return Ok(None) };
        if !scope.has(&request.action.location()) {
            return Ok(None);
        }
        let deliveries = self.ledger.unsigned_deliveries(key).await?;
        Ok(Some(past_unsigned(key, &request, &deliveries)))
    }

    /// The request with its end as CodePipeline shows it, and whether that does. Where CodePipeline shows nothing any more,
    /// what the ledger notes stays, unconfirmed.
    async fn with_end(&self, request: Request) -> (Request, bool) {
        match self.pipeline.status(&request, (self.clock)()).await {
            Ok(ApprovalStatus::Ended(outcome)) if outcome.ending != Ending::NotShown => {
                (Request { outcome: Some(outcome), ..request }, true)
            }
            Ok(ApprovalStatus::Pending) => (Request { outcome: None, ..request }, true),
            Ok(ApprovalStatus::Ended(_) | ApprovalStatus::Unknown) => (request, false),
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "how an approval ended cannot be read");
                (request, false)
            }
        }
    }
}

fn past(request: &Request, is_confirmed: bool, deliveries: &[Delivery]) -> PastApproval {
    let Request { approval, terms, .. } = request;
    let by_votes = is_confirmed && request.ended_by_votes();
    PastApproval {
        approval: approval.action.to_string(),
        key: approval.key().to_string(),
        account: approval.action.account.to_string(),
        region: approval.action.region.to_string(),
        execution: Some(approval.execution.to_string()),
        signed: true,
        asked: rfc3339(request.asked),
        expires: rfc3339(request.expires),
        route: terms.route.clone(),
        policy_version: terms.policy_version,
        quorum: terms.quorum.get(),
        people: people(terms, deliveries),
        votes: past_votes(request.votes.values().collect()),
        outcome: request.outcome.as_ref().map(|outcome| past_outcome(outcome, is_confirmed, by_votes)),
    }
}

fn past_unsigned(key: &ApprovalKey, request: &UnsignedRequest, deliveries: &[Delivery]) -> PastApproval {
    let UnsignedRequest { action, terms, .. } = request;
    PastApproval {
        approval: action.to_string(),
        key: key.to_string(),
        account: action.account.to_string(),
        region: action.region.to_string(),
        execution: request.execution.as_ref().map(ToString::to_string),
        signed: false,
        asked: rfc3339(request.asked),
        expires: rfc3339(request.expires),
        route: terms.route.clone(),
        policy_version: terms.policy_version,
        quorum: terms.quorum.get(),
        people: people(terms, deliveries),
        votes: past_votes(request.votes.iter().collect()),
        outcome: request.outcome.as_ref().map(|outcome| past_outcome(outcome, false, request.ended_by_votes)),
    }
}

fn people(terms: &Terms, deliveries: &[Delivery]) -> Vec<Person> {
    let role = |recipient: &Recipient| if recipient.decides { "approver" } else { "copy" };
    recipients(terms).map(|recipient| person(recipient.mailbox, role(&recipient), deliveries)).collect()
}

fn past_votes(mut votes: Vec<&Vote>) -> Vec<PastVote> {
    votes.sort_by_key(|vote| vote.at);
    votes.into_iter().map(past_vote).collect()
}

fn person(mailbox: &Approver, role: &'static str, deliveries: &[Delivery]) -> Person {
    let identity = mailbox.address.identity();
    let own = deliveries.iter().filter(|delivery| delivery.mailbox == identity);
    let mut mails: Vec<(EmailKind, PastMail)> = own.map(|delivery| (delivery.kind, past_mail(delivery))).collect();
    mails.sort_by(|(kind, mail), (other_kind, other)| (&mail.at, kind).cmp(&(&other.at, other_kind)));
    Person {
        address: mailbox.address.expose().to_owned(),
        name: mailbox.name.as_ref().map(DisplayName::expose).map(str::to_owned),
        role,
        mails: mails.into_iter().map(|(_, mail)| mail).collect(),
    }
}

fn past_mail(delivery: &Delivery) -> PastMail {
    let mail = |state, at: Option<UtcDateTime>| PastMail {
        about: delivery.kind.to_string(),
        state,
        at: at.map(rfc3339),
        message_id: None,
        reason: None,
        since: None,
    };
    match &delivery.state {
        DeliveryState::Claimed { at } => mail("claimed", Some(*at)),
        DeliveryState::Failed => mail("failed", None),
        DeliveryState::Unsure => mail("unsure", None),
        DeliveryState::Sent { at, message_id, said } => PastMail {
            message_id: Some(message_id.clone()),
            reason: said.as_ref().and_then(|said| said.reason.as_ref()).map(ToString::to_string),
            since: said.as_ref().map(|said| rfc3339(said.at)),
            ..mail(said.as_ref().map_or("sent", |said| said.fate.as_str()), Some(*at))
        },
    }
}

fn past_vote(vote: &Vote) -> PastVote {
    PastVote {
        approver: vote.approver.expose().to_owned(),
        decision: vote.decision.as_str(),
        comment: vote.comment.as_ref().map(|comment| comment.expose().to_owned()),
        at: rfc3339(vote.at),
        link: vote.link.clone(),
        network_address: vote.visitor.address.clone(),
        browser: vote.visitor.browser.clone(),
    }
}

fn past_outcome(outcome: &Outcome, confirmed: bool, by_votes: bool) -> PastOutcome {
    PastOutcome {
        ending: outcome.ending.as_str(),
        confirmed,
        by_votes,
        by: outcome.by.clone(),
        at: rfc3339(outcome.at),
        summary: outcome.summary.clone(),
    }
}
