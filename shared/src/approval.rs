//! The domain types. Each has one way in, [`FromStr`], and what came in can be trusted from there on.
//!
//! Tokens, addresses, names and comments must not reach a log: they have no [`Display`](fmt::Display), their
//! [`Debug`](fmt::Debug) shows none of their text, and `expose` gives it to whoever asks by that name.

use std::fmt;
use std::num::NonZeroU8;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::text;

/// Why a text is not what it should be. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is nothing in it.
    #[error("{what} is empty")]
    Empty {
        /// The kind of text, in words.
        what: &'static str,
    },
    /// It is longer than CodePipeline, SES or a link allows.
    #[error("{what} is longer than {max} characters")]
    TooLong {
        /// The kind of text, in words.
        what: &'static str,
        /// The most that is allowed, in characters.
        max: usize,
    },
    /// It has a character or a form that such a text never has.
    #[error("{what} is not {form}")]
    Form {
        /// The kind of text, in words.
        what: &'static str,
        /// What it should look like.
        form: &'static str,
    },
}

/// A checked text: what it is called in errors, how long it may be, and the form that it must have.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, max $max:literal, $form:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let check: fn(&str) -> bool = $check;
                match text.len() {
                    0 => Err(ParseError::Empty { what: $what }),
                    1..=$max if check(text) => Ok(Self(text.to_owned())),
                    1..=$max => Err(ParseError::Form { what: $what, form: $form }),
                    _ => Err(ParseError::TooLong { what: $what, max: $max }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;

            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }
    };
}

/// A text that may be shown and logged.
macro_rules! public_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

/// A text that must not be logged: it has no `Display`, and every use of it can be found by the name `expose`.
macro_rules! secret_text {
    ($name:ident) => {
        impl $name {
            /// The text itself. It must not reach a log.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        redacted!($name);
    };
}

/// `Debug` shows no more than the type's name.
macro_rules! redacted {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(…)", stringify!($name))
            }
        }
    };
}

/// `[A-Za-z0-9.@\-_]+`: names of pipelines, stages and actions, as the CodePipeline API has them.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'-' | b'_'))
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

checked_text!(
    /// An AWS account id, 12 digits.
    AccountId, "the account", max 12, "12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
public_text!(AccountId);

checked_text!(
    /// An AWS region, such as `eu-central-1`.
    Region, "the region", max 32, "a region name such as eu-central-1",
    |text| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
public_text!(Region);

checked_text!(
    /// A pipeline's name.
    PipelineName, "the pipeline name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(PipelineName);

checked_text!(
    /// A stage's name.
    StageName, "the stage name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(StageName);

checked_text!(
    /// An action's name.
    ActionName, "the action name", max 100, "made of letters, digits, '.', '@', '-' and '_'", is_name
);
public_text!(ActionName);

checked_text!(
    /// A pipeline execution's id. A UUID in practice; kept opaque.
    ExecutionId, "the pipeline execution id", max 64, "made of letters, digits and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
public_text!(ExecutionId);

checked_text!(
    /// CodePipeline's approval token. The API model calls it a UUID, AWS's own samples break that: it is kept opaque.
    ApprovalToken, "the approval token", max 100, "made of visible ASCII characters", is_graphic
);
secret_text!(ApprovalToken);

checked_text!(
    /// The name of one installation of Countersign, `iss` and `aud` of its links. Two installations that share a
    /// signing key still refuse each other's links.
    Deployment, "the deployment name", max 64, "made of letters, digits, '.' and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
);
public_text!(Deployment);

checked_text!(
    /// The address of a page that an approver may be sent to: `http` or `https`, and nothing that could leave an HTML
    /// attribute or a line.
    WebUrl, "the URL", max 2048, "an http or https URL",
    |text| (text.starts_with("https://") || text.starts_with("http://"))
        && text.len() > "https://".len()
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'))
);
public_text!(WebUrl);

impl WebUrl {
    /// The address that somebody wrote by hand: as it is, if it can be; else as browsers read it, with an international
    /// domain in its `xn--` form and letters beyond ASCII percent-encoded. `None` when it is no address for the web, or has
    /// in it what ends one: white space, quotes, brackets.
    /// <https://url.spec.whatwg.org/>
    #[must_use]
    pub fn written(text: &str) -> Option<Self> {
        let text = text.trim();
        let ends = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        text.parse()
            .ok()
            .or_else(|| if text.contains(ends) { None } else { Url::parse(text).ok()?.as_str().parse().ok() })
    }
}

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
    /// What makes two spellings one mailbox: nobody gets two votes by writing his address in capitals.
    #[must_use]
    pub fn identity(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

checked_text!(
    /// A person's or a team's name as mails write it, one line of at most 200 bytes.
    DisplayName, "the display name", max 200, "one line of text without angle brackets and without =?",
    // `=?` begins an encoded word in a header; some mail clients decode one wherever they find it.
    |text| !text.contains("=?") && !text.contains(text::BREAKS) && !text.chars().any(|c| c.is_control() || text::reorders(c) || matches!(c, '<' | '>')) && text.trim() == text
);
secret_text!(DisplayName);

/// A mailbox that may decide, with the name to greet it by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// Where the email goes, and who the vote belongs to.
    pub address: Address,
    /// Its display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
            Some(name) => format!("{} <{}>", name.expose(), self.address.expose()),
            None => self.address.expose().to_owned(),
        }
    }
}

/// What an approver says: CodePipeline's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// The pipeline goes on.
    Approved,
    /// The stage fails.
    Rejected,
}

impl Decision {
    /// Both, in the order in which an email offers them.
    pub const ALL: [Self; 2] = [Self::Approved, Self::Rejected];

    /// The word that CodePipeline, links and forms use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Decision {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "Approved" => Ok(Self::Approved),
            "Rejected" => Ok(Self::Rejected),
            _ => Err(ParseError::Form { what: "the decision", form: "Approved or Rejected" }),
        }
    }
}

/// What an approver adds to a decision: at most [`Comment::MAX`] characters of plain text, line breaks kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl TryFrom<String> for Comment {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Comment> for String {
    fn from(comment: Comment) -> String {
        comment.0
    }
}

/// How many `Approved` votes make an approval approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quorum(NonZeroU8);

impl Quorum {
    /// One approver is enough.
    pub const ONE: Self = Self(NonZeroU8::MIN);

    /// The number, at least 1.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0.get())
    }
}

impl FromStr for Quorum {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number =
            text.parse().map_err(|_| ParseError::Form { what: "the quorum", form: "a number from 1 to 255" })?;
        Ok(Self(number))
    }
}

/// One approval action of one pipeline: where an approval waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalAction {
    /// The account that owns the pipeline.
    pub account: AccountId,
    /// The pipeline's region.
    pub region: Region,
    /// The pipeline.
    pub pipeline: PipelineName,
    /// Its stage.
    pub stage: StageName,
    /// The stage's action.
    pub action: ActionName,
}

impl fmt::Display for ApprovalAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.pipeline, self.stage, self.action)
    }
}

/// One manual approval action that is waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Where it waits.
    #[serde(flatten)]
    pub action: ApprovalAction,
    /// CodePipeline's token for exactly this wait.
    pub token: ApprovalToken,
    /// The execution that waits; unknown when only an SNS notice spoke of it and CodePipeline could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
}

impl Approval {
    /// The approval's key in the ledger and in logs.
    #[must_use]
    pub fn key(&self) -> ApprovalKey {
        let ApprovalAction { account, region, pipeline, stage, action } = &self.action;
        ApprovalKey(digest(&[
            "approval",
            account.as_str(),
            region.as_str(),
            pipeline.as_str(),
            stage.as_str(),
            action.as_str(),
            self.token.expose(),
        ]))
    }
}

/// A hash of account, region, pipeline, stage, action and token. It tells approvals apart without telling the token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ApprovalKey(String);

impl ApprovalKey {
    /// A key that the ledger kept.
    pub(crate) fn from_ledger(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApprovalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 over the parts, in base64url. The parts are joined by a line break, which no checked text can hold.
pub(crate) fn digest(parts: &[&str]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parts.join("\n").as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_api_allows() {
        for name in ["MyFirstPipeline", "a.b@c-d_e", "9", &"x".repeat(100)] {
            assert_eq!(name.parse::<PipelineName>().map(String::from).as_deref(), Ok(name));
        }
        assert_eq!("".parse::<PipelineName>(), Err(ParseError::Empty { what: "the pipeline name" }));
        assert_eq!("x".repeat(101).parse::<StageName>(), Err(ParseError::TooLong { what: "the stage name", max: 100 }));
        for name in ["a b", "a/b", "a\n", "ä", "a:b", "<b>"] {
            assert!(matches!(name.parse::<ActionName>(), Err(ParseError::Form { .. })), "{name:?}");
        }
    }

    #[test]
    fn tokens_are_opaque_but_bounded() {
        for token in ["1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN", "a/b+c=="] {
            assert!(token.parse::<ApprovalToken>().is_ok(), "{token:?}");
        }
        for token in ["", "a b", "a\nb", "ä", &"x".repeat(101)] {
            assert!(token.parse::<ApprovalToken>().is_err(), "{token:?}");
        }
    }

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
    fn an_address_is_read_as_browsers_read_it() {
        for (text, expected) in [
            (" https://example.com/a ", Some("https://example.com/a")),
            ("http://example.com", Some("http://example.com")),
            ("https://bücher.example/", Some("https://xn--bcher-kva.example/")),
            ("https://wiki.example/リリース", Some("https://wiki.example/%E3%83%AA%E3%83%AA%E3%83%BC%E3%82%B9")),
            ("https://e.com/ü b", None),
            ("https://e.com/ü\"", None),
            ("https://e.com/ü\r\nx", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("example.com", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(WebUrl::written(text).as_ref().map(WebUrl::as_str), expected, "{text}");
        }
    }

    #[test]
    fn urls_are_for_the_web_only() {
        for url in ["https://example.com/a?b=c#d", "http://example.com"] {
            assert!(url.parse::<WebUrl>().is_ok(), "{url:?}");
        }
        for url in [
            "javascript:alert(1)",
            "https://",
            "ftp://example.com",
            "https://e.com/\"><b>",
            "https://e.com/a b",
            "HTTPS",
        ] {
            assert!(url.parse::<WebUrl>().is_err(), "{url:?}");
        }
    }

    #[test]
    fn decisions_are_codepipelines_words() {
        for decision in Decision::ALL {
            assert_eq!(decision.as_str().parse(), Ok(decision));
        }
        for word in ["", "approved", "APPROVED", "Approve", "Rejected ", "yes"] {
            assert!(word.parse::<Decision>().is_err(), "{word:?}");
        }
    }

    #[test]
    fn comments_are_bounded_and_clean() {
        assert_eq!(" fine\r\n\u{0}go \n".parse::<Comment>().unwrap().expose(), "fine\ngo");
        assert!("é".repeat(512).parse::<Comment>().is_ok());
        assert_eq!("é".repeat(513).parse::<Comment>(), Err(ParseError::TooLong { what: "the comment", max: 512 }));
        assert_eq!(" \n".parse::<Comment>(), Err(ParseError::Empty { what: "the comment" }));
    }

    #[test]
    fn a_quorum_is_at_least_one() {
        assert_eq!("2".parse::<Quorum>().map(Quorum::get), Ok(2));
        for text in ["0", "-1", "256", "two", ""] {
            assert!(text.parse::<Quorum>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn secrets_and_persons_do_not_show_in_debug_output() {
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            "sesame".parse::<ApprovalToken>().unwrap(),
            "alice@example.com".parse::<Address>().unwrap(),
            "Alice <alice@example.com>".parse::<Approver>().unwrap(),
            "looks good".parse::<Comment>().unwrap(),
        );
        assert_eq!(shown, "ApprovalToken(…) Address(…) Approver(…) Comment(…)");
    }

    #[test]
    fn the_key_depends_on_every_part_but_the_execution() {
        let approval = |parts: [&str; 6], execution: Option<&str>| Approval {
            action: ApprovalAction {
                account: parts[0].parse().unwrap(),
                region: parts[1].parse().unwrap(),
                pipeline: parts[2].parse().unwrap(),
                stage: parts[3].parse().unwrap(),
                action: parts[4].parse().unwrap(),
            },
            token: parts[5].parse().unwrap(),
            execution: execution.map(|e| e.parse().unwrap()),
        };
        let parts = ["123456789012", "us-east-2", "p", "s", "a", "t"];
        let key = approval(parts, None).key();
        assert_eq!(key.as_str().len(), 43);
        assert_eq!(approval(parts, Some("e")).key(), key, "an SNS notice and an event name the same approval");
        for (index, other) in ["210987654321", "us-east-1", "p2", "s2", "a2", "t2"].into_iter().enumerate() {
            let mut changed = parts;
            changed[index] = other;
            assert_ne!(approval(changed, None).key(), key, "part {index}");
        }
        let shifted = ["123456789012", "us-east-2", "ps", "a", "a", "t"];
        assert_ne!(approval(shifted, None).key(), key);
    }
}
