//! The operator's tools: the doctor, resending, and metrics.

use std::sync::Arc;
use std::time::Duration;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use countersign::pipeline::Polling;
use notifier::doctor::Diagnosis;
use notifier::report::EventReport;
use notifier::{Host, Notifier};
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::{ALICE, BOB, World, eventbridge};

fn resend(action: &str) -> Value {
    json!({"resend": {"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": action}})
}

/// A notifier on the world's AWS with one setting changed, as after a mistake in a deployment.
pub(crate) fn misconfigured(world: &World, setting: &str, text: &str) -> Notifier {
    let settings = |name: &str| match name {
        _ if name == setting => Some(text.to_owned()),
        _ => world.sandbox().setting(name),
    };
    let credentials = Credentials::new("AKIASANDBOXNOTIFIER", "sandbox", None, None, "tests");
    let aws = countersign::aws::builder()
        .region(Region::new("us-east-2"))
        .endpoint_url(world.url("/aws"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let polling = Polling { attempts: 6, interval: Duration::from_millis(500) };
    let host = Host {
        clock: world.sandbox().clock().clock(),
        metrics: Arc::new(|_| {}),
        polling,
        paced: false,
        callback: None,
    };
    Notifier::new(notifier::Settings::read(&settings).unwrap(), &aws, host)
}

pub(crate) async fn diagnosis(world: &World, notifier: &Notifier) -> Diagnosis {
    // Meanwhile the world's own notifier takes in what SES says of the test email.
    let event = json!({"doctor": {}});
    let (asked, others) = (notifier.handle(&event, "request"), async {
        loop {
            world.settle().await;
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    });
    let report = tokio::select! {
        report = asked => report.unwrap(),
        () = others => unreachable!("it goes on"),
    };
    match report.results.into_iter().next() {
        Some(EventReport::Diagnosed(diagnosis)) => diagnosis,
        other => panic!("{other:?}"),
    }
}

/// The names of the parts that the doctor found unsound.
pub(crate) fn unsound(diagnosis: &Diagnosis) -> Vec<&str> {
    assert_eq!(diagnosis.sound, diagnosis.findings.iter().all(|finding| finding.sound));
    let bad = diagnosis.findings.iter().filter(|finding| !finding.sound);
    bad.inspect(|finding| assert!(finding.remedy.is_some())).map(|finding| finding.check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_that_a_sound_deployment_is_sound() {
    let world = World::new().await;
    let report = world.play(&json!({"doctor": {}})).await;
    let result = &report["results"][0];
    assert_eq!((&result["result"], &result["sound"]), (&json!("diagnosed"), &json!(true)), "{report}");
    let checks: Vec<&str> =
        result["findings"].as_array().unwrap().iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(
        checks,
        [
            "sender",
            "sending quota",
            "configuration set",
            "test email",
            "request key",
            "vote key",
            "ledger",
            "policy",
            "callback",
            "CodePipeline",
            "rules",
            "routes"
        ]
    );
    assert!(world.mails().await.is_empty());
    assert!(!report.to_string().contains('@'), "no address in the report: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_broken() {
    let world = World::new().await;
    let sound = misconfigured(&world, "", "");
    assert_eq!(unsound(&diagnosis(&world, &sound).await), [""; 0]);
    world.aws().ses.verify("somebody.else@example.org");
    assert_eq!(unsound(&diagnosis(&world, &sound).await), ["sender", "test email"]);

    let other_key = World::new().await;
    let key = other_key.aws().kms.create_key_with_policy(&sandbox::key_policy(sandbox::NOTIFIER_ROLE)).unwrap();
    for (setting, text, broken) in [
        // The test email's delivery is in the ledger, too.
        ("COUNTERSIGN_TABLE", "another-table", &["test email", "ledger"][..]),
        ("COUNTERSIGN_POLICY", "/another/policy", &["policy"]),
        ("COUNTERSIGN_CALLBACK_URL", "http://127.0.0.1:9", &["callback"]),
        // Rules are named after the deployment.
        ("COUNTERSIGN_DEPLOYMENT", "another", &["callback", "rules"]),
        ("COUNTERSIGN_REQUEST_KEYS", key.as_str(), &["callback"]),
    ] {
        let world = if setting == "COUNTERSIGN_REQUEST_KEYS" { &other_key } else { &World::new().await };
        let notifier = misconfigured(world, setting, text);
        assert_eq!(unsound(&diagnosis(world, &notifier).await), broken, "{setting}");
    }
    let world = World::new().await;
    let no_key = misconfigured(&world, "COUNTERSIGN_REQUEST_KEYS", "no-such-key");
    assert_eq!(unsound(&diagnosis(&world, &no_key).await), ["request key", "callback"]);
}

#[tokio::test(start_paused = true)]
async fn the_doctor_names_what_cannot_be_read() {
    for (operation, check) in
        [("GetPipelineState", "CodePipeline"), ("DescribeTable", "ledger"), ("GetResourcePolicy", "ledger")]
    {
        let world = World::simulated().await;
        world.ask().await;
        world.fail(Calls::of(operation).take(1), Fault::Denied);
        let report = world.play(&json!({"doctor": {}})).await;
        let findings = report["results"][0]["findings"].as_array().unwrap();
        let unsound: Vec<&Value> = findings.iter().filter(|finding| finding["sound"] == false).collect();
        assert_eq!(unsound.len(), 1, "{report}");
        assert_eq!(unsound[0]["check"], check, "{report}");
    }
}

/// The operator repeats a command that died, and gets what it left undone.
#[tokio::test(start_paused = true)]
async fn a_resend_that_died_is_completed_by_the_next() {
    let world = World::simulated().await;
    world.ask().await;
    world.fail(Calls::of("SendRawEmail").take(1), Fault::KilledBefore);
    let (status, _) = world.event(&resend("MyApprovalAction")).await;
    assert_ne!(status, 200, "it died");
    // Until then, it may still be at work.
    world.advance(time::Duration::minutes(3)).await;
    let before = world.mails().await.len();
    let report = world.play(&resend("MyApprovalAction")).await;
    let sent = report["results"][0]["sent"].as_u64().unwrap();
    let mails = world.mails().await;
    assert_eq!((sent as usize, mails.len()), (mails.len() - before, 4), "each has one copy: {report}");
    let report = world.play(&resend("MyApprovalAction")).await;
    assert_eq!(report["results"][0]["sent"], 0, "and no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_email_is_sent_again_with_the_same_links() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let report = world.play(&resend("MyApprovalAction")).await;
    assert_eq!((&report["results"][0]["result"], &report["results"][0]["sent"]), (&json!("resent"), &json!(2)));
    let again: Vec<_> = world.mails().await.into_iter().filter(|mail| mail.to == ALICE).collect();
    assert_eq!(again.len(), 2);
    assert_eq!((&again[1].approve, &again[1].reject), (&alice.approve, &alice.reject));
    // The event still sends nothing if it arrives once more.
    world.play(&eventbridge()).await;
    assert_eq!(world.mails().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_fills_nobodys_mailbox() {
    let world = World::new().await;
    world.ask().await;
    for (minutes, sent) in [(0, 2), (5, 0), (5, 0), (5, 2), (1, 0)] {
        world.advance(time::Duration::minutes(minutes)).await;
        assert_eq!(world.play(&resend("MyApprovalAction")).await["results"][0]["sent"], sent, "after {minutes} more");
    }
    assert_eq!(world.mails().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_sends_a_request_that_was_never_sent() {
    let world = World::new().await;
    world.aws().ses.refuse(ALICE, "MessageRejected", "");
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    world.aws().ses.accept(ALICE);
    world.aws().ses.accept(BOB);
    world.play(&resend("MyApprovalAction")).await;
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn resend_reaches_the_others_if_one_address_is_refused() {
    let world = World::new().await;
    world.ask().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    let (status, error) = world.event(&resend("MyApprovalAction")).await;
    assert_eq!((status, error["errorType"].as_str()), (500, Some("EmailsNotSent")), "{error}");
    assert_eq!(world.mails().await.len(), 3, "Alice has one more");
    world.aws().ses.accept(BOB);
    world.advance(time::Duration::minutes(1)).await;
    world.play(&resend("MyApprovalAction")).await;
    assert_eq!(world.mails().await.len(), 4, "Bob has a copy, and Alice no other one so soon");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_never_matched_to_an_earlier_execution() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    world.settle().await;
    // CodePipeline does not show the notice's approval (yet): nobody is asked, and the event is tried again.
    let notifier = misconfigured(&world, "", "");
    let notice = tests::in_notice(tests::sns(), |message| message["approval"]["token"] = json!("a-later-token"));
    let error = notifier.handle(&notice, "request").await.unwrap_err().to_string();
    assert!(error.contains("CodePipeline shows no pending approval for this event"), "{error}");
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_says_why() {
    let world = World::new().await;
    world.ask().await;
    for (command, kind, words) in [
        (resend("Deploy"), "NothingWaits", "MyFirstPipeline/MyApprovalStage/Deploy: no approval is waiting"),
        (json!({"resend": {"pipeline": "None", "stage": "a", "action": "b"}}), "AwsError", "PipelineNotFoundException"),
        (
            json!({"resend": {"pipeline": "a b", "stage": "a", "action": "b"}}),
            "UnreadableEvent",
            "the pipeline name is not",
        ),
        (json!({"resend": {"pipeline": "a", "stage": "a"}}), "UnreadableEvent", "missing field `action`"),
        (
            json!({"resend": {"pipeline": "a", "stage": "a", "action": "a", "all": true}}),
            "UnreadableEvent",
            "unknown field `all`",
        ),
        (json!({"doctor": {"now": true}}), "UnreadableEvent", "unknown field `now`"),
        (json!({"doctor": {}, "resend": {}}), "UnreadableEvent", "one command"),
    ] {
        let (status, error) = world.event(&command).await;
        let message = error["errorMessage"].as_str().unwrap();
        assert_eq!((status, error["errorType"].as_str()), (500, Some(kind)), "{command}: {message}");
        assert!(message.contains(words), "{command}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened_and_name_no_person() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    world.event(&eventbridge()).await;
    world.aws().ses.accept(BOB);
    let (alice, bob) = world.ask().await;
    world.advance(time::Duration::minutes(5)).await;
    world.press(&alice.approve, "a comment").await;
    world.settle().await;
    world.press(&bob.approve, "").await;
    world.get(&world.url("/approval?t=x")).await;
    world.settle().await;

    let lines: Vec<Value> = world.sandbox().metrics().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = |name: &str| -> u64 { lines.iter().filter_map(|line| line[name].as_u64()).sum() };
    for (name, expected) in [
        ("Requested", 1),
        // Two requests, a receipt, two outcomes.
        ("Sent", 5),
        ("SendFailures", 1),
        ("Votes", 2),
        ("Decisions", 1),
        ("Refusals", 1),
        ("TimeToDecision", 300),
    ] {
        assert_eq!(sum(name), expected, "{name}");
    }
    let decision = lines.iter().find(|line| line.get("Decisions").is_some()).unwrap();
    assert_eq!(decision["Decision"], "Approved");
    assert_eq!(decision["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Deployment", "Decision"]]));
    assert_eq!(decision["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Countersign");
    assert_eq!(decision["_aws"]["Timestamp"], (tests::BEGIN + time::Duration::minutes(5)).unix_timestamp() * 1000);
    let refusal = lines.iter().find(|line| line.get("Refusals").is_some()).unwrap();
    assert_eq!(refusal["Reason"], "malformed");
    let all = world.sandbox().metrics().join("\n");
    for secret in ["@", "a comment", "MyFirstPipeline", "eyJ"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

/// What remains: whoever can change the settings can name another policy, and so say who decides.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_the_settings_can_say_who_decides() {
    const MALLORY: &str = "mallory@example.com";
    let world = World::new().await;
    world.save_policy("[default]").await;
    assert_eq!(world.event(&eventbridge()).await.0, 500, "nobody is asked");
    let policy = format!("[default]\napprovers = [\"{MALLORY}\"]\nquorum = 1");
    world.aws().put_parameter("/mallory", &policy).await.unwrap();
    let notifier = misconfigured(&world, "COUNTERSIGN_POLICY", "/mallory");
    notifier.handle(&json!({"sweep": {}}), "request").await.unwrap();
    let mail = world.mail_to(MALLORY).await;
    assert_eq!(world.press(&mail.approve, "").await.title(), "MyFirstPipeline was approved");
}
