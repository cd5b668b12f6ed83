//! The notifier: approval events in, emails with signed links out.
//!
//! [`event`] turns JSON into what happened, and [`handler`] has it done: [`ask`] puts an approval to its approvers, [`announce`]
//! tells how it ended, [`sweep`] looks after what waits, [`history`] and [`doctor`] answer commands. [`policy`] says who is
//! asked, [`outbox`] sends each [`email`] once, through the [`mailer`]. `main.rs` only wires them to the Lambda runtime.

mod announce;
mod ask;
mod callback_client;
pub mod doctor;
pub mod email;
pub mod event;
pub mod handler;
pub mod history;
pub mod mailer;
mod metrics;
mod outbox;
mod policy_store;
pub mod report;
pub mod settings;
mod sweep;

pub use handler::Notifier;
pub use settings::Settings;
