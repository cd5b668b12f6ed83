//! A round over a whole organization, in simulated time: how long it takes, what it calls and costs, and whether events
//! and other members wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sandbox::aws::MemberRole;
use sandbox::simulation::{Calls, Fault, Function, Plan, Setup, Simulation, Usage};
use serde_json::json;
use time::UtcDateTime;
use tokio::time::{Instant, sleep_until};

use super::{Organization, REGIONS, Service, account, requests};
use crate::BEGIN;

/// What throttles in each account and region: so many calls at once, and then so many a second.
const THROTTLE: (u32, u32) = (50, 5);
/// How many people are asked about each approval.
const APPROVERS: usize = 2;
/// The region that is down, and the account whose role is gone.
const DOWN: usize = 2;
const GONE: usize = 7;

/// What happens.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Where.
    pub organization: Organization,
    /// How many approvals wait when the round begins.
    pub waiting: usize,
    /// The seed of all random choices.
    pub seed: u64,
}

/// What is broken during the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nothing.
    Nothing,
    /// One member has no role to read with, and one region answers with this fault.
    RoleAndRegion(Fault),
}

/// An approval that begins to wait so long after the round begins.
#[derive(Clone, Copy, Debug)]
pub struct Late {
    /// When.
    pub after: Duration,
    /// Where.
    pub service: Service,
}

/// What was seen.
pub struct Seen {
    /// From the first message to the end of the last; zero without a round.
    pub took: Duration,
    /// What both functions used from the beginning of the round on.
    pub usage: Usage,
    /// How long each of the late approvals took from when it began to wait until all were asked.
    pub delays: Vec<Option<Duration>>,
    /// For how long the parts of each account and region ran, and when the last of them ended.
    pub places: BTreeMap<String, Place>,
    /// How many requests were sent for each pipeline.
    pub requests: BTreeMap<String, usize>,
    /// The errors of the notifier.
    pub failures: Vec<String>,
    /// How many messages and events were given up.
    pub dead_letters: usize,
    /// How many calls CodePipeline throttled.
    pub throttled: usize,
}

/// The parts of an account and region.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// When each began after the round did, and for how long it ran.
    pub parts: Vec<(Duration, Duration)>,
}

impl Place {
    /// For how long its parts ran together.
    pub fn ran(&self) -> Duration {
        self.parts.iter().map(|(_, took)| *took).sum()
    }
}

impl Broken {
    /// Whether approvals there are served as ever.
    pub fn spares(self, service: Service) -> bool {
        self == Self::Nothing || (service.account != GONE && service.region != DOWN)
    }
}

impl Story {
    /// The approvals that wait when the round begins: spread over all accounts and regions.
    pub fn waiting(&self) -> impl Iterator<Item = Service> {
        let of = self.organization;
        (0..self.waiting).map(move |number| of.service(number, number / of.places()))
    }

    /// Approvals that begin to wait during a round that went as `round` did: every second one where the pipelines are
    /// being looked through at that moment, the others anywhere.
    pub fn late(&self, number: usize, round: &Seen) -> Vec<Late> {
        let mut chance = fastrand::Rng::with_seed(self.seed);
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let late = (0..number).map(|event| {
            let after = round.took.mul_f64((event as f64 + chance.f64()) / number as f64);
            let running =
                |place: &Place| place.parts.iter().any(|(began, took)| (*began..*began + *took).contains(&after));
            let places = 0..self.organization.places();
            let places: Vec<usize> = match event % 2 {
                0 => places.filter(|place| round.places.get(&self.group(*place)).is_some_and(running)).collect(),
                _ => places.collect(),
            };
            let place = chance.choice(places).unwrap_or_default();
            let number = taken.entry(place).or_insert(self.organization.pipelines);
            *number -= 1;
            Late { after, service: self.organization.service(place, *number) }
        });
        late.collect()
    }

    /// The group of the queue that a place's parts are in.
    fn group(&self, place: usize) -> String {
        let (account, region) = self.organization.service(place, 0).place();
        format!("{account}/{region}")
    }

    /// Plays it.
    pub async fn play(&self, round: bool, late: &[Late], broken: Broken) -> Seen {
        let simulation = self.prepare(broken).await;
        let aws = simulation.aws();
        let _ = simulation.take_usage();
        let (failed, began, start) = (simulation.failures().len(), simulation.now(), Instant::now());
        if round {
            simulation.sweep();
        }
        let mut begins = Vec::new();
        for Late { after, service } in late {
            sleep_until(start + *after).await;
            begins.push(simulation.now());
            service.start(aws);
        }
        simulation.settle().await;
        let usage = simulation.take_usage();
        let mails = requests(aws);
        let delays = late.iter().zip(begins).map(|(late, began)| {
            let sent = mails.get(&late.service.name()).filter(|sent| sent.len() == APPROVERS)?;
            Duration::try_from(*sent.iter().max()? - began).ok()
        });
        let delays = delays.collect();
        let places = places(&usage, began);
        Seen {
            took: places
                .values()
                .flat_map(|place| &place.parts)
                .map(|(began, took)| *began + *took)
                .max()
                .unwrap_or_default(),
            usage,
            delays,
            places,
            requests: mails.into_iter().map(|(name, sent)| (name, sent.len())).collect(),
            failures: simulation.failures().split_off(failed),
            dead_letters: simulation.dead_letters().len(),
            throttled: aws.codepipeline.throttled(),
        }
    }

    /// An organization in which approvals wait, an hour after everybody was asked about them.
    async fn prepare(&self, broken: Broken) -> Simulation {
        let approvers: Vec<String> = (0..APPROVERS).map(|number| format!("person{number}@example.com")).collect();
        let setup = Setup {
            policy: format!("[default]\napprovers = {}", json!(approvers)),
            members: self.organization.members(),
            begin: BEGIN,
            seed: self.seed,
            plan: Plan::default(),
            traced: false,
        };
        let simulation = Simulation::start(setup).await.unwrap();
        let aws = simulation.aws();
        aws.ses.keep(usize::MAX);
        self.organization.create(aws);
        self.waiting().for_each(|service| service.start(aws));
        simulation.settle().await;
        simulation.pass(Duration::from_hours(1)).await;
        aws.codepipeline.throttle(THROTTLE.0, THROTTLE.1);
        if let Broken::RoleAndRegion(fault) = broken {
            aws.delete_role(MemberRole::Reading, &account(GONE));
            simulation.fail(Calls::to(REGIONS[DOWN]), fault);
        }
        simulation
    }
}

fn places(usage: &Usage, round: UtcDateTime) -> BTreeMap<String, Place> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for invoked in usage.invocations.iter().filter(|invoked| invoked.function == Function::Notifier) {
        let Some(group) = &invoked.group else { continue };
        let began = Duration::try_from(invoked.began - round).unwrap_or_default();
        places.entry(group.clone()).or_default().parts.push((began, invoked.took));
    }
    places
}

/// What is wrong with a round in which nothing else failed.
pub fn check_round(story: &Story, seen: &Seen) -> Vec<String> {
    let mut broken = Vec::new();
    let (all, places) = (story.organization.places(), seen.places.len());
    if places != all {
        broken.push(format!("the round reached {places} of {all} accounts and regions"));
    }
    for failure in seen.failures.iter().take(3) {
        broken.push(format!("the notifier failed: {failure}"));
    }
    let states = |calls: &BTreeMap<String, usize>| calls.get("GetPipelineState").copied().unwrap_or_default();
    let unread = seen.usage.codepipeline.values().filter(|calls| states(calls) < story.organization.pipelines).count();
    if unread > 0 {
        broken.push(format!("{unread} accounts and regions were not looked through"));
    }
    broken
}

/// Whether a round in which nothing is due makes no more calls than docs/architecture.md says: six for each account and
/// region, one for each pipeline, and four for each approval that waits, beside the two with which it begins.
pub fn check_calls(story: &Story, seen: &Seen) -> Vec<String> {
    let Story { organization, waiting, .. } = story;
    let budget = 2 + organization.places() * (6 + organization.pipelines) + waiting * 4;
    let made: usize = seen.usage.calls.values().sum();
    if made > budget { vec![format!("the round made {made} calls, and its budget is {budget}")] } else { Vec::new() }
}

/// What is wrong with the emails, of the places that the fault spares.
pub fn check_requests(story: &Story, late: &[Late], seen: &Seen, fault: Broken) -> Vec<String> {
    let services: BTreeSet<Service> = story.waiting().chain(late.iter().map(|late| late.service)).collect();
    let wrong = services.into_iter().filter(|service| fault.spares(*service)).filter_map(|service| {
        let sent = seen.requests.get(&service.name()).copied().unwrap_or_default();
        (sent != APPROVERS).then(|| format!("{sent} of {APPROVERS} requests were sent for {}", service.name()))
    });
    wrong.collect()
}

/// Where the others notice that something is broken: they are swept later, or for longer.
pub fn check_others(story: &Story, whole: &Seen, seen: &Seen, fault: Broken) -> Vec<String> {
    const LEEWAY: Duration = Duration::from_secs(5);
    let mut broken = Vec::new();
    for place in 0..story.organization.places() {
        let service = story.organization.service(place, 0);
        if !fault.spares(service) {
            continue;
        }
        let group = story.group(place);
        let (Some(before), Some(now)) = (whole.places.get(&group), seen.places.get(&group)) else {
            broken.push(format!("{group} was not reached"));
            continue;
        };
        if now.ran() > before.ran() + LEEWAY || now.parts.len() != before.parts.len() {
            broken.push(format!("{group} took {:?} instead of {:?}", now.ran(), before.ran()));
        }
    }
    let broken_names =
        [REGIONS[DOWN].to_owned(), account(GONE), Service { account: GONE, region: 0, number: 0 }.prefix()];
    let is_of_broken = |failure: &&String| broken_names.iter().any(|name| failure.contains(name));
    for failure in seen.failures.iter().filter(|failure| !is_of_broken(failure)).take(3) {
        broken.push(format!("another one failed: {failure}"));
    }
    broken
}
