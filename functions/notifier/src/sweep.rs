//! The hourly sweep: it sends reminders, and finishes what a crash left undone.
//!
//! It looks at every approval that is open in the ledger, and at every approval that waits in CodePipeline. For each it
//! does what should have been done before, under the same claims, so that nobody gets an email twice.

use std::collections::BTreeSet;

use countersign::approval::ApprovalKey;
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::ledger::Ledger;
use countersign::link::{LinkSigner, SignError};
use countersign::pipeline::{ApprovalStatus, CodePipeline, PendingRef, not_shown};
use countersign::request::Request;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use time::{Duration, UtcDateTime};

use crate::announce::{Announce, AnnounceError};
use crate::ask::{Ask, AskError};
use crate::callback_client::{CallbackClient, CallbackError};
use crate::errors::Errors;
use crate::outbox::{DeliverySummary, LEASE, Outbox, Undelivered};
use crate::policy_changes::{PolicyChangeError, PolicyChanges};
use crate::policy_store::{PolicyReadError, PolicyStore};
use crate::receipts::Receipts;
use crate::recipient::{Recipient, recipients};

/// How many approvals are looked at side by side.
const CONCURRENT_APPROVALS: usize = 4;
/// For how long a sweep goes on to the next approval. The last of the function's five minutes is for those begun by then.
const START_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);
/// How long looking through all pipelines may take.
const LIST_WITHIN: std::time::Duration = std::time::Duration::from_mins(1);
/// For how long after the end announcing an outcome is retried whose emails are refused. By then nobody waits for it.
const ANNOUNCE_FOR: Duration = Duration::days(1);
/// For how long after an approval's expiry CodePipeline is asked how it ended.
const SHOWN_FOR: Duration = Duration::days(1);

/// Takes care of everything that waits.
#[derive(Clone)]
pub(crate) struct Sweep {
    pub(crate) pipeline: CodePipeline,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) announce: Announce,
    pub(crate) receipts: Receipts,
    pub(crate) policy: PolicyStore,
    pub(crate) changes: PolicyChanges,
    pub(crate) ask: Ask,
    pub(crate) links: LinkSigner,
    pub(crate) callback: CallbackClient,
    pub(crate) clock: Clock,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SweepSummary {
    /// Approvals that it looked at: those that are open in the ledger, and others that wait in CodePipeline.
    pub looked: usize,
    /// Emails that ask for a decision, sent now because they were missing.
    pub asked: usize,
    /// Emails that remind.
    pub reminded: usize,
    /// Emails that tell voters of their votes, sent now because they were missing.
    pub receipts: usize,
    /// Emails that announce an outcome.
    pub told: usize,
    /// Approvals that their votes had decided and whose result the callback put now.
    pub finished: usize,
    /// Emails about a change of the policy, to those whom it gives or takes the right to decide.
    pub rights: usize,
}

impl SweepSummary {
    fn add(&mut self, other: Self) {
        self.looked += other.looked;
        self.asked += other.asked;
        self.reminded += other.reminded;
        self.receipts += other.receipts;
        self.told += other.told;
        self.finished += other.finished;
        self.rights += other.rights;
    }
}

/// One thing that a sweep could not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {error}")]
pub struct SweepFailure {
    /// Pipeline, stage and action, or the approval's key; or the sweep as a whole.
    pub what: String,
    /// Why.
    pub error: SweepError,
}

/// Why a sweep could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// An AWS call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An approval that the ledger does not have was not asked for.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// An outcome was not announced to everybody.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// Some emails were not sent; the others were.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// There is no policy to compare with the one before.
    #[error(transparent)]
    Policy(#[from] PolicyReadError),
    /// A change of the policy was not told to everybody.
    #[error(transparent)]
    PolicyChange(#[from] PolicyChangeError),
    /// The votes decide an approval, and there is no order for the callback, which has to put the result.
    #[error("its votes decide it, but the order that makes the callback put the result could not be signed: {0}")]
    NotSigned(#[from] SignError),
    /// The votes decide an approval, and the callback did not put the result.
    #[error("its votes decide it, but the callback did not put the result: {0}")]
    NotFinished(#[from] CallbackError),
    /// There was more to do than there was time for.
    #[error("there was no time for {left} approvals; the next sweep looks at them")]
    NoTime {
        /// How many approvals were not looked at.
        left: usize,
    },
}

impl SweepError {
    fn of_sweep(self) -> SweepFailure {
        SweepFailure { what: "the sweep".to_owned(), error: self }
    }

    fn of_policy(self) -> SweepFailure {
        SweepFailure { what: "the policy".to_owned(), error: self }
    }
}

impl Sweep {
    /// Looks at every approval and does what is left to do about it.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else was done, and the next sweep tries again.
    pub(crate) async fn sweep(&self) -> Result<SweepSummary, Errors<SweepFailure>> {
        let now = (self.clock)();
        let enough = Box::pin(tokio::time::sleep(START_WITHIN));
        let pending = tokio::time::timeout(LIST_WITHIN, self.pipeline.pending(now));
        let (open, pending, rights) = tokio::join!(self.ledger.open_approvals(), pending, Box::pin(self.rights()));
        let open: BTreeSet<ApprovalKey> =
            open.map_err(|error| SweepError::Aws(error).of_sweep())?.into_iter().collect();
        let too_slow = |_| (Vec::new(), vec![AwsError::unexpected("codepipeline:ListPipelines", "too slow")]);
        let (pending, unread) = pending.unwrap_or_else(too_slow);
        let pending: Vec<Pending> = pending.into_iter().map(Pending::from).collect();
        let mut errors: Vec<SweepFailure> = unread.into_iter().map(|error| SweepError::Aws(error).of_sweep()).collect();
        let rights = rights.unwrap_or_else(|error| {
            errors.push(error.of_policy());
            0
        });
        let known = open.iter().map(Task::Open);
        let unknown = pending.iter().filter(|pending| !pending.key.as_ref().is_some_and(|key| open.contains(key)));
        let mut tasks: Vec<Task> = known.chain(unknown.map(Task::Pending)).collect();
        let mut left = tasks.len();
        // In another order each time: what takes long, hour by hour, must not keep the same others from their turn.
        fastrand::shuffle(&mut tasks);
        let tasks: Vec<_> = tasks.into_iter().map(|task| Box::pin(self.run(task, &pending, now))).collect();
        let begun = stream::iter(tasks).take_until(enough);
        let mut done = begun.buffer_unordered(CONCURRENT_APPROVALS);
        let mut summary = SweepSummary { rights, ..SweepSummary::default() };
        while let Some(result) = done.next().await {
            left -= 1;
            match result {
                Ok(one) => summary.add(one),
                Err(error) => {
                    summary.looked += 1;
                    errors.push(error);
                }
            }
        }
        // Lambda retries a failed sweep twice within minutes: sooner than the next hour's.
        if left > 0 {
            errors.insert(0, SweepError::NoTime { left }.of_sweep());
        }
        if !errors.is_empty() {
            tracing::warn!(?summary, "a sweep could not do everything");
        }
        Errors::check(errors).map(|()| summary)
    }

    /// Tells of a change of the policy that nobody was asked under.
    async fn rights(&self) -> Result<usize, SweepError> {
        let noted = self.changes.note(&self.policy.read().await?).await?;
        Ok(self.changes.tell(noted).await?)
    }

    async fn run(&self, task: Task<'_>, pending: &[Pending], now: UtcDateTime) -> Result<SweepSummary, SweepFailure> {
        match task {
            Task::Open(key) => {
                let of_key = |error| SweepFailure { what: key.to_string(), error: SweepError::Aws(error) };
                let Some(request) = self.ledger.read_request(key).await.map_err(of_key)?.request() else {
                    // Its request is gone, forged, or of a version that signed none. If it waits, it is asked for anew.
                    if let Some(pending) = pending.iter().find(|pending| pending.key.as_ref() == Some(key)) {
                        return self.ask(pending).await;
                    }
                    self.ledger.close(key, now).await.map_err(of_key)?;
                    return Ok(SweepSummary { looked: 1, ..SweepSummary::default() });
                };
                let what = request.approval.action.to_string();
                self.follow_up(request, now).await.map_err(|error| SweepFailure { what, error })
            }
            Task::Pending(pending) => self.ask(pending).await,
        }
    }

    /// Asks about an approval that waits and nobody was asked about: its event was lost, or came before this deployment.
    async fn ask(&self, pending: &Pending) -> Result<SweepSummary, SweepFailure> {
        match self.ask.ask(&pending.reference).await {
            Ok(Some(asked)) if asked.sent > 0 => {
                Ok(SweepSummary { looked: 1, asked: asked.sent, ..SweepSummary::default() })
            }
            // It is over, or in the ledger after all.
            Ok(_) => Ok(SweepSummary::default()),
            Err(error) => {
                Err(SweepFailure { what: pending.reference.action.to_string(), error: SweepError::Ask(error) })
            }
        }
    }

    /// Does what is left to do about a request: announces its outcome, or sends emails that are missing, receipts
    /// too, and reminders.
    async fn follow_up(&self, request: Request, now: UtcDateTime) -> Result<SweepSummary, SweepError> {
        let key = &request.approval.key();
        let mut summary = SweepSummary { looked: 1, ..SweepSummary::default() };
        let Reconciled { request, is_pending, finished } = self.reconcile(request, now).await?;
        summary.finished = usize::from(finished);
        if let Some(outcome) = &request.outcome {
            let announced = self.announce.announce(&request).await;
            if announced.as_ref().is_err_and(AnnounceError::is_refusal) && now - outcome.at > ANNOUNCE_FOR {
                tracing::error!(%key, "closed an approval although emails that announce its outcome are refused");
                self.ledger.close(key, now).await?;
            }
            summary.told = announced?;
        } else if now < request.expires {
            let before = self.ledger.deliveries(key, &request.digest).await?;
            let missing = due(&before, EmailKind::Request, &request, now);
            let asked = self.outbox.send(&request, EmailKind::Request, missing).await;
            let reminded = match request.reminder(now).filter(|_| is_pending) {
                Some(ahead) => {
                    let due = to_remind(&before, ahead, &request, now);
                    self.outbox.send(&request, EmailKind::Reminder { before: ahead }, due).await
                }
                None => DeliverySummary::default(),
            };
            let receipts = self.receipts.send(&request, &before).await;
            (summary.asked, summary.reminded, summary.receipts) = (asked.sent, reminded.sent, receipts.sent);
            let deliveries = asked.and(reminded);
            if deliveries.attempted() > 0 {
                summary.told = self.announce.announce_if_ended(key).await?;
            }
            deliveries.and(receipts).complete(recipients(&request.terms).count())?;
        } else if now - request.waits_until > SHOWN_FOR {
            tracing::error!(%key, "closed an expired approval although CodePipeline does not show how it ended");
            self.ledger.close(key, now).await?;
        }
        Ok(summary)
    }

    /// Brings the request up to date with CodePipeline and with its votes: records the outcome if CodePipeline shows one, and
    /// has the callback put the result if the votes decide.
    async fn reconcile(&self, request: Request, now: UtcDateTime) -> Result<Reconciled, SweepError> {
        let key = request.approval.key();
        let memo = request.outcome.is_some();
        let request = self.announce.confirmed(request).await?;
        if request.outcome.is_some() {
            return Ok(Reconciled { request, is_pending: false, finished: false });
        }
        let is_past = now - request.waits_until > SHOWN_FOR;
        let status = match self.pipeline.status(&request, now).await {
            // What cannot be read, not even a day after the expiry, never will be.
            Err(error) if is_past => {
                tracing::error!(%error, %key, "how an expired approval ended cannot be read");
                ApprovalStatus::Unknown
            }
            Ok(ApprovalStatus::Unknown) if is_past => ApprovalStatus::Ended(not_shown(request.waits_until)),
            status => status?,
        };
        let is_pending = status == ApprovalStatus::Pending;
        if let ApprovalStatus::Ended(outcome) = status {
            if !memo {
                self.ledger.note_outcome(&request, &outcome).await?;
            }
            let request = Request { outcome: Some(outcome), ..request };
            return Ok(Reconciled { request, is_pending: false, finished: false });
        }
        if now >= request.waits_until || !self.finish_vote(&request, now).await? {
            return Ok(Reconciled { request, is_pending, finished: false });
        }
        let request = match self.ledger.read_request(&key).await?.request() {
            Some(request) => self.announce.confirmed(request).await?,
            None => request,
        };
        let finished = request.outcome.is_some();
        // Without an outcome it is about to get one: nobody is reminded.
        Ok(Reconciled { request, is_pending: false, finished })
    }

    /// Has the callback put the result if the votes decide, and gives whether they do: the visit that should have done it
    /// died. The order for that works even after the links in the emails have expired, since the votes were in time.
    async fn finish_vote(&self, request: &Request, now: UtcDateTime) -> Result<bool, SweepError> {
        if request.count().is_none() {
            return Ok(false);
        }
        let order = self.links.sign_finish_order(request, now).await?;
        self.callback.finish(&order).await?;
        Ok(true)
    }
}

/// A request that is up to date.
struct Reconciled {
    request: Request,
    /// Whether it certainly waits.
    is_pending: bool,
    /// Whether the callback put its result now.
    finished: bool,
}

/// The recipients to whom an email of this kind was not sent, and is not being sent at this moment.
fn due<'a>(
    before: &'a [Delivery],
    kind: EmailKind,
    request: &'a Request,
    now: UtcDateTime,
) -> impl Iterator<Item = Recipient<'a>> + use<'a> {
    recipients(&request.terms).filter(move |recipient| {
        let done = |delivery: &Delivery| delivery.is_sent() || delivery.is_under_way(now, LEASE);
        !delivery_of(before, kind, recipient).is_some_and(done)
    })
}

/// The approvers who have not voted and are to get the reminder that goes out `ahead` of the expiry.
fn to_remind<'a>(
    before: &'a [Delivery],
    ahead: Duration,
    request: &'a Request,
    now: UtcDateTime,
) -> impl Iterator<Item = Recipient<'a>> + use<'a> {
    // Those who were asked after the time of the reminder do not need it.
    let time = request.expires.saturating_sub(ahead);
    let was_asked = move |delivery: &Delivery| matches!(delivery.state, DeliveryState::Sent { at, .. } if at < time);
    due(before, EmailKind::Reminder { before: ahead }, request, now).filter(move |recipient| {
        recipient.decides
            && request.vote_of(&recipient.mailbox.address).is_none()
            && delivery_of(before, EmailKind::Request, recipient).is_some_and(was_asked)
    })
}

fn delivery_of<'a>(before: &'a [Delivery], kind: EmailKind, recipient: &Recipient) -> Option<&'a Delivery> {
    let mailbox = recipient.mailbox.address.identity();
    before.iter().find(|delivery| delivery.kind == kind && delivery.mailbox == mailbox)
}

/// One approval for the sweep to look at.
enum Task<'a> {
    /// One that is open in the ledger.
    Open(&'a ApprovalKey),
    /// One that waits in CodePipeline, and is perhaps not in the ledger.
    Pending(&'a Pending),
}

/// An approval that waits in CodePipeline.
struct Pending {
    reference: PendingRef,
    /// Its key, if CodePipeline shows its token, as it does except in PARALLEL mode. There, asking finds out whether it is
    /// in the ledger.
    key: Option<ApprovalKey>,
}

impl From<PendingRef> for Pending {
    fn from(reference: PendingRef) -> Self {
        let key = reference.token.as_ref().map(|token| ApprovalKey::of(&reference.action, token));
        Self { reference, key }
    }
}
