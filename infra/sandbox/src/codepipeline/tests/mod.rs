//! Stories about pipelines, played through the public interface under a frozen clock.

mod accounts;
mod approvals;
mod attempts;
mod events;
mod inputs;
mod modes;
mod played;
mod queries;
mod stops;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use time::{Duration, UtcDateTime, macros::utc_datetime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

const ALICE: &str = "arn:aws:sts::123456789012:assumed-role/callback/alice";
const BOB: &str = "arn:aws:iam::123456789012:user/bob";
const START: UtcDateTime = utc_datetime!(2026-11-20 09:15:07.104);

/// A service, its clock and its events.
struct Story {
    service: CodePipeline,
    clock: Arc<Mutex<UtcDateTime>>,
    events: UnboundedReceiver<Value>,
}

impl Story {
    fn new() -> Self {
        let clock = Arc::new(Mutex::new(START));
        let (sender, events) = unbounded_channel();
        let hand = Arc::clone(&clock);
        let service = CodePipeline::new(Arc::new(move || *hand.lock().unwrap()), sender);
        Self { service, clock, events }
    }

    /// A service with one pipeline `shop`: Source, Review (an approval `Approve`), Production (Deploy).
    fn shop(mode: ExecutionMode) -> Self {
        let story = Self::new();
        story.service.create(shop(mode)).unwrap();
        story
    }

    fn pass(&self, time: Duration) {
        *self.clock.lock().unwrap() += time;
    }

    fn start(&self) -> String {
        self.service.start("shop", Trigger::StartPipelineExecution(BOB.to_owned())).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better at every call")]
    fn call(&self, operation: &str, input: Value) -> Value {
        self.service.call(operation, &input, ALICE).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better at every call")]
    fn refuse(&self, operation: &str, input: Value) -> AwsError {
        let error = self.service.call(operation, &input, ALICE).unwrap_err();
        assert_eq!(error.status, 400);
        error
    }

    /// The run of an approval as `ListActionExecutions` gives it.
    fn run(&self, execution: &str, action: &str) -> Value {
        let list = self.call(
            "ListActionExecutions",
            json!({"pipelineName": "shop", "filter": {"pipelineExecutionId": execution}}),
        );
        let runs = list["actionExecutionDetails"].as_array().unwrap();
        runs.iter().find(|run| run["actionName"] == action).cloned().unwrap_or(Value::Null)
    }

    fn token(&self, execution: &str) -> String {
        self.run(execution, "Approve")["output"]["executionResult"]["externalExecutionId"].as_str().unwrap().to_owned()
    }

    fn put(&self, token: &str, status: &str) -> Result<Value, AwsError> {
        self.service.call("PutApprovalResult", &answer(token, status), ALICE)
    }

    fn status(&self, execution: &str) -> String {
        let input = json!({"pipelineName": "shop", "pipelineExecutionId": execution});
        let answer = self.call("GetPipelineExecution", input);
        answer["pipelineExecution"]["status"].as_str().unwrap().to_owned()
    }

    /// The state of the action `Approve` in `GetPipelineState`.
    fn approval(&self) -> Value {
        self.state()["stageStates"][1]["actionStates"][0]["latestExecution"].clone()
    }

    fn state(&self) -> Value {
        self.call("GetPipelineState", json!({"name": "shop"}))
    }

    /// The events since the last call.
    fn new_events(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// The state and the execution in each new event about an approval.
    fn approval_events(&mut self) -> Vec<(String, String)> {
        let events = self.new_events();
        let changes = events.iter().filter(|event| event["detail"]["type"]["category"] == "Approval");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        changes.map(|event| (text(&event["detail"]["state"]), text(&event["detail"]["execution-id"]))).collect()
    }
}

fn shop(mode: ExecutionMode) -> PipelineDefinition {
    let source = ActionKind::Source(SourceAction::new(SourceProvider::CodeCommit, "shop"));
    let mut definition = PipelineDefinition::new("123456789012", "us-east-2", "shop");
    definition.mode = mode;
    definition.stages = vec![
        StageDefinition::new("Source", [ActionDefinition::new("Checkout", source)]),
        StageDefinition::new("Review", [ActionDefinition::new("Approve", approval())]),
        StageDefinition::new("Production", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
    ];
    definition
}

fn approval() -> ActionKind {
    ActionKind::Approval(ApprovalAction::default())
}

fn answer(token: &str, status: &str) -> Value {
    json!({
        "pipelineName": "shop", "stageName": "Review", "actionName": "Approve", "token": token,
        "result": {"status": status, "summary": "looks good"},
    })
}
