//! Which function serves which operation.

use serde_json::Value;

use super::commands;
use super::errors::AwsError;
use super::lists;
use super::machine::World;
use super::queries;
use super::state::Pipeline;

pub(super) fn call(
    pipelines: &mut [Pipeline],
    world: &World<'_>,
    operation: &str,
    input: &Value,
    caller: &str,
) -> Result<Value, AwsError> {
    let missing = |name: &str| AwsError::pipeline_not_found(account_of(caller), name);
    if operation == "ListPipelines" {
        return lists::pipelines(pipelines, input);
    }
    let find = |name: &str| {
        let mut known = pipelines.iter_mut();
        known.find(|pipeline| pipeline.definition.name == name).ok_or_else(|| missing(name))
    };
    match operation {
        "PutApprovalResult" => commands::put_approval_result(find, world, input, caller),
        "StartPipelineExecution" => commands::start(find, world, input, caller),
        "StopPipelineExecution" => commands::stop(find, world, input),
        "RetryStageExecution" => commands::retry(find, world, input),
        "GetPipeline" => queries::pipeline(find, input),
        "GetPipelineState" => queries::state(find, input),
        "GetPipelineExecution" => queries::execution(find, input),
        "ListActionExecutions" => lists::action_executions(find, input),
        "ListPipelineExecutions" => lists::pipeline_executions(find, input),
        unknown => Err(AwsError::new("UnknownOperationException", format!("The sandbox does not know the operation '{unknown}'"))),
    }
}

/// The account in an ARN such as `arn:aws:sts::123456789012:assumed-role/callback/approver`.
fn account_of(caller: &str) -> &str {
    caller.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(super::SOME_ACCOUNT)
}
