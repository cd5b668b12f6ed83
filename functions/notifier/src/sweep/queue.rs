//! The queue that a round puts its parts into. It hands them over one after another for each account and region, and several
//! accounts and regions side by side.

use std::str::FromStr;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use countersign::approval::{Digest, ParseError};
use countersign::aws::AwsError;
use serde_json::json;

use super::part::{PartMessage, SweepPart};

/// The most messages that SQS takes at once.
const BATCH: usize = 10;
const SEND: &str = "sqs:SendMessageBatch";

/// When a part that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// Some of it failed: in a minute, as Lambda itself tries events again.
    Soon,
    /// Nothing there, or nothing in the hub, answers: later, so that all tries together last for longer than most outages.
    Later,
}

impl Retry {
    fn seconds(self) -> i32 {
        match self {
            Self::Soon => 60,
            Self::Later => 300,
        }
    }
}

/// The queue.
#[derive(Debug, Clone)]
pub(crate) struct SweepQueue {
    client: Client,
    pub(crate) url: QueueUrl,
}

/// The URL of a queue: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrl(String);

impl FromStr for QueueUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let url = Self(text.to_owned());
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        match url.account_and_name() {
            Some((account, name)) if is_url && account.len() == 12 && !name.is_empty() => Ok(url),
            _ => Err(ParseError::Form {
                what: "the queue",
                form: "the URL of a queue, such as https://sqs.us-east-2.amazonaws.com/123456789012/sweeps.fifo",
            }),
        }
    }
}

impl QueueUrl {
    /// Whether an ARN, `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`, is this queue's.
    pub(crate) fn is_of(&self, arn: &str) -> bool {
        let mut parts = arn.split(':').skip(4);
        self.account_and_name().is_some_and(|(account, name)| {
            (parts.next(), parts.next(), parts.next()) == (Some(account), Some(name), None)
        })
    }

    fn account_and_name(&self) -> Option<(&str, &str)> {
        let (rest, name) = self.0.rsplit_once('/')?;
        Some((rest.rsplit_once('/')?.1, name))
    }
}

impl SweepQueue {
    pub(crate) fn new(aws: &SdkConfig, url: QueueUrl) -> Self {
        Self { client: Client::new(aws), url }
    }

    /// Has a message that failed handed over again. The queue would wait for half an hour, since it cannot tell a failure
    /// from an invocation that still runs.
    pub(super) async fn retry(&self, receipt: &str, when: Retry) {
        let call = self.client.change_message_visibility().queue_url(&self.url.0).receipt_handle(receipt);
        if let Err(error) = call.visibility_timeout(when.seconds()).send().await {
            let error = AwsError::new("sqs:ChangeMessageVisibility", &error);
            tracing::warn!(%error, "a part of a round is tried again in half an hour only");
        }
    }

    /// Puts parts into the queue, in their order.
    ///
    /// # Errors
    /// When SQS does not answer, or does not take one. Those before it are in.
    pub(crate) async fn send(&self, parts: &[SweepPart]) -> Result<(), AwsError> {
        const UNWRITABLE: &str = "a message that cannot be written";
        for batch in parts.chunks(BATCH) {
            let entry = |(number, part): (usize, &SweepPart)| {
                let body = json!({ "part": PartMessage::from(part) }).to_string();
                SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    // Of its content: a round that begins again may have other approvals for a part of the same name.
                    .message_deduplication_id(Digest::of(body.as_bytes()).as_str())
                    .message_body(body)
                    .message_group_id(part.group())
                    .build()
                    .map_err(|_| AwsError::unexpected(SEND, UNWRITABLE))
            };
            let entries = batch.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
            let call = self.client.send_message_batch().queue_url(&self.url.0).set_entries(Some(entries));
            let answer = call.send().await.map_err(|error| AwsError::new(SEND, &error))?;
            if let Some(failed) = answer.failed.first() {
                return Err(if failed.sender_fault {
                    AwsError::unexpected(SEND, &failed.code)
                } else {
                    AwsError::unavailable(SEND, &failed.code)
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_known_by_its_url_and_its_arn() {
        let url: QueueUrl = "https://sqs.us-east-2.amazonaws.com/123456789012/demo-Sweep.fifo".parse().unwrap();
        for (arn, is_of) in [
            ("arn:aws:sqs:us-east-2:123456789012:demo-Sweep.fifo", true),
            ("arn:aws:sqs:us-east-2:999999999999:demo-Sweep.fifo", false),
            ("arn:aws:sqs:us-east-2:123456789012:other", false),
            ("arn:aws:sqs:us-east-2:123456789012:demo-Sweep.fifo:x", false),
            ("", false),
        ] {
            assert_eq!(url.is_of(arn), is_of, "{arn}");
        }
        for wrong in [
            "",
            "sweeps.fifo",
            "arn:aws:sqs:us-east-2:123456789012:sweeps",
            "https://sqs/1/x",
            "https://sqs/123456789012/",
        ] {
            assert!(wrong.parse::<QueueUrl>().is_err(), "{wrong}");
        }
    }
}
