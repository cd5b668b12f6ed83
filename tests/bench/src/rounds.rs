//! The measurements. Each subject has a turn in each round, so that a machine that is busy for a while slows all alike.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::arguments::{Arguments, Peer};
use crate::cloud::{Cloud, Waiting};
use crate::lambda::{Function, Start};
use crate::tls::Tls;

/// How many events a function gets in a round in which it is kept running, the first of which is not counted.
const VISITS: usize = 100;
const DECISIONS: usize = 30;
const EVENTS: [(usize, usize); 3] = [(1, DECISIONS), (10, 10), (50, 5)];

/// The duration of an AWS call with a simulated network, and the number of events in that case.
pub const FAR: Duration = Duration::from_millis(20);
const FAR_EVENTS: usize = 3;

/// The subject of a measurement: a function and its task. The table lists subjects in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Floor,
    Show,
    Decide,
    Event(usize),
    Peer(String),
}

/// The results of all measurements.
#[derive(Default)]
pub struct Figures {
    pub starts: BTreeMap<Subject, Vec<Start>>,
    /// The cold starts with TLS between the functions and AWS.
    pub tls_starts: BTreeMap<Subject, Vec<Start>>,
    /// The median of each round.
    pub warm: BTreeMap<Subject, Vec<Duration>>,
    /// CPU time for each answer of a round, on average.
    pub cpu: BTreeMap<Subject, Vec<Duration>>,
    /// The time that the fake AWS took for each answer of a round, on average, with its calls added up.
    pub busy: BTreeMap<Subject, Vec<Duration>>,
    /// The warm answers when each AWS call takes [`FAR`].
    pub far: BTreeMap<Subject, Vec<Duration>>,
    /// The most memory at any time, in KiB: after the first answer, and at the end.
    pub memory: BTreeMap<Subject, Vec<(u64, u64)>>,
    /// The AWS calls.
    pub calls: BTreeMap<Subject, Calls>,
}

/// The AWS calls of one function in a round.
pub struct Calls {
    /// Until the first answer.
    pub first: Vec<String>,
    /// From then on, for so many answers.
    pub rest: Vec<String>,
    pub answers: usize,
}

struct Round<'a> {
    arguments: &'a Arguments,
    cloud: Cloud,
    figures: &'a mut Figures,
    tls: Option<&'a Tls>,
}

pub async fn run(arguments: &Arguments) -> Figures {
    let mut figures = Figures::default();
    let tls = Tls::new();
    for number in 1..=arguments.cold.get() {
        eprint!("\rstarting: round {number} of {}  ", arguments.cold);
        Round::new(arguments, &mut figures, None).await.cold().await;
        Round::new(arguments, &mut figures, Some(&tls)).await.cold().await;
    }
    for number in 1..=arguments.warm.get() {
        eprint!("\rrunning: round {number} of {}   ", arguments.warm);
        Round::new(arguments, &mut figures, None).await.floor().await;
        for (approvers, events) in EVENTS {
            Round::new(arguments, &mut figures, None).await.events(approvers, events).await;
        }
        Round::new(arguments, &mut figures, None).await.visits().await;
        for peer in &arguments.peers {
            Round::new(arguments, &mut figures, None).await.peer(peer).await;
        }
        for (approvers, _) in EVENTS {
            Round::new(arguments, &mut figures, None).await.far(approvers).await;
        }
    }
    eprintln!();
    figures
}

impl<'a> Round<'a> {
    async fn new(arguments: &'a Arguments, figures: &'a mut Figures, tls: Option<&'a Tls>) -> Self {
        Self { arguments, cloud: Cloud::start(tls).await, figures, tls }
    }

    async fn cold(mut self) {
        let waiting = self.cloud.approval(1);
        self.start(Subject::Floor, &visit("GET", "x", "")).await;
        self.start(Subject::Event(1), &waiting.event).await;
        let link = self.cloud.link_to_approve(&waiting);
        self.start(Subject::Show, &visit("GET", token(&link), "")).await;
        self.start(Subject::Decide, &press(&link)).await;
        for peer in &self.arguments.peers {
            self.start(Subject::Peer(peer.name.clone()), &visit("GET", token(&link), "")).await;
        }
    }

    async fn floor(mut self) {
        self.keep(Subject::Floor, &vec![visit("GET", "x", ""); VISITS]).await;
    }

    async fn peer(mut self, peer: &Peer) {
        let link = self.ask(1).await.remove(0);
        self.keep(Subject::Peer(peer.name.clone()), &vec![visit("GET", token(&link), ""); VISITS]).await;
    }

    async fn events(mut self, approvers: usize, events: usize) {
        let events: Vec<Value> = (0..events).map(|_| self.cloud.approval(approvers).event).collect();
        self.keep(Subject::Event(approvers), &events).await;
    }

    async fn visits(mut self) {
        let links = self.ask(DECISIONS).await;
        self.keep(Subject::Show, &vec![visit("GET", token(&links[0]), ""); VISITS]).await;
        let pressed: Vec<Value> = links.iter().map(press).collect();
        self.keep(Subject::Decide, &pressed).await;
    }

    /// Measures events with a network between the functions and AWS.
    async fn far(mut self, approvers: usize) {
        let events: Vec<Value> = (0..FAR_EVENTS).map(|_| self.cloud.approval(approvers).event).collect();
        self.keep_far(Subject::Event(approvers), &events).await;
        if approvers == 1 {
            let links = self.ask(FAR_EVENTS).await;
            self.keep_far(Subject::Show, &vec![visit("GET", token(&links[0]), ""); FAR_EVENTS]).await;
            let pressed: Vec<Value> = links.iter().map(press).collect();
            self.keep_far(Subject::Decide, &pressed).await;
        }
    }

    /// The links of this many approvals.
    async fn ask(&mut self, approvals: usize) -> Vec<String> {
        let waiting: Vec<Waiting> = (0..approvals).map(|_| self.cloud.approval(1)).collect();
        let mut notifier = self.function(&Subject::Event(1)).await;
        for (number, waiting) in waiting.iter().enumerate() {
            match number {
                0 => drop(notifier.first(&waiting.event).await),
                _ => drop(notifier.invoke(&waiting.event).await),
            }
        }
        waiting.iter().map(|waiting| self.cloud.link_to_approve(waiting)).collect()
    }

    async fn start(&mut self, subject: Subject, event: &Value) {
        let mut function = self.function(&subject).await;
        let (start, answer) = function.first(event).await;
        check(&subject, &answer);
        let starts = if self.tls.is_some() { &mut self.figures.tls_starts } else { &mut self.figures.starts };
        starts.entry(subject).or_default().push(start);
    }

    async fn keep(&mut self, subject: Subject, events: &[Value]) {
        let mut function = self.function(&subject).await;
        let (first, rest) = events.split_first().expect("an event");
        let before = self.cloud.calls().len();
        check(&subject, &function.first(first).await.1);
        let started = self.cloud.calls();
        let (memory, cpu, busy) = (function.peak_memory(), function.cpu(), self.cloud.busy());
        let mut times = Vec::new();
        for event in rest {
            let (time, answer) = function.invoke(event).await;
            check(&subject, &answer);
            times.push(time);
        }
        let number = u32::try_from(rest.len()).expect("a few events");
        let (spent, busy) = ((function.cpu() - cpu) / number, (self.cloud.busy() - busy) / number);
        let calls = self.cloud.calls();
        let figures = &mut *self.figures;
        figures.memory.entry(subject.clone()).or_default().push((memory, function.peak_memory()));
        figures.cpu.entry(subject.clone()).or_default().push(spent);
        figures.busy.entry(subject.clone()).or_default().push(busy);
        let made =
            Calls { first: started[before..].to_vec(), rest: calls[started.len()..].to_vec(), answers: rest.len() };
        figures.calls.insert(subject.clone(), made);
        figures.warm.entry(subject).or_default().push(median(&times));
    }

    async fn keep_far(&mut self, subject: Subject, events: &[Value]) {
        let mut function = self.function(&subject).await;
        let (first, rest) = events.split_first().expect("an event");
        check(&subject, &function.first(first).await.1);
        self.cloud.delay(FAR);
        let mut times = Vec::new();
        for event in rest {
            let (time, answer) = function.invoke(event).await;
            check(&subject, &answer);
            times.push(time);
        }
        self.cloud.delay(Duration::ZERO);
        self.figures.far.entry(subject).or_default().push(median(&times));
    }

    async fn function(&self, subject: &Subject) -> Function {
        let ours = |name: &str| vec![self.arguments.binaries.join(name).to_string_lossy().into_owned()];
        let (command, role) = match subject {
            Subject::Floor => (ours("floor"), "floor"),
            Subject::Show | Subject::Decide => (ours("callback"), "callback"),
            Subject::Event(_) => (ours("notifier"), "notifier"),
            Subject::Peer(name) => {
                let peer = self.arguments.peers.iter().find(|peer| peer.name == *name).expect("a known peer");
                (peer.command.clone(), "callback")
            }
        };
        let mut environment = self.cloud.environment(role);
        if let Some(tls) = self.tls {
            environment.push(("SSL_CERT_FILE", tls.authorities().to_owned()));
        }
        Function::start(&command, environment).await
    }
}

/// A figure counts only if the work was done.
fn check(subject: &Subject, answer: &Value) {
    let shown =
        |words: &str| answer["statusCode"] == 200 && answer["body"].as_str().unwrap_or_default().contains(words);
    let done = match subject {
        Subject::Floor => answer["statusCode"] == 200,
        Subject::Show => shown("<form"),
        Subject::Decide => shown("approved"),
        Subject::Event(approvers) => answer["results"][0]["sent"] == *approvers,
        Subject::Peer(_) => true,
    };
    assert!(done, "{subject:?} answered {answer}");
}

fn press(link: impl AsRef<str>) -> Value {
    visit("POST", token(link.as_ref()), "decision=Approved&comment=Fine")
}

fn token(link: &str) -> &str {
    link.split_once("?t=").expect("a link").1
}

/// A visit, as API Gateway hands it over (payload format 2.0).
fn visit(method: &str, token: &str, form: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/approval", "rawQueryString": format!("t={token}"),
        "headers": {
            "accept": "text/html,application/xhtml+xml", "content-type": "application/x-www-form-urlencoded",
            "host": "bench.example", "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "bench", "domainName": "bench.example", "domainPrefix": "bench",
            "http": {
                "method": method, "path": "/approval", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            },
            "requestId": "bench", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:09:00:00 +0000", "timeEpoch": 1_795_338_000_000_u64,
        },
        "body": form, "isBase64Encoded": false,
    })
}

pub fn median<T: Ord + Copy>(figures: &[T]) -> T {
    let mut figures = figures.to_vec();
    figures.sort_unstable();
    figures[figures.len() / 2]
}
