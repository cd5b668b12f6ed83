//! The hourly sweep: it reminds, and it finishes what a crash left undone.
//!
//! It looks at every approval of the ledger that is not done with, and at every approval that waits in CodePipeline.
//! Whatever it finds, it does what would have been done at first, with the same claims, so that nobody is asked, reminded
//! or told twice.

use std::collections::BTreeSet;

use countersign::approval::{Approval, ApprovalKey};
use countersign::aws::AwsError;
use countersign::delivery::{Delivery, DeliveryState, EmailKind};
use countersign::link::SignError;
use countersign::pipeline::{ApprovalStatus, PendingRef};
use countersign::request::Request;
use futures_util::{StreamExt, stream};
use time::{Duration, UtcDateTime};

use crate::Notifier;
use crate::callback_client::CallbackError;
use crate::outbox::{DeliverySummary, LEASE, Recipient, recipients};
use crate::report::{Handled, NotifyError, SweepSummary};

/// How many approvals are looked at side by side.
const CONCURRENT_APPROVALS: usize = 4;
/// For how long looks are begun. The last of the function's five minutes is for what was begun.
const START_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);
/// How long all pipelines may take to be looked through.
const LIST_WITHIN: std::time::Duration = std::time::Duration::from_mins(1);
/// How long after its end it is tried to tell people how an approval ended whose emails are refused. After that nobody
/// waits for it any more.
const ANNOUNCE_FOR: Duration = Duration::days(1);
/// How long a link is good that has a vote carried out.
const FINISH_LINK_LIFETIME: Duration = Duration::minutes(5);
/// How long after its time CodePipeline may go on not showing how an approval ended.
const SHOWN_FOR: Duration = Duration::days(1);

impl Notifier {
    /// Looks after everything that waits.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else has been done, and the next sweep tries again.
    pub(crate) async fn sweep(&self) -> Result<SweepSummary, NotifyError> {
        let now = (self.clock)();
        let failed = |error| NotifyError::Aws { what: "the sweep".to_owned(), error };
        let enough = Box::pin(tokio::time::sleep(START_WITHIN));
        let waiting = tokio::time::timeout(LIST_WITHIN, self.pipeline.waiting(now));
        let (open, waiting) = tokio::join!(self.ledger.open_approvals(), waiting);
        let open: BTreeSet<ApprovalKey> = open.map_err(failed)?.into_iter().collect();
        let too_slow = |_| (Vec::new(), vec![AwsError::unexpected("codepipeline:ListPipelines", "too slow")]);
        let (waiting, unread) = waiting.unwrap_or_else(too_slow);
        let waiting: Vec<Waits> = waiting.into_iter().map(Waits::from).collect();
        let mut errors: Vec<NotifyError> = unread.into_iter().map(failed).collect();
        let known = open.iter().map(Look::After);
        let unknown = waiting.iter().filter(|waits| !waits.key.as_ref().is_some_and(|key| open.contains(key)));
        let mut looks: Vec<Look> = known.chain(unknown.map(Look::At)).collect();
        let mut left = looks.len();
        // In another order each time: what takes long, hour by hour, must not keep the same others from their turn.
        fastrand::shuffle(&mut looks);
        let looks: Vec<_> = looks.into_iter().map(|look| Box::pin(self.look(look, &waiting, now))).collect();
        let begun = stream::iter(looks).take_until(enough);
        let mut done = begun.buffer_unordered(CONCURRENT_APPROVALS);
        let mut swept = SweepSummary::default();
        while let Some(look) = done.next().await {
            left -= 1;
            match look {
                Ok(one) => swept.add(one),
                Err(error) => {
                    swept.looked += 1;
                    errors.push(error);
                }
            }
        }
        // Lambda tries a failed sweep again, twice, within minutes: sooner than the next hour's.
        if left > 0 {
            errors.insert(0, NotifyError::NoTime { left });
        }
        if errors.is_empty() {
            return Ok(swept);
        }
        tracing::warn!(?swept, "a sweep could not do everything");
        Err(NotifyError::several(errors))
    }

    async fn look(&self, look: Look<'_>, waiting: &[Waits], now: UtcDateTime) -> Result<SweepSummary, NotifyError> {
        match look {
            Look::After(key) => self.look_after(key, waiting, now).await,
            // It waits and was never put to anybody: its event was lost, or came before this deployment.
            Look::At(waits) => match self.ask(&waits.pending).await? {
                Handled::Asked { sent, .. } if sent > 0 => {
                    Ok(SweepSummary { looked: 1, asked: sent, ..SweepSummary::default() })
                }
                // Over, or one of the ledger's after all.
                _ => Ok(SweepSummary::default()),
            },
        }
    }

    /// Does what is left to do about one approval.
    async fn look_after(
        &self,
        key: &ApprovalKey,
        waiting: &[Waits],
        now: UtcDateTime,
    ) -> Result<SweepSummary, NotifyError> {
        let failed = |error| NotifyError::Aws { what: key.to_string(), error };
        let mut swept = SweepSummary { looked: 1, ..SweepSummary::default() };
        let Some(request) = self.ledger.read_request(key).await.map_err(failed)? else {
            self.ledger.close(key, now).await.map_err(failed)?;
            return Ok(swept);
        };
        let request = self.with_execution(request, waiting).await?;
        let (request, waits, finished) = self.reconcile(request, now).await?;
        swept.finished = finished;
        if let Some(outcome) = &request.outcome {
            let told = self.tell(&request).await;
            if told.as_ref().is_err_and(NotifyError::is_refusal) && now - outcome.at > ANNOUNCE_FOR {
                tracing::error!(%key, "somebody cannot be told how an approval ended");
                self.ledger.close(key, now).await.map_err(failed)?;
            }
            swept.told = told?;
        } else if now < request.expires {
            let before = self.ledger.deliveries(key).await.map_err(failed)?;
            let asked = self
                .deliver_to(&request, EmailKind::Request, without(&before, EmailKind::Request, &request, now))
                .await;
            let reminded = if waits { self.remind(&request, &before, now).await } else { DeliverySummary::default() };
            (swept.asked, swept.reminded) = (asked.sent, reminded.sent);
            if asked.tried() + reminded.tried() > 0 {
                swept.told = self.tell_if_it_ended(key).await?;
            }
            let failures: Vec<_> = asked.failures.into_iter().chain(reminded.failures).collect();
            if !failures.is_empty() {
                let (approval, recipients) = (request.approval.action.to_string(), recipients(&request).count());
                return Err(NotifyError::Deliveries { approval, recipients, failures });
            }
        } else if now - request.waits_until > SHOWN_FOR {
            tracing::error!(%key, "CodePipeline does not show how an approval ended whose time is over");
            self.ledger.close(key, now).await.map_err(failed)?;
        }
        Ok(swept)
    }

    /// The request with its execution, which an SNS notice did not tell and CodePipeline shows now.
    async fn with_execution(&self, request: Request, waiting: &[Waits]) -> Result<Request, NotifyError> {
        if request.approval.execution.is_some() {
            return Ok(request);
        }
        let key = request.approval.key();
        let shown = waiting.iter().find(|waits| waits.key.as_ref() == Some(&key));
        let Some(execution) = shown.and_then(|waits| waits.pending.execution.clone()) else { return Ok(request) };
        let what = request.approval.action.to_string();
        self.ledger.add_execution(request, execution).await.map_err(|error| NotifyError::Aws { what, error })
    }

    /// The request, with its outcome if CodePipeline shows one, or if its votes come to one: then the callback is asked to
    /// carry them out. And whether it waits for certain, and how many outcomes the callback brought about.
    async fn reconcile(&self, request: Request, now: UtcDateTime) -> Result<(Request, bool, usize), NotifyError> {
        let failed = |error| NotifyError::Aws { what: request.approval.action.to_string(), error };
        let key = request.approval.key();
        if request.outcome.is_some() {
            return Ok((request, false, 0));
        }
        let standing = match self.pipeline.status(&request, now).await {
            // What cannot be read, not even a day after its time, will not be.
            Err(error) if now - request.waits_until > SHOWN_FOR => {
                tracing::error!(%error, %key, "how an approval ended cannot be read");
                ApprovalStatus::Unknown
            }
            standing => standing.map_err(failed)?,
        };
        let waits = standing == ApprovalStatus::Pending;
        if let ApprovalStatus::Ended(outcome) = standing {
            let concluded = self.ledger.record_outcome(&key, &outcome).await.map_err(failed)?;
            return Ok((concluded.request().unwrap_or(request), false, 0));
        }
        if now >= request.waits_until || !self.finish_vote(&request, now).await? {
            return Ok((request, waits, 0));
        }
        let after = self.ledger.read_request(&key).await.map_err(failed)?.unwrap_or(request);
        let finished = usize::from(after.outcome.is_some());
        // Without an outcome it is about to have one: nobody is reminded of that.
        Ok((after, false, finished))
    }

    /// Has a vote carried out that settles the approval, if there is one: the visit of whoever voted died in between. The
    /// link for that lives for minutes, also after the links of the emails have ended: the vote was given in time.
    async fn finish_vote(&self, request: &Request, now: UtcDateTime) -> Result<bool, NotifyError> {
        let decision = request.verdict.as_ref().map(|verdict| verdict.decision).or_else(|| request.count());
        let Some(vote) = decision.and_then(|decision| request.votes_for(decision).pop()) else { return Ok(false) };
        let approval = || request.approval.action.to_string();
        let (from, until) = (request.asked, now.saturating_add(FINISH_LINK_LIFETIME));
        let link = self.links.sign(&request.approval, &vote.approver, vote.decision, from, until).await;
        let not_signed = |error: SignError| {
            let failures = vec![error.into()];
            NotifyError::Deliveries { approval: approval(), recipients: 1, failures }
        };
        let finished: Result<(), CallbackError> = self.callback.finish(&link.map_err(not_signed)?, vote.decision).await;
        finished.map_err(|error| NotifyError::NotFinished { approval: approval(), error })?;
        Ok(true)
    }

    /// Reminds those who were asked before this sweep and have not voted, once for each time that the policy sets.
    async fn remind(&self, request: &Request, before: &[Delivery], now: UtcDateTime) -> DeliverySummary {
        let Some(ahead) = request.reminder(now) else { return DeliverySummary::default() };
        let kind = EmailKind::Reminder { before: ahead };
        let time = request.expires.saturating_sub(ahead);
        // Whoever was asked only after that time needs no reminder yet.
        let was_asked = |delivery: &Delivery| matches!(delivery.state, DeliveryState::Sent { at, .. } if at < time);
        let due = without(before, kind, request, now).filter(|recipient| {
            recipient.decides
                && request.vote_of(&recipient.mailbox.address).is_none()
                && delivery_of(before, EmailKind::Request, recipient).is_some_and(was_asked)
        });
        self.deliver_to(request, kind, due).await
    }
}

/// Those to whom an email about this was not sent, and to whom nobody is sending it this very moment.
fn without<'a>(
    before: &'a [Delivery],
    kind: EmailKind,
    request: &'a Request,
    now: UtcDateTime,
) -> impl Iterator<Item = Recipient<'a>> + use<'a> {
    recipients(request).filter(move |recipient| {
        let done = |delivery: &Delivery| delivery.is_sent() || delivery.is_under_way(now, LEASE);
        !delivery_of(before, kind, recipient).is_some_and(done)
    })
}

fn delivery_of<'a>(before: &'a [Delivery], kind: EmailKind, recipient: &Recipient) -> Option<&'a Delivery> {
    let mailbox = recipient.mailbox.address.identity();
    before.iter().find(|delivery| delivery.kind == kind && delivery.mailbox == mailbox)
}

/// One approval for the sweep to look at.
enum Look<'a> {
    /// One of the ledger's.
    After(&'a ApprovalKey),
    /// One that waits in CodePipeline and may not be in the ledger.
    At(&'a Waits),
}

/// An approval that waits in CodePipeline.
struct Waits {
    pending: PendingRef,
    /// Its key, if CodePipeline shows its token, as it does except in PARALLEL mode. Asking finds out then that it was
    /// asked for.
    key: Option<ApprovalKey>,
}

impl From<PendingRef> for Waits {
    fn from(pending: PendingRef) -> Self {
        let key = pending.token.clone().map(|token| {
            let (action, execution) = (pending.action.clone(), pending.execution.clone());
            Approval { action, token, execution }.key()
        });
        Self { pending, key }
    }
}

impl SweepSummary {
    fn add(&mut self, other: Self) {
        self.looked += other.looked;
        self.asked += other.asked;
        self.reminded += other.reminded;
        self.told += other.told;
        self.finished += other.finished;
    }
}
