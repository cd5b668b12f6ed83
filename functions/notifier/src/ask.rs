//! Putting an approval to its approvers, once, or once more on somebody's command.

use crate::metrics;
use countersign::approval::{ActionName, PipelineName, StageName};
use countersign::delivery::EmailKind;
use countersign::pipeline::{FindError, PendingApproval, PendingRef};
use countersign::request::Request;

use crate::Notifier;
use crate::outbox::{DeliverySummary, recipients};
use crate::policy_store::{PolicyReadError, StoredPolicy};
use crate::report::{Handled, NotifyError};

impl Notifier {
    /// Puts the approval that an event spoke of to its approvers.
    pub(crate) async fn ask(&self, pending: &PendingRef) -> Result<Handled, NotifyError> {
        let approval = pending.action.to_string();
        let Some(request) = self.request_for(pending).await? else { return Ok(Handled::Over { approval }) };
        let key = request.approval.key();
        let deliveries = self.deliver_to(&request, EmailKind::Request, recipients(&request)).await;
        if deliveries.tried() > 0 {
            self.tell_if_it_ended(&key).await?;
        }
        let DeliverySummary { sent, already_sent, failures } = deliveries;
        if failures.is_empty() {
            Ok(Handled::Asked { approval, key, sent, already_sent })
        } else {
            Err(NotifyError::Deliveries { approval, recipients: recipients(&request).count(), failures })
        }
    }

    /// Sends the emails of what waits at an action again: somebody has lost his, or the event never came.
    pub(crate) async fn resend(
        &self,
        pipeline: PipelineName,
        stage: &StageName,
        action: &ActionName,
    ) -> Result<Handled, NotifyError> {
        let approval = format!("{pipeline}/{stage}/{action}");
        let now = (self.clock)();
        let waiting = match self.pipeline.waiting_at(pipeline, stage, action, now).await {
            Ok(waiting) => waiting,
            Err(error) => return Err(NotifyError::Aws { what: approval, error }),
        };
        if waiting.is_empty() {
            return Err(NotifyError::NothingWaits { approval });
        }
        let (mut sent, mut errors) = (0, Vec::new());
        for pending in &waiting {
            match self.ask_again(pending).await {
                Ok(again) => sent += again,
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Handled::Resent { approval, sent }) } else { Err(NotifyError::several(errors)) }
    }

    /// Sends each email that was sent before once more, and the others as if for the first time.
    async fn ask_again(&self, pending: &PendingRef) -> Result<usize, NotifyError> {
        let Some(request) = self.request_for(pending).await? else { return Ok(0) };
        let failed = |error| NotifyError::Aws { what: pending.action.to_string(), error };
        let before = self.ledger.deliveries(&request.approval.key()).await.map_err(failed)?;
        let has_it = |mailbox: &str| {
            before.iter().any(|delivery| {
                delivery.kind == EmailKind::Request && delivery.mailbox == mailbox && delivery.is_sent()
            })
        };
        let (again, first): (Vec<_>, Vec<_>) =
            recipients(&request).partition(|recipient| has_it(&recipient.mailbox.address.identity()));
        let at = (self.clock)();
        let (again, first) = tokio::join!(
            self.deliver_to(&request, EmailKind::Resend { at }, again),
            self.deliver_to(&request, EmailKind::Request, first),
        );
        self.tell_if_it_ended(&request.approval.key()).await?;
        let failures: Vec<_> = again.failures.into_iter().chain(first.failures).collect();
        if failures.is_empty() {
            Ok(again.sent + first.sent)
        } else {
            let (approval, recipients) = (pending.action.to_string(), recipients(&request).count());
            Err(NotifyError::Deliveries { approval, recipients, failures })
        }
    }

    /// The request of the approval that an event spoke of, made now unless it was made before. `None` when nobody can
    /// answer it any more.
    async fn request_for(&self, pending: &PendingRef) -> Result<Option<Request>, NotifyError> {
        let (found, policy) = tokio::join!(self.pipeline.find(pending), self.policy.read());
        self.open(pending, found, policy).await
    }

    async fn open(
        &self,
        pending: &PendingRef,
        found: Result<Option<PendingApproval>, FindError>,
        policy: Result<StoredPolicy, PolicyReadError>,
    ) -> Result<Option<Request>, NotifyError> {
        let approval = || pending.action.to_string();
        let now = (self.clock)();
        let waiting = match found {
            Ok(Some(waiting)) if !waiting.expires.as_ref().is_ok_and(|expires| *expires <= now) => waiting,
            Ok(_) => return Ok(None),
            Err(error) => return Err(NotifyError::Find { approval: approval(), error }),
        };
        let failed = |error| NotifyError::Aws { what: approval(), error };
        let terms = policy.and_then(|policy| policy.terms(&waiting));
        let key = waiting.approval.key();
        let PendingApproval { approval: waits, expires, release, .. } = waiting;
        let fixed = match (terms, expires) {
            (Ok(terms), Ok(expires)) => Ok(Request::new(waits, terms, now, expires, release)),
            (Err(error), _) => Err(NotifyError::Policy { approval: approval(), error }),
            (Ok(_), Err(error)) => Err(failed(error)),
        };
        let request = match fixed {
            Ok(request) => {
                let (request, new) = self.ledger.create_request(request).await.map_err(failed)?;
                if new {
                    self.metrics.record(metrics::REQUESTED, 1);
                }
                request
            }
            // Terms and time are fixed in the request when it is made: that they cannot be read later is no reason not to
            // send what is missing.
            Err(error) => match self.ledger.read_request(&key).await.map_err(failed)? {
                Some(request) => request,
                None => return Err(error),
            },
        };
        if request.outcome.is_some() {
            // Whoever tried this before may have died before he could tell those whom he had asked too late.
            self.tell(&request).await?;
            return Ok(None);
        }
        Ok(Some(request).filter(|request| request.expires > now))
    }
}
