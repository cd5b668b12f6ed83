//! The attributes that expressions name, by name or path, and what some of them hold.
//!
//! They are the names of the fields in [`items`](super::items); the golden items hold the two together.

pub(super) const PARTITION: &str = "pk";
pub(super) const SORT: &str = "sk";
/// A reserved word of DynamoDB's expressions: it needs a `#` name.
pub(super) const TTL: &str = "ttl";

/// What is sealed, and its seal, of a request and of each vote.
pub(super) const OBJECT: &str = "object";
pub(super) const SEAL: &str = "seal";
/// The digest of the object, for conditions: what an item is, without its bytes.
pub(super) const DIGEST: &str = "digest";
pub(super) const REVISION: &str = "revision";
pub(super) const VERDICT: &str = "verdict";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const VOTES: &str = "votes";

/// Memos of the events about a request that EventBridge has taken. The last is kept with a vote, and holds the vote's id.
pub(super) const EVENT_REQUESTED: &str = "event_requested";
pub(super) const EVENT_ENDED: &str = "event_ended";
pub(super) const EVENT_VOTE: &str = "event_vote";

/// A reserved word.
pub(super) const STATE: &str = "state";
pub(super) const CLAIMANT: &str = "claimant";
pub(super) const CLAIMED_AT: &str = "claimed_at";
pub(super) const TRIED: &str = "tried";
pub(super) const SENT_AT: &str = "sent_at";
pub(super) const MESSAGE_ID: &str = "message_id";
/// What SES said became of an email, as one value.
pub(super) const SAID: &str = "said";

/// Of an open approval: where its pipeline is.
pub(super) const ACCOUNT: &str = "account";
pub(super) const REGION: &str = "region";
pub(super) const CLOSED: &str = "closed";

/// The states of a delivery.
pub(super) mod state {
    pub const CLAIMED: &str = "claimed";
    pub const FAILED: &str = "failed";
    pub const UNSURE: &str = "unsure";
    pub const SENT: &str = "sent";
}

/// What precedes the request's digest, kind and mailbox in the sort key of a delivery.
pub(super) const DELIVERY: &str = "MAIL#";
/// What precedes kind and mailbox in the sort key of a delivery of the version before.
pub(super) const UNSIGNED_DELIVERY: &str = "DELIVERY#";
