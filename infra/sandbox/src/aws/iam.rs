//! Policies of resources: of KMS keys, and of DynamoDB's tables.
//!
//! Sources, all in the IAM user guide: "Policy evaluation logic" (a deny wins over every allow), "IAM JSON policy
//! elements reference", "Condition operators" (several values are joined by OR, with a negated operator by NOR; an ARN is
//! compared part by part), "AWS global condition context keys", and "Troubleshoot access denied error messages" for the
//! words of a refusal.
//!
//! Users and roles have no policies of their own here: each may do whatever the resource's policy leaves to its account.
//! What this module does not know makes a policy invalid, so that nothing is ever allowed by a part that was not read.

mod pattern;
mod read;

use super::caller::Caller;
use crate::codepipeline::AwsError;
use pattern::{arn_like, like};

/// A policy that was read.
#[derive(Clone)]
pub(super) struct Policy {
    /// The document as it was given.
    pub(super) text: String,
    statements: Vec<Statement>,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    Denied,
    /// Neither: within an account that leaves it to the caller's own policies, across accounts it is a refusal.
    Unmentioned,
}

#[derive(Clone)]
struct Statement {
    denies: bool,
    principals: Vec<Principal>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone)]
enum Principal {
    Anybody,
    /// An account, and so everybody in it.
    Account(String),
    /// A user, a role or a session.
    Arn(String),
    /// An AWS service: none of them calls the sandbox.
    Service,
}

#[derive(Clone)]
struct Condition {
    operator: Operator,
    key: Key,
    values: Vec<String>,
}

#[derive(Clone, Copy)]
enum Operator {
    ArnLike,
    ArnNotLike,
    StringEquals,
    StringNotEquals,
    StringLike,
    Bool,
}

#[derive(Clone, Copy)]
enum Key {
    PrincipalArn,
    PrincipalAccount,
    PrincipalIsAwsService,
    SecureTransport,
}

impl Policy {
    /// Whether a caller may do something, as far as this policy says.
    pub(super) fn decide(&self, caller: &Caller, action: &str, resource: &str) -> Decision {
        let applies = |statement: &&Statement| statement.applies(caller, action, resource);
        let mut decision = Decision::Unmentioned;
        for statement in self.statements.iter().filter(applies) {
            if statement.denies {
                return Decision::Denied;
            }
            decision = Decision::Allowed;
        }
        decision
    }
}

/// The refusal, in AWS's words.
pub(super) fn access_denied(caller: &Caller, action: &str, resource: &str, decision: Decision) -> AwsError {
    let why = match decision {
        Decision::Denied => "with an explicit deny in a resource-based policy".to_owned(),
        _ => format!("because no resource-based policy allows the {action} action"),
    };
    let message = format!("User: {} is not authorized to perform: {action} on resource: {resource} {why}", caller.arn);
    AwsError::new("AccessDeniedException", message)
}

impl Statement {
    fn applies(&self, caller: &Caller, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.principals.iter().any(|principal| principal.is(caller))
            && self.actions.iter().any(|pattern| like(&pattern.to_ascii_lowercase(), &action))
            && self.resources.iter().any(|pattern| like(pattern, resource))
            && self.conditions.iter().all(|condition| condition.holds(caller))
    }
}

impl Principal {
    fn is(&self, caller: &Caller) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account(account) => caller.account() == account,
            Self::Arn(arn) => *arn == caller.principal || *arn == caller.arn,
            Self::Service => false,
        }
    }
}

impl Condition {
    fn holds(&self, caller: &Caller) -> bool {
        let actual = match self.key {
            Key::PrincipalArn => caller.principal.as_str(),
            Key::PrincipalAccount => caller.account(),
            Key::PrincipalIsAwsService => "false",
            Key::SecureTransport => "true",
        };
        let any = |matches: fn(&str, &str) -> bool| self.values.iter().any(|value| matches(value, actual));
        match self.operator {
            Operator::ArnLike => any(arn_like),
            Operator::ArnNotLike => !any(arn_like),
            Operator::StringEquals => any(str::eq),
            Operator::StringNotEquals => !any(str::eq),
            Operator::StringLike => any(like),
            Operator::Bool => any(str::eq_ignore_ascii_case),
        }
    }
}

#[cfg(test)]
mod tests;
