//! Somebody who can sign with one of the two keys, as after taking over one of the functions: what one key signs is worth
//! nothing where the other's signature is needed, nor is a signature of one kind where another kind is.

use serde_json::json;
use tests::forge::{Parts, seal_by, sealing_key};
use tests::ledger_writer::{Item, change_object, votes};
use tests::{ALICE, BOB, World};

use super::requests::{add_mallory, assert_asked_anew};
use super::votes::{alice_approved, as_bobs, assert_worth_nothing};
use super::{assert_told_that_it_was_approved, assert_waits, newest};

/// All types of what we sign.
const TYPES: [&str; 6] = ["link+jwt", "finish+jwt", "request+jwt", "vote+jwt", "policy+jwt", "evidence+jwt"];

/// The world in which Alice has approved, a vote for Bob that he never gave, and both keys: the request key and the vote key.
async fn bobs_vote_and_both_keys() -> (World, Item, String, String) {
    let (world, alice) = alice_approved().await;
    let (request_key, vote_key) = (sealing_key(&world.ledger().request().await), sealing_key(&alice));
    assert_ne!(request_key, vote_key);
    (world, as_bobs(alice), request_key, vote_key)
}

/// What the right key makes of it. Without this, the other stories would prove nothing.
#[tokio::test(start_paused = true)]
async fn a_vote_that_the_vote_key_seals_as_a_vote_counts() {
    let (world, mut bob, _, vote_key) = bobs_vote_and_both_keys().await;
    bob.insert("seal".to_owned(), json!({"S": seal_by(&world, &bob, "vote+jwt", &vote_key)}));
    world.ledger().change(|request| drop(votes(request).insert(BOB.to_owned(), json!({ "M": bob })))).await;
    world.advance(time::Duration::hours(1)).await;
    assert_told_that_it_was_approved(&world, ALICE, BOB, "sealed by the vote key").await;
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_the_request_key_seals_counts_for_nobody() {
    for typ in ["vote+jwt", "request+jwt"] {
        let (world, mut bob, request_key, _) = bobs_vote_and_both_keys().await;
        bob.insert("seal".to_owned(), json!({"S": seal_by(&world, &bob, typ, &request_key)}));
        assert_worth_nothing(&world, typ, &json!({ "M": bob }), true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_vote_under_a_seal_of_another_kind_counts_for_nobody() {
    for typ in TYPES.into_iter().filter(|typ| *typ != "vote+jwt").chain(["JWT", "VOTE+JWT", "application/vote+jwt"]) {
        let (world, mut bob, _, vote_key) = bobs_vote_and_both_keys().await;
        bob.insert("seal".to_owned(), json!({"S": seal_by(&world, &bob, typ, &vote_key)}));
        assert_worth_nothing(&world, typ, &json!({ "M": bob }), true).await;
    }
}

/// Seals changed terms with either key as this type, and asserts that nobody is bound by them.
async fn assert_terms_bind_nobody(by_vote_key: bool, typ: &str) {
    let (world, _, request_key, vote_key) = bobs_vote_and_both_keys().await;
    let key = if by_vote_key { vote_key } else { request_key };
    let reseal = |item: &mut Item| {
        change_object(item, add_mallory);
        item["seal"] = json!({"S": seal_by(&world, item, typ, &key)});
    };
    world.ledger().change(reseal).await;
    // Until then, the notifier's own key might be one that was added a moment ago.
    world.advance(time::Duration::minutes(16)).await;
    assert_waits(&world, typ).await;
    assert_asked_anew(&world, typ).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_vote_key_seals_binds_nobody() {
    for typ in ["request+jwt", "vote+jwt"] {
        assert_terms_bind_nobody(true, typ).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_under_a_seal_of_another_kind_binds_nobody() {
    for typ in TYPES.into_iter().filter(|typ| *typ != "request+jwt") {
        assert_terms_bind_nobody(false, typ).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_the_vote_key_signs_does_not_work() {
    let (world, _, request_key, vote_key) = bobs_vote_and_both_keys().await;
    let bob = newest(&world, BOB).await;
    let parts = Parts::of(&bob.approve);
    for (what, link) in [
        ("in its own name", parts.clone().head("kid", json!(vote_key)).signed(&world, &vote_key)),
        ("in the request key's name", parts.clone().signed(&world, &vote_key)),
    ] {
        for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
            assert_eq!((page.status, page.title()), (400, "This link does not work"), "{what}");
        }
    }
    assert_waits(&world, "a link by the vote key").await;
    let ours = parts.signed(&world, &request_key);
    assert_eq!(world.press(&ours, "").await.title(), "MyFirstPipeline was approved", "by the request key it works");
}
