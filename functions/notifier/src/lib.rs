//! The notifier: approval events in, emails with signed links out.
//!
//! [`event`] turns JSON into what happened, [`notify`] does what is to be done about it, [`email`] writes the message and
//! [`mailer`] hands it to Amazon SES; [`doctor`] looks the whole deployment over. `main.rs` only wires them to the Lambda
//! runtime.

pub mod doctor;
pub mod email;
pub mod event;
pub mod mailer;
pub mod notify;
pub mod settings;

pub use notify::Notifier;
pub use settings::Settings;
