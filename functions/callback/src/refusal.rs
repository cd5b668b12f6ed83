//! Refusals: why a visitor does not get what they asked for.

use countersign::link::LinkError;
use countersign::request::Request;

use crate::decide::DecideError;
use crate::request::BadRequest;

/// Why a visitor does not get what they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be understood.
    BadRequest(BadRequest),
    /// The link is not ours, or not valid yet.
    Link(LinkError),
    /// The link is good, and its approval is in an account that is not served any more.
    Unserved,
    /// The form's decision is not the link's.
    WrongButton,
    /// The link's approver is not one of those who were asked.
    NotAsked,
    /// The link's approver started the execution, and so may not approve it.
    Initiator(Box<Request>),
    /// The link is good, and the ledger does not have its request. The notifier asks for the approval anew.
    Missing,
    /// The decision was not completed.
    Decide(DecideError),
    /// The decision was not completed in time.
    Late,
}

impl Refusal {
    /// The reason in a few words from a closed list: for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(bad_request) => bad_request.reason(),
            Self::Link(error) => error.reason(),
            Self::Unserved => "an account or a pipeline that is not served",
            Self::WrongButton => "a decision that is not the link's",
            Self::NotAsked => "an approver who was not asked",
            Self::Initiator(_) => "an approval by the person who started the execution",
            Self::Missing => "no request for a good link",
            Self::Decide(_) => "not completed",
            Self::Late => "not completed in time",
        }
    }
}

impl From<BadRequest> for Refusal {
    fn from(bad_request: BadRequest) -> Self {
        Self::BadRequest(bad_request)
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl From<DecideError> for Refusal {
    fn from(error: DecideError) -> Self {
        Self::Decide(error)
    }
}
