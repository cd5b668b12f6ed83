//! The message tag that an email carries, so that an event of SES's says which delivery it is about.
//!
//! SES allows letters, digits, `-` and `_` in a tag's value, and 256 characters. What it is about says no more than logs do.

use std::fmt;
use std::str::FromStr;

use super::{About, EmailKind};
use crate::approval::{ApprovalKey, Digest, ParseError};

/// The name of the tag.
pub const TAG: &str = "delivery";

const POLICY: &str = "policy-";
const TEST: &str = "test-";
/// The length of an approval's key, and of a digest.
const HASH: usize = 43;

/// What an email is about, as its tag names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// A request.
    Request {
        /// Its approval.
        approval: ApprovalKey,
        /// Its digest.
        request: Digest,
        /// The kind of the email.
        kind: EmailKind,
    },
    /// A change of the policy, by its digest.
    Policy(Digest),
    /// A test of the doctor's.
    Test(Digest),
}

impl Tag {
    /// What the email is about.
    #[must_use]
    pub fn about(&self) -> About<'_> {
        match self {
            Self::Request { approval, request, kind } => About::Request { approval, request, kind: *kind },
            Self::Policy(digest) => About::Policy(digest),
            Self::Test(digest) => About::Test(digest),
        }
    }
}

impl From<About<'_>> for Tag {
    fn from(about: About<'_>) -> Self {
        match about {
            About::Request { approval, request, kind } => {
                Self::Request { approval: approval.clone(), request: request.clone(), kind }
            }
            About::Policy(digest) => Self::Policy(digest.clone()),
            About::Test(digest) => Self::Test(digest.clone()),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { approval, request, kind } => write!(f, "{approval}{request}{kind}"),
            Self::Policy(digest) => write!(f, "{POLICY}{digest}"),
            Self::Test(digest) => write!(f, "{TEST}{digest}"),
        }
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let after = |prefix| text.strip_prefix(prefix).filter(|digest| digest.len() == HASH);
        if let Some(digest) = after(POLICY) {
            return Ok(Self::Policy(digest.parse()?));
        }
        if let Some(digest) = after(TEST) {
            return Ok(Self::Test(digest.parse()?));
        }
        let invalid = ParseError::Form { what: "the tag of an email", form: "one of ours" };
        let (approval, rest) = text.split_at_checked(HASH).ok_or(invalid)?;
        let (request, kind) = rest.split_at_checked(HASH).ok_or(invalid)?;
        Ok(Self::Request { approval: approval.parse()?, request: request.parse()?, kind: kind.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_can_be_written_and_read_and_ses_allows_it() {
        let hash = |byte: &str| byte.repeat(HASH);
        let (approval, request) = (hash("a"), hash("-"));
        let tag = |kind: &str| format!("{approval}{request}{kind}");
        for text in [
            tag("request"),
            tag("again-1763630000"),
            tag("reminder-86400"),
            tag("receipt-0000000000001a2b"),
            tag("unreached-0000000000001a2b"),
            tag("outcome"),
            format!("policy-{}", hash("_")),
            format!("test-{}", hash("_")),
            // An approval whose key begins like a tag about the policy.
            format!("policy-{}{request}outcome", "a".repeat(HASH - POLICY.len())),
        ] {
            assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            assert!(text.len() <= 256 && text.bytes().all(allowed), "{text}");
        }
        for text in ["", "policy-", "request", &tag(""), &tag("other"), &tag("é"), &"é".repeat(60)] {
            assert!(text.parse::<Tag>().is_err(), "{text:?}");
        }
    }
}
