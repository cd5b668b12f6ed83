//! The domain types. Each has one way in, [`FromStr`], and what came in can be trusted from there on.
//!
//! Tokens, addresses, names and comments must not reach a log: they have no [`Display`](fmt::Display), their
//! [`Debug`](fmt::Debug) shows none of their text, and only `expose` returns it. None of these types is serialized:
//! what goes over a wire or into storage has a type of its own, beside the code that writes it.

pub(crate) mod checked;
mod names;
mod origin;
mod people;
mod principal;
mod web;

use std::fmt;
use std::num::NonZeroU8;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use checked::ParseError;
pub use names::{
    AccountId, ActionExecutionId, ActionName, ApprovalToken, Deployment, ExecutionId, IdentityArn, MemberRoles,
    PipelineName, PipelinePrefix, Region, RoleArn, StageName,
};
pub use origin::Origin;
pub use people::{Address, Approver, Comment, DisplayName};
pub use principal::{PrincipalArn, PrincipalKind};
pub use web::{ReviewLink, WebUrl};

/// An approver's decision, in CodePipeline's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// How many `Approved` votes make an approval approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

impl From<Quorum> for u8 {
    fn from(quorum: Quorum) -> Self {
        quorum.0.get()
    }
}

impl TryFrom<u8> for Quorum {
    type Error = ParseError;

    fn try_from(number: u8) -> Result<Self, ParseError> {
        NonZeroU8::new(number).map(Self).ok_or(ParseError::Form { what: "the quorum", form: "a number from 1 to 255" })
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

/// Where pipelines are: an account, and a region of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// One approval action of one pipeline: where an approval waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

impl ApprovalAction {
    /// Where its pipeline is.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { account: self.account.clone(), region: self.region.clone() }
    }
}

impl fmt::Display for ApprovalAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.pipeline, self.stage, self.action)
    }
}

/// One manual approval action that is waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Where it waits.
    pub action: ApprovalAction,
    /// CodePipeline's token for exactly this wait.
    pub token: ApprovalToken,
    /// The execution that waits.
    pub execution: ExecutionId,
    /// CodePipeline's id of this run of the action: a retried stage runs it again, under another id.
    pub run: ActionExecutionId,
}

impl Approval {
    /// The approval's key in the ledger and in logs.
    #[must_use]
    pub fn key(&self) -> ApprovalKey {
        ApprovalKey::of(&self.action, &self.token)
    }
}

/// A hash of account, region, pipeline, stage, action and token: it identifies an approval without revealing the token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApprovalKey(String);

impl ApprovalKey {
    /// The key of the approval that waits at `action` with `token`.
    #[must_use]
    pub fn of(action: &ApprovalAction, token: &ApprovalToken) -> Self {
        let ApprovalAction { account, region, pipeline, stage, action } = action;
        Self(digest(&[
            "approval",
            account.as_str(),
            region.as_str(),
            pipeline.as_str(),
            stage.as_str(),
            action.as_str(),
            token.expose(),
        ]))
    }

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

/// A key that somebody names. It is one of an approval only if the ledger has a request there.
impl FromStr for ApprovalKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        hash("the approval's key", text).map(Self)
    }
}

impl fmt::Display for ApprovalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 over bytes, in base64url: 43 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        hash("the digest", text).map(Self)
    }
}

/// The text of a SHA-256.
fn hash(what: &'static str, text: &str) -> Result<String, ParseError> {
    let is_base64url = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if text.len() == 43 && is_base64url {
        Ok(text.to_owned())
    } else {
        Err(ParseError::Form { what, form: "43 characters of base64url" })
    }
}

/// The digest of the parts, joined by a line break, which no checked text can hold.
pub(crate) fn digest(parts: &[&str]) -> String {
    Digest::of(parts.join("\n").as_bytes()).0
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let approval = |parts: [&str; 6], execution: &str| Approval {
            action: ApprovalAction {
                account: parts[0].parse().unwrap(),
                region: parts[1].parse().unwrap(),
                pipeline: parts[2].parse().unwrap(),
                stage: parts[3].parse().unwrap(),
                action: parts[4].parse().unwrap(),
            },
            token: parts[5].parse().unwrap(),
            execution: execution.parse().unwrap(),
            run: "r".parse().unwrap(),
        };
        let parts = ["123456789012", "us-east-2", "p", "s", "a", "t"];
        let key = approval(parts, "d").key();
        assert_eq!(key.as_str().len(), 43);
        assert_eq!(key.as_str().parse(), Ok(key.clone()));
        for text in ["", "x", &key.as_str().replacen(|_| true, "#", 1), &format!("{key}x")] {
            assert!(text.parse::<ApprovalKey>().is_err(), "{text:?}");
        }
        assert_eq!(approval(parts, "e").key(), key, "an SNS notice and an event name the same approval");
        for (index, other) in ["210987654321", "us-east-1", "p2", "s2", "a2", "t2"].into_iter().enumerate() {
            let mut changed = parts;
            changed[index] = other;
            assert_ne!(approval(changed, "d").key(), key, "part {index}");
        }
        let shifted = ["123456789012", "us-east-2", "ps", "a", "a", "t"];
        assert_ne!(approval(shifted, "d").key(), key);
    }
}
