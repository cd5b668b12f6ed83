//! The pages. Each state has its own title, says what happened and what to do next. No script, nothing from elsewhere.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::approval::{Address, Comment, Decision};
use countersign::clock::in_words;
use countersign::link::VerifiedLink;
use countersign::request::{Ending, Outcome, Request, Vote};

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
    /// What waits.
    pub request: &'a Request,
    /// The link that was opened.
    pub link: &'a VerifiedLink,
    /// What is wrong with the form that was sent, if one was.
    pub problem: Option<&'static str>,
    /// What was written in it.
    pub comment: &'a str,
}

impl Confirm<'_> {
    fn title(&self) -> String {
        let action = &self.request.approval.action;
        match self.link.decision() {
            Decision::Approved => format!("Release {} to {}?", action.pipeline, action.stage),
            Decision::Rejected => format!("Stop {} before {}?", action.pipeline, action.stage),
        }
    }

    fn button(&self) -> &'static str {
        match self.link.decision() {
            Decision::Approved => "Approve this release",
            Decision::Rejected => "Reject this release",
        }
    }

    fn consequence(&self) -> &'static str {
        match (self.link.decision(), self.request.terms.quorum.get()) {
            (Decision::Approved, 1) => "If you approve, the pipeline goes on at once.",
            (Decision::Approved, _) => {
                "If you approve, your vote is counted; the pipeline goes on when enough have approved."
            }
            (Decision::Rejected, _) => "If you reject, the stage fails and the pipeline stops here.",
        }
    }

    /// How many were asked, and how many of them must approve.
    fn asked(&self) -> String {
        match (self.request.terms.quorum.get(), self.request.terms.approvers.len()) {
            (1, 1) => "Only you were asked.".to_owned(),
            (1, asked) => format!("{asked} people were asked. One approval is enough; one rejection rejects."),
            (needed, asked) => format!("{asked} people were asked. {needed} must approve; one rejection rejects."),
        }
    }

    /// Who of those asked may not approve, since he started what waits.
    fn barred(&self) -> Vec<String> {
        let terms = &self.request.terms;
        terms.barred.keys().filter_map(|id| Some(terms.approvers.get(id)?.to_string())).collect()
    }

    fn reason_required(&self) -> bool {
        self.link.decision() == Decision::Rejected && self.request.terms.reason_required
    }

    fn other_vote(&self) -> Option<&Vote> {
        self.request.vote_of(self.link.approver()).filter(|vote| vote.decision != self.link.decision())
    }
}

/// A vote that is counted and decides nothing yet.
#[derive(Template)]
#[template(path = "recorded.html")]
pub struct Recorded<'a> {
    /// What waits.
    pub request: &'a Request,
    /// The vote.
    pub vote: &'a Vote,
}

/// An approval that somebody decided.
#[derive(Template)]
#[template(path = "decided.html")]
pub struct Decided<'a> {
    /// What was decided.
    pub request: &'a Request,
    /// How.
    pub outcome: &'a Outcome,
    /// The visitor, if the link that he used is one that decided.
    pub yours: bool,
}

impl Decided<'_> {
    fn word(&self) -> &'static str {
        if self.outcome.ending == Ending::Approved { "approved" } else { "rejected" }
    }

    fn title(&self) -> String {
        let action = &self.request.approval.action;
        let already = if self.yours { "" } else { "already " };
        format!("{} was {already}{}", action.pipeline, self.word())
    }

    fn consequence(&self) -> &'static str {
        if self.outcome.ending == Ending::Approved {
            "The pipeline goes on."
        } else {
            "The stage failed, and the pipeline stopped here."
        }
    }

    fn votes(&self) -> Vec<&Vote> {
        match &self.request.verdict {
            Some(verdict) if self.request.ended_by_votes() => self.request.votes_for(verdict.decision),
            _ => Vec::new(),
        }
    }

    /// Who decided it without our links, and with what words.
    fn elsewhere(&self) -> Option<&Outcome> {
        (!self.request.ended_by_votes()).then_some(self.outcome)
    }
}

/// A page that says why nothing can be done here, and what can.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice<'a> {
    /// The page's title and headline.
    pub title: &'a str,
    /// What happened.
    pub what: &'a str,
    /// What to do next.
    pub next: &'a str,
    /// The approval that it is about, where the visitor has shown that he may know.
    pub request: Option<&'a Request>,
}

/// The pages that need no more than their words.
impl Notice<'static> {
    /// A link that is none of ours, or none any more. It says no more, whatever the reason.
    pub const BAD_LINK: Self = Self {
        title: "This link does not work",
        what: "It may have been cut off or changed on its way. Nothing was decided.",
        next: "Open the link from the email once more, or copy it whole into the address bar. If that does not help, ask whoever runs the pipeline to send the request again.",
        request: None,
    };
    /// A form that says nothing or something else.
    pub const BAD_FORM: Self = Self {
        title: "Nothing was decided",
        what: "The form did not arrive as this page sends it.",
        next: "Open the link from the email once more and press the button on its page.",
        request: None,
    };
    /// AWS is throttling or down.
    pub const TRY_AGAIN: Self = Self {
        title: "Please try again in a moment",
        what: "AWS did not answer in time. What you decided may have been taken down already; nothing is lost.",
        next: "Open the link from the email again in a minute. Pressing the button again does no harm.",
        request: None,
    };
    /// AWS said no.
    pub const BROKEN: Self = Self {
        title: "This could not be carried out",
        what: "Something is wrong with how these approvals are set up, and the reason is in the log. What you decided may have been taken down already; nothing is lost.",
        next: "Tell whoever runs the pipeline. When it has been put right, open the link from the email again.",
        request: None,
    };
    /// A path that does not exist.
    pub const NOT_FOUND: Self = Self {
        title: "There is no such page",
        what: "Links to approvals stand in the emails that ask for them.",
        next: "Open the link from the email once more, or copy it whole into the address bar.",
        request: None,
    };
    /// A method that does not exist.
    pub const NOT_ALLOWED: Self = Self {
        title: "This cannot be done here",
        what: "An approval's page can be opened, and its form can be sent.",
        next: "Open the link from the email in a browser.",
        request: None,
    };
    /// A good link to an approval that the ledger does not know any more.
    pub const FORGOTTEN: Self = Self {
        title: "This approval is no longer known",
        what: "It is over, or its record was removed. Nothing was decided.",
        next: "Look at the pipeline in AWS CodePipeline, or ask whoever runs it to send the request again.",
        request: None,
    };
}

impl<'a> Notice<'a> {
    /// An approval of somebody who started what he would approve.
    #[must_use]
    pub fn initiator(request: &'a Request) -> Self {
        Self {
            title: "You started this execution",
            what: "Whoever starts it may not approve it, so your approval does not count. Nothing was decided.",
            next: "The others who were asked can approve it. If it should not be released, open the Reject link of your email.",
            request: Some(request),
        }
    }

    /// A link whose time ran out.
    #[must_use]
    pub fn expired(request: Option<&'a Request>) -> Self {
        Self {
            title: "The time to decide is over",
            what: match request.and_then(|request| request.outcome.as_ref()) {
                Some(_) => "Nobody decided in time, so the stage failed, and this link has expired with it.",
                None => "This link has expired. Nothing can be decided with it any more.",
            },
            next: match request {
                Some(request) if request.outcome.is_none() && request.expires < request.waits_until => {
                    "The pipeline may still wait: somebody with access to AWS can decide there. Otherwise retry the stage in AWS CodePipeline or start the pipeline again: you will be asked by a new email."
                }
                _ => {
                    "If the release is still wanted, retry the stage in AWS CodePipeline or start the pipeline again: you will be asked by a new email."
                }
            },
            request,
        }
    }

    /// An approval that CodePipeline no longer waits for.
    #[must_use]
    pub fn over(ending: Ending, request: &'a Request) -> Self {
        let request = Some(request);
        match ending {
            Ending::Stopped => Self {
                title: "The pipeline was stopped",
                what: "Somebody stopped this execution while it waited. Nothing is left to decide.",
                next: "If the release is still wanted, start the pipeline again: you will be asked by a new email.",
                request,
            },
            Ending::Expired => Self::expired(request),
            _ => Self {
                title: "This approval was superseded",
                what: "A newer execution took over, or the pipeline was changed. This one will not be released.",
                next: "Look for a newer email about this pipeline: it asks about the newer execution.",
                request,
            },
        }
    }
}

/// For templates: the counted votes in words.
fn tally(request: &Request) -> String {
    let approvals = request.votes_for(Decision::Approved).len();
    format!("{approvals} of {}", request.terms.quorum.get())
}

fn commented(vote: &Vote) -> Option<&str> {
    vote.comment.as_ref().map(Comment::as_str)
}

fn who(request: &Request, address: &Address) -> String {
    request.name_of(address)
}
