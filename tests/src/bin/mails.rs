//! Writes the emails of requests with hostile content, one JSON object a line, each with what it must contain. The
//! program prints its seed: the same seed and number make the same request again, beside the tame ones that it is
//! compared with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Parser;
use tests::hostile::{TAME, play};

/// The number of sandboxes that run in parallel.
const AT_ONCE: usize = 2;

/// Writes the emails of requests with hostile content, one JSON object a line
#[derive(Parser)]
struct Arguments {
    /// The file to write
    file: PathBuf,
    /// The seed of all random choices; random unless given
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The number of requests
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    requests: u64,
    /// Write only this request, and the tame ones
    #[arg(long, value_name = "NUMBER")]
    only: Option<u64>,
}

#[tokio::main]
async fn main() {
    let Arguments { file, seed, requests, only } = Arguments::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let mut numbers: Vec<u64> = (0..requests).collect();
    if let Some(only) = only {
        numbers.retain(|number| *number < TAME || *number == only);
    }
    let letters = play(seed, &numbers, AT_ONCE).await;
    let mut out = BufWriter::new(File::create(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    for letter in &letters {
        writeln!(out, "{letter}").unwrap();
    }
    out.flush().unwrap();
    println!("{} emails", letters.len());
}
