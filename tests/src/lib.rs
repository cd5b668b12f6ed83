//! The support code of the stories: a [`World`] to act in, recorded events, and forged links.

pub mod adversary;
pub mod burst;
pub mod faults;
pub mod forge;
pub mod hostile;
pub mod ledger_writer;
pub mod organization;
mod world;

pub use world::{World, is_by};

use std::path::PathBuf;

use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition, Trigger,
};
use serde_json::{Value, json};
use time::UtcDateTime;
use time::macros::utc_datetime;

/// The time at which the stories begin: ten minutes after the recorded events.
pub const BEGIN: UtcDateTime = utc_datetime!(2026-11-20 09:25);

pub const ALICE: &str = "alice@example.com";
pub const BOB: &str = "bob@example.com";

/// The answer to a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Page {
    /// The text of the page's title.
    pub fn title(&self) -> &str {
        self.body.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn has_form(&self) -> bool {
        self.body.contains("<form")
    }
}

/// An email as its recipient sees it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub raw: String,
    /// The link to approve; empty in an email that asks for nothing.
    pub approve: String,
    pub reject: String,
}

impl Mail {
    /// Whether this is the first request, not a reminder.
    pub fn is_request(&self) -> bool {
        !self.subject.starts_with("Re: ") && !self.is_about_policy()
    }

    /// Whether this tells somebody that they may decide on more or fewer releases than before.
    pub fn is_about_policy(&self) -> bool {
        self.raw.contains("\nReferences: <policy.")
    }

    pub fn is_reminder(&self) -> bool {
        !self.is_request() && self.text.split("\n\n").next().is_some_and(|headline| headline.contains(" left. "))
    }

    /// Whether this tells a voter of their vote.
    pub fn is_receipt(&self) -> bool {
        !self.is_request() && self.text.starts_with("Your vote on ")
    }

    pub fn is_outcome(&self) -> bool {
        !self.is_request() && self.text.contains("There is nothing left to decide.")
    }
}

/// A pipeline of this name: a source, an approval `Prod/Approve`, and a deployment.
pub fn service(name: &str, mode: ExecutionMode, approval: ApprovalAction) -> PipelineDefinition {
    let source = ActionKind::Source(SourceAction::new(SourceProvider::CodeCommit, name));
    PipelineDefinition {
        mode,
        stages: vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", source)]),
            StageDefinition::new("Prod", [ActionDefinition::new("Approve", ActionKind::Approval(approval))]),
            StageDefinition::new("After", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
        ],
        ..PipelineDefinition::new("123456789012", "us-east-2", name)
    }
}

/// A start by a developer who is no approver.
pub fn by_a_developer() -> Trigger {
    Trigger::StartPipelineExecution("arn:aws:iam::123456789012:user/dev".to_owned())
}

/// The links in an email: Approve, then Reject. Empty if the email asks for nothing. What others wrote is quoted.
pub fn links_of(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).filter(|line| line.contains("/approval?t=") && !line.starts_with('>')).collect()
}

/// A runtime whose clock advances only when every task waits.
pub fn simulated_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// A recorded event.
pub fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// The EventBridge event of the default approval, which becomes pending.
pub fn eventbridge() -> Value {
    fixture("eventbridge-action-started")
}

/// The same event as a notification rule passes it on.
pub fn notification_rule() -> Value {
    fixture("notification-rule-processed")
}

/// The approval's own SNS notice.
pub fn sns() -> Value {
    fixture("sns-approval-needed")
}

/// The AWS CLI that the stories run.
pub fn aws_cli() -> PathBuf {
    std::env::var_os("AWS_CLI").expect("AWS_CLI names the AWS CLI; tests/run installs one and sets it").into()
}

/// Changes the JSON inside an SNS record.
pub fn in_notice(mut event: Value, change: impl FnOnce(&mut Value)) -> Value {
    let place = &mut event["Records"][0]["Sns"]["Message"];
    let mut message: Value = serde_json::from_str(place.as_str().unwrap()).unwrap();
    change(&mut message);
    *place = json!(message.to_string());
    event
}

/// An event with one thing changed, named by a JSON pointer.
pub fn changed(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    event
}
