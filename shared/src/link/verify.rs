//! Verifying: token to what the link says, or why it is refused.

use std::fmt;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use time::UtcDateTime;

use super::claims::{Claims, Header, TYPE, encode};
use super::{MAX_LENGTH, MAX_LIFETIME};
use crate::approval::{Address, Approval, ApprovalAction, Decision, Deployment, ParseError};
use crate::clock::CLOCK_SKEW;
use crate::keys::VerifyingKeys;

/// What a link says that was signed by our key. Only [`LinkVerifier::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLink {
    approval: Approval,
    approver: Address,
    decision: Decision,
    expires: UtcDateTime,
    id: String,
}

impl VerifiedLink {
    /// The approval that it is about.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.approval
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
        self.expires
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
    /// The approval that it was about.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.0.approval
    }

    /// The approver that it was made for.
    #[must_use]
    pub fn approver(&self) -> &Address {
        &self.0.approver
    }
}

/// Why a link is refused. The reason is for the log; a visitor reads only that the link does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Made for another deployment.
    Audience,
    /// Not valid yet.
    NotYetValid,
    /// Valid for longer than any approval waits.
    TooLongLived,
    /// Valid once, and expired.
    Expired(Box<ExpiredLink>),
}

impl LinkError {
    /// The reason in a few words from a closed list: for logs and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong => "too long",
            Self::Malformed => "malformed",
            Self::Algorithm => "wrong algorithm",
            Self::Type => "wrong type",
            Self::UnknownKey => "unknown key",
            Self::Header => "unknown header",
            Self::Signature => "wrong signature",
            Self::Claims => "wrong claims",
            Self::Audience => "wrong audience or issuer",
            Self::NotYetValid => "not valid yet",
            Self::TooLongLived => "valid for too long",
            Self::Expired(_) => "expired",
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for LinkError {}

/// Verifies links, without any network.
#[derive(Debug, Clone)]
pub struct LinkVerifier {
    deployment: Deployment,
    keys: VerifyingKeys,
    validation: Validation,
}

impl LinkVerifier {
    /// A verifier that accepts the links of `deployment` that one of `keys` signed.
    #[must_use]
    pub fn new(deployment: Deployment, keys: VerifyingKeys) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[deployment.as_str()]);
        validation.set_issuer(&[deployment.as_str()]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library would read the wall clock and allow a minute past expiry; `check_times` takes `now` and does not.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { deployment, keys, validation }
    }

    /// Verifies the token of a link, the text after `t=`.
    ///
    /// # Errors
    /// When it is not, or no longer, a link of this deployment.
    pub fn verify(&self, token: &str, now: UtcDateTime) -> Result<VerifiedLink, LinkError> {
        if token.len() >= MAX_LENGTH {
            return Err(LinkError::TooLong);
        }
        let kid = check_header(token)?;
        let key = self.keys.get(&kid).ok_or(LinkError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation).map_err(|error| reason(&error))?.claims;
        // The library lets lists of audiences and issuers pass that merely hold ours; `Claims` has texts, checked here.
        if claims.iss != self.deployment.as_str() || claims.aud != self.deployment.as_str() {
            return Err(LinkError::Audience);
        }
        check_times(claims.try_into()?, now)
    }
}

/// Checks that the header is, byte for byte, one that we would write, and gives the key's name.
fn check_header(token: &str) -> Result<String, LinkError> {
    let header = decode_header(token).map_err(|_| LinkError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(LinkError::Algorithm);
    }
    if header.typ.as_deref() != Some(TYPE) {
        return Err(LinkError::Type);
    }
    let kid = header.kid.ok_or(LinkError::UnknownKey)?;
    // `crit`, `jwk`, `x5u` and whatever else a header may hold would be ignored by the library. We refuse what we did
    // not write, which also leaves one spelling only of a header.
    let ours = encode(&Header::new(&kid)).map_err(|_| LinkError::Header)?;
    match token.split_once('.') {
        Some((header, _)) if header == ours => Ok(kid),
        _ => Err(LinkError::Header),
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> LinkError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => LinkError::Signature,
        ErrorKind::InvalidAudience | ErrorKind::InvalidIssuer => LinkError::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) | ErrorKind::Json(_) => LinkError::Claims,
        _ => LinkError::Malformed,
    }
}

/// Everything that a link says, times included, before they were compared with `now`.
struct Times {
    link: VerifiedLink,
    issued: UtcDateTime,
    not_before: UtcDateTime,
}

impl TryFrom<Claims> for Times {
    type Error = LinkError;

    fn try_from(claims: Claims) -> Result<Self, LinkError> {
        let moment = |seconds| UtcDateTime::from_unix_timestamp(seconds).map_err(|_| LinkError::Claims);
        let (issued, not_before, expires) = (moment(claims.iat)?, moment(claims.nbf)?, moment(claims.exp)?);
        let link = || {
            let execution = match claims.execution.as_str() {
                "" => None,
                id => Some(id.parse()?),
            };
            let action = ApprovalAction {
                account: claims.account.parse()?,
                region: claims.region.parse()?,
                pipeline: claims.pipeline.parse()?,
                stage: claims.stage.parse()?,
                action: claims.action.parse()?,
            };
            Ok::<_, ParseError>(VerifiedLink {
                approval: Approval { action, token: claims.token.parse()?, execution },
                approver: claims.sub.parse()?,
                decision: claims.decision.parse()?,
                expires,
                id: claims.jti,
            })
        };
        Ok(Self { issued, not_before, link: link().map_err(|_| LinkError::Claims)? })
    }
}

fn check_times(times: Times, now: UtcDateTime) -> Result<VerifiedLink, LinkError> {
    let Times { link, issued, not_before } = times;
    if link.expires - issued > MAX_LIFETIME || link.expires < issued {
        return Err(LinkError::TooLongLived);
    }
    if not_before - now > CLOCK_SKEW || issued - now > CLOCK_SKEW {
        return Err(LinkError::NotYetValid);
    }
    if link.expires <= now {
        return Err(LinkError::Expired(Box::new(ExpiredLink(link))));
    }
    Ok(link)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    /// A link that the version before made, and the public key that its signature is verified with.
    const LINK: &str = include_str!("../../tests/golden/link.txt");
    const KEY: &str = include_str!("../../tests/golden/link-key.txt");

    fn token() -> &'static str {
        LINK.trim_end().split_once("/approval?t=").unwrap().1
    }

    #[test]
    fn a_link_of_the_version_before_is_verified() {
        let mut keys = VerifyingKeys::default();
        let kid = check_header(token()).unwrap().parse().unwrap();
        keys.add(&kid, &STANDARD.decode(KEY.trim_end()).unwrap()).unwrap();
        let verifier = LinkVerifier::new("sandbox".parse().unwrap(), keys);
        let asked = UtcDateTime::from_unix_timestamp(1_795_166_700).unwrap();
        let link = verifier.verify(token(), asked).unwrap();
        assert_eq!(link.approval().action.to_string(), "service/Prod/Approve");
        assert_eq!((link.approver().expose(), link.decision()), ("alice@example.com", Decision::Rejected));
        assert_eq!(link.expires(), asked + time::Duration::days(3));
        // The request that it was made for is golden, too.
        let item: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/request-decided.json")).unwrap();
        assert_eq!(link.approval().key().as_str(), item["pk"]["S"]);
        let expired = verifier.verify(token(), link.expires());
        assert!(matches!(expired, Err(LinkError::Expired(_))), "{expired:?}");
    }

    #[test]
    fn claims_are_written_as_they_were() {
        let payload = token().split('.').nth(1).unwrap();
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert_eq!(encode(&claims).unwrap(), payload);
    }
}
