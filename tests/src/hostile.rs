//! A thousand requests with hostile and exotic content, and the emails that come of them.
//!
//! Everything is made from a seed, goes in where such content comes in (the policy, the pipeline, the AWS API, an event, a
//! visitor's form), and is recorded with what went in. What the emails must hold is checked by `tests/emails`, with another
//! parser.

pub mod case;
mod input;
pub mod story;
pub mod text;

use serde_json::Value;
use tokio::task::JoinSet;

use case::Case;

/// How many requests share a sandbox. Starting one costs time, and so does everything that it keeps: the cost of a request is
/// lowest with a handful.
const TOGETHER: usize = 4;

/// The cases that have no hostile content. What they show of the templates is what the others are compared with. They come
/// first, one of each kind and more.
pub const TAME: u64 = 40;

/// Plays the cases of these numbers, a few sandboxes at a time, and gives their emails in the order of the cases.
///
/// # Panics
/// When a story does not go as it must: an email too few or too many, a link that does not open.
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
