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
        // A pipeline that was edited since has none that passed. Of those before the edit, the ones that ended well did, and
        // there may be some that passed the stage and ended later in another way.
        let in_this_version = passed.iter().find(is_other);
        let last = in_this_version.or_else(|| self.latest.as_ref()?.0.iter().find(whole));
        match (last.and_then(|last| self.released(last, waiting)), &self.latest) {
            (Some(last), _) => {
                let is_partial = last.is_partial || in_this_version.is_none();
                Before::Release(Box::new(LastRelease { is_partial, ..last }))
            }
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
        let (latest, is_all) = self.latest.as_ref().map(|(latest, all)| (latest.as_slice(), *all)).unwrap_or_default();
        // The list has the newest first. One that is no longer on the page is older than all that are.
        let place = |id: &ExecutionId| latest.iter().position(|listed| is(listed, id));
        let (this, last_place) = (place(waiting), place(&execution));
        let then = last_place.unwrap_or(latest.len());
        let is_newer = last_place.is_some() && this.map_or(!is_all, |this| then < this);
        let is_partial = !is_newer && (this.is_none() || last_place.is_none() && !is_all);
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
        Some(LastRelease { execution, at, is_newer, revisions, approved_by: Vec::new(), unreleased, more, is_partial })
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

#[cfg(test)]
mod tests {
    use aws_sdk_codepipeline::primitives::DateTime;

    use super::*;

    /// An execution that started in this minute, with its number for an id.
    fn execution(number: i64, status: PipelineExecutionStatus) -> PipelineExecutionSummary {
        PipelineExecutionSummary::builder()
            .pipeline_execution_id(id(number).as_str())
            .status(status)
            .start_time(DateTime::from_secs(number * 60))
            .last_update_time(DateTime::from_secs(number * 60 + 30))
            .build()
    }

    fn id(number: i64) -> ExecutionId {
        format!("execution-{number}").parse().unwrap()
    }

    fn before(passed: Option<&[i64]>, latest: Option<(&[i64], bool)>, waiting: i64) -> Before {
        let listed = |numbers: &[i64]| {
            numbers.iter().map(|number| execution(*number, PipelineExecutionStatus::Succeeded)).collect()
        };
        let history =
            History { passed: passed.map(listed), latest: latest.map(|(latest, is_all)| (listed(latest), is_all)) };
        history.before(&id(waiting))
    }

    #[test]
    fn what_may_be_missing_is_known() {
        const ALL: bool = true;
        const SOME: bool = false;
        for (passed, latest, waiting, last, is_newer, is_partial) in [
            (&[1][..], Some((&[2, 1][..], ALL)), 2, 1, false, false),
            (&[1], Some((&[2, 1], SOME)), 2, 1, false, false),
            (&[1], None, 2, 1, false, true),
            // The last release is older than all that are listed.
            (&[1], Some((&[9, 8, 7], SOME)), 9, 1, false, true),
            // The one that waits is older than all that are listed.
            (&[7, 1], Some((&[9, 8, 7], SOME)), 2, 7, true, false),
            // The one that waits is not listed yet.
            (&[7, 1], Some((&[7, 1], ALL)), 8, 7, false, true),
            (&[7, 1], Some((&[7, 2, 1], ALL)), 2, 7, true, false),
            // Of another version of the pipeline, of which CodePipeline does not say what passed the stage.
            (&[], Some((&[2, 1], ALL)), 2, 1, false, true),
        ] {
            let Before::Release(found) = before(Some(passed), latest, waiting) else {
                panic!("{passed:?} {latest:?} {waiting}")
            };
            assert_eq!(
                (&found.execution, found.is_newer, found.is_partial),
                (&id(last), is_newer, is_partial),
                "{passed:?} {latest:?} {waiting}"
            );
        }
    }

    #[test]
    fn nothing_is_said_to_be_there_only_where_all_is_listed() {
        assert_eq!(before(None, Some((&[2, 1], true)), 2), Before::Unread);
        assert_eq!(before(Some(&[]), None, 2), Before::Unread);
        assert_eq!(before(Some(&[]), Some((&[2], false)), 2), Before::Unread);
        assert_eq!(before(Some(&[]), Some((&[2], true)), 2), Before::Nothing);
        assert_eq!(before(Some(&[2]), Some((&[2], true)), 2), Before::Nothing);
    }
}
