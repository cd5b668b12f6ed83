//! The notifier as a whole: it reads an event and hands it to the use case that deals with it.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use countersign::accounts::Accounts;
use countersign::approval::{AccountId, Deployment, Digest, Location};
use countersign::clock::{self, Clock};
use countersign::events::Bus;
use countersign::keys::{Keyring, SigningKey};
use countersign::ledger::{HistoryCursor, Ledger, Trust};
use countersign::link::LinkSigner;
use countersign::members::Members;
use countersign::metrics::{Metrics, Sink, standard_output};
use countersign::parameter::Parameters;
use countersign::pipeline::{CodePipeline, FindError, PendingRef, Polling};
use countersign::policy::answers::{self, Question};
use countersign::seal::{SealKind, Sealer, Seals};
use serde_json::Value;

use crate::announce::Announce;
use crate::ask::{Ask, AskError};
use crate::callback_client::CallbackClient;
use crate::doctor::{Doctor, Forwarding, MailDoctor, TestEvents};
use crate::errors::Errors;
use crate::event::{self, Event, PolicyText};
use crate::evidence::Gather;
use crate::fates::{Fates, Learned};
use crate::history::History;
use crate::mailer::{Mailer, Sending};
use crate::metrics;
use crate::outbox::Outbox;
use crate::policy_changes::PolicyChanges;
use crate::policy_store::PolicyStore;
use crate::publisher::Publisher;
use crate::receipts::{Receipts, Told};
use crate::report::{EventReport, FailedMessage, NotifierError, Report};
use crate::routes::Routes;
use crate::served::{ScopeError, Served, ServedPlaces};
use crate::settings::Settings;
use crate::sweep::{Sweep, SweepQueue};

/// What its sessions that read pipelines are called.
const READER: &str = "notifier";

/// The name of a policy that a command brings, in answers about it.
const GIVEN_POLICY: &str = "policy";

/// How often the notifier asks again. Nobody waits for its answer.
pub const POLLING: Polling = Polling { attempts: 6, interval: Duration::from_secs(2) };

/// What the notifier uses of its host, besides AWS.
pub struct Host {
    /// The time.
    pub clock: Clock,
    /// Where metrics are written.
    pub metrics: Sink,
    /// How often to ask again for what CodePipeline does not show yet, or another invocation is doing.
    pub polling: Polling,
    /// Whether the sweep keeps to a pace that an account can bear. A stand-in for AWS bears any.
    pub paced: bool,
    /// The way to the callback, if that is not its URL.
    pub callback: Option<SharedHttpConnector>,
}

impl Host {
    /// The host that Lambda is.
    #[must_use]
    pub fn lambda() -> Self {
        Self { clock: clock::system(), metrics: standard_output(), polling: POLLING, paced: true, callback: None }
    }
}

/// The notifier, ready to handle events.
#[derive(Clone)]
pub struct Notifier {
    ask: Ask,
    announce: Announce,
    receipts: Receipts,
    fates: Fates,
    sweep: Sweep,
    history: History,
    gather: Gather,
    doctor: Doctor,
    routes: Routes,
    served: ServedPlaces,
    metrics: Metrics,
    clock: Clock,
}

impl Notifier {
    /// A notifier on the AWS of `aws`.
    #[must_use]
    pub fn new(settings: Settings, aws: &SdkConfig, host: Host) -> Self {
        let Reading { served, forwarding, pipeline } = reading(&settings, aws, &host);
        let sending = sending(&settings);
        let Settings { deployment, callback_url, request_keys, vote_keys, .. } = settings;
        let Host { clock, metrics, polling, paced, callback } = host;
        let metrics = Metrics::new(deployment.clone(), Arc::clone(&clock), metrics);
        let callback = CallbackClient::of(&callback_url, callback);
        let policy = PolicyStore::new(Parameters::new(aws), settings.policy);
        let kms = aws_sdk_kms::Client::new(aws);
        let key = SigningKey::new(kms.clone(), request_keys.newest().clone());
        let (request_keys, vote_keys) = (Keyring::new(kms.clone(), request_keys), Keyring::new(kms, vote_keys));
        let trust = Trust::new(&deployment, &request_keys, &vote_keys, metrics.clone(), Arc::clone(&clock));
        let ledger =
            Ledger::new(aws_sdk_dynamodb::Client::new(aws), settings.table, trust).with_retention(settings.retention);
        let sealer = Sealer::new(SealKind::Request, deployment.clone(), key.clone());
        let gather = gather(&ledger, &pipeline, &key, [&request_keys, &vote_keys], &deployment, &clock);
        let links = LinkSigner::new(deployment.clone(), callback_url, key.clone());
        let outbox = Outbox {
            ledger: ledger.clone(),
            links: links.clone(),
            mailer: Mailer::new(aws, sending),
            sender: settings.sender,
            reply_to: settings.reply_to,
            deployment: deployment.clone(),
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
            polling,
        };
        let publisher = publisher(aws, &ledger, &deployment, &clock, polling);
        let announce = Announce {
            pipeline: pipeline.clone(),
            ledger: ledger.clone(),
            outbox: outbox.clone(),
            publisher: publisher.clone(),
            clock: Arc::clone(&clock),
        };
        let changes = PolicyChanges {
            ledger: ledger.clone(),
            seals: Seals::new(SealKind::Policy, deployment.clone(), request_keys.clone()),
            sealer: Sealer::new(SealKind::Policy, deployment.clone(), key),
            outbox: outbox.clone(),
            clock: Arc::clone(&clock),
        };
        let ask = Ask {
            pipeline: pipeline.clone(),
            policy: policy.clone(),
            changes: changes.clone(),
            ledger: ledger.clone(),
            sealer,
            outbox: outbox.clone(),
            announce: announce.clone(),
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
        };
        let receipts = receipts(&ledger, &outbox, &served, &clock);
        let fates =
            Fates { pipeline: pipeline.clone(), outbox: outbox.clone(), publisher, queue: settings.email_queue };
        // Its reads, and those of what it asks about, share one pace.
        let paced = if paced { pipeline.clone().paced(settings.sweep_pace) } else { pipeline.clone() };
        let announce_paced = Announce { pipeline: paced.clone(), ..announce.clone() };
        let sweep = Sweep {
            pipeline: paced.clone(),
            ledger: ledger.clone(),
            outbox: outbox.clone(),
            announce: announce_paced.clone(),
            receipts: receipts.clone(),
            policy: policy.clone(),
            changes,
            ask: Ask { pipeline: paced.clone(), announce: announce_paced, ..ask.clone() },
            links: links.clone(),
            callback: callback.clone(),
            queue: SweepQueue::new(aws, settings.sweep_queue),
            served: served.clone(),
            metrics: metrics.clone(),
            clock: Arc::clone(&clock),
        };
        let history = History { ledger: ledger.clone(), pipeline: pipeline.clone(), clock: Arc::clone(&clock) };
        let routes = Routes { pipeline: paced, policy: policy.clone(), pace: settings.sweep_pace };
        let doctor = Doctor {
            routes: routes.clone(),
            mail: MailDoctor::new(aws, outbox),
            pipeline,
            tests: TestEvents::new(&forwarding, &ledger, polling, &clock),
            forwarding,
            policy,
            ledger,
            request_keys,
            vote_keys,
            callback_role: settings.callback_role,
            served: served.clone(),
            links,
            callback,
            clock: Arc::clone(&clock),
        };
        Self { ask, announce, receipts, fates, sweep, history, gather, doctor, routes, served, metrics, clock }
    }

    /// Handles one event, as Lambda passes it on. Lambda gives an event that it tries again the same `request_id`.
    ///
    /// # Errors
    /// When something could not be read or done. Everything else was done, and handling the event again is harmless. Of a
    /// batch from SES's queue, the report names the messages that are to come again instead.
    pub async fn handle(&self, event: &Value, request_id: &str) -> Result<Report, Errors<NotifierError>> {
        let (mut results, mut errors, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let messages = event::messages_of(event, &self.fates.queue);
        for (number, event) in event::read(event).into_iter().enumerate() {
            let handled = match event {
                Ok(event) => Box::pin(self.dispatch(event, request_id)).await,
                Err(error) => Err(error.into()),
            };
            match handled {
                Ok(report) => {
                    tracing::info!(result = %report.for_log(), "handled");
                    results.push(report);
                }
                Err(error) => {
                    tracing::error!(%error, "failed");
                    match messages.as_ref().and_then(|messages| messages.get(number)) {
                        Some(message) => failed.push(FailedMessage { item_identifier: (*message).to_owned() }),
                        None => errors.push(error),
                    }
                }
            }
        }
        Errors::check(errors).map(|()| Report { results, failed })
    }

    async fn dispatch(&self, event: Event, request_id: &str) -> Result<EventReport, NotifierError> {
        if let Some(report) = self.refused(&event).await? {
            return Ok(report);
        }
        match event {
            Event::ApprovalStarted(pending) => {
                let approval = pending.action.to_string();
                match self.ask.ask(&pending).await {
                    Err(AskError::Find(FindError::Elsewhere)) => Ok(self.unserved()),
                    Ok(Some(asked)) => {
                        let (key, sent, already_sent) = (asked.key.to_string(), asked.sent, asked.already_sent);
                        Ok(EventReport::Asked { approval, key, sent, already_sent })
                    }
                    Ok(None) => Ok(EventReport::Over { approval }),
                    Err(error) => Err(NotifierError::Ask { approval, error }),
                }
            }
            Event::ApprovalEnded { action, execution, at } => {
                let approval = action.to_string();
                match self.announce.conclude(&action, &execution, at).await {
                    Ok(concluded) => {
                        let (requests, told) = (concluded.recorded, concluded.announced);
                        Ok(EventReport::Ended { approval, requests, told })
                    }
                    Err(errors) => Err(NotifierError::Conclude { approval, errors }),
                }
            }
            Event::VoteRecorded { key } => match self.receipts.tell(&key).await {
                Ok(Told::Voters { approval, sent }) => {
                    Ok(EventReport::Receipts { approval, key: key.to_string(), sent })
                }
                Ok(Told::NoRequest) => Ok(EventReport::Ignored { why: "a vote on a request that is not on record" }),
                Ok(Told::Unserved) => Ok(self.unserved()),
                Err(error) => Err(NotifierError::Receipts { key, error }),
            },
            Event::EmailFate(event) => match self.fates.note(&event).await? {
                Learned::Fate { fate, told } => Ok(EventReport::Fate { fate: fate.as_str(), told }),
                Learned::Ignored(why) => Ok(EventReport::Ignored { why }),
            },
            Event::RequestMissing { action } => {
                let approval = action.to_string();
                match self.ask.ask_missing(&action).await {
                    Ok(sent) => Ok(EventReport::AskedAnew { approval, sent }),
                    Err(errors) => Err(NotifierError::Resend { approval, errors }),
                }
            }
            Event::Resend { scope, pipeline, stage, action } => {
                let approval = format!("{pipeline}/{stage}/{action}");
                if !self.served.has_pipeline(&pipeline) {
                    return Err(ScopeError::Pipeline(pipeline).into());
                }
                let at = self.places().await?.one(&scope)?;
                match self.ask.resend(&at, pipeline, &stage, &action).await {
                    Ok(sent) => Ok(EventReport::Resent { approval, sent }),
                    Err(errors) => Err(NotifierError::Resend { approval, errors }),
                }
            }
            Event::Sweep(scope) => {
                let places = self.places().await?.all(&scope)?;
                Ok(EventReport::Swept(Box::pin(self.sweep.sweep(&places)).await?))
            }
            Event::Round(scope) => {
                let served = self.places().await?;
                let places = served.all(&scope)?;
                Ok(EventReport::Round(Box::pin(self.sweep.round(request_id, &scope, &served, places)).await?))
            }
            // Whoever may send messages to another queue of the notifier's gives it no work through it.
            Event::Part { message, .. } if !self.sweep.queue.url.is_of(&message.queue) => {
                Ok(EventReport::Ignored { why: "a part of a round that is not from the sweep's queue" })
            }
            Event::Part { part, .. } if !self.is_served(&part.at.account).await? => Ok(self.unserved()),
            Event::Part { part, message } => {
                Ok(EventReport::Swept(Box::pin(self.sweep.part(&part, &message.receipt)).await?))
            }
            Event::History { scope, pipeline, before, limit } => {
                let before = before.unwrap_or_else(|| HistoryCursor::newest((self.clock)()));
                match self.history.page(&scope, &pipeline, &before, limit).await {
                    Ok(page) => Ok(EventReport::History(page)),
                    Err(error) => Err(NotifierError::History { pipeline, error }),
                }
            }
            Event::Evidence(key) => match Box::pin(self.gather.evidence(&key)).await {
                Ok(evidence) => Ok(EventReport::Evidence { key: key.to_string(), evidence: Box::new(evidence) }),
                Err(error) => Err(NotifierError::Evidence { key, error }),
            },
            Event::Routes(scope) => match self.routes.list(&self.places().await?.all(&scope)?).await {
                Ok(list) => Ok(EventReport::Routes(list)),
                Err(error) => Err(NotifierError::Routes(error)),
            },
            Event::Check(policy) => Ok(EventReport::checked(answers::check(GIVEN_POLICY, &policy.0))),
            Event::Explain { question, policy } => self.explain(&question, policy).await,
            Event::Doctor { scope, test_event } => {
                Ok(EventReport::Diagnosed(Box::pin(self.doctor.examine(&scope, test_event)).await))
            }
            Event::TestArrived { at, nonce } => self.test_arrived(&at, &nonce).await,
            Event::Ignored(why) => Ok(EventReport::Ignored { why }),
        }
    }

    /// What is said of an event about an approval that is not served.
    async fn refused(&self, event: &Event) -> Result<Option<EventReport>, NotifierError> {
        let (Event::ApprovalStarted(PendingRef { action, .. })
        | Event::ApprovalEnded { action, .. }
        | Event::RequestMissing { action }) = event
        else {
            return Ok(None);
        };
        if !self.is_served(&action.account).await? {
            return Ok(Some(self.unserved()));
        }
        // Topics, and rules of members, may pass on what is not meant for this deployment. That is no fault.
        let is_meant = self.served.has_pipeline(&action.pipeline);
        Ok((!is_meant).then_some(EventReport::Ignored { why: "an approval of a pipeline that is not served" }))
    }

    /// Whom a text would ask, or else the policy in force.
    async fn explain(&self, question: &Question, policy: Option<PolicyText>) -> Result<EventReport, NotifierError> {
        let answer = match policy {
            Some(PolicyText(text)) => match text.parse() {
                Ok(policy) => answers::explain(&policy, question),
                Err(error) => answers::refused(GIVEN_POLICY, &text, &error),
            },
            None => answers::explain(&self.ask.policy.read().await.map_err(NotifierError::Explain)?.policy, question),
        };
        Ok(EventReport::explained(answer))
    }

    async fn test_arrived(&self, at: &Location, nonce: &Digest) -> Result<EventReport, NotifierError> {
        if !self.is_served(&at.account).await? {
            return Ok(self.unserved());
        }
        match self.doctor.note_test_event(nonce, at).await {
            Ok(true) => Ok(EventReport::TestArrived { place: at.to_string() }),
            Ok(false) => Ok(EventReport::Ignored { why: "a test event that the doctor does not expect" }),
            Err(error) => Err(NotifierError::TestEvent(error)),
        }
    }

    async fn is_served(&self, account: &AccountId) -> Result<bool, NotifierError> {
        self.served.has_account(account).await.map_err(NotifierError::Accounts)
    }

    async fn places(&self) -> Result<Served, NotifierError> {
        self.served.now().await.map_err(NotifierError::Accounts)
    }

    /// Anybody may send an event of any account. It is counted, and is no error.
    fn unserved(&self) -> EventReport {
        self.metrics.record(metrics::UNSERVED, 1);
        EventReport::Ignored { why: "an event of an account or region that is not served" }
    }
}

fn publisher(aws: &SdkConfig, ledger: &Ledger, deployment: &Deployment, clock: &Clock, polling: Polling) -> Publisher {
    let (bus, ledger, deployment) = (Bus::new(aws), ledger.clone(), deployment.clone());
    Publisher { bus, ledger, deployment, clock: Arc::clone(clock), polling }
}

fn receipts(ledger: &Ledger, outbox: &Outbox, served: &ServedPlaces, clock: &Clock) -> Receipts {
    let (ledger, outbox, served) = (ledger.clone(), outbox.clone(), served.clone());
    Receipts { ledger, outbox, served, clock: Arc::clone(clock) }
}

/// What is read of the accounts that are served, and with what.
struct Reading {
    served: ServedPlaces,
    forwarding: Forwarding,
    pipeline: CodePipeline,
}

fn reading(settings: &Settings, aws: &SdkConfig, host: &Host) -> Reading {
    let accounts = Accounts::new(aws, settings.accounts.clone(), Arc::clone(&host.clock));
    let members = Members::new(aws, accounts.clone(), settings.member_roles.clone(), READER);
    let forwarding = Forwarding {
        members: members.clone(),
        deployment: settings.deployment.clone(),
        member_bus: settings.member_bus.clone(),
        own_bus: settings.event_bus.clone(),
        prefix: settings.pipeline_prefix.clone(),
    };
    Reading {
        served: ServedPlaces::new(accounts, settings.pipeline_regions.clone(), settings.pipeline_prefix.clone()),
        forwarding,
        pipeline: CodePipeline::new(members, host.polling)
            .with_default_timeout(settings.approval_timeout)
            .with_prefix(settings.pipeline_prefix.clone()),
    }
}

fn gather(
    ledger: &Ledger,
    pipeline: &CodePipeline,
    key: &SigningKey,
    [request_keys, vote_keys]: [&Keyring; 2],
    deployment: &Deployment,
    clock: &Clock,
) -> Gather {
    Gather {
        ledger: ledger.clone(),
        pipeline: pipeline.clone(),
        sealer: Sealer::new(SealKind::Evidence, deployment.clone(), key.clone()),
        request_keys: request_keys.clone(),
        vote_keys: vote_keys.clone(),
        deployment: deployment.clone(),
        clock: Arc::clone(clock),
    }
}

/// How the settings say that emails are sent.
fn sending(settings: &Settings) -> Sending {
    Sending {
        sender: settings.sender.address.clone(),
        configuration_set: settings.configuration_set.clone(),
        identity: settings.sender_identity.clone(),
        region: settings.ses_region.clone(),
    }
}
