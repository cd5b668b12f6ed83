//! What was released to a stage before, from CodePipeline's own list of executions.
//!
//! It is a courtesy to approvers: what cannot be read, or not soon, is said, and delays nobody's email.

use std::cmp::Reverse;
use std::time::Duration;

use aws_sdk_codepipeline::types::{
    PipelineExecutionFilter, PipelineExecutionStatus, PipelineExecutionSummary, SucceededInStageFilter,
};
use time::UtcDateTime;
use tokio::time::timeout;

use super::release::{MAX_LINE, initiator_of, provider_in, start_of, started_by, title};
use super::{CodePipeline, Initiator, PendingApproval, in_region, moment};
use crate::approval::{ApprovalAction, ExecutionId, ReviewLink};
use crate::aws::AwsError;
use crate::hosts::RepositoryId;
use crate::request::{Before, LastRelease, PastRevision, Rollback, Start};
use crate::text::bounded_line;

const OPERATION: &str = "codepipeline:ListPipelineExecutions";

/// How long an email waits for what was released before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many executions that passed the stage are looked through: the last, and what a rollback may put back.
const PASSED: i32 = 20;

/// How many changes of one execution are kept: CodePipeline has no more actions in a stage.
const MAX_PAST_REVISIONS: usize = 50;

/// How many changes that were not released are kept, the latest.
const MAX_UNRELEASED: usize = 10;

/// What CodePipeline lists of a pipeline's executions, newest first.
struct History {
    /// Those that passed the stage, in the present version of the pipeline, as far as they are on the first page.
    passed: Option<Page>,
    /// The latest of all.
    latest: Option<Page>,
}

struct Page {
    executions: Vec<PipelineExecutionSummary>,
    /// Whether these are all.
    is_all: bool,
}

/// What came before an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// What was released to the stage.
    pub before: Before,
    /// When the release changed last that a rollback puts back.
    pub rolls_back_to: Option<UtcDateTime>,
    /// What the list says of the execution itself, if it is in it.
    pub listed: Option<Listed>,
}

/// What the list of executions says of one, for where the execution itself cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    initiator: Option<Initiator>,
    started_by: Option<String>,
    start: Start,
    rollback: Option<Rollback>,
}

impl CodePipeline {
    /// What was released to the stage before an approval's execution, in two calls side by side. It always ends soon: what
    /// is not read by then is [`Before::Unread`].
    pub async fn history(&self, found: &PendingApproval) -> Past {
        let action = &found.approval.action;
        let stage = SucceededInStageFilter::builder().stage_name(action.stage.as_str()).build();
        let filter = PipelineExecutionFilter::builder().succeeded_in_stage(stage).build();
        let (passed, latest) =
            tokio::join!(self.listed(action, Some(filter), Some(PASSED)), self.listed(action, None, None));
        let history = History { passed, latest };
        let listed = history.listed(&found.approval.execution);
        let known = [found.release.rollback.as_ref(), listed.as_ref().and_then(|listed| listed.rollback.as_ref())];
        let target = known.into_iter().flatten().find_map(|rollback| rollback.target.as_ref());
        Past {
            before: history.before(&found.approval.execution, target, found.is_parallel),
            rolls_back_to: target.and_then(|target| history.changed_last(target)),
            listed,
        }
    }

    /// The first page of executions.
    async fn listed(
        &self,
        action: &ApprovalAction,
        filter: Option<PipelineExecutionFilter>,
        most: Option<i32>,
    ) -> Option<Page> {
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
                let mut executions = answer.pipeline_execution_summaries.unwrap_or_default();
                executions.sort_by_key(|execution| Reverse(moment(execution.start_time.as_ref())));
                Some(Page { executions, is_all: answer.next_token.is_none() })
            }
            Err(error) => {
                tracing::warn!(%error, approval = %action, "what was released before cannot be read");
                None
            }
        }
    }
}

impl PendingApproval {
    /// The same with what came before. What could not be read of the execution itself is as the list has it: a rollback is
    /// one even then, and somebody started it.
    #[must_use]
    pub fn with_past(mut self, mut past: Past) -> Self {
        if let Some(listed) = past.listed.filter(|_| !self.is_read) {
            self.initiator = listed.initiator;
            self.release.started_by = listed.started_by;
            self.release.start = Some(listed.start);
            self.release.rollback = listed.rollback.or(self.release.rollback);
        }
        if let Some(rollback) = &mut self.release.rollback {
            rollback.released = past.rolls_back_to;
            // What it takes back depends on what it puts back.
            if let (None, Before::Release(last)) = (&rollback.target, &mut past.before) {
                (last.unreleased, last.more, last.is_partial) = (Vec::new(), 0, true);
            }
        }
        self.release.before = Some(past.before);
        self
    }
}

impl Page {
    /// How many executions are newer, if this one is on the page.
    fn place(&self, id: &ExecutionId) -> Option<usize> {
        self.executions.iter().position(|listed| is(listed, id))
    }

    /// Those that are newer than the one in this place; all, if that is older than the page.
    fn before(&self, place: Option<usize>) -> &[PipelineExecutionSummary] {
        self.executions.get(..place.unwrap_or(self.executions.len())).unwrap_or_default()
    }
}

impl History {
    /// What was released to the stage before the execution that waits now, which may be a rollback.
    fn before(&self, waiting: &ExecutionId, puts_back: Option<&ExecutionId>, is_parallel: bool) -> Before {
        let Some(passed) = &self.passed else { return Before::Unread };
        let is_other = |execution: &&PipelineExecutionSummary| !is(execution, waiting);
        let mut others = passed.executions.iter().filter(is_other);
        // Executions go through a stage in the order of their start, unless they run side by side.
        let last = if is_parallel {
            others.max_by_key(|execution| moment(execution.last_update_time.as_ref()))
        } else {
            others.next()
        };
        match last {
            Some(last) => {
                self.released(last, waiting, puts_back).map_or(Before::Unread, |last| Before::Release(Box::new(last)))
            }
            None if !passed.is_all => Before::Unread,
            // There may have been a release before the pipeline was edited: the filter does not go back so far.
            None if self.is_first(waiting) => Before::Nothing,
            None => Before::NothingSinceEdit,
        }
    }

    /// Whether the pipeline never ran before.
    fn is_first(&self, waiting: &ExecutionId) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.is_all && latest.executions.iter().all(|one| is(one, waiting)))
    }

    /// When an execution changed last.
    fn changed_last(&self, id: &ExecutionId) -> Option<UtcDateTime> {
        let pages = [&self.passed, &self.latest].into_iter().flatten();
        let execution = pages.flat_map(|page| &page.executions).find(|execution| is(execution, id))?;
        moment(execution.last_update_time.as_ref())
    }

    /// What the list says of an execution.
    fn listed(&self, id: &ExecutionId) -> Option<Listed> {
        let execution = self.latest.as_ref()?.executions.iter().find(|execution| is(execution, id))?;
        let trigger = execution.trigger.as_ref();
        Some(Listed {
            initiator: initiator_of(trigger),
            started_by: started_by(trigger),
            start: start_of(trigger, &[], false),
            rollback: target_of(execution).map(|target| Rollback { target: Some(target), released: None }),
        })
    }

    fn released(
        &self,
        last: &PipelineExecutionSummary,
        waiting: &ExecutionId,
        puts_back: Option<&ExecutionId>,
    ) -> Option<LastRelease> {
        let execution: ExecutionId = last.pipeline_execution_id.as_deref()?.parse().ok()?;
        let at = moment(last.last_update_time.as_ref()).or(moment(last.start_time.as_ref()))?;
        let release = LastRelease {
            execution,
            at,
            is_newer: false,
            is_rolled_back: false,
            revisions: revisions_of(last),
            approved_by: Vec::new(),
            unreleased: Vec::new(),
            more: 0,
            is_partial: true,
        };
        Some(match &self.latest {
            Some(latest) => {
                let others = Others { waiting, puts_back, last_put_back: target_of(last) };
                self.followed(latest, release, &others)
            }
            None => release,
        })
    }

    /// A release with what was started after it.
    fn followed(&self, latest: &Page, release: LastRelease, others: &Others<'_>) -> LastRelease {
        let Others { waiting, puts_back, last_put_back } = others;
        let passed = self.passed.as_ref().map(|page| page.executions.as_slice()).unwrap_or_default();
        let has_passed = |execution: &PipelineExecutionSummary| {
            id_of(execution).is_some_and(|id| passed.iter().any(|one| is(one, &id)))
        };
        let (this, last) = (latest.place(waiting), latest.place(&release.execution));
        // One that is no longer on the page is older than all that are.
        let is_after = |place: usize| this.map_or(!latest.is_all, |this| place < this);
        let other_places =
            passed.iter().filter_map(id_of).filter(|id| id != *waiting).filter_map(|id| latest.place(&id));
        let is_newer = other_places.into_iter().any(is_after);
        // Stages behind this one can be rolled back on their own, and that asks nobody here.
        let is_rolled_back = latest.before(last).iter().any(|listed| {
            let may_count =
                matches!(listed.status, Some(PipelineExecutionStatus::Succeeded | PipelineExecutionStatus::InProgress));
            may_count && !is(listed, waiting) && target_of(listed).is_some()
        });
        // A rollback takes back what was released after its target. Anything else may bring what was not released, and what
        // was rolled back since.
        let (begin, end) = match (puts_back, last_put_back) {
            (Some(target), _) => (last, latest.place(target)),
            (None, Some(target)) => (this, latest.place(target)),
            (None, None) => (this, last),
        };
        let is_one = |listed: &&PipelineExecutionSummary| match (puts_back, last_put_back) {
            // A rollback brought nothing new.
            _ if target_of(listed).is_some() => false,
            (Some(_), _) => has_passed(listed),
            (None, Some(_)) => true,
            (None, None) => !has_passed(listed),
        };
        let mut known = this.and_then(|this| latest.executions.get(this)).map(revisions_of).unwrap_or_default();
        known.extend(release.revisions.iter().cloned());
        let mut unreleased: Vec<PastRevision> = Vec::new();
        let between = latest.before(end).get(begin.map_or(0, |begin| begin + 1)..).filter(|_| !is_newer);
        for revision in between.unwrap_or_default().iter().filter(is_one).flat_map(revisions_of) {
            let same = |other: &PastRevision| (&other.source, &other.id) == (&revision.source, &revision.id);
            if !known.iter().chain(&unreleased).any(same) {
                unreleased.push(revision);
            }
        }
        let more = unreleased.len().saturating_sub(MAX_UNRELEASED);
        unreleased.truncate(MAX_UNRELEASED);
        let is_partial = !is_newer && (begin.is_none() || end.is_none() && !latest.is_all);
        LastRelease { is_newer, is_rolled_back, unreleased, more, is_partial, ..release }
    }
}

/// The executions that matter besides the last release.
struct Others<'a> {
    /// The one that waits.
    waiting: &'a ExecutionId,
    /// The one that it puts back, if it is a rollback.
    puts_back: Option<&'a ExecutionId>,
    /// The one that the last release put back, if that was a rollback.
    last_put_back: Option<ExecutionId>,
}

fn is(execution: &PipelineExecutionSummary, id: &ExecutionId) -> bool {
    execution.pipeline_execution_id.as_deref() == Some(id.as_str())
}

fn id_of(execution: &PipelineExecutionSummary) -> Option<ExecutionId> {
    execution.pipeline_execution_id.as_deref()?.parse().ok()
}

/// The execution that a rollback puts back. `None` for what is no rollback.
fn target_of(execution: &PipelineExecutionSummary) -> Option<ExecutionId> {
    execution.rollback_metadata.as_ref()?.rollback_target_pipeline_execution_id.as_deref()?.parse().ok()
}

fn revisions_of(execution: &PipelineExecutionSummary) -> Vec<PastRevision> {
    let revisions = execution.source_revisions.as_deref().unwrap_or_default().iter().take(MAX_PAST_REVISIONS);
    revisions
        .filter_map(|revision| {
            let id = revision.revision_id.as_deref().filter(|id| !id.is_empty())?;
            let summary = revision.revision_summary.as_deref().unwrap_or_default();
            let url = revision.revision_url.as_deref().and_then(ReviewLink::parse_lenient);
            let provider = provider_in(summary);
            Some(PastRevision {
                source: bounded_line(&revision.action_name, MAX_LINE),
                id: bounded_line(id, MAX_LINE),
                title: title(summary, id),
                repository: url.and_then(|url| RepositoryId::of(&provider?, &url, id)),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use PipelineExecutionStatus::{Failed, InProgress, Stopping, Succeeded, Superseded};
    use aws_sdk_codepipeline::primitives::DateTime;
    use aws_sdk_codepipeline::types::{PipelineRollbackMetadata, SourceRevision};

    use super::*;

    const ALL: bool = true;
    const SOME: bool = false;

    /// An execution that started in this minute, with its number for an id, and a change of its own.
    fn execution(number: i64, status: PipelineExecutionStatus) -> PipelineExecutionSummary {
        let revision = SourceRevision::builder().action_name("App").revision_id(format!("commit-{number}"));
        PipelineExecutionSummary::builder()
            .pipeline_execution_id(id(number).as_str())
            .status(status)
            .start_time(DateTime::from_secs(number * 60))
            .last_update_time(DateTime::from_secs(number * 60 + 30))
            .source_revisions(revision.revision_summary(format!("Change {number}")).build().unwrap())
            .build()
    }

    fn rollback(number: i64, target: i64) -> PipelineExecutionSummary {
        let target = id(target);
        let target = PipelineRollbackMetadata::builder().rollback_target_pipeline_execution_id(target.as_str()).build();
        let mut execution = execution(number, Succeeded);
        (execution.rollback_metadata, execution.source_revisions) = (Some(target), None);
        execution
    }

    fn id(number: i64) -> ExecutionId {
        format!("execution-{number}").parse().unwrap()
    }

    fn page(executions: &[PipelineExecutionSummary], is_all: bool) -> Page {
        Page { executions: executions.to_vec(), is_all }
    }

    fn numbered(numbers: &[i64], is_all: bool) -> Page {
        page(&numbers.iter().map(|number| execution(*number, Succeeded)).collect::<Vec<_>>(), is_all)
    }

    fn last(history: &History, waiting: i64) -> LastRelease {
        match history.before(&id(waiting), None, false) {
            Before::Release(last) => *last,
            other => panic!("{other:?}"),
        }
    }

    fn titles(last: &LastRelease) -> Vec<&str> {
        last.unreleased.iter().filter_map(|revision| revision.title.as_deref()).collect()
    }

    #[test]
    fn what_may_be_missing_is_known() {
        for (passed, latest, waiting, expected, is_newer, is_partial) in [
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
        ] {
            let history = History {
                passed: Some(numbered(passed, ALL)),
                latest: latest.map(|(latest, is_all)| numbered(latest, is_all)),
            };
            let found = last(&history, waiting);
            assert_eq!(
                (found.execution, found.is_newer, found.is_partial),
                (id(expected), is_newer, is_partial),
                "{passed:?} {latest:?} {waiting}"
            );
        }
    }

    #[test]
    fn what_is_not_listed_is_not_said_to_be_missing() {
        for (passed, latest, expected) in [
            (None, Some((&[2, 1][..], ALL)), Before::Unread),
            (Some((&[][..], SOME)), Some((&[2], ALL)), Before::Unread),
            (Some((&[2], SOME)), Some((&[2], ALL)), Before::Unread),
            // The filter does not go back behind the last edit of the pipeline.
            (Some((&[], ALL)), None, Before::NothingSinceEdit),
            (Some((&[], ALL)), Some((&[2], SOME)), Before::NothingSinceEdit),
            (Some((&[], ALL)), Some((&[2, 1], ALL)), Before::NothingSinceEdit),
            (Some((&[], ALL)), Some((&[2], ALL)), Before::Nothing),
            (Some((&[2], ALL)), Some((&[2], ALL)), Before::Nothing),
        ] {
            let history = History {
                passed: passed.map(|(passed, is_all)| numbered(passed, is_all)),
                latest: latest.map(|(latest, is_all)| numbered(latest, is_all)),
            };
            assert_eq!(history.before(&id(2), None, false), expected, "{passed:?} {latest:?}");
        }
    }

    #[test]
    fn whatever_did_not_pass_the_stage_was_not_released() {
        for status in [Failed, Superseded, InProgress, Stopping, Succeeded] {
            let latest = [execution(3, InProgress), execution(2, status.clone()), execution(1, Succeeded)];
            let history = History { passed: Some(numbered(&[1], ALL)), latest: Some(page(&latest, ALL)) };
            assert_eq!(titles(&last(&history, 3)), ["Change 2"], "{status}");
        }
    }

    #[test]
    fn what_was_rolled_back_may_come_again() {
        let latest = [execution(5, InProgress), rollback(4, 1), execution(3, Failed), execution(2, Succeeded)];
        let latest = page(&[&latest[..], &[execution(1, Succeeded)]].concat(), ALL);
        let passed = page(&[rollback(4, 1), execution(2, Succeeded), execution(1, Succeeded)], ALL);
        let found = last(&History { passed: Some(passed), latest: Some(latest) }, 5);
        assert_eq!((titles(&found), found.is_rolled_back), (vec!["Change 3", "Change 2"], false));
    }

    #[test]
    fn a_rollback_takes_back_all_that_was_released_after_its_target() {
        let latest = [rollback(5, 1), execution(4, Succeeded), execution(3, Failed), execution(2, Succeeded)];
        let latest = page(&[&latest[..], &[execution(1, Succeeded)]].concat(), ALL);
        let history = History { passed: Some(numbered(&[4, 2, 1], ALL)), latest: Some(latest) };
        let Before::Release(found) = history.before(&id(5), Some(&id(1)), false) else {
            panic!("a release was before")
        };
        assert_eq!((found.execution.clone(), titles(&found)), (id(4), vec!["Change 2"]));
        assert!(!found.is_rolled_back && !found.is_newer && !found.is_partial, "{found:?}");
    }

    #[test]
    fn a_rollback_that_did_not_come_through_the_stage_is_known() {
        let latest = [execution(5, InProgress), rollback(4, 1), execution(3, Succeeded), execution(1, Succeeded)];
        let history = History { passed: Some(numbered(&[3, 1], ALL)), latest: Some(page(&latest, ALL)) };
        assert!(last(&history, 5).is_rolled_back);
    }

    #[test]
    fn of_executions_side_by_side_the_one_that_changed_last_was_released_last() {
        let mut late = execution(1, Succeeded);
        late.last_update_time = Some(DateTime::from_secs(6000));
        let latest = [execution(3, InProgress), execution(2, Succeeded), late.clone()];
        let passed = page(&[execution(2, Succeeded), late], ALL);
        let history = History { passed: Some(passed), latest: Some(page(&latest, ALL)) };
        let Before::Release(found) = history.before(&id(3), None, true) else { panic!("a release was before") };
        assert_eq!((found.execution.clone(), titles(&found)), (id(1), Vec::new()));
    }

    #[test]
    fn attack_a_rollback_over_more_releases_than_a_page_has_is_partial() {
        // Thirty releases, all of which passed; the filtered page has the last twenty of them.
        let mut latest: Vec<_> = (1..=30).rev().map(|number| execution(number, Succeeded)).collect();
        let passed = page(latest.get(..20).unwrap(), SOME);
        latest.insert(0, rollback(31, 1));
        let history = History { passed: Some(passed), latest: Some(page(&latest, ALL)) };
        let Before::Release(found) = history.before(&id(31), Some(&id(1)), false) else {
            panic!("a release was before")
        };
        let counted = found.unreleased.len() + found.more;
        // 2 to 29 are taken back besides 30.
        assert!(counted == 28 || found.is_partial, "{counted} of 28 are told, and nothing says that there are more");
    }

    #[test]
    fn attack_a_rollback_of_a_later_stage_that_was_stopped_midway_is_known() {
        let mut midway = rollback(4, 1);
        for status in [Failed, Stopping, PipelineExecutionStatus::Stopped] {
            midway.status = Some(status.clone());
            let latest = [execution(5, InProgress), midway.clone(), execution(3, Succeeded), execution(1, Succeeded)];
            let history = History { passed: Some(numbered(&[3, 1], ALL)), latest: Some(page(&latest, ALL)) };
            assert!(last(&history, 5).is_rolled_back, "{status}");
        }
    }

    #[test]
    fn attack_one_that_is_not_listed_yet_is_not_older_than_all_that_are() {
        // The list lags, and is longer than a page.
        let history =
            History { passed: Some(numbered(&[7, 1], ALL)), latest: Some(numbered(&[7, 6, 5, 4, 3, 2, 1], SOME)) };
        assert!(!last(&history, 8).is_newer, "8 was started after 7");
    }

    #[test]
    fn attack_of_executions_side_by_side_one_that_changed_in_a_later_stage_was_not_released_last() {
        // 1 passed this stage before 2 did; then it was rejected in the next stage, which changed it.
        let mut rejected = execution(1, Failed);
        rejected.last_update_time = Some(DateTime::from_secs(6000));
        let latest = [execution(3, InProgress), execution(2, Succeeded), rejected.clone()];
        let passed = page(&[execution(2, Succeeded), rejected], ALL);
        let history = History { passed: Some(passed), latest: Some(page(&latest, ALL)) };
        let Before::Release(found) = history.before(&id(3), None, true) else { panic!("a release was before") };
        assert_eq!(found.execution, id(2));
    }
}
