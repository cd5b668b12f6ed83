//! AWS CodePipeline in memory: executions run, stop at an approval that has a token, go on or fail.
//!
//! This model covers manual approvals, and answers in the shapes and errors of the service's model.
//! Sources, builds and deployments succeed at once. Time comes from outside, and nothing happens between two calls:
//! whatever follows from a call has happened when it returns, and whatever time has brought about since the last one has
//! happened at its own time. Where the real service's behaviour is not documented, the comment at the place says so.

mod api;
mod call;
mod commands;
mod definition;
mod endings;
mod errors;
mod events;
mod id;
mod input;
mod lists;
mod machine;
mod overview;
mod pipelines;
mod played;
mod queries;
mod rate;
mod run;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod variables;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use time::{Duration, UtcDateTime};
use tokio::sync::mpsc::UnboundedSender;

pub use definition::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition,
};
pub use errors::AwsError;
pub use overview::{ActionView, ExecutionView, PipelineView, RunView, StageView};
pub use played::{NamedApproval, Played};
pub use state::Trigger;

use crate::deployment::REGION;
use crate::lock::lock;
use call::{Call, account_of};
use commands::Start;
use pipelines::Pipelines;
use rate::Rate;
use run::DEFAULT_TIMEOUT;
use state::Pipeline;
use world::World;

/// The clock: the only source of time here.
pub type Now = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;

/// All pipelines of the sandbox. One lock makes every call atomic.
pub struct CodePipeline {
    now: Now,
    events: UnboundedSender<Value>,
    pipelines: Mutex<Pipelines>,
    default_timeout: Mutex<Duration>,
    rate: Mutex<Option<Rate>>,
}

impl CodePipeline {
    /// No pipelines yet. Events go to `events` in the shape in which Lambda gets them: EventBridge events, and, for
    /// approvals with a topic, SNS notices.
    pub fn new(now: Now, events: UnboundedSender<Value>) -> Self {
        Self {
            now,
            events,
            pipelines: Mutex::default(),
            default_timeout: Mutex::new(DEFAULT_TIMEOUT),
            rate: Mutex::default(),
        }
    }

    /// Calls an operation as `awsJson1.1` does.
    ///
    /// `operation` is what follows `CodePipeline_20150709.` in the target header; `caller` is the ARN of who calls,
    /// which ends up in `lastUpdatedBy`, `updatedBy` and `triggerDetail`.
    ///
    /// # Errors
    /// The errors in the service's model of the operation, and `ValidationException`, `SerializationException` and
    /// `UnknownOperationException`.
    pub fn call(&self, operation: &str, input: &Value, caller: &str) -> Result<Value, AwsError> {
        self.call_in(None, operation, input, caller)
    }

    /// The same in one region, or, as [`call`](Self::call) has it, in all of them at once.
    pub(crate) fn call_in(
        &self,
        region: Option<&str>,
        operation: &str,
        input: &Value,
        caller: &str,
    ) -> Result<Value, AwsError> {
        let (mut pipelines, world) = self.up_to_date();
        let place = (account_of(caller), region.unwrap_or(REGION));
        lock(&self.rate).as_mut().map_or(Ok(()), |rate| rate.take(place.0, place.1, world.now))?;
        api::serve(operation, Call { pipelines: &mut pipelines, world: &world, input, caller, region })
    }

    /// The ARN of what a call works on, as policies name it. Source: "Actions, resources, and condition keys for AWS
    /// CodePipeline" in the service authorization reference.
    pub(crate) fn resource_of(&self, operation: &str, input: &Value, account: &str) -> String {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let Some(pipeline) = text("name").or_else(|| text("pipelineName")) else { return "*".to_owned() };
        let pipelines = lock(&self.pipelines);
        let arn = pipelines.get(account, pipeline).map_or_else(
            || format!("arn:aws:codepipeline:{REGION}:{account}:{pipeline}"),
            |known| known.definition.arn(),
        );
        let below: &[&str] = match operation {
            "PutApprovalResult" => &["stageName", "actionName"],
            "RetryStageExecution" | "RollbackStage" => &["stageName"],
            _ => &[],
        };
        below.iter().fold(arn, |arn, part| format!("{arn}/{}", text(part).unwrap_or_default()))
    }

    /// Adds a pipeline. Nothing runs in it yet.
    ///
    /// # Errors
    /// `PipelineNameInUseException`, and `InvalidStructureException` for names that are not valid or occur twice and
    /// for a time-out out of range.
    pub fn create(&self, definition: PipelineDefinition) -> Result<(), AwsError> {
        definition.check()?;
        let mut pipelines = lock(&self.pipelines);
        if pipelines.get(&definition.account, &definition.name).is_some() {
            let message = format!("A pipeline with name '{}' exists already", definition.name);
            return Err(AwsError::new("PipelineNameInUseException", message));
        }
        pipelines.add(Pipeline::new(definition, (self.now)()));
        Ok(())
    }

    /// Begins an execution and returns its id. Of several pipelines of this name, the one in the account of the trigger's
    /// ARN is meant.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, and `ConcurrentPipelineExecutionsLimitExceededException` when too many executions
    /// of a QUEUED or PARALLEL pipeline are under way.
    pub fn start(&self, pipeline: &str, trigger: Trigger) -> Result<String, AwsError> {
        let (mut pipelines, world) = self.up_to_date();
        let account = account_of(trigger.kind_and_detail().1.unwrap_or_default()).to_owned();
        let is_in_account = pipelines.get(&account, pipeline).is_some();
        let found = if is_in_account { pipelines.get_mut(&account, pipeline) } else { pipelines.first_mut(pipeline) };
        let found = found.ok_or_else(|| AwsError::pipeline_not_found(&account, pipeline))?;
        found.start(&world, Start::by(trigger))
    }

    /// Sends an event of somebody else's to where this service's events go.
    pub(crate) fn send(&self, event: Value) {
        self.world().emit(event);
    }

    /// Ends every approval whose time is over, as of its deadline. Call it after the clock was moved; every other call does
    /// it first.
    pub fn tick(&self) {
        drop(self.up_to_date());
    }

    /// The time at which the next approval expires, if one waits.
    pub(crate) fn next_deadline(&self) -> Option<UtcDateTime> {
        lock(&self.pipelines).next_deadline()
    }

    /// Makes sure that the approval which a recorded event names waits, or has ended: see [`NamedApproval`].
    pub fn ensure_waiting(&self, named: &NamedApproval) -> Played {
        let (mut pipelines, world) = self.up_to_date();
        played::play(&mut pipelines, &world, named)
    }

    /// Everything there is to see, pipelines in the order in which they were made.
    pub fn overview(&self) -> Vec<PipelineView> {
        let (pipelines, _) = self.up_to_date();
        pipelines.iter().map(overview::pipeline).collect()
    }

    /// Throttles each account and region from now on: after a burst of calls, so many a second.
    pub fn throttle(&self, burst: u32, per_second: u32) {
        *lock(&self.rate) = Some(Rate::new(burst, per_second));
    }

    /// How many calls were throttled.
    pub fn throttled(&self) -> usize {
        lock(&self.rate).as_ref().map_or(0, Rate::throttled)
    }

    /// Raises or lowers the quota for the time-out of an approval that does not say, seven days at first.
    pub fn set_default_timeout(&self, timeout: Duration) {
        *lock(&self.default_timeout) = timeout;
    }

    fn world(&self) -> World<'_> {
        World { now: (self.now)(), default_timeout: *lock(&self.default_timeout), events: &self.events }
    }

    /// Takes the lock, and only then looks at the clock, so that times come in the order of the calls.
    fn up_to_date(&self) -> (MutexGuard<'_, Pipelines>, World<'_>) {
        let mut pipelines = lock(&self.pipelines);
        let world = self.world();
        // One deadline at a time, since the end of one approval can be the beginning of the next.
        while let Some(deadline) = pipelines.next_deadline().filter(|deadline| *deadline <= world.now) {
            pipelines.expire(&World { now: deadline, ..world });
        }
        (pipelines, world)
    }
}
