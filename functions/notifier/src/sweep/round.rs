//! The hourly round: it puts the sweep of each account and region into the queue, in parts.

use std::collections::BTreeMap;

use countersign::approval::{ApprovalKey, Location};
use countersign::ledger::OpenApproval;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use time::{Duration, UtcDateTime};

use super::part::{PartId, SearchFrom, SweepPart};
use super::{Sweep, SweepError, SweepFailure};
use crate::errors::Errors;
use crate::served::{Scope, Served};

/// How many accounts and regions are put into the queue side by side.
const CONCURRENT_PLACES: usize = 8;

/// How many open approvals a part looks at. Each takes some calls, and perhaps emails.
const BATCH: usize = 25;

/// How long a sweep is taken to be under way of which no part was done yet: the next round begins it anew.
const BEGINS_WITHIN: Duration = Duration::minutes(50);

/// How long it is taken to be under way that has not said that it is done: longer than a part is tried that fails, and
/// so much less than two hours that the second round from then on begins it anew, however punctual it is.
const UNDER_WAY: Duration = Duration::minutes(110);

/// How many parts may follow each other because one was not enough: two rounds of the largest account that CodePipeline
/// allows, at the slowest pace.
const MAX_AFTER: u32 = 50;

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RoundSummary {
    /// Accounts and regions whose sweep was put into the queue.
    pub places: usize,
    /// In how many parts.
    pub parts: usize,
    /// Accounts and regions whose sweep is still under way.
    pub running: usize,
    /// Emails about a change of the policy, to those whom it gives or takes the right to decide.
    pub rights: usize,
}

impl Sweep {
    /// Puts the sweep of each place into the queue, unless the last one is still under way. Approvals that are open elsewhere
    /// in an account that is served, in a region that only sends events, are swept there.
    ///
    /// # Errors
    /// When something could not be read or sent. Everything else was. The same round, named by its `id`, may begin again.
    pub(crate) async fn round(
        &self,
        id: &str,
        scope: &Scope,
        served: &Served,
        places: Vec<Location>,
    ) -> Result<RoundSummary, Errors<SweepFailure>> {
        let now = (self.clock)();
        let (open, rights) = tokio::join!(self.ledger.open_approvals(), Box::pin(self.rights()));
        let mut errors = Vec::new();
        let rights = rights.unwrap_or_else(|error| {
            errors.push(error.of_policy());
            0
        });
        let mut open = match open {
            Ok(open) => by_place(open, scope, served, &places),
            // Without those that are open, the sweeps would end and have looked at nothing.
            Err(error) => {
                errors.push(SweepError::Aws(error).of_sweep());
                return Errors::check(errors).map(|()| RoundSummary::default());
            }
        };
        let mut summary = RoundSummary { rights, ..RoundSummary::default() };
        for at in places {
            open.entry(at).or_default();
        }
        let begins: Vec<_> = open
            .into_iter()
            .map(|(at, open)| async move {
                let begun = Box::pin(self.begin(id, &at, open, now)).await;
                (at, begun)
            })
            .collect();
        let mut begins = stream::iter(begins).buffer_unordered(CONCURRENT_PLACES);
        while let Some((at, begun)) = begins.next().await {
            match begun {
                Ok(0) => summary.running += 1,
                Ok(parts) => {
                    summary.places += 1;
                    summary.parts += parts;
                }
                Err(error) => errors.push(error.of_place(&at)),
            }
        }
        Errors::check(errors).map(|()| summary)
    }

    /// Puts the sweep of a place into the queue, and gives the number of its parts: none if one is under way.
    async fn begin(
        &self,
        id: &str,
        at: &Location,
        open: Vec<ApprovalKey>,
        now: UtcDateTime,
    ) -> Result<usize, SweepError> {
        if !self.ledger.begin_sweep(at, id, now, now + BEGINS_WITHIN).await? {
            return Ok(0);
        }
        let parts = parts(id, at, open);
        // Where it is not known whether they are in the queue, the round is tried again, and they do no harm twice.
        self.queue.send(&parts).await?;
        Ok(parts.len())
    }

    /// Notes that a part is done, and puts what it left into the queue: once, however often the part is tried. SQS itself
    /// knows a repeated message for five minutes only, and a part takes nearly as long.
    pub(super) async fn end(&self, part: &SweepPart, rest: Option<SweepPart>) -> Result<(), SweepError> {
        let (now, at, round) = ((self.clock)(), &part.at, &part.id.round);
        match rest {
            Some(rest) if rest.id.after <= MAX_AFTER => {
                let id = rest.name();
                if !self.ledger.is_to_pass_on(at, round, &id).await? {
                    return Ok(());
                }
                self.queue.send(&[rest]).await?;
                self.ledger.pass_sweep_on(at, round, &id).await?;
                Ok(self.ledger.prolong_sweep(at, round, now, now + UNDER_WAY).await?)
            }
            _ if part.search.is_some() => Ok(self.ledger.end_sweep(at, round, now).await?),
            // The search was put into the queue last, but what is left of others comes after it.
            _ => Ok(self.ledger.prolong_sweep(at, round, now, now + UNDER_WAY).await?),
        }
    }
}

/// Open approvals by where they are, as far as that is meant. Those of which it is not known are at the first of the places:
/// each is read before anything is done about it.
fn by_place(
    open: Vec<OpenApproval>,
    scope: &Scope,
    served: &Served,
    places: &[Location],
) -> BTreeMap<Location, Vec<ApprovalKey>> {
    let mut by_place: BTreeMap<Location, Vec<ApprovalKey>> = BTreeMap::new();
    for OpenApproval { key, at } in open {
        let at = match at {
            Some(at) if !scope.has(&at) => None,
            Some(at) if served.has(&at.account) => Some(at),
            _ => places.first().cloned(),
        };
        if let Some(at) = at {
            by_place.entry(at).or_default().push(key);
        }
    }
    by_place
}

/// The parts of a sweep. The last one has the search, so that it ends the sweep.
fn parts(round: &str, at: &Location, mut open: Vec<ApprovalKey>) -> Vec<SweepPart> {
    // In another order each time: what takes long, hour by hour, must not keep the same others from their turn.
    fastrand::shuffle(&mut open);
    let batches = open.len().div_ceil(BATCH).max(1);
    let part = |batch: usize| SweepPart {
        at: at.clone(),
        id: PartId { round: round.to_owned(), batch, after: 0 },
        open: open.iter().skip(batch * BATCH).take(BATCH).cloned().collect(),
        search: (batch + 1 == batches).then_some(SearchFrom::First),
    };
    (0..batches).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: &str) -> Location {
        Location { account: account.parse().unwrap(), region: "us-east-2".parse().unwrap() }
    }

    fn key(number: usize) -> ApprovalKey {
        format!("{number:043}").parse().unwrap()
    }

    #[test]
    fn a_sweep_has_a_part_for_every_few_open_approvals_and_searches_last() {
        let at = place("123456789012");
        for (open, expected) in [(0, vec![0]), (1, vec![1]), (25, vec![25]), (26, vec![25, 1]), (60, vec![25, 25, 10])]
        {
            let parts = parts("round", &at, (0..open).map(key).collect());
            let sizes: Vec<usize> = parts.iter().map(|part| part.open.len()).collect();
            assert_eq!(sizes, expected);
            let (last, others) = parts.split_last().unwrap();
            assert!(last.search.is_some() && others.iter().all(|part| part.search.is_none()));
            let mut keys: Vec<_> = parts.iter().flat_map(|part| part.open.clone()).collect();
            keys.sort();
            assert_eq!(keys, (0..open).map(key).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_open_approval_is_looked_at_whether_or_not_it_is_known_where_it_is() {
        let (one, other) = (place("123456789012"), place("210987654321"));
        let abroad = Location { region: "eu-west-1".parse().unwrap(), ..other.clone() };
        let open = || {
            let at = [Some(one.clone()), Some(other.clone()), None, Some(place("999999999999")), Some(abroad.clone())];
            at.into_iter().enumerate().map(|(number, at)| OpenApproval { key: key(number), at }).collect()
        };
        let served =
            Served { accounts: [one.account.clone(), other.account.clone()].into(), regions: vec![one.region.clone()] };
        let everywhere = by_place(open(), &Scope::default(), &served, &[one.clone(), other.clone()]);
        assert_eq!(everywhere[&one], [key(0), key(2), key(3)]);
        assert_eq!((&everywhere[&other], &everywhere[&abroad]), (&vec![key(1)], &vec![key(4)]));
        let scope = Scope { account: Some(other.account.clone()), region: Some(other.region.clone()) };
        let there = by_place(open(), &scope, &served, std::slice::from_ref(&other));
        assert_eq!(there.keys().collect::<Vec<_>>(), [&other]);
    }
}
