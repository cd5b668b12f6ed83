//! The bus that events are put on.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use super::{Event, SOURCE};
use crate::aws::AwsError;
use crate::request::EventMemo;

const OPERATION: &str = "events:PutEvents";
/// The most events that one call puts.
const MOST_ENTRIES: usize = 10;

/// The default bus of the account.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
}

/// Which events were taken.
#[derive(Debug, Default)]
pub struct Published {
    /// What to remember of those that were.
    pub taken: Vec<EventMemo>,
    /// Why others were not, the first reason.
    pub failure: Option<AwsError>,
}

impl Bus {
    /// The bus of `aws`.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        Self { client: Client::new(aws) }
    }

    /// Puts events, ten at a time.
    pub async fn put(&self, events: &[Event]) -> Published {
        let mut published = Published::default();
        for events in events.chunks(MOST_ENTRIES) {
            let entry = |Event { detail_type, detail, .. }: &Event| {
                PutEventsRequestEntry::builder().source(SOURCE).detail_type(*detail_type).detail(detail).build()
            };
            let entries = events.iter().map(entry).collect();
            match self.client.put_events().set_entries(Some(entries)).send().await {
                Ok(answer) => published.add(events, &answer),
                Err(error) => published.fail(events, AwsError::new(OPERATION, &error)),
            }
        }
        published
    }
}

impl Published {
    /// A call succeeds although it took none of its entries. Those that it did not take have a code instead of an id, at
    /// the same place.
    fn add(&mut self, events: &[Event], answer: &PutEventsOutput) {
        let results = answer.entries();
        let is_taken = |number: usize| {
            results.get(number).is_some_and(|result| result.error_code().is_none() && result.event_id().is_some())
        };
        let refused = (0..events.len()).filter(|number| !is_taken(*number)).count();
        if usize::try_from(answer.failed_entry_count()) != Ok(refused) {
            let error = AwsError::unexpected(OPERATION, "another number of entries failed than the answer says");
            return self.fail(events, error);
        }
        for (number, event) in events.iter().enumerate() {
            if is_taken(number) {
                self.taken.extend(event.memo.clone());
            } else {
                let code = results.get(number).and_then(|result| result.error_code()).unwrap_or("no event id");
                self.fail(std::slice::from_ref(event), AwsError::of_entry(OPERATION, code));
            }
        }
    }

    fn fail(&mut self, events: &[Event], error: AwsError) {
        for Event { detail_type, .. } in events {
            tracing::warn!(%error, detail_type, "an event was not put");
        }
        self.failure.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::types::PutEventsResultEntry;

    use super::*;
    use crate::aws::AwsErrorKind;

    fn event(memo: EventMemo) -> Event {
        Event { detail_type: "Vote Recorded", detail: String::new(), memo: Some(memo) }
    }

    fn answer(failed: i32, results: &[Result<&str, &str>]) -> PutEventsOutput {
        let results = results.iter().map(|result| match result {
            Ok(id) => PutEventsResultEntry::builder().event_id(*id).build(),
            Err(code) => PutEventsResultEntry::builder().error_code(*code).build(),
        });
        PutEventsOutput::builder().failed_entry_count(failed).set_entries(Some(results.collect())).build()
    }

    #[test]
    fn an_entry_counts_as_taken_only_if_it_has_an_id_and_the_answer_adds_up() {
        let events = [event(EventMemo::Requested), event(EventMemo::Ended)];
        let both = vec![EventMemo::Requested, EventMemo::Ended];
        let (refused, later) = (Some(AwsErrorKind::Refused), Some(AwsErrorKind::Unavailable));
        for (answer, taken, failure) in [
            (answer(0, &[Ok("1"), Ok("2")]), both, None),
            (answer(1, &[Err("ThrottlingException"), Ok("2")]), vec![EventMemo::Ended], later),
            (answer(1, &[Ok("1"), Err("InternalFailure")]), vec![EventMemo::Requested], later),
            (answer(2, &[Err("NotAuthorizedForDetailTypeException"), Err("InternalFailure")]), vec![], refused),
            (answer(1, &[Ok("1"), Ok("2")]), vec![], refused),
            (answer(0, &[Ok("1"), Err("InternalFailure")]), vec![], refused),
            (answer(1, &[Ok("1")]), vec![EventMemo::Requested], refused),
            (answer(0, &[]), vec![], refused),
        ] {
            let mut published = Published::default();
            published.add(&events, &answer);
            assert_eq!(published.taken, taken, "{answer:?}");
            assert_eq!(published.failure.map(|error| error.kind), failure, "{answer:?}");
        }
    }
}
