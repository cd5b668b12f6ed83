//! Playing recorded events. A record names an approval in the account where it was recorded. Before the record is run,
//! that approval becomes pending in the sandbox, and the record gets the ids that the approval has here.

use notifier::event::{Event, read};
use serde_json::{Value, json};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::codepipeline::{CodePipeline, NamedApproval, Played};

/// Makes every approval pending that has become pending by `event`, and returns the event with the ids that they have
/// here.
pub(crate) fn prepare(mut event: Value, codepipeline: &CodePipeline, now: UtcDateTime) -> Value {
    for (index, record) in read(&event).into_iter().enumerate() {
        let Ok(Event::ApprovalStarted(pending)) = record else { continue };
        let notice = format!("/Records/{index}/Sns/Message");
        let inner = event.pointer(&notice).and_then(Value::as_str).map(serde_json::from_str);
        let mut message: Value = match &inner {
            Some(Ok(message)) => Value::clone(message),
            _ => event.clone(),
        };
        let details = Details::of(&message, pending.started, now);
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
            expires: details.expires,
        });
        rewrite(&mut message, &played);
        match event.pointer_mut(&notice) {
            Some(place) if matches!(inner, Some(Ok(_))) => *place = Value::String(message.to_string()),
            _ => event = message,
        }
    }
    event
}

/// What a record says of its approval, for CodePipeline to say it here. The functions do not read it there.
struct Details {
    custom_data: Option<String>,
    external_entity_link: Option<String>,
    expires: Option<UtcDateTime>,
}

impl Details {
    fn of(message: &Value, started: UtcDateTime, now: UtcDateTime) -> Self {
        let text = |name: &str| {
            let places = [format!("/approval/{name}"), format!("/additionalAttributes/{name}")];
            places.iter().find_map(|place| message.pointer(place)?.as_str().map(str::to_owned))
        };
        let expires = text("expires").and_then(|expires| {
            let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
            UtcDateTime::parse(&expires, minutes).or_else(|_| UtcDateTime::parse(&expires, &Rfc3339)).ok()
        });
        Self {
            custom_data: text("customData"),
            external_entity_link: text("externalEntityLink"),
            // The approval of an old record becomes pending now, for as long as it was then.
            expires: expires.map(|expires| if expires <= now { now + (expires - started) } else { expires }),
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
