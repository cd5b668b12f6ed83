//! The callback: links in, pages out, decisions to CodePipeline.
//!
//! [`gateway`] makes API Gateway's event safe to read, [`handler`] takes the request and answers it. In between,
//! [`request`] reads what was sent, [`visit`] verifies the link and does what the visitor wants of it, [`decide`] holds the
//! steps of a decision, [`events`] tells others of it, and [`answer`] chooses the status, the page and the headers. [`pages`]
//! and [`notice`] are what is shown, in one of the [`languages`]; [`refusal`] is why a visit got nothing, and [`submission`]
//! keeps what was written meanwhile.

pub mod answer;
pub mod decide;
pub mod events;
pub mod gateway;
pub mod handler;
pub mod languages;
mod metrics;
pub mod notice;
pub mod pages;
pub mod refusal;
pub mod request;
pub mod settings;
pub mod submission;
pub mod visit;

pub use handler::{Callback, StartError};
pub use settings::Settings;
