//! The connection between the functions and AWS: without sockets, and with every call a numbered step that can fail.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::fault::{Calls, Fault, Function, LATE, Outage, Plan};
use super::tasks::Tasks;
use super::usage::{Invoked, Request, Target, Usage};
use super::{invocation, invocation::Number};
use crate::aws::Aws;
use crate::codepipeline::AwsError;
use crate::lock::lock;

/// The longest way that a request or an answer is under way when nothing goes wrong.
const LATENCY_MILLIS: std::ops::Range<u64> = 1..40;

/// The most of a request that an error quotes, in characters.
const MAX_QUOTED: usize = 1_000;

/// A call of a function.
#[derive(Clone, Debug)]
pub struct Step {
    /// The call's number from 1, in the order in which calls begin.
    pub number: usize,
    /// The calling function.
    pub function: Function,
    /// The number of the invocation that makes the call.
    pub invocation: Number,
    /// The service, by its name in signatures, or `countersign` where the notifier visits the callback.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// The attempts that the caller makes at it.
    pub attempts: Vec<Attempt>,
    /// The id that all attempts at one call share.
    id: String,
}

/// One attempt at a call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The fault that the attempt met.
    pub fault: Option<Fault>,
    /// The body of the request.
    pub request: Bytes,
    /// The status and the body of the service's answer, if it was reached.
    pub effect: Option<(u16, Bytes)>,
    /// Whether the caller got the answer.
    pub arrived: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, function, invocation, service, operation, .. } = self;
        write!(f, "step {number}: {service}:{operation} of the {function} (invocation {invocation})")
    }
}

/// All connections between the functions and AWS.
pub(super) struct Wire {
    aws: Arc<Aws>,
    plan: Plan,
    /// The faults that were added to the plan in the middle of a story.
    unplanned: Mutex<Vec<(Calls, Fault)>>,
    /// Whether calls are recorded. If not, no call is a step, and no planned fault can meet it.
    traced: bool,
    began: Instant,
    steps: Mutex<Vec<Step>>,
    chance: Mutex<fastrand::Rng>,
    healed: AtomicBool,
    usage: Mutex<Usage>,
    tasks: Tasks,
}

/// Answers a request, whenever it is asked to.
type Serve = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers with an error of the service that is called.
type Refuse = Box<dyn Fn(&AwsError) -> Response<Body> + Send>;

/// One attempt among the steps.
#[derive(Clone, Copy)]
struct Place {
    step: usize,
    attempt: usize,
}

/// A request, and how it is answered with an error of its service.
pub(super) struct Outgoing {
    service: &'static str,
    operation: String,
    /// The account in which it is made, and the region that it is made to.
    target: Option<Target>,
    id: String,
    body: Bytes,
    refuse: Refuse,
}

impl Wire {
    pub(super) fn new(aws: Arc<Aws>, plan: Plan, traced: bool, seed: u64, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self {
            aws,
            plan,
            unplanned: Mutex::default(),
            traced,
            began: Instant::now(),
            steps: Mutex::default(),
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            healed: AtomicBool::new(false),
            usage: Mutex::default(),
            tasks,
        })
    }

    /// The HTTP client of a function's SDK.
    pub(super) fn client(self: &Arc<Self>, function: Function) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(ToAws { wire: Arc::clone(self), function });
        http_client_fn(move |_, _| connector.clone())
    }

    /// Stops all faults, until [`fail`](Self::fail) adds some.
    pub(super) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
        lock(&self.unplanned).clear();
    }

    /// Makes these calls fail from now on.
    pub(super) fn fail(&self, calls: Calls, fault: Fault) {
        lock(&self.unplanned).push((calls, fault));
    }

    /// The calls so far.
    pub(super) fn steps(&self) -> Vec<Step> {
        lock(&self.steps).clone()
    }

    /// What the functions used since this was called last.
    pub(super) fn take_usage(&self) -> Usage {
        std::mem::take(&mut lock(&self.usage))
    }

    /// Notes that an invocation ended.
    pub(super) fn ended(&self, invoked: Invoked) {
        lock(&self.usage).invocations.push(invoked);
    }

    /// Takes a call there and back, if all goes well.
    pub(super) async fn carry(
        self: &Arc<Self>,
        function: Function,
        call: Outgoing,
        serve: Serve,
    ) -> Result<HttpResponse, ConnectorError> {
        let (place, fault) = self.begin(function, &call);
        if fault == Some(Fault::Late) {
            // The caller gives up; the request itself is under way.
            let (this, due) = (Arc::clone(self), Instant::now() + LATE);
            self.tasks.spawn(async move {
                sleep_until(due).await;
                let _ = this.take_effect(place, serve).await;
            });
            return std::future::pending().await;
        }
        if fault == Some(Fault::KilledBefore) {
            return invocation::die().await;
        }
        sleep(self.latency()).await;
        let answer = match fault {
            Some(Fault::Refused) => return Err(broken(io::ErrorKind::ConnectionRefused)),
            Some(Fault::ResetBefore) => return Err(broken(io::ErrorKind::ConnectionReset)),
            // The latter two were handled above.
            Some(Fault::HangBefore | Fault::Late | Fault::KilledBefore) => return std::future::pending().await,
            Some(Fault::ErrorBefore) => (call.refuse)(&internal(&call.body)),
            Some(Fault::Throttled) => (call.refuse)(&throttled(call.service, &call.body)),
            Some(Fault::Denied) => (call.refuse)(&denied(call.service, &call.body)),
            Some(Fault::NotFoundYet) => (call.refuse)(&not_found_yet()),
            Some(Fault::GarbledBefore) => garbage(),
            None => self.take_effect(place, serve).await?,
            Some(after) => {
                let _ = self.take_effect(place, serve).await;
                match after {
                    Fault::ErrorAfter => (call.refuse)(&internal(&call.body)),
                    Fault::GarbledAfter => garbage(),
                    Fault::HangAfter => return std::future::pending().await,
                    Fault::KilledAfter => return invocation::die().await,
                    _ => return Err(broken(io::ErrorKind::ConnectionReset)),
                }
            }
        };
        sleep(self.latency()).await;
        let answer = read(answer).await?;
        if fault.is_none() {
            self.note(place, |attempt| attempt.arrived = true);
        }
        HttpResponse::try_from(answer.map(Into::into)).map_err(|error| ConnectorError::user(error.into()))
    }

    /// Has a service handle a request. A service that was reached finishes it, even if its caller dies.
    async fn take_effect(self: &Arc<Self>, place: Place, serve: Serve) -> Result<Response<Body>, ConnectorError> {
        let (this, (done, answered)) = (Arc::clone(self), oneshot::channel());
        self.tasks.spawn(async move {
            let answer = read(serve.await).await;
            if let Ok(answer) = &answer {
                let effect = (answer.status().as_u16(), answer.body().clone());
                this.note(place, |attempt| attempt.effect = Some(effect));
            }
            let _ = done.send(answer);
        });
        let answer = answered.await.map_err(|_| broken(io::ErrorKind::ConnectionReset))?;
        Ok(answer?.map(Body::from))
    }

    /// Numbers an attempt, and returns the fault that it meets.
    fn begin(&self, function: Function, call: &Outgoing) -> (Place, Option<Fault>) {
        if !self.traced {
            let fault = self.outage(function, call).or_else(|| self.unplanned(function, call));
            return (Place { step: usize::MAX, attempt: 0 }, fault);
        }
        let mut steps = lock(&self.steps);
        let known = steps.iter().rposition(|step| !call.id.is_empty() && step.id == call.id);
        let index = known.unwrap_or(steps.len());
        let attempt = known.and_then(|known| steps.get(known)).map_or(0, |step| step.attempts.len());
        let planned =
            self.plan.faults.iter().find(|planned| planned.step == index + 1 && (planned.always || attempt == 0));
        let fault = planned.map(|planned| planned.fault).or_else(|| self.outage(function, call));
        let fault = fault.filter(|_| !self.healed.load(Ordering::Relaxed)).or_else(|| self.unplanned(function, call));
        let made = Attempt { fault, request: call.body.clone(), effect: None, arrived: false };
        match known.and_then(|known| steps.get_mut(known)) {
            Some(step) => step.attempts.push(made),
            None => steps.push(Step {
                number: index + 1,
                function,
                invocation: invocation::number(),
                service: call.service,
                operation: call.operation.clone(),
                attempts: vec![made],
                id: call.id.clone(),
            }),
        }
        (Place { step: index, attempt }, fault)
    }

    fn outage(&self, function: Function, call: &Outgoing) -> Option<Fault> {
        let Outage { function: whose, service, operation, fault, lasts } = self.plan.outage.as_ref()?;
        let met = *whose == function && service == call.service && *operation == call.operation;
        (met && self.began.elapsed() < *lasts).then_some(*fault)
    }

    fn unplanned(&self, function: Function, call: &Outgoing) -> Option<Fault> {
        let mut unplanned = lock(&self.unplanned);
        let region = call.target.as_ref().map(|(_, region)| region.as_str());
        unplanned.iter_mut().find_map(|(calls, fault)| calls.next(function, &call.operation, region).then_some(*fault))
    }

    fn note(&self, place: Place, change: impl FnOnce(&mut Attempt)) {
        let mut steps = lock(&self.steps);
        if let Some(attempt) = steps.get_mut(place.step).and_then(|step| step.attempts.get_mut(place.attempt)) {
            change(attempt);
        }
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(lock(&self.chance).u64(LATENCY_MILLIS))
    }
}

impl Outgoing {
    /// The notifier's visit of the callback. API Gateway answers for a callback that does not.
    pub(super) fn visit(parts: &Parts, body: Bytes) -> Self {
        let refuse = |error: &AwsError| {
            let mut answer = Response::new(Body::from("{\"message\":\"Internal Server Error\"}"));
            *answer.status_mut() = match error.code.as_str() {
                "AccessDeniedException" => axum::http::StatusCode::FORBIDDEN,
                "ThrottlingException" => axum::http::StatusCode::TOO_MANY_REQUESTS,
                _ => axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            };
            answer
        };
        Self {
            service: "countersign",
            operation: format!("{} {}", parts.method, parts.uri.path()),
            target: None,
            id: String::new(),
            body,
            refuse: Box::new(refuse),
        }
    }

    fn to_aws(aws: &Aws, parts: &Parts, body: Bytes) -> Self {
        let (service, operation) = Aws::operation(parts, &body);
        let id = parts.headers.get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let (id, asked) = (id.to_owned(), parts.clone());
        let sent = body.clone();
        let target = aws.target(parts, &sent);
        Self { service, operation, target, id, body, refuse: Box::new(move |error| Aws::refuse(&asked, &sent, error)) }
    }
}

/// The HTTP connector of a function's SDK.
struct ToAws {
    wire: Arc<Wire>,
    function: Function,
}

impl fmt::Debug for ToAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}'s way to AWS", self.function)
    }
}

impl HttpConnector for ToAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (wire, function) = (Arc::clone(&self.wire), self.function);
        HttpConnectorFuture::new(async move {
            let (parts, body) = unpack(request).await?;
            let (call, this) = (Outgoing::to_aws(&wire.aws, &parts, body.clone()), Arc::clone(&wire));
            let request = Request::new(call.service, call.operation.clone(), call.target.clone(), &body);
            let serve = Box::pin(async move {
                let headers: HeaderMap = parts.headers;
                let answer = this.aws.handle(parts.method.as_str(), &parts.uri.to_string(), &headers, body).await;
                let bytes = answer.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
                lock(&this.usage).add(request, bytes.unwrap_or_default());
                answer
            });
            wire.carry(function, call, serve).await
        })
    }
}

/// A request of the SDK, as axum has it.
pub(super) async fn unpack(request: HttpRequest) -> Result<(Parts, Bytes), ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(|error| ConnectorError::user(error.into()))?;
    Ok((parts, body))
}

async fn read(answer: Response<Body>) -> Result<Response<Bytes>, ConnectorError> {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| ConnectorError::io(error.into()))?;
    Ok(Response::from_parts(parts, body))
}

/// A broken connection as the SDK sees it.
fn broken(kind: io::ErrorKind) -> ConnectorError {
    ConnectorError::io(io::Error::from(kind).into())
}

/// An error whose message quotes what was sent, as a service's may: none of it may reach a log.
fn quoting(status: u16, code: &str, message: &str, request: &[u8]) -> AwsError {
    let request: String = String::from_utf8_lossy(request).chars().take(MAX_QUOTED).collect();
    AwsError { status, code: code.to_owned(), message: format!("{message}: {request}") }
}

fn internal(request: &[u8]) -> AwsError {
    quoting(500, "InternalServerError", "Internal server error", request)
}

fn throttled(service: &str, request: &[u8]) -> AwsError {
    let code = match service {
        "ses" => "Throttling",
        "dynamodb" => "ProvisionedThroughputExceededException",
        _ => "ThrottlingException",
    };
    quoting(400, code, "Rate exceeded", request)
}

fn denied(service: &str, request: &[u8]) -> AwsError {
    let (status, code) = if service == "ses" { (403, "AccessDenied") } else { (400, "AccessDeniedException") };
    quoting(status, code, "The function is not authorized to perform this", request)
}

fn not_found_yet() -> AwsError {
    AwsError::new("PipelineExecutionNotFoundException", "The pipeline has no such execution")
}

/// The answer of a gateway on the way, in HTML that is not even XML.
fn garbage() -> Response<Body> {
    Response::new(Body::from("<html><p>Bad <gateway"))
}
