//! Submissions: what a visitor wrote into a form, kept until it is known whether it was saved.

use countersign::approval::{Address, Comment};
use countersign::link::{SignedToken, VerifiedLink};
use countersign::request::Request;
use countersign::text::bounded;

use crate::request::Intent;

/// The comment of a form that came with a link of ours. Where it is not saved, its writer gets it back. It must not be
/// logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    approver: Address,
    link: Option<Box<VerifiedLink>>,
    comment: String,
}

impl Submission {
    /// What was sent along with a token. `None` where nothing was sent, or where the token is no link: only a visitor whom
    /// a link entitles gets back what they wrote.
    #[must_use]
    pub fn of(token: &SignedToken, intent: &Intent) -> Option<Self> {
        let Intent::Decide { comment, .. } = intent else { return None };
        let (approver, link) = match token {
            SignedToken::Link(link) => (link.approver(), Some(link.clone())),
            SignedToken::Expired(link) => (link.approver(), None),
            SignedToken::Finish(_) => return None,
        };
        Some(Self { approver: approver.clone(), link, comment: comment.clone() })
    }

    /// The link, if the form can be sent again with it.
    #[must_use]
    pub fn link(&self) -> Option<&VerifiedLink> {
        self.link.as_deref()
    }

    /// The comment as it was written, for the field that it was written into.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// The comment to show elsewhere: no longer than the form allows. `None` where there is none, or where the request's
    /// vote has it.
    #[must_use]
    pub fn unsaved(&self, request: Option<&Request>) -> Option<String> {
        let saved = request.and_then(|request| request.vote_of(&self.approver)).and_then(|vote| vote.comment.as_ref());
        if saved.is_some() && saved == self.comment.parse::<Comment>().ok().as_ref() {
            return None;
        }
        Some(bounded(&self.comment, Comment::MAX)).filter(|comment| !comment.is_empty())
    }
}
