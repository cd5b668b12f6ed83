//! Handing a message to Amazon SES.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::config::Builder;
use aws_sdk_ses::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use countersign::approval::Address;
use countersign::aws::AwsError;

/// How long one attempt may take. Sending twice is two emails, so an attempt is given up only when there is no hope of an
/// answer.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long sending may take with all attempts, so that the function has time left to say what was not sent.
const OPERATION: Duration = Duration::from_secs(40);
/// Attempts in all, and the longest pause between them: a sending rate of one a second serves a handful of emails at
/// once by turns.
const ATTEMPTS: u32 = 10;
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// Amazon SES, for one sender.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    sender: Address,
    configuration_set: Option<String>,
}

impl Mailer {
    /// Sends as `sender`, through the configuration set if one is given.
    #[must_use]
    pub fn new(aws: &SdkConfig, sender: Address, configuration_set: Option<String>) -> Self {
        let shared = aws.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
        let timeouts = shared.to_builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let retries = aws.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let retries = retries.with_max_attempts(ATTEMPTS).with_max_backoff(MAX_PAUSE);
        // The SDK's allowance of retries is a hundred for all emails together, for the sake of services that are down. One that
        // takes so many in a second answers, and would use it up: then emails would fail that had only to wait.
        let allowance = RetryPartition::custom("ses").token_bucket(TokenBucket::unlimited()).build();
        let config =
            Builder::from(aws).timeout_config(timeouts).retry_config(retries).retry_partition(allowance).build();
        Self { client: Client::from_conf(config), sender, configuration_set }
    }

    /// Sends one message to one mailbox, so that a bad address stops nobody else's, and gives SES's message id.
    ///
    /// # Errors
    /// When SES does not answer or does not take the message.
    pub async fn send(&self, to: &Address, message: Vec<u8>) -> Result<String, AwsError> {
        const OPERATION: &str = "ses:SendRawEmail";
        let raw = RawMessage::builder()
            .data(Blob::new(message))
            .build()
            .map_err(|_| AwsError::unexpected(OPERATION, "a message that cannot be written"))?;
        let answer = self
            .client
            .send_raw_email()
            .source(self.sender.expose())
            .destinations(to.expose())
            .set_configuration_set_name(self.configuration_set.clone())
            .raw_message(raw)
            .send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        Ok(answer.message_id)
    }
}
