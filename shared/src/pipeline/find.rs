//! Finding the approval that an event names, and what is being approved.
//!
//! The event says where to look. Everything else is read here, before anybody is asked: which pipeline it is, what waits
//! at the action and until when, and what its author and those who changed something say. What CodePipeline does not show
//! as waiting is not found.

use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionDetail, ActionExecutionStatus, ExecutionMode, ExecutionType, PipelineExecution,
    RetryTrigger, StageState,
};

use super::pending::Declared;
use super::release::{MAX_INSTRUCTIONS, earlier_decisions, initiator_of, rejected_by, release_of};
use super::{Attempts, CodePipeline, FindError, NOT_FOUND, PendingApproval, PendingRef, external_id, moment};
use crate::approval::{ActionExecutionId, Approval, ApprovalAction, ApprovalToken, ExecutionId, ReviewLink};
use crate::aws::AwsError;
use crate::request::{Retry, Rollback, Start};
use crate::text::bounded;

impl CodePipeline {
    /// Finds the pending approval that an event names, and what is being approved. `None` when it is no longer pending.
    ///
    /// # Errors
    /// When CodePipeline does not answer, or does not show the approval, or has the pipeline elsewhere. What changes, and
    /// who started it, is left out where it cannot be read.
    pub async fn find(&self, pending: &PendingRef) -> Result<Option<PendingApproval>, FindError> {
        let named = &pending.action;
        let declared = match self.declared(&named.pipeline, &named.location()).await {
            Ok(declared) => declared,
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if declared.at != named.location() {
            return Err(FindError::Elsewhere);
        }
        let action = ApprovalAction { pipeline: declared.name.clone(), ..named.clone() };
        let waiting = self.polling.until(async || self.look(&action, &declared, pending).await).await?;
        match waiting.ok_or(FindError::NotShown)? {
            Look::Waiting(waiting) => Ok(Some(self.describe(action, &declared, *waiting).await?)),
            Look::Over => Ok(None),
        }
    }

    /// What waits at the action, if CodePipeline shows all of it.
    async fn look(
        &self,
        action: &ApprovalAction,
        declared: &Declared,
        pending: &PendingRef,
    ) -> Result<Option<Look>, AwsError> {
        let is_parallel = declared.mode == Some(ExecutionMode::Parallel);
        let (waiting, retry, is_rollback, attempts) = if is_parallel {
            // In PARALLEL mode the state shows no tokens; the external execution id is the token there, and only there.
            let runs = self.attempts(action, pending.execution.as_ref(), |run| has_token(run, pending)).await?;
            let waiting = runs.iter().find_map(|run| waiting_run(run, pending));
            (waiting, None, false, Attempts { runs, sources: Vec::new() })
        } else {
            let stage = self.stage_state(action).await?;
            let waiting = stage.as_ref().and_then(|stage| waiting_in_state(stage, action, pending));
            let execution = waiting.as_ref().map(|waiting| &waiting.execution).or(pending.execution.as_ref());
            let attempts = match execution {
                Some(execution) => self.all_attempts(action, execution).await?,
                None => Attempts::default(),
            };
            let is_rollback = stage.as_ref().is_some_and(is_rollback_in_state);
            (waiting, stage.as_ref().and_then(retry_in_state), is_rollback, attempts)
        };
        if let Some(waiting) = waiting {
            let is_it = |run: &&ActionExecutionDetail| run.action_execution_id.as_deref() == Some(waiting.run.as_str());
            // The list lags behind the state at times. Its texts and times are fixed in the request, so it is waited for.
            let Some(shown) = attempts.runs.iter().find(is_it).cloned() else { return Ok(None) };
            if shown.status.as_ref().is_some_and(|status| *status != ActionExecutionStatus::InProgress) {
                return Ok(Some(Look::Over));
            }
            // In PARALLEL mode, the search ended at the run with this token.
            let attempts = if is_parallel { self.all_attempts(action, &waiting.execution).await? } else { attempts };
            // Another run of the same action in the same execution: its stage was retried, however that is shown.
            let retry = retry.or_else(|| (attempts.runs.len() > 1).then_some(Retry::Unknown));
            return Ok(Some(Look::Waiting(Box::new(Waiting { named: waiting, shown, attempts, retry, is_rollback }))));
        }
        // Ended after the event: over. Ended before it: an earlier attempt of a stage that was retried, and the list does
        // not show ours yet.
        let is_over = attempts.runs.first().is_some_and(|run| {
            run.status.as_ref().is_some_and(|status| *status != ActionExecutionStatus::InProgress)
                && (has_token(run, pending)
                    || moment(run.last_update_time.as_ref()).is_some_and(|ended| ended >= pending.started))
        });
        Ok(is_over.then_some(Look::Over))
    }

    /// Until when the approval waits, and what is being approved.
    async fn describe(
        &self,
        action: ApprovalAction,
        declared: &Declared,
        Waiting { named, shown, attempts: Attempts { runs, sources }, retry, is_rollback }: Waiting,
    ) -> Result<PendingApproval, AwsError> {
        let NamedRun { token, execution, run } = named;
        let started = moment(shown.start_time.as_ref())
            .ok_or_else(|| AwsError::unavailable("codepipeline:ListActionExecutions", "no start of the approval"))?;
        let timeout = declared.timeout(&action.stage, &action.action);
        let timeout = timeout.map_or(self.default_timeout, |minutes| time::Duration::minutes(minutes.into()));
        let expires = started.saturating_add(timeout);
        let details = self.details(&action, &execution).await.unwrap_or_else(|error| {
            tracing::warn!(%error, approval = %action, "a detail of an approval cannot be read");
            None
        });
        let initiator = details.as_ref().and_then(|details| initiator_of(details.trigger.as_ref()));
        let source_of = |artifact: &str| declared.source_of(artifact, &sources);
        let (mut release, repositories) =
            details.as_ref().map(|details| release_of(details, source_of, declared.pushes_only)).unwrap_or_default();
        let all = details.as_ref().and_then(|details| details.artifact_revisions.as_deref());
        // Where nothing is known of what changes, that is said instead.
        release.more_revisions = match (release.revisions.is_empty(), all) {
            (false, Some(all)) => release.more_revisions + declared.sources_without(all),
            _ => 0,
        };
        if is_rollback {
            release.rollback.get_or_insert(Rollback { target: None, started: None });
        }
        release.start.get_or_insert(Start::Unknown);
        release.retry = retry;
        let configuration = shown.input.as_ref().and_then(|input| input.resolved_configuration.as_ref());
        let configured = |key: &str| configuration.and_then(|values| values.get(key));
        release.instructions =
            configured("CustomData").map(|text| bounded(text, MAX_INSTRUCTIONS)).filter(|text| !text.is_empty());
        release.review_url = configured("ExternalEntityLink").and_then(|url| ReviewLink::parse_lenient(url));
        release.earlier = earlier_decisions(&runs, &run, &self.members.deciding_role(&action.account));
        let rejected_by = rejected_by(&runs, &release.earlier);
        let approval = Approval { action, token, execution, run };
        let (is_read, stage) = (details.is_some(), declared.shape_of(&approval.action.stage));
        Ok(PendingApproval { approval, expires, initiator, release, rejected_by, repositories, is_read, stage })
    }

    /// The execution. It may be shown later than what it runs.
    async fn details(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
    ) -> Result<Option<PipelineExecution>, AwsError> {
        self.polling
            .until(async || match self.execution(action, execution).await {
                Err(error) if NOT_FOUND.contains(&error.code.as_str()) => Ok(None),
                details => details,
            })
            .await
    }
}

/// What CodePipeline shows of an approval that an event names.
enum Look {
    Waiting(Box<Waiting>),
    Over,
}

/// A waiting approval: its names, its run, all runs of its execution at the action, and how its stage was retried.
struct Waiting {
    named: NamedRun,
    shown: ActionExecutionDetail,
    attempts: Attempts,
    retry: Option<Retry>,
    /// Whether the state of its stage says that it is a rollback.
    is_rollback: bool,
}

/// One run of an approval action.
struct NamedRun {
    token: ApprovalToken,
    execution: ExecutionId,
    run: ActionExecutionId,
}

impl NamedRun {
    fn is_named_by(&self, pending: &PendingRef) -> bool {
        pending.execution.as_ref().is_none_or(|execution| *execution == self.execution)
            && pending.token.as_ref().is_none_or(|token| *token == self.token)
    }
}

fn has_token(run: &ActionExecutionDetail, pending: &PendingRef) -> bool {
    pending.token.is_some() && external_id(run) == pending.token
}

fn waiting_run(run: &ActionExecutionDetail, pending: &PendingRef) -> Option<NamedRun> {
    if run.status != Some(ActionExecutionStatus::InProgress) {
        return None;
    }
    let named = NamedRun {
        token: external_id(run)?,
        execution: run.pipeline_execution_id.as_deref()?.parse().ok()?,
        run: run.action_execution_id.as_deref()?.parse().ok()?,
    };
    Some(named).filter(|named| named.is_named_by(pending))
}

fn waiting_in_state(stage: &StageState, action: &ApprovalAction, pending: &PendingRef) -> Option<NamedRun> {
    let latest = latest_of(stage, action)?;
    if latest.status != Some(ActionExecutionStatus::InProgress) {
        return None;
    }
    let named = NamedRun {
        token: latest.token.as_deref()?.parse().ok()?,
        execution: stage.latest_execution.as_ref()?.pipeline_execution_id.parse().ok()?,
        run: latest.action_execution_id.as_deref()?.parse().ok()?,
    };
    Some(named).filter(|named| named.is_named_by(pending))
}

/// How the execution that is in a stage came to run it once more.
fn retry_in_state(stage: &StageState) -> Option<Retry> {
    Some(match stage.retry_stage_metadata.as_ref()?.latest_retry_trigger.as_ref()? {
        RetryTrigger::ManualStageRetry => Retry::ByHand,
        RetryTrigger::AutomatedStageRetry => Retry::Automatic,
        _ => Retry::Unknown,
    })
}

/// Whether the execution that is in a stage is a rollback, which is known even where the execution cannot be read.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageExecution.html>
fn is_rollback_in_state(stage: &StageState) -> bool {
    stage.latest_execution.as_ref().is_some_and(|latest| latest.r#type == Some(ExecutionType::Rollback))
}

fn latest_of<'a>(stage: &'a StageState, action: &ApprovalAction) -> Option<&'a ActionExecution> {
    stage
        .action_states
        .as_ref()?
        .iter()
        .find(|state| state.action_name.as_deref() == Some(action.action.as_str()))?
        .latest_execution
        .as_ref()
}
