//! Policies: of KMS keys and DynamoDB's tables, the trust policies of roles, and what roles and sessions may do.
//!
//! Sources, all in the IAM user guide: "Policy evaluation logic" (a deny wins over every allow), "IAM JSON policy
//! elements reference", "Condition operators" (several values are joined by OR, with a negated operator by NOR; an ARN is
//! compared part by part), "AWS global condition context keys", and "Troubleshoot access denied error messages" for the
//! words of a refusal.
//!
//! Users, and roles other than the deployment's, have no policies of their own here: each may do whatever the resource's
//! policy leaves to its account. What this module does not know makes a policy invalid, so that nothing is ever allowed by
//! a part that was not read.

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
    /// The source identity that a session is to have.
    SourceIdentity,
}

/// What a policy belongs to, and so which parts it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyKind {
    /// A resource: who may do what with it.
    Resource,
    /// A role: who may assume it.
    Trust,
    /// A role or a session: what it may do.
    Identity,
}

impl Policy {
    /// Whether a caller may do something, as far as this policy says.
    pub(super) fn decide(&self, caller: &Caller, action: &str, resource: &str) -> Decision {
        self.decide_on_session(caller, None, action, resource)
    }

    /// The same of a session that is to have this source identity.
    pub(super) fn decide_on_session(
        &self,
        caller: &Caller,
        source_identity: Option<&str>,
        action: &str,
        resource: &str,
    ) -> Decision {
        let applies = |statement: &&Statement| statement.applies(caller, source_identity, action, resource);
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

/// The refusal by a resource's policy, in AWS's words.
pub(super) fn access_denied(caller: &Caller, action: &str, resource: &str, decision: Decision) -> AwsError {
    let why = match decision {
        Decision::Denied => "with an explicit deny in a resource-based policy".to_owned(),
        _ => format!("because no resource-based policy allows the {action} action"),
    };
    let message = format!("User: {} is not authorized to perform: {action} on resource: {resource} {why}", caller.arn);
    AwsError::new("AccessDeniedException", message)
}

impl Statement {
    fn applies(&self, caller: &Caller, source_identity: Option<&str>, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.principals.iter().any(|principal| principal.is(caller))
            && self.actions.iter().any(|pattern| like(&pattern.to_ascii_lowercase(), &action))
            && self.resources.iter().any(|pattern| like(pattern, resource))
            && self.conditions.iter().all(|condition| condition.holds(caller, source_identity))
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
    fn holds(&self, caller: &Caller, source_identity: Option<&str>) -> bool {
        let actual = match self.key {
            Key::PrincipalArn => Some(caller.principal.as_str()),
            Key::PrincipalAccount => Some(caller.account()),
            Key::PrincipalIsAwsService => Some("false"),
            Key::SecureTransport => Some("true"),
            Key::SourceIdentity => source_identity,
        };
        // "If the key that you specify in a policy condition is not present in the request context, the values do not match",
        // and with a negated operator the condition holds.
        let Some(actual) = actual else {
            return matches!(self.operator, Operator::ArnNotLike | Operator::StringNotEquals);
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
