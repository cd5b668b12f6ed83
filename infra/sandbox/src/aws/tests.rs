mod access;
mod roles;

use std::sync::Arc;

use axum::body::to_bytes;
use axum::http::header::AUTHORIZATION;
use serde_json::{Value, json};
use time::macros::utc_datetime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

/// The access key of a function, which may write to the table.
const WRITER: &str = "AKIASANDBOXNOTIFIER";

async fn aws() -> Arc<Aws> {
    aws_with_events().await.0
}

/// AWS, and the events that the notifier is to get.
async fn aws_with_events() -> (Arc<Aws>, UnboundedReceiver<Value>) {
    let now: Now = Arc::new(|| utc_datetime!(2026-11-20 09:15:02));
    let (events, waiting) = unbounded_channel();
    let codepipeline = Arc::new(CodePipeline::new(Arc::clone(&now), events));
    (Arc::new(Aws::new("us-east-2", "ledger", codepipeline, now).await.ok().unwrap()), waiting)
}

fn signed(key: &str, service: &str) -> HeaderMap {
    let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261120/eu-west-1/{service}/aws4_request, SignedHeaders=x");
    HeaderMap::from_iter([(AUTHORIZATION, scope.parse().unwrap())])
}

async fn read(response: Response) -> (u16, HeaderMap, String) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn target(aws: &Aws, key: &str, target: &str, input: Value) -> (u16, HeaderMap, String) {
    let mut headers = signed(key, "any");
    headers.insert("x-amz-target", target.parse().unwrap());
    read(aws.handle("POST", "/aws", &headers, input.to_string().into()).await).await
}

async fn form(aws: &Aws, headers: &HeaderMap, body: &'static str) -> (u16, HeaderMap, String) {
    read(aws.handle("POST", "/aws", headers, Bytes::from_static(body.as_bytes())).await).await
}

#[tokio::test]
async fn a_request_reaches_the_service_that_it_names() {
    let aws = aws().await;
    let (status, headers, body) = target(&aws, "AKIASANDBOXNOTIFIER", "DynamoDB_20120810.ListTables", json!({})).await;
    assert_eq!((status, body.as_str()), (200, r#"{"TableNames":["ledger"]}"#));
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    assert!(headers.contains_key("x-amzn-requestid"));
    let (status, headers, _) = target(&aws, "AKIASANDBOXCALLBACK", "TrentService.ListKeys", json!({})).await;
    assert_eq!((status, &headers["content-type"]), (200, &"application/x-amz-json-1.1".parse().unwrap()));
    let parameter = json!({ "Name": "/a", "Value": "b", "Type": "String" });
    assert_eq!(target(&aws, "me/../<x>", "AmazonSSM.PutParameter", parameter).await.0, 200);
    let (_, headers, body) = form(&aws, &signed("AKIA1", "ses"), "Action=GetSendQuota&Version=2010-12-01").await;
    assert_eq!(headers["content-type"], "text/xml");
    assert!(body.starts_with(r#"<GetSendQuotaResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><GetSendQ"#));
    form(&aws, &HeaderMap::new(), "Action=GetCallerIdentity").await;
    target(&aws, "ben", "AWSEvents.PutEvents", json!({})).await;

    let calls: Vec<String> =
        aws.calls().iter().map(|call| format!("{} {} {}", call.service, call.operation, call.caller)).collect();
    assert_eq!(
        calls,
        [
            "dynamodb ListTables arn:aws:sts::123456789012:assumed-role/countersign-notifier/sandbox",
            "kms ListKeys arn:aws:sts::123456789012:assumed-role/countersign-callback/sandbox",
            "ssm PutParameter arn:aws:iam::123456789012:user/me",
            "ses GetSendQuota arn:aws:iam::123456789012:user/AKIA1",
            "sts GetCallerIdentity arn:aws:iam::123456789012:user/anonymous",
            "events PutEvents arn:aws:iam::123456789012:user/ben",
        ]
    );
}

#[tokio::test]
async fn a_recorded_vote_goes_where_the_events_of_codepipeline_go() {
    let (aws, mut waiting) = aws_with_events().await;
    let member = assume(&aws, "arn:aws:iam::210987654321:role/dev", "ben").await;
    let entry =
        json!({ "Source": "countersign", "DetailType": "Vote Recorded", "Detail": "{\"deployment\":\"sandbox\"}" });
    for (key, account) in [("ben", "123456789012"), (&member, "210987654321")] {
        let input = json!({ "Entries": [entry] });
        let (status, headers, body) = target(&aws, key, "AWSEvents.PutEvents", input).await;
        assert_eq!((status, &headers["content-type"]), (200, &"application/x-amz-json-1.1".parse().unwrap()), "{body}");
        assert_eq!(aws.events().last().unwrap()["account"], account);
    }
    assert_eq!(waiting.try_recv().ok().as_ref(), aws.events().first());
    assert!(waiting.try_recv().is_err(), "the member's event matches no rule");
}

#[tokio::test]
async fn what_the_sandbox_does_not_have_is_named() {
    let aws = aws().await;
    let (status, headers, body) = target(&aws, "k", "AWSLambda_2015.Invoke", json!({})).await;
    assert_eq!((status, &headers["x-amzn-errortype"]), (400, &"UnknownOperationException".parse().unwrap()));
    assert!(body.contains("no service AWSLambda_2015; Invoke was called"), "{body}");
    let (status, _, body) = form(&aws, &signed("k", "iam"), "Action=GetUser").await;
    assert_eq!(status, 400);
    assert!(body.contains("<Code>InvalidAction</Code><Message>The sandbox has no GetUser of iam</Message>"), "{body}");
    let (status, _, body) = form(&aws, &signed("k", "ses"), "Action=SendBounce").await;
    assert_eq!(status, 400);
    assert!(body.contains("Could not find operation SendBounce"), "{body}");
    let (status, _, body) = target(&aws, "k", "TrentService.Decrypt", json!({})).await;
    assert_eq!(status, 400);
    assert!(body.contains("no Decrypt"), "{body}");
    let (status, _, body) = form(&aws, &signed("k", "s3"), "").await;
    assert_eq!(status, 400);
    assert!(body.contains("POST for s3"), "{body}");
    let unknown = aws.calls().iter().filter(|call| call.service == "unknown").count();
    assert_eq!(unknown, 3);
}

#[tokio::test]
async fn garbage_is_refused_and_nothing_panics() {
    let aws = aws().await;
    for name in ["TrentService.Sign", "DynamoDB_20120810.PutItem", "CodePipeline_20150709.GetPipeline", "AmazonSSM."] {
        for body in ["[", "[1]", "null", "\"\"", "{}", "{\"KeyId\":{}}", "{\"TableName\":[],\"Item\":7}"] {
            let mut headers = signed("", "");
            headers.insert("x-amz-target", name.parse().unwrap());
            let (status, _, answer) = read(aws.handle("POST", "", &headers, Bytes::from(body)).await).await;
            assert_eq!(status, 400, "{name} {body} {answer}");
        }
    }
    for authorization in ["", "Credential=", "Credential=///", "Credential=a/b/c", "Basic x"] {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().unwrap())]);
        for body in [&b"Action"[..], b"Action=%ff%00", b"\xff\xfe", b"Action=SendRawEmail&Destinations.member.=x"] {
            let (status, _, _) = read(aws.handle("PUT", "?a=b", &headers, Bytes::from(body)).await).await;
            assert_eq!(status, 400);
        }
    }
}

/// Assumes a role, and returns the access key of the session.
async fn assume(aws: &Aws, role: &str, name: &str) -> String {
    let body = format!("Action=AssumeRole&RoleArn={role}&RoleSessionName={name}");
    let headers = signed("AKIASANDBOXCALLBACK", "sts");
    let (status, _, answer) = read(aws.handle("POST", "/aws", &headers, body.into()).await).await;
    assert_eq!(status, 200, "{answer}");
    answer.split("<AccessKeyId>").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_is_known_by_its_key() {
    let aws = aws().await;
    let cases = [
        ("arn:aws:iam::123456789012:role/decider", "123456789012", "arn:aws:sts::123456789012:assumed-role/decider"),
        ("arn:aws:iam::210987654321:role/a/spoke", "210987654321", "arn:aws:sts::210987654321:assumed-role/spoke"),
        ("arn:aws-cn:iam::210987654321:role/x", "210987654321", "arn:aws-cn:sts::210987654321:assumed-role/x"),
    ];
    for (role, account, session) in cases {
        let key = assume(&aws, role, "ann%40example.com").await;
        let (_, _, identity) = form(&aws, &signed(&key, "sts"), "Action=GetCallerIdentity").await;
        assert!(identity.contains(&format!("<Arn>{session}/ann@example.com</Arn>")), "{identity}");
        assert!(identity.contains(&format!("<Account>{account}</Account>")), "{identity}");
    }
}

#[tokio::test]
async fn a_role_is_assumed_under_a_name_that_fits() {
    let aws = aws().await;
    let role = "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/decider";
    let body = format!("{role}&RoleSessionName=nightly-build&SourceIdentity=ben");
    let (status, _, answer) = read(aws.handle("POST", "/aws", &HeaderMap::new(), body.into()).await).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("<SourceIdentity>ben</SourceIdentity>"), "{answer}");
    assert!(answer.contains(":assumed-role/decider/nightly-build</Arn>"), "{answer}");
    let refused = [
        &format!("{role}&RoleSessionName=a%2Fb"),
        &format!("{role}&RoleSessionName=a"),
        &format!("{role}&RoleSessionName=ann&SourceIdentity=a%20b"),
        role,
        "Action=AssumeRole&RoleSessionName=ann",
        "Action=AssumeRole&RoleSessionName=ann&RoleArn=arn:aws:iam::123456789012:user/ann",
        "Action=AssumeRole&RoleSessionName=ann&RoleArn=<x>",
    ];
    for body in refused {
        let (status, _, answer) =
            read(aws.handle("POST", "/aws", &HeaderMap::new(), body.to_owned().into()).await).await;
        assert_eq!((status, answer.contains("<Code>ValidationError</Code>")), (400, true), "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_condition_that_fails_shows_the_item() {
    let aws = aws().await;
    let put = json!({
        "TableName": "ledger", "Item": { "pk": { "S": "p" }, "sk": { "S": "s" } },
        "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(target(&aws, WRITER, "DynamoDB_20120810.PutItem", put.clone()).await.0, 200);
    let (status, _, body) = target(&aws, WRITER, "DynamoDB_20120810.PutItem", put).await;
    assert_eq!(status, 400);
    assert!(body.contains("#ConditionalCheckFailedException"), "{body}");
    assert!(body.contains(r#""Item":{"pk":{"S":"p"},"sk":{"S":"s"}}"#), "{body}");
}

#[tokio::test]
async fn a_refusal_is_in_the_protocol_of_the_service() {
    let error = AwsError { status: 503, code: "ServiceUnavailable".to_owned(), message: "<later>".to_owned() };
    let request = |target: &str, body: &'static str| {
        let request = axum::http::Request::post("/aws").header("x-amz-target", target).body(()).unwrap();
        (request.into_parts().0, body)
    };
    let (mut parts, body) = request("TrentService.ListKeys", "{}");
    let (status, headers, answer) = read(Aws::refuse(&parts, body.as_bytes(), &error)).await;
    assert_eq!((status, &headers["x-amzn-errortype"]), (503, &"ServiceUnavailable".parse().unwrap()));
    assert_eq!(answer, r#"{"__type":"ServiceUnavailable","message":"<later>"}"#);
    parts.headers.remove("x-amz-target");
    let (status, _, answer) = read(Aws::refuse(&parts, b"Action=GetSendQuota", &error)).await;
    assert_eq!(status, 503);
    let xml = "<Error><Type>Receiver</Type><Code>ServiceUnavailable</Code><Message>&lt;later&gt;</Message></Error>";
    assert!(answer.contains(xml), "{answer}");
}

#[tokio::test]
async fn an_update_into_a_map_that_is_not_there_changes_nothing() {
    let aws = aws().await;
    let update = json!({
        "TableName": "ledger", "Key": { "pk": { "S": "p" }, "sk": { "S": "s" } },
        "UpdateExpression": "SET votes.#a = :v", "ExpressionAttributeNames": { "#a": "ann@example.com" },
        "ExpressionAttributeValues": { ":v": { "S": "Approved" } },
    });
    let (status, _, body) = target(&aws, WRITER, "DynamoDB_20120810.UpdateItem", update.clone()).await;
    assert_eq!(status, 400);
    assert!(body.contains("document path provided"), "{body}");
    let scan = json!({ "TableName": "ledger" });
    let (_, _, body) = target(&aws, WRITER, "DynamoDB_20120810.Scan", scan.clone()).await;
    assert!(body.contains(r#""Count":0"#), "{body}");
    let item = json!({ "pk": { "S": "p" }, "sk": { "S": "s" }, "note": { "S": "kept" } });
    target(&aws, WRITER, "DynamoDB_20120810.PutItem", json!({ "TableName": "ledger", "Item": item })).await;
    assert_eq!(target(&aws, WRITER, "DynamoDB_20120810.UpdateItem", update).await.0, 400);
    let (_, _, body) = target(&aws, WRITER, "DynamoDB_20120810.Scan", scan).await;
    assert!(body.contains("kept") && !body.contains("votes"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_claims_at_once_exactly_one_wins() {
    let aws = aws().await;
    for round in 0..3 {
        let claims: Vec<_> = (0..1_000)
            .map(|claimant| {
                let aws = Arc::clone(&aws);
                tokio::spawn(async move {
                    let claim = json!({
                        "TableName": "ledger", "Key": { "pk": { "S": "p" }, "sk": { "S": format!("{round}") } },
                        "UpdateExpression": "SET claimed_by = :c",
                        "ConditionExpression": "attribute_not_exists(claimed_by)",
                        "ExpressionAttributeValues": { ":c": { "N": format!("{claimant}") } },
                    });
                    target(&aws, WRITER, "DynamoDB_20120810.UpdateItem", claim).await.0
                })
            })
            .collect();
        let mut won = 0;
        for claim in claims {
            won += usize::from(claim.await.unwrap() == 200);
        }
        assert_eq!(won, 1);
    }
}
