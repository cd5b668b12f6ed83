//! What must hold for whatever comes in. A failure prints the smallest input that shows it.

mod corpus;
mod emails;
mod events;
mod links;
mod policies;
mod requests;

use proptest::prelude::*;

/// Pipelines', stages' and actions' names.
const NAME: &str = "[A-Za-z0-9.@_-]{1,100}";

/// Bytes for a target, in such an amount that it does not run out of them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..3000)
}
