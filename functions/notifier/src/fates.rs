//! What became of emails: what SES says of one is kept with its delivery, and when the request cannot be approved without
//! those whom it did not reach, the others are told.
//!
//! It counts only if it came through SES's queue, and if configuration set, tag, recipient and message id are those of the
//! delivery. What is told is about the email of that event; whom else a request did not reach is what the ledger has.

use std::collections::BTreeSet;

use countersign::approval::Address;
use countersign::aws::AwsError;
use countersign::delivery::{Delivery, DeliveryId, DeliveryState, EmailKind, Fate, PersonId, Tag};
use countersign::ledger::Noted;
use countersign::pipeline::{ApprovalStatus, CodePipeline};
use countersign::request::Request;

use crate::event::EmailEvent;
use crate::metrics;
use crate::outbox::{Outbox, Undelivered};
use crate::publisher::Publisher;
use crate::recipient::{Recipient, recipients};

/// Keeps what became of emails.
#[derive(Clone)]
pub(crate) struct Fates {
    pub(crate) pipeline: CodePipeline,
    pub(crate) outbox: Outbox,
    pub(crate) publisher: Publisher,
    /// The queue that SES's events come through.
    pub(crate) queue: String,
}

/// What an event about an email led to.
#[derive(Debug)]
pub(crate) enum Learned {
    /// It is on record, and so many others were told.
    Fate { fate: Fate, told: usize },
    /// It does not count.
    Ignored(&'static str),
}

/// Why what became of an email was not kept, or not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FateError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// Whoever sends the email has not marked it as sent.
    #[error("the email is not marked as sent yet; try again")]
    NotMarked,
    /// The event for others was not put.
    #[error("the event for others did not go out: {0}")]
    Unpublished(AwsError),
}

impl Fates {
    /// Keeps what became of one email. The same event once more does the same again.
    pub(crate) async fn note(&self, event: &EmailEvent) -> Result<Learned, FateError> {
        if event.queue != self.queue {
            return Ok(Learned::Ignored("an event about an email that did not come through the queue for those"));
        }
        if event.configuration_set != self.outbox.mailer.sending().configuration_set {
            return Ok(Learned::Ignored("an event about an email of another configuration set"));
        }
        let id = DeliveryId { about: event.tag.about(), to: &event.to };
        let noted = self.outbox.ledger.note_said(id, &event.message_id, &event.said).await?;
        if noted == Noted::Not {
            return Ok(Learned::Ignored("an event about an email that is not on record, or has another fate already"));
        }
        let fate = event.said.fate;
        if noted == Noted::Now && fate.is_undelivered() {
            self.outbox.metrics.record(metrics::UNDELIVERED, 1);
            let reason = event.said.reason.as_ref().map(ToString::to_string);
            tracing::warn!(about = %id.about, fate = fate.as_str(), reason, "an email did not arrive");
        }
        let told = match &event.tag {
            Tag::Request { approval, request: digest, kind } if fate.is_undelivered() => {
                match self.outbox.ledger.read_request(approval).await?.request() {
                    Some(request) if request.digest == *digest => self.undelivered(&request, *kind, event).await?,
                    _ => 0,
                }
            }
            _ => 0,
        };
        Ok(Learned::Fate { fate, told })
    }

    /// Tells others by an event that an email about this request did not arrive, and the other approvers where it matters
    /// to them. Only SES's own event has this done: what the ledger holds of an email's fate is sealed by nobody. So it
    /// must be done before the event is done with, and is done again when the event comes again.
    async fn undelivered(&self, request: &Request, kind: EmailKind, event: &EmailEvent) -> Result<usize, FateError> {
        let tell = async {
            let matters = event.said.fate.is_for_good() && kind.asks();
            if matters { self.tell(request, kind, &event.to).await } else { Ok(0) }
        };
        let publish = async {
            let is_recipient = |recipient: Recipient<'_>| recipient.mailbox.address.identity() == event.to.identity();
            if !recipients(&request.terms).any(is_recipient) {
                return Ok(());
            }
            self.publisher.publish_undelivered(request, kind, &event.to, &event.said).await
        };
        let (told, published) = tokio::join!(Box::pin(tell), Box::pin(publish));
        let told = told?;
        published.map_err(FateError::Unpublished)?;
        Ok(told)
    }

    /// Tells the others that this request did not reach `missing` by an email of this kind, if it cannot be approved without
    /// those whom it did not reach.
    async fn tell(&self, request: &Request, kind: EmailKind, missing: &Address) -> Result<usize, FateError> {
        let now = (self.outbox.clock)();
        if request.outcome.is_some() || now >= request.expires || request.bars(missing) {
            return Ok(0);
        }
        let deliveries = self.marked(request, kind, missing).await?.ok_or(FateError::NotMarked)?;
        let unreached = unreached(request, &deliveries);
        if !unreached.contains(&missing.identity()) || can_be_approved(request, &unreached) {
            return Ok(0);
        }
        if self.pipeline.status(request, now).await? != ApprovalStatus::Pending {
            return Ok(0);
        }
        let is_reached = |recipient: &Recipient| !unreached.contains(&recipient.mailbox.address.identity());
        let others: Vec<Recipient> = recipients(&request.terms).filter(is_reached).collect();
        let (number, kind) = (others.len(), EmailKind::Unreached { who: PersonId::of(missing) });
        Ok(self.outbox.send_about(request, kind, others, Some(missing)).await.complete(number)?)
    }

    /// The request's deliveries, once this one is marked as sent. SES may say what became of an email before that.
    async fn marked(
        &self,
        request: &Request,
        kind: EmailKind,
        to: &Address,
    ) -> Result<Option<Vec<Delivery>>, AwsError> {
        let (key, mailbox) = (request.approval.key(), to.identity());
        let is_claimed = |delivery: &Delivery| {
            let is_it = delivery.kind == kind && delivery.mailbox == mailbox;
            is_it && matches!(delivery.state, DeliveryState::Claimed { .. })
        };
        let marked = self.outbox.polling.until(async || {
            let deliveries = self.outbox.ledger.deliveries(&key, &request.digest).await?;
            Ok(Some(deliveries).filter(|deliveries| !deliveries.iter().any(is_claimed)))
        });
        marked.await
    }
}

/// The approvers whom none of the emails that ask them reached, or will.
pub(crate) fn unreached(request: &Request, deliveries: &[Delivery]) -> BTreeSet<String> {
    let is_unreached = |mailbox: &str| {
        let mut asking =
            deliveries.iter().filter(|delivery| delivery.kind.asks() && delivery.mailbox == mailbox).peekable();
        asking.peek().is_some() && asking.all(|delivery| delivery.fate().is_some_and(Fate::is_for_good))
    };
    request.terms.approvers.keys().filter(|mailbox| is_unreached(mailbox)).cloned().collect()
}

/// Whether those who can still vote, and those who have, are enough to approve.
fn can_be_approved(request: &Request, unreached: &BTreeSet<String>) -> bool {
    let terms = &request.terms;
    let may = |mailbox: &String| {
        let has_voted =
            terms.approvers.get(mailbox).is_some_and(|approver| request.vote_of(&approver.address).is_some());
        !terms.barred.contains_key(mailbox) && (has_voted || !unreached.contains(mailbox))
    };
    terms.must_include.as_ref().is_none_or(may)
        && terms.approvers.keys().filter(|mailbox| may(mailbox)).count() >= terms.quorum.get()
}
