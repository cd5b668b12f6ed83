//! The callback: links in, pages out, decisions to CodePipeline.
//!
//! [`gateway`] makes safe what API Gateway hands over, [`request`] turns HTTP into what the visitor wants, [`decide`] does it,
//! [`pages`] shows what came of it, and [`notice`] says why nothing did.
//! [`answer`] is the one place where a status, a page and the headers come together.

pub mod answer;
pub mod decide;
pub mod gateway;
mod metrics;
pub mod notice;
pub mod pages;
pub mod request;
pub mod settings;

pub use answer::Callback;
pub use settings::Settings;
