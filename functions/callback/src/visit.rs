//! A visit: what a visitor wants of a signed link, and what comes of it.
//!
//! Three steps, each on its own: [`verify`] checks the link, once. [`parse`] combines it with what was sent into a
//! [`Visit`]. [`act`] does it and gives a [`Reply`], which is not a page yet.

use std::fmt;

use countersign::approval::{Approval, Comment, Decision, ParseError};
use countersign::link::{ExpiredLink, LinkError, LinkVerifier, VerifiedLink};
use countersign::request::{Ending, Outcome, Request};
use time::UtcDateTime;

use crate::decide::Decisions;
use crate::pages::FormProblem;
use crate::refusal::Refusal;
use crate::request::Intent;

/// A link that was signed by our key for this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedLink {
    /// It can be used.
    Valid(Box<VerifiedLink>),
    /// Its time is over.
    Expired(Box<ExpiredLink>),
}

/// What a visitor wants, and the link that entitles them to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// To see what the link is for.
    Show(Box<VerifiedLink>),
    /// To vote as the link says.
    Decide(Box<VerifiedLink>, Option<Comment>),
    /// To complete the vote that the link's approver has given.
    Resume(Box<VerifiedLink>),
    /// To vote, with a form that cannot be accepted as it was sent.
    Correct(Box<VerifiedLink>, Draft),
    /// To do anything with a link whose time is over.
    Expired(Box<ExpiredLink>),
}

/// A form to be shown again.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// What is wrong with it.
    pub problem: FormProblem,
    /// The comment, as it was written.
    pub comment: String,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("problem", &self.problem).finish_non_exhaustive()
    }
}

/// What came of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The approval is pending, and the visitor is asked to press the button. A draft says why they are asked again.
    Confirm(Box<Request>, Box<VerifiedLink>, Option<Draft>),
    /// The approver's vote is recorded, and other votes are awaited.
    Recorded(Box<Request>),
    /// The approval was approved or rejected.
    Decided {
        /// The decided request.
        request: Box<Request>,
        /// How it ended.
        outcome: Outcome,
        /// Whether the visitor's own vote is one of those that decided it.
        yours: bool,
    },
    /// The approval ended without a decision.
    Ended(Box<Request>, Ending),
    /// The link's time is over. The request comes along if the ledger has it and it asks the link's approver.
    Expired(Option<Box<Request>>),
    /// The ledger does not have the request.
    Forgotten,
}

impl Reply {
    /// The request that the reply is about, where the visitor may know of it.
    #[must_use]
    pub fn request(&self) -> Option<&Request> {
        match self {
            Self::Confirm(request, ..)
            | Self::Recorded(request)
            | Self::Decided { request, .. }
            | Self::Ended(request, _) => Some(request),
            Self::Expired(request) => request.as_deref(),
            Self::Forgotten => None,
        }
    }
}

/// Verifies the token of a link.
///
/// # Errors
/// When it was not signed by our key for this deployment, or is not valid yet.
pub fn verify(verifier: &LinkVerifier, token: &str, now: UtcDateTime) -> Result<SignedLink, LinkError> {
    match verifier.verify(token, now) {
        Ok(link) => Ok(SignedLink::Valid(Box::new(link))),
        Err(LinkError::Expired(link)) => Ok(SignedLink::Expired(link)),
        Err(error) => Err(error),
    }
}

/// Combines a link with what was sent along with it. With an expired link nothing can be decided, whatever was sent.
///
/// # Errors
/// [`Refusal::WrongButton`] when the decision that was sent is not the link's.
pub fn parse(link: SignedLink, intent: Intent) -> Result<Visit, Refusal> {
    let link = match link {
        SignedLink::Valid(link) => link,
        SignedLink::Expired(link) => return Ok(Visit::Expired(link)),
    };
    match intent {
        Intent::Show => Ok(Visit::Show(link)),
        Intent::Resume { decision } | Intent::Decide { decision: Some(decision), .. }
            if decision != link.decision() =>
        {
            Err(Refusal::WrongButton)
        }
        Intent::Resume { .. } => Ok(Visit::Resume(link)),
        Intent::Decide { decision: None, comment } => {
            Ok(Visit::Correct(link, Draft { problem: FormProblem::ButtonNotPressed, comment }))
        }
        Intent::Decide { decision: Some(_), comment } => Ok(match comment.parse::<Comment>() {
            Ok(comment) => Visit::Decide(link, Some(comment)),
            Err(ParseError::Empty { .. }) => Visit::Decide(link, None),
            Err(_) => Visit::Correct(link, Draft { problem: FormProblem::CommentTooLong, comment }),
        }),
    }
}

/// Does what the visitor wants.
///
/// # Errors
/// When the link's approver may not do it, or AWS does not answer.
pub async fn act(visit: Visit, decisions: &Decisions, now: UtcDateTime) -> Result<Reply, Refusal> {
    match visit {
        Visit::Show(link) => {
            let request = decisions.read(&link).await?;
            reply_or_forgotten(request, link)
        }
        Visit::Resume(link) => {
            let request = Box::pin(decisions.resume(&link, now)).await?;
            reply_or_forgotten(request, link)
        }
        Visit::Decide(link, comment) => decide(link, comment, decisions, now).await,
        Visit::Correct(link, draft) => correct(link, draft, decisions).await,
        Visit::Expired(link) => expired(&link, decisions, now).await,
    }
}

async fn decide(
    link: Box<VerifiedLink>,
    comment: Option<Comment>,
    decisions: &Decisions,
    now: UtcDateTime,
) -> Result<Reply, Refusal> {
    let without_comment = comment.is_none();
    let Some(request) = Box::pin(decisions.decide(&link, comment, now)).await? else {
        return Ok(forgotten(link.approval()));
    };
    if without_comment && lacks_its_reason(&request, &link) {
        let draft = Draft { problem: FormProblem::CommentMissing, comment: String::new() };
        return Ok(Reply::Confirm(Box::new(request), link, Some(draft)));
    }
    reply(request, link)
}

/// Shows a form again, unless there is nothing left to decide.
async fn correct(link: Box<VerifiedLink>, draft: Draft, decisions: &Decisions) -> Result<Reply, Refusal> {
    let Some(request) = decisions.read(&link).await? else { return Ok(forgotten(link.approval())) };
    if !request.asks(link.approver()) {
        return Err(Refusal::NotAsked);
    }
    if request.outcome.is_some() || is_barred(&request, &link) {
        return reply(request, link);
    }
    Ok(Reply::Confirm(Box::new(request), link, Some(draft)))
}

/// Says how the approval of an expired link ended, as far as that is known.
async fn expired(link: &ExpiredLink, decisions: &Decisions, now: UtcDateTime) -> Result<Reply, Refusal> {
    let request = decisions.read_expired(link, now).await?;
    tracing::info!(key = %link.approval().key(), "an expired link was opened");
    let Some(request) = request.filter(|request| request.asks(link.approver())) else {
        return Ok(Reply::Expired(None));
    };
    Ok(match request.outcome.clone() {
        Some(outcome) => ended(request, outcome, false),
        None => Reply::Expired(Some(Box::new(request))),
    })
}

fn reply_or_forgotten(request: Option<Request>, link: Box<VerifiedLink>) -> Result<Reply, Refusal> {
    match request {
        Some(request) => reply(request, link),
        None => Ok(forgotten(link.approval())),
    }
}

/// The reply that shows a request as it is now, after a look at it or a vote.
fn reply(request: Request, link: Box<VerifiedLink>) -> Result<Reply, Refusal> {
    if !request.asks(link.approver()) {
        return Err(Refusal::NotAsked);
    }
    let vote = request.vote_of(link.approver()).filter(|vote| vote.decision == link.decision());
    if let Some(outcome) = request.outcome.clone() {
        // A repeated press is no conflict: the visitor's vote is among those that decided.
        let yours = request.ended_by_votes() && vote.is_some_and(|vote| Ending::from(vote.decision) == outcome.ending);
        return Ok(ended(request, outcome, yours));
    }
    // A vote that decides the approval and was not completed is not "recorded, 1 of 1": a visit ended midway, and the
    // button completes it.
    if vote.is_some() && request.verdict.is_none() && request.count().is_none() {
        return Ok(Reply::Recorded(Box::new(request)));
    }
    if vote.is_none() && is_barred(&request, &link) {
        return Err(Refusal::Initiator(Box::new(request)));
    }
    Ok(Reply::Confirm(Box::new(request), link, None))
}

fn ended(request: Request, outcome: Outcome, yours: bool) -> Reply {
    let request = Box::new(request);
    match outcome.ending {
        Ending::Approved | Ending::Rejected => Reply::Decided { request, outcome, yours },
        ending @ (Ending::Stopped | Ending::Superseded | Ending::Expired) => Reply::Ended(request, ending),
    }
}

fn forgotten(approval: &Approval) -> Reply {
    tracing::warn!(key = %approval.key(), "the ledger has no request for a good link");
    Reply::Forgotten
}

/// Whether the link would approve what its approver may not approve, because they started it.
fn is_barred(request: &Request, link: &VerifiedLink) -> bool {
    link.decision() == Decision::Approved && request.bars(link.approver())
}

/// Whether this is a rejection that was not recorded because it has no comment.
fn lacks_its_reason(request: &Request, link: &VerifiedLink) -> bool {
    link.decision() == Decision::Rejected
        && request.terms.reason_required
        && request.asks(link.approver())
        && request.verdict.is_none()
        && request.outcome.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use countersign::keys::VerifyingKeys;
    use serde_json::json;
    use time::Duration;
    use time::macros::utc_datetime;

    const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:25);
    const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    /// What precedes the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
    const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap()
    }

    fn verifier() -> LinkVerifier {
        let mut keys = VerifyingKeys::default();
        keys.add(&KEY.parse().unwrap(), &[&SPKI_PREFIX, pair().public_key().as_ref()].concat()).unwrap();
        LinkVerifier::new("demo".parse().unwrap(), keys)
    }

    /// The token of a link that approves, valid for an hour.
    fn token() -> String {
        let header = format!(r#"{{"alg":"EdDSA","typ":"approval+jwt","kid":"{KEY}"}}"#);
        let (from, until) = (NOW.unix_timestamp(), (NOW + Duration::HOUR).unix_timestamp());
        let claims = json!({
            "iss": "demo", "aud": "demo", "sub": "ada@example.com", "iat": from, "nbf": from, "exp": until, "jti": "1",
            "account": "123456789012", "region": "eu-central-1", "pipeline": "payments", "stage": "Prod", "action": "Approve",
            "token": "t", "execution": "", "decision": "Approved",
        });
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(pair().sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    fn valid() -> Box<VerifiedLink> {
        Box::new(verifier().verify(&token(), NOW).unwrap())
    }

    fn expired() -> Box<ExpiredLink> {
        match verifier().verify(&token(), NOW + Duration::HOUR).unwrap_err() {
            LinkError::Expired(link) => link,
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_link_is_valid_or_expired_or_refused() {
        let verifier = verifier();
        assert_eq!(verify(&verifier, &token(), NOW), Ok(SignedLink::Valid(valid())));
        assert_eq!(verify(&verifier, &token(), NOW + Duration::HOUR), Ok(SignedLink::Expired(expired())));
        assert_eq!(verify(&verifier, &token(), NOW - Duration::HOUR), Err(LinkError::NotYetValid));
        assert_eq!(verify(&verifier, &format!("{}x", token()), NOW), Err(LinkError::Malformed));
    }

    #[test]
    fn what_is_wanted_of_a_valid_link() {
        let sent = |decision, comment: &str| Intent::Decide { decision, comment: comment.to_owned() };
        let draft = |problem, comment: &str| Visit::Correct(valid(), Draft { problem, comment: comment.to_owned() });
        let (approved, rejected) = (Some(Decision::Approved), Some(Decision::Rejected));
        let too_long = "x".repeat(Comment::MAX + 1);
        for (intent, expected) in [
            (Intent::Show, Ok(Visit::Show(valid()))),
            (sent(approved, ""), Ok(Visit::Decide(valid(), None))),
            (sent(approved, " \n "), Ok(Visit::Decide(valid(), None))),
            (sent(approved, "fine"), Ok(Visit::Decide(valid(), Some("fine".parse().unwrap())))),
            (sent(approved, &too_long), Ok(draft(FormProblem::CommentTooLong, &too_long))),
            (sent(None, "hm"), Ok(draft(FormProblem::ButtonNotPressed, "hm"))),
            (sent(rejected, "no"), Err(Refusal::WrongButton)),
            (sent(rejected, &too_long), Err(Refusal::WrongButton)),
            (Intent::Resume { decision: Decision::Approved }, Ok(Visit::Resume(valid()))),
            (Intent::Resume { decision: Decision::Rejected }, Err(Refusal::WrongButton)),
        ] {
            assert_eq!(parse(SignedLink::Valid(valid()), intent.clone()), expected, "{intent:?}");
        }
    }

    #[test]
    fn nothing_can_be_decided_with_an_expired_link() {
        for decision in [Decision::Approved, Decision::Rejected] {
            for intent in [
                Intent::Show,
                Intent::Decide { decision: Some(decision), comment: String::new() },
                Intent::Decide { decision: None, comment: String::new() },
                Intent::Resume { decision },
            ] {
                assert_eq!(parse(SignedLink::Expired(expired()), intent), Ok(Visit::Expired(expired())));
            }
        }
    }
}
