//! `cargo run -p sandbox`: everything on one machine. A release has it as `countersign-sandbox`, and as `countersign`,
//! which has the commands alone.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints to its terminal")]

mod policy;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use countersign::log::LevelFilter;
use sandbox::{DEMO_MEMBERS, Members, Options, Sandbox};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs Countersign on this machine, with stand-ins for AWS, on 127.0.0.1
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Arguments {
    /// The port to listen on; 0 picks a free one
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().port, value_parser = port)]
    port: u16,
    /// The approvers, separated by commas: addresses, or Name <address>
    #[arg(long, value_name = "LIST", default_value_t = Options::default().approvers)]
    approvers: String,
    /// How many of the approvers must approve
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().quorum)]
    quorum: String,
    /// A policy file, instead of --approvers and --quorum; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["approvers", "quorum"])]
    policy: Option<PathBuf>,
    /// The accounts whose pipelines are served, each with a region: ACCOUNT/REGION, separated by commas
    #[arg(long, value_name = "LIST", default_value = DEMO_MEMBERS, value_parser = Members::read)]
    members: Members,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Checks and explains policies, and verifies evidence, on this machine alone
#[derive(Parser)]
#[command(disable_help_subcommand = true)]
struct CommandAlone {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks a policy, or explains whom it would ask
    #[command(subcommand)]
    Policy(policy::Command),
    /// Verifies evidence of who decided an approval, offline
    Verify(verify::Command),
}

fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "expected a number from 0 to 65535")
}

/// The name of this program by which it has the commands alone, and does not serve.
const COMMANDS_ALONE: &str = "countersign";

#[tokio::main]
async fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    if Path::new(&called).file_name().is_some_and(|name| name == COMMANDS_ALONE) {
        return run(CommandAlone::parse().command);
    }
    let Arguments { port, approvers, quorum, policy, members, command } = arguments(Path::new(&called));
    match command {
        Some(command) => run(command),
        None => serve(Options { port, approvers, quorum, members, ..Options::default() }, policy).await,
    }
}

/// The arguments. What is said about them names the program as it was called: by Cargo, if it has the name that Cargo gives
/// it.
fn arguments(called: &Path) -> Arguments {
    let mut command = Arguments::command();
    if called.file_name().is_some_and(|name| name == env!("CARGO_BIN_NAME")) {
        command = command.bin_name("cargo run -p sandbox --");
    }
    Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn run(command: Command) -> ExitCode {
    match command {
        Command::Policy(command) => policy::run(command),
        Command::Verify(command) => verify::run(command),
    }
}

async fn serve(mut options: Options, policy: Option<PathBuf>) -> ExitCode {
    if let Some(file) = policy {
        match policy::read(&file) {
            Ok(text) => options.policy = Some(text),
            Err(code) => return code,
        }
    }
    // What the functions log goes where logs of a command belong; the address alone is its output.
    tracing_subscriber::registry()
        .with(countersign::log::filter(LevelFilter::INFO, &["callback", "notifier"]))
        .with(tracing_subscriber::fmt::layer().compact().without_time().with_writer(std::io::stderr))
        .init();
    match Box::pin(Sandbox::start(options)).await {
        Ok(sandbox) => {
            sandbox.aws().ses.say_all();
            println!("Countersign sandbox: {}\nOpen it in a browser. Press Ctrl-C to stop.", sandbox.url());
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
