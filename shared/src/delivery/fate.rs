//! What became of an email after SES had accepted it.
//!
//! SES says so by events, which are best effort and come in any order: without one, nothing is known.

use time::UtcDateTime;

use crate::approval::ParseError;
use crate::approval::checked::{checked_text, public_text};

/// What became of an email. Of two events about it, the greater holds, whichever came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// SES keeps trying.
    Delayed,
    /// It came back, and another try might succeed: a mailbox was full, or answered automatically after it had taken it.
    CameBack,
    /// The recipient's mail server accepted it.
    Delivered,
    /// The recipient marked it as spam.
    Complained,
    /// SES did not send it, because of what is in it.
    Rejected,
    /// SES did not send it, because it no longer sends to this address.
    Suppressed,
    /// The recipient's mail server refused it for good.
    Bounced,
}

impl Fate {
    /// All, in the order in which they hold.
    pub const ALL: [Self; 7] = [
        Self::Delayed,
        Self::CameBack,
        Self::Delivered,
        Self::Complained,
        Self::Rejected,
        Self::Suppressed,
        Self::Bounced,
    ];

    /// Its name in the ledger and in a history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::CameBack => "cameBack",
            Self::Delivered => "delivered",
            Self::Complained => "complained",
            Self::Rejected => "rejected",
            Self::Suppressed => "suppressed",
            Self::Bounced => "bounced",
        }
    }

    /// Whether the recipient certainly did not get it. An automatic answer comes back, too, perhaps before SES says that it
    /// delivered the email.
    #[must_use]
    pub fn is_undelivered(self) -> bool {
        matches!(self, Self::Rejected | Self::Suppressed | Self::Bounced)
    }

    /// Whether another email to the same address would end in the same way.
    #[must_use]
    pub fn is_for_good(self) -> bool {
        matches!(self, Self::Suppressed | Self::Bounced)
    }

    /// Its place in [`ALL`](Self::ALL), for conditions in the ledger.
    pub(crate) fn rank(self) -> usize {
        Self::ALL.into_iter().take_while(|fate| *fate < self).count()
    }
}

impl std::str::FromStr for Fate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|fate| fate.as_str() == text);
        known.ok_or(ParseError::Form { what: "the fate of an email", form: "one that is known" })
    }
}

checked_text!(
    /// SES's class of a fate, such as `Permanent/NoEmail`: never the free text of a mail server.
    Reason,
    "the reason",
    max 130,
    "one or two words of letters, digits and hyphens with a slash between them",
    |text| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_letter);
        text.split('/').count() <= 2 && text.split('/').all(is_word)
    }
);
public_text!(Reason);

/// What SES said became of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub fate: Fate,
    /// When it happened.
    pub at: UtcDateTime,
    /// SES's class of it, where it has any.
    pub reason: Option<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_can_be_written_and_read_and_have_their_order() {
        for (rank, fate) in Fate::ALL.into_iter().enumerate() {
            assert_eq!((fate.as_str().parse(), fate.rank()), (Ok(fate), rank));
        }
        assert!("lost".parse::<Fate>().is_err());
    }

    #[test]
    fn a_reason_is_a_class_and_no_free_text() {
        for reason in ["General", "Permanent/OnAccountSuppressionList", "abuse", "not-spam"] {
            assert_eq!(reason.parse::<Reason>().unwrap().as_str(), reason);
        }
        let long = "x".repeat(131);
        for text in ["", "/", "a/", "a/b/c", "550 user unknown", "smtp; 550", "grün", long.as_str()] {
            assert!(text.parse::<Reason>().is_err(), "{text:?}");
        }
    }
}
