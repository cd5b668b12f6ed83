//! The events that Countersign puts on the default bus of its account, where rules can match them.
//!
//! Anybody who may put events there can put these. So they are news for others, and for the notifier a hint where to
//! look. `docs/events/` has a JSON schema of each: no token, no link, no address and no comment is in any.

use serde::Serialize;

use crate::approval::{ApprovalAction, Decision, Deployment};
use crate::request::Request;

/// The source of all of them.
pub const SOURCE: &str = "countersign";
/// The type of the event about a vote that was recorded.
pub const VOTE_RECORDED: &str = "Vote Recorded";
/// The type of the event about an approval for which a link is in use and no request is on record.
pub const REQUEST_MISSING: &str = "Request Missing";

/// An event, ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type.
    pub detail_type: &'static str,
    /// What it says, as JSON.
    pub detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VoteRecorded<'a> {
    deployment: &'a str,
    key: &'a str,
    request: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    execution: &'a str,
    decision: &'static str,
    approvals: usize,
    quorum: usize,
    settled: bool,
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

/// A vote for `decision` is now on record, in `request` as it is since.
#[must_use]
pub fn vote_recorded(deployment: &Deployment, request: &Request, decision: Decision) -> Event {
    let key = request.approval.key();
    let detail = VoteRecorded {
        deployment: deployment.as_str(),
        key: key.as_str(),
        request: request.digest.as_str(),
        place: (&request.approval.action).into(),
        execution: request.approval.execution.as_str(),
        decision: decision.as_str(),
        approvals: request.votes_for(Decision::Approved).len(),
        quorum: request.terms.quorum.get(),
        settled: request.count().is_some(),
    };
    Event { detail_type: VOTE_RECORDED, detail: json(&detail) }
}

/// A good link is about an approval at `action` of which the ledger has no request.
#[must_use]
pub fn request_missing(deployment: &Deployment, action: &ApprovalAction) -> Event {
    let detail = RequestMissing { deployment: deployment.as_str(), place: action.into() };
    Event { detail_type: REQUEST_MISSING, detail: json(&detail) }
}

/// Nothing in here fails to become JSON: it is texts, numbers and truth values.
fn json(detail: &impl Serialize) -> String {
    serde_json::to_string(detail).unwrap_or_default()
}
