//! Writes the emails of requests with hostile content, one JSON object a line, with what each must hold:
//! `mails FILE [--seed NUMBER] [--requests NUMBER] [--only NUMBER]`. The seed is printed; the same seed and number make the
//! same request again, beside the tame ones, which the checks compare with.

use std::fs::File;
use std::io::{BufWriter, Write};

use tests::hostile::{TAME, play};

/// How many requests there are, unless said otherwise.
const REQUESTS: u64 = 1000;

/// How many sandboxes run side by side.
const AT_ONCE: usize = 2;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("mails FILE [--seed NUMBER] [--requests NUMBER] [--only NUMBER]");
    let (mut seed, mut requests, mut only) = (fastrand::u64(..1_000_000), REQUESTS, None);
    while let Some(name) = arguments.next() {
        let number = arguments.next().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} NUMBER"));
        match name.as_str() {
            "--seed" => seed = number,
            "--requests" => requests = number,
            "--only" => only = Some(number),
            _ => panic!("there is no {name}"),
        }
    }
    println!("seed {seed}");
    let mut numbers: Vec<u64> = (0..requests).collect();
    if let Some(only) = only {
        numbers.retain(|number| *number < TAME || *number == only);
    }
    let letters = play(seed, &numbers, AT_ONCE).await;
    let mut out = BufWriter::new(File::create(&file).unwrap_or_else(|error| panic!("{file}: {error}")));
    for letter in &letters {
        writeln!(out, "{letter}").unwrap();
    }
    out.flush().unwrap();
    println!("{} emails", letters.len());
}
