//! The command that lists every approval action, and who would be asked.

use sandbox::codepipeline::{ApprovalAction, ExecutionMode};
use serde_json::{Value, json};
use tests::{ALICE, BOB, World, service};

fn policy() -> String {
    format!(
        "[[route]]\nname = \"shops\"\npipeline = \"shop-*\"\napprovers = [\"Alice Archer <{ALICE}>\", \"{BOB}\"]\n\
         quorum = 2\ncopy = [\"dora@example.com\"]\n\
         [[route]]\npipeline = \"Bank\"\napprovers = [\"{BOB}\"]\n"
    )
}

async fn world() -> World {
    let world = World::under(&policy()).await;
    for name in ["shop-a", "bank", "other"] {
        world.aws().codepipeline.create(service(name, ExecutionMode::Queued, ApprovalAction::default())).unwrap();
    }
    world
}

fn of<'a>(list: &'a Value, approval: &str) -> &'a Value {
    list["actions"].as_array().unwrap().iter().find(|action| action["approval"] == approval).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_approval_action_is_listed_with_whom_it_would_ask_or_why_nobody() {
    let world = world().await;
    let report = world.play(&json!({"routes": {}})).await;
    let list = &report["results"][0];
    assert_eq!((&list["result"], &list["policyVersion"]), (&json!("routes"), &json!(1)), "{report}");
    assert_eq!(list["actions"].as_array().unwrap().len(), 3, "no other actions: {report}");
    let shop = json!({
        "approval": "shop-a/Prod/Approve", "account": "123456789012", "region": "us-east-2", "route": "shops",
        "quorum": 2, "approvers": [{"address": ALICE, "name": "Alice Archer"}, {"address": BOB}],
        "copy": [{"address": "dora@example.com"}],
    });
    assert_eq!(of(list, "shop-a/Prod/Approve"), &shop);
    let why = |approval| of(list, approval)["nobodyBecause"].as_str().unwrap().to_owned();
    assert!(why("other/Prod/Approve").contains("no route of policy version 1 matches"), "{report}");
    assert!(why("bank/Prod/Approve").contains("would match if capitals and small letters were the same"), "{report}");
    assert!(list["unread"].is_null() && world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_warns_of_actions_without_a_route_and_stays_sound() {
    let world = world().await;
    let report = world.play(&json!({"doctor": {}})).await;
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "routes").unwrap();
    let found = "approval actions in the pipelines here: 3; warning: the policy has no route for bank/Prod/Approve, \
                 other/Prod/Approve";
    assert_eq!((&finding["sound"], &finding["found"]), (&json!(true), &json!(found)), "{report}");
    world.save_policy(&format!("{}[default]\napprovers = [\"{ALICE}\"]", policy())).await;
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]")).await;
    let report = world.play(&json!({"doctor": {}})).await;
    assert!(!report.to_string().contains("has no route"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_or_with_arguments_the_command_fails() {
    let world = world().await;
    let (status, error) = world.event(&json!({"routes": {"pipeline": "bank"}})).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("UnreadableEvent")), "{error}");
    world.save_policy("[default]").await;
    let (status, error) = world.event(&json!({"routes": {}})).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("PolicyError")), "{error}");
}
