//! The pages that visitors saw, and how an approval ended.

use crate::Page;

/// How an approval ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Approved,
    Rejected,
    Expired,
    Superseded,
    Stopped,
}

impl Ending {
    /// The word for this ending in the history.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
        }
    }

    /// The beginning of an email about this ending.
    pub fn headline(self) -> &'static str {
        match self {
            Self::Approved => "service was approved",
            Self::Rejected => "service was rejected",
            Self::Expired => "service was not approved in time",
            Self::Superseded => "Approval of service is no longer needed",
            Self::Stopped => "The release of service was stopped",
        }
    }
}

/// The state of an approval that a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// The approval ended in this way.
    Ended(Ending),
    /// The visitor's vote is recorded, and the approval is pending.
    Recorded,
    /// The approval is pending, and the page has the button.
    Asks,
    /// The link has expired, and the page does not know how the approval ended.
    LinkExpired,
    /// An AWS call failed, and the visitor should try again.
    TryAgain,
    /// A page that no visitor of these stories should see.
    Nonsense(String),
}

/// A page that somebody saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub who: &'static str,
    /// The link's decision.
    pub decision: &'static str,
    /// The comment, if the button was pressed.
    pub pressed: Option<String>,
    pub says: Says,
}

/// Reads the state of the approval from a page.
pub(super) fn says(page: &Page) -> Says {
    if page.status >= 500 {
        return Says::TryAgain;
    }
    if page.has_form() {
        return Says::Asks;
    }
    let title = page
        .body
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map_or("", |(title, _)| title);
    match title {
        "service was approved" | "service was already approved" => Says::Ended(Ending::Approved),
        "service was rejected" | "service was already rejected" => Says::Ended(Ending::Rejected),
        "This release was stopped" => Says::Ended(Ending::Stopped),
        "This approval is no longer needed" => Says::Ended(Ending::Superseded),
        "This link has expired" if page.body.contains("No decision was made in time") => Says::Ended(Ending::Expired),
        "This link has expired" => Says::LinkExpired,
        "Your vote has been recorded" => Says::Recorded,
        other => Says::Nonsense(format!("{} {other}", page.status)),
    }
}
