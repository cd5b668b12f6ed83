//! However an approval ends, everybody who was asked gets one email about it, in the same thread.

use sandbox::codepipeline::ExecutionMode;
use sandbox::simulation::{Calls, Fault};
use serde_json::json;
use tests::{ALICE, BOB, Mail, World, eventbridge};

/// The header's value, unfolded.
fn header(mail: &Mail, name: &str) -> String {
    let raw = mail.raw.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = raw.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap_or_default();
    line.split_once(": ").unwrap_or_default().1.to_owned()
}

async fn one_each(world: &World) -> (Mail, Mail) {
    let outcomes = world.outcomes().await;
    let of = |address: &str| {
        let mut mails = outcomes.iter().filter(|mail| mail.to == address);
        let mail = mails.next().unwrap_or_else(|| panic!("{address} was not told")).clone();
        assert!(mails.next().is_none(), "{address} was told twice");
        mail
    };
    assert_eq!(outcomes.len(), 2);
    // The same thread as an email that asked them: one subject but for the Re, one made-up ancestor.
    let requests = world.requests().await;
    for told in &outcomes {
        assert!(!header(told, "References").is_empty());
        let is_of = |asked: &&Mail| asked.to == told.to && header(asked, "References") == header(told, "References");
        let asked = requests.iter().find(is_of).unwrap_or_else(|| panic!("no thread for {}", told.subject));
        assert_eq!(told.subject, format!("Re: {}", asked.subject));
    }
    (of(ALICE), of(BOB))
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_by_links() {
    let world = World::of(&format!("Alice Archer <{ALICE}>, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "Totals agree").await;
    world.press(&bob.approve, "Ship <b>it</b>").await;
    world.settle().await;
    let (told, _) = one_each(&world).await;
    for words in [
        "MyFirstPipeline was approved",
        "Approved by Alice Archer <alice@example.com>, bob@example.com on 20 November 2026, 09:25 UTC.",
        "The pipeline continues.",
        "> Totals agree",
        "> Ship <b>it</b>",
    ] {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    assert!(told.html.contains("Ship &#60;b&#62;it&#60;/b&#62;"), "{}", told.html);
    assert!(!told.raw.contains("/approval?t="), "nothing is left to decide");
    assert_eq!(header(&told, "Auto-Submitted"), "auto-generated");
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_in_the_console_or_at_a_terminal() {
    for (status, words) in [("Approved", "Approved in AWS by user/AKIAOPERATOR"), ("Rejected", "Rejected in AWS by")] {
        let world = World::new().await;
        world.ask().await;
        let input = json!({
            "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
            "token": world.approval_state().await["token"], "result": {"status": status, "summary": "spoke with the auditors"},
        });
        world.codepipeline("PutApprovalResult", input).await.unwrap();
        let (told, _) = one_each(&world).await;
        assert!(told.text.contains(words) && told.text.contains("> spoke with the auditors"), "{}", told.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answered() {
    let world = World::new().await;
    world.ask().await;
    world.advance(time::Duration::days(7)).await;
    let (told, _) = one_each(&world).await;
    assert!(told.text.starts_with("MyFirstPipeline was not approved in time"), "{}", told.text);
    assert!(told.text.contains("the stage was marked as failed"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_answered() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "fine by me").await;
    world.advance(time::Duration::days(7)).await;
    let (_, told) = one_each(&world).await;
    assert!(told.text.contains("Not enough people had approved by 27 November 2026, 09:25 UTC."), "{}", told.text);
    assert!(told.text.contains("> fine by me"), "{}", told.text);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_have_been_asked_is_told() {
    let world = World::simulated().await;
    // Bob gets the request, and every answer of SES to that is lost.
    let aws = world.aws();
    world.fail(Calls::of("SendRawEmail").skip(1), Fault::ErrorAfter);
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    let asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
    assert!(asked.contains(&ALICE.to_owned()) && asked.contains(&BOB.to_owned()), "{asked:?}");
    world.heal();
    // The next try is refused for certain: that does not take back what may have arrived before.
    for address in [ALICE, BOB] {
        aws.ses.refuse(address, "MessageRejected", "");
    }
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    for address in [ALICE, BOB] {
        aws.ses.accept(address);
    }
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": "Approved", "summary": "by hand"},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    one_each(&world).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_throttled_away_was_not_asked() {
    let world = World::simulated().await;
    world.fail(Calls::of("SendRawEmail"), Fault::Throttled);
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    let history = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    for person in history["results"][0]["approvals"][0]["people"].as_array().unwrap() {
        assert_eq!(person["mails"][0]["state"], "failed", "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_execution_took_over() {
    let world = World::new().await;
    world.service(ExecutionMode::Superseded);
    world.start_as("arn:aws:iam::123456789012:user/dev").await;
    world.start_as("arn:aws:iam::123456789012:user/dev").await;
    let (told, _) = one_each(&world).await;
    assert!(told.text.starts_with("Approval of service is no longer needed"), "{}", told.text);
    assert_eq!(world.requests().await.len(), 4, "the newer one asks, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_stopped_it() {
    let world = World::new().await;
    world.service(ExecutionMode::Queued);
    let execution = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    let input = json!({"pipelineName": "service", "pipelineExecutionId": execution, "abandon": true});
    world.codepipeline("StopPipelineExecution", input).await.unwrap();
    let (told, _) = one_each(&world).await;
    assert!(told.text.starts_with("The release of service was stopped"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_once_however_often_the_event_comes() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    world.settle().await;
    let mut ended = eventbridge();
    ended["detail"]["state"] = json!("SUCCEEDED");
    ended["detail"]["execution-id"] = json!(world.execution().await);
    for _ in 0..3 {
        let report = world.play(&ended).await;
        assert_eq!((&report["results"][0]["result"], &report["results"][0]["told"]), (&json!("ended"), &json!(0)));
    }
    world.advance(time::Duration::hours(2)).await;
    one_each(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_never_asked_is_not_told() {
    let world = World::new().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    world.press(&world.mail_to(ALICE).await.approve, "").await;
    world.aws().ses.accept(BOB);
    world.settle().await;
    world.advance(time::Duration::hours(1)).await;
    let told: Vec<String> = world.outcomes().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, [ALICE]);
    assert_eq!(world.requests().await.len(), 1, "it is over: nobody is asked any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_cannot_be_told_keeps_nobody_else_from_it_and_is_told_later() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    world.press(&alice.approve, "").await;
    world.settle().await;
    assert_eq!(world.failures().pop().unwrap().split(':').next(), Some("EmailsNotSent"));
    assert_eq!(world.outcomes().await.len(), 1);
    world.aws().ses.accept(BOB);
    world.advance(time::Duration::hours(1)).await;
    one_each(&world).await;
}
