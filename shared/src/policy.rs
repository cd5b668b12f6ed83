//! Who may decide what: the policy, a TOML text that a deployment keeps in an SSM parameter.
//!
//! A policy is a list of routes. The first one whose globs match an approval's account, region, pipeline, stage and
//! action says who is asked, how many must approve and until when. Parsing is strict: a text that could mean something
//! other than what its author meant is refused as a whole, with the place and the key, so that nothing fails open.
//! `docs/policy.md` describes every key.

pub mod answers;
mod automaton;
mod changes;
mod document;
mod globs;
mod parse;
mod people;
mod principals;
mod warnings;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use time::Duration;

pub use self::changes::{Changes, Right, Rights, RightsChange};
use self::globs::Fit;
pub use self::globs::{Globs, Part};
use self::people::People;
pub use self::people::Recognition;
use crate::approval::{AccountId, Address, ApprovalAction, Approver, PrincipalArn, Quorum};
use crate::hosts::Hosts;
use crate::l10n::Language;
use crate::time_zone::TimeZone;

/// The most bytes that a policy may have: the largest value of an SSM parameter, which the advanced tier takes.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const MAX_TEXT: usize = 8 * 1024;

/// The most routes of a policy.
pub const MAX_ROUTES: usize = 100;

/// The default route's name.
pub const DEFAULT: &str = "default";

/// Who may decide what, how many must, and how they are asked.
#[derive(Debug, Clone)]
pub struct Policy {
    groups: BTreeMap<String, Vec<Approver>>,
    people: People,
    /// In order; the default route is the last and matches everything.
    routes: Vec<(Globs, Route)>,
    hosts: Hosts,
    warnings: Vec<PolicyWarning>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "People({} of them)", self.0.len())
    }
}

/// Why a text is no policy. It goes into logs: no part of it repeats a value, and of keys only those made of
/// `[A-Za-z0-9_-]`, others are shown as `?`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, {key}: {problem}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key as a path, such as `route 1.approvers[2]`, where routes and persons are numbered from 1; `policy` for the
    /// text as a whole.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What is odd about a valid policy. It goes into the same places as a [`PolicyError`], under the same rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}, {key}: {problem}")]
pub struct PolicyWarning {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key as a path.
    pub key: String,
    /// What may not be meant.
    pub problem: String,
}

/// What a policy says about the approvals that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name: its own, or `route 1` for the first and so on, or `default`. It holds no address.
    pub name: String,
    /// Who may decide: groups resolved, each person once, in the order of the text.
    pub approvers: Vec<Approver>,
    /// How many of them must approve. There are enough of them, without the one who started the execution too when that
    /// one may not approve.
    pub quorum: Quorum,
    /// How long before the links expire those who have not voted are reminded: longest first, each at least two hours,
    /// none twice.
    pub remind: Vec<Duration>,
    /// How long the links work from when the approvers are asked, if less than CodePipeline waits: 5 minutes to 60 days.
    pub expires: Option<Duration>,
    /// Whether a rejection needs a comment.
    pub reason_required: bool,
    /// Whether the person who started the execution may approve it. [`Policy::recognise`] says who that is.
    pub initiator_may_approve: bool,
    /// Whether somebody is asked where no person started the execution, and its initiator may not approve it.
    pub automatic_start: AutomaticStart,
    /// Whose approval is needed where the same execution was rejected before and is asked for again.
    pub after_rejection: AfterRejection,
    /// What language the emails are written in.
    pub language: Language,
    /// The time zone in which emails and pages tell moments to those who have none of their own.
    pub time_zone: TimeZone,
    /// Where answers to the emails go.
    pub reply_to: Option<Address>,
    /// Who gets the emails without links: groups resolved, each person once, no approvers.
    pub copy: Vec<Approver>,
}

/// What a route that bars the initiator says of executions that a push, a schedule or a rule started. Whoever can cause
/// one of these stays unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomaticStart {
    /// Every approver may approve.
    Allow,
    /// Nobody is asked.
    Refuse,
}

/// What a route says of an execution that was rejected and whose stage was then retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRejection {
    /// Anybody who may decide decides.
    Anybody,
    /// One of the approvals must be by whoever rejected last.
    Rejecter,
}

/// Why an approval has no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrouted<'a> {
    /// No route matches, and there is no default route.
    NoRoute,
    /// This route would match if capitals and small letters were the same, and what matches instead, if anything, would
    /// take any name in their place. Whoever wrote the policy may well have meant this route.
    OnlyInCase(&'a Route),
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        parse::policy(text)
    }
}

impl Policy {
    /// The first route that matches, else the default route.
    ///
    /// # Errors
    /// When nobody may decide this.
    pub fn route(&self, action: &ApprovalAction) -> Result<&Route, Unrouted<'_>> {
        let mut misses = Vec::new();
        for (globs, route) in &self.routes {
            match globs.fit(action) {
                Fit::OnlyInCase(parts) => misses.push((route, parts)),
                Fit::Matches => {
                    let meant = misses.into_iter().find(|(_, parts)| globs.leave_open(parts));
                    return meant.map_or(Ok(route), |(meant, _)| Err(Unrouted::OnlyInCase(meant)));
                }
                Fit::Differs => {}
            }
        }
        Err(misses.first().map_or(Unrouted::NoRoute, |(meant, _)| Unrouted::OnlyInCase(meant)))
    }

    /// Every route in the order in which they are tried, with what it matches. The default route comes last.
    pub fn routes(&self) -> impl Iterator<Item = (&Globs, &Route)> {
        self.routes.iter().map(|(globs, route)| (globs, route))
    }

    /// Where repositories are that their organisations host themselves.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// What is valid, but may not be meant, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    /// The groups that a person is in.
    pub fn groups_of(&self, address: &Address) -> impl Iterator<Item = &str> {
        let identity = address.identity();
        self.groups
            .iter()
            .filter(move |(_, members)| members.iter().any(|member| member.address.identity() == identity))
            .map(|(name, _)| name.as_str())
    }

    /// The address by which the policy knows a person, of whom this is one of the addresses.
    #[must_use]
    pub fn address_of(&self, address: &Address) -> Option<&Address> {
        self.person(address).map(|person| &person.address)
    }

    /// The person whom the policy knows by this address, with their name if it has one.
    #[must_use]
    pub fn person(&self, address: &Address) -> Option<&Approver> {
        self.people.get(address).map(|person| &person.approver)
    }

    /// The time zone that the policy gives a person, of whom this is one of the addresses.
    #[must_use]
    pub fn time_zone_of(&self, address: &Address) -> Option<TimeZone> {
        self.people.get(address).and_then(|person| person.time_zone)
    }

    /// Who a principal is that started an execution in this account: one of the `[[person]]`s, of the groups' members or
    /// of the approvers.
    #[must_use]
    pub fn recognise(&self, principal: &PrincipalArn, account: &AccountId) -> Recognition<'_> {
        self.people.recognise(principal, account)
    }
}

#[cfg(test)]
mod tests;
