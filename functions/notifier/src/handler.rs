//! The notifier as a whole: an event in, and what is to be done about it.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use countersign::approval::{Approver, Decision};
use countersign::clock::Clock;
use countersign::keys::SigningKey;
use countersign::ledger::{HistoryCursor, Ledger};
use countersign::link::{Link, LinkSigner, SignError};
use countersign::metrics::{Metrics, Sink};
use countersign::pipeline::{CodePipeline, Polling};
use countersign::request::Request;
use serde_json::Value;
use std::time::Duration;

use crate::callback_client::CallbackClient;
use crate::doctor::Doctor;
use crate::event::{self, Event, EventError};
use crate::mailer::Mailer;
use crate::policy_store::PolicyStore;
use crate::report::{Handled, NotifyError, Report};
use crate::settings::Settings;

/// How often the notifier asks again. Nobody waits for its answer.
pub const POLLING: Polling = Polling { attempts: 6, interval: Duration::from_secs(2) };

/// The notifier, ready to handle events.
#[derive(Clone)]
pub struct Notifier {
    pub(crate) settings: Settings,
    pub(crate) policy: PolicyStore,
    pub(crate) pipeline: CodePipeline,
    pub(crate) ledger: Ledger,
    pub(crate) links: LinkSigner,
    pub(crate) mailer: Mailer,
    pub(crate) callback: CallbackClient,
    pub(crate) doctor: Doctor,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) polling: Polling,
}

impl Notifier {
    /// A notifier on the AWS of `aws`.
    #[must_use]
    pub fn new(settings: Settings, aws: &SdkConfig, clock: Clock, metrics: Sink) -> Self {
        let key = SigningKey::new(aws_sdk_kms::Client::new(aws), settings.signing_key.clone());
        let pipeline = CodePipeline::new(aws_sdk_codepipeline::Client::new(aws), POLLING);
        Self {
            policy: PolicyStore::new(aws_sdk_ssm::Client::new(aws), settings.policy.clone()),
            pipeline: pipeline.at_home_in(settings.pipeline_region.clone()),
            ledger: Ledger::new(aws_sdk_dynamodb::Client::new(aws), settings.table.clone()),
            links: LinkSigner::new(settings.deployment.clone(), settings.callback_url.clone(), key),
            mailer: Mailer::new(aws, settings.sender.address.clone(), settings.configuration_set.clone()),
            callback: CallbackClient::of(&settings.callback_url),
            doctor: Doctor::new(aws),
            metrics: Metrics::new(settings.deployment.clone(), Arc::clone(&clock), metrics),
            settings,
            clock,
            polling: POLLING,
        }
    }

    /// Waits as patiently for CodePipeline, and for other invocations, as `patience` says.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.pipeline = self.pipeline.with_polling(polling);
        self.polling = polling;
        self
    }

    /// Visits the callback through `http`, where that is not reached as it is from Lambda.
    #[must_use]
    pub fn with_callback_http(mut self, http: SharedHttpConnector) -> Self {
        self.callback = CallbackClient::through(http);
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
            match Box::pin(self.act(event)).await {
                Ok(handled) => {
                    tracing::info!(result = %handled.for_log(), "handled");
                    results.push(handled);
                }
                Err(error) => {
                    tracing::error!(%error, "failed");
                    errors.push(error);
                }
            }
        }
        if errors.is_empty() { Ok(Report { results }) } else { Err(NotifyError::several(errors)) }
    }

    async fn act(&self, event: Result<Event, EventError>) -> Result<Handled, NotifyError> {
        match event? {
            Event::Waits(pending) => self.ask(&pending).await,
            Event::Ended { action, execution, at } => self.conclude(&action, &execution, at).await,
            Event::Sweep => self.sweep().await.map(Handled::SweepSummary),
            Event::Doctor => Ok(Handled::Diagnosed(Box::pin(self.examine()).await)),
            Event::Resend { pipeline, stage, action } => self.resend(pipeline, &stage, &action).await,
            Event::History { pipeline, before, limit } => {
                let before = before.unwrap_or_else(|| HistoryCursor::newest((self.clock)()));
                self.history(&pipeline, &before, limit).await.map(Handled::History)
            }
            Event::Ignored(why) => Ok(Handled::Ignored { why }),
        }
    }

    /// The link for `decision` that the request's email gives this approver: byte for byte the same, whenever it is asked
    /// for.
    pub(crate) async fn sign(
        &self,
        request: &Request,
        approver: &Approver,
        decision: Decision,
    ) -> Result<Link, SignError> {
        self.links.sign(&request.approval, &approver.address, decision, request.asked, request.expires).await
    }
}
