//! Deliveries: one email to one mailbox about one approval, and what became of it.

use std::fmt;
use std::str::FromStr;

use time::{Duration, UtcDateTime};

use crate::approval::{Address, ApprovalKey, ParseError};

/// What an email is about. With the approval and the mailbox it names one delivery, and a delivery is made once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmailKind {
    /// It asks for a decision.
    Request,
    /// It asks once more, on somebody's command.
    Resend {
        /// When the command was given.
        at: UtcDateTime,
    },
    /// It reminds of the request.
    Reminder {
        /// How long before the links expire.
        before: Duration,
    },
    /// It tells how the approval ended.
    Outcome,
}

impl fmt::Display for EmailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Resend { at } => write!(f, "again-{}", at.unix_timestamp()),
            Self::Reminder { before } => write!(f, "reminder-{}", before.whole_seconds()),
            Self::Outcome => f.write_str("outcome"),
        }
    }
}

impl FromStr for EmailKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let invalid = ParseError::Form { what: "the delivery", form: "a request, a reminder or an outcome" };
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| invalid);
        match text.split_once('-') {
            None if text == "request" => Ok(Self::Request),
            None if text == "outcome" => Ok(Self::Outcome),
            Some(("again", at)) => {
                Ok(Self::Resend { at: UtcDateTime::from_unix_timestamp(number(at)?).map_err(|_| invalid)? })
            }
            Some(("reminder", before)) => Ok(Self::Reminder { before: Duration::seconds(number(before)?) }),
            _ => Err(invalid),
        }
    }
}

/// One email that is to be sent once.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryId<'a> {
    /// The approval.
    pub approval: &'a ApprovalKey,
    /// What it says about it.
    pub kind: EmailKind,
    /// Whom it goes to.
    pub to: &'a Address,
}

/// What became of the wish to send one email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Send it: nobody else will until the lease ends.
    Acquired,
    /// It was sent.
    AlreadySent,
    /// Somebody else is sending it.
    HeldByOther,
}

/// A delivery as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What the email is about.
    pub kind: EmailKind,
    /// Whose it is: [`Address::identity`].
    pub mailbox: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// Whether an earlier try may have succeeded: its end is not known.
    pub tried: bool,
}

/// How far a delivery has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Somebody is sending it, or died over it.
    Claimed {
        /// Since when.
        at: UtcDateTime,
    },
    /// SES said no. It will be tried again.
    Failed,
    /// SES did not answer: it may have taken it. It will be tried again.
    Unsure,
    /// SES took it.
    Sent {
        /// When.
        at: UtcDateTime,
        /// Under the id that SES gave it.
        message_id: String,
    },
}

impl Delivery {
    /// Whether the mailbox may have it: SES took it, or may have taken it before whoever was sending it died.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        self.tried || !matches!(self.state, DeliveryState::Failed)
    }

    /// Whether somebody is sending it this very moment: he has claimed it, and `lease` has not run out.
    #[must_use]
    pub fn is_under_way(&self, now: UtcDateTime, lease: Duration) -> bool {
        matches!(self.state, DeliveryState::Claimed { at } if at.saturating_add(lease) > now)
    }

    /// Whether SES took it.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        matches!(self.state, DeliveryState::Sent { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_delivery_is_about_can_be_written_and_read() {
        let at = UtcDateTime::from_unix_timestamp(1_763_630_000).unwrap();
        for (kind, text) in [
            (EmailKind::Request, "request"),
            (EmailKind::Resend { at }, "again-1763630000"),
            (EmailKind::Reminder { before: Duration::hours(24) }, "reminder-86400"),
            (EmailKind::Outcome, "outcome"),
        ] {
            assert_eq!((kind.to_string().as_str(), text.parse()), (text, Ok(kind)));
        }
        for text in ["", "requests", "reminder", "reminder-x", "again-99999999999999999", "other-1"] {
            assert!(text.parse::<EmailKind>().is_err(), "{text:?}");
        }
    }
}
