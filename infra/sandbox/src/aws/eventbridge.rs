//! Amazon EventBridge: takes events as `PutEvents` does, keeps them, and knows the hub's one rule for them.
//!
//! Sources: the EventBridge API reference (`PutEvents`, `PutEventsRequestEntry` and the error codes of
//! `PutEventsResultEntry`); "Events" in the user guide for what a target gets; and for the messages what people have
//! reported. Whoever may call `PutEvents` chooses source, type and detail freely, except that sources of AWS are
//! reserved, and that a policy may allow some types only, which holds for each entry by itself. The account in an event
//! is the sender's, whatever they write.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use countersign::events::SOURCE;
use serde_json::{Value, json};
use time::UtcDateTime;
use uuid::Uuid;

use super::caller::Caller;
use crate::codepipeline::{AwsError, Now};
use crate::deployment::{ACCOUNT, DEPLOYMENT, HINTS};
use crate::lock::lock;
use crate::moment;

/// The most entries of one call.
const MOST_ENTRIES: usize = 10;

/// The most bytes of all entries of one call.
const MOST_BYTES: usize = 1024 * 1024;

/// The longest detail type, in characters.
const LONGEST_DETAIL_TYPE: usize = 128;

/// The number of events that are remembered: the last ones.
const REMEMBERED: usize = 1_000;

/// The default event buses of all accounts.
pub(super) struct EventBridge {
    region: String,
    now: Now,
    taken: Mutex<VecDeque<Value>>,
    /// Detail types whose entries fail, and with which error.
    refused: Mutex<BTreeMap<String, &'static str>>,
}

/// The answer for an entry that is not taken.
struct Failed {
    code: &'static str,
    message: String,
}

impl EventBridge {
    pub(super) fn new(region: &str, now: Now) -> Self {
        Self { region: region.to_owned(), now, taken: Mutex::default(), refused: Mutex::default() }
    }

    /// The events that were taken, oldest first.
    pub(super) fn taken(&self) -> Vec<Value> {
        lock(&self.taken).iter().cloned().collect()
    }

    /// Makes the entries of a detail type fail with this error, or none of them any more.
    pub(super) fn refuse(&self, detail_type: &str, code: Option<&'static str>) {
        let mut refused = lock(&self.refused);
        match code {
            Some(code) => refused.insert(detail_type.to_owned(), code),
            None => refused.remove(detail_type),
        };
    }

    /// Answers a call. What the hub's rule matches goes to `notifier`.
    pub(super) fn call(
        &self,
        operation: &str,
        input: &Value,
        caller: &Caller,
        notifier: impl Fn(Value),
    ) -> Result<Value, AwsError> {
        if operation != "PutEvents" {
            let message = format!("The sandbox's EventBridge has no {operation}");
            return Err(AwsError::new("UnknownOperationException", message));
        }
        let mut failed = 0;
        let mut results = Vec::new();
        for entry in entries(input)? {
            results.push(match self.take(entry, caller, &notifier) {
                Ok(id) => json!({ "EventId": id }),
                Err(Failed { code, message }) => {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            });
        }
        Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
    }

    /// Takes one entry, and returns the id of its event.
    fn take(&self, entry: &Value, caller: &Caller, notifier: impl Fn(Value)) -> Result<String, Failed> {
        let (source, kind) = (required(entry, "Source")?, required(entry, "DetailType")?);
        let detail = required(entry, "Detail")?;
        if source.starts_with("aws.") {
            let message = "Not authorized for the source.".to_owned();
            return Err(Failed { code: "NotAuthorizedForSourceException", message });
        }
        if kind.chars().count() > LONGEST_DETAIL_TYPE {
            return Err(invalid("DetailType", "DetailType is longer than 128 characters"));
        }
        if !caller.may_put(source, kind) {
            let message = "Not authorized for the detail type.".to_owned();
            return Err(Failed { code: "NotAuthorizedForDetailTypeException", message });
        }
        if let Some(code) = lock(&self.refused).get(kind) {
            return Err(Failed { code, message: "The sandbox was told to refuse it.".to_owned() });
        }
        let Ok(Value::Object(detail)) = serde_json::from_str(detail) else {
            return Err(Failed { code: "MalformedDetail", message: "Detail is malformed.".to_owned() });
        };
        let on_default_bus = is_default_bus(entry, caller)?;
        let id = Uuid::new_v4().to_string();
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": kind,
            "source": source,
            "account": caller.account(),
            "time": self.time(entry)?,
            "region": self.region,
            "resources": resources(entry)?,
            "detail": detail,
        });
        let mut taken = lock(&self.taken);
        if taken.len() >= REMEMBERED {
            taken.pop_front();
        }
        taken.push_back(event.clone());
        drop(taken);
        // The pattern of the rule has the hub's account too: other accounts' events come over a bus of their own. And it
        // has the deployment's name, since all deployments of an account share the default bus.
        let is_ours = event.pointer("/detail/deployment").and_then(Value::as_str) == Some(DEPLOYMENT);
        let is_hint = source == SOURCE && HINTS.contains(&kind) && is_ours;
        if on_default_bus && is_hint && caller.account() == ACCOUNT {
            notifier(event);
        }
        Ok(id)
    }

    /// The time of an event, to the second: the sender's, or else the present.
    fn time(&self, entry: &Value) -> Result<String, Failed> {
        let time = match entry.get("Time") {
            None | Some(Value::Null) => Some((self.now)()),
            Some(Value::Number(time)) => {
                let whole = time.to_string().split('.').next().and_then(|whole| whole.parse().ok());
                whole.and_then(|whole| UtcDateTime::from_unix_timestamp(whole).ok())
            }
            Some(_) => None,
        };
        let time = time.ok_or_else(|| invalid("Time", "Time is not a timestamp"))?;
        Ok(moment::text(time, moment::SECONDS))
    }
}

/// Whether an entry is for the default bus of the caller's account. No other bus has a rule here, and a bus of
/// another account has no policy that lets the caller in.
fn is_default_bus(entry: &Value, caller: &Caller) -> Result<bool, Failed> {
    let Some(bus) = entry.get("EventBusName").and_then(Value::as_str) else { return Ok(true) };
    let Some((home, name)) = bus.rsplit_once(":event-bus/") else { return Ok(bus == "default") };
    if home.split(':').nth(4) != Some(caller.account()) {
        let why = "because no resource-based policy allows the events:PutEvents action";
        let message =
            format!("User: {} is not authorized to perform: events:PutEvents on resource: {bus} {why}", caller.arn);
        return Err(Failed { code: "AccessDeniedException", message });
    }
    Ok(name == "default")
}

/// The entries of a call, if the call as a whole is in order.
fn entries(input: &Value) -> Result<&[Value], AwsError> {
    let constraint = |constraint: &str| {
        let message =
            format!("1 validation error detected: Value at 'entries' failed to satisfy constraint: {constraint}");
        Err(AwsError::new("ValidationException", message))
    };
    let entries = match input.get("Entries") {
        None | Some(Value::Null) => return constraint("Member must not be null"),
        Some(Value::Array(entries)) if entries.iter().all(Value::is_object) => entries,
        Some(_) => return Err(AwsError::new("SerializationException", "Entries is not a list of structures")),
    };
    if entries.is_empty() {
        return constraint("Member must have length greater than or equal to 1");
    }
    if entries.len() > MOST_ENTRIES {
        return constraint("Member must have length less than or equal to 10");
    }
    // "If you submit a request in which none of the entries have each of these properties, EventBridge fails the entire
    // request." With which error is not documented.
    if !entries.iter().any(|entry| ["Source", "DetailType", "Detail"].iter().all(|part| required(entry, part).is_ok()))
    {
        let message = "No entry has a Source, a DetailType and a Detail";
        return Err(AwsError::new("ValidationException", message));
    }
    // Real sizes are counted a little differently ("Calculating PutEvents event entry size").
    if entries.iter().map(|entry| entry.to_string().len()).sum::<usize>() > MOST_BYTES {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(AwsError::new("ValidationException", message));
    }
    Ok(entries)
}

fn required<'a>(entry: &'a Value, field: &str) -> Result<&'a str, Failed> {
    let text = entry.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| invalid(field, &format!("{field} is a required argument.")))
}

fn resources(entry: &Value) -> Result<Value, Failed> {
    match entry.get("Resources") {
        None | Some(Value::Null) => Ok(json!([])),
        Some(Value::Array(resources)) if resources.iter().all(Value::is_string) => Ok(json!(resources)),
        Some(_) => Err(invalid("Resources", "Resources is not a list of texts")),
    }
}

fn invalid(field: &str, reason: &str) -> Failed {
    Failed { code: "InvalidArgument", message: format!("Parameter {field} is not valid. Reason: {reason}") }
}

#[cfg(test)]
#[path = "eventbridge_tests.rs"]
mod tests;
