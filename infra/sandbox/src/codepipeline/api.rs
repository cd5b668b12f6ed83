//! Which function serves which operation.

use serde_json::Value;

use super::commands;
use super::errors::AwsError;
use super::lists;
use super::machine::World;
use super::queries;
use super::state::Pipeline;

/// The account in errors when nobody says which.
pub(super) const SOME_ACCOUNT: &str = "123456789012";

/// One call of an operation.
pub(super) struct Call<'a> {
    pub pipelines: &'a mut [Pipeline],
    pub world: &'a World<'a>,
    pub input: &'a Value,
    /// The ARN of who calls.
    pub caller: &'a str,
}

impl Call<'_> {
    pub fn pipeline(&mut self, name: &str) -> Result<&mut Pipeline, AwsError> {
        let found = self.pipelines.iter_mut().find(|pipeline| pipeline.definition.name == name);
        found.ok_or_else(|| AwsError::pipeline_not_found(account_of(self.caller), name))
    }

    pub fn serve(self, operation: &str) -> Result<Value, AwsError> {
        match operation {
            "PutApprovalResult" => commands::put_approval_result(self),
            "StartPipelineExecution" => commands::start(self),
            "StopPipelineExecution" => commands::stop(self),
            "RetryStageExecution" => commands::retry(self),
            "GetPipeline" => queries::pipeline(self),
            "GetPipelineState" => queries::state(self),
            "GetPipelineExecution" => queries::execution(self),
            "ListActionExecutions" => lists::action_executions(self),
            "ListPipelineExecutions" => lists::pipeline_executions(self),
            "ListPipelines" => lists::pipelines(&self),
            unknown => {
                let message = format!("The sandbox does not know the operation '{unknown}'");
                Err(AwsError::new("UnknownOperationException", message))
            }
        }
    }
}

/// The account in an ARN such as `arn:aws:sts::123456789012:assumed-role/callback/approver`.
fn account_of(caller: &str) -> &str {
    caller.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(SOME_ACCOUNT)
}
