//! The hourly sweep: it sends reminders, and finishes what a crash left undone.
//!
//! It looks at every approval that is open in the ledger, and at every approval that waits in CodePipeline. For each it
//! does what should have been done before, under the same claims, so that nobody gets an email twice.

mod failure;
mod part;
mod queue;
mod round;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use countersign::approval::{ApprovalKey, Location, PipelineName};
use countersign::aws::AwsErrorKind;
use countersign::clock::Clock;
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::ledger::{Ledger, OpenApproval};
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
pub(crate) use part::PartMessage;
pub use part::SweepPart;
use part::{PartId, SearchFrom};
pub use queue::QueueUrl;
use queue::Retry;
pub(crate) use queue::SweepQueue;
pub use round::RoundSummary;
use search::Found;

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
use crate::served::{Scope, ServedPlaces};

/// How many approvals are looked at side by side.
const CONCURRENT_APPROVALS: usize = 4;
/// For how long a sweep goes on to the next approval. The last of the function's five minutes is for those begun by then.
const START_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);
/// For how long a sweep goes on to the next pipeline, so that there is time left to ask about what waits in the last ones.
const SEARCH_WITHIN: std::time::Duration = std::time::Duration::from_secs(210);
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
    pub(crate) queue: SweepQueue,
    pub(crate) served: ServedPlaces,
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
    /// Pipelines that were not looked at, because there are too many for one sweep or CodePipeline throttles. Where it is part
    /// of a round, the next part goes on there.
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

/// What a sweep is to look at.
struct Work<'a> {
    /// Open approvals.
    open: Vec<ApprovalKey>,
    /// All open approvals, and where they are if that is known: what waits and is none of these is to be asked about.
    known: BTreeMap<ApprovalKey, Option<Location>>,
    /// The places whose pipelines are to be looked through.
    places: &'a [Location],
    /// The pipeline to begin with.
    from: Option<&'a PipelineName>,
}

/// What became of it.
struct Swept {
    summary: SweepSummary,
    failures: Vec<SweepFailure>,
    /// Open approvals that were not looked at, for want of time.
    left: Vec<ApprovalKey>,
    /// How many other approvals were not looked at, for want of time.
    unasked: usize,
    /// The pipelines to look at again, one for each place: those from there on were not, or not wholly, looked at.
    next: Vec<(Location, PipelineName)>,
    /// Whether CodePipeline does not answer somewhere.
    is_down: bool,
}

impl Sweep {
    /// Looks at every approval there and does what is left to do about it: at those that are open in the ledger, and beside
    /// them at what waits in the pipelines.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else was done, and the next sweep tries again.
    pub(crate) async fn sweep(&self, places: &[Location]) -> Result<SweepSummary, Errors<SweepFailure>> {
        let open = self.ledger.open_approvals().await.map_err(|error| SweepError::Aws(error).of_sweep())?;
        let is_there = |open: &OpenApproval| open.at.as_ref().is_none_or(|at| places.contains(at));
        let known = open.iter().map(|open| (open.key.clone(), open.at.clone())).collect();
        let mut open: Vec<ApprovalKey> = open.into_iter().filter(is_there).map(|open| open.key).collect();
        // In another order each time: what takes long must not keep the same others from their turn.
        fastrand::shuffle(&mut open);
        let work = Work { open, known, places, from: None };
        let (swept, rights) = tokio::join!(Box::pin(self.work(work)), Box::pin(self.rights()));
        let Swept { mut summary, failures: mut errors, left, unasked, .. } = swept;
        let left = left.len() + unasked;
        if left > 0 {
            errors.push(SweepError::NoTime { left }.of_sweep());
        }
        summary.rights = rights.unwrap_or_else(|error| {
            errors.push(error.of_policy());
            0
        });
        self.report(&summary, &errors);
        Errors::check(errors).map(|()| summary)
    }

    /// Does one part of a round, whose message has this receipt, and puts what it leaves into the queue.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else was done, and the message comes again.
    pub(crate) async fn part(&self, part: &SweepPart, receipt: &str) -> Result<SweepSummary, Errors<SweepFailure>> {
        let (summary, errors, retry) = self.take(part).await;
        if !errors.is_empty() {
            self.queue.retry(receipt, retry).await;
        }
        Errors::check(errors).map(|()| summary)
    }

    /// Does one part of a round: what it did, what failed, and when to try that again.
    async fn take(&self, part: &SweepPart) -> (SweepSummary, Vec<SweepFailure>, Retry) {
        let known = match &part.search {
            Some(_) => self.ledger.open_approvals().await,
            None => Ok(Vec::new()),
        };
        let known = match known {
            Ok(known) => known,
            Err(error) => {
                return (SweepSummary::default(), vec![SweepError::Aws(error).of_place(&part.at)], Retry::Later);
            }
        };
        let work = Work {
            open: part.open.clone(),
            known: known.into_iter().map(|open| (open.key, open.at)).collect(),
            places: part.search.as_ref().map_or(&[], |_| std::slice::from_ref(&part.at)),
            from: match &part.search {
                Some(SearchFrom::Pipeline(from)) => Some(from),
                Some(SearchFrom::First) | None => None,
            },
        };
        let Swept { summary, failures: mut errors, left, next, is_down, .. } = Box::pin(self.work(work)).await;
        let mut retry = if is_down { Retry::Later } else { Retry::Soon };
        let next = next.into_iter().next().map(|(_, name)| SearchFrom::Pipeline(name));
        let rest = (!left.is_empty() || next.is_some()).then(|| SweepPart {
            at: part.at.clone(),
            id: PartId { after: part.id.after.saturating_add(1), ..part.id.clone() },
            open: left,
            search: next,
        });
        self.report(&summary, &errors);
        if let Err(error) = self.end(part, rest).await {
            errors.push(error.of_place(&part.at));
            retry = Retry::Later;
        }
        (summary, errors, retry)
    }

    fn report(&self, summary: &SweepSummary, errors: &[SweepFailure]) {
        self.metrics.record(metrics::PIPELINES_LEFT, summary.left);
        self.metrics.record(metrics::THROTTLED, summary.throttled);
        if !errors.is_empty() || summary.left > 0 || summary.throttled > 0 {
            tracing::warn!(?summary, "a sweep could not do everything");
        }
    }

    async fn work(&self, Work { open, known, places, from }: Work<'_>) -> Swept {
        let (now, began) = ((self.clock)(), Instant::now());
        // Those that CodePipeline shows come in between.
        let follow: Vec<Task> = open.iter().cloned().map(Task::Open).collect();
        let (found, waiting) = mpsc::unbounded_channel();
        let unknown = stream::unfold(waiting, async |mut waiting: mpsc::UnboundedReceiver<_>| {
            Some((Task::Waiting(waiting.recv().await?), waiting))
        });
        let tasks = stream::select(stream::iter(follow), Box::pin(unknown));
        let (until, tasks_begun) = (began + START_WITHIN, Begun::default());
        let (mut searched, mut done) = tokio::join!(
            Box::pin(self.search(places, from, &known, began + SEARCH_WITHIN, now, found)),
            Box::pin(self.run_all(tasks, until, now, &tasks_begun)),
        );
        let everywhere = self.is_everywhere(places).await;
        let gone: Vec<Task> = done
            .iter()
            .filter_map(|one| one.as_ref().ok()?.gone.clone())
            .map(|key| {
                if let Some(reference) = searched.open.remove(&key) {
                    return Task::Waiting(Found { number: None, reference });
                }
                let is_searched = is_searched(known.get(&key), places, everywhere);
                Task::Gone { key, is_over: from.is_none() && searched.is_complete() && is_searched }
            })
            .collect();
        done.extend(self.run_all(stream::iter(gone), until, now, &tasks_begun).await);
        let mut again: Vec<_> = done.iter().filter_map(|one| one.as_ref().ok()?.again.clone()).collect();
        let ran = tasks_begun.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_unasked = |(number, _): &(usize, _)| !ran.asked.contains(number);
        let unasked: Vec<_> = searched.found.drain(..).enumerate().filter(is_unasked).map(|(_, at)| at).collect();
        let left = open.into_iter().filter(|key| !ran.open.contains(key)).collect();
        again.extend(unasked.iter().cloned());
        let next = searched.next(from, &again);
        let mut failures: Vec<SweepFailure> =
            searched.unread.into_iter().map(|(at, error)| SweepError::Aws(error).of_place(&at)).collect();
        let mut summary = SweepSummary { left: searched.left, ..SweepSummary::default() };
        for one in done {
            match one {
                Ok(one) => {
                    summary.throttled += usize::from(one.again.is_some());
                    summary.add(one.summary);
                }
                Err(failure) if failure.error.is_throttling() => summary.throttled += 1,
                Err(error) => {
                    summary.looked += 1;
                    failures.push(error);
                }
            }
        }
        Swept { summary, failures, left, unasked: unasked.len(), next, is_down: searched.is_down }
    }

    /// Whether these are all places in which an approval can wait.
    async fn is_everywhere(&self, places: &[Location]) -> bool {
        let Ok(served) = self.served.now().await else { return false };
        served.all(&Scope::default()).is_ok_and(|all| all.len() == places.len())
    }

    /// Runs tasks, some side by side, and begins none after `until`.
    async fn run_all(
        &self,
        tasks: impl Stream<Item = Task>,
        until: Instant,
        now: UtcDateTime,
        begun: &Begun,
    ) -> Vec<Result<Done, SweepFailure>> {
        let tasks = tasks.map(|task| Box::pin(self.run(task, now, begun))).take_until(Box::pin(sleep_until(until)));
        tasks.buffer_unordered(CONCURRENT_APPROVALS).collect().await
    }

    /// Tells of a change of the policy that nobody was asked under.
    async fn rights(&self) -> Result<usize, SweepError> {
        let noted = self.changes.note(&self.policy.read().await?).await?;
        Ok(self.changes.tell(noted).await?)
    }

    async fn run(&self, task: Task, now: UtcDateTime, begun: &Begun) -> Result<Done, SweepFailure> {
        task.note(&mut begun.lock().unwrap_or_else(PoisonError::into_inner));
        match task {
            Task::Open(key) => {
                let Some(request) = self.ledger.read_request(&key).await.map_err(of_key(&key))?.request() else {
                    return Ok(Done { gone: Some(key), ..Done::default() });
                };
                if !self.served.has(&request.approval.action).await.map_err(of_key(&key))? {
                    tracing::warn!(%key, "an approval is open of a pipeline that is not served any more");
                    return Ok(Done::default());
                }
                let what = request.approval.action.to_string();
                self.follow_up(request, now).await.map(Done::from).map_err(|error| SweepFailure { what, error })
            }
            Task::Waiting(Found { reference, .. }) => match self.ask(&reference).await {
                Err(failure) if failure.error.is_throttling() => {
                    let again = Some((reference.action.location(), reference.action.pipeline));
                    Ok(Done { again, ..Done::default() })
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

    /// Does what is left to do about a request: announces its outcome, or sends emails and events that are missing, and
    /// reminders.
    async fn follow_up(&self, request: Request, now: UtcDateTime) -> Result<SweepSummary, SweepError> {
        let key = &request.approval.key();
        let mut summary = SweepSummary { looked: 1, ..SweepSummary::default() };
        let Reconciled { request, is_pending, is_shown, finished } = self.reconcile(request, now).await?;
        summary.finished = usize::from(finished);
        if let Some(outcome) = &request.outcome {
            let announced = self.announce.announce(&request).await;
            if announced.as_ref().is_err_and(AnnounceError::is_refusal) && now - outcome.at > ANNOUNCE_FOR {
                tracing::error!(%key, "closed an approval although emails or events that announce its outcome are refused");
                self.ledger.close(key, now).await?;
            }
            summary.told = announced?;
            return Ok(summary);
        }
        let (sent, published) = tokio::join!(
            Box::pin(self.send_missing(&request, is_pending, now, &mut summary)),
            Box::pin(self.announce.publisher.publish(&request)),
        );
        sent?;
        published.map_err(AnnounceError::Unpublished)?;
        if now < request.expires {
            return Ok(summary);
        }
        if is_pending && now > request.waits_until {
            // It waits for longer than its time-out said: the account's quota is another, or the action was changed since.
            tracing::warn!(%key, "an approval waits although its links have expired");
        } else if !is_shown && now - request.waits_until > SHOWN_FOR {
            tracing::error!(%key, "closed an expired approval although CodePipeline does not show how it ended");
            self.ledger.close(key, now).await?;
        }
        Ok(summary)
    }

    /// Sends the emails of a request without an outcome that are missing, receipts too, and reminders, as long as its links
    /// work.
    async fn send_missing(
        &self,
        request: &Request,
        is_pending: bool,
        now: UtcDateTime,
        summary: &mut SweepSummary,
    ) -> Result<(), SweepError> {
        if now >= request.expires {
            return Ok(());
        }
        let key = &request.approval.key();
        let before = self.ledger.deliveries(key, &request.digest).await?;
        let missing = due(&before, EmailKind::Request, request, now);
        let asked = self.outbox.send(request, EmailKind::Request, missing).await;
        let reminded = match request.reminder(now).filter(|_| is_pending) {
            Some(ahead) => {
                let due = to_remind(&before, ahead, request, now);
                self.outbox.send(request, EmailKind::Reminder { before: ahead }, due).await
            }
            None => DeliverySummary::default(),
        };
        let receipts = self.receipts.send(request, &before).await;
        (summary.asked, summary.reminded, summary.receipts) = (asked.sent, reminded.sent, receipts.sent);
        let deliveries = asked.and(reminded);
        if deliveries.attempted() > 0 {
            summary.told = self.announce.announce_if_ended(key).await?;
        }
        deliveries.and(receipts).complete(recipients(&request.terms).count())?;
        Ok(())
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
            let request = if memo {
                Request { outcome: Some(outcome), ..request }
            } else {
                self.ledger.note_outcome(request, outcome).await?
            };
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

/// Whether an open approval can only wait in these places, given where the ledger says that it is.
fn is_searched(known: Option<&Option<Location>>, places: &[Location], everywhere: bool) -> bool {
    match known {
        Some(Some(at)) => places.contains(at),
        Some(None) => everywhere,
        None => false,
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
    Waiting(Found),
    /// One that is open in the ledger, has no request, and was seen to wait nowhere; and whether all was looked at.
    Gone { key: ApprovalKey, is_over: bool },
}

impl Task {
    fn note(&self, begun: &mut Tasks) {
        match self {
            Self::Open(key) => {
                begun.open.insert(key.clone());
            }
            Self::Waiting(found) => begun.asked.extend(found.number),
            Self::Gone { .. } => {}
        }
    }
}

/// The tasks that were begun. Each that was is also ended.
type Begun = Mutex<Tasks>;

#[derive(Default)]
struct Tasks {
    open: BTreeSet<ApprovalKey>,
    /// The numbers of what was found waiting.
    asked: BTreeSet<usize>,
}

/// What became of one.
#[derive(Default)]
struct Done {
    summary: SweepSummary,
    /// It is open in the ledger, and has no request.
    gone: Option<ApprovalKey>,
    /// CodePipeline throttled before it was asked about.
    again: Option<(Location, PipelineName)>,
}

impl From<SweepSummary> for Done {
    fn from(summary: SweepSummary) -> Self {
        Self { summary, ..Self::default() }
    }
}
