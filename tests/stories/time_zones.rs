//! The time zones in which emails and pages tell moments.

use tests::{ALICE, BOB, Mail, World};

const CAROL: &str = "carol@example.com";
const DAVE: &str = "dave@example.com";

/// A route in Berlin, with an approver in New York, one who wants UTC, and one who gets copies in Auckland.
fn policy() -> String {
    format!(
        r#"
        [[person]]
        address = "{ALICE}"
        time_zone = "America/New_York"

        [[person]]
        address = "{BOB}"
        time_zone = "UTC"

        [[person]]
        address = "{DAVE}"
        time_zone = "Pacific/Auckland"

        [default]
        approvers = ["{ALICE}", "{BOB}", "{CAROL}"]
        quorum = 2
        time_zone = "Europe/Berlin"
        copy = ["{DAVE}"]
        "#
    )
}

fn assert_tells(mail: &Mail, moment: &str) {
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(moment), "{moment}: {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_moments_in_their_own_time_zone() {
    let world = World::under(&policy()).await;
    world.play(&tests::eventbridge()).await;
    let (alice, bob, carol) = (world.mail_to(ALICE).await, world.mail_to(BOB).await, world.mail_to(CAROL).await);
    for (mail, moment) in [
        (&alice, "within 7 days, by 27 November 2026, 04:25 New York time (09:25 UTC)."),
        (&bob, "within 7 days, by 27 November 2026, 09:25 UTC."),
        (&carol, "within 7 days, by 27 November 2026, 10:25 Berlin time (09:25 UTC)."),
        (&world.mail_to(DAVE).await, "within 7 days, by 27 November 2026, 22:25 Auckland time (09:25 UTC)."),
    ] {
        assert_tells(mail, moment);
    }
    // The page follows the link, and its language the browser.
    for (mail, language, moment) in [
        (&alice, "en", "Decide by 27 November 2026, 04:25 New York time (09:25 UTC, in 7 days)."),
        (&bob, "en", "Decide by 27 November 2026, 09:25 UTC (in 7 days)."),
        (&carol, "en", "Decide by 27 November 2026, 10:25 Berlin time (09:25 UTC, in 7 days)."),
        (&carol, "de", "bis zum 27. November 2026, 10:25 Ortszeit Berlin (09:25 UTC, in 7 Tagen)."),
    ] {
        let page = world.get_in(&mail.approve, language).await;
        assert!(page.body.contains(moment), "{moment}: {}", page.body);
    }
    let recorded = world.press(&carol.approve, "").await;
    assert!(recorded.body.contains("10:25 Berlin time (09:25 UTC, in 7 days)."), "{}", recorded.body);
    world.settle().await;
    assert_tells(&world.receipts().await[0], "20 November 2026, 10:25 Berlin time (09:25 UTC)");
    // Whoever voted, each reader has the time of their own clock.
    let decided = world.press(&alice.approve, "").await;
    assert!(decided.body.contains("on 20 November 2026, 04:25 New York time (09:25 UTC)."), "{}", decided.body);
    assert!(!decided.body.contains("Berlin"), "{}", decided.body);
    let late = world.get(&carol.reject).await;
    assert!(late.body.contains("on 20 November 2026, 10:25 Berlin time (09:25 UTC)."), "{}", late.body);
    world.settle().await;
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.len(), 4);
    for (to, moment) in [
        (ALICE, "on 20 November 2026, 04:25 New York time (09:25 UTC)."),
        (BOB, "on 20 November 2026, 09:25 UTC."),
        (CAROL, "on 20 November 2026, 10:25 Berlin time (09:25 UTC)."),
        (DAVE, "on 20 November 2026, 22:25 Auckland time (09:25 UTC)."),
    ] {
        assert_tells(outcomes.iter().find(|mail| mail.to == to).unwrap(), moment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_request_keeps_its_time_zones() {
    let world = World::under(&policy()).await;
    world.play(&tests::eventbridge()).await;
    let alice = world.mail_to(ALICE).await;
    world.save_policy(&policy().replace("America/New_York", "Asia/Kolkata")).await;
    let page = world.get(&alice.approve).await;
    assert!(page.body.contains("04:25 New York time"), "{}", page.body);
    // A link that has expired has a page without a moment, and is no error.
    world.advance(time::Duration::days(8)).await;
    assert_eq!(world.get(&alice.approve).await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_zone_that_is_none_is_no_policy() {
    let world = World::new().await;
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]\ntime_zone = \"Europe/Atlantis\"\n")).await;
    let (status, error) = world.event(&tests::eventbridge()).await;
    let message = error["errorMessage"].as_str().unwrap();
    assert_eq!(status, 500, "{error}");
    assert!(
        message.contains("line 3, column 13, default.time_zone: must be UTC, or the name of a place's time zone"),
        "{message}"
    );
    assert!(!message.contains("Atlantis"), "{message}");
}
