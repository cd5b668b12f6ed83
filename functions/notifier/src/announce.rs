//! Telling everybody who was asked how an approval ended.

use std::collections::BTreeSet;

use countersign::approval::{ApprovalAction, ApprovalKey, ExecutionId};
use countersign::aws::AwsError;
use countersign::clock::CLOCK_SKEW;
use countersign::delivery::{Delivery, EmailKind};
use countersign::pipeline::ApprovalStatus;
use countersign::request::Request;
use time::UtcDateTime;

use crate::Notifier;
use crate::outbox::{LEASE, recipients};
use crate::report::{Handled, NotifyError};

impl Notifier {
    /// Records how the approval of an execution at an action ended at `at`, and tells it. There are several when the stage
    /// was retried.
    pub(crate) async fn conclude(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
        at: UtcDateTime,
    ) -> Result<Handled, NotifyError> {
        let approval = action.to_string();
        let failed = |error| NotifyError::Aws { what: action.to_string(), error };
        let now = (self.clock)();
        let (mut ended, mut waiting, mut unshown) = (0, 0, 0);
        let (mut over, mut errors) = (Vec::new(), Vec::new());
        for request in self.ledger.approvals_of(action, execution).await.map_err(failed)? {
            // What was asked for after the event waits still, in a stage that was retried.
            if request.outcome.is_none() && request.asked > at.saturating_add(CLOCK_SKEW) {
                continue;
            }
            if request.outcome.is_some() {
                over.push(request);
                continue;
            }
            match self.end_of(&request, now).await {
                Ok(ApprovalStatus::Ended(outcome)) => {
                    let concluded =
                        self.ledger.record_outcome(&request.approval.key(), &outcome).await.map_err(failed)?;
                    over.extend(concluded.request());
                    ended += 1;
                }
                Ok(ApprovalStatus::Pending) => waiting += 1,
                Ok(ApprovalStatus::Unknown) => unshown += 1,
                Err(error) => errors.push(failed(error)),
            }
        }
        let mut told = 0;
        for request in &over {
            match self.tell(request).await {
                Ok(now) => told += now,
                Err(error) => errors.push(error),
            }
        }
        // The event is about one approval. When its end was found, now or before, what still waits is another attempt.
        if ended == 0 && errors.is_empty() && (unshown > 0 || (waiting > 0 && over.is_empty())) {
            errors.push(NotifyError::EndNotShown { approval: approval.clone() });
        }
        if errors.is_empty() {
            Ok(Handled::Ended { approval, requests: ended, told })
        } else {
            Err(NotifyError::several(errors))
        }
    }

    /// How an approval ended of which an event says that something ended, waiting out CodePipeline's lag.
    async fn end_of(&self, request: &Request, now: UtcDateTime) -> Result<ApprovalStatus, AwsError> {
        match self.pipeline.ending(request, now).await? {
            Some(outcome) => Ok(ApprovalStatus::Ended(outcome)),
            None => self.pipeline.status(request, now).await,
        }
    }

    /// Tells everybody how an approval ended that may have ended while its emails were being sent: those who told the
    /// others did not know of these.
    pub(crate) async fn tell_if_it_ended(&self, key: &ApprovalKey) -> Result<usize, NotifyError> {
        let read = self.ledger.read_request(key).await;
        let request = read.map_err(|error| NotifyError::Aws { what: key.to_string(), error })?;
        match request.filter(|request| request.outcome.is_some()) {
            Some(request) => self.tell(&request).await,
            None => Ok(0),
        }
    }

    /// Tells everybody who was asked how the approval ended, unless he has been told, and gives the number of emails.
    /// When nobody is left, nothing is left to do about the approval.
    pub(crate) async fn tell(&self, request: &Request) -> Result<usize, NotifyError> {
        let approval = request.approval.action.to_string();
        let failed = |error| NotifyError::Aws { what: request.approval.action.to_string(), error };
        let key = request.approval.key();
        let before = self.ledger.deliveries(&key).await.map_err(failed)?;
        let now = (self.clock)();
        // Whoever may have been asked is told: a function may have died before it could say that SES took the email.
        let asked = mailboxes(&before, |delivery| {
            matches!(delivery.kind, EmailKind::Request | EmailKind::Resend { .. }) && delivery.may_have_arrived()
        });
        let told = mailboxes(&before, |delivery| delivery.kind == EmailKind::Outcome && delivery.is_sent());
        let to_tell = |identity: &str| asked.contains(identity) && !told.contains(identity);
        let recipients: Vec<_> =
            recipients(request).filter(|recipient| to_tell(&recipient.mailbox.address.identity())).collect();
        let number = recipients.len();
        let deliveries = self.deliver_to(request, EmailKind::Outcome, recipients).await;
        if !deliveries.failures.is_empty() {
            return Err(NotifyError::Deliveries { approval, recipients: number, failures: deliveries.failures });
        }
        // Somebody's request may be on its way this very moment: he will have to be told, too.
        let is_asked = |delivery: &Delivery| delivery.kind != EmailKind::Outcome && delivery.is_under_way(now, LEASE);
        if !before.iter().any(is_asked) {
            self.ledger.close(&key, now).await.map_err(failed)?;
        }
        Ok(deliveries.sent)
    }
}

fn mailboxes(deliveries: &[Delivery], which: impl Fn(&Delivery) -> bool) -> BTreeSet<&str> {
    deliveries.iter().filter(|delivery| which(delivery)).map(|delivery| delivery.mailbox.as_str()).collect()
}
