//! The email to somebody whom a change of the policy gives, or takes from, the right to decide.

use askama::Template;
use countersign::approval::{Address, Approver, Deployment, Digest, ReviewLink};
use countersign::foreign::{Foreign, ForeignText, Limit};
use countersign::l10n::Texts;
use countersign::policy::{Globs, Part, Right, Rights, RightsChange};
use countersign::text::isolated;
use time::UtcDateTime;

use super::message::Message;
use super::{Opening, RenderError, can_be_short, quoted};

/// How much the email shows of what somebody gained, and of what they lost. `{"routes": {}}` lists all.
const RIGHTS: Limit = Limit { lines: 30, characters: 2000 };
/// Where there is more than is ever listed.
const MORE: &str = "…";

/// One email to one person.
pub struct PolicyEmail<'a> {
    /// What changes for the recipient.
    pub change: &'a RightsChange,
    /// The recipient.
    pub to: &'a Approver,
    /// When the change was noticed.
    pub seen: UtcDateTime,
    /// What tells the change apart from others.
    pub digest: &'a Digest,
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
        let texts = self.change.language.texts().in_zone(self.change.time_zone);
        let (opening, closing) = (&self.opening(texts), &self.closing(texts));
        let text = PolicyBody { texts, opening, closing }.render().map_err(|_| RenderError::Template)?;
        let html = PolicyHtml { texts, opening, closing }.render().map_err(|_| RenderError::Template)?;
        let message = Message {
            sender: self.sender,
            to: self.to,
            reply_to: self.reply_to,
            language: self.change.language,
            subject: texts.rights_changed(),
            id: self.seen.unix_timestamp().to_string(),
            thread: format!("policy.{}", self.digest),
            deployment: self.deployment,
            text,
            html,
        };
        message.write(now)
    }

    fn opening(&self, texts: Texts) -> Opening<'static> {
        let lead = vec![texts.rules_were_changed(&texts.at(self.seen))];
        let RightsChange { gained, lost, .. } = self.change;
        let lists = [
            (texts.you_may_decide_now(), own(gained, texts)),
            (texts.you_no_longer_decide(), own(lost, texts)),
            (texts.others_may_decide_now(), others(gained, texts)),
            (texts.others_no_longer_decide(), others(lost, texts)),
        ];
        let changes = lists.into_iter().filter_map(|(label, rows)| {
            let text = ForeignText::new(&rows.join("\n"), RIGHTS)?;
            Some(Foreign { text: Some(text), ..Foreign::labelled(label) })
        });
        let changes = changes.collect();
        Opening { changes, ..Opening::new(texts.rights_changed(), lead) }
    }

    /// What holds of both lists.
    fn closing(&self, texts: Texts) -> Vec<String> {
        let has_star = |globs: &Globs| Part::ALL.into_iter().any(|part| globs.all(part).any(|glob| glob.contains('*')));
        let has_stars = |right: &Right| has_star(&right.matches) || right.except.iter().any(has_star);
        let stars = [&self.change.gained, &self.change.lost].into_iter().any(|rights| {
            rights.own.iter().any(has_stars) || rights.of_others.iter().any(|(_, right)| has_stars(right))
        });
        let mut closing: Vec<String> = stars.then(|| texts.a_star_is_any_text()).into_iter().collect();
        closing.push(texts.rights_from_now_on());
        closing.push(texts.if_rights_are_unexpected());
        closing
    }
}

/// What the recipient gained or lost, in lines.
fn own(rights: &Rights, texts: Texts) -> Vec<String> {
    let rows = rights.own.iter().map(|right| row(right, texts));
    rows.chain((rights.more && !rights.own.is_empty()).then(|| MORE.to_owned())).collect()
}

/// What others gained or lost, in lines.
fn others(rights: &Rights, texts: Texts) -> Vec<String> {
    let rows = rights.of_others.iter().map(|(who, right)| {
        let address = who.address.expose();
        let who = who.name.as_ref().map_or_else(|| address.to_owned(), |name| format!("{} <{address}>", name.expose()));
        format!("{}: {}", isolated(&who), row(right, texts))
    });
    rows.chain((rights.more && !rights.of_others.is_empty()).then(|| MORE.to_owned())).collect()
}

/// What somebody gained or lost, in a line.
fn row(right: &Right, texts: Texts) -> String {
    let all = matching(&right.matches, texts);
    if right.except.is_empty() {
        return all;
    }
    let except = right.except.iter().map(|globs| matching(globs, texts));
    let except: Vec<String> = except.chain(right.more.then(|| MORE.to_owned())).collect();
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
