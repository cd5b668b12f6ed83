//! What both Countersign functions mean by an approval.
//!
//! A manual approval of AWS CodePipeline is pending; its approvers get signed links by email; one of them presses a
//! button. This crate holds the [`approval`] types, the signed [`link`] with the [`keys`] in AWS KMS, the [`policy`] that
//! says who may decide what, the [`ledger`] that makes "sent once" and "counted once" true, CodePipeline itself
//! ([`pipeline`]), and the texts that people read ([`l10n`]). It knows neither function, no Lambda, no HTTP server and no
//! HTML.

pub mod accounts;
pub mod approval;
pub mod aws;
pub mod clock;
pub mod console;
pub mod delivery;
pub mod details;
pub mod earlier;
pub mod events;
pub mod evidence;
pub mod foreign;
pub mod hosts;
mod jws;
pub mod keys;
pub mod l10n;
pub mod ledger;
pub mod link;
pub mod log;
pub mod members;
pub mod metrics;
pub mod parameter;
pub mod pipeline;
pub mod policy;
pub mod release_text;
pub mod request;
pub mod seal;
pub mod settings;
pub mod status_text;
pub mod text;
pub mod time_zone;
