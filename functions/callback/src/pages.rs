//! The pages. Each state has its own title, says what happened and what to do next. No script, nothing from elsewhere.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::approval::{Comment, Decision};
use countersign::l10n::Texts;
use countersign::link::VerifiedLink;
use countersign::request::{Ending, Outcome, Request, Vote};
use countersign::status_text;
use time::UtcDateTime;

use crate::notice::Notice;

/// The style of every page, in the page itself.
pub const STYLE: &str = include_str!("../templates/style.css");

/// The style's hash as `Content-Security-Policy` wants it: nothing else on a page can be a style.
#[must_use]
pub fn style_hash() -> String {
    STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes()))
}

/// What a link opens: what waits, and the one button.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct Confirm<'a> {
    /// What it is written in.
    pub texts: Texts,
    /// What waits.
    pub request: &'a Request,
    /// The link that was opened.
    pub link: &'a VerifiedLink,
    /// What is wrong with the form that was sent, if something is.
    pub problem: Option<FormProblem>,
    /// What was written in it.
    pub comment: &'a str,
    /// When the page is shown.
    pub now: UtcDateTime,
}

/// What is wrong with a form whose link is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormProblem {
    /// The comment is longer than CodePipeline keeps.
    CommentTooLong,
    /// The policy wants a reason for a rejection.
    CommentMissing,
    /// It was sent without its button, by a script or by a machine.
    ButtonNotPressed,
}

impl FormProblem {
    /// What the visitor is told.
    #[must_use]
    pub fn text(self, texts: Texts) -> String {
        match self {
            Self::CommentTooLong => texts.comment_too_long(&Comment::MAX.to_string()),
            Self::CommentMissing => texts.comment_missing(),
            Self::ButtonNotPressed => texts.button_not_pressed(),
        }
    }

    /// Whether the comment is to blame.
    fn is_of_the_comment(self) -> bool {
        matches!(self, Self::CommentTooLong | Self::CommentMissing)
    }
}

impl Confirm<'_> {
    fn title(&self) -> String {
        let action = &self.request.approval.action;
        let (pipeline, stage) = (action.pipeline.as_str(), action.stage.as_str());
        match self.link.decision() {
            Decision::Approved => self.texts.release_question(pipeline, stage),
            Decision::Rejected => self.texts.stop_question(pipeline, stage),
        }
    }

    /// The title of the window: whoever hears it read out knows at once that something is wrong.
    fn window_title(&self) -> String {
        if self.problem.is_some() { self.texts.problem_title(&self.title()) } else { self.title() }
    }

    fn button(&self) -> String {
        match self.link.decision() {
            Decision::Approved => self.texts.approve_button(),
            Decision::Rejected => self.texts.reject_button(),
        }
    }

    fn consequence(&self) -> String {
        match (self.link.decision(), self.request.terms.quorum.get()) {
            (Decision::Approved, 1) => self.texts.if_you_approve(),
            (Decision::Approved, _) => self.texts.if_you_approve_of_several(),
            (Decision::Rejected, _) => self.texts.if_you_reject(),
        }
    }

    fn until(&self) -> String {
        let expires = self.request.expires;
        self.texts.decide_until(&self.texts.in_span(expires - self.now), &self.texts.at(expires))
    }

    fn is_comment_wrong(&self) -> bool {
        self.problem.is_some_and(FormProblem::is_of_the_comment)
    }

    fn reason_required(&self) -> bool {
        self.link.decision() == Decision::Rejected && self.request.terms.reason_required
    }

    /// The vote that the button replaces.
    fn other_vote(&self) -> Option<String> {
        let vote = self.request.vote_of(self.link.approver())?;
        match vote.decision {
            decision if decision == self.link.decision() => None,
            Decision::Approved => Some(self.texts.you_approved_before()),
            Decision::Rejected => Some(self.texts.you_rejected_before()),
        }
    }
}

/// An approval that is counted and decides nothing yet.
#[derive(Template)]
#[template(path = "recorded.html")]
pub struct Recorded<'a> {
    /// What it is written in.
    pub texts: Texts,
    /// What waits.
    pub request: &'a Request,
    /// When the page is shown.
    pub now: UtcDateTime,
}

impl Recorded<'_> {
    fn until(&self) -> String {
        let expires = self.request.expires;
        self.texts.recorded(&self.texts.in_span(expires - self.now), &self.texts.at(expires))
    }
}

/// An approval that somebody decided.
#[derive(Template)]
#[template(path = "decided.html")]
pub struct Decided<'a> {
    /// What it is written in.
    pub texts: Texts,
    /// What was decided.
    pub request: &'a Request,
    /// How.
    pub outcome: &'a Outcome,
    /// Whether the visitor's link is one of those that decided.
    pub yours: bool,
}

impl Decided<'_> {
    fn is_approved(&self) -> bool {
        self.outcome.ending == Ending::Approved
    }

    fn title(&self) -> String {
        let pipeline = self.request.approval.action.pipeline.as_str();
        match (self.is_approved(), self.yours) {
            (true, true) => self.texts.was_approved(pipeline),
            (true, false) => self.texts.was_already_approved(pipeline),
            (false, true) => self.texts.was_rejected(pipeline),
            (false, false) => self.texts.was_already_rejected(pipeline),
        }
    }

    fn votes(&self) -> Vec<&Vote> {
        match &self.request.verdict {
            Some(verdict) if self.request.ended_by_votes() => self.request.votes_for(verdict.decision),
            _ => Vec::new(),
        }
    }
}

/// A page that says why nothing can be done here, and what can.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct NoticePage<'a> {
    texts: Texts,
    title: String,
    what: String,
    next: String,
    request: Option<&'a Request>,
}

impl<'a> NoticePage<'a> {
    /// The page for a notice.
    #[must_use]
    pub fn new(notice: &Notice<'a>, texts: Texts) -> Self {
        let [title, what, next] = notice.text(texts);
        Self { texts, title, what, next, request: notice.request() }
    }
}

/// For templates: the counted votes.
fn tally(texts: Texts, request: &Request) -> String {
    let approvals = request.votes_for(Decision::Approved).len();
    texts.approvals_so_far(&approvals.to_string(), &request.terms.quorum.get().to_string())
}

fn commented(vote: &Vote) -> Option<&str> {
    vote.comment.as_ref().map(Comment::expose)
}
