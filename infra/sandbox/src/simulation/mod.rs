//! Both functions on an AWS that fails: without sockets, in simulated time, and the same again from the same seed.
//!
//! It wants a tokio runtime of one thread whose clock is paused. Time then goes on when everybody waits for it, and at
//! once: a time-out, a pause between attempts, the hour until the next sweep cost nothing. Nothing here runs side by side,
//! and all that chance decides (latencies, the SDK's jitter) comes from a seed, so that a run can be had again.
//!
//! Around the functions it does what Lambda, EventBridge and API Gateway do: an event whose invocation fails is tried twice
//! more, after one minute and after two; an invocation has its time-out; after a death the next one starts cold; a visitor
//! whose visit dies gets 500.

mod fault;
mod invocation;
mod tasks;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use callback::Callback;
use countersign::aws;
use lambda_runtime::Diagnostic;
use notifier::report::Report;
use notifier::{Host, Notifier};
use serde_json::{Value, json};
use time::UtcDateTime;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::aws::Aws;
use crate::clock::SandboxClock;
use crate::codepipeline::CodePipeline;
use crate::gateway;
use crate::sandbox::{DEPLOYMENT, Lines, POLICY, REGION, StartError, TABLE, settings, sink};

pub use fault::{Fault, Function, LATE, NoFault, Outage, Plan, Planned};
pub use invocation::{Death, Number};
pub use wire::{Attempt, Step};

use tasks::Tasks;
use wire::{Outgoing, Wire, unpack};

/// Where links point at.
const CALLBACK_URL: &str = "https://approvals.example.com";

/// What the deployment's templates set.
const NOTIFIER_TIMEOUT: Duration = Duration::from_mins(5);
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(29);
/// How long Lambda waits before an event's first try, its second and its third.
const TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_mins(1), Duration::from_mins(2)];

/// Time goes on only when everybody waits, so behind this pause all events have been taken over.
const A_MOMENT: Duration = Duration::from_millis(1);

/// How a simulation is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The text of the policy.
    pub policy: String,
    /// When it begins.
    pub begin: UtcDateTime,
    /// What all chance comes from.
    pub seed: u64,
    /// What goes wrong.
    pub plan: Plan,
    /// Whether calls are remembered, with all that is in them.
    pub traced: bool,
}

/// Both functions, and an AWS that fails as planned.
pub struct Simulation(Arc<Inside>);

struct Inside {
    aws: Arc<Aws>,
    wire: Arc<Wire>,
    clock: SandboxClock,
    sdks: BTreeMap<Function, SdkConfig>,
    key: String,
    metrics: Lines,
    tasks: Tasks,
    warm: Mutex<Warm>,
    lambda: Mutex<Lambda>,
}

/// The functions' processes that wait for work.
#[derive(Default)]
struct Warm {
    notifiers: Vec<Notifier>,
    callbacks: Vec<Callback>,
}

/// What Lambda remembers.
#[derive(Default)]
struct Lambda {
    /// What CodePipeline told.
    told: Vec<Value>,
    invocations: Number,
    deaths: BTreeMap<Number, Death>,
    dead_letters: Vec<Value>,
    failures: Vec<String>,
}

/// What a visitor got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The page.
    pub body: String,
}

/// Why a command has no report.
#[derive(Debug)]
pub enum Failed {
    /// The function's own error.
    Error(Diagnostic),
    /// The function died.
    Death(Death),
}

impl Simulation {
    /// Sets everything up. No function runs yet.
    ///
    /// # Errors
    /// When the policy is none, or AWS refuses the table, the key or the parameter.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { policy, begin, seed, plan, traced } = setup;
        fastrand::seed(seed);
        let clock = SandboxClock::simulated_from(begin);
        let (events, waiting_events) = mpsc::unbounded_channel();
        let codepipeline = Arc::new(CodePipeline::new(clock.clock(), events));
        let aws = Arc::new(Aws::new(REGION, TABLE, codepipeline, clock.clock()).await?);
        let key = aws.kms.create_key()?;
        aws.put_parameter(POLICY, &policy).await?;
        let tasks = Tasks::new();
        let wire = Wire::new(Arc::clone(&aws), plan, traced, seed, tasks.clone());
        let mut sdks = BTreeMap::new();
        for (function, access_key) in
            [(Function::Notifier, "AKIASANDBOXNOTIFIER"), (Function::Callback, "AKIASANDBOXCALLBACK")]
        {
            sdks.insert(function, sdk(&wire, function, access_key));
        }
        let inside = Arc::new(Inside {
            aws,
            wire,
            clock,
            sdks,
            key,
            metrics: Lines::default(),
            tasks,
            warm: Mutex::default(),
            lambda: Mutex::default(),
        });
        tokio::spawn(deliver_all(Arc::downgrade(&inside), waiting_events));
        Ok(Self(inside))
    }

    /// The AWS inside.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.0.aws
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        self.0.clock.now()
    }

    /// From now on nothing goes wrong.
    pub fn heal(&self) {
        self.0.wire.heal();
    }

    /// The calls that the functions made so far, if they are remembered.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.0.wire.steps()
    }

    /// The invocations that died, and of what.
    #[must_use]
    pub fn deaths(&self) -> BTreeMap<Number, Death> {
        lock(&self.0.lambda).deaths.clone()
    }

    /// The events that were tried three times in vain.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Value> {
        lock(&self.0.lambda).dead_letters.clone()
    }

    /// What the notifier's invocations that failed said, oldest first.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        lock(&self.0.lambda).failures.clone()
    }

    /// The metrics that both functions wrote, oldest first.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        lock(&self.0.metrics).iter().cloned().collect()
    }

    /// Visits the callback, through API Gateway. A form makes it a POST.
    pub async fn visit(&self, method: &str, url: &str, form: Option<&[(&str, &str)]>) -> Answer {
        let body = form.map(|fields| form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish());
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("host", "approvals.example.com")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(());
        let Ok(request) = request else { return Answer::of(StatusCode::BAD_REQUEST) };
        // Boxed, as below: a function's whole work would be too deep for the compiler in whatever awaits this.
        let visit = Box::pin(self.0.visit(request.into_parts().0, body.unwrap_or_default().into()));
        let (status, headers, body) = visit.await;
        Answer { status: status.as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// Invokes the notifier and waits for its answer, as `aws lambda invoke` does: one try.
    ///
    /// # Errors
    /// The function's own, or its death.
    pub async fn command(&self, event: Value) -> Result<Report, Failed> {
        Box::pin(self.0.notify(event)).await
    }

    /// Hands an event to Lambda, which tries it three times.
    pub fn deliver(&self, event: Value) {
        self.0.deliver(event);
    }

    /// Hands every event that CodePipeline has told so far to Lambda once more: EventBridge and SNS promise at least once.
    pub async fn again(&self) {
        sleep(A_MOMENT).await;
        let told = lock(&self.0.lambda).told.clone();
        for event in told {
            self.deliver(event);
        }
    }

    /// The hourly rule.
    pub fn sweep(&self) {
        self.deliver(json!({ "sweep": {} }));
    }

    /// Lets time go by, and CodePipeline with it.
    pub async fn pass(&self, time: Duration) {
        sleep(time).await;
        self.0.aws.codepipeline.tick();
    }

    /// An hour goes by, the hourly rule comes, and whatever follows from it.
    pub async fn hour(&self) {
        self.pass(Duration::from_hours(1)).await;
        self.sweep();
        self.settle().await;
    }

    /// Waits until every event was run, or is a dead letter, and nothing is under way.
    pub async fn settle(&self) {
        loop {
            sleep(A_MOMENT).await;
            if self.0.tasks.is_empty() {
                return;
            }
            self.0.tasks.none().await;
        }
    }
}

impl Inside {
    async fn invoke<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Death> {
        let number = {
            let mut lambda = lock(&self.lambda);
            lambda.invocations += 1;
            lambda.invocations
        };
        let done = invocation::run(number, limit, Box::pin(work)).await;
        if let Err(death) = done {
            lock(&self.lambda).deaths.insert(number, death);
        }
        done
    }

    async fn notify(self: &Arc<Self>, event: Value) -> Result<Report, Failed> {
        let inside = Arc::clone(self);
        let handled = self.invoke(NOTIFIER_TIMEOUT, async move {
            let notifier = lock(&inside.warm).notifiers.pop();
            let notifier = match notifier {
                Some(notifier) => notifier,
                None => inside.new_notifier()?,
            };
            let handled = notifier.handle(&event).await.map_err(Diagnostic::from);
            lock(&inside.warm).notifiers.push(notifier);
            handled
        });
        let failed = match handled.await {
            Ok(Ok(report)) => return Ok(report),
            Ok(Err(error)) => Failed::Error(error),
            Err(death) => Failed::Death(death),
        };
        let told = match &failed {
            Failed::Error(Diagnostic { error_type, error_message, .. }) => format!("{error_type}: {error_message}"),
            Failed::Death(death) => format!("{death:?}"),
        };
        lock(&self.lambda).failures.push(told);
        Err(failed)
    }

    fn new_notifier(self: &Arc<Self>) -> Result<Notifier, Diagnostic> {
        let error = |error: &dyn std::fmt::Display| Diagnostic {
            error_type: "StartError".to_owned(),
            error_message: error.to_string(),
        };
        let settings = notifier::Settings::read(&settings(CALLBACK_URL, &self.key)).map_err(|wrong| error(&wrong))?;
        let sdk = self.sdks.get(&Function::Notifier).ok_or_else(|| error(&"no SDK"))?;
        let callback = Some(SharedHttpConnector::new(ToCallback(Arc::downgrade(self))));
        let (clock, metrics) = (self.clock.clock(), sink(&self.metrics));
        Ok(Notifier::new(settings, sdk, Host { clock, metrics, callback, ..Host::lambda() }))
    }

    fn deliver(self: &Arc<Self>, event: Value) {
        let inside = Arc::clone(self);
        self.tasks.spawn(async move {
            for pause in TRIES {
                sleep(pause).await;
                if inside.notify(event.clone()).await.is_ok() {
                    return;
                }
            }
            lock(&inside.lambda).dead_letters.push(event);
        });
    }

    async fn visit(self: &Arc<Self>, parts: Parts, body: Bytes) -> (StatusCode, HeaderMap, Bytes) {
        let inside = Arc::clone(self);
        let answered = self.invoke(CALLBACK_TIMEOUT, async move {
            let callback = lock(&inside.warm).callbacks.pop();
            let callback = match callback {
                Some(callback) => callback,
                None => inside.new_callback().await?,
            };
            let answer = gateway::call(&callback, &parts, &body, inside.clock.now()).await;
            lock(&inside.warm).callbacks.push(callback);
            let (parts, body) = answer.into_parts();
            Some((parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap_or_default()))
        });
        // What API Gateway says for a function that failed or died.
        let broken = || (StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), Bytes::new());
        answered.await.ok().flatten().unwrap_or_else(broken)
    }

    async fn new_callback(&self) -> Option<Callback> {
        let settings = callback::Settings::read(&settings(CALLBACK_URL, &self.key)).ok()?;
        let sdk = self.sdks.get(&Function::Callback)?;
        Callback::start(settings, sdk, self.clock.clock(), sink(&self.metrics)).await.ok()
    }
}

/// EventBridge and SNS: what CodePipeline tells becomes invocations.
async fn deliver_all(inside: Weak<Inside>, mut events: mpsc::UnboundedReceiver<Value>) {
    while let Some(event) = events.recv().await {
        let Some(inside) = inside.upgrade() else { return };
        lock(&inside.lambda).told.push(event.clone());
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

impl Answer {
    fn of(status: StatusCode) -> Self {
        Self { status: status.as_u16(), headers: HeaderMap::new(), body: String::new() }
    }
}

/// The configuration that Lambda would give a function, on the simulated wire.
fn sdk(wire: &Arc<Wire>, function: Function, access_key: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, "sandbox", None, None, DEPLOYMENT);
    aws::builder()
        .region(Region::new(REGION))
        .endpoint_url("http://aws.simulated")
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(wire.client(function))
        .build()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
