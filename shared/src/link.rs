//! Links: signed URLs, each for one approver and one decision on one approval.
//!
//! A link carries a JSON Web Token (RFC 7519), signed with Ed25519 (RFC 8037). Its holder can make exactly that
//! decision in that approver's name. Anybody who has the link can read its payload; the signature makes it trustworthy.

mod claims;
mod sign;
mod verify;

use std::fmt;
use std::str::FromStr;

use time::Duration;

use crate::approval::ParseError;

pub use sign::{LinkSigner, SignError};
pub use verify::{ExpiredLink, LinkError, LinkVerifier, VerifiedLink};

/// The path behind the callback's URL that links point at.
pub const PATH: &str = "/approval";
/// The longest link, in bytes. Mail clients and gateways cut or refuse longer ones.
pub const MAX_LENGTH: usize = 2000;
/// The longest life of a link and of an approval: CodePipeline's longest time-out (86,400 minutes), and an hour for the
/// clocks.
pub const MAX_LIFETIME: Duration = Duration::minutes(86_400 + 60);

/// The callback's address as approvers reach it: scheme and host, and a port if need be. `https`; `http` only on this
/// machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUrl(String);

impl CallbackUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CallbackUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let what = "the callback URL";
        let form = "an https URL without a path";
        let text = text.trim_end_matches('/');
        let host = match text.strip_prefix("https://") {
            Some(rest) => Some(rest),
            None => text.strip_prefix("http://").filter(|rest| {
                ["127.0.0.1", "localhost", "[::1]"]
                    .iter()
                    .any(|name| rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
            }),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        match host {
            _ if text.is_empty() => Err(ParseError::Empty { what }),
            _ if text.len() > 200 => Err(ParseError::TooLong { what, max: 200 }),
            Some(rest) if !rest.is_empty() && !rest.starts_with(':') && rest.bytes().all(plain) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParseError::Form { what, form }),
        }
    }
}

/// A signed URL for one approver and one decision on one approval. It must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// The URL itself. It must not reach a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_reached_by_https() {
        for url in [
            "https://abc.execute-api.eu-central-1.amazonaws.com",
            "https://a.example/",
            "http://127.0.0.1:3000",
            "http://localhost",
        ] {
            assert!(url.parse::<CallbackUrl>().is_ok(), "{url:?}");
        }
        for url in [
            "",
            "https://",
            "http://example.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "ftp://a",
            "https://a?b",
            "https://a#b",
            "https://a/base",
            "https://user@a",
            "https:///a",
            "https://a b",
        ] {
            assert!(url.parse::<CallbackUrl>().is_err(), "{url:?}");
        }
        assert_eq!("https://a.example/".parse::<CallbackUrl>().unwrap().0, "https://a.example");
    }
}
