//! The hourly sweep: it reminds, and it finishes what a crash left undone.
//!
//! It looks at every approval of the ledger that is not done with, and at every approval that waits in CodePipeline.
//! Whatever it finds, it does what would have been done at first, with the same claims, so that nobody is asked, reminded
//! or told twice.

use std::collections::BTreeSet;

use countersign::approval::{Approval, ApprovalKey};
use countersign::delivery::{About, Delivery};
use countersign::pipeline::{Sought, Standing};
use countersign::request::Request;
use futures_util::{StreamExt, stream};
use time::{Duration, UtcDateTime};

use crate::Notifier;
use crate::callback::CallbackError;
use crate::deliver::{Deliveries, Receiver, receivers};
use crate::report::{Handled, NotifyError, Swept};

/// How many approvals are looked after side by side.
const APPROVALS_AT_ONCE: usize = 4;
/// How long after its end people are told how an approval ended. After that nobody waits for it any more.
const TOLD_WITHIN: Duration = Duration::days(1);
/// How long after its time CodePipeline may go on not showing how an approval ended.
const SHOWN_WITHIN: Duration = Duration::days(1);

impl Notifier {
    /// Looks after everything that waits.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else has been done, and the next sweep tries again.
    pub(crate) async fn sweep(&self) -> Result<Swept, NotifyError> {
        let now = (self.clock)();
        let failed = |error| NotifyError::Aws { what: "the sweep".to_owned(), error };
        let (open, (waiting, unread)) = tokio::join!(self.ledger.open_approvals(), self.pipeline.waiting(now));
        let open: BTreeSet<ApprovalKey> = open.map_err(failed)?.into_iter().collect();
        let mut errors: Vec<NotifyError> = unread.into_iter().map(failed).collect();
        let looks: Vec<_> = open.iter().map(|key| Box::pin(self.look_after(key, now))).collect();
        let mut done: Vec<Result<Swept, NotifyError>> =
            stream::iter(looks).buffer_unordered(APPROVALS_AT_ONCE).collect().await;
        let unasked: Vec<_> = waiting.iter().filter(|sought| !is_known(sought, &open)).collect();
        let asks: Vec<_> = unasked.into_iter().map(|sought| Box::pin(self.ask_late(sought))).collect();
        done.extend(stream::iter(asks).buffer_unordered(APPROVALS_AT_ONCE).collect::<Vec<_>>().await);
        let mut swept = Swept { looked: open.len(), ..Swept::default() };
        for one in done {
            match one {
                Ok(one) => swept.add(one),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            return Ok(swept);
        }
        tracing::warn!(?swept, "a sweep could not do everything");
        Err(NotifyError::several(errors))
    }

    /// Asks for an approval that waits and was never put to anybody: its event was lost, or came before this deployment.
    async fn ask_late(&self, sought: &Sought) -> Result<Swept, NotifyError> {
        match self.ask(sought).await? {
            Handled::Asked { sent, .. } => Ok(Swept { asked: sent, ..Swept::default() }),
            _ => Ok(Swept::default()),
        }
    }

    /// Does what is left to do about one approval.
    async fn look_after(&self, key: &ApprovalKey, now: UtcDateTime) -> Result<Swept, NotifyError> {
        let failed = |error| NotifyError::Aws { what: key.to_string(), error };
        let Some(request) = self.ledger.read(key).await.map_err(failed)? else {
            self.ledger.close(key, now).await.map_err(failed)?;
            return Ok(Swept::default());
        };
        let (request, finished) = self.bring_to_its_end(request, now).await?;
        let mut swept = Swept { finished, ..Swept::default() };
        if let Some(outcome) = &request.outcome {
            let told = self.tell(&request).await;
            if told.is_err() && now - outcome.at > TOLD_WITHIN {
                tracing::error!(%key, "nobody can be told any more how an approval ended");
                self.ledger.close(key, now).await.map_err(failed)?;
            }
            swept.told = told?;
        } else if now < request.expires {
            let before = self.ledger.deliveries(key).await.map_err(failed)?;
            let asked = self.deliver_to(&request, About::Request, without(&before, About::Request, &request)).await;
            let reminded = self.remind(&request, &before, now).await;
            (swept.asked, swept.reminded) = (asked.sent, reminded.sent);
            let failures: Vec<_> = asked.failures.into_iter().chain(reminded.failures).collect();
            if !failures.is_empty() {
                let (approval, receivers) = (request.approval.action.to_string(), receivers(&request).count());
                return Err(NotifyError::Deliveries { approval, receivers, failures });
            }
        } else if now - request.waits_until > SHOWN_WITHIN {
            tracing::error!(%key, "CodePipeline does not show how an approval ended whose time is over");
            self.ledger.close(key, now).await.map_err(failed)?;
        }
        Ok(swept)
    }

    /// The request, with its outcome if CodePipeline shows one, or if its votes come to one: then the callback is asked to
    /// carry them out.
    async fn bring_to_its_end(&self, request: Request, now: UtcDateTime) -> Result<(Request, usize), NotifyError> {
        let failed = |error| NotifyError::Aws { what: request.approval.action.to_string(), error };
        let key = request.approval.key();
        if request.outcome.is_some() {
            return Ok((request, 0));
        }
        if let Standing::Ended(outcome) = self.pipeline.standing(&request).await.map_err(failed)? {
            let concluded = self.ledger.conclude(&key, &outcome).await.map_err(failed)?;
            return Ok((concluded.request().unwrap_or(request), 0));
        }
        if now >= request.expires || !self.press_again(&request).await? {
            return Ok((request, 0));
        }
        let after = self.ledger.read(&key).await.map_err(failed)?.unwrap_or(request);
        let finished = usize::from(after.outcome.is_some());
        Ok((after, finished))
    }

    /// Presses the button again for a vote that settles the approval, if there is one: whoever voted had his visit end in
    /// between. Nothing is decided here that he did not decide.
    async fn press_again(&self, request: &Request) -> Result<bool, NotifyError> {
        let decision = request.verdict.as_ref().map(|verdict| verdict.decision).or_else(|| request.count());
        let Some(vote) = decision.and_then(|decision| request.votes_for(decision).pop()) else { return Ok(false) };
        let Some(voter) = request.terms.approvers.get(&vote.approver.identity()) else { return Ok(false) };
        let approval = || request.approval.action.to_string();
        let link = self.sign(request, voter, vote.decision).await;
        let link = link.map_err(|error| NotifyError::Deliveries {
            approval: approval(),
            receivers: 1,
            failures: vec![error.into()],
        })?;
        let pressed: Result<(), CallbackError> = self.callback.press(&link, vote).await;
        pressed.map_err(|error| NotifyError::NotCarriedOut { approval: approval(), error })?;
        Ok(true)
    }

    /// Reminds those who were asked before this sweep and have not voted, once for each time that the policy sets.
    async fn remind(&self, request: &Request, before: &[Delivery], now: UtcDateTime) -> Deliveries {
        let Some(ahead) = request.reminder(now) else { return Deliveries::default() };
        let about = About::Reminder { before: ahead };
        let due = without(before, about, request).filter(|receiver| {
            receiver.decides
                && request.vote_of(&receiver.mailbox.address).is_none()
                && is_sent(before, About::Request, receiver)
        });
        self.deliver_to(request, about, due).await
    }
}

/// Those to whom an email about this was not sent.
fn without<'a>(
    before: &'a [Delivery],
    about: About,
    request: &'a Request,
) -> impl Iterator<Item = Receiver<'a>> + use<'a> {
    receivers(request).filter(move |receiver| !is_sent(before, about, receiver))
}

fn is_sent(before: &[Delivery], about: About, receiver: &Receiver) -> bool {
    let mailbox = receiver.mailbox.address.identity();
    before.iter().any(|delivery| delivery.about == about && delivery.mailbox == mailbox && delivery.is_sent())
}

/// Whether the ledger has the request of what waits there. Without its token, as in PARALLEL mode, that cannot be told;
/// asking then does no more than find out.
fn is_known(sought: &Sought, open: &BTreeSet<ApprovalKey>) -> bool {
    sought.token.as_ref().is_some_and(|token| {
        let (action, execution) = (sought.action.clone(), sought.execution.clone());
        open.contains(&Approval { action, token: token.clone(), execution }.key())
    })
}

impl Swept {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.reminded += other.reminded;
        self.told += other.told;
        self.finished += other.finished;
    }
}
