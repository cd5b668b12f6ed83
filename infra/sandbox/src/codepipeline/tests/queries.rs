use super::*;

#[test]
fn a_pipeline_is_given_with_its_declaration() {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Queued);
    definition.stages[1].actions[0].kind = ActionKind::Approval(ApprovalAction {
        custom_data: Some("Please check".to_owned()),
        timeout_minutes: Some(60),
        ..ApprovalAction::default()
    });
    story.service.create(definition).unwrap();
    let answer = story.call("GetPipeline", json!({"name": "shop", "version": 1}));
    assert_eq!(answer["pipeline"]["executionMode"], "QUEUED");
    assert_eq!(answer["pipeline"]["pipelineType"], "V2");
    assert_eq!(answer["metadata"]["pipelineArn"], "arn:aws:codepipeline:us-east-2:123456789012:shop");
    assert_eq!(
        answer["pipeline"]["stages"][1]["actions"][0],
        json!({
            "name": "Approve",
            "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
            "runOrder": 1,
            "configuration": {"CustomData": "Please check"},
            "outputArtifacts": [],
            "inputArtifacts": [],
            "region": "us-east-2",
            "timeoutInMinutes": 60,
        })
    );
}

#[test]
fn an_execution_is_given_with_trigger_revision_and_variables() {
    let story = Story::shop(ExecutionMode::Superseded);
    let console = "https://us-east-2.console.aws.amazon.com/codecommit/home";
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let input = json!({
        "name": "shop",
        "clientRequestToken": "only-once",
        "variables": [{"name": "ticket", "value": "SHOP-7"}],
        "sourceRevisions": [{"actionName": "Checkout", "revisionType": "COMMIT_ID", "revisionValue": commit}],
    });
    let started = story.call("StartPipelineExecution", input.clone());
    assert_eq!(story.call("StartPipelineExecution", input), started);
    let execution = started["pipelineExecutionId"].as_str().unwrap();
    let answer = story.call("GetPipelineExecution", json!({"pipelineName": "shop", "pipelineExecutionId": execution}));
    assert_eq!(
        answer["pipelineExecution"],
        json!({
            "pipelineName": "shop",
            "pipelineVersion": 1,
            "pipelineExecutionId": execution,
            "status": "InProgress",
            "artifactRevisions": [{
                "name": "SourceArtifact",
                "revisionId": commit,
                "revisionSummary": "Fix rounding of totals in the monthly report",
                "revisionUrl": format!("{console}#/repository/shop/commit/{commit}"),
                "created": 1_795_166_107.104,
            }],
            "variables": [{"name": "ticket", "resolvedValue": "SHOP-7"}],
            "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": ALICE},
            "executionMode": "SUPERSEDED",
            "executionType": "STANDARD",
        })
    );
}

#[test]
fn commit_messages_are_taken_in_turn_and_a_connection_wraps_them() {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    let mut source = SourceAction::new(SourceProvider::GitHubConnection, "example/shop");
    source.messages = vec!["One".to_owned(), "Two".to_owned()];
    definition.stages[0].actions[0].kind = ActionKind::Source(source);
    story.service.create(definition).unwrap();
    for message in ["One", "Two", "One"] {
        let run = story.run(&story.start(), "Checkout");
        let summary = run["output"]["executionResult"]["externalExecutionSummary"].as_str().unwrap();
        assert_eq!(summary, format!(r#"{{"ProviderType":"GitHub","CommitMessage":"{message}"}}"#));
        assert_eq!(run["output"]["outputVariables"]["CommitMessage"], message);
        assert_eq!(run["input"]["namespace"], "SourceVariables");
    }
}

/// Follows the pages of an operation to the end.
fn pages(story: &Story, operation: &str, mut input: Value, list: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    loop {
        let page = story.call(operation, input.clone());
        pages.push(page[list].as_array().unwrap().clone());
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return pages,
        }
    }
}

#[test]
fn executions_come_newest_first_page_by_page() {
    let story = Story::shop(ExecutionMode::Parallel);
    let mut started: Vec<String> = (0..5).map(|_| story.start()).collect();
    started.reverse();
    let input = json!({"pipelineName": "shop", "maxResults": 2});
    let pages = pages(&story, "ListPipelineExecutions", input, "pipelineExecutionSummaries");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let ids: Vec<Value> = pages.concat().iter().map(|summary| summary["pipelineExecutionId"].clone()).collect();
    assert_eq!(ids, started);

    story.put(&story.token(&started[3]), "Approved").unwrap();
    let filter = json!({"succeededInStage": {"stageName": "Review"}});
    let list = story.call("ListPipelineExecutions", json!({"pipelineName": "shop", "filter": filter}));
    assert_eq!(list["pipelineExecutionSummaries"].as_array().unwrap().len(), 1);
    assert_eq!(list["pipelineExecutionSummaries"][0]["pipelineExecutionId"], started[3]);
}

#[test]
fn pages_do_not_shift_when_something_starts_in_between() {
    let story = Story::shop(ExecutionMode::Parallel);
    let started: Vec<String> = (0..3).map(|_| story.start()).collect();
    let first = story.call("ListPipelineExecutions", json!({"pipelineName": "shop", "maxResults": 2}));
    story.start();
    let input = json!({"pipelineName": "shop", "maxResults": 2, "nextToken": first["nextToken"]});
    let second = story.call("ListPipelineExecutions", input);
    let summaries = second["pipelineExecutionSummaries"].as_array().unwrap();
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0]["pipelineExecutionId"], started[0]);
}

#[test]
fn action_executions_come_newest_first_and_of_one_execution() {
    let story = Story::shop(ExecutionMode::Parallel);
    let executions: Vec<String> = (0..3).map(|_| story.start()).collect();
    let all = pages(
        &story,
        "ListActionExecutions",
        json!({"pipelineName": "shop", "maxResults": 4}),
        "actionExecutionDetails",
    );
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(all[0][0]["pipelineExecutionId"], executions[2]);
    assert_eq!(all[0][0]["actionName"], "Approve");
    let filter = json!({"pipelineName": "shop", "filter": {"pipelineExecutionId": executions[1]}});
    let one = story.call("ListActionExecutions", filter);
    let names: Vec<&Value> =
        one["actionExecutionDetails"].as_array().unwrap().iter().map(|run| &run["actionName"]).collect();
    assert_eq!(names, ["Approve", "Checkout"]);
    assert_eq!(one.get("nextToken"), None);
}

#[test]
fn pipelines_are_listed_by_name() {
    let story = Story::shop(ExecutionMode::Parallel);
    for name in ["zebra", "apple"] {
        story.service.create(PipelineDefinition { name: name.to_owned(), ..shop(ExecutionMode::Queued) }).unwrap();
    }
    let pages = pages(&story, "ListPipelines", json!({"maxResults": 2}), "pipelines");
    let names: Vec<Value> = pages.concat().iter().map(|pipeline| pipeline["name"].clone()).collect();
    assert_eq!(names, ["apple", "shop", "zebra"]);
}

#[test]
fn no_answer_holds_null() {
    let story = Story::shop(ExecutionMode::Queued);
    let execution = story.start();
    story.start();
    for operation in ["GetPipelineState", "GetPipeline"] {
        assert!(!story.call(operation, json!({"name": "shop"})).to_string().contains("null"));
    }
    for operation in ["ListActionExecutions", "ListPipelineExecutions"] {
        assert!(!story.call(operation, json!({"pipelineName": "shop"})).to_string().contains("null"));
    }
    let one = json!({"pipelineName": "shop", "pipelineExecutionId": execution});
    assert!(!story.call("GetPipelineExecution", one).to_string().contains("null"));
}

#[test]
fn the_overview_shows_what_waits_and_who_decided() {
    let story = Story::shop(ExecutionMode::Queued);
    let first = story.start();
    let second = story.start();
    let third = story.start();
    story.put(&story.token(&first), "Rejected").unwrap();
    let [shop] = <[PipelineView; 1]>::try_from(story.service.overview()).unwrap();
    assert_eq!((shop.name.as_str(), shop.mode, shop.region.as_str()), ("shop", "QUEUED", "us-east-2"));
    assert_eq!(
        shop.executions.iter().map(|execution| execution.status).collect::<Vec<_>>(),
        ["InProgress", "InProgress", "Failed"]
    );
    assert_eq!(shop.stages[1].inbound, [third]);
    assert_eq!(shop.stages[1].status, Some("InProgress"));
    assert_eq!(shop.stages[2].status, None);
    let run = &shop.stages[1].actions[0].runs[0];
    assert_eq!((run.execution.as_str(), run.status), (second.as_str(), "InProgress"));
    assert_eq!(run.token.as_deref(), Some(story.token(&second).as_str()));
    assert_eq!(run.expires, Some(START + Duration::days(7)));
    story.put(run.token.as_deref().unwrap(), "Approved").unwrap();
    story.put(&story.token(&shop.stages[1].inbound[0]), "Approved").unwrap();
    let run = &story.service.overview()[0].stages[1].actions[0].runs[0];
    assert_eq!(
        (run.by.as_deref(), run.summary.as_deref(), run.token.as_deref()),
        (Some(ALICE), Some("looks good"), None)
    );
}
