//! Amazon SQS: the one FIFO queue that the sweep fans out through, and Lambda's event source that takes from it.
//!
//! Sources: the SQS API reference and the service's model (`SendMessageBatch`, `ChangeMessageVisibility`, `GetQueueAttributes` and their errors), in
//! the developer guide "FIFO queues" (a message with a deduplication id that was sent in the last five minutes is taken and
//! not delivered), and in the Lambda developer guide "Amazon SQS message event".

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use time::{Duration, UtcDateTime};
use uuid::Uuid;

use super::caller::Caller;
use crate::codepipeline::{AwsError, Now};
use crate::deployment::{REGION, SWEEP_QUEUE, SWEEP_QUEUE_URL};
use crate::lock::lock;

/// For how long a deduplication id is remembered.
const REMEMBERED: Duration = Duration::minutes(5);
/// The most messages of one call, and the most bytes of them together.
const MOST_MESSAGES: usize = 10;
const MOST_BYTES: usize = 1024 * 1024;
/// The longest id of a group or for deduplication.
const LONGEST_ID: usize = 128;

pub(super) struct Sqs {
    now: Now,
    /// The deduplication ids of the last minutes, with the id of the message and when it was sent.
    sent: Mutex<HashMap<String, (String, UtcDateTime)>>,
    /// The time after which messages are handed over again that failed, by their receipts, where the receiver said so.
    visible: Mutex<HashMap<String, Duration>>,
}

impl Sqs {
    pub(super) fn new(now: Now) -> Self {
        Self { now, sent: Mutex::default(), visible: Mutex::default() }
    }

    /// Answers a call. What is put into the queue goes to `notifier`, as Lambda hands it over.
    pub(super) fn call(
        &self,
        operation: &str,
        input: &Value,
        caller: &Caller,
        notifier: impl Fn(Value),
    ) -> Result<Value, AwsError> {
        let url = input.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
        if url != SWEEP_QUEUE_URL || !caller.is_of_the_hub() {
            let message = "The specified queue does not exist.";
            return Err(AwsError::new("QueueDoesNotExist", message));
        }
        match operation {
            "SendMessageBatch" => self.send(input, notifier),
            "ChangeMessageVisibility" => self.change_visibility(input),
            "GetQueueAttributes" => Ok(json!({"Attributes": {
                "QueueArn": SWEEP_QUEUE, "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0",
            }})),
            _ => Err(AwsError::new("UnsupportedOperation", format!("The sandbox's SQS has no {operation}"))),
        }
    }

    /// The time after which the message of this receipt is handed over again, where the receiver said so.
    pub(super) fn visible_after(&self, receipt: &str) -> Option<Duration> {
        lock(&self.visible).remove(receipt)
    }

    fn change_visibility(&self, input: &Value) -> Result<Value, AwsError> {
        let receipt = input.get("ReceiptHandle").and_then(Value::as_str).unwrap_or_default();
        let seconds = input.get("VisibilityTimeout").and_then(Value::as_i64);
        match seconds {
            Some(seconds @ 0..=43_200) if !receipt.is_empty() => {
                lock(&self.visible).insert(receipt.to_owned(), Duration::seconds(seconds));
                Ok(json!({}))
            }
            Some(_) if receipt.is_empty() => {
                Err(error("ReceiptHandleIsInvalid", "The input receipt handle is invalid."))
            }
            _ => Err(error("InvalidParameterValue", "VisibilityTimeout must be between 0 and 43200.")),
        }
    }

    fn send(&self, input: &Value, notifier: impl Fn(Value)) -> Result<Value, AwsError> {
        let entries = input.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match entries.len() {
            0 => return Err(error("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry")),
            1..=MOST_MESSAGES => {}
            _ => return Err(error("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")),
        }
        let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        if entries.iter().map(|entry| text(entry, "MessageBody").len()).sum::<usize>() > MOST_BYTES {
            return Err(error("BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes."));
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let (id, body) = (text(entry, "Id"), text(entry, "MessageBody"));
            let (group, deduplication) = (text(entry, "MessageGroupId"), text(entry, "MessageDeduplicationId"));
            let missing =
                [("MessageBody", &body), ("MessageGroupId", &group), ("MessageDeduplicationId", &deduplication)]
                    .into_iter()
                    .find(|(_, value)| value.is_empty());
            if let Some((name, _)) = missing {
                let message = format!("The request must contain the parameter {name}.");
                failed.push(json!({"Id": id, "SenderFault": true, "Code": "MissingParameter", "Message": message}));
                continue;
            }
            if [&group, &deduplication].iter().any(|id| !is_id(id)) {
                let message = "MessageGroupId and MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.";
                failed
                    .push(json!({"Id": id, "SenderFault": true, "Code": "InvalidParameterValue", "Message": message}));
                continue;
            }
            let message_id = self.take(&body, &group, deduplication, &notifier);
            successful.push(json!({"Id": id, "MessageId": message_id, "MD5OfMessageBody": ""}));
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    /// Puts a message into the queue, unless it was put there a moment ago, and gives its id.
    fn take(&self, body: &str, group: &str, deduplication: String, notifier: impl Fn(Value)) -> String {
        let now = (self.now)();
        let mut sent = lock(&self.sent);
        sent.retain(|_, (_, at)| now - *at < REMEMBERED);
        if let Some((earlier, _)) = sent.get(&deduplication) {
            return earlier.clone();
        }
        let message_id = Uuid::new_v4().to_string();
        let millis = now.unix_timestamp().saturating_mul(1000).to_string();
        let record = json!({
            "messageId": message_id,
            "receiptHandle": Uuid::new_v4().to_string(),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": millis,
                "ApproximateFirstReceiveTimestamp": millis,
                "MessageGroupId": group,
                "MessageDeduplicationId": deduplication,
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": SWEEP_QUEUE,
            "awsRegion": REGION,
        });
        sent.insert(deduplication, (message_id.clone(), now));
        drop(sent);
        notifier(json!({ "Records": [record] }));
        message_id
    }
}

fn is_id(text: &str) -> bool {
    text.len() <= LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn error(code: &str, message: &str) -> AwsError {
    AwsError::new(&format!("com.amazonaws.sqs#{code}"), message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::macros::utc_datetime;

    use super::*;

    fn entry(id: &str, group: &str, deduplication: &str) -> Value {
        json!({"Id": id, "MessageBody": "{}", "MessageGroupId": group, "MessageDeduplicationId": deduplication})
    }

    #[test]
    fn a_message_is_delivered_once_in_five_minutes_whoever_repeats_it() {
        let moment = Arc::new(Mutex::new(utc_datetime!(2026-11-20 09:15:02)));
        let clock = Arc::clone(&moment);
        let (sqs, delivered) = (Sqs::new(Arc::new(move || *lock(&clock))), Mutex::new(Vec::new()));
        let hub = Caller::of_key(Some("ben"));
        let send = |entries: Value| {
            let input = json!({"QueueUrl": SWEEP_QUEUE_URL, "Entries": entries});
            sqs.call("SendMessageBatch", &input, &hub, |event| lock(&delivered).push(event))
        };
        let answer = send(json!([entry("a", "g", "1"), entry("b", "g", "2"), entry("c", "g", "1")])).unwrap();
        assert_eq!(answer["Successful"].as_array().unwrap().len(), 3);
        assert_eq!(answer["Successful"][0]["MessageId"], answer["Successful"][2]["MessageId"]);
        assert_eq!(lock(&delivered).len(), 2);
        *lock(&moment) += Duration::minutes(5);
        send(json!([entry("a", "g", "1")])).unwrap();
        assert_eq!(lock(&delivered).len(), 3);
        assert_eq!(lock(&delivered)[0]["Records"][0]["attributes"]["MessageGroupId"], "g");
    }

    #[test]
    fn what_is_wrong_with_a_batch_is_said() {
        let sqs = Sqs::new(Arc::new(|| utc_datetime!(2026-11-20 09:15:02)));
        let send = |url: &str, entries: Value| {
            let input = json!({"QueueUrl": url, "Entries": entries});
            sqs.call("SendMessageBatch", &input, &Caller::of_key(Some("ben")), |_| ())
        };
        for (url, entries, code) in [
            (
                "https://sqs.us-east-2.amazonaws.com/123456789012/other",
                json!([entry("a", "g", "1")]),
                "QueueDoesNotExist",
            ),
            (SWEEP_QUEUE_URL, json!([]), "EmptyBatchRequest"),
            (SWEEP_QUEUE_URL, json!(vec![entry("a", "g", "1"); 11]), "TooManyEntriesInBatchRequest"),
        ] {
            assert!(send(url, entries).unwrap_err().code.ends_with(code), "{code}");
        }
        let answer =
            send(SWEEP_QUEUE_URL, json!([entry("a", "", "1"), entry("b", "g", "a b"), entry("c", "g", "1")])).unwrap();
        let codes: Vec<_> = answer["Failed"].as_array().unwrap().iter().map(|failed| failed["Code"].clone()).collect();
        assert_eq!(codes, ["MissingParameter", "InvalidParameterValue"]);
        assert_eq!(answer["Successful"][0]["Id"], "c");
    }
}
