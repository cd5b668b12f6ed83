//! Log lines: each is one JSON object, and none contains a secret or a person.

use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::faults::Lines;
use tests::{ALICE, BOB, World, changed, eventbridge, simulated_time, sns};

#[test]
fn no_log_line_at_trace_level_contains_a_secret_or_a_person() {
    let (secrets, lines) = Lines::default().during(|| simulated_time().block_on(everything_that_is_logged()));
    let written = lines.join("\n");
    let messages: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap_or_default().to_owned())
        .collect();
    for expected in
        ["handled", "failed", "refused", "not answered", "a decision was answered", "an expired link was opened"]
    {
        assert!(messages.iter().any(|message| message == expected), "{expected} is not in {messages:?}");
    }
    assert!(messages.iter().any(|message| message == "a sweep could not do everything"), "{messages:?}");
    assert!(written.contains("policy version 2 is invalid: line 3, column 10, default.quorum"), "{written}");
    assert!(written.contains("\\\"result\\\":\\\"history\\\",\\\"approvals\\\":2"), "{written}");
    for secret in secrets.iter().map(String::as_str).chain([ALICE, BOB, "Alice", "sesame", "?t=", "1a2b3c4d-573f"]) {
        assert!(!written.contains(secret), "{secret} is in the log");
    }
}

/// Makes the functions write every kind of log line. Returns the secrets that arise on the way.
async fn everything_that_is_logged() -> [String; 3] {
    let world = World::simulated().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "Address bob@example.com is on the blocklist");
    world.event(&eventbridge()).await;
    world.aws().ses.accept(BOB);
    let (alice, bob) = world.ask().await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    world.event(&sns()).await;
    world.get(&alice.approve).await;
    world.get(&format!("{}x", alice.approve)).await;
    world.post(&alice.approve, &[("comment", "sesame")]).await;
    // The error quotes the request, and with it the token.
    world.fail(Calls::of("PutApprovalResult").take(3), Fault::ErrorBefore);
    world.post(&alice.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.post(&alice.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.get(&bob.reject).await;
    // A second approval: a vote that the sweep completes, its history, and policies with addresses in wrong places.
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]\nquorum = \"{BOB}\"")).await;
    let second = changed(eventbridge(), "/detail/execution-id", json!("12345678-1234-5678-abcd-000000000002"));
    world.event(&second).await;
    world.event(&json!({"doctor": {}})).await;
    world.save_policy(&format!("\"{ALICE}\" = 1\n[default]\napprovers = [\"{BOB}\"]")).await;
    world.event(&second).await;
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]\nremind = \"24h\"")).await;
    world.event(&second).await;
    let again = world.requests().await.pop().unwrap();
    world.fail(Calls::of("UpdateItem").skip(1), Fault::KilledBefore);
    world.post(&again.approve, &[("comment", "sesame"), ("decision", "Approved")]).await;
    world.heal();
    world.aws().ses.refuse(ALICE, "MessageRejected", "Address alice@example.com is on the blocklist");
    world.sweep().await.unwrap_err();
    world.aws().ses.accept(ALICE);
    world.event(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    world.event(&json!({"resend": {"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"}})).await;
    world.advance(time::Duration::days(8)).await;
    world.get(&bob.reject).await;
    let mut parts = alice.approve.rsplit('.').map(str::to_owned);
    [token, parts.next().unwrap(), parts.next().unwrap()]
}
