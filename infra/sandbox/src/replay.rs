//! Playing recorded events. A record names an approval in the account where it was recorded, at the time of then. Before
//! the record is run, that approval becomes pending in the sandbox, and the record gets the ids that the approval has
//! here, and the time at which it began to wait here.

use notifier::event::{Event, read};
use serde_json::{Value, json};
use time::{Duration, UtcDateTime};

use crate::codepipeline::{CodePipeline, NamedApproval, Played};
use crate::moment;

/// The moments in an event, and in the notice of an approval.
const MOMENTS: [&str; 2] = ["/time", "/approval/expires"];

/// Makes every approval pending that has become pending by `event`, and returns the event with the ids that they have
/// here, as if it were about them. All moments of a record move together, so that it is as far from the approval's end as
/// it was: a record does not grow old, and one that is played again is about the same approval.
pub(crate) fn prepare(mut event: Value, codepipeline: &CodePipeline) -> Value {
    for (index, record) in read(&event).into_iter().enumerate() {
        let Ok(Event::ApprovalStarted(pending)) = record else { continue };
        let sns = format!("/Records/{index}/Sns");
        let inner = event.pointer(&format!("{sns}/Message")).and_then(Value::as_str).map(serde_json::from_str);
        let mut message: Value = match &inner {
            Some(Ok(message)) => Value::clone(message),
            _ => event.clone(),
        };
        let details = Details::of(&message, pending.started);
        let action = &pending.action;
        let played = codepipeline.ensure_waiting(&NamedApproval {
            account: action.account.to_string(),
            region: action.region.to_string(),
            pipeline: action.pipeline.to_string(),
            stage: action.stage.to_string(),
            action: action.action.to_string(),
            execution: pending.execution.as_ref().map(ToString::to_string),
            token: pending.token.as_ref().map(|token| token.expose().to_owned()),
            custom_data: details.custom_data,
            external_entity_link: details.external_entity_link,
            wait: details.wait,
        });
        let by = played.began - pending.started;
        rewrite(&mut message, &played);
        for place in MOMENTS {
            move_moment(&mut message, place, by);
        }
        match event.pointer_mut(&sns) {
            Some(notification) if matches!(inner, Some(Ok(_))) => {
                move_moment(notification, "/Timestamp", by);
                if let Some(place) = notification.get_mut("Message") {
                    *place = Value::String(message.to_string());
                }
            }
            _ => event = message,
        }
    }
    event
}

/// What a record says of its approval, for CodePipeline to say it here. The functions do not read it there.
struct Details {
    custom_data: Option<String>,
    external_entity_link: Option<String>,
    wait: Option<Duration>,
}

impl Details {
    fn of(message: &Value, started: UtcDateTime) -> Self {
        let text = |name: &str| {
            let places = [format!("/approval/{name}"), format!("/additionalAttributes/{name}")];
            places.iter().find_map(|place| message.pointer(place)?.as_str())
        };
        Self {
            custom_data: text("customData").map(str::to_owned),
            external_entity_link: text("externalEntityLink").map(str::to_owned),
            wait: text("expires").and_then(moment::read).map(|expires| expires - started),
        }
    }
}

fn rewrite(message: &mut Value, played: &Played) {
    if let Some(execution) = message.pointer_mut("/detail/execution-id") {
        *execution = json!(played.execution);
    }
    if let Some(token) = message.pointer_mut("/approval/token") {
        *token = json!(played.token);
    }
}

fn move_moment(message: &mut Value, place: &str, by: Duration) {
    let Some(moment) = message.pointer_mut(place) else { return };
    if let Some(moved) = moment.as_str().and_then(|written| moment::moved(written, by)) {
        *moment = Value::String(moved);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::macros::utc_datetime;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    const ACTION: &str = r#""detail-type": "CodePipeline Action Execution State Change", "source": "aws.codepipeline",
        "account": "123456789012", "region": "us-east-2", "time": "2022-08-23T11:09:40Z",
        "detail": {"pipeline": "shop", "stage": "Review", "action": "Approve", "state": "STARTED", "execution-id": "E",
        "type": {"owner": "AWS", "provider": "Manual", "category": "Approval"}}"#;
    const NOTICE: &str = r#"{"region": "us-east-2", "approval": {"pipelineName": "shop", "stageName": "Review",
        "actionName": "Approve", "token": "T", "expires": "2022-08-23T13:09Z",
        "customData": "2022-08-23T11:09Z"}}"#;

    fn in_sns(message: &str, timestamp: &str) -> Value {
        let topic = "arn:aws:sns:us-east-2:123456789012:approvals";
        json!({"Records": [{"Sns": {"TopicArn": topic, "Timestamp": timestamp, "Message": message}}]})
    }

    /// The texts in an event that begin with a year, wherever they are, the ones in an SNS message included.
    fn moments(event: &Value) -> Vec<String> {
        match event {
            Value::Object(members) => members.values().flat_map(moments).collect(),
            Value::Array(items) => items.iter().flat_map(moments).collect(),
            Value::String(text) if text.starts_with("20") => vec![text.clone()],
            Value::String(text) => serde_json::from_str(text).map(|inner| moments(&inner)).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn all_moments_of_a_record_move_together_and_texts_stay() {
        let event: Value = serde_json::from_str(&format!("{{{ACTION}}}")).unwrap();
        for (recorded, expected) in [
            (event.clone(), vec!["2026-11-20T09:25:00Z"]),
            (
                in_sns(NOTICE, "2022-08-23T11:09:41.068Z"),
                vec!["2022-08-23T11:09Z", "2026-11-20T11:24Z", "2026-11-20T09:25:00.000Z"],
            ),
            (
                in_sns(&event.to_string(), "2022-08-23T11:09:41.068Z"),
                vec!["2026-11-20T09:25:00Z", "2026-11-20T09:25:01.068Z"],
            ),
        ] {
            for begin in [utc_datetime!(2026-11-20 09:25), utc_datetime!(2026-11-21 00:00)] {
                let clock = Arc::new(std::sync::Mutex::new(utc_datetime!(2026-11-20 09:25)));
                let hand = Arc::clone(&clock);
                let codepipeline = CodePipeline::new(Arc::new(move || *hand.lock().unwrap()), unbounded_channel().0);
                let first = prepare(recorded.clone(), &codepipeline);
                assert_eq!(moments(&first), expected, "{recorded}");
                // Played again, it is the record of the approval that waits here already.
                *clock.lock().unwrap() = begin;
                assert_eq!(prepare(recorded.clone(), &codepipeline), first, "{recorded}");
            }
        }
    }
}
