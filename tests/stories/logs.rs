//! Log lines: one JSON object each, and nothing in them that a log must not hold.

use std::io::Write;
use std::sync::{Arc, Mutex};

use countersign::log::{LevelFilter, filter};
use serde_json::{Value, json};
use tests::{ALICE, BOB, World, changed, eventbridge, sns};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_person_stands_in_a_log_line_at_the_most_talkative_level() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::registry()
        .with(filter(LevelFilter::TRACE, &["callback", "notifier"]))
        .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone()))
        .init();

    let world = World::new().await;
    world.sandbox.aws().ses.refuse(BOB, "MessageRejected", "Address bob@example.com is on the blocklist");
    world.event(&eventbridge()).await;
    world.sandbox.aws().ses.accept(BOB);
    let (alice, bob) = world.ask().await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    world.event(&sns()).await;
    world.get(&alice.approve).await;
    world.get(&format!("{}x", alice.approve)).await;
    world.post(&alice.approve, &[("comment", "sesame")]).await;
    world.sandbox.aws().fail_next("codepipeline", "PutApprovalResult", 3, 500, "InternalFailure", &token);
    world.post(&alice.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.post(&alice.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.get(&bob.reject).await;
    // A second approval: a vote that the sweep has carried out, its history, and policies with addresses where none belong.
    world.sandbox.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]\nquorum = \"{BOB}\"")).await.unwrap();
    let second = changed(eventbridge(), "/detail/execution-id", json!("12345678-1234-5678-abcd-000000000002"));
    world.event(&second).await;
    world.event(&json!({"doctor": {}})).await;
    world.sandbox.save_policy(&format!("\"{ALICE}\" = 1\n[default]\napprovers = [\"{BOB}\"]")).await.unwrap();
    world.event(&second).await;
    world.sandbox.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]\nremind = \"24h\"")).await.unwrap();
    world.event(&second).await;
    let again = world.requests().await.pop().unwrap();
    world.sandbox.aws().cut_off("callback", 1);
    world.post(&again.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.sandbox.aws().restore();
    world.sandbox.aws().ses.refuse(ALICE, "MessageRejected", "Address alice@example.com is on the blocklist");
    world.sandbox.sweep().await.unwrap_err();
    world.sandbox.aws().ses.accept(ALICE);
    world.event(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    world.event(&json!({"resend": {"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"}})).await;
    world.sandbox.advance(time::Duration::days(8)).await;
    world.get(&bob.reject).await;

    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let messages: Vec<String> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap_or_default().to_owned())
        .collect();
    for expected in
        ["handled", "failed", "refused", "not answered", "a decision was answered", "an expired link was opened"]
    {
        assert!(messages.iter().any(|message| message == expected), "{expected} is not in {messages:?}");
    }
    let signature = alice.approve.rsplit_once('.').unwrap().1;
    let payload = alice.approve.rsplit('.').nth(1).unwrap();
    assert!(messages.iter().any(|message| message == "a sweep could not do everything"), "{messages:?}");
    assert!(written.contains("policy version 2 is invalid: line 3, column 10, default.quorum"), "{written}");
    assert!(written.contains("\\\"result\\\":\\\"history\\\",\\\"approvals\\\":2"), "{written}");
    for secret in [ALICE, BOB, "Alice", "sesame", &token, signature, payload, "?t=", "1a2b3c4d-573f"] {
        assert!(!written.contains(secret), "{secret} stands in the log");
    }
}
