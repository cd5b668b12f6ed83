//! `tests/run load`: a thousand approvals at once, and visits to all of them; and a round over sixty accounts.
//!
//! The part with a limited SES sending rate runs in simulated time, since the emails take hours, and so does the round.
//! The functions' response times are measured in real time, through sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser};
use countersign::clock::system;
use futures_util::{StreamExt, stream};
use sandbox::simulation::{Fault, Plan, Setup, Simulation};
use sandbox::{Members, Options, Sandbox, SandboxClock};
use serde_json::{Value, json};
use tests::burst::{Mailbox, approver, mailbox, pipeline, policy, start};
use tests::organization::cost::Charged;
use tests::organization::round::{Broken, Late, Seen, Story, check_calls, check_others, check_requests, check_round};
use tests::organization::{Organization, REGIONS, percentile};
use tests::{BEGIN, simulated_time};
use time::UtcDateTime;

/// The number of hourly sweeps at most: as long as CodePipeline waits.
const MAX_HOURS: usize = 7 * 24;
/// The pause before a visitor's retry, and the number of retries.
const RETRY_AFTER: Duration = Duration::from_secs(30);
const TRIES: usize = 20;

/// Bursts: approvals that become pending at once, then concurrent visitors with mail scanners among them; and a round
/// over an organization
#[derive(Parser)]
#[command(bin_name = "tests/run load")]
struct Arguments {
    #[command(flatten)]
    size: Size,
    #[command(flatten)]
    round: Round,
    /// The emails that SES accepts in a second, in simulated time: numbers, or 'any'
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "any,14,1")]
    rates: Vec<Rate>,
    /// Run only the part in real time, through sockets
    #[arg(long, conflicts_with_all = ["simulated_only", "round_only"])]
    real_only: bool,
    /// Run only the bursts in simulated time
    #[arg(long, conflicts_with = "round_only")]
    simulated_only: bool,
    /// Run only the round over an organization
    #[arg(long)]
    round_only: bool,
}

#[derive(Args, Clone, Copy)]
struct Round {
    /// How many accounts the organization has
    #[arg(long, value_name = "NUMBER", default_value_t = 60, value_parser = clap::value_parser!(u16).range(8..=1000))]
    accounts: u16,
    /// How many regions are swept in each
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(3..=8))]
    regions: u8,
    /// How many pipelines each has in each region
    #[arg(long, value_name = "NUMBER", default_value_t = 300)]
    pipelines: usize,
    /// How many approvals wait when the round begins
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    waiting: usize,
    /// How many approvals begin to wait during the round
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    events: usize,
    /// The seed of all random choices
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

#[derive(Args, Clone, Copy)]
struct Size {
    /// How many approvals are pending at once; each has two visitors
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    approvals: usize,
    /// How many approvers are asked about each
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    approvers: usize,
    /// How many visitors there are at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    at_once: usize,
}

/// The number of emails that SES accepts in a second; `None` for any number.
#[derive(Clone, Copy)]
struct Rate(Option<usize>);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self(None)),
            number => Ok(Self(Some(number.parse().map_err(|_| "expected a number of emails, or any")?))),
        }
    }
}

fn main() -> ExitCode {
    let Arguments { size, round, rates, real_only, simulated_only, round_only } = Arguments::parse();
    let (mut passed, mut failed) = (0, 0);
    let mut count = |broken: Vec<String>| {
        for line in broken.iter().take(10) {
            println!("BROKEN {line}");
        }
        println!("{}\n", if broken.is_empty() { "nothing lost, nothing twice" } else { "BROKEN" });
        if broken.is_empty() { passed += 1 } else { failed += 1 }
    };
    if !simulated_only && !round_only {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        count(runtime.block_on(through_sockets(size)));
    }
    for Rate(rate) in rates.into_iter().filter(|_| !real_only && !round_only) {
        count(simulated_time().block_on(in_simulated_time(size, rate)));
    }
    if !real_only && !simulated_only {
        rounds(round, &mut count);
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Two visitors for each approval, who agree except in every third approval.
fn visitors(size: Size) -> Vec<(usize, String, &'static str)> {
    let visits = (0..size.approvals).flat_map(|number| {
        let (first, second) = (number % size.approvers, (number + 1) % size.approvers);
        let other = if number % 3 == 1 { "Rejected" } else { "Approved" };
        [(number, approver(first), "Approved"), (number, approver(second), other)]
    });
    visits.collect()
}

/// The emails and results that are missing, duplicated or wrong.
fn check(size: Size, mailbox: &Mailbox, pages: &[Visited], aws: &sandbox::aws::Aws) -> Vec<String> {
    let mut broken = Vec::new();
    for number in 0..size.approvals {
        let name = pipeline(number);
        for who in (0..size.approvers).map(approver) {
            let key = (name.clone(), who);
            for (kind, mails) in [("request", &mailbox.requests), ("outcome", &mailbox.outcomes)] {
                let times = mails.get(&key).copied().unwrap_or_default();
                if times != 1 {
                    broken.push(format!("{} got the {kind} of {name} {times} times", key.1));
                }
            }
        }
        let runs = aws.codepipeline.call("ListActionExecutions", &json!({"pipelineName": name}), "check").unwrap();
        let runs: &Vec<Value> = runs["actionExecutionDetails"].as_array().unwrap();
        let run = runs.iter().find(|run| run["actionName"] == "Approve").unwrap();
        let summary = run["output"]["executionResult"]["externalExecutionSummary"].as_str().unwrap_or_default();
        let ending = match run["status"].as_str() {
            Some("Succeeded") => "approved",
            Some("Failed") => "rejected",
            _ => "waiting",
        };
        if ending != if number % 3 == 1 { "rejected" } else { "approved" } {
            broken.push(format!("{name} is {ending}: {summary}"));
        }
        for page in pages.iter().filter(|page| page.approval == number) {
            let title = page.title.as_str();
            let recorded = title == "Your vote has been recorded" && page.decision == "Approved";
            if !recorded && !title.ends_with(ending) {
                broken.push(format!("{name} is {ending}, and a visitor saw {} {title:?}", page.status));
            }
        }
    }
    broken
}

/// The result of a visitor's last attempt.
struct Visited {
    approval: usize,
    decision: &'static str,
    status: u16,
    title: String,
    /// The time until the answer to the button.
    took: Duration,
    /// The number of times that the visitor was asked to try again.
    tries: usize,
}

fn title(body: &str) -> String {
    body.split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map_or("", |(title, _)| title)
        .to_owned()
}

fn print_visits(pages: &[Visited]) {
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut took: Vec<Duration> = pages.iter().map(|page| page.took).collect();
    took.sort();
    for page in pages {
        *statuses.entry(page.status).or_default() += 1;
    }
    let again: usize = pages.iter().map(|page| page.tries).sum();
    let at =
        |percent: usize| took.get(took.len() * percent / 100).or(took.last()).copied().unwrap_or_default().as_millis();
    println!("  {} visitors, last answers by status {statuses:?}, asked to try again {again} times", pages.len());
    println!(
        "  the button's answer: half within {} ms, 95 % {} ms, 99 % {} ms, all {} ms",
        at(50),
        at(95),
        at(99),
        at(100)
    );
}

async fn in_simulated_time(size: Size, rate: Option<usize>) -> Vec<String> {
    let words = rate.map_or("any number of".to_owned(), |rate| rate.to_string());
    println!("simulated time, SES takes {words} emails a second");
    let (clock, setup) = (
        system(),
        Setup {
            policy: policy(size.approvers),
            members: Members::default(),
            begin: BEGIN,
            seed: 1,
            plan: Plan::default(),
            traced: false,
        },
    );
    let began = clock();
    let simulation = Simulation::start(setup).await.unwrap();
    let aws = simulation.aws();
    aws.ses.keep(usize::MAX);
    if let Some(rate) = rate {
        aws.ses.limit_rate(rate);
    }
    let all = size.approvals * size.approvers;
    start(&aws.codepipeline, size.approvals);
    simulation.settle().await;
    let by_events = mailbox(aws).requests.len();
    let hours = until(&simulation, || mailbox(aws).requests.len() == all).await;
    let before = mailbox(aws);
    print_emails("requests", by_events, hours, &before.request_times, BEGIN, all);

    let began_visits = simulation.now();
    let pages: Vec<Visited> = stream::iter(visitors(size))
        .map(|(approval, who, decision)| {
            let links = before.links.get(&(pipeline(approval), who)).cloned();
            visit_simulated(&simulation, approval, decision, links)
        })
        .buffer_unordered(size.at_once)
        .collect()
        .await;
    print_visits(&pages);
    simulation.settle().await;
    let by_events = mailbox(aws).outcomes.len();
    let hours = until(&simulation, || mailbox(aws).outcomes.len() == all).await;
    let after = mailbox(aws);
    print_emails("outcomes", by_events, hours, &after.outcome_times, began_visits, all);
    println!(
        "  throttled {} times, {} invocations failed ({} died), {} dead letters; {:.0} s on this machine",
        aws.ses.throttled(),
        simulation.failures().len(),
        simulation.deaths().len(),
        simulation.dead_letters().len(),
        (clock() - began).as_seconds_f64(),
    );
    let kinds: BTreeSet<String> =
        simulation.failures().iter().map(|failure| failure.chars().take(110).collect()).collect();
    for failure in kinds.iter().take(5) {
        println!("  for example: {failure}");
    }
    check(size, &after, &pages, aws)
}

/// Advances the time hour by hour, with a sweep in each, until `done`. Returns the number of hours.
async fn until(simulation: &Simulation, done: impl Fn() -> bool) -> usize {
    for hour in 0..MAX_HOURS {
        if done() {
            return hour;
        }
        simulation.hour().await;
    }
    MAX_HOURS
}

fn print_emails(what: &str, by_events: usize, hours: usize, when: &[UtcDateTime], began: UtcDateTime, all: usize) {
    let mut when: Vec<i64> = when.iter().map(|when| (*when - began).whole_seconds()).collect();
    when.sort_unstable();
    let at = |percent: usize| when.get(when.len() * percent / 100).or(when.last()).copied().unwrap_or_default();
    println!(
        "  {what}: {} emails of {all}, {by_events} by the events and their retries, the rest by {hours} hourly sweeps; half \
         after {} s, 99 % {} s, all {} s",
        when.len(),
        at(50),
        at(99),
        at(100),
    );
}

async fn visit_simulated(
    simulation: &Simulation,
    approval: usize,
    decision: &'static str,
    links: Option<[String; 2]>,
) -> Visited {
    let Some(links) = links else {
        return Visited { approval, decision, status: 0, title: "no email".into(), took: Duration::ZERO, tries: 0 };
    };
    for link in &links {
        simulation.visit("HEAD", link, None).await;
        simulation.visit("GET", link, None).await;
    }
    let link = &links[usize::from(decision == "Rejected")];
    let form = [("comment", ""), ("decision", decision)];
    let mut tries = 0;
    loop {
        simulation.visit("GET", link, None).await;
        let form: &[(&str, &str)] =
            if decision == "Rejected" { &[("comment", "no"), ("decision", decision)] } else { &form };
        let began = tokio::time::Instant::now();
        let answer = simulation.visit("POST", link, Some(form)).await;
        let took = began.elapsed();
        if answer.status < 500 || tries == TRIES {
            return Visited { approval, decision, status: answer.status, title: title(&answer.body), took, tries };
        }
        tries += 1;
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn through_sockets(size: Size) -> Vec<String> {
    println!("real time, through sockets, SES takes everything");
    let clock = system();
    let options = Options {
        port: 0,
        policy: Some(policy(size.approvers)),
        clock: SandboxClock::running(),
        demo: false,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.aws().ses.keep(usize::MAX);
    let began = clock();
    start(&sandbox.aws().codepipeline, size.approvals);
    sandbox.settle().await;
    let took = (clock() - began).as_seconds_f64();
    let before = mailbox(sandbox.aws());
    let mails = before.request_times.len();
    println!(
        "  requests: {mails} emails in {took:.1} s, one event after the other: {:.0} a second",
        mails as f64 / took
    );
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let began = clock();
    let pages: Vec<Visited> = stream::iter(visitors(size))
        .map(|(approval, who, decision)| {
            let links = before.links.get(&(pipeline(approval), who)).cloned();
            let browser = browser.clone();
            async move { tokio::spawn(visit(browser, approval, decision, links)).await.unwrap() }
        })
        .buffer_unordered(size.at_once)
        .collect()
        .await;
    let took = (clock() - began).as_seconds_f64();
    print_visits(&pages);
    println!(
        "  in {took:.1} s, six more visits with each, most of them by scanners: {:.0} visits a second",
        7.0 * pages.len() as f64 / took
    );
    sandbox.settle().await;
    let after = mailbox(sandbox.aws());
    println!("  outcomes: {} emails; {} invocations failed", after.outcome_times.len(), sandbox.failures().len());
    check(size, &after, &pages, sandbox.aws())
}

async fn visit(
    browser: reqwest::Client,
    approval: usize,
    decision: &'static str,
    links: Option<[String; 2]>,
) -> Visited {
    let Some(links) = links else {
        return Visited { approval, decision, status: 0, title: "no email".into(), took: Duration::ZERO, tries: 0 };
    };
    for link in &links {
        browser.head(link).send().await.unwrap();
        browser.get(link).send().await.unwrap().text().await.unwrap();
    }
    let link = &links[usize::from(decision == "Rejected")];
    browser.get(link).send().await.unwrap().text().await.unwrap();
    let comment = if decision == "Rejected" { "no" } else { "" };
    let clock = system();
    let mut tries = 0;
    loop {
        let began = clock();
        let answer = browser.post(link).form(&[("comment", comment), ("decision", decision)]).send().await.unwrap();
        let status = answer.status().as_u16();
        let title = title(&answer.text().await.unwrap());
        let took = Duration::try_from(clock() - began).unwrap_or_default();
        if status < 500 || tries == TRIES {
            return Visited { approval, decision, status, title, took, tries };
        }
        tries += 1;
    }
}

/// Plays a round alone, with approvals that begin to wait meanwhile, and while a role is gone and a region is down; and
/// those approvals without a round. Each says what it found wrong.
fn rounds(size: Round, count: &mut impl FnMut(Vec<String>)) {
    let Round { accounts, regions, pipelines, waiting, events, seed } = size;
    let organization = Organization { accounts: accounts.into(), regions: regions.into(), pipelines };
    let story = Story { organization, waiting, seed };
    println!("simulated time, a round over {accounts} accounts, {regions} regions and {pipelines} pipelines in each");
    let alone = play(&story, true, &[], Broken::Nothing);
    print_round(&alone);
    println!("  in a month of such rounds, without what computing takes:\n{}", Charged::of(&alone.usage));
    let (round, calls) = (check_round(&story, &alone), check_calls(&story, &alone));
    count([round, calls, check_requests(&story, &[], &alone, Broken::Nothing)].concat());

    let late = story.late(events, &alone);
    println!("{events} approvals that begin to wait, without a round");
    let quiet = play(&story, false, &late, Broken::Nothing);
    print_delays(&quiet, &late, Broken::Nothing);
    count(check_requests(&story, &late, &quiet, Broken::Nothing));

    println!("the same during a round, every second one where it looks through the pipelines");
    let busy = play(&story, true, &late, Broken::Nothing);
    print_round(&busy);
    print_delays(&busy, &late, Broken::Nothing);
    let delayed = check_delays(&quiet, &busy, &late, Broken::Nothing);
    count([check_round(&story, &busy), check_requests(&story, &late, &busy, Broken::Nothing), delayed].concat());

    for (fault, what) in [(Fault::ErrorBefore, "answers with errors"), (Fault::HangBefore, "does not answer")] {
        let fault = Broken::RoleAndRegion(fault);
        println!("the same while one member has no role, and {} {what}", REGIONS[2]);
        let broken = play(&story, true, &late, fault);
        print_round(&broken);
        print_delays(&broken, &late, fault);
        let others = check_others(&story, &busy, &broken, fault);
        let delayed = check_delays(&quiet, &broken, &late, fault);
        count([check_requests(&story, &late, &broken, fault), others, delayed].concat());
    }
}

fn play(story: &Story, round: bool, late: &[Late], broken: Broken) -> Seen {
    let clock = system();
    let began = clock();
    let seen = simulated_time().block_on(Box::pin(story.play(round, late, broken)));
    println!("  {:.0} s on this machine", (clock() - began).as_seconds_f64());
    seen
}

fn print_round(seen: &Seen) {
    let mut ran: Vec<Duration> = seen.places.values().map(|place| place.ran()).collect();
    ran.sort();
    println!(
        "  the round: {:.0} s from the first message to the end of the last; {} accounts and regions, half within {:.0} s, \
         all {:.0} s; throttled {} times, {} invocations failed, {} dead letters",
        seen.took.as_secs_f64(),
        seen.places.len(),
        percentile(&ran, 50).as_secs_f64(),
        percentile(&ran, 100).as_secs_f64(),
        seen.throttled,
        seen.failures.len(),
        seen.dead_letters,
    );
    for ((service, operation), number) in &seen.usage.calls {
        println!("    {:<35} {number:>7}", format!("{service}:{operation}"));
    }
}

/// The delays of what is served as ever, sorted.
fn delays(seen: &Seen, late: &[Late], broken: Broken) -> Vec<Duration> {
    let spared = seen.delays.iter().zip(late).filter(|(_, late)| broken.spares(late.service));
    let mut delays: Vec<Duration> = spared.filter_map(|(delay, _)| *delay).collect();
    delays.sort();
    delays
}

fn print_delays(seen: &Seen, late: &[Late], broken: Broken) {
    let delays = delays(seen, late, broken);
    let at = |percent: usize| percentile(&delays, percent).as_millis();
    println!(
        "  {} approvals, from the event to the last email: half within {} ms, 95 % {} ms, all {} ms",
        delays.len(),
        at(50),
        at(95),
        at(100)
    );
}

/// Where approvals wait for the round: half of them for a quarter longer, or one for three seconds longer.
fn check_delays(quiet: &Seen, busy: &Seen, late: &[Late], broken: Broken) -> Vec<String> {
    let (quiet, busy) = (delays(quiet, late, broken), delays(busy, late, broken));
    let at = |percent: usize| (percentile(&quiet, percent), percentile(&busy, percent));
    let (half, all) = (at(50), at(100));
    let mut broken = Vec::new();
    if half.1 > half.0.mul_f64(1.25) {
        broken.push(format!("half of the approvals took up to {:?} instead of {:?}", half.1, half.0));
    }
    if all.1 > all.0 + Duration::from_secs(3) {
        broken.push(format!("an approval took {:?} instead of at most {:?}", all.1, all.0));
    }
    broken
}
