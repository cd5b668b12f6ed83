//! Receipts: each vote is told to its voter at once, so that nobody votes in somebody's name unnoticed.
//!
//! An event about a vote only says where to look. What is told is what the callback sealed, and it says nothing of the
//! approval. Votes that decide their approval get no receipt: the email about the outcome holds what a receipt would,
//! unless it went out before.

use countersign::approval::ApprovalKey;
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::delivery::{Delivery, DeliveryState, EmailKind, VoteId};
use countersign::ledger::Ledger;
use countersign::request::{Request, Vote};
use time::UtcDateTime;

use crate::outbox::{DeliverySummary, LEASE, Outbox, Undelivered};
use crate::recipient::Recipient;
use crate::served::ServedPlaces;

/// Tells voters of their votes.
#[derive(Clone)]
pub(crate) struct Receipts {
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
    pub(crate) served: ServedPlaces,
}

/// What an event about a vote led to.
#[derive(Debug)]
pub(crate) enum Told {
    /// The ledger has no request of ours there.
    NoRequest,
    /// The pipeline is in an account that is not served.
    Unserved,
    /// The voters have been told, now or before.
    Voters {
        /// Pipeline, stage and action.
        approval: String,
        /// How many emails were sent now.
        sent: usize,
    },
}

/// Why a voter was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
}

impl Receipts {
    /// Tells the voters of an approval of the votes that they do not know of. Anybody may ask for it, for any key.
    pub(crate) async fn tell(&self, key: &ApprovalKey) -> Result<Told, ReceiptError> {
        let Some(request) = self.ledger.read_request(key).await?.request() else { return Ok(Told::NoRequest) };
        if !self.served.has_account(&request.approval.action.account).await? {
            return Ok(Told::Unserved);
        }
        let approval = request.approval.action.to_string();
        if request.votes.is_empty() {
            return Ok(Told::Voters { approval, sent: 0 });
        }
        let before = self.ledger.deliveries(key, &request.digest).await?;
        let sent = self.send(&request, &before).await.complete(request.votes.len())?;
        Ok(Told::Voters { approval, sent })
    }

    /// Sends the receipts of a request that are not among the deliveries `before`.
    pub(crate) async fn send(&self, request: &Request, before: &[Delivery]) -> DeliverySummary {
        let now = (self.clock)();
        let mut summary = DeliverySummary::default();
        for vote in told_by_receipt(request, before) {
            let kind = EmailKind::Receipt { vote: VoteId::of(vote) };
            let Some(mailbox) = request.terms.approvers.get(&vote.approver.identity()) else { continue };
            if !is_done(before, kind, &vote.approver.identity(), now) {
                summary = summary.and(self.outbox.send(request, kind, [Recipient { mailbox, decides: true }]).await);
            }
        }
        summary
    }
}

/// The votes that count, where they do not decide yet, and those that came too late: their voters had been told how the
/// approval ended.
fn told_by_receipt<'a>(request: &'a Request, before: &[Delivery]) -> impl Iterator<Item = &'a Vote> {
    let is_open = request.count().is_none();
    let was_told = |vote: &Vote| {
        before.iter().any(|delivery| {
            let is_earlier = matches!(delivery.state, DeliveryState::Sent { at, .. } if at < vote.at);
            delivery.kind == EmailKind::Outcome && is_earlier && delivery.mailbox == vote.approver.identity()
        })
    };
    request.votes.values().filter(move |vote| is_open || was_told(vote))
}

/// Whether the email was sent, or is being sent at this moment.
fn is_done(before: &[Delivery], kind: EmailKind, mailbox: &str, now: UtcDateTime) -> bool {
    let is_it = |delivery: &&Delivery| delivery.kind == kind && delivery.mailbox == mailbox;
    before.iter().find(is_it).is_some_and(|delivery| delivery.is_sent() || delivery.is_under_way(now, LEASE))
}
