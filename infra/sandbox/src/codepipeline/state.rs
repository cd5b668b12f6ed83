//! The state of a pipeline: its executions, the stages they visited and the actions they ran.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::UtcDateTime;

use super::definition::{ActionDefinition, PipelineDefinition, StageDefinition};
use super::errors::AwsError;
use super::id::Id;
use super::status::{ActionStatus, ExecutionStatus, StageStatus};

/// One pipeline and all that ever ran in it.
pub(super) struct Pipeline {
    pub definition: Arc<PipelineDefinition>,
    pub version: u32,
    pub created: UtcDateTime,
    pub updated: UtcDateTime,
    /// The executions, oldest first.
    pub executions: Vec<Execution>,
    /// `clientRequestToken` and the execution that it began.
    pub requests: Vec<(String, String)>,
    sequence: u64,
}

/// One execution of a pipeline.
pub(super) struct Execution {
    pub id: Id,
    /// The definition from when the execution began: a later edit does not affect an execution that is under way.
    pub definition: Arc<PipelineDefinition>,
    pub version: u32,
    pub status: ExecutionStatus,
    pub status_summary: Option<String>,
    pub trigger: Trigger,
    pub stop: Option<StopRequest>,
    pub started: UtcDateTime,
    pub updated: UtcDateTime,
    /// The attempt: 1, and one more for each retry of a stage.
    pub attempt: u32,
    pub revisions: Vec<Revision>,
    pub variables: Vec<(String, String)>,
    /// Source action and revision id, where the start asked for a certain one.
    pub overrides: Vec<(String, String)>,
    /// The execution whose release this one releases again, in one stage.
    pub rolls_back_to: Option<String>,
    pub place: Place,
    pub visits: Vec<StageVisit>,
    pub runs: Vec<ActionRun>,
}

/// An execution's place. The number is the stage's place in the execution's own definition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before(usize),
    Inside(usize),
    Ended,
}

pub(super) struct StageVisit {
    pub stage: String,
    pub status: StageStatus,
    pub sequence: u64,
}

/// One run of an action.
pub(super) struct ActionRun {
    pub id: String,
    /// Counts the starts in a pipeline, because a frozen clock gives them no order.
    pub sequence: u64,
    pub stage: String,
    pub action: ActionDefinition,
    pub status: ActionStatus,
    pub started: UtcDateTime,
    pub updated: UtcDateTime,
    pub updated_by: Option<String>,
    pub summary: Option<String>,
    pub external_id: Option<String>,
    pub external_url: Option<String>,
    pub configuration: BTreeMap<&'static str, String>,
    pub resolved: BTreeMap<&'static str, String>,
    pub output_variables: BTreeMap<&'static str, String>,
    pub approval: Option<ApprovalRun>,
    /// A retry of the stage runs the action again; this run no longer counts.
    pub retried: bool,
}

pub(super) struct ApprovalRun {
    pub token: Id,
    /// When the approval began to wait. A played one may show an earlier start: see [`ActionRun::learn`].
    pub began: UtcDateTime,
    pub deadline: UtcDateTime,
    /// A person's decision. An approval that ran out of time or was abandoned has none.
    pub decision: Option<Decision>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approved,
    Rejected,
}

pub(super) struct StopRequest {
    pub reason: Option<String>,
}

#[derive(Clone)]
pub(super) struct Revision {
    pub action: String,
    pub id: String,
    pub summary: String,
    pub url: String,
    pub created: UtcDateTime,
}

/// The trigger of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Somebody called `StartPipelineExecution`: their ARN.
    StartPipelineExecution(String),
    /// A change of the source, or a schedule, by an EventBridge rule: the rule's ARN.
    CloudWatchEvent(String),
    /// A push behind a connection, with whatever CodePipeline says of it.
    WebhookV2(String),
    /// A push to GitHub by OAuth: the webhook's ARN.
    Webhook(String),
    /// A change that CodePipeline found itself.
    PollForSourceChanges,
    /// Somebody created the pipeline: their ARN.
    CreatePipeline(String),
    /// The worker of a source action of the owner's own.
    PutActionRevision,
    /// Somebody called `RollbackStage`: their ARN.
    ManualRollback(String),
    /// The pipeline rolls back by itself: JSON with the id of the execution that failed.
    AutomatedRollback(String),
}

impl Trigger {
    pub(super) fn kind_and_detail(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::StartPipelineExecution(caller) => ("StartPipelineExecution", Some(caller)),
            Self::CloudWatchEvent(rule) => ("CloudWatchEvent", Some(rule)),
            Self::WebhookV2(detail) => ("WebhookV2", Some(detail)),
            Self::Webhook(webhook) => ("Webhook", Some(webhook)),
            Self::PollForSourceChanges => ("PollForSourceChanges", None),
            Self::CreatePipeline(caller) => ("CreatePipeline", Some(caller)),
            Self::PutActionRevision => ("PutActionRevision", None),
            Self::ManualRollback(caller) => ("ManualRollback", Some(caller)),
            Self::AutomatedRollback(failed) => ("AutomatedRollback", Some(failed)),
        }
    }
}

impl Pipeline {
    pub fn new(definition: PipelineDefinition, now: UtcDateTime) -> Self {
        Self {
            definition: Arc::new(definition),
            version: 1,
            created: now,
            updated: now,
            executions: Vec::new(),
            requests: Vec::new(),
            sequence: 0,
        }
    }

    pub fn next_in_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub fn execution(&self, id: &str) -> Result<&Execution, AwsError> {
        let found = self.executions.iter().find(|execution| execution.id.value == id);
        found.ok_or_else(|| AwsError::execution_not_found(&self.definition.name, id))
    }

    /// The execution that entered a stage last, and its visit.
    pub fn latest_visit(&self, stage: &str) -> Option<(&Execution, &StageVisit)> {
        let visits = self.executions.iter().filter_map(|execution| Some((execution, execution.visit(stage)?)));
        visits.max_by_key(|(_, visit)| visit.sequence)
    }

    /// Every run of an action with its execution, newest first.
    pub fn runs_of(&self, stage: &str, action: &str) -> Vec<(&Execution, &ActionRun)> {
        let mut runs: Vec<_> = self
            .executions
            .iter()
            .flat_map(|execution| execution.runs.iter().map(move |run| (execution, run)))
            .filter(|(_, run)| run.is_of(stage, action))
            .collect();
        runs.sort_by_key(|(_, run)| std::cmp::Reverse(run.sequence));
        runs
    }
}

impl Execution {
    pub fn new(id: Id, definition: Arc<PipelineDefinition>, version: u32, trigger: Trigger, now: UtcDateTime) -> Self {
        Self {
            id,
            definition,
            version,
            status: ExecutionStatus::InProgress,
            status_summary: None,
            trigger,
            stop: None,
            started: now,
            updated: now,
            attempt: 1,
            revisions: Vec::new(),
            variables: Vec::new(),
            overrides: Vec::new(),
            rolls_back_to: None,
            place: Place::Before(0),
            visits: Vec::new(),
            runs: Vec::new(),
        }
    }

    pub fn stage_inside(&self) -> Option<&StageDefinition> {
        match self.place {
            Place::Inside(stage) => self.definition.stages.get(stage),
            Place::Before(_) | Place::Ended => None,
        }
    }

    pub fn stage_before(&self) -> Option<&StageDefinition> {
        match self.place {
            Place::Before(stage) => self.definition.stages.get(stage),
            Place::Inside(_) | Place::Ended => None,
        }
    }

    pub fn is_inside(&self, stage: &str) -> bool {
        self.stage_inside().is_some_and(|inside| inside.name == stage)
    }

    pub fn is_before(&self, stage: &str) -> bool {
        self.stage_before().is_some_and(|before| before.name == stage)
    }

    pub fn visit(&self, stage: &str) -> Option<&StageVisit> {
        self.visits.iter().find(|visit| visit.stage == stage)
    }

    pub fn visit_mut(&mut self, stage: &str) -> Option<&mut StageVisit> {
        self.visits.iter_mut().find(|visit| visit.stage == stage)
    }

    /// The run of an action that counts: the newest, unless it is to be run again.
    pub fn run_of(&self, stage: &str, action: &str) -> Option<&ActionRun> {
        self.runs.iter().rev().find(|run| run.is_of(stage, action) && !run.retried)
    }
}

impl ActionRun {
    pub fn is_of(&self, stage: &str, action: &str) -> bool {
        self.stage == stage && self.action.name == action
    }

    pub fn is_in_progress(&self) -> bool {
        self.status == ActionStatus::InProgress
    }

    /// The token, while the approval waits.
    pub fn open_token(&self) -> Option<&str> {
        self.approval.as_ref().filter(|_| self.is_in_progress()).map(|approval| approval.token.value.as_str())
    }

    pub fn end(&mut self, status: ActionStatus, now: UtcDateTime) {
        self.status = status;
        self.updated = now;
    }
}
