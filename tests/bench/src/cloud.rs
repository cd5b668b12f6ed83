//! The sandbox's AWS on loopback, and the events that the functions are invoked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::serve::ListenerExt;
use sandbox::aws::{ACCOUNT, Aws};
use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, CodePipeline, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition, Trigger,
};
use sandbox::{CALLBACK_ROLE, CONFIGURATION_SET, EMAIL_QUEUE, NOTIFIER_ROLE, ROLE_PREFIX, SandboxClock, key_policy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::tls::Tls;

pub const REGION: &str = "us-east-2";
const TABLE: &str = "countersign";
const POLICY: &str = "/bench/policy";

/// An AWS with nothing in it yet. It stops when it is dropped.
pub struct Cloud {
    aws: Arc<Aws>,
    request_key: String,
    vote_key: String,
    /// Each service has an address of its own, as in AWS: a connection to one does not serve another.
    endpoints: Vec<(&'static str, String)>,
    /// The delay that is added to each call, in microseconds.
    delay: Arc<AtomicU64>,
    /// The total duration of the calls so far, in nanoseconds, without the delay.
    busy: Arc<AtomicU64>,
    events: UnboundedReceiver<Value>,
    approvals: usize,
    servers: Vec<JoinHandle<()>>,
}

/// The services that the functions call, each by the name of the variable that has its address.
const SERVICES: [&str; 8] = [
    "AWS_ENDPOINT_URL_CODEPIPELINE",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_SES",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_ENDPOINT_URL_STS",
];

/// An approval that waits.
pub struct Waiting {
    /// The approval's unique name.
    pub pipeline: String,
    /// The event that says that the approval is pending.
    pub event: Value,
}

impl Cloud {
    pub async fn start(tls: Option<&Tls>) -> Self {
        let (sender, events) = unbounded_channel();
        let clock = SandboxClock::running();
        let codepipeline = Arc::new(CodePipeline::new(clock.clock(), sender));
        let aws = Arc::new(Aws::new(REGION, TABLE, codepipeline, clock.clock()).await.expect("an AWS"));
        let key = |role| aws.kms.create_key_with_policy(&key_policy(role)).expect("a key");
        let (request_key, vote_key) = (key(NOTIFIER_ROLE), key(CALLBACK_ROLE));
        aws.put_parameter(POLICY, &policy(&[1, 10, 50])).await.expect("a policy");

        let (delay, busy) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let state = (Arc::clone(&aws), Arc::clone(&delay), Arc::clone(&busy));
        let router = Router::new().fallback(call).with_state(state);
        let (mut endpoints, mut servers) = (Vec::new(), Vec::new());
        for service in SERVICES {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection"));
            let router = router.clone();
            let (scheme, server) = match tls {
                None => ("http", tokio::spawn(async { axum::serve(listener, router).await.expect("a server") })),
                Some(tls) => {
                    let listener = tls.over(listener);
                    ("https", tokio::spawn(async { axum::serve(listener, router).await.expect("a server") }))
                }
            };
            endpoints.push((service, format!("{scheme}://{address}")));
            servers.push(server);
        }
        Self { aws, request_key, vote_key, endpoints, delay, busy, events, approvals: 0, servers }
    }

    /// Adds this delay to each call from now on: the way to AWS and back, and AWS's own time.
    pub fn delay(&self, delay: Duration) {
        self.delay.store(delay.as_micros().try_into().expect("a short delay"), Ordering::Relaxed);
    }

    /// The environment of a function.
    pub fn environment(&self, function: &str) -> Vec<(&'static str, String)> {
        let ours = [
            ("AWS_ACCESS_KEY_ID", format!("AKIASANDBOX{}", function.to_uppercase())),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("COUNTERSIGN_DEPLOYMENT", "bench".to_owned()),
            ("COUNTERSIGN_TABLE", TABLE.to_owned()),
            ("COUNTERSIGN_CALLBACK_URL", "https://bench.example".to_owned()),
            ("COUNTERSIGN_ACCOUNTS", ACCOUNT.to_owned()),
            ("COUNTERSIGN_ORIGINS", "https://bench.example".to_owned()),
            ("COUNTERSIGN_REQUEST_KEYS", self.request_key.clone()),
            ("COUNTERSIGN_VOTE_KEYS", self.vote_key.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("COUNTERSIGN_SWEEP_QUEUE", format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/bench.fifo")),
            ("COUNTERSIGN_MEMBER_ROLES", format!("arn:aws:iam::*:role/{ROLE_PREFIX}")),
            ("COUNTERSIGN_MEMBER_BUS", format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")),
            ("COUNTERSIGN_CALLBACK_ROLE", format!("arn:aws:iam::{ACCOUNT}:role/{CALLBACK_ROLE}")),
            ("COUNTERSIGN_SENDER", "Countersign <approvals@example.com>".to_owned()),
            ("COUNTERSIGN_CONFIGURATION_SET", CONFIGURATION_SET.to_owned()),
            ("COUNTERSIGN_EMAIL_QUEUE", EMAIL_QUEUE.to_owned()),
            ("COUNTERSIGN_POLICY", POLICY.to_owned()),
        ];
        self.endpoints.iter().cloned().chain(ours).collect()
    }

    /// A new pending approval with this many approvers, after a release that somebody approved in AWS.
    pub fn approval(&mut self, approvers: usize) -> Waiting {
        self.approvals += 1;
        let pipeline = format!("asks-{approvers}-{}", self.approvals);
        self.aws.codepipeline.create(definition(&pipeline)).expect("a pipeline");
        self.waiting(&pipeline);
        let call = |operation, input| self.aws.codepipeline.call(operation, &input, "").expect(operation);
        let state = call("GetPipelineState", json!({"name": pipeline}));
        let token = state["stageStates"][1]["actionStates"][0]["latestExecution"]["token"].clone();
        let result = json!({
            "pipelineName": pipeline, "stageName": "Production", "actionName": "Approve", "token": token,
            "result": {"summary": "", "status": "Approved"},
        });
        call("PutApprovalResult", result);
        let event = self.waiting(&pipeline);
        Waiting { pipeline, event }
    }

    /// Starts an execution, and gives the event that its approval waits.
    fn waiting(&mut self, pipeline: &str) -> Value {
        let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{pipeline}");
        self.aws.codepipeline.start(pipeline, Trigger::CloudWatchEvent(rule)).expect("an execution");
        let mut waiting = None;
        while let Ok(event) = self.events.try_recv() {
            if event["detail"]["type"]["category"] == "Approval" && event["detail"]["state"] == "STARTED" {
                waiting = Some(event);
            }
        }
        waiting.expect("an event")
    }

    /// The link to approve that was sent for it.
    pub fn link_to_approve(&self, waiting: &Waiting) -> String {
        let mails = self.aws.ses.mails();
        let name = format!(" {} /", waiting.pipeline);
        let mail = mails.iter().rev().find(|mail| mail.subject.contains(&name)).expect("an email");
        let mut words = mail.text.split_whitespace();
        words.find(|word| word.contains("/approval?t=")).expect("a link").to_owned()
    }

    /// The total duration of the calls so far.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }

    /// The calls that arrived so far.
    pub fn calls(&self) -> Vec<String> {
        self.aws.calls().into_iter().map(|call| format!("{}:{}", call.service, call.operation)).collect()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

async fn call(
    State((aws, delay, busy)): State<(Arc<Aws>, Arc<AtomicU64>, Arc<AtomicU64>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let delay = delay.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_micros(delay)).await;
    }
    let began = Instant::now();
    let answer = aws.handle(method.as_str(), &uri.to_string(), &headers, body).await;
    busy.fetch_add(began.elapsed().as_nanos().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    answer
}

/// A route for each number of approvers.
fn policy(numbers: &[usize]) -> String {
    let route = |number: &usize| {
        let approvers: Vec<String> =
            (1..=*number).map(|one| format!("Approver {one} <approver-{one}@example.com>")).collect();
        format!("[[route]]\npipeline = \"asks-{number}-*\"\napprovers = {}\n", json!(approvers))
    };
    numbers.iter().map(route).collect()
}

/// A typical pipeline: a commit, instructions, and a URL to review.
fn definition(name: &str) -> PipelineDefinition {
    let source = SourceAction {
        messages: vec!["Round totals half to even, as the auditors asked".to_owned()],
        ..SourceAction::new(SourceProvider::GitHubConnection, &format!("example/{name}"))
    };
    let approval = ApprovalAction {
        custom_data: Some("Check that the totals on staging agree with the report, then decide.".to_owned()),
        external_entity_link: Some("https://staging.example.com/report".to_owned()),
        ..ApprovalAction::default()
    };
    PipelineDefinition {
        stages: vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", ActionKind::Source(source))]),
            StageDefinition::new("Production", [ActionDefinition::new("Approve", ActionKind::Approval(approval))]),
        ],
        ..PipelineDefinition::new(ACCOUNT, REGION, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody runs the benchmark for weeks, and a setting that came since would only show then.
    #[tokio::test]
    async fn both_functions_take_the_environment_that_they_get_here() {
        let cloud = Cloud::start(None).await;
        let of = |function: &str| cloud.environment(function);
        let look_up = |environment: Vec<(&'static str, String)>| {
            move |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        notifier::Settings::read(&look_up(of("notifier"))).unwrap();
        callback::Settings::read(&look_up(of("callback"))).unwrap();
    }
}
