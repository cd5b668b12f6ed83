//! Any JSON at all, read as an event.

use countersign::text::bounded_line;
use notifier::event::{Event, read};
use serde_json::Value;

/// The characters that an error may have: it goes into a log line.
const MAX_ERROR: usize = 1000;

/// Reads the bytes as Lambda passes an event on.
pub fn run(data: &[u8]) {
    if let Ok(event) = serde_json::from_slice(data) {
        check(&event);
    }
}

/// Checks that an event gives one result for each of its records, that what is read is within bounds, and that an error
/// is one short line without anybody's address.
pub fn check(event: &Value) {
    let results = read(event);
    let records = event.get("Records").and_then(Value::as_array).map(Vec::len);
    assert!(results.len() == 1 || Some(results.len()) == records, "one result for each record");
    assert_eq!(read(event), results, "the same again");
    let (mut addresses, mut paths) = (Vec::new(), Vec::new());
    collect(event, "", &mut addresses, &mut paths);
    // An error may name a field, and say where it is.
    addresses.retain(|address| !paths.iter().any(|path| path.contains(address)));
    for result in results {
        match result {
            Ok(Event::ApprovalStarted(pending)) => {
                assert!((2000..2100).contains(&pending.started.year()));
                assert!(pending.token.is_some() != pending.execution.is_some(), "a notice or an event");
            }
            Ok(Event::ApprovalEnded { at, .. }) => assert!((2000..2100).contains(&at.year())),
            Ok(Event::History { limit, .. }) => assert!((1..=50).contains(&limit)),
            Ok(Event::VoteRecorded { key }) => assert_eq!(key.as_str().len(), 43),
            Ok(Event::EmailFate(event)) => assert!((2000..2100).contains(&event.said.at.year())),
            Ok(
                Event::RequestMissing { .. }
                | Event::Evidence(_)
                | Event::Routes(_)
                | Event::Check(_)
                | Event::Explain { .. }
                | Event::Doctor { .. }
                | Event::TestArrived { .. }
                | Event::Sweep(_)
                | Event::Round(_)
                | Event::Part { .. }
                | Event::Resend { .. }
                | Event::Ignored(_),
            ) => {}
            Err(error) => {
                let shown = error.to_string();
                assert!(shown.chars().count() <= MAX_ERROR, "{shown}");
                assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
                assert!(!addresses.iter().any(|address| shown.contains(address)), "{shown} repeats a value");
            }
        }
    }
}

/// Collects every text that looks like an address, which no error may repeat, and the path to each field as an error
/// writes it.
fn collect<'v>(value: &'v Value, path: &str, addresses: &mut Vec<&'v str>, paths: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let is_address = text.len() >= 6
                && text.split_once('@').is_some_and(|(local, domain)| {
                    local.ends_with(char::is_alphanumeric) && domain.starts_with(char::is_alphanumeric)
                });
            addresses.extend(is_address.then_some(text.as_str()));
        }
        Value::Array(elements) => {
            for (number, value) in elements.iter().enumerate() {
                collect(value, &format!("{path}[{number}]"), addresses, paths);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                paths.push(bounded_line(&path, usize::MAX));
                collect(value, &path, addresses, paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
