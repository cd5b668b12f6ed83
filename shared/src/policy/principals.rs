//! Patterns for the ARNs of principals, segment by segment, so that no name that somebody picks reaches into another part.

use glob::Pattern;

use super::automaton::{Automaton, overlap};
use crate::approval::PrincipalArn;

/// The beginning of the names of the roles of IAM Identity Center, which names their sessions after its users.
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html>
pub const IDENTITY_CENTER: &str = "awsreservedsso_";

const BAD_PATTERN: &str = "must be the ARN of an IAM user or of a role's session, with * and ? where parts may differ: \
                           arn:aws:iam::ACCOUNT:user/NAME or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION";
const BAD_CHARACTER: &str =
    "has a character that no such ARN has; of wildcards there are * and ?, and no two * in a row";
const TOO_WIDE: &str = "has a wildcard in the account and in the name: anybody with an account could pick such a name; \
                        write out one of them";

/// The characters of ARNs in small letters.
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Which principals are a person. It has no `Debug`: the names in it may be addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct PrincipalPattern {
    /// Partition, service, account, and the segments of the rest, in small letters: IAM's names differ by more than case.
    parts: Vec<Pattern>,
    is_session: bool,
}

impl PrincipalPattern {
    /// Reads a pattern. The error does not repeat it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.to_ascii_lowercase();
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service @ ("iam" | "sts"), "", account, resource] = parts.as_slice() else {
            return Err(BAD_PATTERN);
        };
        let segments: Vec<&str> = resource.split('/').collect();
        let is_session = match (*service, segments.as_slice()) {
            ("iam", ["user", .., _]) => false,
            ("sts", ["assumed-role", _, _]) => true,
            _ => return Err(BAD_PATTERN),
        };
        let has_length = if is_wild(account) { account.len() <= 12 } else { account.len() == 12 };
        let is_account = account.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'?'));
        let parts: Vec<&str> = [*partition, *service, *account].into_iter().chain(segments).collect();
        if !is_account || !has_length || parts.iter().any(|part| part.is_empty()) {
            return Err(BAD_PATTERN);
        }
        let is_allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'[' | b']');
        if !text.bytes().all(is_allowed) || text.contains("**") {
            return Err(BAD_CHARACTER);
        }
        let patterns = parts.iter().map(|part| Pattern::new(part)).collect::<Result<_, _>>();
        let pattern = Self { parts: patterns.map_err(|_| BAD_CHARACTER)?, is_session };
        let role_may_be_anyones = pattern.role().is_some_and(|role| is_wild(role) && !is_identity_center(role));
        if is_wild(account) && (is_wild(pattern.name()) || role_may_be_anyones) {
            return Err(TOO_WIDE);
        }
        Ok(pattern)
    }

    /// Whether a principal matches, part by part. Case does not matter.
    pub fn matches(&self, principal: &PrincipalArn) -> bool {
        let arn = principal.expose().to_ascii_lowercase();
        let mut head = arn.splitn(6, ':');
        let (Some(partition), Some(service), Some(account), Some(resource)) =
            (head.nth(1), head.next(), head.nth(1), head.next())
        else {
            return false;
        };
        let parts: Vec<&str> = [partition, service, account].into_iter().chain(resource.split('/')).collect();
        parts.len() == self.parts.len() && self.parts.iter().zip(parts).all(|(pattern, part)| pattern.matches(part))
    }

    /// Whether a principal may match both.
    pub fn meets(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(one, other)| may_both_match(one.as_str(), other.as_str()))
    }

    /// Whether it takes in an IAM user of this name, or somebody whom IAM Identity Center calls so.
    pub fn meets_name(&self, name: &str) -> bool {
        let is_theirs = self.role().is_none_or(|role| may_both_match(role, &format!("{IDENTITY_CENTER}*")));
        is_theirs && self.parts.last().is_some_and(|pattern| pattern.matches(&name.to_ascii_lowercase()))
    }

    /// Whether its name is written out.
    pub fn is_name_fixed(&self) -> bool {
        !is_wild(self.name())
    }

    /// Whether it believes the name of a session that whoever assumes the role picks.
    pub fn believes_chosen_name(&self) -> bool {
        self.role().is_some_and(|role| !is_identity_center(role)) && self.name() != "*"
    }

    /// The name of the user or the session.
    fn name(&self) -> &str {
        self.parts.last().map_or("", Pattern::as_str)
    }

    /// The name of the role.
    fn role(&self) -> Option<&str> {
        self.parts.iter().rev().nth(1).filter(|_| self.is_session).map(Pattern::as_str)
    }
}

fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

fn is_identity_center(role: &str) -> bool {
    role.starts_with(IDENTITY_CENTER)
}

fn may_both_match(one: &str, other: &str) -> bool {
    match (Automaton::new(one), Automaton::new(other)) {
        (Some(one), Some(other)) => overlap(&one, &other, ALPHABET),
        // Too long to compare: nothing is proved.
        _ => false,
    }
}
