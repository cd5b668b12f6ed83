//! How an approval ends: putting the result, and reading what CodePipeline holds.

use aws_sdk_codepipeline::types::{
    ActionExecutionDetail, ActionExecutionResult, ActionExecutionStatus, ApprovalResult,
    ApprovalStatus as ResultStatus, PipelineExecutionStatus,
};
use time::UtcDateTime;

use super::release::{MAX_SUMMARY, principal};
use super::{ApprovalStatus, CodePipeline, NOT_FOUND, PutOutcome, in_region, moment};
use crate::approval::{Address, Approval, Decision};
use crate::aws::{AwsError, code};
use crate::clock::CLOCK_SKEW;
use crate::members::Decider;
use crate::request::{Ending, Outcome, Request};
use crate::text::bounded;

/// For how long what CodePipeline shows of an end may be incomplete. Its lists lag by seconds.
const LAG: time::Duration = time::Duration::minutes(30);

impl CodePipeline {
    /// Assumes the deciding role in the name of the approver whose vote settled the approval.
    ///
    /// # Errors
    /// When STS does not answer, or the role does not let us.
    pub async fn decider(&self, approval: &Approval, approver: &Address) -> Result<Decider, AwsError> {
        self.members.decider(&approval.action, approver).await
    }

    /// Puts a decision. `summary` has at most 512 characters.
    ///
    /// # Errors
    /// When CodePipeline does not answer or does not allow it. The result may have been put all the same.
    pub async fn put(
        &self,
        approval: &Approval,
        decision: Decision,
        summary: &str,
        decider: &Decider,
    ) -> Result<PutOutcome, AwsError> {
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
            .members
            .reader(&action.account)
            .await?
            .put_approval_result()
            .pipeline_name(action.pipeline.as_str())
            .stage_name(action.stage.as_str())
            .action_name(action.action.as_str())
            .token(approval.token.expose())
            .result(result)
            .customize()
            .config_override(in_region(&action.region).credentials_provider(decider.credentials()))
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
        let deciding_role = self.members.deciding_role(&approval.action.account);
        let attempt = match self.run_of(approval).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return Ok(ApprovalStatus::Unknown),
            // The pipeline was removed, or made anew under the same name.
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => {
                return Ok(ApprovalStatus::Ended(not_shown(now)));
            }
            Err(error) => return Err(error),
        };
        let ended = moment(attempt.last_update_time.as_ref()).unwrap_or(now);
        let is_past = ended >= request.waits_until.saturating_sub(CLOCK_SKEW);
        let ending = match attempt.status {
            Some(ActionExecutionStatus::InProgress) => return Ok(ApprovalStatus::Pending),
            Some(ActionExecutionStatus::Succeeded) => Ending::Approved,
            Some(ActionExecutionStatus::Failed) => match Failure::of(&attempt, is_past) {
                Failure::Rejected => Ending::Rejected,
                Failure::Unsaid if now - ended < LAG => return Ok(ApprovalStatus::Unknown),
                Failure::Expired | Failure::Unsaid => Ending::Expired,
            },
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
            by_our_role: attempt.updated_by.as_deref().is_some_and(|arn| deciding_role.has_session(arn)),
            at: ended,
            summary: said_of(&attempt),
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

/// Why an approval failed. CodePipeline fails one that was rejected and one whose time is over alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody rejected it.
    Rejected,
    /// Its time was over.
    Expired,
    /// Nobody is named, nothing is said, and its time was not over: the list may not show all of it yet.
    Unsaid,
}

impl Failure {
    /// The failure of a run, which ended when its time was over or before. Nobody did a time-out, and so nobody is named;
    /// what its summary says, if it has one, is in no public sample.
    pub(super) fn of(run: &ActionExecutionDetail, is_past: bool) -> Self {
        match (&run.updated_by, summary_of(run)) {
            (Some(_), _) => Self::Rejected,
            (None, Some(summary)) if !is_past || summary.starts_with("Rejected by arn:") => Self::Rejected,
            (None, _) if is_past => Self::Expired,
            (None, _) => Self::Unsaid,
        }
    }
}

/// What CodePipeline says of the end of a run: its summary, or else the message of its error.
pub(super) fn said_of(run: &ActionExecutionDetail) -> Option<String> {
    let error = || result_of(run)?.error_details.as_ref()?.message.as_deref();
    let said = summary_of(run).or_else(error)?;
    Some(bounded(said, MAX_SUMMARY)).filter(|said| !said.is_empty())
}

fn summary_of(run: &ActionExecutionDetail) -> Option<&str> {
    result_of(run)?.external_execution_summary.as_deref().filter(|summary| !summary.trim().is_empty())
}

fn result_of(run: &ActionExecutionDetail) -> Option<&ActionExecutionResult> {
    run.output.as_ref()?.execution_result.as_ref()
}

/// The outcome of an approval that CodePipeline does not show any more.
#[must_use]
pub fn not_shown(at: UtcDateTime) -> Outcome {
    Outcome { ending: Ending::NotShown, by: None, by_our_role: false, at, summary: None }
}

#[cfg(test)]
mod tests {
    use aws_sdk_codepipeline::types::{ActionExecutionOutput, ErrorDetails};

    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:user/ben";

    fn run(by: Option<&str>, summary: Option<&str>, error: Option<&str>) -> ActionExecutionDetail {
        let error = error.map(|message| ErrorDetails::builder().code("JobFailed").message(message).build());
        let result = ActionExecutionResult::builder()
            .set_external_execution_summary(summary.map(str::to_owned))
            .set_error_details(error);
        let output = ActionExecutionOutput::builder().execution_result(result.build()).build();
        ActionExecutionDetail::builder().set_updated_by(by.map(str::to_owned)).output(output).build()
    }

    #[test]
    fn an_approval_that_failed_was_rejected_unless_its_time_was_over_and_nobody_is_named() {
        let rejected_by = format!("Rejected by {ARN}");
        for (by, summary, is_past, failure) in [
            (Some(ARN), Some("no"), false, Failure::Rejected),
            (Some(ARN), Some("no"), true, Failure::Rejected),
            (Some(ARN), None, true, Failure::Rejected),
            (None, Some(rejected_by.as_str()), true, Failure::Rejected),
            (None, Some("no"), false, Failure::Rejected),
            (None, Some("The approval timed out"), true, Failure::Expired),
            (None, Some(" "), true, Failure::Expired),
            (None, None, true, Failure::Expired),
            (None, None, false, Failure::Unsaid),
        ] {
            assert_eq!(Failure::of(&run(by, summary, None), is_past), failure, "{by:?} {summary:?} {is_past}");
        }
        // An error is no sign of a person.
        assert_eq!(Failure::of(&run(None, None, Some("failed")), true), Failure::Expired);
        assert_eq!(Failure::of(&run(None, None, Some("failed")), false), Failure::Unsaid);
    }

    #[test]
    fn what_is_said_of_an_end_is_its_summary_or_else_its_error() {
        for (summary, error, said) in [
            (Some("no"), Some("failed"), Some("no")),
            (None, Some("failed"), Some("failed")),
            (Some(""), Some("failed"), Some("failed")),
            (None, None, None),
        ] {
            assert_eq!(said_of(&run(None, summary, error)).as_deref(), said);
        }
    }
}
