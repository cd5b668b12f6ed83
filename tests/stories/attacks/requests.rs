//! Somebody who may write the ledger, and changes what was asked of whom.

use serde_json::{Value, json};
use tests::ledger_writer::{Item, change_object, object, set_object};
use tests::{ALICE, BOB, World, changed, eventbridge};

use super::{CAROL, MALLORY, asked, assert_two_can_approve, assert_waits, newest};

/// Asserts that nobody is bound by what stands in a request's place: its links do not work, the next sweep asks for the
/// approval anew, under the policy, and then two can approve.
pub(super) async fn assert_asked_anew(world: &World, what: &str) {
    let old = newest(world, ALICE).await;
    let page = world.post(&old.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (503, "Please try again in a minute"), "{what}");
    assert!(world.metric("Forged") > 0, "{what}");
    world.advance(time::Duration::hours(1)).await;
    assert_waits(world, what).await;
    assert_eq!(world.requests().await.len(), 6, "{what}: the three are asked again: {:?}", world.failures());
    assert!(world.mails().await.iter().all(|mail| mail.to != MALLORY), "{what}");
    for page in [world.get(&old.approve).await, world.post(&old.approve, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (410, "You were asked again"), "{what}");
    }
    assert_eq!(world.metric("OlderLinks"), 2, "{what}");
    assert_two_can_approve(world, ALICE, BOB, what).await;
}

pub(super) fn add_mallory(request: &mut Value) {
    request["terms"]["approvers"][MALLORY] = json!({ "address": MALLORY });
    request["terms"]["quorum"] = json!(1);
}

#[tokio::test(start_paused = true)]
async fn changed_terms_bind_nobody() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 6] = [
        ("an approver more, and quorum 1", add_mallory),
        ("quorum 1", |request| request["terms"]["quorum"] = json!(1)),
        ("a copy to Mallory", |request| request["terms"]["copy"] = json!({MALLORY: {"address": MALLORY}})),
        ("replies to Mallory", |request| request["terms"]["reply_to"] = json!(MALLORY)),
        ("other instructions", |request| request["release"]["instructions"] = json!("Just approve")),
        ("a later expiry", |request| request["expires"] = json!(request["expires"].as_i64().unwrap() + 1)),
    ];
    for (what, change) in changes {
        let world = asked().await;
        world.ledger().change(|item| change_object(item, change)).await;
        assert_asked_anew(&world, what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_under_no_seal_or_a_strangers_binds_nobody() {
    for what in ["no seal", "a stranger's seal", "no object", "an object of text", "a vote's seal"] {
        let world = asked().await;
        world.press(&newest(&world, ALICE).await.approve, "").await;
        let mut item = world.ledger().request().await;
        let vote = tests::ledger_writer::vote(&item, ALICE);
        change_object(&mut item, add_mallory);
        match what {
            "no seal" => drop(item.remove("seal")),
            "a stranger's seal" => {
                let seal = tests::forge::seal_of_a_stranger(&item, "request+jwt");
                item.insert("seal".to_owned(), json!({ "S": seal }));
            }
            "no object" => drop(item.remove("object")),
            "an object of text" => drop(item.insert("object".to_owned(), json!({"S": object(&item).to_string()}))),
            _ => {
                set_object(&mut item, vote["object"].clone());
                item.insert("seal".to_owned(), vote["seal"].clone());
            }
        }
        world.ledger().put(&item).await;
        assert_asked_anew(&world, what).await;
    }
}

/// Under a policy that is lax for the pipeline `Other`, both are asked for.
async fn strict_and_lax() -> (World, Item, Item) {
    let world = World::simulated_under(&format!(
        "[[route]]\nname = \"lax\"\npipeline = \"Other\"\napprovers = [\"{ALICE}\"]\n\
         [default]\napprovers = [\"Alice Archer <{ALICE}>\", \"{BOB}\", \"{CAROL}\"]\nquorum = 2"
    ))
    .await;
    let other = changed(eventbridge(), "/detail/pipeline", json!("Other"));
    world.play(&changed(other, "/detail/execution-id", json!("other-1"))).await;
    let lax = world.ledger().request().await;
    world.play(&eventbridge()).await;
    let strict = world.ledger().requests().await.into_iter().find(|item| item["pk"] != lax["pk"]).unwrap();
    (world, strict, lax)
}

#[tokio::test(start_paused = true)]
async fn a_lax_requests_sealed_object_is_worth_nothing_in_a_strict_approvals_place() {
    for whole in [true, false] {
        let (world, strict, lax) = strict_and_lax().await;
        let mut moved = strict.clone();
        let names: &[&str] = if whole { &["object", "seal", "digest"] } else { &["seal", "digest"] };
        for name in names {
            moved.insert((*name).to_owned(), lax[*name].clone());
        }
        world.ledger().put(&moved).await;
        let before = world.requests().await;
        let strict_link = before.iter().rfind(|mail| mail.to == BOB).unwrap();
        assert_eq!(world.get(&strict_link.approve).await.status, 503);
        assert!(world.metric("Forged") > 0);
        world.advance(time::Duration::hours(1)).await;
        assert_waits(&world, "a lax request in its place").await;
        let lax_link = before.iter().find(|mail| mail.to == ALICE && mail.subject.contains("Other")).unwrap();
        assert_eq!(world.press(&lax_link.approve, "").await.title(), "Other was approved", "its own links still work");
        assert_eq!(world.approval_state().await["status"], "InProgress");
        let page = world.press(&newest(&world, ALICE).await.approve, "").await;
        assert!(page.body.contains("1 of 2 approvals received"), "{}", page.body);
        assert_eq!(world.press(&newest(&world, BOB).await.approve, "").await.title(), "MyFirstPipeline was approved");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_version_before_is_asked_anew_whatever_it_says() {
    // In its own place it is not read, in the place of a signed one it is forged.
    for (sort_key, is_forged) in [("REQUEST", false), ("SIGNED-REQUEST", true)] {
        let world = asked().await;
        let unsigned = include_str!("../../../shared/tests/golden/request-decided.json");
        let mut unsigned: Item = serde_json::from_str(unsigned).unwrap();
        let signed = world.ledger().request().await;
        world.ledger().delete(&signed).await;
        unsigned.insert("pk".to_owned(), signed["pk"].clone());
        unsigned.insert("sk".to_owned(), json!({ "S": sort_key }));
        world.ledger().put(&unsigned).await;
        let old = newest(&world, ALICE).await;
        assert_eq!(world.get(&old.approve).await.status, 503, "{sort_key}");
        assert_eq!(world.metric("Forged") > 0, is_forged, "{sort_key}");
        world.advance(time::Duration::hours(1)).await;
        assert_waits(&world, sort_key).await;
        assert_eq!(world.get(&old.approve).await.title(), "You were asked again");
        assert_two_can_approve(&world, ALICE, BOB, sort_key).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_request_is_asked_anew_under_the_policy_of_that_moment() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let old = newest(&world, BOB).await;
    world.ledger().delete(&world.ledger().request().await).await;
    let page = world.post(&old.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (503, "Please try again in a minute"));
    world.advance(time::Duration::hours(1)).await;
    for page in [world.get(&old.approve).await, world.post(&old.approve, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (410, "You were asked again"));
    }
    assert_eq!(world.metric("OlderLinks"), 2);
    assert_waits(&world, "deleted").await;
    // Alice's vote is lost: she has to press again.
    assert_two_can_approve(&world, ALICE, BOB, "deleted").await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_saved_since_decides_who_is_asked_anew() {
    let world = asked().await;
    world.press(&newest(&world, ALICE).await.approve, "").await;
    let old = newest(&world, BOB).await;
    world.ledger().delete(&world.ledger().request().await).await;
    world.save_policy(&format!("[default]\napprovers = [\"{CAROL}\"]\nquorum = 1")).await;
    world.advance(time::Duration::hours(1)).await;
    let asked: Vec<String> = world.requests().await.into_iter().skip(3).map(|mail| mail.to).collect();
    assert_eq!(asked, [CAROL], "nobody else is asked anew");
    assert_eq!(world.post(&old.approve, &[("decision", "Approved")]).await.status, 410);
    assert_waits(&world, "asked anew").await;
    let page = world.press(&newest(&world, CAROL).await.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
    assert_eq!(world.approval_state().await["summary"], "Approved through Countersign by carol@example.com.");
}

/// What remains: true requests of one approval can be swapped. Each binds as it was asked.
#[tokio::test(start_paused = true)]
async fn an_older_true_request_binds_as_it_was_asked() {
    let world = asked().await;
    let (first, old) = (world.ledger().request().await, newest(&world, ALICE).await);
    world.ledger().delete(&first).await;
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 1")).await;
    world.advance(time::Duration::hours(1)).await;
    let new = newest(&world, BOB).await;
    assert!(new.text.contains("One approval is enough."), "{}", new.text);
    world.ledger().put(&first).await;
    assert_eq!(world.get(&new.approve).await.status, 410, "a link of the newer request");
    let page = world.press(&old.approve, "").await;
    assert!(page.body.contains("1 of 2 approvals received"), "{}", page.body);
    world.advance(time::Duration::hours(1)).await;
    assert_waits(&world, "swapped").await;
    // It asked Carol, too, and the policy of today does not.
    let carol = world.requests().await.into_iter().find(|mail| mail.to == CAROL).unwrap();
    assert_eq!(world.press(&carol.approve, "").await.title(), "MyFirstPipeline was approved");
}
