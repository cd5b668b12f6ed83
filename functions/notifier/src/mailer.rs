//! Sending a message through Amazon SES.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::config::Builder;
use aws_sdk_ses::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_ses::config::timeout::TimeoutConfig;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};
use countersign::approval::{Address, IdentityArn, Region};
use countersign::aws::AwsError;
use countersign::delivery::{DeliveryId, TAG, Tag};

/// The operation, as errors name it.
pub(crate) const SEND: &str = "ses:SendRawEmail";
/// How long one attempt may take. An attempt that is repeated may be a second email, so it is given up only when there is
/// no hope of an answer.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long sending may take with all attempts, so that the function has time left to report what was not sent.
const OPERATION: Duration = Duration::from_secs(40);
/// Attempts in all, and the longest pause between them: as many as there is time for.
const ATTEMPTS: u32 = 16;
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// Amazon SES, for one sender.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    sending: Sending,
}

/// How emails are sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// The From address.
    pub sender: Address,
    /// The configuration set.
    pub configuration_set: String,
    /// The identity, if it is of another account.
    pub identity: Option<IdentityArn>,
    /// The region to send from, if not the function's own.
    pub region: Option<Region>,
}

impl Sending {
    /// The configuration of clients of SES.
    pub(crate) fn in_region(&self, aws: &SdkConfig) -> SdkConfig {
        match &self.region {
            Some(region) => aws.to_builder().region(aws_config::Region::new(region.to_string())).build(),
            None => aws.clone(),
        }
    }
}

impl Mailer {
    /// A mailer that sends so.
    #[must_use]
    pub fn new(aws: &SdkConfig, sending: Sending) -> Self {
        let aws = &sending.in_region(aws);
        let shared = aws.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
        let timeouts = shared.to_builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let retries = aws.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let retries = retries.with_max_attempts(ATTEMPTS).with_max_backoff(MAX_PAUSE);
        // The SDK allows a hundred retries for all emails together, to spare a service that is down. A service that throttles is
        // up, and would use them up: then emails would fail that only had to wait.
        let allowance = RetryPartition::custom("ses").token_bucket(TokenBucket::unlimited()).build();
        let config =
            Builder::from(aws).timeout_config(timeouts).retry_config(retries).retry_partition(allowance).build();
        Self { client: Client::from_conf(config), sending }
    }

    /// How it sends.
    pub(crate) fn sending(&self) -> &Sending {
        &self.sending
    }

    /// Sends the message of one delivery to its mailbox alone, so that a bad address does not affect others, and gives SES's
    /// message id. The delivery is its tag.
    ///
    /// # Errors
    /// When SES refuses the message or does not answer.
    pub async fn send(&self, id: DeliveryId<'_>, message: Vec<u8>) -> Result<String, AwsError> {
        let unbuildable = |_| AwsError::unexpected(SEND, "the message could not be built");
        let raw = RawMessage::builder().data(Blob::new(message)).build().map_err(unbuildable)?;
        let tag = MessageTag::builder().name(TAG).value(Tag::from(id.about).to_string());
        let Sending { sender, configuration_set, identity, .. } = &self.sending;
        let identity = identity.as_ref().map(IdentityArn::as_str);
        let answer = self
            .client
            .send_raw_email()
            .source(sender.expose())
            .set_source_arn(identity.map(str::to_owned))
            .set_from_arn(identity.map(str::to_owned))
            .set_return_path_arn(identity.map(str::to_owned))
            .destinations(id.to.expose())
            .configuration_set_name(configuration_set)
            .tags(tag.build().map_err(unbuildable)?)
            .raw_message(raw)
            .send()
            .await
            .map_err(|error| AwsError::new(SEND, &error))?;
        Ok(answer.message_id)
    }
}
