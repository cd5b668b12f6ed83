use super::*;

fn stop(execution: &str, abandon: bool) -> Value {
    json!({"pipelineName": "shop", "pipelineExecutionId": execution, "abandon": abandon, "reason": "wrong branch"})
}

#[test]
fn stopped_with_abandon_the_approval_is_over_at_once() {
    let mut story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let token = story.token(&execution);
    story.new_events();
    let answer = story.call("StopPipelineExecution", stop(&execution, true));
    assert_eq!(answer, json!({"pipelineExecutionId": execution}));
    assert_eq!(story.status(&execution), "Stopped");
    assert_eq!(story.approval()["status"], "Abandoned");
    assert_eq!(story.approval_events(), [("ABANDONED".to_owned(), execution.clone())]);
    assert_eq!(story.put(&token, "Approved").unwrap_err().code, "InvalidApprovalTokenException");
    let list = story.call("ListPipelineExecutions", json!({"pipelineName": "shop"}));
    assert_eq!(list["pipelineExecutionSummaries"][0]["stopTrigger"], json!({"reason": "wrong branch"}));
}

#[test]
fn stopped_without_abandon_the_approval_can_still_be_answered_but_nothing_follows() {
    for decision in ["Approved", "Rejected"] {
        let story = Story::shop(ExecutionMode::Superseded);
        let execution = story.start();
        story.call("StopPipelineExecution", stop(&execution, false));
        assert_eq!(story.status(&execution), "Stopping");
        assert_eq!(story.state()["stageStates"][1]["latestExecution"]["status"], "Stopping");
        story.put(&story.token(&execution), decision).unwrap();
        assert_eq!(story.status(&execution), "Stopped");
        assert_eq!(story.run(&execution, "Deploy"), Value::Null);
    }
}

#[test]
fn an_execution_in_the_queue_stops_at_once() {
    let story = Story::shop(ExecutionMode::Queued);
    let first = story.start();
    let second = story.start();
    story.call("StopPipelineExecution", stop(&second, false));
    assert_eq!(story.status(&second), "Stopped");
    story.put(&story.token(&first), "Approved").unwrap();
    assert_eq!(story.run(&second, "Approve"), Value::Null);
}

#[test]
fn a_stop_can_be_made_harder_but_not_repeated() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    story.call("StopPipelineExecution", stop(&execution, false));
    assert_eq!(story.refuse("StopPipelineExecution", stop(&execution, false)).code, "DuplicatedStopRequestException");
    story.call("StopPipelineExecution", stop(&execution, true));
    for abandon in [true, false] {
        let error = story.refuse("StopPipelineExecution", stop(&execution, abandon));
        assert_eq!(error.code, "PipelineExecutionNotStoppableException");
    }
}

#[test]
fn what_is_not_there_cannot_be_stopped() {
    let story = Story::shop(ExecutionMode::Superseded);
    assert_eq!(
        story.refuse("StopPipelineExecution", stop("nobody", true)).code,
        "PipelineExecutionNotStoppableException"
    );
    let elsewhere = json!({"pipelineName": "nowhere", "pipelineExecutionId": "nobody"});
    assert_eq!(story.refuse("StopPipelineExecution", elsewhere).code, "PipelineNotFoundException");
    let long = json!({"pipelineName": "shop", "pipelineExecutionId": "x", "reason": "r".repeat(201)});
    assert_eq!(story.refuse("StopPipelineExecution", long).code, "ValidationException");
}
