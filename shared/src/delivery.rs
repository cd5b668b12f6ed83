//! Deliveries: one email to one mailbox about one approval, its state, and what became of it.

mod fate;
mod tag;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use time::{Duration, UtcDateTime};

use crate::approval::{Address, ApprovalKey, Comment, Digest, ParseError};
use crate::request::Vote;

pub use fate::{Fate, Reason, Said};
pub use tag::{TAG, Tag};

/// The kind of an email. Together with the approval and the mailbox it identifies a delivery, which is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmailKind {
    /// Asks for a decision.
    Request,
    /// Asks once more, on an operator's command.
    Resend {
        /// When the command was given.
        at: UtcDateTime,
    },
    /// Reminds of the request.
    Reminder {
        /// How long before the links expire.
        before: Duration,
    },
    /// Tells a voter of a vote in their name.
    Receipt {
        /// Which one: a vote in place of an earlier one is told, too.
        vote: VoteId,
    },
    /// Tells the others that the request did not reach somebody, and that it cannot be approved without those whom it did not
    /// reach.
    Unreached {
        /// Who: each is told of, once.
        who: PersonId,
    },
    /// Says how the approval ended.
    Outcome,
}

impl EmailKind {
    /// Whether it asks for a decision.
    #[must_use]
    pub fn asks(self) -> bool {
        matches!(self, Self::Request | Self::Resend { .. } | Self::Reminder { .. })
    }
}

/// Tells apart people: a hash of the identity of their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonId(u64);

impl PersonId {
    /// The id of whoever has this address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self(number(&digest(&SHA256, address.identity().as_bytes())))
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn number(hash: &aws_lc_rs::digest::Digest) -> u64 {
    u64::from_be_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default())
}

/// Tells apart the votes of a person on a request: a hash of all that a vote says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoteId(u64);

impl VoteId {
    /// The id of this vote.
    #[must_use]
    pub fn of(vote: &Vote) -> Self {
        let Vote { approver, decision, comment, at, link, visitor } = vote;
        let milliseconds = (at.unix_timestamp_nanos() / 1_000_000).to_string();
        let said = [
            link.as_str(),
            milliseconds.as_str(),
            approver.expose(),
            decision.as_str(),
            visitor.address.as_deref().unwrap_or_default(),
            visitor.browser.as_deref().unwrap_or_default(),
            // It alone may have line breaks, so it comes last.
            comment.as_ref().map_or("", Comment::expose),
        ];
        Self(number(&digest(&SHA256, said.join("\n").as_bytes())))
    }
}

impl fmt::Display for VoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for EmailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Resend { at } => write!(f, "again-{}", at.unix_timestamp()),
            Self::Reminder { before } => write!(f, "reminder-{}", before.whole_seconds()),
            Self::Receipt { vote } => write!(f, "receipt-{vote}"),
            Self::Unreached { who } => write!(f, "unreached-{who}"),
            Self::Outcome => f.write_str("outcome"),
        }
    }
}

impl FromStr for EmailKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let invalid = ParseError::Form { what: "the delivery", form: "a kind of email" };
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| invalid);
        let id = |digits: &str| u64::from_str_radix(digits, 16).map_err(|_| invalid);
        match text.split_once('-') {
            None if text == "request" => Ok(Self::Request),
            None if text == "outcome" => Ok(Self::Outcome),
            Some(("again", at)) => {
                Ok(Self::Resend { at: UtcDateTime::from_unix_timestamp(number(at)?).map_err(|_| invalid)? })
            }
            Some(("receipt", vote)) if vote.len() == 16 => Ok(Self::Receipt { vote: VoteId(id(vote)?) }),
            Some(("unreached", who)) if who.len() == 16 => Ok(Self::Unreached { who: PersonId(id(who)?) }),
            Some(("reminder", before)) => Ok(Self::Reminder { before: Duration::seconds(number(before)?) }),
            _ => Err(invalid),
        }
    }
}

/// What an email is about.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// A request.
    Request {
        /// Its approval.
        approval: &'a ApprovalKey,
        /// Its digest: an approval that is asked for anew has new deliveries.
        request: &'a Digest,
        /// The kind of the email.
        kind: EmailKind,
    },
    /// A change of the policy, by its digest.
    Policy(&'a Digest),
    /// Nothing: a test of the doctor's, by a digest that no other has.
    Test(&'a Digest),
}

/// What a log line names: no part of it is secret.
impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { approval, .. } => approval.fmt(f),
            Self::Policy(_) => f.write_str("the policy"),
            Self::Test(_) => f.write_str("a test"),
        }
    }
}

/// One email that is to be sent once.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryId<'a> {
    /// What it is about.
    pub about: About<'a>,
    /// Its recipient.
    pub to: &'a Address,
}

/// The result of claiming a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The caller may send it: no other caller may until the lease ends.
    Acquired,
    /// It was sent before.
    AlreadySent,
    /// Another claimant is sending it.
    HeldByOther,
}

/// A delivery as the ledger has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The kind of the email.
    pub kind: EmailKind,
    /// Its recipient, by [`Address::identity`].
    pub mailbox: String,
    /// Its state.
    pub state: DeliveryState,
    /// Whether an earlier try may have succeeded: its result is unknown.
    pub tried: bool,
}

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// A claimant is sending it, or died while doing so.
    Claimed {
        /// Since when.
        at: UtcDateTime,
    },
    /// SES refused it. It will be tried again.
    Failed,
    /// SES did not answer and may have accepted it. It will be tried again.
    Unsure,
    /// SES accepted it.
    Sent {
        /// When.
        at: UtcDateTime,
        /// The message id that SES gave it.
        message_id: String,
        /// What SES said became of it.
        said: Option<Said>,
    },
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// Whether the mailbox may have it: SES accepted it, or may have done so before the claimant died.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        self.tried || !matches!(self.state, DeliveryState::Failed)
    }

    /// Whether it is being sent at this moment: it is claimed, and the `lease` has not run out.
    #[must_use]
    pub fn is_under_way(&self, now: UtcDateTime, lease: Duration) -> bool {
        matches!(self.state, DeliveryState::Claimed { at } if at.saturating_add(lease) > now)
    }

    /// What SES said became of it.
    #[must_use]
    pub fn fate(&self) -> Option<Fate> {
        match &self.state {
            DeliveryState::Sent { said, .. } => said.as_ref().map(|said| said.fate),
            DeliveryState::Claimed { .. } | DeliveryState::Failed | DeliveryState::Unsure => None,
        }
    }

    /// Whether SES accepted it.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        matches!(self.state, DeliveryState::Sent { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::approval::Decision;
    use crate::request::Visitor;

    #[test]
    fn votes_that_differ_in_anything_have_different_ids() {
        let at = UtcDateTime::from_unix_timestamp(1_763_630_000).unwrap();
        let vote = Vote {
            approver: "ada@example.com".parse().unwrap(),
            decision: Decision::Approved,
            comment: None,
            at,
            link: "1".to_owned(),
            visitor: Visitor::default(),
        };
        let from = |address: &str, browser: &str| Visitor {
            address: Some(address.to_owned()),
            browser: Some(browser.to_owned()),
        };
        let votes = [
            vote.clone(),
            Vote { at: at + Duration::MILLISECOND, ..vote.clone() },
            Vote { link: "2".to_owned(), ..vote.clone() },
            Vote { decision: Decision::Rejected, ..vote.clone() },
            Vote { comment: "fine".parse().ok(), ..vote.clone() },
            Vote { visitor: from("192.0.2.1", "a"), ..vote.clone() },
            Vote { visitor: from("192.0.2.1", "b"), ..vote.clone() },
        ];
        let ids: BTreeSet<VoteId> = votes.iter().map(VoteId::of).collect();
        assert_eq!(ids.len(), votes.len());
        assert_eq!(VoteId::of(&vote), VoteId::of(&vote.clone()));
    }

    #[test]
    fn what_a_delivery_is_about_can_be_written_and_read() {
        let at = UtcDateTime::from_unix_timestamp(1_763_630_000).unwrap();
        for (kind, text) in [
            (EmailKind::Request, "request"),
            (EmailKind::Resend { at }, "again-1763630000"),
            (EmailKind::Reminder { before: Duration::hours(24) }, "reminder-86400"),
            (EmailKind::Receipt { vote: VoteId(0x1a2b) }, "receipt-0000000000001a2b"),
            (EmailKind::Unreached { who: PersonId(0x1a2b) }, "unreached-0000000000001a2b"),
            (EmailKind::Outcome, "outcome"),
        ] {
            assert_eq!((kind.to_string().as_str(), text.parse()), (text, Ok(kind)));
        }
        for text in [
            "",
            "requests",
            "reminder",
            "reminder-x",
            "again-99999999999999999",
            "receipt-1",
            "unreached",
            "unreached-1",
            "receipt-x000000000000000",
            "other-1",
        ] {
            assert!(text.parse::<EmailKind>().is_err(), "{text:?}");
        }
    }
}
