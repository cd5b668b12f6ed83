use super::*;

const CAROL: &str = "arn:aws:sts::444455556666:assumed-role/spoke/carol";

/// A pipeline `shop` in each of two accounts, and both approvals wait.
fn two_shops() -> (Story, String, String) {
    let story = Story::shop(ExecutionMode::Superseded);
    let other = PipelineDefinition { account: "444455556666".to_owned(), ..shop(ExecutionMode::Queued) };
    story.service.create(other.clone()).unwrap();
    assert_eq!(story.service.create(other).unwrap_err().code, "PipelineNameInUseException");
    let here = story.start();
    let there = story.service.start("shop", Trigger::StartPipelineExecution(CAROL.to_owned())).unwrap();
    (story, here, there)
}

#[test]
fn a_caller_sees_the_pipelines_of_their_own_account() {
    let (story, here, there) = two_shops();
    story.service.create(PipelineDefinition { name: "site".to_owned(), ..shop(ExecutionMode::Queued) }).unwrap();
    for (caller, names, mode, own, foreign) in
        [(ALICE, &["shop", "site"][..], "SUPERSEDED", &here, &there), (CAROL, &["shop"][..], "QUEUED", &there, &here)]
    {
        let list = story.service.call("ListPipelines", &json!({}), caller).unwrap();
        let listed: Vec<&Value> = list["pipelines"].as_array().unwrap().iter().map(|entry| &entry["name"]).collect();
        assert_eq!(listed, names);
        let pipeline = story.service.call("GetPipeline", &json!({"name": "shop"}), caller).unwrap();
        assert_eq!(pipeline["pipeline"]["executionMode"], mode);
        let account = caller.split(':').nth(4).unwrap();
        assert_eq!(pipeline["metadata"]["pipelineArn"], format!("arn:aws:codepipeline:us-east-2:{account}:shop"));
        let execution = |id: &String| {
            let input = json!({"pipelineName": "shop", "pipelineExecutionId": id});
            story.service.call("GetPipelineExecution", &input, caller)
        };
        assert_eq!(execution(own).unwrap()["pipelineExecution"]["status"], "InProgress");
        assert_eq!(execution(foreign).unwrap_err().code, "PipelineExecutionNotFoundException");
    }
}

#[test]
fn what_another_account_has_is_not_there() {
    let story = Story::shop(ExecutionMode::Superseded);
    let execution = story.start();
    let token = story.token(&execution);
    let by_id = json!({"pipelineName": "shop", "pipelineExecutionId": execution});
    let cases = [
        ("GetPipeline", json!({"name": "shop"})),
        ("GetPipelineState", json!({"name": "shop"})),
        ("StartPipelineExecution", json!({"name": "shop"})),
        ("GetPipelineExecution", by_id.clone()),
        ("StopPipelineExecution", by_id),
        ("ListPipelineExecutions", json!({"pipelineName": "shop"})),
        ("ListActionExecutions", json!({"pipelineName": "shop"})),
        ("PutApprovalResult", answer(&token, "Approved")),
    ];
    for (operation, input) in cases {
        let error = story.service.call(operation, &input, CAROL).unwrap_err();
        assert_eq!(error.code, "PipelineNotFoundException", "{operation}");
        assert_eq!(error.message, "Account '444455556666' does not have a pipeline with name 'shop'", "{operation}");
    }
    assert_eq!(story.status(&execution), "InProgress");
}

#[test]
fn a_token_of_another_accounts_pipeline_of_the_same_name_is_not_valid() {
    let (story, here, _) = two_shops();
    let put = |caller| story.service.call("PutApprovalResult", &answer(&story.token(&here), "Approved"), caller);
    assert_eq!(put(CAROL).unwrap_err().code, "InvalidApprovalTokenException");
    put(ALICE).unwrap();
    assert_eq!(story.status(&here), "Succeeded");
}
