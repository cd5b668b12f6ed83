//! How quick the release functions are, beside an empty one. README.md tells how to run it, and what came of it.

mod cloud;
mod lambda;
mod rounds;
mod table;
mod tls;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
Usage: tests/bench/run [OPTIONS]

  --cold NUMBER         how many times each function is started [40]
  --warm NUMBER         in how many rounds each function is kept running [5]
  --peer NAME=COMMAND   another function behind an HTTP API, to be measured beside ours; may be repeated
  --help                this text";

/// What is to be measured, and how often.
pub struct Order {
    /// The directory with the release binaries.
    binaries: PathBuf,
    /// The directory with their zips.
    zips: PathBuf,
    cold: usize,
    warm: usize,
    peers: Vec<Peer>,
}

/// Somebody else's function.
pub struct Peer {
    name: String,
    /// The program and its arguments.
    command: Vec<String>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match order() {
        Ok(Some(order)) => {
            let figures = rounds::run(&order).await;
            print!("{}", table::of(&order, &figures));
            ExitCode::SUCCESS
        }
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn order() -> Result<Option<Order>, lexopt::Error> {
    let mut order = Order { binaries: PathBuf::new(), zips: PathBuf::new(), cold: 40, warm: 5, peers: Vec::new() };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("binaries") => order.binaries = arguments.value()?.into(),
            Long("zips") => order.zips = arguments.value()?.into(),
            Long("cold") => order.cold = arguments.value()?.parse()?,
            Long("warm") => order.warm = arguments.value()?.parse()?,
            Long("peer") => order.peers.push(peer(&arguments.value()?.string()?)?),
            Long("help") | Short('h') => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    if order.cold == 0 || order.warm == 0 {
        return Err("--cold and --warm take at least 1".into());
    }
    Ok(Some(order))
}

fn peer(text: &str) -> Result<Peer, lexopt::Error> {
    let (name, command) = text.split_once('=').ok_or("--peer takes NAME=COMMAND")?;
    let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if command.is_empty() {
        Err("--peer takes NAME=COMMAND".into())
    } else {
        Ok(Peer { name: name.to_owned(), command })
    }
}
