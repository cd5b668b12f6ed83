//! Events that AWS could send, and any other JSON.

use countersign::approval::{ApprovalAction, ApprovalToken, ExecutionId};
use countersign::pipeline::PendingRef;
use fuzz::event;
use notifier::event::{Event, read};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::NAME;

/// Unix times of the years 2000 to 2099.
const SECONDS: std::ops::Range<i64> = 946_684_800..4_102_000_000;

/// JSON of a few levels, with the fields of events and others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[a-z]{1,8}@[a-z]{1,8}\\.example".prop_map(Value::from),
        Just(json!("aws.codepipeline")),
        Just(json!("CodePipeline Action Execution State Change")),
    ];
    let name = prop_oneof![
        4 => prop::sample::select(vec![
            "Records", "Sns", "TopicArn", "Message", "Timestamp", "source", "detail-type", "detail", "account", "region",
            "time", "pipeline", "stage", "action", "state", "execution-id", "type", "owner", "provider", "category",
            "approval", "expires", "doctor", "sweep", "resend", "history", "before", "limit", "additionalAttributes",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,300}",
    ];
    leaf.prop_recursive(5, 60, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..12)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A pending approval, as an event describes it.
fn pending() -> impl Strategy<Value = PendingRef> {
    let action = ("[0-9]{12}", "[a-z]{2}-[a-z]{4,9}-[1-9]", NAME, NAME, NAME).prop_map(
        |(account, region, pipeline, stage, action)| ApprovalAction {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
            pipeline: pipeline.parse().unwrap(),
            stage: stage.parse().unwrap(),
            action: action.parse().unwrap(),
        },
    );
    (action, "[!-~]{1,100}", "[A-Za-z0-9-]{1,64}", SECONDS).prop_map(|(action, token, execution, started)| PendingRef {
        action,
        token: Some(token.parse().unwrap()),
        execution: Some(execution.parse().unwrap()),
        started: UtcDateTime::from_unix_timestamp(started).unwrap(),
    })
}

/// The event as EventBridge emits it, or as a notification rule passes it on.
fn event_of(pending: &PendingRef, by_rule: bool) -> Value {
    let ApprovalAction { account, region, pipeline, stage, action } = &pending.action;
    let mut event = json!({
        "source": "aws.codepipeline", "account": account.as_str(), "region": region.as_str(), "time": pending.started.format(&Rfc3339).unwrap(),
        "detail": {
            "pipeline": pipeline.as_str(), "stage": stage.as_str(), "action": action.as_str(), "state": "STARTED",
            "execution-id": pending.execution.as_ref().map(ExecutionId::as_str),
            "region": "elsewhere-1", "version": 3.0, "type": {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": 1},
        },
    });
    let name = if by_rule { "detailType" } else { "detail-type" };
    event[name] = json!("CodePipeline Action Execution State Change");
    if by_rule {
        // Texts in events are not read.
        event["additionalAttributes"] = json!({"customData": "Approve!", "externalEntityLink": "https://evil.example"});
    }
    event
}

/// The notice as CodePipeline publishes it to SNS.
fn notice_of(pending: &PendingRef) -> Value {
    let ApprovalAction { account, region, pipeline, stage, action } = &pending.action;
    // Neither are a notice's deadline and texts.
    let approval = json!({
        "pipelineName": pipeline.as_str(), "stageName": stage.as_str(), "actionName": action.as_str(),
        "token": pending.token.as_ref().map(ApprovalToken::expose),
        "expires": "soon", "customData": "Approve!", "externalEntityLink": 1,
    });
    let message =
        json!({"region": region.as_str(), "consoleLink": "https://console.example", "approval": approval}).to_string();
    let topic = format!("arn:aws:sns:{region}:{account}:approvals");
    let started = pending.started.format(&Rfc3339).unwrap();
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": topic, "Message": message, "Timestamp": started}}]})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_has_a_reading(event in any_json()) {
        event::check(&event);
    }

    #[test]
    fn what_an_event_says_is_read_back(mut pending in pending(), by_rule: bool) {
        let event = event_of(&pending, by_rule);
        event::check(&event);
        pending.token = None;
        prop_assert_eq!(read(&event), [Ok(Event::ApprovalStarted(pending.clone()))]);
        // The same through SNS, as a notification rule sends it.
        let message = json!({"Records": [{"Sns": {"TopicArn": "arn:aws:sns:r:1:t", "Message": event.to_string(), "Timestamp": ""}}]});
        prop_assert_eq!(read(&message), [Ok(Event::ApprovalStarted(pending))]);
    }

    #[test]
    fn what_a_notice_says_is_read_back(mut pending in pending()) {
        let notice = notice_of(&pending);
        event::check(&notice);
        pending.execution = None;
        prop_assert_eq!(read(&notice), [Ok(Event::ApprovalStarted(pending))]);
    }

    /// With one of its fields replaced, an event is another event or an error, and never a panic.
    #[test]
    fn an_event_with_anything_in_a_field_has_a_reading(pending in pending(), event_field in 0_usize..21, notice_field in 0_usize..7, value in any_json()) {
        for (mut event, mut field) in [(event_of(&pending, true), event_field), (notice_of(&pending), notice_field)] {
            replace(&mut event, &mut field, &value);
            event::check(&event);
        }
    }
}

/// Replaces one of the values inside, counted in the order in which they are written.
fn replace(value: &mut Value, number: &mut usize, by: &Value) {
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(values) => values.iter_mut().collect(),
        _ => Vec::new(),
    };
    for value in inner {
        if *number == 0 {
            *value = by.clone();
        }
        *number = number.wrapping_sub(1);
        replace(value, number, by);
    }
}
