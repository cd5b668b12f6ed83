//! What a change of the policy means for its people: who may decide what they could not decide before, and who no longer
//! may.
//!
//! Compared are the approvals that a route of either policy matches, and those that two of its routes match together,
//! since the order of routes decides there. Each set of them is decided by the first route that matches all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Globs, Policy, Route};
use crate::approval::{Address, Approver};
use crate::l10n::Language;

/// Approvals that somebody may decide, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// What they match.
    pub matches: Globs,
    /// Of these, the ones to which this does not apply.
    pub except: Vec<Globs>,
}

/// What a change of the policy means for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsChange {
    /// The person.
    pub person: Approver,
    /// The language in which they get emails.
    pub language: Language,
    /// Where their answers go.
    pub reply_to: Option<Address>,
    /// What they may decide now, and could not decide before.
    pub gained: Vec<Right>,
    /// What they could decide before, and may not now.
    pub lost: Vec<Right>,
}

impl Policy {
    /// What changes for whom when `now` replaces this policy, by the persons' identities.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<RightsChange> {
        let before = self;
        let mut changed: BTreeMap<String, [Vec<Globs>; 2]> = BTreeMap::new();
        for region in regions(before, now) {
            let (could, may) = (before.deciders(&region), now.deciders(&region));
            for identity in may.difference(&could) {
                changed.entry(identity.clone()).or_default()[0].push(region.clone());
            }
            for identity in could.difference(&may) {
                changed.entry(identity.clone()).or_default()[1].push(region.clone());
            }
        }
        let change = |(identity, [gained, lost]): (String, [Vec<Globs>; 2])| {
            let (person, route) = now.first_of(&identity).or_else(|| before.first_of(&identity))?;
            let right = |is_asked: bool| {
                let identity = identity.as_str();
                move |matches: Globs| {
                    let earlier = now.routes().take_while(|(globs, _)| !globs.cover(&matches));
                    let others =
                        earlier.filter(|(globs, route)| globs.meet(&matches) && asks(route, identity) == is_asked);
                    Right { except: others.map(|(globs, _)| globs.clone()).collect(), matches }
                }
            };
            Some(RightsChange {
                person: person.clone(),
                language: route.language,
                reply_to: route.reply_to.clone(),
                gained: outermost(gained).map(right(false)).collect(),
                lost: outermost(lost).map(right(true)).collect(),
            })
        };
        changed.into_iter().filter_map(change).collect()
    }

    /// The route that decides all approvals that match, and its place.
    fn deciding(&self, region: &Globs) -> Option<(usize, &Route)> {
        let mut routes = self.routes().enumerate();
        routes.find(|(_, (globs, _))| globs.cover(region)).map(|(place, (_, route))| (place, route))
    }

    fn deciders(&self, region: &Globs) -> BTreeSet<String> {
        self.deciding(region).map(|(_, route)| identities(route)).unwrap_or_default()
    }

    /// The first route that asks a person, and the person as it has them.
    fn first_of(&self, identity: &str) -> Option<(&Approver, &Route)> {
        self.routes().find_map(|(_, route)| {
            route.approvers.iter().find(|person| person.address.identity() == identity).map(|person| (person, route))
        })
    }
}

fn identities(route: &Route) -> BTreeSet<String> {
    route.approvers.iter().map(|person| person.address.identity()).collect()
}

fn asks(route: &Route, identity: &str) -> bool {
    route.approvers.iter().any(|person| person.address.identity() == identity)
}

/// What routes of either policy match, alone and two together.
fn regions(before: &Policy, now: &Policy) -> Vec<Globs> {
    let mut all: Vec<&Globs> = Vec::new();
    for (globs, _) in before.routes().chain(now.routes()) {
        if !all.contains(&globs) {
            all.push(globs);
        }
    }
    // Where a route stands that is in both policies and asks the same people.
    let kept = |globs: &Globs| {
        let (old, was) = before.deciding(globs)?;
        let (new, is) = now.deciding(globs)?;
        (identities(was) == identities(is)).then_some((old, new))
    };
    let kept: Vec<Option<(usize, usize)>> = all.iter().map(|globs| kept(globs)).collect();
    let mut regions: Vec<Globs> = all.iter().map(|globs| (*globs).clone()).collect();
    for (index, (one, first)) in all.iter().zip(&kept).enumerate() {
        for (other, second) in all.iter().zip(&kept).skip(index + 1) {
            let is_kept = matches!((first, second), (Some((a, b)), Some((c, d))) if (a < c) == (b < d));
            if !is_kept && one.meet(other) && !one.cover(other) && !other.cover(one) {
                regions.push(one.and(other));
            }
        }
    }
    regions
}

/// Those that no other one covers. Of two that match the same, the first.
fn outermost(regions: Vec<Globs>) -> impl Iterator<Item = Globs> {
    let is_outermost = |(index, region): &(usize, &Globs)| {
        !regions
            .iter()
            .enumerate()
            .any(|(at, other)| at != *index && other.cover(region) && (at < *index || !region.cover(other)))
    };
    let outermost: Vec<Globs> =
        regions.iter().enumerate().filter(is_outermost).map(|(_, region)| region.clone()).collect();
    outermost.into_iter()
}
