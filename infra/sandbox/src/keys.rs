//! The keys of the deployment that the sandbox plays.

use crate::aws::Aws;
use crate::codepipeline::AwsError;
use crate::deployment::{CALLBACK_ROLE, Keys, NOTIFIER_ROLE, key_policy};

/// Makes the deployment's keys, guarded as the templates guard them.
///
/// # Errors
/// KMS refuses.
pub(crate) fn create_keys(aws: &Aws) -> Result<Keys, AwsError> {
    let request = aws.kms.create_key_with_policy(&key_policy(NOTIFIER_ROLE))?;
    let vote = aws.kms.create_key_with_policy(&key_policy(CALLBACK_ROLE))?;
    Ok(Keys { request, vote })
}
