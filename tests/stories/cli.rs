//! The real AWS CLI against the sandbox: approving and rejecting by AWS's own guide, and an administrator's edit of the
//! policy.

use std::io::Write;
use std::process::Output;

use serde_json::{Value, json};
use tests::{World, aws_cli, eventbridge};
use tokio::process::Command;

/// Runs `aws …` against the sandbox.
async fn aws(world: &World, arguments: &[&str]) -> Output {
    Command::new(aws_cli())
        .args(["--endpoint-url", &world.url("/aws"), "--region", "us-east-2", "--output", "json"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "AKIACLI")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .output()
        .await
        .unwrap()
}

async fn token_by_cli(world: &World) -> String {
    let output = aws(world, &["codepipeline", "get-pipeline-state", "--name", "MyFirstPipeline"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let state: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stage =
        state["stageStates"].as_array().unwrap().iter().find(|stage| stage["stageName"] == "MyApprovalStage").unwrap();
    stage["actionStates"][0]["latestExecution"]["token"].as_str().expect("a token").to_owned()
}

async fn put_by_cli(world: &World, token: &str, status: &str) -> Output {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": token, "result": {"status": status, "summary": "Reviewed at the terminal"},
    });
    file.write_all(input.to_string().as_bytes()).unwrap();
    let input = format!("file://{}", file.path().display());
    aws(world, &["codepipeline", "put-approval-result", "--cli-input-json", &input]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_decision_by_cli_the_links_show_it() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    let token = token_by_cli(&world).await;
    let output = put_by_cli(&world, &token, "Approved").await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["approvedAt"].is_string()
            || String::from_utf8_lossy(&output.stdout).contains("approvedAt")
    );
    for link in [&alice.approve, &alice.reject, &bob.approve, &bob.reject] {
        let page = world.get(link).await;
        assert_eq!(page.status, 409);
        for said in ["already approved", "user/AKIACLI", "Reviewed at the terminal", "20 November 2026, 09:25 UTC"] {
            assert!(page.body.contains(said), "{said} is not in {}", page.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_edits_the_policy() {
    let world = World::new().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[default]\napprovers = [\"carol@example.com\"]\n").unwrap();
    let value = format!("file://{}", file.path().display());
    let put = ["ssm", "put-parameter", "--name", sandbox::POLICY, "--type", "String", "--overwrite", "--value", &value];
    let output = aws(&world, &put).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.play(&eventbridge()).await;
    let asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(asked, ["carol@example.com"]);
    let output = aws(&world, &["ssm", "get-parameter-history", "--name", sandbox::POLICY]).await;
    let history: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(history["Parameters"].as_array().unwrap().len(), 2, "the text before is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_decision_by_link_the_cli_gets_an_error() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let token = token_by_cli(&world).await;
    world.press(&alice.reject, "no").await;
    let output = put_by_cli(&world, &token, "Approved").await;
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("ApprovalAlreadyCompletedException"), "{error}");
}
