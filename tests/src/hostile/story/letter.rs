//! The record of an email for the checks: the message, and what it must contain.

use countersign::l10n::Language;
use serde_json::{Value, json};

use super::super::case::{Door, Review};
use super::super::text::{beginning, breaks_a_line, first_lines, marks};
use super::{BROWSER, Kind, Story};
use crate::World;

/// The number of characters that an email must show at least of a commit message's first line, and in plain text of so many
/// lines. The page has the others.
const LEAST_OF_A_TITLE: usize = 150;
const LEAST_OF_A_MESSAGE: usize = 200;
const LEAST_LINES_OF_A_MESSAGE: usize = 8;
/// The number of characters that an email must show at least of a line such as a revision's id.
const LEAST_OF_A_LINE: usize = 60;
/// The number of characters of a comment that an email must show while the approval is pending. The outcome has all.
const LEAST_OF_A_COMMENT: usize = 150;
/// The number of lines that an email must show at least: of a comment while the approval is pending, and of other texts.
const LEAST_LINES_OF_A_COMMENT: usize = 4;
const LEAST_LINES: usize = 18;
/// The number of revisions that an email must show.
const LEAST_REVISIONS: usize = 3;
/// The number of votes that an email must show at least, the latest.
const LEAST_VOTES: usize = 2;
/// Where the sandbox says that visits come from.
const ADDRESS: &str = "127.0.0.1";

impl Story {
    /// The record for the checks: the message, its fields as a Rust parser reads them, and its expected content.
    pub(super) fn letter(&self, world: &World, kind: Kind, person: usize, mail: &sandbox::aws::ses::Mail) -> Value {
        let case = &self.case;
        let to = self.people()[person];
        let read = mail_parser::MessageParser::default().parse(mail.raw.as_bytes()).unwrap();
        let links: Vec<&String> = match kind {
            Kind::Request | Kind::Reminder => self.links[&person].iter().collect(),
            Kind::Watch | Kind::Receipt | Kind::Unreached | Kind::Outcome | Kind::Policy => Vec::new(),
        };
        let mut says: Vec<String> = Vec::new();
        if kind != Kind::Policy {
            says.extend([case.pipeline.clone(), case.stage.clone(), case.action.clone()]);
            says.extend(["123456789012".to_owned(), self.execution.clone()]);
        }
        if kind != Kind::Policy && case.door == Door::Trigger {
            let who = case.trigger.splitn(6, ':').last().unwrap_or_default();
            says.push(beginning(if case.trigger.contains(":rule/") { &case.trigger } else { who }, LEAST_OF_A_LINE));
        }
        let mut hrefs: Vec<&str> = Vec::new();
        let mut says_in_text: Vec<String> = Vec::new();
        // The email may show it in any form.
        let mut shown: Vec<String> = Vec::new();
        if !matches!(kind, Kind::Receipt | Kind::Unreached | Kind::Outcome | Kind::Policy) {
            says.extend(case.instructions.as_deref().map(|text| first_lines(text, LEAST_LINES)));
            match &case.review {
                Review::None => {}
                Review::NoLink(text) => shown.extend(marks(text)),
                Review::Link(link) => hrefs.push(link),
                Review::International(link) => shown.extend(marks(link)),
            }
            for source in case.sources.iter().take(LEAST_REVISIONS) {
                let message = source.message.trim_start_matches(breaks_a_line);
                says.push(beginning(&first_lines(message, 1), LEAST_OF_A_TITLE));
                says_in_text.push(beginning(&first_lines(message, LEAST_LINES_OF_A_MESSAGE), LEAST_OF_A_MESSAGE));
                if case.door == Door::Api {
                    says.push(beginning(&source.revision, LEAST_OF_A_LINE));
                }
            }
        }
        if let (Kind::Unreached, Some(missing)) = (kind, self.indispensable()) {
            says.push(case.approvers[missing].address.clone());
            says.extend(case.approvers[missing].name.clone());
        }
        if matches!(kind, Kind::Reminder | Kind::Outcome) {
            for (voter, comment) in &self.votes[self.votes.len().saturating_sub(LEAST_VOTES)..] {
                says.push(case.approvers[*voter].address.clone());
                says.extend(case.approvers[*voter].name.clone());
                let is_over = kind == Kind::Outcome;
                says.push(if is_over {
                    first_lines(comment, LEAST_LINES)
                } else {
                    beginning(&first_lines(comment, LEAST_LINES_OF_A_COMMENT), LEAST_OF_A_COMMENT)
                });
            }
        }
        if kind == Kind::Outcome {
            says.extend(self.console_summary.as_deref().map(|text| first_lines(text, LEAST_LINES)));
        }
        if matches!(kind, Kind::Receipt | Kind::Outcome)
            && let Some((_, comment)) = self.votes.iter().find(|(voter, _)| *voter == person)
        {
            let is_shown = kind == Kind::Receipt || person + LEAST_VOTES >= self.votes.len();
            says.extend(is_shown.then(|| first_lines(comment, LEAST_LINES)));
            says.push(ADDRESS.to_owned());
            says.extend((!case.broken_bytes).then(|| BROWSER.to_owned()));
        }
        json!({
            "case": case.number,
            "kind": kind.as_str(),
            "ending": if kind == Kind::Outcome { format!("{:?}", case.ending) } else { String::new() },
            "tame": case.tame,
            "language": case.language.map(Language::as_str),
            "to": {"name": to.name, "address": to.address},
            // Answers about the policy do not go where it says.
            "reply_to": case.reply_to.as_ref().filter(|_| kind != Kind::Policy),
            "callback": world.sandbox().url(),
            "links": links,
            "hrefs": hrefs,
            "says": says,
            "says_in_text": says_in_text,
            "shown": shown,
            "read": {
                "subject": read.subject(),
                "from": mail_parser_addresses(read.from()),
                "to": mail_parser_addresses(read.to()),
                "headers": read.headers_raw().map(|(name, _)| name).collect::<Vec<_>>(),
                "text": mail.text,
                "html": mail.html,
            },
            "raw": mail.raw,
        })
    }
}

fn mail_parser_addresses(addresses: Option<&mail_parser::Address<'_>>) -> Value {
    let addresses = addresses.into_iter().flat_map(mail_parser::Address::iter);
    addresses.map(|one| json!({"name": one.name(), "address": one.address()})).collect()
}
