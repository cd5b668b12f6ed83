//! Reading an event: from JSON to what happened or is to be done.
//!
//! An event says where to look, and no more: whoever may invoke the function or publish to the topic can send any. So
//! nothing is read of it but names, a token and a time, and CodePipeline is asked about them.
//!
//! An approval is announced in three shapes: the event "CodePipeline Action Execution State Change" as EventBridge emits
//! it, the same as a notification rule processes it, and the notice that the approval action itself publishes to SNS. Each
//! comes directly or in a record of SNS or SQS. The callback's own events are hints like any other. The wire types are
//! private and have only the fields that are needed, so that fields which are sometimes a number and sometimes a string do
//! no harm.

mod records;
mod ses;

use std::fmt;

use countersign::approval::{
    ActionName, ApprovalAction, ApprovalKey, Digest, ExecutionId, Location, ParseError, PipelineName, StageName,
};
use countersign::events::{DOCTOR_SOURCE, REQUEST_MISSING, SOURCE, TEST_EVENT, VOTE_RECORDED};
use countersign::ledger::HistoryCursor;
use countersign::pipeline::PendingRef;
use countersign::policy::answers::Question;
use countersign::text::bounded_line;
use serde::Deserialize;
use serde_json::Value;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::served::Scope;
use crate::sweep::SweepPart;
use records::read_record;
pub use ses::EmailEvent;

/// The commands, which are given by direct invocation.
const COMMANDS: [&str; 9] = ["doctor", "sweep", "round", "resend", "history", "evidence", "routes", "check", "explain"];
/// The states of an action that has ended.
const ENDED_STATES: [&str; 4] = ["SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"];
/// How many approvals a page of history has unless the command says otherwise, and at most.
const DEFAULT_HISTORY: u8 = 20;
const MAX_HISTORY: u8 = 50;

/// How much an error repeats of the name of an unknown field, in characters.
const MAX_NAME: usize = 200;

/// What happened, or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An approval began to wait.
    ApprovalStarted(PendingRef),
    /// An approval ended. How it did is read from CodePipeline.
    ApprovalEnded {
        /// Where it waited.
        action: ApprovalAction,
        /// The execution that waited.
        execution: ExecutionId,
        /// When it ended.
        at: UtcDateTime,
    },
    /// The callback recorded a vote.
    VoteRecorded {
        /// The approval's key.
        key: ApprovalKey,
    },
    /// The callback saw a good link about an approval that has no request.
    RequestMissing {
        /// Where the approval waits.
        action: ApprovalAction,
    },
    /// SES says what became of an email.
    EmailFate(EmailEvent),
    /// A test event of the doctor's arrived from an account and region.
    TestArrived {
        /// Where it was put.
        at: Location,
        /// What the doctor knows it by.
        nonce: Digest,
    },
    /// A command: examine the deployment, and the accounts and regions that are meant.
    Doctor {
        /// The accounts and regions.
        scope: Scope,
        /// Whether to put a test event in each.
        test_event: bool,
    },
    /// A command: send the emails about the approvals that wait at an action again.
    Resend {
        /// Where the pipeline is.
        scope: Scope,
        /// The pipeline.
        pipeline: PipelineName,
        /// Its stage.
        stage: StageName,
        /// The stage's action.
        action: ActionName,
    },
    /// A command: take care of everything that waits there.
    Sweep(Scope),
    /// A command, and what the hourly rule sends: have everything taken care of that waits there, part by part.
    Round(Scope),
    /// A part of a round, from the queue of this ARN.
    Part {
        /// The part.
        part: SweepPart,
        /// The message that it came in.
        message: QueueMessage,
    },
    /// A command: give a page of a pipeline's history.
    History {
        /// Where the pipeline is.
        scope: Scope,
        /// The pipeline.
        pipeline: PipelineName,
        /// Where the page begins: only approvals that were asked for before this.
        before: Option<HistoryCursor>,
        /// The most approvals that the page may have.
        limit: u8,
    },
    /// A command: give evidence about the approval with this key, which has ended.
    Evidence(ApprovalKey),
    /// A command: list every approval action there, and who would be asked about it.
    Routes(Scope),
    /// A command: say whether this text is a valid policy.
    Check(PolicyText),
    /// A command: explain whom a policy would ask about an approval.
    Explain {
        /// The approval, and who starts the release.
        question: Question,
        /// The policy's text; without one, the policy that is in force.
        policy: Option<PolicyText>,
    },
    /// Something that is not for the notifier, and why.
    Ignored(&'static str),
}

/// The text of a policy, valid or not. It has addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyText(pub(crate) String);

impl fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyText(…)")
    }
}

/// A message of a queue, as far as it can be dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The queue's ARN.
    pub queue: String,
    /// What SQS knows this receipt of it by.
    pub receipt: String,
}

/// Why an event cannot be read. The message names the field and never repeats its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It has none of the shapes.
    #[error(
        "this is neither an approval event of CodePipeline, nor an SNS notification of one, nor a command ({})",
        COMMANDS.join(", ")
    )]
    Unknown,
    /// It has one of the shapes, with a field missing or of another type.
    #[error("{shape} cannot be read: {why}")]
    Shape {
        /// Which shape.
        shape: &'static str,
        /// Which field, and what was expected.
        why: String,
    },
    /// A name, a token or an account is malformed.
    #[error("in the event, {0}")]
    Field(#[from] ParseError),
    /// A date and time is malformed, or no approval can have it.
    #[error("in the event, {0} is not a date and time that an approval can have")]
    Time(&'static str),
    /// A page of history cannot have this number of approvals.
    #[error("in the command, limit is not a number from 1 to {0}")]
    Limit(u8),
    /// Whom a principal is depends on the pipeline's account.
    #[error("in the command, initiator needs the pipeline's account")]
    NoAccount,
    /// CodePipeline documents no such state.
    #[error("in the event, detail.state is unknown; expected one of STARTED, {}", ENDED_STATES.join(", "))]
    State,
}

/// The messages of a batch that all came through this queue, by their ids.
pub(crate) fn messages_of<'a>(event: &'a Value, queue: &str) -> Option<Vec<&'a str>> {
    let records = event.get("Records")?.as_array()?;
    let id = |record: &'a Value| {
        let is_of_queue = record.get("eventSourceARN").and_then(Value::as_str) == Some(queue);
        record.get("messageId").and_then(Value::as_str).filter(|_| is_of_queue)
    };
    records.iter().map(id).collect()
}

/// Reads an event. A batch of records gives one result for each, so that one bad record does not hide the others.
#[must_use]
pub fn read(event: &Value) -> Vec<Result<Event, EventError>> {
    let command = COMMANDS.iter().find_map(|name| Some((*name, event.get(name)?)));
    if let Some((name, command)) = command {
        return vec![read_command(event, name, command)];
    }
    match event.get("Records") {
        Some(Value::Array(records)) if !records.is_empty() => records.iter().map(read_record).collect(),
        Some(_) => vec![Err(EventError::Unknown)],
        None => vec![read_action_event(event)],
    }
}

fn shape<T: for<'de> Deserialize<'de>>(shape: &'static str, json: &Value) -> Result<T, EventError> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner().to_string();
        // The names of fields are foreign text, too, and may be addresses.
        let path: String = path.split('.').map(plain).collect::<Vec<_>>().join(".");
        if let Some(problem) = unknown_in(&problem) {
            return EventError::Shape { shape, why: bounded_line(&problem, MAX_NAME) };
        }
        // "invalid type: integer `5`, expected a string": the value in the middle must not reach the log.
        let problem = match problem.split_once(':') {
            Some((what, rest)) => rest.rsplit_once(", ").map_or(what, |(_, expected)| expected),
            None => &problem,
        };
        let (path, problem) = (bounded_line(&path, MAX_NAME), bounded_line(problem, MAX_NAME));
        let why = if path == "." { problem } else { format!("{path}: {problem}") };
        EventError::Shape { shape, why }
    })
}

/// A name that was given, where it is made of what our own are made of. Anything else may be an address or a text.
fn plain(name: &str) -> &str {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'[' | b']' | b'?');
    if name.bytes().all(is_plain) { name } else { "?" }
}

/// What serde says of a field or a value that is none of ours, without its name if that is not plain.
fn unknown_in(problem: &str) -> Option<String> {
    let (kind, rest) = ["unknown field `", "unknown variant `"]
        .into_iter()
        .find_map(|kind| Some((kind, problem.strip_prefix(kind)?)))?;
    // The name may have any characters; what is ours comes last.
    let ends = ["`, expected ", "`, there are no "];
    let (name, end, expected) =
        ends.into_iter().find_map(|end| rest.rsplit_once(end).map(|(name, expected)| (name, end, expected)))?;
    Some(format!("{kind}{}{end}{expected}", plain(name)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeArguments {
    account: Option<String>,
    region: Option<String>,
}

impl ScopeArguments {
    fn read(self) -> Result<Scope, EventError> {
        Ok(Scope {
            account: self.account.map(|account| account.parse()).transpose()?,
            region: self.region.map(|region| region.parse()).transpose()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoctorArguments {
    account: Option<String>,
    region: Option<String>,
    #[serde(default)]
    test_event: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendArguments {
    account: Option<String>,
    region: Option<String>,
    pipeline: String,
    stage: String,
    action: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryArguments {
    account: Option<String>,
    region: Option<String>,
    pipeline: String,
    before: Option<String>,
    limit: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceArguments {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckArguments {
    policy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainArguments {
    account: Option<String>,
    region: Option<String>,
    pipeline: String,
    stage: String,
    action: String,
    initiator: Option<String>,
    policy: Option<String>,
}

/// Reads a command: `{"doctor": {}}` or with `"test_event": true`, `{"sweep": {}}`, `{"resend": {"pipeline": …, "stage": …, "action": …}}`,
/// `{"history": {"pipeline": …}}`, `{"evidence": {"key": …}}`, `{"routes": {}}`, `{"check": {"policy": …}}`,
/// `{"explain": {"pipeline": …, "stage": …, "action": …}}` or `{"round": {}}`. All but `check` and `evidence` take `account` and
/// `region`, too.
fn read_command(event: &Value, name: &str, command: &Value) -> Result<Event, EventError> {
    if event.as_object().is_none_or(|fields| fields.len() != 1) {
        return Err(EventError::Shape {
            shape: "the command",
            why: "expected one command and nothing beside it".to_owned(),
        });
    }
    match name {
        "doctor" => {
            let DoctorArguments { account, region, test_event } = shape("the command doctor", command)?;
            Ok(Event::Doctor { scope: ScopeArguments { account, region }.read()?, test_event })
        }
        "round" => shape::<ScopeArguments>("the command round", command)?.read().map(Event::Round),
        "sweep" => shape::<ScopeArguments>("the command sweep", command)?.read().map(Event::Sweep),
        "resend" => {
            let ResendArguments { account, region, pipeline, stage, action } = shape("the command resend", command)?;
            let scope = ScopeArguments { account, region }.read()?;
            let (pipeline, stage) = (pipeline.parse()?, stage.parse()?);
            Ok(Event::Resend { scope, pipeline, stage, action: action.parse()? })
        }
        "routes" => shape::<ScopeArguments>("the command routes", command)?.read().map(Event::Routes),
        "evidence" => {
            let EvidenceArguments { key } = shape("the command evidence", command)?;
            Ok(Event::Evidence(key.parse()?))
        }
        "check" => {
            let CheckArguments { policy } = shape("the command check", command)?;
            Ok(Event::Check(PolicyText(policy)))
        }
        "explain" => {
            let ExplainArguments { account, region, pipeline, stage, action, initiator, policy } =
                shape("the command explain", command)?;
            let Scope { account, region } = ScopeArguments { account, region }.read()?;
            if initiator.is_some() && account.is_none() {
                return Err(EventError::NoAccount);
            }
            let (pipeline, stage, action) = (pipeline.parse()?, stage.parse()?, action.parse()?);
            let initiator = initiator.map(|initiator| initiator.parse()).transpose()?;
            let question = Question { pipeline, stage, action, account, region, initiator };
            Ok(Event::Explain { question, policy: policy.map(PolicyText) })
        }
        _ => {
            let HistoryArguments { account, region, pipeline, before, limit } = shape("the command history", command)?;
            let scope = ScopeArguments { account, region }.read()?;
            let limit = limit.unwrap_or(DEFAULT_HISTORY);
            if !(1..=MAX_HISTORY).contains(&limit) {
                return Err(EventError::Limit(MAX_HISTORY));
            }
            let cursor = |text: String| text.parse().or_else(|_| moment("before", &text).map(HistoryCursor::from));
            let before = before.map(cursor).transpose()?;
            Ok(Event::History { scope, pipeline: pipeline.parse()?, before, limit })
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type", alias = "detailType")]
    detail_type: String,
}

#[derive(Deserialize)]
struct ActionEvent {
    account: String,
    region: String,
    time: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    pipeline: String,
    stage: String,
    action: String,
    state: String,
    #[serde(rename = "execution-id")]
    execution: String,
    #[serde(rename = "type")]
    kind: ActionType,
}

#[derive(Deserialize)]
struct ActionType {
    owner: String,
    provider: String,
    category: String,
}

fn read_action_event(event: &Value) -> Result<Event, EventError> {
    let envelope = Envelope::deserialize(event).map_err(|_| EventError::Unknown)?;
    if envelope.source == SOURCE {
        // Nothing is lost with one that cannot be read: the sweep looks at everything that waits.
        return Ok(read_hint(event, &envelope.detail_type).unwrap_or(Event::Ignored("a hint that cannot be read")));
    }
    if envelope.source == DOCTOR_SOURCE {
        let is_test = envelope.detail_type == TEST_EVENT;
        let read = is_test.then(|| read_test_event(event).ok()).flatten();
        return Ok(read.unwrap_or(Event::Ignored("a test event that cannot be read")));
    }
    if envelope.source != "aws.codepipeline" {
        return Ok(Event::Ignored("an event of another service"));
    }
    if envelope.detail_type != "CodePipeline Action Execution State Change" {
        return Ok(Event::Ignored("an event about something other than an action"));
    }
    let ActionEvent { account, region, time, detail } = shape("the action event", event)?;
    let ActionType { owner, provider, category } = &detail.kind;
    if (owner.as_str(), provider.as_str(), category.as_str()) != ("AWS", "Manual", "Approval") {
        return Ok(Event::Ignored("an action that is not a manual approval"));
    }
    // The outer region is the pipeline's; `detail.region` is where the action runs.
    let action = ApprovalAction {
        account: account.parse()?,
        region: region.parse()?,
        pipeline: detail.pipeline.parse()?,
        stage: detail.stage.parse()?,
        action: detail.action.parse()?,
    };
    let execution = detail.execution.parse()?;
    let at = moment("time", &time)?;
    match detail.state.as_str() {
        "STARTED" => {
            Ok(Event::ApprovalStarted(PendingRef { action, token: None, execution: Some(execution), started: at }))
        }
        state if ENDED_STATES.contains(&state) => Ok(Event::ApprovalEnded { action, execution, at }),
        _ => Err(EventError::State),
    }
}

#[derive(Deserialize)]
struct Hint<T> {
    detail: T,
}

#[derive(Deserialize)]
struct VoteHint {
    key: String,
}

#[derive(Deserialize)]
struct MissingHint {
    account: String,
    region: String,
    pipeline: String,
    stage: String,
    action: String,
}

#[derive(Deserialize)]
struct TestEvent {
    account: String,
    region: String,
    detail: TestDetail,
}

#[derive(Deserialize)]
struct TestDetail {
    nonce: String,
}

/// An event of the doctor's. Account and region are those of the bus that it was put on.
fn read_test_event(event: &Value) -> Result<Event, EventError> {
    let TestEvent { account, region, detail } = shape("the test event", event)?;
    let at = Location { account: account.parse()?, region: region.parse()? };
    Ok(Event::TestArrived { at, nonce: detail.nonce.parse()? })
}

/// An event of the callback's. Whoever may put events can put one.
fn read_hint(event: &Value, detail_type: &str) -> Result<Event, EventError> {
    match detail_type {
        VOTE_RECORDED => {
            let Hint { detail: VoteHint { key } } = shape("the event", event)?;
            Ok(Event::VoteRecorded { key: key.parse()? })
        }
        REQUEST_MISSING => {
            let Hint { detail: MissingHint { account, region, pipeline, stage, action } } = shape("the event", event)?;
            let action = ApprovalAction {
                account: account.parse()?,
                region: region.parse()?,
                pipeline: pipeline.parse()?,
                stage: stage.parse()?,
                action: action.parse()?,
            };
            Ok(Event::RequestMissing { action })
        }
        _ => Ok(Event::Ignored("an event of ours for others")),
    }
}

/// RFC 3339, in this century, so that time can be added to it.
fn moment(field: &'static str, text: &str) -> Result<UtcDateTime, EventError> {
    UtcDateTime::parse(text, &Rfc3339)
        .ok()
        .filter(|moment| (2000..2100).contains(&moment.year()))
        .ok_or(EventError::Time(field))
}
