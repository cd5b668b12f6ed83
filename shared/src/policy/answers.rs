//! What a policy says, in words for whoever writes it: whether it is valid, and whom it would ask about an approval. The
//! same words come from the command line and from a deployment.

use std::fmt::Write;
use std::iter;

use super::{AfterRejection, AutomaticStart, DEFAULT, Globs, Part, Policy, PolicyError, Recognition, Route};
use crate::approval::{AccountId, ActionName, Approver, PipelineName, PrincipalArn, Region, StageName};
use crate::l10n::Language;
use crate::text::bounded;

/// The answer to a question about a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is what one would hope for.
    pub verdict: Verdict,
    /// The answer, in lines.
    pub said: String,
    /// Errors, warnings, and what the question lacks, in lines.
    pub problems: String,
}

/// Whether an answer is what one would hope for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The policy is valid, or somebody would be asked.
    Yes,
    /// It is not, or nobody would.
    No,
    /// The question lacks something on which the answer depends.
    Unclear,
}

/// The place of an approval, and who starts the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The pipeline's name.
    pub pipeline: PipelineName,
    /// The stage's name.
    pub stage: StageName,
    /// The approval action's name.
    pub action: ActionName,
    /// The pipeline's account, which only some answers depend on.
    pub account: Option<AccountId>,
    /// The pipeline's region, which only some answers depend on.
    pub region: Option<Region>,
    /// Who starts the release. That needs the account.
    pub initiator: Option<PrincipalArn>,
}

impl Question {
    fn name(&self, part: Part) -> Option<&str> {
        match part {
            Part::Account => self.account.as_ref().map(AccountId::as_str),
            Part::Region => self.region.as_ref().map(Region::as_str),
            Part::Pipeline => Some(self.pipeline.as_str()),
            Part::Stage => Some(self.stage.as_str()),
            Part::Action => Some(self.action.as_str()),
        }
    }
}

/// Checks a policy that is called `name`, and points at the first error in it, or at what may not be meant.
#[must_use]
pub fn check(name: &str, text: &str) -> Answer {
    match text.parse::<Policy>() {
        Ok(policy) => {
            let warnings = policy.warnings();
            let shown = warnings.iter().take(MAX_WARNINGS).map(|warning| {
                let problem = format!("warning: {}", warning.problem);
                pointer(name, text, (warning.line, warning.column), &warning.key, &problem)
            });
            let mut problems: String = shown.collect();
            if warnings.len() > MAX_WARNINGS {
                let _ = writeln!(problems, "Warnings that are not shown: {}", warnings.len() - MAX_WARNINGS);
            }
            Answer { verdict: Verdict::Yes, said: summary(name, &policy), problems }
        }
        Err(error) => refused(name, text, &error),
    }
}

/// The answer for a policy that is not valid.
#[must_use]
pub fn refused(name: &str, text: &str, error: &PolicyError) -> Answer {
    let PolicyError { line, column, key, problem } = error;
    let problems = pointer(name, text, (*line, *column), key, problem);
    Answer { verdict: Verdict::No, said: String::new(), problems }
}

/// Explains whom a policy would ask about an approval, and why. A question with an initiator and without an account has no
/// answer.
#[must_use]
pub fn explain(policy: &Policy, question: &Question) -> Answer {
    let mut said = String::new();
    let (verdict, problems) = match answer(policy, question, &mut said) {
        Ok(true) => (Verdict::Yes, String::new()),
        Ok(false) => (Verdict::No, String::new()),
        Err(missing) => (Verdict::Unclear, missing + "\n"),
    };
    Answer { verdict, said, problems }
}

/// How many warnings are shown. Two routes of two hundred can be too alike in twenty thousand ways, and Lambda answers no
/// more than 6 MB.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_WARNINGS: usize = 20;
/// How much of a line is shown before and behind the place that is wrong, in characters.
const MAX_BESIDE: usize = 100;
/// The most characters of what is wrong, and of the key where.
const MAX_PROBLEM: usize = 1000;
const MAX_KEY: usize = 200;

/// An error or a warning as compilers write it, with the line, since the terminal belongs to its author. Of a long line it
/// shows what is around the place.
fn pointer(name: &str, text: &str, (line, column): (usize, usize), key: &str, problem: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let skipped = column.saturating_sub(1 + MAX_BESIDE);
    let before = column.saturating_sub(1 + skipped);
    let mut shown = source.chars().skip(skipped).map(visible);
    let mut source: String = if skipped > 0 { "…" } else { "" }.to_owned();
    source.extend(shown.by_ref().take(before + MAX_BESIDE));
    // A tab is as wide in the second line as in the first.
    let before = before + usize::from(skipped > 0);
    let indent: String = source.chars().take(before).map(|c| if c == '\t' { c } else { ' ' }).collect();
    if shown.next().is_some() {
        source.push('…');
    }
    let (key, problem) = (bounded(key, MAX_KEY), bounded(problem, MAX_PROBLEM));
    format!("{name}:{line}:{column}: {key}: {problem}\n    {source}\n    {indent}^\n")
}

fn summary(name: &str, policy: &Policy) -> String {
    let mut out = format!("{name} is valid.\n");
    for (_, route) in policy.routes() {
        let (quorum, approvers) = (route.quorum.get(), route.approvers.len());
        let _ = writeln!(out, "  {}: {quorum} of {approvers} must approve", route.name);
    }
    if !policy.routes().any(|(_, route)| route.name == DEFAULT) {
        out.push_str("  There is no [default]: an approval that no route matches is an error.\n");
    }
    let warnings = policy.warnings().len();
    if warnings > 0 {
        let _ = writeln!(out, "  Warnings, which do not make it invalid: {warnings}");
    }
    out
}

/// Whether somebody would be asked, and how it comes to that. An error says what the question lacks.
fn answer(policy: &Policy, question: &Question, said: &mut String) -> Result<bool, String> {
    let names = Part::ALL.map(|part| question.name(part).map(|name| format!("{} {name}", part.key())));
    let _ = writeln!(said, "{}:\n", names.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let mut misses: Vec<(&Route, Vec<Part>)> = Vec::new();
    for (globs, route) in policy.routes() {
        match fit(globs, question) {
            Fit::Differs(why) => {
                let _ = writeln!(said, "  {} does not match: {why}", route.name);
            }
            Fit::OnlyInCase(why, parts) => {
                let _ = writeln!(said, "  {} does not match: {why}", route.name);
                misses.push((route, parts));
            }
            Fit::Unknown(parts) => {
                let keys = parts.iter().map(|part| part.key()).collect::<Vec<_>>().join(" and ");
                let _ = writeln!(said, "  {} may match: that depends on the {keys}", route.name);
                return Err(format!("Say which {keys}."));
            }
            Fit::Matches => {
                if let Some((meant, _)) = misses.iter().find(|(_, parts)| globs.leave_open(parts)) {
                    return Ok(only_in_case(meant, said));
                }
                let _ = writeln!(said, "  {} matches\n\n{}", route.name, terms(policy, route));
                return match &question.initiator {
                    Some(initiator) => started_by(policy, route, question, initiator, said),
                    None => Ok(true),
                };
            }
        }
    }
    if let Some((meant, _)) = misses.first() {
        return Ok(only_in_case(meant, said));
    }
    said.push_str(
        "\nNo route matches, and there is no [default]: nobody is asked, and the notifier reports an error.\n",
    );
    Ok(false)
}

/// What happens where a route was probably meant and does not match.
fn only_in_case(meant: &Route, said: &mut String) -> bool {
    let _ = writeln!(
        said,
        "\n{} would match if capitals and small letters were the same: nobody is asked, and the notifier reports an error.",
        meant.name
    );
    false
}

/// What a release that this principal starts means for its approval.
fn started_by(
    policy: &Policy,
    route: &Route,
    question: &Question,
    initiator: &PrincipalArn,
    said: &mut String,
) -> Result<bool, String> {
    let account = question.account.as_ref().ok_or("Say which account.")?;
    let person = match policy.recognise(initiator, account) {
        Recognition::Person(address) => {
            let approver = route.approvers.iter().find(|approver| approver.address.identity() == address.identity());
            let (who, consequence) = match (approver, route.initiator_may_approve) {
                (Some(approver), true) => (approver.expose(), "may approve"),
                (Some(approver), false) => (approver.expose(), "may reject, but not approve"),
                (None, _) => (address.expose().to_owned(), "is no approver here"),
            };
            let _ = writeln!(said, "\n{} is {who}, who {consequence}.", initiator.expose());
            return Ok(true);
        }
        Recognition::Nobody => "is not recognised as any person",
        Recognition::Several => "may be any of several persons",
    };
    let consequence = if route.initiator_may_approve {
        ". Emails and pages say that it may be an approver."
    } else {
        ": nobody is asked, and the notifier reports an error."
    };
    let _ = writeln!(said, "\n{} {person}{consequence}", initiator.expose());
    Ok(route.initiator_may_approve)
}

/// The fit of a route's globs to a place.
enum Fit {
    Matches,
    /// The reason for which the route does not match, and the parts that would if case did not matter.
    OnlyInCase(String, Vec<Part>),
    /// The reason for which the route does not match.
    Differs(String),
    /// The missing facts on which the answer depends.
    Unknown(Vec<Part>),
}

fn fit(globs: &Globs, question: &Question) -> Fit {
    let (mut differences, mut unknown, mut in_case) = (Vec::new(), Vec::new(), Vec::new());
    for part in Part::ALL {
        let Some(glob) = globs.get(part) else { continue };
        match question.name(part) {
            Some(name) if globs.admit(part, name) => {}
            Some(name) if globs.admit_ignoring_case(part, name) => {
                differences.push(format!("{} is {glob} only if case does not matter", part.key()));
                in_case.push(part);
            }
            Some(_) => differences.push(format!("{} is not {glob}", part.key())),
            None => unknown.push(part),
        }
    }
    // What misses only in case may be what was meant, so the rest counts.
    if differences.len() > in_case.len() {
        Fit::Differs(differences.join(", "))
    } else if !unknown.is_empty() {
        Fit::Unknown(unknown)
    } else if !in_case.is_empty() {
        Fit::OnlyInCase(differences.join(", "), in_case)
    } else {
        Fit::Matches
    }
}

/// The settings of a route, one line each.
fn terms(policy: &Policy, route: &Route) -> String {
    let texts = Language::ENGLISH.texts();
    let people = |people: &[Approver]| match people {
        [] => vec!["nobody".to_owned()],
        people => people.iter().map(|person| with_groups(policy, person)).collect(),
    };
    let reminders = match route.remind.as_slice() {
        [] => "none".to_owned(),
        remind => {
            let remind: Vec<String> = remind.iter().map(|before| texts.span(*before)).collect();
            format!("{} before the links expire, to those who have not voted", remind.join(", "))
        }
    };
    let expires = match route.expires {
        Some(after) => {
            format!(
                "{} after the approvers are asked, or when CodePipeline stops waiting, if that is earlier",
                texts.span(after)
            )
        }
        None => "when CodePipeline stops waiting".to_owned(),
    };
    let mut rejection = vec![if route.reason_required { "needs a comment" } else { "does not need a comment" }];
    if route.after_rejection == AfterRejection::Rejecter {
        rejection.push("must be followed by an approval of the same person, where the stage is retried");
    }
    let initiator = match (route.initiator_may_approve, route.automatic_start) {
        (true, _) => vec!["may approve"],
        (false, AutomaticStart::Allow) => vec!["may not approve"],
        (false, AutomaticStart::Refuse) => {
            vec!["may not approve", "must be a person: nobody is asked after a push, a schedule or a rule"]
        }
    };
    let reply_to =
        route.reply_to.as_ref().map_or("the deployment's ReplyTo, or else its sender", |address| address.expose());
    let terms = [
        ("approvers", people(&route.approvers)),
        ("quorum", vec![format!("{} of {}", route.quorum.get(), route.approvers.len())]),
        ("reminders", vec![reminders]),
        ("links expire", vec![expires]),
        ("a rejection", rejection.into_iter().map(str::to_owned).collect()),
        ("the initiator", initiator.into_iter().map(str::to_owned).collect()),
        ("language", vec![route.language.to_string()]),
        ("time zone", time_zones(policy, route)),
        ("replies go to", vec![reply_to.to_owned()]),
        ("copies go to", people(&route.copy)),
    ];
    let mut out = String::new();
    for (term, lines) in terms {
        for (index, line) in lines.iter().enumerate() {
            let term = if index == 0 { term } else { "" };
            let _ = writeln!(out, "  {term:<14} {line}");
        }
    }
    out.trim_end().to_owned()
}

/// The time zone of a route, and whose is another.
fn time_zones(policy: &Policy, route: &Route) -> Vec<String> {
    let people = route.approvers.iter().chain(&route.copy);
    let own = people.filter_map(|person| Some((person, policy.time_zone_of(&person.address)?)));
    let others = own.filter(|(_, zone)| *zone != route.time_zone);
    let others = others.map(|(person, zone)| format!("{zone} for {}", person.expose()));
    iter::once(route.time_zone.to_string()).chain(others).collect()
}

fn with_groups(policy: &Policy, person: &Approver) -> String {
    let groups: Vec<&str> = policy.groups_of(&person.address).collect();
    if groups.is_empty() { person.expose() } else { format!("{}, in {}", person.expose(), groups.join(", ")) }
}
