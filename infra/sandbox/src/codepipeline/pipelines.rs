//! All pipelines, found by account and name, and the order in which their approvals expire.
//!
//! A sweep of an organization calls for each of some 70,000 pipelines, so no call may look at all of them.

use std::collections::{BTreeMap, BTreeSet};

use time::UtcDateTime;

use super::state::Pipeline;
use super::world::World;

/// All pipelines.
#[derive(Default)]
pub(super) struct Pipelines {
    /// In the order in which they were made.
    all: Vec<Pipeline>,
    /// The place of each in that order, by account and name.
    places: BTreeMap<String, BTreeMap<String, usize>>,
    /// When the next approval of a pipeline expires, and the place of the pipeline.
    deadlines: BTreeSet<(UtcDateTime, usize)>,
    /// The same, by place.
    next_deadlines: BTreeMap<usize, UtcDateTime>,
    /// The places of those that may have been changed since their deadlines were noted.
    changed: BTreeSet<usize>,
}

impl Pipelines {
    pub fn iter(&self) -> impl Iterator<Item = &Pipeline> {
        self.all.iter()
    }

    /// Those of an account in the order of their names, each with a number of its own.
    pub fn of_account(&self, account: &str) -> impl Iterator<Item = (usize, &Pipeline)> {
        let places = self.places.get(account).into_iter().flat_map(BTreeMap::values);
        places.filter_map(|place| Some((*place, self.all.get(*place)?)))
    }

    pub fn get(&self, account: &str, name: &str) -> Option<&Pipeline> {
        self.all.get(self.place(account, name)?)
    }

    pub fn get_mut(&mut self, account: &str, name: &str) -> Option<&mut Pipeline> {
        let place = self.place(account, name)?;
        self.at_mut(place)
    }

    /// The first of this name, in whatever account.
    pub fn first_mut(&mut self, name: &str) -> Option<&mut Pipeline> {
        let place = self.all.iter().position(|known| known.definition.name == name)?;
        self.at_mut(place)
    }

    /// Adds a pipeline, whose account has none of this name.
    pub fn add(&mut self, pipeline: Pipeline) {
        let (place, definition) = (self.all.len(), &pipeline.definition);
        self.places.entry(definition.account.clone()).or_default().insert(definition.name.clone(), place);
        self.changed.insert(place);
        self.all.push(pipeline);
    }

    /// The time at which the next approval expires, if one waits.
    pub fn next_deadline(&mut self) -> Option<UtcDateTime> {
        for place in std::mem::take(&mut self.changed) {
            if let Some(deadline) = self.next_deadlines.remove(&place) {
                self.deadlines.remove(&(deadline, place));
            }
            if let Some(deadline) = self.all.get(place).and_then(Pipeline::next_deadline) {
                self.deadlines.insert((deadline, place));
                self.next_deadlines.insert(place, deadline);
            }
        }
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Ends every approval whose time is over by then.
    pub fn expire(&mut self, world: &World<'_>) {
        let due = self.deadlines.iter().take_while(|(deadline, _)| *deadline <= world.now);
        let due: Vec<usize> = due.map(|(_, place)| *place).collect();
        for place in due {
            if let Some(pipeline) = self.at_mut(place) {
                pipeline.expire(world);
            }
        }
    }

    fn place(&self, account: &str, name: &str) -> Option<usize> {
        self.places.get(account)?.get(name).copied()
    }

    fn at_mut(&mut self, place: usize) -> Option<&mut Pipeline> {
        let pipeline = self.all.get_mut(place)?;
        self.changed.insert(place);
        Some(pipeline)
    }
}
