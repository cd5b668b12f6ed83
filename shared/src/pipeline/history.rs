//! What was released to a stage before, from CodePipeline's own list of executions.
//!
//! It is a courtesy to approvers: what cannot be read, or not soon, is said, and delays nobody's email.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_codepipeline::types::{
    PipelineExecutionFilter, PipelineExecutionStatus, PipelineExecutionSummary, SucceededInStageFilter,
};
use time::UtcDateTime;
use tokio::time::timeout;

use super::release::{MAX_LINE, initiator_of, provider_in, start_of, started_by, title};
use super::{CodePipeline, Initiator, PendingApproval, StageShape, in_region, moment};
use crate::approval::{ApprovalAction, ExecutionId, ReviewLink};
use crate::aws::AwsError;
use crate::hosts::RepositoryId;
use crate::request::{Before, Caveat, LastRelease, PastRevision, Rollback, Start};
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
    /// When the release was started that a rollback puts back.
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
            before: history.before(&found.approval.execution, target, found.stage),
            rolls_back_to: target.and_then(|target| history.started(target)),
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
            rollback.started = past.rolls_back_to;
            // What it takes back depends on what it puts back.
            if let (None, Before::Release(last)) = (&rollback.target, &mut past.before) {
                (last.unreleased, last.more) = (Vec::new(), 0);
                last.caveats.insert(Caveat::Partial);
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

    /// Whether it goes back to an execution: to all that are newer than it.
    fn reaches(&self, id: &ExecutionId) -> bool {
        self.is_all || self.place(id).is_some()
    }

    /// Those that are newer than the one in this place; all, if that is older than the page.
    fn before(&self, place: Option<usize>) -> &[PipelineExecutionSummary] {
        self.executions.get(..place.unwrap_or(self.executions.len())).unwrap_or_default()
    }
}

impl History {
    /// What was released to the stage before the execution that waits now, which may be a rollback.
    fn before(&self, waiting: &ExecutionId, puts_back: Option<&ExecutionId>, stage: StageShape) -> Before {
        let Some(passed) = &self.passed else { return Before::Unread };
        let others: Vec<_> = passed.executions.iter().filter(|execution| !is(execution, waiting)).collect();
        let last = if stage.is_parallel { last_side_by_side(&others, stage) } else { last_in_turn(&others, stage) };
        match last {
            Some(last) => self
                .released(&last, waiting, puts_back, stage)
                .map_or(Before::Unread, |last| Before::Release(Box::new(last))),
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

    /// When an execution was started.
    fn started(&self, id: &ExecutionId) -> Option<UtcDateTime> {
        let pages = [&self.passed, &self.latest].into_iter().flatten();
        let execution = pages.flat_map(|page| &page.executions).find(|execution| is(execution, id))?;
        moment(execution.start_time.as_ref())
    }

    /// What the list says of an execution.
    fn listed(&self, id: &ExecutionId) -> Option<Listed> {
        let execution = self.latest.as_ref()?.executions.iter().find(|execution| is(execution, id))?;
        let trigger = execution.trigger.as_ref();
        Some(Listed {
            initiator: initiator_of(trigger),
            started_by: started_by(trigger),
            start: start_of(trigger, &[], false),
            rollback: target_of(execution).map(|target| Rollback { target: Some(target), started: None }),
        })
    }

    fn released(
        &self,
        last: &Last<'_>,
        waiting: &ExecutionId,
        puts_back: Option<&ExecutionId>,
        stage: StageShape,
    ) -> Option<LastRelease> {
        let execution = id_of(last.execution)?;
        let mut caveats = BTreeSet::new();
        if !last.is_sure {
            caveats.insert(Caveat::Unordered);
        }
        if last.execution.status != Some(PipelineExecutionStatus::Succeeded) {
            caveats.insert(Caveat::Unfinished);
        }
        let released = target_of(last.execution).unwrap_or_else(|| execution.clone());
        if puts_back == Some(&released) {
            caveats.insert(Caveat::PutBack);
        }
        let mut release = LastRelease {
            execution,
            started: moment(last.execution.start_time.as_ref())?,
            caveats,
            revisions: revisions_of(last.execution),
            approved_by: Vec::new(),
            unreleased: Vec::new(),
            more: 0,
        };
        match &self.latest {
            Some(latest) => self.follow(latest, &mut release, &Others { waiting, puts_back, released, stage }),
            None => _ = release.caveats.insert(Caveat::Partial),
        }
        Some(release)
    }

    /// Adds what was started after a release.
    fn follow(&self, latest: &Page, release: &mut LastRelease, others: &Others<'_>) {
        let Others { waiting, puts_back, released, stage } = others;
        let passed = self.passed.as_ref().map(|page| page.executions.as_slice()).unwrap_or_default();
        let (this, last) = (latest.place(waiting), latest.place(&release.execution));
        // One that is not on the page is older than all that are, or too new to be listed yet.
        let is_after = |id: &ExecutionId| latest.place(id).zip(this).is_some_and(|(place, this)| place < this);
        // A rollback is as old as what it puts back.
        let is_newer = if stage.is_parallel {
            passed.iter().filter_map(id_of).any(|id| is_after(&id))
        } else {
            is_after(released)
        };
        // Other stages can be rolled back on their own, and that asks nobody here. How far it came is not said.
        let is_rolled_back = latest
            .before(last)
            .iter()
            .any(|listed| target_of(listed).is_some() && !is(listed, waiting) && !is_in(passed, listed));
        let is_partial = match puts_back {
            // What passed the stage after its target has to be on the page, too.
            Some(target) => this.is_none() || !latest.reaches(target) || !self.has_passed_back_to(target),
            None => this.is_none() || !is_newer && !latest.reaches(released),
        };
        for (is_so, caveat) in [
            (is_newer, Caveat::Newer),
            (is_rolled_back, Caveat::RolledBack),
            (is_partial, Caveat::Partial),
            (puts_back.is_some_and(|target| self.was_rolled_back(latest, target, waiting)), Caveat::PutBackAgain),
        ] {
            if is_so {
                release.caveats.insert(caveat);
            }
        }
        let mut known = this.and_then(|this| latest.executions.get(this)).map(revisions_of).unwrap_or_default();
        known.extend(release.revisions.iter().cloned());
        let mut unreleased: Vec<PastRevision> = Vec::new();
        let others = if is_newer { Vec::new() } else { self.others(latest, release, others) };
        for revision in others.into_iter().flat_map(revisions_of) {
            let same = |other: &PastRevision| (&other.source, &other.id) == (&revision.source, &revision.id);
            if !known.iter().chain(&unreleased).any(same) {
                unreleased.push(revision);
            }
        }
        release.more = unreleased.len().saturating_sub(MAX_UNRELEASED);
        unreleased.truncate(MAX_UNRELEASED);
        release.unreleased = unreleased;
    }

    /// The executions whose changes matter besides those of the last release: what a rollback takes back, and what anything
    /// else may bring that was not released, or was rolled back since.
    fn others<'a>(
        &self,
        latest: &'a Page,
        last: &LastRelease,
        Others { waiting, puts_back, released, .. }: &Others<'_>,
    ) -> Vec<&'a PipelineExecutionSummary> {
        let passed = self.passed.as_ref().map(|page| page.executions.as_slice()).unwrap_or_default();
        let current = latest.place(released);
        let begin = latest.place(waiting).map_or(0, |this| this + 1);
        let end = puts_back.map_or(current, |target| latest.place(target)).unwrap_or(latest.executions.len());
        let is_sure = !last.caveats.contains(&Caveat::Unordered);
        let is_one = |place: usize, execution: &PipelineExecutionSummary| {
            let (has_passed, is_since) = (is_in(passed, execution), current.is_none_or(|current| place < current));
            match puts_back {
                // What passed after the release that is there now was rolled back already.
                Some(_) if has_passed => !is_since || !is_sure,
                // What failed may have failed in this stage, and left something there.
                Some(_) => is_since && has_failed(execution),
                None => *released != last.execution || !has_passed,
            }
        };
        let between = latest.executions.iter().enumerate().take(end).skip(begin);
        between
            // A rollback brought nothing new.
            .filter(|(place, execution)| target_of(execution).is_none() && is_one(*place, execution))
            .map(|(_, execution)| execution)
            .collect()
    }

    /// Whether all that passed the stage after an execution is known.
    fn has_passed_back_to(&self, id: &ExecutionId) -> bool {
        self.passed.as_ref().is_some_and(|passed| passed.reaches(id))
    }

    /// Whether an execution was rolled back in the stage: one passed it later that put back an older one.
    fn was_rolled_back(&self, latest: &Page, id: &ExecutionId, waiting: &ExecutionId) -> bool {
        let Some(place) = latest.place(id) else { return false };
        latest.before(Some(place)).iter().any(|later| {
            let is_older = |target: ExecutionId| latest.place(&target).is_none_or(|target| target > place);
            let has_passed = self.passed.as_ref().is_some_and(|passed| is_in(&passed.executions, later));
            has_passed && !is(later, waiting) && target_of(later).is_some_and(is_older)
        })
    }
}

/// What matters besides the last release.
struct Others<'a> {
    /// The execution that waits.
    waiting: &'a ExecutionId,
    /// The one that it puts back, if it is a rollback.
    puts_back: Option<&'a ExecutionId>,
    /// The one whose release is there since the last one: that itself, or what it put back.
    released: ExecutionId,
    stage: StageShape,
}

/// The execution that passed a stage last.
struct Last<'a> {
    execution: &'a PipelineExecutionSummary,
    /// Whether CodePipeline shows that none passed after it.
    is_sure: bool,
}

/// The last of those that passed a stage one after the other, from the newest on.
///
/// CodePipeline says when an execution was started and when it changed last, and not when it passed a stage; nor does it say
/// in which order it lists what passed. <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecutionSummary.html>
/// But a stage has one execution at a time, in the order of their start. A rollback alone begins in the stage, and overtakes
/// what is on its way there. <https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html>
fn last_in_turn<'a>(others: &[&'a PipelineExecutionSummary], stage: StageShape) -> Option<Last<'a>> {
    let newest = *others.first()?;
    let newest_is = |is_sure| Some(Last { execution: newest, is_sure });
    if target_of(newest).is_none() {
        return newest_is(true);
    }
    let Some(overtaken) = others.iter().copied().find(|other| target_of(other).is_none()) else {
        return newest_is(true);
    };
    match (moment(newest.start_time.as_ref()), passed_between(overtaken, stage)) {
        (Some(start), Some((_, latest))) if latest <= start => newest_is(true),
        (Some(start), Some((earliest, _))) if start < earliest => Some(Last { execution: overtaken, is_sure: true }),
        _ => newest_is(false),
    }
}

/// The last of those that passed a stage in any order.
fn last_side_by_side<'a>(others: &[&'a PipelineExecutionSummary], stage: StageShape) -> Option<Last<'a>> {
    let latest = |execution: &PipelineExecutionSummary| passed_between(execution, stage).map(|(_, latest)| latest);
    let execution = others.iter().copied().max_by_key(|execution| latest(execution))?;
    let earliest = passed_between(execution, stage).map(|(earliest, _)| earliest);
    let is_before = |other: &PipelineExecutionSummary| latest(other).zip(earliest).is_some_and(|(one, two)| one <= two);
    let is_sure = others.iter().all(|other| std::ptr::eq(*other, execution) || is_before(other));
    Some(Last { execution, is_sure })
}

/// Between which moments an execution passed the stage. In the last one, an execution succeeds as it passes.
fn passed_between(execution: &PipelineExecutionSummary, stage: StageShape) -> Option<(UtcDateTime, UtcDateTime)> {
    let (start, end) = (moment(execution.start_time.as_ref())?, moment(execution.last_update_time.as_ref())?);
    let ended_there = stage.is_last && execution.status == Some(PipelineExecutionStatus::Succeeded);
    Some(if ended_there { (end, end) } else { (start, end) })
}

fn has_failed(execution: &PipelineExecutionSummary) -> bool {
    use PipelineExecutionStatus::{Failed, Stopped, Stopping};
    matches!(execution.status, Some(Failed | Stopped | Stopping))
}

fn is_in(executions: &[PipelineExecutionSummary], execution: &PipelineExecutionSummary) -> bool {
    executions.iter().any(|one| one.pipeline_execution_id == execution.pipeline_execution_id)
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
    use PipelineExecutionStatus::{Failed, InProgress, Stopped, Stopping, Succeeded, Superseded};
    use aws_sdk_codepipeline::primitives::DateTime;
    use aws_sdk_codepipeline::types::{PipelineRollbackMetadata, SourceRevision};

    use super::*;

    const ALL: bool = true;
    const SOME: bool = false;

    const MIDDLE: StageShape = StageShape { is_parallel: false, is_last: false, has_other_approvals: false };
    const LAST: StageShape = StageShape { is_last: true, ..MIDDLE };
    const PARALLEL: StageShape = StageShape { is_parallel: true, ..MIDDLE };
    const LAST_PARALLEL: StageShape = StageShape { is_parallel: true, ..LAST };

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
        found(history, waiting, None, MIDDLE)
    }

    fn found(history: &History, waiting: i64, puts_back: Option<i64>, stage: StageShape) -> LastRelease {
        match history.before(&id(waiting), puts_back.map(id).as_ref(), stage) {
            Before::Release(last) => *last,
            other => panic!("{other:?}"),
        }
    }

    fn caveats(last: &LastRelease) -> Vec<Caveat> {
        last.caveats.iter().copied().collect()
    }

    fn titles(last: &LastRelease) -> Vec<&str> {
        last.unreleased.iter().filter_map(|revision| revision.title.as_deref()).collect()
    }

    #[test]
    fn what_may_be_missing_is_known() {
        use Caveat::{Newer, Partial};
        for (passed, latest, waiting, expected, caveats) in [
            (&[1][..], Some((&[2, 1][..], ALL)), 2, 1, &[][..]),
            (&[1], Some((&[2, 1], SOME)), 2, 1, &[]),
            (&[1], None, 2, 1, &[Partial]),
            // The last release is older than all that are listed.
            (&[1], Some((&[9, 8, 7], SOME)), 9, 1, &[Partial]),
            // The one that waits is older than all that are listed, or too new to be listed yet: nobody knows which.
            (&[7, 1], Some((&[9, 8, 7], SOME)), 2, 7, &[Partial]),
            (&[7, 1], Some((&[7, 6, 5, 4, 3, 2, 1], SOME)), 8, 7, &[Partial]),
            (&[7, 1], Some((&[7, 1], ALL)), 8, 7, &[Partial]),
            (&[7, 1], Some((&[7, 2, 1], ALL)), 2, 7, &[Newer]),
        ] {
            let history = History {
                passed: Some(numbered(passed, ALL)),
                latest: latest.map(|(latest, is_all)| numbered(latest, is_all)),
            };
            let found = last(&history, waiting);
            assert_eq!(
                (found.execution.clone(), self::caveats(&found)),
                (id(expected), caveats.to_vec()),
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
            assert_eq!(history.before(&id(2), None, MIDDLE), expected, "{passed:?} {latest:?}");
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
        assert_eq!((titles(&found), caveats(&found)), (vec!["Change 3", "Change 2"], vec![]));
    }

    #[test]
    fn a_rollback_takes_back_all_that_was_released_after_its_target() {
        let latest = [rollback(5, 1), execution(4, Succeeded), execution(3, Failed), execution(2, Succeeded)];
        let latest = page(&[&latest[..], &[execution(1, Succeeded)]].concat(), ALL);
        let history = History { passed: Some(numbered(&[4, 2, 1], ALL)), latest: Some(latest) };
        let found = found(&history, 5, Some(1), MIDDLE);
        assert_eq!((found.execution.clone(), titles(&found), caveats(&found)), (id(4), vec!["Change 2"], vec![]));
    }

    #[test]
    fn a_rollback_takes_back_what_failed_since_and_not_what_was_rolled_back() {
        use Caveat::{PutBack, PutBackAgain};
        let first = [execution(3, Succeeded), execution(2, Succeeded), execution(1, Succeeded)];
        for (latest, waiting, target, taken_back, expected) in [
            // The last release is what is put back: what came after it failed.
            (vec![rollback(5, 3), execution(4, Failed)], 5, 3, vec!["Change 4"], vec![PutBack]),
            (vec![rollback(5, 3), execution(4, Superseded)], 5, 3, vec![], vec![PutBack]),
            // Since the rollback 4, release 1 is there, or 2.
            (vec![rollback(5, 2), rollback(4, 1)], 5, 2, vec![], vec![PutBackAgain]),
            (vec![rollback(5, 1), rollback(4, 2)], 5, 1, vec!["Change 2"], vec![]),
            (vec![rollback(6, 1), execution(5, Failed), rollback(4, 1)], 6, 1, vec!["Change 5"], vec![PutBack]),
        ] {
            let latest = page(&[&latest[..], &first[..]].concat(), ALL);
            let passed: Vec<_> = latest.executions.iter().filter(|one| !is(one, &id(waiting))).cloned().collect();
            let passed: Vec<_> = passed.into_iter().filter(|one| one.status == Some(Succeeded)).collect();
            let history = History { passed: Some(page(&passed, ALL)), latest: Some(latest) };
            let found = found(&history, waiting, Some(target), MIDDLE);
            assert_eq!((titles(&found), caveats(&found)), (taken_back, expected), "{found:?}");
        }
    }

    #[test]
    fn a_rollback_over_more_releases_than_a_page_has_is_partial() {
        // Thirty releases, all of which passed; the filtered page has the last twenty of them.
        let mut latest: Vec<_> = (1..=30).rev().map(|number| execution(number, Succeeded)).collect();
        let passed = page(latest.get(..20).unwrap(), SOME);
        latest.insert(0, rollback(31, 1));
        let history = History { passed: Some(passed), latest: Some(page(&latest, ALL)) };
        let found = found(&history, 31, Some(1), MIDDLE);
        // 2 to 29 are taken back besides 30.
        assert_eq!((found.unreleased.len() + found.more, caveats(&found)), (19, vec![Caveat::Partial]));
    }

    #[test]
    fn a_rollback_that_did_not_come_through_the_stage_is_known_however_far_it_came() {
        let mut midway = rollback(4, 1);
        for status in [Succeeded, InProgress, Failed, Stopping, Stopped] {
            midway.status = Some(status.clone());
            let latest = [execution(5, InProgress), midway.clone(), execution(3, Succeeded), execution(1, Succeeded)];
            let history = History { passed: Some(numbered(&[3, 1], ALL)), latest: Some(page(&latest, ALL)) };
            assert_eq!(caveats(&last(&history, 5)), [Caveat::RolledBack], "{status}");
        }
    }

    #[test]
    fn a_release_that_did_not_succeed_behind_the_stage_may_not_be_in_use() {
        for status in [Failed, InProgress, Stopped, Stopping, Superseded] {
            let passed = page(&[execution(2, status.clone()), execution(1, Succeeded)], ALL);
            let latest = [execution(3, InProgress), execution(2, status.clone()), execution(1, Succeeded)];
            let found = last(&History { passed: Some(passed), latest: Some(page(&latest, ALL)) }, 3);
            assert_eq!((found.execution.clone(), caveats(&found)), (id(2), vec![Caveat::Unfinished]), "{status}");
        }
    }

    /// An execution that changed last in this minute.
    fn changed(number: i64, status: PipelineExecutionStatus, minute: i64) -> PipelineExecutionSummary {
        let mut execution = execution(number, status);
        execution.last_update_time = Some(DateTime::from_secs(minute * 60));
        execution
    }

    #[test]
    fn of_executions_side_by_side_the_last_is_known_only_by_when_they_ended() {
        use Caveat::{Unfinished, Unordered};
        for (older, stage, expected, caveats) in [
            // 2 changed last in the minute in which it was started.
            (changed(1, Succeeded, 2), MIDDLE, 2, vec![]),
            (changed(1, Succeeded, 2), PARALLEL, 2, vec![]),
            (changed(1, Succeeded, 100), LAST_PARALLEL, 1, vec![]),
            // It may have passed this stage before 2 did, and then have waited in the next one.
            (changed(1, Succeeded, 100), PARALLEL, 1, vec![Unordered]),
            (changed(1, Failed, 100), PARALLEL, 1, vec![Unordered, Unfinished]),
            (changed(1, Failed, 100), LAST_PARALLEL, 1, vec![Unordered, Unfinished]),
        ] {
            let latest = [execution(3, InProgress), execution(2, Succeeded), older.clone()];
            let passed = page(&[execution(2, Succeeded), older], ALL);
            let found = found(&History { passed: Some(passed), latest: Some(page(&latest, ALL)) }, 3, None, stage);
            assert_eq!((found.execution.clone(), self::caveats(&found)), (id(expected), caveats), "{stage:?}");
        }
    }

    #[test]
    fn a_rollback_that_overtook_a_release_is_last_unless_that_passed_later() {
        for (overtaken, stage, expected, caveats, changes) in [
            (changed(3, Succeeded, 4), MIDDLE, 4, vec![], vec!["Change 3", "Change 2"]),
            (changed(3, Succeeded, 9), MIDDLE, 4, vec![Caveat::Unordered], vec!["Change 3", "Change 2"]),
            (changed(3, Succeeded, 9), LAST, 3, vec![], vec![]),
        ] {
            let earlier = [rollback(4, 1), overtaken, execution(2, Succeeded), execution(1, Succeeded)];
            let latest = page(&[&[execution(5, InProgress)][..], &earlier].concat(), ALL);
            let history = History { passed: Some(page(&earlier, ALL)), latest: Some(latest) };
            let found = found(&history, 5, None, stage);
            assert_eq!(
                (found.execution.clone(), self::caveats(&found), titles(&found)),
                (id(expected), caveats, changes),
                "{stage:?}"
            );
        }
    }

    #[test]
    fn a_rollback_that_overtook_what_waits_is_no_newer_than_what_it_put_back() {
        let earlier = [execution(2, Succeeded), execution(1, Succeeded)];
        let latest = page(&[&[rollback(4, 1), execution(3, InProgress)][..], &earlier].concat(), ALL);
        let passed = page(&[&[rollback(4, 1)][..], &earlier].concat(), ALL);
        let found = last(&History { passed: Some(passed), latest: Some(latest) }, 3);
        assert_eq!((found.execution.clone(), caveats(&found), titles(&found)), (id(4), vec![], vec!["Change 2"]));
    }
}
