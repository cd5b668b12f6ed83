//! Statements signed with Ed25519: JSON Web Signatures (RFC 7515, RFC 8037) in their compact form.
//!
//! Each kind of statement has a type of its own and a list of keys of its own, so that none can pass for another. A
//! header must be, byte for byte, one that we write: the library ignores `crit` and much else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::AwsError;
use crate::keys::{SigningKey, VerifyingKeys};

/// The `typ` of a kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type(pub(crate) &'static str);

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

/// Why a statement is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwsError {
    /// Not three parts of base64url, or not JSON where JSON is expected.
    Malformed,
    /// An algorithm other than `EdDSA`.
    Algorithm,
    /// A statement of another type.
    Type,
    /// A key that is not, or no longer, one of those that may sign it.
    UnknownKey,
    /// A header with anything in it that we do not write.
    Header,
    /// Not signed by the key that it names.
    Signature,
    /// Signed by our key, but a claim is missing or not of its form.
    Claims,
}

/// Why a statement is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// KMS did not sign.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It would be longer than mail clients, gateways or KMS take.
    #[error("it would be {bytes} bytes long; the maximum is {max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// It could not be written as JSON.
    #[error("it cannot be written as JSON")]
    Unwritable,
}

/// The most that KMS signs with Ed25519 at once, in bytes: it takes such messages whole only.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
const MAX_MESSAGE: usize = 4096;

/// Signs `claims` as a statement of this type.
pub(crate) async fn sign(key: &SigningKey, typ: Type, claims: &impl Serialize) -> Result<String, SignError> {
    let input = format!("{}.{}", encode(&header(typ, key.kid()))?, encode(claims)?);
    if input.len() > MAX_MESSAGE {
        return Err(SignError::TooLong { bytes: input.len(), max: MAX_MESSAGE });
    }
    let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).await?);
    Ok(format!("{input}.{signature}"))
}

/// What a statement's header says, and nobody has verified: of which of `types` it is, and by which key.
pub(crate) fn peek(token: &str, types: &[Type]) -> Result<(Type, String), JwsError> {
    let header = decode_header(token).map_err(|_| JwsError::Malformed)?;
    if header.alg != Algorithm::EdDSA {
        return Err(JwsError::Algorithm);
    }
    let typ = header.typ.as_deref();
    let typ = types.iter().copied().find(|known| typ == Some(known.0)).ok_or(JwsError::Type)?;
    Ok((typ, header.kid.ok_or(JwsError::UnknownKey)?))
}

/// The key that a statement names, whoever made it.
pub(crate) fn kid_of(token: &str) -> Option<String> {
    decode_header(token).ok()?.kid
}

/// Verifies a statement of this type and gives what it claims.
pub(crate) fn verify<C: DeserializeOwned>(token: &str, typ: Type, keys: &VerifyingKeys) -> Result<C, JwsError> {
    let (typ, kid) = peek(token, &[typ])?;
    verify_by(token, typ, &kid, keys)
}

/// The same, of a statement at whose header somebody has looked.
pub(crate) fn verify_by<C: DeserializeOwned>(
    token: &str,
    typ: Type,
    kid: &str,
    keys: &VerifyingKeys,
) -> Result<C, JwsError> {
    // `crit`, `jwk`, `x5u` and whatever else a header may hold would be ignored by the library. We refuse what we did
    // not write, which also leaves one spelling only of a header.
    let ours = encode(&header(typ, kid)).map_err(|_| JwsError::Header)?;
    if token.split_once('.').is_none_or(|(theirs, _)| theirs != ours) {
        return Err(JwsError::Header);
    }
    let key = keys.get(kid).ok_or(JwsError::UnknownKey)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    // Audiences, issuers and times are for those who know what they should be.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    decode::<C>(token, key, &validation).map(|data| data.claims).map_err(|error| reason(&error))
}

fn reason(error: &jsonwebtoken::errors::Error) -> JwsError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => JwsError::Signature,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) | ErrorKind::Json(_) => JwsError::Claims,
        _ => JwsError::Malformed,
    }
}

fn header(typ: Type, kid: &str) -> Header<'_> {
    Header { alg: "EdDSA", typ: typ.0, kid }
}

/// A part of a statement: JSON in base64url.
pub(crate) fn encode(part: &impl Serialize) -> Result<String, SignError> {
    serde_json::to_vec(part).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SignError::Unwritable)
}
