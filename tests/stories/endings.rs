//! The endings of an approval: its links always show the one that happened.

use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::{ALICE, Mail, World, changed, eventbridge};

const EXECUTION: &str = "12345678-1234-5678-abcd-12345678abcd";

/// Puts a result as a user of the AWS console would.
async fn put(world: &World, status: &str, summary: &str) -> Result<Value, String> {
    let token = world.approval_state().await["token"].as_str().unwrap_or("gone").to_owned();
    put_with(world, &token, status, summary).await
}

async fn put_with(world: &World, token: &str, status: &str, summary: &str) -> Result<Value, String> {
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": token, "result": {"status": status, "summary": summary},
    });
    world.codepipeline("PutApprovalResult", input).await
}

async fn start(world: &World) -> String {
    let answer = world.codepipeline("StartPipelineExecution", json!({"name": "service"})).await.unwrap();
    answer["pipelineExecutionId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_in_the_console() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    put(&world, "Approved", "ok from the console").await.unwrap();
    for link in [&alice.approve, &alice.reject, &bob.approve, &bob.reject] {
        let page = world.get(link).await;
        assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already approved"));
        assert!(page.body.contains("user/AKIAOPERATOR") && page.body.contains("ok from the console"), "{}", page.body);
        assert!(page.body.contains("20 November 2026, 09:25 UTC") && !page.has_form(), "{}", page.body);
    }
    assert_eq!(world.post(&alice.approve, &[("decision", "Approved")]).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_by_cli() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    put(&world, "Rejected", "").await.unwrap();
    let page = world.get(&alice.approve).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already rejected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_click_the_cli_is_too_late() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    world.press(&alice.approve, "").await;
    assert_eq!(put_with(&world, &token, "Rejected", "no!").await, Err("ApprovalAlreadyCompletedException".to_owned()));
    assert_eq!(put_with(&world, "another", "Rejected", "no!").await, Err("InvalidApprovalTokenException".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn expired() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.advance(time::Duration::days(7) - time::Duration::minutes(11)).await;
    assert_eq!(world.get(&alice.approve).await.status, 200, "a minute before");
    world.advance(time::Duration::minutes(12)).await;
    assert_eq!(world.execution_status("MyFirstPipeline", EXECUTION).await, "Failed");
    for page in [world.get(&alice.approve).await, world.post(&alice.approve, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (410, "This link has expired"));
        assert!(page.body.contains("start the pipeline again"), "{}", page.body);
    }
    assert_eq!(world.calls("PutApprovalResult"), 0);
}

/// The account's quota was raised, and the setting was not: the clock of ours says that all is over, and CodePipeline that
/// it waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_waits_for_longer_than_we_think_is_not_closed() {
    let world = World::new().await;
    world.aws().codepipeline.set_default_timeout(time::Duration::days(14));
    let (alice, _) = world.ask().await;
    world.sandbox().skip(time::Duration::days(10)).await;
    world.sweep().await.unwrap();
    assert_eq!(world.get(&alice.approve).await.status, 410);
    assert!(world.outcomes().await.is_empty());
    put(&world, "Approved", "by hand").await.unwrap();
    world.settle().await;
    let told = world.outcomes().await;
    assert_eq!(told.len(), 2, "both approvers hear of it");
    assert!(told[0].text.starts_with("MyFirstPipeline was approved"), "{}", told[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let stop = json!({"pipelineName": "MyFirstPipeline", "pipelineExecutionId": EXECUTION, "abandon": true});
    world.codepipeline("StopPipelineExecution", stop).await.unwrap();
    for page in [world.get(&alice.approve).await, world.post(&alice.approve, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (410, "This release was stopped"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_while_it_waits() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.play(&changed(eventbridge(), "/detail/execution-id", json!("22222222-1234-5678-abcd-12345678abcd"))).await;
    for page in [world.get(&alice.approve).await, world.post(&alice.reject, &[("decision", "Rejected")]).await] {
        assert_eq!((page.status, page.title()), (410, "This approval is no longer needed"));
    }
    assert_eq!(world.execution_status("MyFirstPipeline", EXECUTION).await, "Superseded");
    let newer = world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    assert_eq!(world.press(&newer.approve, "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_by_a_start() {
    let world = World::new().await;
    world.service(sandbox::codepipeline::ExecutionMode::Superseded);
    let first = start(&world).await;
    let alice = world.mail_to(ALICE).await;
    let second = start(&world).await;
    assert_eq!(world.get(&alice.approve).await.status, 410);
    assert_eq!(world.execution_status("service", &first).await, "Superseded");
    let newer = world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    assert_eq!(world.press(&newer.approve, "").await.status, 200);
    assert_eq!(world.execution_status("service", &second).await, "Succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_without_an_event_about_it() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    // The event about the end is lost, so that only CodePipeline has it.
    let stop = json!({"pipelineName": "MyFirstPipeline", "pipelineExecutionId": EXECUTION, "abandon": true});
    world.aws().codepipeline.call("StopPipelineExecution", &stop, "arn:aws:iam::123456789012:user/carol").unwrap();
    assert_eq!(world.get(&alice.approve).await.status, 200, "a visit asks the ledger alone");
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (410, "This release was stopped"));
}

/// Stops the default execution in a CodePipeline that does not show what `operation` reads any more.
async fn stopped_unseen(operation: &'static str) -> (World, Mail, Mail) {
    let world = World::simulated().await;
    let (alice, bob) = world.ask().await;
    world.fail(Calls::of(operation), Fault::NotFoundYet);
    let stop = json!({"pipelineName": "MyFirstPipeline", "pipelineExecutionId": EXECUTION, "abandon": true});
    world.codepipeline("StopPipelineExecution", stop).await.unwrap();
    (world, alice, bob)
}

async fn assert_not_shown_to(world: &World, links: [&str; 2]) {
    let [press, open] = links;
    for page in [world.post(press, &[("decision", "Approved")]).await, world.get(open).await] {
        assert_eq!((page.status, page.title()), (410, "This approval is over"));
        assert!(page.body.contains("does not show how it ended. Nothing was decided just now."), "{}", page.body);
    }
}

async fn assert_told_as_not_shown(world: &World) {
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.len(), 2);
    for mail in outcomes {
        assert!(mail.text.starts_with("AWS no longer shows the approval of MyFirstPipeline"), "{}", mail.text);
        assert!(mail.text.contains("no longer shows this approval, so we cannot say how it ended."), "{}", mail.text);
        for guess in
            ["was approved", "was rejected", "was stopped", "not approved in time", "no longer needed", "newer"]
        {
            assert!(!mail.text.contains(guess), "{guess}: {}", mail.text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_codepipeline_no_longer_shows_is_told_as_exactly_that() {
    // As after the pipeline was deleted.
    let (world, alice, bob) = stopped_unseen("ListActionExecutions").await;
    assert_told_as_not_shown(&world).await;
    assert_not_shown_to(&world, [&alice.approve, &bob.approve]).await;
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_approval_whose_execution_is_not_shown_is_told_as_exactly_that() {
    let (world, alice, bob) = stopped_unseen("GetPipelineExecution").await;
    // CodePipeline's lists lag: what they do not show at once, they may show in a while.
    assert!(world.outcomes().await.is_empty());
    world.advance(time::Duration::minutes(31)).await;
    assert_not_shown_to(&world, [&alice.approve, &bob.approve]).await;
    world.sweep().await.unwrap();
    assert_told_as_not_shown(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_executions_are_asked_for_one_after_the_other() {
    let world = World::new().await;
    world.service(sandbox::codepipeline::ExecutionMode::Queued);
    let (first, second) = (start(&world).await, start(&world).await);
    let alice = world.mail_to(ALICE).await;
    world.press(&alice.approve, "").await;
    assert_eq!(world.execution_status("service", &first).await, "Succeeded");
    world.settle().await;
    let newer = world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    assert_ne!(newer.approve, alice.approve);
    assert_eq!(world.get(&alice.approve).await.status, 200, "Alice's link, after the decision");
    world.press(&newer.reject, "").await;
    assert_eq!(world.execution_status("service", &second).await, "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_executions_are_decided_each_for_itself() {
    let world = World::new().await;
    world.service(sandbox::codepipeline::ExecutionMode::Parallel);
    let (first, second) = (start(&world).await, start(&world).await);
    let mails: Vec<_> = world.requests().await.into_iter().filter(|mail| mail.to == ALICE).collect();
    let of = |execution: &str| mails.iter().find(|mail| mail.text.contains(execution)).unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(world.press(&of(&second).approve, "").await.status, 200);
    assert_eq!(world.execution_status("service", &second).await, "Succeeded");
    assert_eq!(world.execution_status("service", &first).await, "InProgress");
    assert_eq!(world.press(&of(&first).reject, "").await.status, 200);
    assert_eq!(world.execution_status("service", &first).await, "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parallel_approval_decided_by_cli() {
    let world = World::new().await;
    world.service(sandbox::codepipeline::ExecutionMode::Parallel);
    let execution = start(&world).await;
    let alice = world.mail_to(ALICE).await;
    let filter = json!({"pipelineName": "service", "filter": {"pipelineExecutionId": execution}});
    let actions = world.codepipeline("ListActionExecutions", filter).await.unwrap();
    let waiting = actions["actionExecutionDetails"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["actionName"] == "Approve")
        .unwrap()
        .clone();
    assert!(alice.text.contains("Look at "), "{}", alice.text);
    assert!(!alice.text.contains("#{"), "the variables are resolved");
    let input = json!({
        "pipelineName": "service", "stageName": "Prod", "actionName": "Approve",
        "token": waiting["output"]["executionResult"]["externalExecutionId"], "result": {"status": "Approved", "summary": "by hand"},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    let page = world.get(&alice.reject).await;
    assert_eq!((page.status, page.title()), (409, "service was already approved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_in_the_console_a_moment_before_the_press() {
    for (console, press) in [("Approved", "Rejected"), ("Rejected", "Approved"), ("Approved", "Approved")] {
        let world = World::new().await;
        let (alice, _) = world.ask().await;
        let input = json!({
            "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
            "token": world.approval_state().await["token"], "result": {"status": console, "summary": "by hand"},
        });
        // Directly in CodePipeline, so that the ledger does not learn of it from an event first.
        world.aws().codepipeline.call("PutApprovalResult", &input, "arn:aws:iam::123456789012:user/carol").unwrap();
        let link = if press == "Approved" { &alice.approve } else { &alice.reject };
        let page = world.post(link, &[("decision", press)]).await;
        let title = format!("MyFirstPipeline was already {}", console.to_lowercase());
        assert_eq!((page.status, page.title()), (409, title.as_str()), "{console} against {press}");
        assert!(page.body.contains("user/carol") && page.body.contains("by hand"), "{}", page.body);
        assert_eq!(world.get(link).await.body, page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_stage_sends_new_requests_and_old_links_stay_with_the_old_approval() {
    let world = World::new().await;
    world.service(sandbox::codepipeline::ExecutionMode::Superseded);
    let execution = start(&world).await;
    let first = world.mail_to(ALICE).await;
    world.press(&first.reject, "not yet").await;
    world.settle().await;
    world.advance(time::Duration::hours(1)).await;
    let retry = json!({
        "pipelineName": "service", "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS",
    });
    world.codepipeline("RetryStageExecution", retry).await.unwrap();
    let second = world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    assert_ne!(second.approve, first.approve);
    assert_eq!(world.get(&first.approve).await.title(), "service was already rejected");
    assert_eq!(world.press(&second.approve, "now").await.title(), "service was approved");
    world.settle().await;
    assert_eq!(world.execution_status("service", &execution).await, "Succeeded");
    assert_eq!(world.get(&first.approve).await.title(), "service was already rejected", "the first stays what it was");
    assert_eq!(world.get(&first.reject).await.status, 200);
    assert!(world.failures().is_empty());
}
