//! Signing: request, approver and decision to link.

use time::{Duration, UtcDateTime};

use super::claims::{Claims, FINISH, LINK, LinkClaims};
use super::{Link, MAX_LENGTH, PATH};
use crate::approval::{
    Address, ApprovalAction, ApprovalToken, Decision, Deployment, Digest, ExecutionId, Origin, digest,
};
use crate::jws::{self, SignError};
use crate::keys::SigningKey;
use crate::request::Request;

/// How long a finish order lives.
const FINISH_LIFETIME: Duration = Duration::minutes(5);

/// Makes links.
#[derive(Debug, Clone)]
pub struct LinkSigner {
    deployment: Deployment,
    origin: Origin,
    key: SigningKey,
}

/// An approval that no pipeline can have, for which a finish order can be made to see whether the callback answers.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Where it would wait.
    pub action: ApprovalAction,
    /// Its token.
    pub token: ApprovalToken,
    /// Its execution.
    pub execution: ExecutionId,
}

impl LinkSigner {
    /// A signer of links of `deployment` that work at `origin`, with `key`.
    #[must_use]
    pub fn new(deployment: Deployment, origin: Origin, key: SigningKey) -> Self {
        Self { deployment, origin, key }
    }

    /// The link for `decision` of `approver` on what `request` asks. The same input gives the same link, byte for byte, as
    /// long as the key is the same.
    ///
    /// # Errors
    /// When KMS does not sign, or the link would be longer than [`MAX_LENGTH`].
    pub async fn sign(&self, request: &Request, approver: &Address, decision: Decision) -> Result<Link, SignError> {
        let approval = &request.approval;
        let claims = self.claims(
            (&approval.action, &approval.token, &approval.execution),
            &request.digest,
            (request.asked, request.expires),
        );
        let jti = digest(&["link", request.digest.as_str(), &approver.identity(), decision.as_str()]);
        let claims = LinkClaims { claims, sub: approver.expose().to_owned(), jti, decision: decision.to_string() };
        self.url(&jws::sign(&self.key, LINK, &claims).await?)
    }

    /// The order by which the callback puts what the votes on `request` come to, in the form of a link.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign).
    pub async fn sign_finish_order(&self, request: &Request, now: UtcDateTime) -> Result<Link, SignError> {
        let approval = &request.approval;
        self.finish_order((&approval.action, &approval.token, &approval.execution), &request.digest, now).await
    }

    /// A finish order for an approval that is not there.
    ///
    /// # Errors
    /// As for [`sign`](Self::sign).
    pub async fn sign_probe(&self, probe: &Probe, now: UtcDateTime) -> Result<Link, SignError> {
        let Probe { action, token, execution } = probe;
        self.finish_order((action, token, execution), &Digest::of(b"probe"), now).await
    }

    async fn finish_order(&self, approval: Named<'_>, request: &Digest, now: UtcDateTime) -> Result<Link, SignError> {
        let claims = self.claims(approval, request, (now, now.saturating_add(FINISH_LIFETIME)));
        self.url(&jws::sign(&self.key, FINISH, &claims).await?)
    }

    fn claims(&self, approval: Named, request: &Digest, (from, until): (UtcDateTime, UtcDateTime)) -> Claims {
        let (ApprovalAction { account, region, pipeline, stage, action }, token, execution) = approval;
        Claims {
            iss: self.deployment.to_string(),
            aud: self.origin.as_str().to_owned(),
            iat: from.unix_timestamp(),
            nbf: from.unix_timestamp(),
            exp: until.unix_timestamp(),
            account: account.to_string(),
            region: region.to_string(),
            pipeline: pipeline.to_string(),
            stage: stage.to_string(),
            action: action.to_string(),
            token: token.expose().to_owned(),
            execution: execution.to_string(),
            request: request.to_string(),
        }
    }

    fn url(&self, token: &str) -> Result<Link, SignError> {
        let link = format!("{}{PATH}?t={token}", self.origin.as_str());
        if link.len() >= MAX_LENGTH {
            return Err(SignError::TooLong { bytes: link.len(), max: MAX_LENGTH });
        }
        Ok(Link(link))
    }
}

type Named<'a> = (&'a ApprovalAction, &'a ApprovalToken, &'a ExecutionId);
