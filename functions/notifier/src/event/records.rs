//! The records in which SNS and SQS hand messages over.
//!
//! Sources: the Lambda developer guide ("Process Amazon SNS notifications", "Amazon SQS message event"), and the SNS
//! developer guide ("Raw message delivery"): a queue that is subscribed to a topic gets SNS's own envelope, or, with raw
//! delivery, the message alone.

use countersign::approval::ApprovalAction;
use countersign::pipeline::PendingRef;
use serde::Deserialize;
use serde_json::Value;
use time::UtcDateTime;

use super::{Event, EventError, QueueMessage, moment, read_action_event, ses, shape};
use crate::sweep::PartMessage;

/// One record of a batch.
pub(super) fn read_record(record: &Value) -> Result<Event, EventError> {
    if record.get("body").is_none() {
        let SnsRecord { sns } = shape("the SNS record", record)?;
        return sns.read();
    }
    let SqsRecord { body, queue_arn, receipt_handle, attributes } = shape("the SQS record", record)?;
    let Ok(body) = serde_json::from_str::<Value>(&body) else {
        return Ok(Event::Ignored("an SQS message that is not JSON"));
    };
    if body.get("source").and_then(Value::as_str) == Some(ses::SOURCE) {
        return ses::read(&body, &queue_arn);
    }
    if let Some(part) = body.get("part") {
        let part = shape::<PartMessage>("the part of a round", part)?.try_into()?;
        return Ok(Event::Part { part, message: QueueMessage { queue: queue_arn, receipt: receipt_handle } });
    }
    // An envelope of SNS's, unless delivery is raw.
    if let Ok(sns) = Sns::deserialize(&body) {
        return sns.read();
    }
    let sent = attributes.sent.parse().ok().and_then(|sent: i64| UtcDateTime::from_unix_timestamp(sent / 1000).ok());
    read_message(&body, &queue_arn, || sent.ok_or(EventError::Time("SentTimestamp")))
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

impl Sns {
    fn read(self) -> Result<Event, EventError> {
        let Ok(message) = serde_json::from_str::<Value>(&self.message) else {
            return Ok(Event::Ignored("an SNS message that is not JSON"));
        };
        read_message(&message, &self.topic_arn, || moment("Timestamp", &self.timestamp))
    }
}

#[derive(Deserialize)]
struct SqsRecord {
    body: String,
    #[serde(rename = "eventSourceARN")]
    queue_arn: String,
    #[serde(rename = "receiptHandle", default)]
    receipt_handle: String,
    attributes: SqsAttributes,
}

#[derive(Deserialize)]
struct SqsAttributes {
    #[serde(rename = "SentTimestamp")]
    sent: String,
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
}

/// A message that came through this topic or queue. Either may be shared: what is no notice of an approval on it is
/// somebody else's.
fn read_message(
    message: &Value,
    through: &str,
    sent: impl FnOnce() -> Result<UtcDateTime, EventError>,
) -> Result<Event, EventError> {
    if message.get("approval").is_none() {
        return match read_action_event(message) {
            Err(EventError::Unknown) => Ok(Event::Ignored("a message about something else")),
            event => event,
        };
    }
    let Notice { region, approval } = shape("the approval notice", message)?;
    // The notice names no account. A topic is in the account of the pipeline that publishes to it, and a queue in that of
    // its topic, unless somebody set it up otherwise by hand. Deadline and texts are not read: CodePipeline has them.
    let account = through.split(':').nth(4).unwrap_or_default();
    Ok(Event::ApprovalStarted(PendingRef {
        action: ApprovalAction {
            account: account.parse()?,
            region: region.parse()?,
            pipeline: approval.pipeline_name.parse()?,
            stage: approval.stage_name.parse()?,
            action: approval.action_name.parse()?,
        },
        token: Some(approval.token.parse()?),
        execution: None,
        started: sent()?,
    }))
}
