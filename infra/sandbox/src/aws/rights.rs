//! What a caller's own policies allow: those of the deployment's roles, and of sessions that were begun with a policy.
//!
//! Sources, in the IAM user guide: "Policy evaluation logic" and "Session policies" (what a session may do is what both
//! its role and its session policy allow), and "Troubleshoot access denied error messages" for the words of a refusal.

use std::fmt;
use std::sync::Arc;

use countersign::events::SOURCE;

use super::caller::Caller;
use super::iam::{Decision, Policy, PolicyKind};
use crate::codepipeline::AwsError;
use crate::deployment::{ACCOUNT, CALLBACK_EVENTS, CALLBACK_ROLE, MemberRole, NOTIFIER_EVENTS, NOTIFIER_ROLE};

/// What a caller's own policies allow.
#[derive(Clone, Default)]
pub(super) struct Rights {
    own: Own,
    /// The policy of the session, which takes away.
    session: Option<Arc<Policy>>,
}

#[derive(Clone, Default)]
enum Own {
    /// Everything: that of users, and of roles that are not the deployment's.
    #[default]
    Everything,
    /// Everything that the functions use, but no pipeline, for which they assume a role, and of events of ours only these
    /// detail types.
    Function(&'static [&'static str]),
    /// What this policy says.
    Role(Arc<Policy>),
    /// Nothing: a policy of ours cannot be read.
    Nothing,
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rights").finish_non_exhaustive()
    }
}

impl Rights {
    /// Those of a role.
    pub(super) fn of_role(arn: &str) -> Self {
        let is = |role: &str| arn == format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let own = if is(NOTIFIER_ROLE) {
            Own::Function(&NOTIFIER_EVENTS)
        } else if is(CALLBACK_ROLE) {
            Own::Function(&CALLBACK_EVENTS)
        } else {
            member_role(arn).map_or(Own::Everything, |(role, account)| {
                let policy = Policy::read_kind(PolicyKind::Identity, &role.rights(account));
                policy.map_or(Own::Nothing, |policy| Own::Role(Arc::new(policy)))
            })
        };
        Self { own, session: None }
    }

    /// Whether an event of this source and detail type may be put, as the conditions of the functions' policies have it.
    pub(super) fn allow_event(&self, source: &str, detail_type: &str) -> bool {
        match self.own {
            Own::Function(types) => source == SOURCE && types.contains(&detail_type),
            _ => true,
        }
    }

    /// The same, narrowed by the policy of a session.
    pub(super) fn within(self, policy: Policy) -> Self {
        Self { session: Some(Arc::new(policy)), ..self }
    }

    pub(super) fn are_of_function(&self) -> bool {
        matches!(self.own, Own::Function(_))
    }

    pub(super) fn check(&self, caller: &Caller, action: &str, resource: &str) -> Result<(), AwsError> {
        let allows = |policy: &Policy| policy.decide(caller, action, resource) == Decision::Allowed;
        let own = match &self.own {
            Own::Everything => true,
            Own::Function(_) => !action.starts_with("codepipeline:"),
            Own::Role(policy) => allows(policy),
            Own::Nothing => false,
        };
        let missing = if !own {
            "identity-based"
        } else if self.session.as_deref().is_some_and(|policy| !allows(policy)) {
            "session"
        } else {
            return Ok(());
        };
        let message = format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no {missing} policy allows the \
             {action} action",
            caller.arn
        );
        Err(AwsError::new("AccessDeniedException", message))
    }
}

/// The role of the deployment that an ARN names, and its account.
pub(super) fn member_role(arn: &str) -> Option<(MemberRole, &str)> {
    let account = arn.split(':').nth(4)?;
    MemberRole::ALL.into_iter().find(|role| role.arn(account) == arn).map(|role| (role, account))
}
