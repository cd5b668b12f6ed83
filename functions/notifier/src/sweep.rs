//! The hourly sweep: it sends reminders, and finishes what a crash left undone.
//!
//! It looks at every approval that is open in the ledger, and at every approval that waits in CodePipeline. For each it
//! does what should have been done before, under the same claims, so that nobody gets an email twice.

mod failure;
mod search;

use std::collections::BTreeSet;

use countersign::approval::{ApprovalKey, PipelineName};
use countersign::aws::AwsErrorKind;
use countersign::clock::Clock;
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::ledger::Ledger;
use countersign::link::LinkSigner;
use countersign::metrics::Metrics;
use countersign::pipeline::{ApprovalStatus, CodePipeline, PendingRef, not_shown};
use countersign::request::Request;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use time::{Duration, UtcDateTime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use failure::of_key;
pub use failure::{SweepError, SweepFailure};

use crate::announce::{Announce, AnnounceError};
use crate::ask::Ask;
use crate::callback_client::CallbackClient;
use crate::errors::Errors;
use crate::fates::unreached;
use crate::metrics;
use crate::outbox::{DeliverySummary, LEASE, Outbox};
use crate::policy_changes::PolicyChanges;
use crate::policy_store::PolicyStore;
use crate::receipts::Receipts;
use crate::recipient::{Recipient, recipients};

/// How many approvals are looked at side by side.
const CONCURRENT_APPROVALS: usize = 4;
/// For how long a sweep goes on to the next approval. The last of the function's five minutes is for those begun by then.
const START_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);
/// For how long a sweep goes on to the next pipeline, so that there is time left to ask about what waits in the last ones.
pub(crate) const SEARCH_WITHIN: std::time::Duration = std::time::Duration::from_secs(210);
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
    pub(crate) metrics: Metrics,
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
    /// Pipelines that were not looked at, because there are too many for one sweep or CodePipeline throttles. The next one
    /// goes on where this one stopped.
    pub left: usize,
    /// Approvals that were not looked at because CodePipeline throttles.
    pub throttled: usize,
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
        self.left += other.left;
        self.throttled += other.throttled;
    }
}

impl Sweep {
    /// Looks at every approval and does what is left to do about it: at those that are open in the ledger, and beside them
    /// at what waits in the pipelines.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else was done, and the next sweep tries again.
    pub(crate) async fn sweep(&self) -> Result<SweepSummary, Errors<SweepFailure>> {
        let (now, began) = ((self.clock)(), Instant::now());
        let open = self.ledger.open_approvals().await.map_err(|error| SweepError::Aws(error).of_sweep())?;
        let open: BTreeSet<ApprovalKey> = open.into_iter().collect();
        // In another order each time, and those that CodePipeline shows in between: what takes long, hour by hour, must not
        // keep the same others from their turn.
        let mut known: Vec<Task> = open.iter().cloned().map(Task::Open).collect();
        fastrand::shuffle(&mut known);
        let (found, waiting) = mpsc::unbounded_channel();
        let unknown =
            stream::unfold(waiting, async |mut waiting| Some((Task::Waiting(waiting.recv().await?), waiting)));
        let tasks = stream::select(stream::iter(known), Box::pin(unknown));
        let until = began + START_WITHIN;
        let (mut searched, mut done, rights) = tokio::join!(
            Box::pin(self.search(&open, began + SEARCH_WITHIN, now, found)),
            Box::pin(self.run_all(tasks, until, now)),
            Box::pin(self.rights()),
        );
        let gone: Vec<Task> = done
            .iter()
            .filter_map(|one| one.as_ref().ok()?.gone.clone())
            .map(|key| match searched.open.remove(&key) {
                Some(reference) => Task::Waiting(reference),
                None => Task::Gone { key, is_over: searched.is_complete() },
            })
            .collect();
        let tasks = open.len() + searched.found + gone.len();
        done.extend(self.run_all(stream::iter(gone), until, now).await);
        let mut errors = Vec::new();
        // Lambda retries a failed sweep twice within minutes: sooner than the next hour's.
        if tasks > done.len() {
            errors.push(SweepError::NoTime { left: tasks - done.len() }.of_sweep());
        }
        let rights = rights.unwrap_or_else(|error| {
            errors.push(error.of_policy());
            0
        });
        let again = done.iter().filter_map(|one| one.as_ref().ok()?.again.clone());
        if let Some(next) = searched.next(again)
            && let Err(error) = self.ledger.note_next_pipeline(&next).await
        {
            searched.unread.push(error);
        }
        errors.extend(searched.unread.into_iter().map(|error| SweepError::Aws(error).of_sweep()));
        let mut summary = SweepSummary { rights, left: searched.left, ..SweepSummary::default() };
        for one in done {
            match one {
                Ok(one) => {
                    summary.throttled += usize::from(one.again.is_some());
                    summary.add(one.summary);
                }
                Err(failure) if failure.error.is_throttling() => summary.throttled += 1,
                Err(error) => {
                    summary.looked += 1;
                    errors.push(error);
                }
            }
        }
        self.metrics.record(metrics::PIPELINES_LEFT, summary.left);
        self.metrics.record(metrics::THROTTLED, summary.throttled);
        if !errors.is_empty() || summary.left > 0 || summary.throttled > 0 {
            tracing::warn!(?summary, "a sweep could not do everything");
        }
        Errors::check(errors).map(|()| summary)
    }

    /// Runs tasks, some side by side, and begins none after `until`.
    async fn run_all(
        &self,
        tasks: impl Stream<Item = Task>,
        until: Instant,
        now: UtcDateTime,
    ) -> Vec<Result<Done, SweepFailure>> {
        let tasks = tasks.map(|task| Box::pin(self.run(task, now))).take_until(Box::pin(sleep_until(until)));
        tasks.buffer_unordered(CONCURRENT_APPROVALS).collect().await
    }

    /// Tells of a change of the policy that nobody was asked under.
    async fn rights(&self) -> Result<usize, SweepError> {
        let noted = self.changes.note(&self.policy.read().await?).await?;
        Ok(self.changes.tell(noted).await?)
    }

    async fn run(&self, task: Task, now: UtcDateTime) -> Result<Done, SweepFailure> {
        match task {
            Task::Open(key) => {
                let Some(request) = self.ledger.read_request(&key).await.map_err(of_key(&key))?.request() else {
                    return Ok(Done { gone: Some(key), ..Done::default() });
                };
                let what = request.approval.action.to_string();
                self.follow_up(request, now).await.map(Done::from).map_err(|error| SweepFailure { what, error })
            }
            Task::Waiting(reference) => match self.ask(&reference).await {
                Err(failure) if failure.error.is_throttling() => {
                    Ok(Done { again: Some(reference.action.pipeline), ..Done::default() })
                }
                asked => asked.map(Done::from),
            },
            Task::Gone { key, is_over } => self.close_gone(&key, is_over, now).await,
        }
    }

    /// Closes an approval that is open in the ledger, and whose request is gone, forged, or of a version that signed none, if
    /// it waits nowhere, and was not asked about anew meanwhile.
    async fn close_gone(&self, key: &ApprovalKey, is_over: bool, now: UtcDateTime) -> Result<Done, SweepFailure> {
        if is_over && self.ledger.read_request(key).await.map_err(of_key(key))?.request().is_none() {
            self.ledger.close(key, now).await.map_err(of_key(key))?;
        }
        Ok(Done::from(SweepSummary { looked: 1, ..SweepSummary::default() }))
    }

    /// Asks about an approval that waits and nobody was asked about: its event was lost, or came before this deployment.
    async fn ask(&self, waiting: &PendingRef) -> Result<SweepSummary, SweepFailure> {
        match self.ask.ask(waiting).await {
            Ok(Some(asked)) if asked.sent > 0 => {
                Ok(SweepSummary { looked: 1, asked: asked.sent, ..SweepSummary::default() })
            }
            // It is over, or in the ledger after all.
            Ok(_) => Ok(SweepSummary::default()),
            Err(error) => Err(SweepFailure { what: waiting.action.to_string(), error: SweepError::Ask(error) }),
        }
    }

    /// Does what is left to do about a request: announces its outcome, or sends emails that are missing, receipts
    /// too, and reminders.
    async fn follow_up(&self, request: Request, now: UtcDateTime) -> Result<SweepSummary, SweepError> {
        let key = &request.approval.key();
        let mut summary = SweepSummary { looked: 1, ..SweepSummary::default() };
        let Reconciled { request, is_pending, is_shown, finished } = self.reconcile(request, now).await?;
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
        } else if is_pending && now > request.waits_until {
            // It waits for longer than its time-out said: the account's quota is another, or the action was changed since.
            tracing::warn!(%key, "an approval waits although its links have expired");
        } else if !is_shown && now - request.waits_until > SHOWN_FOR {
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
            return Ok(Reconciled { request, is_pending: false, is_shown: true, finished: false });
        }
        let is_past = now - request.waits_until > SHOWN_FOR;
        let status = match self.pipeline.status(&request, now).await {
            // What AWS refuses to show, even a day after the expiry, it never will.
            Err(error) if is_past && error.kind == AwsErrorKind::Refused && !error.is_throttling() => {
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
            return Ok(Reconciled { request, is_pending: false, is_shown: true, finished: false });
        }
        let is_shown = is_pending;
        if !self.finish_vote(&request, now).await? {
            return Ok(Reconciled { request, is_pending, is_shown, finished: false });
        }
        let request = match self.ledger.read_request(&key).await?.request() {
            Some(request) => self.announce.confirmed(request).await?,
            None => request,
        };
        let finished = request.outcome.is_some();
        // Without an outcome it is about to get one: nobody is reminded.
        Ok(Reconciled { request, is_pending: false, is_shown: true, finished })
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
    /// Whether CodePipeline shows it at all.
    is_shown: bool,
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
    // Nor do those whom it would not reach either.
    let unreached = unreached(request, before);
    due(before, EmailKind::Reminder { before: ahead }, request, now).filter(move |recipient| {
        recipient.decides
            && !unreached.contains(&recipient.mailbox.address.identity())
            && request.vote_of(&recipient.mailbox.address).is_none()
            && delivery_of(before, EmailKind::Request, recipient).is_some_and(was_asked)
    })
}

fn delivery_of<'a>(before: &'a [Delivery], kind: EmailKind, recipient: &Recipient) -> Option<&'a Delivery> {
    let mailbox = recipient.mailbox.address.identity();
    before.iter().find(|delivery| delivery.kind == kind && delivery.mailbox == mailbox)
}

/// One approval for the sweep to look at.
enum Task {
    /// One that is open in the ledger.
    Open(ApprovalKey),
    /// One that waits in CodePipeline, and is perhaps not in the ledger.
    Waiting(PendingRef),
    /// One that is open in the ledger, has no request, and was seen to wait nowhere; and whether all was looked at.
    Gone { key: ApprovalKey, is_over: bool },
}

/// What became of one.
#[derive(Default)]
struct Done {
    summary: SweepSummary,
    /// It is open in the ledger, and has no request.
    gone: Option<ApprovalKey>,
    /// CodePipeline throttled before it was asked about.
    again: Option<PipelineName>,
}

impl From<SweepSummary> for Done {
    fn from(summary: SweepSummary) -> Self {
        Self { summary, ..Self::default() }
    }
}
