//! Decisions: a vote, what the votes come to, and the result that CodePipeline holds.
//!
//! Each step can be repeated. A visitor who tries again after a crash at any point completes what was begun, and so does
//! any other approver who votes the same way. What the ledger has is believed only as far as it is sealed: votes are
//! counted anew before they are carried out, and how an approval ended is what CodePipeline says.

use countersign::approval::{Address, ApprovalAction, ApprovalKey, Comment, Digest};
use countersign::aws::AwsError;
use countersign::events::{Event, vote_recorded};
use countersign::ledger::{Found, Ledger, SealedVote, SignError, WriteOutcome};
use countersign::link::{ExpiredLink, FinishOrder, VerifiedLink};
use countersign::members::Decider;
use countersign::metrics::Metrics;
use countersign::pipeline::{ApprovalStatus, CodePipeline, PutOutcome, not_shown};
use countersign::request::{EventMemo, Outcome, Request, Visitor, Vote};
use countersign::seal::Sealer;
use time::UtcDateTime;

use crate::events::Events;
use crate::metrics;

/// How often votes are counted before a visit gives up because they keep changing. Each new count needs another
/// visitor's vote at the same moment, so more than a few mean that something is wrong.
const MAX_COUNTS: usize = 30;

/// Why a decision could not be completed. The steps before the one that failed stay done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The vote could not be sealed.
    #[error("the vote could not be sealed: {0}")]
    Seal(SignError),
    /// CodePipeline refused the result because the approval is over, but still shows it as pending: its reads lag.
    #[error("CodePipeline refused the result because the approval is over, but does not show yet how it ended")]
    Lag,
    /// Another visit locked the opposite decision, and CodePipeline does not have its result yet.
    #[error("another visit locked the opposite decision, and CodePipeline does not have its result yet")]
    UnderWay,
    /// Votes kept changing while they were counted.
    #[error("the votes kept changing; they were counted {MAX_COUNTS} times")]
    VotesChanging,
}

impl From<SignError> for DecideError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Aws(error) => Self::Aws(error),
            other => Self::Seal(other),
        }
    }
}

/// What the ledger has for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The request that the token was made for.
    Request(Box<Request>),
    /// A newer request about the same approval.
    AskedAnew,
    /// None.
    Missing,
}

/// The session in which a result is put, or why there is none.
type Assumed = Result<Decider, AwsError>;

/// What a decision reads and writes.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// Keeps requests with their votes.
    pub ledger: Ledger,
    /// Seals votes.
    pub sealer: Sealer,
    /// Gets the result.
    pub pipeline: CodePipeline,
    /// Tells others.
    pub events: Events,
    /// Counts votes and decisions.
    pub metrics: Metrics,
}

impl Decisions {
    /// Whether the account of the approval is served. A link is good for as long as its key; which accounts are served can
    /// change in between.
    ///
    /// # Errors
    /// When it cannot be read which accounts are.
    pub async fn serves(&self, action: &ApprovalAction) -> Result<bool, DecideError> {
        Ok(self.pipeline.has(&action.pipeline) && self.pipeline.members().accounts().has(&action.account).await?)
    }

    /// The request as it is, and how it ended, if it has. Nothing is changed.
    ///
    /// # Errors
    /// When the ledger does not answer; or CodePipeline, where the ledger says that the approval has ended.
    pub async fn look(&self, link: &VerifiedLink, now: UtcDateTime) -> Result<Seen, DecideError> {
        match self.read(link.key(), link.request()).await? {
            Seen::Request(request) => Ok(Seen::Request(Box::new(self.confirmed(*request, now).await?))),
            seen => Ok(seen),
        }
    }

    /// Records the vote of `link`, and completes what the votes come to. Returns the request as it is afterwards, in which
    /// a vote that its terms do not allow is missing.
    ///
    /// # Errors
    /// When AWS does not answer. Trying again completes what was begun.
    pub async fn decide(
        &self,
        link: &VerifiedLink,
        comment: Option<Comment>,
        visitor: Visitor,
        now: UtcDateTime,
    ) -> Result<Seen, DecideError> {
        let vote = Vote {
            approver: link.approver().clone(),
            decision: link.decision(),
            comment,
            at: now,
            link: link.id().to_owned(),
            visitor,
        };
        let (seen, vote) = tokio::join!(
            self.read(link.key(), link.request()),
            SealedVote::seal(link.key(), link.request(), vote, &self.sealer),
        );
        let mut request = match seen? {
            Seen::Request(request) => self.confirmed(*request, now).await?,
            seen => return Ok(seen),
        };
        let vote = vote?;
        // Whether this visit's vote is on record, and the session to put the result in.
        let (mut recorded, mut decider) = (false, None);
        for _ in 0..MAX_COUNTS {
            if request.outcome.is_some() {
                return Ok(Seen::Request(Box::new(request)));
            }
            let written = match request.verdict {
                Some(verdict) if request.count() != Some(verdict) => self.unlock(&mut request).await?,
                Some(verdict) if !request.asks(link.approver()) || verdict == link.decision() => {
                    if !request.asks(link.approver()) {
                        return Ok(Seen::Request(Box::new(request)));
                    }
                    let event = self.event(&request, link.approver()).filter(|_| recorded);
                    let request = self.events.beside(event, self.put(request, decider, now)).await?;
                    return Ok(Seen::Request(Box::new(request)));
                }
                Some(_) => {
                    let outcome = self.pipeline.ending(&request, now).await?.ok_or(DecideError::UnderWay)?;
                    return Ok(Seen::Request(Box::new(self.noted(request, outcome).await)));
                }
                None if !request.admits(vote.vote()) => return Ok(Seen::Request(Box::new(request))),
                None => {
                    let (written, assumed) = self.record(&mut request, &vote).await?;
                    decider = assumed;
                    written
                }
            };
            match written {
                WriteOutcome::Applied if request.verdict.is_some() => recorded = true,
                WriteOutcome::Applied => {
                    let event = self.event(&request, link.approver());
                    let request = self.events.beside(event, self.check_pending(request, now)).await;
                    return Ok(Seen::Request(Box::new(request)));
                }
                WriteOutcome::Changed(found) => match self.bound(found, link.request()) {
                    Seen::Request(changed) => {
                        request = self.confirmed(*changed, now).await?;
                        // Other votes may have settled it, and then the result is put in another name.
                        decider = None;
                    }
                    seen => return Ok(seen),
                },
            }
        }
        Err(DecideError::VotesChanging)
    }

    /// Completes what the votes on the order's request come to, if they come to something. It records no vote.
    ///
    /// # Errors
    /// As for [`decide`](Self::decide).
    pub async fn finish(&self, order: &FinishOrder, now: UtcDateTime) -> Result<Seen, DecideError> {
        let mut request = match self.read(order.key(), order.request()).await? {
            Seen::Request(request) => self.confirmed(*request, now).await?,
            seen => return Ok(seen),
        };
        for _ in 0..MAX_COUNTS {
            let counted = request.count();
            let written = match (request.verdict, counted) {
                _ if request.outcome.is_some() => return Ok(Seen::Request(Box::new(request))),
                (None, None) => return Ok(Seen::Request(Box::new(request))),
                (Some(verdict), counted) if counted != Some(verdict) => self.unlock(&mut request).await?,
                (Some(_), _) => return Ok(Seen::Request(Box::new(self.put(request, None, now).await?))),
                (None, Some(decision)) => {
                    let written = self.ledger.lock(&request, decision).await?;
                    request.verdict = Some(decision);
                    written
                }
            };
            if let WriteOutcome::Changed(found) = written {
                match self.bound(found, order.request()) {
                    Seen::Request(changed) => request = self.confirmed(*changed, now).await?,
                    seen => return Ok(seen),
                }
            }
        }
        Err(DecideError::VotesChanging)
    }

    /// The request of an expired link, with its outcome if CodePipeline knows it. Nothing is changed.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn read_expired(&self, link: &ExpiredLink, now: UtcDateTime) -> Result<Option<Request>, DecideError> {
        let Seen::Request(request) = self.read(link.key(), link.request()).await? else { return Ok(None) };
        let request = Request { outcome: None, ..*request };
        match self.pipeline.status(&request, now).await {
            Ok(ApprovalStatus::Ended(outcome)) => Ok(Some(Request { outcome: Some(outcome), ..request })),
            Ok(ApprovalStatus::Pending | ApprovalStatus::Unknown) => Ok(Some(request)),
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "cannot read how the approval of an expired link ended");
                Ok(Some(request))
            }
        }
    }

    async fn read(&self, key: &ApprovalKey, digest: &Digest) -> Result<Seen, DecideError> {
        Ok(self.bound(self.ledger.read_request(key).await?, digest))
    }

    /// What was found, if it is the request of this digest.
    fn bound(&self, found: Found, digest: &Digest) -> Seen {
        match found {
            Found::Request(request) if request.digest == *digest => Seen::Request(request),
            Found::Request(request) => {
                tracing::warn!(key = %request.approval.key(), "a link of an older request was used");
                self.metrics.record(metrics::OLDER_LINKS, 1);
                Seen::AskedAnew
            }
            Found::Absent | Found::Forged(_) => Seen::Missing,
        }
    }

    /// The request, with its outcome if CodePipeline shows one. What the ledger says of an end is only a reason to ask.
    async fn confirmed(&self, request: Request, now: UtcDateTime) -> Result<Request, DecideError> {
        let Some(memo) = &request.outcome else { return Ok(request) };
        let outcome = self.pipeline.ending(&request, now).await?;
        if outcome.is_none() {
            let (key, memo) = (request.approval.key(), memo.ending.as_str());
            tracing::warn!(%key, memo, "the ledger says that an approval has ended, and CodePipeline does not show it");
        }
        Ok(Request { outcome, ..request })
    }

    /// Records a vote on top of `request`, which then has it; a vote that it has already is not written again, and what it
    /// began is completed. Beside it, the session begins in which the result is put, if the votes come to one.
    async fn record(
        &self,
        request: &mut Request,
        sealed: &SealedVote,
    ) -> Result<(WriteOutcome, Option<Assumed>), DecideError> {
        let vote = sealed.vote();
        if request.vote_of(&vote.approver).is_some_and(|earlier| earlier.says_the_same(vote)) {
            let Some(decision) = request.count() else { return Ok((WriteOutcome::Applied, None)) };
            let (written, decider) = tokio::join!(self.ledger.lock(request, decision), self.decider(request));
            request.verdict = Some(decision);
            return Ok((written?, decider));
        }
        let mut voted = request.clone();
        voted.votes.insert(vote.approver.identity(), vote.clone());
        voted.events.remove(&EventMemo::of_vote(vote));
        voted.verdict = voted.count();
        let (written, decider) =
            tokio::join!(self.ledger.record_vote(request, sealed, voted.verdict), self.decider(&voted));
        let written = written?;
        if written == WriteOutcome::Applied {
            self.metrics.record(metrics::VOTES, 1);
            voted.revision = voted.revision.saturating_add(1);
            *request = voted;
        }
        Ok((written, decider))
    }

    /// The event about the vote that is on record, unless it went out before, and the note that it did.
    fn event(
        &self,
        request: &Request,
        voter: &Address,
    ) -> Option<(Event, impl Future<Output = Result<(), AwsError>> + use<>)> {
        let vote = request.vote_of(voter)?;
        let memo = EventMemo::of_vote(vote);
        if request.events.contains(&memo) {
            return None;
        }
        let event = vote_recorded(&self.events.deployment, request, vote);
        // Boxed: it is large, and mostly there is none.
        Some((event, Box::pin(self.ledger.note_events(request, &[memo]))))
    }

    /// The session in which the result is put, if the votes come to one: in the name of the approver whose vote settled it.
    async fn decider(&self, request: &Request) -> Option<Assumed> {
        let vote = request.settling_vote()?;
        Some(Box::pin(self.pipeline.decider(&request.approval, &vote.approver)).await)
    }

    /// Replaces a lock that says something other than what the votes come to.
    async fn unlock(&self, request: &mut Request) -> Result<WriteOutcome, DecideError> {
        let counted = request.count();
        let written = self.ledger.replace_lock(request, counted).await?;
        if written == WriteOutcome::Applied {
            request.verdict = counted;
            // Unlocked, the votes can change: they are read again.
            return Ok(WriteOutcome::Changed(Found::Request(Box::new(request.clone()))));
        }
        Ok(written)
    }

    /// Puts what the votes come to as the approval's result, in this session or a new one, and notes the outcome that
    /// CodePipeline then holds.
    async fn put(&self, request: Request, decider: Option<Assumed>, now: UtcDateTime) -> Result<Request, DecideError> {
        let Some(decision) = request.count() else { return Ok(request) };
        let decider = match decider {
            Some(decider) => decider,
            None => self.decider(&request).await.ok_or(DecideError::VotesChanging)?,
        };
        let summary = request.summary(decision);
        match self.pipeline.put(&request.approval, decision, &summary, &decider?).await? {
            PutOutcome::Accepted => {
                self.count_decision(&request, now);
                let summary = Some(summary);
                let outcome = Outcome { ending: decision.into(), by: None, by_our_role: true, at: now, summary };
                Ok(self.noted(request, outcome).await)
            }
            // Decided elsewhere, or by us and the answer was lost: what CodePipeline holds is the truth.
            PutOutcome::AlreadyDecided => {
                let outcome = self.pipeline.ending(&request, now).await?.ok_or(DecideError::Lag)?;
                let request = self.noted(request, outcome).await;
                if request.ended_by_votes() {
                    self.count_decision(&request, now);
                }
                Ok(request)
            }
            // The token is no longer valid, so the approval is over. CodePipeline may not show yet how it ended: then the
            // page says so, and noting is left to the event about the end.
            PutOutcome::Gone => match self.pipeline.ending(&request, now).await? {
                Some(outcome) => Ok(self.noted(request, outcome).await),
                None => Ok(Request { outcome: Some(not_shown(now)), ..request }),
            },
        }
    }

    fn count_decision(&self, request: &Request, now: UtcDateTime) {
        if let Some(decision) = request.count() {
            self.metrics.record(metrics::decisions(decision), 1);
            let waited = (now - request.asked).whole_seconds();
            self.metrics.record(metrics::TIME_TO_DECISION, usize::try_from(waited).unwrap_or(0));
        }
    }

    /// Checks that the approval of a vote that decides nothing is still pending, because the page will say so. It may have
    /// ended in the console, and the event about that may still be on its way.
    async fn check_pending(&self, request: Request, now: UtcDateTime) -> Request {
        match self.pipeline.status(&request, now).await {
            Ok(ApprovalStatus::Pending | ApprovalStatus::Unknown) => request,
            Ok(ApprovalStatus::Ended(outcome)) => self.noted(request, outcome).await,
            Err(error) => {
                tracing::warn!(%error, key = %request.approval.key(), "cannot read whether an approval is still pending");
                request
            }
        }
    }

    /// The request with its outcome. CodePipeline holds the outcome already, so the page shows it even if the ledger cannot
    /// be written; the event about the end, or the sweep, notes it then.
    async fn noted(&self, request: Request, outcome: Outcome) -> Request {
        match self.ledger.note_outcome(request.clone(), outcome.clone()).await {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, key = %request.approval.key(), "an outcome could not be noted");
                Request { outcome: Some(outcome), ..request }
            }
        }
    }
}
