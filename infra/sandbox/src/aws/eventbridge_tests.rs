use std::cell::RefCell;
use std::sync::Arc;

use time::macros::utc_datetime;

use super::*;

fn bridge() -> EventBridge {
    EventBridge::new("us-east-2", Arc::new(|| utc_datetime!(2026-11-20 09:15:02.7)))
}

/// Puts entries, and returns the answer and what the notifier gets.
fn put(bridge: &EventBridge, caller: &Caller, entries: &Value) -> (Result<Value, AwsError>, Vec<Value>) {
    let delivered = RefCell::new(Vec::new());
    let deliver = |event| delivered.borrow_mut().push(event);
    let answer = bridge.call("PutEvents", &json!({ "Entries": entries }), caller, deliver);
    (answer, delivered.into_inner())
}

fn vote() -> Value {
    json!({ "Source": "countersign", "DetailType": "Vote Recorded", "Detail": "{\"deployment\":\"sandbox\"}" })
}

fn with(part: &str, value: impl Into<Value>) -> Value {
    let mut entry = vote();
    entry[part] = value.into();
    entry
}

fn ben() -> Caller {
    Caller::of_key(Some("ben"))
}

fn of_a_member() -> Caller {
    Caller::session("arn:aws:iam::210987654321:role/dev", "ben").unwrap()
}

#[test]
fn a_recorded_vote_reaches_the_notifier_in_the_envelope_of_eventbridge() {
    let bridge = bridge();
    // Whoever may put events may put this one: the callback, or somebody who acts an attack.
    for key in ["AKIASANDBOXCALLBACK", "ben"] {
        let (answer, delivered) = put(&bridge, &Caller::of_key(Some(key)), &json!([vote()]));
        let answer = answer.unwrap();
        let id = answer["Entries"][0]["EventId"].as_str().unwrap();
        assert_eq!(answer, json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": id }] }));
        let event = json!({
            "version": "0", "id": id, "detail-type": "Vote Recorded", "source": "countersign",
            "account": "123456789012", "time": "2026-11-20T09:15:02Z", "region": "us-east-2", "resources": [],
            "detail": { "deployment": "sandbox" },
        });
        assert_eq!(bridge.taken().last(), Some(&event), "{key}");
        assert_eq!(delivered, [event], "{key}");
    }
    assert_eq!(bridge.taken().len(), 2);
}

#[test]
fn the_rule_matches_votes_of_the_hub_on_the_default_bus() {
    let hub = "arn:aws:events:us-east-2:123456789012:event-bus";
    let cases = [
        (ben(), vote(), true),
        (ben(), with("EventBusName", "default"), true),
        (ben(), with("DetailType", "Request Missing"), true),
        (ben(), with("DetailType", "Approval Ended"), false),
        (ben(), with("Detail", "{\"deployment\":\"another\"}"), false),
        (ben(), with("EventBusName", format!("{hub}/default")), true),
        (ben(), with("EventBusName", format!("{hub}/own")), false),
        (ben(), with("EventBusName", "own"), false),
        (ben(), with("Source", "countersign.copy"), false),
        (ben(), with("DetailType", "vote recorded"), false),
        (of_a_member(), vote(), false),
    ];
    for (caller, entry, matched) in cases {
        let bridge = bridge();
        let (answer, delivered) = put(&bridge, &caller, &json!([entry]));
        assert_eq!(answer.unwrap()["FailedEntryCount"], 0, "{entry}");
        assert_eq!(delivered.len(), usize::from(matched), "{entry}");
        assert_eq!(bridge.taken()[0]["account"], caller.account());
    }
}

#[test]
fn an_entry_that_is_not_valid_fails_alone() {
    let cases = [
        (
            with("Source", Value::Null),
            "InvalidArgument",
            "Parameter Source is not valid. Reason: Source is a required argument.",
        ),
        (with("Source", ""), "InvalidArgument", "Source is a required argument."),
        (with("DetailType", 7), "InvalidArgument", "DetailType is a required argument."),
        (with("DetailType", "x".repeat(129)), "InvalidArgument", "longer than 128"),
        (with("Detail", Value::Null), "InvalidArgument", "Detail is a required argument."),
        (with("Detail", "[1]"), "MalformedDetail", "Detail is malformed."),
        (with("Detail", "{"), "MalformedDetail", "Detail is malformed."),
        (with("Source", "aws.codepipeline"), "NotAuthorizedForSourceException", "Not authorized for the source."),
        (with("Resources", "x"), "InvalidArgument", "Resources"),
        (with("Time", "yesterday"), "InvalidArgument", "Time"),
        (with("Time", 1e300), "InvalidArgument", "Time"),
        (
            with("EventBusName", "arn:aws:events:us-east-2:210987654321:event-bus/default"),
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/ben is not authorized to perform: events:PutEvents on resource: arn:aws",
        ),
    ];
    for (entry, code, message) in cases {
        let bridge = bridge();
        let (answer, delivered) = put(&bridge, &ben(), &json!([entry, vote()]));
        let answer = answer.unwrap();
        assert_eq!(
            (&answer["FailedEntryCount"], &answer["Entries"][0]["ErrorCode"]),
            (&json!(1), &json!(code)),
            "{entry}"
        );
        assert!(answer["Entries"][0]["ErrorMessage"].as_str().unwrap().contains(message), "{answer}");
        assert!(answer["Entries"][1]["EventId"].is_string(), "{answer}");
        assert_eq!((delivered.len(), bridge.taken().len()), (1, 1), "{entry}");
    }
}

#[test]
fn a_function_puts_only_the_events_that_its_policy_allows() {
    let cases = [
        ("AKIASANDBOXCALLBACK", "Vote Recorded", true),
        ("AKIASANDBOXCALLBACK", "Request Missing", true),
        ("AKIASANDBOXCALLBACK", "Approval Ended", false),
        ("AKIASANDBOXNOTIFIER", "Approval Requested", true),
        ("AKIASANDBOXNOTIFIER", "Vote Recorded", true),
        ("AKIASANDBOXNOTIFIER", "Approval Ended", true),
        ("AKIASANDBOXNOTIFIER", "Email Undelivered", true),
        ("AKIASANDBOXNOTIFIER", "Request Missing", false),
        ("ben", "Approval Ended", true),
    ];
    for (key, kind, is_allowed) in cases {
        let entries = json!([with("DetailType", kind), with("Source", "another")]);
        let answer = put(&bridge(), &Caller::of_key(Some(key)), &entries).0.unwrap();
        let code = &answer["Entries"][0]["ErrorCode"];
        let expected = if is_allowed { Value::Null } else { json!("NotAuthorizedForDetailTypeException") };
        assert_eq!(*code, expected, "{key}, {kind}");
        assert_eq!(answer["Entries"][1]["EventId"].is_string(), key == "ben", "{key}: another source");
    }
}

#[test]
fn a_test_can_have_the_entries_of_one_type_fail() {
    let bridge = bridge();
    bridge.refuse("Vote Recorded", Some("InternalFailure"));
    let entries = json!([vote(), with("DetailType", "Request Missing")]);
    let answer = put(&bridge, &ben(), &entries).0.unwrap();
    assert_eq!(answer["Entries"][0]["ErrorCode"], "InternalFailure");
    assert!(answer["Entries"][1]["EventId"].is_string());
    bridge.refuse("Vote Recorded", None);
    assert_eq!(put(&bridge, &ben(), &entries).0.unwrap()["FailedEntryCount"], 0);
}

#[test]
fn the_sender_may_choose_time_and_resources() {
    let (_, delivered) = put(&bridge(), &ben(), &json!([with("Time", 1_795_166_107.104), with("Time", 1_795_166_107)]));
    assert_eq!(delivered[0]["time"], "2026-11-20T09:15:07Z");
    assert_eq!(delivered[1]["time"], "2026-11-20T09:15:07Z");
    let (_, delivered) = put(&bridge(), &ben(), &json!([with("Resources", json!(["arn:aws:x"]))]));
    assert_eq!(delivered[0]["resources"], json!(["arn:aws:x"]));
}

#[test]
fn a_call_that_is_not_valid_takes_nothing() {
    let cases = [
        (json!([]), "ValidationException", "greater than or equal to 1"),
        (json!(vec![vote(); 11]), "ValidationException", "less than or equal to 10"),
        (Value::Null, "ValidationException", "must not be null"),
        (json!([{}]), "ValidationException", "No entry has"),
        (json!(["x"]), "SerializationException", "list of structures"),
        (json!({}), "SerializationException", "list of structures"),
        (
            json!([with("Detail", format!("{{\"x\":\"{}\"}}", "y".repeat(MOST_BYTES)))]),
            "ValidationException",
            "over the limit",
        ),
    ];
    for (entries, code, message) in cases {
        let bridge = bridge();
        let error = put(&bridge, &ben(), &entries).0.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (400, code));
        assert!(error.message.contains(message), "{error}");
        assert!(bridge.taken().is_empty());
    }
    let error = bridge().call("PutRule", &json!({}), &ben(), |_| ()).unwrap_err();
    assert_eq!(error.code, "UnknownOperationException");
}
