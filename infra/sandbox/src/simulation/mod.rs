//! Both functions on an AWS that fails: without sockets, in simulated time, and reproducible from a seed.
//!
//! A simulation needs a tokio runtime of one thread whose clock is paused. The clock then advances, at once, whenever
//! every task waits: time-outs, pauses between attempts and the hour until the next sweep cost nothing. Nothing runs in
//! parallel, and all random choices (latencies, the SDK's jitter) come from a seed, so that a run is reproducible.
//!
//! The simulation also plays Lambda, EventBridge and API Gateway: an event whose invocation fails is tried twice more,
//! after one minute and after two; an invocation has its time-out; after a death the next one starts cold; a visitor
//! whose visit dies gets 500.

mod fault;
mod invocation;
mod lambda;
mod tasks;
mod usage;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use notifier::report::Report;
use serde_json::Value;
use time::UtcDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::aws::Aws;
use crate::clock::SandboxClock;
use crate::codepipeline::CodePipeline;
use crate::deployment::{CALLBACK_KEY, Members, NOTIFIER_KEY, POLICY, REGION, TABLE};
use crate::functions::round_event;
use crate::keys::create_keys;
use crate::lock::lock;
use crate::metrics::Lines;
use crate::replay;
use crate::sandbox::StartError;

pub use fault::{Calls, Fault, FaultError, Function, LATE, Outage, Plan, Planned};
pub use invocation::{Death, Number};
pub use lambda::Failed;
pub use usage::{Invoked, Target, Usage};
pub use wire::{Attempt, Step};

use lambda::{CALLBACK_DOMAIN, CALLBACK_URL, Inside, Queue, deliver_all, sdk};
use tasks::Tasks;
use wire::Wire;

/// The pause after which all events have been taken over, since time advances only when every task waits.
const A_MOMENT: Duration = Duration::from_millis(1);

/// The settings of a simulation.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The text of the policy.
    pub policy: String,
    /// The accounts and regions that are served.
    pub members: Members,
    /// The time at which the simulation begins.
    pub begin: UtcDateTime,
    /// The seed of all random choices.
    pub seed: u64,
    /// The planned faults.
    pub plan: Plan,
    /// Whether calls are recorded with their content.
    pub traced: bool,
}

/// Both functions, and an AWS that fails as planned.
pub struct Simulation(Arc<Inside>);

/// The answer to a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The page.
    pub body: String,
}

impl Simulation {
    /// Sets everything up. No function runs yet.
    ///
    /// # Errors
    /// When AWS refuses the table, the key or the parameter.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { policy, members, begin, seed, plan, traced } = setup;
        fastrand::seed(seed);
        let clock = SandboxClock::simulated_from(begin);
        let (events, waiting_events) = mpsc::unbounded_channel();
        let codepipeline = Arc::new(CodePipeline::new(clock.clock(), events));
        let aws = Arc::new(Aws::new(REGION, TABLE, codepipeline, clock.clock()).await?);
        let keys = create_keys(&aws)?;
        aws.put_parameter(POLICY, &policy).await?;
        let tasks = Tasks::new();
        let wire = Wire::new(Arc::clone(&aws), plan, traced, seed, tasks.clone());
        let mut sdks = BTreeMap::new();
        for (function, access_key) in [(Function::Notifier, NOTIFIER_KEY), (Function::Callback, CALLBACK_KEY)] {
            sdks.insert(function, sdk(&wire, function, access_key, &clock));
        }
        let inside = Arc::new(Inside {
            aws,
            wire,
            clock,
            sdks,
            keys,
            members,
            metrics: Lines::default(),
            tasks,
            warm: Mutex::default(),
            lambda: Mutex::default(),
            queue: Queue::default(),
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

    /// The URL that links begin with.
    #[must_use]
    pub fn url(&self) -> &'static str {
        CALLBACK_URL
    }

    /// Makes these calls fail from now on, in addition to the planned faults.
    pub fn fail(&self, calls: Calls, fault: Fault) {
        self.0.wire.fail(calls, fault);
    }

    /// Stops all faults, until [`fail`](Self::fail) adds some.
    pub fn heal(&self) {
        self.0.wire.heal();
    }

    /// The calls that the functions have made so far, if they are recorded.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.0.wire.steps()
    }

    /// The invocations that died, with the reason.
    #[must_use]
    pub fn deaths(&self) -> BTreeMap<Number, Death> {
        lock(&self.0.lambda).deaths.clone()
    }

    /// The events that were tried three times in vain.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Value> {
        lock(&self.0.lambda).dead_letters.clone()
    }

    /// The errors of the notifier's failed invocations, oldest first.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        lock(&self.0.lambda).failures.clone()
    }

    /// What the functions used of AWS since this was called last.
    #[must_use]
    pub fn take_usage(&self) -> Usage {
        self.0.wire.take_usage()
    }

    /// The metrics that both functions wrote, oldest first.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        lock(&self.0.metrics).iter().cloned().collect()
    }

    /// Visits the callback, through API Gateway. A form makes it a POST.
    pub async fn visit(&self, method: &str, url: &str, form: Option<&[(&str, &str)]>) -> Answer {
        let body = form.map(|fields| form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(method, url, &headers, body.unwrap_or_default()).await
    }

    /// Sends a request to the callback, through API Gateway.
    pub async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let request = Request::builder().method(method).uri(url).header("host", CALLBACK_DOMAIN);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let Ok(request) = request.body(()) else { return Answer::of(StatusCode::BAD_REQUEST) };
        // Boxed, as below: a function's whole work would be too deep for the compiler in whatever awaits this.
        Answer::from(Box::pin(self.0.visit(request.into_parts().0, Bytes::from(body))).await)
    }

    /// Invokes the callback without API Gateway, as `aws lambda invoke` does.
    pub async fn invoke_callback(&self, event: Value) -> Answer {
        Answer::from(Box::pin(self.0.invoke_callback(event)).await)
    }

    /// Plays a recorded event through the notifier: one attempt, and everything that follows.
    ///
    /// # Errors
    /// The function's own error, or its death.
    pub async fn play(&self, event: Value) -> Result<Report, Failed> {
        let event = replay::prepare(event, &self.0.aws.codepipeline);
        let report = self.command(event).await;
        self.settle().await;
        report
    }

    /// Invokes the notifier and waits for its answer, as `aws lambda invoke` does: one try.
    ///
    /// # Errors
    /// The function's own error, or its death.
    pub async fn command(&self, event: Value) -> Result<Report, Failed> {
        Box::pin(self.0.notify(event, self.0.request_id())).await
    }

    /// Hands an event to Lambda, which tries it three times.
    pub fn deliver(&self, event: Value) {
        self.0.deliver(event);
    }

    /// Hands every event that CodePipeline has sent so far to Lambda once more: EventBridge and SNS promise at least
    /// once.
    pub async fn again(&self) {
        sleep(A_MOMENT).await;
        let sent = lock(&self.0.lambda).sent.clone();
        for event in sent {
            self.deliver(event);
        }
    }

    /// The hourly rule.
    pub fn sweep(&self) {
        self.deliver(round_event());
    }

    /// Advances the time, also for CodePipeline: approvals expire at their deadlines.
    pub async fn pass(&self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let deadline = self.0.aws.codepipeline.next_deadline();
            let wait = |deadline| Duration::try_from(deadline - self.now()).unwrap_or_default();
            let due = deadline.map(|deadline| Instant::now() + wait(deadline)).filter(|due| *due < end);
            sleep_until(due.unwrap_or(end)).await;
            self.0.aws.codepipeline.tick();
            if due.is_none() {
                return;
            }
        }
    }

    /// Advances the time by an hour, runs the hourly rule, and waits for everything that follows.
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

impl From<(StatusCode, HeaderMap, Bytes)> for Answer {
    fn from((status, headers, body): (StatusCode, HeaderMap, Bytes)) -> Self {
        Self { status: status.as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Answer {
    fn of(status: StatusCode) -> Self {
        Self { status: status.as_u16(), headers: HeaderMap::new(), body: String::new() }
    }
}
