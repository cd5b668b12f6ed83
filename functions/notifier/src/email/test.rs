//! The email that the doctor sends to the mailbox simulator of SES. Nobody reads it.

use countersign::approval::{Approver, Deployment, Digest};
use countersign::l10n::Language;
use time::UtcDateTime;

use super::RenderError;
use super::message::Message;

/// One test.
pub struct TestEmail<'a> {
    /// What tells it apart from others.
    pub digest: &'a Digest,
    /// The mailbox.
    pub to: &'a Approver,
    /// The sender.
    pub sender: &'a Approver,
    /// The deployment, which is part of message ids.
    pub deployment: &'a Deployment,
}

impl TestEmail<'_> {
    /// The whole message, ready for SES.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn render(&self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        const TEXT: &str = "This is a test of the deployment.";
        let message = Message {
            sender: self.sender,
            to: self.to,
            reply_to: None,
            language: Language::ENGLISH,
            subject: "Test".to_owned(),
            id: now.unix_timestamp().to_string(),
            thread: format!("test.{}", self.digest),
            deployment: self.deployment,
            text: TEXT.to_owned(),
            html: format!("<!DOCTYPE html><html lang=\"en\"><title>Test</title><p>{TEXT}</p></html>"),
        };
        message.write(now)
    }
}
