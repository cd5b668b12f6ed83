//! The wire form of a link's token.
//!
//! Links are out for up to sixty days, so a claim changes only together with a reader for the links of the version before.
//! `shared/tests/golden/link.txt` is such a link.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::SignError;

/// The only `typ` that is written and accepted: no other token that the same key signed can be mistaken for a link.
pub(super) const TYPE: &str = "approval+jwt";

#[derive(Serialize)]
pub(super) struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

impl<'a> Header<'a> {
    /// The header of a link that the key `kid` signed.
    pub(super) fn new(kid: &'a str) -> Self {
        Self { alg: "EdDSA", typ: TYPE, kid }
    }
}

/// The claims. Strict on purpose: `aud` and `iss` are texts and not lists, times are whole seconds since 1970.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The approver's address.
    pub(super) sub: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) action: String,
    pub(super) token: String,
    /// Empty when CodePipeline did not name the execution.
    pub(super) execution: String,
    pub(super) decision: String,
}

/// A part of a token: JSON in base64url.
pub(super) fn encode(part: &impl Serialize) -> Result<String, SignError> {
    serde_json::to_vec(part).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SignError::Unwritable)
}
