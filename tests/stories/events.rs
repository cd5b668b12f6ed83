//! Approval events: one email per approver, whatever the shape of the event and however often it arrives.

use serde_json::{Value, json};
use tests::{ALICE, BOB, World, changed, eventbridge, fixture, in_notice, notification_rule, sns};

/// The EventBridge event, the notification rule's event and the SNS notice, all about the same approval.
fn about_the_same(world_token: Option<&str>) -> [Value; 3] {
    let mut rule = notification_rule();
    for pointer in ["/region", "/detail/pipeline", "/detail/stage", "/detail/action", "/detail/region"] {
        rule = changed(rule, pointer, eventbridge().pointer(pointer).unwrap().clone());
    }
    let notice = match world_token {
        Some(token) => in_notice(sns(), |message| message["approval"]["token"] = json!(token)),
        None => sns(),
    };
    [eventbridge(), rule, notice]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recorded_event_asks_each_approver_once() {
    for event in [eventbridge(), notification_rule(), sns()] {
        let world = World::new().await;
        let report = world.play(&event).await;
        assert_eq!(report["results"][0]["result"], "asked", "{report}");
        assert_eq!(report["results"][0]["sent"], 2, "{report}");
        for address in [ALICE, BOB] {
            let mail = world.mail_to(address).await;
            for link in [&mail.approve, &mail.reject] {
                assert!(link.len() < 2000, "{} bytes", link.len());
                assert_eq!(world.get(link).await.status, 200);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_sends_nothing() {
    for event in [eventbridge(), notification_rule(), sns()] {
        let world = World::new().await;
        world.play(&event).await;
        let again = world.play(&event).await;
        assert_eq!(
            (&again["results"][0]["sent"], &again["results"][0]["alreadySent"]),
            (&json!(0), &json!(2)),
            "{again}"
        );
        assert_eq!(world.mails().await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_shapes_of_one_approval_ask_once_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let events = about_the_same(None);
        for index in order {
            world.play(&events[index]).await;
        }
        assert_eq!(world.mails().await.len(), 2, "order {order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_with_the_token_of_the_event_is_the_same_approval() {
    let world = World::new().await;
    world.play(&eventbridge()).await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    let [_, rule, notice] = about_the_same(Some(&token));
    world.play(&notice).await;
    world.play(&rule).await;
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_shapes_at_the_same_moment_ask_once() {
    let world = World::new().await;
    let [event, rule, notice] = about_the_same(None);
    let (event, rule, notice) = tokio::join!(world.event(&event), world.event(&rule), world.event(&notice));
    assert_eq!([event.0, rule.0, notice.0], [200, 200, 200], "{event:?} {rule:?} {notice:?}");
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_versions_and_missing_texts_are_accepted() {
    let without = |field: &'static str| {
        in_notice(sns(), move |message| {
            message["approval"].as_object_mut().unwrap().remove(field);
        })
    };
    let mut no_attributes = notification_rule();
    no_attributes.as_object_mut().unwrap().remove("additionalAttributes");
    let mut no_type_version = eventbridge();
    no_type_version["detail"]["type"].as_object_mut().unwrap().remove("version");
    for event in [
        changed(eventbridge(), "/detail/version", json!(4.0)),
        changed(eventbridge(), "/detail/version", json!("3")),
        changed(eventbridge(), "/detail/type/version", json!(1)),
        no_type_version,
        changed(eventbridge(), "/detail/pipeline", json!("a.b@c_d")),
        no_attributes,
        changed(notification_rule(), "/additionalAttributes", json!({"customData": "only this"})),
        without("customData"),
        without("externalEntityLink"),
    ] {
        let world = World::new().await;
        world.play(&event).await;
        assert_eq!(world.mails().await.len(), 2, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_rule_through_sns_is_understood() {
    let world = World::new().await;
    let mut record = sns();
    record["Records"][0]["Sns"]["Message"] = json!(notification_rule().to_string());
    world.play(&record).await;
    assert!(world.mail_to(ALICE).await.text.contains("Please check the release notes."));
}

/// A message in a queue that is subscribed to the topic, or that a rule sends to.
fn queued(body: &str) -> Value {
    json!({"Records": [{
        "messageId": "5f6d2c1e-0000-4000-8000-000000000001",
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795166700123", "SenderId": "AIDAIT2UOQQY3AUEKVGXU"},
        "messageAttributes": {},
        "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:approvals",
        "awsRegion": "us-east-2",
    }]})
}

#[tokio::test(start_paused = true)]
async fn every_shape_is_understood_out_of_a_queue() {
    let world = World::simulated().await;
    world.play(&eventbridge()).await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    let [event, rule, notice] = about_the_same(Some(&token));
    let notice = notice["Records"][0]["Sns"]["Message"].as_str().unwrap().to_owned();
    let of_topic = |message: &str| {
        let envelope = json!({
            "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-2:123456789012:approvals",
            "Message": message, "Timestamp": "2026-11-20T09:25:02.123Z", "SignatureVersion": "1", "Signature": "x",
            "SigningCertURL": "x", "UnsubscribeURL": "x",
        });
        envelope.to_string()
    };
    // In SNS's envelope, with raw message delivery, and as EventBridge itself puts it.
    for body in [of_topic(&notice), of_topic(&rule.to_string()), notice, rule.to_string(), event.to_string()] {
        let report = world.invoke(queued(&body)).await.unwrap();
        let result = &report["results"][0];
        assert_eq!((&result["result"], &result["alreadySent"]), (&json!("asked"), &json!(2)), "{body}: {report}");
    }
    for body in ["Disk almost full on web-1", "{\"AlarmName\":\"disk\"}", &of_topic("Disk almost full"), "[]"] {
        let report = world.invoke(queued(body)).await.unwrap();
        assert_eq!(report["results"][0]["result"], "ignored", "{body}: {report}");
    }
    let no_queue = changed(queued("{}"), "/Records/0/eventSourceARN", json!(5));
    let error = world.invoke(no_queue).await.unwrap_err();
    assert!(error.contains("the SQS record cannot be read: eventSourceARN: expected a string"), "{error}");
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_two_records_asks_for_both() {
    let world = World::new().await;
    let other = in_notice(sns(), |message| {
        message["approval"]["pipelineName"] = json!("Other");
        message["approval"]["token"] = json!("another-token");
    });
    let batch = json!({"Records": [sns()["Records"][0], other["Records"][0]]});
    let report = world.play(&batch).await;
    assert_eq!(report["results"].as_array().unwrap().len(), 2);
    assert_eq!(world.mails().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_hides_no_good_one_and_fails_the_invocation() {
    let world = World::new().await;
    let mut bad = sns();
    bad["Records"][0]["Sns"]["Timestamp"] = json!("yesterday");
    let batch = json!({"Records": [bad["Records"][0], sns()["Records"][0]]});
    let (status, error) = world.event(&batch).await;
    assert_eq!((status, error["errorType"].as_str()), (500, Some("UnreadableEvent")), "{error}");
    assert_eq!(world.mails().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_events_are_ignored() {
    let world = World::new().await;
    for event in [
        fixture("codebuild-action-started"),
        changed(eventbridge(), "/source", json!("aws.codebuild")),
        changed(eventbridge(), "/detail-type", json!("CodePipeline Stage Execution State Change")),
        changed(eventbridge(), "/detail/type/category", json!("Deploy")),
        changed(eventbridge(), "/detail/type/provider", json!("Custom")),
        changed(eventbridge(), "/detail/type/owner", json!("Custom")),
    ] {
        let report = world.play(&event).await;
        assert_eq!(report["results"][0]["result"], "ignored", "{report}");
    }
    assert!(world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_publish_to_a_shared_topic_is_ignored() {
    let world = World::new().await;
    for message in ["Disk almost full on web-1", "{\"AlarmName\":\"disk\"}", "[]", "\"text\"", ""] {
        let report = world.play(&changed(sns(), "/Records/0/Sns/Message", json!(message))).await;
        assert_eq!(report["results"][0]["result"], "ignored", "{message}: {report}");
    }
    assert!(world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_event_is_an_error_that_names_the_field() {
    let world = World::new().await;
    let mut no_stage = eventbridge();
    no_stage["detail"].as_object_mut().unwrap().remove("stage");
    let no_token = in_notice(sns(), |message| {
        message["approval"].as_object_mut().unwrap().remove("token");
    });
    for (event, words) in [
        (json!({}), "neither an approval event"),
        (json!([]), "neither an approval event"),
        (json!("hello"), "neither an approval event"),
        (json!(null), "neither an approval event"),
        (json!({"Records": []}), "neither an approval event"),
        (json!({"Records": [{"s3": {}}]}), "the SNS record cannot be read: missing field `Sns`"),
        (no_stage, "detail: missing field `stage`"),
        (no_token, "approval: missing field `token`"),
        (changed(eventbridge(), "/detail/pipeline", json!(5)), "detail.pipeline: expected a string"),
        (changed(eventbridge(), "/detail/pipeline", json!("a/b")), "the pipeline name is not made of"),
        (changed(eventbridge(), "/detail/stage", json!("")), "the stage name is empty"),
        (changed(eventbridge(), "/detail/action", json!("x".repeat(101))), "the action name is longer than 100"),
        (changed(eventbridge(), "/account", json!("12345678901")), "the account is not 12 digits"),
        (changed(eventbridge(), "/time", json!("yesterday")), "time is not a date and time"),
        (changed(eventbridge(), "/detail/state", json!("STARTLED")), "detail.state is unknown"),
        (in_notice(sns(), |message| message["approval"]["token"] = json!("a b")), "the approval token is not made of"),
        (changed(sns(), "/Records/0/Sns/TopicArn", json!("topic")), "the account is empty"),
    ] {
        let (status, error) = world.event(&event).await;
        let message = error["errorMessage"].as_str().unwrap_or_default().to_owned();
        assert_eq!((status, error["errorType"].as_str()), (500, Some("UnreadableEvent")), "{event}");
        assert!(message.contains(words), "{event}: {message}");
    }
    assert!(world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused() {
    let world = World::new().await;
    let page = world.post(&world.url("/events"), &[("not", "json")]).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("InvalidRequestContentException"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_about_an_approval_that_is_over_asks_nobody() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.press(&alice.reject, "").await;
    world.settle().await;
    let late = world.play(&eventbridge()).await;
    assert_eq!(late["results"][0]["result"], "over", "{late}");
    assert_eq!(world.requests().await.len(), 2);
}
