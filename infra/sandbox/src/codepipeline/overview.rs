//! The pipelines as the sandbox's page shows them.

use time::UtcDateTime;

use super::definition::ActionDefinition;
use super::state::{ActionRun, Execution, Pipeline};

/// A pipeline at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineView {
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// `SUPERSEDED`, `QUEUED` or `PARALLEL`.
    pub mode: &'static str,
    /// The stages, in their order.
    pub stages: Vec<StageView>,
    /// The executions, newest first.
    pub executions: Vec<ExecutionView>,
}

/// A stage at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct StageView {
    /// Its name.
    pub name: String,
    /// The status of its latest execution, as in `GetPipelineState`; none before the first.
    pub status: Option<&'static str>,
    /// Ids of the executions that wait in front of it, oldest first.
    pub inbound: Vec<String>,
    /// The actions, in the order of the definition.
    pub actions: Vec<ActionView>,
}

/// An action at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// `Source`, `Build`, `Deploy` or `Approval`.
    pub category: &'static str,
    /// The provider, such as `CodeBuild` or `Manual`.
    pub provider: &'static str,
    /// The latest run, and every other one that waits, newest first. Several can wait in PARALLEL mode.
    pub runs: Vec<RunView>,
}

/// One run of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// The execution's id.
    pub execution: String,
    /// `InProgress`, `Abandoned`, `Succeeded` or `Failed`.
    pub status: &'static str,
    /// The ARN of who decided.
    pub by: Option<String>,
    /// The comment, or what the provider says.
    pub summary: Option<String>,
    /// The time of the last status change.
    pub since: UtcDateTime,
    /// The approval token, while the approval waits.
    pub token: Option<String>,
    /// The time at which the approval expires, while it waits.
    pub expires: Option<UtcDateTime>,
}

/// An execution.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionView {
    /// Its id.
    pub id: String,
    /// `InProgress`, `Stopping`, `Stopped`, `Succeeded`, `Superseded` or `Failed`.
    pub status: &'static str,
    /// The reason for the status, if there is one.
    pub status_summary: Option<String>,
    /// The trigger, such as `StartPipelineExecution`.
    pub trigger_type: &'static str,
    /// The ARN of who or what started it.
    pub trigger_detail: String,
    /// The first source revision's id.
    pub revision_id: Option<String>,
    /// The revision's summary.
    pub revision_summary: Option<String>,
    /// The URL of the revision.
    pub revision_url: Option<String>,
    /// The time of the start.
    pub started: UtcDateTime,
    /// The time of the last change.
    pub updated: UtcDateTime,
}

pub(super) fn pipeline(pipeline: &Pipeline) -> PipelineView {
    let definition = &pipeline.definition;
    let stages = definition.stages.iter().map(|stage| StageView {
        name: stage.name.clone(),
        status: pipeline.latest_visit(&stage.name).map(|(_, visit)| visit.status.as_str()),
        inbound: pipeline
            .executions
            .iter()
            .filter(|execution| execution.is_before(&stage.name))
            .map(|execution| execution.id.value.clone())
            .collect(),
        actions: stage.actions.iter().map(|shown| action(pipeline, &stage.name, shown)).collect(),
    });
    PipelineView {
        name: definition.name.clone(),
        account: definition.account.clone(),
        region: definition.region.clone(),
        mode: definition.mode.as_str(),
        stages: stages.collect(),
        executions: pipeline.executions.iter().rev().map(execution).collect(),
    }
}

fn action(pipeline: &Pipeline, stage: &str, action: &ActionDefinition) -> ActionView {
    let (category, _, provider) = action.kind.category_owner_and_provider();
    let runs = pipeline.runs_of(stage, &action.name).into_iter().enumerate();
    let shown = runs.filter(|(age, (_, run))| *age == 0 || run.is_in_progress());
    ActionView {
        name: action.name.clone(),
        category,
        provider,
        runs: shown.map(|(_, (execution, shown))| run(execution, shown)).collect(),
    }
}

fn run(execution: &Execution, run: &ActionRun) -> RunView {
    let waiting = run.approval.as_ref().filter(|_| run.is_in_progress());
    RunView {
        execution: execution.id.value.clone(),
        status: run.status.as_str(),
        by: run.updated_by.clone(),
        summary: run.summary.clone(),
        since: run.updated,
        token: run.open_token().map(str::to_owned),
        expires: waiting.map(|approval| approval.deadline),
    }
}

fn execution(execution: &Execution) -> ExecutionView {
    let (trigger_type, trigger_detail) = execution.trigger.kind_and_detail();
    let revision = execution.revisions.first();
    ExecutionView {
        id: execution.id.value.clone(),
        status: execution.status.as_str(),
        status_summary: execution.status_summary.clone(),
        trigger_type,
        trigger_detail: trigger_detail.unwrap_or_default().to_owned(),
        revision_id: revision.map(|revision| revision.id.clone()),
        revision_summary: revision.map(|revision| revision.summary.clone()),
        revision_url: revision.map(|revision| revision.url.clone()),
        started: execution.started,
        updated: execution.updated,
    }
}
