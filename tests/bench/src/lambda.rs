//! Lambda, as far as one function sees it: its Runtime API, its environment, and a clock beside it.
//!
//! Source: the AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use sandbox::SandboxClock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cloud::REGION;

/// The time limit of every wait: a function that takes longer has died.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running function. It is killed when it is dropped.
pub struct Function {
    child: Child,
    spawned: Instant,
    asked: Receiver<Instant>,
    events: Sender<Bytes>,
    answers: Receiver<Answer>,
    server: JoinHandle<()>,
}

/// The result of an invocation.
pub struct Answer {
    /// The time at which the answer had arrived in full.
    at: Instant,
    /// The function's answer, or its error.
    body: Result<Value, Value>,
}

/// The measurements of a function's start.
#[derive(Clone, Copy)]
pub struct Start {
    /// From the start of the process until it asked for its first event.
    pub ready: Duration,
    /// From the start of the process until its first answer.
    pub answered: Duration,
    /// The CPU time that it took until then, in all threads.
    pub cpu: Duration,
}

struct Api {
    asked: Sender<Instant>,
    events: Mutex<Receiver<Bytes>>,
    answers: Sender<Answer>,
    invocations: AtomicUsize,
}

impl Function {
    /// Starts a process, as Lambda would.
    pub async fn start(command: &[String], environment: Vec<(&'static str, String)>) -> Self {
        let (asked, was_asked) = channel(1);
        let (events, next_events) = channel(1);
        let (answers, next_answers) = channel(1);
        let api =
            Arc::new(Api { asked, events: Mutex::new(next_events), answers, invocations: AtomicUsize::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(api);
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection"));
        let server = tokio::spawn(async { axum::serve(listener, router).await.expect("a server") });

        let (program, arguments) = command.split_first().expect("a command");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_DEFAULT_REGION", REGION)
            .env("TZ", ":UTC")
            .env("LANG", "en_US.UTF-8")
            .env("_HANDLER", "bootstrap")
            .env("LAMBDA_TASK_ROOT", Path::new(program).parent().unwrap_or(Path::new("/")))
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let spawned = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        Self { child, spawned, asked: was_asked, events, answers: next_answers, server }
    }

    /// The first invocation, whose event waits for the function from the beginning.
    pub async fn first(&mut self, event: &Value) -> (Start, Value) {
        self.events.send(Bytes::from(event.to_string())).await.expect("the Runtime API");
        let asked = within(self.asked.recv()).await;
        let answer = within(self.answers.recv()).await;
        let start = Start { ready: asked - self.spawned, answered: answer.at - self.spawned, cpu: self.cpu() };
        (start, answer.body.unwrap_or_else(|error| panic!("the function failed: {error}")))
    }

    /// An invocation of a function that waits for one: how long it took, and the answer.
    pub async fn invoke(&mut self, event: &Value) -> (Duration, Value) {
        let event = Bytes::from(event.to_string());
        within(self.asked.recv()).await;
        let began = Instant::now();
        self.events.send(event).await.expect("the Runtime API");
        let answer = within(self.answers.recv()).await;
        (answer.at - began, answer.body.unwrap_or_else(|error| panic!("the function failed: {error}")))
    }

    /// The peak of the function's memory, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }

    /// The CPU time that the function has taken so far, in all threads.
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id())).expect("a running function");
        let spent = |task: std::io::Result<std::fs::DirEntry>| -> u64 {
            let path = task.expect("a thread").path().join("schedstat");
            // A thread may end while this is read.
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        Duration::from_nanos(tasks.map(spent).sum())
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.id())).expect("a running function")
    }

    fn id(&self) -> u32 {
        self.child.id().expect("a running function")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // First, so that it does not miss its Runtime API, and say so.
        let _ = self.child.start_kill();
        self.server.abort();
    }
}

async fn within<T>(wait: impl Future<Output = Option<T>>) -> T {
    tokio::time::timeout(TIMEOUT, wait).await.expect("an answer in time").expect("the Runtime API")
}

async fn next(State(api): State<Arc<Api>>) -> (HeaderMap, Bytes) {
    let _ = api.asked.send(Instant::now()).await;
    let Some(event) = api.events.lock().await.recv().await else { std::future::pending().await };
    let invocation = api.invocations.fetch_add(1, Ordering::Relaxed);
    let deadline = (SandboxClock::running().now() + TIMEOUT).unix_timestamp() * 1000;
    let headers = [
        ("lambda-runtime-aws-request-id", format!("00000000-0000-4000-8000-{invocation:012}")),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", format!("arn:aws:lambda:{REGION}:123456789012:function:bench")),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".into(),
        ),
        ("content-type", "application/json".into()),
    ];
    let header = |(name, value): (&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::from_str(&value).expect("a header"))
    };
    (headers.into_iter().map(header).collect(), event)
}

async fn response(State(api): State<Arc<Api>>, Segment(_): Segment<String>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let body = serde_json::from_slice(&body).map_err(|_| Value::from("an answer that is not JSON"));
    let _ = api.answers.send(Answer { at, body }).await;
    StatusCode::ACCEPTED
}

async fn error(State(api): State<Arc<Api>>, Segment(_): Segment<String>, body: Bytes) -> StatusCode {
    failed(&api, &body).await
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    failed(&api, &body).await
}

async fn failed(api: &Api, body: &Bytes) -> StatusCode {
    let error = Value::from(String::from_utf8_lossy(body).into_owned());
    let _ = api.answers.send(Answer { at: Instant::now(), body: Err(error) }).await;
    StatusCode::ACCEPTED
}
