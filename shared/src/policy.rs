//! Who may decide what: the policy, a TOML text that a deployment keeps in an SSM parameter.
//!
//! A policy is a list of routes. The first one whose globs match an approval's account, region, pipeline, stage and
//! action says who is asked, how many must approve and until when. Parsing is strict: a text that could mean something
//! other than what its author meant is refused as a whole, with the place and the key, so that nothing fails open.
//! `docs/POLICY.md` describes every key.

mod document;
mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use glob::Pattern;
use time::Duration;

use crate::approval::{Address, ApprovalAction, Approver, Quorum};
use crate::l10n::Language;

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
    aliases: Aliases,
    /// In order; the default route is the last and matches everything.
    routes: Vec<(Globs, Route)>,
}

/// AWS's names for people, in lower case, and their addresses. The names are often addresses themselves.
#[derive(Clone, Default)]
struct Aliases(BTreeMap<String, Address>);

impl fmt::Debug for Aliases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aliases({} of them)", self.0.len())
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
    /// The key as a path, such as `route[0].approvers[2]`; `policy` for the text as a whole.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What a policy says about the approvals that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name: its own, or `route 1` for the first and so on, or `default`. It holds no address.
    pub name: String,
    /// Who may decide: groups resolved, each mailbox once, in the order of the text.
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
    /// Whether the person who started the execution may approve it. [`Policy::is`] recognises them.
    pub initiator_may_approve: bool,
    /// What language the emails are written in.
    pub language: Language,
    /// Where answers to the emails go.
    pub reply_to: Option<Address>,
    /// Who gets the emails without links: groups resolved, each mailbox once, no approvers.
    pub copy: Vec<Approver>,
}

/// A part of an approval that routes have a glob for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The account that owns the pipeline.
    Account,
    /// The pipeline's region.
    Region,
    /// The pipeline's name.
    Pipeline,
    /// The stage's name.
    Stage,
    /// The action's name.
    Action,
}

impl Part {
    /// All of them, from the outside in.
    pub const ALL: [Self; 5] = [Self::Account, Self::Region, Self::Pipeline, Self::Stage, Self::Action];

    /// Its key in a route.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::Pipeline => "pipeline",
            Self::Stage => "stage",
            Self::Action => "action",
        }
    }

    fn of(self, action: &ApprovalAction) -> &str {
        match self {
            Self::Account => action.account.as_str(),
            Self::Region => action.region.as_str(),
            Self::Pipeline => action.pipeline.as_str(),
            Self::Stage => action.stage.as_str(),
            Self::Action => action.action.as_str(),
        }
    }
}

/// What a route matches: a glob for each part. A part without one is anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Globs(Vec<(Part, Pattern)>);

impl Globs {
    /// The glob for a part, unless that may be anything.
    #[must_use]
    pub fn get(&self, part: Part) -> Option<&str> {
        self.pattern(part).map(Pattern::as_str)
    }

    /// Whether a part may be called this. Capitals and small letters differ, as they do in CodePipeline.
    #[must_use]
    pub fn admit(&self, part: Part, name: &str) -> bool {
        self.pattern(part).is_none_or(|pattern| pattern.matches(name))
    }

    fn match_all(&self, action: &ApprovalAction) -> bool {
        Part::ALL.into_iter().all(|part| self.admit(part, part.of(action)))
    }

    /// Whether everything that `other` matches is plainly matched by this: each part is the same glob, or anything.
    fn cover(&self, other: &Self) -> bool {
        self.0.iter().all(|(part, pattern)| other.pattern(*part) == Some(pattern))
    }

    fn pattern(&self, part: Part) -> Option<&Pattern> {
        self.0.iter().find(|(own, _)| *own == part).map(|(_, pattern)| pattern)
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        parse::policy(text)
    }
}

impl Policy {
    /// The first route that matches, else the default route. `None` when nobody may decide this.
    #[must_use]
    pub fn route(&self, action: &ApprovalAction) -> Option<&Route> {
        self.routes.iter().find(|(globs, _)| globs.match_all(action)).map(|(_, route)| route)
    }

    /// Every route in the order in which they are tried, with what it matches. The default route comes last.
    pub fn routes(&self) -> impl Iterator<Item = (&Globs, &Route)> {
        self.routes.iter().map(|(globs, route)| (globs, route))
    }

    /// Every alias, in lower case, and the address that it means.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &Address)> {
        self.aliases.0.iter().map(|(alias, address)| (alias.as_str(), address))
    }

    /// The groups that a mailbox is in.
    pub fn groups_of(&self, address: &Address) -> impl Iterator<Item = &str> {
        let identity = address.identity();
        self.groups
            .iter()
            .filter(move |(_, members)| members.iter().any(|member| member.address.identity() == identity))
            .map(|(name, _)| name.as_str())
    }

    /// Whether `principal`, the name of an IAM user or of a role session, is this approver: the name
    /// is their address, or the part of it before the `@`, or an alias of it. Case does not matter.
    #[must_use]
    pub fn is(&self, principal: &str, approver: &Address) -> bool {
        let principal = principal.to_ascii_lowercase();
        let address = approver.identity();
        let local = address.rsplit_once('@').map(|(local, _)| local);
        let alias = self.aliases.0.get(&principal).map(Address::identity);
        principal == address || local == Some(principal.as_str()) || alias.is_some_and(|alias| alias == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [groups]
        platform = ["Ada Lovelace <ada@example.com>", "ben@example.com"]
        second = ["Ada@Example.com"]

        [aliases]
        "AArcher" = "ada@example.com"
        "b.brook@corp.example" = "ben@example.com"

        [[route]]
        account = "1111*"
        approvers = ["platform"]
        [[route]]
        region = "eu-*-1"
        pipeline = "payments-*"
        approvers = ["platform"]
        [[route]]
        pipeline = "payments-?pi"
        stage = "Prod*"
        approvers = ["platform"]
        [[route]]
        name = "one of three"
        pipeline = "[a-c]*"
        approvers = ["platform"]
        [[route]]
        pipeline = "[!a-z]*"
        approvers = ["platform"]
        [[route]]
        name = "by action"
        action = "Sign[-_]off"
        approvers = ["platform"]
    "#;

    fn action([account, region, pipeline, stage, action]: [&str; 5]) -> ApprovalAction {
        ApprovalAction {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
            pipeline: pipeline.parse().unwrap(),
            stage: stage.parse().unwrap(),
            action: action.parse().unwrap(),
        }
    }

    #[test]
    fn the_first_route_that_matches_decides() {
        let policy: Policy = TEXT.parse().unwrap();
        for (names, expected) in [
            // The account alone; everything else may be anything.
            (["111122223333", "eu-west-1", "payments-api", "Production", "Approve"], Some("route 1")),
            (["111100000000", "us-east-2", "x", "Y", "z"], Some("route 1")),
            // Region and pipeline must both match; a star takes nothing, too.
            (["222222222222", "eu-west-1", "payments-api", "Production", "Approve"], Some("route 2")),
            (["222222222222", "eu-central-1", "payments-", "Test", "Approve"], Some("route 2")),
            (["222222222222", "eu-west-2", "payments-api", "Production", "Approve"], Some("route 3")),
            (["222222222222", "eu-west-1", "payment-api", "Production", "Approve"], None),
            // A question mark is one character.
            (["222222222222", "us-east-2", "payments-xpi", "Prod", "Approve"], Some("route 3")),
            (["222222222222", "us-east-2", "payments-pi", "Prod", "Approve"], None),
            (["222222222222", "us-east-2", "payments-aapi", "Prod", "Approve"], None),
            // The stage, with its capitals.
            (["222222222222", "us-east-2", "payments-api", "Test", "Approve"], None),
            (["222222222222", "us-east-2", "payments-api", "production", "Approve"], None),
            // A class of characters, and everything outside one.
            (["222222222222", "us-east-2", "backend", "Test", "Approve"], Some("one of three")),
            (["222222222222", "us-east-2", "c", "Test", "Approve"], Some("one of three")),
            (["222222222222", "us-east-2", "d", "Test", "Approve"], None),
            (["222222222222", "us-east-2", "Backend", "Test", "Approve"], Some("route 5")),
            (["222222222222", "us-east-2", "9lives", "Test", "Approve"], Some("route 5")),
            // The action. A whole name must match, not a part of it.
            (["222222222222", "us-east-2", "d", "Test", "Sign-off"], Some("by action")),
            (["222222222222", "us-east-2", "d", "Test", "Sign_off"], Some("by action")),
            (["222222222222", "us-east-2", "d", "Test", "Sign-off-2"], None),
            (["222222222222", "us-east-2", "d", "Test", "sign-off"], None),
        ] {
            let action = action(names);
            assert_eq!(policy.route(&action).map(|route| route.name.as_str()), expected, "{names:?}");
            let with_default: Policy = format!("{TEXT}\n[default]\napprovers = [\"platform\"]").parse().unwrap();
            let name = with_default.route(&action).map(|route| route.name.as_str());
            assert_eq!(name, Some(expected.unwrap_or(DEFAULT)), "{names:?}");
        }
    }

    #[test]
    fn the_default_route_is_tried_last_wherever_it_stands() {
        let text = "[default]\napprovers = [\"ada@example.com\"]\n\
                    [[route]]\nstage = \"Production\"\napprovers = [\"ben@example.com\"]\n";
        let policy: Policy = text.parse().unwrap();
        let names: Vec<&str> = policy.routes().map(|(_, route)| route.name.as_str()).collect();
        assert_eq!(names, ["route 1", "default"]);
        let route = policy.route(&action(["123456789012", "us-east-2", "p", "Production", "a"])).unwrap();
        assert_eq!(route.approvers, ["ben@example.com".parse().unwrap()]);
    }

    #[test]
    fn a_route_tells_why_it_does_not_match() {
        let policy: Policy = TEXT.parse().unwrap();
        let (globs, _) = policy.routes().nth(1).unwrap();
        assert!(globs.admit(Part::Pipeline, "payments-api") && !globs.admit(Part::Region, "us-east-2"));
        assert!(globs.admit(Part::Account, "anything"), "no glob");
        assert_eq!(globs.get(Part::Region), Some("eu-*-1"));
        assert_eq!(globs.get(Part::Account), None);
    }

    #[test]
    fn a_person_is_known_by_address_name_or_alias() {
        let policy: Policy = TEXT.parse().unwrap();
        let (ada, ben): (Address, Address) = ("Ada@example.com".parse().unwrap(), "ben@example.com".parse().unwrap());
        for principal in ["ada@example.com", "ADA@EXAMPLE.COM", "ada", "Ada", "aarcher", "AARCHER"] {
            assert!(policy.is(principal, &ada), "{principal}");
            assert!(!policy.is(principal, &ben), "{principal}");
        }
        for principal in ["ben", "b.brook@corp.example", "B.Brook@CORP.example"] {
            assert!(policy.is(principal, &ben), "{principal}");
        }
        for principal in ["", "a", "ada@", "@example.com", "ada@example.org", "ada ", "adam", "b.brook", "example.com"]
        {
            assert!(!policy.is(principal, &ada) && !policy.is(principal, &ben), "{principal}");
        }
    }

    #[test]
    fn the_groups_of_a_person_are_known() {
        let policy: Policy = TEXT.parse().unwrap();
        let groups =
            |address: &str| -> Vec<String> { policy.groups_of(&address.parse().unwrap()).map(str::to_owned).collect() };
        assert_eq!(groups("ADA@example.com"), ["platform", "second"]);
        assert_eq!(groups("ben@example.com"), ["platform"]);
        assert_eq!(groups("carol@example.com"), [""; 0]);
    }

    #[test]
    fn nobody_shows_in_debug_output() {
        let policy: Policy = TEXT.parse().unwrap();
        let shown = format!("{policy:?}").to_lowercase();
        for part in ["@", "ada", "lovelace", "archer", "brook"] {
            assert!(!shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn the_examples_are_sound_and_the_guide_shows_them() {
        let guide = include_str!("../../docs/POLICY.md");
        for (name, text) in [
            ("small-team.toml", include_str!("../../docs/policies/small-team.toml")),
            ("regulated.toml", include_str!("../../docs/policies/regulated.toml")),
        ] {
            let policy = text.parse::<Policy>();
            assert!(policy.is_ok(), "{name}: {policy:?}");
            let indented: String = text
                .lines()
                .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") })
                .collect();
            assert!(guide.contains(&indented), "docs/POLICY.md does not have {name} as it is");
        }
    }
}
