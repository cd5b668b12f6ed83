//! Resource policies of tables.
//!
//! Sources: the DynamoDB API reference (`PutResourcePolicy`, `GetResourcePolicy`, `DeleteResourcePolicy`, `CreateTable`)
//! and, for the words of its errors, what people have reported. DynamoDB takes a while until a policy holds; here it holds
//! at once.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::Caller;
use super::iam::{Decision, Policy, access_denied};
use super::table_access::{name_of, needed};
use crate::codepipeline::AwsError;
use crate::deployment::ACCOUNT;
use crate::lock::lock;

/// The policies of all tables.
pub(super) struct TablePolicies {
    region: String,
    /// By the table's name.
    attached: Mutex<HashMap<String, Attached>>,
}

struct Attached {
    policy: Policy,
    revision: String,
}

impl TablePolicies {
    pub(super) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), attached: Mutex::default() }
    }

    /// The ARN of a table.
    pub(super) fn arn(&self, table: &str) -> String {
        format!("arn:aws:dynamodb:{}:{ACCOUNT}:table/{table}", self.region)
    }

    /// Refuses a call that the policies of its tables do not allow.
    ///
    /// `BatchExecuteStatement` answers each statement on its own and refuses only those that are not allowed; here one
    /// refused statement refuses all, so that nothing of an attack happens.
    pub(super) fn authorize(&self, operation: &str, input: &Value, caller: &Caller) -> Result<(), AwsError> {
        let needed = needed(operation, input)?;
        if needed.is_empty() && !caller.is_of_the_hub() {
            return Err(AwsError::new(
                "AccessDeniedException",
                format!("The sandbox has tables in account {ACCOUNT} only, and {} is of another", caller.arn),
            ));
        }
        let attached = lock(&self.attached);
        for needed in needed {
            let name = name_of(&needed.table);
            if !caller.is_of_the_hub() && !needed.table.starts_with("arn:") {
                // A name alone means a table of the caller's own account, and no other account has tables here.
                return Err(not_found(name));
            }
            let policy = attached.get(name).map(|attached| &attached.policy);
            let arn = self.arn(name);
            let decision = policy.map_or(Decision::Unmentioned, |policy| policy.decide(caller, &needed.action, &arn));
            // Within an account what the policy leaves open is for the caller's own policies; across accounts the
            // resource's policy has to allow it.
            let allowed = match decision {
                Decision::Allowed => true,
                Decision::Denied => false,
                Decision::Unmentioned => caller.is_of_the_hub(),
            };
            if !allowed {
                return Err(access_denied(caller, &needed.action, &arn, decision));
            }
        }
        Ok(())
    }

    /// Attaches a policy to a table, in place of the one that it has.
    pub(super) fn attach(&self, table: &str, text: &str) -> Result<String, AwsError> {
        let policy = read(text)?;
        let mut attached = lock(&self.attached);
        // "Running it multiple times on the same resource using the same policy document will return the same revision
        // ID."
        if let Some(known) = attached.get(table).filter(|known| known.policy.text == text) {
            return Ok(known.revision.clone());
        }
        let revision = Uuid::new_v4().as_u128().to_string();
        attached.insert(table.to_owned(), Attached { policy, revision: revision.clone() });
        Ok(revision)
    }

    /// Removes a table's policy, and returns its revision.
    pub(super) fn detach(&self, table: &str) -> Option<String> {
        lock(&self.attached).remove(table).map(|attached| attached.revision)
    }

    /// The table that a call with `ResourceArn` is about.
    pub(super) fn table_of<'a>(&self, input: &'a Value) -> Result<&'a str, AwsError> {
        let Some(arn) = input.get("ResourceArn").and_then(Value::as_str) else {
            let message = "1 validation error detected: Value null at 'resourceArn' failed to satisfy constraint: Member \
                           must not be null";
            return Err(AwsError::new("ValidationException", message));
        };
        arn.strip_prefix(&self.arn("")).filter(|name| !name.contains('/')).ok_or_else(|| {
            let message = "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource arn";
            AwsError::new("ValidationException", format!("{message}: {arn}"))
        })
    }

    /// `PutResourcePolicy`, `GetResourcePolicy` and `DeleteResourcePolicy`, for a table that is there.
    pub(super) fn call(&self, operation: &str, table: &str, input: &Value) -> Result<Value, AwsError> {
        let expected = input.get("ExpectedRevisionId").and_then(Value::as_str);
        let current = lock(&self.attached).get(table).map(|known| (known.policy.text.clone(), known.revision.clone()));
        let revision = current.as_ref().map(|(_, revision)| revision.as_str());
        let missing = || {
            let message = "Resource-based policy not found for the provided ResourceArn";
            AwsError::new("PolicyNotFoundException", format!("{message}: {}", self.arn(table)))
        };
        let expects_none = operation == "PutResourcePolicy" && expected == Some("NO_POLICY");
        let as_expected = if expects_none { revision.is_none() } else { expected.is_none() || expected == revision };
        match operation {
            "GetResourcePolicy" => {
                let (policy, revision) = current.ok_or_else(missing)?;
                Ok(json!({ "Policy": policy, "RevisionId": revision }))
            }
            _ if !as_expected => Err(missing()),
            "DeleteResourcePolicy" => {
                Ok(self.detach(table).map_or_else(|| json!({}), |revision| json!({ "RevisionId": revision })))
            }
            _ => {
                let policy = input.get("Policy").and_then(Value::as_str).unwrap_or_default();
                Ok(json!({ "RevisionId": self.attach(table, policy)? }))
            }
        }
    }
}

/// Checks a policy that is to be attached later.
pub(super) fn read(text: &str) -> Result<Policy, AwsError> {
    let invalid = |problem| AwsError::new("ValidationException", format!("Invalid policy document: {problem}"));
    Policy::read(text).map_err(invalid)
}

fn not_found(table: &str) -> AwsError {
    let message = format!("Requested resource not found: Table: {table} not found");
    AwsError::new("ResourceNotFoundException", message)
}
