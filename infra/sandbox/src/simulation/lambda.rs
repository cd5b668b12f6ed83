//! Lambda, EventBridge and API Gateway around the functions: events are tried three times, an invocation has its
//! time-out, and after a death the next one starts cold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode};
use callback::Callback;
use countersign::aws;
use lambda_runtime::Diagnostic;
use notifier::report::Report;
use notifier::{Host, Notifier};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use super::fault::Function;
use super::invocation::{self, Death, Number};
use super::tasks::Tasks;
use super::usage::Invoked;
use super::wire::{Outgoing, Wire, unpack};
use crate::aws::Aws;
use crate::clock::SandboxClock;
use crate::deployment::{DEPLOYMENT, Keys, Members, REGION, settings};
use crate::gateway;
use crate::lock::lock;
use crate::metrics::{Lines, sink};

/// The URL that links begin with.
pub(super) const CALLBACK_URL: &str = "https://approvals.example.com";
/// The domain name in [`CALLBACK_URL`].
pub(super) const CALLBACK_DOMAIN: &str = "approvals.example.com";

/// The time-outs in the deployment's templates.
const NOTIFIER_TIMEOUT: Duration = Duration::from_mins(5);
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(29);
/// Lambda's pauses before an event's first try, its second and its third.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_mins(1), Duration::from_mins(2)];
/// The pauses before SQS hands over a message of the sweep, which is its visibility time-out after a failure.
const RECEIVES: [Duration; 5] = {
    const AGAIN: Duration = Duration::from_mins(30);
    [Duration::ZERO, AGAIN, AGAIN, AGAIN, AGAIN]
};
/// How many groups of the sweep are handed over at once.
const MAX_CONCURRENCY: usize = 10;

/// Why a command has no report.
#[derive(Debug)]
pub enum Failed {
    /// The function's own error.
    Error(Diagnostic),
    /// The function died.
    Death(Death),
}

/// Both functions, what they run on, and what runs them.
pub(super) struct Inside {
    pub(super) aws: Arc<Aws>,
    pub(super) wire: Arc<Wire>,
    pub(super) clock: SandboxClock,
    pub(super) sdks: BTreeMap<Function, SdkConfig>,
    pub(super) keys: Keys,
    pub(super) members: Members,
    pub(super) metrics: Lines,
    pub(super) tasks: Tasks,
    pub(super) warm: Mutex<Warm>,
    pub(super) lambda: Mutex<Lambda>,
    pub(super) queue: Queue,
}

/// The FIFO queue of the sweep, as its event source takes from it: one message of a group after another, and several groups
/// side by side.
pub(super) struct Queue {
    groups: Mutex<BTreeMap<String, Arc<AsyncMutex<()>>>>,
    side_by_side: Semaphore,
}

impl Default for Queue {
    fn default() -> Self {
        Self { groups: Mutex::default(), side_by_side: Semaphore::new(MAX_CONCURRENCY) }
    }
}

impl Queue {
    /// Waits until all messages of this group before this one are done with. The turn is over when this is dropped.
    async fn turn(&self, group: &str) -> OwnedMutexGuard<()> {
        let group = Arc::clone(lock(&self.groups).entry(group.to_owned()).or_default());
        group.lock_owned().await
    }
}

/// The warm processes of both functions.
#[derive(Default)]
pub(super) struct Warm {
    notifiers: Vec<Notifier>,
    callbacks: Vec<Callback>,
}

/// The state of Lambda.
#[derive(Default)]
pub(super) struct Lambda {
    /// The events that CodePipeline sent.
    pub(super) sent: Vec<Value>,
    invocations: Number,
    requests: u64,
    pub(super) deaths: BTreeMap<Number, Death>,
    pub(super) dead_letters: Vec<Value>,
    pub(super) failures: Vec<String>,
}

impl Inside {
    /// Invokes a function, perhaps for a message of this group of the sweep's queue.
    async fn invoke<T: Send + 'static>(
        &self,
        function: Function,
        group: Option<String>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Death> {
        let number = {
            let mut lambda = lock(&self.lambda);
            lambda.invocations += 1;
            lambda.invocations
        };
        let limit = match function {
            Function::Notifier => NOTIFIER_TIMEOUT,
            Function::Callback => CALLBACK_TIMEOUT,
        };
        let (began, start) = (self.clock.now(), Instant::now());
        let done = invocation::run(number, limit, Box::pin(work)).await;
        self.wire.ended(Invoked { function, group, began, took: start.elapsed() });
        if let Err(death) = done {
            lock(&self.lambda).deaths.insert(number, death);
        }
        done
    }

    /// A new request id. An event that Lambda tries again keeps its own.
    pub(super) fn request_id(&self) -> String {
        let mut lambda = lock(&self.lambda);
        lambda.requests += 1;
        format!("request-{}", lambda.requests)
    }

    pub(super) async fn notify(self: &Arc<Self>, event: Value, request_id: String) -> Result<Report, Failed> {
        let inside = Arc::clone(self);
        let handled = self.invoke(Function::Notifier, group_of(&event).map(str::to_owned), async move {
            let notifier = lock(&inside.warm).notifiers.pop();
            let notifier = match notifier {
                Some(notifier) => notifier,
                None => inside.new_notifier()?,
            };
            let handled = notifier.handle(&event, &request_id).await.map_err(Diagnostic::from);
            lock(&inside.warm).notifiers.push(notifier);
            handled
        });
        let failed = match Box::pin(handled).await {
            Ok(Ok(report)) => return Ok(report),
            Ok(Err(error)) => Failed::Error(error),
            Err(death) => Failed::Death(death),
        };
        let failure = match &failed {
            Failed::Error(Diagnostic { error_type, error_message, .. }) => format!("{error_type}: {error_message}"),
            Failed::Death(death) => format!("{death:?}"),
        };
        lock(&self.lambda).failures.push(failure);
        Err(failed)
    }

    fn new_notifier(self: &Arc<Self>) -> Result<Notifier, Diagnostic> {
        let error = |error: &dyn std::fmt::Display| Diagnostic {
            error_type: "StartError".to_owned(),
            error_message: error.to_string(),
        };
        let settings = notifier::Settings::read(&settings(CALLBACK_URL, &self.keys, &self.members))
            .map_err(|wrong| error(&wrong))?;
        let sdk = self.sdks.get(&Function::Notifier).ok_or_else(|| error(&"no SDK"))?;
        let callback = Some(SharedHttpConnector::new(ToCallback(Arc::downgrade(self))));
        let (clock, metrics) = (self.clock.clock(), sink(&self.metrics));
        Ok(Notifier::new(settings, sdk, Host { clock, metrics, callback, ..Host::lambda() }))
    }

    pub(super) fn deliver(self: &Arc<Self>, event: Value) {
        let inside = Arc::clone(self);
        self.tasks.spawn(async move {
            let (turn, tries): (_, &[Duration]) = match group_of(&event) {
                Some(group) => (Some(inside.queue.turn(group).await), &RECEIVES),
                None => (None, &TRIES),
            };
            let request_id = inside.request_id();
            for pause in tries {
                let receipt = event.pointer("/Records/0/receiptHandle").and_then(Value::as_str);
                let said = receipt.and_then(|receipt| inside.aws.visible_after(receipt));
                sleep(said.map_or(*pause, time::Duration::unsigned_abs)).await;
                let _place = if turn.is_some() { inside.queue.side_by_side.acquire().await.ok() } else { None };
                if inside.notify(event.clone(), request_id.clone()).await.is_ok_and(|report| report.failed.is_empty()) {
                    return;
                }
            }
            lock(&inside.lambda).dead_letters.push(event);
            drop(turn);
        });
    }

    pub(super) async fn visit(self: &Arc<Self>, parts: Parts, body: Bytes) -> (StatusCode, HeaderMap, Bytes) {
        self.invoke_callback(gateway::event(CALLBACK_DOMAIN, &parts, &body, self.clock.now())).await
    }

    pub(super) async fn invoke_callback(self: &Arc<Self>, event: Value) -> (StatusCode, HeaderMap, Bytes) {
        let inside = Arc::clone(self);
        let answered = self.invoke(Function::Callback, None, async move {
            let callback = lock(&inside.warm).callbacks.pop();
            let callback = match callback {
                Some(callback) => callback,
                None => inside.new_callback().await?,
            };
            let answer = gateway::invoke(&callback, event).await;
            lock(&inside.warm).callbacks.push(callback);
            let (parts, body) = answer.into_parts();
            Some((parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap_or_default()))
        });
        // API Gateway's answer for a function that failed or died.
        let broken = || (StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), Bytes::new());
        answered.await.ok().flatten().unwrap_or_else(broken)
    }

    async fn new_callback(&self) -> Option<Callback> {
        let settings = callback::Settings::read(&settings(CALLBACK_URL, &self.keys, &self.members)).ok()?;
        let sdk = self.sdks.get(&Function::Callback)?;
        Callback::start(settings, sdk, self.clock.clock(), sink(&self.metrics)).await.ok()
    }
}

/// The group of the sweep's queue that an event is a message of.
fn group_of(event: &Value) -> Option<&str> {
    event.pointer("/Records/0/attributes/MessageGroupId").and_then(Value::as_str)
}

/// EventBridge and SNS: CodePipeline's events become invocations.
pub(super) async fn deliver_all(inside: Weak<Inside>, mut events: mpsc::UnboundedReceiver<Value>) {
    while let Some(event) = events.recv().await {
        let Some(inside) = inside.upgrade() else { return };
        lock(&inside.lambda).sent.push(event.clone());
        inside.deliver(event);
    }
}

/// The notifier's way to the callback.
struct ToCallback(Weak<Inside>);

impl std::fmt::Debug for ToCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the notifier's way to the callback")
    }
}

impl HttpConnector for ToCallback {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inside = self.0.clone();
        HttpConnectorFuture::new(async move {
            let (parts, body) = unpack(request).await?;
            let Some(inside) = inside.upgrade() else { return std::future::pending().await };
            let (wire, call) = (Arc::clone(&inside.wire), Outgoing::visit(&parts, body.clone()));
            let serve = Box::pin(async move {
                let (status, headers, body) = inside.visit(parts, body).await;
                let mut answer = Response::new(Body::from(body));
                (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
                answer
            });
            wire.carry(Function::Notifier, call, serve).await
        })
    }
}

/// The configuration that Lambda would give a function, on the simulated wire.
pub(super) fn sdk(wire: &Arc<Wire>, function: Function, access_key: &str, clock: &SandboxClock) -> SdkConfig {
    let credentials = Credentials::new(access_key, "sandbox", None, None, DEPLOYMENT);
    aws::builder()
        .region(Region::new(REGION))
        .endpoint_url("http://aws.simulated")
        .time_source(clock.time_source())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(wire.client(function))
        .build()
}
