//! A message in the form of emails.

use countersign::approval::{Address, Approver, Deployment, DisplayName};
use countersign::l10n::Language;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address as MailAddress;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use time::UtcDateTime;

use super::RenderError;

/// The largest message that SES v1 accepts, in bytes: 10 MB. Ours are far smaller; the check is a safeguard.
pub(super) const MAX_MESSAGE: usize = 10_000_000;

/// What a message is made of.
pub(super) struct Message<'a> {
    pub(super) sender: &'a Approver,
    pub(super) to: &'a Approver,
    pub(super) reply_to: Option<&'a Address>,
    pub(super) language: Language,
    pub(super) subject: String,
    /// What makes its id unlike others in its thread.
    pub(super) id: String,
    /// What all messages have in common that belong together.
    pub(super) thread: String,
    pub(super) deployment: &'a Deployment,
    pub(super) text: String,
    pub(super) html: String,
}

impl Message<'_> {
    /// The whole message, ready for SES.
    pub(super) fn write(self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        let thread = format!("{}@{}.countersign.invalid", self.thread, self.deployment.as_str().to_ascii_lowercase());
        let mut message = MessageBuilder::new()
            .from(mailbox(self.sender))
            .to(mailbox(self.to))
            .subject(self.subject)
            .date(Date::new(now.unix_timestamp()))
            .message_id(format!("{}.{thread}", self.id))
            // A made-up common ancestor groups all emails of a thread in mail clients. The first email's own id would not do:
            // SES replaces it.
            .references(thread)
            .header("Content-Language", Raw::new(self.language.as_str()))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .text_body(without_tags(&self.text))
            .html_body(without_tags(&self.html));
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(MailAddress::new_address(None::<&str>, reply_to.expose()));
        }
        let message = message.write_to_vec().map_err(|_| RenderError::Template)?;
        if message.len() > MAX_MESSAGE {
            return Err(RenderError::TooLarge(message.len()));
        }
        Ok(message)
    }
}

/// SES puts a pixel in the place of `{{ses:openTracker}}`, and may refuse a message that has it twice. No text of ours has
/// it; what somebody else wrote keeps all its letters.
fn without_tags(body: &str) -> String {
    body.replace("{{ses:", "{ {ses:")
}

fn mailbox(person: &Approver) -> MailAddress<'_> {
    MailAddress::new_address(person.name.as_ref().map(DisplayName::expose), person.address.expose())
}
