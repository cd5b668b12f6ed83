//! The sandbox's own pages: the pipelines, and a mailbox as a mail client would show it.

use askama::Template;
use countersign::l10n::Language;
use serde_json::Value;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::ses::Mail;
use crate::codepipeline::{ActionView, PipelineView, RunView};
use crate::lambda::Failure;

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    pipelines: &'a [PipelineView],
    mails: usize,
    failures: &'a [Failure],
    now: UtcDateTime,
    host: &'a str,
}

pub(crate) fn index(
    pipelines: &[PipelineView],
    mails: usize,
    failures: &[Failure],
    now: UtcDateTime,
    host: &str,
) -> askama::Result<String> {
    Index { pipelines, mails, failures, now, host }.render()
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Mailbox<'a> {
    mails: Vec<&'a Mail>,
}

/// Newest first, as mailboxes are.
pub(crate) fn mailbox(mails: &[Mail]) -> askama::Result<String> {
    Mailbox { mails: mails.iter().rev().collect() }.render()
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    mail: &'a Mail,
}

pub(crate) fn mail(mail: &Mail) -> askama::Result<String> {
    MailPage { mail }.render()
}

fn in_words(moment: UtcDateTime) -> String {
    Language::ENGLISH.texts().at(moment)
}

/// An email's date in words.
fn dated(date: &str) -> String {
    UtcDateTime::parse(date, &Rfc3339).map_or_else(|_| date.to_owned(), in_words)
}

/// The email's HTML as a mail client shows it: links open in a window of their own.
pub(crate) fn as_mail_client(html: &str) -> String {
    html.replacen("<head>", "<head><base target=\"_blank\">", 1)
}

/// The run that a card shows, and the others that wait beside it in PARALLEL mode.
fn runs(action: &ActionView) -> &[RunView] {
    &action.runs
}

/// The class that colours a status.
fn tone(status: &str) -> &'static str {
    match status {
        "Succeeded" => "good",
        "InProgress" => "waits",
        "Failed" => "bad",
        _ => "off",
    }
}

fn pretty(event: &Value) -> String {
    serde_json::to_string_pretty(event).unwrap_or_default()
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// A commit message out of the JSON that a source behind a connection wraps it in.
fn said(summary: &str) -> String {
    match serde_json::from_str::<Value>(summary) {
        Ok(wrapped) => wrapped.get("CommitMessage").and_then(Value::as_str).unwrap_or(summary).to_owned(),
        Err(_) => summary.to_owned(),
    }
}
