//! Delivery of emails: at least once to each approver, and exactly once if SES answered.

use sandbox::codepipeline::ExecutionMode;
use sandbox::simulation::{Calls, Fault};
use serde_json::json;
use tests::{ALICE, BOB, World, eventbridge};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_does_not_affect_the_others() {
    let world = World::new().await;
    let ses = &world.aws().ses;
    ses.refuse(BOB, "MessageRejected", "Address is on the blocklist");
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("EmailsNotSent")), "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("1 of 2 emails were not sent (ses:SendRawEmail: MessageRejected)"), "{message}");
    assert!(!message.contains(BOB), "no address in an error");
    assert_eq!(world.mail_to(ALICE).await.to, ALICE);

    let (status, _) = world.event(&eventbridge()).await;
    assert_eq!((status, world.mails().await.len()), (500, 1), "the retry sends nothing twice");

    ses.accept(BOB);
    let report = world.play(&eventbridge()).await;
    assert_eq!((&report["results"][0]["sent"], &report["results"][0]["alreadySent"]), (&json!(1), &json!(1)));
    assert_eq!(world.mails().await.len(), 2);
    assert_eq!(world.mail_to(BOB).await.to, BOB);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_while_the_pipeline_cannot_be_read() {
    let world = World::simulated().await;
    let aws = world.aws();
    aws.ses.refuse(BOB, "MessageRejected", "Address is on the blocklist");
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    aws.ses.accept(BOB);
    // What the ledger has is no reason to send an email while CodePipeline does not show that the approval waits.
    world.fail(Calls::of("GetPipeline").take(3), Fault::ErrorBefore);
    assert_eq!((world.event(&eventbridge()).await.0, world.mails().await.len()), (500, 1));
    let report = world.play(&eventbridge()).await;
    assert_eq!((&report["results"][0]["sent"], &report["results"][0]["alreadySent"]), (&json!(1), &json!(1)));

    // Neither account nor time-out are guessed.
    let other = World::simulated().await;
    other.fail(Calls::of("GetPipeline").take(3), Fault::ErrorBefore);
    let (status, error) = other.event(&eventbridge()).await;
    assert_eq!((status, other.mails().await.len()), (500, 0), "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains("codepipeline:GetPipeline"), "{error}");
    other.play(&eventbridge()).await;
    assert_eq!(other.mails().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_is_shown_late_is_read_once_more() {
    let world = World::simulated().await;
    world.service(ExecutionMode::Queued);
    world.fail(Calls::of("GetPipelineExecution").take(1), Fault::NotFoundYet);
    world.start_as("arn:aws:iam::123456789012:user/carol").await;
    assert!(world.mail_to(ALICE).await.text.contains("user/carol"), "who started it");
    assert!(world.failures().is_empty(), "in one invocation");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_approvers_get_fifty_emails() {
    let approvers: Vec<String> = (0..50).map(|n| format!("person{n}@example.com")).collect();
    let world = World::of(&approvers.join(","), 3).await;
    let report = world.play(&eventbridge()).await;
    assert_eq!(report["results"][0]["sent"], 50);
    let mut to: Vec<String> = world.mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn the_claim_of_a_dead_invocation_lapses() {
    let world = World::simulated_of(ALICE, 1).await;
    world.fail(Calls::of("SendRawEmail"), Fault::KilledBefore);
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    world.heal();
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!(status, 500);
    assert!(error["errorMessage"].as_str().unwrap().contains("another invocation is sending it"), "{error}");
    assert!(world.mails().await.is_empty());
    world.advance(time::Duration::seconds(121)).await;
    world.play(&eventbridge()).await;
    assert_eq!(world.mails().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_email_goes_out_when_the_changes_cannot_be_read() {
    let world = World::simulated().await;
    world.fail(Calls::of("GetPipelineExecution"), Fault::Denied);
    world.play(&eventbridge()).await;
    let alice = world.mail_to(ALICE).await;
    assert_eq!(world.press(&alice.approve, "").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_notice_asks_nobody_before_codepipeline_shows_its_approval() {
    let world = World::simulated().await;
    for operation in ["GetPipelineState", "GetPipeline", "ListActionExecutions"] {
        world.fail(Calls::of(operation).take(1), Fault::Denied);
        assert_eq!(world.event(&tests::sns()).await.0, 500, "{operation}");
        assert!(world.mails().await.is_empty(), "{operation}");
    }
    world.play(&tests::sns()).await;
    let alice = world.mail_to(ALICE).await;
    assert!(alice.text.contains("Review the latest changes and approve or reject within seven days."));
    assert_eq!(world.press(&alice.approve, "").await.status, 200);
    assert_eq!(world.approval_state().await["status"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn an_event_fails_loudly_when_the_token_cannot_be_read() {
    let world = World::simulated().await;
    world.fail(Calls::of("GetPipelineState"), Fault::Denied);
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("ApprovalNotFound")));
    assert!(
        error["errorMessage"].as_str().unwrap().contains("codepipeline:GetPipelineState: AccessDeniedException"),
        "{error}"
    );
}
