//! The sandbox as a whole.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use callback::{Callback, StartError as CallbackError};
use countersign::aws;
use countersign::pipeline::Polling;
use countersign::policy::{Policy, PolicyError};
use countersign::settings::SettingError;
use lambda_runtime::Diagnostic;
use notifier::report::Report;
use notifier::{Host, Notifier};
use serde_json::json;
use time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::aws::{Aws, Call};
use crate::clock::SandboxClock;
use crate::codepipeline::{AwsError, CodePipeline};
use crate::deployment::{
    ACCOUNTS, CALLBACK_KEY, DEPLOYMENT, Keys, Members, NOTIFIER_KEY, POLICY, REGION, TABLE, settings,
};
use crate::functions::{Functions, every_hour};
use crate::keys::create_keys;
use crate::lambda::{Failure, Lambda};
use crate::lock::lock;
use crate::metrics::{Lines, sink};
use crate::{demo, web};

/// The polling of the functions: the sandbox's CodePipeline never lags, and other invocations take milliseconds.
const POLLING: Polling = Polling { attempts: 20, interval: std::time::Duration::from_millis(25) };

/// The options of a sandbox.
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The approvers, separated by commas, each `Name <address>` or an address.
    pub approvers: String,
    /// The number of approvers who must approve.
    pub quorum: String,
    /// The text of the policy, instead of approvers and quorum.
    pub policy: Option<String>,
    /// The accounts and regions that are served.
    pub members: Members,
    /// Further accounts that are served: the text of the SSM parameter that the settings name then.
    pub further_accounts: Option<String>,
    /// How the names of the pipelines begin that are served, if not all are.
    pub pipeline_prefix: Option<String>,
    /// The clock.
    pub clock: SandboxClock,
    /// Whether there are pipelines to begin with, and an approval that waits.
    pub demo: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 3000,
            approvers: "Alice Archer <alice@example.com>, Bob Brook <bob@example.com>".to_owned(),
            quorum: "1".to_owned(),
            policy: None,
            members: Members::default(),
            further_accounts: None,
            pipeline_prefix: None,
            clock: SandboxClock::running(),
            demo: true,
        }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("port {port} on 127.0.0.1 is not available ({error}); choose another, or --port 0 for a free one")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        error: std::io::Error,
    },
    /// The policy is not valid.
    #[error("invalid policy: {0}")]
    Policy(#[from] PolicyError),
    /// Approvers and quorum make no valid policy.
    #[error("invalid --approvers or --quorum: {key}: {problem}", key = .0.key, problem = .0.problem)]
    Approvers(PolicyError),
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The sandbox's AWS failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The callback does not start.
    #[error(transparent)]
    Callback(#[from] CallbackError),
}

/// A running sandbox. It stops when it is dropped.
pub struct Sandbox {
    functions: Arc<Functions>,
    url: String,
    keys: Keys,
    members: Members,
    more: More,
    _stop: oneshot::Sender<()>,
}

impl Sandbox {
    /// Starts everything on 127.0.0.1.
    ///
    /// # Errors
    /// When the port is not available or an option is wrong.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { port, approvers, quorum, policy, members, further_accounts, pipeline_prefix, clock, demo } =
            options;
        let policy = policy_text(policy, &approvers, &quorum)?;
        let taken = |error| StartError::Port { port, error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let url = format!("http://{address}");

        let (events, waiting_events) = mpsc::unbounded_channel();
        let codepipeline = Arc::new(CodePipeline::new(clock.clock(), events));
        let aws = Arc::new(Aws::new(REGION, TABLE, codepipeline, clock.clock()).await?);
        let keys = create_keys(&aws)?;
        aws.put_parameter(POLICY, &policy).await?;
        let more = More { has_further_accounts: further_accounts.is_some(), prefix: pipeline_prefix };
        if let Some(prefix) = &more.prefix {
            aws.forwarding.serve_only(prefix.clone());
        }
        if let Some(further) = further_accounts {
            aws.put_parameter(ACCOUNTS, &further).await?;
        }

        // The callback asks for its keys while it starts, so that AWS has to answer before the rest can.
        let (stop, stopped) = oneshot::channel::<()>();
        let started = web::Started::default();
        tokio::spawn(web::serve(listener, Arc::clone(&aws), Arc::clone(&started), stopped));

        let setting = with_more(settings(&url, &keys, &members), more.clone());
        let metrics = Lines::default();
        let notifier = Notifier::new(
            notifier::Settings::read(&setting)?,
            &sdk(address, NOTIFIER_KEY, &clock),
            Host { clock: clock.clock(), metrics: sink(&metrics), polling: POLLING, paced: false, callback: None },
        );
        let callback = Callback::start(
            callback::Settings::read(&setting)?,
            &sdk(address, CALLBACK_KEY, &clock),
            clock.clock(),
            sink(&metrics),
        )
        .await?;
        let callback = callback.with_polling(POLLING);
        let lambda = Lambda::new(notifier, waiting_events);
        if demo {
            demo::set_up(&aws.codepipeline)?;
        }
        let functions = Arc::new(Functions { aws, callback, lambda, clock, metrics });
        started.get_or_init(|| Arc::clone(&functions));
        functions.lambda.drain().await;
        tokio::spawn(every_hour(Arc::downgrade(&functions)));
        Ok(Self { functions, url, keys, members, more, _stop: stop })
    }

    /// The sandbox's address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A setting of the functions.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<String> {
        with_more(settings(&self.url, &self.keys, &self.members), self.more.clone())(name)
    }

    /// The sandbox's AWS.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.functions.aws
    }

    /// The sandbox's clock.
    #[must_use]
    pub fn clock(&self) -> &SandboxClock {
        &self.functions.clock
    }

    /// Moves the clock on, and waits until everything that follows from it has happened, each at its time: approvals
    /// expire, and for an hour or more the sweep runs every hour, the last time at the end.
    pub async fn advance(&self, by: Duration) {
        self.functions.advance(by).await;
    }

    /// Moves the clock on as if the functions had been out of order in between. For an hour or more, the sweep runs once,
    /// at the end.
    pub async fn skip(&self, by: Duration) {
        self.functions.skip(by).await;
    }

    /// Waits until every event of CodePipeline has been run.
    pub async fn settle(&self) {
        self.functions.lambda.drain().await;
    }

    /// Runs the hourly sweep now.
    ///
    /// # Errors
    /// The error that Lambda would report.
    pub async fn sweep(&self) -> Result<Report, Diagnostic> {
        self.functions.sweep().await
    }

    /// The events whose invocation failed, oldest first.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        self.functions.lambda.failures()
    }

    /// The metrics that both functions wrote, oldest first, in CloudWatch's embedded metric format.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        lock(&self.functions.metrics).iter().cloned().collect()
    }

    /// The AWS calls that were made so far, by anybody.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.functions.aws.calls()
    }
}

/// What a deployment may have beyond what each has.
#[derive(Clone)]
struct More {
    /// A parameter with accounts.
    has_further_accounts: bool,
    /// How the names of its pipelines begin.
    prefix: Option<String>,
}

/// The settings of a deployment that has more.
fn with_more(setting: impl Fn(&str) -> Option<String>, more: More) -> impl Fn(&str) -> Option<String> {
    move |name| match name {
        "COUNTERSIGN_ACCOUNTS_PARAMETER" if more.has_further_accounts => Some(ACCOUNTS.to_owned()),
        "COUNTERSIGN_PIPELINE_PREFIX" => more.prefix.clone(),
        _ => setting(name),
    }
}

/// The policy's text: the one that was given, or one that says what approvers and quorum say, as the deployments make
/// it.
fn policy_text(given: Option<String>, approvers: &str, quorum: &str) -> Result<String, StartError> {
    if let Some(text) = given {
        text.parse::<Policy>()?;
        return Ok(text);
    }
    let approvers: Vec<&str> = approvers.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    // A list of texts reads the same in JSON and in TOML.
    let text = format!("[default]\napprovers = {}\nquorum = {quorum}\n", json!(approvers));
    text.parse::<Policy>().map_err(StartError::Approvers)?;
    Ok(text)
}

/// The configuration that Lambda would give a function, pointed at this sandbox whatever the environment says of
/// proxies and endpoints. It waits for AWS as long as it takes: on one machine nothing is lost on the way, and a
/// machine that is busy for seconds is no AWS that does not answer. What time-outs do is seen in a
/// [`crate::simulation`].
fn sdk(address: SocketAddr, access_key: &str, clock: &SandboxClock) -> SdkConfig {
    let credentials = Credentials::new(access_key, "sandbox", None, None, DEPLOYMENT);
    aws::builder()
        .timeout_config(TimeoutConfig::disabled())
        .time_source(clock.time_source())
        .region(Region::new(REGION))
        .endpoint_url(format!("http://{address}/aws"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}
