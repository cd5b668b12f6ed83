//! Requests with foreign content of every kind, as the ledger would hold them, out of bytes.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use countersign::approval::{Approver, Comment, Decision, DisplayName, Quorum, WebUrl};
use countersign::l10n::Language;
use countersign::request::{Ending, Outcome, Release, Request, Revision, Terms, Verdict, Vote};
use countersign::text::{bounded, bounded_line};
use time::Duration;

use crate::ground::{NOW, approval};
use crate::text::{Text, made_of, tamed};

const NAME: &[u8] = b"abcXYZ019.@-_";
const LOCAL: &[u8] = b"abcXYZ019!#$%&'*+-/=?^_`{|}~";
const ENDINGS: [Ending; 5] = [Ending::Approved, Ending::Rejected, Ending::Expired, Ending::Superseded, Ending::Stopped];

/// A request at any moment of its life.
pub fn request(u: &mut Unstructured) -> Result<Request> {
    let longest = if u.ratio(1, 4)? { 100 } else { 12 };
    let (pipeline, stage, action) =
        (made_of(u, NAME, longest)?, made_of(u, NAME, longest)?, made_of(u, NAME, longest)?);
    let mut approval = approval([&pipeline, &stage, &action], "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN");
    if u.arbitrary()? {
        approval.execution = None;
    }
    let terms = terms(u)?;
    let waits_until = NOW + Duration::seconds(u.int_in_range(-100_000..=5_184_000)?);
    let asked = NOW - Duration::seconds(u.int_in_range(0..=100_000)?);
    let mut request = Request::new(approval, terms, asked, waits_until, release(u)?);
    for approver in request.terms.approvers.values() {
        if u.arbitrary()? {
            let vote = Vote {
                approver: approver.address.clone(),
                decision: *u.choose(&Decision::ALL)?,
                comment: comment(u)?,
                at: NOW - Duration::seconds(u.int_in_range(0..=100_000)?),
                link: "jti".to_owned(),
            };
            request.votes.insert(approver.address.identity(), vote);
        }
    }
    if u.arbitrary()? {
        request.verdict = Some(Verdict { decision: *u.choose(&Decision::ALL)?, summary: line(u, 512)? });
    }
    if u.arbitrary()? {
        let ours = request.verdict.as_ref().map(|verdict| verdict.summary.clone());
        request.outcome = Some(Outcome {
            ending: *u.choose(&ENDINGS)?,
            by: if u.arbitrary()? { Some(line(u, 256)?) } else { None },
            at: NOW,
            summary: if u.arbitrary()? { ours } else { Some(text(u, 512)?) },
        });
    }
    Ok(request)
}

/// Somebody with an address, and with a name if the text makes one.
pub fn person(u: &mut Unstructured) -> Result<Approver> {
    let address = loop {
        // Three in four characters that one may write there are rarely written.
        let local = if u.arbitrary()? { made_of(u, LOCAL, 60)? } else { made_of(u, b"abc", 3)? };
        if let Ok(address) = format!("{local}@example.com").parse() {
            break address;
        }
        if u.is_empty() {
            return Err(arbitrary::Error::NotEnoughData);
        }
    };
    let name = if u.arbitrary()? { line(u, 60)?.parse::<DisplayName>().ok() } else { None };
    Ok(Approver { address, name })
}

fn terms(u: &mut Unstructured) -> Result<Terms> {
    let people = |u: &mut Unstructured, least: u8| -> Result<BTreeMap<String, Approver>> {
        (0..u.int_in_range(least..=4)?).map(|_| person(u).map(|person| (person.address.identity(), person))).collect()
    };
    let approvers = people(u, 1)?;
    let barred = match approvers.keys().next() {
        Some(first) if u.ratio(1, 4)? => BTreeMap::from([(first.clone(), line(u, 256)?)]),
        _ => BTreeMap::new(),
    };
    let languages: Vec<Language> = Language::all().collect();
    Ok(Terms {
        route: "route 1".to_owned(),
        policy_version: 1,
        quorum: u.int_in_range(1..=approvers.len())?.to_string().parse::<Quorum>().unwrap(),
        approvers,
        expires: if u.arbitrary()? { Some(Duration::hours(u.int_in_range(1..=99)?)) } else { None },
        remind: Vec::new(),
        reason_required: u.arbitrary()?,
        barred,
        language: *u.choose(&languages)?,
        reply_to: if u.arbitrary()? { Some(person(u)?.address) } else { None },
        copy: people(u, 0)?,
    })
}

/// Bounded as `countersign::pipeline` does it.
fn release(u: &mut Unstructured) -> Result<Release> {
    let revisions = (0..u.int_in_range(0..=5_u8)?)
        .map(|_| {
            let summary = Some(text(u, 2048)?).filter(|text| !text.is_empty());
            Ok(Revision { id: line(u, 256)?, summary, url: url(u)? })
        })
        .collect::<Result<_>>()?;
    Ok(Release {
        started_by: if u.arbitrary()? { Some(line(u, 256)?) } else { None },
        revisions,
        instructions: Some(text(u, 1000)?).filter(|text| !text.is_empty()),
        review_url: url(u)?,
    })
}

fn url(u: &mut Unstructured) -> Result<Option<WebUrl>> {
    let text: Text = u.arbitrary()?;
    Ok(WebUrl::written(&text.0).or_else(|| WebUrl::written(&format!("https://a.example/?{}", text.0))))
}

fn comment(u: &mut Unstructured) -> Result<Option<Comment>> {
    Ok(bounded(&u.arbitrary::<Text>()?.0, Comment::MAX).parse().ok())
}

fn text(u: &mut Unstructured, max: usize) -> Result<String> {
    Ok(bounded(&u.arbitrary::<Text>()?.0, max))
}

fn line(u: &mut Unstructured, max: usize) -> Result<String> {
    Ok(bounded_line(&u.arbitrary::<Text>()?.0, max))
}

/// The same request with an `x` for every character that a stranger wrote, line breaks and web addresses apart: what is
/// shown of it has the same markup.
pub fn tame(request: &Request) -> Request {
    let mut tame = request.clone();
    let line = |text: &mut String| *text = tamed(text);
    let optional = |text: &mut Option<String>| *text = text.as_deref().map(tamed);
    optional(&mut tame.release.started_by);
    optional(&mut tame.release.instructions);
    for revision in &mut tame.release.revisions {
        line(&mut revision.id);
        optional(&mut revision.summary);
    }
    tame.terms.barred.values_mut().for_each(line);
    for person in tame.terms.approvers.values_mut().chain(tame.terms.copy.values_mut()) {
        person.name = person.name.as_ref().and_then(|name| tamed(name.expose()).parse().ok());
    }
    for vote in tame.votes.values_mut() {
        vote.comment = vote.comment.as_ref().and_then(|comment| tamed(comment.expose()).parse().ok());
    }
    if let Some(verdict) = &mut tame.verdict {
        line(&mut verdict.summary);
    }
    if let Some(outcome) = &mut tame.outcome {
        optional(&mut outcome.summary);
        optional(&mut outcome.by);
    }
    // Two summaries that differ must not become one.
    if tame.ended_by_votes() && !request.ended_by_votes() {
        tame.verdict = None;
    }
    tame
}
