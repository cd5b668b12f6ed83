//! `cargo run -p sandbox`: everything on one machine.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks at its terminal")]

mod policy;

use std::path::PathBuf;
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
  --policy FILE       a policy, instead of --approvers and --quorum
  --help              this text

       cargo run -p sandbox -- policy check FILE

says whether a policy is sound, and where it is not. FILE is - for the standard input.

       cargo run -p sandbox -- policy explain FILE PIPELINE STAGE ACTION

says whom a policy would ask, and why.

  --account NUMBER    the pipeline's account, where the answer depends on it
  --region NAME       the pipeline's region, where the answer depends on it";

/// What there is to do.
enum Order {
    /// Say how this works.
    Help,
    /// Run the sandbox, with the policy in a file if there is one.
    Serve(Options, Option<PathBuf>),
    /// See to a policy.
    Policy(policy::Order),
}

#[tokio::main]
async fn main() -> ExitCode {
    match order() {
        Ok(Order::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Order::Serve(options, policy)) => serve(options, policy).await,
        Ok(Order::Policy(order)) => policy::run(&order),
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

async fn serve(mut options: Options, policy: Option<PathBuf>) -> ExitCode {
    if let Some(file) = policy {
        match policy::read(&file) {
            Ok((_, text)) => options.policy = Some(text),
            Err(code) => return code,
        }
    }
    // What the functions log goes where logs of a command belong; the address alone is its output.
    tracing_subscriber::registry()
        .with(countersign::log::filter(LevelFilter::INFO, &["callback", "notifier"]))
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

fn order() -> Result<Order, lexopt::Error> {
    let mut arguments = lexopt::Parser::from_env();
    if arguments.try_raw_args().is_some_and(|mut arguments| arguments.next_if(|first| first == "policy").is_some()) {
        return Ok(policy::order(&mut arguments)?.map_or(Order::Help, Order::Policy));
    }
    let mut options = Options::default();
    let (mut policy, mut list) = (None, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("approvers") => (options.approvers, list) = (arguments.value()?.string()?, true),
            Long("quorum") => (options.quorum, list) = (arguments.value()?.string()?, true),
            Long("policy") => policy = Some(arguments.value()?.into()),
            Long("help") | Short('h') => return Ok(Order::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    if policy.is_some() && list {
        return Err("--policy says who is asked and how many must approve; leave --approvers and --quorum out".into());
    }
    Ok(Order::Serve(options, policy))
}
