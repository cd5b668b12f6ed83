//! Seals: short signed statements that certain bytes are what a function of ours wrote.
//!
//! KMS signs at most 4,096 bytes with Ed25519, and what a request says may be ten times as long. So the digest of the
//! bytes is signed, over the bytes as they are stored: nothing is ever written anew to be compared.

use serde::{Deserialize, Serialize};

use crate::approval::{Deployment, Digest};
use crate::aws::AwsError;
use crate::jws::{self, JwsError, SignError, Type};
use crate::keys::{Keyring, SigningKey, VerifyingKeys};

/// What a seal is for. Each kind has its own type and its own keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKind {
    /// A request: what was asked of whom. The notifier seals it.
    Request,
    /// A vote. The callback seals it when the button is pressed.
    Vote,
    /// The policy as the notifier last saw it. The notifier seals it.
    Policy,
    /// What CodePipeline showed of an end, for evidence. The notifier seals it when it has read it.
    Evidence,
}

impl SealKind {
    const fn typ(self) -> Type {
        match self {
            Self::Request => Type("request+jwt"),
            Self::Vote => Type("vote+jwt"),
            Self::Policy => Type("policy+jwt"),
            Self::Evidence => Type("evidence+jwt"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    /// The deployment.
    iss: String,
    /// The digest of the sealed bytes.
    sha256: String,
}

/// Bytes and their seal, as they are stored. Whether the seal holds is for [`Seals::open`] to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The seal.
    pub seal: String,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

/// Puts seals of one kind on bytes.
#[derive(Debug, Clone)]
pub struct Sealer {
    kind: SealKind,
    deployment: Deployment,
    key: SigningKey,
}

impl Sealer {
    /// A sealer of this kind, with `key`.
    #[must_use]
    pub fn new(kind: SealKind, deployment: Deployment, key: SigningKey) -> Self {
        Self { kind, deployment, key }
    }

    /// Whether this would put the same seal on the same bytes: it is by the same key.
    #[must_use]
    pub fn made(&self, sealed: &Sealed) -> bool {
        jws::peek(&sealed.seal, &[self.kind.typ()]).is_ok_and(|(_, kid)| kid == self.key.kid())
    }

    /// Seals `bytes`.
    ///
    /// # Errors
    /// When KMS does not sign.
    pub async fn seal(&self, bytes: Vec<u8>) -> Result<Sealed, SignError> {
        let claims = Claims { iss: self.deployment.to_string(), sha256: Digest::of(&bytes).to_string() };
        let seal = jws::sign(&self.key, self.kind.typ(), &claims).await?;
        Ok(Sealed { bytes, seal })
    }
}

/// Tells seals of one kind that hold from others.
#[derive(Debug, Clone)]
pub struct Seals {
    kind: SealKind,
    deployment: Deployment,
    keys: Keyring,
}

/// Why a seal does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SealError {
    /// The keys cannot be read.
    Aws(AwsError),
    /// It names a key that this function does not know: it was added a moment ago, or removed.
    UnknownKey,
    /// It is not on these bytes, or not ours.
    Broken,
}

impl Seals {
    /// Those of this kind, deployment, and keys.
    #[must_use]
    pub fn new(kind: SealKind, deployment: Deployment, keys: Keyring) -> Self {
        Self { kind, deployment, keys }
    }

    /// The digest of bytes whose seal holds.
    pub(crate) async fn open(&self, sealed: &Sealed) -> Result<Digest, SealError> {
        let keys = self.keys.fetched().await.map_err(SealError::Aws)?;
        let attested = attested(self.kind, &sealed.seal, keys).map_err(|error| match error {
            JwsError::UnknownKey => SealError::UnknownKey,
            _ => SealError::Broken,
        })?;
        let digest = Digest::of(&sealed.bytes);
        if attested.is(&self.deployment, &digest) { Ok(digest) } else { Err(SealError::Broken) }
    }
}

/// What a seal says whose signature holds.
pub(crate) struct Attested(Claims);

impl Attested {
    /// Whether it is on bytes of this digest, and of this deployment.
    pub(crate) fn is(&self, deployment: &Deployment, digest: &Digest) -> bool {
        self.is_by(deployment) && self.is_on(digest)
    }

    /// Whether a function of this deployment made it.
    pub(crate) fn is_by(&self, deployment: &Deployment) -> bool {
        self.0.iss == deployment.as_str()
    }

    /// Whether it is on bytes of this digest.
    pub(crate) fn is_on(&self, digest: &Digest) -> bool {
        self.0.sha256 == digest.as_str()
    }
}

/// What the seal says, if it is of this kind and one of `keys` signed it.
pub(crate) fn attested(kind: SealKind, seal: &str, keys: &VerifyingKeys) -> Result<Attested, JwsError> {
    jws::verify(seal, kind.typ(), keys).map(Attested)
}
