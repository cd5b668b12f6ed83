//! People: how they are reached, what they are called, and what they write.

use std::str::FromStr;

use super::checked::{ParseError, checked_text, redacted, secret_text};
use crate::text;

checked_text!(
    /// An email address. SES takes ASCII only: an international domain is written in its `xn--` form.
    Address, "the email address", max 254, "an email address such as name@example.com",
    |text| {
        text.is_ascii()
            // The crate also takes quoted local parts; SES and mail clients disagree about those, so we do not.
            && !text.bytes().any(|b| matches!(b, b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'[' | b'\\' | b']'))
            && !text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
            && email_address::EmailAddress::parse_with_options(
                text,
                email_address::Options::default().without_display_text().without_domain_literal().with_required_tld(),
            )
            .is_ok()
    }
);
secret_text!(Address);

impl Address {
    /// The spelling that identifies the mailbox: an address in capitals gives nobody a second vote.
    #[must_use]
    pub fn identity(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

checked_text!(
    /// A person's or a team's name as emails write it, one line of at most 200 bytes.
    DisplayName, "the display name", max 200, "one line of text without angle brackets and without =?",
    // `=?` begins an encoded word in a header; some mail clients decode one wherever they find it.
    |text| !text.contains("=?") && !text.contains(text::BREAKS) && !text.chars().any(|c| c.is_control() || text::reorders(c) || matches!(c, '<' | '>')) && text.trim() == text
);
secret_text!(DisplayName);

/// A mailbox that may decide, with the name to greet it by.
#[derive(Clone, PartialEq, Eq)]
pub struct Approver {
    /// Where the email goes, and who the vote belongs to.
    pub address: Address,
    /// Its display name.
    pub name: Option<DisplayName>,
}

redacted!(Approver);

impl FromStr for Approver {
    type Err = ParseError;

    /// `alice@example.com` or `Alice Example <alice@example.com>`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { address: text.parse()?, name: None });
        };
        let Some(address) = rest.strip_suffix('>') else {
            return Err(ParseError::Form { what: "the mailbox", form: "of the form Name <name@example.com>" });
        };
        let name = match name.trim().trim_matches('"').trim() {
            "" => None,
            name => Some(name.parse()?),
        };
        Ok(Self { address: address.parse()?, name })
    }
}

impl Approver {
    /// The person as pages and emails write them: the address, after the name if there is one. It must not reach a log.
    #[must_use]
    pub fn expose(&self) -> String {
        match &self.name {
            Some(name) => format!("{} <{}>", text::legible(name.expose()), self.address.expose()),
            None => self.address.expose().to_owned(),
        }
    }
}

/// What an approver adds to a decision: at most [`Comment::MAX`] characters of plain text, line breaks kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Comment(String);

secret_text!(Comment);

impl Comment {
    /// The most characters of a comment. CodePipeline's summary holds 512, so a longer one could never be seen there.
    pub const MAX: usize = 512;
}

impl FromStr for Comment {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text::clean(text);
        match text.chars().count() {
            0 => Err(ParseError::Empty { what: "the comment" }),
            1..=Self::MAX => Ok(Self(text)),
            _ => Err(ParseError::TooLong { what: "the comment", max: Self::MAX }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_ascii_mailboxes() {
        for address in ["a@example.com", "First.Last+tag@sub.example.co.uk", "o'neil@xn--bcher-kva.example"] {
            assert!(address.parse::<Address>().is_ok(), "{address:?}");
        }
        for address in [
            "",
            "a",
            "a@",
            "@example.com",
            "a@@example.com",
            "a b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "\"a b\"@example.com",
            "a@[127.0.0.1]",
            "Alice <a@example.com>",
            "a,b@example.com",
            "ä@example.com",
            "a@bücher.example",
            "a@localhost",
            "a..b@example.com",
            ".a@example.com",
        ] {
            assert!(address.parse::<Address>().is_err(), "{address:?}");
        }
        let address: Address = "Alice@Example.COM".parse().unwrap();
        assert_eq!(address.expose(), "Alice@Example.COM");
        assert_eq!(address.identity(), "alice@example.com");
    }

    #[test]
    fn an_approver_may_have_a_name() {
        let approver: Approver = " Zoë Ünal <zoe@example.com> ".parse().unwrap();
        assert_eq!(approver.name.as_ref().map(DisplayName::expose), Some("Zoë Ünal"));
        assert_eq!(approver.address.expose(), "zoe@example.com");
        assert_eq!("\"A\" <a@example.com>".parse::<Approver>().unwrap().name.unwrap().expose(), "A");
        assert_eq!("<a@example.com>".parse::<Approver>().unwrap().name, None);
        assert_eq!("a@example.com".parse::<Approver>().unwrap().name, None);
        for text in ["", "A <a@example.com", "A <>", "A\r\nB <a@example.com>", "A <a@example.com> b"] {
            assert!(text.parse::<Approver>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn comments_are_bounded_and_clean() {
        assert_eq!(" fine\r\n\u{0}go \n".parse::<Comment>().unwrap().expose(), "fine\ngo");
        assert!("é".repeat(512).parse::<Comment>().is_ok());
        assert_eq!("é".repeat(513).parse::<Comment>(), Err(ParseError::TooLong { what: "the comment", max: 512 }));
        assert_eq!(" \n".parse::<Comment>(), Err(ParseError::Empty { what: "the comment" }));
    }
}
