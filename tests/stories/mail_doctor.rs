//! What the doctor says of emails, for each way in which they can be set up.

use sandbox::aws::sesv2::Settings;
use serde_json::{Value, json};
use tests::World;

use crate::operations::{diagnosis, misconfigured, unsound};

const SET: &str = "configuration set";
const TEST: &str = "test email";
const SENDER: &str = "COUNTERSIGN_SENDER";
const IDENTITY: &str = "COUNTERSIGN_SENDER_IDENTITY_ARN";
const SHARED: &str = "arn:aws:ses:us-east-2:210987654321:identity/example.com";

/// The parts that the doctor finds unsound, and what it says of each part about emails.
async fn findings(world: &World) -> (Vec<String>, Vec<Value>) {
    let report = world.play(&json!({"doctor": {}})).await;
    let all = report["results"][0]["findings"].as_array().unwrap().clone();
    let bad = all.iter().filter(|finding| finding["sound"] == false);
    (bad.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect(), all)
}

fn said(findings: &[Value], check: &str) -> String {
    findings.iter().find(|finding| finding["check"] == check).unwrap()["found"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_true_of_each_configuration_set() {
    type Change = fn(&mut Settings);
    let ours: Change = |_| {};
    // Whatever it does, the set of the stack is named.
    let default_set_tracks: Change = |settings| {
        let identity = settings.identities.entry("example.com".to_owned()).or_default();
        (identity.verified, identity.configuration_set) = (true, Some("tracks".to_owned()));
    };
    let tracks: Change = |settings| set(settings).other_events = Some(vec!["CLICK"]);
    let opens: Change = |settings| set(settings).other_events = Some(vec!["SEND", "OPEN"]);
    let account_tracks: Change = |settings| settings.engagement_metrics = true;
    let account_tracks_through_it: Change = |settings| {
        settings.engagement_metrics = true;
        set(settings).engagement_metrics = None;
    };
    let says_nothing: Change = |settings| set(settings).events = None;
    let says_little: Change = |settings| set(settings).events = Some(vec!["DELIVERY"]);
    let no_tls: Change = |settings| set(settings).requires_tls = false;
    let does_not_send: Change = |settings| set(settings).sends = false;
    let gone: Change = |settings| settings.sets.clear();
    let in_the_sandbox: Change = |settings| settings.has_production_access = false;
    for (change, broken, check, found) in [
        (ours, &[][..], SET, "it tracks nobody, says what becomes of emails, and sends through TLS alone"),
        (default_set_tracks, &[], SET, "tracks nobody"),
        (tracks, &[SET], SET, "it tracks clicks or opens"),
        (opens, &[SET], SET, "it tracks clicks or opens"),
        (account_tracks, &[], SET, "tracks nobody"),
        (account_tracks_through_it, &[SET], SET, "Virtual Deliverability Manager"),
        (says_nothing, &[SET, TEST], TEST, "no event about it came back"),
        (says_little, &[SET], SET, "does not say on EventBridge"),
        (no_tls, &[], SET, "also sends without TLS"),
        (does_not_send, &[SET], SET, "it does not send"),
        (gone, &[SET, TEST], SET, "NotFoundException"),
        (
            in_the_sandbox,
            &["sending quota"],
            "sending quota",
            "200 emails a day, 1 a second: the account is in the SES sandbox",
        ),
    ] {
        let world = World::new().await;
        world.aws().ses.change(change);
        let (unsound, all) = findings(&world).await;
        assert_eq!(unsound, broken, "{all:#?}");
        let text = said(&all, check);
        assert!(text.contains(found), "{text}");
    }
}

fn set(settings: &mut Settings) -> &mut sandbox::aws::sesv2::ConfigurationSet {
    settings.sets.get_mut("sandbox").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_true_of_each_identity() {
    for (verified, sender, broken, found) in [
        ("approvals@example.com", "approvals@example.com", &[][..], "SES has verified the sender's address"),
        ("example.com", "Approvals <Approvals@Example.COM>", &[], "SES has verified the sender's domain example.com"),
        ("example.com", "a@mail.dev.example.com", &[], "SES has verified the sender's domain example.com"),
        ("other.example", "a@mail.example.com", &["sender", TEST], "nor a domain above that"),
    ] {
        let world = World::new().await;
        world.aws().ses.verify(verified);
        let diagnosis = diagnosis(&world, &misconfigured(&world, SENDER, sender)).await;
        assert_eq!(unsound(&diagnosis), broken, "{sender}");
        assert!(diagnosis.findings[0].found.contains(found), "{}", diagnosis.findings[0].found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_of_another_account_is_tested_by_sending() {
    for allowed in [true, false] {
        let world = World::new().await;
        world.aws().ses.verify("elsewhere.example");
        if allowed {
            world.aws().ses.change(|settings| settings.shared.push(SHARED.to_owned()));
        }
        let diagnosis = diagnosis(&world, &misconfigured(&world, IDENTITY, SHARED)).await;
        assert_eq!(unsound(&diagnosis), if allowed { &[][..] } else { &[TEST] });
        assert!(diagnosis.findings[0].found.contains("of account 210987654321"));
        let test = diagnosis.findings.iter().find(|finding| finding.check == TEST).unwrap();
        assert_eq!(test.remedy.is_some_and(|remedy| remedy.contains("its owner must allow it")), !allowed);
    }
}

/// It may be the ledger that refuses, and not SES.
#[tokio::test(flavor = "multi_thread")]
async fn the_remedy_is_for_whatever_refused_the_test_email() {
    let world = World::new().await;
    let diagnosis = diagnosis(&world, &misconfigured(&world, "COUNTERSIGN_TABLE", "another-table")).await;
    let test = diagnosis.findings.iter().find(|finding| finding.check == TEST).unwrap();
    assert!(test.found.starts_with("dynamodb:"), "{}", test.found);
    assert_eq!(test.remedy, Some("it does not exist: set it to what the stack created"));
}
