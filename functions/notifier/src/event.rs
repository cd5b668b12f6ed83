//! JSON in, what happened out.
//!
//! The same approval is told in three shapes: the event "CodePipeline Action Execution State Change" as EventBridge
//! emits it, the same as a notification rule processes it (raw or through SNS), and the notice that the approval action
//! itself publishes to SNS. The wire types are private and read only what is needed, so that fields which come now as a
//! number and now as a text do no harm.

use countersign::approval::{
    ActionName, ApprovalAction, ApprovalToken, ExecutionId, ParseError, PipelineName, StageName,
};
use countersign::ledger::HistoryCursor;
use countersign::link::MAX_LIFETIME;
use countersign::pipeline::PendingRef;
use countersign::text::bounded_line;
use serde::Deserialize;
use serde_json::Value;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The commands, by direct invocation.
const COMMANDS: [&str; 4] = ["doctor", "sweep", "resend", "history"];
/// How many approvals a history tells unless the command says otherwise, and at most.
const DEFAULT_HISTORY: u8 = 20;
const MAX_HISTORY: u8 = 50;

/// How much of an unknown field's name an error repeats, in characters.
const MAX_NAME: usize = 200;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An approval began to wait.
    Waits(PendingRef),
    /// An approval ended. How, CodePipeline tells.
    Ended {
        /// Where it waited.
        action: ApprovalAction,
        /// The execution that waited.
        execution: ExecutionId,
        /// When it ended.
        at: UtcDateTime,
    },
    /// A command: look the deployment over.
    Doctor,
    /// A command: send the emails of what waits there again.
    Resend {
        /// The pipeline, in the function's own region.
        pipeline: PipelineName,
        /// Its stage.
        stage: StageName,
        /// The stage's action.
        action: ActionName,
    },
    /// A command, and what the hourly rule says: look after everything that waits.
    Sweep,
    /// A command: tell what the ledger knows of a pipeline's approvals.
    History {
        /// The pipeline.
        pipeline: PipelineName,
        /// Only what was asked for before this.
        before: Option<HistoryCursor>,
        /// No more than these many.
        limit: u8,
    },
    /// Something that is none of our business, and why.
    Ignored(&'static str),
}

/// Why an event cannot be read. It names the field and never repeats its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not one of the shapes at all.
    #[error("this is neither an approval event of CodePipeline nor an SNS notification of one")]
    Unknown,
    /// One of the shapes, with something missing or of another type.
    #[error("{shape} cannot be read: {why}")]
    Shape {
        /// Which shape.
        shape: &'static str,
        /// The parser's words, which name fields and positions.
        why: String,
    },
    /// A field that is not what it should be.
    #[error("in the event, {0}")]
    Field(#[from] ParseError),
    /// A moment that is not one, or that no approval can have.
    #[error("in the event, {0} is not a date and time that an approval can have")]
    Time(&'static str),
    /// A number of approvals that is none, or too many for one answer.
    #[error("in the command, limit is not a number from 1 to {0}")]
    Limit(u8),
    /// A state that CodePipeline did not have when this was written.
    #[error("in the event, detail.state is unknown")]
    State,
}

/// Reads an event. A batch of SNS records gives one result for each, so that a bad record hides no good one.
#[must_use]
pub fn read(event: &Value) -> Vec<Result<Event, EventError>> {
    let command = COMMANDS.iter().find_map(|name| Some((*name, event.get(name)?)));
    if let Some((name, command)) = command {
        return vec![read_command(event, name, command)];
    }
    match event.get("Records") {
        Some(records) => match shape::<Vec<SnsRecord>>("the SNS batch", records) {
            Ok(records) if records.is_empty() => vec![Err(EventError::Unknown)],
            Ok(records) => records.into_iter().map(read_sns).collect(),
            Err(error) => vec![Err(error)],
        },
        None => vec![read_action_event(event)],
    }
}

fn shape<T: for<'de> Deserialize<'de>>(shape: &'static str, json: &Value) -> Result<T, EventError> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner().to_string();
        // "invalid type: integer `5`, expected a string": the value in the middle stays out of the log.
        let problem = match problem.split_once(':') {
            Some((what, rest)) => rest.rsplit_once(", ").map_or(what, |(_, expected)| expected),
            None => &problem,
        };
        // The names of fields come from whoever wrote the event.
        let (path, problem) = (bounded_line(&path, MAX_NAME), bounded_line(problem, MAX_NAME));
        EventError::Shape { shape, why: format!("{path}: {problem}") }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    pipeline: String,
    stage: String,
    action: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    pipeline: String,
    before: Option<String>,
    limit: Option<u8>,
}

/// A command, by direct invocation: `{"doctor": {}}`, `{"sweep": {}}`, `{"resend": {"pipeline": …, "stage": …, "action":
/// …}}` or `{"history": {"pipeline": …}}`.
fn read_command(event: &Value, name: &str, command: &Value) -> Result<Event, EventError> {
    if event.as_object().is_none_or(|fields| fields.len() != 1) {
        return Err(EventError::Shape { shape: "the command", why: "one command, and nothing beside it".to_owned() });
    }
    match name {
        "doctor" => shape("the command doctor", command).map(|Nothing {}| Event::Doctor),
        "sweep" => shape("the command sweep", command).map(|Nothing {}| Event::Sweep),
        "resend" => {
            let Place { pipeline, stage, action } = shape("the command resend", command)?;
            Ok(Event::Resend { pipeline: pipeline.parse()?, stage: stage.parse()?, action: action.parse()? })
        }
        _ => {
            let Past { pipeline, before, limit } = shape("the command history", command)?;
            let limit = limit.unwrap_or(DEFAULT_HISTORY);
            if !(1..=MAX_HISTORY).contains(&limit) {
                return Err(EventError::Limit(MAX_HISTORY));
            }
            let place = |text: String| text.parse().or_else(|_| moment("before", &text).map(HistoryCursor::from));
            let before = before.map(place).transpose()?;
            Ok(Event::History { pipeline: pipeline.parse()?, before, limit })
        }
    }
}

#[derive(Deserialize)]
struct SnsRecord {
    #[serde(rename = "Sns")]
    sns: Sns,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sns {
    topic_arn: String,
    message: String,
    timestamp: String,
}

#[derive(Deserialize)]
struct Notice {
    region: String,
    approval: NoticeApproval,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoticeApproval {
    pipeline_name: String,
    stage_name: String,
    action_name: String,
    token: String,
    expires: String,
    external_entity_link: Option<String>,
    custom_data: Option<String>,
}

fn read_sns(record: SnsRecord) -> Result<Event, EventError> {
    let Sns { topic_arn, message, timestamp } = record.sns;
    let message: Value = serde_json::from_str(&message)
        .map_err(|_| EventError::Shape { shape: "the SNS message", why: "it is not JSON".to_owned() })?;
    if message.get("approval").is_none() {
        return read_action_event(&message);
    }
    let Notice { region, approval } = shape("the approval notice", &message)?;
    // The notice names no account. A topic and the pipeline that publishes to it share theirs, unless somebody set it
    // up otherwise by hand.
    let account = topic_arn.split(':').nth(4).unwrap_or_default();
    let token: ApprovalToken = approval.token.parse()?;
    let (started, expires) = (moment("Timestamp", &timestamp)?, moment("expires", &approval.expires)?);
    if expires - started > MAX_LIFETIME {
        return Err(EventError::Time("expires"));
    }
    Ok(Event::Waits(PendingRef {
        action: ApprovalAction {
            account: account.parse()?,
            region: region.parse()?,
            pipeline: approval.pipeline_name.parse()?,
            stage: approval.stage_name.parse()?,
            action: approval.action_name.parse()?,
        },
        token: Some(token),
        execution: None,
        started,
        expires: Some(expires),
        instructions: approval.custom_data,
        review_url: approval.external_entity_link,
    }))
}

#[derive(Deserialize)]
struct Envelope {
    source: String,
    #[serde(rename = "detail-type", alias = "detailType")]
    detail_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionEvent {
    account: String,
    region: String,
    time: String,
    detail: Detail,
    additional_attributes: Option<AdditionalAttributes>,
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

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AdditionalAttributes {
    external_entity_link: Option<String>,
    custom_data: Option<String>,
}

fn read_action_event(event: &Value) -> Result<Event, EventError> {
    let envelope = Envelope::deserialize(event).map_err(|_| EventError::Unknown)?;
    if envelope.source != "aws.codepipeline" {
        return Ok(Event::Ignored("an event of another service"));
    }
    if envelope.detail_type != "CodePipeline Action Execution State Change" {
        return Ok(Event::Ignored("an event about something other than an action"));
    }
    let ActionEvent { account, region, time, detail, additional_attributes } = shape("the action event", event)?;
    let ActionType { owner, provider, category } = &detail.kind;
    if (owner.as_str(), provider.as_str(), category.as_str()) != ("AWS", "Manual", "Approval") {
        return Ok(Event::Ignored("an action that is no manual approval"));
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
    let additional_attributes = additional_attributes.unwrap_or_default();
    match detail.state.as_str() {
        "STARTED" => Ok(Event::Waits(PendingRef {
            action,
            token: None,
            execution: Some(execution),
            started: at,
            expires: None,
            instructions: additional_attributes.custom_data,
            review_url: additional_attributes.external_entity_link,
        })),
        "SUCCEEDED" | "FAILED" | "ABANDONED" | "CANCELED" => Ok(Event::Ended { action, execution, at }),
        _ => Err(EventError::State),
    }
}

/// RFC 3339, or without seconds as the approval notice writes it; in this century, so that time can be added to it.
fn moment(field: &'static str, text: &str) -> Result<UtcDateTime, EventError> {
    UtcDateTime::parse(text, &Rfc3339)
        .or_else(|_| UtcDateTime::parse(text, format_description!("[year]-[month]-[day]T[hour]:[minute]Z")))
        .ok()
        .filter(|moment| (2000..2100).contains(&moment.year()))
        .ok_or(EventError::Time(field))
}
