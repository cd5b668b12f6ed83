//! The technical details of an approval, which pages and emails show last: for whoever looks it up in AWS.

use std::borrow::Cow;

use crate::approval::{ReviewLink, WebUrl};
use crate::console;
use crate::foreign::about_link;
use crate::l10n::Texts;
use crate::request::{Request, Revision};
use crate::text::legible;

/// The technical details of one approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details<'a> {
    /// Names in AWS, each with what it is the name of.
    pub facts: Vec<(String, &'a str)>,
    /// Who or what started the execution, as AWS says it: foreign text.
    pub started_by: Option<Cow<'a, str>>,
    /// The changes, as AWS knows them.
    pub revisions: Vec<RevisionDetails<'a>>,
    /// The execution's page in the AWS console.
    pub console: Option<WebUrl>,
}

/// One change, as AWS knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionDetails<'a> {
    /// What it is, in our words, with the name of its source where there are several.
    pub label: String,
    /// The whole id: foreign text.
    pub id: Cow<'a, str>,
    /// AWS's link to it, after a line of ours: where it leads, or why it cannot be followed.
    pub link: Option<(String, &'a ReviewLink)>,
}

impl<'a> Details<'a> {
    /// The details of a request, with so many of its changes at most.
    #[must_use]
    pub fn of(request: &'a Request, most_revisions: usize, texts: Texts) -> Self {
        let (approval, release) = (&request.approval, &request.release);
        let action = &approval.action;
        let several = release.revisions.len() > 1;
        let facts = Vec::from([
            (texts.pipeline(), action.pipeline.as_str()),
            (texts.stage(), action.stage.as_str()),
            (texts.action(), action.action.as_str()),
            (texts.account(), action.account.as_str()),
            (texts.region(), action.region.as_str()),
            (texts.execution(), approval.execution.as_str()),
        ]);
        Self {
            facts,
            started_by: release.started_by.as_deref().map(legible),
            revisions: release
                .revisions
                .iter()
                .take(most_revisions)
                .map(|revision| RevisionDetails::of(revision, several, texts))
                .collect(),
            console: console::execution_page(approval),
        }
    }
}

impl<'a> RevisionDetails<'a> {
    fn of(revision: &'a Revision, several: bool, texts: Texts) -> Self {
        let source = revision.source.as_deref().filter(|_| several);
        Self {
            label: source.map_or_else(|| texts.revision(), |source| texts.revision_of(source)),
            id: legible(&revision.id),
            link: revision.url.as_ref().map(|link| (about_link(link, texts), link)),
        }
    }
}
