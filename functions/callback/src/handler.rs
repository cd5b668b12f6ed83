//! The callback's handler: an HTTP request in, an HTTP answer out.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use countersign::accounts::Accounts;
use countersign::aws::AwsError;
use countersign::clock::Clock;
use countersign::keys::{Keyring, SigningKey};
use countersign::ledger::{Ledger, Trust};
use countersign::link::{LinkVerifier, Origins, SignedToken};
use countersign::members::Members;
use countersign::metrics::{Metrics, Sink};
use countersign::pipeline::{CodePipeline, Polling};
use countersign::seal::{SealKind, Sealer};
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, Response};

use crate::answer::{Answer, Viewer, content_security_policy};
use crate::decide::Decisions;
use crate::events::Events;
use crate::gateway::{origin, visitor};
use crate::metrics;
use crate::refusal::Refusal;
use crate::request::{Intent, is_for_help, read};
use crate::settings::Settings;
use crate::submission::Submission;
use crate::visit::{Visit, act, parse};

/// How long a visit may take before the visitor is asked to try again. API Gateway gives up after 30 seconds, and its
/// answer would not be one of our pages.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(25);

/// How often the callback asks CodePipeline again while a visitor waits.
const POLLING: Polling = Polling { attempts: 6, interval: Duration::from_millis(500) };

/// What its sessions that read pipelines are called.
const READER: &str = "callback";

/// The callback, ready to answer.
#[derive(Clone)]
pub struct Callback {
    verifier: LinkVerifier,
    /// Where links work, if not where API Gateway says.
    origins: Option<Origins>,
    decisions: Decisions,
    clock: Clock,
    content_security_policy: HeaderValue,
}

/// Why the callback does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A public key cannot be read.
    #[error("a public key in COUNTERSIGN_REQUEST_KEYS or COUNTERSIGN_VOTE_KEYS cannot be read: {0}")]
    Keys(#[from] AwsError),
    /// The hash of the pages' style is not a valid header value.
    #[error("the hash of style.css is not a valid Content-Security-Policy")]
    Style,
}

impl Callback {
    /// A callback that uses the AWS of `aws`. It reads the public keys, once.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub async fn start(settings: Settings, aws: &SdkConfig, clock: Clock, metrics: Sink) -> Result<Self, StartError> {
        let Settings { deployment, accounts, request_keys, vote_keys, member_roles, origins, table, .. } = settings;
        let prefix = settings.pipeline_prefix;
        let metrics = Metrics::new(deployment.clone(), Arc::clone(&clock), metrics);
        let kms = aws_sdk_kms::Client::new(aws);
        let signing_key = SigningKey::new(kms.clone(), vote_keys.newest().clone());
        let sealer = Sealer::new(SealKind::Vote, deployment.clone(), signing_key);
        let (request_keys, vote_keys) = (Keyring::new(kms.clone(), request_keys), Keyring::new(kms, vote_keys));
        let accounts = Accounts::new(aws, accounts, Arc::clone(&clock));
        // Side by side: each is one call, or one for each key that is being rotated. A list of accounts that cannot be read
        // now is read again by the visit that needs it, which has a page for that.
        let (link_keys, _, _) = tokio::try_join!(request_keys.fetched(), vote_keys.fetched(), async {
            Ok::<_, AwsError>(accounts.list().await.ok())
        })?;
        let trust = Trust::new(&deployment, &request_keys, &vote_keys, metrics.clone(), Arc::clone(&clock));
        Ok(Self {
            verifier: LinkVerifier::new(deployment.clone(), link_keys.clone()),
            origins: origins.map(Origins),
            decisions: Decisions {
                ledger: Ledger::new(aws_sdk_dynamodb::Client::new(aws), table, trust),
                sealer,
                pipeline: CodePipeline::new(Members::new(aws, accounts, member_roles, READER), POLLING)
                    .with_prefix(prefix),
                events: Events::new(aws, deployment),
                metrics,
            },
            clock,
            content_security_policy: content_security_policy().map_err(|_| StartError::Style)?,
        })
    }

    /// The same callback, with another way to wait for CodePipeline.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.decisions.pipeline = self.decisions.pipeline.with_polling(polling);
        self
    }

    /// Answers one request. Whatever it is, the answer has a page and all headers.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        let viewer = Viewer::of(request, (self.clock)());
        if is_for_help(request) {
            return Answer::help(viewer).respond(request.method(), &self.content_security_policy);
        }
        let answer = match self.verified(request, viewer) {
            Ok((token, intent)) => {
                // Kept outside of the visit, whose time may be over before it is known what was saved.
                let submission = Submission::of(&token, &intent);
                let visit = self.visit(request, token, intent, submission.as_ref(), viewer);
                let visited = tokio::time::timeout(MAX_ANSWER_TIME, visit).await.unwrap_or(Err(Refusal::Late));
                visited.unwrap_or_else(|refusal| self.refuse(&refusal, submission.as_ref(), viewer))
            }
            Err(refusal) => self.refuse(&refusal, None, viewer),
        };
        answer.respond(request.method(), &self.content_security_policy)
    }

    /// The token that a request came with, once its signature is known to be ours, and what is wanted of it.
    fn verified(&self, request: &Request, viewer: Viewer) -> Result<(SignedToken, Intent), Refusal> {
        let unverified = read(request)?;
        let token = self.verifier.verify(&unverified.token, &self.origins(request), viewer.now)?;
        Ok((token, unverified.intent))
    }

    async fn visit(
        &self,
        request: &Request,
        token: SignedToken,
        intent: Intent,
        submission: Option<&Submission>,
        viewer: Viewer,
    ) -> Result<Answer, Refusal> {
        let visit = parse(token, intent)?;
        let decision = match &visit {
            Visit::Decide(link, _) => Some(link.decision()),
            Visit::Show(_) | Visit::Finish(_) | Visit::Correct(..) | Visit::Expired(_) => None,
        };
        let approver = visit.approver().cloned();
        let reply = act(visit, &self.decisions, visitor(request), viewer.now).await?;
        let answer = Answer::new(&reply, submission, viewer, approver.as_ref());
        if let (Some(decision), Some(request)) = (decision, reply.request()) {
            tracing::info!(
                key = %request.approval.key(),
                approval = %request.approval.action,
                %decision,
                outcome = request.outcome.as_ref().map(|outcome| outcome.ending.as_str()),
                status = answer.status.as_u16(),
                "a decision was answered"
            );
        }
        Ok(answer)
    }

    /// Where a link works that this request came with.
    fn origins(&self, request: &Request) -> Origins {
        self.origins.clone().unwrap_or_else(|| Origins(origin(request).into_iter().collect()))
    }

    fn refuse(&self, refusal: &Refusal, submission: Option<&Submission>, viewer: Viewer) -> Answer {
        let reason = refusal.reason();
        self.decisions.metrics.record(metrics::refusals(reason), 1);
        let answer = Answer::refusing(refusal, submission, viewer);
        let status = answer.status.as_u16();
        match refusal {
            Refusal::Decide(error) => tracing::error!(%error, reason, status, "not answered"),
            Refusal::Late | Refusal::Missing => tracing::error!(reason, status, "not answered"),
            _ => tracing::warn!(reason, status, "refused"),
        }
        answer
    }
}
