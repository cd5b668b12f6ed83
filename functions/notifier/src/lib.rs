//! The notifier: approval events in, emails with signed links out.
//!
//! [`event`] turns JSON into what happened, and [`notify`] has it done: [`ask`] puts an approval to its approvers, [`tell`]
//! tells how it ended, [`sweep`] looks after what waits, [`history`] and [`doctor`] answer commands. [`policy`] says who is
//! asked, [`deliver`] sends each [`email`] once, through the [`mailer`]. `main.rs` only wires them to the Lambda runtime.

mod ask;
mod callback_client;
mod deliver;
pub mod doctor;
pub mod email;
pub mod event;
pub mod history;
pub mod mailer;
pub mod notify;
mod policy_store;
pub mod report;
pub mod settings;
mod sweep;
mod tell;

pub use notify::Notifier;
pub use settings::Settings;
