//! `sandbox policy`: whether a policy is valid, and whom it would ask. Both work on a file alone, before anything is
//! saved.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign::approval::{AccountId, ActionName, PipelineName, PrincipalArn, Region, StageName};
use countersign::policy::answers::{Answer, Question, Verdict};
use countersign::policy::{Policy, answers};

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

/// Answers the question. The exit code is 1 when the answer is no, and 2 when there is no answer.
pub fn run(command: Command) -> ExitCode {
    let (Command::Check { file } | Command::Explain { file, .. }) = &command;
    let text = match text_of(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let name = name(file);
    match command {
        Command::Check { .. } => print(&answers::check(&name, &text)),
        Command::Explain { place: Place { pipeline, stage, action, account, region }, initiator, .. } => {
            let question = Question { pipeline, stage, action, account, region, initiator };
            match text.parse() {
                Ok(policy) => print(&answers::explain(&policy, &question)),
                Err(error) => print(&answers::refused(&name, &text, &error)),
            }
        }
    }
}

fn print(answer: &Answer) -> ExitCode {
    print!("{}", answer.said);
    eprint!("{}", answer.problems);
    match answer.verdict {
        Verdict::Yes => ExitCode::SUCCESS,
        Verdict::No => ExitCode::FAILURE,
        Verdict::Unclear => ExitCode::from(2),
    }
}

/// The text of the policy in a file, or in the standard input for `-`. What is wrong with it is printed.
pub fn read(file: &Path) -> Result<String, ExitCode> {
    let text = text_of(file)?;
    match text.parse::<Policy>() {
        Ok(_) => Ok(text),
        Err(error) => Err(print(&answers::refused(&name(file), &text, &error))),
    }
}

fn text_of(file: &Path) -> Result<String, ExitCode> {
    text(file).map_err(|error| {
        eprintln!("{} cannot be read: {error}", name(file));
        ExitCode::from(2)
    })
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
