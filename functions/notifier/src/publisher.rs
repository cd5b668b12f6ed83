//! The events for others: each goes out at least once, beside the emails, and never in their way.
//!
//! What is said is what is sealed, and of an end what CodePipeline has shown in this invocation. The ledger notes which
//! events EventBridge took; what it does not note goes out with whatever is done next about the request, at the latest
//! with the sweep.

use std::collections::BTreeSet;

use countersign::approval::{Address, Deployment};
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::delivery::{EmailKind, Said};
use countersign::events::{Bus, Event, email_undelivered, missing};
use countersign::ledger::Ledger;
use countersign::pipeline::Polling;
use countersign::request::{EventMemo, Request, Vote};
use time::Duration;

/// How long the callback, which lives for 29 seconds, may still be putting the event about a vote.
const CALLBACK_LIFE: Duration = Duration::seconds(30);

/// Puts events for others.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) bus: Bus,
    pub(crate) ledger: Ledger,
    pub(crate) deployment: Deployment,
    pub(crate) clock: Clock,
    pub(crate) polling: Polling,
}

impl Publisher {
    /// Puts the events about a request that are missing. If it has an outcome, it must be one that CodePipeline has shown
    /// in this invocation. Nothing is done about a request once its end is told, so all events must be out by then; before
    /// that, those that the callback may be putting at this moment are left to it.
    ///
    /// # Errors
    /// When EventBridge does not take an event, or the ledger does not note that it did: all others were put.
    pub(crate) async fn publish(&self, request: &Request) -> Result<(), AwsError> {
        let mut due = missing(&self.deployment, request);
        if due.iter().any(|event| self.is_under_way(request, event)) {
            if request.outcome.is_some() {
                let events = self.polling.until(async || self.latest_events(request).await).await?;
                let events = events.unwrap_or_else(|| request.events.clone());
                due = missing(&self.deployment, &Request { events, ..request.clone() });
            } else {
                due.retain(|event| !self.is_under_way(request, event));
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let published = self.bus.put(&due).await;
        if !published.taken.is_empty() {
            self.ledger.note_events(request, &published.taken).await?;
        }
        published.failure.map_or(Ok(()), Err)
    }

    /// Puts the event about an email that did not arrive.
    ///
    /// # Errors
    /// When EventBridge does not take it.
    pub(crate) async fn publish_undelivered(
        &self,
        request: &Request,
        kind: EmailKind,
        to: &Address,
        said: &Said,
    ) -> Result<(), AwsError> {
        let event = email_undelivered(&self.deployment, request, kind, to, said);
        self.bus.put(&[event]).await.failure.map_or(Ok(()), Err)
    }

    /// What the ledger notes of a request's events by now, once nothing is under way any more.
    async fn latest_events(&self, request: &Request) -> Result<Option<BTreeSet<EventMemo>>, AwsError> {
        let latest = self.ledger.read_request(&request.approval.key()).await?.request();
        // Of another request, nothing is to be learnt, however long one waits.
        let Some(latest) = latest.filter(|latest| latest.digest == request.digest) else {
            return Ok(Some(request.events.clone()));
        };
        let due = missing(&self.deployment, &Request { events: latest.events.clone(), ..request.clone() });
        Ok((!due.iter().any(|event| self.is_under_way(request, event))).then_some(latest.events))
    }

    /// Whether the callback may be putting the event at this moment.
    fn is_under_way(&self, request: &Request, event: &Event) -> bool {
        let now = (self.clock)();
        let is_it = |vote: &&Vote| event.memo == Some(EventMemo::of_vote(vote));
        request.votes.values().find(is_it).is_some_and(|vote| now < vote.at.saturating_add(CALLBACK_LIFE))
    }
}
