//! How an approval ends: putting the result, and reading what CodePipeline holds.

use aws_sdk_codepipeline::types::{
    ActionExecutionStatus, ApprovalResult, ApprovalStatus as ResultStatus, PipelineExecutionStatus,
};
use time::UtcDateTime;

use super::release::{MAX_SUMMARY, principal};
use super::{ApprovalStatus, CodePipeline, NOT_FOUND, PutOutcome, in_region, moment};
use crate::approval::{Approval, Decision};
use crate::aws::{AwsError, code};
use crate::clock::CLOCK_SKEW;
use crate::request::{Ending, Outcome, Request};
use crate::text::bounded;

/// For how long what CodePipeline shows of an end may be incomplete. Its lists lag by seconds.
const LAG: time::Duration = time::Duration::minutes(30);

impl CodePipeline {
    /// Puts a decision. `summary` has at most 512 characters.
    ///
    /// # Errors
    /// When CodePipeline does not answer or does not allow it. The result may have been put all the same.
    pub async fn put(&self, approval: &Approval, decision: Decision, summary: &str) -> Result<PutOutcome, AwsError> {
        const OPERATION: &str = "codepipeline:PutApprovalResult";
        let action = &approval.action;
        let status = match decision {
            Decision::Approved => ResultStatus::Approved,
            Decision::Rejected => ResultStatus::Rejected,
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
            .token(approval.token.expose())
            .result(result)
            .customize()
            .config_override(in_region(Some(&action.region)))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(PutOutcome::Accepted),
            Err(error) => match code(&error) {
                Some("ApprovalAlreadyCompletedException") => Ok(PutOutcome::AlreadyDecided),
                Some(
                    "InvalidApprovalTokenException"
                    | "PipelineNotFoundException"
                    | "StageNotFoundException"
                    | "ActionNotFoundException",
                ) => Ok(PutOutcome::Gone),
                _ => Err(AwsError::new(OPERATION, &error)),
            },
        }
    }

    /// The status of the request's approval.
    ///
    /// # Errors
    /// When CodePipeline does not answer.
    pub async fn status(&self, request: &Request, now: UtcDateTime) -> Result<ApprovalStatus, AwsError> {
        let approval = &request.approval;
        let attempt = match self.run_of(approval).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return Ok(ApprovalStatus::Unknown),
            // The pipeline was removed, or made anew under the same name.
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => {
                return Ok(ApprovalStatus::Ended(not_shown(now)));
            }
            Err(error) => return Err(error),
        };
        let summary = attempt
            .output
            .as_ref()
            .and_then(|output| output.execution_result.as_ref())
            .and_then(|result| result.external_execution_summary.as_deref())
            .map(|summary| bounded(summary, MAX_SUMMARY))
            .filter(|summary| !summary.is_empty());
        let ended = moment(attempt.last_update_time.as_ref()).unwrap_or(now);
        let ending = match attempt.status {
            Some(ActionExecutionStatus::InProgress) => return Ok(ApprovalStatus::Pending),
            Some(ActionExecutionStatus::Succeeded) => Ending::Approved,
            // A time-out is processed as a failed action. Nobody did it, and so it has no summary. Before its deadline
            // that may mean that the list does not show the summary yet.
            Some(ActionExecutionStatus::Failed) if summary.is_none() && attempt.updated_by.is_none() => {
                if ended < request.waits_until.saturating_sub(CLOCK_SKEW) && now - ended < LAG {
                    return Ok(ApprovalStatus::Unknown);
                }
                Ending::Expired
            }
            Some(ActionExecutionStatus::Failed) => Ending::Rejected,
            Some(ActionExecutionStatus::Abandoned) => match self.abandoned(approval).await? {
                Some(ending) => ending,
                None if now - ended > LAG => Ending::NotShown,
                None => return Ok(ApprovalStatus::Unknown),
            },
            _ => return Ok(ApprovalStatus::Unknown),
        };
        Ok(ApprovalStatus::Ended(Outcome {
            ending,
            by: attempt.updated_by.as_deref().map(principal),
            by_our_role: attempt.updated_by.as_deref().is_some_and(|arn| self.deciding_role.has_session(arn)),
            at: ended,
            summary,
        }))
    }

    /// How the request's approval ended, polled until CodePipeline shows it: for callers who know that it has ended.
    ///
    /// # Errors
    /// When CodePipeline does not answer.
    pub async fn ending(&self, request: &Request, now: UtcDateTime) -> Result<Option<Outcome>, AwsError> {
        self.polling
            .until(async || match self.status(request, now).await? {
                ApprovalStatus::Ended(outcome) => Ok(Some(outcome)),
                ApprovalStatus::Pending | ApprovalStatus::Unknown => Ok(None),
            })
            .await
    }

    /// Why an action was abandoned, if its execution shows it yet.
    async fn abandoned(&self, approval: &Approval) -> Result<Option<Ending>, AwsError> {
        let execution = match self.execution(&approval.action, &approval.execution).await {
            Ok(execution) => execution,
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => None,
            Err(error) => return Err(error),
        };
        Ok(match execution.and_then(|execution| execution.status) {
            Some(PipelineExecutionStatus::Stopped | PipelineExecutionStatus::Stopping) => Some(Ending::Stopped),
            Some(PipelineExecutionStatus::Superseded | PipelineExecutionStatus::Cancelled) => Some(Ending::Superseded),
            _ => None,
        })
    }
}

/// The outcome of an approval that CodePipeline does not show any more.
#[must_use]
pub fn not_shown(at: UtcDateTime) -> Outcome {
    Outcome { ending: Ending::NotShown, by: None, by_our_role: false, at, summary: None }
}
