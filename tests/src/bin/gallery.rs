//! Every page state, each in a sandbox of its own, for the checks and the screenshots in `tests/pages`.
//!
//! The program prints one line of JSON for each state, and serves until its standard input ends:
//!
//! - `name`: the state's unique name
//! - `of`: what the page belongs to: `callback`, `sandbox` or `email`; or `ground`, which is a sandbox to act in, not a
//!   page
//! - `url`, `method`, `form`: the request for the page; `form` is the body of a POST, or null
//! - `status`: the status of the answer
//! - `title`: a key; only states with the same key may have the same page title
//! - `language`: the page's language, where it does not depend on what the browser asks for; or null
//! - `first_screen`: whether its buttons must be seen on a phone without scrolling
//!
//! The content puts the layout to the test: long names, several lines, right-to-left and Japanese text, votes with
//! comments.

use std::sync::mpsc;

use sandbox::Options;
use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, PipelineDefinition, SourceAction, SourceProvider, StageDefinition,
    Trigger,
};
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::{Mail, Page, World, simulated_time};
use time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The name of all pipelines, so that only the state makes a difference between titles.
const PIPELINE: &str = "payments-reconciliation-and-settlement-service_eu-central";
const STAGE: &str = "Production.EU-Central-and-United-Kingdom";
const ACTION: &str = "Approve-by-release-management";

const ALICE: &str = "alice@example.com";
const MAXIMILIANE: &str = "maximiliane-friederike.von-hohenlohe-schillingsfuerst@release-management.example.com";
const MARYAM: &str = "maryam@example.com";
const TARO: &str = "taro@example.co.jp";

/// The person who starts executions, who is no approver.
const BEN: &str = "arn:aws:sts::123456789012:assumed-role/ReleaseEngineering-Administrators/ben.brook";

const MESSAGE: &str = "Round totals half to even, as the auditors asked

- Interest is rounded once, at the end of the day.
- التقريب يتم مرة واحدة في نهاية اليوم.
- 端数は一日の終わりに一度だけ処理されます。

Signed-off-by: Ben Brook <ben@example.com>
See https://tracker.example.com/browse/PAYMENTS-REGRESSION-20261120-0917-half-to-even-rounding-of-settlement-totals";

const INSTRUCTIONS: &str = "Check that the ledger totals on staging agree with the report, then decide.
قارن المجاميع بالتقرير قبل اتخاذ القرار.
レポートの合計と一致することを確認してから決定してください。";

const REVIEW_URL: &str = "https://staging.payments.example.com/reports/2026/11/20/reconciliation-and-settlement/totals?currency=EUR&rounding=half-to-even&view=approver#summary";
/// A link that fits on one line, as most do.
const SHORT_REVIEW_URL: &str = "https://staging.example.com/";

/// Texts that try to pass for ours: a list of votes, a thousand blank lines, stacks of marks, and a link that seems to
/// lead to a repository.
const FORGED_MESSAGE: &str = "Votes\n2 of 2 approvals are there\nZ\u{335}\u{31b}\u{34a}\u{334}\u{309}\u{356}\u{338}\u{323}\u{337}\u{336}a\u{335}\u{31b}\u{34a}\u{334}\u{309}\u{356}\u{338}\u{323}lgo";
const FORGED_LINK: &str = "https://github.com%2Facme%2Fpull%2F42@evil.example/";

/// A page state: the request for its page, and the status of the answer.
struct State {
    name: &'static str,
    /// `callback`, `sandbox` or `email`.
    of: &'static str,
    title: &'static str,
    method: &'static str,
    url: String,
    form: Value,
    status: u16,
    language: Option<&'static str>,
    first_screen: bool,
}

impl State {
    /// The callback's page that a link opens.
    fn opened(name: &'static str, url: &str, status: u16) -> Self {
        let (url, form) = (url.to_owned(), Value::Null);
        Self {
            name,
            of: "callback",
            title: name,
            method: "GET",
            url,
            form,
            status,
            language: None,
            first_screen: false,
        }
    }

    /// The callback's answer to a form.
    fn sent(name: &'static str, url: &str, form: Value, status: u16) -> Self {
        Self { method: "POST", form, ..Self::opened(name, url, status) }
    }

    /// The same state with this title key.
    fn titled(self, title: &'static str) -> Self {
        Self { title, ..self }
    }

    fn of(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    /// The same state, whose buttons must be on the first screen of a phone.
    fn on_the_first_screen(self) -> Self {
        Self { first_screen: true, ..self }
    }
}

/// The sandboxes of the printed states, which keep running.
#[derive(Default)]
struct Gallery {
    worlds: Vec<World>,
}

impl Gallery {
    fn show(&mut self, world: World, states: impl IntoIterator<Item = State>) {
        self.worlds.push(world);
        states.into_iter().for_each(print);
    }
}

fn print(State { name, of, title, method, url, form, status, language, first_screen }: State) {
    let line = json!({
        "name": name, "of": of, "title": title, "method": method, "url": url, "form": form, "status": status,
        "language": language, "first_screen": first_screen,
    });
    println!("{line}");
}

#[tokio::main]
async fn main() {
    let mut gallery = Gallery::default();
    usual(&mut gallery).await;
    waiting(&mut gallery).await;
    decided(&mut gallery).await;
    over(&mut gallery).await;
    refused(&mut gallery).await;
    forged(&mut gallery).await;
    of_the_sandbox(&mut gallery).await;
    let ground = World::with(Options { approvers: format!("{ALICE}, {MARYAM}"), ..Options::default() }).await;
    let state = State::opened("ground", ground.sandbox().url(), 200).of("ground");
    gallery.show(ground, [state]);
    let _ = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
}

/// Routes that take something from the others of [`policy`], and give Alice something.
const ROUTES: &str = r#"
    [[route]]
    pipeline = "payments-*"
    stage = "Production"
    approvers = ["taro@example.co.jp"]
    [[route]]
    account = "210987654321"
    approvers = ["maryam@example.com", "taro@example.co.jp"]
    quorum = 1
"#;

/// A policy with four approvers and this quorum.
fn policy(quorum: usize, more: &str) -> String {
    let approvers = json!([
        format!("Alice Archer <{ALICE}>"),
        format!("Dr. Maximiliane-Friederike von Hohenlohe-Schillingsfürst <{MAXIMILIANE}>"),
        format!("مريم عبد الله <{MARYAM}>"),
        format!("山田太郎 <{TARO}>"),
    ]);
    // A list of texts reads the same in JSON and in TOML.
    format!("[default]\napprovers = {approvers}\nquorum = {quorum}\nreason_required = true\nremind = \"24h\"\n{more}")
}

/// A sandbox with that policy.
async fn world(quorum: usize, more: &str) -> World {
    World::under(&policy(quorum, more)).await
}

/// A sandbox with a pending approval, started by somebody who is no approver.
async fn asked(quorum: usize) -> World {
    let world = world(quorum, "").await;
    start(&world, REVIEW_URL, BEN).await;
    world
}

/// Creates the pipeline with this review URL, unless it exists, and starts it as the principal with this ARN.
async fn start(world: &World, review_url: &str, arn: &str) {
    start_with(world, MESSAGE, INSTRUCTIONS, review_url, arn).await;
}

/// The same with this commit message and these instructions.
async fn start_with(world: &World, message: &str, instructions: &str, review_url: &str, arn: &str) {
    let source = SourceAction {
        messages: vec![message.to_owned()],
        ..SourceAction::new(SourceProvider::GitHubConnection, "example/payments-reconciliation-and-settlement-service")
    };
    let approval = ApprovalAction {
        custom_data: Some(instructions.to_owned()),
        external_entity_link: Some(review_url.to_owned()),
        ..ApprovalAction::default()
    };
    let definition = PipelineDefinition {
        stages: vec![
            StageDefinition::new("Source", [ActionDefinition::new("Source", ActionKind::Source(source))]),
            StageDefinition::new("Build", [ActionDefinition::new("Build", ActionKind::Build)]),
            StageDefinition::new(STAGE, [ActionDefinition::new(ACTION, ActionKind::Approval(approval))]),
            StageDefinition::new("After", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
        ],
        ..PipelineDefinition::new("123456789012", "us-east-2", PIPELINE)
    };
    let codepipeline = &world.aws().codepipeline;
    // The pipeline already exists at the second start.
    let _ = codepipeline.create(definition);
    codepipeline.start(PIPELINE, Trigger::StartPipelineExecution(arn.to_owned())).unwrap();
    world.settle().await;
}

/// A release as most are: one commit with a short message after another release, a line of instructions, and a review link.
/// Its emails are in each language, with a clock as its readers may have it.
async fn usual(gallery: &mut Gallery) {
    const MESSAGE: &str = "Round totals half to even\n\nInterest is rounded once, at the end of the day.\n\
        The report of 19 November differed by a cent.\nFixes #42.";
    for (language, time_zone, name) in [
        ("en", "UTC", "email-usual-en"),
        ("de", "Europe/Berlin", "email-usual-de"),
        ("es", "Europe/Madrid", "email-usual-es"),
        ("fr", "Europe/Paris", "email-usual-fr"),
        ("ja", "Asia/Tokyo", "email-usual-ja"),
        ("pt", "America/Sao_Paulo", "email-usual-pt"),
    ] {
        let policy = format!(
            "[default]\napprovers = [\"Alice Archer <{ALICE}>\", \"{MARYAM}\"]\nlanguage = \"{language}\"\n\
             time_zone = \"{time_zone}\""
        );
        let world = World::under(&policy).await;
        let source = SourceAction {
            messages: vec!["Show the delivery date".to_owned(), MESSAGE.to_owned()],
            ..SourceAction::new(SourceProvider::GitHubConnection, "example/payments")
        };
        let approval = ApprovalAction {
            custom_data: Some("Compare the totals on staging with the report.".to_owned()),
            external_entity_link: Some("https://staging.example.com/reports/totals".to_owned()),
            ..ApprovalAction::default()
        };
        let definition = PipelineDefinition {
            stages: vec![
                StageDefinition::new("Source", [ActionDefinition::new("Source", ActionKind::Source(source))]),
                StageDefinition::new("Production", [ActionDefinition::new("Approve", ActionKind::Approval(approval))]),
                StageDefinition::new("After", [ActionDefinition::new("Deploy", ActionKind::Deploy)]),
            ],
            ..PipelineDefinition::new("123456789012", "us-east-2", "payments-api")
        };
        world.aws().codepipeline.create(definition).unwrap();
        let asked = async || {
            world.aws().codepipeline.start("payments-api", Trigger::WebhookV2(String::new())).unwrap();
            world.settle().await;
            world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap()
        };
        world.press(&asked().await.approve, "").await;
        world.advance(Duration::days(1)).await;
        let alice = asked().await;
        let id = &world.aws().ses.mails().into_iter().rfind(|mail| mail.to == ALICE).unwrap().id;
        let html = world.url(&format!("/mailbox/{id}/html"));
        let mut states = vec![State {
            language: Some(language),
            ..State::opened(name, &html, 200).of("email").titled("email").on_the_first_screen()
        }];
        if language == "en" {
            states.push(State::opened("usual-approve", &alice.approve, 200).on_the_first_screen());
            states.push(State::opened("usual-reject", &alice.reject, 200).on_the_first_screen());
        }
        gallery.show(world, states);
    }
}

/// The first email with links to somebody.
async fn mail(world: &World, address: &str) -> Mail {
    let mails = world.mails().await.into_iter();
    mails.filter(|mail| !mail.approve.is_empty()).find(|mail| mail.to == address).unwrap()
}

/// Pages with a form, and the page after a vote that decides nothing yet.
async fn waiting(gallery: &mut Gallery) {
    let world = asked(3).await;
    let (alice, maryam) = (mail(&world, ALICE).await, mail(&world, MARYAM).await);
    world.press(&mail(&world, TARO).await.approve, "合計が一致しました。").await;
    world.press(&maryam.approve, "المجاميع متطابقة.\nLooks good to me.").await;
    let long = "Why this comment is too long: ".repeat(18);
    let states = [
        State::opened("confirm-approve", &alice.approve, 200),
        State::opened("confirm-reject", &alice.reject, 200),
        State::opened("confirm-other-vote", &maryam.reject, 200).titled("confirm-reject"),
        State::opened("recorded", &maryam.approve, 200),
        State::sent("problem-no-comment", &alice.reject, json!({"comment": " ", "decision": "Rejected"}), 400)
            .titled("problem-reject"),
        State::sent("problem-long-comment", &alice.approve, json!({"comment": long, "decision": "Approved"}), 400)
            .titled("problem-approve"),
        State::sent("problem-no-button", &alice.approve, json!({"comment": "x"}), 400).titled("problem-approve"),
        State::sent("bad-form", &alice.approve, json!({"decision": "maybe"}), 400),
    ];
    gallery.show(world, states);

    let world = rejected_before().await;
    let mails = world.mails().await.into_iter();
    let again = mails.filter(|mail| !mail.approve.is_empty()).rfind(|mail| mail.to == ALICE).unwrap();
    let emails = world.aws().ses.mails();
    let id = &emails.last().unwrap().id;
    let states = [
        State::opened("confirm-again-approve", &again.approve, 200),
        State::opened("confirm-again-reject", &again.reject, 200),
        State::opened("email-again", &world.url(&format!("/mailbox/{id}/html")), 200).of("email").titled("email"),
    ];
    gallery.show(world, states);

    // An event without a pipeline: the changes are unknown.
    let world = World::with(Options { approvers: ALICE.to_owned(), ..Options::default() }).await;
    world.play(&tests::eventbridge()).await;
    let state = State::opened("confirm-plain", &mail(&world, ALICE).await.approve, 200).titled("confirm-approve");
    gallery.show(world, [state]);
}

/// A release that was rejected five times, the last time in AWS, and is asked for once more.
async fn rejected_before() -> World {
    let world = world(2, "").await;
    start(&world, REVIEW_URL, BEN).await;
    let executions = world.codepipeline("ListPipelineExecutions", json!({"pipelineName": PIPELINE})).await.unwrap();
    let execution = &executions["pipelineExecutionSummaries"][0]["pipelineExecutionId"];
    for round in 1..=5 {
        let mails = world.mails().await.into_iter();
        let mail = mails.filter(|mail| !mail.approve.is_empty()).rfind(|mail| mail.to == MAXIMILIANE).unwrap();
        if round == 5 {
            put(&world, "Rejected").await;
        } else {
            world.press(&mail.reject, &format!("{round}. {FORGED_MESSAGE}\nالمجاميع غير متطابقة.")).await;
        }
        world.settle().await;
        world.advance(Duration::minutes(1)).await;
        let input = json!({
            "pipelineName": PIPELINE, "stageName": STAGE, "pipelineExecutionId": execution,
            "retryMode": "FAILED_ACTIONS",
        });
        world.codepipeline("RetryStageExecution", input).await.unwrap();
        world.settle().await;
    }
    world
}

/// Approved and rejected, for those who decided and for those who come too late.
async fn decided(gallery: &mut Gallery) {
    let world = asked(2).await;
    let (alice, taro) = (mail(&world, ALICE).await, mail(&world, TARO).await);
    world.press(&alice.approve, "Totals agree.\nقارنت المجاميع بالتقرير.").await;
    world.press(&taro.approve, "合計が一致しました。").await;
    world.settle().await;
    let maximiliane = mail(&world, MAXIMILIANE).await;
    let late = json!({"comment": "المجاميع متطابقة.\nI agree.", "decision": "Approved"});
    let states = [
        State::opened("approved", &alice.approve, 200),
        State::opened("already-approved", &maximiliane.approve, 409),
        State::sent("already-approved-with-a-comment", &maximiliane.approve, late, 409).titled("already-approved"),
    ];
    gallery.show(world, states);

    let world = asked(2).await;
    let maximiliane = mail(&world, MAXIMILIANE).await;
    world.press(&maximiliane.reject, "The totals of 19 November differ by 0.01 EUR.").await;
    world.settle().await;
    let states = [
        State::opened("rejected", &maximiliane.reject, 200),
        State::opened("already-rejected", &mail(&world, ALICE).await.approve, 409),
    ];
    gallery.show(world, states);

    for (name, title, result) in [
        ("already-approved-in-console", "already-approved", "Approved"),
        ("already-rejected-in-console", "already-rejected", "Rejected"),
    ] {
        let world = asked(2).await;
        let alice = mail(&world, ALICE).await;
        put(&world, result).await;
        gallery.show(world, [State::opened(name, &alice.approve, 409).titled(title)]);
    }
}

/// Puts a result as a user of the AWS console would.
async fn put(world: &World, result: &str) {
    let token = world.state_of(PIPELINE, STAGE, ACTION).await["token"].clone();
    let input = json!({
        "pipelineName": PIPELINE, "stageName": STAGE, "actionName": ACTION, "token": token,
        "result": {"status": result, "summary": "Spoke with the auditors on the phone.\nتحدثت مع المدققين."},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
}

/// Approvals that ended without a decision.
async fn over(gallery: &mut Gallery) {
    let world = asked(2).await;
    let alice = mail(&world, ALICE).await;
    start(&world, REVIEW_URL, "arn:aws:iam::123456789012:user/ben").await;
    gallery.show(world, [State::opened("superseded", &alice.approve, 410)]);

    let world = asked(2).await;
    let alice = mail(&world, ALICE).await;
    let executions = world.codepipeline("ListPipelineExecutions", json!({"pipelineName": PIPELINE})).await.unwrap();
    let execution = &executions["pipelineExecutionSummaries"][0]["pipelineExecutionId"];
    let input = json!({"pipelineName": PIPELINE, "pipelineExecutionId": execution, "abandon": true});
    world.codepipeline("StopPipelineExecution", input).await.unwrap();
    gallery.show(world, [State::opened("stopped", &alice.approve, 410)]);

    let world = asked(2).await;
    let alice = mail(&world, ALICE).await;
    world.advance(Duration::days(8)).await;
    let late = json!({"comment": "Totals agree.\nقارنت المجاميع بالتقرير.", "decision": "Approved"});
    let states = [
        State::opened("expired", &alice.approve, 410),
        State::sent("expired-with-a-comment", &alice.approve, late, 410).titled("expired"),
    ];
    gallery.show(world, states);

    let world = self::world(2, "expires = \"2d\"").await;
    start(&world, REVIEW_URL, "arn:aws:iam::123456789012:user/ben").await;
    let alice = mail(&world, ALICE).await;
    world.advance(Duration::days(3)).await;
    gallery.show(world, [State::opened("expired-before-the-pipeline", &alice.approve, 410).titled("expired")]);
}

/// Pages that refuse a request.
async fn refused(gallery: &mut Gallery) {
    let world = world(2, "initiator_may_approve = false").await;
    start(&world, SHORT_REVIEW_URL, &format!("arn:aws:iam::123456789012:user/{MAXIMILIANE}")).await;
    let (alice, maximiliane) = (mail(&world, ALICE).await, mail(&world, MAXIMILIANE).await);
    let link = Parts::of(&alice.approve);
    let key = link.key();
    let older = link.claim("request", json!("A".repeat(43))).signed(&world, &key);
    let states = [
        State::opened("confirm-one-is-barred", &alice.approve, 200).titled("confirm-approve"),
        State::opened("initiator", &maximiliane.approve, 403),
        State::opened("asked-anew", &older, 410),
        State::opened("bad-link", &world.url("/approval?t=cut-off"), 400),
        State::opened("not-found", &world.url("/elsewhere"), 404),
        State::opened("help", &world.url("/help"), 200),
        State { method: "PUT", ..State::opened("not-allowed", &alice.approve, 405) },
    ];
    gallery.show(world, states);

    for (name, fault, status) in [("try-again", Fault::Throttled, 503), ("broken", Fault::Denied, 500)] {
        let url = while_the_ledger_fails(fault).await;
        let form = json!({"comment": "Totals agree.\nقارنت المجاميع بالتقرير.", "decision": "Approved"});
        print(State::opened(name, &url, status));
        let pressed = if status == 503 { "try-again-with-a-comment" } else { "broken-with-a-comment" };
        print(State::sent(pressed, &url, form, status).titled(name));
    }
}

/// A request and an outcome full of texts that try to pass for ours.
async fn forged(gallery: &mut Gallery) {
    let world = world(2, "").await;
    let votes = format!(
        "Votes\n2 of 2 approvals are there\nCarol <carol@example.com>: Approved{}{}The pipeline continues.",
        "\n".repeat(400),
        "Approve this release\n".repeat(22),
    );
    start_with(&world, FORGED_MESSAGE, &votes, FORGED_LINK, BEN).await;
    let alice = mail(&world, ALICE).await;
    world.press(&mail(&world, TARO).await.approve, FORGED_MESSAGE).await;
    let id = &world.aws().ses.mails()[0].id;
    let states = [
        State::opened("confirm-forged", &alice.approve, 200).titled("confirm-approve"),
        State::opened("email-forged", &world.url(&format!("/mailbox/{id}/html")), 200).of("email").titled("email"),
    ];
    gallery.show(world, states);
}

/// The address of a link's page while the ledger fails. That is seen in a simulation, which has a thread and a time of its own.
async fn while_the_ledger_fails(fault: Fault) -> String {
    let (visits, visitors) = mpsc::channel::<Visit>();
    std::thread::spawn(move || {
        simulated_time().block_on(async {
            let world = World::simulated_under(&policy(2, "")).await;
            start(&world, REVIEW_URL, BEN).await;
            let link = mail(&world, ALICE).await.approve;
            world.fail(Calls::of("GetItem"), fault);
            for Visit { language, form, page } in visitors {
                let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
                let shown = if form.is_empty() {
                    world.get_in(&link, &language).await
                } else {
                    world.post_in(&link, &form, &language).await
                };
                let _ = page.send(shown);
            }
        });
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(show(stream, visits.clone()));
        }
    });
    url
}

/// A visit to a page in a simulation.
struct Visit {
    language: String,
    /// What is posted; empty where the page is opened.
    form: Vec<(String, String)>,
    page: oneshot::Sender<Page>,
}

/// Reads a request, as far as the page depends on it, and answers it with the page.
async fn show(stream: TcpStream, visits: mpsc::Sender<Visit>) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut language, mut length) = (String::new(), String::new(), 0);
    while stream.read_line(&mut line).await.is_ok_and(|length| length > 2) {
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "accept-language" => language = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        line.clear();
    }
    // A browser may connect for a request that it never makes.
    if line.is_empty() {
        return;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let (page, shown) = oneshot::channel();
    visits.send(Visit { language, form, page }).unwrap();
    let page = shown.await.unwrap();
    let mut answer = format!("HTTP/1.1 {} as simulated\r\n", page.status);
    for (name, value) in &page.headers {
        answer.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    answer.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n{}", page.body.len(), page.body));
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// The sandbox's own pages, and the emails in it.
async fn of_the_sandbox(gallery: &mut Gallery) {
    let world = asked(2).await;
    world.advance(Duration::days(6) + Duration::hours(1)).await;
    world.press(&mail(&world, TARO).await.approve, "合計が一致しました。").await;
    // Otherwise the second vote decides before the first one is told.
    world.settle().await;
    world.press(&mail(&world, MARYAM).await.approve, "المجاميع متطابقة.\nLooks good to me.").await;
    start(&world, REVIEW_URL, "arn:aws:iam::123456789012:user/ben").await;
    world.settle().await;
    let mut states = vec![
        State::opened("pipelines", &world.url("/"), 200).of("sandbox"),
        State::opened("mailbox", &world.url("/mailbox"), 200).of("sandbox"),
    ];
    let mails = world.aws().ses.mails();
    let mut to_maryam = mails.iter().filter(|mail| mail.to == MARYAM);
    let mut to_taro = mails.iter().filter(|mail| mail.to == TARO);
    for (page, email) in [
        ("mail-request", "email-request"),
        ("mail-reminder", "email-reminder"),
        ("mail-outcome", "email-outcome"),
        ("mail-receipt", "email-receipt"),
    ] {
        let mail = if page == "mail-receipt" { to_taro.nth(2) } else { to_maryam.next() };
        let id = &mail.expect("a request, a reminder, and a receipt or an outcome, in this order").id;
        // The title of an email's page is the subject, which the emails of one thread share.
        states.push(State::opened(page, &world.url(&format!("/mailbox/{id}")), 200).of("sandbox").titled("mail"));
        states.push(State::opened(email, &world.url(&format!("/mailbox/{id}/html")), 200).of("email").titled("email"));
    }
    world.save_policy(&format!("{ROUTES}{}", policy(2, ""))).await;
    world.sweep().await.unwrap();
    let mails = world.aws().ses.mails();
    let told = mails.iter().rfind(|mail| mail.to == ALICE && mail.raw.contains("References: <policy."));
    let html = world.url(&format!("/mailbox/{}/html", told.expect("an email about the policy").id));
    states.push(State::opened("email-policy", &html, 200).of("email").titled("email"));
    gallery.show(world, states);

    let world = World::new().await;
    let states = [
        State::opened("pipelines-none", &world.url("/"), 200).of("sandbox").titled("pipelines"),
        State::opened("mailbox-empty", &world.url("/mailbox"), 200).of("sandbox").titled("mailbox"),
    ];
    gallery.show(world, states);
}
