//! The initiator of a release may not approve it, if the policy says so.

use sandbox::codepipeline::{ExecutionMode, Trigger};
use sandbox::simulation::{Calls, Fault};
use tests::{ALICE, BOB, World};

const CAROL: &str = "carol@example.com";

fn policy(may: bool) -> String {
    format!(
        "[aliases]\n\"bb\" = \"{BOB}\"\n[default]\napprovers = [\"Alice Archer <{ALICE}>\", \"{BOB}\", \"{CAROL}\"]\n\
         quorum = 2\ninitiator_may_approve = {may}"
    )
}

async fn world(may: bool) -> World {
    let world = World::under(&policy(may)).await;
    world.service(ExecutionMode::Queued);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiators_approval_is_refused_with_an_explanation_and_changes_nothing() {
    let world = world(false).await;
    world.start_as(&format!("arn:aws:sts::123456789012:assumed-role/Admin/{ALICE}")).await;
    let (alice, bob, carol) = (world.mail_to(ALICE).await, world.mail_to(BOB).await, world.mail_to(CAROL).await);
    assert!(alice.text.contains("You started this release, so your approval would not count."), "{}", alice.text);
    let note = "Alice Archer <alice@example.com> started this release, so they cannot approve it.";
    assert!(bob.text.contains(note), "{}", bob.text);
    for _ in 0..2 {
        let page = world.get(&alice.approve).await;
        assert_eq!((page.status, page.title(), page.has_form()), (403, "You started this release", false));
        let page = world.post(&alice.approve, &[("decision", "Approved"), ("comment", "mine")]).await;
        assert_eq!((page.status, page.title()), (403, "You started this release"));
        assert!(page.body.contains("your approval does not count. Nothing was decided."), "{}", page.body);
    }
    let page = world.press(&bob.approve, "").await;
    assert!(page.body.contains("1 of 2 approvals") && !page.body.contains("mine"), "{}", page.body);
    assert_eq!(world.post(&alice.approve, &[("decision", "Approved")]).await.status, 403);
    assert_eq!(world.press(&carol.approve, "").await.title(), "service was approved");
    // After the decision, the initiator sees the outcome like everybody.
    assert_eq!(world.get(&alice.approve).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiators_rejection_counts() {
    let world = world(false).await;
    world.start_as(&format!("arn:aws:iam::123456789012:user/{ALICE}")).await;
    let alice = world.mail_to(ALICE).await;
    assert_eq!(world.press(&alice.reject, "I was too quick").await.title(), "service was rejected");
    assert_eq!(world.state_of("service", "Prod", "Approve").await["status"], "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiator_is_known_by_address_by_user_name_and_by_alias() {
    for (arn, barred) in [
        (format!("arn:aws:sts::123456789012:assumed-role/Admin/{}", ALICE.to_uppercase()), Some(ALICE)),
        ("arn:aws:iam::123456789012:user/teams/alice".to_owned(), Some(ALICE)),
        ("arn:aws:iam::123456789012:user/bb".to_owned(), Some(BOB)),
        ("arn:aws:iam::123456789012:user/zoe".to_owned(), None),
    ] {
        let world = world(false).await;
        world.start_as(&arn).await;
        for person in [ALICE, BOB, CAROL] {
            let expected = if barred == Some(person) { 403 } else { 200 };
            let link = world.mail_to(person).await.approve;
            assert_eq!(world.get(&link).await.status, expected, "{arn}: {person}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_has_no_initiator() {
    let world = world(false).await;
    let trigger = Trigger::CloudWatchEvent("arn:aws:events:us-east-2:123456789012:rule/push".to_owned());
    world.aws().codepipeline.start("service", trigger).unwrap();
    world.settle().await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_without_a_known_identity_is_an_error() {
    let world = world(false).await;
    world.start_as("somebody").await;
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: "), "{failure}");
    assert!(failure.contains("CodePipeline does not say who that is"), "{failure}");
    assert!(world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_may_be_several_approvers_and_then_too_few_are_left() {
    let policy = format!(
        "[default]\napprovers = [\"{ALICE}\", \"alice@example.org\", \"{BOB}\"]\nquorum = 2\ninitiator_may_approve = false"
    );
    let world = World::under(&policy).await;
    world.service(ExecutionMode::Queued);
    world.start_as("arn:aws:iam::123456789012:user/alice").await;
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: "), "{failure}");
    assert!(failure.contains("leaves too few to approve: the quorum is 2, but only 1 of"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiator_may_approve_unless_the_policy_forbids_it() {
    let world = world(true).await;
    world.start_as(&format!("arn:aws:iam::123456789012:user/{ALICE}")).await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn no_request_is_sent_while_the_initiator_cannot_be_read() {
    let world = World::simulated_under(&policy(false)).await;
    world.service(ExecutionMode::Queued);
    world.fail(Calls::of("GetPipelineExecution"), Fault::ErrorBefore);
    world.start_as(&format!("arn:aws:iam::123456789012:user/{ALICE}")).await;
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: "), "{failure}");
    assert!(failure.contains("CodePipeline does not say who that is"), "{failure}");
    assert!(world.mails().await.is_empty(), "an approval that its initiator could give");
    assert_eq!(world.failures().len(), 3, "Lambda tries it three times");
    world.heal();
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 403);
}
