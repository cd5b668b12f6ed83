//! The attributes that expressions name, by name or path, and what some of them hold.
//!
//! They are the names of the fields in [`items`](super::items); the golden items hold the two together.

pub(super) const PARTITION: &str = "pk";
pub(super) const SORT: &str = "sk";
/// A reserved word of DynamoDB's expressions: it needs a `#` name.
pub(super) const TTL: &str = "ttl";

pub(super) const EXECUTION: &str = "approval.execution";
pub(super) const APPROVERS: &str = "terms.approvers";
pub(super) const BARRED: &str = "terms.barred";
pub(super) const REASON_REQUIRED: &str = "terms.reason_required";
pub(super) const REVISION: &str = "revision";
pub(super) const VERDICT: &str = "verdict";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const VOTES: &str = "votes";
pub(super) const VOTE_DECISION: &str = "decision";
/// A reserved word.
pub(super) const VOTE_COMMENT: &str = "comment";

/// A reserved word.
pub(super) const STATE: &str = "state";
pub(super) const CLAIMANT: &str = "claimant";
pub(super) const CLAIMED_AT: &str = "claimed_at";
pub(super) const TRIED: &str = "tried";
pub(super) const SENT_AT: &str = "sent_at";
pub(super) const MESSAGE_ID: &str = "message_id";

pub(super) const CLOSED: &str = "closed";

/// The states of a delivery.
pub(super) mod state {
    pub const CLAIMED: &str = "claimed";
    pub const FAILED: &str = "failed";
    pub const UNSURE: &str = "unsure";
    pub const SENT: &str = "sent";
}

/// What precedes kind and mailbox in the sort key of a delivery.
pub(super) const DELIVERY: &str = "DELIVERY#";
