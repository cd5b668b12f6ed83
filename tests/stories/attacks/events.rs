//! Somebody who can send events: `sns:Publish` on the topic, `events:PutEvents`, or `lambda:InvokeFunction`.

use sandbox::codepipeline::NamedApproval;
use serde_json::json;
use tests::{ALICE, BOB, World, changed, eventbridge, in_notice, sns};

use super::{assert_two_can_approve, assert_waits, result};

const OTHER_ACCOUNT: &str = "999999999999";

/// A world whose policy is lax for everything outside of the strict account, in which the strict approval was asked for.
async fn strict_here_lax_elsewhere() -> World {
    let world = World::simulated_under(&format!(
        "[[route]]\nname = \"strict\"\naccount = \"123456789012\"\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2\n\
         [default]\napprovers = [\"{ALICE}\", \"{BOB}\"]"
    ))
    .await;
    world.ask().await;
    world
}

#[tokio::test(start_paused = true)]
async fn an_event_that_names_another_account_or_region_halves_no_quorum() {
    let real = eventbridge();
    for (what, forged, done, unserved) in [
        ("another account", changed(real.clone(), "/account", json!(OTHER_ACCOUNT)), "ignored", 1),
        // It is read there, where no such pipeline is.
        ("another region", changed(real.clone(), "/region", json!("eu-west-1")), "over", 0),
    ] {
        let world = strict_here_lax_elsewhere().await;
        let report = world.invoke(forged).await.unwrap();
        assert_eq!(result(&report), done, "{what}: {report}");
        assert_eq!(world.metric("UnservedEvents"), unserved, "{what}");
        assert_eq!(world.mails().await.len(), 2, "{what}: no second request");
        assert_eq!(world.ledger().requests().await.len(), 1, "{what}");
        let alice = world.mail_to(ALICE).await;
        let page = world.press(&alice.approve, "").await;
        assert!(page.body.contains("1 of 2 approvals received"), "{what}: {}", page.body);
        assert_waits(&world, what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_opens_no_second_request_whatever_it_says_beside_the_names() {
    let world = strict_here_lax_elsewhere().await;
    let real = eventbridge();
    for (what, forged) in [
        ("the same again", real.clone()),
        ("another time", changed(real.clone(), "/time", json!("2020-01-01T00:00:00Z"))),
        ("a time to come", changed(real.clone(), "/time", json!("2099-01-01T00:00:00Z"))),
        ("other resources", changed(real.clone(), "/resources/0", json!("arn:aws:codepipeline:us-east-2:1:Lax"))),
        ("a run elsewhere", changed(real.clone(), "/detail/region", json!("eu-west-1"))),
    ] {
        let report = world.invoke(forged).await.unwrap();
        assert_eq!((result(&report), &report["results"][0]["sent"]), ("asked", &json!(0)), "{what}: {report}");
    }
    for (pointer, name) in [("/detail/stage", "Lax"), ("/detail/action", "Lax"), ("/detail/execution-id", "another")] {
        world.invoke(changed(real.clone(), pointer, json!(name))).await.unwrap_err();
    }
    assert_eq!(result(&world.invoke(changed(real, "/detail/pipeline", json!("Lax"))).await.unwrap()), "over");
    assert_eq!((world.mails().await.len(), world.ledger().requests().await.len()), (2, 1));
    assert_waits(&world, "after all of them").await;
}

#[tokio::test(start_paused = true)]
async fn an_event_about_an_end_that_did_not_take_place_tells_nobody_anything() {
    let world = super::asked().await;
    for state in ["SUCCEEDED", "FAILED", "ABANDONED", "CANCELED"] {
        let forged = changed(eventbridge(), "/detail/state", json!(state));
        let error = world.invoke(changed(forged, "/time", json!("2026-11-20T10:00:00Z"))).await.unwrap_err();
        assert!(error.contains("CodePipeline does not yet show how the approval ended"), "{state}: {error}");
    }
    assert_waits(&world, "after all of them").await;
    world.advance(time::Duration::hours(1)).await;
    assert_waits(&world, "after a sweep").await;
    assert_two_can_approve(&world, ALICE, BOB, "after all of them").await;
}

#[tokio::test(start_paused = true)]
async fn a_notice_about_nothing_mails_nobody() {
    let invite = |message: &mut serde_json::Value| {
        message["approval"]["customData"] = json!("Sign in at https://evil.example first");
    };
    let world = World::simulated().await;
    let report = world.invoke(in_notice(sns(), invite)).await.unwrap();
    assert_eq!(result(&report), "over", "no such pipeline: {report}");
    world.ask().await;
    let error = world.invoke(in_notice(sns(), invite)).await.unwrap_err();
    assert!(error.contains("CodePipeline shows no pending approval for this event"), "no such token: {error}");
    assert!(world.mails().await.iter().all(|mail| !mail.raw.contains("evil.example")));
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_notice_of_a_topic_in_another_account_asks_nobody() {
    let world = World::simulated().await;
    let played = world.aws().codepipeline.ensure_waiting(&waiting());
    let mut notice = in_notice(sns(), |message| message["approval"]["token"] = json!(played.token));
    notice["Records"][0]["Sns"]["TopicArn"] = json!(format!("arn:aws:sns:us-east-2:{OTHER_ACCOUNT}:approvals"));
    assert_eq!(result(&world.invoke(notice).await.unwrap()), "ignored");
    assert_eq!((world.metric("UnservedEvents"), world.mails().await.len()), (1, 0));
}

/// The default approval, with its author's own texts.
fn waiting() -> NamedApproval {
    NamedApproval {
        account: "123456789012".to_owned(),
        region: "us-east-2".to_owned(),
        pipeline: "MyFirstPipeline".to_owned(),
        stage: "MyApprovalStage".to_owned(),
        action: "MyApprovalAction".to_owned(),
        custom_data: Some("Compare the totals".to_owned()),
        external_entity_link: Some("https://totals.example.com/".to_owned()),
        ..NamedApproval::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_with_a_real_token_adds_no_text_no_link_and_no_deadline() {
    let world = World::simulated().await;
    let played = world.aws().codepipeline.ensure_waiting(&waiting());
    let forged = in_notice(sns(), |message| {
        let approval = &mut message["approval"];
        approval["token"] = json!(played.token);
        approval["customData"] = json!("Sign in at https://evil.example first");
        approval["externalEntityLink"] = json!("https://evil.example/");
        approval["expires"] = json!("2026-11-20T09:30Z");
    });
    // It comes first, and once more after the genuine event.
    let report = world.invoke(forged.clone()).await.unwrap();
    assert_eq!((result(&report), &report["results"][0]["sent"]), ("asked", &json!(2)), "{report}");
    world.invoke(changed(eventbridge(), "/detail/execution-id", json!(played.execution))).await.unwrap();
    world.invoke(forged).await.unwrap();
    assert_eq!(world.mails().await.len(), 2);
    for mail in world.mails().await {
        assert!(!mail.raw.contains("evil.example"), "{}", mail.raw);
        for words in ["Compare the totals", "https://totals.example.com/", "within 7 days"] {
            assert!(mail.text.contains(words), "{words}: {}", mail.text);
        }
    }
    // And its deadline ends nothing.
    world.advance(time::Duration::days(1)).await;
    let alice = world.mail_to(ALICE).await;
    assert_eq!(world.press(&alice.approve, "").await.title(), "MyFirstPipeline was approved");
}
