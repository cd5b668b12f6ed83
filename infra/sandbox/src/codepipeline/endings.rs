//! The endings of an approval: a decision, the time-out, a stop. And its repetition: the retry of a stage.

use time::UtcDateTime;

use super::definition::ExecutionMode;
use super::errors::AwsError;
use super::events::{self, ActionEvent};
use super::state::{Decision, Pipeline, Place, StopRequest};
use super::status::{ActionStatus, ExecutionStatus, StageStatus};
use super::world::World;

/// A person's answer to an approval.
pub(super) struct Answer<'a> {
    pub stage: &'a str,
    pub action: &'a str,
    pub token: &'a str,
    pub decision: Decision,
    pub summary: &'a str,
    pub by: &'a str,
}

/// The actions of a failed stage that run again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryMode {
    FailedActions,
    AllActions,
}

impl Pipeline {
    /// Puts the answer to an approval that waits.
    ///
    /// The service's words on its two errors overlap, and which one it gives when is not known for sure. Here a token
    /// whose approval was approved or rejected gives `ApprovalAlreadyCompletedException`, no matter who decided; a
    /// token that is unknown, timed out, superseded or stopped gives `InvalidApprovalTokenException`.
    pub fn answer(&mut self, world: &World<'_>, answer: &Answer<'_>) -> Result<(), AwsError> {
        let name = &self.definition.name;
        let stage = self.definition.stage(answer.stage).ok_or_else(|| AwsError::stage_not_found(name, answer.stage))?;
        stage.action(answer.action).ok_or_else(|| AwsError::action_not_found(answer.stage, answer.action))?;
        for execution in &mut self.executions {
            let run = execution.runs.iter_mut().filter(|run| run.is_of(answer.stage, answer.action)).find_map(|run| {
                let asked = run.approval.as_ref()?.token.value == answer.token;
                asked.then_some(run)
            });
            let Some(run) = run else { continue };
            let in_progress = run.is_in_progress();
            let Some(approval) = &mut run.approval else { continue };
            if approval.decision.is_some() {
                let message =
                    format!("The approval at action '{}' has already been approved or rejected", answer.action);
                return Err(AwsError::new("ApprovalAlreadyCompletedException", message));
            }
            if !in_progress {
                break;
            }
            approval.decision = Some(answer.decision);
            let (status, event, verb) = match answer.decision {
                Decision::Approved => (ActionStatus::Succeeded, ActionEvent::Succeeded, "Approved"),
                Decision::Rejected => (ActionStatus::Failed, ActionEvent::Failed, "Rejected"),
            };
            run.end(status, world.now);
            run.updated_by = Some(answer.by.to_owned());
            // Seen in events of the real service: without a comment the summary says who decided.
            let unsaid = || format!("{verb} by {}", answer.by);
            run.summary = Some(if answer.summary.is_empty() { unsaid() } else { answer.summary.to_owned() });
            let sequence = run.sequence;
            execution.updated = world.now;
            if let Some(run) = execution.runs.iter().find(|run| run.sequence == sequence) {
                world.emit(events::state_change(execution, run, event, world.now));
            }
            self.settle(world);
            return Ok(());
        }
        Err(AwsError::invalid_token(answer.action))
    }

    /// The time at which the next approval expires, if one waits.
    pub fn next_deadline(&self) -> Option<UtcDateTime> {
        let runs = self.executions.iter().flat_map(|execution| &execution.runs);
        runs.filter(|run| run.is_in_progress()).filter_map(|run| Some(run.approval.as_ref()?.deadline)).min()
    }

    /// Fails every approval whose time is over.
    pub fn expire(&mut self, world: &World<'_>) {
        let mut any = false;
        for execution in &mut self.executions {
            let overdue = |deadline: UtcDateTime| deadline <= world.now;
            let mut expired = Vec::new();
            for run in execution.runs.iter_mut().filter(|run| run.is_in_progress()) {
                if run.approval.as_ref().is_some_and(|approval| overdue(approval.deadline)) {
                    run.end(ActionStatus::Failed, world.now);
                    expired.push(run.sequence);
                }
            }
            for run in execution.runs.iter().filter(|run| expired.contains(&run.sequence)) {
                world.emit(events::state_change(execution, run, ActionEvent::Failed, world.now));
                any = true;
            }
        }
        if any {
            self.settle(world);
        }
    }

    /// Stops an execution: at once with `abandon`, else as soon as what runs has ended.
    ///
    /// `ConflictException`, which the service gives while it is busy, cannot happen here: nothing goes on in between.
    pub fn stop(&mut self, world: &World<'_>, id: &str, abandon: bool, reason: Option<String>) -> Result<(), AwsError> {
        let not_stoppable = |state: &str| {
            let message = format!("Execution '{id}' cannot be stopped: {state}");
            AwsError::new("PipelineExecutionNotStoppableException", message)
        };
        let found = self.executions.iter_mut().enumerate().find(|(_, execution)| execution.id.value == id);
        let Some((index, execution)) = found else { return Err(not_stoppable("no execution has this ID")) };
        match execution.status {
            ExecutionStatus::InProgress => {}
            ExecutionStatus::Stopping if abandon => {}
            ExecutionStatus::Stopping => {
                let message = format!("Execution '{id}' is already in a Stopping state");
                return Err(AwsError::new("DuplicatedStopRequestException", message));
            }
            _ => return Err(not_stoppable("it is no longer in progress")),
        }
        execution.stop = Some(StopRequest { reason });
        execution.status = ExecutionStatus::Stopping;
        execution.updated = world.now;
        if matches!(execution.place, Place::Before(_)) {
            self.finish(index, ExecutionStatus::Stopped, world.now);
        } else {
            self.mark_inside(index, StageStatus::Stopping);
        }
        if abandon {
            self.abandon(world, index, None);
        }
        self.settle(world);
        Ok(())
    }

    /// Runs a failed stage again, for the execution that was in it last.
    ///
    /// The service lets only the latest execution of the stage do so. An unknown execution is refused in the same way,
    /// because the model declares no other error for it here.
    pub fn retry(&mut self, world: &World<'_>, stage: &str, id: &str, mode: RetryMode) -> Result<(), AwsError> {
        let name = &self.definition.name;
        self.definition.stage(stage).ok_or_else(|| AwsError::stage_not_found(name, stage))?;
        let outdated = || {
            let message = format!("Execution '{id}' is not the latest one in stage '{stage}'");
            AwsError::new("NotLatestPipelineExecutionException", message)
        };
        let latest = self.latest_visit(stage).map(|(execution, _)| execution.id.value.as_str());
        if self.definition.mode != ExecutionMode::Parallel && latest != Some(id) {
            return Err(outdated());
        }
        let execution = self.executions.iter_mut().find(|execution| execution.id.value == id).ok_or_else(outdated)?;
        let number = execution.definition.stages.iter().position(|known| known.name == stage);
        let failed = execution.visit(stage).is_some_and(|visit| visit.status == StageStatus::Failed);
        let busy = execution.runs.iter().any(|run| run.stage == stage && run.is_in_progress());
        let Some(number) = number.filter(|_| failed && !(busy && mode == RetryMode::AllActions)) else {
            let message = format!("Stage '{stage}' has not failed, or actions are still in progress");
            return Err(AwsError::new("StageNotRetryableException", message));
        };
        for run in execution.runs.iter_mut().filter(|run| run.stage == stage) {
            run.retried |= mode == RetryMode::AllActions || run.status == ActionStatus::Failed;
        }
        execution.attempt += 1;
        execution.status = ExecutionStatus::InProgress;
        execution.place = Place::Inside(number);
        execution.updated = world.now;
        if let Some(visit) = execution.visit_mut(stage) {
            visit.status = StageStatus::InProgress;
        }
        self.settle(world);
        Ok(())
    }
}
