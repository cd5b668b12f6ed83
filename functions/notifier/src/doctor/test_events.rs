//! The doctor's test events: it puts one on the default bus of each account and region, in the account's reading role, and
//! waits for the rule there to forward it to the hub, whose rule hands it to the notifier.
//!
//! Such an event leads to nothing but a note that it arrived. The note is only made for a nonce that the doctor has just made
//! up, from the account and region that it was meant for.

use std::sync::Arc;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use countersign::approval::{Digest, Location};
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::events::{DOCTOR_SOURCE, TEST_EVENT, test_event};
use countersign::ledger::Ledger;
use countersign::pipeline::Polling;
use futures_util::{StreamExt, stream};
use time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

use super::{CONCURRENT_PLACES, Finding, Forwarding, PLACES_WITHIN, unanswered};

const TESTS: &str = "test events";
const PUT: &str = "events:PutEvents";
/// How much longer an event takes than what other invocations are doing.
const PATIENCE: u32 = 5;

const ENABLE: &str = "deploy the hub's stack and the member stacks with TestEvents=enabled";
const LOST: &str = "look at the rule, its role and its dead-letter queue in that account and region, at the policy of the hub's \
                    bus, and at TestEvents of the hub's stack and of the member's; events take seconds as a rule, so try again once";

/// Puts test events and waits for them.
#[derive(Clone)]
pub(crate) struct TestEvents {
    forwarding: Forwarding,
    ledger: Ledger,
    polling: Polling,
    clock: Clock,
}

impl TestEvents {
    pub(crate) fn new(forwarding: &Forwarding, ledger: &Ledger, polling: Polling, clock: &Clock) -> Self {
        Self { forwarding: forwarding.clone(), ledger: ledger.clone(), polling, clock: Arc::clone(clock) }
    }

    /// Puts an event in each of these places, and says which did not arrive.
    pub(super) async fn check(&self, places: &[Location]) -> Vec<Finding> {
        let until = Instant::now() + PLACES_WITHIN;
        let puts: Vec<_> = places
            .iter()
            .map(|at| async move {
                let put = timeout_at(until, Box::pin(self.put(at))).await;
                (at, put.unwrap_or_else(|_| Err(late())))
            })
            .collect();
        let mut puts = stream::iter(puts).buffered(CONCURRENT_PLACES);
        let (mut waiting, mut unsound) = (Vec::new(), Vec::new());
        while let Some((at, put)) = puts.next().await {
            match put {
                Ok(nonce) => waiting.push((at, nonce)),
                Err(error) => unsound.push(not_put(at, &error)),
            }
        }
        let waiting = self.wait(waiting).await;
        let lost = |(at, _): &(&Location, Digest)| Finding::unsound(TESTS, format!("{at}: no event arrived"), LOST);
        unsound.extend(waiting.iter().map(lost));
        if unsound.is_empty() {
            let all: Vec<String> = places.iter().map(ToString::to_string).collect();
            return vec![Finding::sound(TESTS, format!("an event arrived from {}", all.join(", ")))];
        }
        unsound
    }

    /// Those that have not arrived after a while.
    async fn wait<'a>(&self, mut waiting: Vec<(&'a Location, Digest)>) -> Vec<(&'a Location, Digest)> {
        for attempt in 0..self.polling.attempts.saturating_mul(PATIENCE) {
            if attempt > 0 {
                sleep(self.polling.interval).await;
            }
            let seen: Vec<_> = waiting.iter().map(|(_, nonce)| Box::pin(self.ledger.has_test_event(nonce))).collect();
            let seen: Vec<_> = stream::iter(seen).buffered(CONCURRENT_PLACES).collect().await;
            let missing = waiting.into_iter().zip(seen).filter(|(_, seen)| !matches!(seen, Ok(true)));
            waiting = missing.map(|(one, _)| one).collect();
            if waiting.is_empty() {
                break;
            }
        }
        waiting
    }

    async fn put(&self, at: &Location) -> Result<Digest, AwsError> {
        let now = (self.clock)();
        let made_up = format!("{} {} {}", now.unix_timestamp_nanos(), fastrand::u128(..), fastrand::u128(..));
        let nonce = Digest::of(made_up.as_bytes());
        self.ledger.expect_test_event(&nonce, at, now.saturating_add(Duration::DAY)).await?;
        let events = aws_sdk_eventbridge::Client::new(&self.forwarding.members.aws(at).await?);
        let entry = PutEventsRequestEntry::builder().source(DOCTOR_SOURCE).detail_type(TEST_EVENT);
        let entry = entry.event_bus_name(self.forwarding.bus(at));
        let answer = events
            .put_events()
            .entries(entry.detail(test_event(&nonce, self.forwarding.prefix.as_ref())).build())
            .send()
            .await;
        let answer = answer.map_err(|error| AwsError::new(PUT, &error))?;
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            Some(code) => Err(AwsError::unexpected(PUT, code)),
            None => Ok(nonce),
        }
    }
}

/// There was no time left to put it.
fn late() -> AwsError {
    AwsError::unavailable(PUT, "no time")
}

fn not_put(at: &Location, error: &AwsError) -> Finding {
    let finding = Finding { found: format!("{at}: {error}"), ..unanswered(TESTS, error) };
    match (error.operation, error.code.as_str()) {
        (PUT, "AccessDenied" | "AccessDeniedException") => Finding { remedy: Some(ENABLE), ..finding },
        _ => finding,
    }
}
