//! Notices: the pages without a form, which say why nothing can be done here and what the visitor can do instead.

use countersign::l10n::Texts;
use countersign::request::{Ending, Request};

/// A page that says why nothing can be done.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The link is not ours, or not valid. The page does not say more, whatever the reason.
    BadLink,
    /// The form is incomplete, or contradicts its link.
    BadForm,
    /// AWS did not answer, or not in time.
    TryAgain,
    /// AWS refused what the callback asked of it.
    Broken,
    /// The path is not the links'.
    NotFound,
    /// The approval is in an account that is not served any more.
    Unserved,
    /// The method is neither GET, HEAD nor POST.
    NotAllowed,
    /// The approval was asked for again after the link was made.
    AskedAnew,
    /// A decision did not come from our page.
    CrossSite,
    /// The visitor started the execution that they would approve.
    Initiator(&'a Request),
    /// The link's time is over. The request comes along as far as it is known.
    Expired(Option<&'a Request>),
    /// The execution was stopped.
    Stopped(&'a Request),
    /// The approval ended because a newer execution took its place.
    Superseded(&'a Request),
    /// The approval is over, and CodePipeline does not show how it ended.
    NotShown(&'a Request),
}

impl<'a> Notice<'a> {
    /// The notice for an approval that ended without a decision.
    #[must_use]
    pub fn over(ending: Ending, request: &'a Request) -> Self {
        match ending {
            Ending::Stopped => Self::Stopped(request),
            Ending::Expired => Self::Expired(Some(request)),
            Ending::Superseded => Self::Superseded(request),
            Ending::NotShown | Ending::Approved | Ending::Rejected => Self::NotShown(request),
        }
    }

    /// The request that the notice is about, where the visitor may know of it.
    #[must_use]
    pub fn request(&self) -> Option<&'a Request> {
        match self {
            Self::Initiator(request) | Self::Stopped(request) | Self::Superseded(request) | Self::NotShown(request) => {
                Some(request)
            }
            Self::Expired(request) => *request,
            _ => None,
        }
    }

    /// Whether whoever sent a form gets their comment back. Not where the link is not theirs, or the form not our page's.
    #[must_use]
    pub fn gives_comment_back(&self) -> bool {
        match self {
            Self::BadLink | Self::NotFound | Self::NotAllowed | Self::CrossSite => false,
            Self::BadForm
            | Self::TryAgain
            | Self::Broken
            | Self::Unserved
            | Self::AskedAnew
            | Self::Initiator(_)
            | Self::Expired(_)
            | Self::Stopped(_)
            | Self::Superseded(_)
            | Self::NotShown(_) => true,
        }
    }

    /// The title, what happened, and what to do next.
    #[must_use]
    pub fn text(&self, texts: Texts) -> [String; 3] {
        match self {
            Self::BadLink => [texts.bad_link_title(), texts.bad_link(), texts.bad_link_next()],
            Self::BadForm => [texts.bad_form_title(), texts.bad_form(), texts.bad_form_next()],
            Self::TryAgain => [texts.try_again_title(), texts.try_again(), texts.try_again_next()],
            Self::Broken => [texts.misconfigured_title(), texts.misconfigured(), texts.misconfigured_next()],
            Self::NotFound => [texts.not_found_title(), texts.not_found(), texts.not_found_next()],
            Self::Unserved => [texts.unserved_title(), texts.unserved(), texts.unserved_next()],
            Self::NotAllowed => [texts.not_allowed_title(), texts.not_allowed(), texts.not_allowed_next()],
            Self::AskedAnew => [texts.asked_anew_title(), texts.asked_anew(), texts.asked_anew_next()],
            Self::CrossSite => [texts.cross_site_title(), texts.cross_site(), texts.cross_site_next()],
            Self::Initiator(_) => [texts.initiator_title(), texts.initiator(), texts.initiator_next()],
            Self::Expired(request) => expired(*request, texts),
            Self::Stopped(_) => [texts.stopped_title(), texts.stopped(), texts.stopped_next()],
            Self::Superseded(_) => [texts.superseded_title(), texts.superseded(), texts.superseded_next()],
            Self::NotShown(_) => [texts.not_shown_title(), texts.not_shown(), texts.not_shown_next()],
        }
    }
}

fn expired(request: Option<&Request>, texts: Texts) -> [String; 3] {
    let is_over = request.is_some_and(|request| request.outcome.is_some());
    let is_pending = request.is_some_and(|request| request.outcome.is_none() && request.expires < request.waits_until);
    let what = if is_over { texts.expired() } else { texts.expired_link() };
    let next = if is_pending { texts.expired_link_next() } else { texts.expired_next() };
    [texts.expired_title(), what, next]
}
