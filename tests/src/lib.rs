//! What the stories are told with: a sandbox at a standing clock, a visitor with a browser of sorts, and the words to
//! make a link of any kind. Everything goes through the sandbox's own address, as from outside.

pub mod burst;
pub mod faults;
pub mod forge;
pub mod hostile;

use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition, Trigger,
};
use sandbox::{Options, Sandbox, SandboxClock};
use serde_json::{Value, json};
use time::UtcDateTime;
use time::macros::utc_datetime;

/// When the stories begin: ten minutes after the recorded events.
pub const BEGIN: UtcDateTime = utc_datetime!(2026-11-20 09:25);

pub const ALICE: &str = "alice@example.com";
pub const BOB: &str = "bob@example.com";

/// A sandbox and somebody who uses it.
pub struct World {
    pub sandbox: Sandbox,
    browser: reqwest::Client,
}

/// What came back from a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Page {
    /// The text of the page's title.
    pub fn title(&self) -> &str {
        self.body.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn has_form(&self) -> bool {
        self.body.contains("<form")
    }
}

/// An email as its receiver has it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub raw: String,
    /// Empty in an email that asks for nothing.
    pub approve: String,
    pub reject: String,
}

impl Mail {
    /// Whether it asks for a decision for the first time.
    pub fn is_request(&self) -> bool {
        !self.subject.starts_with("Re: ")
    }

    pub fn is_reminder(&self) -> bool {
        !self.is_request() && self.text.contains(" left: release ")
    }

    pub fn is_outcome(&self) -> bool {
        !self.is_request() && self.text.contains("There is nothing left to decide.")
    }
}

impl World {
    /// Alice and Bob are asked, one of them is enough, and no pipeline is there yet.
    pub async fn new() -> Self {
        Self::with(Options { approvers: format!("Alice Archer <{ALICE}>, {BOB}"), ..Options::default() }).await
    }

    /// The same with a quorum.
    pub async fn of(approvers: &str, quorum: usize) -> Self {
        Self::with(Options { approvers: approvers.to_owned(), quorum: quorum.to_string(), ..Options::default() }).await
    }

    /// The same with a policy.
    pub async fn under(policy: &str) -> Self {
        Self::with(Options { policy: Some(policy.to_owned()), ..Options::default() }).await
    }

    /// A sandbox of these options, at a free port and at the beginning of time.
    pub async fn with(options: Options) -> Self {
        let options = Options { port: 0, clock: SandboxClock::standing_at(BEGIN), demo: false, ..options };
        let sandbox = Sandbox::start(options).await.unwrap();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sandbox, browser }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    pub async fn get(&self, url: &str) -> Page {
        self.send(self.browser.get(url)).await
    }

    /// Opens a page as a browser does that asks for languages.
    pub async fn get_in(&self, url: &str, accept_language: &str) -> Page {
        self.send(self.browser.get(url).header("accept-language", accept_language)).await
    }

    pub async fn head(&self, url: &str) -> Page {
        self.send(self.browser.head(url)).await
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Page {
        self.send(self.browser.post(url).form(form)).await
    }

    /// Posts a form as it stands, which may be one that no browser sends.
    pub async fn post_body(&self, url: &str, form: &str) -> Page {
        let kind = "application/x-www-form-urlencoded";
        self.send(self.browser.post(url).header("content-type", kind).body(form.to_owned())).await
    }

    pub async fn post_in(&self, url: &str, form: &[(&str, &str)], accept_language: &str) -> Page {
        self.send(self.browser.post(url).form(form).header("accept-language", accept_language)).await
    }

    pub async fn request(&self, method: &str, url: &str) -> Page {
        self.send(self.browser.request(method.parse().unwrap(), url)).await
    }

    /// Sends a request line that no HTTP client would, and gives the status line of the answer.
    pub async fn status_line(&self, request_line: &str) -> String {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let address = self.sandbox.url().strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request_line}\r\nHost: sandbox\r\n\r\n").as_bytes()).await.unwrap();
        BufReader::new(stream).lines().next_line().await.unwrap().unwrap()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, body: answer.text().await.unwrap() }
    }

    /// Posts an event as a checker from outside would.
    pub async fn event(&self, event: &Value) -> (u16, Value) {
        let answer = self.browser.post(self.url("/events")).json(event).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// Posts an event that must be handled.
    pub async fn play(&self, event: &Value) -> Value {
        let (status, report) = self.event(event).await;
        assert_eq!(status, 200, "{report}");
        report
    }

    /// Plays the usual event and gives Alice's and Bob's emails.
    pub async fn ask(&self) -> (Mail, Mail) {
        self.play(&eventbridge()).await;
        (self.mail_to(ALICE).await, self.mail_to(BOB).await)
    }

    pub async fn mails(&self) -> Vec<Mail> {
        let mails: Vec<Value> = self.browser.get(self.url("/mailbox.json")).send().await.unwrap().json().await.unwrap();
        mails.iter().map(read_mail).collect()
    }

    /// The emails that ask.
    pub async fn requests(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_request).collect()
    }

    /// The emails that remind.
    pub async fn reminders(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_reminder).collect()
    }

    /// The emails that tell how an approval ended.
    pub async fn outcomes(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_outcome).collect()
    }

    /// The one email that asks this mailbox.
    pub async fn mail_to(&self, address: &str) -> Mail {
        let mut mails: Vec<Mail> = self.requests().await.into_iter().filter(|mail| mail.to == address).collect();
        assert_eq!(mails.len(), 1, "emails that ask {address}");
        mails.remove(0)
    }

    /// Opens a link, writes a comment, and presses the page's one button, sending what a browser would.
    pub async fn press(&self, link: &str, comment: &str) -> Page {
        let page = self.get(link).await;
        assert_eq!(page.status, 200, "{}", page.title());
        let button = page.body.split_once("<button").expect("a button").1.split_once('>').unwrap().0;
        assert!(button.contains("name=\"decision\""), "{button}");
        let decision = button.split_once("value=\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(page.body.matches("<button").count(), 1, "one button");
        self.post(link, &[("comment", comment), ("decision", decision)]).await
    }

    /// Calls CodePipeline as somebody with an AWS account would.
    pub async fn codepipeline(&self, operation: &str, input: Value) -> Result<Value, String> {
        let answer = self
            .browser
            .post(self.url("/aws"))
            .header("x-amz-target", format!("CodePipeline_20150709.{operation}"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIAOPERATOR/20261120/us-east-2/codepipeline/aws4_request, SignedHeaders=host, Signature=0")
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string())
            .send()
            .await
            .unwrap();
        let ok = answer.status().is_success();
        let body: Value = answer.json().await.unwrap();
        if ok { Ok(body) } else { Err(body["__type"].as_str().unwrap_or_default().to_owned()) }
    }

    /// The pipeline `service` of this mode.
    pub fn service(&self, mode: ExecutionMode) {
        let custom_data = Some("Look at #{SourceVariables.CommitId}".into());
        let approval = ApprovalAction { custom_data, ..ApprovalAction::default() };
        self.sandbox.aws().codepipeline.create(service("service", mode, approval)).unwrap();
    }

    /// Starts `service` as somebody with this ARN, and gives the execution's id when it waits.
    pub async fn start_as(&self, arn: &str) -> String {
        let trigger = Trigger::StartPipelineExecution(arn.to_owned());
        let execution = self.sandbox.aws().codepipeline.start("service", trigger).unwrap();
        self.sandbox.settle().await;
        execution
    }

    /// The latest run of an action, as `GetPipelineState` shows it.
    pub async fn state_of(&self, pipeline: &str, stage: &str, action: &str) -> Value {
        let state = self.codepipeline("GetPipelineState", json!({"name": pipeline})).await.unwrap();
        let named = |list: &Value, key: &str, name: &str| {
            list.as_array()
                .unwrap()
                .iter()
                .find(|entry| entry[key] == name)
                .unwrap_or_else(|| panic!("no {name}"))
                .clone()
        };
        let stage = named(&state["stageStates"], "stageName", stage);
        named(&stage["actionStates"], "actionName", action)["latestExecution"].clone()
    }

    /// The usual approval's state.
    pub async fn approval_state(&self) -> Value {
        self.state_of("MyFirstPipeline", "MyApprovalStage", "MyApprovalAction").await
    }

    /// An execution's status.
    pub async fn execution_status(&self, pipeline: &str, execution: &str) -> String {
        let input = json!({"pipelineName": pipeline, "pipelineExecutionId": execution});
        let answer = self.codepipeline("GetPipelineExecution", input).await.unwrap();
        answer["pipelineExecution"]["status"].as_str().unwrap().to_owned()
    }

    /// The execution of the usual approval.
    pub async fn execution(&self) -> String {
        let state =
            self.codepipeline("ListPipelineExecutions", json!({"pipelineName": "MyFirstPipeline"})).await.unwrap();
        state["pipelineExecutionSummaries"][0]["pipelineExecutionId"].as_str().unwrap().to_owned()
    }

    /// How many emails about this the ledger knows to be sent, for the usual pipeline.
    pub async fn marked(&self, about: &str) -> usize {
        let report = self.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
        let approvals = report["results"][0]["approvals"].as_array().unwrap();
        let people = approvals.iter().flat_map(|approval| approval["people"].as_array().unwrap());
        let mails = people.flat_map(|person| person["mails"].as_array().unwrap());
        mails.filter(|mail| mail["about"] == about && mail["state"] == "sent").count()
    }

    /// How many calls the function of this name has made.
    pub fn calls_by(&self, name: &str) -> usize {
        let role = format!(":assumed-role/countersign-{name}/");
        self.sandbox.calls().iter().filter(|call| call.caller.contains(&role)).count()
    }

    /// How many calls of an operation the functions have made.
    pub fn calls(&self, operation: &str) -> usize {
        self.sandbox
            .calls()
            .iter()
            .filter(|call| call.operation == operation && call.caller.contains(":assumed-role/countersign-"))
            .count()
    }
}

/// A pipeline of this name: a source, an approval `Prod/Approve`, and a deployment.
pub fn service(name: &str, mode: ExecutionMode, approval: ApprovalAction) -> PipelineDefinition {
    let source = ActionKind::Source(SourceAction::new(SourceProvider::CodeCommit, name));
    PipelineDefinition {
        mode,
        stages: vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", source)]),
            StageDefinition::new("Prod", [ActionDefinition::new("Approve", ActionKind::Approval(approval))]),
            StageDefinition::new("After", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
        ],
        ..PipelineDefinition::new("123456789012", "us-east-2", name)
    }
}

/// Somebody who may decide nothing starts an execution.
pub fn by_a_developer() -> Trigger {
    Trigger::StartPipelineExecution("arn:aws:iam::123456789012:user/dev".to_owned())
}

/// The links of an email that asks: Approve, then Reject; none in another.
pub fn links_of(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.contains("/approval?t=")).collect()
}

/// Where time goes on only when everybody waits.
pub fn simulated_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn read_mail(mail: &Value) -> Mail {
    let field = |name: &str| mail[name].as_str().unwrap().to_owned();
    let text = field("text");
    let (approve, reject) = match links_of(&text)[..] {
        [approve, reject] => (approve, reject),
        [] => ("", ""),
        _ => panic!("two links, or none, in {text}"),
    };
    Mail {
        to: field("to"),
        subject: field("subject"),
        html: field("html"),
        raw: field("raw"),
        approve: approve.to_owned(),
        reject: reject.to_owned(),
        text,
    }
}

/// A recorded event.
pub fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// The EventBridge event: the usual approval begins to wait.
pub fn eventbridge() -> Value {
    fixture("eventbridge-action-started")
}

/// The same as a notification rule processes it.
pub fn notification_rule() -> Value {
    fixture("notification-rule-processed")
}

/// The approval's own SNS notice.
pub fn sns() -> Value {
    fixture("sns-approval-needed")
}

/// Changes the JSON inside an SNS record.
pub fn in_notice(mut event: Value, change: impl FnOnce(&mut Value)) -> Value {
    let place = &mut event["Records"][0]["Sns"]["Message"];
    let mut message: Value = serde_json::from_str(place.as_str().unwrap()).unwrap();
    change(&mut message);
    *place = json!(message.to_string());
    event
}

/// An event with one thing changed, named by a JSON pointer.
pub fn changed(mut event: Value, pointer: &str, value: Value) -> Value {
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    event
}
