//! The error that an operation answers.

use std::fmt;

/// An error as the service words it. It goes over the wire as `{"__type": code, "message": message}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The HTTP status: 400 for everything that CodePipeline's model declares.
    pub status: u16,
    /// The name of the exception in the service's model, such as `PipelineNotFoundException`.
    pub code: String,
    /// The service's words. They may quote what the caller sent.
    pub message: String,
}

impl AwsError {
    /// An error that is the caller's fault: status 400.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    pub(super) fn pipeline_not_found(account: &str, name: &str) -> Self {
        Self::new(
            "PipelineNotFoundException",
            format!("Account '{account}' does not have a pipeline with name '{name}'"),
        )
    }

    pub(super) fn execution_not_found(pipeline: &str, execution: &str) -> Self {
        let message = format!("Pipeline '{pipeline}' does not have an execution with ID '{execution}'");
        Self::new("PipelineExecutionNotFoundException", message)
    }

    pub(super) fn stage_not_found(pipeline: &str, stage: &str) -> Self {
        Self::new("StageNotFoundException", format!("Pipeline '{pipeline}' does not have a stage with name '{stage}'"))
    }

    pub(super) fn action_not_found(stage: &str, action: &str) -> Self {
        Self::new("ActionNotFoundException", format!("Stage '{stage}' does not have an action with name '{action}'"))
    }

    pub(super) fn invalid_token(action: &str) -> Self {
        let message = format!("The token does not belong to an approval that waits at action '{action}'");
        Self::new("InvalidApprovalTokenException", message)
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AwsError {}
