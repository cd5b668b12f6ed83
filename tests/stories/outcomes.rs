//! Outcome emails: everybody who got a request gets one, in the same thread, however the approval ends.

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
        let mail = mails.next().unwrap_or_else(|| panic!("no outcome email to {address}")).clone();
        assert!(mails.next().is_none(), "two outcome emails to {address}");
        mail
    };
    assert_eq!(outcomes.len(), 2);
    // The same thread as the request: the same subject but for the "Re: ", the same `References`.
    let requests = world.requests().await;
    for outcome in &outcomes {
        assert!(!header(outcome, "References").is_empty());
        let is_of =
            |asked: &&Mail| asked.to == outcome.to && header(asked, "References") == header(outcome, "References");
        let asked = requests.iter().find(is_of).unwrap_or_else(|| panic!("no thread for {}", outcome.subject));
        assert_eq!(outcome.subject, format!("Re: {}", asked.subject));
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
    let (outcome, _) = one_each(&world).await;
    for words in [
        "MyFirstPipeline was approved",
        "Approved by Alice Archer <alice@example.com>, bob@example.com on 20 November 2026, 09:25 UTC.",
        "The pipeline continues.",
        "> Totals agree",
        "> Ship <b>it</b>",
    ] {
        assert!(outcome.text.contains(words), "{words}: {}", outcome.text);
    }
    assert!(outcome.html.contains("Ship &#60;b&#62;it&#60;/b&#62;"), "{}", outcome.html);
    assert!(!outcome.raw.contains("/approval?t="), "nothing is left to decide");
    assert_eq!(header(&outcome, "Auto-Submitted"), "auto-generated");
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
        let (outcome, _) = one_each(&world).await;
        assert!(outcome.text.contains(words) && outcome.text.contains("> spoke with the auditors"), "{}", outcome.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_without_a_vote() {
    let world = World::new().await;
    world.ask().await;
    world.advance(time::Duration::days(7)).await;
    let (outcome, _) = one_each(&world).await;
    assert!(outcome.text.starts_with("MyFirstPipeline was not approved in time"), "{}", outcome.text);
    assert!(outcome.text.contains("the stage was marked as failed"), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_with_too_few_votes() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "fine by me").await;
    world.advance(time::Duration::days(7)).await;
    let (_, outcome) = one_each(&world).await;
    assert!(
        outcome.text.contains("Not enough people had approved by 27 November 2026, 09:25 UTC."),
        "{}",
        outcome.text
    );
    assert!(outcome.text.contains("> fine by me"), "{}", outcome.text);
}

#[tokio::test(start_paused = true)]
async fn everybody_who_may_have_got_a_request_gets_the_outcome() {
    let world = World::simulated().await;
    // Bob gets the request, and every answer of SES about it is lost.
    let aws = world.aws();
    world.fail(Calls::of("SendRawEmail").skip(1), Fault::ErrorAfter);
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    let asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
    assert!(asked.contains(&ALICE.to_owned()) && asked.contains(&BOB.to_owned()), "{asked:?}");
    world.heal();
    // The next attempt is certainly refused, but the earlier one may have arrived.
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
async fn a_throttled_request_counts_as_not_sent() {
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
    let (outcome, _) = one_each(&world).await;
    assert!(outcome.text.starts_with("Approval of service is no longer needed"), "{}", outcome.text);
    assert_eq!(world.requests().await.len(), 4, "the newer one asks, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_stopped_it() {
    let world = World::new().await;
    world.service(ExecutionMode::Queued);
    let execution = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    let input = json!({"pipelineName": "service", "pipelineExecutionId": execution, "abandon": true});
    world.codepipeline("StopPipelineExecution", input).await.unwrap();
    let (outcome, _) = one_each(&world).await;
    assert!(outcome.text.starts_with("The release of service was stopped"), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_outcome_email_however_often_the_event_arrives() {
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
async fn no_outcome_for_somebody_who_never_got_a_request() {
    let world = World::new().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    world.press(&world.mail_to(ALICE).await.approve, "").await;
    world.aws().ses.accept(BOB);
    world.settle().await;
    world.advance(time::Duration::hours(1)).await;
    let recipients: Vec<String> = world.outcomes().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(recipients, [ALICE]);
    assert_eq!(world.requests().await.len(), 1, "no request after the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_outcome_does_not_affect_the_others_and_is_sent_later() {
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
