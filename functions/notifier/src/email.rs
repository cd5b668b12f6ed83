//! The email that asks one approver: what waits, what changes, and two links.

use askama::Template;
use countersign::approval::{Address, Approver, Decision, Deployment, DisplayName};
use countersign::clock::in_words;
use countersign::link::Link;
use countersign::request::{Request, Revision};
use countersign::text::bounded;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address as MailAddress;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use time::UtcDateTime;

/// The largest message that SES v1 takes, in bytes: 10 MB. Ours stays far below; the check keeps a surprise out of SES.
const LARGEST: usize = 10_000_000;

/// How many changes an email tells, and how much of each, in characters: Gmail clips a long email, and its end is where
/// the links stand.
const MOST_REVISIONS: usize = 3;
const LONGEST_SUMMARY: usize = 300;

/// Everything that one email says.
pub struct Email<'a> {
    /// What waits, and what is known of it.
    pub request: &'a Request,
    /// Whom it asks.
    pub approver: &'a Approver,
    /// His link to approve.
    pub approve: &'a Link,
    /// His link to reject.
    pub reject: &'a Link,
    /// Who it is from.
    pub sender: &'a Approver,
    /// Where an answer goes.
    pub reply_to: Option<&'a Address>,
    /// Whose approvals these are; part of message ids.
    pub deployment: &'a Deployment,
}

/// Why an email could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("the email cannot be rendered")]
    Template,
    /// It is larger than SES takes.
    #[error("the email is {0} bytes long, more than SES takes")]
    TooLarge(usize),
}

#[derive(Template)]
#[template(path = "email.html")]
struct Html<'a> {
    mail: &'a Email<'a>,
    until: String,
}

#[derive(Template)]
#[template(path = "email.txt")]
struct Text<'a> {
    mail: &'a Email<'a>,
    until: String,
}

impl Email<'_> {
    /// The whole message, as SES takes it.
    ///
    /// # Errors
    /// When it cannot be written or is too large.
    pub fn render(&self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        let until = in_words(self.request.expires);
        let text = Text { mail: self, until: until.clone() }.render().map_err(|_| RenderError::Template)?;
        let html = Html { mail: self, until }.render().map_err(|_| RenderError::Template)?;
        let mut message = MessageBuilder::new()
            .from(mailbox(self.sender))
            .to(mailbox(self.approver))
            .subject(self.subject())
            .date(Date::new(now.unix_timestamp()))
            .message_id(format!("{}.{}", self.request.asked.unix_timestamp(), self.thread_id()))
            // One made-up ancestor for all mails about one approval groups them in mail clients. It cannot be the first
            // mail's own id, since SES replaces that.
            .references(self.thread_id())
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .text_body(text)
            .html_body(html);
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(MailAddress::new_address(None::<&str>, reply_to.as_str()));
        }
        let message = message.write_to_vec().map_err(|_| RenderError::Template)?;
        if message.len() > LARGEST {
            return Err(RenderError::TooLarge(message.len()));
        }
        Ok(message)
    }

    fn subject(&self) -> String {
        let action = &self.request.approval.action;
        format!("Approval needed: {} / {} / {}", action.pipeline, action.stage, action.action)
    }

    fn thread_id(&self) -> String {
        format!("{}@{}.countersign.invalid", self.request.approval.key(), self.deployment.as_str().to_ascii_lowercase())
    }

    /// How many approvals there must be, in words.
    fn quorum(&self) -> String {
        match (self.request.quorum.get(), self.request.approvers.len()) {
            (1, 1) => "Only you were asked.".to_owned(),
            (1, asked) => format!("{asked} people were asked. One approval is enough; one rejection rejects."),
            (needed, asked) => format!("{asked} people were asked. {needed} must approve; one rejection rejects."),
        }
    }
}

fn mailbox(person: &Approver) -> MailAddress<'_> {
    MailAddress::new_address(person.name.as_ref().map(DisplayName::as_str), person.address.as_str())
}

/// What the templates ask for.
impl<'a> Email<'a> {
    fn links(&self) -> [(Decision, &'static str, &'a Link); 2] {
        [(Decision::Approved, "Approve", self.approve), (Decision::Rejected, "Reject", self.reject)]
    }

    /// The changes that the email tells; the page behind its links tells all of them, at full length.
    fn revisions(&self) -> Vec<Revision> {
        let short = |revision: &Revision| Revision {
            summary: revision.summary.as_deref().map(|summary| bounded(summary, LONGEST_SUMMARY)),
            ..revision.clone()
        };
        self.request.details.revisions.iter().take(MOST_REVISIONS).map(short).collect()
    }

    /// How many changes the email leaves out.
    fn more_revisions(&self) -> usize {
        self.request.details.revisions.len().saturating_sub(MOST_REVISIONS)
    }

    fn facts(&self) -> Vec<(&'static str, &'a str)> {
        let Request { approval, details, .. } = self.request;
        let action = &approval.action;
        let mut facts = vec![
            ("Pipeline", action.pipeline.as_str()),
            ("Stage", action.stage.as_str()),
            ("Action", action.action.as_str()),
            ("Account", action.account.as_str()),
            ("Region", action.region.as_str()),
        ];
        facts.extend(approval.execution.as_ref().map(|execution| ("Execution", execution.as_str())));
        facts.extend(details.started_by.as_deref().map(|started_by| ("Started by", started_by)));
        facts
    }
}

/// Foreign text in the plain part, each line marked: nobody can write a commit message that passes for our links.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

/// The button's colour. White text on it has a contrast of more than 4.5 to 1.
fn colour(decision: Decision) -> &'static str {
    match decision {
        Decision::Approved => "#166534",
        Decision::Rejected => "#991b1b",
    }
}
