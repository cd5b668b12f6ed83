//! Verifying evidence offline: whether its parts are what the deployment's keys sealed, whether they belong together, and
//! what follows from them.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Evidence, Key, SealedPart, Statement, VERSION};
use crate::approval::{Deployment, Digest, RoleArn};
use crate::jws::{self, JwsError};
use crate::keys::{Fingerprint, PublicKey, VerifyingKeys};
use crate::ledger::{BoundVote, read_request, read_vote};
use crate::members::SessionName;
use crate::request::{Ending, Outcome, Request, Vote};
use crate::seal::{Attested, SealKind, attested};

/// The keys that a verifier believes, by the fingerprints that they noted when the deployment was made.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    /// Of requests and outcomes.
    pub request: Vec<Fingerprint>,
    /// Of votes. A key of one kind proves nothing about the other.
    pub vote: Vec<Fingerprint>,
}

/// Evidence that holds.
#[derive(Debug)]
pub struct Verified {
    /// The deployment.
    pub deployment: Deployment,
    /// The request, with the votes that count and the outcome.
    pub request: Request,
    /// The outcome, as CodePipeline showed it.
    pub outcome: Outcome,
    /// The ARN of whoever ended the approval.
    pub by: Option<String>,
    /// The role with which the callback alone decides.
    pub deciding_role: RoleArn,
    /// When CodePipeline was asked.
    pub read: UtcDateTime,
}

impl Verified {
    /// Whether these votes ended the approval: the role that decides put the summary that they come to.
    #[must_use]
    pub fn is_decided_by_votes(&self) -> bool {
        self.request.ended_by_votes()
    }
}

/// Why evidence does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {problem}")]
pub struct Problem {
    /// The part that is not what it should be.
    pub part: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Problem {
    fn new(part: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { part: part.into(), problem: problem.into() }
    }
}

/// Verifies evidence, byte for byte.
///
/// # Errors
/// The first part that does not hold.
pub fn verify(evidence: &Evidence, trusted: &TrustedKeys) -> Result<Verified, Problem> {
    if evidence.version != VERSION {
        return Err(Problem::new("version", format!("this program reads version {VERSION} only")));
    }
    let mut request_keys = Keys::read("request key", &evidence.keys.request, &trusted.request)?;
    let mut vote_keys = Keys::read("vote key", &evidence.keys.vote, &trusted.vote)?;

    let outcome = Names { object: "outcome".to_owned(), seal: "evidence seal".to_owned() };
    let opened = Opened::of(outcome, SealKind::Evidence, &evidence.outcome, &mut request_keys)?;
    let stated = Stated::read(&opened)?;
    opened.check_deployment(&stated.deployment)?;

    let object = Names { object: "request object".to_owned(), seal: "request seal".to_owned() };
    let opened = Opened::of(object, SealKind::Request, &evidence.request, &mut request_keys)?;
    opened.check_deployment(&stated.deployment)?;
    if opened.digest.as_str() != stated.statement.request {
        return Err(opened.problem("it is not the request that the outcome is about"));
    }
    let request = read_request(&opened.bytes).map_err(|_| opened.problem("this program cannot read it"))?;
    let mut request = request.with_digest(opened.digest.clone());
    if request.approval.key().as_str() != stated.statement.approval {
        return Err(opened.problem("it is about another approval than the outcome"));
    }

    for (index, part) in evidence.votes.iter().enumerate() {
        let vote = vote(&stated, &request, index, part, &mut vote_keys)?;
        if request.votes.insert(vote.approver.identity(), vote).is_some() {
            return Err(Problem::new(names_of_vote(index, part).object, "the same person has another vote before it"));
        }
    }
    if evidence.votes.len() != stated.statement.votes.len() {
        let (listed, there) = (stated.statement.votes.len(), evidence.votes.len());
        return Err(Problem::new("votes", format!("the outcome lists {listed}, and {there} are here")));
    }
    request_keys.check_used()?;
    vote_keys.check_used()?;
    stated.conclude(request)
}

/// The keys of one kind: which of them are believed, and which made a seal.
struct Keys {
    name: &'static str,
    /// In DER.
    listed: Vec<Vec<u8>>,
    used: BTreeSet<usize>,
}

impl Keys {
    fn read(name: &'static str, keys: &[Key], trusted: &[Fingerprint]) -> Result<Self, Problem> {
        let mut read = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let problem = |problem: String| Problem::new(format!("{name} {}", index + 1), problem);
            let der = STANDARD.decode(&key.public_key).map_err(|_| problem("it is not base64".to_owned()))?;
            let fingerprint = Fingerprint::of(&der);
            if fingerprint.to_string() != key.fingerprint {
                return Err(problem(format!("its fingerprint is {fingerprint}, and not the one beside it")));
            }
            if PublicKey::new("", &der).is_none() {
                return Err(problem("it is not an Ed25519 public key".to_owned()));
            }
            if !trusted.contains(&fingerprint) {
                return Err(problem(format!("its fingerprint, {fingerprint}, is not one of those to trust")));
            }
            read.push(der);
        }
        Ok(Self { name, listed: read, used: BTreeSet::new() })
    }

    /// The key that made a seal, under the name that the seal gives it. The name says nothing: the signature does.
    fn maker(&self, kind: SealKind, seal: &str) -> Result<(usize, Attested), JwsError> {
        let name = jws::kid_of(seal).ok_or(JwsError::Malformed)?;
        let mut last = JwsError::UnknownKey;
        for (index, der) in self.listed.iter().enumerate() {
            let key: VerifyingKeys = PublicKey::new(&name, der).into_iter().collect();
            match attested(kind, seal, &key) {
                Ok(attested) => return Ok((index, attested)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What nothing here was sealed with says nothing, and was added.
    fn check_used(&self) -> Result<(), Problem> {
        match (0..self.listed.len()).find(|index| !self.used.contains(index)) {
            Some(unused) => Err(Problem::new(
                format!("{} {}", self.name, unused + 1),
                "nothing in this document was sealed with it",
            )),
            None => Ok(()),
        }
    }
}

/// What the two halves of a part are called.
struct Names {
    object: String,
    seal: String,
}

/// A part whose seal holds.
struct Opened {
    names: Names,
    bytes: Vec<u8>,
    digest: Digest,
    attested: Attested,
}

impl Opened {
    fn of(names: Names, kind: SealKind, part: &SealedPart, keys: &mut Keys) -> Result<Self, Problem> {
        let (index, attested) = match keys.maker(kind, &part.seal) {
            Ok(made) => made,
            Err(error) => {
                let problem = match error {
                    JwsError::UnknownKey | JwsError::Signature => format!("no {} of this document made it", keys.name),
                    JwsError::Type | JwsError::Algorithm => "it is a statement of another kind".to_owned(),
                    JwsError::Malformed | JwsError::Header | JwsError::Claims => "it is damaged".to_owned(),
                };
                return Err(Problem::new(names.seal, problem));
            }
        };
        keys.used.insert(index);
        let Ok(bytes) = STANDARD.decode(&part.object) else {
            return Err(Problem::new(names.object, "it is not base64"));
        };
        let digest = Digest::of(&bytes);
        if !attested.is_on(&digest) {
            return Err(Problem::new(names.object, "its bytes are not those that were sealed"));
        }
        Ok(Self { names, bytes, digest, attested })
    }

    fn check_deployment(&self, deployment: &Deployment) -> Result<(), Problem> {
        if self.attested.is_by(deployment) {
            return Ok(());
        }
        Err(Problem::new(&self.names.seal, format!("it was not made by the deployment {deployment}")))
    }

    fn problem(&self, problem: &str) -> Problem {
        Problem::new(&self.names.object, problem)
    }
}

/// What the notifier stated, read.
struct Stated {
    statement: Statement,
    deployment: Deployment,
    deciding_role: RoleArn,
    read: UtcDateTime,
    ending: Ending,
    at: UtcDateTime,
}

impl Stated {
    fn read(opened: &Opened) -> Result<Self, Problem> {
        const ENDINGS: [Ending; 6] = [
            Ending::Approved,
            Ending::Rejected,
            Ending::Expired,
            Ending::Superseded,
            Ending::Stopped,
            Ending::NotShown,
        ];
        let unreadable = |what: &str| opened.problem(&format!("this program cannot read its {what}"));
        let statement: Statement = serde_json::from_slice(&opened.bytes).map_err(|_| unreadable("form"))?;
        let moment = |text: &str, what: &str| UtcDateTime::parse(text, &Rfc3339).map_err(|_| unreadable(what));
        Ok(Self {
            deployment: statement.deployment.parse().map_err(|_| unreadable("deployment"))?,
            deciding_role: statement.deciding_role.parse().map_err(|_| unreadable("deciding role"))?,
            read: moment(&statement.read, "time of reading")?,
            ending: ENDINGS
                .into_iter()
                .find(|ending| ending.as_str() == statement.ending)
                .ok_or_else(|| unreadable("ending"))?,
            at: moment(&statement.at, "time")?,
            statement,
        })
    }

    /// What follows from the outcome and the votes.
    fn conclude(self, mut request: Request) -> Result<Verified, Problem> {
        let Self { statement, deployment, deciding_role, read, ending, at } = self;
        let problem = |problem| Err(Problem::new("outcome", problem));
        let action = &request.approval.action;
        let is_of = |place: Option<&str>, ours: &str| place.is_none_or(|place| place == ours);
        if !is_of(statement.account.as_deref(), action.account.as_str())
            || !is_of(statement.region.as_deref(), action.region.as_str())
        {
            return problem("it was read of a pipeline in another account or region than the request's");
        }
        let by_our_role = statement.by.as_deref().is_some_and(|arn| deciding_role.has_session(arn));
        let outcome = Outcome { ending, by: statement.by.clone(), by_our_role, at, summary: statement.summary };
        request.outcome = Some(outcome.clone());
        if by_our_role && !request.ended_by_votes() {
            return problem("the deciding role ended it, with a summary other than the one that these votes come to");
        }
        let session = statement.by.as_deref().and_then(|arn| arn.rsplit('/').next());
        let is_theirs = |vote: &&Vote| session == Some(SessionName::of(&vote.approver).expose());
        let voters = request.count().map(|decision| request.votes_for(decision)).unwrap_or_default();
        // Before there was a role to decide with, the callback put results in its own name.
        let is_in_a_name = deciding_role.as_str().ends_with("-decide");
        if by_our_role && is_in_a_name && !voters.iter().any(is_theirs) {
            return problem("the deciding role ended it, in the name of somebody who did not vote for that");
        }
        Ok(Verified { deployment, request, outcome, by: statement.by, deciding_role, read })
    }
}

fn names_of_vote(index: usize, part: &SealedPart) -> Names {
    let voter = STANDARD.decode(&part.object).ok().and_then(|bytes| read_vote(&bytes).ok());
    let voter = voter.map(|bound| format!(", of {}", bound.vote.approver.expose())).unwrap_or_default();
    let object = format!("vote {}{voter}", index + 1);
    Names { seal: format!("seal of {object}"), object }
}

fn vote(stated: &Stated, request: &Request, index: usize, part: &SealedPart, keys: &mut Keys) -> Result<Vote, Problem> {
    let opened = Opened::of(names_of_vote(index, part), SealKind::Vote, part, keys)?;
    opened.check_deployment(&stated.deployment)?;
    match stated.statement.votes.get(index) {
        Some(listed) if listed == opened.digest.as_str() => {}
        Some(_) => return Err(opened.problem("it is not the vote that the outcome lists in its place")),
        None => return Err(opened.problem("the outcome does not list it")),
    }
    let bound = read_vote(&opened.bytes).map_err(|_| opened.problem("this program cannot read it"))?;
    if !bound.is_for(request) {
        return Err(opened.problem("it is a vote on another request"));
    }
    let BoundVote { vote, .. } = bound;
    if !request.admits(&vote) {
        return Err(opened.problem("it does not count under the request's terms"));
    }
    Ok(vote)
}
