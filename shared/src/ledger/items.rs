//! The items as they are stored, apart from the domain types that they are read into.
//!
//! Items live for a year, so a name in here changes only together with a reader for the items of the version before. The
//! golden items in `shared/tests/golden` are such items; the tests below read each one and write it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Duration, UtcDateTime};

use crate::approval::{Approval, ApprovalAction, Approver, ParseError, ReviewLink};
use crate::request::{Ending, Outcome, Release, Request, Revision, Terms, Verdict, Vote};

/// An item, or a part of one, that this version cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl From<ParseError> for Unreadable {
    fn from(_: ParseError) -> Self {
        Self
    }
}

/// A request. Moments are seconds since 1970, spans are seconds.
#[derive(Serialize, Deserialize)]
pub(super) struct RequestItem {
    approval: ApprovalItem,
    terms: TermsItem,
    asked: i64,
    expires: i64,
    waits_until: i64,
    details: ReleaseItem,
    votes: BTreeMap<String, VoteItem>,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomeItem>,
}

#[derive(Serialize, Deserialize)]
struct ApprovalItem {
    account: String,
    region: String,
    pipeline: String,
    stage: String,
    action: String,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TermsItem {
    route: String,
    policy_version: i64,
    approvers: BTreeMap<String, PersonItem>,
    quorum: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remind: Vec<i64>,
    reason_required: bool,
    #[serde(default)]
    barred: BTreeMap<String, String>,
    #[serde(default)]
    language: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(default)]
    copy: BTreeMap<String, PersonItem>,
}

#[derive(Serialize, Deserialize)]
struct PersonItem {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ReleaseItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    started_by: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revisions: Vec<RevisionItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_url: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RevisionItem {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A vote, in its request's item.
#[derive(Serialize, Deserialize)]
pub(super) struct VoteItem {
    approver: String,
    decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    at: i64,
    link: String,
}

/// A verdict, in its request's item.
#[derive(Serialize, Deserialize)]
pub(super) struct VerdictItem {
    decision: String,
    summary: String,
}

/// An outcome, in its request's item.
#[derive(Serialize, Deserialize)]
pub(super) struct OutcomeItem {
    ending: EndingItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum EndingItem {
    Approved,
    Rejected,
    Expired,
    Superseded,
    Stopped,
}

pub(super) fn moment(seconds: i64) -> Result<UtcDateTime, Unreadable> {
    UtcDateTime::from_unix_timestamp(seconds).map_err(|_| Unreadable)
}

fn text<T: std::fmt::Display>(text: &T) -> String {
    text.to_string()
}

impl From<&Request> for RequestItem {
    fn from(request: &Request) -> Self {
        let Request { approval, terms, asked, expires, waits_until, release, votes, revision, verdict, outcome } =
            request;
        Self {
            approval: approval.into(),
            terms: terms.into(),
            asked: asked.unix_timestamp(),
            expires: expires.unix_timestamp(),
            waits_until: waits_until.unix_timestamp(),
            details: release.into(),
            votes: votes.iter().map(|(identity, vote)| (identity.clone(), vote.into())).collect(),
            revision: *revision,
            verdict: verdict.as_ref().map(VerdictItem::from),
            outcome: outcome.as_ref().map(OutcomeItem::from),
        }
    }
}

impl TryFrom<RequestItem> for Request {
    type Error = Unreadable;

    fn try_from(item: RequestItem) -> Result<Self, Unreadable> {
        let votes = item.votes.into_iter().map(|(identity, vote)| Ok((identity, vote.try_into()?)));
        Ok(Self {
            approval: item.approval.try_into()?,
            terms: item.terms.try_into()?,
            asked: moment(item.asked)?,
            expires: moment(item.expires)?,
            waits_until: moment(item.waits_until)?,
            release: item.details.into(),
            votes: votes.collect::<Result<_, Unreadable>>()?,
            revision: item.revision,
            verdict: item.verdict.map(Verdict::try_from).transpose()?,
            outcome: item.outcome.map(Outcome::try_from).transpose()?,
        })
    }
}

impl From<&Approval> for ApprovalItem {
    fn from(Approval { action, token, execution }: &Approval) -> Self {
        let ApprovalAction { account, region, pipeline, stage, action } = action;
        Self {
            account: text(account),
            region: text(region),
            pipeline: text(pipeline),
            stage: text(stage),
            action: text(action),
            token: token.expose().to_owned(),
            execution: execution.as_ref().map(text),
        }
    }
}

impl TryFrom<ApprovalItem> for Approval {
    type Error = Unreadable;

    fn try_from(item: ApprovalItem) -> Result<Self, Unreadable> {
        let action = ApprovalAction {
            account: item.account.parse()?,
            region: item.region.parse()?,
            pipeline: item.pipeline.parse()?,
            stage: item.stage.parse()?,
            action: item.action.parse()?,
        };
        let execution = item.execution.map(|id| id.parse()).transpose()?;
        Ok(Self { action, token: item.token.parse()?, execution })
    }
}

impl From<&Approver> for PersonItem {
    fn from(Approver { address, name }: &Approver) -> Self {
        Self { address: address.expose().to_owned(), name: name.as_ref().map(|name| name.expose().to_owned()) }
    }
}

impl TryFrom<PersonItem> for Approver {
    type Error = Unreadable;

    fn try_from(item: PersonItem) -> Result<Self, Unreadable> {
        Ok(Self { address: item.address.parse()?, name: item.name.map(|name| name.parse()).transpose()? })
    }
}

fn to_people(people: &BTreeMap<String, Approver>) -> BTreeMap<String, PersonItem> {
    people.iter().map(|(identity, person)| (identity.clone(), person.into())).collect()
}

fn from_people(people: BTreeMap<String, PersonItem>) -> Result<BTreeMap<String, Approver>, Unreadable> {
    people.into_iter().map(|(identity, person)| Ok((identity, person.try_into()?))).collect()
}

impl From<&Terms> for TermsItem {
    fn from(terms: &Terms) -> Self {
        Self {
            route: terms.route.clone(),
            policy_version: terms.policy_version,
            approvers: to_people(&terms.approvers),
            quorum: terms.quorum.into(),
            expires: terms.expires.map(Duration::whole_seconds),
            remind: terms.remind.iter().map(|before| before.whole_seconds()).collect(),
            reason_required: terms.reason_required,
            barred: terms.barred.clone(),
            language: text(&terms.language),
            reply_to: terms.reply_to.as_ref().map(|address| address.expose().to_owned()),
            copy: to_people(&terms.copy),
        }
    }
}

impl TryFrom<TermsItem> for Terms {
    type Error = Unreadable;

    fn try_from(item: TermsItem) -> Result<Self, Unreadable> {
        Ok(Self {
            route: item.route,
            policy_version: item.policy_version,
            approvers: from_people(item.approvers)?,
            quorum: item.quorum.try_into()?,
            expires: item.expires.map(Duration::seconds),
            remind: item.remind.into_iter().map(Duration::seconds).collect(),
            reason_required: item.reason_required,
            barred: item.barred,
            // A request that was made before a language was removed stays readable.
            language: item.language.parse().unwrap_or_default(),
            reply_to: item.reply_to.map(|address| address.parse()).transpose()?,
            copy: from_people(item.copy)?,
        })
    }
}

impl From<&Release> for ReleaseItem {
    fn from(Release { started_by, revisions, instructions, review_url }: &Release) -> Self {
        Self {
            started_by: started_by.clone(),
            revisions: revisions.iter().map(RevisionItem::from).collect(),
            instructions: instructions.clone(),
            review_url: review_url.as_ref().map(|link| link.as_str().to_owned()),
        }
    }
}

impl From<ReleaseItem> for Release {
    fn from(item: ReleaseItem) -> Self {
        Self {
            started_by: item.started_by,
            revisions: item.revisions.into_iter().map(Revision::from).collect(),
            instructions: item.instructions,
            review_url: item.review_url.map(ReviewLink::from),
        }
    }
}

impl From<&Revision> for RevisionItem {
    fn from(Revision { id, summary, url }: &Revision) -> Self {
        Self { id: id.clone(), summary: summary.clone(), url: url.as_ref().map(|link| link.as_str().to_owned()) }
    }
}

impl From<RevisionItem> for Revision {
    fn from(item: RevisionItem) -> Self {
        Self { id: item.id, summary: item.summary, url: item.url.map(ReviewLink::from) }
    }
}

impl From<&Vote> for VoteItem {
    fn from(Vote { approver, decision, comment, at, link }: &Vote) -> Self {
        Self {
            approver: approver.expose().to_owned(),
            decision: text(decision),
            comment: comment.as_ref().map(|comment| comment.expose().to_owned()),
            at: at.unix_timestamp(),
            link: link.clone(),
        }
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
        })
    }
}

impl From<&Verdict> for VerdictItem {
    fn from(Verdict { decision, summary }: &Verdict) -> Self {
        Self { decision: text(decision), summary: summary.clone() }
    }
}

impl TryFrom<VerdictItem> for Verdict {
    type Error = Unreadable;

    fn try_from(VerdictItem { decision, summary }: VerdictItem) -> Result<Self, Unreadable> {
        Ok(Self { decision: decision.parse()?, summary })
    }
}

impl From<&Outcome> for OutcomeItem {
    fn from(Outcome { ending, by, at, summary }: &Outcome) -> Self {
        let ending = match ending {
            Ending::Approved => EndingItem::Approved,
            Ending::Rejected => EndingItem::Rejected,
            Ending::Expired => EndingItem::Expired,
            Ending::Superseded => EndingItem::Superseded,
            Ending::Stopped => EndingItem::Stopped,
        };
        Self { ending, by: by.clone(), at: at.unix_timestamp(), summary: summary.clone() }
    }
}

impl TryFrom<OutcomeItem> for Outcome {
    type Error = Unreadable;

    fn try_from(item: OutcomeItem) -> Result<Self, Unreadable> {
        let ending = match item.ending {
            EndingItem::Approved => Ending::Approved,
            EndingItem::Rejected => Ending::Rejected,
            EndingItem::Expired => Ending::Expired,
            EndingItem::Superseded => Ending::Superseded,
            EndingItem::Stopped => Ending::Stopped,
        };
        Ok(Self { ending, by: item.by, at: moment(item.at)?, summary: item.summary })
    }
}
