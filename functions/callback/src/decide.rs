//! A verified link, and what becomes of it.
//!
//! Each step of a decision can be repeated. A visitor who tries again after a crash at any point finishes what was
//! begun, and so does anybody else who was asked and says the same.

use countersign::approval::{Comment, Decision};
use countersign::aws::AwsError;
use countersign::ledger::{Ledger, WriteOutcome};
use countersign::link::{ExpiredLink, VerifiedLink};
use countersign::metrics::Metrics;
use countersign::pipeline::{ApprovalStatus, CodePipeline, PutOutcome, superseded};
use countersign::request::{Outcome, Request, Verdict, Vote};
use countersign::text::bounded_line;
use time::UtcDateTime;

use crate::metrics;

/// How often votes that change while they are counted are counted again. Each new count needs another visitor's vote in
/// the same moment, so that more than a few mean that something is wrong.
const MAX_COUNTS: usize = 10;
/// The longest summary that CodePipeline keeps. The service may count UTF-16 units, so we do, which is never fewer.
const MAX_SUMMARY: usize = 512;

/// Why a decision could not be carried through. What was done stays done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// An AWS call did not succeed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CodePipeline said that the approval is over, and shows it as waiting: its reads lag.
    #[error("CodePipeline does not show yet how the approval ended")]
    Lag,
    /// A verdict stands, and the visit that was to carry it out has not.
    #[error("another decision is under way")]
    UnderWay,
    /// Votes kept changing while they were counted.
    #[error("votes kept changing while they were counted")]
    VotesChanging,
}

/// The effects that a decision has.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// Where votes and outcomes are kept.
    pub ledger: Ledger,
    /// Who is told in the end.
    pub pipeline: CodePipeline,
    /// What counts the votes and decisions.
    pub metrics: Metrics,
}

impl Decisions {
    /// The request as it stands. It changes nothing.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn read(&self, link: &VerifiedLink) -> Result<Option<Request>, DecideError> {
        Ok(self.ledger.read_request(&link.approval().key()).await?)
    }

    /// Votes as `link` says, and carries out what the votes come to. Gives the request as it stands afterwards; it says
    /// what became of the vote. A vote that its terms do not allow is not in it.
    ///
    /// # Errors
    /// When the ledger or CodePipeline does not answer. Trying again finishes what was begun.
    pub async fn decide(
        &self,
        link: &VerifiedLink,
        comment: Option<Comment>,
        now: UtcDateTime,
    ) -> Result<Option<Request>, DecideError> {
        let vote = Vote {
            approver: link.approver().clone(),
            decision: link.decision(),
            comment,
            at: now,
            link: link.id().to_owned(),
        };
        match self.ledger.record_vote(&link.approval().key(), &vote).await? {
            WriteOutcome::Applied(request) => {
                self.metrics.record(metrics::VOTES, 1);
                self.pass_verdict(request, link, now).await.map(Some)
            }
            WriteOutcome::ConditionFailed(Some(request)) if request.outcome.is_none() => {
                let stands = request.vote_of(link.approver()).is_some_and(|standing| standing.says_the_same(&vote));
                if request.verdict.is_none() && stands {
                    // The same again. It keeps its time, and what it began is finished.
                    self.pass_verdict(request, link, now).await.map(Some)
                } else {
                    self.defer_to_verdict(request, link, now).await.map(Some)
                }
            }
            WriteOutcome::ConditionFailed(request) => Ok(request),
        }
    }

    /// Carries out what the votes come to, if the vote that `link` says stands among them. It votes for nobody: where
    /// another vote stands by now, nothing is done.
    ///
    /// # Errors
    /// As for [`decide`](Self::decide).
    pub async fn resume(&self, link: &VerifiedLink, now: UtcDateTime) -> Result<Option<Request>, DecideError> {
        let Some(request) = self.read(link).await? else { return Ok(None) };
        let stands = request.vote_of(link.approver()).is_some_and(|vote| vote.decision == link.decision());
        match (&request.outcome, &request.verdict) {
            (Some(_), _) => Ok(Some(request)),
            _ if !stands => Ok(Some(request)),
            (None, Some(_)) => self.defer_to_verdict(request, link, now).await.map(Some),
            (None, None) => self.pass_verdict(request, link, now).await.map(Some),
        }
    }

    /// A verdict stands that is not this visit's own, and has no outcome yet: somebody's visit is under way, or ended in
    /// between. A vote of the same kind carries the verdict out; an opposite one must not, and waits for who does.
    async fn defer_to_verdict(
        &self,
        request: Request,
        link: &VerifiedLink,
        now: UtcDateTime,
    ) -> Result<Request, DecideError> {
        match &request.verdict {
            _ if !request.asks(link.approver()) => Ok(request),
            Some(verdict) if verdict.decision == link.decision() => self.put_verdict(request, now).await,
            Some(_) => {
                let outcome = self.pipeline.ending(&request, now).await?.ok_or(DecideError::UnderWay)?;
                Ok(self.record_outcome(request, outcome).await)
            }
            None => Ok(request),
        }
    }

    /// How the approval of an expired link ended, if anybody knows. It changes nothing, so a GET may ask.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn read_expired(&self, link: &ExpiredLink, now: UtcDateTime) -> Result<Option<Request>, DecideError> {
        let Some(request) = self.ledger.read_request(&link.approval().key()).await? else { return Ok(None) };
        if request.outcome.is_some() {
            return Ok(Some(request));
        }
        match self.pipeline.status(&request, now).await {
            Ok(ApprovalStatus::Ended(outcome)) => Ok(Some(Request { outcome: Some(outcome), ..request })),
            Ok(ApprovalStatus::Pending | ApprovalStatus::Unknown) => Ok(Some(request)),
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "how an expired approval ended cannot be read");
                Ok(Some(request))
            }
        }
    }

    /// Passes a verdict if the votes come to one, and carries it out.
    async fn pass_verdict(
        &self,
        mut request: Request,
        link: &VerifiedLink,
        now: UtcDateTime,
    ) -> Result<Request, DecideError> {
        let key = request.approval.key();
        for _ in 0..MAX_COUNTS {
            let Some(decision) = request.count() else { return Ok(self.still_waits(request, now).await) };
            let verdict = Verdict { decision, summary: summary(&request, decision) };
            request = match self.ledger.record_verdict(&key, request.revision, &verdict).await? {
                WriteOutcome::Applied(request) => return self.put_verdict(request, now).await,
                WriteOutcome::ConditionFailed(Some(request)) if request.outcome.is_some() => return Ok(request),
                WriteOutcome::ConditionFailed(Some(request)) if request.verdict.is_some() => {
                    return self.defer_to_verdict(request, link, now).await;
                }
                // Somebody voted between the count and the verdict: count again.
                WriteOutcome::ConditionFailed(Some(request)) => request,
                WriteOutcome::ConditionFailed(None) => return Err(DecideError::VotesChanging),
            };
        }
        Err(DecideError::VotesChanging)
    }

    /// Tells CodePipeline the verdict and records what CodePipeline then holds.
    async fn put_verdict(&self, request: Request, now: UtcDateTime) -> Result<Request, DecideError> {
        let Some(verdict) = &request.verdict else { return Ok(request) };
        match self.pipeline.put(&request.approval, verdict.decision, &verdict.summary).await? {
            PutOutcome::Accepted => {
                self.count_decision(&request, now);
                let summary = Some(verdict.summary.clone());
                let outcome = Outcome { ending: verdict.decision.into(), by: None, at: now, summary };
                let written = self.ledger.record_decision(&request.approval.key(), &outcome).await;
                Ok(as_recorded(written, request, outcome))
            }
            // Decided elsewhere, or by us with the answer lost: what CodePipeline holds is the truth.
            PutOutcome::AlreadyDecided => {
                let outcome = self.pipeline.ending(&request, now).await?.ok_or(DecideError::Lag)?;
                let request = self.record_outcome(request, outcome).await;
                if request.ended_by_votes() {
                    self.count_decision(&request, now);
                }
                Ok(request)
            }
            // The token is dead, so it is over. How, CodePipeline may not show yet: then the visitor is told what is
            // likely, and nothing is recorded that the event about the end knows better.
            PutOutcome::Gone => match self.pipeline.ending(&request, now).await? {
                Some(outcome) => Ok(self.record_outcome(request, outcome).await),
                None => Ok(Request { outcome: Some(superseded(now)), ..request }),
            },
        }
    }

    fn count_decision(&self, request: &Request, now: UtcDateTime) {
        if let Some(verdict) = &request.verdict {
            self.metrics.record(metrics::decisions(verdict.decision), 1);
            let waited = (now - request.asked).whole_seconds();
            self.metrics.record(metrics::TIME_TO_DECISION, usize::try_from(waited).unwrap_or(0));
        }
    }

    /// A vote that decides nothing is shown as waiting for others, so make sure that the approval does wait: it may have
    /// ended in the console, and the event that tells us so may be on its way.
    async fn still_waits(&self, request: Request, now: UtcDateTime) -> Request {
        match self.pipeline.status(&request, now).await {
            Ok(ApprovalStatus::Pending | ApprovalStatus::Unknown) => request,
            Ok(ApprovalStatus::Ended(outcome)) => self.record_outcome(request, outcome).await,
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "CodePipeline cannot be asked whether an approval waits");
                request
            }
        }
    }

    async fn record_outcome(&self, request: Request, outcome: Outcome) -> Request {
        let written = self.ledger.record_outcome(&request.approval.key(), &outcome).await;
        as_recorded(written, request, outcome)
    }
}

/// The request with its outcome. CodePipeline holds it already, so the visitor is told the truth even when the ledger
/// cannot be written; the event about the end, or the next visit, records it then.
fn as_recorded(written: Result<WriteOutcome, AwsError>, request: Request, outcome: Outcome) -> Request {
    match written {
        Ok(WriteOutcome::Applied(request) | WriteOutcome::ConditionFailed(Some(request)))
            if request.outcome.is_some() =>
        {
            request
        }
        Ok(_) => Request { outcome: Some(outcome), ..request },
        Err(error) => {
            tracing::error!(%error, key = %request.approval.key(), "an outcome could not be recorded");
            Request { outcome: Some(outcome), ..request }
        }
    }
}

/// What CodePipeline keeps: who decided, through what, and the comments; at most 512 characters, cut between characters.
fn summary(request: &Request, decision: Decision) -> String {
    let votes = request.votes_for(decision);
    let names = votes.iter().map(|vote| vote.approver.expose()).collect::<Vec<_>>().join(", ");
    let comments = votes.iter().filter_map(|vote| {
        let comment = bounded_line(vote.comment.as_ref()?.expose(), Comment::MAX);
        Some(if votes.len() == 1 { format!(" {comment}") } else { format!(" {}: {comment}", vote.approver.expose()) })
    });
    cut(format!("{decision} through Countersign by {names}.{}", comments.collect::<String>()))
}

/// Cuts to [`MAX_SUMMARY`] UTF-16 units, an ellipsis at the end if something was cut.
fn cut(text: String) -> String {
    if text.encode_utf16().count() <= MAX_SUMMARY {
        return text;
    }
    let mut units = '…'.len_utf16();
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= MAX_SUMMARY
        })
        .collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(512)), "é".repeat(512));
        assert_eq!(cut("é".repeat(513)), format!("{}…", "é".repeat(511)));
        // An emoji is two UTF-16 units: 255 of them and the ellipsis are 511, one more would be 513.
        assert_eq!(cut("🚀".repeat(300)), format!("{}…", "🚀".repeat(255)));
    }
}
