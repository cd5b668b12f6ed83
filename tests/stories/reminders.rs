//! Reminders to those who have not voted, one for each time in the policy.

use time::Duration;

use tests::{ALICE, BOB, World};

const CAROL: &str = "carol@example.com";

async fn world(remind: &str) -> World {
    World::under(&format!(
        "[default]\napprovers = [\"{ALICE}\", \"{BOB}\", \"{CAROL}\"]\nquorum = 2\nremind = {remind}"
    ))
    .await
}

async fn reminded(world: &World) -> Vec<String> {
    let mut receivers: Vec<String> = world.reminders().await.into_iter().map(|mail| mail.to).collect();
    receivers.sort();
    receivers
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reminder_for_each_time_to_those_who_have_not_voted() {
    let world = world("[\"3d\", \"24h\"]").await;
    let (alice, bob) = world.ask().await;
    world.advance(Duration::days(4) - Duration::minutes(20)).await;
    assert!(
        reminded(&world).await.is_empty(),
        "it waits seven days, and the first reminder comes three before its end"
    );
    world.press(&alice.approve, "fine by me").await;
    world.advance(Duration::hours(1)).await;
    assert_eq!(reminded(&world).await, [BOB, CAROL]);
    for _ in 0..5 {
        world.advance(Duration::hours(1)).await;
        world.sweep().await.unwrap();
    }
    assert_eq!(reminded(&world).await, [BOB, CAROL], "once");
    world.advance(Duration::days(2)).await;
    assert_eq!(reminded(&world).await, [BOB, BOB, CAROL, CAROL], "and once more a day before");

    let mails = world.reminders().await;
    let first = mails.iter().find(|mail| mail.to == BOB).unwrap();
    assert_eq!((&first.approve, &first.reject), (&bob.approve, &bob.reject), "the same decision links");
    assert_eq!(first.subject, format!("Re: {}", bob.subject));
    for words in [
        "2 days left. Release MyFirstPipeline to MyApprovalStage without a page to review?",
        "Reminder: a decision is still needed, by 27 November 2026, 09:25 UTC.",
        "3 people have been asked to decide. 2 approvals are needed",
        "alice@example.com: Approved, 24 November 2026",
        "> fine by me",
    ] {
        assert!(first.text.contains(words), "{words}: {}", first.text);
    }
    assert!(mails.last().unwrap().text.contains("23 hours left. "), "{}", mails.last().unwrap().text);
    assert_eq!(world.press(&first.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_reminders_are_not_sent_later() {
    // Nothing ran for days: there is one reminder, not three.
    let world = world("[\"3d\", \"48h\", \"24h\"]").await;
    world.ask().await;
    world.sandbox().skip(Duration::days(6) + Duration::hours(1)).await;
    assert_eq!(reminded(&world).await, [ALICE, BOB, CAROL]);
    world.advance(Duration::hours(1)).await;
    assert_eq!(reminded(&world).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reminder_after_the_end() {
    let world = world("\"24h\"").await;
    let (alice, bob) = world.ask().await;
    // An outcome email that cannot be sent keeps the approval open for the sweep.
    world.aws().ses.refuse(CAROL, "MessageRejected", "");
    world.press(&alice.approve, "").await;
    world.advance(Duration::days(6) - Duration::hours(2)).await;
    world.press(&bob.approve, "").await;
    for _ in 0..5 {
        world.advance(Duration::hours(1)).await;
        let swept = world.sweep().await.unwrap_err();
        assert!(swept.contains("1 of 1 emails were not sent"), "{swept}");
    }
    assert!(reminded(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_was_due_before_the_request_is_not_sent() {
    // CodePipeline waits seven days: a reminder eight days before its end would come at once.
    let world = world("[\"8d\", \"24h\"]").await;
    world.ask().await;
    world.advance(Duration::hours(2)).await;
    assert!(reminded(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reminder_unless_the_policy_asks_for_it() {
    let world = World::new().await;
    world.ask().await;
    for _ in 0..7 {
        world.advance(Duration::hours(23)).await;
    }
    assert!(world.reminders().await.is_empty());
}
