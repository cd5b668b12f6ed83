//! An organization: accounts with the same number of pipelines in each of several regions.

pub mod cost;
pub mod round;

use std::collections::BTreeMap;
use std::time::Duration;

use sandbox::Members;
use sandbox::aws::Aws;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode, PipelineDefinition, Trigger};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::service;

/// Regions, of which an organization uses the first ones.
pub const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-east-2",
    "eu-west-1",
    "eu-central-1",
    "us-west-2",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// The size of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Organization {
    /// The number of accounts.
    pub accounts: usize,
    /// The number of regions that are swept in each.
    pub regions: usize,
    /// The number of pipelines in each account and region.
    pub pipelines: usize,
}

/// A pipeline of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The number of its account.
    pub account: usize,
    /// The number of its region.
    pub region: usize,
    /// Its own number there.
    pub number: usize,
}

/// The id of an account.
pub fn account(number: usize) -> String {
    format!("1000000{number:05}")
}

impl Service {
    /// The name of the pipeline, which no other account has.
    pub fn name(self) -> String {
        format!("{}{}-{:03}", self.prefix(), REGIONS[self.region], self.number)
    }

    /// What the names of its account's pipelines begin with.
    pub fn prefix(self) -> String {
        format!("svc-{:02}-", self.account)
    }

    /// The account and region.
    pub fn place(self) -> (String, String) {
        (account(self.account), REGIONS[self.region].to_owned())
    }

    /// Has an approval wait in it.
    pub fn start(self, aws: &Aws) {
        let developer = Trigger::StartPipelineExecution(format!("arn:aws:iam::{}:user/dev", account(self.account)));
        aws.codepipeline.start(&self.name(), developer).unwrap();
    }
}

impl Organization {
    /// What the hub serves.
    pub fn members(&self) -> Members {
        Members {
            accounts: (0..self.accounts).map(account).collect(),
            regions: REGIONS[..self.regions].iter().map(|region| (*region).to_owned()).collect(),
        }
    }

    /// The number of accounts and regions.
    pub fn places(&self) -> usize {
        self.accounts * self.regions
    }

    /// A pipeline of the place of this number, where places are counted round and round.
    pub fn service(&self, place: usize, number: usize) -> Service {
        let place = place % self.places();
        Service { account: place / self.regions, region: place % self.regions, number }
    }

    /// Makes all pipelines.
    pub fn create(&self, aws: &Aws) {
        for place in 0..self.places() {
            for number in 0..self.pipelines {
                let of = self.service(place, number);
                let pipeline = service(&of.name(), ExecutionMode::Superseded, ApprovalAction::default());
                let (account, region) = of.place();
                aws.codepipeline.create(PipelineDefinition { account, region, ..pipeline }).unwrap();
            }
        }
    }
}

/// When the requests of each pipeline were sent.
pub fn requests(aws: &Aws) -> BTreeMap<String, Vec<UtcDateTime>> {
    aws.ses.look(|mails| {
        let mut requests: BTreeMap<String, Vec<UtcDateTime>> = BTreeMap::new();
        for mail in mails {
            let Some(subject) = mail.subject.strip_prefix("Approval needed: ") else { continue };
            let name = subject.split(" / ").next().unwrap_or_default().to_owned();
            requests.entry(name).or_default().push(UtcDateTime::parse(&mail.date, &Rfc3339).unwrap());
        }
        requests
    })
}

/// So many percent of these, in their order, are at most as long as this.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
