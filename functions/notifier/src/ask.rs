//! Asking an approval's approvers for their decision: once, or again on command.

use countersign::approval::{
    ActionName, ApprovalAction, ApprovalKey, Approver, Decision, ExecutionId, Location, PipelineName, StageName,
};
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::delivery::EmailKind;
use countersign::ledger::{Forgery, Found, Ledger, SealedRequest, SignError};
use countersign::metrics::Metrics;
use countersign::pipeline::{CodePipeline, FindError, Past, PendingApproval, PendingRef};
use countersign::request::{Before, EarlierDecision, NewRequest, Request, Start};
use countersign::seal::Sealer;
use time::{Duration, UtcDateTime};
use tokio::time::timeout;

use crate::announce::{Announce, AnnounceError};
use crate::errors::Errors;
use crate::metrics;
use crate::outbox::{Outbox, Undelivered};
use crate::policy_changes::{Noted, PolicyChangeError, PolicyChanges};
use crate::policy_store::{PolicyReadError, PolicyStore, StoredPolicy};
use crate::recipient::recipients;

/// The most earlier decisions that a request keeps, the latest. Each takes a retry of the stage, and all asked for once
/// more.
const MAX_EARLIER: usize = 20;

/// How long nobody gets a copy after a copy: whoever may give commands must not fill mailboxes with them.
const RESEND_PAUSE: Duration = Duration::minutes(15);

/// How long an email waits for the names of those who approved the release before.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// Puts approvals to their approvers.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) pipeline: CodePipeline,
    pub(crate) policy: PolicyStore,
    pub(crate) changes: PolicyChanges,
    pub(crate) ledger: Ledger,
    pub(crate) sealer: Sealer,
    pub(crate) outbox: Outbox,
    pub(crate) announce: Announce,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
}

/// An approval whose approvers have all been asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The approval's key in the ledger and the log.
    pub(crate) key: ApprovalKey,
    /// How many emails were sent now.
    pub(crate) sent: usize,
    /// How many had been sent before.
    pub(crate) already_sent: usize,
}

/// Why somebody was not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// CodePipeline does not show the approval.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The policy does not say who may decide.
    #[error(transparent)]
    Policy(#[from] PolicyReadError),
    /// The request could not be sealed.
    #[error("the request could not be sealed, so nobody was asked: {0}")]
    Seal(#[from] SignError),
    /// A command named an action at which no approval is waiting.
    #[error("no approval is waiting at this action")]
    NothingPending,
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// The approval ended while its approvers were being asked, and how it ended was not announced.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The policy was not noted, and nobody was asked; or it has changed, and not everybody whom that concerns was told.
    #[error(transparent)]
    PolicyChange(#[from] PolicyChangeError),
}

impl Ask {
    /// Asks everybody who may decide the approval and was not asked before. `None` when it no longer waits, or not long
    /// enough for anybody to answer.
    pub(crate) async fn ask(&self, pending: &PendingRef) -> Result<Option<Asked>, AskError> {
        let Some((request, noted)) = self.open_request(pending).await? else { return Ok(None) };
        let key = request.approval.key();
        let (summary, told, published) = tokio::join!(
            self.outbox.send(&request, EmailKind::Request, recipients(&request.terms)),
            Box::pin(self.tell(noted)),
            Box::pin(self.announce.publisher.publish(&request)),
        );
        if summary.attempted() > 0 {
            self.announce.announce_if_ended(&key).await?;
        }
        let already_sent = summary.already_sent;
        let sent = summary.complete(recipients(&request.terms).count())?;
        told?;
        published.map_err(AnnounceError::Unpublished)?;
        Ok(Some(Asked { key, sent, already_sent }))
    }

    async fn tell(&self, noted: Option<Noted>) -> Result<(), PolicyChangeError> {
        match noted {
            Some(noted) => self.changes.tell(noted).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// The policy, which is on record before anybody is asked by it, even if it is there for a minute only.
    async fn policy(&self) -> Result<(StoredPolicy, Noted), AskError> {
        let policy = self.policy.read().await?;
        let noted = self.changes.note(&policy).await?;
        Ok((policy, noted))
    }

    /// Asks about the approvals that wait at an action and have no request, and gives the number of emails. Anybody may say
    /// that one is missing: where none is, nothing is done.
    ///
    /// # Errors
    /// When something could not be read or sent. Everything else was sent.
    pub(crate) async fn ask_missing(&self, action: &ApprovalAction) -> Result<usize, Errors<AskError>> {
        let waiting = self.pipeline.waiting_at(action, (self.clock)()).await.map_err(AskError::Aws)?;
        let (mut sent, mut errors) = (0, Vec::new());
        for pending in &waiting {
            // In PARALLEL mode there is no token yet, and asking finds out.
            let asked = match self.was_asked(pending).await {
                Ok(true) => continue,
                Ok(false) => self.ask(pending).await,
                Err(error) => Err(error.into()),
            };
            match asked {
                Ok(asked) => sent += asked.map_or(0, |asked| asked.sent),
                Err(error) => errors.push(error),
            }
        }
        Errors::check(errors).map(|()| sent)
    }

    /// Sends the emails of all approvals that wait at an action again, and gives their number: somebody lost theirs, or the
    /// event never came.
    ///
    /// # Errors
    /// When nothing waits there, or something could not be read or sent. Everything else was sent.
    pub(crate) async fn resend(
        &self,
        at: &Location,
        pipeline: PipelineName,
        stage: &StageName,
        action: &ActionName,
    ) -> Result<usize, Errors<AskError>> {
        let pending = self.pipeline.pending_at(at, pipeline, stage, action, (self.clock)()).await;
        let pending = pending.map_err(AskError::Aws)?;
        if pending.is_empty() {
            return Err(AskError::NothingPending.into());
        }
        let (mut sent, mut errors) = (0, Vec::new());
        for pending in &pending {
            match self.ask_again(pending).await {
                Ok(again) => sent += again,
                Err(error) => errors.push(error),
            }
        }
        Errors::check(errors).map(|()| sent)
    }

    /// Sends a copy of each email that was sent before, and the missing ones as if for the first time.
    async fn ask_again(&self, pending: &PendingRef) -> Result<usize, AskError> {
        let Some((request, noted)) = self.open_request(pending).await? else { return Ok(0) };
        let key = request.approval.key();
        let before = self.ledger.deliveries(&key, &request.digest).await?;
        let was_sent = |mailbox: &str| {
            before.iter().any(|delivery| {
                delivery.kind == EmailKind::Request && delivery.mailbox == mailbox && delivery.is_sent()
            })
        };
        // Within the pause, the command is the same one again: it sends what the one before left unsent, and no further copy.
        let now = (self.clock)();
        let lately = before.iter().filter_map(|delivery| match delivery.kind {
            EmailKind::Resend { at } if now - at < RESEND_PAUSE => Some(at),
            _ => None,
        });
        let at = lately.max().unwrap_or(now);
        let (again, first): (Vec<_>, Vec<_>) =
            recipients(&request.terms).partition(|recipient| was_sent(&recipient.mailbox.address.identity()));
        let (again, first, told, published) = tokio::join!(
            self.outbox.send(&request, EmailKind::Resend { at }, again),
            self.outbox.send(&request, EmailKind::Request, first),
            Box::pin(self.tell(noted)),
            Box::pin(self.announce.publisher.publish(&request)),
        );
        self.announce.announce_if_ended(&key).await?;
        let sent = again.and(first).complete(recipients(&request.terms).count())?;
        told?;
        published.map_err(AnnounceError::Unpublished)?;
        Ok(sent)
    }

    /// The request of an approval, created now unless the ledger has it, and what is to be told of the policy. `None` when
    /// nobody can answer it any more.
    async fn open_request(&self, pending: &PendingRef) -> Result<Option<(Request, Option<Noted>)>, AskError> {
        let (found, policy) = tokio::join!(self.pipeline.find(pending), Box::pin(self.policy()));
        let (policy, noted) =
            policy.map_or_else(|error| (Err(error), None), |(policy, noted)| (Ok(policy), Some(noted)));
        let now = (self.clock)();
        let found = match found {
            Err(FindError::NotShown) if self.was_asked(pending).await? => None,
            found => found?,
        };
        let Some(found) = found.filter(|found| found.expires > now) else { return Ok(None) };
        let request = match self.ledger.read_request(&found.approval.key()).await? {
            // Its terms and expiry are fixed: whether those of a new request could be read now does not matter.
            Found::Request(request) => *request,
            Found::Absent => self.create_request(found, &policy?, None, now).await?,
            Found::Forged(forgery) => self.create_request(found, &policy?, Some(&forgery), now).await?,
        };
        let request = self.announce.confirmed(request).await?;
        if request.outcome.is_some() {
            // An earlier invocation may have died before it could announce the outcome to those whom it had asked too late.
            self.announce.announce(&request).await?;
            return Ok(None);
        }
        Ok(Some((request, noted)).filter(|(request, _)| request.expires > now))
    }

    /// Whether the ledger has a request of the approval with this token.
    async fn was_asked(&self, pending: &PendingRef) -> Result<bool, AwsError> {
        let Some(token) = &pending.token else { return Ok(false) };
        let key = ApprovalKey::of(&pending.action, token);
        Ok(self.ledger.read_request(&key).await?.request().is_some())
    }

    /// The earlier decisions on an approval, with the votes that the ledger has of them: comments in full, of people whose
    /// votes are sealed.
    async fn with_votes(&self, found: &PendingApproval) -> Result<Vec<EarlierDecision>, AwsError> {
        let earlier = found.release.earlier.clone();
        if earlier.is_empty() {
            return Ok(earlier);
        }
        let approval = &found.approval;
        let requests = self.ledger.approvals_of(&approval.action, &approval.execution).await?;
        Ok(earlier.into_iter().map(|decision| decision.with_votes(&requests)).collect())
    }

    /// What came before an execution. A courtesy, for which nobody's email waits long.
    async fn past(&self, found: &PendingApproval) -> Past {
        let mut past = self.pipeline.history(found).await;
        // Where a stage has several approvals, whoever approved one may have rejected another.
        if let Before::Release(last) = &mut past.before
            && !found.stage.has_other_approvals
        {
            last.approved_by = self.approved(&found.approval.action, &last.execution).await;
        }
        past
    }

    /// Who voted to approve an execution, by signed votes that came to an approval in the last of its runs: what counted in
    /// an earlier one may have been taken back.
    async fn approved(&self, action: &ApprovalAction, execution: &ExecutionId) -> Vec<Approver> {
        let read = self.ledger.approvals_of(action, execution);
        let requests = match timeout(PATIENCE, read).await {
            Ok(Ok(requests)) => requests,
            Ok(Err(error)) => {
                tracing::warn!(%error, "who approved the last release cannot be read");
                Vec::new()
            }
            Err(_) => {
                tracing::warn!("who approved the last release was not read in time");
                Vec::new()
            }
        };
        let last = requests.iter().max_by_key(|request| request.asked);
        let last = last.filter(|last| last.count() == Some(Decision::Approved));
        last.map(Request::approving).unwrap_or_default()
    }

    /// Creates the request of an approval, or gives the one that another invocation has created meanwhile.
    async fn create_request(
        &self,
        mut found: PendingApproval,
        policy: &StoredPolicy,
        forgery: Option<&Forgery>,
        now: UtcDateTime,
    ) -> Result<Request, AskError> {
        let (earlier, past) = tokio::join!(self.with_votes(&found), Box::pin(self.past(&found)));
        found = found.with_past(past);
        found.release.earlier = earlier?;
        if let Some(person) = policy.initiator(&found) {
            found.release.start = Some(Start::Person(person.clone()));
        }
        found.release.link(&found.repositories, policy.policy.hosts());
        let terms = policy.terms(&found)?;
        let omitted = found.release.earlier.len().saturating_sub(MAX_EARLIER);
        found.release.earlier.drain(..omitted);
        let request = NewRequest::new(found.approval, terms, now, found.expires, found.release);
        let request = SealedRequest::seal(request, &self.sealer).await?;
        let (request, is_new) = self.ledger.create_request(request, forgery).await?;
        if is_new {
            self.metrics.record(metrics::REQUESTED, 1);
        }
        Ok(request)
    }
}
