//! Many approvals that begin to wait at once, and what the mailboxes hold then.

use std::collections::BTreeMap;

use sandbox::aws::Aws;
use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, CodePipeline, ExecutionMode, PipelineDefinition, SourceAction,
    SourceProvider, StageDefinition, Trigger,
};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

pub fn approver(number: usize) -> String {
    format!("person{number}@example.com")
}

pub fn pipeline(number: usize) -> String {
    format!("service-{number:04}")
}

/// A quorum of two.
pub fn policy(approvers: usize) -> String {
    let approvers: Vec<String> = (0..approvers).map(|number| format!("\"{}\"", approver(number))).collect();
    format!("[default]\napprovers = [{}]\nquorum = 2\n", approvers.join(", "))
}

/// Makes so many pipelines wait for approval.
pub fn start(codepipeline: &CodePipeline, approvals: usize) {
    for number in 0..approvals {
        let name = pipeline(number);
        let source = ActionKind::Source(SourceAction::new(SourceProvider::CodeCommit, &name));
        let approval = ActionKind::Approval(ApprovalAction::default());
        let stages = vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", source)]),
            StageDefinition::new("Prod", [ActionDefinition::new("Approve", approval)]),
            StageDefinition::new("After", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
        ];
        let mode = ExecutionMode::Queued;
        let definition =
            PipelineDefinition { mode, stages, ..PipelineDefinition::new("123456789012", "us-east-2", &name) };
        codepipeline.create(definition).unwrap();
        let developer = Trigger::StartPipelineExecution("arn:aws:iam::123456789012:user/dev".to_owned());
        codepipeline.start(&name, developer).unwrap();
    }
}

/// What the mailboxes hold.
#[derive(Default)]
pub struct Mailbox {
    /// How often each mailbox was asked about each pipeline.
    pub requests: BTreeMap<(String, String), usize>,
    pub outcomes: BTreeMap<(String, String), usize>,
    /// When each of the first was asked.
    pub asked: Vec<UtcDateTime>,
    pub told: Vec<UtcDateTime>,
    pub links: BTreeMap<(String, String), [String; 2]>,
}

pub fn mailbox(aws: &Aws) -> Mailbox {
    aws.ses.look(|mails| {
        let mut mailbox = Mailbox::default();
        for mail in mails {
            let subject = mail.subject.trim_start_matches("Re: ").trim_start_matches("Approval needed: ");
            let name = subject.split(" / ").next().unwrap_or_default().to_owned();
            let (key, date) = ((name, mail.to.clone()), UtcDateTime::parse(&mail.date, &Rfc3339).unwrap());
            if mail.subject.starts_with("Re: ") {
                *mailbox.outcomes.entry(key).or_default() += 1;
                mailbox.told.push(date);
                continue;
            }
            *mailbox.requests.entry(key.clone()).or_default() += 1;
            mailbox.asked.push(date);
            let mut links =
                mail.text.split_whitespace().filter(|word| word.contains("/approval?t=")).map(str::to_owned);
            if let (Some(approve), Some(reject)) = (links.next(), links.next()) {
                mailbox.links.insert(key, [approve, reject]);
            }
        }
        mailbox
    })
}
