//! Earlier decisions on a release that is asked for again, as pages and emails show them: first thing, and newest first.

use crate::approval::{Approver, Decision};
use crate::foreign::{Foreign, Limit};
use crate::l10n::Texts;
use crate::request::{EarlierDecision, Request};
use crate::text::{bounded_line, legible};

/// The most characters of a person or a principal in a sentence.
const MAX_NAME: usize = 120;

/// How many are shown at once.
const AT_ONCE: usize = 3;

/// Earlier decisions on the same execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier<'a> {
    /// The sentence that says that there are any.
    pub notice: String,
    /// The latest, newest first.
    pub latest: Vec<EarlierShown<'a>>,
    /// That there are others, and how many.
    pub more: Option<String>,
    /// The others, for a place that shows them when asked to.
    pub older: Vec<EarlierShown<'a>>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierShown<'a> {
    /// The decision.
    pub decision: Decision,
    /// Who decided what, and when.
    pub sentence: String,
    /// What was said with it.
    pub said: Vec<Foreign<'a>>,
}

impl<'a> Earlier<'a> {
    /// The earlier decisions on the request's execution, with so much of each text. `None` when there are none.
    #[must_use]
    pub fn of(request: &'a Request, limit: Limit, texts: Texts) -> Option<Self> {
        let shown = |earlier| EarlierShown::new(earlier, limit, texts);
        let mut latest: Vec<EarlierShown> = request.release.earlier.iter().rev().map(shown).collect();
        let older = latest.split_off(latest.len().min(AT_ONCE));
        let notice = if request.was_rejected_before() { texts.rejected_before() } else { texts.approved_before() };
        let more = (!older.is_empty()).then(|| texts.older_decisions(older.len()));
        Some(Self { notice, latest, more, older }).filter(|earlier| !earlier.latest.is_empty())
    }

    /// The same for an email, which is short: only a rejection comes with what was said.
    #[must_use]
    pub fn in_email(request: &'a Request, limit: Limit, texts: Texts) -> Option<Self> {
        let mut earlier = Self::of(request, limit, texts)?;
        for shown in &mut earlier.latest {
            shown.said.truncate(usize::from(shown.decision == Decision::Rejected));
        }
        Some(earlier)
    }
}

impl<'a> EarlierShown<'a> {
    fn new(earlier: &'a EarlierDecision, limit: Limit, texts: Texts) -> Self {
        let decision = earlier.decision;
        Self { decision, sentence: sentence(earlier, texts), said: said(earlier, limit, texts) }
    }
}

fn sentence(earlier: &EarlierDecision, texts: Texts) -> String {
    let at = texts.at(earlier.at);
    let is_approved = earlier.decision == Decision::Approved;
    if !earlier.votes.is_empty() {
        let name = |approver: &Approver| bounded_line(&legible(&approver.expose()), MAX_NAME);
        let names: Vec<String> = earlier.votes.iter().map(|vote| name(&vote.approver)).collect();
        let names = texts.list(&names);
        return if is_approved { texts.approved_by(&at, &names) } else { texts.rejected_by(&at, &names) };
    }
    let by = earlier.by.as_deref().map(|by| bounded_line(&legible(by), MAX_NAME));
    match (earlier.by_our_role, by, is_approved) {
        (true, _, true) => texts.approved_by_link(&at),
        (true, _, false) => texts.rejected_by_link(&at),
        (false, Some(principal), true) => texts.approved_in_aws_by(&at, &principal),
        (false, Some(principal), false) => texts.rejected_in_aws_by(&at, &principal),
        (false, None, true) => texts.approved_in_aws(&at),
        (false, None, false) => texts.rejected_in_aws(&at),
    }
}

/// The comments of the votes; where there are no votes, what CodePipeline keeps.
fn said(earlier: &EarlierDecision, limit: Limit, texts: Texts) -> Vec<Foreign<'_>> {
    if earlier.votes.is_empty() {
        return Foreign::earlier_summary(earlier, limit, texts).into_iter().collect();
    }
    earlier.votes.iter().filter_map(|vote| Foreign::earlier_comment(vote, limit, texts)).collect()
}
