//! The notifier: approval events in, emails with signed links out.
//!
//! [`event`] turns JSON into an event, and [`handler`] hands it to the use case that deals with it: `ask` puts an approval
//! to its approvers, `announce` lets everybody know how it ended, [`receipts`] tells voters of their votes, [`fates`] keeps
//! what became of emails, `sweep` takes care of what still waits, `policy_changes` tells people what they may decide now,
//! [`history`], `evidence` and [`doctor`] answer commands. `policy_store` says who is asked; the `outbox` sends each
//! [`email`] once, through the [`mailer`], and the `publisher` puts events for others. [`report`] is what Lambda answers.
//! `main.rs` only connects them to the Lambda runtime.
//!
//! Imports follow the flow: `handler` → `sweep` → `ask` → `announce`, `receipts`, `policy_changes` → `outbox` → `email`,
//! `mailer`, and `ask`, `announce`, `fates` → `publisher`.

mod announce;
mod ask;
mod callback_client;
pub mod doctor;
pub mod email;
mod errors;
pub mod event;
mod evidence;
pub mod fates;
pub mod handler;
pub mod history;
pub mod mailer;
mod metrics;
mod outbox;
mod policy_changes;
mod policy_store;
mod publisher;
pub mod receipts;
mod recipient;
pub mod report;
mod routes;
mod served;
pub mod settings;
pub mod sweep;

pub use handler::{Host, Notifier};
pub use settings::Settings;
