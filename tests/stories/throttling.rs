//! SES limits: more emails than it accepts between two sweeps, and a day without sending.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sandbox::Members;
use sandbox::simulation::{Fault, Function, Outage, Plan, Setup, Simulation};
use serde_json::Value;
use tests::burst::{approver, mailbox, pipeline, policy, start};
use tests::{BEGIN, simulated_time};

const HOUR: Duration = Duration::from_secs(3600);
const APPROVERS: usize = 2;

fn in_simulated_time(story: impl AsyncFnOnce(Simulation)) {
    simulated(Plan::default(), story);
}

fn simulated(plan: Plan, story: impl AsyncFnOnce(Simulation)) {
    simulated_time().block_on(async {
        let setup = Setup {
            policy: policy(APPROVERS),
            members: Members::default(),
            begin: BEGIN,
            seed: 1,
            plan,
            traced: false,
        };
        let simulation = Simulation::start(setup).await.unwrap();
        simulation.aws().ses.keep(usize::MAX);
        story(simulation).await;
    });
}

/// Advances the time by this many hours, each with a sweep.
async fn sweep(simulation: &Simulation, hours: usize) {
    for _ in 0..hours {
        simulation.hour().await;
    }
}

fn assert_each_once(mails: &BTreeMap<(String, String), usize>, approvals: usize) {
    for key in (0..approvals).flat_map(|n| (0..APPROVERS).map(move |who| (pipeline(n), approver(who)))) {
        assert_eq!(mails.get(&key), Some(&1), "{key:?}");
    }
    assert_eq!(mails.len(), approvals * APPROVERS);
}

/// Has the first two approvers approve.
async fn approve(simulation: &Simulation) {
    let links = mailbox(simulation.aws()).links;
    for who in [approver(0), approver(1)] {
        let link = &links[&(pipeline(0), who)][0];
        let answer = simulation.visit("POST", link, Some(&[("comment", ""), ("decision", "Approved")])).await;
        assert_eq!(answer.status, 200);
    }
    simulation.settle().await;
}

#[test]
fn a_part_that_runs_out_of_time_is_followed_by_another_and_one_that_fails_is_tried_again() {
    const APPROVALS: usize = 30;
    // SES does not answer, so that four approvals at a time take 40 seconds.
    let (function, service, operation) = (Function::Notifier, "ses".to_owned(), "SendRawEmail".to_owned());
    let outage = Outage { function, service, operation, fault: Fault::HangBefore, lasts: 2 * HOUR };
    simulated(Plan { outage: Some(outage), ..Plan::default() }, async |simulation| {
        start(&simulation.aws().codepipeline, APPROVALS);
        simulation.settle().await;
        let before = simulation.failures().len();
        sweep(&simulation, 1).await;
        let failures = &simulation.failures()[before..];
        assert!(failures.len() >= 10 && failures.len().is_multiple_of(5), "two parts or more, each tried five times");
        for failure in failures {
            assert!(failure.contains("were not sent") && failure.len() < 2000, "{} bytes: {failure}", failure.len());
        }
        assert_eq!(simulation.deaths().len(), 0, "what was begun has been finished");
        let parts = simulation.dead_letters();
        let id = |part: &Value| part.pointer("/Records/0/attributes/MessageDeduplicationId").unwrap().to_string();
        let ids: Vec<String> = parts.iter().filter(|event| event.pointer("/Records").is_some()).map(id).collect();
        let once: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(
            ids.len(),
            once.len(),
            "however often a part is tried, what it leaves is in the queue once: {ids:?}"
        );
        assert_eq!(ids.len() * 5, failures.len());
        // What was left of the first part came after the search, and does not keep the next round from beginning.
        sweep(&simulation, 1).await;
        assert_each_once(&mailbox(simulation.aws()).requests, APPROVALS);
    });
}

#[test]
fn emails_of_several_approvals_wait_without_using_up_their_retries() {
    const APPROVALS: usize = 24;
    in_simulated_time(async |simulation| {
        let ses = &simulation.aws().ses;
        (0..APPROVERS).for_each(|who| ses.refuse(&approver(who), "MessageRejected", "Sending is paused."));
        start(&simulation.aws().codepipeline, APPROVALS);
        simulation.settle().await;
        (0..APPROVERS).for_each(|who| ses.accept(&approver(who)));
        ses.limit_rate(4);
        let before = simulation.failures().len();
        sweep(&simulation, 1).await;
        assert_eq!(simulation.failures()[before..], [""; 0]);
        assert!(ses.throttled() > 100, "the SDK's allowance of retries would be used up");
        assert_each_once(&mailbox(simulation.aws()).requests, APPROVALS);
    });
}

#[test]
fn a_throttled_outcome_is_sent_however_late() {
    in_simulated_time(async |simulation| {
        start(&simulation.aws().codepipeline, 1);
        simulation.settle().await;
        simulation.aws().ses.limit_rate(0);
        approve(&simulation).await;
        sweep(&simulation, 30).await;
        assert_eq!(mailbox(simulation.aws()).outcomes.len(), 0);
        simulation.aws().ses.limit_rate(14);
        sweep(&simulation, 1).await;
        assert_each_once(&mailbox(simulation.aws()).outcomes, 1);
    });
}

#[test]
fn a_refused_outcome_is_retried_for_a_day() {
    let failures = async |simulation: &Simulation| {
        let before = simulation.failures().len();
        sweep(simulation, 1).await;
        simulation.failures().len() - before
    };
    in_simulated_time(async |simulation| {
        start(&simulation.aws().codepipeline, 1);
        simulation.settle().await;
        let refused = approver(1);
        simulation.aws().ses.refuse(&refused, "MessageRejected", "Address is not verified.");
        approve(&simulation).await;
        assert_eq!(mailbox(simulation.aws()).outcomes.len(), APPROVERS - 1);
        // With the retries, each takes four minutes more than an hour.
        sweep(&simulation, 21).await;
        assert_eq!(failures(&simulation).await, 5, "a sweep and its retries, after 23 hours");
        sweep(&simulation, 2).await;
        assert_eq!(failures(&simulation).await, 0, "after a day nobody tries any more");
        assert_eq!(mailbox(simulation.aws()).outcomes.len(), APPROVERS - 1);
    });
}
