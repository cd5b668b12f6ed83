//! Changes of the policy: whoever gains or loses the right to decide is told, so that nobody makes themselves an approver
//! unnoticed.
//!
//! The policy that was just read is compared with the one that the ledger remembers. That record decides nothing.

use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::ledger::{Ledger, PolicyChange, PolicyRecord, PolicyText, Remembered, RememberedPolicy, SignError};
use countersign::policy::Policy;
use countersign::seal::{Sealer, Seals};
use time::Duration;

use crate::outbox::{LEASE, Outbox, Undelivered};
use crate::policy_store::StoredPolicy;

/// For how long emails about a change are tried that SES refuses.
const TELL_FOR: Duration = Duration::days(1);

/// How often it is tried to note a policy while others note theirs.
const ATTEMPTS: usize = 5;

/// Notices changes of the policy, and tells of them.
#[derive(Clone)]
pub(crate) struct PolicyChanges {
    pub(crate) ledger: Ledger,
    pub(crate) seals: Seals,
    pub(crate) sealer: Sealer,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
}

/// Why a change of the policy was not noted, or not told to everybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyChangeError {
    /// An AWS call failed.
    #[error("the policy was not noted: {0}")]
    Aws(#[from] AwsError),
    /// The record could not be sealed.
    #[error("the policy was not noted: {0}")]
    Seal(#[from] SignError),
    /// Others kept noting other versions.
    #[error("the policy was not noted, since others noted other versions again and again; try again")]
    Contended,
    /// Some emails were not sent; the others were.
    #[error("a change of the policy was not told to everybody: {0}")]
    Undelivered(#[from] Undelivered),
}

/// A policy that is on record, and what is still to be told of it.
#[derive(Debug)]
pub(crate) struct Noted(Option<Box<RememberedPolicy>>);

impl PolicyChanges {
    /// Notes the policy as it was just read. Whoever asks people by it does so first, so that no policy is ever used unnoticed.
    ///
    /// # Errors
    /// When it cannot be read or written what the policy is.
    pub(crate) async fn note(&self, policy: &StoredPolicy) -> Result<Noted, PolicyChangeError> {
        let now = (self.clock)();
        let current = || PolicyText { version: policy.version, text: policy.text.to_string() };
        for _ in 0..ATTEMPTS {
            let remembered = self.ledger.remembered_policy(&self.seals).await?;
            let record = match &remembered {
                // Whoever wrote it has the newer settings, and tells. Nobody fails to ask for that.
                Remembered::ByNewKey => return Ok(Noted(None)),
                Remembered::Policy(known) if known.record.now.text != *policy.text => {
                    known.record.replaced_by(current(), now)
                }
                // It outlives the key that sealed it.
                Remembered::Policy(known) if !known.is_sealed_by(&self.sealer) => known.record.clone(),
                Remembered::Policy(known) => {
                    // Whoever has just noted it is telling of it.
                    let is_told = known.record.former.is_empty() || now - known.record.seen < LEASE;
                    return Ok(Noted((!is_told).then(|| known.clone())));
                }
                Remembered::Absent | Remembered::Forged(_) => PolicyRecord::first(current(), now),
            };
            if let Some(noted) = self.ledger.remember_policy(record, remembered, &self.sealer).await? {
                tracing::info!(version = noted.record.now.version, "noted the policy");
                return Ok(Noted(Some(Box::new(noted))));
            }
        }
        Err(PolicyChangeError::Contended)
    }

    /// Tells whom a change concerns, and gives the number of emails.
    ///
    /// # Errors
    /// When some emails were not sent. The next sweep sends them.
    pub(crate) async fn tell(&self, Noted(noted): Noted) -> Result<usize, PolicyChangeError> {
        let Some(noted) = noted.filter(|noted| !noted.record.former.is_empty()) else { return Ok(0) };
        let (mut sent, mut failed) = (0, None);
        for change in noted.record.changes() {
            match self.tell_one(change).await {
                Ok(now) => sent += now,
                Err(undelivered) if undelivered.is_refusal() && (self.clock)() - change.seen > TELL_FOR => {
                    tracing::error!(error = %undelivered, "gave up telling of a change of the policy");
                }
                Err(undelivered) => failed = Some(undelivered),
            }
        }
        if let Some(undelivered) = failed {
            return Err(undelivered.into());
        }
        // If the policy has changed meanwhile, there is more to tell, and nobody is told anything twice.
        let told = noted.record.told();
        self.ledger.remember_policy(told, Remembered::Policy(noted), &self.sealer).await?;
        Ok(sent)
    }

    async fn tell_one(&self, change: PolicyChange<'_>) -> Result<usize, Undelivered> {
        let policy = |text: &PolicyText| text.text.parse::<Policy>();
        let (Ok(before), Ok(now)) = (policy(change.before), policy(change.now)) else {
            tracing::error!("nobody was told of a change of the policy, since this version cannot read the former one");
            return Ok(0);
        };
        let changes = before.changes(&now);
        self.outbox.send_changes(change, &changes).await.complete(changes.people().len())
    }
}
