//! A deployment for the pipelines alone whose names begin with a prefix, and how long its ledger keeps things.

use countersign::ledger::DEFAULT_RETENTION;
use sandbox::Options;
use sandbox::aws::ACCOUNT;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode, Trigger};
use serde_json::{Value, json};
use tests::{ALICE, World, service};

use crate::operations::{diagnosis, misconfigured, unsound};

const OURS: &str = "team-a-web";
const THEIRS: &str = "team-b-web";

/// A world in which an approval waits in a pipeline of ours, and one in a pipeline of others.
async fn world() -> World {
    let policy = Some(format!("[default]\napprovers = [\"{ALICE}\"]"));
    let world =
        World::with(Options { policy, pipeline_prefix: Some("team-a-".to_owned()), ..Options::default() }).await;
    for name in [OURS, THEIRS] {
        world.aws().codepipeline.create(service(name, ExecutionMode::Superseded, ApprovalAction::default())).unwrap();
        let developer = Trigger::StartPipelineExecution(format!("arn:aws:iam::{ACCOUNT}:user/dev"));
        world.aws().codepipeline.start(name, developer).unwrap();
    }
    world.settle().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_waits_in_a_pipeline_of_the_prefix_is_asked() {
    let world = world().await;
    assert_eq!(world.failures(), [""; 0], "an event of another pipeline is no fault");
    assert_eq!(world.metric("UnservedEvents"), 0, "nor an alarm");
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains(OURS), "{}", mails[0].subject);
    // The sweep asks what it finds waiting, and looks through no other pipeline.
    let swept = world.play(&json!({"sweep": {}})).await;
    assert_eq!((&swept["results"][0]["looked"], &swept["results"][0]["asked"]), (&json!(1), &json!(0)), "{swept}");
    let before = world.calls("GetPipeline");
    let routes = world.play(&json!({"routes": {}})).await;
    let actions = routes["results"][0]["actions"].as_array().unwrap();
    assert_eq!((actions.len(), &actions[0]["approval"]), (1, &json!("team-a-web/Prod/Approve")), "{routes}");
    assert_eq!(world.calls("GetPipeline") - before, 1, "no other pipeline is read, which the roles may not allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_about_another_pipeline_is_refused_by_name() {
    let world = world().await;
    let command = |name: &str| json!({"resend": {"pipeline": name, "stage": "Prod", "action": "Approve"}});
    let notifier = misconfigured(&world, "", "");
    let refused = notifier.handle(&command(THEIRS), "request").await.unwrap_err().to_string();
    assert!(refused.contains("the pipeline team-b-web is not served"), "{refused}");
    assert!(refused.contains("PipelineNamePrefix"), "{refused}");
    assert!(notifier.handle(&command(OURS), "request").await.is_ok());
}

/// What was asked before the prefix was given can be decided by no link, and the pages say so.
#[tokio::test(flavor = "multi_thread")]
async fn links_of_pipelines_that_are_not_served_any_more_are_refused() {
    let world = world().await;
    let before = misconfigured(&world, "COUNTERSIGN_PIPELINE_PREFIX", "");
    before.handle(&json!({"sweep": {}}), "request").await.unwrap();
    let mails = world.mails().await;
    let theirs = mails.iter().find(|mail| mail.subject.contains(THEIRS)).unwrap();
    let form = [("decision", "Approved"), ("comment", "")];
    for page in [world.get(&theirs.approve).await, world.post(&theirs.approve, &form).await] {
        assert_eq!((page.status, page.title()), (410, "You can no longer decide this by email"));
    }
    let requests = world.ledger().requests().await;
    assert!(requests.iter().all(|request| request["votes"]["M"] == json!({})), "no vote is recorded");
}

/// What was asked before the prefix was given is left alone, and keeps nothing from the rest.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_elsewhere_is_left_when_the_prefix_changes() {
    let world = world().await;
    let narrowed = misconfigured(&world, "COUNTERSIGN_PIPELINE_PREFIX", "team-b-");
    let swept = narrowed.handle(&json!({"sweep": {}}), "request").await.unwrap();
    let swept: Value = serde_json::to_value(&swept).unwrap();
    assert_eq!(swept["results"][0]["asked"], json!(1), "theirs, and nothing of ours: {swept}");
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_wants_the_rules_to_have_the_same_prefix() {
    let world = world().await;
    world.aws().forwarding.enable_test_events();
    let event = json!({"doctor": {"test_event": true}});
    let report = world.play(&event).await;
    assert_eq!(report["results"][0]["sound"], true, "{report}");
    for prefix in ["", "team-"] {
        let other = misconfigured(&world, "COUNTERSIGN_PIPELINE_PREFIX", prefix);
        let diagnosis = diagnosis(&world, &other).await;
        assert_eq!(unsound(&diagnosis), ["rules"], "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_keeps_what_it_has_for_as_long_as_the_setting_says() {
    const DAY: i64 = 24 * 60 * 60;
    let ends = |item: &serde_json::Map<String, Value>| item["ttl"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let world = world().await;
    let before = ends(&world.ledger().request().await);
    let deliveries = world.ledger().items().await;
    let lives = deliveries.iter().filter(|item| item.contains_key("ttl")).map(ends).min();
    assert_eq!(lives, Some(before), "everything of a request goes with it");
    let longer = misconfigured(&world, "COUNTERSIGN_RECORD_RETENTION_DAYS", "3653");
    world.ledger().delete(&world.ledger().request().await).await;
    longer.handle(&json!({"sweep": {}}), "request").await.unwrap();
    let after = ends(&world.ledger().request().await);
    assert_eq!(after - before, (3_653 - DEFAULT_RETENTION.whole_days()) * DAY);
}
