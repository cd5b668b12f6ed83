//! `ListActionExecutions`, `ListPipelineExecutions` and `ListPipelines`: page by page.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};

use super::call::Call;
use super::errors::AwsError;
use super::input::{Input, Text};
use super::queries::{action_type, execution_type, revision_members, rollback_metadata, trigger};
use super::state::{ActionRun, Execution};
use super::status::StageStatus;
use super::wire::{Members, seconds};

/// One page of a list whose items are numbered. The token names the last item given, so that items which come later do
/// not shift the pages.
struct Page {
    list: &'static str,
    most: usize,
    after: Option<String>,
}

impl Page {
    fn read(input: &mut Input<'_>, list: &'static str, most: i64) -> Self {
        let asked = input.optional_integer("maxResults", 1..=most).unwrap_or(most);
        let after = input.optional_text("nextToken", &Text::long(1..=2048));
        Self { list, most: usize::try_from(asked).unwrap_or(1), after }
    }

    /// Cuts the page out of items in their order.
    fn cut<N: PartialEq + Display + FromStr, T>(
        &self,
        mut items: Vec<(N, T)>,
    ) -> Result<(Vec<T>, Option<String>), AwsError> {
        if let Some(token) = &self.after {
            let number = token.strip_prefix(self.list).and_then(|rest| rest.strip_prefix('.')?.parse().ok());
            let Some(last) = items.iter().position(|(known, _)| Some(known) == number.as_ref()) else {
                let message = "The next token was not given by this operation";
                return Err(AwsError::new("InvalidNextTokenException", message));
            };
            items.drain(..=last);
        }
        let more = items.len() > self.most;
        items.truncate(self.most);
        let next = items.last().filter(|_| more).map(|(number, _)| format!("{}.{number}", self.list));
        Ok((items.into_iter().map(|(_, item)| item).collect(), next))
    }
}

/// `ListPipelines`: those of the caller's account, in the order of their names.
pub(super) fn pipelines(call: &Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let page = Page::read(&mut input, "pipelines", 1000);
    input.finish()?;
    let (shown, next) = page.cut(call.own().collect())?;
    let shown: Vec<Value> = shown
        .into_iter()
        .map(|pipeline| {
            json!({
                "name": pipeline.definition.name,
                "version": pipeline.version,
                "pipelineType": "V2",
                "executionMode": pipeline.definition.mode.as_str(),
                "created": seconds(pipeline.created),
                "updated": seconds(pipeline.updated),
            })
        })
        .collect();
    Ok(Members::new().with("pipelines", shown).maybe("nextToken", next).into())
}

/// `ListPipelineExecutions`, newest first.
pub(super) fn pipeline_executions(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let page = Page::read(&mut input, "executions", 100);
    let stage =
        if input.has("filter.succeededInStage") { Some(input.name("filter.succeededInStage.stageName")) } else { None };
    input.finish()?;
    let pipeline = call.pipeline(&name)?;
    // By the guide, the filter finds executions of the present version of the pipeline alone.
    let version = pipeline.version;
    let succeeded = |execution: &Execution| {
        stage.as_ref().is_none_or(|stage| {
            execution.version == version
                && execution.visit(stage).is_some_and(|visit| visit.status == StageStatus::Succeeded)
        })
    };
    let mut numbered: Vec<_> = (1..).zip(&pipeline.executions).filter(|(_, execution)| succeeded(execution)).collect();
    numbered.reverse();
    let (shown, next) = page.cut(numbered)?;
    let shown: Vec<Value> = shown.into_iter().map(execution_summary).collect();
    Ok(Members::new().with("pipelineExecutionSummaries", shown).maybe("nextToken", next).into())
}

fn execution_summary(execution: &Execution) -> Value {
    let revisions: Vec<Value> = execution
        .revisions
        .iter()
        .map(|revision| revision_members(Members::new().with("actionName", revision.action.as_str()), revision).into())
        .collect();
    let stop = execution.stop.as_ref().map(|stop| Members::new().maybe("reason", stop.reason.as_deref()));
    Members::new()
        .with("pipelineExecutionId", execution.id.value.as_str())
        .with("status", execution.status.as_str())
        .maybe("statusSummary", execution.status_summary.as_deref())
        .with("startTime", seconds(execution.started))
        .with("lastUpdateTime", seconds(execution.updated))
        .with("sourceRevisions", revisions)
        .with("trigger", trigger(&execution.trigger))
        .maybe("stopTrigger", stop)
        .with("executionMode", execution.definition.mode.as_str())
        .with("executionType", execution_type(execution))
        .maybe("rollbackMetadata", rollback_metadata(execution))
        .into()
}

/// `ListActionExecutions`, newest first.
pub(super) fn action_executions(mut call: Call<'_>) -> Result<Value, AwsError> {
    let mut input = Input::new(call.input);
    let name = input.name("pipelineName");
    let page = Page::read(&mut input, "actions", 100);
    let mut wanted = None;
    let mut newest_attempt = false;
    if input.has("filter.pipelineExecutionId") {
        wanted = Some(input.execution_id("filter.pipelineExecutionId"));
    }
    if input.has("filter.latestInPipelineExecution") {
        wanted = Some(input.execution_id("filter.latestInPipelineExecution.pipelineExecutionId"));
        let range = input.text("filter.latestInPipelineExecution.startTimeRange", &Text::one_of(&["Latest", "All"]));
        newest_attempt = range == "Latest";
    }
    input.finish()?;
    let pipeline = call.pipeline(&name)?;
    let executions = match &wanted {
        Some(id) => vec![pipeline.execution(id)?],
        None => pipeline.executions.iter().collect(),
    };
    let mut numbered: Vec<_> = executions
        .into_iter()
        .flat_map(|execution| execution.runs.iter().map(move |run| (run.sequence, (execution, run))))
        .filter(|(_, (_, run))| !(newest_attempt && run.retried))
        .collect();
    numbered.sort_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
    let (shown, next) = page.cut(numbered)?;
    let shown: Vec<Value> = shown.into_iter().map(|(execution, run)| action_detail(execution, run)).collect();
    Ok(Members::new().with("actionExecutionDetails", shown).maybe("nextToken", next).into())
}

/// An approval shows its token as `externalExecutionId` from the start: in PARALLEL mode there is no other place for
/// it.
fn action_detail(execution: &Execution, run: &ActionRun) -> Value {
    let result = Members::new()
        .maybe("externalExecutionId", run.external_id.as_deref())
        .maybe("externalExecutionSummary", run.summary.as_deref())
        .maybe("externalExecutionUrl", run.external_url.as_deref());
    let input = Members::new()
        .with("actionTypeId", action_type(&run.action.kind))
        .with("configuration", json!(run.configuration))
        .with("resolvedConfiguration", json!(run.resolved))
        .with("region", execution.definition.region.as_str())
        .with("inputArtifacts", json!([]))
        .maybe("namespace", run.action.kind.namespace());
    let output = Members::new()
        .with("outputArtifacts", json!([]))
        .with("executionResult", result)
        .with("outputVariables", json!(run.output_variables));
    Members::new()
        .with("pipelineExecutionId", execution.id.value.as_str())
        .with("actionExecutionId", run.id.as_str())
        .with("pipelineVersion", execution.version)
        .with("stageName", run.stage.as_str())
        .with("actionName", run.action.name.as_str())
        .with("startTime", seconds(run.started))
        .with("lastUpdateTime", seconds(run.updated))
        .maybe("updatedBy", run.updated_by.as_deref())
        .with("status", run.status.as_str())
        .with("input", input)
        .with("output", output)
        .into()
}
