//! Pages. Each state has its own title, says what happened and what to do next. No page has a script or loads anything.

use std::borrow::Cow;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::approval::{Approver, Comment, Decision, DisplayName, ReviewLink};
use countersign::details::Details;
use countersign::earlier::Earlier;
use countersign::foreign::{Foreign, Limit};
use countersign::l10n::Texts;
use countersign::link::VerifiedLink;
use countersign::release_text;
use countersign::request::{Ending, Outcome, Request, Vote};
use countersign::status_text;
use countersign::text::{clean, legible};
use time::UtcDateTime;

use crate::notice::Notice;
use crate::submission::Submission;

/// The style of every page, in the page itself.
pub const STYLE: &str = include_str!("../templates/style.css");

/// How much of a foreign text a page shows at once; the rest is folded. The button must not be far down.
const INSTRUCTIONS: Limit = Limit { lines: 6, characters: 400 };
/// A commit's first line.
const CHANGE: Limit = Limit { lines: 1, characters: 160 };
/// How many of the values that a release runs with are not folded.
const VARIABLES: Limit = Limit { lines: 6, characters: 400 };
/// How many changes of other releases a page shows.
const PAST: Limit = Limit { lines: 10, characters: 1500 };
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
    form: Form<'a>,
    now: UtcDateTime,
    title: String,
    /// When there was a release before, or why that is not known.
    last_release: Option<String>,
    /// What that brought.
    before: Vec<Foreign<'a>>,
}

/// The page that explains the emails to those who get them.
#[derive(Template)]
#[template(path = "help.html")]
pub struct Help {
    /// The texts in the browser's language.
    pub texts: Texts,
}

impl Help {
    /// Each section's title and text.
    fn sections(&self) -> [[String; 2]; 5] {
        let texts = self.texts;
        [
            [texts.help_before_title(), texts.help_before()],
            [texts.help_links_title(), texts.help_links()],
            [texts.help_nothing_title(), texts.help_nothing()],
            [texts.help_genuine_title(), texts.help_genuine()],
            [texts.help_not_you_title(), texts.help_not_you()],
        ]
    }
}

/// The form with the one button of a link.
struct Form<'a> {
    link: &'a VerifiedLink,
    /// What was wrong with it when it was sent.
    problem: Option<FormProblem>,
    /// The comment that is in it already.
    comment: &'a str,
    reason_required: bool,
    /// Whether it is about a rollback, as far as that is known.
    is_rollback: bool,
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

impl Form<'_> {
    fn button(&self, texts: Texts) -> String {
        match (self.link.decision(), self.is_rollback) {
            (Decision::Approved, false) => texts.approve_button(),
            (Decision::Rejected, false) => texts.reject_button(),
            (Decision::Approved, true) => texts.approve_button_rollback(),
            (Decision::Rejected, true) => texts.reject_button_rollback(),
        }
    }

    /// Whether the field for the comment is unfolded: whoever need not write one gets to the button sooner.
    fn is_open(&self) -> bool {
        self.reason_required || self.problem.is_some() || !clean(self.comment).is_empty()
    }

    fn is_comment_wrong(&self) -> bool {
        self.problem.is_some_and(FormProblem::concerns_comment)
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
        let reason_required = link.decision() == Decision::Rejected && request.terms.reason_required;
        let is_rollback = request.release.rollback.is_some();
        let form = Form { link, problem, comment, reason_required, is_rollback };
        let last_release = release_text::before(request, texts);
        let before = Foreign::before(&request.release, PAST, texts).collect();
        Self { texts, request, link, form, now, title, last_release, before }
    }

    /// The title of the window. It begins with the problem, so that those who hear it read out know at once.
    fn window_title(&self) -> Cow<'_, str> {
        if self.form.problem.is_some() {
            self.texts.problem_title(&self.title).into()
        } else {
            self.title.as_str().into()
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

    /// How many were asked, and who of them does not count.
    fn asked(&self) -> String {
        let (request, texts) = (self.request, self.texts);
        let mut sentences = vec![status_text::asked_you(request, texts)];
        sentences.extend(status_text::barred(request, texts));
        if request.release.start.is_none() {
            sentences.extend(status_text::unrecognised_initiator(request, texts));
        }
        status_text::sentences(&sentences, texts)
    }

    fn changes(&self) -> Vec<Foreign<'_>> {
        Foreign::changes(&self.request.release, CHANGE, self.texts).collect()
    }

    fn variables(&self) -> Option<Foreign<'_>> {
        Foreign::variables(&self.request.release, VARIABLES, self.texts)
    }

    fn also_changes(&self) -> Option<Foreign<'_>> {
        Foreign::also_changes(&self.request.release, PAST, self.texts)
    }

    /// When there was a release before, unless that stands above what it brought; and who or what started this one.
    fn history(&self) -> Option<String> {
        let last_release = self.last_release.clone().filter(|_| self.before.is_empty());
        let started = release_text::started(self.request, self.texts);
        let all: Vec<String> = [last_release, started].into_iter().flatten().collect();
        (!all.is_empty()).then(|| status_text::sentences(&all, self.texts))
    }

    /// What comes of it if nobody decides. To reject comes to the same.
    fn without_a_decision(&self) -> Option<String> {
        let approves = self.link.decision() == Decision::Approved;
        release_text::without_a_decision(self.request, self.texts).filter(|_| approves)
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

    /// Those whose approval is still awaited, by name.
    fn awaited(&self) -> Option<String> {
        let name = |approver: &Approver| {
            let name = approver.name.as_ref().map(DisplayName::expose);
            name.unwrap_or_else(|| approver.address.expose()).to_owned()
        };
        let names: Vec<String> = self.request.awaited().into_iter().map(name).collect();
        (!names.is_empty()).then(|| self.texts.still_awaited(&self.texts.list(&names)))
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
    /// The visitor's comment, if it came too late.
    pub unsaved: Option<String>,
}

impl Decided<'_> {
    fn is_approved(&self) -> bool {
        self.outcome.ending == Ending::Approved
    }

    /// The decision's word, and the class with its colour.
    fn label(&self) -> (&'static str, String) {
        if self.is_approved() { ("go", self.texts.approved()) } else { ("stop", self.texts.rejected()) }
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

    /// The votes, in the order in which they were given.
    fn votes(&self) -> Vec<&Vote> {
        let mut votes: Vec<&Vote> = self.request.votes.values().collect();
        votes.sort_by_key(|vote| vote.at);
        votes
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
    /// The form, where sending it again may be all that is needed.
    form: Option<Form<'a>>,
    /// The comment that was sent, where there is no form to keep it.
    unsaved: Option<String>,
    /// Whether it is certain that the comment was not saved.
    is_lost: bool,
    request: Option<&'a Request>,
}

impl<'a> NoticePage<'a> {
    /// The page for a notice, with what the visitor has sent, if their link is ours.
    #[must_use]
    pub fn new(notice: &Notice<'a>, submission: Option<&'a Submission>, texts: Texts) -> Self {
        let [title, what, next] = notice.text(texts);
        let request = notice.request();
        let kept = submission.filter(|_| notice.gives_comment_back());
        let form = match notice {
            Notice::TryAgain => kept.and_then(|sent| {
                // Whether a reason is required is in the request, which may be what did not come.
                let (link, comment) = (sent.link()?, sent.comment());
                Some(Form { link, problem: None, comment, reason_required: false, is_rollback: false })
            }),
            _ => None,
        };
        let next = if form.is_some() { texts.try_again_here() } else { next };
        let unsaved = kept.filter(|_| form.is_none()).and_then(|sent| sent.unsaved(request));
        let is_lost = !matches!(notice, Notice::TryAgain | Notice::Broken);
        Self { texts, title, what, next, form, unsaved, is_lost, request }
    }
}

/// The question that a link answers, as far as the link itself knows it.
fn question(link: &VerifiedLink, texts: Texts) -> String {
    let (pipeline, stage) = (link.action().pipeline.as_str(), link.action().stage.as_str());
    match link.decision() {
        Decision::Approved => texts.release_question(pipeline, stage),
        Decision::Rejected => texts.reject_question(pipeline, stage),
    }
}

/// Whether a link may be a line that names its host: whoever follows it gets to that host, or nowhere.
fn is_short(link: &ReviewLink) -> bool {
    matches!(link, ReviewLink::Url(url) if url.as_str().starts_with("https://"))
}

/// What a link's button does, in a word, and the class with its colour.
fn decision_label(decision: Decision, texts: Texts) -> (&'static str, String) {
    match decision {
        Decision::Approved => ("go", texts.approve()),
        Decision::Rejected => ("stop", texts.reject()),
    }
}

/// The number of approvals, and how many are needed: for templates.
fn tally(texts: Texts, request: &Request) -> String {
    let approvals = request.votes_for(Decision::Approved).len();
    texts.approvals_received(&approvals.to_string(), &request.terms.quorum.get().to_string())
}
