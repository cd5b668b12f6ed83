//! The command `{"history": {"pipeline": …}}`: a pipeline's approvals, as the ledger has them.

use countersign::approval::{Approver, DisplayName, PipelineName};
use countersign::aws::AwsError;
use countersign::clock::rfc3339;
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::ledger::{HistoryCursor, Ledger};
use countersign::request::{Outcome, Request, Vote};
use serde::Serialize;

use crate::recipient::recipients;

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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PastVote {
    approver: String,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    at: String,
    link: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PastOutcome {
    ending: &'static str,
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
}

impl History {
    /// The last `limit` approvals of a pipeline before `before`.
    pub(crate) async fn page(
        &self,
        pipeline: &PipelineName,
        before: &HistoryCursor,
        limit: u8,
    ) -> Result<HistoryPage, AwsError> {
        let (requests, next) = self.ledger.history(pipeline, before, limit).await?;
        let mut approvals = Vec::with_capacity(requests.len());
        for request in requests {
            let deliveries = self.ledger.deliveries(&request.approval.key()).await?;
            approvals.push(past(&request, &deliveries));
        }
        let next = next.map(|next| next.as_str().to_owned());
        Ok(HistoryPage { pipeline: pipeline.to_string(), approvals, next })
    }
}

fn past(request: &Request, deliveries: &[Delivery]) -> PastApproval {
    let Request { approval, terms, .. } = request;
    let mut votes: Vec<&Vote> = request.votes.values().collect();
    votes.sort_by_key(|vote| vote.at);
    PastApproval {
        approval: approval.action.to_string(),
        key: approval.key().to_string(),
        account: approval.action.account.to_string(),
        region: approval.action.region.to_string(),
        execution: approval.execution.as_ref().map(ToString::to_string),
        asked: rfc3339(request.asked),
        expires: rfc3339(request.expires),
        route: terms.route.clone(),
        policy_version: terms.policy_version,
        quorum: terms.quorum.get(),
        people: recipients(request)
            .map(|recipient| {
                let role = if recipient.decides { "approver" } else { "copy" };
                person(recipient.mailbox, role, deliveries)
            })
            .collect(),
        votes: votes.into_iter().map(past_vote).collect(),
        outcome: request.outcome.as_ref().map(|outcome| past_outcome(request, outcome)),
    }
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
    let (state, at, message_id) = match &delivery.state {
        DeliveryState::Claimed { at } => ("claimed", Some(*at), None),
        DeliveryState::Failed => ("failed", None, None),
        DeliveryState::Unsure => ("unsure", None, None),
        DeliveryState::Sent { at, message_id } => ("sent", Some(*at), Some(message_id.clone())),
    };
    PastMail { about: delivery.kind.to_string(), state, at: at.map(rfc3339), message_id }
}

fn past_vote(vote: &Vote) -> PastVote {
    PastVote {
        approver: vote.approver.expose().to_owned(),
        decision: vote.decision.as_str(),
        comment: vote.comment.as_ref().map(|comment| comment.expose().to_owned()),
        at: rfc3339(vote.at),
        link: vote.link.clone(),
    }
}

fn past_outcome(request: &Request, outcome: &Outcome) -> PastOutcome {
    PastOutcome {
        ending: outcome.ending.as_str(),
        by_votes: request.ended_by_votes(),
        by: outcome.by.clone(),
        at: rfc3339(outcome.at),
        summary: outcome.summary.clone(),
    }
}
