//! What a change of the policy means for its people: who may decide what they could not decide before, and who no longer
//! may.
//!
//! Compared are the approvals that a route of either policy matches, and those that two of its routes match together,
//! since the order of routes decides there. Each set of them is decided by the first route that matches all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Globs, Part, Policy, Route};
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
    /// What changes for whom when `now` replaces this policy.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<RightsChange> {
        let routes = Compared::new(self, now);
        let mut changed: BTreeMap<String, [Vec<Region>; 2]> = BTreeMap::new();
        for region in routes.regions() {
            let [could, may] = routes.deciders(region);
            for identity in may.difference(could) {
                changed.entry(identity.clone()).or_default()[0].push(region);
            }
            for identity in could.difference(may) {
                changed.entry(identity.clone()).or_default()[1].push(region);
            }
        }
        let change = |(identity, [gained, lost]): (String, [Vec<Region>; 2])| {
            let (person, route) = now.first_of(&identity).or_else(|| self.first_of(&identity))?;
            Some(RightsChange {
                person: person.clone(),
                language: route.language,
                reply_to: route.reply_to.clone(),
                gained: routes.rights(&gained, &identity, false),
                lost: routes.rights(&lost, &identity, true),
            })
        };
        changed.into_iter().filter_map(change).collect()
    }

    /// The first route that asks a person, and the person as it has them.
    fn first_of(&self, identity: &str) -> Option<(&Approver, &Route)> {
        self.routes().find_map(|(_, route)| {
            route.approvers.iter().find(|person| person.address.identity() == identity).map(|person| (person, route))
        })
    }
}

/// What two routes match together, by the places of their globs in [`Compared`]; of one route, the same twice.
#[derive(Clone, Copy, PartialEq)]
struct Region(usize, usize);

/// A route: the place of its globs, and whom it asks.
type Compact = (usize, BTreeSet<String>);

/// The routes of two policies. Every two of their globs are compared once, since that takes long.
struct Compared<'a> {
    /// What routes match, each once.
    globs: Vec<&'a Globs>,
    before: Vec<Compact>,
    now: Vec<Compact>,
    /// For each of the globs, in what parts they admit all that each of the globs admits.
    cover: Vec<Vec<[bool; Part::ALL.len()]>>,
    /// For each of the globs, whether an approval may match each of the globs, too.
    meet: Vec<Vec<bool>>,
}

impl<'a> Compared<'a> {
    fn new(before: &'a Policy, now: &'a Policy) -> Self {
        let mut globs: Vec<&Globs> = Vec::new();
        let mut compact = |policy: &'a Policy| -> Vec<Compact> {
            let routes = policy.routes().map(|(own, route)| {
                let place = globs.iter().position(|known| *known == own).unwrap_or_else(|| {
                    globs.push(own);
                    globs.len() - 1
                });
                (place, route.approvers.iter().map(|person| person.address.identity()).collect())
            });
            routes.collect()
        };
        let (before, now) = (compact(before), compact(now));
        let cover = |outer: &&Globs| {
            let parts = |inner: &&Globs| Part::ALL.map(|part| outer.cover_part(inner, part));
            globs.iter().map(parts).collect()
        };
        let meet = |one: &&Globs| globs.iter().map(|other| one.meet(other)).collect();
        let (cover, meet) = (globs.iter().map(cover).collect(), globs.iter().map(meet).collect());
        Self { globs, before, now, cover, meet }
    }

    /// Whether all that the region holds matches the globs at this place.
    fn covers(&self, outer: usize, Region(one, other): Region) -> bool {
        let parts = |inner: usize| self.cover.get(outer).and_then(|row| row.get(inner)).copied().unwrap_or_default();
        parts(one).into_iter().zip(parts(other)).all(|(one, other)| one || other)
    }

    /// Whether something that the region holds may match the globs at this place.
    fn meets(&self, place: usize, Region(one, other): Region) -> bool {
        let meets = |other: usize| self.meet.get(place).and_then(|row| row.get(other)).copied().unwrap_or_default();
        meets(one) && meets(other)
    }

    /// What each route matches, and what two of them match together, unless one of them matches no more than that.
    fn regions(&self) -> impl Iterator<Item = Region> {
        let places = 0..self.globs.len();
        let pairs = places.clone().flat_map(|second| (0..second).map(move |first| Region(first, second)));
        let crossing = pairs.filter(|Region(first, second)| {
            let [one, other] = [*first, *second].map(|place| Region(place, place));
            self.meets(*first, other) && !self.covers(*first, other) && !self.covers(*second, one)
        });
        places.map(|place| Region(place, place)).chain(crossing)
    }

    /// Who decides what the region holds, before and now: those whom the first route asks that matches all of it.
    fn deciders(&self, region: Region) -> [&BTreeSet<String>; 2] {
        const NOBODY: &BTreeSet<String> = &BTreeSet::new();
        [&self.before, &self.now].map(|routes| {
            let first = routes.iter().find(|(place, _)| self.covers(*place, region));
            first.map_or(NOBODY, |(_, asked)| asked)
        })
    }

    /// The outermost of the regions that a person gained or lost. Of each, except what earlier routes leave to others, or to
    /// this person: those that do ask them, or do not.
    fn rights(&self, regions: &[Region], identity: &str, asked: bool) -> Vec<Right> {
        let encloses = |Region(one, other): Region, inner| self.covers(one, inner) && self.covers(other, inner);
        let is_outermost = |(index, region): &(usize, &Region)| {
            // Of two that hold the same, the first.
            let is_around = |(at, other): (usize, &Region)| {
                at != *index && encloses(*other, **region) && (at < *index || !encloses(**region, *other))
            };
            !regions.iter().enumerate().any(is_around)
        };
        let right = |(_, region): (usize, &Region)| {
            let earlier = self.now.iter().take_while(|(place, _)| !self.covers(*place, *region));
            let excepted =
                earlier.filter(|(place, people)| self.meets(*place, *region) && people.contains(identity) == asked);
            let except = excepted.filter_map(|(place, _)| self.globs.get(*place)).copied().cloned().collect();
            let (one, other) = (self.globs.get(region.0)?, self.globs.get(region.1)?);
            Some(Right { matches: one.and(other), except })
        };
        regions.iter().enumerate().filter(is_outermost).filter_map(right).collect()
    }
}
