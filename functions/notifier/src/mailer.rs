//! Handing a message to Amazon SES.

use aws_sdk_ses::Client;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use countersign::approval::Address;
use countersign::aws::AwsError;

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
    pub fn new(client: Client, sender: Address, configuration_set: Option<String>) -> Self {
        Self { client, sender, configuration_set }
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
            .source(self.sender.as_str())
            .destinations(to.as_str())
            .set_configuration_set_name(self.configuration_set.clone())
            .raw_message(raw)
            .send()
            .await
            .map_err(|error| AwsError::new(OPERATION, &error))?;
        Ok(answer.message_id)
    }
}
