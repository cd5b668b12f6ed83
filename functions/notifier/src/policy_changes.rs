//! Changes of the policy: whoever gains or loses the right to decide is told, so that nobody makes themselves an approver
//! unnoticed.
//!
//! The policy that was just read is compared with the one that the ledger remembers. That record decides nothing.

use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::ledger::{Ledger, PolicyRecord, PolicyText, Remembered, RememberedPolicy, SignError};
use countersign::policy::{Policy, RightsChange};
use countersign::seal::{Sealer, Seals};
use time::Duration;

use crate::outbox::{LEASE, Outbox, Undelivered};
use crate::policy_store::StoredPolicy;

/// For how long emails about a change are tried that SES refuses.
const TELL_FOR: Duration = Duration::days(1);

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
    #[error("a change of the policy was not noted: {0}")]
    Aws(#[from] AwsError),
    /// The record could not be sealed.
    #[error("a change of the policy was not noted: {0}")]
    Seal(#[from] SignError),
    /// Some emails were not sent; the others were.
    #[error("a change of the policy was not told to everybody: {0}")]
    Undelivered(#[from] Undelivered),
}

impl PolicyChanges {
    /// Notes the policy as it was just read, and tells those whom its change concerns. Gives the number of emails. Without a
    /// policy to compare it with, nobody is told.
    ///
    /// # Errors
    /// When something could not be written or sent. The change is noted all the same if it can be, and the next sweep sends
    /// what is missing.
    pub(crate) async fn follow(&self, policy: &StoredPolicy) -> Result<usize, PolicyChangeError> {
        let now = (self.clock)();
        let remembered = self.ledger.remembered_policy(&self.seals).await?;
        let current = PolicyText { version: policy.version, text: policy.text.to_string() };
        let (record, told) = match &remembered {
            Remembered::Policy(known) if known.record.now.text == current.text => {
                if known.is_sealed_by(&self.sealer) {
                    // Whoever has just noted it is telling of it.
                    let is_fresh = now - known.record.seen < LEASE;
                    return if is_fresh { Ok(0) } else { self.tell(known).await };
                }
                // It outlives the key that sealed it.
                (known.record.clone(), Ok(0))
            }
            Remembered::Policy(known) => {
                let before = Some(known.record.now.clone());
                // Whoever does not know of the change before must be told of it now.
                (PolicyRecord { seen: now, now: current, before }, self.tell(known).await)
            }
            // Whoever wrote it has the newer settings, and tells. Nobody fails to ask for that.
            Remembered::ByNewKey => return Ok(0),
            Remembered::Absent | Remembered::Forged(_) => {
                (PolicyRecord { seen: now, now: current, before: None }, Ok(0))
            }
        };
        let Some(noted) = self.ledger.remember_policy(record, remembered, &self.sealer).await? else { return told };
        tracing::info!(version = noted.record.now.version, "noted the policy");
        let sent = self.tell(&noted).await?;
        Ok(told? + sent)
    }

    async fn tell(&self, noted: &RememberedPolicy) -> Result<usize, PolicyChangeError> {
        if noted.is_told {
            return Ok(0);
        }
        let (now, changes) = ((self.clock)(), changes(&noted.record));
        let sent = self.outbox.send_changes(noted, &changes).await.complete(changes.len());
        let is_refused = sent.as_ref().is_err_and(Undelivered::is_refusal);
        if is_refused && now - noted.record.seen > TELL_FOR {
            tracing::error!("gave up telling of a change of the policy, since emails about it are refused");
            self.ledger.note_told(noted, now).await?;
        }
        let sent = sent?;
        self.ledger.note_told(noted, now).await?;
        Ok(sent)
    }
}

/// What a change means for whom.
fn changes(record: &PolicyRecord) -> Vec<RightsChange> {
    let policy = |text: &PolicyText| text.text.parse::<Policy>();
    match (record.before.as_ref().map(policy), policy(&record.now)) {
        (Some(Ok(before)), Ok(now)) => before.changes(&now),
        (None, _) => Vec::new(),
        _ => {
            tracing::error!("nobody was told of a change of the policy, since this version cannot read the former one");
            Vec::new()
        }
    }
}
