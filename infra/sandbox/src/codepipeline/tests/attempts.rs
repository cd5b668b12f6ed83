use std::collections::BTreeSet;

use super::*;

/// Rejects the approval, as Alice and as Bob in turn, and retries the stage each time.
fn rejected_twice(story: &Story) -> String {
    let execution = story.start();
    for (caller, summary) in [(ALICE, "Not today"), (BOB, "Nor tomorrow")] {
        let mut rejection = answer(&story.token(&execution), "Rejected");
        rejection["result"]["summary"] = json!(summary);
        story.service.call("PutApprovalResult", &rejection, caller).unwrap();
        let mode = "FAILED_ACTIONS";
        let retry =
            json!({"pipelineName": "shop", "stageName": "Review", "pipelineExecutionId": execution, "retryMode": mode});
        story.call("RetryStageExecution", retry);
    }
    execution
}

/// The attempts at the approval, as `ListActionExecutions` gives them, newest first.
fn attempts(story: &Story, execution: &str) -> Vec<Value> {
    let filter = json!({"pipelineExecutionId": execution});
    let list = story.call("ListActionExecutions", json!({"pipelineName": "shop", "filter": filter}));
    let all = list["actionExecutionDetails"].as_array().unwrap().iter();
    all.filter(|run| run["actionName"] == "Approve").cloned().collect()
}

#[test]
fn every_attempt_at_a_stage_is_listed_with_who_ended_it_and_why() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let story = Story::shop(mode);
        let execution = rejected_twice(&story);
        let attempts = attempts(&story, &execution);
        let shown: Vec<_> = attempts
            .iter()
            .map(|run| {
                let summary = run["output"]["executionResult"]["externalExecutionSummary"].as_str();
                (run["status"].as_str().unwrap(), run["updatedBy"].as_str(), summary)
            })
            .collect();
        let expected = [
            ("InProgress", None, None),
            ("Failed", Some(BOB), Some("Nor tomorrow")),
            ("Failed", Some(ALICE), Some("Not today")),
        ];
        assert_eq!(shown, expected);
        for part in ["/actionExecutionId", "/output/executionResult/externalExecutionId"] {
            let ids: BTreeSet<String> = attempts.iter().map(|run| run.pointer(part).unwrap().to_string()).collect();
            assert_eq!(ids.len(), 3, "each attempt has its own {part}");
        }
    }
}

#[test]
fn the_state_names_the_run_that_the_list_names() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = rejected_twice(&story);
    let newest = || attempts(&story, &execution).remove(0);
    assert_eq!(story.approval()["status"], "InProgress");
    assert_eq!(story.approval()["actionExecutionId"], newest()["actionExecutionId"]);
    assert_eq!(story.approval()["token"], newest()["output"]["executionResult"]["externalExecutionId"]);
    assert_eq!(story.approval().get("lastUpdatedBy"), None);
    story.put(&story.token(&execution), "Approved").unwrap();
    assert_eq!(story.approval()["actionExecutionId"], newest()["actionExecutionId"]);
    // Whoever decides in a role session is named with their session.
    assert_eq!(story.approval()["lastUpdatedBy"], ALICE);
    assert_eq!(newest()["updatedBy"], ALICE);
    let stages = story.state()["stageStates"].clone();
    for stage in stages.as_array().unwrap() {
        let state = &stage["actionStates"][0];
        let run = story.run(&execution, state["actionName"].as_str().unwrap());
        assert_eq!(state["latestExecution"]["actionExecutionId"], run["actionExecutionId"], "{state}");
    }
}
