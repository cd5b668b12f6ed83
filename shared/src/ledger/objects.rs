//! What is sealed: the bytes of a request and of a vote, as JSON.
//!
//! They are written once and then compared as bytes. Everything that a mail, a page or a count uses of a request is in
//! its object, and nothing of it is read from elsewhere.

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::items::{ActionItem, ReleaseItem, TermsItem, Unreadable, moment, text};
use crate::approval::{Approval, ApprovalKey, Digest};
use crate::request::{NewRequest, Request, Visitor, Vote};

/// A request. Moments are seconds since 1970, spans are seconds.
#[derive(Serialize, Deserialize)]
struct RequestObject {
    #[serde(flatten)]
    action: ActionItem,
    token: String,
    execution: String,
    run: String,
    asked: i64,
    expires: i64,
    waits_until: i64,
    terms: TermsItem,
    release: ReleaseItem,
}

/// The bytes of a request.
pub(super) fn write_request(request: &NewRequest) -> Result<Vec<u8>, Unreadable> {
    let NewRequest { approval, terms, asked, expires, waits_until, release } = request;
    let Approval { action, token, execution, run } = approval;
    let object = RequestObject {
        action: action.into(),
        token: token.expose().to_owned(),
        execution: text(execution),
        run: text(run),
        asked: asked.unix_timestamp(),
        expires: expires.unix_timestamp(),
        waits_until: waits_until.unix_timestamp(),
        terms: terms.into(),
        release: release.into(),
    };
    serde_json::to_vec(&object).map_err(|_| Unreadable)
}

pub(crate) fn read_request(bytes: &[u8]) -> Result<NewRequest, Unreadable> {
    let object: RequestObject = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    Ok(NewRequest {
        approval: Approval {
            action: object.action.try_into()?,
            token: object.token.parse()?,
            execution: object.execution.parse()?,
            run: object.run.parse()?,
        },
        terms: object.terms.try_into()?,
        asked: moment(object.asked)?,
        expires: moment(object.expires)?,
        waits_until: moment(object.waits_until)?,
        release: object.release.try_into()?,
    })
}

/// A vote. The moment is in milliseconds since 1970: of two votes of a person, the later one counts.
#[derive(Serialize, Deserialize)]
struct VoteObject {
    /// The key of the approval.
    approval: String,
    /// The digest of the request.
    request: String,
    approver: String,
    decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    at: i64,
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
}

/// A vote, and what it is about.
pub(crate) struct BoundVote {
    pub(super) approval: String,
    pub(super) request: Digest,
    pub(crate) vote: Vote,
}

impl BoundVote {
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        self.approval == request.approval.key().as_str() && self.request == request.digest
    }
}

/// The bytes of a vote on the request of this digest.
pub(super) fn write_vote(key: &ApprovalKey, request: &Digest, vote: &Vote) -> Result<Vec<u8>, Unreadable> {
    let Vote { approver, decision, comment, at, link, visitor } = vote;
    let object = VoteObject {
        approval: text(key),
        request: text(request),
        approver: approver.expose().to_owned(),
        decision: text(decision),
        comment: comment.as_ref().map(|comment| comment.expose().to_owned()),
        at: milliseconds(*at)?,
        link: link.clone(),
        network_address: visitor.address.clone(),
        browser: visitor.browser.clone(),
    };
    serde_json::to_vec(&object).map_err(|_| Unreadable)
}

pub(crate) fn read_vote(bytes: &[u8]) -> Result<BoundVote, Unreadable> {
    let object: VoteObject = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
    let vote = Vote {
        approver: object.approver.parse()?,
        decision: object.decision.parse()?,
        comment: object.comment.map(|comment| comment.parse()).transpose()?,
        at: of_milliseconds(object.at)?,
        link: object.link,
        visitor: Visitor { address: object.network_address, browser: object.browser },
    };
    Ok(BoundVote { approval: object.approval, request: object.request.parse()?, vote })
}

fn milliseconds(moment: UtcDateTime) -> Result<i64, Unreadable> {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| Unreadable)
}

fn of_milliseconds(milliseconds: i64) -> Result<UtcDateTime, Unreadable> {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).map_err(|_| Unreadable)
}
