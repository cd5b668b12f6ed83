//! What is done about an event: put the approval to its approvers, or record how it ended.

use std::sync::Arc;

use aws_config::SdkConfig;
use countersign::approval::{
    ActionName, Approval, ApprovalAction, ApprovalKey, Approver, Decision, ExecutionId, PipelineName, StageName,
};
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::keys::SigningKey;
use countersign::ledger::{Claim, Ledger};
use countersign::link::{LinkSigner, SignError};
use countersign::metrics::{Metric, Metrics, Sink};
use countersign::pipeline::{CodePipeline, FindError, Patience, Sought};
use countersign::request::Request;
use futures_util::{StreamExt, stream};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use time::UtcDateTime;

use crate::doctor::{Diagnosis, Doctor};
use crate::email::{Email, RenderError};
use crate::event::{self, Event, EventError};
use crate::mailer::Mailer;
use crate::settings::Settings;

/// How many emails are on their way at once. More would only meet SES's sending rate, 14 a second to begin with.
const SENDS_AT_ONCE: usize = 10;
/// How long a claimed delivery is left to whoever claimed it: longer than the function may run, so that he is dead by
/// then, and shorter than the time that is left of the function's retries.
const LEASE: time::Duration = time::Duration::seconds(90);
/// How far CodePipeline's clock and ours may be apart.
const CLOCK_SKEW: time::Duration = time::Duration::seconds(60);

/// The notifier, ready to handle events.
#[derive(Clone)]
pub struct Notifier {
    settings: Settings,
    pipeline: CodePipeline,
    ledger: Ledger,
    links: LinkSigner,
    mailer: Mailer,
    doctor: Doctor,
    metrics: Metrics,
    clock: Clock,
    patience: Patience,
}

/// What came of an event, one entry for each thing that it told. Without addresses, since Lambda keeps answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of the event's records.
    pub results: Vec<Handled>,
}

/// What came of one thing that an event told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Handled {
    /// Its approvers have been asked, now or before.
    Asked {
        /// Pipeline, stage and action.
        approval: String,
        /// The approval's key in ledger and log.
        key: ApprovalKey,
        /// How many emails this invocation sent.
        sent: usize,
        /// How many had been sent before.
        already_sent: usize,
    },
    /// An approval that waits no more, or not long enough for anybody to answer: nobody was asked.
    Over {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// An approval ended.
    Ended {
        /// Pipeline, stage and action.
        approval: String,
        /// How many requests it ended, none if it was never asked for here.
        requests: usize,
    },
    /// The emails were sent again.
    Resent {
        /// Pipeline, stage and action.
        approval: String,
        /// How many.
        sent: usize,
    },
    /// The deployment was looked over.
    Diagnosed(Diagnosis),
    /// None of our business.
    Ignored {
        /// Why.
        why: &'static str,
    },
}

/// Why an invocation fails, so that Lambda runs it again and in the end hands the event to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The approval was not found.
    #[error("{approval}: {error}")]
    Find {
        /// Pipeline, stage and action.
        approval: String,
        /// Why.
        error: FindError,
    },
    /// An AWS call did not succeed.
    #[error("{approval}: {error}")]
    Aws {
        /// Pipeline, stage and action.
        approval: String,
        /// Which, and why.
        error: AwsError,
    },
    /// A command spoke of an approval that does not wait.
    #[error("{approval}: nothing waits there")]
    NothingWaits {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// CodePipeline tells of an end and does not show it (yet).
    #[error("{approval}: CodePipeline does not show yet how it ended")]
    EndNotShown {
        /// Pipeline, stage and action.
        approval: String,
    },
    /// Some emails were not sent; the others were.
    #[error("{approval}: {} of {asked} emails were not sent ({})", failures.len(), listed(failures))]
    Deliveries {
        /// Pipeline, stage and action.
        approval: String,
        /// How many approvers there are.
        asked: usize,
        /// Why, one for each that was not sent.
        failures: Vec<DeliveryError>,
    },
    /// More than one record of a batch failed.
    #[error("{}", listed(.0))]
    Several(Vec<NotifyError>),
}

impl NotifyError {
    /// The kind of error, as Lambda reports it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnreadableEvent",
            Self::Find { .. } => "ApprovalNotFound",
            Self::Aws { .. } => "AwsError",
            Self::NothingWaits { .. } => "NothingWaits",
            Self::EndNotShown { .. } => "EndNotShown",
            Self::Deliveries { .. } => "EmailsNotSent",
            Self::Several(_) => "Several",
        }
    }
}

impl From<NotifyError> for Diagnostic {
    fn from(error: NotifyError) -> Self {
        Self { error_type: error.kind().to_owned(), error_message: error.to_string() }
    }
}

/// Why one email was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Its links could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It could not be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// SES or the ledger did not take it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Another invocation claimed it and has not said what became of it.
    #[error("another invocation is sending it")]
    Taken,
}

/// One error as it is, more than one as a list.
fn several(mut errors: Vec<NotifyError>) -> NotifyError {
    match (errors.pop(), errors.is_empty()) {
        (Some(error), true) => error,
        (last, _) => {
            errors.extend(last);
            NotifyError::Several(errors)
        }
    }
}

fn listed<T: ToString>(errors: &[T]) -> String {
    errors.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

/// Whether an email that was sent before is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Once,
    Again,
}

/// Whether a delivery was made now or before.
enum Delivered {
    Now,
    Before,
}

impl Notifier {
    /// A notifier on the AWS of `aws`.
    #[must_use]
    pub fn new(settings: Settings, aws: &SdkConfig, clock: Clock, metrics: Sink) -> Self {
        let key = SigningKey::new(aws_sdk_kms::Client::new(aws), settings.signing_key.clone());
        Self {
            pipeline: CodePipeline::new(aws_sdk_codepipeline::Client::new(aws), Patience::NOTIFIER),
            ledger: Ledger::new(aws_sdk_dynamodb::Client::new(aws), settings.table.clone()),
            links: LinkSigner::new(settings.deployment.clone(), settings.callback_url.clone(), key),
            mailer: Mailer::new(aws, settings.sender.address.clone(), settings.configuration_set.clone()),
            doctor: Doctor::new(aws, &settings),
            metrics: Metrics::new(settings.deployment.clone(), Arc::clone(&clock), metrics),
            settings,
            clock,
            patience: Patience::NOTIFIER,
        }
    }

    /// Waits as patiently for CodePipeline, and for other invocations, as `patience` says.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.pipeline = self.pipeline.with_patience(patience);
        self.patience = patience;
        self
    }

    /// Handles one event, as Lambda hands it over.
    ///
    /// # Errors
    /// When something of it could not be read or done. What could be done has been done, and doing it again is harmless.
    pub async fn handle(&self, event: &Value) -> Result<Report, NotifyError> {
        let mut results = Vec::new();
        let mut errors = Vec::new();
        for event in event::read(event) {
            match self.act(event).await {
                Ok(handled) => {
                    tracing::info!(result = %json(&handled), "handled");
                    results.push(handled);
                }
                Err(error) => {
                    tracing::error!(%error, "failed");
                    errors.push(error);
                }
            }
        }
        if errors.is_empty() { Ok(Report { results }) } else { Err(several(errors)) }
    }

    async fn act(&self, event: Result<Event, EventError>) -> Result<Handled, NotifyError> {
        match event? {
            Event::Waits(sought) => self.ask(&sought, Sending::Once).await,
            Event::Doctor => {
                let now = (self.clock)();
                let diagnosis = self.doctor.examine(&self.settings, &self.links, &self.ledger, &self.pipeline, now);
                Ok(Handled::Diagnosed(Box::pin(diagnosis).await))
            }
            Event::Resend { pipeline, stage, action } => self.resend(pipeline, stage, action).await,
            Event::Ended { action, execution, at } => self.conclude(&action, &execution, at).await,
            Event::Ignored(why) => Ok(Handled::Ignored { why }),
        }
    }

    /// Sends the emails of what waits at an action again: somebody has lost his, or the event never came.
    async fn resend(
        &self,
        pipeline: PipelineName,
        stage: StageName,
        action: ActionName,
    ) -> Result<Handled, NotifyError> {
        let approval = format!("{pipeline}/{stage}/{action}");
        let waiting = match self.pipeline.waiting_at(pipeline, stage, action, (self.clock)()).await {
            Ok(waiting) => waiting,
            Err(error) => return Err(NotifyError::Aws { approval, error }),
        };
        if waiting.is_empty() {
            return Err(NotifyError::NothingWaits { approval });
        }
        let (mut sent_in_all, mut errors) = (0, Vec::new());
        for sought in waiting {
            match self.ask(&sought, Sending::Again).await {
                Ok(Handled::Asked { sent, .. }) => sent_in_all += sent,
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Handled::Resent { approval, sent: sent_in_all }) } else { Err(several(errors)) }
    }

    /// Puts an approval to its approvers.
    async fn ask(&self, sought: &Sought, sending: Sending) -> Result<Handled, NotifyError> {
        let approval = sought.action.to_string();
        let found = self.pipeline.find(sought).await;
        let waiting = match found {
            Ok(Some(waiting)) if waiting.expires > (self.clock)() => waiting,
            Ok(_) => return Ok(Handled::Over { approval }),
            Err(error) => return Err(NotifyError::Find { approval, error }),
        };
        let Settings { approvers, quorum, .. } = &self.settings;
        let key = waiting.approval.key();
        let now = (self.clock)();
        let request = Request::new(waiting.approval, approvers, *quorum, now, waiting.expires, waiting.details);
        let (request, new) = match self.ledger.open(request).await {
            Ok(opened) => opened,
            Err(error) => return Err(NotifyError::Aws { approval, error }),
        };
        if new {
            self.metrics.count(Metric::Requested, 1);
        }
        if request.outcome.is_some() {
            return Ok(Handled::Over { approval });
        }
        let deliveries: Vec<_> =
            request.approvers.values().map(|approver| self.deliver(&request, approver, sending)).collect();
        let deliveries: Vec<Result<Delivered, DeliveryError>> =
            stream::iter(deliveries).buffer_unordered(SENDS_AT_ONCE).collect().await;
        let (mut sent, mut already_sent, mut failures) = (0, 0, Vec::new());
        for delivery in deliveries {
            match delivery {
                Ok(Delivered::Now) => sent += 1,
                Ok(Delivered::Before) => already_sent += 1,
                Err(error) => failures.push(error),
            }
        }
        self.metrics.count(Metric::Sent, sent);
        let refused = failures.iter().filter(|failure| **failure != DeliveryError::Taken).count();
        self.metrics.count(Metric::SendFailures, refused);
        if failures.is_empty() {
            Ok(Handled::Asked { approval, key, sent, already_sent })
        } else {
            Err(NotifyError::Deliveries { approval, asked: request.approvers.len(), failures })
        }
    }

    /// Sends the request to one approver, unless that has been done.
    async fn deliver(
        &self,
        request: &Request,
        approver: &Approver,
        sending: Sending,
    ) -> Result<Delivered, DeliveryError> {
        let approval = &request.approval;
        let claim = self.claim(request, approver).await?;
        match claim {
            Claim::Yours => {}
            Claim::Sent if sending == Sending::Again => {}
            Claim::Sent => return Ok(Delivered::Before),
            Claim::Taken => return Err(DeliveryError::Taken),
        }
        match self.send(request, approver).await {
            Ok(message_id) => {
                self.mark_sent(approval, approver, &message_id).await?;
                Ok(Delivered::Now)
            }
            // What was sent before stays sent, whatever became of sending it again.
            Err(error) if claim == Claim::Sent => Err(error),
            Err(error) => {
                // Without this mark the next try has to wait until the lease ends: a pity, not a loss.
                if let Err(error) = self.ledger.not_sent(approval, &approver.address).await {
                    tracing::warn!(%error, key = %approval.key(), "a claimed delivery could not be given back");
                }
                Err(error)
            }
        }
    }

    /// Claims the delivery; while somebody else holds it, waits for what becomes of it.
    async fn claim(&self, request: &Request, approver: &Approver) -> Result<Claim, AwsError> {
        let claimant = fastrand::u64(..);
        let settled = self.patience.until(async || {
            let (approval, now) = (&request.approval, (self.clock)());
            let claim = self.ledger.claim(approval, &approver.address, claimant, request.expires, now, LEASE).await?;
            Ok(Some(claim).filter(|claim| *claim != Claim::Taken))
        });
        Ok(settled.await?.unwrap_or(Claim::Taken))
    }

    async fn send(&self, request: &Request, approver: &Approver) -> Result<String, DeliveryError> {
        let sign =
            |decision| self.links.sign(&request.approval, &approver.address, decision, request.asked, request.expires);
        let (approve, reject) = tokio::try_join!(sign(Decision::Approved), sign(Decision::Rejected))?;
        let email = Email {
            request,
            approver,
            approve: &approve,
            reject: &reject,
            sender: &self.settings.sender,
            reply_to: self.settings.reply_to.as_ref(),
            deployment: &self.settings.deployment,
        };
        let message = email.render((self.clock)())?;
        Ok(self.mailer.send(&approver.address, message).await?)
    }

    /// Tells the ledger that the email was sent, more than once if need be: an email that is sent and not marked is sent
    /// again.
    async fn mark_sent(&self, approval: &Approval, approver: &Approver, message_id: &str) -> Result<(), AwsError> {
        let mark = async || self.ledger.sent(approval, &approver.address, message_id, (self.clock)()).await;
        let marked = self.patience.until(async || Ok(mark().await.ok()));
        match marked.await? {
            Some(()) => Ok(()),
            None => mark().await,
        }
    }

    /// Records how the approval of an execution at an action ended at `at`. There are several when the stage was retried.
    async fn conclude(
        &self,
        action: &ApprovalAction,
        execution: &ExecutionId,
        at: UtcDateTime,
    ) -> Result<Handled, NotifyError> {
        let approval = action.to_string();
        let failed = |error| NotifyError::Aws { approval: action.to_string(), error };
        let (mut requests, mut unshown) = (0, 0);
        for request in self.ledger.approvals_of(action, execution).await.map_err(failed)? {
            // What was asked for after the event waits still, in a stage that was retried.
            if request.outcome.is_some() || request.asked > at.saturating_add(CLOCK_SKEW) {
                continue;
            }
            if let Some(outcome) = self.pipeline.ending(&request).await.map_err(failed)? {
                self.ledger.conclude(&request.approval.key(), &outcome).await.map_err(failed)?;
                requests += 1;
            } else {
                unshown += 1;
            }
        }
        // The event is about one approval: when one end was found, what still waits is another attempt.
        if unshown > 0 && requests == 0 {
            return Err(NotifyError::EndNotShown { approval });
        }
        Ok(Handled::Ended { approval, requests })
    }
}

fn json(handled: &Handled) -> String {
    serde_json::to_string(handled).unwrap_or_default()
}
