//! What both Countersign functions mean by an approval.
//!
//! A manual approval of AWS CodePipeline waits; its approvers get signed links by email; a click decides. This crate
//! holds the words of that story and its outside effects: the [`approval`] types, the signed [`link`], the signing
//! [`keys`] in AWS KMS, the [`pipeline`] that is told the result, the [`policy`] that says who may decide what, and the
//! [`ledger`] that makes "sent once" and "counted once" true, and
//! the [`l10n`] that people are told. It knows no Lambda, no HTTP server and no HTML.

pub mod approval;
pub mod aws;
pub mod clock;
pub mod delivery;
pub mod keys;
pub mod l10n;
pub mod ledger;
pub mod link;
pub mod log;
pub mod metrics;
pub mod pipeline;
pub mod policy;
pub mod request;
pub mod settings;
pub mod status_text;
pub mod text;
