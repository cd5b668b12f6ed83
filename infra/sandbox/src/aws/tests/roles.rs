//! Who may assume which role, and what its sessions may do.

use super::*;
use crate::codepipeline::{ActionDefinition, ActionKind, ApprovalAction, PipelineDefinition, StageDefinition};

const NOTIFIER: &str = "AKIASANDBOXNOTIFIER";
const CALLBACK: &str = "AKIASANDBOXCALLBACK";
const OTHER: &str = "210987654321";

/// AWS with a pipeline called `shop` in the other account.
async fn aws_with_pipeline() -> Arc<Aws> {
    let aws = aws().await;
    let approval = ActionDefinition::new("Approve", ActionKind::Approval(ApprovalAction::default()));
    let stages = vec![StageDefinition::new("Prod", [approval])];
    let shop = PipelineDefinition { stages, ..PipelineDefinition::new(OTHER, "eu-west-1", "shop") };
    aws.codepipeline.create(shop).unwrap();
    aws
}

/// Tries to assume a role, and gives the access key or the error's code.
async fn try_assume(aws: &Aws, key: &str, role: &str, more: &str) -> Result<String, String> {
    let body = format!("Action=AssumeRole&RoleArn={role}&RoleSessionName=ann{more}");
    let (status, _, answer) = read(aws.handle("POST", "/aws", &signed(key, "sts"), body.into()).await).await;
    let element =
        |name: &str| answer.split(&format!("<{name}>")).nth(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    if status == 200 { Ok(element("AccessKeyId").unwrap()) } else { Err(element("Code").unwrap()) }
}

/// The code of the error that a call of CodePipeline gets in this region.
async fn error_of(aws: &Aws, key: &str, region: &str, operation: &str, input: Value) -> Option<String> {
    let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261120/{region}/codepipeline/aws4_request");
    let mut headers = HeaderMap::from_iter([(AUTHORIZATION, scope.parse().unwrap())]);
    headers.insert("x-amz-target", format!("CodePipeline_20150709.{operation}").parse().unwrap());
    let (status, _, body) = read(aws.handle("POST", "/aws", &headers, input.to_string().into()).await).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    (status != 200).then(|| answer["__type"].as_str().unwrap().to_owned())
}

fn result_of(stage: &str) -> Value {
    json!({
        "pipelineName": "shop", "stageName": stage, "actionName": "Approve", "token": "t",
        "result": {"status": "Approved", "summary": ""},
    })
}

const DENIED: &str = "AccessDeniedException";

#[tokio::test]
async fn the_roles_of_the_deployment_trust_its_functions_and_want_a_source_identity() {
    let aws = aws().await;
    let (read, decide) = (MemberRole::Reading.arn(OTHER), MemberRole::Deciding.arn(OTHER));
    let stranger =
        try_assume(&aws, "ben", &format!("arn:aws:iam::{OTHER}:role/countersign-callback"), "").await.unwrap();
    let named = "&SourceIdentity=ada%40example.com";
    for (key, role, more, admitted) in [
        (NOTIFIER, &read, "", true),
        (CALLBACK, &read, "", true),
        ("ben", &read, "", false),
        (&stranger, &read, "", false),
        (NOTIFIER, &read, named, false),
        (CALLBACK, &decide, named, true),
        (CALLBACK, &decide, "", false),
        (NOTIFIER, &decide, named, false),
        ("ben", &decide, named, false),
        (&stranger, &decide, named, false),
    ] {
        let expected = if admitted { None } else { Some("AccessDenied".to_owned()) };
        assert_eq!(try_assume(&aws, key, role, more).await.err(), expected, "{key} {role} {more}");
    }
    aws.delete_role(MemberRole::Reading, OTHER);
    assert_eq!(try_assume(&aws, NOTIFIER, &read, "").await, Err("AccessDenied".to_owned()));
    assert!(try_assume(&aws, NOTIFIER, &MemberRole::Reading.arn(ACCOUNT), "").await.is_ok());
}

#[tokio::test]
async fn a_source_identity_stays_on_all_sessions_that_follow() {
    let aws = aws().await;
    let role = format!("arn:aws:iam::{OTHER}:role/other");
    let session = try_assume(&aws, "ben", &role, "&SourceIdentity=ben").await.unwrap();
    assert!(try_assume(&aws, &session, &role, "").await.is_ok());
    assert!(try_assume(&aws, &session, &role, "&SourceIdentity=ben").await.is_ok());
    assert_eq!(try_assume(&aws, &session, &role, "&SourceIdentity=ada").await, Err("AccessDenied".to_owned()));
}

#[tokio::test]
async fn the_functions_reach_pipelines_by_these_roles_alone_and_each_does_its_own() {
    let aws = aws_with_pipeline().await;
    let read = try_assume(&aws, NOTIFIER, &MemberRole::Reading.arn(OTHER), "").await.unwrap();
    let decide = try_assume(&aws, CALLBACK, &MemberRole::Deciding.arn(OTHER), "&SourceIdentity=ada").await.unwrap();
    let elsewhere = try_assume(&aws, NOTIFIER, &MemberRole::Reading.arn(ACCOUNT), "").await.unwrap();
    let state = || ("GetPipelineState", json!({"name": "shop"}));
    let put = || ("PutApprovalResult", result_of("Prod"));
    let gone = "InvalidApprovalTokenException";
    for (key, region, (operation, input), expected) in [
        (NOTIFIER, "eu-west-1", state(), Some(DENIED)),
        (CALLBACK, "eu-west-1", put(), Some(DENIED)),
        (&read, "eu-west-1", state(), None),
        (&read, "eu-west-1", ("ListPipelines", json!({})), None),
        (&read, "eu-west-1", put(), Some(DENIED)),
        (&read, "us-east-2", state(), Some("PipelineNotFoundException")),
        (&elsewhere, "eu-west-1", state(), Some("PipelineNotFoundException")),
        (&decide, "eu-west-1", put(), Some(gone)),
        (&decide, "eu-west-1", state(), Some(DENIED)),
        (&decide, "eu-west-1", ("StartPipelineExecution", json!({"name": "shop"})), Some(DENIED)),
    ] {
        let got = error_of(&aws, key, region, operation, input).await;
        assert_eq!(got.as_deref(), expected, "{key} {region} {operation}");
    }
    for service in ["DynamoDB_20120810.Scan", "TrentService.ListKeys", "AWSEvents.PutEvents", "AmazonSSM.GetParameter"]
    {
        let (status, _, body) = target(&aws, &decide, service, json!({})).await;
        assert!(status == 400 && body.contains(DENIED), "{service}: {body}");
    }
}

#[tokio::test]
async fn a_policy_of_the_session_takes_away_and_gives_nothing() {
    let aws = aws_with_pipeline().await;
    let role = MemberRole::Deciding.arn(OTHER);
    let policy = |resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": "codepipeline:*", "Resource": resource});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        form_urlencoded::Serializer::new("&SourceIdentity=ada".to_owned()).append_pair("Policy", &document).finish()
    };
    let one = "arn:aws:codepipeline:eu-west-1:210987654321:shop/Prod/Approve";
    for (resource, stage, expected) in [
        (one, "Prod", "InvalidApprovalTokenException"),
        (one, "Other", DENIED),
        ("arn:aws:codepipeline:us-east-2:210987654321:shop/Prod/Approve", "Prod", DENIED),
        ("arn:aws:codepipeline:eu-west-1:210987654321:shop", "Prod", DENIED),
    ] {
        let session = try_assume(&aws, CALLBACK, &role, &policy(resource)).await.unwrap();
        let got = error_of(&aws, &session, "eu-west-1", "PutApprovalResult", result_of(stage)).await;
        assert_eq!(got.as_deref(), Some(expected), "{resource} {stage}");
        let got = error_of(&aws, &session, "eu-west-1", "StartPipelineExecution", json!({"name": "shop"})).await;
        assert_eq!(got.as_deref(), Some(DENIED), "the role does not allow it");
    }
    for (policy, code) in [("%7B", "MalformedPolicyDocument"), (&"x".repeat(2_049), "ValidationError")] {
        let got = try_assume(&aws, CALLBACK, &role, &format!("&SourceIdentity=ada&Policy={policy}")).await;
        assert_eq!(got, Err(code.to_owned()));
    }
}

#[tokio::test]
async fn a_session_lasts_as_long_as_was_asked_for_and_no_longer() {
    let moment = Arc::new(Mutex::new(utc_datetime!(2026-11-20 09:15:02)));
    let clock = Arc::clone(&moment);
    let now: Now = Arc::new(move || *lock(&clock));
    let codepipeline = Arc::new(CodePipeline::new(Arc::clone(&now), unbounded_channel().0));
    let aws = Aws::new("us-east-2", "ledger", codepipeline, now).await.unwrap();
    let role = format!("arn:aws:iam::{OTHER}:role/other");
    let session = try_assume(&aws, "ben", &role, "&DurationSeconds=900").await.unwrap();
    let list = async || error_of(&aws, &session, "us-east-2", "ListPipelines", json!({})).await;
    *lock(&moment) += time::Duration::seconds(899);
    assert_eq!(list().await, None);
    *lock(&moment) += time::Duration::SECOND;
    assert_eq!(list().await.as_deref(), Some("ExpiredTokenException"));
    assert_eq!(aws.calls().last().unwrap().caller, "an expired session");
    for (key, seconds, fits) in [
        ("ben", "43200", true),
        ("ben", "899", false),
        ("ben", "43201", false),
        ("ben", "an hour", false),
        (NOTIFIER, "3600", true),
        (NOTIFIER, "3601", false),
    ] {
        let got = try_assume(&aws, key, &role, &format!("&DurationSeconds={seconds}")).await;
        assert_eq!(got.err(), (!fits).then(|| "ValidationError".to_owned()), "{key} {seconds}");
    }
}
