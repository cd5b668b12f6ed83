//! The callback's events: it sends no email, so it tells others what happened. Nothing depends on it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Builder;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use countersign::approval::Deployment;
use countersign::aws::AwsError;
use countersign::events::{Event, SOURCE};

/// How long putting an event may take, and one attempt at it. A visitor may be waiting, and the sweep makes up for an
/// event that was lost.
const OPERATION: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_millis(600);
const ATTEMPTS: u32 = 2;

/// The default bus of the account.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
    /// The deployment that the events are of: others in the account have the same bus.
    pub deployment: Deployment,
}

impl Events {
    /// The bus of `aws`.
    #[must_use]
    pub fn new(aws: &SdkConfig, deployment: Deployment) -> Self {
        // Where calls have no time limit, as in the sandbox, these have none either.
        let shared = aws.timeout_config().filter(|shared| shared.operation_timeout().is_some());
        let timeouts = shared.map(TimeoutConfig::to_builder).map_or_else(TimeoutConfig::disabled, |shared| {
            shared.operation_timeout(OPERATION).operation_attempt_timeout(ATTEMPT).build()
        });
        let retries = aws.retry_config().cloned().unwrap_or_else(RetryConfig::standard).with_max_attempts(ATTEMPTS);
        let config = Builder::from(aws).timeout_config(timeouts).retry_config(retries).build();
        Self { client: Client::from_conf(config), deployment }
    }

    /// Does `work` while an event goes out, if there is one.
    pub async fn beside<T>(&self, event: Option<Event>, work: impl Future<Output = T>) -> T {
        match event {
            // Boxed: both together would be large.
            Some(event) => tokio::join!(Box::pin(work), Box::pin(self.put(event))).0,
            None => Box::pin(work).await,
        }
    }

    /// Puts an event. That it was not taken is only in the log: whoever waits for it looks for themselves after a while.
    pub async fn put(&self, event: Event) {
        let detail_type = event.detail_type;
        if let Err(error) = self.try_put(event).await {
            tracing::warn!(%error, detail_type, "an event was not put");
        }
    }

    async fn try_put(&self, Event { detail_type, detail }: Event) -> Result<(), AwsError> {
        const OPERATION: &str = "events:PutEvents";
        let entry = PutEventsRequestEntry::builder().source(SOURCE).detail_type(detail_type).detail(detail).build();
        let answer =
            self.client.put_events().entries(entry).send().await.map_err(|error| AwsError::new(OPERATION, &error))?;
        let refused = answer.entries.unwrap_or_default().into_iter().find_map(|entry| entry.error_code);
        refused.map_or(Ok(()), |code| Err(AwsError::unexpected(OPERATION, &code)))
    }
}
