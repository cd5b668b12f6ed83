use super::*;

#[test]
fn what_names_nothing_is_refused_outermost_first() {
    let story = Story::shop(ExecutionMode::Superseded);
    let token = story.token(&story.start());
    let cases = [
        ("pipelineName", "nowhere", "PipelineNotFoundException"),
        ("stageName", "Nowhere", "StageNotFoundException"),
        ("actionName", "Nothing", "ActionNotFoundException"),
        ("token", "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN", "InvalidApprovalTokenException"),
    ];
    let mut wrong = answer(&token, "Approved");
    for (member, value, code) in cases.iter().rev() {
        wrong[member] = json!(value);
        assert_eq!(story.refuse("PutApprovalResult", wrong.clone()).code, *code);
    }
    let message = "Account '123456789012' does not have a pipeline with name 'nowhere'";
    assert_eq!(story.refuse("PutApprovalResult", wrong).message, message);
    // A token is good for its own action only.
    let mut elsewhere = answer(&token, "Approved");
    elsewhere["stageName"] = json!("Production");
    elsewhere["actionName"] = json!("Deploy");
    assert_eq!(story.refuse("PutApprovalResult", elsewhere).code, "InvalidApprovalTokenException");
}

#[test]
fn the_account_in_an_error_is_the_callers() {
    let story = Story::new();
    let caller = "arn:aws:iam::444455556666:user/carol";
    let error = story.service.call("GetPipeline", &json!({"name": "x"}), caller).unwrap_err();
    assert_eq!(error.message, "Account '444455556666' does not have a pipeline with name 'x'");
}

#[test]
fn bad_input_is_refused_in_the_services_words() {
    let story = Story::shop(ExecutionMode::Superseded);
    let long = "é".repeat(513);
    let no_name = r"Member must satisfy regular expression pattern: [A-Za-z0-9.@\-_]+";
    let choice = "Member must satisfy enum value set: [Approved, Rejected]";
    let cases = [
        ("result.summary", json!(long), "Member must have length less than or equal to 512"),
        ("result.summary", Value::Null, "Member must not be null"),
        ("result.status", json!("approved"), choice),
        ("result", Value::Null, "Member must not be null"),
        ("token", json!(""), "Member must have length greater than or equal to 1"),
        ("stageName", json!("Prod stage"), no_name),
    ];
    for (path, value, constraint) in cases {
        let mut input = answer("some-token", "Approved");
        let quoted = value.as_str().map_or("null".to_owned(), |text| format!("'{text}'"));
        *input.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = value;
        let error = story.refuse("PutApprovalResult", input);
        let message = format!(
            "1 validation error detected: Value {quoted} at '{path}' failed to satisfy constraint: {constraint}"
        );
        assert_eq!((error.code.as_str(), error.message), ("ValidationException", message));
    }

    let mut input = answer("some-token", "Approved");
    input["pipelineName"] = json!("");
    let message = format!(
        "2 validation errors detected: Value '' at 'pipelineName' failed to satisfy constraint: \
         Member must have length greater than or equal to 1; \
         Value '' at 'pipelineName' failed to satisfy constraint: {no_name}"
    );
    assert_eq!(story.refuse("PutApprovalResult", input).message, message);
}

#[test]
fn a_comment_of_512_characters_is_welcome() {
    let story = Story::shop(ExecutionMode::Superseded);
    let mut input = answer(&story.token(&story.start()), "Approved");
    input["result"]["summary"] = json!("é".repeat(512));
    story.call("PutApprovalResult", input);
}

#[test]
fn json_of_the_wrong_type_is_refused() {
    let story = Story::shop(ExecutionMode::Superseded);
    let refused = [
        ("PutApprovalResult", json!({"pipelineName": 7})),
        ("PutApprovalResult", json!({"result": "Approved"})),
        ("PutApprovalResult", json!([])),
        ("GetPipelineState", Value::Null),
        ("StopPipelineExecution", json!({"abandon": "yes"})),
        ("ListActionExecutions", json!({"maxResults": "many"})),
        ("StartPipelineExecution", json!({"variables": {}})),
    ];
    for (operation, input) in refused {
        assert_eq!(story.refuse(operation, input).code, "SerializationException", "{operation}");
    }
}

#[test]
fn out_of_range_is_refused() {
    let story = Story::shop(ExecutionMode::Superseded);
    let latest = json!({"latestInPipelineExecution": {"pipelineExecutionId": "x", "startTimeRange": "Some"}});
    let not_a_source = json!({"actionName": "Deploy", "revisionType": "COMMIT_ID", "revisionValue": "1"});
    let refused = [
        ("ListActionExecutions", json!({"pipelineName": "shop", "maxResults": 0})),
        ("ListActionExecutions", json!({"pipelineName": "shop", "maxResults": 101})),
        ("ListPipelines", json!({"maxResults": 1001})),
        ("ListActionExecutions", json!({"pipelineName": "shop", "filter": latest})),
        ("StartPipelineExecution", json!({"name": "shop", "clientRequestToken": "a b"})),
        ("StartPipelineExecution", json!({"name": "shop", "variables": [{"name": "a b", "value": ""}]})),
        ("StartPipelineExecution", json!({"name": "shop", "variables": vec![json!({"name": "a", "value": "b"}); 51]})),
        ("StartPipelineExecution", json!({"name": "shop", "sourceRevisions": [not_a_source]})),
        ("RetryStageExecution", json!({"pipelineName": "shop"})),
    ];
    for (operation, input) in refused {
        assert_eq!(story.refuse(operation, input).code, "ValidationException", "{operation}");
    }
}

#[test]
fn unknown_things_have_their_own_errors() {
    let story = Story::shop(ExecutionMode::Superseded);
    let retry =
        json!({"pipelineName": "shop", "stageName": "X", "pipelineExecutionId": "x", "retryMode": "FAILED_ACTIONS"});
    let refused = [
        ("DeletePipeline", json!({}), "UnknownOperationException"),
        ("GetPipeline", json!({"name": "shop", "version": 2}), "PipelineVersionNotFoundException"),
        (
            "GetPipelineExecution",
            json!({"pipelineName": "shop", "pipelineExecutionId": "x"}),
            "PipelineExecutionNotFoundException",
        ),
        (
            "ListActionExecutions",
            json!({"pipelineName": "shop", "filter": {"pipelineExecutionId": "x"}}),
            "PipelineExecutionNotFoundException",
        ),
        ("ListActionExecutions", json!({"pipelineName": "shop", "nextToken": "x"}), "InvalidNextTokenException"),
        (
            "ListPipelineExecutions",
            json!({"pipelineName": "shop", "nextToken": "actions.1"}),
            "InvalidNextTokenException",
        ),
        ("ListPipelines", json!({"nextToken": "pipelines."}), "InvalidNextTokenException"),
        ("RetryStageExecution", retry, "StageNotFoundException"),
    ];
    for (operation, input, code) in refused {
        assert_eq!(story.refuse(operation, input).code, code);
    }
    for (operation, member) in [
        ("GetPipeline", "name"),
        ("GetPipelineState", "name"),
        ("StartPipelineExecution", "name"),
        ("ListActionExecutions", "pipelineName"),
        ("ListPipelineExecutions", "pipelineName"),
    ] {
        assert_eq!(story.refuse(operation, json!({member: "nowhere"})).code, "PipelineNotFoundException");
    }
    let nowhere = story.service.start("nowhere", Trigger::StartPipelineExecution(BOB.to_owned()));
    assert_eq!(nowhere.unwrap_err().code, "PipelineNotFoundException");
}

#[test]
fn a_pipeline_that_makes_no_sense_is_not_created() {
    let story = Story::shop(ExecutionMode::Superseded);
    assert_eq!(story.service.create(shop(ExecutionMode::Queued)).unwrap_err().code, "PipelineNameInUseException");
    let mut twice = PipelineDefinition { name: "other".to_owned(), ..shop(ExecutionMode::Queued) };
    twice.stages[2].name = "Review".to_owned();
    let spaced = PipelineDefinition { name: "my shop".to_owned(), ..shop(ExecutionMode::Queued) };
    let mut hasty = PipelineDefinition { name: "other".to_owned(), ..shop(ExecutionMode::Queued) };
    let four = ApprovalAction { timeout_minutes: Some(4), ..ApprovalAction::default() };
    hasty.stages[1].actions[0].kind = ActionKind::Approval(four);
    for definition in [twice, spaced, hasty] {
        assert_eq!(story.service.create(definition).unwrap_err().code, "InvalidStructureException");
    }
}
