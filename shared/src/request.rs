//! An approval that was put to its approvers: who was asked what, who voted, and how it ended.

mod earlier;
mod release;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use time::{Duration, UtcDateTime};

use crate::approval::{Address, Approval, Approver, Comment, Decision, Digest, Quorum};
use crate::l10n::Language;
use crate::time_zone::TimeZone;

pub use earlier::{EarlierDecision, EarlierVote};
pub use release::{
    Before, Caveat, LastRelease, Origin, PastRevision, Release, Retry, Revision, Rollback, Start, Variable,
};

/// A request that is about to be made: what is going to be fixed and signed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// What waits.
    pub approval: Approval,
    /// What the policy says now. Later edits of the policy change nothing here.
    pub terms: Terms,
    /// When the request is made.
    pub asked: UtcDateTime,
    /// When the links stop working: when CodePipeline stops waiting, or earlier if the policy says so.
    pub expires: UtcDateTime,
    /// When CodePipeline stops waiting.
    pub waits_until: UtcDateTime,
    /// What emails and pages show of the release.
    pub release: Release,
}

impl NewRequest {
    /// A request under `terms`, made at `asked`.
    #[must_use]
    pub fn new(
        approval: Approval,
        terms: Terms,
        asked: UtcDateTime,
        waits_until: UtcDateTime,
        release: Release,
    ) -> Self {
        let ours = terms.expires.and_then(|life| asked.checked_add(life));
        let expires = ours.map_or(waits_until, |ours| ours.min(waits_until));
        Self { approval, terms, asked, expires, waits_until, release }
    }

    /// The request, without votes, as it stands in the ledger under its digest.
    #[must_use]
    pub fn with_digest(self, digest: Digest) -> Request {
        let Self { approval, terms, asked, expires, waits_until, release } = self;
        Request {
            digest,
            approval,
            terms,
            asked,
            expires,
            waits_until,
            release,
            votes: BTreeMap::new(),
            revision: 0,
            verdict: None,
            outcome: None,
            events: BTreeSet::new(),
        }
    }
}

/// The ledger's record that an approval was put to its approvers. What was asked of whom is signed and never changes; a
/// link and a vote name its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The digest of the signed bytes that everything up to `release` was read from.
    pub digest: Digest,
    /// What waits.
    pub approval: Approval,
    /// What the policy said when the request was made.
    pub terms: Terms,
    /// When the request was made.
    pub asked: UtcDateTime,
    /// When the links stop working.
    pub expires: UtcDateTime,
    /// When CodePipeline stops waiting.
    pub waits_until: UtcDateTime,
    /// What emails and pages show of the release.
    pub release: Release,
    /// The votes that count, by [`Address::identity`]: those that the callback signed, for this very request, of people
    /// whom its terms ask and do not bar. One each, the latest.
    pub votes: BTreeMap<String, Vote>,
    /// Counts the changes of the votes and of the outcome, so that a vote and a verdict are written on top of those that
    /// were read.
    pub revision: u64,
    /// That the votes are settled, and what they come to. A lock: whoever carries it out counts the votes again.
    pub verdict: Option<Decision>,
    /// How it ended. In what the ledger gives, a memo of what CodePipeline once held, which it is asked about before
    /// anybody is told.
    pub outcome: Option<Outcome>,
    /// The events about it that EventBridge has taken, as far as the ledger remembers.
    pub events: BTreeSet<EventMemo>,
}

/// A memo that EventBridge has taken an event about a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventMemo {
    /// That it was made.
    Requested,
    /// That a vote was recorded.
    Vote(Voter),
    /// How it ended.
    Ended,
}

impl EventMemo {
    /// The memo about a vote.
    #[must_use]
    pub fn of_vote(vote: &Vote) -> Self {
        Self::Vote(Voter(vote.approver.identity()))
    }
}

/// Whose vote it is, by [`Address::identity`]: the one that they have now.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voter(pub(crate) String);

impl fmt::Debug for Voter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Voter(…)")
    }
}

impl Request {
    /// Whether this person's approval does not count because they started the execution.
    #[must_use]
    pub fn bars(&self, address: &Address) -> bool {
        self.terms.barred.contains_key(&address.identity())
    }

    /// Whether the terms let this vote count: they ask its approver, do not bar them from approving, and a rejection has the
    /// comment that they may require.
    #[must_use]
    pub fn admits(&self, vote: &Vote) -> bool {
        let is_allowed = match vote.decision {
            Decision::Approved => !self.bars(&vote.approver),
            Decision::Rejected => vote.comment.is_some() || !self.terms.reason_required,
        };
        self.asks(&vote.approver) && is_allowed
    }

    /// The reminder that is due at `now`, as its time before [`expires`](Self::expires): the last one, when the times of
    /// several have passed. A reminder whose time had passed when the request was made is never due.
    #[must_use]
    pub fn reminder(&self, now: UtcDateTime) -> Option<Duration> {
        if now >= self.expires {
            return None;
        }
        let due = |before: &Duration| {
            let at = self.expires.saturating_sub(*before);
            self.asked < at && at <= now
        };
        self.terms.remind.iter().copied().filter(due).min()
    }

    /// Whether this mailbox was asked.
    #[must_use]
    pub fn asks(&self, address: &Address) -> bool {
        self.terms.approvers.contains_key(&address.identity())
    }

    /// A mailbox as pages and emails write it: with its name, if it has one.
    #[must_use]
    pub fn name_of(&self, address: &Address) -> String {
        self.terms.approvers.get(&address.identity()).map_or_else(|| address.expose().to_owned(), Approver::expose)
    }

    /// This mailbox's vote.
    #[must_use]
    pub fn vote_of(&self, address: &Address) -> Option<&Vote> {
        self.votes.get(&address.identity())
    }

    /// Those whose approval is still awaited: who were asked, may approve, and have not voted.
    #[must_use]
    pub fn awaited(&self) -> Vec<&Approver> {
        let is_awaited = |identity: &&String| {
            !self.votes.contains_key(identity.as_str()) && !self.terms.barred.contains_key(identity.as_str())
        };
        let asked = self.terms.approvers.iter();
        asked.filter(|(identity, _)| is_awaited(identity)).map(|(_, approver)| approver).collect()
    }

    /// How many approvals are still needed: at least one while the one that the terms want is not among them.
    #[must_use]
    pub fn missing_approvals(&self) -> usize {
        let approvals = self.votes_for(Decision::Approved);
        let is_wanted = |identity: &String| approvals.iter().any(|vote| vote.approver.identity() == *identity);
        let wanted = usize::from(!self.terms.must_include.iter().all(is_wanted));
        self.terms.quorum.get().saturating_sub(approvals.len()).max(wanted)
    }

    /// The votes for `decision`, in the order in which they were given.
    #[must_use]
    pub fn votes_for(&self, decision: Decision) -> Vec<&Vote> {
        let mut votes: Vec<&Vote> = self.votes.values().filter(|vote| vote.decision == decision).collect();
        votes.sort_by_key(|vote| vote.at);
        votes
    }

    /// Who voted to approve, as they were asked, in the order in which they did.
    #[must_use]
    pub fn approving(&self) -> Vec<Approver> {
        let votes = self.votes_for(Decision::Approved).into_iter();
        votes.filter_map(|vote| self.terms.approvers.get(&vote.approver.identity()).cloned()).collect()
    }

    /// Whether the approval ended by the request's votes: CodePipeline names our role as the one who ended it, and holds
    /// the decision and the summary that the votes come to. It does not matter who noticed the end first, or whose answer
    /// was lost.
    #[must_use]
    pub fn ended_by_votes(&self) -> bool {
        match (&self.outcome, self.count()) {
            (Some(outcome), Some(decision)) => {
                outcome.by_our_role
                    && outcome.ending == decision.into()
                    && outcome.summary.as_ref() == Some(&self.summary(decision))
            }
            _ => false,
        }
    }

    /// What the votes come to: one rejection rejects, a quorum of approvals approves if the one that the terms want is among
    /// them, anything less decides nothing.
    #[must_use]
    pub fn count(&self) -> Option<Decision> {
        let approvals = self.votes_for(Decision::Approved);
        let is_wanted = |identity: &String| approvals.iter().any(|vote| vote.approver.identity() == *identity);
        if !self.votes_for(Decision::Rejected).is_empty() {
            Some(Decision::Rejected)
        } else if approvals.len() >= self.terms.quorum.get() && self.terms.must_include.iter().all(is_wanted) {
            Some(Decision::Approved)
        } else {
            None
        }
    }

    /// The vote that settled what the votes come to, if they do: the last of those that say so.
    #[must_use]
    pub fn settling_vote(&self) -> Option<&Vote> {
        let votes = self.votes_for(self.count()?);
        votes.into_iter().max_by_key(|vote| (vote.at, vote.approver.identity()))
    }

    /// Whether an earlier run of the approval was rejected.
    #[must_use]
    pub fn was_rejected_before(&self) -> bool {
        self.release.earlier.iter().any(|earlier| earlier.decision == Decision::Rejected)
    }
}

/// What the policy says about one approval: who may decide it, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Terms {
    /// The route of the policy that matched.
    pub route: String,
    /// The version of the policy's parameter.
    pub policy_version: i64,
    /// Who may decide, by [`Address::identity`].
    pub approvers: BTreeMap<String, Approver>,
    /// How many of them must approve.
    pub quorum: Quorum,
    /// How long the links work, if that is shorter than CodePipeline waits.
    pub expires: Option<Duration>,
    /// How long before the links expire those who have not voted are reminded.
    pub remind: Vec<Duration>,
    /// Whether a rejection needs a comment.
    pub reason_required: bool,
    /// Whose approval does not count because they started the execution, by [`Address::identity`], with AWS's name for
    /// them. Empty when nobody is barred.
    pub barred: BTreeMap<String, String>,
    /// Whose approval must be among those that count, by [`Address::identity`]: of whoever last rejected the execution, if
    /// the policy says so.
    pub must_include: Option<String>,
    /// Whether a principal started the execution that the policy does not recognise as anybody: an approver, perhaps.
    pub unrecognised_initiator: bool,
    /// The language of the emails, and of the pages for visitors whose browsers ask for none that is available.
    pub language: Language,
    /// The time zone in which emails and pages tell moments.
    pub time_zone: TimeZone,
    /// Whose time zone is another, by [`Address::identity`].
    pub time_zones: BTreeMap<String, TimeZone>,
    /// Where answers to the emails go, if the policy says so.
    pub reply_to: Option<Address>,
    /// Who gets the emails without links, by [`Address::identity`].
    pub copy: BTreeMap<String, Approver>,
}

impl Terms {
    /// The time zone in which this mailbox is told moments.
    #[must_use]
    pub fn time_zone_of(&self, address: &Address) -> TimeZone {
        self.time_zones.get(&address.identity()).copied().unwrap_or(self.time_zone)
    }
}

/// One approver's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The voter.
    pub approver: Address,
    /// The decision.
    pub decision: Decision,
    /// The comment, if there is one.
    pub comment: Option<Comment>,
    /// When the button was pressed.
    pub at: UtcDateTime,
    /// The `jti` of the link that it came through.
    pub link: String,
    /// Where the button was pressed.
    pub visitor: Visitor,
}

/// Where a visit came from, as API Gateway reports it. It is told to the voter and kept with the vote, and is in no log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Visitor {
    /// The network address.
    pub address: Option<String>,
    /// What the browser says that it is.
    pub browser: Option<String>,
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitor(…)")
    }
}

impl Vote {
    /// Whether it says the same as `other`, whenever that was said.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.approver.identity(), self.decision, &self.comment)
            == (&other.approver.identity(), other.decision, &other.comment)
    }
}

/// How an approval ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The way it ended.
    pub ending: Ending,
    /// Who ended it, if CodePipeline names somebody: the end of an ARN, such as `user/alice`.
    pub by: Option<String>,
    /// Whether that is our role, with which only the callback decides.
    pub by_our_role: bool,
    /// When.
    pub at: UtcDateTime,
    /// What CodePipeline keeps as its summary.
    pub summary: Option<String>,
}

/// The ways in which an approval ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The pipeline went on.
    Approved,
    /// An approver rejected, and the stage failed.
    Rejected,
    /// Nobody answered in time, and the stage failed.
    Expired,
    /// A newer execution took over, or the pipeline was changed.
    Superseded,
    /// Somebody stopped the execution.
    Stopped,
    /// CodePipeline no longer shows how.
    NotShown,
}

impl Ending {
    /// The word for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
            Self::NotShown => "not shown",
        }
    }
}

impl From<Decision> for Ending {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Approved => Self::Approved,
            Decision::Rejected => Self::Rejected,
        }
    }
}

// Addresses, names and comments are in these types as plain text, too, and `Debug` shows none of it.

impl fmt::Debug for NewRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRequest").field("key", &self.approval.key()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("key", &self.approval.key())
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("route", &self.route)
            .field("policy_version", &self.policy_version)
            .field("quorum", &self.quorum)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("ending", &self.ending).field("at", &self.at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_comments_do_not_show_in_debug_output() {
        let approver: Approver = "Alice Archer <alice@example.com>".parse().unwrap();
        let identity = approver.address.identity();
        let vote = Vote {
            approver: approver.address.clone(),
            decision: Decision::Approved,
            comment: "looks good".parse().ok(),
            at: UtcDateTime::UNIX_EPOCH,
            link: "1".to_owned(),
            visitor: Visitor { address: Some("alice-pc".to_owned()), browser: Some("looks like alice".to_owned()) },
        };
        let people = BTreeMap::from([(identity.clone(), approver)]);
        let summary = || "Approved by alice@example.com: looks good".to_owned();
        let outcome = Outcome {
            ending: Ending::Approved,
            by: Some("alice".to_owned()),
            by_our_role: false,
            at: vote.at,
            summary: Some(summary()),
        };
        let terms = Terms {
            route: "default".to_owned(),
            policy_version: 1,
            approvers: people.clone(),
            quorum: Quorum::ONE,
            expires: None,
            remind: Vec::new(),
            reason_required: false,
            barred: BTreeMap::from([(identity.clone(), "alice".to_owned())]),
            must_include: Some(identity),
            unrecognised_initiator: false,
            language: Language::ENGLISH,
            time_zone: TimeZone::UTC,
            time_zones: BTreeMap::new(),
            reply_to: None,
            copy: people,
        };
        let shown = format!("{vote:?} {outcome:?} {terms:?}").to_lowercase();
        for part in ["alice", "@", "looks"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}
