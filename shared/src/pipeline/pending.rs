//! Pending approvals, whether or not an event named them.

use std::pin::pin;

use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionExecutionDetail, ActionExecutionStatus, ArtifactRevision, ExecutionMode,
    PipelineExecutionStatus, StageDeclaration, StageState,
};
use futures_util::{StreamExt, stream};
use time::{Duration, UtcDateTime};
use tokio::time::{Instant, timeout_at};

use super::source::{Source, pushes_only};
use super::{CodePipeline, NOT_FOUND, PendingRef, StageShape, in_region, moment};
use crate::approval::{ActionName, ApprovalAction, ApprovalToken, ExecutionId, Location, PipelineName, StageName};
use crate::aws::{AwsError, AwsErrorKind};

/// How many pipelines are looked at side by side. CodePipeline throttles an account early.
const CONCURRENT_PIPELINES: usize = 4;

/// How many pages of 100 executions of a pipeline in PARALLEL mode are looked through, and how old they may be: three
/// times the longest time-out of an action.
const MAX_EXECUTION_PAGES: usize = 50;
const MAX_AGE: Duration = Duration::days(180);

/// The approval actions of all pipelines.
#[derive(Debug, Default)]
pub struct ApprovalActions {
    /// The actions, by pipeline, in the order of its stages.
    pub actions: Vec<ApprovalAction>,
    /// How many pipelines there are.
    pub pipelines: usize,
    /// What could not be read, so that actions may be missing.
    pub unread: Vec<AwsError>,
}

/// What became of a look through all pipelines.
#[derive(Debug, Default)]
pub struct Round {
    /// What could not be read.
    pub unread: Vec<AwsError>,
    /// How many pipelines were not looked at: for want of time, or because CodePipeline throttled.
    pub left: usize,
    /// The first that was not reached, where the next round begins. One that was throttled away is not it.
    pub next: Option<PipelineName>,
    /// Whether it was broken off because CodePipeline did not answer, time after time.
    pub is_down: bool,
}

/// How far back runs of a pipeline in PARALLEL mode are looked through.
enum Depth {
    /// Only the newest: anybody may have given the hint, and it must not cost hundreds of calls.
    Newest,
    /// Those of every execution that is in progress now.
    All { now: UtcDateTime },
}

/// What became of the look at one of them.
enum Look {
    Done(Result<Vec<PendingRef>, AwsError>),
    Throttled,
    NotReached,
}

/// How often a pipeline is looked at before it is left because of throttling.
const MAX_LOOKS: usize = 3;

/// How many pipelines in a row cannot be read before a search is broken off. Calls that are not answered take six seconds
/// each: where CodePipeline is down, a search would take minutes from those of other accounts and regions.
const MAX_UNANSWERED: usize = 8;

/// Where an approval waits in a pipeline.
struct Place {
    stage: StageName,
    action: ActionName,
    execution: ExecutionId,
    /// Not in PARALLEL mode.
    token: Option<ApprovalToken>,
    since: Option<UtcDateTime>,
}

/// A pipeline, as it is declared.
pub(super) struct Declared {
    pub(super) name: PipelineName,
    /// Where it is, by its own ARN.
    pub(super) at: Location,
    pub(super) mode: Option<ExecutionMode>,
    stages: Vec<StageDeclaration>,
    /// Whether what starts it behind its connections is always a push to a declared branch.
    pub(super) pushes_only: bool,
}

impl Declared {
    /// The time-out of an action in minutes, if it has one.
    pub(super) fn timeout(&self, stage: &StageName, action: &ActionName) -> Option<i32> {
        let stage = self.stages.iter().find(|declared| declared.name == stage.as_str())?;
        stage.actions.iter().find(|declared| declared.name == action.as_str())?.timeout_in_minutes
    }

    /// The source action that puts an artifact out. In its configuration, `runs` have what they resolved.
    pub(super) fn source_of(&self, artifact: &str, runs: &[ActionExecutionDetail]) -> Option<Source> {
        let puts_it_out = |action: &&ActionDeclaration| {
            let outputs = action.output_artifacts.as_deref().unwrap_or_default();
            action.action_type_id.as_ref().is_some_and(|kind| kind.category == ActionCategory::Source)
                && outputs.iter().any(|output| output.name == artifact)
        };
        let action = self.stages.iter().flat_map(|stage| &stage.actions).find(puts_it_out)?;
        let run = runs.iter().find(|run| run.action_name.as_deref() == Some(action.name.as_str()));
        let resolved = run.and_then(|run| run.input.as_ref()?.resolved_configuration.as_ref());
        Some(Source::of(action, resolved))
    }

    /// How a stage is declared.
    pub(super) fn shape_of(&self, stage: &StageName) -> StageShape {
        StageShape {
            is_parallel: self.mode == Some(ExecutionMode::Parallel),
            is_last: self.stages.last().is_some_and(|last| last.name == stage.as_str()),
            has_other_approvals: self.approval_actions().filter(|action| action.stage == *stage).count() > 1,
        }
    }

    /// How many of its sources brought nothing that CodePipeline names among the revisions of an execution.
    pub(super) fn sources_without(&self, revisions: &[ArtifactRevision]) -> usize {
        let is_source = |action: &&ActionDeclaration| {
            action.action_type_id.as_ref().is_some_and(|kind| kind.category == ActionCategory::Source)
        };
        let has_none = |action: &&ActionDeclaration| {
            let outputs = action.output_artifacts.as_deref().unwrap_or_default();
            let is_in = |name: &str| revisions.iter().any(|revision| revision.name.as_deref() == Some(name));
            !outputs.iter().any(|output| is_in(&output.name))
        };
        self.stages.iter().flat_map(|stage| &stage.actions).filter(is_source).filter(has_none).count()
    }

    /// Its approval actions.
    fn approval_actions(&self) -> impl Iterator<Item = ApprovalAction> {
        let is_approval = |action: &&ActionDeclaration| {
            action.action_type_id.as_ref().is_some_and(|kind| kind.category == ActionCategory::Approval)
        };
        let actions = self.stages.iter().flat_map(move |stage| {
            stage.actions.iter().filter(is_approval).map(|action| (stage.name.as_str(), action.name.as_str()))
        });
        actions.filter_map(|(stage, action)| {
            Some(ApprovalAction {
                account: self.at.account.clone(),
                region: self.at.region.clone(),
                pipeline: self.name.clone(),
                stage: stage.parse().ok()?,
                action: action.parse().ok()?,
            })
        })
    }
}

impl CodePipeline {
    /// The approvals that wait at an action now: one, or several in PARALLEL mode, or none.
    ///
    /// # Errors
    /// When CodePipeline does not answer or has no such pipeline.
    pub async fn pending_at(
        &self,
        at: &Location,
        pipeline: PipelineName,
        stage: &StageName,
        action: &ActionName,
        now: UtcDateTime,
    ) -> Result<Vec<PendingRef>, AwsError> {
        let declared = self.declared(&pipeline, at).await?;
        let mut places = self.places(&pipeline, at, declared.mode.as_ref(), Depth::All { now }).await?;
        places.retain(|place| (&place.stage, &place.action) == (stage, action));
        Ok(pending_refs(&declared, &pipeline, places, now))
    }

    /// The approvals that wait now where somebody says that one does: none if there is no such pipeline, or not in that
    /// account.
    ///
    /// # Errors
    /// When CodePipeline does not answer.
    pub async fn waiting_at(&self, named: &ApprovalAction, now: UtcDateTime) -> Result<Vec<PendingRef>, AwsError> {
        let at = named.location();
        let declared = match self.declared(&named.pipeline, &at).await {
            Err(error) if NOT_FOUND.contains(&error.code.as_str()) => return Ok(Vec::new()),
            declared => declared?,
        };
        let places = self.places(&named.pipeline, &at, declared.mode.as_ref(), Depth::Newest).await?;
        let mut waiting = pending_refs(&declared, &named.pipeline, places, now);
        waiting.retain(|pending| pending.action == *named);
        Ok(waiting)
    }

    /// Looks for approvals that wait now, in the pipelines of an account and region from the one of this name on, and hands
    /// over each that it finds. It begins with no pipeline after `until`. One that cannot be read hides none of the
    /// others, unless CodePipeline answers about none.
    ///
    /// # Errors
    /// When CodePipeline does not list the pipelines.
    pub async fn search(
        &self,
        at: &Location,
        from: Option<&PipelineName>,
        until: Instant,
        now: UtcDateTime,
        mut found: impl FnMut(PendingRef),
    ) -> Result<Round, AwsError> {
        let mut pipelines = loop {
            match self.pipelines(at).await {
                // Without the list there is nothing to go on with.
                Err(error) if error.is_throttling() && self.pacers.is_some() && Instant::now() < until => {}
                pipelines => break pipelines?,
            }
        };
        pipelines.sort_by(|(one, _), (other, _)| one.cmp(other));
        let before = from.map_or(0, |from| pipelines.partition_point(|(name, _)| name < from));
        pipelines.drain(..before);
        let look = |(pipeline, mode): (PipelineName, Option<ExecutionMode>)| async move {
            for _ in 0..MAX_LOOKS {
                // A look that is given up at once has taken its turn all the same.
                if Instant::now() >= until {
                    return (pipeline, Look::NotReached);
                }
                match timeout_at(until, self.pending_in(at, pipeline.clone(), mode.clone(), now)).await {
                    Err(_) => return (pipeline, Look::NotReached),
                    Ok(Err(error)) if error.is_throttling() => {}
                    Ok(look) => return (pipeline, Look::Done(look)),
                }
            }
            (pipeline, Look::Throttled)
        };
        let (mut round, mut unanswered, mut ahead) = (Round::default(), 0, pipelines.len());
        let looks = pipelines.into_iter().map(look);
        // In their order, so that the first that is left is where the next one begins.
        let mut looks = pin!(stream::iter(looks).buffered(CONCURRENT_PIPELINES));
        while let Some((pipeline, look)) = looks.next().await {
            let is_unanswered = matches!(&look, Look::Done(Err(error)) if error.kind == AwsErrorKind::Unavailable);
            unanswered = if is_unanswered { unanswered + 1 } else { 0 };
            ahead -= 1;
            match look {
                Look::Done(Ok(waiting)) => waiting.into_iter().for_each(&mut found),
                Look::Done(Err(error)) => round.unread.push(error),
                // The next round does not begin here: it would get no further, if this one takes too many calls.
                Look::Throttled => round.left += 1,
                Look::NotReached => {
                    round.left += 1;
                    round.next.get_or_insert(pipeline);
                }
            }
            if unanswered == MAX_UNANSWERED {
                round.left += ahead;
                round.is_down = true;
                break;
            }
        }
        Ok(round)
    }

    /// Every approval action of the pipelines of an account and region. A pipeline that was deleted meanwhile has none.
    pub async fn approval_actions(&self, at: &Location) -> ApprovalActions {
        let mut found = ApprovalActions::default();
        let pipelines = match self.pipelines(at).await {
            Ok(pipelines) => pipelines,
            Err(error) => {
                found.unread.push(error);
                return found;
            }
        };
        found.pipelines = pipelines.len();
        let reads: Vec<_> =
            pipelines.iter().map(|(pipeline, _)| async move { self.declared(pipeline, at).await }).collect();
        let reads: Vec<_> = stream::iter(reads).buffered(CONCURRENT_PIPELINES).collect().await;
        for read in reads {
            match read {
                Ok(declared) => found.actions.extend(declared.approval_actions()),
                Err(error) if NOT_FOUND.contains(&error.code.as_str()) => {}
                Err(error) => found.unread.push(error),
            }
        }
        found
    }

    async fn pending_in(
        &self,
        at: &Location,
        pipeline: PipelineName,
        mode: Option<ExecutionMode>,
        now: UtcDateTime,
    ) -> Result<Vec<PendingRef>, AwsError> {
        let places = self.places(&pipeline, at, mode.as_ref(), Depth::All { now }).await?;
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let declared = self.declared(&pipeline, at).await?;
        Ok(pending_refs(&declared, &pipeline, places, now))
    }

    async fn pipelines(&self, at: &Location) -> Result<Vec<(PipelineName, Option<ExecutionMode>)>, AwsError> {
        const OPERATION: &str = "codepipeline:ListPipelines";
        let client = self.members.reader(&at.account).await?;
        let (mut pipelines, mut page) = (Vec::new(), None);
        loop {
            let call = client.list_pipelines().set_next_token(page).customize();
            let answer = self.call(at, OPERATION, call.config_override(in_region(&at.region)).send()).await?;
            for listed in answer.pipelines.unwrap_or_default() {
                let Some(Ok(name)) = listed.name.as_deref().map(str::parse) else { continue };
                if self.has(&name) {
                    pipelines.push((name, listed.execution_mode));
                }
            }
            page = answer.next_token;
            if page.is_none() {
                return Ok(pipelines);
            }
        }
    }

    pub(super) async fn declared(&self, pipeline: &PipelineName, at: &Location) -> Result<Declared, AwsError> {
        const OPERATION: &str = "codepipeline:GetPipeline";
        let call = self.members.reader(&at.account).await?.get_pipeline().name(pipeline.as_str()).customize();
        let answer = self.call(at, OPERATION, call.config_override(in_region(&at.region)).send()).await?;
        // The pipeline's ARN holds its account and region: arn:PARTITION:codepipeline:REGION:ACCOUNT:NAME.
        let arn = answer.metadata.and_then(|metadata| metadata.pipeline_arn).unwrap_or_default();
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (Ok(region), Ok(account)) = (region.parse(), account.parse()) else {
            return Err(AwsError::unexpected(OPERATION, "no ARN of the pipeline"));
        };
        let declared = answer.pipeline.ok_or_else(|| AwsError::unexpected(OPERATION, "no pipeline in the answer"))?;
        let name = declared.name.parse().map_err(|_| AwsError::unexpected(OPERATION, "no name of the pipeline"))?;
        let at = Location { account, region };
        let pushes_only = pushes_only(declared.triggers.as_deref().unwrap_or_default());
        Ok(Declared { name, at, mode: declared.execution_mode, stages: declared.stages, pushes_only })
    }

    /// Where approvals wait. The state shows each action's latest run, however long ago it began; of a pipeline in PARALLEL
    /// mode it shows none, and the runs have to do.
    async fn places(
        &self,
        pipeline: &PipelineName,
        at: &Location,
        mode: Option<&ExecutionMode>,
        depth: Depth,
    ) -> Result<Vec<Place>, AwsError> {
        if mode != Some(&ExecutionMode::Parallel) {
            let stages = self.stages(pipeline, at).await?;
            return Ok(stages.iter().flat_map(places_in_state).collect());
        }
        let waits = |run: &ActionExecutionDetail| {
            let kind = run.input.as_ref().and_then(|input| input.action_type_id.as_ref());
            kind.is_some_and(|kind| kind.category == ActionCategory::Approval)
                && run.status == Some(ActionExecutionStatus::InProgress)
        };
        let Depth::All { now } = depth else {
            let (runs, _) = self.runs(pipeline, at, None, waits, |_| false).await?;
            return Ok(runs.iter().filter_map(place_of_run).collect());
        };
        let mut places = Vec::new();
        for execution in self.executions_in_progress(pipeline, at, now).await? {
            let (runs, _) = self.runs(pipeline, at, Some(&execution), waits, |_| false).await?;
            places.extend(runs.iter().filter_map(place_of_run));
        }
        Ok(places)
    }

    /// The executions of a pipeline in which something can wait, however much has run since they began.
    async fn executions_in_progress(
        &self,
        pipeline: &PipelineName,
        at: &Location,
        now: UtcDateTime,
    ) -> Result<Vec<ExecutionId>, AwsError> {
        const OPERATION: &str = "codepipeline:ListPipelineExecutions";
        let client = self.members.reader(&at.account).await?;
        let (mut executions, mut page) = (Vec::new(), None);
        for _ in 0..MAX_EXECUTION_PAGES {
            let call = client.list_pipeline_executions().pipeline_name(pipeline.as_str()).set_next_token(page);
            let call = call.customize().config_override(in_region(&at.region)).send();
            let answer = self.call(at, OPERATION, call).await?;
            let listed = answer.pipeline_execution_summaries.unwrap_or_default();
            let is_old = |began: UtcDateTime| now - began > MAX_AGE;
            let is_last = listed.last().and_then(|last| moment(last.start_time.as_ref())).is_some_and(is_old);
            let in_progress = listed.iter().filter(|listed| {
                matches!(listed.status, Some(PipelineExecutionStatus::InProgress | PipelineExecutionStatus::Stopping))
            });
            executions.extend(in_progress.filter_map(|listed| listed.pipeline_execution_id.as_deref()?.parse().ok()));
            page = answer.next_token.filter(|_| !is_last);
            if page.is_none() {
                return Ok(executions);
            }
        }
        tracing::warn!(%pipeline, "a pipeline has more executions than the sweep looks through");
        Ok(executions)
    }
}

fn pending_refs(declared: &Declared, pipeline: &PipelineName, places: Vec<Place>, now: UtcDateTime) -> Vec<PendingRef> {
    let in_pipeline = |place: Place| PendingRef {
        action: ApprovalAction {
            account: declared.at.account.clone(),
            region: declared.at.region.clone(),
            pipeline: pipeline.clone(),
            stage: place.stage,
            action: place.action,
        },
        token: place.token,
        execution: Some(place.execution),
        started: place.since.unwrap_or(now),
    };
    places.into_iter().map(in_pipeline).collect()
}

/// Only an approval has a token, and only while it waits.
fn places_in_state(stage: &StageState) -> Vec<Place> {
    let actions = stage.action_states.as_deref().unwrap_or_default().iter();
    actions
        .filter_map(|state| {
            let latest = state.latest_execution.as_ref()?;
            if latest.status != Some(ActionExecutionStatus::InProgress) {
                return None;
            }
            Some(Place {
                stage: stage.stage_name.as_deref()?.parse().ok()?,
                action: state.action_name.as_deref()?.parse().ok()?,
                execution: stage.latest_execution.as_ref()?.pipeline_execution_id.parse().ok()?,
                token: Some(latest.token.as_deref()?.parse().ok()?),
                since: moment(latest.last_status_change.as_ref()),
            })
        })
        .collect()
}

fn place_of_run(run: &ActionExecutionDetail) -> Option<Place> {
    Some(Place {
        stage: run.stage_name.as_deref()?.parse().ok()?,
        action: run.action_name.as_deref()?.parse().ok()?,
        execution: run.pipeline_execution_id.as_deref()?.parse().ok()?,
        token: None,
        since: moment(run.start_time.as_ref()),
    })
}
