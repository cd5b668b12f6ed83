//! Playing recorded events. A record names an approval in the account where it was recorded. Before the record is run,
//! that approval becomes pending in the sandbox, and the record gets the ids that the approval has here.

use notifier::event::{Event, read};
use serde_json::{Value, json};
use time::UtcDateTime;
use time::macros::format_description;

use crate::codepipeline::{CodePipeline, NamedApproval, Played};

/// Makes every approval pending that has become pending by `event`, and returns the event with the ids that they have
/// here.
pub(crate) fn prepare(mut event: Value, codepipeline: &CodePipeline, now: UtcDateTime) -> Value {
    for (index, record) in read(&event).into_iter().enumerate() {
        let Ok(Event::ApprovalStarted(pending)) = record else { continue };
        let action = &pending.action;
        let played = codepipeline.ensure_waiting(&NamedApproval {
            account: action.account.to_string(),
            region: action.region.to_string(),
            pipeline: action.pipeline.to_string(),
            stage: action.stage.to_string(),
            action: action.action.to_string(),
            execution: pending.execution.as_ref().map(ToString::to_string),
            token: pending.token.as_ref().map(|token| token.expose().to_owned()),
            custom_data: pending.instructions.clone(),
            external_entity_link: pending.review_url.clone(),
            expires: pending.expires,
        });
        // The approval of an old record becomes pending now, for as long as it was then.
        let expires =
            pending.expires.filter(|expires| *expires <= now).map(|expires| now + (expires - pending.started));
        match event.pointer(&format!("/Records/{index}/Sns/Message")).and_then(Value::as_str).map(serde_json::from_str)
        {
            Some(Ok(mut message)) => {
                rewrite(&mut message, &played, expires);
                if let Some(place) = event.pointer_mut(&format!("/Records/{index}/Sns/Message")) {
                    *place = Value::String(Value::to_string(&message));
                }
            }
            _ => rewrite(&mut event, &played, expires),
        }
    }
    event
}

fn rewrite(message: &mut Value, played: &Played, expires: Option<UtcDateTime>) {
    if let Some(execution) = message.pointer_mut("/detail/execution-id") {
        *execution = json!(played.execution);
    }
    if let Some(token) = message.pointer_mut("/approval/token") {
        *token = json!(played.token);
    }
    let minutes = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
    if let (Some(place), Some(Ok(expires))) =
        (message.pointer_mut("/approval/expires"), expires.map(|expires| expires.format(minutes)))
    {
        *place = json!(expires);
    }
}
