//! One call of an operation, and what it works on.
//!
//! A call names a pipeline and no account: it works on the pipelines of the caller's own account.

use serde_json::Value;

use super::errors::AwsError;
use super::pipelines::Pipelines;
use super::state::Pipeline;
use super::world::World;

/// The account of a caller whose ARN names none.
pub(super) const DEFAULT_ACCOUNT: &str = "123456789012";

/// One call of an operation.
pub(super) struct Call<'a> {
    pub pipelines: &'a mut Pipelines,
    pub world: &'a World<'a>,
    pub input: &'a Value,
    /// The ARN of the caller.
    pub caller: &'a str,
    /// The region whose pipelines the caller gets; those of all regions, if it is not said.
    pub region: Option<&'a str>,
}

impl Call<'_> {
    pub fn pipeline(&mut self, name: &str) -> Result<&mut Pipeline, AwsError> {
        let (account, region) = (account_of(self.caller), self.region);
        let found = self.pipelines.get_mut(account, name).filter(|pipeline| is_in(pipeline, region));
        found.ok_or_else(|| AwsError::pipeline_not_found(account, name))
    }

    /// The pipelines of the caller's account in the order of their names, each with a number of its own.
    pub fn own(&self) -> impl Iterator<Item = (usize, &Pipeline)> {
        let (account, region) = (account_of(self.caller), self.region);
        self.pipelines.of_account(account).filter(move |(_, pipeline)| is_in(pipeline, region))
    }
}

fn is_in(pipeline: &Pipeline, region: Option<&str>) -> bool {
    region.is_none_or(|region| pipeline.definition.region == region)
}

/// The account in an ARN such as `arn:aws:sts::123456789012:assumed-role/callback/approver`.
pub(super) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(DEFAULT_ACCOUNT)
}
