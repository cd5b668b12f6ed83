//! The outbox: it sends each email once to each mailbox. Where one cannot be sent, the others are sent all the same.

use countersign::approval::{Address, Approver, Decision, Deployment};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::clock::Clock;
use countersign::delivery::{About, Claim, DeliveryId, EmailKind};
use countersign::ledger::{Ledger, PolicyChange};
use countersign::link::{LinkSigner, SignError};
use countersign::metrics::Metrics;
use countersign::pipeline::Polling;
use countersign::policy::Changes;
use countersign::request::Request;
use futures_util::{StreamExt, stream};
use time::UtcDateTime;

use crate::email::{Email, Links, PolicyEmail, RenderError};
use crate::errors::Errors;
use crate::mailer::Mailer;
use crate::metrics;
use crate::recipient::Recipient;

/// How many emails are sent at once. More would only meet SES's sending rate, 14 a second to begin with.
const CONCURRENT_SENDS: usize = 10;
/// How long a claim on a delivery keeps others off. It is longer than all calls together that send one email, so that the
/// holder is dead by then, and shorter than the time that is left of Lambda's retries.
pub(crate) const LEASE: time::Duration = time::Duration::minutes(2);

/// Sends emails: claims the delivery, renders, sends, and marks it as sent.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) ledger: Ledger,
    pub(crate) links: LinkSigner,
    pub(crate) mailer: Mailer,
    pub(crate) sender: Approver,
    /// Where answers go, unless the policy's route says otherwise.
    pub(crate) reply_to: Option<Address>,
    pub(crate) deployment: Deployment,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) polling: Polling,
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
    /// SES refused it, or SES or the ledger did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Another invocation holds the claim, and has neither sent the email nor given up yet.
    #[error("another invocation is sending it")]
    HeldByOther,
}

impl DeliveryError {
    /// Whether another try would be refused in the same way. Throttling and lateness are no refusals.
    fn is_refusal(&self) -> bool {
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

/// Some emails were not sent; the others were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of {recipients} emails were not sent ({failures})", failures.len())]
pub struct Undelivered {
    /// How many people the email was for.
    pub recipients: usize,
    /// Why, one error for each email that was not sent.
    pub failures: Errors<DeliveryError>,
}

impl Undelivered {
    /// Whether the emails will not be sent, however often it is tried.
    pub(crate) fn is_refusal(&self) -> bool {
        self.failures.iter().all(DeliveryError::is_refusal)
    }
}

/// How the sending of several emails went.
#[derive(Debug, Default)]
pub(crate) struct DeliverySummary {
    /// How many were sent now.
    pub(crate) sent: usize,
    /// How many had been sent before.
    pub(crate) already_sent: usize,
    /// Why the others were not sent.
    failures: Vec<DeliveryError>,
}

impl DeliverySummary {
    /// How many had not been sent before. Whether or not they were sent now, they are late.
    pub(crate) fn attempted(&self) -> usize {
        self.sent + self.failures.len()
    }

    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.already_sent += other.already_sent;
        self.failures.extend(other.failures);
        self
    }

    /// How many emails were sent now, if all are sent that were for these many `recipients`.
    ///
    /// # Errors
    /// When an email was not sent.
    pub(crate) fn complete(self, recipients: usize) -> Result<usize, Undelivered> {
        Errors::check(self.failures).map_err(|failures| Undelivered { recipients, failures })?;
        Ok(self.sent)
    }
}

/// When a delivery was made.
enum Delivered {
    Now,
    Earlier,
}

impl Outbox {
    /// Sends an email to each of the recipients to whom it was not sent before.
    pub(crate) async fn send(
        &self,
        request: &Request,
        kind: EmailKind,
        recipients: impl IntoIterator<Item = Recipient<'_>>,
    ) -> DeliverySummary {
        self.send_about(request, kind, recipients, None).await
    }

    /// The same, of an email about somebody whom the request did not reach.
    pub(crate) async fn send_about(
        &self,
        request: &Request,
        kind: EmailKind,
        recipients: impl IntoIterator<Item = Recipient<'_>>,
        missing: Option<&Address>,
    ) -> DeliverySummary {
        let (approval, lives_until) = (&request.approval.key(), self.ledger.keeps(request));
        let about = About::Request { approval, request: &request.digest, kind };
        let deliver = async |recipient: Recipient<'_>| {
            let id = DeliveryId { about, to: &recipient.mailbox.address };
            self.deliver(id, lives_until, async || self.compose(request, kind, recipient, missing).await).await
        };
        self.all(recipients.into_iter().map(deliver)).await
    }

    /// Sends an email about a change of the policy to each of those whom it concerns, unless they have it.
    pub(crate) async fn send_changes(&self, change: PolicyChange<'_>, changes: &Changes<'_>) -> DeliverySummary {
        let (digest, seen) = (&change.digest(), change.seen);
        let deliver = async |to: &Approver| {
            let compose = async || {
                let email = PolicyEmail {
                    change: &changes.of(to),
                    to,
                    seen,
                    digest,
                    sender: &self.sender,
                    // Not what a route says: whoever changes the policy must not choose where questions about it go.
                    reply_to: self.reply_to.as_ref(),
                    deployment: &self.deployment,
                };
                Ok(email.render((self.clock)())?)
            };
            let id = DeliveryId { about: About::Policy(digest), to: &to.address };
            self.deliver(id, self.ledger.keeps_from(seen), compose).await
        };
        self.all(changes.people().map(deliver)).await
    }

    async fn all(
        &self,
        deliveries: impl Iterator<Item = impl Future<Output = Result<Delivered, DeliveryError>>>,
    ) -> DeliverySummary {
        // A delivery takes a lot of memory while it is under way: it is allocated when its turn comes.
        let deliveries: Vec<_> = deliveries.map(|delivery| async { Box::pin(delivery).await }).collect();
        let delivered: Vec<Result<Delivered, DeliveryError>> =
            stream::iter(deliveries).buffer_unordered(CONCURRENT_SENDS).collect().await;
        let mut summary = DeliverySummary::default();
        for delivery in delivered {
            match delivery {
                Ok(Delivered::Now) => summary.sent += 1,
                Ok(Delivered::Earlier) => summary.already_sent += 1,
                Err(error) => summary.failures.push(error),
            }
        }
        let failed = summary.failures.iter().filter(|failure| **failure != DeliveryError::HeldByOther).count();
        if summary.already_sent + summary.attempted() > 0 {
            self.metrics.record(metrics::SENT, summary.sent);
            self.metrics.record(metrics::SEND_FAILURES, failed);
        }
        summary
    }

    /// Sends one email, unless it was sent before. `lives_until`: until when the ledger remembers that.
    async fn deliver(
        &self,
        id: DeliveryId<'_>,
        lives_until: UtcDateTime,
        compose: impl AsyncFnOnce() -> Result<Vec<u8>, DeliveryError>,
    ) -> Result<Delivered, DeliveryError> {
        let claimant = fastrand::u64(..);
        match self.claim(id, claimant, lives_until).await? {
            Claim::Acquired => {}
            Claim::AlreadySent => return Ok(Delivered::Earlier),
            Claim::HeldByOther => return Err(DeliveryError::HeldByOther),
        }
        let sent: Result<String, DeliveryError> = async { Ok(self.mailer.send(id, compose().await?).await?) }.await;
        match sent {
            Ok(message_id) => {
                self.mark_sent(id, &message_id).await?;
                Ok(Delivered::Now)
            }
            Err(error) => {
                // Until the claim is released, the next try has to wait for the lease to end. Nothing is lost.
                if let Err(error) = self.ledger.release_claim(id, claimant, error.is_sure()).await {
                    tracing::warn!(%error, about = %id.about, "the claim on a delivery could not be released");
                }
                Err(error)
            }
        }
    }

    /// Claims the delivery. While another invocation holds it, waits for that one to send the email or to give up.
    async fn claim(&self, id: DeliveryId<'_>, claimant: u64, lives_until: UtcDateTime) -> Result<Claim, AwsError> {
        let settled = self.polling.until(async || {
            let claim = self.ledger.claim_delivery(id, claimant, (self.clock)(), LEASE, lives_until).await?;
            Ok(Some(claim).filter(|claim| *claim != Claim::HeldByOther))
        });
        Ok(settled.await?.unwrap_or(Claim::HeldByOther))
    }

    /// Signs the links and renders the email.
    async fn compose(
        &self,
        request: &Request,
        kind: EmailKind,
        recipient: Recipient<'_>,
        missing: Option<&Address>,
    ) -> Result<Vec<u8>, DeliveryError> {
        let links =
            if kind.asks() && recipient.decides { Some(self.sign(request, recipient.mailbox).await?) } else { None };
        let email = Email {
            kind,
            request,
            to: recipient.mailbox,
            missing,
            links,
            sender: &self.sender,
            reply_to: request.terms.reply_to.as_ref().or(self.reply_to.as_ref()),
            deployment: &self.deployment,
        };
        Ok(email.render((self.clock)())?)
    }

    /// An approver's links: byte for byte the same in every email about the request.
    async fn sign(&self, request: &Request, approver: &Approver) -> Result<Links, SignError> {
        let sign = |decision| self.links.sign(request, &approver.address, decision);
        let (approve, reject) = tokio::try_join!(sign(Decision::Approved), sign(Decision::Rejected))?;
        Ok(Links { approve, reject })
    }

    /// Marks the delivery as sent, trying several times: an email that is sent and not marked is sent again.
    async fn mark_sent(&self, id: DeliveryId<'_>, message_id: &str) -> Result<(), AwsError> {
        let mark = async || self.ledger.mark_sent(id, message_id, (self.clock)()).await;
        let marked = self.polling.until(async || Ok(mark().await.ok()));
        match marked.await? {
            Some(()) => Ok(()),
            None => mark().await,
        }
    }
}
