//! AWS CodePipeline: find the approval that waits, read what is being approved, put the result, read how it ended.

use std::time::Duration;

use aws_sdk_codepipeline::primitives::DateTime;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionExecutionDetail, ActionExecutionFilter, ActionExecutionStatus, ApprovalResult,
    ApprovalStatus, ExecutionMode, PipelineExecution, PipelineExecutionStatus, StageState,
};
use aws_sdk_codepipeline::{Client, config};
use serde::Deserialize;
use time::UtcDateTime;

use crate::approval::{
    ActionName, Approval, ApprovalAction, ApprovalToken, Decision, ExecutionId, PipelineName, Region, StageName, WebUrl,
};
use crate::aws::{AwsError, code};
use crate::request::{Details, Ending, Outcome, Request, Revision};
use crate::text::{bounded, bounded_line};

/// How long CodePipeline waits for an answer unless the action says otherwise: seven days.
const DEFAULT_TIMEOUT: time::Duration = time::Duration::days(7);
/// The longest instructions that we keep, in characters. `CustomData` may have 1,000.
const LONGEST_INSTRUCTIONS: usize = 1000;
/// The longest commit message that we keep, in characters.
const LONGEST_SUMMARY: usize = 2048;
/// Lines such as a commit id or a principal, in characters.
const LONGEST_LINE: usize = 256;
/// How many pages of 100 action runs are looked through for an approval.
const MOST_PAGES: usize = 5;
/// How far CodePipeline's clock and ours may be apart.
const CLOCK_SKEW: time::Duration = time::Duration::seconds(60);
/// What CodePipeline answers about what does not exist.
const NOT_FOUND: [&str; 2] = ["PipelineNotFoundException", "PipelineExecutionNotFoundException"];
/// How many sources of a pipeline are told.
const MOST_REVISIONS: usize = 10;

/// How often, and at what distance, something is asked again that is known to come: CodePipeline's reads lag its events,
/// and other invocations take their time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts in all, at least one.
    pub tries: u32,
    /// The pause between two.
    pub pause: Duration,
}

impl Patience {
    /// For a function that has a minute.
    pub const NOTIFIER: Self = Self { tries: 6, pause: Duration::from_secs(2) };
    /// For a function that a visitor waits for.
    pub const CALLBACK: Self = Self { tries: 6, pause: Duration::from_millis(500) };

    /// Asks until there is an answer or patience ends.
    ///
    /// # Errors
    /// The first error that asking gives.
    pub async fn until<T, F: Future<Output = Result<Option<T>, AwsError>>>(
        self,
        mut ask: impl FnMut() -> F,
    ) -> Result<Option<T>, AwsError> {
        for _ in 1..self.tries {
            if let Some(answer) = ask().await? {
                return Ok(Some(answer));
            }
            tokio::time::sleep(self.pause).await;
        }
        ask().await
    }
}

/// CodePipeline, in the words of approvals.
#[derive(Debug, Clone)]
pub struct CodePipeline {
    client: Client,
    patience: Patience,
}

/// An approval as an event names it: with a token, or with an execution, or with both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Where it waits.
    pub action: ApprovalAction,
    /// Its token, from an SNS notice.
    pub token: Option<ApprovalToken>,
    /// Its execution, from an event.
    pub execution: Option<ExecutionId>,
    /// When it began to wait, as the event tells.
    pub started: UtcDateTime,
    /// When it expires, if the event tells.
    pub expires: Option<UtcDateTime>,
    /// `CustomData`, if the event tells.
    pub instructions: Option<String>,
    /// `ExternalEntityLink`, if the event tells.
    pub review_url: Option<String>,
}

/// A waiting approval with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The approval.
    pub approval: Approval,
    /// When CodePipeline stops waiting.
    pub expires: UtcDateTime,
    /// What to show of it.
    pub details: Details,
}

/// Why an approval was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// CodePipeline did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CodePipeline does not show it (yet), though it does not show that it has ended either.
    #[error("CodePipeline shows no waiting approval for this event")]
    NotShown,
}

/// What became of putting a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// CodePipeline took it.
    Done,
    /// It holds a result already, which may be ours: an answer that was lost makes the SDK put it again.
    Decided,
    /// The token, or the action itself, is gone.
    Gone,
}

/// Where an approval stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It waits.
    Waiting,
    /// It ended.
    Ended(Outcome),
    /// CodePipeline shows too little to tell: its reads lag. Nothing may be concluded from it.
    Unknown,
}

impl CodePipeline {
    /// CodePipeline through `client`.
    #[must_use]
    pub fn new(client: Client, patience: Patience) -> Self {
        Self { client, patience }
    }

    /// The same, as patient as `patience` says.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Finds the waiting approval that an event spoke of, and what is being approved. `None` when it waits no more.
    ///
    /// # Errors
    /// When CodePipeline does not answer, or does not show the approval. Details that cannot be read are left out.
    pub async fn find(&self, sought: &Sought) -> Result<Option<Waiting>, FindError> {
        let (token, execution) = match (&sought.token, &sought.execution) {
            (Some(token), Some(execution)) => (token.clone(), Some(execution.clone())),
            (Some(token), None) => (token.clone(), self.execution_of(&sought.action, token).await),
            (None, Some(execution)) => match self.token_of(&sought.action, execution, sought.started).await? {
                Some(Wait::Token(token)) => (token, Some(execution.clone())),
                Some(Wait::Over) => return Ok(None),
                None => return Err(FindError::NotShown),
            },
            (None, None) => return Err(FindError::NotShown),
        };
        let approval = Approval { action: sought.action.clone(), token, execution };
        Ok(self.describe(approval, sought).await)
    }

    /// The approvals that wait at an action now, of a pipeline in the function's own region: one, or several in PARALLEL
    /// mode, or none.
    ///
    /// # Errors
    /// When CodePipeline does not answer or has no such pipeline.
    pub async fn waiting_at(
        &self,
        pipeline: PipelineName,
        stage: StageName,
        action: ActionName,
        now: UtcDateTime,
    ) -> Result<Vec<Sought>, AwsError> {
        const OPERATION: &str = "codepipeline:GetPipeline";
        let answer = self
            .client
            .get_pipeline()
            .name(pipeline.as_str())
            .send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        // The pipeline's ARN tells its account and region: arn:PARTITION:codepipeline:REGION:ACCOUNT:NAME.
        let arn = answer.metadata.and_then(|metadata| metadata.pipeline_arn).unwrap_or_default();
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (Ok(region), Ok(account)) = (region.parse(), account.parse()) else {
            return Err(AwsError::unexpected(OPERATION, "no ARN of the pipeline"));
        };
        let action = ApprovalAction { account, region, pipeline, stage, action };
        let attempts = self.attempts(&action, None, |_| false).await?;
        let waiting = attempts.into_iter().filter(|attempt| {
            let kind = attempt.input.as_ref().and_then(|input| input.action_type_id.as_ref());
            kind.is_some_and(|kind| kind.category == ActionCategory::Approval)
                && attempt.status == Some(ActionExecutionStatus::InProgress)
        });
        let executions = waiting.filter_map(|attempt| {
            let execution = attempt.pipeline_execution_id.as_deref()?.parse().ok()?;
            Some((execution, moment(attempt.start_time.as_ref()).unwrap_or(now)))
        });
        Ok(executions
            .map(|(execution, started)| Sought {
                action: action.clone(),
                token: None,
                execution: Some(execution),
                started,
                expires: None,
                instructions: None,
                review_url: None,
            })
            .collect())
    }

    /// Whether everything may be read that [`find`](Self::find) reads. It asks about a pipeline that does not exist: to be
    /// told that takes the right to ask.
    ///
    /// # Errors
    /// The first read that got another answer.
    pub async fn may_read(&self) -> Result<(), AwsError> {
        const NOBODYS: &str = "countersign-doctor";
        const NO_EXECUTION: &str = "00000000-0000-0000-0000-000000000000";
        let (pipeline, state, execution, actions) = tokio::join!(
            self.client.get_pipeline().name(NOBODYS).send(),
            self.client.get_pipeline_state().name(NOBODYS).send(),
            self.client.get_pipeline_execution().pipeline_name(NOBODYS).pipeline_execution_id(NO_EXECUTION).send(),
            self.client.list_action_executions().pipeline_name(NOBODYS).send(),
        );
        let failures = [
            pipeline.err().map(|error| AwsError::new("codepipeline:GetPipeline", &error)),
            state.err().map(|error| AwsError::new("codepipeline:GetPipelineState", &error)),
            execution.err().map(|error| AwsError::new("codepipeline:GetPipelineExecution", &error)),
            actions.err().map(|error| AwsError::new("codepipeline:ListActionExecutions", &error)),
        ];
        match failures.into_iter().flatten().find(|error| !NOT_FOUND.contains(&error.code.as_str())) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The token of the approval that `execution` waits at.
    async fn token_of(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
        started: UtcDateTime,
    ) -> Result<Option<Wait>, AwsError> {
        self.patience
            .until(async || {
                let (stage, attempt) = tokio::join!(self.stage_state(action), self.latest_attempt(action, execution));
                if let Some(token) = stage?.and_then(|stage| token_in_state(&stage, action, execution)) {
                    return Ok(Some(Wait::Token(token)));
                }
                let Some(attempt) = attempt? else { return Ok(None) };
                if attempt.status != Some(ActionExecutionStatus::InProgress) {
                    // Ended after the event: over. Ended before it: an earlier attempt of a stage that was retried, and
                    // the list does not show ours yet.
                    let ours = moment(attempt.last_update_time.as_ref()).is_some_and(|ended| ended >= started);
                    return Ok(ours.then_some(Wait::Over));
                }
                // In PARALLEL mode the state shows no tokens; the external execution id is the token there, and only there.
                let parallel = self
                    .execution(action, execution)
                    .await?
                    .is_some_and(|execution| execution.execution_mode == Some(ExecutionMode::Parallel));
                Ok(external_id(&attempt).filter(|_| parallel).map(Wait::Token))
            })
            .await
    }

    /// The execution that waits with `token`. A courtesy: the email can go out without it.
    async fn execution_of(&self, action: &ApprovalAction, token: &ApprovalToken) -> Option<ExecutionId> {
        let found = self
            .patience
            .until(async || {
                let stage = self.stage_state(action).await?;
                if let Some(execution) = stage.and_then(|stage| execution_in_state(&stage, action, token)) {
                    return Ok(Some(execution));
                }
                let is_it = |attempt: &ActionExecutionDetail| external_id(attempt).as_ref() == Some(token);
                let attempts = self.attempts(action, None, is_it).await?;
                Ok(attempts.into_iter().find(is_it).and_then(|attempt| attempt.pipeline_execution_id?.parse().ok()))
            })
            .await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, approval = %action, "the execution of an approval cannot be read");
            None
        })
    }

    /// Until when the approval waits, and what is being approved. `None` when CodePipeline shows that it waits no more.
    async fn describe(&self, approval: Approval, sought: &Sought) -> Option<Waiting> {
        let action = &approval.action;
        let (declared, execution, attempt) = tokio::join!(
            self.timeout(action),
            async {
                match &approval.execution {
                    Some(id) => self.execution(action, id).await,
                    None => Ok(None),
                }
            },
            async {
                match &approval.execution {
                    Some(_) => self.attempt_of(&approval, sought.started).await,
                    None => Ok(None),
                }
            },
        );
        let timeout = courtesy(action, declared).unwrap_or(DEFAULT_TIMEOUT);
        let attempt = courtesy(action, attempt);
        if attempt.as_ref().is_some_and(|attempt| {
            external_id(attempt).as_ref() == Some(&approval.token)
                && attempt.status.as_ref().is_some_and(|status| *status != ActionExecutionStatus::InProgress)
        }) {
            return None;
        }
        let started =
            attempt.as_ref().and_then(|attempt| moment(attempt.start_time.as_ref())).unwrap_or(sought.started);
        let expires = sought.expires.unwrap_or(started.saturating_add(timeout));
        let mut details = courtesy(action, execution).map(|execution| details_of(&execution)).unwrap_or_default();
        let configured = |key: &str| {
            let configuration = attempt.as_ref()?.input.as_ref()?.resolved_configuration.as_ref()?;
            configuration.get(key).filter(|value| !value.is_empty()).cloned()
        };
        details.instructions = configured("CustomData")
            .or_else(|| sought.instructions.clone())
            .map(|text| bounded(&text, LONGEST_INSTRUCTIONS))
            .filter(|text| !text.is_empty());
        details.review_url =
            configured("ExternalEntityLink").or_else(|| sought.review_url.clone()).and_then(|url| url.parse().ok());
        Some(Waiting { approval, expires, details })
    }

    /// Puts a decision. `summary` has at most 512 characters.
    ///
    /// # Errors
    /// When CodePipeline does not answer or does not allow it. The result may have been put all the same.
    pub async fn put(&self, approval: &Approval, decision: Decision, summary: &str) -> Result<Put, AwsError> {
        const OPERATION: &str = "codepipeline:PutApprovalResult";
        let action = &approval.action;
        let status = match decision {
            Decision::Approved => ApprovalStatus::Approved,
            Decision::Rejected => ApprovalStatus::Rejected,
        };
        let result = ApprovalResult::builder()
            .status(status)
            .summary(summary)
            .build()
            .map_err(|_| AwsError::unexpected(OPERATION, "a result that cannot be written"))?;
        let answer = self
            .client
            .put_approval_result()
            .pipeline_name(action.pipeline.as_str())
            .stage_name(action.stage.as_str())
            .action_name(action.action.as_str())
            .token(approval.token.as_str())
            .result(result)
            .customize()
            .config_override(in_region(&action.region))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Put::Done),
            Err(error) => match code(&error) {
                Some("ApprovalAlreadyCompletedException") => Ok(Put::Decided),
                Some(
                    "InvalidApprovalTokenException"
                    | "PipelineNotFoundException"
                    | "StageNotFoundException"
                    | "ActionNotFoundException",
                ) => Ok(Put::Gone),
                _ => Err(AwsError::new(OPERATION, &error)),
            },
        }
    }

    /// Where the request's approval stands.
    ///
    /// # Errors
    /// When CodePipeline does not answer.
    pub async fn standing(&self, request: &Request) -> Result<Standing, AwsError> {
        let approval = &request.approval;
        let attempt = match self.attempt_of(approval, request.asked).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return Ok(Standing::Unknown),
            // The pipeline was removed, or made anew under the same name.
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => {
                return Ok(Standing::Ended(superseded(request.expires)));
            }
            Err(error) => return Err(error),
        };
        let summary = attempt
            .output
            .as_ref()
            .and_then(|output| output.execution_result.as_ref())
            .and_then(|result| result.external_execution_summary.as_deref())
            .map(|summary| bounded(summary, LONGEST_SUMMARY))
            .filter(|summary| !summary.is_empty());
        let ending = match attempt.status {
            Some(ActionExecutionStatus::InProgress) => return Ok(Standing::Waiting),
            Some(ActionExecutionStatus::Succeeded) => Ending::Approved,
            // A time-out is processed as a failed action. Nobody did it, and so it has no summary.
            Some(ActionExecutionStatus::Failed) if summary.is_none() && attempt.updated_by.is_none() => Ending::Expired,
            Some(ActionExecutionStatus::Failed) => Ending::Rejected,
            Some(ActionExecutionStatus::Abandoned) => match self.abandoned(approval).await? {
                Some(ending) => ending,
                None => return Ok(Standing::Unknown),
            },
            _ => return Ok(Standing::Unknown),
        };
        Ok(Standing::Ended(Outcome {
            ending,
            by: attempt.updated_by.as_deref().map(principal),
            at: moment(attempt.last_update_time.as_ref()).unwrap_or(request.expires),
            summary,
        }))
    }

    /// How the request's approval ended, asked again while CodePipeline does not show it: for a caller who was told that
    /// it has ended.
    ///
    /// # Errors
    /// When CodePipeline does not answer.
    pub async fn ending(&self, request: &Request) -> Result<Option<Outcome>, AwsError> {
        self.patience
            .until(async || match self.standing(request).await? {
                Standing::Ended(outcome) => Ok(Some(outcome)),
                Standing::Waiting | Standing::Unknown => Ok(None),
            })
            .await
    }

    /// Why an action was abandoned: its execution tells, or does not tell yet.
    async fn abandoned(&self, approval: &Approval) -> Result<Option<Ending>, AwsError> {
        let Some(id) = &approval.execution else { return Ok(Some(Ending::Superseded)) };
        let status = self.execution(&approval.action, id).await?.and_then(|execution| execution.status);
        Ok(match status {
            Some(PipelineExecutionStatus::Stopped | PipelineExecutionStatus::Stopping) => Some(Ending::Stopped),
            Some(PipelineExecutionStatus::Superseded | PipelineExecutionStatus::Cancelled) => Some(Ending::Superseded),
            _ => None,
        })
    }

    async fn stage_state(&self, action: &ApprovalAction) -> Result<Option<StageState>, AwsError> {
        let answer = self
            .client
            .get_pipeline_state()
            .name(action.pipeline.as_str())
            .customize()
            .config_override(in_region(&action.region))
            .send()
            .await
            .map_err(|error| AwsError::new("codepipeline:GetPipelineState", &error))?;
        Ok(answer
            .stage_states
            .unwrap_or_default()
            .into_iter()
            .find(|stage| stage.stage_name.as_deref() == Some(action.stage.as_str())))
    }

    async fn execution(
        &self,
        action: &ApprovalAction,
        id: &ExecutionId,
    ) -> Result<Option<PipelineExecution>, AwsError> {
        let answer = self
            .client
            .get_pipeline_execution()
            .pipeline_name(action.pipeline.as_str())
            .pipeline_execution_id(id.as_str())
            .customize()
            .config_override(in_region(&action.region))
            .send()
            .await
            .map_err(|error| AwsError::new("codepipeline:GetPipelineExecution", &error))?;
        Ok(answer.pipeline_execution)
    }

    /// The attempt at its action that an approval is.
    ///
    /// Only for PARALLEL mode is the external execution id promised to be the token. Where it is not, it is the latest
    /// attempt of the execution that waited when the approval was asked for: begun by then, and not ended before. There
    /// are several only of a retried stage.
    async fn attempt_of(
        &self,
        approval: &Approval,
        asked: UtcDateTime,
    ) -> Result<Option<ActionExecutionDetail>, AwsError> {
        let is_it = |attempt: &ActionExecutionDetail| external_id(attempt).as_ref() == Some(&approval.token);
        let execution = approval.execution.as_ref();
        let attempts = self.attempts(&approval.action, execution, is_it).await?;
        if attempts.last().is_some_and(is_it) {
            return Ok(attempts.into_iter().next_back());
        }
        let waited = |attempt: &ActionExecutionDetail| {
            let begun =
                moment(attempt.start_time.as_ref()).is_none_or(|start| start <= asked.saturating_add(CLOCK_SKEW));
            let lasted = attempt.status == Some(ActionExecutionStatus::InProgress)
                || moment(attempt.last_update_time.as_ref()).is_some_and(|end| end >= asked.saturating_sub(CLOCK_SKEW));
            begun && lasted
        };
        Ok(attempts.into_iter().find(waited).filter(|_| execution.is_some()))
    }

    /// The latest attempt of an execution at the action.
    async fn latest_attempt(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
    ) -> Result<Option<ActionExecutionDetail>, AwsError> {
        Ok(self.attempts(action, Some(execution), |_| true).await?.into_iter().next())
    }

    /// The attempts at the action, of one execution or of any, newest first, up to the first for which `last` holds: page
    /// after page, for a while.
    async fn attempts(
        &self,
        action: &ApprovalAction,
        execution: Option<&ExecutionId>,
        last: impl Fn(&ActionExecutionDetail) -> bool,
    ) -> Result<Vec<ActionExecutionDetail>, AwsError> {
        let filter = execution.map(|id| ActionExecutionFilter::builder().pipeline_execution_id(id.as_str()).build());
        let mut attempts = Vec::new();
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let answer = self
                .client
                .list_action_executions()
                .pipeline_name(action.pipeline.as_str())
                .set_filter(filter.clone())
                .set_next_token(page)
                .customize()
                .config_override(in_region(&action.region))
                .send()
                .await
                .map_err(|error| AwsError::new("codepipeline:ListActionExecutions", &error))?;
            for attempt in answer.action_execution_details.unwrap_or_default() {
                if attempt.stage_name.as_deref() == Some(action.stage.as_str())
                    && attempt.action_name.as_deref() == Some(action.action.as_str())
                {
                    let found = last(&attempt);
                    attempts.push(attempt);
                    if found {
                        return Ok(attempts);
                    }
                }
            }
            page = answer.next_token;
            if page.is_none() {
                break;
            }
        }
        Ok(attempts)
    }

    async fn timeout(&self, action: &ApprovalAction) -> Result<Option<time::Duration>, AwsError> {
        let answer = self
            .client
            .get_pipeline()
            .name(action.pipeline.as_str())
            .customize()
            .config_override(in_region(&action.region))
            .send()
            .await
            .map_err(|error| AwsError::new("codepipeline:GetPipeline", &error))?;
        let declared = answer.pipeline.and_then(|pipeline| {
            let stage = pipeline.stages.into_iter().find(|stage| stage.name == action.stage.as_str())?;
            stage.actions.into_iter().find(|declared| declared.name == action.action.as_str())
        });
        Ok(declared
            .and_then(|declared| declared.timeout_in_minutes)
            .map(|minutes| time::Duration::minutes(minutes.into())))
    }
}

/// The outcome of an approval that CodePipeline does not know any more.
#[must_use]
pub fn superseded(at: UtcDateTime) -> Outcome {
    Outcome { ending: Ending::Superseded, by: None, at, summary: None }
}

/// Whether an approval still waits.
enum Wait {
    Token(ApprovalToken),
    Over,
}

/// A detail that may be missing: its absence is logged and stops nothing.
fn courtesy<T>(action: &ApprovalAction, read: Result<Option<T>, AwsError>) -> Option<T> {
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, approval = %action, "a detail of an approval cannot be read");
        None
    })
}

/// A pipeline lives in its own region, which an event bus may have carried its event out of.
fn in_region(region: &Region) -> config::Builder {
    config::Builder::new().region(config::Region::new(region.as_str().to_owned()))
}

fn token_in_state(stage: &StageState, action: &ApprovalAction, execution: &ExecutionId) -> Option<ApprovalToken> {
    if stage.latest_execution.as_ref()?.pipeline_execution_id != execution.as_str() {
        return None;
    }
    let latest = latest_of(stage, action)?;
    match latest.status {
        Some(ActionExecutionStatus::InProgress) => latest.token.as_deref()?.parse().ok(),
        _ => None,
    }
}

fn execution_in_state(stage: &StageState, action: &ApprovalAction, token: &ApprovalToken) -> Option<ExecutionId> {
    let latest = latest_of(stage, action)?;
    if latest.token.as_deref() != Some(token.as_str()) {
        return None;
    }
    stage.latest_execution.as_ref()?.pipeline_execution_id.parse().ok()
}

fn latest_of<'a>(
    stage: &'a StageState,
    action: &ApprovalAction,
) -> Option<&'a aws_sdk_codepipeline::types::ActionExecution> {
    stage
        .action_states
        .as_ref()?
        .iter()
        .find(|state| state.action_name.as_deref() == Some(action.action.as_str()))?
        .latest_execution
        .as_ref()
}

fn external_id(attempt: &ActionExecutionDetail) -> Option<ApprovalToken> {
    attempt.output.as_ref()?.execution_result.as_ref()?.external_execution_id.as_deref()?.parse().ok()
}

fn moment(time: Option<&DateTime>) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp(time?.secs()).ok()
}

/// `arn:aws:sts::123456789012:assumed-role/Admin/alice` → `assumed-role/Admin/alice`.
fn principal(arn: &str) -> String {
    bounded_line(arn.splitn(6, ':').last().unwrap_or(arn), LONGEST_LINE)
}

fn details_of(execution: &PipelineExecution) -> Details {
    let started_by = execution.trigger.as_ref().and_then(|trigger| {
        let kind = trigger.trigger_type.as_ref().map(aws_sdk_codepipeline::types::TriggerType::as_str);
        match (trigger.trigger_detail.as_deref(), kind) {
            (Some(detail), Some("StartPipelineExecution")) if detail.starts_with("arn:") => Some(principal(detail)),
            (Some(detail), Some(kind)) if !detail.is_empty() => {
                Some(bounded_line(&format!("{kind}: {detail}"), LONGEST_LINE))
            }
            (_, kind) => kind.map(str::to_owned),
        }
    });
    let revisions = execution
        .artifact_revisions
        .as_deref()
        .unwrap_or_default()
        .iter()
        .take(MOST_REVISIONS)
        .filter_map(|revision| {
            Some(Revision {
                id: bounded_line(revision.revision_id.as_deref().filter(|id| !id.is_empty())?, LONGEST_LINE),
                summary: revision.revision_summary.as_deref().map(commit_message).filter(|text| !text.is_empty()),
                url: revision.revision_url.as_deref().and_then(|url| url.parse::<WebUrl>().ok()),
            })
        })
        .collect();
    Details { started_by, revisions, ..Details::default() }
}

/// Sources behind a connection wrap the commit message: `{"ProviderType":"GitHub","CommitMessage":"…"}`.
fn commit_message(summary: &str) -> String {
    #[derive(Deserialize)]
    struct Wrapped {
        #[serde(rename = "CommitMessage")]
        commit_message: String,
    }
    match serde_json::from_str::<Wrapped>(summary) {
        Ok(wrapped) => bounded(&wrapped.commit_message, LONGEST_SUMMARY),
        Err(_) => bounded(summary, LONGEST_SUMMARY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_the_end_of_its_arn() {
        for (arn, shown) in [
            ("arn:aws:iam::123456789012:user/alice", "user/alice"),
            ("arn:aws:sts::123456789012:assumed-role/Admin/a:b", "assumed-role/Admin/a:b"),
            ("codepipeline.amazonaws.com", "codepipeline.amazonaws.com"),
        ] {
            assert_eq!(principal(arn), shown);
        }
    }

    #[test]
    fn a_wrapped_commit_message_is_unwrapped() {
        assert_eq!(
            commit_message(r#"{"ProviderType":"GitHub","CommitMessage":"Fix rounding\n\nin totals"}"#),
            "Fix rounding\n\nin totals"
        );
        assert_eq!(commit_message("Edited README.md"), "Edited README.md");
        assert_eq!(commit_message("{\"a\":1}"), "{\"a\":1}");
    }
}
