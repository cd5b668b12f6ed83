//! Requests full of foreign text, as the ledger would hold them, made from bytes.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Result, Unstructured};
use countersign::approval::{Approver, Comment, Decision, Digest, ReviewLink};
use countersign::foreign::{Foreign, Limit};
use countersign::l10n::Language;
use countersign::request::{
    Before, Caveat, EarlierDecision, EarlierVote, Ending, LastRelease, NewRequest, Origin, Outcome, PastRevision,
    Release, Request, Retry, Revision, Rollback, Start, Terms, Variable, Visitor, Vote,
};
use countersign::text::{bounded, bounded_line};
use countersign::time_zone::TimeZone;
use time::Duration;

use crate::fixture::{NOW, approval};
use crate::text::{masked, text, text_of};

const EXECUTION: &str = "12345678-1234-5678-abcd-12345678abcd";
const NAME: &[u8] = b"abcXYZ019.@-_";
/// CodePipeline takes no other characters in the name of a variable.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineVariable.html>
const VARIABLE: &[u8] = b"abcXYZ019@-_";
const LOCAL: &[u8] = b"abcXYZ019!#$%&'*+-/=?^_`{|}~";
const ENDINGS: [Ending; 6] =
    [Ending::Approved, Ending::Rejected, Ending::Expired, Ending::Superseded, Ending::Stopped, Ending::NotShown];

/// A request at any moment of its life.
pub fn request(u: &mut Unstructured) -> Result<Request> {
    let longest = if u.ratio(1, 4)? { 100 } else { 12 };
    let names = [text_of(u, NAME, longest)?, text_of(u, NAME, longest)?, text_of(u, NAME, longest)?];
    let approval = approval(names.each_ref().map(String::as_str), "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN");
    let terms = terms(u)?;
    let waits_until = NOW + Duration::seconds(u.int_in_range(-100_000..=5_184_000)?);
    let asked = NOW - Duration::seconds(u.int_in_range(0..=100_000)?);
    let request = NewRequest::new(approval, terms, asked, waits_until, release(u)?);
    let mut request = request.with_digest(Digest::of(b"request"));
    for approver in request.terms.approvers.values() {
        if u.arbitrary()? {
            let vote = Vote {
                approver: approver.address.clone(),
                decision: *u.choose(&Decision::ALL)?,
                comment: paragraphs(u, Comment::MAX)?.parse().ok(),
                at: NOW - Duration::seconds(u.int_in_range(0..=100_000)?),
                link: "jti".to_owned(),
                visitor: Visitor { address: Some("192.0.2.1".to_owned()), browser: maybe(u, |u| line(u, 200))? },
            };
            request.votes.insert(approver.address.identity(), vote);
        }
    }
    request.verdict = request.count();
    if u.arbitrary()? {
        let ours = request.count().map(|decision| request.summary(decision));
        request.outcome = Some(Outcome {
            ending: *u.choose(&ENDINGS)?,
            by: maybe(u, |u| line(u, 256))?,
            by_our_role: u.arbitrary()?,
            at: NOW,
            summary: if u.arbitrary()? { ours } else { Some(paragraphs(u, 512)?) },
        });
    }
    Ok(request)
}

/// Somebody with an address, and with a name if the text makes one.
pub fn person(u: &mut Unstructured) -> Result<Approver> {
    let address = loop {
        // Most of the characters that an address may have are rare in one.
        let local = if u.arbitrary()? { text_of(u, LOCAL, 60)? } else { text_of(u, b"abc", 3)? };
        if let Ok(address) = format!("{local}@example.com").parse() {
            break address;
        }
        if u.is_empty() {
            return Err(arbitrary::Error::NotEnoughData);
        }
    };
    let name = maybe(u, |u| line(u, 60))?.and_then(|name| name.parse().ok());
    Ok(Approver { address, name })
}

fn people(u: &mut Unstructured, least: u8) -> Result<BTreeMap<String, Approver>> {
    (0..u.int_in_range(least..=4)?).map(|_| person(u).map(|person| (person.address.identity(), person))).collect()
}

fn terms(u: &mut Unstructured) -> Result<Terms> {
    let approvers = people(u, 1)?;
    let barred = match approvers.keys().next() {
        Some(first) if u.ratio(1, 4)? => BTreeMap::from([(first.clone(), line(u, 256)?)]),
        _ => BTreeMap::new(),
    };
    let languages: Vec<Language> = Language::all().collect();
    let must_include = approvers.keys().next_back().filter(|last| !barred.contains_key(*last)).cloned();
    let must_include = if u.ratio(1, 4)? { must_include } else { None };
    Ok(Terms {
        route: "route 1".to_owned(),
        policy_version: 1,
        quorum: u.int_in_range(1..=approvers.len())?.to_string().parse().unwrap(),
        approvers,
        expires: maybe(u, |u| Ok(Duration::hours(u.int_in_range(1..=99)?)))?,
        remind: Vec::new(),
        reason_required: u.arbitrary()?,
        barred,
        must_include,
        unrecognised_initiator: u.arbitrary()?,
        language: *u.choose(&languages)?,
        reply_to: maybe(u, person)?.map(|person| person.address),
        copy: people(u, 0)?,
        // Another day than in UTC, for the longest moments.
        time_zone: "Asia/Tokyo".parse::<TimeZone>().unwrap(),
        time_zones: BTreeMap::new(),
    })
}

/// A release within the bounds that `countersign::pipeline` keeps to.
fn release(u: &mut Unstructured) -> Result<Release> {
    let shown = |text: String| Some(text).filter(|text| !text.is_empty());
    let revisions = (0..u.int_in_range(0..=5_u8)?)
        .map(|_| {
            let summary = shown(paragraphs(u, 2048)?);
            Ok(Revision {
                source: maybe(u, |u| line(u, 100))?,
                origin: maybe(u, origin)?,
                id: line(u, 256)?,
                summary,
                url: link(u)?,
                page: maybe(u, |_| Ok("https://github.com/acme/shop/commit/0123456".parse().unwrap()))?,
                comparison: maybe(u, |_| {
                    Ok("https://github.com/acme/shop/compare/0123456...789abcd".parse().unwrap())
                })?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Release {
        started_by: maybe(u, |u| line(u, 256))?,
        start: maybe(u, start)?,
        retry: maybe(u, |u| Ok(*u.choose(&[Retry::ByHand, Retry::Automatic, Retry::Unknown])?))?,
        rollback: maybe(u, |u| {
            let target = maybe(u, |_| Ok(EXECUTION.parse().unwrap()))?;
            Ok(Rollback { target, started: maybe(u, |_| Ok(NOW - Duration::DAY))? })
        })?,
        before: maybe(u, before)?,
        revisions,
        more_revisions: u.int_in_range(0..=40)?,
        variables: (0..u.int_in_range(0..=8_u8)?)
            .map(|_| Ok(Variable { name: text_of(u, VARIABLE, 128)?, value: line(u, 256)? }))
            .collect::<Result<_>>()?,
        instructions: shown(paragraphs(u, 1000)?),
        review_url: link(u)?,
        earlier: (0..u.int_in_range(0..=2_u8)?).map(|_| earlier(u)).collect::<Result<_>>()?,
    })
}

fn start(u: &mut Unstructured) -> Result<Start> {
    Ok(match u.int_in_range(0..=6_u8)? {
        0 => Start::Unknown,
        1 => Start::Person(person(u)?),
        2 => Start::Principal,
        // What reaches these is made of letters, digits and a few signs.
        3 => Start::Push(maybe(u, |_| Ok("release/1.2".to_owned()))?),
        4 => Start::Change,
        5 => Start::Rule("nightly".to_owned()),
        _ => Start::AutomaticRollback,
    })
}

fn origin(u: &mut Unstructured) -> Result<Origin> {
    let mut name = || line(u, 256);
    let (first, second) = (name()?, name()?);
    Ok(match u.int_in_range(0..=2_u8)? {
        0 => Origin::Repository { name: first, branch: maybe(u, |u| line(u, 256))? },
        1 => Origin::Object { bucket: first, key: second },
        _ => Origin::Image { repository: first, tag: maybe(u, |u| line(u, 256))? },
    })
}

fn before(u: &mut Unstructured) -> Result<Before> {
    Ok(match u.int_in_range(0..=3_u8)? {
        0 => Before::Unread,
        1 => Before::Nothing,
        2 => Before::NothingSinceEdit,
        _ => Before::Release(Box::new(LastRelease {
            execution: EXECUTION.parse().unwrap(),
            started: NOW - Duration::seconds(u.int_in_range(0..=100_000)?),
            caveats: caveats(u)?,
            revisions: past(u, 3)?,
            approved_by: people(u, 0)?.into_values().collect(),
            unreleased: past(u, 10)?,
            more: u.int_in_range(0..=90)?,
        })),
    })
}

fn caveats(u: &mut Unstructured) -> Result<BTreeSet<Caveat>> {
    let mut some = BTreeSet::new();
    for caveat in Caveat::ALL {
        if u.arbitrary()? {
            some.insert(caveat);
        }
    }
    Ok(some)
}

fn past(u: &mut Unstructured, most: u8) -> Result<Vec<PastRevision>> {
    let revision = |u: &mut Unstructured| {
        Ok(PastRevision {
            source: line(u, 100)?,
            id: line(u, 256)?,
            title: maybe(u, |u| line(u, 256))?,
            repository: None,
        })
    };
    (0..u.int_in_range(0..=most)?).map(|_| revision(u)).collect()
}

fn earlier(u: &mut Unstructured) -> Result<EarlierDecision> {
    Ok(EarlierDecision {
        decision: *u.choose(&Decision::ALL)?,
        by: maybe(u, |u| line(u, 256))?,
        by_our_role: u.arbitrary()?,
        at: NOW - Duration::seconds(u.int_in_range(0..=100_000)?),
        summary: maybe(u, |u| paragraphs(u, 512))?,
        run: None,
        votes: (0..u.int_in_range(0..=2_u8)?).map(|_| earlier_vote(u)).collect::<Result<_>>()?,
    })
}

fn earlier_vote(u: &mut Unstructured) -> Result<EarlierVote> {
    Ok(EarlierVote { approver: person(u)?, comment: paragraphs(u, Comment::MAX)?.parse().ok() })
}

fn link(u: &mut Unstructured) -> Result<Option<ReviewLink>> {
    let before = *u.choose(&["", "https://a.example/?", "https://github.com@a.example/", "https://"])?;
    Ok(ReviewLink::parse_lenient(&format!("{before}{}", text(u)?)))
}

fn paragraphs(u: &mut Unstructured, max: usize) -> Result<String> {
    Ok(bounded(&text(u)?, max))
}

fn line(u: &mut Unstructured, max: usize) -> Result<String> {
    Ok(bounded_line(&text(u)?, max))
}

fn maybe<'b, T>(u: &mut Unstructured<'b>, make: impl Fn(&mut Unstructured<'b>) -> Result<T>) -> Result<Option<T>> {
    if u.arbitrary()? { make(u).map(Some) } else { Ok(None) }
}

/// The same request with an `x` for every visible character of foreign text, except web addresses: it must be shown with
/// the same markup.
pub fn masked_request(request: &Request) -> Request {
    let mut twin = request.clone();
    let mask = |text: &mut String| *text = masked(text);
    twin.release.started_by.iter_mut().chain(&mut twin.release.instructions).for_each(mask);
    let links = twin.release.revisions.iter_mut().map(|revision| &mut revision.url);
    for link in links.chain([&mut twin.release.review_url]).flatten() {
        if link.host().is_none() {
            *link = ReviewLink::from(masked(link.as_str()));
        }
    }
    for Variable { name, value } in &mut twin.release.variables {
        [name, value].into_iter().for_each(mask);
    }
    let limit = Limit { lines: 1, characters: 1 };
    let changes: Vec<_> = Foreign::changes(&request.release, limit, Language::ENGLISH.texts()).collect();
    for (revision, change) in twin.release.revisions.iter_mut().zip(changes) {
        // So does an id, in the same place.
        let names_are_apart = change.label == Language::ENGLISH.texts().written_by_author();
        revision.id = if change.id.is_none() { "(x)" } else { "" }.to_owned() + &masked(&revision.id);
        revision.summary.iter_mut().for_each(mask);
        // Names that may not stand in our line have a place of their own, and those of the twin need it, too.
        let mask = |name: &mut String| *name = if names_are_apart { "(x)" } else { "" }.to_owned() + &masked(name);
        match &mut revision.origin {
            Some(Origin::Repository { name, branch: other } | Origin::Image { repository: name, tag: other }) => {
                mask(name);
                other.iter_mut().for_each(mask);
            }
            Some(Origin::Object { bucket, key }) => [bucket, key].into_iter().for_each(mask),
            None => {}
        }
    }
    if let Some(Before::Release(last)) = &mut twin.release.before {
        for revision in last.revisions.iter_mut().chain(&mut last.unreleased) {
            [&mut revision.source, &mut revision.id].into_iter().chain(&mut revision.title).for_each(mask);
        }
        for person in &mut last.approved_by {
            person.name = person.name.as_ref().and_then(|name| masked(name.expose()).parse().ok());
        }
    }
    if let Some(Start::Person(person)) = &mut twin.release.start {
        person.name = person.name.as_ref().and_then(|name| masked(name.expose()).parse().ok());
    }
    twin.terms.barred.values_mut().for_each(mask);
    for person in twin.terms.approvers.values_mut().chain(twin.terms.copy.values_mut()) {
        person.name = person.name.as_ref().and_then(|name| masked(name.expose()).parse().ok());
    }
    for vote in twin.votes.values_mut() {
        vote.comment = vote.comment.as_ref().and_then(|comment| masked(comment.expose()).parse().ok());
    }
    for earlier in &mut twin.release.earlier {
        earlier.summary.iter_mut().chain(&mut earlier.by).for_each(mask);
        for EarlierVote { approver, comment } in &mut earlier.votes {
            approver.name = approver.name.as_ref().and_then(|name| masked(name.expose()).parse().ok());
            *comment = comment.as_ref().and_then(|comment| masked(comment.expose()).parse().ok());
        }
    }
    let (summary, is_ours) = (twin.count().map(|decision| twin.summary(decision)), request.ended_by_votes());
    if let Some(outcome) = &mut twin.outcome {
        outcome.summary.iter_mut().chain(&mut outcome.by).for_each(mask);
        // What was ours stays ours, and two summaries that differ must not become one.
        if is_ours {
            outcome.summary = summary;
        } else if outcome.summary == summary {
            outcome.by_our_role = false;
        }
    }
    twin
}
