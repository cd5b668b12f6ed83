//! The list of accounts that are served, where a part of it is in a parameter of Systems Manager.

use sandbox::codepipeline::{ApprovalAction, ExecutionMode, PipelineDefinition, Trigger};
use sandbox::{ACCOUNTS, Options};
use serde_json::{Value, json};
use tests::{ALICE, World, service};
use time::Duration;

const OTHER: &str = "210987654321";
const REFUSED: &str = "You can no longer decide this by email";

/// A world whose settings name the hub's own account, and whose parameter has this text.
async fn world(further: &str) -> World {
    let policy = format!("[default]\napprovers = [\"{ALICE}\"]");
    World::with(Options { policy: Some(policy), further_accounts: Some(further.to_owned()), ..Options::default() })
        .await
}

/// An approval that waits in another account.
async fn waits(world: &World) {
    let service = service("service", ExecutionMode::Superseded, ApprovalAction::default());
    world.aws().codepipeline.create(PipelineDefinition { account: OTHER.to_owned(), ..service }).unwrap();
    let developer = Trigger::StartPipelineExecution(format!("arn:aws:iam::{OTHER}:user/dev"));
    world.aws().codepipeline.start("service", developer).unwrap();
    world.settle().await;
}

/// Saves the list, and waits until the functions read it.
async fn save(world: &World, text: &str) {
    world.aws().put_parameter(ACCOUNTS, text).await.unwrap();
    world.advance(Duration::minutes(1)).await;
}

/// How many sessions the functions have begun in the other account.
fn sessions(world: &World) -> usize {
    world
        .aws()
        .calls()
        .iter()
        .filter(|call| call.caller.contains(&format!("::{OTHER}:assumed-role/countersign-")))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_parameter_is_served_like_one_of_the_settings() {
    let world = world(&format!("333333333333\n{OTHER}\n")).await;
    waits(&world).await;
    let mail = world.mail_to(ALICE).await;
    let page = world.press(&mail.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "service was approved"));
    world.settle().await;
    assert_eq!(world.failures(), [""; 0]);
    assert_eq!(world.metric("UnservedEvents"), 0);
    let listed = world.aws().calls().iter().filter(|call| call.operation == "GetParameter").count();
    assert!(listed <= 5, "the list is read once a minute: {listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_taken_off_the_list_is_left_alone_by_both_functions() {
    let world = world(OTHER).await;
    waits(&world).await;
    let mail = world.mail_to(ALICE).await;
    save(&world, "333333333333").await;
    let (before, votes) = (sessions(&world), world.metric("Votes"));
    for page in [
        world.get(&mail.approve).await,
        world.post(&mail.approve, &[("decision", "Approved"), ("comment", "")]).await,
        world.post(&mail.reject, &[("decision", "Rejected"), ("comment", "no")]).await,
    ] {
        assert_eq!((page.status, page.title()), (410, REFUSED), "{}", page.body);
        assert!(!page.has_form() && !page.body.contains("service"), "{}", page.body);
    }
    assert_eq!(world.metric("Votes"), votes, "nothing was recorded");
    assert_eq!(world.metric("Refusals"), 3);

    let history = world.play(&json!({"history": {"pipeline": "service"}})).await;
    let key = history["results"][0]["approvals"][0]["key"].clone();
    for event in [
        tests::changed(tests::eventbridge(), "/account", json!(OTHER)),
        json!({"source": "countersign", "detail-type": "Request Missing", "detail": {
            "deployment": "sandbox", "account": OTHER, "region": "us-east-2", "pipeline": "service", "stage": "Prod",
            "action": "Approve",
        }}),
    ] {
        let report = world.play(&event).await;
        assert_eq!(report["results"][0]["result"], "ignored", "{report}");
    }
    assert_eq!(world.metric("UnservedEvents"), 2);
    for command in [json!({"sweep": {"account": OTHER}}), json!({"doctor": {"account": OTHER}})] {
        let (_, report) = world.event(&command).await;
        assert!(report.to_string().contains("the account 210987654321 is not served"), "{report}");
    }
    // By its key, an approval is found wherever it is.
    let (_, report) = world.event(&json!({"evidence": {"key": key}})).await;
    assert!(report.to_string().contains("sts:AssumeRole: the account is not served"), "{report}");
    world.sweep().await.unwrap();
    assert_eq!(sessions(&world), before, "no role was assumed, and no kept session was used");

    save(&world, OTHER).await;
    assert_eq!(world.press(&mail.approve, "").await.title(), "service was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_list_cannot_be_read_nothing_is_served_but_what_the_settings_name() {
    let world = world(OTHER).await;
    waits(&world).await;
    let mail = world.mail_to(ALICE).await;
    save(&world, &format!("{OTHER}, 21098765432")).await;
    let problem =
        "/sandbox/accounts, version 2, is no list of accounts: element 2, \"21098765432\": the account is not";

    let page = world.post(&mail.approve, &[("decision", "Approved"), ("comment", "")]).await;
    assert_eq!(page.status, 500, "the alarm on 5xx tells of it");
    assert!(page.body.contains("is not set up correctly"), "{}", page.body);
    assert_eq!(world.metric("Votes"), 0);
    let (status, error) = world.event(&tests::changed(tests::eventbridge(), "/account", json!(OTHER))).await;
    assert_eq!(status, 500);
    assert!(error["errorMessage"].as_str().unwrap().contains(problem), "{error}");
    assert!(world.sweep().await.unwrap_err().contains(problem));
    let report = world.play(&json!({"doctor": {}})).await;
    let findings = report["results"][0]["findings"].as_array().unwrap();
    let unsound: Vec<&Value> = findings.iter().filter(|finding| finding["sound"] == false).collect();
    assert_eq!((unsound.len(), unsound[0]["check"].as_str()), (1, Some("accounts")), "{report}");
    assert!(unsound[0]["found"].as_str().unwrap().contains(problem), "{report}");
    // The settings have the hub's own account.
    world.play(&tests::eventbridge()).await;
    assert_eq!(world.requests().await.len(), 2, "one for each account");

    save(&world, OTHER).await;
    assert_eq!(world.press(&mail.approve, "").await.title(), "service was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_holds_something_else_is_not_repeated() {
    let world = world("[default]\napprovers = [\"ada@example.com\"]").await;
    let (_, error) = world.event(&json!({"sweep": {}})).await;
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("element 1: the account is not") && !message.contains("ada"), "{message}");
}
