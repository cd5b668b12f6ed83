//! The email to somebody whom a change of the policy gives, or takes from, the right to decide.

use askama::Template;
use countersign::approval::{Address, Approver, Deployment, Digest, ReviewLink};
use countersign::foreign::{Foreign, ForeignText, Limit};
use countersign::l10n::Texts;
use countersign::policy::{Globs, Part, Right, RightsChange};
use countersign::text::bounded;
use time::UtcDateTime;

use super::message::Message;
use super::{MAX_LINKED_URL, Opening, RenderError, first, is_linked, quoted};

/// How much the email shows of what somebody gained, and of what they lost. `{"routes": {}}` lists all.
const RIGHTS: Limit = Limit { lines: 30, characters: 2000 };

/// One email to one person.
pub struct PolicyEmail<'a> {
    /// What changes for the recipient.
    pub change: &'a RightsChange,
    /// When the change was noticed.
    pub seen: UtcDateTime,
    /// The record of the change.
    pub record: &'a Digest,
    /// The sender.
    pub sender: &'a Approver,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<&'a Address>,
    /// The deployment, which is part of message ids.
    pub deployment: &'a Deployment,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyHtml<'a> {
    texts: Texts,
    opening: &'a Opening<'a>,
    closing: &'a [String],
}

#[derive(Template)]
#[template(path = "policy.txt")]
struct PolicyBody<'a> {
    texts: Texts,
    opening: &'a Opening<'a>,
    closing: &'a [String],
}

impl PolicyEmail<'_> {
    /// The whole message, ready for SES.
    ///
    /// # Errors
    /// When it cannot be rendered or is too large.
    pub fn render(&self, now: UtcDateTime) -> Result<Vec<u8>, RenderError> {
        let texts = self.change.language.texts();
        let (opening, closing) = (&self.opening(texts), &self.closing(texts));
        let text = PolicyBody { texts, opening, closing }.render().map_err(|_| RenderError::Template)?;
        let html = PolicyHtml { texts, opening, closing }.render().map_err(|_| RenderError::Template)?;
        let message = Message {
            sender: self.sender,
            to: &self.change.person,
            reply_to: self.change.reply_to.as_ref().or(self.reply_to),
            language: self.change.language,
            subject: texts.rights_changed(),
            id: self.seen.unix_timestamp().to_string(),
            thread: format!("policy.{}", self.record),
            deployment: self.deployment,
            text,
            html,
        };
        message.write(now)
    }

    fn opening(&self, texts: Texts) -> Opening<'static> {
        let lead = vec![texts.rules_were_changed(&texts.at(self.seen))];
        let lists =
            [(texts.you_may_decide_now(), &self.change.gained), (texts.you_no_longer_decide(), &self.change.lost)];
        let changes = lists.into_iter().filter_map(|(label, rights)| {
            let rows: Vec<String> = rights.iter().map(|right| row(right, texts)).collect();
            let text = ForeignText::new(&rows.join("\n"), RIGHTS)?;
            Some(Foreign { label, text: Some(text), id: None, link: None })
        });
        let changes = changes.collect();
        Opening { headline: texts.rights_changed(), earlier: None, lead, facts: Vec::new(), changes, statement: None }
    }

    /// What holds of both lists.
    fn closing(&self, texts: Texts) -> Vec<String> {
        let rights = || self.change.gained.iter().chain(&self.change.lost);
        let has_star = |globs: &Globs| Part::ALL.into_iter().any(|part| globs.all(part).any(|glob| glob.contains('*')));
        let stars = rights().any(|right| has_star(&right.matches) || right.except.iter().any(has_star));
        let mut closing: Vec<String> = stars.then(|| texts.a_star_is_any_text()).into_iter().collect();
        closing.push(texts.rights_from_now_on());
        closing.push(texts.if_rights_are_unexpected());
        closing
    }
}

/// What somebody gained or lost, in a line.
fn row(right: &Right, texts: Texts) -> String {
    let all = matching(&right.matches, texts);
    if right.except.is_empty() {
        return all;
    }
    let except: Vec<String> = right.except.iter().map(|globs| matching(globs, texts)).collect();
    texts.all_except(&all, &except.join("; "))
}

/// What globs match, part by part, in the order in which people name it.
fn matching(globs: &Globs, texts: Texts) -> String {
    let parts = [
        (Part::Pipeline, texts.pipeline()),
        (Part::Stage, texts.stage()),
        (Part::Action, texts.action()),
        (Part::Account, texts.account()),
        (Part::Region, texts.region()),
    ];
    let parts = parts.into_iter().filter_map(|(part, label)| {
        let globs: Vec<&str> = globs.all(part).collect();
        (!globs.is_empty()).then(|| format!("{label} {}", globs.join(" + ")))
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { texts.every_release() } else { parts.join(", ") }
}
