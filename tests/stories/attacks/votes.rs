//! Somebody who may write the ledger, and inserts votes.

use serde_json::{Value, json};
use tests::ledger_writer::{Item, change_object, vote, votes};
use tests::{ALICE, BOB, World, changed, eventbridge};

use super::{CAROL, asked, assert_told_that_it_was_approved, assert_waits, newest};

/// A world in which Alice has approved, and the sealed vote with which she did.
pub(super) async fn alice_approved() -> (World, Item) {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let vote = vote(&world.ledger().request().await, ALICE);
    (world, vote)
}

/// A vote for Bob, made of somebody else's.
pub(super) fn as_bobs(mut vote: Item) -> Item {
    change_object(&mut vote, |vote| vote["approver"] = json!(BOB));
    vote
}

/// Asserts that a vote for Bob that he never gave is worth nothing, and that Bob can still vote.
pub(super) async fn assert_worth_nothing(world: &World, what: &str, inserted: &Value, forged: bool) {
    world.ledger().change(|request| drop(votes(request).insert(BOB.to_owned(), inserted.clone()))).await;
    world.advance(time::Duration::hours(1)).await;
    assert_waits(world, what).await;
    assert!(world.receipts().await.iter().all(|mail| mail.to != BOB), "{what}: Bob is told of a vote");
    let (alice, bob) = (newest(world, ALICE).await, newest(world, BOB).await);
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert!(page.body.contains("1 of 2 approvals received"), "{what}: {}", page.body);
    assert_waits(world, what).await;
    assert_eq!(world.metric("Forged") > 0, forged, "{what}");
    let page = world.press(&bob.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"), "{what}");
    assert_told_that_it_was_approved(world, ALICE, BOB, what).await;
}

#[tokio::test(start_paused = true)]
async fn inserted_votes_count_for_nobody() {
    for what in ["unsealed", "an empty seal", "Alice's seal", "a text", "nothing in it", "Alice's object, no seal"] {
        let (world, alice) = alice_approved().await;
        let mut bob = as_bobs(alice.clone());
        let inserted = match what {
            "unsealed" => {
                bob.remove("seal");
                json!({ "M": bob })
            }
            "an empty seal" => {
                bob.insert("seal".to_owned(), json!({"S": ""}));
                json!({ "M": bob })
            }
            "Alice's seal" => json!({ "M": bob }),
            "a text" => json!({"S": "Approved"}),
            "nothing in it" => json!({"M": {}}),
            _ => json!({"M": {"object": alice["object"]}}),
        };
        assert_worth_nothing(&world, what, &inserted, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_another_key_signed_counts_for_nobody() {
    let own = tests::forge::seal_of_a_stranger;
    for (what, typ) in [("as a vote", "vote+jwt"), ("as a request", "request+jwt"), ("as a link", "link+jwt")] {
        let (world, alice) = alice_approved().await;
        let mut bob = as_bobs(alice);
        let seal = own(&bob, typ);
        bob.insert("seal".to_owned(), json!({ "S": seal }));
        assert_worth_nothing(&world, what, &json!({ "M": bob }), true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_true_vote_on_another_approval_counts_there_alone() {
    let (world, _) = alice_approved().await;
    let other = changed(eventbridge(), "/detail/pipeline", json!("Other"));
    world.play(&changed(other, "/detail/execution-id", json!("other-1"))).await;
    let mails = world.requests().await;
    let bob = mails.iter().rfind(|mail| mail.to == BOB && mail.subject.contains("Other")).unwrap();
    world.press(&bob.approve, "").await;
    let requests = world.ledger().requests().await;
    let first = tests::ledger_writer::object;
    let (ours, theirs) = match requests.as_slice() {
        [one, two] if first(one)["pipeline"] == "Other" => (two.clone(), one),
        [one, two] => (one.clone(), two),
        other => panic!("{} requests", other.len()),
    };
    let mut ours = ours;
    votes(&mut ours).insert(BOB.to_owned(), json!({"M": vote(theirs, BOB)}));
    world.ledger().put(&ours).await;
    world.advance(time::Duration::hours(1)).await;
    let alice = mails.iter().rfind(|mail| mail.to == ALICE && mail.subject.contains("MyFirst")).unwrap();
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert!(page.body.contains("1 of 2 approvals received"), "{}", page.body);
    assert_waits(&world, "another approval's vote").await;
    assert!(world.metric("Forged") > 0);
}

#[tokio::test(start_paused = true)]
async fn a_true_vote_on_an_older_request_counts_for_that_alone() {
    let (world, alice) = alice_approved().await;
    world.ledger().delete(&world.ledger().request().await).await;
    world.advance(time::Duration::hours(1)).await;
    world.ledger().change(|request| drop(votes(request).insert(ALICE.to_owned(), json!({ "M": alice })))).await;
    let page = world.press(&newest(&world, BOB).await.approve, "").await;
    assert!(page.body.contains("1 of 2 approvals received"), "{}", page.body);
    assert_waits(&world, "an older request's vote").await;
    assert!(world.metric("Forged") > 0);
    assert_eq!(world.press(&newest(&world, CAROL).await.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(start_paused = true)]
async fn one_vote_under_two_names_counts_once() {
    let (world, alice) = alice_approved().await;
    assert_worth_nothing(&world, "under Bob's name", &json!({ "M": alice }), false).await;
}

/// What remains: an older true vote of the same person can be put in the place of a newer one.
#[tokio::test(start_paused = true)]
async fn an_older_true_vote_that_is_restored_is_the_one_that_counts() {
    let world = asked().await;
    let alice = newest(&world, ALICE).await;
    world.post(&alice.approve, &[("decision", "Approved"), ("comment", "one")]).await;
    let saved = world.ledger().request().await;
    world.advance(time::Duration::minutes(1)).await;
    world.post(&alice.approve, &[("decision", "Approved"), ("comment", "two")]).await;
    world.ledger().put(&saved).await;
    world.press(&newest(&world, BOB).await.approve, "").await;
    let summary = "Approved through Countersign by alice@example.com, bob@example.com. alice@example.com: \"one\"";
    assert_eq!(world.approval_state().await["summary"], summary);
    assert_eq!(world.metric("Forged"), 0, "nothing gives it away");
}

/// Beside the newer one it counts for nothing.
#[tokio::test(start_paused = true)]
async fn an_older_vote_of_the_same_person_does_not_win_over_a_newer_one() {
    let (world, _) = alice_approved().await;
    world.advance(time::Duration::minutes(1)).await;
    let early = vote(&world.ledger().request().await, ALICE);
    let again = newest(&world, ALICE).await;
    world.post(&again.approve, &[("decision", "Approved"), ("comment", "still")]).await;
    world.ledger().change(|request| drop(votes(request).insert("earlier".to_owned(), json!({ "M": early })))).await;
    world.press(&newest(&world, BOB).await.approve, "").await;
    world.settle().await;
    let summary = world.approval_state().await["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("\"still\""), "{summary}");
}
