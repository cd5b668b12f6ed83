//! The quorum: votes of different approvers of this approval.

use serde_json::json;
use tests::forge::Parts;
use tests::{ALICE, BOB, World, changed, eventbridge};
use time::Duration;

const CAROL: &str = "carol@example.com";
const FIVE: &str = "alice@example.com, bob@example.com, carol@example.com, dave@example.com, erin@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn three_of_five_and_one_persons_link_used_five_times_counts_one() {
    let world = World::of(FIVE, 3).await;
    let (alice, bob) = world.ask().await;
    assert!(
        alice.text.contains(
            "5 people have been asked to decide. 3 approvals are needed. One rejection is enough to stop it."
        ),
        "{}",
        alice.text
    );
    for attempt in 0..5 {
        // Each vote has another comment, which replaces the one before; it stays one vote.
        let comment = format!("look {attempt}");
        let page = world.post(&alice.approve, &[("decision", "Approved"), ("comment", &comment)]).await;
        assert_eq!((page.status, page.title()), (200, "Your vote has been recorded"));
        assert!(page.body.contains("1 of 3 approvals received.") && page.body.contains(&comment), "{}", page.body);
        assert_eq!(page.body.matches("look ").count(), 1, "{}", page.body);
    }
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert!(world.press(&bob.approve, "").await.body.contains("2 of 3 approvals received."));
    // An address in capitals is the same person.
    let loud = Parts::of(&alice.approve).claim("sub", json!(ALICE.to_uppercase()));
    let page = world.post(&loud.signed(&world, &loud.key()), &[("decision", "Approved")]).await;
    assert!(page.body.contains("2 of 3 approvals received."), "{}", page.body);
    let page = world.get(&world.mail_to(CAROL).await.approve).await;
    assert!(
        page.body.contains("2 of 3 approvals received.") && page.body.contains("5 people have been asked to decide."),
        "{}",
        page.body
    );
    let page = world.press(&world.mail_to(CAROL).await.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
    assert_eq!(world.calls("PutApprovalResult"), 1);
}

/// Gmail clips a long email at its end, where the links are.
#[tokio::test(flavor = "multi_thread")]
async fn an_email_shows_the_latest_votes_and_says_how_many_it_omits() {
    for (comment, most) in [("Fine.".to_owned(), 18), ("x".repeat(512), 12)] {
        let approvers: Vec<String> = (10..30).map(|number| format!("approver.{number}@example.com")).collect();
        let world = World::of(&approvers.join(", "), 20).await;
        world.play(&eventbridge()).await;
        for approver in &approvers {
            let page = world.press(&world.mail_to(approver).await.approve, &comment).await;
            assert_eq!(page.status, 200, "{}", page.body);
            world.sandbox().advance(Duration::seconds(1)).await;
        }
        for mail in world.outcomes().await {
            let shown: Vec<&str> = approvers
                .iter()
                .map(String::as_str)
                .filter(|one| mail.text.contains(&format!("{one}: Approved")))
                .collect();
            assert_eq!(shown, approvers[20 - most..], "{}", mail.text);
            let omitted = format!("{} older votes are not shown here.", 20 - most);
            assert!(mail.text.contains(&omitted), "{}", mail.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejection_rejects_whatever_the_others_said() {
    let world = World::of(FIVE, 3).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "").await;
    world.press(&bob.approve, "").await;
    let page = world.press(&world.mail_to(CAROL).await.reject, "Not today").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was rejected"));
    assert_eq!(world.approval_state().await["status"], "Failed");
    assert_eq!(world.get(&alice.approve).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_of_another_approval_cannot_vote_on_this_one() {
    let world = World::under(&format!(
        "[[route]]\npipeline = \"website\"\napprovers = [\"{CAROL}\"]\n[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]"
    ))
    .await;
    let (alice, _) = world.ask().await;
    world.play(&changed(eventbridge(), "/detail/pipeline", json!("website"))).await;
    let carol = world.mail_to(CAROL).await;
    let (carols, this) = (Parts::of(&carol.approve), Parts::of(&alice.approve));
    // Two links with valid signatures, as if the notifier had made a mistake: one is Carol's link to the
    // other request with this approval's claims, and one is this approval's link in Carol's name.
    let mut mixed = carols.clone();
    for claim in ["pipeline", "token", "execution"] {
        mixed = mixed.claim(claim, this.claims[claim].clone());
    }
    for link in [mixed, this.clone().claim("sub", json!(CAROL))] {
        let link = link.signed(&world, &carols.key());
        for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
            // Carol's request is not this approval's, and nobody of that name was asked about this one.
            assert!(!page.has_form() && [400, 410].contains(&page.status), "{}: {}", page.status, page.title());
        }
    }
    assert_eq!(world.approval_state().await["status"], "InProgress");
    // Carol's own link decides Carol's own approval, and nothing else.
    assert_eq!(world.press(&carol.approve, "").await.title(), "website was approved");
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert!(!world.get(&alice.approve).await.body.contains("Carol"));
}
