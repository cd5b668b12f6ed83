//! What a sweep could not do, and why.

use countersign::approval::{ApprovalKey, Location};
use countersign::aws::AwsError;
use countersign::link::SignError;
use countersign::pipeline::FindError;

use crate::announce::AnnounceError;
use crate::ask::AskError;
use crate::callback_client::CallbackError;
use crate::outbox::Undelivered;
use crate::policy_changes::PolicyChangeError;
use crate::policy_store::PolicyReadError;

/// One thing that a sweep could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {error}")]
pub struct SweepFailure {
    /// Pipeline, stage and action, or the approval's key; or account and region; or the sweep as a whole.
    pub what: String,
    /// Why.
    pub error: SweepError,
}

/// Why a sweep could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An approval that the ledger does not have was not asked for.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// An outcome was not announced to everybody.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// There is no policy to compare with the one before.
    #[error(transparent)]
    Policy(#[from] PolicyReadError),
    /// A change of the policy was not told to everybody.
    #[error(transparent)]
    PolicyChange(#[from] PolicyChangeError),
    /// The votes decide an approval, and there is no order for the callback, which has to put the result.
    #[error("its votes decide it, but the order that makes the callback put the result could not be signed: {0}")]
    NotSigned(#[from] SignError),
    /// The votes decide an approval, and the callback did not put the result.
    #[error("its votes decide it, but the callback did not put the result: {0}")]
    NotFinished(#[from] CallbackError),
    /// There was more to do than there was time for.
    #[error("there was no time for {left} approvals; the next sweep looks at them")]
    NoTime {
        /// How many approvals were not looked at.
        left: usize,
    },
}

impl SweepError {
    /// Whether CodePipeline throttled, which is no failure: the next sweep looks at it.
    pub(super) fn is_throttling(&self) -> bool {
        match self {
            Self::Aws(error) | Self::Ask(AskError::Aws(error) | AskError::Find(FindError::Aws(error))) => {
                error.is_throttling() && error.operation.starts_with("codepipeline:")
            }
            _ => false,
        }
    }

    pub(super) fn of_sweep(self) -> SweepFailure {
        SweepFailure { what: "the sweep".to_owned(), error: self }
    }

    pub(super) fn of_place(self, at: &Location) -> SweepFailure {
        SweepFailure { what: at.to_string(), error: self }
    }

    pub(super) fn of_policy(self) -> SweepFailure {
        SweepFailure { what: "the policy".to_owned(), error: self }
    }
}

pub(super) fn of_key(key: &ApprovalKey) -> impl Fn(AwsError) -> SweepFailure + use<> {
    let what = key.to_string();
    move |error| SweepFailure { what: what.clone(), error: SweepError::Aws(error) }
}
