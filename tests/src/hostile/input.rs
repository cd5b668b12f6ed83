//! The entries through which a case's content arrives.

use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, PipelineDefinition, SourceAction, SourceProvider, StageDefinition,
    Trigger,
};
use serde_json::{Value, json};

use super::case::{Case, Review};
use crate::{changed, in_notice, notification_rule, sns};

pub(super) fn source_name(number: usize) -> String {
    format!("Source{number}")
}

pub(super) fn trigger(case: &Case) -> Trigger {
    if case.trigger.contains(":rule/") {
        Trigger::CloudWatchEvent(case.trigger.clone())
    } else {
        Trigger::StartPipelineExecution(case.trigger.clone())
    }
}

fn review(case: &Case) -> Option<String> {
    match &case.review {
        Review::None => None,
        Review::Link(link) | Review::International(link) | Review::NoLink(link) => Some(link.clone()),
    }
}

pub(super) fn pipeline(case: &Case) -> PipelineDefinition {
    let approval = ApprovalAction {
        custom_data: case.instructions.clone(),
        external_entity_link: review(case),
        ..ApprovalAction::default()
    };
    let sources: Vec<ActionDefinition> = (case.sources.iter().enumerate())
        .map(|(number, source)| {
            let provider = if source.github { SourceProvider::GitHubConnection } else { SourceProvider::CodeCommit };
            let action = SourceAction {
                messages: vec![source.message.clone()],
                namespace: Some(source_name(number)),
                ..SourceAction::new(provider, &source.repository)
            };
            ActionDefinition::new(&source_name(number), ActionKind::Source(action))
        })
        .collect();
    PipelineDefinition {
        mode: case.mode,
        stages: vec![
            StageDefinition::new("Sources", sources),
            StageDefinition::new(&case.stage, [ActionDefinition::new(&case.action, ActionKind::Approval(approval))]),
            StageDefinition::new("Deployment", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
        ],
        ..PipelineDefinition::new("123456789012", "us-east-2", &case.pipeline)
    }
}

/// The approval's own SNS notice, with the texts of the action's configuration.
pub(super) fn notice(case: &Case) -> Value {
    in_notice(sns(), |message| {
        let approval = &mut message["approval"];
        approval["pipelineName"] = json!(case.pipeline);
        approval["stageName"] = json!(case.stage);
        approval["actionName"] = json!(case.action);
        approval["token"] = json!(format!("token-{}", case.number));
        set(approval, "customData", case.instructions.clone());
        set(approval, "externalEntityLink", review(case));
    })
}

pub(super) fn rule(case: &Case) -> Value {
    let mut event = notification_rule();
    for (pointer, value) in [
        ("/detail/pipeline", &case.pipeline),
        ("/detail/stage", &case.stage),
        ("/detail/action", &case.action),
        ("/detail/execution-id", &format!("12345678-1234-5678-abcd-{:012}", case.number)),
    ] {
        event = changed(event, pointer, json!(value));
    }
    set(&mut event["additionalAttributes"], "customData", case.instructions.clone());
    set(&mut event["additionalAttributes"], "externalEntityLink", review(case));
    event
}

/// Sets a field, unless it has no value: AWS leaves such fields out.
fn set(object: &mut Value, key: &str, value: Option<String>) {
    match value {
        Some(value) => object[key] = json!(value),
        None => drop(object.as_object_mut().unwrap().remove(key)),
    }
}
