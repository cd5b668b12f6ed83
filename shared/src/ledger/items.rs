//! Parts of what is stored, apart from the domain types that they are read into.
//!
//! Items live for a year, so a name in here changes only together with a reader for the items of the version before. The
//! golden items in `shared/tests/golden` are such items; tests read each one, and write it again where it is still
//! written.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use time::{Duration, UtcDateTime};

use crate::approval::{ApprovalAction, Approver, ParseError, ReviewLink};
use crate::hosts::RepositoryId;
use crate::request::{
    Before, Caveat, EarlierDecision, EarlierVote, Ending, LastRelease, Origin, Outcome, PastRevision, Release, Retry,
    Revision, Rollback, Start, Terms, Variable,
};
use crate::time_zone::TimeZone;

/// An item, or a part of one, that this version cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl From<ParseError> for Unreadable {
    fn from(_: ParseError) -> Self {
        Self
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ActionItem {
    account: String,
    region: String,
    pipeline: String,
    stage: String,
    action: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TermsItem {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    must_include: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unrecognised_initiator: bool,
    #[serde(default)]
    language: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    time_zones: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(default)]
    copy: BTreeMap<String, PersonItem>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PersonItem {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReleaseItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    started_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<StartItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry: Option<RetryItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolls_back_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rolls_back_to_start_of: Option<i64>,
    /// Whether it is a rollback of which the target is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rolls_back: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<BeforeItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revisions: Vec<RevisionItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more_revisions: Option<NonZeroUsize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    variables: Vec<VariableItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<EarlierItem>,
}

#[derive(Serialize, Deserialize)]
struct EarlierItem {
    decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    by_our_role: bool,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    votes: Vec<EarlierVoteItem>,
}

#[derive(Serialize, Deserialize)]
struct EarlierVoteItem {
    approver: PersonItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct VariableItem {
    name: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
struct RevisionItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<OriginItem>,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comparison: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum StartItem {
    Unknown,
    Person(PersonItem),
    Principal,
    Push(Option<String>),
    Change,
    Rule(String),
    AutomaticRollback,
}

#[derive(Serialize, Deserialize)]
enum RetryItem {
    ByHand,
    Automatic,
    Unknown,
}

#[derive(Serialize, Deserialize)]
enum OriginItem {
    Repository { name: String, branch: Option<String> },
    Object { bucket: String, key: String },
    Image { repository: String, tag: Option<String> },
}

#[derive(Serialize, Deserialize)]
enum BeforeItem {
    Unread,
    Nothing,
    NothingSinceEdit,
    Release(LastReleaseItem),
}

#[derive(Serialize, Deserialize)]
struct LastReleaseItem {
    execution: String,
    started: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    caveats: Vec<CaveatItem>,
    revisions: Vec<PastRevisionItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approved_by: Vec<PersonItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unreleased: Vec<PastRevisionItem>,
    #[serde(default)]
    more: usize,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum CaveatItem {
    Newer,
    PutBack,
    PutBackAgain,
    Unordered,
    Unfinished,
    RolledBack,
    Partial,
}

#[derive(Serialize, Deserialize)]
struct PastRevisionItem {
    source: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
}

/// An outcome, in its request's item: a memo of what CodePipeline held when somebody looked.
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
    NotShown,
}

pub(super) fn moment(seconds: i64) -> Result<UtcDateTime, Unreadable> {
    UtcDateTime::from_unix_timestamp(seconds).map_err(|_| Unreadable)
}

pub(super) fn text<T: std::fmt::Display>(text: &T) -> String {
    text.to_string()
}

impl From<&ApprovalAction> for ActionItem {
    fn from(ApprovalAction { account, region, pipeline, stage, action }: &ApprovalAction) -> Self {
        Self {
            account: text(account),
            region: text(region),
            pipeline: text(pipeline),
            stage: text(stage),
            action: text(action),
        }
    }
}

impl TryFrom<ActionItem> for ApprovalAction {
    type Error = Unreadable;

    fn try_from(item: ActionItem) -> Result<Self, Unreadable> {
        Ok(Self {
            account: item.account.parse()?,
            region: item.region.parse()?,
            pipeline: item.pipeline.parse()?,
            stage: item.stage.parse()?,
            action: item.action.parse()?,
        })
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
            must_include: terms.must_include.clone(),
            unrecognised_initiator: terms.unrecognised_initiator,
            language: text(&terms.language),
            time_zone: (terms.time_zone != TimeZone::UTC).then(|| text(&terms.time_zone)),
            time_zones: terms.time_zones.iter().map(|(identity, zone)| (identity.clone(), text(zone))).collect(),
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
            must_include: item.must_include,
            unrecognised_initiator: item.unrecognised_initiator,
            // A request that was made before a language was removed stays readable.
            language: item.language.parse().unwrap_or_default(),
            // The same of a time zone: moments are told in UTC, as they are wherever none is named.
            time_zone: item.time_zone.and_then(|zone| zone.parse().ok()).unwrap_or_default(),
            time_zones: item
                .time_zones
                .into_iter()
                .map(|(identity, zone)| (identity, zone.parse().unwrap_or_default()))
                .collect(),
            reply_to: item.reply_to.map(|address| address.parse()).transpose()?,
            copy: from_people(item.copy)?,
        })
    }
}

impl From<&Release> for ReleaseItem {
    fn from(release: &Release) -> Self {
        let Release {
            started_by,
            start,
            retry,
            rollback,
            revisions,
            more_revisions,
            variables,
            before,
            instructions,
            review_url,
            earlier,
        } = release;
        Self {
            started_by: started_by.clone(),
            start: start.as_ref().map(StartItem::from),
            retry: retry.map(|retry| match retry {
                Retry::ByHand => RetryItem::ByHand,
                Retry::Automatic => RetryItem::Automatic,
                Retry::Unknown => RetryItem::Unknown,
            }),
            rolls_back_to: rollback.as_ref().and_then(|rollback| rollback.target.as_ref()).map(text),
            rolls_back_to_start_of: rollback
                .as_ref()
                .and_then(|rollback| rollback.started)
                .map(UtcDateTime::unix_timestamp),
            rolls_back: rollback.as_ref().is_some_and(|rollback| rollback.target.is_none()),
            before: before.as_ref().map(|before| match before {
                Before::Unread => BeforeItem::Unread,
                Before::Nothing => BeforeItem::Nothing,
                Before::NothingSinceEdit => BeforeItem::NothingSinceEdit,
                Before::Release(last) => BeforeItem::Release((&**last).into()),
            }),
            revisions: revisions.iter().map(RevisionItem::from).collect(),
            more_revisions: NonZeroUsize::new(*more_revisions),
            variables: variables
                .iter()
                .map(|Variable { name, value }| VariableItem { name: name.clone(), value: value.clone() })
                .collect(),
            instructions: instructions.clone(),
            review_url: review_url.as_ref().map(|link| link.as_str().to_owned()),
            earlier: earlier.iter().map(EarlierItem::from).collect(),
        }
    }
}

impl TryFrom<ReleaseItem> for Release {
    type Error = Unreadable;

    fn try_from(item: ReleaseItem) -> Result<Self, Unreadable> {
        let started = item.rolls_back_to_start_of.map(moment).transpose()?;
        let target = item.rolls_back_to.map(|id| id.parse()).transpose()?;
        let is_rollback = target.is_some() || item.rolls_back;
        Ok(Self {
            started_by: item.started_by,
            start: item.start.map(Start::try_from).transpose()?,
            retry: item.retry.map(|retry| match retry {
                RetryItem::ByHand => Retry::ByHand,
                RetryItem::Automatic => Retry::Automatic,
                RetryItem::Unknown => Retry::Unknown,
            }),
            rollback: is_rollback.then_some(Rollback { target, started }),
            before: match item.before {
                None => None,
                Some(BeforeItem::Unread) => Some(Before::Unread),
                Some(BeforeItem::Nothing) => Some(Before::Nothing),
                Some(BeforeItem::NothingSinceEdit) => Some(Before::NothingSinceEdit),
                Some(BeforeItem::Release(last)) => Some(Before::Release(Box::new(last.try_into()?))),
            },
            revisions: item.revisions.into_iter().map(Revision::try_from).collect::<Result<_, _>>()?,
            more_revisions: item.more_revisions.map_or(0, NonZeroUsize::get),
            variables: item
                .variables
                .into_iter()
                .map(|VariableItem { name, value }| Variable { name, value })
                .collect(),
            instructions: item.instructions,
            review_url: item.review_url.map(ReviewLink::from),
            earlier: item.earlier.into_iter().map(EarlierDecision::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Start> for StartItem {
    fn from(start: &Start) -> Self {
        match start {
            Start::Unknown => Self::Unknown,
            Start::Person(person) => Self::Person(person.into()),
            Start::Principal => Self::Principal,
            Start::Push(branch) => Self::Push(branch.clone()),
            Start::Change => Self::Change,
            Start::Rule(name) => Self::Rule(name.clone()),
            Start::AutomaticRollback => Self::AutomaticRollback,
        }
    }
}

impl TryFrom<StartItem> for Start {
    type Error = Unreadable;

    fn try_from(item: StartItem) -> Result<Self, Unreadable> {
        Ok(match item {
            StartItem::Unknown => Self::Unknown,
            StartItem::Person(person) => Self::Person(person.try_into()?),
            StartItem::Principal => Self::Principal,
            StartItem::Push(branch) => Self::Push(branch),
            StartItem::Change => Self::Change,
            StartItem::Rule(name) => Self::Rule(name),
            StartItem::AutomaticRollback => Self::AutomaticRollback,
        })
    }
}

impl From<&LastRelease> for LastReleaseItem {
    fn from(last: &LastRelease) -> Self {
        let LastRelease { execution, started, caveats, revisions, approved_by, unreleased, more } = last;
        Self {
            execution: text(execution),
            started: started.unix_timestamp(),
            caveats: caveats.iter().copied().map(CaveatItem::from).collect(),
            revisions: revisions.iter().map(PastRevisionItem::from).collect(),
            approved_by: approved_by.iter().map(PersonItem::from).collect(),
            unreleased: unreleased.iter().map(PastRevisionItem::from).collect(),
            more: *more,
        }
    }
}

impl From<Caveat> for CaveatItem {
    fn from(caveat: Caveat) -> Self {
        match caveat {
            Caveat::Newer => Self::Newer,
            Caveat::PutBack => Self::PutBack,
            Caveat::PutBackAgain => Self::PutBackAgain,
            Caveat::Unordered => Self::Unordered,
            Caveat::Unfinished => Self::Unfinished,
            Caveat::RolledBack => Self::RolledBack,
            Caveat::Partial => Self::Partial,
        }
    }
}

impl From<CaveatItem> for Caveat {
    fn from(item: CaveatItem) -> Self {
        match item {
            CaveatItem::Newer => Self::Newer,
            CaveatItem::PutBack => Self::PutBack,
            CaveatItem::PutBackAgain => Self::PutBackAgain,
            CaveatItem::Unordered => Self::Unordered,
            CaveatItem::Unfinished => Self::Unfinished,
            CaveatItem::RolledBack => Self::RolledBack,
            CaveatItem::Partial => Self::Partial,
        }
    }
}

impl TryFrom<LastReleaseItem> for LastRelease {
    type Error = Unreadable;

    fn try_from(item: LastReleaseItem) -> Result<Self, Unreadable> {
        Ok(Self {
            execution: item.execution.parse()?,
            started: moment(item.started)?,
            caveats: item.caveats.into_iter().map(Caveat::from).collect(),
            revisions: item.revisions.into_iter().map(PastRevision::from).collect(),
            approved_by: item.approved_by.into_iter().map(Approver::try_from).collect::<Result<_, _>>()?,
            unreleased: item.unreleased.into_iter().map(PastRevision::from).collect(),
            more: item.more,
        })
    }
}

impl From<&PastRevision> for PastRevisionItem {
    fn from(PastRevision { source, id, title, repository }: &PastRevision) -> Self {
        Self {
            source: source.clone(),
            id: id.clone(),
            title: title.clone(),
            provider: repository.as_ref().map(|repository| repository.provider().to_owned()),
            repository: repository.as_ref().map(|repository| repository.name().to_owned()),
        }
    }
}

impl From<PastRevisionItem> for PastRevision {
    fn from(item: PastRevisionItem) -> Self {
        let PastRevisionItem { source, id, title, provider, repository } = item;
        let repository = provider.zip(repository).and_then(|(provider, name)| RepositoryId::new(&provider, name));
        Self { source, id, title, repository }
    }
}

impl From<&EarlierDecision> for EarlierItem {
    fn from(EarlierDecision { decision, by, by_our_role, at, summary, run, votes }: &EarlierDecision) -> Self {
        Self {
            decision: text(decision),
            by: by.clone(),
            by_our_role: *by_our_role,
            at: at.unix_timestamp(),
            summary: summary.clone(),
            run: run.as_ref().map(text),
            votes: votes.iter().map(EarlierVoteItem::from).collect(),
        }
    }
}

impl TryFrom<EarlierItem> for EarlierDecision {
    type Error = Unreadable;

    fn try_from(item: EarlierItem) -> Result<Self, Unreadable> {
        Ok(Self {
            decision: item.decision.parse()?,
            by: item.by,
            by_our_role: item.by_our_role,
            at: moment(item.at)?,
            summary: item.summary,
            run: item.run.map(|run| run.parse()).transpose()?,
            votes: item.votes.into_iter().map(EarlierVote::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&EarlierVote> for EarlierVoteItem {
    fn from(EarlierVote { approver, comment }: &EarlierVote) -> Self {
        Self { approver: approver.into(), comment: comment.as_ref().map(|comment| comment.expose().to_owned()) }
    }
}

impl TryFrom<EarlierVoteItem> for EarlierVote {
    type Error = Unreadable;

    fn try_from(EarlierVoteItem { approver, comment }: EarlierVoteItem) -> Result<Self, Unreadable> {
        Ok(Self { approver: approver.try_into()?, comment: comment.map(|comment| comment.parse()).transpose()? })
    }
}

impl From<&Revision> for RevisionItem {
    fn from(revision: &Revision) -> Self {
        let Revision { source, origin, id, summary, url, page, comparison } = revision;
        Self {
            source: source.clone(),
            origin: origin.clone().map(|origin| match origin {
                Origin::Repository { name, branch } => OriginItem::Repository { name, branch },
                Origin::Object { bucket, key } => OriginItem::Object { bucket, key },
                Origin::Image { repository, tag } => OriginItem::Image { repository, tag },
            }),
            id: id.clone(),
            summary: summary.clone(),
            url: url.as_ref().map(|link| link.as_str().to_owned()),
            page: page.as_ref().map(text),
            comparison: comparison.as_ref().map(text),
        }
    }
}

impl TryFrom<RevisionItem> for Revision {
    type Error = Unreadable;

    fn try_from(item: RevisionItem) -> Result<Self, Unreadable> {
        Ok(Self {
            source: item.source,
            origin: item.origin.map(|origin| match origin {
                OriginItem::Repository { name, branch } => Origin::Repository { name, branch },
                OriginItem::Object { bucket, key } => Origin::Object { bucket, key },
                OriginItem::Image { repository, tag } => Origin::Image { repository, tag },
            }),
            id: item.id,
            summary: item.summary,
            url: item.url.map(ReviewLink::from),
            page: item.page.map(|page| page.parse()).transpose()?,
            comparison: item.comparison.map(|page| page.parse()).transpose()?,
        })
    }
}

impl From<&Outcome> for OutcomeItem {
    fn from(Outcome { ending, by, at, summary, .. }: &Outcome) -> Self {
        let ending = match ending {
            Ending::Approved => EndingItem::Approved,
            Ending::Rejected => EndingItem::Rejected,
            Ending::Expired => EndingItem::Expired,
            Ending::Superseded => EndingItem::Superseded,
            Ending::Stopped => EndingItem::Stopped,
            Ending::NotShown => EndingItem::NotShown,
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
            EndingItem::NotShown => Ending::NotShown,
        };
        Ok(Self { ending, by: item.by, by_our_role: false, at: moment(item.at)?, summary: item.summary })
    }
}
