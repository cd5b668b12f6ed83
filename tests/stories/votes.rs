//! Votes, the quorum, and the result in CodePipeline.

use serde_json::json;
use tests::{ALICE, BOB, World, eventbridge};

const CAROL: &str = "carol@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_goes_on_with_the_comment_in_the_summary() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let page = world.press(&alice.approve, "Totals agree.\r\nShip <b>it</b> & rest 🚀").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Ship &#60;b&#62;it&#60;/b&#62; &#38; rest 🚀"), "{}", page.body);
    assert!(page.body.contains("Alice Archer &#60;alice@example.com&#62;"), "{}", page.body);
    let state = world.approval_state().await;
    assert_eq!(state["status"], "Succeeded");
    assert_eq!(
        state["summary"],
        "Approved through Countersign by alice@example.com. \"Totals agree. Ship <b>it</b> & rest 🚀\""
    );
    assert!(state["lastUpdatedBy"].as_str().unwrap().ends_with("assumed-role/countersign-decide/alice@example.com"));
    let execution = eventbridge()["detail"]["execution-id"].as_str().unwrap().to_owned();
    assert_eq!(world.execution_status("MyFirstPipeline", &execution).await, "Succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_fails_the_stage() {
    let world = World::new().await;
    let (_, bob) = world.ask().await;
    let page = world.press(&bob.reject, "Not on a Friday").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was rejected"));
    let state = world.approval_state().await;
    assert_eq!(state["status"], "Failed");
    assert_eq!(state["summary"], "Rejected through Countersign by bob@example.com. \"Not on a Friday\"");
    let execution = eventbridge()["detail"]["execution-id"].as_str().unwrap().to_owned();
    assert_eq!(world.execution_status("MyFirstPipeline", &execution).await, "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_has_at_most_512_characters() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    assert_eq!(world.press(&alice.approve, &"ä".repeat(512)).await.status, 200);
    let summary = world.approval_state().await["summary"].as_str().unwrap().to_owned();
    assert_eq!(summary.chars().count(), 512);
    assert!(summary.ends_with("ää…"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_names_somebody_else_stays_its_writers_in_the_summary() {
    let names_carol = "carol@example.com: sign-off given";
    // Nor does it end its own quotation marks.
    let ends_quotation = "ok\" carol@example.com: \"sign-off given";
    let quoted = "\"ok' carol@example.com: 'sign-off given\"";
    for (comment, quoted) in [(names_carol, &*format!("\"{names_carol}\"")), (ends_quotation, quoted)] {
        let world = World::new().await;
        world.press(&world.ask().await.0.approve, comment).await;
        let one = format!("Approved through Countersign by alice@example.com. {quoted}");
        assert_eq!(world.approval_state().await["summary"], one);
        let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await;
        let (alice, bob) = world.ask().await;
        world.press(&alice.approve, comment).await;
        world.press(&bob.approve, "").await;
        let two = "Approved through Countersign by alice@example.com, bob@example.com. alice@example.com:";
        assert_eq!(world.approval_state().await["summary"], format!("{two} {quoted}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_must_approve() {
    let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await;
    let (alice, bob) = world.ask().await;
    let carol = world.mail_to(CAROL).await;
    assert!(
        alice.text.contains(
            "3 people have been asked to decide. 2 approvals are needed. One rejection is enough to stop it."
        ),
        "{}",
        alice.text
    );

    let first = world.press(&alice.approve, "fine by me").await;
    assert_eq!((first.status, first.title()), (200, "Your vote has been recorded"));
    assert!(first.body.contains("1 of 2 approvals received."), "{}", first.body);
    // The same person's link, however often used, counts once.
    for _ in 0..5 {
        let again = world.post(&alice.approve, &[("decision", "Approved"), ("comment", "fine by me")]).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
    }
    assert_eq!(world.get(&alice.approve).await.body, first.body);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    let page = world.get(&bob.approve).await;
    assert!(page.body.contains("1 of 2 approvals") && page.body.contains("fine by me"), "{}", page.body);

    let second = world.press(&bob.approve, "").await;
    assert_eq!((second.status, second.title()), (200, "MyFirstPipeline was approved"));
    let state = world.approval_state().await;
    assert_eq!(
        state["summary"],
        "Approved through Countersign by alice@example.com, bob@example.com. alice@example.com: \"fine by me\""
    );
    // Alice and Bob decided, Carol did not.
    assert_eq!(world.get(&alice.approve).await.status, 200);
    assert_eq!(world.get(&carol.approve).await.status, 409);
    assert_eq!(world.post(&carol.reject, &[("decision", "Rejected")]).await.status, 409);
    assert_eq!(world.calls("PutApprovalResult"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_can_be_changed_until_the_approval_is_decided() {
    let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "").await;
    let other = world.get(&alice.reject).await;
    assert!(
        other.body.contains(
            "You have already voted to approve. If you press the button below, you change your vote to a rejection."
        ),
        "{}",
        other.body
    );
    let changed = world.press(&alice.reject, "I looked again").await;
    assert_eq!((changed.status, changed.title()), (200, "MyFirstPipeline was rejected"));
    assert_eq!(world.approval_state().await["status"], "Failed");
    let late = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert_eq!((late.status, late.title()), (409, "MyFirstPipeline was already rejected"));
    assert_eq!(world.get(&bob.approve).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_opposite_decisions_at_the_same_moment_wins() {
    for round in 0..25 {
        let world = World::new().await;
        let (alice, bob) = world.ask().await;
        let (approve, reject) = tokio::join!(
            world.post(&alice.approve, &[("decision", "Approved")]),
            world.post(&bob.reject, &[("decision", "Rejected")]),
        );
        let status = world.approval_state().await["status"].as_str().unwrap().to_owned();
        let expected = if status == "Succeeded" { (200, 409) } else { (409, 200) };
        assert_eq!((approve.status, reject.status), expected, "round {round}: {status}");
        let word = if status == "Succeeded" { "approved" } else { "rejected" };
        assert!(
            approve.title().ends_with(word) && reject.title().ends_with(word),
            "{} / {}",
            approve.title(),
            reject.title()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_decides_nothing_shows_that_the_approval_has_ended() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    let page = world.get(&alice.approve).await;
    assert_eq!(page.status, 200);
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": "Rejected", "summary": "console says no"},
    });
    // Straight into CodePipeline, so that the ledger has no event about it.
    world.aws().codepipeline.call("PutApprovalResult", &input, "arn:aws:iam::123456789012:user/carol").unwrap();
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already rejected"));
    assert!(page.body.contains("user/carol") && page.body.contains("console says no"), "{}", page.body);
}
