//! Signing: approval, approver and decision to link.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::UtcDateTime;

use super::claims::{Claims, Header, encode};
use super::{CallbackUrl, Link, MAX_LENGTH, PATH};
use crate::approval::{Address, Approval, ApprovalAction, Decision, Deployment, digest};
use crate::aws::AwsError;
use crate::keys::SigningKey;

/// Makes links.
#[derive(Debug, Clone)]
pub struct LinkSigner {
    deployment: Deployment,
    callback: CallbackUrl,
    key: SigningKey,
}

/// Why there is no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// KMS did not sign.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The link would be too long for mail clients and gateways. With the lengths that AWS allows for names and addresses
    /// this happens only when several of them are extreme at once.
    #[error("the link would be {0} bytes long; the maximum is {MAX_LENGTH}")]
    TooLong(usize),
    /// The claims could not be written as JSON.
    #[error("the link's claims cannot be written")]
    Unwritable,
}

impl LinkSigner {
    /// A signer of links of `deployment` that lead to `callback`, with `key`.
    #[must_use]
    pub fn new(deployment: Deployment, callback: CallbackUrl, key: SigningKey) -> Self {
        Self { deployment, callback, key }
    }

    /// The link for `decision` of `approver` on `approval`, valid from `from` until `until`. The same input gives the same
    /// link, byte for byte, as long as the key is the same.
    ///
    /// # Errors
    /// When KMS does not sign, or the link would be longer than [`MAX_LENGTH`].
    pub async fn sign(
        &self,
        approval: &Approval,
        approver: &Address,
        decision: Decision,
        from: UtcDateTime,
        until: UtcDateTime,
    ) -> Result<Link, SignError> {
        let ApprovalAction { account, region, pipeline, stage, action } = &approval.action;
        let claims = Claims {
            iss: self.deployment.as_str().to_owned(),
            aud: self.deployment.as_str().to_owned(),
            sub: approver.expose().to_owned(),
            iat: from.unix_timestamp(),
            nbf: from.unix_timestamp(),
            exp: until.unix_timestamp(),
            jti: digest(&["link", approval.key().as_str(), &approver.identity(), decision.as_str()]),
            account: account.to_string(),
            region: region.to_string(),
            pipeline: pipeline.to_string(),
            stage: stage.to_string(),
            action: action.to_string(),
            token: approval.token.expose().to_owned(),
            execution: approval.execution.as_ref().map(ToString::to_string).unwrap_or_default(),
            decision: decision.to_string(),
        };
        let header = Header::new(self.key.kid());
        let signing_input = format!("{}.{}", encode(&header)?, encode(&claims)?);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signing_input.as_bytes()).await?);
        let link = format!("{}{PATH}?t={signing_input}.{signature}", self.callback.0);
        if link.len() >= MAX_LENGTH {
            return Err(SignError::TooLong(link.len()));
        }
        Ok(Link(link))
    }
}
