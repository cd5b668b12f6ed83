use super::*;

#[test]
fn superseded_a_newer_execution_takes_over_the_approval() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let older = story.start();
    let token = story.token(&older);
    story.new_events();
    let newer = story.start();
    assert_eq!(story.status(&older), "Superseded");
    assert_eq!(story.run(&older, "Approve")["status"], "Abandoned");
    assert_eq!(story.approval()["token"], story.token(&newer));
    let events = story.approval_events();
    assert_eq!(events, [("ABANDONED".to_owned(), older), ("STARTED".to_owned(), newer.clone())]);
    assert_eq!(story.put(&token, "Approved").unwrap_err().code, "InvalidApprovalTokenException");
    story.put(&story.token(&newer), "Approved").unwrap();
    assert_eq!(story.status(&newer), "Succeeded");
}

#[test]
fn superseded_executions_in_different_stages_leave_each_other_alone() {
    let story = Story::new();
    let mut definition = shop(ExecutionMode::Superseded);
    definition.stages.insert(2, StageDefinition::new("Audit", [ActionDefinition::new("Sign", approval())]));
    story.service.create(definition).unwrap();
    let older = story.start();
    story.put(&story.token(&older), "Approved").unwrap();
    let newer = story.start();
    assert_eq!((story.status(&older), story.status(&newer)), ("InProgress".to_owned(), "InProgress".to_owned()));
    story.put(&story.token(&newer), "Approved").unwrap();
    assert_eq!((story.status(&older), story.status(&newer)), ("Superseded".to_owned(), "InProgress".to_owned()));
}

#[test]
fn queued_executions_wait_in_front_of_the_stage_strictly_in_order() {
    let story = Story::shop(ExecutionMode::Queued);
    let all: Vec<String> = (0..4).map(|_| story.start()).collect();
    let review = story.state()["stageStates"][1].clone();
    assert_eq!(review["latestExecution"]["pipelineExecutionId"], all[0]);
    assert_eq!(review["inboundExecution"]["pipelineExecutionId"], all[1]);
    assert_eq!(review["inboundExecutions"].as_array().unwrap().len(), 3);
    assert_eq!(story.run(&all[1], "Approve"), Value::Null);

    // Each way to leave lets the next one in: approved, rejected, stopped.
    story.put(&story.token(&all[0]), "Approved").unwrap();
    assert_eq!(story.approval()["token"], story.token(&all[1]));
    story.put(&story.token(&all[1]), "Rejected").unwrap();
    assert_eq!(story.approval()["token"], story.token(&all[2]));
    story
        .call("StopPipelineExecution", json!({"pipelineName": "shop", "pipelineExecutionId": all[2], "abandon": true}));
    assert_eq!(story.approval()["token"], story.token(&all[3]));
    story.put(&story.token(&all[3]), "Approved").unwrap();
    let states: Vec<String> = all.iter().map(|id| story.status(id)).collect();
    assert_eq!(states, ["Succeeded", "Failed", "Stopped", "Succeeded"]);
}

#[test]
fn queued_the_next_one_enters_when_the_time_of_the_first_is_over() {
    let mut story = Story::shop(ExecutionMode::Queued);
    let first = story.start();
    let second = story.start();
    story.new_events();
    story.pass(Duration::days(8));
    story.service.tick();
    assert_eq!(story.approval_events(), [("FAILED".to_owned(), first), ("STARTED".to_owned(), second.clone())]);
    story.put(&story.token(&second), "Approved").unwrap();
}

#[test]
fn parallel_executions_do_not_meet_and_the_state_shows_no_token() {
    let story = Story::shop(ExecutionMode::Parallel);
    let one = story.start();
    let other = story.start();
    let state = story.state();
    assert!(!state.to_string().contains("latestExecution"));
    assert!(!state.to_string().contains("token"));
    story.put(&story.token(&other), "Rejected").unwrap();
    assert_eq!(story.status(&one), "InProgress");
    story.put(&story.token(&one), "Approved").unwrap();
    assert_eq!((story.status(&one), story.status(&other)), ("Succeeded".to_owned(), "Failed".to_owned()));
}

#[test]
fn only_so_many_executions_may_be_under_way() {
    for mode in [ExecutionMode::Queued, ExecutionMode::Parallel] {
        let story = Story::shop(mode);
        for _ in 0..50 {
            story.start();
        }
        let error = story.refuse("StartPipelineExecution", json!({"name": "shop"}));
        assert_eq!(error.code, "ConcurrentPipelineExecutionsLimitExceededException");
    }
    let story = Story::shop(ExecutionMode::Superseded);
    for _ in 0..60 {
        story.start();
    }
}
