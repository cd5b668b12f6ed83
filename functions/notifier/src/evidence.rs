//! The command `{"evidence": {"key": …}}`: a document that shows who decided an approval, to be verified without AWS.

use countersign::approval::{ApprovalKey, Deployment};
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::evidence::{Evidence, Material};
use countersign::keys::Keyring;
use countersign::ledger::{Ledger, SignError};
use countersign::pipeline::{CodePipeline, ShownStatus};
use countersign::seal::Sealer;

/// Gathers evidence.
#[derive(Clone)]
pub(crate) struct Gather {
    pub(crate) ledger: Ledger,
    pub(crate) pipeline: CodePipeline,
    /// Seals what CodePipeline shows.
    pub(crate) sealer: Sealer,
    pub(crate) request_keys: Keyring,
    pub(crate) vote_keys: Keyring,
    pub(crate) deployment: Deployment,
    pub(crate) clock: Clock,
}

/// Why there is no evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// KMS did not sign.
    #[error(transparent)]
    Seal(#[from] SignError),
    /// The ledger has no request under this key, or none whose seal holds.
    #[error("the ledger has no signed request under this key; the command `history` lists keys")]
    NotOnRecord,
    /// The approval waits. Its request holds the token that CodePipeline takes a decision for, so it is not given out.
    #[error("the approval is still waiting for a decision; there is evidence only of an approval that has ended")]
    StillWaiting,
    /// CodePipeline shows neither that it waits nor how it ended.
    #[error("CodePipeline does not show how the approval ended; if it ended a moment ago, try again in a minute")]
    EndNotShown,
}

impl Gather {
    /// The evidence about an approval that has ended. How it ended is read from CodePipeline now.
    pub(crate) async fn evidence(&self, key: &ApprovalKey) -> Result<Evidence, EvidenceError> {
        let (request, objects) = self.ledger.read_sealed(key).await?.ok_or(EvidenceError::NotOnRecord)?;
        let read = (self.clock)();
        let end = match self.pipeline.shown_end(&request, read).await? {
            ShownStatus::Ended(end) => end,
            ShownStatus::Pending => return Err(EvidenceError::StillWaiting),
            ShownStatus::Unknown => return Err(EvidenceError::EndNotShown),
        };
        let material = Material {
            deployment: &self.deployment,
            request: &request,
            objects,
            end: &end,
            read,
            request_keys: self.request_keys.fetched().await?,
            vote_keys: self.vote_keys.fetched().await?,
        };
        Ok(Evidence::make(material, &self.sealer).await?)
    }
}
