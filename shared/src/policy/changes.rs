//! What a change of the policy means for its people: who may decide what they could not decide before, and who no longer
//! may.
//!
//! Compared are the approvals that a route of either policy matches, and those that two of its routes match together,
//! since the order of routes decides there. Each set of them is decided by the first route that matches all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Globs, Part, Policy, Route};
use crate::approval::Approver;
use crate::l10n::Language;
use crate::time_zone::TimeZone;

/// The most kinds of approvals that one person is told of at a time, as many of others, and the most exceptions from one. A policy of 8 KB may
/// have ten thousand of the former.
const MAX_RIGHTS: usize = 200;
const MAX_EXCEPTIONS: usize = 10;

/// Approvals that somebody may decide, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// What they match.
    pub matches: Globs,
    /// Of these, the ones to which this does not apply: the first of them.
    pub except: Vec<Globs>,
    /// Whether there are more exceptions.
    pub more: bool,
}

/// What changes in one direction, for one person or those beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// The person's own: what they may decide now, or no longer.
    pub own: Vec<Right>,
    /// The same of others, where this person decides or could.
    pub of_others: Vec<(Approver, Right)>,
    /// Whether there is more of either.
    pub more: bool,
}

/// What a change of the policy means for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsChange {
    /// The language in which they get emails.
    pub language: Language,
    /// The time zone in which these tell moments.
    pub time_zone: TimeZone,
    /// What may be decided now, and could not before.
    pub gained: Rights,
    /// What could be decided before, and may not now.
    pub lost: Rights,
}

/// What a change of the policy means for its people.
pub struct Changes<'a> {
    before: &'a Policy,
    now: &'a Policy,
    routes: Compared<'a>,
    /// What other people decide now.
    changed: Vec<Region>,
    /// All who could decide some of that, or may.
    people: BTreeMap<String, &'a Approver>,
}

impl Policy {
    /// What changes for whom when `now` replaces this policy.
    #[must_use]
    pub fn changes<'a>(&'a self, now: &'a Self) -> Changes<'a> {
        let routes = Compared::new(self, now);
        let is_changed = |region: &Region| {
            let [could, may] = routes.deciders(*region);
            could != may
        };
        let changed: Vec<Region> = routes.regions().filter(is_changed).collect();
        let mut people = BTreeMap::new();
        for identity in changed.iter().flat_map(|region| routes.deciders(*region)).flatten() {
            // Whoever changes the policy must not choose where those are told whom it knew before.
            let known = self.first_of(identity).or_else(|| now.first_of(identity));
            people.extend(known.map(|(person, _)| (identity.clone(), person)));
        }
        Changes { before: self, now, routes, changed, people }
    }

    /// The first route that asks a person, and the person as it has them.
    fn first_of(&self, identity: &str) -> Option<(&Approver, &Route)> {
        self.routes().find_map(|(_, route)| {
            route.approvers.iter().find(|person| person.address.identity() == identity).map(|person| (person, route))
        })
    }
}

impl Changes<'_> {
    /// Whom the change concerns: whoever gains or loses the right to decide something, and all who decide it beside them.
    pub fn people(&self) -> impl ExactSizeIterator<Item = &Approver> {
        self.people.values().copied()
    }

    /// What it means for one of these.
    #[must_use]
    pub fn of(&self, person: &Approver) -> RightsChange {
        let identity = person.address.identity();
        let known =
            [self.before, self.now].into_iter().find_map(|policy| Some((policy, policy.first_of(&identity)?.1)));
        let (language, time_zone) = known.map_or_else(Default::default, |(policy, route)| {
            (route.language, policy.time_zone_of(&person.address).unwrap_or(route.time_zone))
        });
        let (gained, lost) = (self.rights(&identity, true), self.rights(&identity, false));
        RightsChange { language, time_zone, gained, lost }
    }

    fn rights(&self, identity: &str, gained: bool) -> Rights {
        let deciders = |region: &Region| {
            let [could, may] = self.routes.deciders(*region);
            if gained { (may, could) } else { (could, may) }
        };
        let mut rights = Rights::default();
        let concerned =
            |region: &&Region| self.routes.deciders(**region).iter().any(|people| people.contains(identity));
        // Of each person what changes for them, in the order of the routes.
        let mut by_person: BTreeMap<&str, Vec<Region>> = BTreeMap::new();
        // What is the person's own is not left out for what is others'.
        let (mut own, mut of_others) = (0, 0);
        for region in self.changed.iter().filter(concerned) {
            let (with, without) = deciders(region);
            for who in with.difference(without) {
                let count = if who == identity { &mut own } else { &mut of_others };
                if *count == MAX_RIGHTS {
                    rights.more = true;
                    continue;
                }
                *count += 1;
                by_person.entry(who).or_default().push(*region);
            }
        }
        rights.own =
            by_person.remove(identity).map(|own| self.routes.rights(&own, identity, !gained)).unwrap_or_default();
        for (who, regions) in by_person {
            let Some(person) = self.people.get(who) else { continue };
            let theirs = self.routes.rights(&regions, who, !gained).into_iter();
            rights.of_others.extend(theirs.map(|right| (Approver::clone(person), right)));
        }
        rights
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
            let mut except: Vec<Globs> = excepted
                .take(MAX_EXCEPTIONS + 1)
                .filter_map(|(place, _)| self.globs.get(*place))
                .copied()
                .cloned()
                .collect();
            let more = except.len() > MAX_EXCEPTIONS;
            except.truncate(MAX_EXCEPTIONS);
            let (one, other) = (self.globs.get(region.0)?, self.globs.get(region.1)?);
            Some(Right { matches: one.and(other), except, more })
        };
        regions.iter().enumerate().filter(is_outermost).filter_map(right).collect()
    }
}
