//! What pages and emails both tell about a request, in words.

use crate::approval::Approver;
use crate::request::{Ending, Outcome, Request, Vote};
use crate::words::Words;

/// Sentences one after the other.
#[must_use]
pub fn sentences(sentences: &[String], words: Words) -> String {
    sentences.join(&words.between_sentences())
}

/// How many were asked, and how many of them must approve.
#[must_use]
pub fn asked(request: &Request, words: Words) -> String {
    let asked = words.people_asked(request.terms.approvers.len());
    match request.terms.quorum.get() {
        1 if request.terms.approvers.len() == 1 => asked,
        1 => sentences(&[asked, words.one_approval()], words),
        needed => sentences(&[asked, words.approvals_needed(&needed.to_string())], words),
    }
}

/// The same, told to one of them.
#[must_use]
pub fn asked_you(request: &Request, words: Words) -> String {
    if request.terms.approvers.len() == 1 { words.only_you() } else { asked(request, words) }
}

/// Those who were asked and may not approve, since they started what waits: a sentence each.
#[must_use]
pub fn barred(request: &Request, words: Words) -> Vec<String> {
    let barred = request.terms.barred.keys().filter_map(|id| request.terms.approvers.get(id));
    barred.map(Approver::to_string).map(|name| words.may_not_approve(&name)).collect()
}

/// A vote without its comment.
#[must_use]
pub fn vote(request: &Request, vote: &Vote, words: Words) -> String {
    words.vote(&words.decision(vote.decision), &words.at(vote.at), &request.name_of(&vote.approver))
}

/// What was said with a decision that came without our links.
#[must_use]
pub fn said_elsewhere(request: &Request) -> Option<&str> {
    if request.ended_by_votes() { None } else { request.outcome.as_ref()?.summary.as_deref() }
}

/// How it ended, when, and by whom if somebody ended it.
#[must_use]
pub fn end(request: &Request, outcome: &Outcome, words: Words) -> String {
    let at = words.at(outcome.at);
    let is_approved = match outcome.ending {
        Ending::Approved => true,
        Ending::Rejected => false,
        Ending::Expired if request.votes.is_empty() => return words.nobody_answered(&at),
        Ending::Expired => return words.too_few_approved(&at),
        Ending::Superseded => return words.superseded_at(&at),
        Ending::Stopped => return words.stopped_at(&at),
    };
    if let Some(verdict) = request.verdict.as_ref().filter(|_| request.ended_by_votes()) {
        let votes = request.votes_for(verdict.decision);
        let names: Vec<String> = votes.iter().map(|vote| request.name_of(&vote.approver)).collect();
        let names = words.list(&names);
        return if is_approved { words.approved_by(&at, &names) } else { words.rejected_by(&at, &names) };
    }
    match (&outcome.by, is_approved) {
        (Some(principal), true) => words.approved_in_aws_by(&at, principal),
        (Some(principal), false) => words.rejected_in_aws_by(&at, principal),
        (None, true) => words.approved_in_aws(&at),
        (None, false) => words.rejected_in_aws(&at),
    }
}

/// What the end means for the release.
#[must_use]
pub fn consequence(ending: Ending, words: Words) -> String {
    match ending {
        Ending::Approved => words.pipeline_goes_on(),
        Ending::Rejected | Ending::Expired => words.stage_failed(),
        Ending::Superseded | Ending::Stopped => words.not_released(),
    }
}
