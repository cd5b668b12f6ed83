//! Finding the approval that an event names, and what is being approved.

use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionDetail, ActionExecutionStatus, ExecutionMode, PipelineExecution, StageState,
};

use super::release::{MAX_INSTRUCTIONS, initiator_of, release_of};
use super::{CodePipeline, FindError, PendingApproval, PendingRef, external_id, in_region, moment};
use crate::approval::{Approval, ApprovalAction, ApprovalToken, ExecutionId, ReviewLink};
use crate::aws::{AwsError, AwsErrorKind};
use crate::text::bounded;
use time::UtcDateTime;

/// How long CodePipeline waits for an answer unless the action says otherwise: seven days.
const DEFAULT_TIMEOUT: time::Duration = time::Duration::days(7);

impl CodePipeline {
    /// Finds the pending approval that an event names, and what is being approved. `None` when it is no longer pending.
    ///
    /// # Errors
    /// When CodePipeline does not answer, or does not show the approval. Details that cannot be read are left out.
    pub async fn find(&self, pending: &PendingRef) -> Result<Option<PendingApproval>, FindError> {
        let action = &pending.action;
        let execution = async {
            match &pending.execution {
                Some(id) => EarlyRead::of(action, self.execution(action, id).await),
                None => EarlyRead::NotShown,
            }
        };
        let (located, timeout, execution) = tokio::join!(self.locate(pending), self.timeout(action), execution);
        match located? {
            Some((approval, attempt)) => Ok(self.describe(approval, attempt, timeout, execution, pending).await),
            None => Ok(None),
        }
    }

    /// Which approval it is, and its attempt, if that was seen on the way. `None` when it waits no more.
    async fn locate(&self, pending: &PendingRef) -> Result<Option<Located>, FindError> {
        let action = &pending.action;
        let approval = |token, execution| Approval { action: action.clone(), token, execution };
        match (&pending.token, &pending.execution) {
            (Some(token), Some(execution)) => Ok(Some((approval(token.clone(), Some(execution.clone())), None))),
            (Some(token), None) => {
                let execution = self.execution_of(action, token).await;
                Ok(Some((approval(token.clone(), execution), None)))
            }
            (None, Some(execution)) => match self.token_of(action, execution, pending.started).await? {
                Some(Wait::Token(token, attempt)) => {
                    let attempt =
                        attempt.map(|attempt| *attempt).filter(|attempt| external_id(attempt).as_ref() == Some(&token));
                    Ok(Some((approval(token, Some(execution.clone())), attempt)))
                }
                Some(Wait::Over) => Ok(None),
                None => Err(FindError::NotShown),
            },
            (None, None) => Err(FindError::NotShown),
        }
    }

    /// The token of the approval that `execution` waits at.
    async fn token_of(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
        started: UtcDateTime,
    ) -> Result<Option<Wait>, AwsError> {
        self.polling
            .until(async || {
                let (stage, attempt) = tokio::join!(self.stage_state(action), self.latest_attempt(action, execution));
                if let Some(token) = stage?.and_then(|stage| token_in_state(&stage, action, execution)) {
                    return Ok(Some(Wait::Token(token, attempt.ok().flatten().map(Box::new))));
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
                let token = external_id(&attempt).filter(|_| parallel);
                Ok(token.map(|token| Wait::Token(token, Some(Box::new(attempt)))))
            })
            .await
    }

    /// The execution that waits with `token`. Best effort: the email can go out without it.
    async fn execution_of(&self, action: &ApprovalAction, token: &ApprovalToken) -> Option<ExecutionId> {
        let found = self
            .polling
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
    async fn describe(
        &self,
        approval: Approval,
        attempt: Option<ActionExecutionDetail>,
        timeout: Option<time::Duration>,
        execution: EarlyRead<PipelineExecution>,
        pending: &PendingRef,
    ) -> Option<PendingApproval> {
        let action = &approval.action;
        let (execution, attempt) = tokio::join!(
            async {
                match (execution, &approval.execution) {
                    (EarlyRead::Shown(execution), _) => Some(execution),
                    (EarlyRead::NotShown, Some(id)) => best_effort(action, self.execution(action, id).await),
                    (EarlyRead::NotShown | EarlyRead::Unavailable, _) => None,
                }
            },
            async {
                match (attempt, &approval.execution) {
                    (None, Some(_)) => self.attempt_of(&approval, pending.started).await,
                    (attempt, _) => Ok(attempt),
                }
            },
        );
        let attempt = best_effort(action, attempt);
        if attempt.as_ref().is_some_and(|attempt| {
            external_id(attempt).as_ref() == Some(&approval.token)
                && attempt.status.as_ref().is_some_and(|status| *status != ActionExecutionStatus::InProgress)
        }) {
            return None;
        }
        let started =
            attempt.as_ref().and_then(|attempt| moment(attempt.start_time.as_ref())).unwrap_or(pending.started);
        let expires = pending.expires.or_else(|| Some(started.saturating_add(timeout?)));
        let initiator = execution.as_ref().and_then(initiator_of);
        let mut release = execution.as_ref().map(release_of).unwrap_or_default();
        let configured = |key: &str| {
            let configuration = attempt.as_ref()?.input.as_ref()?.resolved_configuration.as_ref()?;
            configuration.get(key).filter(|value| !value.is_empty()).cloned()
        };
        release.instructions = configured("CustomData")
            .or_else(|| pending.instructions.clone())
            .map(|text| bounded(&text, MAX_INSTRUCTIONS))
            .filter(|text| !text.is_empty());
        release.review_url = configured("ExternalEntityLink")
            .or_else(|| pending.review_url.clone())
            .and_then(|url| ReviewLink::parse_lenient(&url));
        Some(PendingApproval { approval, expires, initiator, release })
    }

    /// How long CodePipeline waits at an action. `None` when that cannot be read at the moment: what can be read a minute
    /// later is not guessed. Where it may not be read at all, the default is assumed, or nobody would ever be asked.
    async fn timeout(&self, action: &ApprovalAction) -> Option<time::Duration> {
        match self.declared_timeout(action).await {
            Err(error) if error.kind == AwsErrorKind::Unavailable => best_effort(action, Err(error)),
            declared => Some(best_effort(action, declared).unwrap_or(DEFAULT_TIMEOUT)),
        }
    }

    /// The time-out that the pipeline declares for an action, if it declares one.
    async fn declared_timeout(&self, action: &ApprovalAction) -> Result<Option<time::Duration>, AwsError> {
        let answer = self
            .client
            .get_pipeline()
            .name(action.pipeline.as_str())
            .customize()
            .config_override(in_region(Some(&action.region)))
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

/// An approval, and its attempt, if that was seen.
type Located = (Approval, Option<ActionExecutionDetail>);

/// A detail that was read before it was certain to be shown.
enum EarlyRead<T> {
    Shown(T),
    /// Not known when the event came, or not shown yet: worth reading once more.
    NotShown,
    Unavailable,
}

impl<T> EarlyRead<T> {
    fn of(action: &ApprovalAction, read: Result<Option<T>, AwsError>) -> Self {
        match read {
            Ok(Some(detail)) => Self::Shown(detail),
            Ok(None) | Err(AwsError { kind: AwsErrorKind::Refused, .. }) => Self::NotShown,
            Err(error) => best_effort(action, Err(error)).map_or(Self::Unavailable, Self::Shown),
        }
    }
}

/// Whether an approval still waits.
enum Wait {
    /// It does, and this is the latest attempt at its action, if that is shown.
    Token(ApprovalToken, Option<Box<ActionExecutionDetail>>),
    Over,
}

/// A detail that may be missing: its absence is logged and stops nothing.
fn best_effort<T>(action: &ApprovalAction, read: Result<Option<T>, AwsError>) -> Option<T> {
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, approval = %action, "a detail of an approval cannot be read");
        None
    })
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
    if latest.token.as_deref() != Some(token.expose()) {
        return None;
    }
    stage.latest_execution.as_ref()?.pipeline_execution_id.parse().ok()
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
