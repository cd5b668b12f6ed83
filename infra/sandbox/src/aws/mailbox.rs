//! What becomes of an email at its mailbox, and the events in which SES says so.
//!
//! Sources: the SES developer guide ("Examples of event data that Amazon SES publishes to EventBridge", "Contents of event
//! data", "Using the mailbox simulator"). As there, the local part of an address chooses what its mailbox does; here, in
//! every domain.

use serde_json::{Map, Value, json};
use time::UtcDateTime;
use uuid::Uuid;

use crate::deployment::{ACCOUNT, EMAIL_QUEUE, REGION};
use crate::moment;

/// What a mailbox does with an email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailbox {
    /// It takes it.
    Takes,
    /// `bounce@`: there is none, and its server says so.
    Unknown,
    /// `suppressed@`, `suppressionlist@`: SES does not send to it any more.
    Suppressed,
    /// `complaint@`: it takes it, and its owner marks it as spam.
    Complains,
    /// `slow@`: its server does not answer, and SES keeps trying.
    Slow,
    /// `full@`: it cannot take it for now.
    Full,
    /// `away@`: it takes it, and answers by itself that nobody is there.
    Away,
    /// `virus@`: SES finds a virus in whatever is sent to it.
    Virus,
}

impl Mailbox {
    /// The mailbox at this address. What follows a `+` does not matter.
    pub(super) fn at(address: &str) -> Self {
        let local = address.split(['@', '+']).next().unwrap_or_default();
        match local.to_ascii_lowercase().as_str() {
            "bounce" => Self::Unknown,
            "suppressed" | "suppressionlist" => Self::Suppressed,
            "complaint" => Self::Complains,
            "slow" => Self::Slow,
            "full" => Self::Full,
            "away" => Self::Away,
            "virus" => Self::Virus,
            _ => Self::Takes,
        }
    }

    /// What SES says of an email to this mailbox, in this order: each the event's type, what it is called on EventBridge,
    /// and the part of its own.
    fn said(self, to: &str, now: &str) -> Vec<(&'static str, &'static str, Value)> {
        let bounce = |kind: &str, sub_type: &str, recipient: Value| {
            let bounce = json!({
                "bounceType": kind, "bounceSubType": sub_type, "bouncedRecipients": [recipient],
                "timestamp": now, "feedbackId": Uuid::new_v4().to_string(),
            });
            ("Bounce", "Email Bounced", json!({ "bounce": bounce }))
        };
        let answered = |code: &str, text: &str| json!({"emailAddress": to, "action": "failed", "status": code, "diagnosticCode": format!("smtp; {text}")});
        let delivered = (
            "Delivery",
            "Email Delivered",
            json!({"delivery": {
                "timestamp": now, "processingTimeMillis": 1189, "recipients": [to],
                "smtpResponse": "250 2.6.0 Message received", "reportingMTA": "mta.example.com",
            }}),
        );
        match self {
            Self::Takes => vec![delivered],
            Self::Unknown => {
                vec![bounce("Permanent", "NoEmail", answered("5.1.1", "550 5.1.1 user unknown"))]
            }
            Self::Suppressed => vec![bounce("Permanent", "OnAccountSuppressionList", json!({"emailAddress": to}))],
            Self::Complains => vec![
                delivered,
                (
                    "Complaint",
                    "Email Complaint Received",
                    json!({"complaint": {
                        "complainedRecipients": [{"emailAddress": to}], "timestamp": now,
                        "feedbackId": Uuid::new_v4().to_string(), "complaintSubType": null,
                        "userAgent": "ExampleCorp Feedback Loop (V0.01)", "complaintFeedbackType": "abuse",
                        "arrivalDate": now,
                    }}),
                ),
            ],
            Self::Slow => vec![(
                "DeliveryDelay",
                "Email Delivery Delayed",
                json!({"deliveryDelay": {
                    "timestamp": now, "delayType": "TransientCommunicationFailure", "expirationTime": now,
                    "delayedRecipients": [{
                        "emailAddress": to, "status": "4.4.1",
                        "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                    }],
                }}),
            )],
            Self::Full => vec![bounce("Transient", "MailboxFull", answered("4.2.2", "452 4.2.2 mailbox full"))],
            // The automatic answer may come first.
            Self::Away => vec![bounce("Transient", "General", json!({"emailAddress": to})), delivered],
            Self::Virus => vec![("Reject", "Email Rejected", json!({"reject": {"reason": "Bad content"}}))],
        }
    }
}

/// An email that SES took, for its events.
pub(super) struct Taken<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) message_id: &'a str,
    pub(super) subject: &'a str,
    pub(super) configuration_set: &'a str,
    /// The types of events that go to EventBridge.
    pub(super) types: &'a [&'static str],
    pub(super) tags: &'a [(String, String)],
    pub(super) now: UtcDateTime,
}

impl Taken<'_> {
    /// What SES says about it, each as the rule's queue hands it to the notifier.
    pub(super) fn events(&self) -> Vec<Value> {
        let now = moment::text(self.now, moment::MILLISECONDS);
        let said = Mailbox::at(self.to).said(self.to, &now);
        let sent = [("Send", "Email Sent", json!({"send": {}}))];
        let is_wanted = |(kind, ..): &(&str, &str, Value)| self.types.contains(&as_type(kind));
        let events = sent.into_iter().chain(said).filter(is_wanted);
        events.map(|(kind, name, part)| self.message(kind, name, &part, &now)).collect()
    }

    fn message(&self, kind: &str, name: &str, part: &Value, now: &str) -> Value {
        let Self { from, to, message_id, subject, configuration_set, tags, now: time, .. } = self;
        let own = [
            ("ses:configuration-set", *configuration_set),
            ("ses:from-domain", from.rsplit('@').next().unwrap_or_default()),
            ("ses:source-ip", "127.0.0.1"),
        ];
        let given = tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let tags: Map<String, Value> =
            own.into_iter().chain(given).map(|(name, value)| (name.to_owned(), json!([value]))).collect();
        let mail = json!({
            "timestamp": now, "source": from, "sendingAccountId": ACCOUNT, "messageId": message_id,
            "destination": [to], "headersTruncated": false, "headers": [{"name": "To", "value": to}],
            "commonHeaders": {"from": [from], "to": [to], "messageId": message_id, "subject": subject},
            "tags": tags,
        });
        let parts = [("eventType".to_owned(), json!(kind)), ("mail".to_owned(), mail)];
        let own = part.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
        let detail: Map<String, Value> = parts.into_iter().chain(own).collect();
        let event = json!({
            "version": "0", "id": Uuid::new_v4().to_string(), "detail-type": name, "source": "aws.ses",
            "account": ACCOUNT, "time": moment::text(*time, moment::SECONDS), "region": REGION, "resources": [],
            "detail": detail,
        });
        let sent = (time.unix_timestamp_nanos() / 1_000_000).to_string();
        json!({"Records": [{
            "messageId": Uuid::new_v4().to_string(), "receiptHandle": "handle", "body": event.to_string(),
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": sent, "SenderId": "AIDAISDDSWNBEXIA6J64K",
                "ApproximateFirstReceiveTimestamp": sent,
            },
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": EMAIL_QUEUE,
            "awsRegion": REGION,
        }]})
    }
}

/// The type of an event as version 2 of the API names it.
fn as_type(kind: &str) -> &'static str {
    match kind {
        "Send" => "SEND",
        "Reject" => "REJECT",
        "Bounce" => "BOUNCE",
        "Complaint" => "COMPLAINT",
        "Delivery" => "DELIVERY",
        _ => "DELIVERY_DELAY",
    }
}
