//! `sandbox verify`: whether evidence holds, offline.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign::evidence::TrustedKeys;
use countersign::keys::Fingerprint;

use crate::policy::{name, text};

/// A file with evidence, and the keys to trust.
#[derive(Args)]
pub struct Command {
    /// The answer of the notifier to the command evidence; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The fingerprint of a request key of the deployment; may be repeated, and be a list with commas
    #[arg(long, value_name = "FINGERPRINT", required = true, value_delimiter = ',')]
    request_key: Vec<Fingerprint>,
    /// The fingerprint of a vote key of the deployment; may be repeated, and be a list with commas
    #[arg(long, value_name = "FINGERPRINT", value_delimiter = ',')]
    vote_key: Vec<Fingerprint>,
}

/// Verifies the evidence. The exit code is 1 when it does not hold, and 2 when it cannot be read.
pub fn run(command: Command) -> ExitCode {
    let Command { file, request_key, vote_key } = command;
    let text = match text(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{} cannot be read: {error}", name(&file));
            return ExitCode::from(2);
        }
    };
    match sandbox::evidence::report(&text, &TrustedKeys { request: request_key, vote: vote_key }) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{} proves nothing: {problem}", name(&file));
            ExitCode::FAILURE
        }
    }
}
