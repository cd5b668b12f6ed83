//! SES's events about emails, as EventBridge hands them on.
//!
//! Sources: the SES developer guide ("Examples of event data that Amazon SES publishes to EventBridge", "Contents of
//! event data"). They come through a queue that SES's rule alone may write; which queue that is, the caller checks.

use countersign::approval::Address;
use countersign::delivery::{Fate, Reason, Said, Tag};
use serde::Deserialize;
use serde_json::Value;

use super::{Event, EventError, moment, shape};

/// The source of such an event.
pub(super) const SOURCE: &str = "aws.ses";

/// What SES says became of one email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailEvent {
    /// The ARN of the queue that it came through.
    pub queue: String,
    /// The configuration set that the email was sent with.
    pub configuration_set: String,
    /// Which delivery the email says it is.
    pub tag: Tag,
    /// Its recipient.
    pub to: Address,
    /// SES's id of it.
    pub message_id: String,
    /// What became of it.
    pub said: Said,
}

#[derive(Deserialize)]
struct SesEvent {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery: Option<Timestamp>,
    delivery_delay: Option<Delay>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    timestamp: String,
    message_id: String,
    destination: Vec<String>,
    #[serde(default)]
    tags: Tags,
}

/// A value of a tag is a list of one.
#[derive(Default, Deserialize)]
struct Tags {
    #[serde(rename = "ses:configuration-set", default)]
    configuration_set: Vec<String>,
    #[serde(default)]
    delivery: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    #[serde(rename = "bounceType")]
    kind: String,
    #[serde(rename = "bounceSubType")]
    sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Bounced>,
    timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounced {
    email_address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(rename = "complaintSubType")]
    sub_type: Option<String>,
    #[serde(rename = "complaintFeedbackType")]
    feedback: Option<String>,
    timestamp: String,
}

impl Complaint {
    /// Whether it corrects an earlier one.
    fn is_taken_back(&self) -> bool {
        self.feedback.as_deref() == Some("not-spam")
    }
}

#[derive(Deserialize)]
struct Timestamp {
    timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delay {
    delay_type: String,
    timestamp: String,
}

/// Reads one event of SES's.
pub(super) fn read(event: &Value, queue: &str) -> Result<Event, EventError> {
    let SesEvent { detail } = shape("the event of SES", event)?;
    let Detail { event_type, mail, bounce, complaint, delivery, delivery_delay } = detail;
    let (fate, at, reason) = match (event_type.as_str(), bounce, complaint, delivery, delivery_delay) {
        ("Bounce", Some(bounce), ..) => {
            let fate = bounce.fate(&mail.destination);
            let Bounce { kind, sub_type, timestamp, .. } = bounce;
            (fate, timestamp, Some(format!("{kind}/{sub_type}")))
        }
        ("Complaint", _, Some(complaint), ..) if complaint.is_taken_back() => {
            return Ok(Event::Ignored("that an email is no spam after all"));
        }
        ("Complaint", _, Some(complaint), ..) => {
            let Complaint { sub_type, feedback, timestamp } = complaint;
            let fate =
                if sub_type.as_deref().is_some_and(is_suppression) { Fate::Suppressed } else { Fate::Complained };
            (fate, timestamp, sub_type.or(feedback))
        }
        ("Delivery", _, _, Some(Timestamp { timestamp }), _) => (Fate::Delivered, timestamp, None),
        ("DeliveryDelay", .., Some(Delay { delay_type, timestamp })) => (Fate::Delayed, timestamp, Some(delay_type)),
        // Why is a sentence.
        ("Reject", ..) => (Fate::Rejected, mail.timestamp, None),
        ("Send", ..) => return Ok(Event::Ignored("that SES accepted an email, which is known")),
        _ => return Ok(Event::Ignored("an event of SES about something else")),
    };
    let Tags { configuration_set, delivery } = mail.tags;
    let (Some(configuration_set), Some(tag)) = (configuration_set.into_iter().next(), delivery.into_iter().next())
    else {
        return Ok(Event::Ignored("an event of SES about somebody else's email"));
    };
    let (Ok(tag), [to]) = (tag.parse(), mail.destination.as_slice()) else {
        return Ok(Event::Ignored("an event of SES about an email that is none of ours"));
    };
    Ok(Event::EmailFate(EmailEvent {
        queue: queue.to_owned(),
        configuration_set,
        tag,
        to: to.parse()?,
        message_id: mail.message_id,
        // What is no class of SES's is not repeated.
        said: Said {
            fate,
            at: moment("timestamp", &at)?,
            reason: reason.and_then(|reason| reason.parse::<Reason>().ok()),
        },
    }))
}

impl Bounce {
    /// What became of an email to these. It may be somebody else's mailbox that refused it: one of a group, or one that it
    /// was forwarded to. Then it reached whom it was for.
    fn fate(&self, destination: &[String]) -> Fate {
        let sub_type = self.sub_type.as_str();
        let identity = |address: &str| address.parse().ok().map(|address: Address| address.identity());
        let is_of = |bounced: &Bounced| {
            let address = bounced.email_address.as_str();
            destination.iter().any(|to| to == address || identity(to).is_some_and(|to| identity(address) == Some(to)))
        };
        match self.kind.as_str() {
            "Permanent" if !self.bounced_recipients.iter().all(is_of) => Fate::CameBack,
            "Permanent"
                if sub_type == "Suppressed" || sub_type == "EmailValidationSuppressed" || is_suppression(sub_type) =>
            {
                Fate::Suppressed
            }
            "Permanent" => Fate::Bounced,
            _ => Fate::CameBack,
        }
    }
}

/// Such as `OnAccountSuppressionList` and `OnTenantSuppressionList`.
fn is_suppression(sub_type: &str) -> bool {
    sub_type.starts_with("On") && sub_type.ends_with("SuppressionList")
}
