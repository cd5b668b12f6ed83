//! `GetPipeline`, `GetPipelineState` and `GetPipelineExecution`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::definition::{ActionDefinition, ActionKind, ExecutionMode, PipelineDefinition, StageDefinition};
use super::errors::AwsError;
use super::input::Input;
use super::state::{ActionRun, Execution, Pipeline, Revision, Trigger};
use super::status::StageStatus;
use super::wire::{Members, seconds};

/// `GetPipeline`. Only the present version is kept.
pub(super) fn pipeline(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("name");
    let version = input.optional_integer("version", 1..=i64::from(i32::MAX));
    input.finish()?;
    let pipeline = call.pipeline(&name)?;
    if let Some(version) = version.filter(|version| *version != i64::from(pipeline.version)) {
        let message = format!("Pipeline '{name}' does not have a version {version}");
        return Err(AwsError::new("PipelineVersionNotFoundException", message));
    }
    let definition = &pipeline.definition;
    let (partition, account, region) = (definition.partition(), &definition.account, &definition.region);
    let stages: Vec<_> = definition.stages.iter().map(|stage| declared_stage(definition, stage)).collect();
    Ok(json!({
        "pipeline": {
            "name": name,
            "roleArn": format!("arn:{partition}:iam::{account}:role/service-role/AWSCodePipelineServiceRole-{region}"),
            "artifactStore": {"type": "S3", "location": format!("codepipeline-{region}-{account}")},
            "stages": stages,
            "version": pipeline.version,
            "executionMode": definition.mode.as_str(),
            "pipelineType": "V2",
        },
        "metadata": {
            "pipelineArn": definition.arn(),
            "created": seconds(pipeline.created),
            "updated": seconds(pipeline.updated),
        },
    }))
}

fn declared_stage(pipeline: &PipelineDefinition, stage: &StageDefinition) -> Value {
    let actions: Vec<_> = stage.actions.iter().map(|action| declared_action(pipeline, action)).collect();
    json!({"name": stage.name, "actions": actions})
}

fn declared_action(pipeline: &PipelineDefinition, action: &ActionDefinition) -> Value {
    let (inputs, outputs) = match action.kind {
        ActionKind::Source(_) => (json!([]), json!([{"name": pipeline.artifact_of(&action.name)}])),
        ActionKind::Build => (json!([{"name": pipeline.first_artifact()}]), json!([{"name": "BuildArtifact"}])),
        ActionKind::Deploy => (json!([{"name": pipeline.first_artifact()}]), json!([])),
        ActionKind::Approval(_) => (json!([]), json!([])),
    };
    let timeout = match &action.kind {
        ActionKind::Approval(approval) => approval.timeout_minutes,
        ActionKind::Source(_) | ActionKind::Build | ActionKind::Deploy => None,
    };
    Members::new()
        .with("name", action.name.as_str())
        .with("actionTypeId", action_type(&action.kind))
        .with("runOrder", action.run_order)
        .with("configuration", json!(action.kind.configuration(pipeline)))
        .with("outputArtifacts", outputs)
        .with("inputArtifacts", inputs)
        .with("region", pipeline.region.as_str())
        .maybe("namespace", action.kind.namespace())
        .maybe("timeoutInMinutes", timeout)
        .into()
}

pub(super) fn action_type(kind: &ActionKind) -> Value {
    let (category, owner, provider) = kind.category_owner_and_provider();
    json!({"category": category, "owner": owner, "provider": provider, "version": "1"})
}

/// `GetPipelineState`.
pub(super) fn state(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("name");
    input.finish()?;
    let pipeline = call.pipeline(&name)?;
    let stages: Vec<_> = pipeline.definition.stages.iter().map(|stage| stage_state(pipeline, stage)).collect();
    Ok(json!({
        "pipelineName": name,
        "pipelineVersion": pipeline.version,
        "stageStates": stages,
        "created": seconds(pipeline.created),
        "updated": seconds(pipeline.updated),
    }))
}

/// A pipeline in PARALLEL mode has no state to show: its executions do not share any.
fn stage_state(pipeline: &Pipeline, stage: &StageDefinition) -> Value {
    let shared = pipeline.definition.mode != ExecutionMode::Parallel;
    let waits = |execution: &&Execution| shared && execution.is_before(&stage.name);
    let inbound =
        pipeline.executions.iter().filter(waits).map(|execution| stage_execution(execution, StageStatus::InProgress));
    let inbound: Vec<Value> = inbound.collect();
    let latest = pipeline.latest_visit(&stage.name).filter(|_| shared);
    let actions: Vec<Value> = stage
        .actions
        .iter()
        .map(|action| {
            let run = pipeline.runs_of(&stage.name, &action.name).first().copied().filter(|_| shared);
            action_state(action, run)
        })
        .collect();
    Members::new()
        .with("stageName", stage.name.as_str())
        .maybe("inboundExecution", inbound.first().cloned())
        .some("inboundExecutions", inbound)
        .with("inboundTransitionState", json!({"enabled": true}))
        .with("actionStates", actions)
        .maybe("latestExecution", latest.map(|(execution, visit)| stage_execution(execution, visit.status)))
        .maybe("retryStageMetadata", latest.and_then(|(execution, _)| retries(execution, &stage.name)))
        .into()
}

/// How often the stage was retried in an execution. All retries here are by hand.
fn retries(execution: &Execution, stage: &str) -> Option<Value> {
    let retried = execution.runs.iter().filter(|run| run.stage == stage && run.retried);
    let most = retried.fold(BTreeMap::<&str, u32>::new(), |mut counts, run| {
        *counts.entry(&run.action.name).or_default() += 1;
        counts
    });
    let count = most.into_values().max()?;
    Some(json!({"manualStageRetryAttempt": count, "latestRetryTrigger": "ManualStageRetry"}))
}

fn stage_execution(execution: &Execution, status: StageStatus) -> Value {
    json!({"pipelineExecutionId": execution.id.value, "status": status.as_str(), "type": execution_type(execution)})
}

fn action_state(action: &ActionDefinition, run: Option<(&Execution, &ActionRun)>) -> Value {
    let revision =
        run.and_then(|(execution, run)| execution.revisions.iter().find(|revision| revision.action == run.action.name));
    let revision = revision.filter(|_| matches!(action.kind, ActionKind::Source(_)));
    let current = revision.map(|revision| {
        json!({"revisionId": revision.id, "revisionChangeId": revision.id, "created": seconds(revision.created)})
    });
    Members::new()
        .with("actionName", action.name.as_str())
        .maybe("currentRevision", current)
        .maybe("latestExecution", run.map(|(_, run)| action_execution(run)))
        .maybe("revisionUrl", revision.map(|revision| revision.url.as_str()))
        .into()
}

/// The latest run of an action: the token while the approval waits, and afterwards who decided, and the comment.
fn action_execution(run: &ActionRun) -> Value {
    let external = run.external_id.as_deref().filter(|_| run.approval.is_none());
    Members::new()
        .with("actionExecutionId", run.id.as_str())
        .with("status", run.status.as_str())
        .maybe("summary", run.summary.as_deref())
        .with("lastStatusChange", seconds(run.updated))
        .maybe("token", run.open_token())
        .maybe("lastUpdatedBy", run.updated_by.as_deref())
        .maybe("externalExecutionId", external)
        .maybe("externalExecutionUrl", run.external_url.as_deref())
        .into()
}

/// `GetPipelineExecution`.
pub(super) fn execution(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let id = input.execution_id("pipelineExecutionId");
    input.finish()?;
    let execution = call.pipeline(&name)?.execution(&id)?;
    let revisions: Vec<Value> = execution
        .revisions
        .iter()
        .map(|revision| {
            let artifact = execution.definition.artifact_of(&revision.action);
            revision_members(Members::new().with("name", artifact), revision)
                .with("created", seconds(revision.created))
                .into()
        })
        .collect();
    let variables = execution.variables.iter().map(|(name, value)| json!({"name": name, "resolvedValue": value}));
    let found = Members::new()
        .with("pipelineName", name)
        .with("pipelineVersion", execution.version)
        .with("pipelineExecutionId", id)
        .with("status", execution.status.as_str())
        .maybe("statusSummary", execution.status_summary.as_deref())
        .with("artifactRevisions", revisions)
        .some("variables", variables.collect())
        .with("trigger", trigger(&execution.trigger))
        .with("executionMode", execution.definition.mode.as_str())
        .with("executionType", execution_type(execution))
        .maybe("rollbackMetadata", rollback_metadata(execution));
    Ok(json!({"pipelineExecution": Value::from(found)}))
}

/// A revision in either list. Where there is no summary and no address, neither is there.
pub(super) fn revision_members(members: Members, revision: &Revision) -> Members {
    let filled = |text: &'static str, value: &str| (!value.is_empty()).then(|| (text, value.to_owned()));
    let texts = [filled("revisionSummary", &revision.summary), filled("revisionUrl", &revision.url)];
    let members = members.with("revisionId", revision.id.as_str());
    texts.into_iter().flatten().fold(members, |members, (name, value)| members.with(name, value))
}

pub(super) fn trigger(trigger: &Trigger) -> Value {
    let (kind, detail) = trigger.kind_and_detail();
    Members::new().with("triggerType", kind).maybe("triggerDetail", detail).into()
}

/// Whether it releases something again, or for the first time.
pub(super) fn execution_type(execution: &Execution) -> &'static str {
    if execution.rolls_back_to.is_some() { "ROLLBACK" } else { "STANDARD" }
}

pub(super) fn rollback_metadata(execution: &Execution) -> Option<Value> {
    let target = execution.rolls_back_to.as_deref()?;
    Some(json!({"rollbackTargetPipelineExecutionId": target}))
}
