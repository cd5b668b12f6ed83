//! AWS failures in the middle of a decision: the page asks the visitor to try again, nothing is lost, and the next
//! attempt finishes what was begun.

use sandbox::simulation::{Calls, Fault};
use tests::{ALICE, BOB, World};

#[tokio::test(start_paused = true)]
async fn a_throttled_step_gets_503_and_the_next_attempt_finishes() {
    // The seal, the request, the vote with its verdict, and the result.
    for operation in ["Sign", "GetItem", "UpdateItem", "PutApprovalResult"] {
        let world = World::simulated().await;
        let (alice, _) = world.ask().await;
        world.fail(Calls::of(operation).take(3), Fault::Throttled);
        let page = world.post(&alice.approve, &[("decision", "Approved"), ("comment", "first")]).await;
        assert_eq!((page.status, page.header("retry-after")), (503, Some("30")), "{operation}");
        assert_eq!(page.title(), "Please try again in a minute");
        let page = world.post(&alice.approve, &[("decision", "Approved"), ("comment", "first")]).await;
        assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"), "{operation}");
        assert_eq!(
            world.approval_state().await["summary"],
            "Approved through Countersign by alice@example.com. \"first\""
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_whose_answer_is_lost_is_recognised_as_ours() {
    for lost in [1, 3] {
        let world = World::simulated().await;
        let (alice, bob) = world.ask().await;
        world.fail(Calls::of("PutApprovalResult").take(lost), Fault::ErrorAfter);
        let mut page = world.post(&alice.approve, &[("decision", "Approved")]).await;
        if lost == 3 {
            assert_eq!(page.status, 503, "no attempt got an answer");
            page = world.post(&alice.approve, &[("decision", "Approved")]).await;
        }
        assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
        assert_eq!(world.get(&alice.approve).await.status, 200);
        assert_eq!(world.get(&bob.approve).await.status, 409);
    }
}

#[tokio::test(start_paused = true)]
async fn a_vote_whose_answer_is_lost_counts_once() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.fail(Calls::of("UpdateItem").take(1), Fault::ErrorAfter);
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert!(page.body.contains("1 of 2 approvals"), "{}", page.body);
    world.fail(Calls::of("UpdateItem").take(1), Fault::ErrorAfter);
    assert_eq!(world.press(&bob.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(start_paused = true)]
async fn any_approver_finishes_what_a_crash_left_undone() {
    // Alice's vote and the verdict are recorded, and then CodePipeline cannot be reached.
    let world = World::simulated().await;
    let (alice, bob) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult").take(3), Fault::ErrorBefore);
    assert_eq!(world.post(&alice.approve, &[("decision", "Approved"), ("comment", "go")]).await.status, 503);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    // Bob wants the opposite: this vote comes too late, and the visit must not put the other decision.
    let page = world.post(&bob.reject, &[("decision", "Rejected")]).await;
    assert_eq!((page.status, page.title()), (503, "Please try again in a minute"));
    assert_eq!(world.approval_state().await["status"], "InProgress");
    // Bob agrees after all, and that visit finishes the decision.
    let page = world.post(&bob.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already approved"));
    assert!(page.body.contains("Alice Archer"), "{}", page.body);
    assert_eq!(world.approval_state().await["summary"], "Approved through Countersign by alice@example.com. \"go\"");
    assert_eq!(world.get(&alice.approve).await.status, 200);
    assert_eq!(world.get(&bob.reject).await.status, 409);
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_between_vote_and_result_the_link_offers_its_button_again() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult").take(3), Fault::Throttled);
    assert_eq!(world.post(&alice.approve, &[("decision", "Approved")]).await.status, 503);
    let page = world.press(&alice.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_shows_the_page_for_a_problem() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult").take(1), Fault::Denied);
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (500, "Sorry, there is a problem"));
    assert_eq!(world.press(&alice.approve, "").await.status, 200, "nothing is lost");
}
