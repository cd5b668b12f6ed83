//! The callback's events: it sends no email, so it tells others what happened. Nothing depends on it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use countersign::approval::Deployment;
use countersign::aws::AwsError;
use countersign::events::{Bus, Event};

/// How long putting an event may take, and one attempt at it, and how long noting that it was taken. A visitor may be
/// waiting, and the sweep makes up for an event that was lost.
const OPERATION: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_millis(600);
const ATTEMPTS: u32 = 2;

/// The default bus of the account.
#[derive(Debug, Clone)]
pub struct Events {
    bus: Bus,
    /// How long a note may take.
    limit: Option<Duration>,
    /// The deployment that the events are of: others in the account have the same bus.
    pub deployment: Deployment,
}

impl Events {
    /// The bus of `aws`.
    #[must_use]
    pub fn new(aws: &SdkConfig, deployment: Deployment) -> Self {
        // Where calls have no time limit, as in the sandbox, these have none either.
        let shared = aws.timeout_config().filter(|shared| shared.operation_timeout().is_some());
        let limit = shared.map(|_| OPERATION);
        let timeouts = shared.map(TimeoutConfig::to_builder).map_or_else(TimeoutConfig::disabled, |shared| {
            shared.operation_timeout(OPERATION).operation_attempt_timeout(ATTEMPT).build()
        });
        let retries = aws.retry_config().cloned().unwrap_or_else(RetryConfig::standard).with_max_attempts(ATTEMPTS);
        let config = aws.to_builder().timeout_config(timeouts).retry_config(retries).build();
        Self { bus: Bus::new(&config), limit, deployment }
    }

    /// Does `work` while an event goes out, if there is one, and while the ledger notes that it did.
    pub async fn beside<T>(
        &self,
        event: Option<(Event, impl Future<Output = Result<(), AwsError>>)>,
        work: impl Future<Output = T>,
    ) -> T {
        match event {
            // Boxed: both together would be large.
            Some((event, note)) => tokio::join!(Box::pin(work), Box::pin(self.put_and_note(event, note))).0,
            None => Box::pin(work).await,
        }
    }

    /// Puts an event. That it was not taken is only in the log: whoever waits for it looks for themselves after a while.
    pub async fn put(&self, event: Event) -> bool {
        self.bus.put(&[event]).await.failure.is_none()
    }

    /// An event that is not noted goes out again with the sweep.
    async fn put_and_note(&self, event: Event, note: impl Future<Output = Result<(), AwsError>>) {
        if !self.put(event).await {
            return;
        }
        let noted = match self.limit {
            Some(limit) => tokio::time::timeout(limit, note).await,
            None => Ok(note.await),
        };
        match noted {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the ledger does not note that an event was put"),
            Err(_) => tracing::warn!("the ledger did not note in time that an event was put"),
        }
    }
}
