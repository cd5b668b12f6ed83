//! Why nothing can be done, and what can: the words of the pages that show no form.

use countersign::request::{Ending, Request};
use countersign::words::Words;

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
    pub fn told(&self, words: Words) -> [String; 3] {
        match self {
            Self::BadLink => [words.bad_link_title(), words.bad_link(), words.bad_link_next()],
            Self::BadForm => [words.bad_form_title(), words.bad_form(), words.bad_form_next()],
            Self::TryAgain => [words.try_again_title(), words.try_again(), words.try_again_next()],
            Self::Broken => [words.broken_title(), words.broken(), words.broken_next()],
            Self::NotFound => [words.not_found_title(), words.not_found(), words.not_found_next()],
            Self::NotAllowed => [words.not_allowed_title(), words.not_allowed(), words.not_allowed_next()],
            Self::Forgotten => [words.forgotten_title(), words.forgotten(), words.forgotten_next()],
            Self::Initiator(_) => [words.initiator_title(), words.initiator(), words.initiator_next()],
            Self::Expired(request) => expired(*request, words),
            Self::Stopped(_) => [words.stopped_title(), words.stopped(), words.stopped_next()],
            Self::Superseded(_) => [words.superseded_title(), words.superseded(), words.superseded_next()],
        }
    }
}

fn expired(request: Option<&Request>, words: Words) -> [String; 3] {
    let is_over = request.is_some_and(|request| request.outcome.is_some());
    let waits_on = request.is_some_and(|request| request.outcome.is_none() && request.expires < request.waits_until);
    let what = if is_over { words.expired() } else { words.expired_link() };
    let next = if waits_on { words.expired_link_next() } else { words.expired_next() };
    [words.expired_title(), what, next]
}
