use super::*;

#[test]
fn an_execution_runs_up_to_the_approval_and_waits_there() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    assert_eq!(story.status(&execution), "InProgress");
    let approval = story.approval();
    assert_eq!(approval["status"], "InProgress");
    assert_eq!(approval["token"], story.token(&execution));
    assert_eq!(approval["lastStatusChange"], 1_795_166_107.104);
    assert_eq!(approval.get("lastUpdatedBy"), None);
    assert_eq!(story.run(&execution, "Deploy"), Value::Null);
}

#[test]
fn approved_it_goes_on_to_the_end() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    story.new_events();
    story.pass(Duration::minutes(3));
    let answer = story.put(&story.token(&execution), "Approved").unwrap();
    assert_eq!(answer, json!({"approvedAt": 1_795_166_287.104}));
    assert_eq!(story.status(&execution), "Succeeded");
    let approval = story.approval();
    assert_eq!(approval["status"], "Succeeded");
    assert_eq!(approval["lastUpdatedBy"], ALICE);
    assert_eq!(approval["summary"], "looks good");
    assert_eq!(approval["lastStatusChange"], 1_795_166_287.104);
    assert_eq!(approval.get("token"), None);
    assert_eq!(story.run(&execution, "Deploy")["status"], "Succeeded");
    assert_eq!(story.run(&execution, "Approve")["updatedBy"], ALICE);
    assert_eq!(story.approval_events(), [("SUCCEEDED".to_owned(), execution)]);
}

#[test]
fn rejected_it_fails_and_nothing_is_deployed() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    story.new_events();
    story.put(&story.token(&execution), "Rejected").unwrap();
    assert_eq!(story.status(&execution), "Failed");
    assert_eq!(story.approval()["status"], "Failed");
    assert_eq!(story.approval()["lastUpdatedBy"], ALICE);
    assert_eq!(story.state()["stageStates"][1]["latestExecution"]["status"], "Failed");
    assert_eq!(story.run(&execution, "Deploy"), Value::Null);
    assert_eq!(story.approval_events(), [("FAILED".to_owned(), execution)]);
}

#[test]
fn without_a_comment_the_summary_says_who_decided() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let mut input = answer(&story.token(&execution), "Rejected");
    input["result"]["summary"] = json!("");
    story.call("PutApprovalResult", input);
    assert_eq!(story.approval()["summary"], format!("Rejected by {ALICE}"));
}

#[test]
fn unanswered_it_fails_after_seven_days_and_nobody_did_it() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let token = story.token(&execution);
    story.new_events();
    story.pass(Duration::days(7) - Duration::seconds(1));
    story.service.tick();
    assert_eq!(story.approval()["status"], "InProgress");
    story.pass(Duration::seconds(1));
    story.service.tick();
    assert_eq!(story.approval_events(), [("FAILED".to_owned(), execution.clone())]);
    assert_eq!(story.status(&execution), "Failed");
    assert_eq!(story.approval().get("lastUpdatedBy"), None);
    assert_eq!(story.put(&token, "Approved").unwrap_err().code, "InvalidApprovalTokenException");
}

#[test]
fn however_late_anybody_looks_it_ended_at_its_deadline() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let mut story = Story::shop(mode);
        let execution = story.start();
        story.new_events();
        story.pass(Duration::days(8));
        let ended = 1_795_166_107.104 + 7.0 * 86_400.0;
        assert_eq!(story.run(&execution, "Approve")["lastUpdateTime"], ended);
        if mode != ExecutionMode::Parallel {
            assert_eq!(story.approval()["lastStatusChange"], ended);
            assert_eq!(story.state()["stageStates"][1]["latestExecution"]["status"], "Failed");
        }
        let list = story.call("ListPipelineExecutions", json!({"pipelineName": "shop"}));
        let summary = &list["pipelineExecutionSummaries"][0];
        assert_eq!((&summary["status"], &summary["lastUpdateTime"]), (&json!("Failed"), &json!(ended)));
        assert_eq!(story.new_events()[0]["time"], "2026-11-27T09:15:07Z");
    }
}

#[test]
fn what_follows_from_an_end_begins_at_that_time_and_all_is_told_in_its_order() {
    let mut story = Story::shop(ExecutionMode::Queued);
    story.service.create(PipelineDefinition { name: "other".to_owned(), ..shop(ExecutionMode::Queued) }).unwrap();
    let first = story.start();
    let next = story.start();
    story.pass(Duration::days(1));
    let other = story.service.start("other", Trigger::StartPipelineExecution(BOB.to_owned())).unwrap();
    story.new_events();
    story.pass(Duration::days(30));
    story.service.tick();
    let told: Vec<_> = story
        .new_events()
        .iter()
        .map(|event| ["/time", "/detail/execution-id", "/detail/state"].map(|part| event.pointer(part).cloned()))
        .collect();
    let expected = [
        ("2026-11-27T09:15:07Z", &first, "FAILED"),
        ("2026-11-27T09:15:07Z", &next, "STARTED"),
        ("2026-11-28T09:15:07Z", &other, "FAILED"),
        ("2026-12-04T09:15:07Z", &next, "FAILED"),
    ];
    assert_eq!(told, expected.map(|(time, id, state)| [time, id, state].map(|text| Some(json!(text)))));
}

#[test]
fn a_call_sees_that_the_time_is_over_without_a_tick() {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    let short = ApprovalAction { timeout_minutes: Some(5), ..ApprovalAction::default() };
    definition.stages[1].actions[0].kind = ActionKind::Approval(short);
    story.service.create(definition).unwrap();
    let execution = story.start();
    let token = story.token(&execution);
    story.pass(Duration::minutes(5));
    assert_eq!(story.put(&token, "Approved").unwrap_err().code, "InvalidApprovalTokenException");
    assert_eq!(story.status(&execution), "Failed");
}

#[test]
fn a_decision_can_be_made_only_once() {
    let story = Story::shop(ExecutionMode::Superseded);
    for decision in ["Approved", "Rejected"] {
        let token = story.token(&story.start());
        story.put(&token, decision).unwrap();
        for again in ["Approved", "Rejected"] {
            assert_eq!(story.put(&token, again).unwrap_err().code, "ApprovalAlreadyCompletedException");
        }
    }
}

#[test]
fn of_two_opposite_decisions_at_once_exactly_one_wins() {
    for _ in 0..50 {
        let story = Story::shop(ExecutionMode::Superseded);
        let execution = story.start();
        let token = story.token(&execution);
        let barrier = std::sync::Barrier::new(2);
        let decide = |decision: &str| {
            barrier.wait();
            story.put(&token, decision)
        };
        let (approved, rejected) = std::thread::scope(|scope| {
            let (one, other) = (scope.spawn(|| decide("Approved")), scope.spawn(|| decide("Rejected")));
            (one.join().unwrap(), other.join().unwrap())
        });
        assert_ne!(approved.is_ok(), rejected.is_ok());
        let expected = if approved.is_ok() { "Succeeded" } else { "Failed" };
        assert_eq!(story.status(&execution), expected);
        let loser = approved.err().or(rejected.err()).unwrap();
        assert_eq!(loser.code, "ApprovalAlreadyCompletedException");
    }
}

#[test]
fn approvals_in_later_stages_and_later_in_a_stage_each_wait_in_turn() {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    let second = ActionDefinition { run_order: 2, ..ActionDefinition::new("Confirm", approval()) };
    definition.stages[1].actions.push(second);
    definition.stages.insert(2, StageDefinition::new("Audit", [ActionDefinition::new("Sign", approval())]));
    story.service.create(definition).unwrap();
    let execution = story.start();
    for (stage, action) in [("Review", "Approve"), ("Review", "Confirm"), ("Audit", "Sign")] {
        assert_eq!(story.status(&execution), "InProgress");
        let run = story.run(&execution, action);
        let mut input = answer(run["output"]["executionResult"]["externalExecutionId"].as_str().unwrap(), "Approved");
        input["stageName"] = json!(stage);
        input["actionName"] = json!(action);
        story.call("PutApprovalResult", input);
    }
    assert_eq!(story.status(&execution), "Succeeded");
}

/// Two approvals side by side with a build, and a build after them.
fn side_by_side() -> Story {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    definition.stages[1].actions.extend([
        ActionDefinition::new("Second", approval()),
        ActionDefinition::new("Build", ActionKind::Build),
        ActionDefinition { run_order: 2, ..ActionDefinition::new("Package", ActionKind::Build) },
    ]);
    story.service.create(definition).unwrap();
    story
}

fn second(story: &Story, execution: &str, decision: &str) -> Result<Value, AwsError> {
    let run = story.run(execution, "Second");
    let mut input = answer(run["output"]["executionResult"]["externalExecutionId"].as_str().unwrap(), decision);
    input["actionName"] = json!("Second");
    story.service.call("PutApprovalResult", &input, BOB)
}

#[test]
fn approvals_side_by_side_block_only_what_comes_after_them() {
    let story = side_by_side();
    let execution = story.start();
    assert_eq!(story.run(&execution, "Build")["status"], "Succeeded");
    story.put(&story.token(&execution), "Approved").unwrap();
    assert_eq!(story.run(&execution, "Package"), Value::Null);
    second(&story, &execution, "Approved").unwrap();
    assert_eq!(story.run(&execution, "Package")["status"], "Succeeded");
    assert_eq!(story.status(&execution), "Succeeded");
}

#[test]
fn a_rejection_fails_the_stage_while_the_approval_beside_it_can_still_be_answered() {
    let mut story = side_by_side();
    let execution = story.start();
    story.put(&story.token(&execution), "Rejected").unwrap();
    assert_eq!(story.status(&execution), "Failed");
    second(&story, &execution, "Approved").unwrap();
    assert_eq!(story.status(&execution), "Failed");
    assert_eq!(story.run(&execution, "Package"), Value::Null);

    let next = story.start();
    story.put(&story.token(&next), "Rejected").unwrap();
    story.new_events();
    let newest = story.start();
    let events = story.approval_events();
    assert_eq!(events[0], ("ABANDONED".to_owned(), next.clone()));
    assert_eq!(events[1], ("STARTED".to_owned(), newest));
    assert_eq!(second(&story, &next, "Approved").unwrap_err().code, "InvalidApprovalTokenException");
}

fn retry(execution: &str, mode: &str) -> Value {
    json!({"pipelineName": "shop", "stageName": "Review", "pipelineExecutionId": execution, "retryMode": mode})
}

#[test]
fn a_retry_asks_again_with_a_new_token() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let token = story.token(&execution);
    let retry = retry(&execution, "FAILED_ACTIONS");
    assert_eq!(story.refuse("RetryStageExecution", retry.clone()).code, "StageNotRetryableException");
    story.put(&token, "Rejected").unwrap();
    story.new_events();
    story.call("RetryStageExecution", retry.clone());
    assert_eq!(story.new_events()[0]["detail"]["pipeline-execution-attempt"], 2);
    assert_eq!(story.put(&token, "Approved").unwrap_err().code, "ApprovalAlreadyCompletedException");
    assert_ne!(story.token(&execution), token);
    story.put(&story.token(&execution), "Approved").unwrap();
    assert_eq!(story.status(&execution), "Succeeded");

    let filter = json!({"latestInPipelineExecution": {"pipelineExecutionId": execution, "startTimeRange": "Latest"}});
    let latest = story.call("ListActionExecutions", json!({"pipelineName": "shop", "filter": filter}));
    assert_eq!(latest["actionExecutionDetails"].as_array().unwrap().len(), 3);

    story.start();
    assert_eq!(story.refuse("RetryStageExecution", retry).code, "NotLatestPipelineExecutionException");
}

#[test]
fn a_retry_of_all_actions_starts_the_stage_afresh() {
    let story = side_by_side();
    let execution = story.start();
    story.put(&story.token(&execution), "Rejected").unwrap();
    let retry = retry(&execution, "ALL_ACTIONS");
    assert_eq!(story.refuse("RetryStageExecution", retry.clone()).code, "StageNotRetryableException");
    second(&story, &execution, "Approved").unwrap();
    story.call("RetryStageExecution", retry);
    story.put(&story.token(&execution), "Approved").unwrap();
    assert_eq!(story.status(&execution), "InProgress");
    second(&story, &execution, "Approved").unwrap();
    assert_eq!(story.status(&execution), "Succeeded");
}
