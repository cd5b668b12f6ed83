use super::*;

/// The members of a structure, with what is different every time taken out.
fn shape(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_started_approval_is_told_as_eventbridge_does() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let mut event = story.new_events().into_iter().find(|event| event["detail"]["action"] == "Approve").unwrap();
    let id = event["id"].take();
    assert_eq!(id.as_str().unwrap().len(), 36);
    assert_eq!(
        event,
        json!({
            "version": "0",
            "id": null,
            "detail-type": "CodePipeline Action Execution State Change",
            "source": "aws.codepipeline",
            "account": "123456789012",
            "time": "2026-11-20T09:15:07Z",
            "region": "us-east-2",
            "resources": ["arn:aws:codepipeline:us-east-2:123456789012:shop"],
            "detail": {
                "pipeline": "shop",
                "execution-id": execution,
                "stage": "Review",
                "action": "Approve",
                "state": "STARTED",
                "region": "us-east-2",
                "type": {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"},
                "version": 1,
                "pipeline-execution-attempt": 1,
            },
        })
    );
}

#[test]
fn other_actions_are_told_too() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    story.put(&story.token(&execution), "Approved").unwrap();
    let events: Vec<String> = story
        .new_events()
        .iter()
        .map(|event| {
            let detail = &event["detail"];
            format!(
                "{} {} {}",
                detail["type"]["provider"].as_str().unwrap(),
                detail["type"]["category"].as_str().unwrap(),
                detail["state"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        events,
        [
            "CodeCommit Source STARTED",
            "CodeCommit Source SUCCEEDED",
            "Manual Approval STARTED",
            "Manual Approval SUCCEEDED",
            "CodeDeploy Deploy STARTED",
            "CodeDeploy Deploy SUCCEEDED",
        ]
    );
}

#[test]
fn the_event_of_a_decision_carries_token_and_comment() {
    for (decision, code) in [("Approved", None), ("Rejected", Some("JobFailed"))] {
        let mut story = Story::shop(ExecutionMode::Superseded);
        let token = story.token(&story.start());
        story.new_events();
        story.put(&token, decision).unwrap();
        let mut result = json!({"external-execution-id": token, "external-execution-summary": "looks good"});
        if let Some(code) = code {
            result["error-code"] = json!(code);
        }
        assert_eq!(story.new_events()[0]["detail"]["execution-result"], result);
    }
}

#[test]
fn the_event_of_an_end_that_nobody_decided_carries_no_result() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    story.start();
    story.start();
    story.pass(Duration::days(7));
    story.service.tick();
    for event in story.new_events().iter().filter(|event| event["detail"]["type"]["category"] == "Approval") {
        assert_eq!(event["detail"].get("execution-result"), None);
    }
}

#[test]
fn a_topic_is_told_as_sns_tells_lambda() {
    let mut story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    let topic = "arn:aws:sns:us-east-2:123456789012:shop-approval";
    definition.stages[1].actions[0].kind = ActionKind::Approval(ApprovalAction {
        custom_data: Some("Commit #{SourceVariables.CommitId} of #{codepipeline.PipelineExecutionId}".to_owned()),
        external_entity_link: Some("https://example.com/#{SourceVariables.BranchName}/#{Nothing.Known}#{".to_owned()),
        notification_arn: Some(topic.to_owned()),
        timeout_minutes: None,
    });
    story.service.create(definition).unwrap();
    let execution = story.start();
    let events = story.new_events();
    assert_eq!(events[events.len() - 2]["detail"]["state"], "STARTED");
    let record = events.last().unwrap()["Records"][0].clone();
    assert_eq!(shape(&record), ["EventSource", "EventSubscriptionArn", "EventVersion", "Sns"]);
    assert_eq!(
        shape(&record["Sns"]),
        [
            "Message",
            "MessageAttributes",
            "MessageId",
            "Signature",
            "SignatureVersion",
            "SigningCertUrl",
            "Subject",
            "Timestamp",
            "TopicArn",
            "Type",
            "UnsubscribeUrl",
        ]
    );
    assert_eq!(record["Sns"]["TopicArn"], topic);
    assert_eq!(record["Sns"]["Timestamp"], "2026-11-20T09:15:07.104Z");
    assert_eq!(record["Sns"]["Subject"], "APPROVAL NEEDED: AWS CodePipeline shop for action Approve");
    let message: Value = serde_json::from_str(record["Sns"]["Message"].as_str().unwrap()).unwrap();
    let token = story.token(&execution);
    let commit =
        story.run(&execution, "Checkout")["output"]["outputVariables"]["CommitId"].as_str().unwrap().to_owned();
    assert_eq!(commit.len(), 40);
    let console = "https://console.aws.amazon.com/codepipeline/home?region=us-east-2#/view/shop";
    assert_eq!(
        message,
        json!({
            "region": "us-east-2",
            "consoleLink": console,
            "approval": {
                "pipelineName": "shop", "stageName": "Review", "actionName": "Approve", "token": token,
                "expires": "2026-11-27T09:15Z",
                "externalEntityLink": "https://example.com/main/#{Nothing.Known}#{",
                "approvalReviewLink": format!("{console}/Review/Approve/approve/{token}"),
                "customData": format!("Commit {commit} of {execution}"),
            },
        })
    );
    let run = story.run(&execution, "Approve");
    assert_eq!(run["input"]["resolvedConfiguration"]["CustomData"], format!("Commit {commit} of {execution}"));
    assert_eq!(
        run["input"]["configuration"]["CustomData"],
        "Commit #{SourceVariables.CommitId} of #{codepipeline.PipelineExecutionId}"
    );
}

#[test]
fn a_notice_leaves_out_what_is_not_set() {
    let mut story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    let topic = ApprovalAction {
        notification_arn: Some("arn:aws:sns:us-east-2:123456789012:t".to_owned()),
        ..ApprovalAction::default()
    };
    definition.stages[1].actions[0].kind = ActionKind::Approval(topic);
    story.service.create(definition).unwrap();
    story.start();
    let message = story.new_events().pop().unwrap()["Records"][0]["Sns"]["Message"].as_str().unwrap().to_owned();
    assert!(
        !message.contains("customData") && !message.contains("externalEntityLink") && !message.contains("null"),
        "{message}"
    );
}

#[test]
fn nobody_listening_hurts_nobody() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    story.events.close();
    story.start();
}
