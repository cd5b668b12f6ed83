//! Somebody who may write the ledger, and says there how an approval ended, or what its votes come to.

use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::ledger_writer::{Item, outcome};
use tests::{ALICE, BEGIN, BOB, changed, eventbridge};

use super::{CAROL, asked, assert_two_can_approve, assert_waits, newest, put_in_console};

const LONG_AGO: i64 = 1_700_000_000;

/// What is inserted, when, and whether the sweep strikes it out.
fn false_outcomes() -> Vec<(&'static str, Value)> {
    let now = BEGIN.unix_timestamp();
    let by_ben = "Rejected through Countersign by ben@example.com.";
    let callback = "assumed-role/countersign-decide/bob@example.com";
    vec![
        ("approved, now", outcome("Approved", now, None, None)),
        ("approved, long ago", outcome("Approved", LONG_AGO, None, None)),
        ("approved, in days to come", outcome("Approved", now + 1_000_000, Some("user/ada"), None)),
        ("rejected by Ben, now", outcome("Rejected", now, Some("user/ben"), Some("no"))),
        ("rejected by Ben, long ago", outcome("Rejected", LONG_AGO, Some("user/ben"), Some("no"))),
        ("rejected in our words", outcome("Rejected", LONG_AGO, Some(callback), Some(by_ben))),
        ("expired", outcome("Expired", LONG_AGO, None, None)),
        ("stopped", outcome("Stopped", LONG_AGO, None, None)),
        ("not shown", outcome("NotShown", LONG_AGO, None, None)),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_false_outcome_is_told_to_nobody_and_closes_no_link() {
    for (what, outcome) in false_outcomes() {
        let world = asked().await;
        world.ledger().change(|request| drop(request.insert("outcome".to_owned(), outcome))).await;
        let bob = newest(&world, BOB).await;
        for link in [&bob.approve, &bob.reject] {
            let page = world.get(link).await;
            assert!(page.status == 200 && page.has_form(), "{what}: {}", page.title());
        }
        world.invoke(eventbridge()).await.unwrap();
        assert_waits(&world, what).await;
        world.advance(time::Duration::hours(1)).await;
        assert_waits(&world, what).await;
        assert!(world.metric("Forged") > 0, "{what}: struck out");
        assert!(!world.ledger().request().await.contains_key("outcome"), "{what}");
        assert_two_can_approve(&world, ALICE, BOB, what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_false_outcome_does_not_stop_the_press_of_a_button() {
    for (what, outcome) in false_outcomes() {
        let world = asked().await;
        world.ledger().change(|request| drop(request.insert("outcome".to_owned(), outcome))).await;
        assert_two_can_approve(&world, ALICE, BOB, what).await;
    }
}

/// The request is read again where a vote could not be written on top of it.
#[tokio::test(start_paused = true)]
async fn a_false_outcome_that_comes_while_a_vote_is_written_is_shown_to_nobody() {
    for (what, outcome) in false_outcomes() {
        let world = asked().await;
        let link = newest(&world, ALICE).await.approve;
        world.fail(Calls::of("UpdateItem").take(1), Fault::HangBefore);
        let forge = async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let insert = |request: &mut Item| {
                request.insert("outcome".to_owned(), outcome);
                let revision: u64 = request["revision"]["N"].as_str().unwrap().parse().unwrap();
                request.insert("revision".to_owned(), json!({"N": (revision + 1).to_string()}));
            };
            world.ledger().change(insert).await;
        };
        let (page, ()) = tokio::join!(world.post(&link, &[("decision", "Approved")]), forge);
        assert_eq!(page.title(), "Your vote has been recorded", "{what}");
        assert_waits(&world, what).await;
        assert_eq!(world.press(&newest(&world, BOB).await.approve, "").await.title(), "MyFirstPipeline was approved");
    }
}

#[tokio::test(start_paused = true)]
async fn codepipelines_own_words_in_the_ledger_do_not_make_an_end_the_voters() {
    // Alice has voted, and then somebody rejects in the console, in the words that Countersign would have used.
    for by_our_role in [false, true] {
        let world = asked().await;
        world.press(&newest(&world, ALICE).await.approve, "").await;
        let summary = "Rejected through Countersign by bob@example.com.";
        put_in_console(&world, "Rejected", summary).await;
        let by = if by_our_role { "assumed-role/countersign-decide/bob@example.com" } else { "user/AKIAOPERATOR" };
        let memo = outcome("Rejected", BEGIN.unix_timestamp(), Some(by), Some(summary));
        world
            .ledger()
            .change(|request| {
                request.insert("outcome".to_owned(), memo);
                request.insert("verdict".to_owned(), json!({"S": "Rejected"}));
            })
            .await;
        world.advance(time::Duration::hours(1)).await;
        let outcomes = world.outcomes().await;
        assert_eq!(outcomes.len(), 3);
        for mail in outcomes {
            assert!(mail.text.contains("Rejected in AWS by user/AKIAOPERATOR"), "{}", mail.text);
            assert!(!mail.text.contains("Rejected by bob"), "{}", mail.text);
        }
        let page = world.get(&newest(&world, BOB).await.reject).await;
        assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already rejected"));
        assert!(page.body.contains("Rejected in AWS by user/AKIAOPERATOR"), "{}", page.body);
    }
}

#[tokio::test(start_paused = true)]
async fn only_our_role_makes_an_end_the_voters_even_in_the_words_that_their_votes_come_to() {
    // The votes are settled, and the visit that would put them dies. Then an operator puts the very same, and nothing but
    // the role that CodePipeline names tells their decision from the voters'.
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let put = sandbox::simulation::Calls::of("PutApprovalResult").take(1);
    world.fail(put, sandbox::simulation::Fault::KilledBefore);
    world.post(&newest(&world, BOB).await.approve, &[("decision", "Approved")]).await;
    assert!(world.has_died());
    world.heal();
    let summary = "Approved through Countersign by alice@example.com, bob@example.com.";
    let role = "assumed-role/countersign-decide/bob@example.com";
    let memo = outcome("Approved", BEGIN.unix_timestamp(), Some(role), Some(summary));
    world.ledger().change(|request| drop(request.insert("outcome".to_owned(), memo))).await;
    put_in_console(&world, "Approved", summary).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.calls("PutApprovalResult"), 0, "ours was never put");
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.len(), 3);
    let by_operator = "Approved in AWS by user/AKIAOPERATOR";
    for mail in outcomes {
        assert!(mail.text.contains(by_operator), "{}", mail.text);
        assert!(!mail.text.contains("Approved by "), "{}", mail.text);
    }
    let page = world.get(&newest(&world, CAROL).await.approve).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already approved"));
    assert!(page.body.contains(by_operator) && !page.body.contains("Approved by "), "{}", page.body);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_another_execution_is_none_of_this_ones() {
    let world = asked().await;
    put_in_console(&world, "Rejected", "not this one").await;
    let ended = world.ledger().request().await;
    world.play(&changed(eventbridge(), "/detail/execution-id", json!("22222222-1234-5678-abcd-12345678abcd"))).await;
    let mut waiting = world.ledger().requests().await.into_iter().find(|item| item["pk"] != ended["pk"]).unwrap();
    let told = world.outcomes().await.len();
    waiting.insert("outcome".to_owned(), ended["outcome"].clone());
    waiting.insert("verdict".to_owned(), json!({"S": "Rejected"}));
    world.ledger().put(&waiting).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.outcomes().await.len(), told, "nobody is told that the second one was rejected");
    assert_eq!(world.get(&newest(&world, BOB).await.approve).await.status, 200);
    world.press(&newest(&world, ALICE).await.approve, "").await;
    assert_eq!(world.press(&newest(&world, BOB).await.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_another_run_of_a_retried_stage_is_none_of_this_ones() {
    let world = super::two_of_three().await;
    world.service(sandbox::codepipeline::ExecutionMode::Queued);
    let execution = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    world.press(&newest(&world, ALICE).await.reject, "not yet").await;
    world.settle().await;
    let ended = world.ledger().request().await;
    let told = world.outcomes().await.len();
    assert_eq!(told, 3);
    world.advance(time::Duration::hours(1)).await;
    let retry = json!({
        "pipelineName": "service", "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS",
    });
    world.codepipeline("RetryStageExecution", retry).await.unwrap();
    let mut waiting = world.ledger().requests().await.into_iter().find(|item| item["pk"] != ended["pk"]).unwrap();
    for name in ["outcome", "verdict", "votes"] {
        waiting.insert(name.to_owned(), ended[name].clone());
    }
    world.ledger().put(&waiting).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.outcomes().await.len(), told, "nobody is told that the second run was rejected");
    assert_eq!(world.state_of("service", "Prod", "Approve").await["status"], "InProgress");
    world.press(&newest(&world, ALICE).await.approve, "").await;
    assert_eq!(world.press(&newest(&world, BOB).await.approve, "").await.title(), "service was approved");
}

#[tokio::test(start_paused = true)]
async fn an_inserted_verdict_is_a_lock_that_the_votes_open() {
    for (what, verdict) in [
        ("approved", json!({"S": "Approved"})),
        ("rejected", json!({"S": "Rejected"})),
        ("a word of nobody's", json!({"S": "Maybe"})),
        ("a number", json!({"N": "1"})),
        ("nothing", json!({"NULL": true})),
    ] {
        let world = asked().await;
        world.ledger().change(|request| drop(request.insert("verdict".to_owned(), verdict))).await;
        world.advance(time::Duration::hours(1)).await;
        assert_waits(&world, what).await;
        let page = world.press(&newest(&world, CAROL).await.approve, "").await;
        assert!(page.body.contains("1 of 2 approvals received"), "{what}: {}", page.body);
        assert_waits(&world, what).await;
        assert!(world.metric("Forged") > 0, "{what}");
        let page = world.press(&newest(&world, ALICE).await.approve, "").await;
        assert_eq!(page.title(), "MyFirstPipeline was approved", "{what}");
        super::assert_told_that_it_was_approved(&world, CAROL, ALICE, what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_verdict_against_settled_votes_is_replaced_by_what_they_come_to() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let (alice, bob) = (newest(&world, ALICE).await, newest(&world, BOB).await);
    // The deciding visit dies before it puts the result, and then somebody turns the lock round.
    let calls = sandbox::simulation::Calls::of("PutApprovalResult").take(1);
    world.fail(calls, sandbox::simulation::Fault::KilledBefore);
    world.post(&bob.approve, &[("decision", "Approved")]).await;
    world.heal();
    world.ledger().change(|request| drop(request.insert("verdict".to_owned(), json!({"S": "Rejected"})))).await;
    assert_eq!(world.get(&alice.approve).await.status, 200);
    world.advance(time::Duration::hours(1)).await;
    assert!(world.metric("Forged") > 0);
    super::assert_told_that_it_was_approved(&world, ALICE, BOB, "turned round").await;
}
