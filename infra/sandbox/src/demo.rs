//! The pipelines that a newcomer finds: one of each execution mode, and an approval that waits.

use crate::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, AwsError, CodePipeline, ExecutionMode, PipelineDefinition,
    SourceAction, SourceProvider, StageDefinition, Trigger,
};
use crate::deployment::{ACCOUNT, REGION};

/// Makes the pipelines and starts the first.
pub(crate) fn set_up(codepipeline: &CodePipeline) -> Result<(), AwsError> {
    codepipeline.create(payments())?;
    codepipeline.create(website())?;
    codepipeline.create(previews())?;
    let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/payments-api-main");
    codepipeline.start("payments-api", Trigger::CloudWatchEvent(rule))?;
    Ok(())
}

fn payments() -> PipelineDefinition {
    let approval = ApprovalAction {
        custom_data: Some("Check that the ledger totals on staging agree with the report, then decide.".to_owned()),
        external_entity_link: Some("https://staging.payments.example.com/report".to_owned()),
        ..ApprovalAction::default()
    };
    let messages =
        ["Round totals half to even, as the auditors asked", "Retry card refunds once when the bank is slow"];
    pipeline("payments-api", ExecutionMode::Superseded, messages, approval)
}

fn website() -> PipelineDefinition {
    let approval = ApprovalAction {
        custom_data: Some("Marketing has signed off the texts. Look at the pictures on a phone.".to_owned()),
        external_entity_link: Some("https://preview.example.com/".to_owned()),
        timeout_minutes: Some(2 * 24 * 60),
        ..ApprovalAction::default()
    };
    pipeline(
        "website",
        ExecutionMode::Queued,
        ["New landing page for the spring fair", "Fix the footer on small screens"],
        approval,
    )
}

fn previews() -> PipelineDefinition {
    let messages = ["Try the new search box", "Use the smaller model for suggestions"];
    pipeline("feature-previews", ExecutionMode::Parallel, messages, ApprovalAction::default())
}

fn pipeline(name: &str, mode: ExecutionMode, messages: [&str; 2], approval: ApprovalAction) -> PipelineDefinition {
    let source = SourceAction {
        messages: messages.map(str::to_owned).to_vec(),
        ..SourceAction::new(SourceProvider::GitHubConnection, &format!("example/{name}"))
    };
    PipelineDefinition {
        mode,
        stages: vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", ActionKind::Source(source))]),
            StageDefinition::new("Build", [ActionDefinition::new("Build", ActionKind::Build)]),
            StageDefinition::new(
                "Production",
                [
                    ActionDefinition::new("Approve", ActionKind::Approval(approval)),
                    ActionDefinition { run_order: 2, ..ActionDefinition::new("Deploy", ActionKind::Deploy) },
                ],
            ),
        ],
        ..PipelineDefinition::new(ACCOUNT, REGION, name)
    }
}
