//! The story from event to decision, told through the sandbox.

mod bad_links;
mod calls;
mod claims;
mod cli;
mod crashes;
mod deliveries;
mod emails;
mod endings;
mod events;
mod faults;
mod headers;
mod history;
mod initiator;
mod languages;
mod logs;
mod operations;
mod outcomes;
mod policy;
mod quorum;
mod races;
mod reminders;
mod scanners;
mod start;
mod sweep;
mod throttling;
mod votes;
