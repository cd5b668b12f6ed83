//! Pages. Each state has its own title, says what happened and what to do next. No page has a script or loads anything.

use std::borrow::Cow;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::approval::{Comment, Decision, ReviewLink};
use countersign::earlier::Earlier;
use countersign::foreign::{Foreign, Limit};
use countersign::l10n::Texts;
use countersign::link::VerifiedLink;
use countersign::release_text;
use countersign::request::{Ending, Outcome, Request, Vote};
use countersign::status_text;
use countersign::text::legible;
use time::UtcDateTime;

use crate::notice::Notice;

/// The style of every page, in the page itself.
pub const STYLE: &str = include_str!("../templates/style.css");

/// How much of a foreign text a page shows at once; the rest is folded. The button must not be far down.
const INSTRUCTIONS: Limit = Limit { lines: 20, characters: 1000 };
const CHANGE: Limit = Limit { lines: 20, characters: 600 };
/// The same where there are more than [`MANY`] changes.
const CHANGE_OF_MANY: Limit = Limit { lines: 5, characters: 200 };
const MANY: usize = 3;
const COMMENT: Limit = Limit { lines: 10, characters: 512 };

/// The style's SHA-256 in base64, for `Content-Security-Policy`: no other style is applied to a page.
#[must_use]
pub fn style_hash() -> String {
    STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes()))
}

/// The page that a link opens: the pending approval, and the one button.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct Confirm<'a> {
    texts: Texts,
    request: &'a Request,
    link: &'a VerifiedLink,
    problem: Option<FormProblem>,
    comment: &'a str,
    now: UtcDateTime,
    title: String,
}

/// A problem with a form whose link is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormProblem {
    /// The comment is longer than CodePipeline keeps.
    CommentTooLong,
    /// The policy requires a reason for a rejection, and there is no comment.
    CommentMissing,
    /// The form was sent without pressing its button, by a script or another program.
    ButtonNotPressed,
}

impl FormProblem {
    /// The sentence that explains it.
    #[must_use]
    pub fn text(self, texts: Texts) -> String {
        match self {
            Self::CommentTooLong => texts.comment_too_long(&Comment::MAX.to_string()),
            Self::CommentMissing => texts.comment_missing(),
            Self::ButtonNotPressed => texts.button_not_pressed(),
        }
    }

    /// Whether the comment has to be corrected.
    fn concerns_comment(self) -> bool {
        matches!(self, Self::CommentTooLong | Self::CommentMissing)
    }
}

impl<'a> Confirm<'a> {
    /// The page at a time, in the viewer's language. With a form that was sent: what is wrong with it, and its comment.
    #[must_use]
    pub fn new(
        texts: Texts,
        request: &'a Request,
        link: &'a VerifiedLink,
        problem: Option<FormProblem>,
        comment: &'a str,
        now: UtcDateTime,
    ) -> Self {
        let title = match link.decision() {
            Decision::Approved => release_text::question(request, texts),
            Decision::Rejected => release_text::reject_question(request, texts),
        };
        Self { texts, request, link, problem, comment, now, title }
    }

    /// The title of the window. It begins with the problem, so that those who hear it read out know at once.
    fn window_title(&self) -> Cow<'_, str> {
        if self.problem.is_some() { self.texts.problem_title(&self.title).into() } else { self.title.as_str().into() }
    }

    fn button(&self) -> String {
        match self.link.decision() {
            Decision::Approved => self.texts.approve_button(),
            Decision::Rejected => self.texts.reject_button(),
        }
    }

    fn consequence(&self) -> String {
        match self.link.decision() {
            Decision::Approved if self.is_one_enough() => self.texts.if_you_approve(),
            Decision::Approved => self.texts.if_you_approve_of_several(),
            Decision::Rejected => self.texts.if_you_reject(),
        }
    }

    /// Whether the viewer's approval alone is enough.
    fn is_one_enough(&self) -> bool {
        let terms = &self.request.terms;
        terms.quorum.get() == 1 && terms.must_include.iter().all(|one| *one == self.link.approver().identity())
    }

    fn earlier(&self) -> Option<Earlier<'_>> {
        Earlier::of(self.request, COMMENT, self.texts)
    }

    fn until(&self) -> String {
        let (until, in_span) = self.texts.until(self.request.expires, self.now);
        self.texts.decide_until(&in_span, &until)
    }

    fn is_comment_wrong(&self) -> bool {
        self.problem.is_some_and(FormProblem::concerns_comment)
    }

    fn reason_required(&self) -> bool {
        self.link.decision() == Decision::Rejected && self.request.terms.reason_required
    }

    fn changes(&self) -> Vec<Foreign<'_>> {
        let release = &self.request.release;
        let limit = if release.revisions.len() > MANY { CHANGE_OF_MANY } else { CHANGE };
        Foreign::changes(release, limit, self.texts).collect()
    }

    fn instructions(&self) -> Option<Foreign<'_>> {
        Foreign::instructions(&self.request.release, INSTRUCTIONS, self.texts)
    }

    /// A sentence about the vote that the button replaces.
    fn other_vote(&self) -> Option<String> {
        let vote = self.request.vote_of(self.link.approver())?;
        match vote.decision {
            decision if decision == self.link.decision() => None,
            Decision::Approved => Some(self.texts.you_approved_before()),
            Decision::Rejected => Some(self.texts.you_rejected_before()),
        }
    }
}

/// The page after a vote that is recorded and decides nothing yet.
#[derive(Template)]
#[template(path = "recorded.html")]
pub struct Recorded<'a> {
    /// The texts, in the viewer's language.
    pub texts: Texts,
    /// The pending request.
    pub request: &'a Request,
    /// The time of the visit.
    pub now: UtcDateTime,
}

impl Recorded<'_> {
    fn until(&self) -> String {
        let (until, in_span) = self.texts.until(self.request.expires, self.now);
        self.texts.recorded(&in_span, &until)
    }
}

/// The page of an approval that was approved or rejected.
#[derive(Template)]
#[template(path = "decided.html")]
pub struct Decided<'a> {
    /// The texts, in the viewer's language.
    pub texts: Texts,
    /// The decided request.
    pub request: &'a Request,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// Whether the visitor's vote is one of those that decided it.
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

    fn said_elsewhere(&self) -> Option<Foreign<'_>> {
        Foreign::decided_elsewhere(self.request, INSTRUCTIONS, self.texts)
    }

    fn votes(&self) -> Vec<&Vote> {
        match self.request.count() {
            Some(decision) if self.request.ended_by_votes() => self.request.votes_for(decision),
            _ => Vec::new(),
        }
    }
}

/// The page of a notice.
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

/// The number of approvals, and how many are needed: for templates.
fn tally(texts: Texts, request: &Request) -> String {
    let approvals = request.votes_for(Decision::Approved).len();
    texts.approvals_received(&approvals.to_string(), &request.terms.quorum.get().to_string())
}
