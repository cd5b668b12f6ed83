//! Looking through the pipelines for approvals that wait.

use std::collections::{BTreeMap, BTreeSet};

use countersign::approval::{ApprovalKey, PipelineName};
use countersign::aws::AwsError;
use countersign::pipeline::PendingRef;
use time::UtcDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Sweep;

impl Sweep {
    /// Looks through the pipelines, from where the last sweep stopped, for approvals that wait, and hands over those that
    /// are not open in the ledger.
    pub(super) async fn search(
        &self,
        open: &BTreeSet<ApprovalKey>,
        until: Instant,
        now: UtcDateTime,
        unknown: mpsc::UnboundedSender<PendingRef>,
    ) -> Searched {
        let mut searched = Searched::default();
        let from = self.ledger.next_pipeline().await.unwrap_or_else(|error| {
            searched.unread.push(error);
            None
        });
        let found = |reference: PendingRef| {
            // CodePipeline shows the token, except in PARALLEL mode. There, asking finds out whether it is in the ledger.
            let key = reference.token.as_ref().map(|token| ApprovalKey::of(&reference.action, token));
            if let Some(key) = key.filter(|key| open.contains(key)) {
                searched.open.insert(key, reference);
            } else {
                searched.found += 1;
                // Nobody takes it once the time is up. It is counted as not looked at.
                let _ = unknown.send(reference);
            }
        };
        let round = match self.pipeline.search(from.as_ref(), until, now, found).await {
            Ok(round) => round,
            Err(error) => {
                searched.unread.push(error);
                return searched;
            }
        };
        searched.unread.extend(round.unread);
        searched.left = round.left;
        (searched.from, searched.next) = (from, round.next);
        searched
    }
}

/// What the pipelines show.
#[derive(Default)]
pub(super) struct Searched {
    /// What waits, and is open in the ledger.
    pub(super) open: BTreeMap<ApprovalKey, PendingRef>,
    /// How many others wait.
    pub(super) found: usize,
    pub(super) unread: Vec<AwsError>,
    /// How many pipelines were not looked at.
    pub(super) left: usize,
    /// Where the search began, and the first pipeline that was not looked at.
    from: Option<PipelineName>,
    next: Option<PipelineName>,
}

impl Searched {
    /// Where the next search begins, if it has to look again at these, too.
    pub(super) fn next(&self, again: impl Iterator<Item = PipelineName>) -> Option<PipelineName> {
        let is_before = |name: &PipelineName| self.from.as_ref().is_some_and(|from| name < from);
        again.chain(self.next.clone()).min_by_key(|name| (is_before(name), name.clone()))
    }

    /// Whether all pipelines were looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0 && self.unread.is_empty()
    }
}
