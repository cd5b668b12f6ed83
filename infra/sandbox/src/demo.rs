//! The pipelines that a newcomer finds: one of each execution mode, in two accounts and two regions, and an approval that
//! waits.

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

/// Where its pipelines are.
pub const DEMO_MEMBERS: &str = "123456789012/us-east-2,210987654321/eu-west-1";
/// The account that the demo has besides the hub's, and the region besides the hub's.
pub(crate) const OTHER_ACCOUNT: &str = "210987654321";
pub(crate) const OTHER_REGION: &str = "eu-west-1";

fn payments() -> PipelineDefinition {
    let approval = ApprovalAction {
        custom_data: Some("Check that the ledger totals on staging agree with the report, then decide.".to_owned()),
        external_entity_link: Some("https://staging.payments.example.com/report".to_owned()),
        ..ApprovalAction::default()
    };
    let messages =
        ["Round totals half to even, as the auditors asked", "Retry card refunds once when the bank is slow"];
    pipeline((ACCOUNT, REGION), "payments-api", ExecutionMode::Superseded, messages, approval)
}

fn website() -> PipelineDefinition {
    let approval = ApprovalAction {
        custom_data: Some("Marketing has signed off the texts. Look at the pictures on a phone.".to_owned()),
        external_entity_link: Some("https://preview.example.com/".to_owned()),
        timeout_minutes: Some(2 * 24 * 60),
        ..ApprovalAction::default()
    };
    pipeline(
        (ACCOUNT, OTHER_REGION),
        "website",
        ExecutionMode::Queued,
        ["New landing page for the spring fair", "Fix the footer on small screens"],
        approval,
    )
}

fn previews() -> PipelineDefinition {
    let messages = ["Try the new search box", "Use the smaller model for suggestions"];
    let place = (OTHER_ACCOUNT, OTHER_REGION);
    pipeline(place, "feature-previews", ExecutionMode::Parallel, messages, ApprovalAction::default())
}

fn pipeline(
    (account, region): (&str, &str),
    name: &str,
    mode: ExecutionMode,
    messages: [&str; 2],
    approval: ApprovalAction,
) -> PipelineDefinition {
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
        ..PipelineDefinition::new(account, region, name)
    }
}
