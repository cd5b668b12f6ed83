//! What the functions use of AWS: what AWS charges for, and what CodePipeline throttles.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use time::UtcDateTime;

use super::fault::Function;

/// What a unit of DynamoDB reads and writes, in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
const READ_UNIT: usize = 4096;
const WRITE_UNIT: usize = 1024;

/// The account in which a request is made, and the region that it is made to.
pub type Target = (String, String);

/// What both functions used since it was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The requests that reached a service, by service and operation. The SDK's attempts count each.
    pub calls: BTreeMap<(&'static str, String), usize>,
    /// Those to CodePipeline, by account and region, and by operation.
    pub codepipeline: BTreeMap<Target, BTreeMap<String, usize>>,
    /// Read request units of DynamoDB. At most: an item counts as large as the JSON that it is answered in.
    pub reads: f64,
    /// Write request units of DynamoDB. An item counts as large as the request to write it.
    pub writes: f64,
    /// The functions' invocations, in the order in which they ended.
    pub invocations: Vec<Invoked>,
}

/// An invocation that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The function.
    pub function: Function,
    /// The group of the sweep's queue that its message is of.
    pub group: Option<String>,
    /// When it began.
    pub began: UtcDateTime,
    /// How long it ran: only for calls and pauses, since computing takes no simulated time.
    pub took: Duration,
}

/// A request to a service, before it is answered.
pub(super) struct Request {
    pub(super) service: &'static str,
    pub(super) operation: String,
    pub(super) target: Option<Target>,
    /// Whether DynamoDB is to read what was written last.
    consistent: bool,
    bytes: usize,
}

impl Request {
    pub(super) fn new(service: &'static str, operation: String, target: Option<Target>, body: &[u8]) -> Self {
        let consistent = service == "dynamodb"
            && serde_json::from_slice::<Value>(body)
                .is_ok_and(|input| input.get("ConsistentRead") == Some(&Value::Bool(true)));
        Self { service, operation, target, consistent, bytes: body.len() }
    }
}

impl Usage {
    /// Counts a request that was answered with so many bytes.
    pub(super) fn add(&mut self, request: Request, answer: usize) {
        let Request { service, operation, target, consistent, bytes } = request;
        if service == "dynamodb" {
            match operation.as_str() {
                "GetItem" | "Query" => self.reads += units(answer, READ_UNIT) * if consistent { 1.0 } else { 0.5 },
                "PutItem" | "UpdateItem" => self.writes += units(bytes, WRITE_UNIT),
                // Each item is written twice, and none is smaller than the whole request.
                "TransactWriteItems" => self.writes += 2.0 * units(bytes, WRITE_UNIT),
                _ => {}
            }
        }
        if let Some(target) = target.filter(|_| service == "codepipeline") {
            *self.codepipeline.entry(target).or_default().entry(operation.clone()).or_default() += 1;
        }
        *self.calls.entry((service, operation)).or_default() += 1;
    }
}

fn units(bytes: usize, unit: usize) -> f64 {
    u32::try_from(bytes.div_ceil(unit).max(1)).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dynamodb_charges_by_what_is_read_and_written_and_codepipeline_throttles_by_place() {
        let mut usage = Usage::default();
        let place = ("123456789012".to_owned(), "us-east-2".to_owned());
        for (service, operation, body, answer) in [
            ("dynamodb", "Query", json!({"ConsistentRead": true}), 4097),
            ("dynamodb", "GetItem", json!({}), 2),
            ("dynamodb", "UpdateItem", json!({"Key": "k".repeat(1024)}), 2),
            ("codepipeline", "GetPipelineState", json!({}), 10),
            ("sqs", "SendMessageBatch", json!({}), 10),
        ] {
            let request = Request::new(service, operation.to_owned(), Some(place.clone()), body.to_string().as_bytes());
            usage.add(request, answer);
        }
        assert!((usage.reads - 2.5).abs() < f64::EPSILON, "{}", usage.reads);
        assert!((usage.writes - 2.0).abs() < f64::EPSILON, "{}", usage.writes);
        assert_eq!(usage.codepipeline[&place], BTreeMap::from([("GetPipelineState".to_owned(), 1)]));
        assert_eq!(usage.codepipeline.len(), 1);
        assert_eq!(usage.calls[&("sqs", "SendMessageBatch".to_owned())], 1);
    }
}
