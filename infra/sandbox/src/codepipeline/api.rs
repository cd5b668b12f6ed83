//! The operations, and the functions that serve them.

use serde_json::Value;

use super::call::Call;
use super::errors::AwsError;
use super::{commands, lists, queries};

/// Serves a call of the operation of this name.
pub(super) fn serve(operation: &str, call: Call<'_>) -> Result<Value, AwsError> {
    match operation {
        "PutApprovalResult" => commands::put_approval_result(call),
        "StartPipelineExecution" => commands::start(call),
        "StopPipelineExecution" => commands::stop(call),
        "RetryStageExecution" => commands::retry(call),
        "RollbackStage" => commands::roll_back(call),
        "GetPipeline" => queries::pipeline(call),
        "GetPipelineState" => queries::state(call),
        "GetPipelineExecution" => queries::execution(call),
        "ListActionExecutions" => lists::action_executions(call),
        "ListPipelineExecutions" => lists::pipeline_executions(call),
        "ListPipelines" => lists::pipelines(&call),
        unknown => {
            let message = format!("The sandbox does not know the operation '{unknown}'");
            Err(AwsError::new("UnknownOperationException", message))
        }
    }
}
