//! Verifying: token to what it says, or why it is refused.

use std::fmt;

use time::UtcDateTime;

use super::claims::{Claims, FINISH, LINK, LinkClaims, UNBOUND_LINK, UnboundClaims};
use super::{MAX_LENGTH, MAX_LIFETIME};
use crate::approval::{
    Address, ApprovalAction, ApprovalKey, ApprovalToken, Decision, Deployment, Digest, ExecutionId, Origin, ParseError,
};
use crate::clock::CLOCK_SKEW;
use crate::jws::{self, JwsError};
use crate::keys::VerifyingKeys;

/// What is signed in a link and a finish order alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signed {
    key: ApprovalKey,
    action: ApprovalAction,
    request: Digest,
    expires: UtcDateTime,
}

/// What a link says that was signed by our key. Only [`LinkVerifier::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLink {
    signed: Signed,
    approver: Address,
    decision: Decision,
    id: String,
}

impl VerifiedLink {
    /// The key of the approval that it is about.
    #[must_use]
    pub fn key(&self) -> &ApprovalKey {
        &self.signed.key
    }

    /// Where the approval that it is about waits.
    #[must_use]
    pub fn action(&self) -> &ApprovalAction {
        &self.signed.action
    }

    /// The digest of the request that it was made for.
    #[must_use]
    pub fn request(&self) -> &Digest {
        &self.signed.request
    }

    /// The approver that it was made for.
    #[must_use]
    pub fn approver(&self) -> &Address {
        &self.approver
    }

    /// The one decision that it may put.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// When the link expires, which is when the approval itself does, or earlier if its terms say so.
    #[must_use]
    pub fn expires(&self) -> UtcDateTime {
        self.signed.expires
    }

    /// The link's id, `jti`: it distinguishes links in the ledger without being one.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A link that was valid and has expired. It shows how its approval ended; nothing can be decided with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredLink(VerifiedLink);

impl ExpiredLink {
    /// The key of the approval that it was about.
    #[must_use]
    pub fn key(&self) -> &ApprovalKey {
        self.0.key()
    }

    /// The digest of the request that it was made for.
    #[must_use]
    pub fn request(&self) -> &Digest {
        self.0.request()
    }

    /// The approver that it was made for.
    #[must_use]
    pub fn approver(&self) -> &Address {
        &self.0.approver
    }
}

/// The sweep's order to put what the votes on a request come to. It votes for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishOrder(Signed);

impl FinishOrder {
    /// The key of the approval that it is about.
    #[must_use]
    pub fn key(&self) -> &ApprovalKey {
        &self.0.key
    }

    /// The digest of the request whose votes are to be carried out.
    #[must_use]
    pub fn request(&self) -> &Digest {
        &self.0.request
    }
}

/// A token that our key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedToken {
    /// A link.
    Link(Box<VerifiedLink>),
    /// A link whose time is over.
    Expired(Box<ExpiredLink>),
    /// An order of the sweep's.
    Finish(Box<FinishOrder>),
}

/// Where links work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(pub Vec<Origin>);

impl Origins {
    fn admit(&self, audience: &str) -> bool {
        self.0.iter().any(|origin| origin.as_str() == audience)
    }
}

/// Why a link is refused. The reason is for the log; a visitor reads only that the link does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkError {
    /// Longer than any link of Countersign's.
    TooLong,
    /// Not three parts of base64url, or not JSON where JSON is expected.
    Malformed,
    /// An algorithm other than `EdDSA`.
    Algorithm,
    /// A token of another type.
    Type,
    /// A key that is not, or no longer, one of the deployment's.
    UnknownKey,
    /// A header with anything in it that Countersign does not write.
    Header,
    /// Not signed by the key that it names.
    Signature,
    /// Signed by our key, but a claim is missing or not of its form.
    Claims,
    /// Made by another deployment.
    Issuer,
    /// Made for another origin: it was sent by a notifier that points elsewhere, or opened where it does not belong.
    Audience,
    /// Not valid yet.
    NotYetValid,
    /// Valid for longer than any approval waits.
    TooLongLived,
    /// A finish order that has expired.
    LateOrder,
    /// Signed by our key for a version of Countersign that bound links to no request. Its approval is asked for anew.
    Unbound,
}

impl LinkError {
    /// The reason in a few words from a closed list: for logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too long",
            Self::Malformed => "malformed",
            Self::Algorithm => "wrong algorithm",
            Self::Type => "wrong type",
            Self::UnknownKey => "unknown key",
            Self::Header => "unknown header",
            Self::Signature => "wrong signature",
            Self::Claims => "wrong claims",
            Self::Issuer => "another deployment's",
            Self::Audience => "for another origin",
            Self::NotYetValid => "not valid yet",
            Self::TooLongLived => "valid for too long",
            Self::LateOrder => "an expired order",
            Self::Unbound => "of an earlier version",
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for LinkError {}

impl From<JwsError> for LinkError {
    fn from(error: JwsError) -> Self {
        match error {
            JwsError::Malformed => Self::Malformed,
            JwsError::Algorithm => Self::Algorithm,
            JwsError::Type => Self::Type,
            JwsError::UnknownKey => Self::UnknownKey,
            JwsError::Header => Self::Header,
            JwsError::Signature => Self::Signature,
            JwsError::Claims => Self::Claims,
        }
    }
}

/// Verifies links and finish orders, without any network.
#[derive(Debug, Clone)]
pub struct LinkVerifier {
    deployment: Deployment,
    keys: VerifyingKeys,
}

impl LinkVerifier {
    /// A verifier that accepts what `deployment` made and one of `keys` signed.
    #[must_use]
    pub fn new(deployment: Deployment, keys: VerifyingKeys) -> Self {
        Self { deployment, keys }
    }

    /// Verifies the token of a link, the text after `t=`, which was used at one of `origins`.
    ///
    /// # Errors
    /// When it is not, or no longer, a link or an order of this deployment.
    pub fn verify(&self, token: &str, origins: &Origins, now: UtcDateTime) -> Result<SignedToken, LinkError> {
        if token.len() >= MAX_LENGTH {
            return Err(LinkError::TooLong);
        }
        let (typ, kid) = jws::peek(token, &[LINK, FINISH, UNBOUND_LINK])?;
        match typ {
            LINK => {
                let LinkClaims { claims, sub, jti, decision } = jws::verify_by(token, LINK, &kid, &self.keys)?;
                let (signed, times) = self.signed(&claims, origins)?;
                let read = || Ok::<_, ParseError>((sub.parse()?, decision.parse()?));
                let (approver, decision) = read().map_err(|_| LinkError::Claims)?;
                let link = VerifiedLink { signed, approver, decision, id: jti };
                times.check(now)?;
                Ok(if link.expires() <= now {
                    SignedToken::Expired(Box::new(ExpiredLink(link)))
                } else {
                    SignedToken::Link(Box::new(link))
                })
            }
            FINISH => {
                let (order, times) = self.signed(&jws::verify_by(token, FINISH, &kid, &self.keys)?, origins)?;
                times.check(now)?;
                if order.expires <= now {
                    return Err(LinkError::LateOrder);
                }
                Ok(SignedToken::Finish(Box::new(FinishOrder(order))))
            }
            _ => {
                let claims: UnboundClaims = jws::verify_by(token, UNBOUND_LINK, &kid, &self.keys)?;
                let ours = claims.iss == self.deployment.as_str() && claims.exp > 0;
                Err(if ours { LinkError::Unbound } else { LinkError::Issuer })
            }
        }
    }

    fn signed(&self, claims: &Claims, origins: &Origins) -> Result<(Signed, Times), LinkError> {
        // The library lets lists of audiences and issuers pass that merely hold ours; `Claims` has texts, checked here.
        if claims.iss != self.deployment.as_str() {
            return Err(LinkError::Issuer);
        }
        if !origins.admit(&claims.aud) {
            return Err(LinkError::Audience);
        }
        let moment = |seconds| UtcDateTime::from_unix_timestamp(seconds).map_err(|_| LinkError::Claims);
        let (issued, not_before, expires) = (moment(claims.iat)?, moment(claims.nbf)?, moment(claims.exp)?);
        let read = || {
            let action = ApprovalAction {
                account: claims.account.parse()?,
                region: claims.region.parse()?,
                pipeline: claims.pipeline.parse()?,
                stage: claims.stage.parse()?,
                action: claims.action.parse()?,
            };
            let token: ApprovalToken = claims.token.parse()?;
            claims.execution.parse::<ExecutionId>()?;
            let key = ApprovalKey::of(&action, &token);
            Ok::<_, ParseError>(Signed { key, action, request: claims.request.parse()?, expires })
        };
        Ok((read().map_err(|_| LinkError::Claims)?, Times { issued, not_before, expires }))
    }
}

/// The times of a token.
struct Times {
    issued: UtcDateTime,
    not_before: UtcDateTime,
    expires: UtcDateTime,
}

impl Times {
    fn check(&self, now: UtcDateTime) -> Result<(), LinkError> {
        let Self { issued, not_before, expires } = *self;
        if expires - issued > MAX_LIFETIME || expires < issued {
            return Err(LinkError::TooLongLived);
        }
        if not_before - now > CLOCK_SKEW || issued - now > CLOCK_SKEW {
            return Err(LinkError::NotYetValid);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    /// A link of this form, and one that the version before made, with the public keys that verify them.
    const LINK: [&str; 2] =
        [include_str!("../../tests/golden/link.txt"), include_str!("../../tests/golden/link-key.txt")];
    const UNBOUND: [&str; 2] =
        [include_str!("../../tests/golden/link-unbound.txt"), include_str!("../../tests/golden/link-unbound-key.txt")];

    fn token(link: &'static str) -> &'static str {
        link.trim_end().split_once("/approval?t=").unwrap().1
    }

    fn verifier([link, key]: [&'static str; 2]) -> LinkVerifier {
        let header = URL_SAFE_NO_PAD.decode(token(link).split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        let mut keys = VerifyingKeys::default();
        keys.add(&header["kid"].as_str().unwrap().parse().unwrap(), &STANDARD.decode(key.trim_end()).unwrap()).unwrap();
        LinkVerifier::new("sandbox".parse().unwrap(), keys)
    }

    fn origins(origin: &str) -> Origins {
        Origins(vec!["https://old.example".parse().unwrap(), origin.parse().unwrap()])
    }

    #[test]
    fn a_link_says_what_it_said() {
        let asked = UtcDateTime::from_unix_timestamp(1_795_166_700).unwrap();
        let (verifier, here) = (verifier(LINK), origins("https://approvals.example.com"));
        let read = verifier.verify(token(LINK[0]), &here, asked).unwrap();
        let SignedToken::Link(link) = read else { panic!("{read:?}") };
        assert_eq!(link.action().to_string(), "service/Prod/Approve");
        assert_eq!((link.approver().expose(), link.decision()), ("alice@example.com", Decision::Rejected));
        // The request that it was made for is golden, too.
        let item: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/signed-request-asked.json")).unwrap();
        assert_eq!(link.key().as_str(), item["pk"]["S"]);
        assert_eq!(link.request().as_str(), item["digest"]["S"]);
        let expired = verifier.verify(token(LINK[0]), &here, link.expires());
        assert!(matches!(expired, Ok(SignedToken::Expired(_))), "{expired:?}");
        let elsewhere = verifier.verify(token(LINK[0]), &origins("https://evil.example"), asked);
        assert_eq!(elsewhere, Err(LinkError::Audience));
    }

    #[test]
    fn claims_are_written_as_they_were() {
        let payload = token(LINK[0]).split('.').nth(1).unwrap();
        let claims: LinkClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(jws::encode(&claims).unwrap(), payload);
    }

    #[test]
    fn a_link_of_the_version_before_is_known_and_decides_nothing() {
        let asked = UtcDateTime::from_unix_timestamp(1_795_166_700).unwrap();
        let verifier = verifier(UNBOUND);
        let here = origins("https://approvals.example.com");
        assert_eq!(verifier.verify(token(UNBOUND[0]), &here, asked), Err(LinkError::Unbound));
        let other = LinkVerifier { deployment: "other".parse().unwrap(), ..verifier };
        assert_eq!(other.verify(token(UNBOUND[0]), &here, asked), Err(LinkError::Issuer));
    }
}
