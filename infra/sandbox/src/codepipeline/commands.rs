//! The operations that change something: JSON in, JSON out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::definition::{ActionKind, ExecutionMode};
use super::endings::{Answer, RetryMode};
use super::errors::AwsError;
use super::id::Id;
use super::input::{Input, Pattern, Text};
use super::state::{Decision, Execution, Pipeline, Place, Trigger};
use super::status::StageStatus;
use super::wire::seconds;
use super::world::World;

/// The service's quota for executions under way in QUEUED and PARALLEL mode.
const MOST_UNDER_WAY: usize = 50;

/// The beginning of an execution.
pub(super) struct Start {
    pub trigger: Trigger,
    /// The same one again means the same execution.
    pub request: Option<String>,
    pub variables: Vec<(String, String)>,
    /// Source action and the revision id it is to bring.
    pub overrides: Vec<(String, String)>,
}

impl Start {
    pub fn by(trigger: Trigger) -> Self {
        Self { trigger, request: None, variables: Vec::new(), overrides: Vec::new() }
    }
}

impl Pipeline {
    /// Begins an execution, lets it run as far as it gets, and returns its id.
    pub fn start(&mut self, world: &World<'_>, start: Start) -> Result<String, AwsError> {
        if let Some(request) = &start.request
            && let Some((_, execution)) = self.requests.iter().find(|(known, _)| known == request)
        {
            return Ok(execution.clone());
        }
        let under_way = self.executions.iter().filter(|execution| execution.place != Place::Ended).count();
        if self.definition.mode != ExecutionMode::Superseded && under_way >= MOST_UNDER_WAY {
            let message = format!("Pipeline '{}' has {under_way} executions under way already", self.definition.name);
            return Err(AwsError::new("ConcurrentPipelineExecutionsLimitExceededException", message));
        }
        let mut execution =
            Execution::new(Id::fresh(), Arc::clone(&self.definition), self.version, start.trigger, world.now);
        execution.variables = start.variables;
        execution.overrides = start.overrides;
        let id = execution.id.value.clone();
        self.requests.extend(start.request.map(|request| (request, id.clone())));
        self.executions.push(execution);
        self.settle(world);
        Ok(id)
    }

    /// Releases again in one stage what an earlier execution released there, and returns the id of the new execution.
    pub fn roll_back(
        &mut self,
        world: &World<'_>,
        stage: &str,
        target: &str,
        trigger: Trigger,
    ) -> Result<String, AwsError> {
        let name = &self.definition.name;
        let number = self.definition.stages.iter().position(|known| known.name == stage);
        let number = number.ok_or_else(|| AwsError::stage_not_found(name, stage))?;
        let earlier = self.execution(target)?;
        if earlier.version != self.version {
            let message = format!("Execution '{target}' is of another version of pipeline '{name}'");
            return Err(AwsError::new("PipelineExecutionOutdatedException", message));
        }
        let succeeded = earlier.visit(stage).is_some_and(|visit| visit.status == StageStatus::Succeeded);
        let runs = self.executions.iter().any(|execution| execution.is_inside(stage));
        if !succeeded || runs || earlier.rolls_back_to.is_some() {
            let message = format!("Stage '{stage}' cannot be rolled back to execution '{target}'");
            return Err(AwsError::new("UnableToRollbackStageException", message));
        }
        let (revisions, variables) = (earlier.revisions.clone(), earlier.variables.clone());
        let mut execution = Execution::new(Id::fresh(), Arc::clone(&self.definition), self.version, trigger, world.now);
        (execution.revisions, execution.variables) = (revisions, variables);
        execution.rolls_back_to = Some(target.to_owned());
        execution.place = Place::Before(number);
        let id = execution.id.value.clone();
        self.executions.push(execution);
        self.settle(world);
        Ok(id)
    }

    fn has_source(&self, name: &str) -> bool {
        let mut actions = self.definition.stages.iter().flat_map(|stage| &stage.actions);
        actions.any(|action| action.name == name && matches!(action.kind, ActionKind::Source(_)))
    }
}

/// `StartPipelineExecution`. The service refuses variables that the pipeline does not declare; pipelines here declare
/// none and take any.
pub(super) fn start(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("name");
    let request = input.optional_text("clientRequestToken", &Text::of(Pattern::RequestToken));
    let variables: Vec<_> = input
        .list("variables", 50)
        .into_iter()
        .map(|path| {
            let name = input.text(&format!("{path}.name"), &Text::of(Pattern::VariableName));
            (name, input.text(&format!("{path}.value"), &Text::long(1..=1000)))
        })
        .collect();
    let overrides: Vec<_> = input
        .list("sourceRevisions", 50)
        .into_iter()
        .map(|path| {
            let types = &["COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"];
            input.text(&format!("{path}.revisionType"), &Text::one_of(types));
            (
                input.name(&format!("{path}.actionName")),
                input.text(&format!("{path}.revisionValue"), &Text::long(1..=1500)),
            )
        })
        .collect();
    input.finish()?;
    let (world, trigger) = (call.world, Trigger::StartPipelineExecution(call.caller.to_owned()));
    let pipeline = call.pipeline(&name)?;
    if let Some((unknown, _)) = overrides.iter().find(|(action, _)| !pipeline.has_source(action)) {
        return Err(AwsError::validation(format!(
            "Pipeline '{name}' does not have a source action with name '{unknown}'"
        )));
    }
    let id = pipeline.start(world, Start { trigger, request, variables, overrides })?;
    Ok(json!({"pipelineExecutionId": id}))
}

/// `StopPipelineExecution`. The model declares no error for an unknown execution: it is one that cannot be stopped.
pub(super) fn stop(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let id = input.execution_id("pipelineExecutionId");
    let abandon = input.flag("abandon");
    let reason = input.optional_text("reason", &Text::long(0..=200));
    input.finish()?;
    let world = call.world;
    call.pipeline(&name)?.stop(world, &id, abandon, reason)?;
    Ok(json!({"pipelineExecutionId": id}))
}

/// `RetryStageExecution`.
pub(super) fn retry(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let stage = input.name("stageName");
    let id = input.execution_id("pipelineExecutionId");
    let mode = input.text("retryMode", &Text::one_of(&["FAILED_ACTIONS", "ALL_ACTIONS"]));
    input.finish()?;
    let mode = if mode == "ALL_ACTIONS" { RetryMode::AllActions } else { RetryMode::FailedActions };
    let world = call.world;
    call.pipeline(&name)?.retry(world, &stage, &id, mode)?;
    Ok(json!({"pipelineExecutionId": id}))
}

/// `RollbackStage`.
pub(super) fn roll_back(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let stage = input.name("stageName");
    let target = input.execution_id("targetPipelineExecutionId");
    input.finish()?;
    let (world, trigger) = (call.world, Trigger::ManualRollback(call.caller.to_owned()));
    let id = call.pipeline(&name)?.roll_back(world, &stage, &target, trigger)?;
    Ok(json!({"pipelineExecutionId": id}))
}

/// `PutApprovalResult`.
pub(super) fn put_approval_result(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let stage = input.name("stageName");
    let action = input.name("actionName");
    let token = input.token("token");
    input.structure("result");
    let summary = input.text("result.summary", &Text::long(0..=512));
    let status = input.text("result.status", &Text::one_of(&["Approved", "Rejected"]));
    input.finish()?;
    let decision = if status == "Approved" { Decision::Approved } else { Decision::Rejected };
    let answer = Answer { stage: &stage, action: &action, token: &token, decision, summary: &summary, by: call.caller };
    let world = call.world;
    call.pipeline(&name)?.answer(world, &answer)?;
    Ok(json!({"approvedAt": seconds(call.world.now)}))
}
