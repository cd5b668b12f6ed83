//! What became of emails: what SES says of one is kept with its delivery, and when the request did not reach so many that
//! the others are too few to approve, they are told.
//!
//! It counts only if it came through the queue that SES's rule alone may write, and if configuration set, tag and message id
//! are those of the delivery. What is told is about the email of that event; whom else a request did not reach is what the
//! ledger has.

use std::collections::BTreeSet;

use countersign::approval::Address;
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::delivery::{Delivery, DeliveryId, EmailKind, Fate, Tag};
use countersign::ledger::Ledger;
use countersign::metrics::Metrics;
use countersign::pipeline::{ApprovalStatus, CodePipeline};
use countersign::request::Request;

use crate::event::EmailEvent;
use crate::metrics;
use crate::outbox::{Outbox, Undelivered};
use crate::recipient::{Recipient, recipients};

/// Keeps what became of emails.
#[derive(Clone)]
pub(crate) struct Fates {
    pub(crate) ledger: Ledger,
    pub(crate) pipeline: CodePipeline,
    pub(crate) outbox: Outbox,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    /// The queue that SES's events come through, and the set that our emails are sent with.
    pub(crate) queue: Option<String>,
    pub(crate) configuration_set: Option<String>,
}

/// What an event about an email led to.
#[derive(Debug)]
pub(crate) enum Noted {
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
}

impl Fates {
    /// Keeps what became of one email. The same event once more does the same again.
    pub(crate) async fn note(&self, event: &EmailEvent) -> Result<Noted, FateError> {
        if self.queue.as_deref() != Some(event.queue.as_str()) {
            return Ok(Noted::Ignored("an event about an email that did not come through the queue for those"));
        }
        if self.configuration_set.as_deref() != Some(event.configuration_set.as_str()) {
            return Ok(Noted::Ignored("an event about an email of another configuration set"));
        }
        let id = DeliveryId { about: event.tag.about(), to: &event.to };
        if !self.ledger.note_said(id, &event.message_id, &event.said).await? {
            return Ok(Noted::Ignored("an event about an email that is not on record, or has another fate already"));
        }
        let fate = event.said.fate;
        if fate.is_undelivered() {
            self.metrics.record(metrics::UNDELIVERED, 1);
            let reason = event.said.reason.as_ref().map(ToString::to_string);
            tracing::warn!(about = %id.about, fate = fate.as_str(), reason, "an email did not arrive");
        }
        let told = match &event.tag {
            Tag::Request { approval, request: digest, kind } if fate.is_for_good() && kind.asks() => {
                match self.ledger.read_request(approval).await?.request() {
                    Some(request) if request.digest == *digest => self.tell(&request, &event.to).await?,
                    _ => 0,
                }
            }
            _ => 0,
        };
        Ok(Noted::Fate { fate, told })
    }

    /// Tells the others that this request did not reach `missing`, if without everybody whom it did not reach too few are
    /// left to approve.
    async fn tell(&self, request: &Request, missing: &Address) -> Result<usize, FateError> {
        let now = (self.clock)();
        let is_open = request.outcome.is_none() && now < request.expires;
        let deliveries = self.ledger.deliveries(&request.approval.key(), &request.digest).await?;
        let unreached = unreached(request, &deliveries);
        let is_one = unreached.contains(&missing.identity());
        if !is_open || !is_one || can_be_approved(request, &unreached) {
            return Ok(0);
        }
        if self.pipeline.status(request, now).await? != ApprovalStatus::Pending {
            return Ok(0);
        }
        let is_reached = |recipient: &Recipient| !unreached.contains(&recipient.mailbox.address.identity());
        let others: Vec<Recipient> = recipients(&request.terms).filter(is_reached).collect();
        let (number, kind) = (others.len(), EmailKind::Unreached { people: unreached.len() });
        Ok(self.outbox.send_about(request, kind, others, Some(missing)).await.complete(number)?)
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
