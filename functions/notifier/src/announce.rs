//! Announcing to everybody who was asked how an approval ended.
//!
//! What the ledger notes of an end is a reason to ask CodePipeline, and nobody is told anything that CodePipeline did not
//! say in the same invocation.

use std::collections::BTreeSet;

use countersign::approval::{ApprovalAction, ApprovalKey, ExecutionId};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::clock::{CLOCK_SKEW, Clock};
use countersign::delivery::{Delivery, EmailKind};
use countersign::ledger::Ledger;
use countersign::pipeline::{ApprovalStatus, CodePipeline};
use countersign::request::Request;
use time::{Duration, UtcDateTime};

use crate::errors::Errors;
use crate::outbox::{LEASE, Outbox, Undelivered};
use crate::publisher::Publisher;
use crate::recipient::{Recipient, recipients};

/// For how long CodePipeline may still show an approval as waiting that has ended. Its lists lag by seconds.
const LAG: Duration = Duration::minutes(15);

/// Records and announces how approvals ended.
#[derive(Clone)]
pub(crate) struct Announce {
    pub(crate) pipeline: CodePipeline,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) publisher: Publisher,
    pub(crate) clock: Clock,
}

/// What an event about an end led to.
#[derive(Debug)]
pub(crate) struct Concluded {
    /// How many outcomes were recorded: none if the approval was never asked for here, or was known to have ended.
    pub(crate) recorded: usize,
    /// How many emails announced an outcome.
    pub(crate) announced: usize,
}

/// Why an outcome was not announced to everybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// CodePipeline sent an event about an end that it does not show (yet).
    #[error("CodePipeline does not yet show how the approval ended; try again")]
    EndNotShown,
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// An event for others was not put, or it was not noted that it was.
    #[error("an event for others did not go out: {0}")]
    Unpublished(AwsError),
}

impl AnnounceError {
    /// Whether emails or events will not go out, however often it is tried.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Undelivered(undelivered) => undelivered.is_refusal(),
            Self::Unpublished(error) => error.kind == AwsErrorKind::Refused && !error.is_throttling(),
            Self::Aws(_) | Self::EndNotShown => false,
        }
    }
}

impl Announce {
    /// Records and announces how the approvals of an execution at an action ended of which one ended at `at`. There are
    /// several when the stage was retried.
    ///
    /// # Errors
    /// When something could not be read or sent. Everything else was done.
    pub(crate) async fn conclude(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
        at: UtcDateTime,
    ) -> Result<Concluded, Errors<AnnounceError>> {
        let now = (self.clock)();
        let (mut recorded, mut pending, mut unshown) = (0, 0, 0);
        let (mut ended, mut errors) = (Vec::new(), Vec::new());
        for request in self.ledger.approvals_of(action, execution).await.map_err(AnnounceError::Aws)? {
            // What was asked for after the event still waits, in a stage that was retried.
            if request.asked > at.saturating_add(CLOCK_SKEW) {
                continue;
            }
            match self.status_after_end(&request, now).await {
                Ok(ApprovalStatus::Ended(outcome)) => {
                    ended.push(if request.outcome.is_none() {
                        recorded += 1;
                        self.ledger.note_outcome(request, outcome).await.map_err(AnnounceError::Aws)?
                    } else {
                        Request { outcome: Some(outcome), ..request }
                    });
                }
                Ok(ApprovalStatus::Pending) => pending += 1,
                Ok(ApprovalStatus::Unknown) => unshown += 1,
                Err(error) => errors.push(error.into()),
            }
        }
        let mut announced = 0;
        for request in &ended {
            match self.announce(request).await {
                Ok(sent) => announced += sent,
                Err(error) => errors.push(error),
            }
        }
        // The event is about one approval. Once its end is found, now or before, what still waits is another attempt.
        if recorded == 0 && errors.is_empty() && (unshown > 0 || (pending > 0 && ended.is_empty())) {
            errors.push(AnnounceError::EndNotShown);
        }
        Errors::check(errors).map(|()| Concluded { recorded, announced })
    }

    /// The status of an approval that an event says has ended, waiting out CodePipeline's lag.
    async fn status_after_end(&self, request: &Request, now: UtcDateTime) -> Result<ApprovalStatus, AwsError> {
        match self.pipeline.ending(request, now).await? {
            Some(outcome) => Ok(ApprovalStatus::Ended(outcome)),
            None => self.pipeline.status(request, now).await,
        }
    }

    /// The request, with its end as CodePipeline shows it now, if the ledger notes one. A memo of an end that did not take
    /// place is struck out.
    pub(crate) async fn confirmed(&self, request: Request) -> Result<Request, AwsError> {
        let Some(memo) = &request.outcome else { return Ok(request) };
        let now = (self.clock)();
        let outcome = match self.status_after_end(&request, now).await? {
            ApprovalStatus::Ended(outcome) => Some(outcome),
            // CodePipeline's lists lag by seconds. A memo of an end that is to come is no memo.
            ApprovalStatus::Pending if now - memo.at > LAG || memo.at - now > CLOCK_SKEW => {
                self.ledger.strike_outcome(&request).await?;
                None
            }
            ApprovalStatus::Pending | ApprovalStatus::Unknown => None,
        };
        Ok(Request { outcome, ..request })
    }

    /// Announces the outcome of an approval that may have ended while its emails were being sent: the invocation that
    /// announced it did not know of these recipients. Returns the number of emails.
    pub(crate) async fn announce_if_ended(&self, key: &ApprovalKey) -> Result<usize, AnnounceError> {
        let Some(request) = self.ledger.read_request(key).await?.request() else { return Ok(0) };
        let request = self.confirmed(request).await?;
        if request.outcome.is_some() { self.announce(&request).await } else { Ok(0) }
    }

    /// Announces how the approval ended, as CodePipeline has shown in this invocation, to everybody who was asked and does
    /// not know yet, and by an event to others, and gives the number of emails. Once nobody is left, closes the approval.
    pub(crate) async fn announce(&self, request: &Request) -> Result<usize, AnnounceError> {
        let key = request.approval.key();
        let before = self.ledger.deliveries(&key, &request.digest).await?;
        let now = (self.clock)();
        let due = uninformed(request, &before);
        let number = due.len();
        let (sent, published) = tokio::join!(
            self.outbox.send(request, EmailKind::Outcome, due),
            Box::pin(self.publisher.publish(request)),
        );
        let sent = sent.complete(number)?;
        published.map_err(AnnounceError::Unpublished)?;
        // A request may be on its way to somebody at this very moment: the outcome will have to be announced to them,
        // too.
        let is_asking = |delivery: &Delivery| delivery.kind.asks() && delivery.is_under_way(now, LEASE);
        if !before.iter().any(is_asking) {
            self.ledger.close(&key, now).await?;
        }
        Ok(sent)
    }
}

/// Everybody who may have been asked and was not sent the outcome. That includes people whose request is not marked as
/// sent: the function may have died before it could mark it.
fn uninformed<'a>(request: &'a Request, deliveries: &[Delivery]) -> Vec<Recipient<'a>> {
    let asked = mailboxes(deliveries, |delivery| {
        matches!(delivery.kind, EmailKind::Request | EmailKind::Resend { .. }) && delivery.may_have_arrived()
    });
    let informed = mailboxes(deliveries, |delivery| delivery.kind == EmailKind::Outcome && delivery.is_sent());
    let is_due = |identity: &str| asked.contains(identity) && !informed.contains(identity);
    recipients(&request.terms).filter(|recipient| is_due(&recipient.mailbox.address.identity())).collect()
}

fn mailboxes(deliveries: &[Delivery], which: impl Fn(&Delivery) -> bool) -> BTreeSet<&str> {
    deliveries.iter().filter(|delivery| which(delivery)).map(|delivery| delivery.mailbox.as_str()).collect()
}
