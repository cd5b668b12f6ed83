//! Looking through the pipelines for approvals that wait.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use countersign::approval::{ApprovalKey, Location, PipelineName};
use countersign::aws::AwsError;
use countersign::pipeline::PendingRef;
use futures_util::{StreamExt, stream};
use time::UtcDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Sweep;

/// How many accounts and regions are looked through side by side. Each has a pace of its own.
const CONCURRENT_PLACES: usize = 8;

impl Sweep {
    /// Looks through the pipelines of each place, from the one of this name on, for approvals that wait, and hands over those
    /// that are not open in the ledger.
    pub(super) async fn search(
        &self,
        places: &[Location],
        from: Option<&PipelineName>,
        open: &BTreeMap<ApprovalKey, Option<Location>>,
        until: Instant,
        now: UtcDateTime,
        unknown: mpsc::UnboundedSender<Found>,
    ) -> Searched {
        let searched = Mutex::new(Searched::default());
        let found = |reference: PendingRef| {
            let mut searched = searched.lock().unwrap_or_else(PoisonError::into_inner);
            // CodePipeline shows the token, except in PARALLEL mode. There, asking finds out whether it is in the ledger.
            let key = reference.token.as_ref().map(|token| ApprovalKey::of(&reference.action, token));
            if let Some(key) = key.filter(|key| open.contains_key(key)) {
                searched.open.insert(key, reference);
                return;
            }
            let number = Some(searched.found.len());
            searched.found.push((reference.action.location(), reference.action.pipeline.clone()));
            // Nobody takes it once the time is up. It is counted as not looked at.
            let _ = unknown.send(Found { number, reference });
        };
        let looks: Vec<_> = places
            .iter()
            .map(|at| async { (at.clone(), Box::pin(self.pipeline.search(at, from, until, now, &found)).await) })
            .collect();
        let rounds: Vec<_> = stream::iter(looks).buffer_unordered(CONCURRENT_PLACES).collect().await;
        let mut searched = searched.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (at, round) in rounds {
            match round {
                Ok(round) => {
                    searched.unread.extend(round.unread.into_iter().map(|error| (at.clone(), error)));
                    searched.left += round.left;
                    searched.is_down |= round.is_down;
                    searched.next.insert(at, round.next);
                }
                Err(error) => {
                    searched.unread.push((at, error));
                    searched.is_down = true;
                }
            }
        }
        searched
    }
}

/// An approval that was found waiting.
pub(super) struct Found {
    /// Its number in [`Searched::found`], if it is there.
    pub(super) number: Option<usize>,
    pub(super) reference: PendingRef,
}

/// What the pipelines show.
#[derive(Default)]
pub(super) struct Searched {
    /// What waits, and is open in the ledger.
    pub(super) open: BTreeMap<ApprovalKey, PendingRef>,
    /// The pipelines in which others wait.
    pub(super) found: Vec<(Location, PipelineName)>,
    pub(super) unread: Vec<(Location, AwsError)>,
    /// How many pipelines were not looked at.
    pub(super) left: usize,
    /// Whether the pipelines of a place cannot be listed, or CodePipeline does not answer there.
    pub(super) is_down: bool,
    /// The first pipeline that was not reached, of each place that was looked through.
    next: BTreeMap<Location, Option<PipelineName>>,
}

impl Searched {
    /// Where the next searches begin, if they have to look again at these, too: nowhere in places with which they are done.
    pub(super) fn next(
        &self,
        from: Option<&PipelineName>,
        again: &[(Location, PipelineName)],
    ) -> Vec<(Location, PipelineName)> {
        // One that was throttled away although the search began with it takes more than there is: the rest goes on.
        let is_further = |name: &PipelineName| from.is_none_or(|from| name > from);
        let next = |(at, next): (&Location, &Option<PipelineName>)| {
            let again =
                again.iter().filter(|(place, name)| place == at && is_further(name)).map(|(_, name)| name.clone());
            Some((at.clone(), again.chain(next.clone()).min()?))
        };
        self.next.iter().filter_map(next).collect()
    }

    /// Whether all pipelines were looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0 && self.unread.is_empty()
    }
}
