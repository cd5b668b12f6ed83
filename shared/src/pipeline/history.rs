//! What was released to a stage before, from CodePipeline's own list of executions.
//!
//! It is a courtesy to approvers: what cannot be read, or not soon, is said, and delays nobody's email.

use std::cmp::Reverse;
use std::time::Duration;

use aws_sdk_codepipeline::types::{
    PipelineExecutionFilter, PipelineExecutionStatus, PipelineExecutionSummary, SucceededInStageFilter,
};
use tokio::time::timeout;

use super::release::{MAX_LINE, MAX_REVISIONS, provider_in, title};
use super::{CodePipeline, in_region, moment};
use crate::approval::{Approval, ApprovalAction, ExecutionId, ReviewLink};
use crate::aws::AwsError;
use crate::hosts::RepositoryId;
use crate::request::{Before, LastRelease, PastRevision, Rollback};
use crate::text::bounded_line;

const OPERATION: &str = "codepipeline:ListPipelineExecutions";

/// How long an email waits for what was released before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many executions that passed the stage are looked through: the last, and what a rollback may put back.
const PASSED: i32 = 20;

/// How many changes that were not released are kept, the latest.
const MAX_UNRELEASED: usize = 10;

/// What CodePipeline lists of a pipeline's executions.
struct History {
    /// Those that passed the stage, in the present version of the pipeline.
    passed: Option<Vec<PipelineExecutionSummary>>,
    /// The latest of all, and whether these are all.
    latest: Option<(Vec<PipelineExecutionSummary>, bool)>,
}

impl CodePipeline {
    /// What was released to the stage before an approval's execution, and of a rollback when, in two calls side by side.
    /// It always ends soon: what is not read by then is [`Before::Unread`].
    pub async fn history(&self, approval: &Approval, rollback: Option<Rollback>) -> (Before, Option<Rollback>) {
        let action = &approval.action;
        let stage = SucceededInStageFilter::builder().stage_name(action.stage.as_str()).build();
        let filter = PipelineExecutionFilter::builder().succeeded_in_stage(stage).build();
        let (passed, latest) =
            tokio::join!(self.listed(action, Some(filter), Some(PASSED)), self.listed(action, None, None));
        let history = History { passed: passed.map(|(passed, _)| passed), latest };
        (history.before(&approval.execution), rollback.map(|rollback| history.dated(rollback)))
    }

    /// One page of executions, newest first, and whether it is the only one.
    async fn listed(
        &self,
        action: &ApprovalAction,
        filter: Option<PipelineExecutionFilter>,
        most: Option<i32>,
    ) -> Option<(Vec<PipelineExecutionSummary>, bool)> {
        let read = async {
            let client = self.members.reader(&action.account).await?;
            let call = client.list_pipeline_executions().pipeline_name(action.pipeline.as_str());
            let call = call.set_filter(filter).set_max_results(most).customize();
            self.call(&action.location(), OPERATION, call.config_override(in_region(&action.region)).send()).await
        };
        let answer = timeout(PATIENCE, read).await.unwrap_or_else(|_| {
            Err(AwsError::unavailable(OPERATION, "no answer within the second that an email waits for it"))
        });
        match answer {
            Ok(answer) => {
                let mut listed = answer.pipeline_execution_summaries.unwrap_or_default();
                listed.sort_by_key(|execution| Reverse(moment(execution.start_time.as_ref())));
                Some((listed, answer.next_token.is_none()))
            }
            Err(error) => {
                tracing::warn!(%error, approval = %action, "what was released before cannot be read");
                None
            }
        }
    }
}

impl History {
    /// What was released to the stage before the execution that waits now.
    fn before(&self, waiting: &ExecutionId) -> Before {
        let Some(passed) = &self.passed else { return Before::Unread };
        let is_other = |execution: &&PipelineExecutionSummary| !is(execution, waiting);
        let whole = |execution: &&PipelineExecutionSummary| {
            execution.status == Some(PipelineExecutionStatus::Succeeded) && is_other(execution)
        };
        // A pipeline that was edited since has none that passed; of those before the edit, the ones that ended well did.
        let last = passed.iter().find(is_other).or_else(|| self.latest.as_ref()?.0.iter().find(whole));
        match (last.and_then(|last| self.released(last, waiting)), &self.latest) {
            (Some(last), _) => Before::Release(Box::new(last)),
            (None, Some((_, true))) => Before::Nothing,
            (None, _) => Before::Unread,
        }
    }

    /// When the release that a rollback puts back changed last.
    fn dated(&self, rollback: Rollback) -> Rollback {
        let latest = self.latest.as_ref().map(|(latest, _)| latest.as_slice()).unwrap_or_default();
        let listed = self.passed.as_deref().unwrap_or_default().iter().chain(latest);
        let target = listed.into_iter().find(|execution| is(execution, &rollback.target));
        Rollback { released: target.and_then(|target| moment(target.last_update_time.as_ref())), ..rollback }
    }

    fn released(&self, last: &PipelineExecutionSummary, waiting: &ExecutionId) -> Option<LastRelease> {
        let execution: ExecutionId = last.pipeline_execution_id.as_deref()?.parse().ok()?;
        let at = moment(last.last_update_time.as_ref()).or(moment(last.start_time.as_ref()))?;
        let latest = self.latest.as_ref().map(|(latest, _)| latest.as_slice()).unwrap_or_default();
        // The list has the newest first. One that is no longer on the page is older than all that are.
        let place = |id: &ExecutionId| latest.iter().position(|listed| is(listed, id));
        let (this, then) = (place(waiting), place(&execution).unwrap_or(latest.len()));
        let is_newer = this.is_some_and(|this| then < this);
        let between = this.and_then(|this| latest.get(this + 1..then)).unwrap_or_default();
        let revisions = revisions_of(last);
        let mut known = this.and_then(|this| latest.get(this)).map(revisions_of).unwrap_or_default();
        known.extend(revisions.iter().cloned());
        let mut unreleased: Vec<PastRevision> = Vec::new();
        for listed in between.iter().filter(|listed| is_unreleased(listed)) {
            for revision in revisions_of(listed) {
                let same = |other: &PastRevision| (&other.source, &other.id) == (&revision.source, &revision.id);
                if !known.iter().chain(&unreleased).any(same) {
                    unreleased.push(revision);
                }
            }
        }
        let more = unreleased.len().saturating_sub(MAX_UNRELEASED);
        unreleased.truncate(MAX_UNRELEASED);
        Some(LastRelease { execution, at, is_newer, revisions, approved_by: Vec::new(), unreleased, more })
    }
}

fn is(execution: &PipelineExecutionSummary, id: &ExecutionId) -> bool {
    execution.pipeline_execution_id.as_deref() == Some(id.as_str())
}

/// Whether an execution ended without being released. A rollback brought nothing new.
fn is_unreleased(execution: &PipelineExecutionSummary) -> bool {
    let has_ended = matches!(
        execution.status,
        Some(
            PipelineExecutionStatus::Failed
                | PipelineExecutionStatus::Superseded
                | PipelineExecutionStatus::Stopped
                | PipelineExecutionStatus::Cancelled
        )
    );
    has_ended && execution.rollback_metadata.is_none()
}

fn revisions_of(execution: &PipelineExecutionSummary) -> Vec<PastRevision> {
    let revisions = execution.source_revisions.as_deref().unwrap_or_default().iter().take(MAX_REVISIONS);
    revisions
        .filter_map(|revision| {
            let id = revision.revision_id.as_deref().filter(|id| !id.is_empty())?;
            let summary = revision.revision_summary.as_deref().unwrap_or_default();
            let url = revision.revision_url.as_deref().and_then(ReviewLink::parse_lenient);
            let provider = provider_in(summary);
            Some(PastRevision {
                source: bounded_line(&revision.action_name, MAX_LINE),
                id: bounded_line(id, MAX_LINE),
                title: title(summary),
                repository: url.and_then(|url| RepositoryId::of(&provider?, &url, id)),
            })
        })
        .collect()
}
