//! The wire form of a link's token, and of a finish order.
//!
//! Links are out for up to sixty days, so a claim changes only together with a reader for the links of the version before.
//! `shared/tests/golden/link.txt` is a link of this form, `link-unbound.txt` one of the form before, which named no
//! request.

use serde::{Deserialize, Serialize};

use crate::jws::Type;

/// No other statement that the same key signs can be mistaken for a link.
pub(super) const LINK: Type = Type("link+jwt");
/// The links of the version before, which were bound to no request.
pub(super) const UNBOUND_LINK: Type = Type("approval+jwt");
pub(super) const FINISH: Type = Type("finish+jwt");

/// Where an approval waits, and for whom the token was made: what a link and a finish order share. Strict on purpose:
/// `aud` and `iss` are texts and not lists, times are whole seconds since 1970.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    /// The origin that the token works at.
    pub(super) aud: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) action: String,
    pub(super) token: String,
    pub(super) execution: String,
    /// The digest of the request object.
    pub(super) request: String,
}

/// The claims of a link.
#[derive(Serialize, Deserialize)]
pub(super) struct LinkClaims {
    #[serde(flatten)]
    pub(super) claims: Claims,
    /// The approver's address.
    pub(super) sub: String,
    pub(super) jti: String,
    pub(super) decision: String,
}

/// What is read of a link of the version before: enough to say that it is one.
#[derive(Deserialize)]
pub(super) struct UnboundClaims {
    pub(super) iss: String,
    pub(super) exp: i64,
}
