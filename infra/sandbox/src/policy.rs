//! `sandbox policy`: whether a policy is valid, and whom it would ask. Both work on a file alone, before anything is
//! saved.

use std::fmt::Write;
use std::io::Read;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign::approval::{AccountId, ActionName, Approver, PipelineName, PrincipalArn, Region, StageName};
use countersign::l10n::Language;
use countersign::policy::{
    AfterRejection, AutomaticStart, DEFAULT, Globs, Part, Policy, PolicyError, Recognition, Route,
};

/// A question about a policy.
#[derive(Subcommand)]
pub enum Command {
    /// Checks a policy, and points at the first error in it, or at what may not be meant
    Check {
        /// The policy file; - reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Explains whom a policy would ask about an approval, and why
    Explain {
        /// The policy file; - reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        /// Who starts the release: the ARN of an IAM user or of a role's session. Needs --account
        #[arg(long, value_name = "ARN", requires = "account")]
        initiator: Option<PrincipalArn>,
    },
}

/// The place of an approval.
#[derive(Args)]
pub struct Place {
    /// The pipeline's name
    pipeline: PipelineName,
    /// The stage's name
    stage: StageName,
    /// The approval action's name
    action: ActionName,
    /// The pipeline's account, if the answer depends on it
    #[arg(long, value_name = "NUMBER")]
    account: Option<AccountId>,
    /// The pipeline's region, if the answer depends on it
    #[arg(long, value_name = "NAME")]
    region: Option<Region>,
}

impl Place {
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

/// Answers the question. The exit code is 1 when the answer is no, and 2 when there is no answer.
pub fn run(command: &Command) -> ExitCode {
    let (Command::Check { file } | Command::Explain { file, .. }) = command;
    let (policy, text) = match read(file) {
        Ok(read) => read,
        Err(code) => return code,
    };
    match command {
        Command::Check { .. } => {
            print!("{}", summary(file, &policy));
            for warning in policy.warnings() {
                let problem = format!("warning: {}", warning.problem);
                eprint!("{}", pointer(file, &text, (warning.line, warning.column), &warning.key, &problem));
            }
            ExitCode::SUCCESS
        }
        Command::Explain { place, initiator, .. } => explain(&policy, place, initiator.as_ref()),
    }
}

/// The policy in a file, or in the standard input for `-`, and its text. What is wrong with it is printed.
pub fn read(file: &Path) -> Result<(Policy, String), ExitCode> {
    let text = text(file).map_err(|error| {
        eprintln!("{} cannot be read: {error}", name(file));
        ExitCode::from(2)
    })?;
    match text.parse() {
        Ok(policy) => Ok((policy, text)),
        Err(error) => {
            let PolicyError { line, column, key, problem } = error;
            eprint!("{}", pointer(file, &text, (line, column), &key, &problem));
            Err(ExitCode::FAILURE)
        }
    }
}

/// The name of a file in answers.
pub fn name(file: &Path) -> String {
    if is_standard_input(file) { "<stdin>".to_owned() } else { file.display().to_string() }
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// What is in a file, or at the standard input for `-`.
pub fn text(file: &Path) -> std::io::Result<String> {
    if !is_standard_input(file) {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// An error or a warning as compilers write it, with the line, since the terminal belongs to its author.
fn pointer(file: &Path, text: &str, (line, column): (usize, usize), key: &str, problem: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    let source: String = text.lines().nth(line - 1).unwrap_or_default().chars().map(visible).collect();
    // A tab is as wide in the second line as in the first.
    let indent: String = source.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
    format!("{}:{line}:{column}: {key}: {problem}\n    {source}\n    {indent}^\n", name(file))
}

fn summary(file: &Path, policy: &Policy) -> String {
    let mut out = format!("{} is valid.\n", name(file));
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

fn explain(policy: &Policy, place: &Place, initiator: Option<&PrincipalArn>) -> ExitCode {
    let names = Part::ALL.map(|part| place.name(part).map(|name| format!("{} {name}", part.key())));
    println!("{}:\n", names.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let mut misses: Vec<(&Route, Vec<Part>)> = Vec::new();
    for (globs, route) in policy.routes() {
        match fit(globs, place) {
            Fit::Differs(why) => println!("  {} does not match: {why}", route.name),
            Fit::OnlyInCase(why, parts) => {
                println!("  {} does not match: {why}", route.name);
                misses.push((route, parts));
            }
            Fit::Unknown(parts) => {
                let keys = parts.iter().map(|part| part.key()).collect::<Vec<_>>().join(" and ");
                println!("  {} may match: that depends on the {keys}", route.name);
                let options = parts.iter().map(|part| format!("--{}", part.key())).collect::<Vec<_>>().join(" and ");
                eprintln!("Say which {keys}, with {options}.");
                return ExitCode::from(2);
            }
            Fit::Matches => {
                if let Some((meant, _)) = misses.iter().find(|(_, parts)| globs.leave_open(parts)) {
                    return only_in_case(meant);
                }
                println!("  {} matches\n\n{}", route.name, terms(policy, route));
                return initiator.map_or(ExitCode::SUCCESS, |initiator| started_by(policy, route, place, initiator));
            }
        }
    }
    if let Some((meant, _)) = misses.first() {
        return only_in_case(meant);
    }
    println!("\nNo route matches, and there is no [default]: nobody is asked, and the notifier reports an error.");
    ExitCode::FAILURE
}

/// What happens where a route was probably meant and does not match.
fn only_in_case(meant: &Route) -> ExitCode {
    println!(
        "\n{} would match if capitals and small letters were the same: nobody is asked, and the notifier reports an error.",
        meant.name
    );
    ExitCode::FAILURE
}

/// What a release that this principal starts means for its approval.
fn started_by(policy: &Policy, route: &Route, place: &Place, initiator: &PrincipalArn) -> ExitCode {
    // The option needs the account.
    let Some(account) = &place.account else { return ExitCode::from(2) };
    let person = match policy.recognise(initiator, account) {
        Recognition::Person(address) => {
            let approver = route.approvers.iter().find(|approver| approver.address.identity() == address.identity());
            let (who, consequence) = match (approver, route.initiator_may_approve) {
                (Some(approver), true) => (approver.expose(), "may approve"),
                (Some(approver), false) => (approver.expose(), "may reject, but not approve"),
                (None, _) => (address.expose().to_owned(), "is no approver here"),
            };
            println!("\n{} is {who}, who {consequence}.", initiator.expose());
            return ExitCode::SUCCESS;
        }
        Recognition::Nobody => "is not recognised as any person",
        Recognition::Several => "may be any of several persons",
    };
    if route.initiator_may_approve {
        println!("\n{} {person}. Emails and pages say that it may be an approver.", initiator.expose());
        ExitCode::SUCCESS
    } else {
        println!("\n{} {person}: nobody is asked, and the notifier reports an error.", initiator.expose());
        ExitCode::FAILURE
    }
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

fn fit(globs: &Globs, place: &Place) -> Fit {
    let (mut differences, mut unknown, mut in_case) = (Vec::new(), Vec::new(), Vec::new());
    for part in Part::ALL {
        let Some(glob) = globs.get(part) else { continue };
        match place.name(part) {
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
