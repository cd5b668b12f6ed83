//! The events that CodePipeline sends: state changes to EventBridge, and the notice of an approval to its SNS topic.

use serde_json::{Value, json};
use time::UtcDateTime;

use super::definition::ActionKind;
use super::id::fresh_uuid;
use super::state::{ActionRun, Decision, Execution};
use super::wire::Members;
use crate::moment::{MILLISECONDS, MINUTES, SECONDS, text};

/// A change of an action's state.
#[derive(Clone, Copy)]
pub(super) enum ActionEvent {
    Started,
    Succeeded,
    Failed,
    Abandoned,
}

impl ActionEvent {
    fn as_str(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Abandoned => "ABANDONED",
        }
    }
}

/// "CodePipeline Action Execution State Change", as EventBridge delivers it.
pub(super) fn state_change(execution: &Execution, run: &ActionRun, event: ActionEvent, now: UtcDateTime) -> Value {
    let pipeline = &execution.definition;
    let (category, owner, provider) = run.action.kind.category_owner_and_provider();
    let detail = Members::new()
        .with("pipeline", pipeline.name.as_str())
        .with("execution-id", execution.id.value.as_str())
        .with("stage", run.stage.as_str())
        .with("action", run.action.name.as_str())
        .with("state", event.as_str())
        .with("region", pipeline.region.as_str())
        .with("type", json!({"owner": owner, "provider": provider, "category": category, "version": "1"}))
        .with("version", execution.version)
        .with("pipeline-execution-attempt", execution.attempt)
        .maybe("execution-result", result(run, event));
    json!({
        "version": "0",
        "id": fresh_uuid(),
        "detail-type": "CodePipeline Action Execution State Change",
        "source": "aws.codepipeline",
        "account": pipeline.account,
        "time": text(now, SECONDS),
        "region": pipeline.region,
        "resources": [pipeline.arn()],
        "detail": Value::from(detail),
    })
}

/// The event of an end carries the result. For an approval that is the token, and the comment or who decided: seen so
/// in events of the real service. What it says of an approval that ran out of time is not known, so that has none here.
fn result(run: &ActionRun, event: ActionEvent) -> Option<Members> {
    let rejected = match (&run.approval, event) {
        (_, ActionEvent::Started | ActionEvent::Abandoned) => return None,
        (None, _) => false,
        (Some(approval), _) => approval.decision? == Decision::Rejected,
    };
    Some(
        Members::new()
            .maybe("external-execution-url", run.external_url.as_deref())
            .maybe("external-execution-summary", run.summary.as_deref())
            .maybe("external-execution-id", run.external_id.as_deref())
            .maybe("error-code", rejected.then_some("JobFailed")),
    )
}

/// The notice of an approval as Lambda gets it from SNS, when the action has a topic.
pub(super) fn approval_needed(execution: &Execution, run: &ActionRun, now: UtcDateTime) -> Option<Value> {
    let (ActionKind::Approval(action), Some(approval)) = (&run.action.kind, &run.approval) else { return None };
    let topic = action.notification_arn.as_deref()?;
    let (pipeline, region) = (&execution.definition.name, &execution.definition.region);
    let (stage, name, token) = (&run.stage, &run.action.name, &approval.token.value);
    let console = format!("https://console.aws.amazon.com/codepipeline/home?region={region}#/view/{pipeline}");
    let notice = Members::new()
        .with("pipelineName", pipeline.as_str())
        .with("stageName", stage.as_str())
        .with("actionName", name.as_str())
        .with("token", token.as_str())
        .with("expires", text(approval.deadline, MINUTES))
        .maybe("externalEntityLink", run.resolved.get("ExternalEntityLink").map(String::as_str))
        .with("approvalReviewLink", format!("{console}/{stage}/{name}/approve/{token}"))
        .maybe("customData", run.resolved.get("CustomData").map(String::as_str));
    let message = json!({"region": region, "consoleLink": console, "approval": Value::from(notice)});
    Some(json!({
        "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": format!("{topic}:{}", fresh_uuid()),
            "Sns": {
                "Type": "Notification",
                "MessageId": fresh_uuid(),
                "TopicArn": topic,
                "Subject": format!("APPROVAL NEEDED: AWS CodePipeline {pipeline} for action {name}"),
                "Message": message.to_string(),
                "Timestamp": text(now, MILLISECONDS),
                "SignatureVersion": "1",
                "Signature": "EXAMPLE",
                "SigningCertUrl": "EXAMPLE",
                "UnsubscribeUrl": "EXAMPLE",
                "MessageAttributes": {},
            },
        }],
    }))
}
