//! Attacks by people with some rights in AWS: whoever can send events, write the ledger, or both, approves nothing and
//! mails nobody a lie. Each story says who the attacker is and what they do, and then what happens: mostly nothing.

mod events;
mod keys;
mod ledger;
mod links;
mod outcomes;
mod requests;
mod votes;

use serde_json::{Value, json};
use tests::{ALICE, BOB, Mail, World, eventbridge};

const CAROL: &str = "carol@example.com";
const MALLORY: &str = "mallory@example.com";

/// A simulated world in which two of Alice, Bob and Carol must approve.
async fn two_of_three() -> World {
    World::simulated_of(&format!("Alice Archer <{ALICE}>, {BOB}, {CAROL}"), 2).await
}

/// The same world, in which all three have been asked about the default approval.
async fn asked() -> World {
    let world = two_of_three().await;
    world.play(&eventbridge()).await;
    assert_eq!(world.requests().await.len(), 3);
    // What is asked anew in the same second is the same request, with the same links.
    world.advance(time::Duration::minutes(1)).await;
    world
}

/// Asserts that the default approval waits, that nobody put a result, and that nobody was told of an end.
async fn assert_waits(world: &World, what: &str) {
    assert_eq!(world.approval_state().await["status"], "InProgress", "{what}");
    assert_eq!(world.calls("PutApprovalResult"), 0, "{what}");
    assert!(world.outcomes().await.is_empty(), "{what}: {:?}", world.outcomes().await);
}

/// The newest request email to somebody.
async fn newest(world: &World, to: &str) -> Mail {
    world.requests().await.into_iter().rfind(|mail| mail.to == to).unwrap_or_else(|| panic!("no email to {to}"))
}

/// Asserts that two people can still approve, that this is what everybody is told, and that it is the truth.
async fn assert_two_can_approve(world: &World, one: &str, other: &str, what: &str) {
    let first = world.press(&newest(world, one).await.approve, "").await;
    assert_eq!((first.status, first.title()), (200, "Your vote has been recorded"), "{what}");
    let second = world.press(&newest(world, other).await.approve, "").await;
    assert_eq!((second.status, second.title()), (200, "MyFirstPipeline was approved"), "{what}");
    assert_told_that_it_was_approved(world, one, other, what).await;
}

async fn assert_told_that_it_was_approved(world: &World, one: &str, other: &str, what: &str) {
    world.settle().await;
    assert_eq!(world.approval_state().await["status"], "Succeeded", "{what}");
    let summary = format!("Approved through Countersign by {one}, {other}.");
    assert_eq!(world.approval_state().await["summary"], summary, "{what}");
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.len(), 3, "{what}");
    for mail in outcomes {
        assert!(mail.text.starts_with("MyFirstPipeline was approved"), "{what}: {}", mail.text);
        assert!(mail.text.contains("Approved by ") && mail.text.contains(other), "{what}: {}", mail.text);
        assert!(!mail.text.contains("in AWS"), "{what}: {}", mail.text);
    }
}

/// How a result is put with credentials that allow it.
async fn put_in_console(world: &World, status: &str, summary: &str) {
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": status, "summary": summary},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
}

/// The result of the only record of a report.
fn result(report: &Value) -> &str {
    report["results"][0]["result"].as_str().unwrap()
}
