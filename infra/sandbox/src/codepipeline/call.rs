//! One call of an operation, and what it works on.

use serde_json::Value;

use super::errors::AwsError;
use super::state::Pipeline;
use super::world::World;

/// The account in errors when the caller's is not known.
pub(super) const DEFAULT_ACCOUNT: &str = "123456789012";

/// One call of an operation.
pub(super) struct Call<'a> {
    pub pipelines: &'a mut [Pipeline],
    pub world: &'a World<'a>,
    pub input: &'a Value,
    /// The ARN of the caller.
    pub caller: &'a str,
}

impl Call<'_> {
    pub fn pipeline(&mut self, name: &str) -> Result<&mut Pipeline, AwsError> {
        let found = self.pipelines.iter_mut().find(|pipeline| pipeline.definition.name == name);
        found.ok_or_else(|| AwsError::pipeline_not_found(account_of(self.caller), name))
    }
}

/// The account in an ARN such as `arn:aws:sts::123456789012:assumed-role/callback/approver`.
fn account_of(caller: &str) -> &str {
    caller.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(DEFAULT_ACCOUNT)
}
