//! Why nothing can be done, and what can: the words of the pages that show no form.

use countersign::l10n::Texts;
use countersign::request::{Ending, Request};

/// Why a visitor gets nothing of what he wanted.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A link that is none of ours, or none any more. The page says no more, whatever the reason.
    BadLink,
    /// A form that says nothing or something else.
    BadForm,
    /// AWS is throttling or down.
    TryAgain,
    /// AWS said no.
    Broken,
    /// A path that does not exist.
    NotFound,
    /// A method that does not exist.
    NotAllowed,
    /// A good link to an approval that the ledger does not know any more.
    Forgotten,
    /// Somebody started what he would approve.
    Initiator(&'a Request),
    /// A link whose time ran out, and its approval as far as that is known.
    Expired(Option<&'a Request>),
    /// An execution that somebody stopped.
    Stopped(&'a Request),
    /// An approval that CodePipeline gave up for a newer execution.
    Superseded(&'a Request),
}

impl<'a> Notice<'a> {
    /// The notice of an approval that ended without anybody's decision.
    #[must_use]
    pub fn over(ending: Ending, request: &'a Request) -> Self {
        match ending {
            Ending::Stopped => Self::Stopped(request),
            Ending::Expired => Self::Expired(Some(request)),
            Ending::Superseded | Ending::Approved | Ending::Rejected => Self::Superseded(request),
        }
    }

    /// The approval that it is about, where the visitor has shown that he may know.
    #[must_use]
    pub fn request(&self) -> Option<&'a Request> {
        match self {
            Self::Initiator(request) | Self::Stopped(request) | Self::Superseded(request) => Some(request),
            Self::Expired(request) => *request,
            _ => None,
        }
    }

    /// Its title, what happened, and what to do next.
    #[must_use]
    pub fn text(&self, texts: Texts) -> [String; 3] {
        match self {
            Self::BadLink => [texts.bad_link_title(), texts.bad_link(), texts.bad_link_next()],
            Self::BadForm => [texts.bad_form_title(), texts.bad_form(), texts.bad_form_next()],
            Self::TryAgain => [texts.try_again_title(), texts.try_again(), texts.try_again_next()],
            Self::Broken => [texts.broken_title(), texts.broken(), texts.broken_next()],
            Self::NotFound => [texts.not_found_title(), texts.not_found(), texts.not_found_next()],
            Self::NotAllowed => [texts.not_allowed_title(), texts.not_allowed(), texts.not_allowed_next()],
            Self::Forgotten => [texts.forgotten_title(), texts.forgotten(), texts.forgotten_next()],
            Self::Initiator(_) => [texts.initiator_title(), texts.initiator(), texts.initiator_next()],
            Self::Expired(request) => expired(*request, texts),
            Self::Stopped(_) => [texts.stopped_title(), texts.stopped(), texts.stopped_next()],
            Self::Superseded(_) => [texts.superseded_title(), texts.superseded(), texts.superseded_next()],
        }
    }
}

fn expired(request: Option<&Request>, texts: Texts) -> [String; 3] {
    let is_over = request.is_some_and(|request| request.outcome.is_some());
    let waits_on = request.is_some_and(|request| request.outcome.is_none() && request.expires < request.waits_until);
    let what = if is_over { texts.expired() } else { texts.expired_link() };
    let next = if waits_on { texts.expired_link_next() } else { texts.expired_next() };
    [texts.expired_title(), what, next]
}
