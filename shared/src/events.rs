//! The events that Countersign puts on the default bus of its account, where rules can match them.
//!
//! Anybody who may put events there can put these. So they are news for others, and for the notifier a hint where to
//! look. `docs/events/` has a JSON schema of each: no token, no link, no address and no comment is in any.
//!
//! What is said is what the notifier and the callback sealed, and, of an end, what CodePipeline shows. The ledger only
//! remembers which events EventBridge took, so that those that are missing are put later: with the same id.

mod bus;

use serde::Serialize;
use time::UtcDateTime;

use crate::approval::{Address, ApprovalAction, Decision, Deployment, Digest, PipelinePrefix, digest};
use crate::clock::rfc3339;
use crate::delivery::{EmailKind, Reason, Said, VoteId};
use crate::request::{Ending, EventMemo, Request, Vote};

pub use bus::{Bus, Published};

/// The source of all of them.
pub const SOURCE: &str = "countersign";
/// The type of the event about an approval that its approvers are asked about.
pub const APPROVAL_REQUESTED: &str = "Approval Requested";
/// The type of the event about a vote that was recorded.
pub const VOTE_RECORDED: &str = "Vote Recorded";
/// The type of the event about an approval that is over.
pub const APPROVAL_ENDED: &str = "Approval Ended";
/// The type of the event about an email that did not arrive.
pub const EMAIL_UNDELIVERED: &str = "Email Undelivered";
/// The type of the event about an approval for which a link is in use and no request is on record.
pub const REQUEST_MISSING: &str = "Request Missing";

/// The source of the doctor's test events, which it puts on the default buses of the accounts that are served.
pub const DOCTOR_SOURCE: &str = "countersign.doctor";
/// Their type.
pub const TEST_EVENT: &str = "Countersign Test Event";

/// An event, ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type.
    pub detail_type: &'static str,
    /// What it says, as JSON.
    pub detail: String,
    /// What the ledger remembers once EventBridge has taken it. Without one, nothing makes up for it.
    pub memo: Option<EventMemo>,
}

/// What every event about a request says.
#[derive(Serialize)]
struct About<'a> {
    id: String,
    deployment: &'a str,
    key: String,
    request: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    execution: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalRequested<'a> {
    #[serde(flatten)]
    about: About<'a>,
    at: String,
    expires: String,
    waits_until: String,
    approvers: usize,
    quorum: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VoteRecorded<'a> {
    #[serde(flatten)]
    about: About<'a>,
    at: String,
    decision: &'static str,
    approvals: usize,
    quorum: usize,
    settled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalEnded<'a> {
    #[serde(flatten)]
    about: About<'a>,
    at: String,
    ending: &'static str,
    by_votes: bool,
    approvals: usize,
    rejections: usize,
    quorum: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailUndelivered<'a> {
    #[serde(flatten)]
    about: About<'a>,
    at: String,
    email: &'static str,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct TestEvent<'a> {
    nonce: &'a str,
    #[serde(rename = "type")]
    kind: TestType,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<&'a str>,
}

#[derive(Serialize)]
struct TestType {
    owner: &'static str,
    provider: &'static str,
    category: &'static str,
}

#[derive(Serialize)]
struct RequestMissing<'a> {
    deployment: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    account: &'a str,
    region: &'a str,
    pipeline: &'a str,
    stage: &'a str,
    action: &'a str,
}

impl<'a> From<&'a ApprovalAction> for Place<'a> {
    fn from(ApprovalAction { account, region, pipeline, stage, action }: &'a ApprovalAction) -> Self {
        Self {
            account: account.as_str(),
            region: region.as_str(),
            pipeline: pipeline.as_str(),
            stage: stage.as_str(),
            action: action.as_str(),
        }
    }
}

/// The events about a request that EventBridge has not taken yet, as far as the ledger remembers. If `request` has an
/// outcome, it must be one that CodePipeline has shown, and no memo.
#[must_use]
pub fn missing(deployment: &Deployment, request: &Request) -> Vec<Event> {
    let mut votes: Vec<&Vote> = request.votes.values().collect();
    votes.sort_by_key(|vote| vote.at);
    let votes = votes.into_iter().map(|vote| vote_recorded(deployment, request, vote));
    let all = std::iter::once(approval_requested(deployment, request))
        .chain(votes)
        .chain(approval_ended(deployment, request));
    all.filter(|event| event.memo.as_ref().is_some_and(|memo| !request.events.contains(memo))).collect()
}

fn approval_requested(deployment: &Deployment, request: &Request) -> Event {
    event(
        APPROVAL_REQUESTED,
        &ApprovalRequested {
            about: about(deployment, request, APPROVAL_REQUESTED, &[]),
            at: in_seconds(request.asked),
            expires: in_seconds(request.expires),
            waits_until: in_seconds(request.waits_until),
            approvers: request.terms.approvers.len(),
            quorum: request.terms.quorum.get(),
        },
        Some(EventMemo::Requested),
    )
}

/// A moment as it is sealed: a request that was made just now still has fractions, and the same event must say the same
/// when it comes again.
fn in_seconds(moment: UtcDateTime) -> String {
    rfc3339(moment.replace_nanosecond(0).unwrap_or(moment))
}

/// A vote is on record, in `request` as it is since.
#[must_use]
pub fn vote_recorded(deployment: &Deployment, request: &Request, vote: &Vote) -> Event {
    event(
        VOTE_RECORDED,
        &VoteRecorded {
            about: about(deployment, request, VOTE_RECORDED, &[&VoteId::of(vote).to_string()]),
            at: rfc3339(vote.at),
            decision: vote.decision.as_str(),
            approvals: request.votes_for(Decision::Approved).len(),
            quorum: request.terms.quorum.get(),
            settled: request.count().is_some(),
        },
        Some(EventMemo::of_vote(vote)),
    )
}

fn approval_ended(deployment: &Deployment, request: &Request) -> Option<Event> {
    let outcome = request.outcome.as_ref()?;
    let detail = ApprovalEnded {
        about: about(deployment, request, APPROVAL_ENDED, &[]),
        at: rfc3339(outcome.at),
        ending: match outcome.ending {
            Ending::NotShown => "notShown",
            shown => shown.as_str(),
        },
        by_votes: request.ended_by_votes(),
        approvals: request.votes_for(Decision::Approved).len(),
        rejections: request.votes_for(Decision::Rejected).len(),
        quorum: request.terms.quorum.get(),
    };
    Some(event(APPROVAL_ENDED, &detail, Some(EventMemo::Ended)))
}

/// SES said that an email about `request` did not arrive. Whoever takes in what SES says puts it before that is done with,
/// and the ledger remembers nothing: what it holds of an email's fate is sealed by nobody.
#[must_use]
pub fn email_undelivered(
    deployment: &Deployment,
    request: &Request,
    kind: EmailKind,
    to: &Address,
    said: &Said,
) -> Event {
    let part = [kind.to_string(), to.identity(), said.fate.as_str().to_owned()];
    let part = part.each_ref().map(String::as_str);
    let detail = EmailUndelivered {
        about: about(deployment, request, EMAIL_UNDELIVERED, &part),
        at: rfc3339(said.at),
        email: match kind {
            EmailKind::Request => "request",
            EmailKind::Resend { .. } => "resend",
            EmailKind::Reminder { .. } => "reminder",
            EmailKind::Receipt { .. } => "receipt",
            EmailKind::Unreached { .. } => "unreached",
            EmailKind::Outcome => "outcome",
        },
        fate: said.fate.as_str(),
        reason: said.reason.as_ref().map(Reason::as_str),
    };
    event(EMAIL_UNDELIVERED, &detail, None)
}

/// A good link is about an approval at `action` of which the ledger has no request.
#[must_use]
pub fn request_missing(deployment: &Deployment, action: &ApprovalAction) -> Event {
    event(REQUEST_MISSING, &RequestMissing { deployment: deployment.as_str(), place: action.into() }, None)
}

/// What all events about a request say. The id is a hash of what the event is about, the approval's token included, so
/// that nobody can find out by trying whose vote or email it is.
fn about<'a>(deployment: &'a Deployment, request: &'a Request, detail_type: &str, part: &[&str]) -> About<'a> {
    let approval = &request.approval;
    let whole = ["event", detail_type, deployment.as_str(), approval.token.expose(), request.digest.as_str()];
    About {
        id: digest(&[whole.as_slice(), part].concat()),
        deployment: deployment.as_str(),
        key: approval.key().to_string(),
        request: request.digest.as_str(),
        place: (&approval.action).into(),
        execution: approval.execution.as_str(),
    }
}

fn event(detail_type: &'static str, detail: &impl Serialize, memo: Option<EventMemo>) -> Event {
    Event { detail_type, detail: json(detail), memo }
}

/// The detail of a test event. It has what the rules for approval events ask of a detail, so that it takes the same way.
#[must_use]
pub fn test_event(nonce: &Digest, prefix: Option<&PipelinePrefix>) -> String {
    let kind = TestType { owner: "AWS", provider: "Manual", category: "Approval" };
    json(&TestEvent { nonce: nonce.as_str(), kind, state: "STARTED", pipeline: prefix.map(PipelinePrefix::as_str) })
}

/// Nothing in here fails to become JSON: it is texts, numbers and truth values.
fn json(detail: &impl Serialize) -> String {
    serde_json::to_string(detail).unwrap_or_default()
}
