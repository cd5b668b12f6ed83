//! The emails about one approval: the one that asks, the ones that remind, and the one that tells how it ended.

use askama::Template;
use countersign::approval::{Address, Approver, Deployment, DisplayName};
use countersign::delivery::EmailKind;
use countersign::l10n::Texts;
use countersign::link::Link;
use countersign::request::{Ending, Outcome, Request, Revision, Vote};
use countersign::status_text;
use countersign::text::{bounded, isolated};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address as MailAddress;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use time::UtcDateTime;

/// The largest message that SES v1 takes, in bytes: 10 MB. Ours stays far below; the check keeps a surprise out of SES.
const MAX_MESSAGE: usize = 10_000_000;

/// How many changes an email tells, and how much of each, in characters: Gmail clips a long email, and its end is where
/// the links stand.
const MAX_REVISIONS: usize = 3;
const MAX_SUMMARY: usize = 300;
/// The longest address of a change that is a link in the HTML, in characters. Of a longer one the HTML shows the beginning
/// and the plain part all.
const MAX_LINKED_URL: usize = 500;
/// How much of a comment an email shows while the approval waits, in characters: the pages and the last email show all.
const MAX_COMMENT: usize = 200;

/// Everything that one email says.
pub struct Email<'a> {
    /// What it says about the approval.
    pub kind: EmailKind,
    /// The approval, and what is known of it.
    pub request: &'a Request,
    /// Whom it goes to.
    pub to: &'a Approver,
    /// His links. `None` for somebody who only watches, and when nothing is left to decide.
    pub links: Option<Links>,
    /// Who it is from.
    pub sender: &'a Approver,
    /// Where an answer goes.
    pub reply_to: Option<&'a Address>,
    /// Whose approvals these are; part of message ids.
    pub deployment: &'a Deployment,
}

/// An approver's two links.
pub struct Links {
    /// To approve.
    pub approve: Link,
    /// To reject.
    pub reject: Link,
}

/// Why an email could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("the email cannot be rendered")]
    Template,
    /// It tells of an end that is not there.
    #[error("the approval has not ended")]
    NoOutcome,
    /// It is larger than SES takes.
    #[error("the email is {0} bytes long, more than SES takes")]
    TooLarge(usize),
}

/// What an email begins with, in both of its parts.
struct Opening {
    headline: String,
    /// Sentences or a few of them, the most important first.
    lead: Vec<String>,
}

/// It asks for a decision, or reminds of that.
#[derive(Template)]
#[template(path = "request.html")]
struct RequestHtml<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening,
}

#[derive(Template)]
#[template(path = "request.txt")]
struct RequestText<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening,
}

/// It tells how the approval ended.
#[derive(Template)]
#[template(path = "outcome.html")]
struct OutcomeHtml<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening,
}

#[derive(Template)]
#[template(path = "outcome.txt")]
struct OutcomeText<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening,
}

impl Email<'_> {
    /// The whole message, as SES takes it.
    ///
    /// # Errors
    /// When it cannot be written or is too large.
    pub fn render(&self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        let (text, html) = self.bodies(now)?;
        let mut message = MessageBuilder::new()
            .from(mailbox(self.sender))
            .to(mailbox(self.to))
            .subject(self.subject())
            .date(Date::new(now.unix_timestamp()))
            .message_id(format!("{}.{}.{}", self.kind, self.request.asked.unix_timestamp(), self.thread_id()))
            // One made-up ancestor for all mails about one approval groups them in mail clients. It cannot be the first
            // mail's own id, since SES replaces that.
            .references(self.thread_id())
            .header("Content-Language", Raw::new(self.texts().language().as_str()))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .text_body(text)
            .html_body(html);
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(MailAddress::new_address(None::<&str>, reply_to.expose()));
        }
        let message = message.write_to_vec().map_err(|_| RenderError::Template)?;
        if message.len() > MAX_MESSAGE {
            return Err(RenderError::TooLarge(message.len()));
        }
        Ok(message)
    }

    fn bodies(&self, now: UtcDateTime) -> Result<(String, String), RenderError> {
        let (mail, texts) = (self, self.texts());
        let rendered = if self.kind == EmailKind::Outcome {
            let outcome = self.request.outcome.as_ref().ok_or(RenderError::NoOutcome)?;
            let opening = &self.told_end(outcome);
            (OutcomeText { mail, texts, opening }.render(), OutcomeHtml { mail, texts, opening }.render())
        } else {
            let opening = &self.question(now);
            (RequestText { mail, texts, opening }.render(), RequestHtml { mail, texts, opening }.render())
        };
        match rendered {
            (Ok(text), Ok(html)) => Ok((text, html)),
            _ => Err(RenderError::Template),
        }
    }

    fn texts(&self) -> Texts {
        self.request.terms.language.texts()
    }

    /// Later mails answer the first one: Gmail threads by subject, too.
    fn subject(&self) -> String {
        let action = &self.request.approval.action;
        let re = match self.kind {
            EmailKind::Request | EmailKind::Resend { .. } => "",
            EmailKind::Reminder { .. } | EmailKind::Outcome => "Re: ",
        };
        let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
        format!("{re}{}", self.texts().subject(action.action.as_str(), pipeline, stage))
    }

    fn thread_id(&self) -> String {
        format!("{}@{}.countersign.invalid", self.request.approval.key(), self.deployment.as_str().to_ascii_lowercase())
    }
}

fn mailbox(person: &Approver) -> MailAddress<'_> {
    MailAddress::new_address(person.name.as_ref().map(DisplayName::expose), person.address.expose())
}

/// What an email begins with.
impl Email<'_> {
    fn question(&self, now: UtcDateTime) -> Opening {
        let (request, texts) = (self.request, self.texts());
        let (pipeline, stage) = (request.approval.action.pipeline.as_str(), request.approval.action.stage.as_str());
        let (span, until) = (texts.span(request.expires - now), texts.at(request.expires));
        let is_reminder = matches!(self.kind, EmailKind::Reminder { .. });
        let waits = match (is_reminder, request.expires < request.waits_until) {
            (false, false) => texts.waits(&span, &until),
            (false, true) => texts.waits_links(&span, &until),
            (true, false) => texts.still_waits(&until),
            (true, true) => texts.still_waits_links(&until),
        };
        let headline = if is_reminder {
            texts.release_reminder(pipeline, &span, stage)
        } else {
            texts.release_question(pipeline, stage)
        };
        let asked = if self.links.is_some() { status_text::asked_you } else { status_text::asked };
        let mut lead = vec![waits, asked(request, texts)];
        lead.extend(self.notes());
        Opening { headline, lead }
    }

    fn told_end(&self, outcome: &Outcome) -> Opening {
        let (pipeline, texts) = (self.request.approval.action.pipeline.as_str(), self.texts());
        let headline = match outcome.ending {
            Ending::Approved => texts.was_approved(pipeline),
            Ending::Rejected => texts.was_rejected(pipeline),
            Ending::Expired => texts.was_not_decided(pipeline),
            Ending::Superseded => texts.was_superseded(pipeline),
            Ending::Stopped => texts.was_stopped(pipeline),
        };
        let lead =
            vec![status_text::end(self.request, outcome, texts), status_text::consequence(outcome.ending, texts)];
        Opening { headline, lead }
    }

    /// What this recipient should know besides.
    fn notes(&self) -> Vec<String> {
        let (request, texts) = (self.request, self.texts());
        let mut notes = Vec::new();
        if self.links.is_some() && request.bars(&self.to.address) {
            notes.push(texts.your_approval_would_not_count());
        } else {
            notes.extend(status_text::barred(request, texts));
        }
        if self.links.is_some() && request.terms.reason_required {
            notes.push(texts.rejection_needs_comment());
        }
        if self.links.is_some() && request.expires < request.waits_until {
            let pipeline = request.approval.action.pipeline.as_str();
            notes.push(texts.after_the_links(pipeline, &texts.at(request.waits_until)));
        }
        notes
    }
}

/// What the templates ask for.
impl<'a> Email<'a> {
    /// The votes so far, in the order in which they were given.
    fn votes(&self) -> Vec<&'a Vote> {
        let mut votes: Vec<&Vote> = self.request.votes.values().collect();
        votes.sort_by_key(|vote| vote.at);
        votes
    }

    /// What was written with a vote, as far as this email tells it.
    fn said(&self, vote: &Vote) -> Option<String> {
        let comment = vote.comment.as_ref()?.expose();
        let is_over = self.kind == EmailKind::Outcome;
        Some(if is_over { comment.to_owned() } else { bounded(comment, MAX_COMMENT) })
    }

    /// The changes that the email tells; the page behind its links tells all of them, at full length.
    fn revisions(&self) -> Vec<Revision> {
        let short = |revision: &Revision| Revision {
            summary: revision.summary.as_deref().map(|summary| bounded(summary, MAX_SUMMARY)),
            ..revision.clone()
        };
        self.request.release.revisions.iter().take(MAX_REVISIONS).map(short).collect()
    }

    /// How many changes the email leaves out.
    fn more_revisions(&self) -> usize {
        self.request.release.revisions.len().saturating_sub(MAX_REVISIONS)
    }

    fn facts(&self) -> Vec<(String, &'a str)> {
        let (Request { approval, release, .. }, texts) = (self.request, self.texts());
        let action = &approval.action;
        let mut facts = Vec::new();
        facts.extend(release.started_by.as_deref().map(|started_by| (texts.started_by(), started_by)));
        facts.extend([
            (texts.pipeline(), action.pipeline.as_str()),
            (texts.stage(), action.stage.as_str()),
            (texts.action(), action.action.as_str()),
            (texts.account(), action.account.as_str()),
            (texts.region(), action.region.as_str()),
        ]);
        facts.extend(approval.execution.as_ref().map(|execution| (texts.execution(), execution.as_str())));
        facts
    }

    /// Whether the recipient has links that show how it ended.
    fn has_links(&self) -> bool {
        self.request.asks(&self.to.address)
    }
}

impl Links {
    fn both(&self, texts: Texts) -> [Button<'_>; 2] {
        [
            Button { class: "go", colour: "#166534", word: texts.approve(), link: self.approve.expose() },
            Button { class: "stop", colour: "#991b1b", word: texts.reject(), link: self.reject.expose() },
        ]
    }
}

/// A link as a button. White text on the colour has a contrast of more than 4.5 to 1.
struct Button<'a> {
    class: &'static str,
    colour: &'static str,
    word: String,
    link: &'a str,
}

/// The first line of the lead: what a mailbox shows beside the subject.
fn first(opening: &Opening) -> &str {
    opening.lead.first().map_or("", String::as_str)
}

/// Foreign text in the plain part, each line marked: nobody can write a commit message that passes for our links.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}
