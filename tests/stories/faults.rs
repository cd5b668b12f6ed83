//! The stories while AWS fails: a part of the schedules of `tests/run faults`, and that a run is reproducible.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use countersign::aws;
use notifier::{Host, Notifier};
use sandbox::Members;
use sandbox::simulation::{Fault, Function, Plan, Planned, Setup, Simulation, Step};
use serde_json::json;
use tests::faults::explore::{Effort, Failure, baselines, outages, pairs, random, run_all, singles};
use tests::faults::{Ending, Says, Schedule, Story, run};
use tests::{ALICE, BEGIN, simulated_time};
use tokio::io::AsyncReadExt;

/// More than a hundred schedules of all kinds, different from those that the long run begins with.
const EFFORT: Effort = Effort { seed: 7, every: 307, pairs: 2, random: 40 };

#[test]
fn all_invariants_hold_whatever_fails_at_any_step() {
    let baselines = baselines(EFFORT.seed).unwrap_or_else(|failures| panic!("{}", describe(&failures)));
    let mut schedules = singles(&baselines, EFFORT);
    schedules.extend(pairs(&baselines, EFFORT));
    schedules.extend((0..EFFORT.random).map(|n| random(&baselines, EFFORT.seed + n as u64)));
    schedules.extend(outages(&baselines, EFFORT));
    assert!(schedules.len() > 150, "{} schedules", schedules.len());
    let (begun, failures) = run_all(&schedules, usize::MAX);
    assert!(failures.is_empty(), "{}", describe(&failures));
    assert_eq!(begun, schedules.len());
}

fn describe(failures: &[Failure]) -> String {
    let one = |failure: &Failure| {
        let Failure { schedule, broken, met } = failure;
        format!("tests/run faults {schedule}\n  {}\n  {}\n", met.join("\n  "), broken.join("\n  "))
    };
    failures.iter().map(one).collect()
}

#[test]
fn the_same_schedule_runs_the_same_again() {
    let baselines = baselines(EFFORT.seed).unwrap_or_else(|failures| panic!("{}", describe(&failures)));
    let trace = |steps: &[Step]| -> Vec<String> {
        let attempts = |step: &Step| -> Vec<_> {
            step.attempts.iter().map(|a| (a.fault, a.effect.as_ref().map(|(status, _)| *status), a.arrived)).collect()
        };
        steps.iter().map(|step| format!("{step} {:?}", attempts(step))).collect()
    };
    for seed in 0..20 {
        let schedule = random(&baselines, seed);
        let (once, again) = (run(&schedule), run(&schedule));
        assert_eq!(trace(&once.steps), trace(&again.steps), "{schedule}");
        assert_eq!(once.seen, again.seen, "{schedule}");
    }
}

#[test]
fn the_log_at_trace_level_contains_no_secret() {
    for story in Story::ALL {
        let schedule = Schedule::without_faults(story, 1);
        let report = run(&schedule);
        assert_eq!(report.broken, Vec::<String>::new(), "{schedule}");
        // The same with an event that fails.
        let faults = vec![Planned { step: 1, fault: Fault::Denied, always: true }];
        let failed = run(&Schedule { faults, ..schedule.clone() });
        assert_eq!(failed.broken, Vec::<String>::new());
        for (report, message) in [(&report, "\"message\":\"handled\""), (&failed, "\"message\":\"failed\"")] {
            assert!(report.log.iter().any(|line| line.contains(message)), "{message}: {:?}", report.log);
            let known: BTreeSet<&str> = report.secrets.iter().map(|(what, _)| *what).collect();
            let all = ["a link", "the address", "the claims", "the comment", "the name", "the signature", "the token"];
            assert_eq!(known, BTreeSet::from(all), "{schedule}: what was searched for");
        }
    }
}

/// The number of the callback's call of this operation, counted from 1.
fn step_of(steps: &[Step], operation: &str, which: usize) -> usize {
    let mut calls =
        steps.iter().filter(|step| (step.function, step.operation.as_str()) == (Function::Callback, operation));
    calls.nth(which - 1).unwrap().number
}

#[test]
fn a_deadline_that_could_not_be_read_is_read_again() {
    // The approval's time-out cannot be read, and everything else can.
    let schedule = Schedule::without_faults(Story::Expire, 1);
    let report = run(&schedule);
    let step = report.steps.iter().find(|step| step.operation == "GetPipeline").unwrap().number;
    let schedule = Schedule { faults: vec![Planned { step, fault: Fault::ResetBefore, always: true }], ..schedule };
    let report = run(&schedule);
    assert_eq!(report.steps[step - 1].attempts.len(), 3);
    assert_eq!(report.broken, Vec::<String>::new(), "reminders in time, and every outcome");
}

#[test]
fn a_decision_is_shown_even_when_it_cannot_be_recorded() {
    let schedule = Schedule::without_faults(Story::Approve, 1);
    // The callback's vote with its verdict is written; its second update, the outcome, is not, at no attempt.
    let step = step_of(&run(&schedule).steps, "UpdateItem", 2);
    let schedule = Schedule { faults: vec![Planned { step, fault: Fault::ErrorBefore, always: true }], ..schedule };
    let report = run(&schedule);
    let met = &report.steps[step - 1];
    assert_eq!(
        (met.function, met.operation.as_str(), met.attempts.len()),
        (Function::Callback, "UpdateItem", 3),
        "{met}"
    );
    let pressed: Vec<_> = report.seen.iter().filter(|seen| seen.pressed.is_some()).collect();
    assert_eq!(pressed.len(), 1, "{pressed:?}");
    assert_eq!(pressed[0].says, Says::Ended(Ending::Approved));
    // CodePipeline's event about the end, or the sweep, records it after all.
    assert_eq!(report.broken, Vec::<String>::new());
}

/// A server that closes every connection, before or after it has read the request, and counts them.
async fn breaking(reads: bool) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            if reads {
                assert!(stream.read(&mut [0; 64 * 1024]).await.unwrap() > 0);
            }
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_real_broken_connection_fails_as_in_the_simulation() {
    let command = json!({"history": {"pipeline": "service"}});
    let settings = |name: &str| {
        Some(match name {
            "COUNTERSIGN_CALLBACK_URL" => "https://approvals.example.com".to_owned(),
            "COUNTERSIGN_SENDER" => "approvals@example.com".to_owned(),
            "COUNTERSIGN_REPLY_TO" | "COUNTERSIGN_PIPELINE_REGIONS" | "COUNTERSIGN_SWEEP_PACE" => return None,
            "COUNTERSIGN_ACCOUNTS_PARAMETER" => return None,
            "COUNTERSIGN_SENDER_IDENTITY_ARN" | "COUNTERSIGN_SES_REGION" => return None,
            "COUNTERSIGN_LOG_LEVEL" | "COUNTERSIGN_POLICY_TEXT" | "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS" => return None,
            "COUNTERSIGN_PIPELINE_PREFIX" | "COUNTERSIGN_RECORD_RETENTION_DAYS" => return None,
            "AWS_REGION" => "us-east-2".to_owned(),
            "COUNTERSIGN_ACCOUNTS" => "123456789012".to_owned(),
            "COUNTERSIGN_SWEEP_QUEUE" => "https://sqs.us-east-2.amazonaws.com/123456789012/demo.fifo".to_owned(),
            "COUNTERSIGN_MEMBER_ROLES" => "arn:aws:iam::*:role/demo".to_owned(),
            "COUNTERSIGN_MEMBER_BUS" => "arn:aws:events:us-east-2:123456789012:event-bus/demo-members".to_owned(),
            "COUNTERSIGN_CALLBACK_ROLE" => "arn:aws:iam::123456789012:role/callback".to_owned(),
            _ => "sandbox".to_owned(),
        })
    };
    for (reads, fault) in [(false, Fault::ResetBefore), (true, Fault::ResetAfter)] {
        let (address, connections) = breaking(reads).await;
        let credentials = Credentials::new("AKIA", "sandbox", None, None, "sandbox");
        let sdk = aws::builder()
            .region(Region::new("us-east-2"))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let settings = notifier::Settings::read(&settings).unwrap();
        let notifier = Notifier::new(settings, &sdk, Host { metrics: Arc::new(|_| {}), ..Host::lambda() });
        let real = notifier.handle(&command, "request").await.unwrap_err().to_string();

        let (simulated, attempts) = std::thread::spawn({
            let command = command.clone();
            move || {
                simulated_time().block_on(async {
                    let plan = Plan { faults: vec![Planned { step: 1, fault, always: true }], outage: None };
                    let policy = format!("[default]\napprovers = [\"{ALICE}\"]");
                    let setup =
                        Setup { policy, members: Members::default(), begin: BEGIN, seed: 1, plan, traced: true };
                    let simulation = Simulation::start(setup).await.unwrap();
                    simulation.command(command).await.unwrap_err();
                    (simulation.failures().pop().unwrap(), simulation.steps()[0].attempts.len())
                })
            }
        })
        .join()
        .unwrap();
        assert_eq!(simulated, format!("AwsError: {real}"), "{fault:?}");
        assert_eq!((attempts, connections.load(Ordering::Relaxed)), (3, 3), "{fault:?}");
    }
}
