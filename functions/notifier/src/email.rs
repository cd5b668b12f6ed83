//! The emails: about one approval the request, its reminders, receipts of votes, that the request did not reach somebody,
//! and the outcome; and those about a change of the policy.

mod message;
mod policy;
mod test;

use std::borrow::Cow;

use askama::Template;
use countersign::approval::{Address, Approver, Decision, Deployment, ReviewLink};
use countersign::delivery::{EmailKind, VoteId};
use countersign::details::Details;
use countersign::earlier::Earlier;
use countersign::foreign::{Foreign, Limit};
use countersign::l10n::Texts;
use countersign::link::Link;
use countersign::release_text;
use countersign::request::{Ending, Outcome, Request, Vote};
use countersign::status_text;
use countersign::text::{bounded_line, legible};
use time::UtcDateTime;

use self::message::{MAX_MESSAGE, Message};
pub use self::policy::PolicyEmail;
pub use self::test::TestEmail;

/// How many changes an email shows, and how much of each: Gmail clips the end of a long email, where the links are.
const MAX_REVISIONS: usize = 3;
/// The same where earlier decisions take their place. The page has all of both.
const MAX_REVISIONS_AGAIN: usize = 1;
/// A commit's first line, in the HTML: the page has the others, folded. The plain text has some of them, as it has no
/// buttons that they push down.
const CHANGE: Limit = Limit { lines: 1, characters: 200 };
const CHANGE_IN_TEXT: Limit = Limit { lines: 10, characters: 300 };
/// How many of the values that a release runs with an email shows. The page has the others, folded.
const VARIABLES: Limit = Limit { lines: 6, characters: 400 };
/// How many changes of other releases an email names.
const PAST: Limit = Limit { lines: 3, characters: 400 };
/// The bytes of HTML for the votes while the approval waits, and when it is over and the email shows less else. The latest
/// votes that fit are shown; the page has all.
const VOTES: usize = 12_000;
const FINAL_VOTES: usize = 20_000;
/// About how many of them a vote takes besides its texts.
const VOTE: usize = 1_000;
/// How much of the instructions an email shows, and of what was said with a decision in AWS. CodePipeline keeps no more
/// characters of either.
const INSTRUCTIONS: Limit = Limit { lines: 20, characters: 1000 };
/// The same where earlier decisions take their place.
const INSTRUCTIONS_AGAIN: Limit = Limit { lines: 15, characters: 700 };
/// The longest URL of a change that is a link in the HTML, in characters. Of a longer one the HTML shows the beginning, and
/// the plain text all.
const MAX_LINKED_URL: usize = 500;
/// How much of a comment an email shows while the approval waits, and when it is over. The pages have all.
const COMMENT: Limit = Limit { lines: 5, characters: 200 };
const EARLIER_COMMENT: Limit = Limit { lines: 5, characters: 150 };
const FINAL_COMMENT: Limit = Limit { lines: 20, characters: 512 };

/// One email to one person.
pub struct Email<'a> {
    /// What the email is for.
    pub kind: EmailKind,
    /// The request that it is about.
    pub request: &'a Request,
    /// The recipient.
    pub to: &'a Approver,
    /// Whom the request did not reach, if the email is about that.
    pub missing: Option<&'a Address>,
    /// The recipient's links. `None` for somebody who only gets copies, and when nothing is left to decide.
    pub links: Option<Links>,
    /// The sender.
    pub sender: &'a Approver,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<&'a Address>,
    /// The deployment, which is part of message ids.
    pub deployment: &'a Deployment,
}

/// An approver's two links.
pub struct Links {
    /// To approve.
    pub approve: Link,
    /// To reject.
    pub reject: Link,
}

/// Why an email could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("the email could not be rendered")]
    Template,
    /// It is the receipt of a vote that does not count.
    #[error("the email tells of a vote that does not count")]
    NoVote,
    /// It tells of somebody whom the request did not reach, and of nobody in particular.
    #[error("the email tells of nobody whom the request did not reach")]
    NobodyMissing,
    /// It is an outcome email, and the request has no outcome.
    #[error("the email announces an outcome, but the approval has not ended")]
    NoOutcome,
    /// It is larger than SES accepts.
    #[error("the email is {0} bytes long; SES accepts at most {MAX_MESSAGE}")]
    TooLarge(usize),
}

/// The beginning of an email, in HTML and in plain text.
#[derive(Default)]
struct Opening<'a> {
    /// The decision, where the email is about one.
    label: Option<Label>,
    headline: String,
    /// What a mailbox shows beside the subject.
    preview: String,
    /// The decisions on earlier runs of the approval.
    earlier: Option<Earlier<'a>>,
    /// Paragraphs of one or a few sentences, the most important first.
    lead: Vec<String>,
    /// The changes that a request shows. The page behind its links shows all of them in full.
    changes: Vec<Foreign<'a>>,
    /// The same for the plain text.
    changes_in_text: Vec<Foreign<'a>>,
    /// The values that the release runs with.
    variables: Option<Foreign<'a>>,
    /// The changes that may come with them.
    also_changes: Option<Foreign<'a>>,
    /// When there was a release before, or why that is not known.
    last_release: Option<String>,
    /// What that brought.
    before: Vec<Foreign<'a>>,
    /// Who or what started it.
    started: Option<String>,
    /// What a request's pipeline asks, or what was said with a decision in AWS.
    statement: Option<Foreign<'a>>,
    /// How many a request asks, and what else its recipient should know before they decide.
    terms: String,
    /// How long a request can be decided.
    until: String,
}

impl Opening<'_> {
    /// The sentence about the release before, where nothing stands below it.
    fn last_release_alone(&self) -> Option<&str> {
        self.last_release.as_deref().filter(|_| self.before.is_empty())
    }

    /// One of a headline and a few paragraphs.
    fn new(headline: String, lead: Vec<String>) -> Self {
        let preview = lead.first().cloned().unwrap_or_default();
        Self { headline, preview, lead, ..Self::default() }
    }
}

/// A decision as a word in its colour.
struct Label {
    class: &'static str,
    colour: &'static str,
    word: String,
}

impl Label {
    fn of(decision: Decision, texts: Texts) -> Self {
        let (class, colour) = colours(decision);
        Self { class, colour, word: texts.decision(decision) }
    }
}

/// The class of a decision, and its colour. White text on it has a contrast of more than 4.5 to 1.
fn colours(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Approved => ("go", "#166534"),
        Decision::Rejected => ("stop", "#991b1b"),
    }
}

/// The HTML of a request or a reminder.
#[derive(Template)]
#[template(path = "request.html")]
struct RequestHtml<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

/// The plain text of a request or a reminder.
#[derive(Template)]
#[template(path = "request.txt")]
struct RequestText<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

/// The HTML of a receipt.
#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptHtml<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
    vote: &'a Vote,
}

/// The plain text of a receipt.
#[derive(Template)]
#[template(path = "receipt.txt")]
struct ReceiptText<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
    vote: &'a Vote,
}

/// The HTML of a notice, which is an opening and no more.
#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeHtml<'a> {
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

/// The plain text of a notice.
#[derive(Template)]
#[template(path = "notice.txt")]
struct NoticeText<'a> {
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

/// The HTML of an outcome.
#[derive(Template)]
#[template(path = "outcome.html")]
struct OutcomeHtml<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

/// The plain text of an outcome.
#[derive(Template)]
#[template(path = "outcome.txt")]
struct OutcomeText<'a> {
    mail: &'a Email<'a>,
    texts: Texts,
    opening: &'a Opening<'a>,
    details: &'a Details<'a>,
}

impl Email<'_> {
    /// The whole message, ready for SES.
    ///
    /// # Errors
    /// When it cannot be rendered or is too large.
    pub fn render(&self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        let (text, html) = self.bodies(now)?;
        let message = Message {
            sender: self.sender,
            to: self.to,
            reply_to: self.reply_to,
            language: self.texts().language(),
            subject: self.subject(),
            id: format!("{}.{}", self.kind, self.request.asked.unix_timestamp()),
            // All emails about one approval.
            thread: self.request.approval.key().to_string(),
            deployment: self.deployment,
            text,
            html,
        };
        message.write(now)
    }

    fn bodies(&self, now: UtcDateTime) -> Result<(String, String), RenderError> {
        let (mail, texts) = (self, self.texts());
        let shows_changes =
            matches!(self.kind, EmailKind::Request | EmailKind::Resend { .. } | EmailKind::Reminder { .. });
        let details = &Details::of(self.request, if shows_changes { self.most_revisions() } else { 0 }, texts);
        let rendered = match self.kind {
            EmailKind::Outcome => {
                let outcome = self.request.outcome.as_ref().ok_or(RenderError::NoOutcome)?;
                let opening = &self.outcome(outcome);
                (
                    OutcomeText { mail, texts, opening, details }.render(),
                    OutcomeHtml { mail, texts, opening, details }.render(),
                )
            }
            EmailKind::Unreached { .. } => {
                let opening = &self.unreached(self.missing.ok_or(RenderError::NobodyMissing)?);
                (NoticeText { texts, opening, details }.render(), NoticeHtml { texts, opening, details }.render())
            }
            EmailKind::Receipt { vote } => {
                let vote = self.own_vote().filter(|own| VoteId::of(own) == vote).ok_or(RenderError::NoVote)?;
                let opening = &self.receipt(vote);
                (
                    ReceiptText { mail, texts, opening, details, vote }.render(),
                    ReceiptHtml { mail, texts, opening, details, vote }.render(),
                )
            }
            EmailKind::Request | EmailKind::Resend { .. } | EmailKind::Reminder { .. } => {
                let opening = &self.question(now);
                (
                    RequestText { mail, texts, opening, details }.render(),
                    RequestHtml { mail, texts, opening, details }.render(),
                )
            }
        };
        match rendered {
            (Ok(text), Ok(html)) => Ok((text, html)),
            _ => Err(RenderError::Template),
        }
    }

    /// The texts in the language of the request, with moments as the recipient's clock has them.
    fn texts(&self) -> Texts {
        let terms = &self.request.terms;
        terms.language.texts().in_zone(terms.time_zone_of(&self.to.address))
    }

    /// The subject. Later emails reply to the first one, since Gmail threads by subject, too.
    fn subject(&self) -> String {
        let action = &self.request.approval.action;
        let re = match self.kind {
            EmailKind::Request | EmailKind::Resend { .. } => "",
            EmailKind::Reminder { .. }
            | EmailKind::Receipt { .. }
            | EmailKind::Unreached { .. }
            | EmailKind::Outcome => "Re: ",
        };
        let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
        let (texts, action) = (self.texts(), action.action.as_str());
        let subject = match self.request.release.rollback {
            Some(_) => texts.subject_rollback(action, pipeline, stage),
            None => texts.subject(action, pipeline, stage),
        };
        format!("{re}{subject}")
    }
}

/// The opening.
impl<'a> Email<'a> {
    fn question(&self, now: UtcDateTime) -> Opening<'a> {
        let (request, texts) = (self.request, self.texts());
        let (span, until) = (texts.span(request.expires - now), texts.at(request.expires));
        let is_reminder = matches!(self.kind, EmailKind::Reminder { .. });
        let waits = match (is_reminder, request.expires < request.waits_until) {
            (false, false) => texts.decision_needed(&span, &until),
            (false, true) => texts.decision_needed_links(&span, &until),
            (true, false) => texts.reminder(&until),
            (true, true) => texts.reminder_links(&until),
        };
        let question = release_text::question(request, texts);
        let headline = if is_reminder { texts.time_left(&question, &span) } else { question };
        let earlier = Earlier::in_email(request, EARLIER_COMMENT, texts);
        let asked = if self.links.is_some() { status_text::asked_you } else { status_text::asked };
        let mut terms = vec![asked(request, texts)];
        terms.extend(self.notes());
        let changes =
            |limit| Foreign::changes(&request.release, limit, texts).take(self.most_revisions()).collect::<Vec<_>>();
        let instructions = if earlier.is_some() { INSTRUCTIONS_AGAIN } else { INSTRUCTIONS };
        let statement = Foreign::instructions(&request.release, instructions, texts);
        let (preview, earlier_notice) = (waits.clone(), earlier.as_ref().map(|earlier| earlier.notice.clone()));
        Opening {
            preview: earlier_notice.unwrap_or(preview),
            earlier,
            lead: release_text::change_unread(request, texts).into_iter().collect(),
            changes: changes(CHANGE),
            changes_in_text: changes(CHANGE_IN_TEXT),
            variables: Foreign::variables(&request.release, VARIABLES, texts),
            also_changes: Foreign::also_changes(&request.release, PAST, texts),
            last_release: release_text::before(request, texts),
            before: Foreign::before(&request.release, PAST, texts).collect(),
            started: release_text::started(request, texts),
            statement,
            terms: status_text::sentences(&terms, texts),
            until: self.until(waits),
            ..Opening::new(headline, Vec::new())
        }
    }

    fn receipt(&self, vote: &'a Vote) -> Opening<'a> {
        let (action, texts) = (&self.request.approval.action, self.texts());
        let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
        let lead = match vote.decision {
            Decision::Approved => texts.receipt_approved(pipeline, stage),
            Decision::Rejected => texts.receipt_rejected(pipeline, stage),
        };
        let label = Some(Label::of(vote.decision, texts));
        Opening { label, statement: self.comment(vote), ..Opening::new(texts.receipt_title(pipeline), vec![lead]) }
    }

    fn unreached(&self, missing: &Address) -> Opening<'a> {
        let (action, texts) = (&self.request.approval.action, self.texts());
        let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
        let name = self.request.name_of(missing);
        let lead = vec![
            texts.not_delivered(&name, pipeline, stage),
            texts.too_few_reached(),
            texts.tell_the_team(&texts.at(self.request.expires)),
        ];
        Opening::new(texts.not_delivered_title(pipeline), lead)
    }

    fn outcome(&self, outcome: &Outcome) -> Opening<'a> {
        let (pipeline, texts) = (self.request.approval.action.pipeline.as_str(), self.texts());
        let headline = match outcome.ending {
            Ending::Approved => texts.was_approved(pipeline),
            Ending::Rejected => texts.was_rejected(pipeline),
            Ending::Expired => texts.was_not_approved_in_time(pipeline),
            Ending::Superseded => texts.was_superseded(pipeline),
            Ending::Stopped => texts.was_stopped(pipeline),
            Ending::NotShown => texts.was_not_shown(pipeline),
        };
        let lead =
            vec![status_text::end(self.request, outcome, texts), status_text::consequence(outcome.ending, texts)];
        let statement = Foreign::decided_elsewhere(self.request, INSTRUCTIONS, texts);
        let label = match outcome.ending {
            Ending::Approved => Some(Label::of(Decision::Approved, texts)),
            Ending::Rejected => Some(Label::of(Decision::Rejected, texts)),
            Ending::Expired | Ending::Superseded | Ending::Stopped | Ending::NotShown => None,
        };
        Opening { label, statement, ..Opening::new(headline, lead) }
    }

    /// What else this recipient should know.
    fn notes(&self) -> Vec<String> {
        let (request, texts) = (self.request, self.texts());
        let mut notes = Vec::new();
        if self.links.is_some() && request.bars(&self.to.address) {
            notes.push(texts.your_approval_would_not_count());
        } else {
            notes.extend(status_text::barred(request, texts));
        }
        if request.release.start.is_none() {
            notes.extend(status_text::unrecognised_initiator(request, texts));
        }
        if self.links.is_some() && request.terms.reason_required {
            notes.push(texts.rejection_needs_comment());
        }
        notes
    }

    /// How long it can be decided, and how long the pipeline waits if that is longer.
    fn until(&self, waits: String) -> String {
        let (request, texts) = (self.request, self.texts());
        if let Some(stops) = release_text::without_a_decision(request, texts) {
            return status_text::sentences(&[waits, stops], texts);
        }
        if self.links.is_none() {
            return waits;
        }
        let pipeline = request.approval.action.pipeline.as_str();
        let longer = texts.pipeline_waits_longer(pipeline, &texts.at(request.waits_until));
        status_text::sentences(&[waits, longer], texts)
    }
}

/// What the templates use.
impl<'a> Email<'a> {
    /// The latest votes so far, oldest first.
    fn votes(&self) -> Vec<&'a Vote> {
        let mut votes = self.all_votes();
        votes.split_off(self.older_votes())
    }

    /// How many votes the email omits.
    fn older_votes(&self) -> usize {
        let votes = self.all_votes();
        let taken = votes.iter().rev().scan(0, |taken, vote| {
            *taken += VOTE + self.octets(vote);
            Some(*taken)
        });
        let room = if self.kind == EmailKind::Outcome { FINAL_VOTES } else { VOTES };
        let shown = taken.take_while(|taken| *taken <= room).count();
        votes.len() - shown.max(1).min(votes.len())
    }

    fn all_votes(&self) -> Vec<&'a Vote> {
        let mut votes: Vec<&Vote> = self.request.votes.values().collect();
        votes.sort_by_key(|vote| vote.at);
        votes
    }

    /// How many bytes of HTML a vote's texts take.
    fn octets(&self, vote: &Vote) -> usize {
        let said = self.comment(vote);
        let comment = said.as_ref().and_then(|said| said.text.as_ref());
        let comment = comment.map_or(0, |text| text.lines().map(|line| in_html(line) + "<br>".len()).sum());
        let label = said.as_ref().map_or(0, |said| in_html(&said.label));
        in_html(&status_text::vote(self.request, vote, self.texts())) + label + comment
    }

    /// The recipient's own vote. What only they may see of a vote is shown of this one alone.
    fn own_vote(&self) -> Option<&'a Vote> {
        self.request.vote_of(&self.to.address)
    }

    /// When the recipient's own vote was given, and from which network address. API Gateway names it, not the visitor.
    fn facts_of_vote(&self, vote: &'a Vote) -> Vec<(String, String)> {
        let texts = self.texts();
        let mut facts = vec![(texts.vote_time(), texts.at(vote.at))];
        facts.extend(vote.visitor.address.clone().map(|address| (texts.network_address(), address)));
        facts
    }

    /// What to do about a vote that the recipient did not give, and that can still be replaced.
    fn if_not_yours(&self, vote: &Vote) -> String {
        let texts = self.texts();
        texts.vote_was_not_yours(&match vote.decision {
            Decision::Approved => texts.reject(),
            Decision::Rejected => texts.approve(),
        })
    }

    /// A vote's comment, shortened while the approval waits.
    fn comment(&self, vote: &Vote) -> Option<Foreign<'a>> {
        let is_long = matches!(self.kind, EmailKind::Outcome | EmailKind::Receipt { .. });
        let limit = if is_long { FINAL_COMMENT } else { COMMENT };
        Foreign::comment(self.request, vote, limit, self.texts())
    }

    fn most_revisions(&self) -> usize {
        if self.request.release.earlier.is_empty() { MAX_REVISIONS } else { MAX_REVISIONS_AGAIN }
    }

    /// How many changes the email omits, which the page has.
    fn more_revisions(&self) -> usize {
        self.request.release.revisions.len().saturating_sub(self.most_revisions())
    }

    /// Whether the recipient has links that show the outcome.
    fn has_links(&self) -> bool {
        self.request.asks(&self.to.address)
    }
}

impl Links {
    fn both(&self, texts: Texts) -> [Button<'_>; 2] {
        [
            Button::new(Decision::Approved, texts.approve(), &self.approve),
            Button::new(Decision::Rejected, texts.reject(), &self.reject),
        ]
    }

    /// The page that explains the emails.
    fn help(&self) -> String {
        self.approve.help()
    }
}

/// What the browser of a vote said that it is: whoever sends a form chooses it.
fn browser(vote: &Vote) -> Option<Cow<'_, str>> {
    vote.visitor.browser.as_deref().map(legible)
}

/// A link as a button, and as a line for where the button does not work.
struct Button<'a> {
    class: &'static str,
    colour: &'static str,
    word: String,
    link: &'a str,
}

impl<'a> Button<'a> {
    fn new(decision: Decision, word: String, link: &'a Link) -> Self {
        let (class, colour) = colours(decision);
        Self { class, colour, word, link: link.expose() }
    }
}

/// The host that a link of ours leads to, with its port if it has one: what a reader can check of 450 characters.
fn host(link: &str) -> &str {
    link.split('/').nth(2).unwrap_or_default()
}

/// The bytes of a text in HTML, where it is escaped.
fn in_html(text: &str) -> usize {
    text.chars().map(|character| if "&<>\"'".contains(character) { "&#38;".len() } else { character.len_utf8() }).sum()
}

/// Whether the HTML may show a link as a line that names its host: whoever follows it gets to that host, or nowhere. The
/// plain text has all of it.
fn can_be_short(link: &ReviewLink) -> bool {
    matches!(link, ReviewLink::Url(url) if url.as_str().starts_with("https://") && url.as_str().len() <= MAX_LINKED_URL)
}

/// Foreign text in the plain text: who wrote it, and each line marked, so that a commit message cannot pass for our links.
fn quoted(said: &Foreign, texts: Texts) -> String {
    let source = said.source.as_ref().map_or_else(String::new, |source| format!("{source}\n"));
    // A sentence has its own end.
    let end = if said.label.ends_with(['.', '。']) { "" } else { ":" };
    let mut quoted = format!("{source}{}{end}\n", said.label);
    if let Some(names) = &said.apart {
        quote(&mut quoted, names);
    }
    if let Some(text) = &said.text {
        text.lines().for_each(|line| quote(&mut quoted, line));
        if let Some(more) = text.more(texts) {
            quoted.push_str(&more);
            quoted.push('\n');
        }
    }
    if let Some(id) = &said.id {
        quote(&mut quoted, id);
    }
    if let Some((about, link)) = &said.link {
        quoted.push_str(about);
        quoted.push_str(":\n");
        link.as_str().lines().for_each(|line| quote(&mut quoted, line));
    }
    for (about, url) in &said.pages {
        quoted.push_str(about);
        quoted.push_str(":\n");
        quote(&mut quoted, url.as_str());
    }
    if let Some(note) = &said.note {
        quoted.push_str(note);
        quoted.push('\n');
    }
    quoted
}

fn quote(quoted: &mut String, line: &str) {
    quoted.push_str("> ");
    quoted.push_str(line);
    quoted.push('\n');
}
