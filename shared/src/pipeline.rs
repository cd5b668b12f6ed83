//! AWS CodePipeline, in the words of approvals.
//!
//! [`CodePipeline::find`] finds the approval that an event names and what is being approved,
//! [`CodePipeline::pending`] those that no event named; [`CodePipeline::put`] puts the result, and
//! [`CodePipeline::status`] reads how it ended.

mod end;
mod find;
mod history;
mod pace;
mod pending;
mod release;
mod shown;
mod source;

use std::cmp::Reverse;
use std::time::Duration;

use aws_sdk_codepipeline::config;
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::primitives::DateTime;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionExecutionDetail, ActionExecutionFilter, PipelineExecution, StageState,
};
use time::UtcDateTime;

use crate::approval::{
    Approval, ApprovalAction, ApprovalToken, ExecutionId, Location, PipelineName, PipelinePrefix, PrincipalArn, Region,
};
use crate::aws::AwsError;
use crate::hosts::RepositoryId;
use crate::members::Members;
use crate::request::{Outcome, Release};

pub use end::not_shown;
pub use history::{Listed, Past};
pub use pace::Pace;
use pace::Pacers;
pub use pending::{ApprovalActions, Round};
pub use shown::{ShownEnd, ShownStatus};

/// How many pages of 100 action runs are looked through for an approval.
const MAX_PAGES: usize = 5;
/// How long CodePipeline waits for an answer where neither the action nor the account says otherwise.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
pub const DEFAULT_TIMEOUT: time::Duration = time::Duration::days(7);
/// What CodePipeline answers about what does not exist.
const NOT_FOUND: [&str; 2] = ["PipelineNotFoundException", "PipelineExecutionNotFoundException"];

/// How often to ask again for something that is known to come: CodePipeline's reads lag its events, and other
/// invocations take their time.
#[derive(Debug, Clone, Copy)]
pub struct Polling {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// The time between two.
    pub interval: Duration,
}

impl Polling {
    /// Asks until there is an answer or the attempts are used up.
    ///
    /// # Errors
    /// The first error that asking gives.
    pub async fn until<T, F: Future<Output = Result<Option<T>, AwsError>>>(
        self,
        mut ask: impl FnMut() -> F,
    ) -> Result<Option<T>, AwsError> {
        for _ in 1..self.attempts {
            if let Some(answer) = ask().await? {
                return Ok(Some(answer));
            }
            tokio::time::sleep(self.interval).await;
        }
        ask().await
    }
}

/// CodePipeline, in the words of approvals.
#[derive(Debug, Clone)]
pub struct CodePipeline {
    members: Members,
    polling: Polling,
    /// How long it waits where the action does not say.
    default_timeout: time::Duration,
    /// How the names of the pipelines begin that may be read, if not all may.
    prefix: Option<PipelinePrefix>,
    pacers: Option<Pacers>,
}

/// An approval as an event names it: with a token, or with an execution, or with both. It is a hint where to look, and
/// nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRef {
    /// Where it waits.
    pub action: ApprovalAction,
    /// Its token, from an SNS notice.
    pub token: Option<ApprovalToken>,
    /// Its execution, from an event.
    pub execution: Option<ExecutionId>,
    /// When it began to wait, according to the event.
    pub started: UtcDateTime,
}

/// A waiting approval, with all that CodePipeline says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingApproval {
    /// The approval.
    pub approval: Approval,
    /// When CodePipeline stops waiting.
    pub expires: UtcDateTime,
    /// Who started the execution; `None` when that is unknown.
    pub initiator: Option<Initiator>,
    /// What to show of it.
    pub release: Release,
    /// The principal that last rejected an earlier run of it, if CodePipeline names it.
    pub rejected_by: Option<PrincipalArn>,
    /// The repositories of the release's revisions, in their order, as far as connections name them.
    pub repositories: Vec<Option<RepositoryId>>,
    /// Whether the execution could be read: who started it, and what it brings.
    pub is_read: bool,
    /// How its stage is declared.
    pub stage: StageShape,
}

/// How an approval's stage is declared, as far as that says what passed it, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageShape {
    /// Whether executions run side by side in its pipeline.
    pub is_parallel: bool,
    /// Whether it is the pipeline's last stage.
    pub is_last: bool,
    /// Whether there are other approvals in it.
    pub has_other_approvals: bool,
}

/// Who started an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Initiator {
    /// A push, a schedule or a rule.
    Automatic,
    /// A principal. Whether it is a person that anybody knows, the policy says.
    Principal(PrincipalArn),
}

/// Why an approval was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// CodePipeline did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CodePipeline does not show it (yet), though it does not show that it has ended either.
    #[error("CodePipeline shows no pending approval for this event")]
    NotShown,
    /// The pipeline of this name is in another account or region than the event says.
    #[error("the pipeline is not in the account and region that the event names")]
    Elsewhere,
}

/// The result of putting a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// CodePipeline took it.
    Accepted,
    /// It holds a result already, which may be ours: an answer that was lost makes the SDK put it again.
    AlreadyDecided,
    /// The token, or the action itself, is gone.
    Gone,
}

/// The status of an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// It waits.
    Pending,
    /// It ended.
    Ended(Outcome),
    /// Not shown by CodePipeline yet: its reads lag. Nothing may be concluded from it.
    Unknown,
}

impl CodePipeline {
    /// CodePipeline of these accounts, where what their deciding role ended was ended by the callback.
    #[must_use]
    pub fn new(members: Members, polling: Polling) -> Self {
        Self { members, polling, default_timeout: DEFAULT_TIMEOUT, prefix: None, pacers: None }
    }

    /// The accounts whose pipelines these are.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The same, in accounts whose quota for the time-out of an approval is this.
    #[must_use]
    pub fn with_default_timeout(self, default_timeout: time::Duration) -> Self {
        Self { default_timeout, ..self }
    }

    /// The same, of the pipelines alone whose names begin so. The roles of the accounts may let us read no others.
    #[must_use]
    pub fn with_prefix(self, prefix: Option<PipelinePrefix>) -> Self {
        Self { prefix, ..self }
    }

    /// Whether the pipeline of this name is one of them.
    #[must_use]
    pub fn has(&self, pipeline: &PipelineName) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| prefix.has(pipeline))
    }

    /// The same, with all reads of this one and its clones at this pace in each account and region.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pacers: Some(Pacers::new(pace)), ..self }
    }

    /// Makes a call when its turn has come.
    async fn call<T, E: ProvideErrorMetadata + std::error::Error + 'static>(
        &self,
        at: &Location,
        operation: &'static str,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, AwsError> {
        let pacer = self.pacers.as_ref().map(|pacers| pacers.of(at));
        if let Some(pacer) = &pacer {
            pacer.turn().await;
        }
        let answer = call.await.map_err(|error| AwsError::new(operation, &error));
        match &pacer {
            Some(pacer) if answer.as_ref().is_err_and(AwsError::is_throttling) => pacer.throttled(),
            Some(pacer) => pacer.answered(),
            None => {}
        }
        answer
    }

    /// The same, asking again as `polling` says.
    #[must_use]
    pub fn with_polling(self, polling: Polling) -> Self {
        Self { polling, ..self }
    }

    /// Checks that every read is permitted, on a pipeline that does not exist: only a caller with the permission gets the
    /// answer "not found".
    ///
    /// # Errors
    /// The first read that got another answer.
    pub async fn check_read_access(&self, at: &Location) -> Result<(), AwsError> {
        const NO_EXECUTION: &str = "00000000-0000-0000-0000-000000000000";
        let home = || in_region(&at.region);
        let no_pipeline = format!("{}countersign-doctor", self.prefix.as_ref().map_or("", PipelinePrefix::as_str));
        let no_pipeline = no_pipeline.as_str();
        let client = self.members.reader(&at.account).await?;
        let execution = client.get_pipeline_execution().pipeline_name(no_pipeline).pipeline_execution_id(NO_EXECUTION);
        let executions = client.list_pipeline_executions().pipeline_name(no_pipeline).max_results(1);
        let (pipeline, state, execution, actions, executions, pipelines) = tokio::join!(
            client.get_pipeline().name(no_pipeline).customize().config_override(home()).send(),
            client.get_pipeline_state().name(no_pipeline).customize().config_override(home()).send(),
            execution.customize().config_override(home()).send(),
            client.list_action_executions().pipeline_name(no_pipeline).customize().config_override(home()).send(),
            executions.customize().config_override(home()).send(),
            client.list_pipelines().max_results(1).customize().config_override(home()).send(),
        );
        let failures = [
            pipeline.err().map(|error| AwsError::new("codepipeline:GetPipeline", &error)),
            state.err().map(|error| AwsError::new("codepipeline:GetPipelineState", &error)),
            execution.err().map(|error| AwsError::new("codepipeline:GetPipelineExecution", &error)),
            actions.err().map(|error| AwsError::new("codepipeline:ListActionExecutions", &error)),
            executions.err().map(|error| AwsError::new("codepipeline:ListPipelineExecutions", &error)),
            pipelines.err().map(|error| AwsError::new("codepipeline:ListPipelines", &error)),
        ];
        match failures.into_iter().flatten().find(|error| !NOT_FOUND.contains(&error.code.as_str())) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    async fn stage_state(&self, action: &ApprovalAction) -> Result<Option<StageState>, AwsError> {
        let stages = self.stages(&action.pipeline, &action.location()).await?;
        Ok(stages.into_iter().find(|stage| stage.stage_name.as_deref() == Some(action.stage.as_str())))
    }

    async fn stages(&self, pipeline: &PipelineName, at: &Location) -> Result<Vec<StageState>, AwsError> {
        let call = self.members.reader(&at.account).await?.get_pipeline_state().name(pipeline.as_str());
        let call = call.customize().config_override(in_region(&at.region)).send();
        let answer = self.call(at, "codepipeline:GetPipelineState", call).await?;
        Ok(answer.stage_states.unwrap_or_default())
    }

    async fn execution(
        &self,
        action: &ApprovalAction,
        id: &ExecutionId,
    ) -> Result<Option<PipelineExecution>, AwsError> {
        let call = self.members.reader(&action.account).await?.get_pipeline_execution();
        let call = call.pipeline_name(action.pipeline.as_str()).pipeline_execution_id(id.as_str());
        let call = call.customize().config_override(in_region(&action.region)).send();
        let answer = self.call(&action.location(), "codepipeline:GetPipelineExecution", call).await?;
        Ok(answer.pipeline_execution)
    }

    /// The run of its action that an approval is. No other run's end is this one's.
    async fn run_of(&self, approval: &Approval) -> Result<Option<ActionExecutionDetail>, AwsError> {
        let is_it = |run: &ActionExecutionDetail| run.action_execution_id.as_deref() == Some(approval.run.as_str());
        let runs = self.attempts(&approval.action, Some(&approval.execution), is_it).await?;
        Ok(runs.into_iter().next_back().filter(is_it))
    }

    /// The attempts at the action, of one execution or of any, newest first, up to the first for which `last` holds.
    async fn attempts(
        &self,
        action: &ApprovalAction,
        execution: Option<&ExecutionId>,
        last: impl Fn(&ActionExecutionDetail) -> bool,
    ) -> Result<Vec<ActionExecutionDetail>, AwsError> {
        let wanted = is_at(action);
        Ok(self.runs(&action.pipeline, &action.location(), execution, wanted, last).await?.0)
    }

    /// All attempts of an execution at the action, newest first, and the runs of its sources. Some of the attempts may have
    /// been rejected, so that none may be missing.
    async fn all_attempts(&self, action: &ApprovalAction, execution: &ExecutionId) -> Result<Attempts, AwsError> {
        const TOO_MANY: &str =
            "an execution with so many runs of actions that an earlier rejection may be among the rest";
        let is_at = is_at(action);
        let at = action.location();
        let wanted = |run: &ActionExecutionDetail| is_at(run) || is_source(run);
        let runs = self.runs(&action.pipeline, &at, Some(execution), wanted, |_| false);
        match runs.await? {
            (runs, true) => {
                let (runs, sources) = runs.into_iter().partition(&is_at);
                Ok(Attempts { runs, sources })
            }
            (_, false) => Err(AwsError::unexpected("codepipeline:ListActionExecutions", TOO_MANY)),
        }
    }

    /// The runs of a pipeline's actions that are `wanted`, newest first, up to the first of them for which `last` holds; and
    /// whether these are all, or there are more pages than are read.
    async fn runs(
        &self,
        pipeline: &PipelineName,
        at: &Location,
        execution: Option<&ExecutionId>,
        wanted: impl Fn(&ActionExecutionDetail) -> bool,
        last: impl Fn(&ActionExecutionDetail) -> bool,
    ) -> Result<(Vec<ActionExecutionDetail>, bool), AwsError> {
        let filter = execution.map(|id| ActionExecutionFilter::builder().pipeline_execution_id(id.as_str()).build());
        let mut runs = Vec::new();
        let mut page = None;
        let client = self.members.reader(&at.account).await?;
        for _ in 0..MAX_PAGES {
            let call = client.list_action_executions().pipeline_name(pipeline.as_str());
            let call = call.set_filter(filter.clone()).set_next_token(page);
            let call = call.customize().config_override(in_region(&at.region)).send();
            let answer = self.call(at, "codepipeline:ListActionExecutions", call).await?;
            for run in answer.action_execution_details.unwrap_or_default().into_iter().filter(&wanted) {
                let found = last(&run);
                runs.push(run);
                if found {
                    return Ok((runs, true));
                }
            }
            page = answer.next_token;
            if page.is_none() {
                return Ok((newest_first(runs), true));
            }
        }
        Ok((newest_first(runs), false))
    }
}

/// What an execution has run at an action, and at its sources.
#[derive(Default)]
struct Attempts {
    runs: Vec<ActionExecutionDetail>,
    sources: Vec<ActionExecutionDetail>,
}

/// CodePipeline promises no order. Of two runs in the same second, the one that it lists first stays first.
fn newest_first(mut runs: Vec<ActionExecutionDetail>) -> Vec<ActionExecutionDetail> {
    runs.sort_by_key(|run| Reverse(moment(run.start_time.as_ref())));
    runs
}

/// Whether a run is one of this action.
fn is_at(action: &ApprovalAction) -> impl Fn(&ActionExecutionDetail) -> bool {
    move |run| {
        run.stage_name.as_deref() == Some(action.stage.as_str())
            && run.action_name.as_deref() == Some(action.action.as_str())
    }
}

/// Whether a run is one of a source.
fn is_source(run: &ActionExecutionDetail) -> bool {
    let kind = run.input.as_ref().and_then(|input| input.action_type_id.as_ref());
    kind.is_some_and(|kind| kind.category == ActionCategory::Source)
}

/// A pipeline lives in its own region, which an event bus may have carried its event out of.
fn in_region(region: &Region) -> config::Builder {
    config::Builder::new().region(config::Region::new(region.as_str().to_owned()))
}

fn external_id(attempt: &ActionExecutionDetail) -> Option<ApprovalToken> {
    attempt.output.as_ref()?.execution_result.as_ref()?.external_execution_id.as_deref()?.parse().ok()
}

fn moment(time: Option<&DateTime>) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp(time?.secs()).ok()
}
