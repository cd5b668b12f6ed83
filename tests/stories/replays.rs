//! Recorded events: playable for ever, and as if they happened when they are played.

use serde_json::{Value, json};
use tests::{ALICE, BEGIN, World, eventbridge, fixture, notification_rule, sns};
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

/// A notice that CodePipeline sent in August 2022.
fn old_notice() -> Value {
    fixture("sns-approval-needed-2022")
}

fn records() -> [Value; 4] {
    [eventbridge(), notification_rule(), sns(), old_notice()]
}

/// Before the records, with them, some time after them, and as late as an approval can be.
fn moments() -> [UtcDateTime; 5] {
    let (early, late) = (utc_datetime!(2021-02-28 23:59:59.5), utc_datetime!(2099-11-30 12:00));
    [early, BEGIN, BEGIN + Duration::days(8), BEGIN + Duration::days(48), late]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_playable_at_any_time_and_begins_when_it_is_played() {
    for begin in moments() {
        for record in records() {
            let world = World::at(begin).await;
            let report = world.play(&record).await;
            assert_eq!(report["results"][0]["sent"], 2, "at {begin}: {report}");
            let alice = world.mail_to(ALICE).await;
            world.sandbox().skip(Duration::days(7) - Duration::minutes(1)).await;
            assert_eq!(world.get(&alice.approve).await.status, 200, "at {begin}: {record}");
            world.advance(Duration::minutes(1)).await;
            assert_eq!(world.get(&alice.approve).await.status, 410, "at {begin}: {record}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_played_again_later_is_still_the_same_approval() {
    for begin in moments() {
        for record in records() {
            let world = World::at(begin).await;
            world.play(&record).await;
            let alice = world.mail_to(ALICE).await;
            world.advance(Duration::minutes(30)).await;
            let again = world.play(&record).await;
            let sent = (&again["results"][0]["sent"], &again["results"][0]["alreadySent"]);
            assert_eq!(sent, (&json!(0), &json!(2)), "at {begin}: {again}");
            world.press(&alice.reject, "").await;
            world.advance(Duration::minutes(1)).await;
            let (status, late) = world.event(&record).await;
            assert_eq!((status, &late["results"][0]["result"]), (200, &json!("over")), "at {begin}: {late}");
        }
    }
}
