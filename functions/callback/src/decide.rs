//! Decisions: a vote, the verdict that the votes come to, and the result that CodePipeline holds.
//!
//! Each step can be repeated. A visitor who tries again after a crash at any point completes what was begun, and so does
//! any other approver who votes the same way.

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

/// How often votes are counted before a visit gives up because they keep changing. Each new count needs another
/// visitor's vote at the same moment, so more than a few mean that something is wrong.
const MAX_COUNTS: usize = 10;
/// The longest summary that CodePipeline keeps. The service may count characters or UTF-16 units, of which a text never
/// has fewer, so these are UTF-16 units.
const MAX_SUMMARY: usize = 512;

/// Why a decision could not be completed. The steps before the one that failed stay done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CodePipeline refused the result because the approval is over, but still shows it as pending: its reads lag.
    #[error("CodePipeline refused the result because the approval is over, but does not show yet how it ended")]
    Lag,
    /// Another visit passed the opposite verdict, and CodePipeline does not have its result yet.
    #[error("another visit passed the opposite verdict, and CodePipeline does not have its result yet")]
    UnderWay,
    /// Votes kept changing while they were counted.
    #[error("the votes kept changing; they were counted {MAX_COUNTS} times")]
    VotesChanging,
}

/// What a decision reads and writes.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// Keeps requests with their votes, verdicts and outcomes.
    pub ledger: Ledger,
    /// Gets the result.
    pub pipeline: CodePipeline,
    /// Counts votes and decisions.
    pub metrics: Metrics,
}

impl Decisions {
    /// The request as it is. Nothing is changed. `None` when the ledger does not have it.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn read(&self, link: &VerifiedLink) -> Result<Option<Request>, DecideError> {
        Ok(self.ledger.read_request(&link.approval().key()).await?)
    }

    /// Records the vote of `link`, and completes what the votes come to. Returns the request as it is afterwards, in which
    /// a vote that its terms do not allow is missing. `None` when the ledger does not have the request.
    ///
    /// # Errors
    /// When the ledger or CodePipeline does not answer. Trying again completes what was begun.
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
                self.pass_verdict(request, link, now).await
            }
            WriteOutcome::ConditionFailed(Some(request)) if request.outcome.is_none() => {
                let is_recorded = request.vote_of(link.approver()).is_some_and(|earlier| earlier.says_the_same(&vote));
                if request.verdict.is_none() && is_recorded {
                    // The same vote again: it keeps its time, and what it began is completed.
                    self.pass_verdict(request, link, now).await
                } else {
                    self.defer_to_verdict(request, link, now).await.map(Some)
                }
            }
            WriteOutcome::ConditionFailed(request) => Ok(request),
        }
    }

    /// Completes what the votes come to, if the vote of `link` is among them. It records no vote: where the approver has
    /// changed theirs since, nothing is done.
    ///
    /// # Errors
    /// As for [`decide`](Self::decide).
    pub async fn resume(&self, link: &VerifiedLink, now: UtcDateTime) -> Result<Option<Request>, DecideError> {
        let Some(request) = self.read(link).await? else { return Ok(None) };
        let is_recorded = request.vote_of(link.approver()).is_some_and(|vote| vote.decision == link.decision());
        match (&request.outcome, &request.verdict) {
            (Some(_), _) => Ok(Some(request)),
            _ if !is_recorded => Ok(Some(request)),
            (None, Some(_)) => self.defer_to_verdict(request, link, now).await.map(Some),
            (None, None) => self.pass_verdict(request, link, now).await,
        }
    }

    /// Follows a verdict that another visit passed and that has no outcome yet: that visit is under way, or ended midway.
    /// A link with the same decision puts the verdict; one with the opposite decision must not, and waits for its outcome.
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

    /// The request of an expired link, with its outcome if the ledger or CodePipeline knows it. Nothing is changed.
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
                tracing::warn!(%error, key = %request.approval.key(), "cannot read how the approval of an expired link ended");
                Ok(Some(request))
            }
        }
    }

    /// Passes a verdict if the votes come to one, and puts it. `None` when the request has gone from the ledger.
    async fn pass_verdict(
        &self,
        mut request: Request,
        link: &VerifiedLink,
        now: UtcDateTime,
    ) -> Result<Option<Request>, DecideError> {
        let key = request.approval.key();
        for _ in 0..MAX_COUNTS {
            let Some(decision) = request.count() else { return Ok(Some(self.check_pending(request, now).await)) };
            let verdict = Verdict { decision, summary: summary(&request, decision) };
            request = match self.ledger.record_verdict(&key, request.revision, &verdict).await? {
                WriteOutcome::Applied(request) => return self.put_verdict(request, now).await.map(Some),
                WriteOutcome::ConditionFailed(Some(request)) if request.outcome.is_some() => return Ok(Some(request)),
                WriteOutcome::ConditionFailed(Some(request)) if request.verdict.is_some() => {
                    return self.defer_to_verdict(request, link, now).await.map(Some);
                }
                // Somebody voted between the count and the verdict: count again.
                WriteOutcome::ConditionFailed(Some(request)) => request,
                WriteOutcome::ConditionFailed(None) => return Ok(None),
            };
        }
        Err(DecideError::VotesChanging)
    }

    /// Puts the verdict as the approval's result, and records the outcome that CodePipeline then holds.
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
            // Decided elsewhere, or by us and the answer was lost: what CodePipeline holds is the truth.
            PutOutcome::AlreadyDecided => {
                let outcome = self.pipeline.ending(&request, now).await?.ok_or(DecideError::Lag)?;
                let request = self.record_outcome(request, outcome).await;
                if request.ended_by_votes() {
                    self.count_decision(&request, now);
                }
                Ok(request)
            }
            // The token is no longer valid, so the approval is over. CodePipeline may not show yet how it ended: then the
            // page shows what is likely, and recording is left to the event about the end, which knows.
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

    /// Checks that the approval of a vote that decides nothing is still pending, because the page will say so. It may have
    /// ended in the console, and the event about that may still be on its way.
    async fn check_pending(&self, request: Request, now: UtcDateTime) -> Request {
        match self.pipeline.status(&request, now).await {
            Ok(ApprovalStatus::Pending | ApprovalStatus::Unknown) => request,
            Ok(ApprovalStatus::Ended(outcome)) => self.record_outcome(request, outcome).await,
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "cannot read whether an approval is still pending");
                request
            }
        }
    }

    async fn record_outcome(&self, request: Request, outcome: Outcome) -> Request {
        let written = self.ledger.record_outcome(&request.approval.key(), &outcome).await;
        as_recorded(written, request, outcome)
    }
}

/// The request with its outcome. CodePipeline holds the outcome already, so the page shows it even if the ledger cannot be
/// written; the event about the end, or the next visit, records it then.
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

/// The summary that CodePipeline keeps: who decided, through what, and the comments, cut to [`MAX_SUMMARY`].
fn summary(request: &Request, decision: Decision) -> String {
    let votes = request.votes_for(decision);
    let names = votes.iter().map(|vote| vote.approver.expose()).collect::<Vec<_>>().join(", ");
    let comments = votes.iter().filter_map(|vote| {
        let comment = bounded_line(vote.comment.as_ref()?.expose(), Comment::MAX);
        Some(if votes.len() == 1 { format!(" {comment}") } else { format!(" {}: {comment}", vote.approver.expose()) })
    });
    cut(format!("{decision} through Countersign by {names}.{}", comments.collect::<String>()))
}

/// Cuts a text to [`MAX_SUMMARY`] UTF-16 units, between characters, with an ellipsis at the end if something was cut.
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
