//! A release that goes back to an earlier one says so.

use sandbox::codepipeline::ExecutionMode;
use serde_json::json;
use tests::{ALICE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_says_what_it_releases_again_and_who_asked_for_it() {
    let world = World::new().await;
    world.service(ExecutionMode::Superseded);
    let first = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    let request = world.mail_to(ALICE).await;
    for text in [&request.text, &world.get(&request.approve).await.body] {
        assert!(!text.contains("Roll service"), "{text}");
    }
    world.press(&request.approve, "").await;

    let roll_back = json!({"pipelineName": "service", "stageName": "Prod", "targetPipelineExecutionId": first});
    let execution = world.codepipeline("RollbackStage", roll_back).await.unwrap();
    world.settle().await;
    let again = world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    let page = world.get(&again.approve).await;
    let said = "Roll service in Prod back to the release that was started on 20 November 2026?";
    for text in [&again.text, &again.html, &page.body] {
        assert!(text.contains(said) && text.contains("ManualRollback"), "{text}");
    }
    world.press(&again.approve, "").await;
    // A rollback is of one stage.
    let state = world.codepipeline("GetPipelineState", json!({"name": "service"})).await.unwrap();
    let stages = state["stageStates"].as_array().unwrap();
    let last = |stage: &str| {
        let stage = stages.iter().find(|known| known["stageName"] == stage).unwrap();
        stage["latestExecution"]["pipelineExecutionId"].clone()
    };
    let id = &execution["pipelineExecutionId"];
    assert_eq!((&last("Prod"), &last("After")), (id, &json!(first)));
    assert_eq!(world.execution_status("service", id.as_str().unwrap()).await, "Succeeded");
}
