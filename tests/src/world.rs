//! The world of a story, and the vocabulary of what happens in it.

mod attacked;
mod ground;

use sandbox::aws::Call;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode, Trigger};
use sandbox::simulation::{Calls, Fault, Plan, Setup, Simulation};
use sandbox::{Members, Options, Sandbox, SandboxClock};
use serde_json::{Value, json};
use time::UtcDateTime;

use crate::{ALICE, BEGIN, BOB, Mail, Page, eventbridge, service};

/// Both functions on the sandbox's AWS, with methods for what people do to them.
pub struct World(Ground);

enum Ground {
    /// A sandbox with a frozen clock, used through its own address as from outside.
    Sandbox(Sandbox, reqwest::Client),
    /// A simulation, in which calls can fail. It needs a tokio runtime of one thread whose clock is paused.
    Simulation(Simulation),
}

use Ground::{Sandbox as Real, Simulation as Simulated};

impl World {
    /// A world with the approvers Alice and Bob, a quorum of one, and no pipeline yet.
    pub async fn new() -> Self {
        Self::at(BEGIN).await
    }

    /// A world with these approvers and this quorum.
    pub async fn of(approvers: &str, quorum: usize) -> Self {
        Self::with(Options { approvers: approvers.to_owned(), quorum: quorum.to_string(), ..Options::default() }).await
    }

    /// A world with this policy.
    pub async fn under(policy: &str) -> Self {
        Self::with(Options { policy: Some(policy.to_owned()), ..Options::default() }).await
    }

    /// A world of Alice and Bob that begins at this moment instead of [`BEGIN`].
    pub async fn at(begin: UtcDateTime) -> Self {
        Self::start(begin, Options { approvers: alice_and_bob(), ..Options::default() }).await
    }

    /// A sandbox with these options, on a free port, with the clock at [`BEGIN`].
    pub async fn with(options: Options) -> Self {
        Self::start(BEGIN, options).await
    }

    async fn start(begin: UtcDateTime, options: Options) -> Self {
        let options = Options { port: 0, clock: SandboxClock::frozen_at(begin), demo: false, ..options };
        let sandbox = Sandbox::start(options).await.unwrap();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self(Real(sandbox, browser))
    }

    /// As [`new`](Self::new), where AWS can fail.
    pub async fn simulated() -> Self {
        Self::simulated_of(&alice_and_bob(), 1).await
    }

    /// As [`of`](Self::of), where AWS can fail.
    pub async fn simulated_of(approvers: &str, quorum: usize) -> Self {
        let approvers: Vec<&str> = approvers.split(',').map(str::trim).collect();
        Self::simulated_under(&format!("[default]\napprovers = {}\nquorum = {quorum}", json!(approvers))).await
    }

    /// As [`under`](Self::under), where AWS can fail.
    pub async fn simulated_under(policy: &str) -> Self {
        Self::simulated_serving(Members::default(), policy).await
    }

    /// As [`simulated_under`](Self::simulated_under), for the pipelines of these accounts and regions.
    pub async fn simulated_serving(members: Members, policy: &str) -> Self {
        let setup =
            Setup { policy: policy.to_owned(), members, begin: BEGIN, seed: 1, plan: Plan::default(), traced: false };
        let simulation = Simulation::start(setup).await.unwrap();
        // The callback is warm, as in a sandbox.
        simulation.visit("GET", &format!("{}/", simulation.url()), None).await;
        Self(Simulated(simulation))
    }

    /// The sandbox of a world that is one.
    pub fn sandbox(&self) -> &Sandbox {
        match &self.0 {
            Real(sandbox, _) => sandbox,
            Simulated(_) => panic!("this world is a simulation"),
        }
    }

    fn simulation(&self) -> &Simulation {
        match &self.0 {
            Simulated(simulation) => simulation,
            Real(..) => panic!("nothing can fail, or die, in this world: it is no simulation"),
        }
    }

    /// Makes these calls fail from now on.
    pub fn fail(&self, calls: Calls, fault: Fault) {
        self.simulation().fail(calls, fault);
    }

    /// Stops all faults.
    pub fn heal(&self) {
        self.simulation().heal();
    }

    /// Whether an invocation has died.
    pub fn has_died(&self) -> bool {
        !self.simulation().deaths().is_empty()
    }

    /// Has Lambda take an event that nobody waits for: what fails is tried again.
    pub fn deliver(&self, event: Value) {
        self.simulation().deliver(event);
    }

    /// How many events Lambda gave up.
    pub fn given_up(&self) -> usize {
        self.simulation().dead_letters().len()
    }

    /// Saves another policy, as an administrator would.
    pub async fn save_policy(&self, text: &str) {
        self.aws().put_parameter(sandbox::POLICY, text).await.unwrap();
    }

    pub fn url(&self, path: &str) -> String {
        let url = match &self.0 {
            Real(sandbox, _) => sandbox.url(),
            Simulated(simulation) => simulation.url(),
        };
        format!("{url}{path}")
    }

    pub async fn get(&self, url: &str) -> Page {
        self.request("GET", url).await
    }

    /// Opens a page with an `Accept-Language`.
    pub async fn get_in(&self, url: &str, accept_language: &str) -> Page {
        self.send("GET", url, &[("accept-language", accept_language)], String::new()).await
    }

    pub async fn head(&self, url: &str) -> Page {
        self.request("HEAD", url).await
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Page {
        self.post_body(url, &urlencoded(form)).await
    }

    /// Posts a body as it is, even one that no browser would send.
    pub async fn post_body(&self, url: &str, form: &str) -> Page {
        self.send("POST", url, &[FORM], form.to_owned()).await
    }

    /// Posts a form from a browser that says this of itself.
    pub async fn post_with(&self, url: &str, browser: &str, form: &[(&str, &str)]) -> Page {
        self.send("POST", url, &[FORM, ("user-agent", browser)], urlencoded(form)).await
    }

    pub async fn post_in(&self, url: &str, form: &[(&str, &str)], accept_language: &str) -> Page {
        self.send("POST", url, &[FORM, ("accept-language", accept_language)], urlencoded(form)).await
    }

    /// Sends a request with exactly these headers and this body.
    pub async fn raw(&self, method: &str, url: &str, headers: &[(&str, &str)], body: String) -> Page {
        self.send(method, url, headers, body).await
    }

    pub async fn request(&self, method: &str, url: &str) -> Page {
        self.send(method, url, &[], String::new()).await
    }

    /// Sends a request line that no HTTP client would send, and returns the status line of the answer.
    pub async fn status_line(&self, request_line: &str) -> String {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let address = self.sandbox().url().strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request_line}\r\nHost: sandbox\r\n\r\n").as_bytes()).await.unwrap();
        BufReader::new(stream).lines().next_line().await.unwrap().unwrap()
    }

    /// Posts an event, which must succeed, and returns the report.
    pub async fn play(&self, event: &Value) -> Value {
        let (status, report) = self.event(event).await;
        assert_eq!(status, 200, "{report}");
        report
    }

    /// Plays the default event and returns Alice's and Bob's emails.
    pub async fn ask(&self) -> (Mail, Mail) {
        self.play(&eventbridge()).await;
        (self.mail_to(ALICE).await, self.mail_to(BOB).await)
    }

    /// The request emails.
    pub async fn requests(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_request).collect()
    }

    /// The reminders.
    pub async fn reminders(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_reminder).collect()
    }

    /// The receipts.
    pub async fn receipts(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_receipt).collect()
    }

    /// The emails about changes of the policy.
    pub async fn about_policy(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_about_policy).collect()
    }

    /// The outcome emails.
    pub async fn outcomes(&self) -> Vec<Mail> {
        self.mails().await.into_iter().filter(Mail::is_outcome).collect()
    }

    /// The only request email in this mailbox.
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

    /// Creates the pipeline `service` with this execution mode.
    pub fn service(&self, mode: ExecutionMode) {
        let custom_data = Some("Look at #{SourceVariables.CommitId}".into());
        let approval = ApprovalAction { custom_data, ..ApprovalAction::default() };
        self.aws().codepipeline.create(service("service", mode, approval)).unwrap();
    }

    /// Starts `service` as the principal with this ARN, and returns the execution's id once its approval is pending.
    pub async fn start_as(&self, arn: &str) -> String {
        let trigger = Trigger::StartPipelineExecution(arn.to_owned());
        let execution = self.aws().codepipeline.start("service", trigger).unwrap();
        self.settle().await;
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

    /// The state of the default approval.
    pub async fn approval_state(&self) -> Value {
        self.state_of("MyFirstPipeline", "MyApprovalStage", "MyApprovalAction").await
    }

    /// An execution's status.
    pub async fn execution_status(&self, pipeline: &str, execution: &str) -> String {
        let input = json!({"pipelineName": pipeline, "pipelineExecutionId": execution});
        let answer = self.codepipeline("GetPipelineExecution", input).await.unwrap();
        answer["pipelineExecution"]["status"].as_str().unwrap().to_owned()
    }

    /// The execution of the default approval.
    pub async fn execution(&self) -> String {
        let state =
            self.codepipeline("ListPipelineExecutions", json!({"pipelineName": "MyFirstPipeline"})).await.unwrap();
        state["pipelineExecutionSummaries"][0]["pipelineExecutionId"].as_str().unwrap().to_owned()
    }

    /// The number of emails of this kind that the ledger has marked as sent, for the default pipeline.
    pub async fn marked(&self, about: &str) -> usize {
        let report = self.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
        let approvals = report["results"][0]["approvals"].as_array().unwrap();
        let people = approvals.iter().flat_map(|approval| approval["people"].as_array().unwrap());
        let mails = people.flat_map(|person| person["mails"].as_array().unwrap());
        mails.filter(|mail| mail["about"] == about && mail["state"] == "sent").count()
    }

    /// The number of AWS calls that this function has made.
    pub fn calls_by(&self, name: &str) -> usize {
        self.aws().calls().iter().filter(|call| is_by(call, name)).count()
    }

    /// The number of calls to an operation that both functions have made.
    pub fn calls(&self, operation: &str) -> usize {
        self.aws()
            .calls()
            .iter()
            .filter(|call| call.operation == operation && call.caller.contains(":assumed-role/countersign-"))
            .count()
    }
}

/// Whether a call is of this function: in its own role, or in a role that it has assumed.
pub fn is_by(call: &Call, function: &str) -> bool {
    let is_session = |role: &str| call.caller.contains(&format!(":assumed-role/countersign-{role}"));
    is_session(&format!("{function}/"))
        || is_session(&format!("read/{function}"))
        || (function == "callback" && is_session("decide/"))
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn alice_and_bob() -> String {
    format!("Alice Archer <{ALICE}>, {BOB}")
}

fn urlencoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
