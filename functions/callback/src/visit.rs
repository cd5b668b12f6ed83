//! A visit: what a visitor wants of a signed link, and what comes of it.
//!
//! Three steps, each on its own: the link is verified, once, by `countersign::link`. [`parse`] combines it with what was
//! sent into a [`Visit`]. [`act`] does it and gives a [`Reply`], which is not a page yet.

use std::fmt;

use countersign::approval::{Address, Comment, Decision, ParseError};
use countersign::events::request_missing;
use countersign::link::{ExpiredLink, FinishOrder, LinkError, SignedToken, VerifiedLink};
use countersign::request::{Ending, Outcome, Request, Visitor};
use time::UtcDateTime;

use crate::decide::{Decisions, Seen};
use crate::pages::FormProblem;
use crate::refusal::Refusal;
use crate::request::Intent;

/// What a visitor wants, and the link that entitles them to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// To see what the link is for.
    Show(Box<VerifiedLink>),
    /// To vote as the link says.
    Decide(Box<VerifiedLink>, Option<Comment>),
    /// To vote, with a form that cannot be accepted as it was sent.
    Correct(Box<VerifiedLink>, Draft),
    /// To do anything with a link whose time is over.
    Expired(Box<ExpiredLink>),
    /// To complete what recorded votes come to. The notifier's sweep wants it where the voter's own visit ended midway.
    Finish(Box<FinishOrder>),
}

impl Visit {
    /// Whose link it is.
    pub(crate) fn approver(&self) -> Option<&Address> {
        match self {
            Self::Show(link) | Self::Decide(link, _) | Self::Correct(link, _) => Some(link.approver()),
            Self::Expired(link) => Some(link.approver()),
            Self::Finish(_) => None,
        }
    }

    /// The link, if it is one with which something can be decided.
    fn link(&self) -> Option<&VerifiedLink> {
        match self {
            Self::Show(link) | Self::Decide(link, _) | Self::Correct(link, _) => Some(link),
            Self::Expired(_) | Self::Finish(_) => None,
        }
    }
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
    /// The approval was asked for again after the link was made.
    AskedAnew,
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
            Self::AskedAnew => None,
        }
    }
}

/// Combines a token with what was sent along with it. With an expired link nothing can be decided, whatever was sent.
///
/// # Errors
/// [`Refusal::WrongButton`] when the decision that was sent is not the link's.
pub fn parse(token: SignedToken, intent: Intent) -> Result<Visit, Refusal> {
    let link = match (token, &intent) {
        (SignedToken::Link(link), _) => link,
        (SignedToken::Expired(link), _) => return Ok(Visit::Expired(link)),
        (SignedToken::Finish(order), Intent::Decide { decision: None, .. }) => return Ok(Visit::Finish(order)),
        // An order is no link: it shows nothing, and no button is pressed with it.
        (SignedToken::Finish(_), _) => return Err(LinkError::Type.into()),
    };
    match intent {
        Intent::Show => Ok(Visit::Show(link)),
        Intent::Decide { decision: Some(decision), .. } if decision != link.decision() => Err(Refusal::WrongButton),
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
/// When the link's approver may not do it, the request is not there, or AWS does not answer.
pub async fn act(visit: Visit, decisions: &Decisions, visitor: Visitor, now: UtcDateTime) -> Result<Reply, Refusal> {
    let action = visit.link().map(|link| link.action().clone());
    if let Some(action) = &action
        && !decisions.serves(action).await?
    {
        return Err(Refusal::Unserved);
    }
    let reply = carry_out(visit, decisions, visitor, now).await;
    if let (Err(Refusal::Missing), Some(action)) = (&reply, action) {
        decisions.events.put(request_missing(&decisions.events.deployment, &action)).await;
    }
    reply
}

async fn carry_out(visit: Visit, decisions: &Decisions, visitor: Visitor, now: UtcDateTime) -> Result<Reply, Refusal> {
    match visit {
        Visit::Show(link) => match decisions.look(&link, now).await? {
            Seen::Request(request) => reply(*request, link),
            seen => unseen(&seen),
        },
        Visit::Decide(link, comment) => decide(link, comment, decisions, visitor, now).await,
        Visit::Correct(link, draft) => correct(link, draft, decisions, now).await,
        Visit::Expired(link) => expired(&link, decisions, now).await,
        Visit::Finish(order) => finish(&order, decisions, now).await,
    }
}

async fn decide(
    link: Box<VerifiedLink>,
    comment: Option<Comment>,
    decisions: &Decisions,
    visitor: Visitor,
    now: UtcDateTime,
) -> Result<Reply, Refusal> {
    let without_comment = comment.is_none();
    let request = match Box::pin(decisions.decide(&link, comment, visitor, now)).await? {
        Seen::Request(request) => *request,
        seen => return unseen(&seen),
    };
    if without_comment && lacks_its_reason(&request, &link) {
        let draft = Draft { problem: FormProblem::CommentMissing, comment: String::new() };
        return Ok(Reply::Confirm(Box::new(request), link, Some(draft)));
    }
    reply(request, link)
}

/// Carries out what votes come to. Where there is nothing to carry out, that is no fault of the sweep's.
async fn finish(order: &FinishOrder, decisions: &Decisions, now: UtcDateTime) -> Result<Reply, Refusal> {
    let Seen::Request(request) = Box::pin(decisions.finish(order, now)).await? else { return Ok(Reply::Expired(None)) };
    Ok(match request.outcome.clone() {
        Some(outcome) => ended(*request, outcome, true),
        None => Reply::Recorded(request),
    })
}

/// Shows a form again, unless there is nothing left to decide.
async fn correct(
    link: Box<VerifiedLink>,
    draft: Draft,
    decisions: &Decisions,
    now: UtcDateTime,
) -> Result<Reply, Refusal> {
    let request = match decisions.look(&link, now).await? {
        Seen::Request(request) => *request,
        seen => return unseen(&seen),
    };
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
    tracing::info!(key = %link.key(), "an expired link was opened");
    let Some(request) = request.filter(|request| request.asks(link.approver())) else {
        return Ok(Reply::Expired(None));
    };
    Ok(match request.outcome.clone() {
        Some(outcome) => ended(request, outcome, false),
        None => Reply::Expired(Some(Box::new(request))),
    })
}

/// The reply where the request of a good link is not there.
fn unseen(seen: &Seen) -> Result<Reply, Refusal> {
    match seen {
        Seen::AskedAnew => Ok(Reply::AskedAnew),
        Seen::Missing | Seen::Request(_) => Err(Refusal::Missing),
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
        ending @ (Ending::Stopped | Ending::Superseded | Ending::Expired | Ending::NotShown) => {
            Reply::Ended(request, ending)
        }
    }
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
    use countersign::link::{LinkVerifier, Origins};
    use serde_json::{Value, json};
    use time::Duration;
    use time::macros::utc_datetime;

    const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:25);
    const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    /// What precedes the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
    const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    /// A token that is valid for an hour, at this time.
    fn token(typ: &str, more: &Value, now: UtcDateTime) -> Result<SignedToken, LinkError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        let header = format!(r#"{{"alg":"EdDSA","typ":"{typ}","kid":"{KEY}"}}"#);
        let (from, until) = (NOW.unix_timestamp(), (NOW + Duration::HOUR).unix_timestamp());
        let mut claims = json!({
            "iss": "demo", "aud": "https://a.example", "iat": from, "nbf": from, "exp": until,
            "account": "123456789012", "region": "eu-central-1", "pipeline": "payments", "stage": "Prod", "action": "Approve",
            "token": "t", "execution": "e", "request": "x".repeat(43),
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(pair.sign(input.as_bytes())));
        let mut keys = VerifyingKeys::default();
        keys.add(&KEY.parse().unwrap(), &[&SPKI_PREFIX, pair.public_key().as_ref()].concat()).unwrap();
        let verifier = LinkVerifier::new("demo".parse().unwrap(), keys);
        verifier.verify(&token, &Origins(vec!["https://a.example".parse().unwrap()]), now)
    }

    /// A link that approves.
    fn link(now: UtcDateTime) -> Result<SignedToken, LinkError> {
        token("link+jwt", &json!({"sub": "ada@example.com", "jti": "1", "decision": "Approved"}), now)
    }

    fn valid() -> Box<VerifiedLink> {
        match link(NOW) {
            Ok(SignedToken::Link(link)) => link,
            other => panic!("{other:?}"),
        }
    }

    fn expired() -> Box<ExpiredLink> {
        match link(NOW + Duration::HOUR) {
            Ok(SignedToken::Expired(link)) => link,
            other => panic!("{other:?}"),
        }
    }

    fn order(now: UtcDateTime) -> Result<SignedToken, LinkError> {
        token("finish+jwt", &json!({}), now)
    }

    #[test]
    fn with_an_order_no_button_is_pressed_and_nothing_is_shown() {
        let Ok(SignedToken::Finish(finish)) = order(NOW) else { panic!("{:?}", order(NOW)) };
        let sent = |decision| Intent::Decide { decision, comment: String::new() };
        for (intent, expected) in [
            (sent(None), Ok(Visit::Finish(finish.clone()))),
            (sent(Some(Decision::Approved)), Err(Refusal::Link(LinkError::Type))),
            (sent(Some(Decision::Rejected)), Err(Refusal::Link(LinkError::Type))),
            (Intent::Show, Err(Refusal::Link(LinkError::Type))),
        ] {
            assert_eq!(parse(SignedToken::Finish(finish.clone()), intent.clone()), expected, "{intent:?}");
        }
        assert_eq!(order(NOW + Duration::HOUR), Err(LinkError::LateOrder));
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
        ] {
            assert_eq!(parse(SignedToken::Link(valid()), intent.clone()), expected, "{intent:?}");
        }
    }

    #[test]
    fn nothing_can_be_decided_with_an_expired_link() {
        for decision in [Decision::Approved, Decision::Rejected] {
            for intent in [
                Intent::Show,
                Intent::Decide { decision: Some(decision), comment: String::new() },
                Intent::Decide { decision: None, comment: String::new() },
            ] {
                assert_eq!(parse(SignedToken::Expired(expired()), intent), Ok(Visit::Expired(expired())));
            }
        }
    }
}
