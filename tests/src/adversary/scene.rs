//! The people and pipelines of a schedule, and what is known of them from outside.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign::approval::ApprovalKey;
use sandbox::aws::MemberRole;
use sandbox::codepipeline::{ApprovalAction, ExecutionMode};
use sandbox::simulation::{Plan, Setup, Simulation};
use sandbox::{Members, POLICY};
use serde_json::{Value, json};
use time::UtcDateTime;

use super::Report;
use crate::ledger_writer::{Item, LedgerWriter};
use crate::{ALICE, BEGIN, BOB, service};

pub const CAROL: &str = "carol@example.com";
pub const DAVE: &str = "dave@example.com";
/// The adversary, who is an approver of the lax pipeline and of no other.
pub const MALLORY: &str = "mallory@example.com";

pub const STRICT: &str = "strict";
pub const LAX: &str = "lax";
pub const PIPELINES: [&str; 2] = [STRICT, LAX];
pub const STAGE: &str = "Prod";
pub const ACTION: &str = "Approve";

/// Who may approve at the strict pipeline, and how many must, in each of the policy's texts. Mallory may decide at the lax
/// one alone.
const POLICIES: [(&[&str], usize); 3] =
    [(&[ALICE, BOB, CAROL], 2), (&[ALICE, BOB], 2), (&[ALICE, BOB, CAROL, DAVE], 3)];
const LAX_APPROVERS: [&str; 2] = [ALICE, MALLORY];

fn policy((approvers, quorum): (&[&str], usize)) -> String {
    let person = |address: &str| {
        let user = address.split('@').next().unwrap();
        format!("[[person]]\naddress = \"{address}\"\nprincipals = [\"arn:aws:iam::123456789012:user/{user}\"]\n")
    };
    let people: String = [ALICE, BOB, CAROL, DAVE].into_iter().map(person).collect();
    format!(
        "{people}[[route]]\nname = \"lax\"\npipeline = \"{LAX}\"\napprovers = {lax}\n\
         [default]\napprovers = {approvers}\nquorum = {quorum}\ninitiator_may_approve = false\nremind = \"24h\"\n",
        lax = json!(LAX_APPROVERS),
        approvers = json!(approvers),
    )
}

/// One approval: a run of the action.
#[derive(Debug, Clone)]
pub struct Approval {
    /// How many were known before it.
    pub order: usize,
    pub pipeline: &'static str,
    pub execution: String,
    pub run: String,
    pub token: String,
    pub key: String,
}

/// A run as CodePipeline shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// How it ended: see `faults::Ending`, of which these are the words.
    pub ending: Option<&'static str>,
    pub by: String,
    pub summary: String,
    /// What the pipeline's owner asks.
    pub instructions: String,
    pub began: UtcDateTime,
}

impl Shown {
    /// A run in the words of `ListActionExecutions`.
    pub fn of(run: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let result = &run["output"]["executionResult"];
        let (by, summary) = (text(&run["updatedBy"]), text(&result["externalExecutionSummary"]));
        let ending = match run["status"].as_str().unwrap() {
            "InProgress" => None,
            "Succeeded" => Some("approved"),
            "Failed" if by.is_empty() && summary.is_empty() => Some("expired"),
            "Failed" => Some("rejected"),
            _ => Some("abandoned"),
        };
        let instructions = text(&run["input"]["resolvedConfiguration"]["CustomData"]);
        let began = UtcDateTime::from_unix_timestamp(run["startTime"].as_f64().unwrap() as i64).unwrap();
        Self { ending, by, summary, instructions, began }
    }
}

/// A button that was pressed with a true link.
#[derive(Debug, Clone)]
pub struct Press {
    pub key: String,
    pub digest: String,
    pub who: String,
    pub decision: String,
}

/// A simulation, and a record of what was done and seen.
pub struct Scene {
    pub simulation: Simulation,
    pub chance: RefCell<fastrand::Rng>,
    /// Every approval that ever waited, by its key.
    pub approvals: RefCell<BTreeMap<String, Approval>>,
    /// Who started which execution.
    pub started_by: RefCell<BTreeMap<String, &'static str>>,
    pub presses: RefCell<Vec<Press>>,
    /// Whoever was ever an approver at a pipeline.
    pub approvers: RefCell<BTreeMap<&'static str, BTreeSet<&'static str>>>,
    /// The policies that were ever saved, by their numbers.
    policies: RefCell<BTreeSet<usize>>,
    /// The fewest approvals that any policy so far asked for at the strict pipeline.
    pub quorum: Cell<usize>,
    /// How many emails have been checked.
    pub checked: Cell<usize>,
    /// How many events for others have been checked.
    pub heard: Cell<usize>,
    /// Ends that have been checked.
    pub ended: RefCell<BTreeSet<String>>,
    /// Every item that was ever seen in the ledger.
    pub pool: RefCell<Vec<Item>>,
    /// The same items as texts, to see at once which are new.
    known: RefCell<BTreeSet<String>>,
    steps: RefCell<Vec<String>>,
    broken: RefCell<Vec<String>>,
    put: Cell<usize>,
}

impl Scene {
    pub async fn new(seed: u64) -> Self {
        let setup = Setup {
            policy: policy(POLICIES[0]),
            members: Members::default(),
            begin: BEGIN,
            seed,
            plan: Plan::default(),
            traced: true,
        };
        let simulation = Simulation::start(setup).await.unwrap();
        let custom_data = Some("Look at #{SourceVariables.CommitId}".to_owned());
        let asks = ApprovalAction { custom_data, ..ApprovalAction::default() };
        for pipeline in PIPELINES {
            let definition = service(pipeline, ExecutionMode::Queued, asks.clone());
            simulation.aws().codepipeline.create(definition).unwrap();
        }
        let scene = Self {
            simulation,
            chance: RefCell::new(fastrand::Rng::with_seed(!seed)),
            approvals: RefCell::default(),
            started_by: RefCell::default(),
            presses: RefCell::default(),
            approvers: RefCell::new(BTreeMap::from([(LAX, LAX_APPROVERS.into()), (STRICT, BTreeSet::new())])),
            policies: RefCell::default(),
            quorum: Cell::new(usize::MAX),
            checked: Cell::new(0),
            heard: Cell::new(0),
            ended: RefCell::default(),
            pool: RefCell::default(),
            known: RefCell::default(),
            steps: RefCell::default(),
            broken: RefCell::default(),
            put: Cell::new(0),
        };
        scene.is_policy(0);
        for (pipeline, initiator) in [(LAX, "dave"), (STRICT, ["alice", "dave", "dave"][scene.below(3)])] {
            scene.start(pipeline, initiator).await;
        }
        scene
    }

    /// A random number below `end`.
    pub fn below(&self, end: usize) -> usize {
        self.chance.borrow_mut().usize(..end)
    }

    /// Whether something that has a chance of one in `n` happens.
    pub fn one_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A random one of these.
    pub fn any<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        (!all.is_empty()).then(|| &all[self.below(all.len())])
    }

    pub fn ledger(&self) -> LedgerWriter<'_> {
        LedgerWriter::new(self.simulation.aws())
    }

    pub fn did(&self, what: String) {
        self.steps.borrow_mut().push(what);
    }

    pub fn broken(&self, what: String) {
        self.broken.borrow_mut().push(what);
    }

    pub fn is_broken(&self) -> bool {
        !self.broken.borrow().is_empty()
    }

    pub fn was_put(&self) {
        self.put.set(self.put.get() + 1);
    }

    pub fn report(self) -> Report {
        let mails = self.simulation.aws().ses.mails().len();
        Report { steps: self.steps.take(), broken: self.broken.take(), put: self.put.get(), mails }
    }

    /// One step: somebody honest does something, the adversary does something, or both at the same moment.
    pub async fn step(&self) {
        match self.below(5) {
            0 => self.attack().await,
            1 | 2 => {
                self.attack().await;
                self.act().await;
            }
            _ => {
                let attack = async {
                    tokio::time::sleep(Duration::from_millis(self.below(400) as u64)).await;
                    self.attack().await;
                };
                tokio::join!(self.act(), attack);
            }
        }
        self.look().await;
    }

    /// What the adversary does: mostly to the ledger.
    async fn attack(&self) {
        if self.one_in(5) { self.send_event().await } else { self.write_ledger().await }
    }

    /// An hour goes by, and the hourly sweep runs.
    pub async fn sweep(&self) {
        self.did("an hour goes by".to_owned());
        self.simulation.hour().await;
        self.look().await;
    }

    /// Everything settles, and is checked.
    async fn look(&self) {
        self.simulation.settle().await;
        self.learn();
        for item in self.items().await {
            if self.known.borrow_mut().insert(json!(item).to_string()) {
                self.pool.borrow_mut().push(item);
            }
        }
        self.check();
    }

    /// The approvals that ever waited, in the order in which they began.
    pub fn all_approvals(&self) -> Vec<Approval> {
        let mut approvals: Vec<Approval> = self.approvals.borrow().values().cloned().collect();
        approvals.sort_by_key(|approval| approval.order);
        approvals
    }

    /// The items of the ledger, in an order that does not depend on ids and hashes: those are others in every run.
    pub async fn items(&self) -> Vec<Item> {
        let mut items = self.ledger().items().await;
        items.sort_by_cached_key(|item| {
            let name = |part: &str| match self.approvals.borrow().get(part) {
                Some(approval) => format!("approval {}", approval.order),
                None if part.len() == 43 => "a hash".to_owned(),
                None => part.to_owned(),
            };
            let text = |key: &str| item[key]["S"].as_str().unwrap_or_default().split('#').map(name).collect::<Vec<_>>();
            (text("sk"), text("pk"))
        });
        items
    }

    /// Starts a pipeline.
    pub async fn start(&self, pipeline: &'static str, initiator: &'static str) {
        let arn = format!("arn:aws:iam::123456789012:user/{initiator}");
        let trigger = sandbox::codepipeline::Trigger::StartPipelineExecution(arn);
        if let Ok(execution) = self.simulation.aws().codepipeline.start(pipeline, trigger) {
            self.did(format!("{initiator} starts {pipeline}"));
            self.started_by.borrow_mut().insert(execution, initiator);
            self.look().await;
        }
    }

    /// An administrator saves another policy.
    pub async fn save_policy(&self) {
        let number = self.below(POLICIES.len());
        self.did(format!("policy {number} is saved"));
        self.simulation.aws().put_parameter(POLICY, &policy(POLICIES[number])).await.unwrap();
        self.is_policy(number);
    }

    fn is_policy(&self, number: usize) {
        let (approvers, quorum) = POLICIES[number];
        self.policies.borrow_mut().insert(number);
        self.quorum.set(self.quorum.get().min(quorum));
        self.approvers.borrow_mut().entry(STRICT).or_default().extend(approvers);
    }

    /// Whether a change of the policy may have concerned somebody: who decides at the strict pipeline has changed, and they
    /// were, or are, among them.
    pub fn may_have_changed_for(&self, who: &str) -> bool {
        let policies = self.policies.borrow();
        policies.len() > 1 && policies.iter().any(|number| POLICIES[*number].0.contains(&who))
    }

    pub fn codepipeline(&self, operation: &str, input: &Value) -> Result<Value, String> {
        let caller = "arn:aws:iam::123456789012:user/operator";
        self.simulation.aws().codepipeline.call(operation, input, caller).map_err(|error| error.code)
    }

    /// Notes the approvals that wait.
    pub fn learn(&self) {
        for pipeline in PIPELINES {
            let state = self.codepipeline("GetPipelineState", &json!({ "name": pipeline })).unwrap();
            let stages = state["stageStates"].as_array().cloned().unwrap_or_default();
            let Some(stage) = stages.into_iter().find(|stage| stage["stageName"] == STAGE) else { continue };
            let run = &stage["actionStates"][0]["latestExecution"];
            let Some(token) = run["token"].as_str() else { continue };
            let action = countersign::approval::ApprovalAction {
                account: "123456789012".parse().unwrap(),
                region: "us-east-2".parse().unwrap(),
                pipeline: pipeline.parse().unwrap(),
                stage: STAGE.parse().unwrap(),
                action: ACTION.parse().unwrap(),
            };
            let key = ApprovalKey::of(&action, &token.parse().unwrap()).to_string();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let approval = Approval {
                order: self.approvals.borrow().len(),
                pipeline,
                execution: text(&stage["latestExecution"]["pipelineExecutionId"]),
                run: text(&run["actionExecutionId"]),
                token: token.to_owned(),
                key: key.clone(),
            };
            self.approvals.borrow_mut().entry(key).or_insert(approval);
        }
    }

    /// The keys of the approvals that wait now.
    pub fn waiting(&self) -> BTreeSet<String> {
        self.learn();
        let approvals = self.approvals.borrow();
        let waits = |approval: &&Approval| self.shown(approval).is_some_and(|shown| shown.ending.is_none());
        approvals.values().filter(waits).map(|approval| approval.key.clone()).collect()
    }

    /// An approval as CodePipeline shows it.
    pub fn shown(&self, approval: &Approval) -> Option<Shown> {
        let filter = json!({"pipelineExecutionId": approval.execution});
        let input = json!({"pipelineName": approval.pipeline, "filter": filter});
        let runs = self.codepipeline("ListActionExecutions", &input).ok()?;
        let run = runs["actionExecutionDetails"].as_array()?.iter().find(|r| r["actionExecutionId"] == approval.run)?;
        Some(Shown::of(run))
    }

    /// Whether a principal is our role.
    pub fn is_ours(by: &str) -> bool {
        by.contains(&format!(":assumed-role/{}/", MemberRole::Deciding.name()))
    }

    pub fn now(&self) -> UtcDateTime {
        self.simulation.now()
    }
}
