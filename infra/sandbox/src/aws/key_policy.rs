//! The policy that a KMS key has.

use serde_json::{Value, json};

use super::caller::Caller;
use super::iam::{Decision, Policy};
use crate::codepipeline::AwsError;

/// The policy of keys that are made without one: the account may do everything ("Default key policy" in the KMS
/// developer guide).
pub(super) fn default(account: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// Reads a policy.
pub(super) fn read(text: &str) -> Result<Policy, AwsError> {
    Policy::read(text).map_err(|problem| AwsError::new("MalformedPolicyDocumentException", problem))
}

/// Refuses a policy that its author could not change again, unless they insist (`PutKeyPolicy` in the KMS API reference).
pub(super) fn check_lockout(input: &Value, policy: &Policy, caller: &Caller) -> Result<(), AwsError> {
    let insists = input.get("BypassPolicyLockoutSafetyCheck") == Some(&Value::Bool(true));
    // Whichever key it is: in a key policy the resource is `*`, which means this key.
    if insists || policy.decide(caller, "kms:PutKeyPolicy", "key") == Decision::Allowed {
        return Ok(());
    }
    let message = "The new key policy will not allow you to update the key policy in the future.";
    Err(AwsError::new("MalformedPolicyDocumentException", message))
}

/// Refuses a `PolicyName` other than `default`, which is the only one.
pub(super) fn policy_name(input: &Value) -> Result<(), AwsError> {
    match input.get("PolicyName") {
        None | Some(Value::Null) => Ok(()),
        Some(name) if name == "default" => Ok(()),
        Some(_) => Err(AwsError::new("NotFoundException", "No such policy exists")),
    }
}
