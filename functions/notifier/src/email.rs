//! The emails about one approval: the one that asks, the ones that remind, and the one that tells how it ended.

use askama::Template;
use countersign::approval::{Address, Approver, Decision, Deployment, DisplayName};
use countersign::clock::{in_words, span_in_words};
use countersign::delivery::About;
use countersign::link::Link;
use countersign::request::{Ending, Outcome, Request, Revision, Vote};
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
    /// What it says about the approval.
    pub about: About,
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

/// It asks for a decision, or reminds of that.
#[derive(Template)]
#[template(path = "request.html")]
struct RequestHtml<'a> {
    mail: &'a Email<'a>,
    until: String,
    left: Option<String>,
}

#[derive(Template)]
#[template(path = "request.txt")]
struct RequestText<'a> {
    mail: &'a Email<'a>,
    until: String,
    left: Option<String>,
}

/// It tells how the approval ended.
#[derive(Template)]
#[template(path = "outcome.html")]
struct OutcomeHtml<'a> {
    mail: &'a Email<'a>,
    outcome: &'a Outcome,
}

#[derive(Template)]
#[template(path = "outcome.txt")]
struct OutcomeText<'a> {
    mail: &'a Email<'a>,
    outcome: &'a Outcome,
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
            .message_id(format!("{}.{}.{}", self.about, self.request.asked.unix_timestamp(), self.thread_id()))
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

    fn bodies(&self, now: UtcDateTime) -> Result<(String, String), RenderError> {
        let rendered = if self.about == About::Outcome {
            let outcome = self.request.outcome.as_ref().ok_or(RenderError::NoOutcome)?;
            (OutcomeText { mail: self, outcome }.render(), OutcomeHtml { mail: self, outcome }.render())
        } else {
            let until = in_words(self.request.expires);
            let left = matches!(self.about, About::Reminder { .. }).then(|| span_in_words(self.request.expires - now));
            let text = RequestText { mail: self, until: until.clone(), left: left.clone() }.render();
            (text, RequestHtml { mail: self, until, left }.render())
        };
        match rendered {
            (Ok(text), Ok(html)) => Ok((text, html)),
            _ => Err(RenderError::Template),
        }
    }

    /// Later mails answer the first one: Gmail threads by subject, too.
    fn subject(&self) -> String {
        let action = &self.request.approval.action;
        let re = match self.about {
            About::Request | About::Again { .. } => "",
            About::Reminder { .. } | About::Outcome => "Re: ",
        };
        format!("{re}Approval needed: {} / {} / {}", action.pipeline, action.stage, action.action)
    }

    fn thread_id(&self) -> String {
        format!("{}@{}.countersign.invalid", self.request.approval.key(), self.deployment.as_str().to_ascii_lowercase())
    }
}

fn mailbox(person: &Approver) -> MailAddress<'_> {
    MailAddress::new_address(person.name.as_ref().map(DisplayName::as_str), person.address.as_str())
}

/// What all templates ask for.
impl<'a> Email<'a> {
    /// How many approvals there must be, in words.
    fn quorum(&self) -> String {
        match (self.request.terms.quorum.get(), self.request.terms.approvers.len()) {
            (1, 1) if self.links.is_some() => "Only you were asked.".to_owned(),
            (1, 1) => "One person was asked.".to_owned(),
            (1, asked) => format!("{asked} people were asked. One approval is enough; one rejection rejects."),
            (needed, asked) => format!("{asked} people were asked. {needed} must approve; one rejection rejects."),
        }
    }

    /// The votes so far, in the order in which they were given.
    fn votes(&self) -> Vec<&'a Vote> {
        let mut votes: Vec<&Vote> = self.request.votes.values().collect();
        votes.sort_by_key(|vote| vote.at);
        votes
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

    fn question(&self, left: Option<&str>) -> String {
        let action = &self.request.approval.action;
        let question = format!("Release {} to {}?", action.pipeline, action.stage);
        left.map_or_else(|| question.clone(), |left| format!("{left} left: {question}"))
    }

    /// What this receiver should know besides.
    fn notes(&self) -> Vec<String> {
        let Request { terms, approval, .. } = self.request;
        let mut notes = Vec::new();
        if self.links.is_some() && self.request.bars(&self.to.address) {
            notes.push("You started this execution, so your approval would not count. You may reject.".to_owned());
        } else if !terms.barred.is_empty() {
            let who: Vec<String> =
                terms.barred.keys().filter_map(|id| Some(terms.approvers.get(id)?.to_string())).collect();
            notes.push(format!("{} started this execution and may not approve it.", who.join(", ")));
        }
        if self.links.is_some() && terms.reason_required {
            notes.push("A rejection needs a comment.".to_owned());
        }
        if self.request.expires < self.request.waits_until {
            let pipeline = &approval.action.pipeline;
            let until = in_words(self.request.waits_until);
            notes.push(format!("After that the links stop working. {pipeline} itself waits in AWS until {until}."));
        }
        notes
    }
}

impl Links {
    fn both(&self) -> [(Decision, &'static str, &Link); 2] {
        [(Decision::Approved, "Approve", &self.approve), (Decision::Rejected, "Reject", &self.reject)]
    }
}

/// What waits, and until when, in the words of an email that asks or reminds.
fn waits(request: &Request, left: Option<&str>) -> &'static str {
    match (left, request.expires < request.waits_until) {
        (None, false) => "AWS CodePipeline waits for a decision until",
        (None, true) => "AWS CodePipeline waits for a decision. You can decide until",
        (Some(_), false) => "This is a reminder: AWS CodePipeline still waits for a decision, until",
        (Some(_), true) => "This is a reminder: AWS CodePipeline still waits for a decision. You can decide until",
    }
}

/// A request's templates ask the same of both.
macro_rules! request_template {
    ($name:ident) => {
        impl $name<'_> {
            fn headline(&self) -> String {
                self.mail.question(self.left.as_deref())
            }

            fn waits(&self) -> &'static str {
                waits(self.mail.request, self.left.as_deref())
            }

            fn notes(&self) -> Vec<String> {
                self.mail.notes()
            }
        }
    };
}

request_template!(RequestHtml);
request_template!(RequestText);

impl RequestHtml<'_> {
    fn preview(&self) -> String {
        format!("{} {}.", self.waits(), self.until)
    }
}

/// And an outcome's.
macro_rules! outcome_template {
    ($name:ident) => {
        impl $name<'_> {
            fn headline(&self) -> String {
                let pipeline = &self.mail.request.approval.action.pipeline;
                match self.outcome.ending {
                    Ending::Approved => format!("{pipeline} was approved"),
                    Ending::Rejected => format!("{pipeline} was rejected"),
                    Ending::Expired => format!("{pipeline} was not decided in time"),
                    Ending::Superseded => format!("The approval of {pipeline} was superseded"),
                    Ending::Stopped => format!("{pipeline} was stopped"),
                }
            }

            fn lines(&self) -> [String; 2] {
                [who_and_when(self.mail.request, self.outcome), consequence(self.outcome.ending).to_owned()]
            }

            fn said_elsewhere(&self) -> Option<&str> {
                if self.mail.request.ended_by_votes() { None } else { self.outcome.summary.as_deref() }
            }
        }
    };
}

outcome_template!(OutcomeHtml);
outcome_template!(OutcomeText);

impl OutcomeHtml<'_> {
    fn preview(&self) -> String {
        who_and_when(self.mail.request, self.outcome)
    }
}

fn who_and_when(request: &Request, outcome: &Outcome) -> String {
    let when = in_words(outcome.at);
    let verb = match outcome.ending {
        Ending::Approved => "approved",
        Ending::Rejected => "rejected",
        Ending::Expired if request.votes.is_empty() => return format!("Nobody answered until {when}."),
        Ending::Expired => return format!("Too few approved until {when}."),
        Ending::Superseded => return format!("A newer execution took over, or the pipeline was changed, on {when}."),
        Ending::Stopped => return format!("The execution was stopped on {when}."),
    };
    if let Some(verdict) = request.verdict.as_ref().filter(|_| request.ended_by_votes()) {
        let votes = request.votes_for(verdict.decision);
        let names: Vec<String> = votes.iter().map(|vote| request.name_of(&vote.approver)).collect();
        return format!("It was {verb} by {} on {when}.", names.join(", "));
    }
    match &outcome.by {
        Some(principal) => format!("It was {verb} in AWS by {principal} on {when}."),
        None => format!("It was {verb} in AWS on {when}."),
    }
}

fn consequence(ending: Ending) -> &'static str {
    match ending {
        Ending::Approved => "The pipeline goes on.",
        Ending::Rejected | Ending::Expired => "The stage failed, and the pipeline stopped here.",
        Ending::Superseded | Ending::Stopped => "This execution will not be released.",
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
