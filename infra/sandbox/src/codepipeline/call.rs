//! One call of an operation, and what it works on.
//!
//! A call names a pipeline and no account: it works on the pipelines of the caller's own account.

use serde_json::Value;

use super::errors::AwsError;
use super::state::Pipeline;
use super::world::World;

/// The account of a caller whose ARN names none.
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
        let account = account_of(self.caller);
        let found = self.pipelines.iter_mut().find(|pipeline| pipeline.definition.is(account, name));
        found.ok_or_else(|| AwsError::pipeline_not_found(account, name))
    }

    /// The pipelines of the caller's account, in the order in which they were made.
    pub fn own(&self) -> impl Iterator<Item = &Pipeline> {
        let account = account_of(self.caller);
        self.pipelines.iter().filter(move |pipeline| pipeline.definition.account == account)
    }
}

/// The account in an ARN such as `arn:aws:sts::123456789012:assumed-role/callback/approver`.
pub(super) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(DEFAULT_ACCOUNT)
}
