//! The story from event to decision, told through the sandbox.

mod bad_links;
mod cli;
mod crashes;
mod deliveries;
mod emails;
mod endings;
mod events;
mod headers;
mod logs;
mod operations;
mod scanners;
mod start;
mod votes;
