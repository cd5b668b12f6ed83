//! What remains to somebody who may write the ledger, and what does not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::ledger_writer::{Item, REQUEST, change_object, vote, votes};
use tests::{ALICE, BOB, World, eventbridge};

use super::{asked, assert_two_can_approve, assert_waits, newest, put_in_console, two_of_three};

/// The items of deliveries.
async fn deliveries(world: &World) -> Vec<Item> {
    let items = world.ledger().items().await.into_iter();
    items.filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("MAIL#")).collect()
}

/// What remains: emails can be held back. The approval waits, its links work, and it can be sent again.
#[tokio::test(start_paused = true)]
async fn deliveries_that_are_marked_as_sent_hold_emails_back_and_decide_nothing() {
    let world = two_of_three().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    world.event(&eventbridge()).await;
    world.aws().ses.accept(BOB);
    for mut item in deliveries(&world).await {
        item.insert("state".to_owned(), json!({"S": "sent"}));
        item.insert("sent_at".to_owned(), json!({"N": "1795166700"}));
        item.insert("message_id".to_owned(), json!({"S": "held-back"}));
        world.ledger().put(&item).await;
    }
    world.advance(time::Duration::hours(1)).await;
    assert!(world.requests().await.iter().all(|mail| mail.to != BOB), "Bob's email is held back");
    assert_waits(&world, "held back").await;
    let resend = json!({"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"});
    world.invoke(json!({ "resend": resend })).await.unwrap();
    assert_two_can_approve(&world, ALICE, BOB, "sent again by an operator").await;
}

/// What remains: true emails can be repeated.
#[tokio::test(start_paused = true)]
async fn deleted_deliveries_repeat_true_emails_and_no_others() {
    let world = asked().await;
    let first = world.mails().await;
    for item in deliveries(&world).await {
        world.ledger().delete(&item).await;
    }
    world.advance(time::Duration::hours(1)).await;
    let mails = world.mails().await;
    assert_eq!(mails.len(), 6);
    for mail in &mails[3..] {
        let earlier = first.iter().find(|earlier| earlier.to == mail.to).unwrap();
        assert_eq!((&earlier.approve, &earlier.reject, &earlier.subject), (&mail.approve, &mail.reject, &mail.subject));
    }
    assert_waits(&world, "repeated").await;
}

/// What remains: a true vote can be dropped, or an older one put back, while CodePipeline waits. It takes no less than a
/// quorum to approve all the same.
#[tokio::test(start_paused = true)]
async fn dropped_votes_are_lost_and_approve_nothing() {
    let world = asked().await;
    let before = world.ledger().request().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    world.ledger().put(&before).await;
    world.advance(time::Duration::hours(1)).await;
    let page = world.press(&newest(&world, BOB).await.approve, "").await;
    assert!(page.body.contains("1 of 2 approvals received"), "{}", page.body);
    assert_waits(&world, "dropped").await;
}

/// What remains: a rejection that CodePipeline does not hold yet can be undone by restoring what was there before it.
#[tokio::test(start_paused = true)]
async fn a_rejection_that_codepipeline_does_not_hold_yet_is_lost() {
    let world = asked().await;
    let before = world.ledger().request().await;
    world.fail(Calls::of("PutApprovalResult").take(1), Fault::KilledBefore);
    world.post(&newest(&world, BOB).await.reject, &[("decision", "Rejected"), ("comment", "no")]).await;
    assert!(world.has_died());
    world.heal();
    world.ledger().put(&before).await;
    assert_waits(&world, "undone").await;
    assert_two_can_approve(&world, ALICE, super::CAROL, "undone").await;
    assert_eq!(world.metric("Forged"), 0, "nothing gives it away");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_codepipeline_holds_cannot_be_undone() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let before = world.ledger().request().await;
    world.press(&newest(&world, BOB).await.reject, "no").await;
    world.settle().await;
    world.ledger().put(&before).await;
    let page = world.post(&newest(&world, super::CAROL).await.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already rejected"));
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.approval_state().await["status"], "Failed");
    assert_eq!(world.outcomes().await.len(), 3, "and everybody is told once");
}

/// What remains: without its pointers nobody is told of an approval's end. It is decided all the same.
#[tokio::test(start_paused = true)]
async fn an_approval_that_is_in_no_list_is_found_in_codepipeline() {
    let world = two_of_three().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    world.event(&eventbridge()).await;
    world.aws().ses.accept(BOB);
    let items = world.ledger().items().await.into_iter();
    for item in items.filter(|item| !item["sk"]["S"].as_str().unwrap().contains('#') && item["sk"]["S"] != REQUEST) {
        world.ledger().delete(&item).await;
    }
    world.advance(time::Duration::hours(1)).await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let page = world.press(&newest(&world, BOB).await.approve, "").await;
    assert_eq!(page.title(), "MyFirstPipeline was approved");
    world.settle().await;
    assert!(world.outcomes().await.is_empty(), "held back");
}

#[tokio::test(start_paused = true)]
async fn attributes_that_no_function_writes_do_not_keep_votes_out_for_longer_than_a_sweep() {
    for (what, name, value) in [
        ("another digest", "digest", Some(json!({"S": "x".repeat(43)}))),
        ("no digest", "digest", None),
        ("a revision of text", "revision", Some(json!({"S": "0"}))),
        ("no revision", "revision", None),
        ("votes of text", "votes", Some(json!({"S": ""}))),
        ("no votes", "votes", None::<Value>),
    ] {
        let world = asked().await;
        world
            .ledger()
            .change(|request| {
                drop(request.remove(name));
                request.extend(value.map(|value| (name.to_owned(), value)));
            })
            .await;
        world.advance(time::Duration::hours(1)).await;
        assert!(world.metric("Forged") > 0, "{what}");
        assert_two_can_approve(&world, ALICE, BOB, what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_in_the_console_is_told_as_such_whatever_the_votes_are() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    put_in_console(&world, "Approved", "Approved through Countersign by alice@example.com, bob@example.com.").await;
    world.settle().await;
    for mail in world.outcomes().await {
        assert!(mail.text.contains("Approved in AWS by user/AKIAOPERATOR"), "{}", mail.text);
    }
    assert_eq!(world.outcomes().await.len(), 3);
}

/// Has the seal name a key that nobody knows.
fn seal_by_unknown_key(sealed: &mut Item) {
    let seal = sealed["seal"]["S"].as_str().unwrap();
    let (header, rest) = seal.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    // In the order in which we write it.
    let header = format!(r#"{{"alg":"EdDSA","typ":{},"kid":"00000000-0000-4000-8000-000000000000"}}"#, header["typ"]);
    sealed["seal"] = json!({"S": format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))});
}

/// What remains: a seal by a key that nobody knows is taken for one by a new key, for a quarter of an hour.
#[tokio::test(start_paused = true)]
async fn a_seal_by_an_unknown_key_holds_an_approval_back_for_fifteen_minutes_and_approves_nothing() {
    let world = asked().await;
    world.ledger().change(seal_by_unknown_key).await;
    let error = world.sweep().await.unwrap_err();
    assert!(error.contains("a seal by a key that is not known yet"), "{error}");
    let link = newest(&world, ALICE).await.approve;
    assert_eq!(world.post(&link, &[("decision", "Approved")]).await.status, 503);
    assert_eq!((world.requests().await.len(), world.metric("Forged")), (3, 0));
    assert_waits(&world, "held back").await;
    world.advance(time::Duration::minutes(15)).await;
    world.sweep().await.unwrap();
    assert!(world.metric("Forged") > 0);
    assert_eq!(world.requests().await.len(), 6, "asked anew");
    assert_two_can_approve(&world, ALICE, BOB, "asked anew").await;
}

/// What remains: the same with a vote that somebody inserts beside true ones.
#[tokio::test(start_paused = true)]
async fn a_vote_by_an_unknown_key_holds_a_decision_back_for_fifteen_minutes_and_never_counts() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let insert = |item: &mut Item| {
        let name = votes(item).keys().next().unwrap().clone();
        let mut inserted = vote(item, &name);
        change_object(&mut inserted, |vote| vote["approver"] = json!(super::CAROL));
        seal_by_unknown_key(&mut inserted);
        votes(item).insert("inserted".to_owned(), json!({ "M": inserted }));
    };
    world.ledger().change(insert).await;
    let link = newest(&world, BOB).await.approve;
    assert_eq!(world.post(&link, &[("decision", "Approved")]).await.status, 503);
    assert!(world.sweep().await.unwrap_err().contains("a seal by a key that is not known yet"));
    assert_waits(&world, "held back").await;
    world.advance(time::Duration::minutes(15)).await;
    let page = world.press(&link, "").await;
    assert_eq!(page.title(), "MyFirstPipeline was approved");
    assert!(world.metric("Forged") > 0);
    let state = world.approval_state().await;
    assert_eq!(state["summary"], "Approved through Countersign by alice@example.com, bob@example.com.");
}
