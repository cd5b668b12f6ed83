//! What is believed of an item: that whose seal holds, at the place where it belongs. Everything else counts as absent,
//! and raises an alarm.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use time::{Duration, UtcDateTime};

use super::attributes::{Item, bytes_in, from_value, map_in, number_in, text_in};
use super::items::OutcomeItem;
use super::objects::{BoundVote, read_request, read_vote};
use super::paths::{DIGEST, EVENT_ENDED, EVENT_REQUESTED, EVENT_VOTE, OBJECT, OUTCOME, REVISION, SEAL, VERDICT, VOTES};
use crate::approval::{ApprovalKey, Decision, Deployment, Digest};
use crate::aws::AwsError;
use crate::clock::{CLOCK_SKEW, Clock};
use crate::delivery::VoteId;
use crate::keys::Keyring;
use crate::metrics::{Metric, Metrics};
use crate::request::{EventMemo, Outcome, Request, Vote};
use crate::seal::{SealError, SealKind, Sealed, Seals};

/// For how long a seal by an unknown key is no alarm: the key may have been added to the deployment a moment ago.
const NEW_KEY: Duration = Duration::minutes(15);

/// Things in the ledger that none of our functions wrote, or not there.
const FORGED: Metric = Metric::count("Forged");

/// What the ledger believes by.
#[derive(Clone)]
pub struct Trust {
    /// The seals on requests.
    requests: Seals,
    /// The seals on votes.
    votes: Seals,
    /// Where alarms go.
    metrics: Metrics,
    clock: Clock,
}

/// What is known of a seal.
pub(super) enum Checked {
    /// It is on bytes of this digest.
    Holds(Digest),
    /// Nobody of ours made it for these bytes.
    Broken,
    /// Its key is not known, but may have been added to the deployment a moment ago.
    ByNewKey,
}

impl Trust {
    /// Trust in what functions of this deployment have sealed with these keys.
    #[must_use]
    pub fn new(
        deployment: &Deployment,
        request_keys: &Keyring,
        vote_keys: &Keyring,
        metrics: Metrics,
        clock: Clock,
    ) -> Self {
        let seals = |kind, keys: &Keyring| Seals::new(kind, deployment.clone(), keys.clone());
        let (requests, votes) = (seals(SealKind::Request, request_keys), seals(SealKind::Vote, vote_keys));
        Self { requests, votes, metrics, clock }
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("requests", &self.requests).field("votes", &self.votes).finish_non_exhaustive()
    }
}

/// What stands at an approval's place in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A request that the notifier sealed for this approval.
    Request(Box<Request>),
    /// Nothing.
    Absent,
    /// Something that nobody is bound by. A request may take its place.
    Forged(Forgery),
}

impl Found {
    /// The request, if it is one.
    #[must_use]
    pub fn request(self) -> Option<Request> {
        match self {
            Self::Request(request) => Some(*request),
            Self::Absent | Self::Forged(_) => None,
        }
    }
}

/// What stands where a request should, as it was read: anything at all.
#[derive(Clone, PartialEq)]
pub struct Forgery {
    pub(super) object: Option<AttributeValue>,
    pub(super) seal: Option<AttributeValue>,
}

impl std::fmt::Debug for Forgery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forgery").finish_non_exhaustive()
    }
}

impl Trust {
    /// Reads the item at the place of the approval `key`.
    pub(super) async fn open(&self, key: &ApprovalKey, item: Item) -> Result<Found, AwsError> {
        Ok(self.open_sealed(key, &item).await?.0)
    }

    /// The same, with what the request and its votes were read from.
    pub(super) async fn open_sealed(&self, key: &ApprovalKey, item: &Item) -> Result<(Found, Vec<Sealed>), AwsError> {
        let forgery = |item: &Item| {
            let forgery = Forgery { object: item.get(OBJECT).cloned(), seal: item.get(SEAL).cloned() };
            (Found::Forged(forgery), Vec::new())
        };
        let Some(sealed) = sealed_in(item) else {
            self.alarm(key, "a request without a seal");
            return Ok(forgery(item));
        };
        let asked = || read_request(&sealed.bytes).ok().map(|request| request.asked);
        let Some(digest) = self.check(&self.requests, &sealed, asked).await? else {
            self.alarm(key, "a request that the notifier did not seal");
            return Ok(forgery(item));
        };
        let Ok(request) = read_request(&sealed.bytes) else {
            return Err(AwsError::unexpected("dynamodb", "a request that this version cannot read"));
        };
        if request.approval.key() != *key {
            self.alarm(key, "a request of another approval");
            return Ok(forgery(item));
        }
        // What votes are written on top of. With anything else there, no vote could ever be written.
        let revision = number_in(item, REVISION).filter(|_| map_in(item, VOTES).is_some());
        let Some(revision) = revision.filter(|_| text_in(item, DIGEST) == Some(digest.as_str())) else {
            self.alarm(key, "a request among attributes that no vote can be written to");
            return Ok(forgery(item));
        };
        let mut request = request.with_digest(digest);
        let votes = self.votes(&request, item).await?;
        request.revision = revision;
        // A lock that cannot be read is one that the votes do not come to, or else one that rejects.
        let lock = item.get(VERDICT).map(|_| text_in(item, VERDICT).and_then(|word| word.parse().ok()));
        request.verdict = lock.map(|decision| decision.unwrap_or(Decision::Rejected));
        // A memo that cannot be read is none.
        request.outcome = item.get(OUTCOME).and_then(|value| from_value::<OutcomeItem, Outcome>(value.clone()));
        let (votes, objects): (BTreeMap<_, _>, Vec<_>) =
            votes.into_iter().map(|(voter, (vote, object))| ((voter, vote), object)).unzip();
        request.votes = votes;
        request.events = event_memos(&request, item);
        let objects = std::iter::once(sealed).chain(objects).collect();
        Ok((Found::Request(Box::new(request)), objects))
    }

    /// The votes in the item that count, and what each was read from.
    async fn votes(&self, request: &Request, item: &Item) -> Result<BTreeMap<String, (Vote, Sealed)>, AwsError> {
        let key = request.approval.key();
        let mut votes: BTreeMap<String, (Vote, Sealed)> = BTreeMap::new();
        for value in map_in(item, VOTES).into_iter().flat_map(Item::values) {
            let sealed = value.as_m().ok().and_then(sealed_in);
            let Some((vote, sealed)) = self.vote(request, sealed).await? else {
                self.alarm(&key, "a vote that does not count");
                continue;
            };
            // Of several, the latest, under whatever name they are kept.
            let earlier = votes.get(&vote.approver.identity());
            if earlier.is_none_or(|(earlier, _)| earlier.at <= vote.at) {
                votes.insert(vote.approver.identity(), (vote, sealed));
            }
        }
        Ok(votes)
    }

    async fn vote(&self, request: &Request, sealed: Option<Sealed>) -> Result<Option<(Vote, Sealed)>, AwsError> {
        let Some(sealed) = sealed else { return Ok(None) };
        let at = || read_vote(&sealed.bytes).ok().map(|bound| bound.vote.at);
        if self.check(&self.votes, &sealed, at).await?.is_none() {
            return Ok(None);
        }
        let vote =
            read_vote(&sealed.bytes).ok().filter(|bound| bound.is_for(request)).map(|BoundVote { vote, .. }| vote);
        Ok(vote.filter(|vote| request.admits(vote)).map(|vote| (vote, sealed)))
    }

    /// The digest of what is sealed, if its seal holds. One by a key that may be known in a minute is read again then.
    async fn check(
        &self,
        seals: &Seals,
        sealed: &Sealed,
        at: impl FnOnce() -> Option<UtcDateTime>,
    ) -> Result<Option<Digest>, AwsError> {
        match self.checked(seals, sealed, at).await? {
            Checked::Holds(digest) => Ok(Some(digest)),
            Checked::Broken => Ok(None),
            Checked::ByNewKey => Err(AwsError::unavailable("dynamodb", "a seal by a key that is not known yet")),
        }
    }

    /// Whether a seal holds that was made `at` some time.
    pub(super) async fn checked(
        &self,
        seals: &Seals,
        sealed: &Sealed,
        at: impl FnOnce() -> Option<UtcDateTime>,
    ) -> Result<Checked, AwsError> {
        match seals.open(sealed).await {
            Ok(digest) => Ok(Checked::Holds(digest)),
            Err(SealError::Aws(error)) => Err(error),
            Err(SealError::Broken) => Ok(Checked::Broken),
            Err(SealError::UnknownKey) => {
                let now = (self.clock)();
                let is_new = at().is_some_and(|at| at <= now.saturating_add(CLOCK_SKEW) && now - at < NEW_KEY);
                Ok(if is_new { Checked::ByNewKey } else { Checked::Broken })
            }
        }
    }

    /// `key`: what stands in the ledger as the item's partition key.
    pub(super) fn alarm(&self, key: &dyn std::fmt::Display, what: &str) {
        tracing::error!(%key, what, "the ledger holds what no function of this deployment wrote there");
        self.metrics.record(FORGED, 1);
    }
}

/// The events that the item says EventBridge has taken. A memo about a vote is one only of the vote that is there now.
fn event_memos(request: &Request, item: &Item) -> BTreeSet<EventMemo> {
    let own = [(EVENT_REQUESTED, EventMemo::Requested), (EVENT_ENDED, EventMemo::Ended)];
    let own = own.into_iter().filter(|(name, _)| item.contains_key(*name)).map(|(_, memo)| memo);
    let is_noted = |(voter, vote): &(&String, &Vote)| {
        let memo = map_in(item, VOTES).and_then(|votes| text_in(map_in(votes, voter)?, EVENT_VOTE));
        memo == Some(VoteId::of(vote).to_string().as_str())
    };
    let votes = request.votes.iter().filter(is_noted).map(|(_, vote)| EventMemo::of_vote(vote));
    own.chain(votes).collect()
}

pub(super) fn sealed_in(item: &Item) -> Option<Sealed> {
    Some(Sealed { bytes: bytes_in(item, OBJECT)?.to_vec(), seal: text_in(item, SEAL)?.to_owned() })
}
