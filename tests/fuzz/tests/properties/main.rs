//! Properties that must hold for any input. A failure prints the smallest input that shows it.

mod corpus;
mod emails;
mod events;
mod links;
mod policies;
mod requests;

use proptest::prelude::*;

/// The names of pipelines, stages and actions.
const NAME: &str = "[A-Za-z0-9.@_-]{1,100}";

/// Enough bytes that a target seldom runs out of them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..3000)
}
