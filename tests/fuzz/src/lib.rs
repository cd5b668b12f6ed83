//! What strangers may send, tried on everything that reads it or shows it.
//!
//! A target takes bytes, makes of them what its module reads or shows, and ends the process when something is true that
//! must never be. The fuzzing engine (`tests/fuzz/run`) feeds the targets for as long as one likes; the default tests feed
//! them the committed corpus and random bytes. Where what goes in can be made whole, `tests/properties.rs` says what must
//! come out.

pub mod email;
pub mod event;
pub mod ground;
pub mod html;
pub mod link;
pub mod mutant;
pub mod page;
pub mod policy;
pub mod release;
pub mod request;
pub mod text;

/// Its name, and what takes the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// What is tried.
pub const TARGETS: [Target; 6] = [
    ("event", event::run),
    ("link", link::run),
    ("policy", policy::run),
    ("request", request::run),
    ("email", email::run),
    ("page", page::run),
];

/// The target of this name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}
