//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

/// Measures the speed of the release functions in comparison with an empty one
#[derive(Parser)]
#[command(bin_name = "tests/bench/run")]
pub struct Arguments {
    /// The directory with the release binaries
    #[arg(long, value_name = "DIRECTORY", hide = true)]
    pub binaries: PathBuf,
    /// The directory with their zips
    #[arg(long, value_name = "DIRECTORY", hide = true)]
    pub zips: PathBuf,
    /// How many times each function is started
    #[arg(long, value_name = "NUMBER", default_value = "40")]
    pub cold: NonZeroUsize,
    /// The number of rounds in which each function is kept running
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    pub warm: NonZeroUsize,
    /// Another function behind an HTTP API, to be measured beside ours; may be repeated
    #[arg(long = "peer", value_name = "NAME=COMMAND")]
    pub peers: Vec<Peer>,
}

/// A function of another project.
#[derive(Clone)]
pub struct Peer {
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

impl FromStr for Peer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected NAME=COMMAND, such as mine=target/release/mine";
        let (name, command) = text.split_once('=').ok_or(wrong)?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if command.is_empty() { Err(wrong) } else { Ok(Self { name: name.to_owned(), command }) }
    }
}
