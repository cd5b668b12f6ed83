//! Texts about a request's status that pages and emails share.

use crate::approval::Approver;
use crate::l10n::Texts;
use crate::request::{Ending, Outcome, Request, Vote};

/// Sentences one after the other.
#[must_use]
pub fn sentences(sentences: &[String], texts: Texts) -> String {
    sentences.join(&texts.between_sentences())
}

/// How many were asked, and how many of them must approve.
#[must_use]
pub fn asked(request: &Request, texts: Texts) -> String {
    let terms = &request.terms;
    let asked = texts.people_asked(terms.approvers.len());
    let wanted = terms.must_include.as_ref().and_then(|identity| terms.approvers.get(identity)).map(Approver::expose);
    match (terms.quorum.get(), wanted) {
        (1, _) if terms.approvers.len() == 1 => asked,
        (1, None) => sentences(&[asked, texts.one_approval()], texts),
        (1, Some(name)) => sentences(&[asked, texts.one_approval_of(&name)], texts),
        (needed, None) => sentences(&[asked, texts.approvals_needed(&needed.to_string())], texts),
        (needed, Some(name)) => {
            sentences(&[asked, texts.approvals_needed(&needed.to_string()), texts.one_must_be_by(&name)], texts)
        }
    }
}

/// The same, addressed to one of them.
#[must_use]
pub fn asked_you(request: &Request, texts: Texts) -> String {
    if request.terms.approvers.len() == 1 { texts.only_you() } else { asked(request, texts) }
}

/// Those who were asked and may not approve, since they started what waits: a sentence each.
#[must_use]
pub fn barred(request: &Request, texts: Texts) -> Vec<String> {
    let barred = request.terms.barred.keys().filter_map(|id| request.terms.approvers.get(id));
    barred.map(Approver::expose).map(|name| texts.may_not_approve(&name)).collect()
}

/// That an approver may have started what waits, if nobody can tell.
#[must_use]
pub fn unrecognised_initiator(request: &Request, texts: Texts) -> Option<String> {
    request.terms.unrecognised_initiator.then(|| texts.initiator_unrecognised())
}

/// A vote without its comment.
#[must_use]
pub fn vote(request: &Request, vote: &Vote, texts: Texts) -> String {
    texts.vote(&texts.decision(vote.decision), &texts.at(vote.at), &request.name_of(&vote.approver))
}

/// What was said with a decision that came without our links.
#[must_use]
pub fn foreign_summary(request: &Request) -> Option<&str> {
    if request.ended_by_votes() { None } else { request.outcome.as_ref()?.summary.as_deref() }
}

/// How it ended, when, and by whom if somebody ended it.
#[must_use]
pub fn end(request: &Request, outcome: &Outcome, texts: Texts) -> String {
    let at = texts.at(outcome.at);
    let is_approved = match outcome.ending {
        Ending::Approved => true,
        Ending::Rejected => false,
        Ending::Expired if request.votes.is_empty() => return texts.nobody_voted_in_time(&at),
        Ending::Expired => return texts.too_few_approved(&at),
        Ending::Superseded => return texts.superseded_at(&at),
        Ending::Stopped => return texts.stopped_at(&at),
        Ending::NotShown => return texts.end_not_shown(),
    };
    if let Some(decision) = request.count().filter(|_| request.ended_by_votes()) {
        let votes = request.votes_for(decision);
        let names: Vec<String> = votes.iter().map(|vote| request.name_of(&vote.approver)).collect();
        let names = texts.list(&names);
        return if is_approved { texts.approved_by(&at, &names) } else { texts.rejected_by(&at, &names) };
    }
    match (&outcome.by, is_approved) {
        (Some(principal), true) => texts.approved_in_aws_by(&at, principal),
        (Some(principal), false) => texts.rejected_in_aws_by(&at, principal),
        (None, true) => texts.approved_in_aws(&at),
        (None, false) => texts.rejected_in_aws(&at),
    }
}

/// What the end means for the release.
#[must_use]
pub fn consequence(ending: Ending, texts: Texts) -> String {
    match ending {
        Ending::Approved => texts.pipeline_continues(),
        Ending::Rejected | Ending::Expired => texts.stage_failed(),
        Ending::Superseded | Ending::Stopped => texts.not_released(),
        Ending::NotShown => texts.ask_the_pipelines_owner(),
    }
}
