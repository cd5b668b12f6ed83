//! Playing recorded events: the sandbox creates the approval that a record names, whatever is here already.

use std::sync::Arc;

use time::{Duration, UtcDateTime};

use super::definition::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition,
};
use super::id::Id;
use super::machine::Eviction;
use super::pipelines::Pipelines;
use super::run::{self, Begins, DEFAULT_TIMEOUT};
use super::state::{ActionRun, Execution, Pipeline, Place, StageVisit, Trigger};
use super::status::{ActionStatus, ExecutionStatus, StageStatus};
use super::world::World;

/// An approval as a recorded event names it. EventBridge names the execution and no token, SNS the token and no
/// execution; both leave out texts that are not set.
///
/// - A pipeline, stage or action that is not here is added. The stage goes in front of the last stage that deploys, the
///   action behind the others of its stage.
/// - The same execution or the same token means the same approval, even when it has ended.
/// - A record of the one kind belongs to the approval that was played from the other kind and waits at that action, if
///   that one still lacks what this record names. A record that names neither belongs to whatever waits there.
/// - Else an execution begins that waits there and has passed everything before, silently: no event is sent of the
///   start, because the record is that event. It bears the account and region of the record, and so will its events.
/// - The record is right. In SUPERSEDED mode the execution takes over the stage; in QUEUED mode, where it could not be
///   in the stage if somebody else were, that one is stopped (not approved: nobody said so); in PARALLEL mode nothing
///   else changes. An execution that is known to wait elsewhere has gone on to here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedApproval {
    /// The account: twelve digits.
    pub account: String,
    /// The pipeline's region.
    pub region: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The stage's name.
    pub stage: String,
    /// The action's name.
    pub action: String,
    /// The execution id, if the record has one.
    pub execution: Option<String>,
    /// The approval token, if the record has one.
    pub token: Option<String>,
    /// The comments, if the record has some.
    pub custom_data: Option<String>,
    /// The URL to review, if the record has one.
    pub external_entity_link: Option<String>,
    /// How long the approval waits from when it began to, if the record says so. A wait that is longer than the action's
    /// time-out is ignored, and one that would be over by now: the approval waits until the time-out.
    pub wait: Option<Duration>,
}

/// A played approval as it is in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The execution id.
    pub execution: String,
    /// The approval token.
    pub token: String,
    /// When it began to wait here.
    pub began: UtcDateTime,
}

pub(super) fn play(pipelines: &mut Pipelines, world: &World<'_>, named: &NamedApproval) -> Played {
    if let Some(pipeline) = pipelines.get_mut(&named.account, &named.pipeline) {
        return pipeline.play(world, named);
    }
    let mut pipeline = Pipeline::new(definition_for(named), world.now);
    let played = pipeline.play(world, named);
    pipelines.add(pipeline);
    played
}

/// The smallest pipeline in which the record makes sense.
fn definition_for(named: &NamedApproval) -> PipelineDefinition {
    let source = ActionKind::Source(SourceAction::new(SourceProvider::CodeCommit, &named.pipeline));
    let unlike = |name: &str| if named.stage == name { format!("{name}-2") } else { name.to_owned() };
    let mut definition = PipelineDefinition::new(&named.account, &named.region, &named.pipeline);
    definition.stages = vec![
        StageDefinition::new(&unlike("Source"), [ActionDefinition::new("Source", source)]),
        StageDefinition::new(&named.stage, [ActionDefinition::new(&named.action, approval_of(named))]),
        StageDefinition::new(&unlike("Deploy"), [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
    ];
    definition
}

fn approval_of(named: &NamedApproval) -> ActionKind {
    ActionKind::Approval(ApprovalAction {
        custom_data: named.custom_data.clone(),
        external_entity_link: named.external_entity_link.clone(),
        timeout_minutes: None,
        notification_arn: None,
    })
}

impl Pipeline {
    fn play(&mut self, world: &World<'_>, named: &NamedApproval) -> Played {
        if let Some(played) = self.recognise(world.now, named) {
            return played;
        }
        self.make_room(world.now, named);
        let mut definition = PipelineDefinition::clone(&self.definition);
        definition.account.clone_from(&named.account);
        definition.region.clone_from(&named.region);
        let definition = Arc::new(definition);

        let known = named.execution.as_deref();
        let index = self.executions.iter().position(|execution| known.is_some_and(|known| execution.id.is(known)));
        let index = index.unwrap_or(self.executions.len());
        if let Some(execution) = self.executions.get_mut(index) {
            execution.definition = definition;
            execution.version = self.version;
        } else {
            let trigger = Trigger::CloudWatchEvent(rule_arn(&definition));
            self.executions.push(Execution::new(Id::recorded(known), definition, self.version, trigger, world.now));
        }
        self.bring(world, index, named);
        self.settle(world);
        self.recognise(world.now, named).unwrap_or_else(|| Played {
            execution: self.id_of(index),
            token: String::new(),
            began: world.now,
        })
    }

    /// Finds the approval that a record names, and remembers what the record says of it.
    fn recognise(&mut self, now: UtcDateTime, named: &NamedApproval) -> Option<Played> {
        let (execution_id, token) = (named.execution.as_deref(), named.token.as_deref());
        let same_execution = |execution: &Execution, _: &ActionRun| execution_id.is_some_and(|id| execution.id.is(id));
        let same_token =
            |_: &Execution, run: &ActionRun| token.is_some_and(|token| token_of(run).is_some_and(|id| id.is(token)));
        let counterpart = |execution: &Execution, run: &ActionRun| {
            run.is_in_progress()
                && match (execution_id, token) {
                    (Some(_), Some(_)) => false,
                    (Some(_), None) => execution.id.is_open(),
                    (None, Some(_)) => token_of(run).is_some_and(Id::is_open),
                    (None, None) => true,
                }
        };
        let runs = self.runs_of(&named.stage, &named.action);
        let approvals = || runs.iter().filter(|(_, run)| run.approval.is_some());
        // Of several that could be the counterpart the oldest is: records come in the order of what happened.
        let (_, run) = approvals()
            .find(|(execution, run)| same_execution(execution, run))
            .or_else(|| approvals().find(|(execution, run)| same_token(execution, run)))
            .or_else(|| approvals().rev().find(|(execution, run)| counterpart(execution, run)))?;
        let sequence = run.sequence;

        let mut executions = self.executions.iter_mut();
        executions.find_map(|execution| {
            let run = execution.runs.iter_mut().find(|run| run.sequence == sequence)?;
            execution.id.claim(execution_id);
            run.learn(now, named);
            let approval = run.approval.as_ref()?;
            let (token, began) = (approval.token.value.clone(), approval.began);
            Some(Played { execution: execution.id.value.clone(), token, began })
        })
    }

    /// Adds the stage and the approval to the pipeline, if they are missing. What has the action's name and is
    /// no approval becomes one.
    fn make_room(&mut self, now: UtcDateTime, named: &NamedApproval) {
        let is_approval = |action: &ActionDefinition| matches!(action.kind, ActionKind::Approval(_));
        let stage = self.definition.stage(&named.stage);
        if stage.and_then(|stage| stage.action(&named.action)).is_some_and(is_approval) {
            return;
        }
        self.version += 1;
        self.updated = now;
        let stages = &mut Arc::make_mut(&mut self.definition).stages;
        let mut approval = ActionDefinition::new(&named.action, approval_of(named));
        if let Some(stage) = stages.iter_mut().find(|stage| stage.name == named.stage) {
            if let Some(action) = stage.actions.iter_mut().find(|action| action.name == named.action) {
                action.kind = approval.kind;
            } else {
                approval.run_order =
                    stage.actions.iter().map(|action| action.run_order).max().map_or(1, |last| last.saturating_add(1));
                stage.actions.push(approval);
            }
            return;
        }
        let deploys = |stage: &StageDefinition| stage.actions.iter().any(|action| action.kind == ActionKind::Deploy);
        let place = stages.iter().rposition(deploys).unwrap_or(stages.len());
        stages.insert(place, StageDefinition::new(&named.stage, [approval]));
    }

    /// Brings an execution to the approval, past everything in front of it, and lets it wait there.
    fn bring(&mut self, world: &World<'_>, index: usize, named: &NamedApproval) {
        let Some(execution) = self.executions.get(index) else { return };
        let definition = Arc::clone(&execution.definition);
        let Some(number) = definition.stages.iter().position(|stage| stage.name == named.stage) else { return };
        let Some(target) = definition.stages.get(number).and_then(|stage| stage.action(&named.action)) else { return };

        for (passing, stage) in definition.stages.iter().enumerate().take(number + 1) {
            let before = |action: &&ActionDefinition| passing < number || action.run_order < target.run_order;
            for action in stage.actions.iter().filter(before) {
                self.pass(world.now, index, &stage.name, action);
            }
            if passing < number {
                self.visit_silently(index, &stage.name);
            }
        }
        if !self.executions.get(index).is_some_and(|execution| execution.is_inside(&named.stage)) {
            self.clear_stage(world, index, &named.stage);
            self.enter(world, index, number, &named.stage);
        }
        let token = Id::recorded(named.token.as_deref());
        let Some(execution) = run::begin(self, world.into(), index, &named.stage, target, token) else { return };
        execution.status = ExecutionStatus::InProgress;
        execution.status_summary = None;
        execution.place = Place::Inside(number);
        let Some(run) = execution.runs.last_mut() else { return };
        // The record's texts are the resolved ones.
        let recorded = [("CustomData", &named.custom_data), ("ExternalEntityLink", &named.external_entity_link)];
        run.resolved.extend(recorded.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
        run.learn(world.now, named);
    }

    /// Marks an action as succeeded, without an event.
    fn pass(&mut self, now: UtcDateTime, index: usize, stage: &str, action: &ActionDefinition) {
        let Some(execution) = self.executions.get_mut(index) else { return };
        if execution.run_of(stage, &action.name).is_none() {
            run::begin(self, Begins { now, timeout: DEFAULT_TIMEOUT }, index, stage, action, Id::fresh());
        }
        let Some(execution) = self.executions.get_mut(index) else { return };
        let runs = execution.runs.iter_mut();
        for run in runs.filter(|run| run.is_of(stage, &action.name) && run.is_in_progress()) {
            run.end(ActionStatus::Succeeded, now);
        }
    }

    fn visit_silently(&mut self, index: usize, stage: &str) {
        let sequence = self.next_in_sequence();
        let Some(execution) = self.executions.get_mut(index) else { return };
        match execution.visit_mut(stage) {
            Some(visit) => visit.status = StageStatus::Succeeded,
            None => {
                execution.visits.push(StageVisit { stage: stage.to_owned(), status: StageStatus::Succeeded, sequence });
            }
        }
    }

    /// Makes the stage free for an execution which, says the record, is in it.
    fn clear_stage(&mut self, world: &World<'_>, index: usize, stage: &str) {
        let why = match self.definition.mode {
            ExecutionMode::Parallel => return,
            ExecutionMode::Queued => {
                Eviction::Stopped { reason: "An event that was played says that another execution is in the stage." }
            }
            ExecutionMode::Superseded => Eviction::Superseded { by: self.id_of(index) },
        };
        for other in self.others_inside(index, stage) {
            self.evict(world, other, &why);
        }
    }
}

impl ActionRun {
    /// Copies facts from a record that were unknown so far.
    fn learn(&mut self, now: UtcDateTime, named: &NamedApproval) {
        let texts = [("CustomData", &named.custom_data), ("ExternalEntityLink", &named.external_entity_link)];
        for (key, text) in texts {
            if let Some(text) = text {
                self.resolved.entry(key).or_insert_with(|| text.clone());
            }
        }
        let waits = self.is_in_progress();
        let Some(approval) = &mut self.approval else { return };
        approval.token.claim(named.token.as_deref());
        // CodePipeline shows no deadline but a start, and waits for as long as the action says: a shorter wait is one that
        // started earlier.
        let timeout = approval.deadline - self.started;
        let Some(expires) = named.wait.and_then(|wait| approval.began.checked_add(wait)) else { return };
        let is_reasonable = waits && expires > now && expires - timeout <= approval.began;
        // The notice of an approval gives no seconds, so that a deadline in the minute after it is the same one.
        let is_same = expires <= approval.deadline && approval.deadline - expires < Duration::MINUTE;
        if is_reasonable && !is_same {
            (self.started, approval.deadline) = (expires - timeout, expires);
        }
    }
}

fn token_of(run: &ActionRun) -> Option<&Id> {
    run.approval.as_ref().map(|approval| &approval.token)
}

fn rule_arn(pipeline: &PipelineDefinition) -> String {
    let (partition, region, account) = (pipeline.partition(), &pipeline.region, &pipeline.account);
    format!("arn:{partition}:events:{region}:{account}:rule/{}-source", pipeline.name)
}
