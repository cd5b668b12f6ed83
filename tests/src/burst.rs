//! Many approvals that become pending at once, and the emails that follow.

use std::collections::BTreeMap;

use sandbox::aws::Aws;
use sandbox::codepipeline::{ApprovalAction, CodePipeline, ExecutionMode};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{by_a_developer, links_of, service};

pub fn approver(number: usize) -> String {
    format!("person{number}@example.com")
}

pub fn pipeline(number: usize) -> String {
    format!("service-{number:04}")
}

/// A policy with a quorum of two.
pub fn policy(approvers: usize) -> String {
    let approvers: Vec<String> = (0..approvers).map(|number| format!("\"{}\"", approver(number))).collect();
    format!("[default]\napprovers = [{}]\nquorum = 2\n", approvers.join(", "))
}

/// Creates this many pipelines, and starts each so that it waits for approval.
pub fn start(codepipeline: &CodePipeline, approvals: usize) {
    for number in 0..approvals {
        let name = pipeline(number);
        codepipeline.create(service(&name, ExecutionMode::Queued, ApprovalAction::default())).unwrap();
        codepipeline.start(&name, by_a_developer()).unwrap();
    }
}

/// The emails in all mailboxes, counted.
#[derive(Default)]
pub struct Mailbox {
    /// The number of requests for each pipeline and mailbox.
    pub requests: BTreeMap<(String, String), usize>,
    pub outcomes: BTreeMap<(String, String), usize>,
    /// The time of each request.
    pub request_times: Vec<UtcDateTime>,
    pub outcome_times: Vec<UtcDateTime>,
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
                mailbox.outcome_times.push(date);
                continue;
            }
            *mailbox.requests.entry(key.clone()).or_default() += 1;
            mailbox.request_times.push(date);
            if let [approve, reject] = links_of(&mail.text)[..] {
                mailbox.links.insert(key, [approve.to_owned(), reject.to_owned()]);
            }
        }
        mailbox
    })
}
