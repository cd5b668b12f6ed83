//! What a voter sees after voting: where things stand, however often they look.

use tests::{ALICE, BOB, World, eventbridge};

const CAROL: &str = "carol@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_sees_who_approved_who_is_awaited_how_many_are_needed_and_until_when() {
    let world = World::of(&format!("Alice Archer <{ALICE}>, Bob Brook <{BOB}>, {CAROL}"), 3).await;
    let (alice, bob) = world.ask().await;
    let page = world.press(&alice.approve, "fine by me").await;
    for said in [
        "1 of 3 approvals received. 2 more approvals are needed.",
        "Alice Archer &#60;alice@example.com&#62;: Approved",
        "Still to vote: Bob Brook, carol@example.com.",
        "no later than 27 November 2026, 09:25 UTC",
        "You can open this link again at any time to see where things stand.",
    ] {
        assert!(page.body.contains(said), "{said} is not in {}", page.body);
    }
    assert_eq!(world.get(&alice.approve).await.body, page.body, "the link shows the same");

    world.press(&bob.approve, "").await;
    let page = world.get(&alice.approve).await;
    assert_eq!(page.title(), "Your vote has been recorded");
    assert!(page.body.contains("2 of 3 approvals received. 1 more approval is needed."), "{}", page.body);
    assert!(page.body.contains("Still to vote: carol@example.com."), "{}", page.body);

    let decided = world.press(&world.mail_to(CAROL).await.approve, "").await;
    for page in [&decided, &world.get(&alice.approve).await, &world.get(&bob.reject).await] {
        assert!(page.body.contains("3 of 3 approvals received."), "{}", page.body);
        assert!(page.body.contains("fine by me") && !page.body.contains("Still to vote"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_approve_is_not_awaited() {
    let policy = format!(
        "[default]\napprovers = [\"{ALICE}\", \"{BOB}\", \"{CAROL}\"]\nquorum = 2\ninitiator_may_approve = false"
    );
    let world = World::under(&policy).await;
    world.service(sandbox::codepipeline::ExecutionMode::Superseded);
    world.start_as(&format!("arn:aws:iam::123456789012:user/{CAROL}")).await;
    let page = world.press(&world.mail_to(ALICE).await.approve, "").await;
    assert_eq!(page.title(), "Your vote has been recorded");
    assert!(page.body.contains("Still to vote: bob@example.com."), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_for_what_was_decided_otherwise_still_shows() {
    let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await;
    world.play(&eventbridge()).await;
    let (alice, bob) = (world.mail_to(ALICE).await, world.mail_to(BOB).await);
    world.press(&alice.approve, "fine by me").await;
    world.press(&bob.reject, "not yet").await;
    let page = world.get(&alice.approve).await;
    assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already rejected"));
    assert!(page.body.contains("fine by me") && page.body.contains("not yet"), "{}", page.body);
}
