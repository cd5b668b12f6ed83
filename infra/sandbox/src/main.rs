//! `cargo run -p sandbox`: everything on one machine.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks at its terminal")]

use std::process::ExitCode;

use countersign::log::LevelFilter;
use lexopt::prelude::*;
use sandbox::{Options, Sandbox};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const HELP: &str = "\
Countersign's sandbox: both functions and the AWS they need, on 127.0.0.1.

Usage: cargo run -p sandbox -- [OPTIONS]

  --port NUMBER       the port; 0 takes a free one [3000]
  --approvers LIST    who is asked: addresses, or Name <address>, separated by commas
  --quorum NUMBER     how many of them must approve [1]
  --help              this text";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    // What the functions log goes where logs of a command belong; the address alone is its output.
    tracing_subscriber::registry()
        .with(countersign::log::filter(LevelFilter::INFO))
        .with(tracing_subscriber::fmt::layer().compact().without_time().with_writer(std::io::stderr))
        .init();
    match Sandbox::start(options).await {
        Ok(sandbox) => {
            println!("Countersign sandbox: {}\nStop it with Ctrl-C.", sandbox.url());
            match tokio::signal::ctrl_c().await {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("approvers") => options.approvers = arguments.value()?.string()?,
            Long("quorum") => options.quorum = arguments.value()?.string()?,
            Long("help") | Short('h') => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(options))
}
