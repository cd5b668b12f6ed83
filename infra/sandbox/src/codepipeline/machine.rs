//! The state machine: how executions pass stages, wait, and get in each other's way.
//!
//! [`Pipeline::settle`] repeats the smallest possible [step](Pipeline::step) until nothing moves. Whatever changed (a
//! start, a decision, a stop, a time-out), settling afterwards is all that is needed.

use time::UtcDateTime;

use super::definition::{ExecutionMode, StageDefinition};
use super::events::{self, ActionEvent};
use super::run;
use super::state::{Pipeline, Place, StageVisit};
use super::status::{ActionStatus, ExecutionStatus, StageStatus};
use super::world::World;

/// Why a stage is taken from an execution.
pub(super) enum Eviction {
    Superseded { by: String },
    Stopped { reason: &'static str },
}

impl Pipeline {
    /// Lets every execution go as far as it can.
    pub fn settle(&mut self, world: &World<'_>) {
        while (0..self.executions.len()).any(|index| self.step(world, index)) {}
    }

    /// Moves one execution by one step, if it can move.
    fn step(&mut self, world: &World<'_>, index: usize) -> bool {
        match self.executions.get(index).map(|execution| execution.place) {
            Some(Place::Before(stage)) => self.knock(world, index, stage),
            Some(Place::Inside(stage)) => self.work(world, index, stage),
            Some(Place::Ended) | None => false,
        }
    }

    /// In front of a stage: enter, wait, or give up.
    fn knock(&mut self, world: &World<'_>, index: usize, number: usize) -> bool {
        let Some(execution) = self.executions.get(index) else { return false };
        let Some(stage) = execution.definition.stages.get(number) else {
            self.finish(index, ExecutionStatus::Succeeded, world.now);
            return true;
        };
        let stage = stage.name.clone();
        match execution.definition.mode {
            ExecutionMode::Parallel => {}
            ExecutionMode::Queued => {
                let older_waits = self.executions.iter().take(index).any(|older| older.is_before(&stage));
                if older_waits || !self.others_inside(index, &stage).is_empty() {
                    return false;
                }
            }
            ExecutionMode::Superseded => {
                let inside = self.others_inside(index, &stage);
                if let Some(newer) = inside.iter().copied().find(|other| *other > index) {
                    let by = self.id_of(newer);
                    self.supersede(index, &by, world.now);
                    return true;
                }
                let by = self.id_of(index);
                for older in inside {
                    self.evict(world, older, &Eviction::Superseded { by: by.clone() });
                }
            }
        }
        self.enter(world, index, number, &stage);
        true
    }

    /// Inside a stage: wait for what runs, start what is next, or leave.
    fn work(&mut self, world: &World<'_>, index: usize, number: usize) -> bool {
        let Some(execution) = self.executions.get(index) else { return false };
        let Some(stage) = execution.definition.stages.get(number).cloned() else { return false };
        let live = |status| {
            stage
                .actions
                .iter()
                .any(|action| execution.run_of(&stage.name, &action.name).is_some_and(|run| run.status == status))
        };
        let stopping = execution.status == ExecutionStatus::Stopping;
        // A failure fails the stage at once. An approval beside it goes on waiting and may still be answered: the API
        // reference has it that actions in progress continue while the failed ones are retried.
        if live(ActionStatus::Failed) && !stopping {
            self.mark_visit(index, &stage.name, StageStatus::Failed);
            self.finish(index, ExecutionStatus::Failed, world.now);
            return true;
        }
        if live(ActionStatus::InProgress) {
            return false;
        }
        if stopping {
            self.mark_visit(index, &stage.name, StageStatus::Stopped);
            self.finish(index, ExecutionStatus::Stopped, world.now);
            return true;
        }
        let left: Vec<_> =
            stage.actions.iter().filter(|action| execution.run_of(&stage.name, &action.name).is_none()).collect();
        let Some(next) = left.iter().map(|action| action.run_order).min() else {
            self.leave(index, number, &stage, world.now);
            return true;
        };
        for action in left.into_iter().filter(|action| action.run_order == next) {
            run::start(self, world, index, &stage.name, action);
        }
        true
    }

    pub(super) fn enter(&mut self, world: &World<'_>, index: usize, number: usize, stage: &str) {
        let parallel = self.definition.mode == ExecutionMode::Parallel;
        // Approvals beside a failed action may still wait here. Their stage now belongs to somebody else.
        for other in (0..self.executions.len()).filter(|other| *other != index && !parallel) {
            self.abandon(world, other, Some(stage));
        }
        let sequence = self.next_in_sequence();
        let Some(execution) = self.executions.get_mut(index) else { return };
        execution.place = Place::Inside(number);
        execution.updated = world.now;
        execution.visits.retain(|visit| visit.stage != stage);
        execution.visits.push(StageVisit { stage: stage.to_owned(), status: StageStatus::InProgress, sequence });
    }

    fn leave(&mut self, index: usize, number: usize, stage: &StageDefinition, now: UtcDateTime) {
        self.mark_visit(index, &stage.name, StageStatus::Succeeded);
        let Some(execution) = self.executions.get_mut(index) else { return };
        execution.updated = now;
        // A rollback is of one stage.
        let is_last = execution.rolls_back_to.is_some();
        execution.place = Place::Before(if is_last { execution.definition.stages.len() } else { number + 1 });
    }

    /// Takes its stage from an execution: what runs there is abandoned, and the execution ends.
    pub(super) fn evict(&mut self, world: &World<'_>, index: usize, why: &Eviction) {
        self.abandon(world, index, None);
        match why {
            Eviction::Superseded { by } => {
                self.mark_inside(index, StageStatus::Cancelled);
                self.supersede(index, by, world.now);
            }
            Eviction::Stopped { reason } => {
                self.mark_inside(index, StageStatus::Stopped);
                self.finish(index, ExecutionStatus::Stopped, world.now);
                if let Some(execution) = self.executions.get_mut(index) {
                    execution.status_summary = Some((*reason).to_owned());
                }
            }
        }
    }

    /// Abandons the actions of an execution that are in progress, in one stage or in all.
    pub(super) fn abandon(&mut self, world: &World<'_>, index: usize, stage: Option<&str>) {
        let Some(execution) = self.executions.get_mut(index) else { return };
        let mut abandoned = Vec::new();
        for run in execution.runs.iter_mut().filter(|run| run.is_in_progress()) {
            if stage.is_none_or(|stage| stage == run.stage) {
                run.end(ActionStatus::Abandoned, world.now);
                abandoned.push(run.sequence);
            }
        }
        for run in execution.runs.iter().filter(|run| abandoned.contains(&run.sequence)) {
            world.emit(events::state_change(execution, run, ActionEvent::Abandoned, world.now));
        }
    }

    fn supersede(&mut self, index: usize, by: &str, now: UtcDateTime) {
        self.finish(index, ExecutionStatus::Superseded, now);
        if let Some(execution) = self.executions.get_mut(index) {
            execution.status_summary = Some(format!("The newer execution {by} took over."));
        }
    }

    pub(super) fn finish(&mut self, index: usize, status: ExecutionStatus, now: UtcDateTime) {
        if let Some(execution) = self.executions.get_mut(index) {
            execution.status = status;
            execution.place = Place::Ended;
            execution.updated = now;
        }
    }

    pub(super) fn mark_visit(&mut self, index: usize, stage: &str, status: StageStatus) {
        let visit = self.executions.get_mut(index).and_then(|execution| execution.visit_mut(stage));
        if let Some(visit) = visit {
            visit.status = status;
        }
    }

    pub(super) fn mark_inside(&mut self, index: usize, status: StageStatus) {
        let stage = self.executions.get(index).and_then(|execution| execution.stage_inside());
        if let Some(stage) = stage.map(|stage| stage.name.clone()) {
            self.mark_visit(index, &stage, status);
        }
    }

    pub(super) fn others_inside(&self, index: usize, stage: &str) -> Vec<usize> {
        let all = self.executions.iter().enumerate();
        all.filter(|(other, execution)| *other != index && execution.is_inside(stage)).map(|(other, _)| other).collect()
    }

    pub(super) fn id_of(&self, index: usize) -> String {
        self.executions.get(index).map(|execution| execution.id.value.clone()).unwrap_or_default()
    }
}
