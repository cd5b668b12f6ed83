//! Links: signed URLs, each for one approver and one decision on one approval, under the terms of one request.
//!
//! A link carries a JSON Web Token (RFC 7519), signed with Ed25519 (RFC 8037). Its holder can make exactly that
//! decision in that approver's name. Anybody who has the link can read its payload; the signature makes it trustworthy.
//!
//! A [`FinishOrder`] is a token of another type, by which the sweep has the callback put what recorded votes come to. It
//! names no approver and no decision, and nothing can be decided with it.

mod claims;
mod sign;
mod verify;

use std::fmt;

use time::Duration;

pub use crate::jws::SignError;
pub use sign::{LinkSigner, Probe};
pub use verify::{ExpiredLink, FinishOrder, LinkError, LinkVerifier, Origins, SignedToken, VerifiedLink};

/// The path behind the callback's URL that links point at.
pub const PATH: &str = "/approval";
/// The path behind the callback's URL of the page that explains the emails.
pub const HELP_PATH: &str = "/help";
/// The longest link, in bytes. Mail clients and gateways cut or refuse longer ones.
pub const MAX_LENGTH: usize = 2000;
/// The longest life of a link and of an approval: CodePipeline's longest time-out (86,400 minutes), and an hour for the
/// clocks.
pub const MAX_LIFETIME: Duration = Duration::minutes(86_400 + 60);

/// A signed URL for one approver and one decision on one approval. It must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// The URL itself. It must not reach a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The page beside it that explains the emails. That URL is for everybody.
    #[must_use]
    pub fn help(&self) -> String {
        // A token has no slash.
        let callback = self.0.rsplit_once(PATH).map_or("", |(callback, _)| callback);
        format!("{callback}{HELP_PATH}")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}
