//! Deliveries: each email once to each mailbox, and one mailbox's failure is nobody else's.

use crate::metrics;
use countersign::approval::{Approver, Decision};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::delivery::{Claim, DeliveryId, EmailKind};
use countersign::link::SignError;
use countersign::request::Request;
use futures_util::{StreamExt, stream};

use crate::Notifier;
use crate::email::{Email, Links, RenderError};

/// How many emails are on their way at once. More would only meet SES's sending rate, 14 a second to begin with.
const CONCURRENT_SENDS: usize = 10;
/// How long a claimed delivery is left to whoever claimed it: longer than all calls together that send one email, so that
/// he is dead by then, and shorter than the time that is left of the function's retries.
pub(crate) const LEASE: time::Duration = time::Duration::minutes(2);

/// Somebody who gets emails about a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) mailbox: &'a Approver,
    /// Whether he may decide, or only watches.
    pub(crate) decides: bool,
}

/// Everybody who gets emails about a request.
pub(crate) fn recipients(request: &Request) -> impl Iterator<Item = Recipient<'_>> {
    let approvers = request.terms.approvers.values().map(|mailbox| Recipient { mailbox, decides: true });
    approvers.chain(request.terms.copy.values().map(|mailbox| Recipient { mailbox, decides: false }))
}

/// Why one email was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Its links could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It could not be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// SES or the ledger did not take it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Another invocation claimed it and has not said what became of it.
    #[error("another invocation is sending it")]
    HeldByOther,
}

impl DeliveryError {
    /// Whether the same would be refused again. What comes late, and what SES takes so many of in a second, is no refusal.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Sign(SignError::Aws(error)) | Self::Aws(error) => error.kind == AwsErrorKind::Refused,
            Self::Sign(_) | Self::Render(_) => true,
            Self::HeldByOther => false,
        }
    }

    /// Whether the email was certainly not sent.
    fn is_sure(&self) -> bool {
        !matches!(self, Self::Aws(AwsError { without_effect: false, .. }))
    }
}

/// What became of several emails.
#[derive(Debug, Default)]
pub(crate) struct DeliverySummary {
    /// How many were sent now.
    pub(crate) sent: usize,
    /// How many had been sent before.
    pub(crate) already_sent: usize,
    /// Why the others were not.
    pub(crate) failures: Vec<DeliveryError>,
}

impl DeliverySummary {
    /// How many were not made before: whatever became of them, they went out late.
    pub(crate) fn tried(&self) -> usize {
        self.sent + self.failures.len()
    }
}

/// Whether a delivery was made now or before.
enum Delivered {
    Now,
    Earlier,
}

impl Notifier {
    /// Sends an email to each of the recipients, unless that has been done.
    pub(crate) async fn deliver_to(
        &self,
        request: &Request,
        kind: EmailKind,
        recipients: impl IntoIterator<Item = Recipient<'_>>,
    ) -> DeliverySummary {
        // A delivery holds a lot while it is under way, and has its room only from when its turn comes.
        let deliver = |recipient| async move { Box::pin(self.deliver(request, kind, recipient)).await };
        let deliveries: Vec<_> = recipients.into_iter().map(deliver).collect();
        let delivered: Vec<Result<Delivered, DeliveryError>> =
            stream::iter(deliveries).buffer_unordered(CONCURRENT_SENDS).collect().await;
        let mut deliveries = DeliverySummary::default();
        for delivery in delivered {
            match delivery {
                Ok(Delivered::Now) => deliveries.sent += 1,
                Ok(Delivered::Earlier) => deliveries.already_sent += 1,
                Err(error) => deliveries.failures.push(error),
            }
        }
        let refused = deliveries.failures.iter().filter(|failure| **failure != DeliveryError::HeldByOther).count();
        if deliveries.sent + deliveries.already_sent + deliveries.failures.len() > 0 {
            self.metrics.record(metrics::SENT, deliveries.sent);
            self.metrics.record(metrics::SEND_FAILURES, refused);
        }
        deliveries
    }

    async fn deliver(
        &self,
        request: &Request,
        kind: EmailKind,
        recipient: Recipient<'_>,
    ) -> Result<Delivered, DeliveryError> {
        let key = request.approval.key();
        let id = DeliveryId { approval: &key, kind, to: &recipient.mailbox.address };
        let claimant = fastrand::u64(..);
        match self.claim(request, id, claimant).await? {
            Claim::Acquired => {}
            Claim::AlreadySent => return Ok(Delivered::Earlier),
            Claim::HeldByOther => return Err(DeliveryError::HeldByOther),
        }
        match self.send(request, kind, recipient).await {
            Ok(message_id) => {
                self.mark_sent(id, &message_id).await?;
                Ok(Delivered::Now)
            }
            Err(error) => {
                // Without this mark the next try has to wait until the lease ends: a pity, not a loss.
                if let Err(error) = self.ledger.release_claim(id, claimant, error.is_sure()).await {
                    tracing::warn!(%error, %key, "a claimed delivery could not be given back");
                }
                Err(error)
            }
        }
    }

    /// Claims the delivery; while somebody else holds it, waits for what becomes of it.
    async fn claim(&self, request: &Request, id: DeliveryId<'_>, claimant: u64) -> Result<Claim, AwsError> {
        let settled = self.polling.until(async || {
            let claim = self.ledger.claim_delivery(id, claimant, request, (self.clock)(), LEASE).await?;
            Ok(Some(claim).filter(|claim| *claim != Claim::HeldByOther))
        });
        Ok(settled.await?.unwrap_or(Claim::HeldByOther))
    }

    async fn send(
        &self,
        request: &Request,
        kind: EmailKind,
        recipient: Recipient<'_>,
    ) -> Result<String, DeliveryError> {
        let links = if recipient.decides && kind != EmailKind::Outcome {
            let sign = |decision| self.sign(request, recipient.mailbox, decision);
            let (approve, reject) = tokio::try_join!(sign(Decision::Approved), sign(Decision::Rejected))?;
            Some(Links { approve, reject })
        } else {
            None
        };
        let email = Email {
            kind,
            request,
            to: recipient.mailbox,
            links,
            sender: &self.settings.sender,
            reply_to: request.terms.reply_to.as_ref().or(self.settings.reply_to.as_ref()),
            deployment: &self.settings.deployment,
        };
        let message = email.render((self.clock)())?;
        Ok(self.mailer.send(&recipient.mailbox.address, message).await?)
    }

    /// Tells the ledger that the email was sent, more than once if need be: an email that is sent and not marked is sent
    /// again.
    async fn mark_sent(&self, id: DeliveryId<'_>, message_id: &str) -> Result<(), AwsError> {
        let mark = async || self.ledger.mark_sent(id, message_id, (self.clock)()).await;
        let marked = self.polling.until(async || Ok(mark().await.ok()));
        match marked.await? {
            Some(()) => Ok(()),
            None => mark().await,
        }
    }
}
