//! What CodePipeline shows of an end, with the names in full: for a statement about it.

use time::UtcDateTime;

use super::pending::Declared;
use super::release::principal;
use super::{ApprovalStatus, CodePipeline, NOT_FOUND};
use crate::approval::{AccountId, Location, Region, RoleArn};
use crate::aws::AwsError;
use crate::request::{Outcome, Request};

/// The end of an approval, as CodePipeline shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// The ARN of whoever ended it, if CodePipeline names somebody.
    pub by: Option<String>,
    /// The role that the callback decides with.
    pub deciding_role: RoleArn,
    /// Where the pipeline is, by its own ARN. `None` when there is no such pipeline any more.
    pub pipeline: Option<(AccountId, Region)>,
}

/// Whether an approval has ended, for a statement about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownStatus {
    /// It ended.
    Ended(Box<ShownEnd>),
    /// It waits.
    Pending,
    /// CodePipeline does not show it, or not yet.
    Unknown,
}

impl CodePipeline {
    /// The end of the request's approval, with the names in full.
    ///
    /// # Errors
    /// When CodePipeline does not answer, or contradicts itself.
    pub async fn shown_end(&self, request: &Request, now: UtcDateTime) -> Result<ShownStatus, AwsError> {
        let outcome = match self.status(request, now).await? {
            ApprovalStatus::Ended(outcome) => outcome,
            ApprovalStatus::Pending => return Ok(ShownStatus::Pending),
            ApprovalStatus::Unknown => return Ok(ShownStatus::Unknown),
        };
        let action = &request.approval.action;
        let (by, pipeline) = match self.declared(&action.pipeline, &action.location()).await {
            Ok(Declared { at: Location { account, region }, .. }) => {
                let run = self.run_of(&request.approval).await?;
                (run.and_then(|run| run.updated_by), Some((account, region)))
            }
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => (None, None),
            Err(error) => return Err(error),
        };
        if by.as_deref().map(principal) != outcome.by {
            return Err(AwsError::unavailable(
                "codepipeline:ListActionExecutions",
                "an end that changed between two reads",
            ));
        }
        let deciding_role = self.members.deciding_role(&action.account);
        Ok(ShownStatus::Ended(Box::new(ShownEnd { outcome, by, deciding_role, pipeline })))
    }
}
