//! Sixty accounts with four regions each.

use sandbox::Members;
use sandbox::aws::MemberRole;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode, PipelineDefinition, Trigger};
use sandbox::simulation::{Calls, Fault, Function};
use std::time::Duration;

use serde_json::json;
use tests::{ALICE, World, by_a_developer, service};
use tokio::time::{Instant, sleep};

const ACCOUNTS: usize = 60;
const REGIONS: [&str; 4] = ["us-east-1", "us-east-2", "eu-west-1", "eu-central-1"];

fn account(number: usize) -> String {
    format!("1000000000{number:02}")
}

fn members() -> Members {
    Members {
        accounts: (0..ACCOUNTS).map(account).collect(),
        regions: REGIONS.iter().map(|region| (*region).to_owned()).collect(),
    }
}

/// A world in which each account has this many pipelines in each region.
async fn organisation(pipelines: usize) -> World {
    let policy = format!("[default]\napprovers = [\"{ALICE}\"]");
    let world = World::simulated_serving(members(), &policy).await;
    for number in 0..ACCOUNTS {
        for region in REGIONS {
            for pipeline in 0..pipelines {
                let pipeline = service(&name(region, pipeline), ExecutionMode::Superseded, ApprovalAction::default());
                let pipeline = PipelineDefinition { account: account(number), region: region.to_owned(), ..pipeline };
                world.aws().codepipeline.create(pipeline).unwrap();
            }
        }
    }
    world
}

fn name(region: &str, pipeline: usize) -> String {
    format!("{region}-{pipeline:03}")
}

/// Has an approval wait in this pipeline.
fn start(world: &World, number: usize, pipeline: &str) {
    let developer = Trigger::StartPipelineExecution(format!("arn:aws:iam::{}:user/dev", account(number)));
    world.aws().codepipeline.start(pipeline, developer).unwrap();
}

/// Has approvals wait in these pipelines, of which the notifier never hears.
async fn wait_unheard(world: &World, pipelines: &[(usize, String)]) {
    world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
    for (number, pipeline) in pipelines {
        start(world, *number, pipeline);
    }
    world.settle().await;
    world.heal();
}

#[tokio::test(start_paused = true)]
async fn a_round_reaches_every_account_and_region_and_events_do_not_wait_for_it() {
    let world = organisation(3).await;
    let unheard: Vec<_> = (0..ACCOUNTS).map(|number| (number, name(REGIONS[number % 4], number % 3))).collect();
    wait_unheard(&world, &unheard).await;
    world.aws().codepipeline.throttle(50, 5);
    let (before, failed) = (world.aws().calls().len(), world.failures().len());
    let report = world.command(json!({"round": {}})).await;
    let round = &report["results"][0];
    assert_eq!((&round["places"], &round["parts"]), (&json!(240), &json!(240)), "{report}");
    // An approval that begins to wait now is asked about at once, whatever the queue still holds.
    let (began, done) = (Instant::now(), world.calls("ListPipelines"));
    start(&world, 0, &name("us-east-1", 1));
    while !world.requests().await.iter().any(|mail| mail.text.contains(&name("us-east-1", 1))) {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed().as_secs_f64() < 5.0 && done < 240, "{:?}, {done} places were done with", began.elapsed());

    world.settle().await;
    assert_eq!(world.requests().await.len(), ACCOUNTS + 1);
    assert_eq!(world.failures()[failed..], [""; 0]);
    assert_eq!(world.aws().codepipeline.throttled(), 0);
    let calls: Vec<_> = world.aws().calls().split_off(before);
    let assumed = calls.iter().filter(|call| call.operation == "AssumeRole").count();
    assert!((ACCOUNTS..=ACCOUNTS * 10).contains(&assumed), "{assumed}: one for each account and process at most");
    let sent = calls.iter().filter(|call| call.operation == "SendMessageBatch").count();
    assert_eq!(sent, 240, "one for each place, whose lease is taken just before");
}

#[tokio::test(start_paused = true)]
async fn a_round_begins_nothing_that_still_runs() {
    let world = World::simulated().await;
    for pipeline in 0..100 {
        let pipeline = service(&name("us-east-2", pipeline), ExecutionMode::Superseded, ApprovalAction::default());
        world.aws().codepipeline.create(pipeline).unwrap();
    }
    let round = async || {
        let report = world.command(json!({"round": {}})).await;
        (report["results"][0]["places"].as_u64().unwrap(), report["results"][0]["running"].as_u64().unwrap())
    };
    assert_eq!(round().await, (1, 0));
    assert_eq!(round().await, (0, 1), "a hundred pipelines take their time");
    world.settle().await;
    assert_eq!(round().await, (1, 0), "it has said that it is done");
    // One that dies says nothing.
    world.settle().await;
    world.fail(Calls::of("ListPipelines"), Fault::KilledBefore);
    assert_eq!(round().await, (1, 0));
    sleep(Duration::from_mins(45)).await;
    assert_eq!(round().await, (0, 1));
    sleep(Duration::from_mins(10)).await;
    world.heal();
    assert_eq!(round().await, (1, 0), "the round of the next hour takes it for dead");
    world.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_of_another_round_holds_no_sweep_back() {
    let world = World::simulated().await;
    let round = async || world.command(json!({"round": {}})).await["results"][0]["places"].as_u64().unwrap();
    assert_eq!(round().await, 1);
    world.settle().await;
    let part = json!({
        "account": "123456789012", "region": "us-east-2", "id": {"round": "another", "batch": 0, "after": 0}, "open": [],
    });
    let message = json!({"Records": [{
        "messageId": "1", "receiptHandle": "1", "body": json!({"part": part}).to_string(), "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:sandbox-sweep.fifo",
        "attributes": {"SentTimestamp": "1785000000000"},
    }]});
    let report = world.command(message).await;
    assert_eq!(report["results"][0]["result"], "swept", "{report}");
    assert_eq!(round().await, 1, "it is not taken to be under way");
}

/// Whatever fails when a round begins, the same round begins again: the approvals that are open are looked at, and the
/// next round finds nothing under way.
#[tokio::test(start_paused = true)]
async fn a_round_that_fails_when_it_begins_is_tried_again_with_all_that_it_had() {
    for call in ["Query", "UpdateItem", "SendMessageBatch"] {
        // All attempts of the first try, which a function that dies has one of.
        let faults =
            [(Fault::ErrorBefore, 3), (Fault::ResetAfter, 3), (Fault::KilledBefore, 1), (Fault::KilledAfter, 1)];
        for (fault, attempts) in faults {
            let world = World::simulated().await;
            world.ask().await;
            world.fail(Calls::of(call).take(attempts), fault);
            world.deliver(json!({"round": {}}));
            world.settle().await;
            world.heal();
            let looked = world.aws().calls().iter().filter(|call| call.operation == "ListPipelines").count();
            assert!((1..=2).contains(&looked), "{call} {fault:?}: {looked} searches");
            let next = world.command(json!({"round": {}})).await;
            assert_eq!(next["results"][0]["places"], 1, "{call} {fault:?}: {next}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_only_sends_events_is_swept_while_an_approval_is_open_there() {
    let members = Members { accounts: vec![account(0)], regions: vec!["us-east-1".to_owned()] };
    let world = World::simulated_serving(members, &format!("[default]\napprovers = [\"{ALICE}\"]")).await;
    let pipeline = service("elsewhere", ExecutionMode::Superseded, ApprovalAction::default());
    let pipeline = PipelineDefinition { account: account(0), region: "eu-west-1".to_owned(), ..pipeline };
    world.aws().codepipeline.create(pipeline).unwrap();
    start(&world, 0, "elsewhere");
    world.settle().await;
    assert_eq!(world.requests().await.len(), 1);
    let places = async |command| world.command(json!({"round": command})).await["results"][0]["places"].clone();
    assert_eq!(places(json!({"region": "us-east-1"})).await, 1);
    world.settle().await;
    assert_eq!(places(json!({})).await, 2);
    world.settle().await;
    assert_eq!(places(json!({"account": account(0)})).await, 2);
    world.settle().await;
    assert_eq!(world.failures(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn one_member_without_its_role_and_one_region_that_is_down_keep_nothing_from_the_others() {
    let world = organisation(1).await;
    world.aws().delete_role(MemberRole::Reading, &account(7));
    let unheard: Vec<_> = (0..ACCOUNTS).map(|number| (number, name(REGIONS[number % 4], 0))).collect();
    wait_unheard(&world, &unheard).await;
    world.fail(Calls::to("eu-west-1"), Fault::ErrorBefore);
    let failed = world.failures().len();
    world.command(json!({"round": {}})).await;
    world.settle().await;
    let mails = world.requests().await;
    for number in 0..ACCOUNTS {
        let is_asked = mails.iter().any(|mail| mail.text.contains(&account(number)));
        assert_eq!(is_asked, number != 7 && REGIONS[number % 4] != "eu-west-1", "{number}");
    }
    // Those two alone raise the alarm.
    for failure in &world.failures()[failed..] {
        assert!(failure.contains("/eu-west-1: ") || failure.contains(&format!("{}/", account(7))), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_codepipeline_does_not_answer_a_sweep_is_broken_off() {
    let world = World::simulated().await;
    for pipeline in 0..100 {
        let pipeline = service(&name("us-east-2", pipeline), ExecutionMode::Superseded, ApprovalAction::default());
        world.aws().codepipeline.create(pipeline).unwrap();
    }
    world.fail(Calls::of("GetPipelineState"), Fault::HangBefore);
    let began = Instant::now();
    let failure = world.invoke(json!({"sweep": {}})).await.unwrap_err();
    assert!(failure.contains("codepipeline:GetPipelineState"), "{failure}");
    assert!(began.elapsed().as_secs() < 30, "{:?} instead of 150 seconds", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_round_outlasts_an_outage_of_a_quarter_of_an_hour() {
    // The round itself asks the ledger once.
    for down in [Calls::of("ListPipelines"), Calls::of("AssumeRole"), Calls::of("Query").skip(1)] {
        let what = format!("{down:?}");
        let world = World::simulated().await;
        let pipeline = service(&name("us-east-2", 0), ExecutionMode::Superseded, ApprovalAction::default());
        world.aws().codepipeline.create(pipeline).unwrap();
        world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
        world.aws().codepipeline.start(&name("us-east-2", 0), by_a_developer()).unwrap();
        world.settle().await;
        world.heal();
        world.fail(down, Fault::ErrorBefore);
        world.command(json!({"round": {}})).await;
        sleep(Duration::from_mins(15)).await;
        assert_eq!(world.requests().await.len(), 0, "{what}");
        world.heal();
        world.settle().await;
        assert_eq!(world.requests().await.len(), 2, "{what}: Alice and Bob");
    }
}
