//! Claims to signed link and back.
//!
//! A link is a URL that carries a JSON Web Token (RFC 7519), signed with Ed25519 (RFC 8037). Whoever holds it may put
//! exactly one decision of exactly one approver on exactly one approval. Its payload can be read by anybody who has the
//! link; that it is true is what the signature says.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use time::{Duration, UtcDateTime};

use crate::approval::{Address, Approval, ApprovalAction, Decision, Deployment, ExecutionId, ParseError, digest};
use crate::aws::AwsError;
use crate::clock::CLOCK_SKEW;
use crate::keys::{SigningKey, VerifyingKeys};

/// The only `typ` that we write and take: no other token signed with the same key can be mistaken for a link.
const TYPE: &str = "approval+jwt";
/// The path behind the callback's URL that links point at.
pub const PATH: &str = "/approval";
/// The longest link, in bytes. Mail clients and gateways cut or refuse longer ones.
pub const MAX_LENGTH: usize = 2000;
/// The longest life of a link and of an approval: CodePipeline's longest time-out (86,400 minutes), and an hour for the clocks.
pub const MAX_LIFETIME: Duration = Duration::minutes(86_400 + 60);

/// The callback's address as approvers reach it: scheme and host, and a port if need be. `https`; `http` only on this
/// machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUrl(String);

impl CallbackUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CallbackUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let what = "the callback URL";
        let form = "an https URL without a path";
        let text = text.trim_end_matches('/');
        let host = match text.strip_prefix("https://") {
            Some(rest) => Some(rest),
            None => text.strip_prefix("http://").filter(|rest| {
                ["127.0.0.1", "localhost", "[::1]"]
                    .iter()
                    .any(|name| rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
            }),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        match host {
            _ if text.is_empty() => Err(ParseError::Empty { what }),
            _ if text.len() > 200 => Err(ParseError::TooLong { what, max: 200 }),
            Some(rest) if !rest.is_empty() && !rest.starts_with(':') && rest.bytes().all(plain) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParseError::Form { what, form }),
        }
    }
}

/// A signed URL for one approver and one decision on one approval. It must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// The URL itself. It must not reach a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// The wire form. Strict on purpose: `aud` and `iss` are texts and not lists, times are whole numbers.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Address,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    #[serde(flatten)]
    action: ApprovalAction,
    token: crate::approval::ApprovalToken,
    /// Empty when CodePipeline did not tell the execution.
    execution: String,
    decision: Decision,
}

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
    /// It would not survive its way. With names and addresses of the lengths that AWS allows this happens only when
    /// several of them are extreme at once.
    #[error("the link would be {0} bytes long, more than {MAX_LENGTH}")]
    TooLong(usize),
    /// The claims could not be written as JSON.
    #[error("the link's claims cannot be written")]
    Unwritable,
}

impl LinkSigner {
    /// Links of `deployment` to `callback`, signed with `key`.
    #[must_use]
    pub fn new(deployment: Deployment, callback: CallbackUrl, key: SigningKey) -> Self {
        Self { deployment, callback, key }
    }

    /// The link for `decision` of `approver` on `approval`, good from `from` until `until`. The same input gives the same
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
        let claims = Claims {
            iss: self.deployment.as_str().to_owned(),
            aud: self.deployment.as_str().to_owned(),
            sub: approver.clone(),
            iat: from.unix_timestamp(),
            nbf: from.unix_timestamp(),
            exp: until.unix_timestamp(),
            jti: digest(&["link", approval.key().as_str(), &approver.identity(), decision.as_str()]),
            action: approval.action.clone(),
            token: approval.token.clone(),
            execution: approval.execution.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            decision,
        };
        let header = Header { alg: "EdDSA", typ: TYPE, kid: self.key.kid() };
        let signing_input = format!("{}.{}", encode(&header)?, encode(&claims)?);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signing_input.as_bytes()).await?);
        let link = format!("{}{PATH}?t={signing_input}.{signature}", self.callback.0);
        if link.len() >= MAX_LENGTH {
            return Err(SignError::TooLong(link.len()));
        }
        Ok(Link(link))
    }
}

fn encode(part: &impl Serialize) -> Result<String, SignError> {
    serde_json::to_vec(part).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SignError::Unwritable)
}

/// What a link that was signed by us says. There is no way to have one but [`LinkVerifier::verify`].
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

    /// Whom it was made for.
    #[must_use]
    pub fn approver(&self) -> &Address {
        &self.approver
    }

    /// The one decision that it may put.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// When it stops being good, which is when the approval itself expires.
    #[must_use]
    pub fn expires(&self) -> UtcDateTime {
        self.expires
    }

    /// Its id, `jti`: tells links apart in the ledger without being one.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A link that was good once. It can be asked about, and nothing can be decided with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredLink(VerifiedLink);

impl ExpiredLink {
    /// The approval that it was about.
    #[must_use]
    pub fn approval(&self) -> &Approval {
        &self.0.approval
    }

    /// Whom it was made for.
    #[must_use]
    pub fn approver(&self) -> &Address {
        &self.0.approver
    }
}

/// Why a link is refused. The reason is for the log; a visitor is told no more than that the link does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// Longer than any link of ours.
    TooLong,
    /// Not three parts of base64url, or not JSON where JSON should be.
    Malformed,
    /// An algorithm other than `EdDSA`.
    Algorithm,
    /// A token of another type.
    Type,
    /// A key that is not, or no longer, ours.
    UnknownKey,
    /// A header with anything in it that we do not write.
    Header,
    /// Not signed by the key that it names.
    Signature,
    /// Signed by our key, but a claim is missing or not of its form.
    Claims,
    /// Made for another deployment.
    Audience,
    /// Not good yet.
    NotYetValid,
    /// Good for longer than any approval waits.
    TooLongLived,
    /// Ours, and its time is over.
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

/// Checks links. It needs no network.
#[derive(Debug, Clone)]
pub struct LinkVerifier {
    deployment: Deployment,
    keys: VerifyingKeys,
    validation: Validation,
}

impl LinkVerifier {
    /// Takes the links of `deployment` that one of `keys` signed.
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

    /// Verifies the token of a link, what stands behind `t=`.
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
        check_times(claims.into_times_and_link()?, now)
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
    let ours = encode(&Header { alg: "EdDSA", typ: TYPE, kid: &kid }).map_err(|_| LinkError::Header)?;
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

impl Claims {
    fn into_times_and_link(self) -> Result<Times, LinkError> {
        let moment = |seconds| UtcDateTime::from_unix_timestamp(seconds).map_err(|_| LinkError::Claims);
        let execution: Option<ExecutionId> = match self.execution.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| LinkError::Claims)?),
        };
        Ok(Times {
            issued: moment(self.iat)?,
            not_before: moment(self.nbf)?,
            link: VerifiedLink {
                approval: Approval { action: self.action, token: self.token, execution },
                approver: self.sub,
                decision: self.decision,
                expires: moment(self.exp)?,
                id: self.jti,
            },
        })
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
    use super::*;

    #[test]
    fn a_callback_is_reached_by_https() {
        for url in [
            "https://abc.execute-api.eu-central-1.amazonaws.com",
            "https://a.example/",
            "http://127.0.0.1:3000",
            "http://localhost",
        ] {
            assert!(url.parse::<CallbackUrl>().is_ok(), "{url:?}");
        }
        for url in [
            "",
            "https://",
            "http://example.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "ftp://a",
            "https://a?b",
            "https://a#b",
            "https://a/base",
            "https://user@a",
            "https:///a",
            "https://a b",
        ] {
            assert!(url.parse::<CallbackUrl>().is_err(), "{url:?}");
        }
        assert_eq!("https://a.example/".parse::<CallbackUrl>().unwrap().0, "https://a.example");
    }
}
