//! A thousand requests with hostile and exotic content, and their emails.
//!
//! All content is made from a seed and enters where such content can enter: the policy, the pipeline, the AWS API, an
//! event, a visitor's form. The emails are recorded together with that content. `tests/emails` checks them with another
//! parser.

pub mod case;
mod input;
pub mod story;
pub mod text;

use serde_json::Value;
use tokio::task::JoinSet;

use case::Case;

/// The number of requests that share a sandbox. Starting one costs time, and so does a full mailbox: a handful is
/// cheapest.
const TOGETHER: usize = 4;

/// The number of cases without hostile content, with which the markup of the others is compared. They come first, with
/// at least one of each kind.
pub const TAME: u64 = 40;

/// Plays the cases with these numbers, a few sandboxes at a time, and returns their emails in the order of the cases.
///
/// # Panics
/// When a story fails: an email is missing or unexpected, or a link does not open.
pub async fn play(seed: u64, numbers: &[u64], at_once: usize) -> Vec<Value> {
    let mut waiting = numbers.chunks(TOGETHER);
    let mut playing = JoinSet::new();
    let mut played: Vec<(u64, Vec<Value>)> = Vec::new();
    loop {
        while playing.len() < at_once
            && let Some(numbers) = waiting.next()
        {
            let first = numbers[0];
            let cases = numbers.iter().map(|number| Case::new(seed, *number)).collect();
            playing.spawn(async move { (first, story::play(cases).await) });
        }
        let Some(done) = playing.join_next().await else { break };
        match done {
            Ok(letters) => played.push(letters),
            // The whole program ends with the message of the story that failed.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    played.sort_by_key(|(first, _)| *first);
    played.into_iter().flat_map(|(_, letters)| letters).collect()
}
