//! The people of a story: their emails, their visits, and the pages that they saw.

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::clock::rfc3339;
use sandbox::Members;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode};
use sandbox::simulation::{Plan, Setup, Simulation};
use serde_json::{Value, json};
use time::UtcDateTime;

use super::seen::{Ending, Says, Seen, says};
use super::terms::{Terms, name_of};
use crate::{BEGIN, Page, by_a_developer, links_of, service};

pub const PIPELINE: &str = "service";
const STAGE: &str = "Prod";
const ACTION: &str = "Approve";

pub const HOUR: Duration = Duration::from_secs(3600);

/// The pauses of a visitor between retries: first the pause that the page asks for, then longer ones. Together they are
/// longer than any fault lasts here.
const PAUSES: [u64; 9] = [30, 30, 60, 300, 900, 1800, 3600, 3600, 3600];
/// The number of sweeps by which every approver must have a request.
const SWEEPS: usize = 5;

/// A simulation, and a record of what its people did and saw.
pub struct Scene {
    pub simulation: Simulation,
    pub terms: Terms,
    pub seen: RefCell<Vec<Seen>>,
    /// The result that the operator put in the console, if CodePipeline accepted it.
    pub console: RefCell<Option<Ending>>,
    /// The number of times that the operator had the emails sent again.
    pub resent: RefCell<usize>,
    /// Whether visitors retry at once after a failure. The others leave it to the sweep, and come back hours later.
    patient: bool,
    /// The approval's token, which CodePipeline shows only while the approval is pending.
    tokens: RefCell<Option<String>>,
    chance: RefCell<fastrand::Rng>,
}

impl Scene {
    pub async fn new(terms: Terms, seed: u64, plan: Plan) -> Self {
        let setup =
            Setup { policy: terms.policy(), members: Members::default(), begin: BEGIN, seed, plan, traced: true };
        let simulation = Simulation::start(setup).await.unwrap();
        let approval = ApprovalAction {
            custom_data: Some("Look at #{SourceVariables.CommitId}".into()),
            timeout_minutes: terms.timeout_minutes,
            notification_arn: terms.topic.then(|| "arn:aws:sns:us-east-2:123456789012:approvals".to_owned()),
            ..ApprovalAction::default()
        };
        let mode = if terms.parallel { ExecutionMode::Parallel } else { ExecutionMode::Queued };
        simulation.aws().codepipeline.create(service(PIPELINE, mode, approval)).unwrap();
        Self {
            simulation,
            terms,
            seen: RefCell::default(),
            console: RefCell::default(),
            resent: RefCell::default(),
            patient: seed % 2 == 1,
            tokens: RefCell::default(),
            chance: RefCell::new(fastrand::Rng::with_seed(!seed)),
        }
    }

    /// Starts the pipeline and returns the execution. The request emails are about to be sent.
    pub fn start(&self) -> String {
        let execution = self.simulation.aws().codepipeline.start(PIPELINE, by_a_developer()).unwrap();
        *self.tokens.borrow_mut() = self.token();
        execution
    }

    /// Starts the pipeline and waits until every approver has a request: at once, after Lambda's retries, or by a
    /// sweep.
    pub async fn ask(&self) -> String {
        let execution = self.start();
        self.all_are_asked().await;
        execution
    }

    pub async fn all_are_asked(&self) {
        self.simulation.settle().await;
        for _ in 0..SWEEPS {
            if self.terms.approvers.iter().all(|who| self.link(who, "Approved").is_some()) {
                return;
            }
            self.an_hour_later().await;
        }
        panic!("somebody was never asked: {:?}", self.simulation.failures());
    }

    /// Advances the time by an hour, runs the sweep, and waits for everything that follows.
    pub async fn an_hour_later(&self) {
        self.simulation.hour().await;
    }

    /// Whether an approver's request was sent before the reminder was due, two hours before the end, with a sweep in
    /// between.
    pub fn asked_in_time(&self, who: &str) -> bool {
        let mails = self.simulation.aws().ses.mails();
        let before = |mail: &sandbox::aws::ses::Mail| mail.date < rfc3339(BEGIN + time::Duration::minutes(100));
        mails.iter().any(|mail| mail.to == who && before(mail))
    }

    /// The link in the latest email that has one.
    pub fn link(&self, who: &str, decision: &str) -> Option<String> {
        let mails = self.simulation.aws().ses.mails();
        let with_links = mails.iter().rev().filter(|mail| mail.to == who).map(|mail| links_of(&mail.text));
        with_links
            .filter(|links| links.len() == 2)
            .map(|links| links[usize::from(decision == "Rejected")].to_owned())
            .next()
    }

    /// Opens a link without pressing the button.
    pub async fn open(&self, who: &'static str, decision: &'static str) -> Says {
        let link = self.link(who, decision).expect("an email with links");
        let page = self.visit("GET", &link, None).await;
        self.saw(who, decision, None, &page)
    }

    /// Opens every link, as mail scanners do before the recipient.
    pub async fn scan(&self) {
        for who in self.terms.approvers {
            for decision in ["Approved", "Rejected"] {
                let link = self.link(who, decision).expect("an email with links");
                self.visit("HEAD", &link, None).await;
                self.open(who, decision).await;
            }
        }
    }

    /// Opens a link, writes a comment and presses the button, and repeats that while the page says that something
    /// failed.
    pub async fn press(&self, who: &'static str, decision: &'static str, comment: &str) -> Says {
        for pause in PAUSES {
            match self.open(who, decision).await {
                Says::Asks => {}
                Says::TryAgain => {
                    self.wait(pause).await;
                    continue;
                }
                over => return over,
            }
            match self.post(who, decision, comment).await {
                Says::TryAgain | Says::Asks => self.wait(pause).await,
                done => return done,
            }
        }
        Says::TryAgain
    }

    async fn wait(&self, seconds: u64) {
        if self.patient {
            self.simulation.pass(Duration::from_secs(seconds)).await;
        } else {
            self.an_hour_later().await;
        }
    }

    /// Submits the form once.
    pub async fn post(&self, who: &'static str, decision: &'static str, comment: &str) -> Says {
        let link = self.link(who, decision).expect("an email with links");
        let page = self.visit("POST", &link, Some(&[("comment", comment), ("decision", decision)])).await;
        self.saw(who, decision, Some(comment.to_owned()), &page)
    }

    /// Waits a random moment, so that simultaneous actions do not always happen in the same order.
    pub async fn a_moment(&self) {
        let millis = self.chance.borrow_mut().u64(0..300);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    async fn visit(&self, method: &str, link: &str, form: Option<&[(&str, &str)]>) -> Page {
        let answer = self.simulation.visit(method, link, form).await;
        Page { status: answer.status, headers: answer.headers, body: answer.body }
    }

    fn saw(&self, who: &'static str, decision: &'static str, pressed: Option<String>, page: &Page) -> Says {
        let says = says(page);
        self.seen.borrow_mut().push(Seen { who, decision, pressed, says: says.clone() });
        says
    }

    /// Decides in the console, as somebody with an AWS account.
    pub fn decide_in_console(&self, ending: Ending) {
        let status = if ending == Ending::Approved { "Approved" } else { "Rejected" };
        let Some(token) =
            self.attempt()["output"]["executionResult"]["externalExecutionId"].as_str().map(str::to_owned)
        else {
            return;
        };
        let input = json!({
            "pipelineName": PIPELINE, "stageName": STAGE, "actionName": ACTION,
            "token": self.token().unwrap_or(token), "result": {"status": status, "summary": "by hand"},
        });
        if self.codepipeline("PutApprovalResult", &input).is_ok() {
            *self.console.borrow_mut() = Some(ending);
        }
    }

    /// Stops the execution in the console.
    pub fn stop_in_console(&self, execution: &str) {
        let input = json!({"pipelineName": PIPELINE, "pipelineExecutionId": execution, "abandon": true});
        if self.codepipeline("StopPipelineExecution", &input).is_ok() {
            *self.console.borrow_mut() = Some(Ending::Stopped);
        }
    }

    /// Has the emails sent again, and repeats the command while it fails.
    pub async fn resend(&self) {
        let command = json!({"resend": {"pipeline": PIPELINE, "stage": STAGE, "action": ACTION}});
        for pause in PAUSES {
            *self.resent.borrow_mut() += 1;
            if self.simulation.command(command.clone()).await.is_ok() {
                return;
            }
            self.simulation.pass(Duration::from_secs(pause)).await;
        }
        panic!("the emails cannot be sent again: {:?}", self.simulation.failures());
    }

    /// The secrets that no log may hold, each with a description.
    pub fn secrets(&self) -> Vec<(&'static str, String)> {
        let mut secrets: Vec<(&'static str, String)> = vec![("a link", "?t=".to_owned())];
        for who in self.terms.approvers {
            secrets.push(("the address", (*who).to_owned()));
            secrets.push(("the address", who.replace('@', "%40")));
            secrets.push(("the name", name_of(who)));
        }
        // Every link that was ever signed, for emails and for the sweep's own visits. All have the same header.
        for attempt in self.simulation.steps().iter().filter(|step| step.operation == "Sign").flat_map(|s| &s.attempts)
        {
            let asked: Value = serde_json::from_slice(&attempt.request).unwrap();
            let signed = String::from_utf8(bytes(&asked["Message"])).unwrap();
            secrets.push(("the claims", signed.split_once('.').unwrap().1.to_owned()));
            if let Some((200, answer)) = &attempt.effect {
                let answer: Value = serde_json::from_slice(answer).unwrap();
                secrets.push(("the signature", URL_SAFE_NO_PAD.encode(bytes(&answer["Signature"]))));
                secrets.push(("the signature", answer["Signature"].as_str().unwrap().to_owned()));
            }
        }
        let attempt = self.attempt();
        let tokens =
            [&attempt["output"]["executionResult"]["externalExecutionId"], &json!(self.tokens.borrow().clone())];
        secrets.extend(tokens.iter().filter_map(|token| Some(("the token", token.as_str()?.to_owned()))));
        let seen = self.seen.borrow();
        let comments = seen.iter().filter_map(|seen| seen.pressed.clone()).filter(|comment| !comment.is_empty());
        secrets.extend(comments.map(|comment| ("the comment", comment)));
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// The approval's ending as CodePipeline holds it; `None` while it is pending.
    pub fn ending(&self) -> Option<Ending> {
        let attempt = self.attempt();
        match attempt["status"].as_str().unwrap_or_default() {
            "InProgress" => None,
            "Succeeded" => Some(Ending::Approved),
            "Failed" if attempt["output"]["executionResult"]["externalExecutionSummary"].is_string() => {
                Some(Ending::Rejected)
            }
            "Failed" => Some(Ending::Expired),
            _ => {
                let input = json!({"pipelineName": PIPELINE, "pipelineExecutionId": attempt["pipelineExecutionId"]});
                let execution = self.codepipeline("GetPipelineExecution", &input).unwrap();
                let status = execution["pipelineExecution"]["status"].as_str().unwrap_or_default();
                Some(if status.starts_with("Stopp") { Ending::Stopped } else { Ending::Superseded })
            }
        }
    }

    /// The time at which the approval ended; `None` while it is pending.
    pub fn ended(&self) -> Option<UtcDateTime> {
        self.ending()?;
        let at = self.attempt()["lastUpdateTime"].as_f64()?;
        UtcDateTime::UNIX_EPOCH.checked_add(time::Duration::seconds_f64(at))
    }

    /// The summary that CodePipeline keeps with the result.
    pub fn summary(&self) -> String {
        let attempt = self.attempt();
        attempt["output"]["executionResult"]["externalExecutionSummary"].as_str().unwrap_or_default().to_owned()
    }

    /// Who put the result.
    pub fn decided_by(&self) -> String {
        self.attempt()["updatedBy"].as_str().unwrap_or_default().to_owned()
    }

    /// The latest attempt at the approval.
    fn attempt(&self) -> Value {
        let runs = self.codepipeline("ListActionExecutions", &json!({"pipelineName": PIPELINE})).unwrap();
        let runs = runs["actionExecutionDetails"].as_array().unwrap();
        runs.iter().find(|run| run["actionName"] == ACTION).cloned().unwrap_or_default()
    }

    fn token(&self) -> Option<String> {
        let state = self.codepipeline("GetPipelineState", &json!({"name": PIPELINE})).unwrap();
        let stages = state["stageStates"].as_array()?;
        let stage = stages.iter().find(|stage| stage["stageName"] == STAGE)?;
        stage["actionStates"][0]["latestExecution"]["token"].as_str().map(str::to_owned)
    }

    fn codepipeline(&self, operation: &str, input: &Value) -> Result<Value, sandbox::codepipeline::AwsError> {
        self.simulation.aws().codepipeline.call(operation, input, "arn:aws:iam::123456789012:user/operator")
    }
}

/// The bytes of a blob in AWS's JSON.
fn bytes(blob: &Value) -> Vec<u8> {
    STANDARD.decode(blob.as_str().unwrap()).unwrap()
}
