//! The stand-ins answer as AWS's own service models say: no member is unknown, missing or of another type, in any
//! answer, errors included. The models are those inside the AWS CLI, and the CLI's Python checks by them.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};
use tests::faults::{Schedule, Story, run};
use tests::{World, aws_cli, changed};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The services whose every operation must have been called with success, each with the prefix of its targets.
const COMPLETE: [(&str, Option<&str>); 4] = [
    ("codepipeline", Some("CodePipeline_20150709")),
    ("events", Some("AWSEvents")),
    ("kms", Some("TrentService")),
    ("ses", None),
];

/// An answer of a stand-in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    service: String,
    operation: String,
    status: u16,
    body: String,
}

/// Runs the checker, and returns whether it was content, and its lines.
async fn check(arguments: &[&str], input: &str) -> (bool, Vec<String>) {
    let mut checker = Command::new(aws_cli().with_file_name("python3"))
        .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/models/check.py")])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut stdin = checker.stdin.take().unwrap();
    let (written, output) = tokio::join!(
        async move { stdin.write_all(input.as_bytes()).await.and(stdin.shutdown().await) },
        checker.wait_with_output()
    );
    written.unwrap();
    let output = output.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// The lines of the checker about these answers.
async fn faults(answers: &[Answer]) -> (bool, Vec<String>) {
    let line = |answer: &Answer| {
        let Answer { service, operation, status, body } = answer;
        json!({"service": service, "operation": operation, "status": status, "body": body}).to_string() + "\n"
    };
    check(&["answers"], &answers.iter().map(line).collect::<String>()).await
}

/// The answers that both functions get in the stories of `tests/run faults`, when nothing fails.
fn of_the_stories() -> BTreeSet<Answer> {
    let steps = Story::ALL.into_iter().flat_map(|story| run(&Schedule::without_faults(story, 1)).steps);
    let answers = steps.filter(|step| step.service != "countersign").flat_map(|step| {
        let effects = step.attempts.into_iter().filter_map(|attempt| attempt.effect);
        let (service, operation) = (step.service, step.operation);
        effects.map(move |(status, body)| Answer {
            service: service.to_owned(),
            operation: operation.clone(),
            status,
            body: String::from_utf8(body.to_vec()).unwrap(),
        })
    });
    answers.collect()
}

/// Calls every operation of every service with nothing, and returns the services' own operations: those that the
/// stand-in has.
async fn with_nothing(world: &World, answers: &mut Vec<Answer>) -> BTreeSet<(String, String)> {
    let services = COMPLETE.map(|(service, _)| service);
    let (_, lines) = check(&[&["operations"], &services[..]].concat(), "").await;
    let models: BTreeMap<String, Vec<String>> = serde_json::from_str(&lines.concat()).unwrap();
    let mut known = BTreeSet::new();
    for (service, prefix) in COMPLETE {
        for operation in &models[service] {
            let answer = match prefix {
                Some(prefix) => calls::json(world, service, prefix, operation, &json!({})).await,
                None => calls::form(world, service, &[("Action", operation)]).await,
            };
            if !["UnknownOperationException", "InvalidAction"].iter().any(|code| answer.body.contains(code)) {
                known.insert((service.to_owned(), operation.clone()));
            }
            answers.push(answer);
        }
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_stand_ins_is_as_the_service_models_say() {
    let stories = tokio::task::spawn_blocking(of_the_stories);
    let world = World::new().await;
    let mut answers = calls::all(&world).await;
    let is_own = |answer: &&Answer| COMPLETE.iter().any(|(service, _)| answer.service == *service);
    let succeeded = answers.iter().filter(is_own).filter(|answer| answer.status == 200);
    let shown: BTreeSet<_> = succeeded.map(|answer| (answer.service.clone(), answer.operation.clone())).collect();
    assert_eq!(shown, with_nothing(&world, &mut answers).await, "each operation that there is has an answer here");
    answers.extend(stories.await.unwrap());
    let (content, lines) = faults(&answers).await;
    assert!(content, "{}", lines.join("\n"));
    assert_eq!(lines, [format!("{} answers", answers.len())]);
}

/// A true answer, with one thing changed.
fn spoiled(answers: &[Answer], operation: &str, pointer: &str, value: Option<Value>) -> Answer {
    let is_it = |answer: &&Answer| {
        answer.operation == operation
            && serde_json::from_str::<Value>(&answer.body).is_ok_and(|body| body.pointer(pointer).is_some())
    };
    let answer = answers.iter().find(is_it).unwrap_or_else(|| panic!("{operation} has no {pointer}")).clone();
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let body = match value {
        Some(value) => changed(body, pointer, value),
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut body = body;
            body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            body
        }
    };
    Answer { body: body.to_string(), ..answer }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_differs_from_the_models_is_found() {
    let world = World::new().await;
    let answers = calls::all(&world).await;
    let state = "/stageStates/0/actionStates/0";
    let (mut wrong, mut expected) = (Vec::new(), Vec::new());
    for (operation, pointer, value, found) in [
        (
            "GetPipelineState",
            state,
            Some(json!({"actionname": "x"})),
            "$.stageStates[].actionStates[].actionname: is unknown",
        ),
        ("GetPipelineState", "/created", Some(json!("2026-11-20T09:25:00Z")), "$.created: is no timestamp"),
        ("GetPipelineState", "/pipelineVersion", Some(json!(1.5)), "$.pipelineVersion: is no integer"),
        ("GetPipelineState", "/stageStates", Some(json!({})), "$.stageStates: is no list"),
        ("GetPipelineState", "/stageStates/0", Some(json!([])), "$.stageStates[]: is no structure"),
        ("GetPipelineState", "/pipelineName", Some(Value::Null), "$.pipelineName: is no string"),
        (
            "GetPipeline",
            "/pipeline/stages/0/actions/0/actionTypeId/version",
            None,
            "$.pipeline.stages[].actions[].actionTypeId.version: is missing",
        ),
        (
            "GetPipeline",
            "/pipeline/stages/0/actions/0/configuration",
            Some(json!([])),
            "$.pipeline.stages[].actions[].configuration: is no map",
        ),
        (
            "GetPipelineExecution",
            "/pipelineExecution/status",
            Some(json!("Expired")),
            "$.pipelineExecution.status: 'Expired' is none of the model's values",
        ),
        (
            "PutApprovalResult",
            "/__type",
            Some(json!("ApprovalGoneException")),
            "the model declares no error 'ApprovalGoneException'",
        ),
        ("PutApprovalResult", "/message", None, "ApprovalAlreadyCompletedException has no message"),
        ("Sign", "/Signature", Some(json!("not base64!")), "$.Signature: is no base64"),
        ("DescribeKey", "/KeyMetadata/Enabled", Some(json!("true")), "$.KeyMetadata.Enabled: is no boolean"),
        ("DescribeKey", "/KeyMetadata/KeyId", None, "$.KeyMetadata.KeyId: is missing"),
    ] {
        let answer = spoiled(&answers, operation, pointer, value);
        expected.push(format!("{} {operation}: {found}", answer.service));
        wrong.push(answer);
    }
    let quota = answers.iter().find(|answer| answer.operation == "GetSendQuota" && answer.status == 200).unwrap();
    for (from, to, found) in [
        ("<Max24HourSend>", "<Max24HourSend>many", "$.Max24HourSend: is no double"),
        ("<Max24HourSend>", "<Most>1</Most><Max24HourSend>", "$.Most: is unknown"),
        ("<RequestId>", "<Requested>", "is no XML"),
    ] {
        wrong.push(Answer { body: quota.body.replace(from, to), ..quota.clone() });
        expected.push(format!("ses GetSendQuota: {found}"));
    }
    expected.push(format!("{} answers", wrong.len()));
    assert_eq!(faults(&wrong).await, (false, expected));
}
