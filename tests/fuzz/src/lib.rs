//! Fuzz targets for everything that reads or shows untrusted input.
//!
//! A target takes bytes, turns them into what its module reads or shows, and panics when something is true that must
//! never be. libFuzzer (`tests/fuzz/run`) feeds the targets for as long as one likes; the default tests feed them the
//! committed corpus and random bytes. Where an input can be built from its meaning, `tests/properties` says what must
//! come out.

pub mod approval_request;
pub mod email;
pub mod event;
pub mod fixture;
pub mod forged;
pub mod link;
pub mod page;
pub mod policy;
pub mod request;
pub mod text;

/// The name of a target, and the function that takes the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("event", event::run),
    ("link", link::run),
    ("policy", policy::run),
    ("request", request::run),
    ("email", email::run),
    ("page", page::run),
];
