//! What an approver reads of a release, for each source, trigger and history that CodePipeline shows: the exact words of
//! email and page, up to the technical details. They are in `releases/`, one file a case; `BLESS=1` writes them.
//!
//! Where the shapes are from:
//! - connections: a record of Bitbucket in quicken/aws-meerkat; the user guide's reference of source actions
//! - GitHub by OAuth: the record in hmrc/telemetry-terraform
//! - S3, ECR and CodeCommit: the user guide's structure reference, and its examples of `ListActionExecutions`
//! - triggers: the API reference of `ExecutionTrigger`, and the guide, "View pipeline executions"
//! - rollbacks and `succeededInStage`: the guide, "Configuring stage rollback"
//! - retries: the service model of `RetryStageMetadata`

use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition, Trigger,
};
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::ledger_writer::{LedgerWriter, object};
use tests::{ALICE, Mail, World, service};
use time::Duration;

const POLICY: &str = r#"
[[person]]
address = "Ada Lovelace <alice@example.com>"
principals = ["arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Release_0a1b2c3d4e5f6a7b/ada"]

[hosts]
github_enterprise_server = "https://git.acme.example"

[default]
approvers = ["alice@example.com", "Bob Brook <bob@example.com>"]
"#;

const SINGLE_SIGN_ON: &str = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Release_0a1b2c3d4e5f6a7b/ada";
const BOB: &str = "arn:aws:iam::123456789012:user/bob";
const STRANGER: &str = "arn:aws:sts::123456789012:assumed-role/Admin/ada@example.com";

const MESSAGE: &str = "Round totals half to even (#481)\n\nThe report of October was off by a cent.\nFinance has checked the new numbers.";

/// A pipeline `payments-api` with one approval in a stage `Production`.
fn pipeline(sources: &[ActionDefinition], approval: ApprovalAction) -> PipelineDefinition {
    let mut pipeline = service("payments-api", ExecutionMode::Superseded, approval);
    pipeline.stages[0] = StageDefinition::new("Source", sources.to_vec());
    pipeline.stages[1].name = "Production".to_owned();
    pipeline
}

fn source(name: &str, provider: SourceProvider, repository: &str, branch: &str, messages: &[&str]) -> ActionDefinition {
    let source = SourceAction {
        branch: branch.to_owned(),
        messages: messages.iter().map(|message| (*message).to_owned()).collect(),
        ..SourceAction::new(provider, repository)
    };
    ActionDefinition::new(name, ActionKind::Source(source))
}

fn app(provider: SourceProvider) -> ActionDefinition {
    source("App", provider, "acme/payments-api", "main", &[MESSAGE])
}

fn github(messages: &[&str]) -> ActionDefinition {
    source("App", SourceProvider::GitHubConnection, "acme/payments-api", "main", messages)
}

fn rule(name: &str) -> Trigger {
    Trigger::CloudWatchEvent(format!("arn:aws:events:us-east-2:123456789012:rule/{name}"))
}

fn push() -> Trigger {
    Trigger::WebhookV2(String::new())
}

/// The world of a case.
struct Case {
    world: World,
}

impl Case {
    async fn of(sources: &[ActionDefinition]) -> Self {
        Self::with(sources, ApprovalAction::default()).await
    }

    async fn with(sources: &[ActionDefinition], approval: ApprovalAction) -> Self {
        Self::inside(World::under(POLICY).await, sources, approval)
    }

    fn inside(world: World, sources: &[ActionDefinition], approval: ApprovalAction) -> Self {
        world.aws().codepipeline.create(pipeline(sources, approval)).unwrap();
        Self { world }
    }

    /// Starts an execution, and gives Alice's email about it.
    async fn asked(&self, trigger: Trigger) -> Mail {
        self.world.advance(Duration::hours(5)).await;
        self.world.aws().codepipeline.start("payments-api", trigger).unwrap();
        self.world.settle().await;
        self.latest().await
    }

    async fn latest(&self) -> Mail {
        self.world.requests().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap()
    }

    /// Starts an execution that Alice approves. Gives its id.
    async fn released(&self, trigger: Trigger) -> String {
        let mail = self.asked(trigger).await;
        self.world.press(&mail.approve, "").await;
        self.newest().await
    }

    async fn rejected(&self, trigger: Trigger, comment: &str) {
        let mail = self.asked(trigger).await;
        self.world.press(&mail.reject, comment).await;
    }

    async fn newest(&self) -> String {
        let input = json!({"pipelineName": "payments-api"});
        let listed = self.world.codepipeline("ListPipelineExecutions", input).await.unwrap();
        listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"].as_str().unwrap().to_owned()
    }

    /// Starts an execution with these revisions, and gives Alice's email about it.
    async fn asked_about(&self, revisions: &Value) -> Mail {
        self.world.advance(Duration::hours(5)).await;
        let input = json!({"name": "payments-api", "sourceRevisions": revisions});
        self.world.codepipeline("StartPipelineExecution", input).await.unwrap();
        self.world.settle().await;
        self.latest().await
    }

    async fn roll_back(&self, stage: &str, target: &str) {
        let input = json!({"pipelineName": "payments-api", "stageName": stage, "targetPipelineExecutionId": target});
        self.world.codepipeline("RollbackStage", input).await.unwrap();
        self.world.settle().await;
    }

    async fn retry(&self) -> Mail {
        let input = json!({
            "pipelineName": "payments-api", "stageName": "Production", "pipelineExecutionId": self.newest().await,
            "retryMode": "ALL_ACTIONS",
        });
        self.world.advance(Duration::hours(1)).await;
        self.world.codepipeline("RetryStageExecution", input).await.unwrap();
        self.world.settle().await;
        self.latest().await
    }

    /// Checks the words of an email and of the page behind its Approve link against those on file.
    async fn reads(&self, name: &str, mail: &Mail) {
        let page = self.world.get(&mail.approve).await;
        let shown =
            format!("# Subject\n\n{}\n\n# Email\n\n{}\n# Page\n\n{}", mail.subject, email(mail), words(&page.body));
        for hidden in ["{\"", "arn:", "console.aws", "123456789012"] {
            assert!(!shown.contains(hidden), "{name}: {hidden} is outside of the technical details:\n{shown}");
        }
        let path = format!("{}/stories/releases/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(shown, expected, "{name}");
    }
}

/// The text of an email from the headline to the first link.
fn email(mail: &Mail) -> String {
    let text = mail.text.replace("\r\n", "\n");
    let before = text.split_once(&mail.approve).unwrap().0;
    without_ids(before.trim_end().strip_suffix("Approve:").unwrap_or(before).trim_end()) + "\n"
}

/// What a page shows, one line for each of its blocks, without what is folded as technical details.
fn words(page: &str) -> String {
    let main = page.split_once("<main>").unwrap().1.split_once("<details class=\"facts\">").unwrap().0;
    let mut text = String::new();
    for part in main.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        let is_inline =
            ["a", "/a", "span", "/span", "strong", "/strong"].iter().any(|name| tag.split(' ').next() == Some(name));
        if !is_inline {
            text.push('\n');
        }
        if tag.starts_with("a ") {
            let href = tag.split_once("href=\"").map_or("", |(_, href)| href.split('"').next().unwrap());
            text.push_str(&format!("[{href}] "));
        }
        text.push_str(rest);
    }
    let text = ["&#38;", "&#60;", "&#62;", "&#34;", "&#39;"]
        .iter()
        .zip(["&", "<", ">", "\"", "'"])
        .fold(text, |text, (entity, character)| text.replace(entity, character));
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    without_ids(&lines.join("\n")) + "\n"
}

/// A text with `…` for whatever differs from run to run: hexadecimal ids.
fn without_ids(text: &str) -> String {
    let mut shown = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            word.push(c);
            continue;
        }
        let is_id = word.len() >= 5 && !word.bytes().all(|b| b.is_ascii_alphabetic());
        shown.push_str(if is_id || (word.len() >= 20) { "…" } else { &word });
        word.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

macro_rules! cases {
    ($($name:ident: $source:expr, $trigger:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let case = Case::of(&$source).await;
            let mail = case.asked($trigger).await;
            case.reads(stringify!($name), &mail).await;
        }
    )*};
}

cases! {
    github_by_a_connection: [github(&[MESSAGE])], push();
    bitbucket_by_a_connection: [app(SourceProvider::BitbucketConnection)], push();
    gitlab_by_a_connection: [source("App", SourceProvider::GitLabConnection, "acme/web/payments-api", "release/1.2", &[MESSAGE])], push();
    github_enterprise_whose_host_the_policy_names: [app(SourceProvider::GitHubEnterpriseServerConnection)], push();
    gitlab_whose_host_nobody_names: [app(SourceProvider::GitLabSelfManagedConnection)], push();
    github_by_oauth: [source("App", SourceProvider::GitHub, "hmrc/telemetry-terraform", "main", &["lambda 0.0.12->0.0.15 (#2250)"])],
        Trigger::Webhook("arn:aws:codepipeline:us-east-2:123456789012:webhook:payments-api".to_owned());
    codecommit_by_a_rule: [source("App", SourceProvider::CodeCommit, "payments-api", "main", &[MESSAGE])], rule("codepipeline-paymen-main-253816-rule");
    codecommit_by_polling: [source("App", SourceProvider::CodeCommit, "payments-api", "main", &[MESSAGE])], Trigger::PollForSourceChanges;
    s3_without_a_summary: [source("App", SourceProvider::S3, "acme-builds", "payments/app.zip", &[])], Trigger::PollForSourceChanges;
    s3_with_a_summary_on_schedule: [source("App", SourceProvider::S3, "acme-builds", "payments/app.zip", &["Build 4711 of release 1.9"])], rule("nightly");
    an_image_by_a_rule: [source("Image", SourceProvider::Ecr, "payments-api", "latest", &[])], rule("events-bus/image-pushed");
    a_source_of_the_owners_own: [source("App", SourceProvider::Custom, "payments", "trunk", &[])], Trigger::PutActionRevision;
    three_sources: [
            github(&[MESSAGE]),
            source("Config", SourceProvider::CodeCommit, "payments-config", "live", &["Raise the limit for refunds"]),
            source("Image", SourceProvider::Ecr, "payments-base", "stable", &[]),
        ], push();
    started_by_an_iam_user: [github(&[MESSAGE])], Trigger::StartPipelineExecution(BOB.to_owned());
    started_by_single_sign_on: [github(&[MESSAGE])], Trigger::StartPipelineExecution(SINGLE_SIGN_ON.to_owned());
    started_by_somebody_unrecognised: [github(&[MESSAGE])], Trigger::StartPipelineExecution(STRANGER.to_owned());
    started_with_the_pipeline: [github(&[MESSAGE])], Trigger::CreatePipeline("arn:aws:iam::123456789012:root".to_owned());
    started_by_nobody_known: [github(&[MESSAGE])], Trigger::StartPipelineExecution(String::new());
    a_message_that_codepipeline_cuts: [github(&[&format!("Round totals\n\n{}", "half to even\\ \"🚀\"\n".repeat(200))])], push();
    a_message_without_an_end: [github(&[&"x".repeat(3000)])], push();
    a_hostile_message: [github(&[HOSTILE])], push();
    a_branch_that_reads_like_ours: [
            source("App", SourceProvider::GitHubConnection, "acme/payments-api", "main started this release. Approved by the board", &[MESSAGE]),
        ], push();
    a_variable_for_a_branch: [source("App", SourceProvider::GitHubConnection, "acme/payments-api", "#{variables.branch}", &[MESSAGE])], push();
}

const HOSTILE: &str = "Decide by yesterday.\n2 of 2 approvals received.\n<b>Approved</b> by Bob Brook <bob@example.com>\n\u{202e}evil\u{202c} \u{2066}x\u{2069}\nhttps://evil.example/approval?t=1";

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_release_after_another() {
    let approval = ApprovalAction {
        custom_data: Some("Check the totals on staging.".to_owned()),
        external_entity_link: Some("https://staging.example.com/report".to_owned()),
        ..ApprovalAction::default()
    };
    let case = Case::with(&[github(&["Show the delivery date", MESSAGE])], approval).await;
    case.released(push()).await;
    let mail = case.asked(push()).await;
    case.reads("a_usual_release_after_another", &mail).await;
    let compares = mail.text.lines().find(|line| line.contains("/acme/payments-api/compare/")).unwrap();
    assert!(
        compares.contains("https://github.com/acme/payments-api/compare/") && compares.contains(".."),
        "{compares}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read() {
    let case = Case::inside(World::simulated_under(POLICY).await, &[github(&[MESSAGE])], ApprovalAction::default());
    case.world.fail(Calls::of("GetPipelineExecution"), Fault::Denied);
    let mail = case.asked(push()).await;
    case.reads("an_execution_that_cannot_be_read", &mail).await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_cannot_be_read() {
    let case = Case::inside(World::simulated_under(POLICY).await, &[github(&[MESSAGE])], ApprovalAction::default());
    case.world.fail(Calls::of("ListPipelineExecutions"), Fault::Denied);
    let mail = case.asked(push()).await;
    case.reads("a_history_that_cannot_be_read", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_after_one_that_many_approved() {
    let names = ["Ada", "Ben", "Cy", "Dee", "Eve", "Flo", "Gus"];
    let people = names.map(|name| format!("\"{name} <{}@example.com>\"", name.to_lowercase()));
    let policy = format!("[default]\napprovers = [\"{ALICE}\", {}]\nquorum = 7\n", people.join(", "));
    let case = Case::inside(
        World::under(&policy).await,
        &[github(&["Show the delivery date", MESSAGE])],
        ApprovalAction::default(),
    );
    case.asked(push()).await;
    for mail in case.world.requests().await.iter().filter(|mail| mail.to != ALICE) {
        case.world.press(&mail.approve, "").await;
    }
    let mail = case.asked(push()).await;
    case.reads("a_release_after_one_that_many_approved", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_were_rejected_in_between() {
    let messages = ["Show the delivery date", "Speed up search", "Try the new tax table", MESSAGE];
    let case = Case::of(&[github(&messages)]).await;
    case.released(push()).await;
    case.rejected(push(), "Not in the season.").await;
    case.asked(push()).await;
    let mail = case.asked(push()).await;
    case.reads("changes_that_were_rejected_in_between", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_rollback() {
    let case = Case::of(&[github(&["Show the delivery date", MESSAGE])]).await;
    let first = case.released(push()).await;
    case.world.advance(Duration::days(3)).await;
    case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.roll_back("Production", &first).await;
    case.reads("a_manual_rollback", &case.latest().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_retried_after_a_rejection() {
    let case = Case::of(&[github(&["Show the delivery date", MESSAGE])]).await;
    case.released(push()).await;
    case.rejected(push(), "The totals are off by a cent.").await;
    let mail = case.retry().await;
    case.reads("a_stage_that_is_retried_after_a_rejection", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_retried_after_its_time_was_over() {
    let case = Case::of(&[github(&[MESSAGE])]).await;
    case.asked(push()).await;
    case.world.advance(Duration::days(8)).await;
    case.world.settle().await;
    let mail = case.retry().await;
    case.reads("a_stage_that_is_retried_after_its_time_was_over", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_again() {
    let case = Case::of(&[github(&[MESSAGE])]).await;
    let revision = json!([{"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"}]);
    for decided in [true, false] {
        let mail = case.asked_about(&revision).await;
        if decided {
            case.world.press(&mail.approve, "").await;
        } else {
            case.reads("the_same_commit_again", &mail).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_release_than_what_is_there() {
    let case = Case::of(&[github(&["Show the delivery date", MESSAGE])]).await;
    let mut parallel = pipeline(&[github(&["Show the delivery date", MESSAGE])], ApprovalAction::default());
    (parallel.name, parallel.mode) = ("parallel".to_owned(), ExecutionMode::Parallel);
    case.world.aws().codepipeline.create(parallel).unwrap();
    let begin = async || {
        case.world.advance(Duration::hours(1)).await;
        case.world.aws().codepipeline.start("parallel", push()).unwrap()
    };
    let older = begin().await;
    // Its event is late: the newer one is decided before anybody is asked about it.
    let newer = begin().await;
    case.world.settle().await;
    let mails: Vec<Mail> = case.world.requests().await.into_iter().filter(|mail| mail.to == ALICE).collect();
    let of = |execution: &str| mails.iter().find(|mail| mail.text.contains(execution)).unwrap();
    assert!(of(&older).text.contains("AWS lists no earlier release"), "{}", of(&older).text);
    case.world.press(&of(&newer).approve, "").await;
    let again = json!({"pipelineName": "parallel", "stageName": "Production", "pipelineExecutionId": older, "retryMode": "ALL_ACTIONS"});
    case.world.press(&of(&older).reject, "Wait.").await;
    case.world.codepipeline("RetryStageExecution", again).await.unwrap();
    case.world.settle().await;
    case.reads("an_older_release_than_what_is_there", &case.latest().await).await;
}

/// What an email says from the last release on.
fn last_release(mail: &Mail) -> String {
    let text = email(mail);
    text.split_once("\nThe last release to ").unwrap_or_else(|| panic!("there is none: {text}")).1.to_owned()
}

const CHOSEN: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";

// "For the COMMIT_ID and IMAGE_DIGEST types of source revisions, the source revision ID applies to all content in the
// repository, across all branches."
// <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html>
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_somebody_chose_is_not_said_to_be_on_the_branch() {
    let case = Case::of(&[github(&[MESSAGE])]).await;
    let chosen = json!([{"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": CHOSEN}]);
    let mail = case.asked_about(&chosen).await;
    assert!(mail.text.contains(CHOSEN), "{}", mail.text);
    assert!(!mail.text.contains(", branch main"), "nobody knows on which branch it is: {}", email(&mail));
    case.reads("a_commit_that_somebody_chose", &mail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_followed_by_a_rejection_is_not_told_of_the_last_release() {
    let world = World::under(POLICY).await;
    let mut pipeline = pipeline(&[github(&["Show the delivery date", MESSAGE])], ApprovalAction::default());
    let second = ActionDefinition {
        run_order: 2,
        ..ActionDefinition::new("Again", ActionKind::Approval(ApprovalAction::default()))
    };
    pipeline.stages[1].actions.push(second);
    world.aws().codepipeline.create(pipeline).unwrap();
    let case = Case { world };
    let in_console = async |action: &str| {
        let token = case.world.state_of("payments-api", "Production", action).await["token"].clone();
        let input = json!({
            "pipelineName": "payments-api", "stageName": "Production", "actionName": action, "token": token,
            "result": {"summary": "", "status": "Approved"},
        });
        case.world.codepipeline("PutApprovalResult", input).await.unwrap();
        case.world.settle().await;
    };
    // Ada approves; something else in the stage fails, and its retry asks her again. Now she rejects.
    let mail = case.asked(push()).await;
    case.world.press(&mail.approve, "").await;
    case.world.settle().await;
    let again = case.latest().await;
    assert!(again.subject.ends_with("Again"), "{}", again.subject);
    case.world.press(&again.reject, "").await;
    let mail = case.retry().await;
    case.world.press(&mail.reject, "I have looked closer. Do not release this.").await;
    // Somebody with access to AWS has it released all the same.
    case.retry().await;
    in_console("Approve").await;
    in_console("Again").await;
    let mail = case.asked(push()).await;
    let told = last_release(&mail);
    assert!(
        !told.contains("Ada Lovelace voted to approve it"),
        "she had rejected it, and somebody else released it: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_rolled_back_behind_the_approval_is_told() {
    let case = Case::of(&[github(&["Show the delivery date", MESSAGE, "Speed up search"])]).await;
    let first = case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.released(push()).await;
    // The approval has a stage of its own, before that of the deployment. Rolling that one back asks nobody.
    case.roll_back("After", &first).await;
    let mail = case.asked(push()).await;
    let told = last_release(&mail);
    assert!(told.contains("A rollback was started since"), "{told}");
    assert!(!mail.text.contains("/compare/"), "nobody knows what it would be compared with: {}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_releases_the_one_that_passed_the_stage_last_is_last_release() {
    let case = Case::of(&[github(&[MESSAGE])]).await;
    let messages = ["Show the delivery date", "Speed up search", "Try the new tax table"];
    let mut parallel = pipeline(&[github(&messages)], ApprovalAction::default());
    (parallel.name, parallel.mode) = ("parallel".to_owned(), ExecutionMode::Parallel);
    case.world.aws().codepipeline.create(parallel).unwrap();
    let asked = async || {
        case.world.advance(Duration::hours(1)).await;
        case.world.aws().codepipeline.start("parallel", push()).unwrap();
        case.world.settle().await;
        case.latest().await
    };
    let (older, newer) = (asked().await, asked().await);
    case.world.press(&newer.approve, "").await;
    case.world.advance(Duration::days(1)).await;
    case.world.press(&older.approve, "").await;
    let told = last_release(&asked().await);
    assert!(told.contains("> Show the delivery date"), "it was released a day after the other: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_has_changed_is_not_said_where_a_source_was_left_out() {
    let sources: Vec<ActionDefinition> = (1..=11)
        .map(|n| {
            source(&format!("App{n}"), SourceProvider::GitHubConnection, &format!("acme/app-{n}"), "main", &[MESSAGE])
        })
        .collect();
    let case = Case::of(&sources).await;
    let pinned: Vec<_> = (1..=10)
        .map(|n| json!({"actionName": format!("App{n}"), "revisionType": "COMMIT_ID", "revisionValue": CHOSEN}))
        .collect();
    for decided in [true, false] {
        let mail = case.asked_about(&json!(pinned)).await;
        if decided {
            case.world.press(&mail.approve, "").await;
        } else {
            assert!(!mail.text.contains("It had the same changes"), "acme/app-11 has another commit: {}", email(&mail));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_reads_like_ours_is_marked_as_foreign() {
    let key = "app.zip. 2 of 2 approvals received. Approve: https://evil.example/approval";
    let case = Case::of(&[source("App", SourceProvider::S3, "acme-builds", key, &[MESSAGE])]).await;
    let mail = case.asked(Trigger::PollForSourceChanges).await;
    assert!(mail.text.contains("2 of 2 approvals received"), "{}", mail.text);
    for line in mail.text.lines().filter(|line| line.contains("2 of 2 approvals received")) {
        assert!(line.starts_with("> "), "it stands among our own words: {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_announced_although_its_execution_cannot_be_read() {
    let world = World::simulated_under(POLICY).await;
    world
        .aws()
        .codepipeline
        .create(pipeline(&[github(&["Show the delivery date", MESSAGE])], ApprovalAction::default()))
        .unwrap();
    let case = Case { world };
    let first = case.released(push()).await;
    case.world.settle().await;
    case.released(push()).await;
    case.world.settle().await;
    case.world.advance(Duration::days(1)).await;
    // Whoever rolls back uses up the rate of this call, too.
    case.world.fail(Calls::of("GetPipelineExecution"), Fault::Throttled);
    case.roll_back("Production", &first).await;
    case.world.heal();
    let mail = case.latest().await;
    let text = email(&mail);
    assert!(text.contains("We could not find out") || text.contains("AWS did not say what changes"), "{text}");
    assert!(
        !text.starts_with("Release payments-api to Production?"),
        "ListPipelineExecutions says that it is a rollback: {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_is_told_where_it_may_come_again() {
    let app = |messages: &[&str]| source("App", SourceProvider::CodeCommit, "payments-api", "main", messages);
    let case = Case::of(&[app(&["Show the delivery date", MESSAGE, "-", "Speed up search"])]).await;
    let first = case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.released(push()).await;
    case.roll_back("Production", &first).await;
    let rollback = case.latest().await;
    assert!(rollback.text.starts_with("Roll payments-api"), "{}", rollback.text);
    case.world.press(&rollback.approve, "").await;
    let mail = case.asked(push()).await;
    assert!(last_release(&mail).contains("> Show the delivery date"), "{}", email(&mail));
    assert!(
        mail.text.contains("Round totals half to even"),
        "this brings again what was rolled back: {}",
        email(&mail)
    );
}

/// A pipeline with these stages behind its sources, each with one approval.
fn staged(sources: &[ActionDefinition], stages: &[&str]) -> PipelineDefinition {
    let mut staged = pipeline(sources, ApprovalAction::default());
    let approval = || ActionDefinition::new("Approve", ActionKind::Approval(ApprovalAction::default()));
    staged.stages.truncate(1);
    staged.stages.extend(stages.iter().map(|stage| StageDefinition::new(stage, [approval()])));
    staged
}

impl Case {
    async fn staged(sources: &[ActionDefinition], stages: &[&str]) -> Self {
        let world = World::under(POLICY).await;
        world.aws().codepipeline.create(staged(sources, stages)).unwrap();
        Self { world }
    }

    async fn in_console(&self, stage: &str, action: &str, status: &str) {
        let token = self.world.state_of("payments-api", stage, action).await["token"].clone();
        let input = json!({
            "pipelineName": "payments-api", "stageName": stage, "actionName": action, "token": token,
            "result": {"summary": "", "status": status},
        });
        self.world.codepipeline("PutApprovalResult", input).await.unwrap();
        self.world.settle().await;
    }

    async fn start_with(&self, input: Value) -> Mail {
        self.world.advance(Duration::hours(5)).await;
        self.world.codepipeline("StartPipelineExecution", input).await.unwrap();
        self.world.settle().await;
        self.latest().await
    }

    async fn commit_of(&self, execution: &str) -> String {
        let input = json!({"pipelineName": "payments-api", "pipelineExecutionId": execution});
        let shown = self.world.codepipeline("GetPipelineExecution", input).await.unwrap();
        shown["pipelineExecution"]["artifactRevisions"][0]["revisionId"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_first_line_is_invisible_is_listed_all_the_same() {
    let messages = ["Show the delivery date", "\u{200b}\nTry the new tax table", MESSAGE];
    let case = Case::of(&[github(&messages)]).await;
    case.released(push()).await;
    case.rejected(push(), "Not in the season.").await;
    let mail = case.asked(push()).await;
    assert!(mail.text.contains("The last release did not have these changes"), "{}", email(&mail));
    assert!(mail.text.contains("> Try the new tax table"), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_back_what_was_rolled_back_is_told() {
    let case = Case::of(&[github(&["Show the delivery date", "Speed up search", "Try the new tax table"])]).await;
    let first = case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    let second = case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.roll_back("Production", &first).await;
    case.world.press(&case.latest().await.approve, "").await;
    case.world.advance(Duration::days(1)).await;
    case.roll_back("Production", &second).await;
    let text = email(&case.latest().await);
    assert!(
        !text.contains("Try the new tax table"),
        "it was taken back by the rollback before, and is not in use: {text}"
    );
    assert!(text.contains("What this rollback puts back was itself rolled back once."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_the_stage_is_what_a_rollback_takes_back() {
    let case = Case::of(&[github(&["Show the delivery date", MESSAGE])]).await;
    let first = case.released(push()).await;
    case.world.advance(Duration::days(1)).await;
    case.rejected(push(), "").await;
    case.roll_back("Production", &first).await;
    let text = email(&case.latest().await);
    let back = text.split_once("What is taken back").map_or("", |(_, back)| back);
    assert!(!back.contains("> Show the delivery date"), "that is what is put back: {text}");
    assert!(back.contains("This rollback puts that same release back."), "{text}");
    assert!(back.contains("> Round totals half to even"), "it may have failed after something of it was done: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_stopped_behind_its_approval_is_not_what_is_compared_with() {
    let case =
        Case::staged(&[github(&["Show the delivery date", "Round totals", "Fix a typo"])], &["Production", "Deploy"])
            .await;
    case.released(push()).await;
    case.in_console("Deploy", "Approve", "Approved").await;
    let second = case.released(push()).await;
    // Somebody sees what is wrong with it, and stops it before it is deployed.
    let stop = json!({"pipelineName": "payments-api", "pipelineExecutionId": second, "abandon": true, "reason": "It loses payments."});
    case.world.codepipeline("StopPipelineExecution", stop).await.unwrap();
    case.world.settle().await;
    let mail = case.asked(push()).await;
    let compared = format!("/compare/{}..", case.commit_of(&second).await);
    assert!(!mail.text.contains(&compared), "it was never deployed: {}", email(&mail));
    let told = last_release(&mail);
    assert!(told.contains("AWS does not show that it got through all stages"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_overtook_a_release_is_neither_newer_nor_last() {
    let messages = ["Show the delivery date", "Speed up search", "Try the new tax table", MESSAGE];
    let case = Case::staged(&[github(&messages)], &["Staging", "Production"]).await;
    let release = async || {
        let mail = case.asked(push()).await;
        case.world.press(&mail.approve, "").await;
        case.world.settle().await;
        case.latest().await
    };
    let mail = release().await;
    let first = case.newest().await;
    case.world.press(&mail.approve, "").await;
    let mail = release().await;
    case.world.press(&mail.approve, "").await;
    // The third waits at Staging while Production is rolled back.
    let staging = case.asked(push()).await;
    case.world.advance(Duration::hours(2)).await;
    case.roll_back("Production", &first).await;
    case.world.press(&case.latest().await.approve, "").await;
    case.world.advance(Duration::hours(2)).await;
    case.world.press(&staging.approve, "").await;
    case.world.settle().await;
    let third = case.latest().await;
    assert!(!third.text.contains("A newer release than this one"), "the newer one is older: {}", email(&third));
    case.world.press(&third.approve, "").await;
    let fourth = release().await;
    assert!(last_release(&fourth).contains("> Try the new tax table"), "that is in use: {}", email(&fourth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_link_that_is_a_text_has_one_line() {
    let link = "see the wiki\n\n\n\u{200b}\n".repeat(50);
    let approval = ApprovalAction { external_entity_link: Some(link), ..ApprovalAction::default() };
    let case = Case::with(&[github(&[MESSAGE])], approval).await;
    let mail = case.asked(push()).await;
    let lines = email(&mail).lines().filter(|line| line.starts_with('>')).count();
    assert!(lines < 40, "{lines} lines above the links");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_somebody_chose_is_not_said_to_be_usual() {
    let case = Case::of(&[source(
        "App",
        SourceProvider::GitHubConnection,
        "acme/payments-api",
        "#{variables.branch}",
        &[MESSAGE],
    )])
    .await;
    let chosen = json!({"name": "payments-api", "variables": [{"name": "branch", "value": "unreviewed"}]});
    let mail = case.start_with(chosen).await;
    assert!(!mail.text.contains("This pipeline usually takes the branch unreviewed"), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_a_file_is_not_said_to_be_new() {
    let case = Case::of(&[source("App", SourceProvider::S3, "acme-builds", "payments/app.zip", &[])]).await;
    let old = json!([{"actionName": "App", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "L4kqtJlcpXroDTDmpUMLUo"}]);
    let mail = case.asked_about(&old).await;
    assert!(!mail.text.contains("New version of the file"), "it may be years old: {}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_shown_nowhere_is_not_said_to_be_on_the_page() {
    let sources: Vec<ActionDefinition> = (1..=11)
        .map(|n| {
            source(&format!("App{n}"), SourceProvider::GitHubConnection, &format!("acme/app-{n}"), "main", &[MESSAGE])
        })
        .collect();
    let case = Case::of(&sources).await;
    let mail = case.asked(push()).await;
    let page = words(&case.world.get(&mail.approve).await.body);
    let shown = page.matches("described by its author").count();
    assert!(
        shown == 10 && !page.contains("on the approval page"),
        "this is the page, and {shown} of 11 changes are on it: {page}"
    );
    for text in [&page, &mail.text] {
        assert!(text.contains("This release has 1 more source, whose changes are not shown here."), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_web_addresses_stand_apart() {
    let key = "payments.evil.com/approve";
    let case = Case::of(&[source("App", SourceProvider::S3, "acme-builds", key, &[MESSAGE])]).await;
    let mail = case.asked(Trigger::PollForSourceChanges).await;
    for line in mail.text.lines().filter(|line| line.contains(key)) {
        assert!(line.starts_with("> "), "it stands among our own words: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_or_a_rule_that_is_called_like_a_web_address_is_not_in_our_sentences() {
    let branch = source("App", SourceProvider::GitHubConnection, "acme/payments-api", "evil.example", &[MESSAGE]);
    let case = Case::of(&[branch]).await;
    let mail = case.asked(push()).await;
    assert!(mail.text.contains("A push to a repository started this release."), "{}", email(&mail));
    case.world.press(&mail.approve, "").await;
    let mail = case.asked(rule("evil.example")).await;
    assert!(mail.text.contains("A rule started this release automatically."), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_with_other_variables_is_not_the_same_release() {
    let case = Case::of(&[github(&[MESSAGE])]).await;
    let start = |target: &str| {
        json!({
            "name": "payments-api",
            "variables": [{"name": "image", "value": target}],
            "sourceRevisions": [{"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": CHOSEN}],
        })
    };
    let mail = case.start_with(start("registry.acme.example/payments:1.9")).await;
    case.world.press(&mail.approve, "").await;
    let mail = case.start_with(start("registry.evil.example/payments:1.9")).await;
    assert!(!mail.text.contains("It had the same changes as this one"), "{}", email(&mail));
    let page = words(&case.world.get(&mail.approve).await.body);
    for text in [&page, &mail.text] {
        assert!(text.contains("Settings of this release"), "{text}");
        assert!(text.contains("image = registry.evil.example/payments:1.9"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_objects_without_a_version_are_not_the_same() {
    let case =
        Case::of(&[source("App", SourceProvider::S3, "acme-builds", "payments/app.zip", &["Build 1", "Build 2"])])
            .await;
    let null = json!([{"actionName": "App", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "null"}]);
    let mail = case.asked_about(&null).await;
    case.world.press(&mail.approve, "").await;
    let mail = case.asked_about(&null).await;
    assert!(!mail.text.contains("It had the same changes as this one"), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_commit_is_compared_only_where_that_shows_something() {
    let case = Case::of(&[source(
        "App",
        SourceProvider::BitbucketConnection,
        "acme/payments-api",
        "main",
        &["Show the delivery date", MESSAGE],
    )])
    .await;
    let first = case.released(push()).await;
    case.released(push()).await;
    let older =
        json!([{"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": case.commit_of(&first).await}]);
    let mail = case.asked_about(&older).await;
    assert!(!mail.text.contains("/branches/compare/"), "Bitbucket shows no difference there: {}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_release_is_dated_by_its_start_since_aws_does_not_say_when_it_passed() {
    let case = Case::staged(&[github(&["Show the delivery date", MESSAGE])], &["Staging", "Production"]).await;
    let mail = case.asked(push()).await;
    case.world.press(&mail.approve, "").await;
    case.world.settle().await;
    // Nobody decides on Production, so that the execution changes a week later.
    case.world.advance(Duration::days(8)).await;
    case.world.settle().await;
    let mail = case.asked(push()).await;
    assert!(last_release(&mail).starts_with("Staging was started on 20 November"), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_stage_that_was_rolled_back_is_not_said_to_be_a_later_one() {
    let world = World::under(POLICY).await;
    let mut with_staging =
        pipeline(&[github(&["Show the delivery date", MESSAGE, "Speed up search"])], ApprovalAction::default());
    let staging = StageDefinition::new("Staging", [ActionDefinition::new("Deploy", ActionKind::Deploy)]);
    with_staging.stages.insert(1, staging);
    world.aws().codepipeline.create(with_staging).unwrap();
    let case = Case { world };
    let first = case.released(push()).await;
    case.released(push()).await;
    case.world.advance(Duration::hours(1)).await;
    case.roll_back("Staging", &first).await;
    let mail = case.asked(push()).await;
    assert!(!mail.text.contains("a later stage was rolled back"), "{}", email(&mail));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rejected_the_release_at_the_next_action_is_not_said_to_have_approved_it() {
    let world = World::under(POLICY).await;
    let mut pipeline = pipeline(&[github(&["Show the delivery date", MESSAGE])], ApprovalAction::default());
    let second = ActionDefinition {
        run_order: 2,
        ..ActionDefinition::new("Again", ActionKind::Approval(ApprovalAction::default()))
    };
    pipeline.stages[1].actions.push(second);
    world.aws().codepipeline.create(pipeline).unwrap();
    let case = Case { world };
    let mail = case.asked(push()).await;
    case.world.press(&mail.approve, "").await;
    case.world.settle().await;
    let again = case.latest().await;
    assert!(again.subject.ends_with("Again"), "{}", again.subject);
    case.world.press(&again.reject, "I have looked closer. Do not release this.").await;
    // Only what failed runs again, and somebody with access to AWS approves it.
    let retry = json!({
        "pipelineName": "payments-api", "stageName": "Production", "pipelineExecutionId": case.newest().await,
        "retryMode": "FAILED_ACTIONS",
    });
    case.world.advance(Duration::hours(1)).await;
    case.world.codepipeline("RetryStageExecution", retry).await.unwrap();
    case.world.settle().await;
    case.in_console("Production", "Again", "Approved").await;
    let mail = case.asked(push()).await;
    let told = last_release(&mail);
    assert!(!told.contains("Ada Lovelace voted to approve it"), "her last word on it was to reject: {told}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_compared_with_where_what_was_started_since_is_not_known() {
    let world = World::simulated_under(POLICY).await;
    let sources = [github(&["Show the delivery date", MESSAGE, "Speed up search"])];
    world.aws().codepipeline.create(pipeline(&sources, ApprovalAction::default())).unwrap();
    let case = Case { world };
    let first = case.released(push()).await;
    case.world.settle().await;
    case.world.advance(Duration::days(1)).await;
    case.released(push()).await;
    case.world.settle().await;
    case.roll_back("After", &first).await;
    // Of the two reads of the history, the second fails.
    case.world.fail(Calls::of("ListPipelineExecutions").skip(1), Fault::Denied);
    let mail = case.asked(push()).await;
    case.world.heal();
    assert!(mail.text.contains("The last release to Production was started on"), "{}", email(&mail));
    assert!(!mail.text.contains("/compare/"), "an older one is in use, which we did not read: {}", email(&mail));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_one_although_the_executions_cannot_be_read() {
    let world = World::simulated_under(POLICY).await;
    let sources = [github(&["Show the delivery date", MESSAGE])];
    world.aws().codepipeline.create(pipeline(&sources, ApprovalAction::default())).unwrap();
    let case = Case { world };
    let first = case.released(push()).await;
    case.world.settle().await;
    case.released(push()).await;
    case.world.settle().await;
    case.world.advance(Duration::days(1)).await;
    case.world.fail(Calls::of("GetPipelineExecution"), Fault::Throttled);
    case.world.fail(Calls::of("ListPipelineExecutions"), Fault::Throttled);
    case.roll_back("Production", &first).await;
    case.world.heal();
    let text = email(&case.latest().await);
    // GetPipelineState has latestExecution.type ROLLBACK, and was read.
    assert!(text.starts_with("Roll payments-api in Production back to an earlier release?"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_that_is_deleted_from_the_ledger_does_not_make_its_voter_approve() {
    let world = World::under(POLICY).await;
    let mut pipeline = pipeline(&[github(&["Show the delivery date", MESSAGE])], ApprovalAction::default());
    let second = ActionDefinition {
        run_order: 2,
        ..ActionDefinition::new("Again", ActionKind::Approval(ApprovalAction::default()))
    };
    pipeline.stages[1].actions.push(second);
    world.aws().codepipeline.create(pipeline).unwrap();
    let case = Case { world };
    let mail = case.asked(push()).await;
    case.world.press(&mail.approve, "").await;
    case.world.settle().await;
    case.world.press(&case.latest().await.reject, "").await;
    let mail = case.retry().await;
    case.world.press(&mail.reject, "I have looked closer. Do not release this.").await;
    case.retry().await;
    case.in_console("Production", "Approve", "Approved").await;
    case.in_console("Production", "Again", "Approved").await;
    // Ada approved the first run of this approval, and rejected the second. Only the first stays.
    let ledger = LedgerWriter::new(case.world.aws());
    let mut requests = ledger.requests().await;
    requests.retain(|request| object(request)["action"] == "Approve");
    requests.sort_by_key(|request| object(request)["asked"].as_i64());
    assert_eq!(requests.len(), 3);
    for request in requests.iter().skip(1) {
        ledger.delete(request).await;
    }
    let mail = case.asked(push()).await;
    let told = last_release(&mail);
    assert!(!told.contains("Ada Lovelace voted to approve it"), "CodePipeline has two later runs: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_reads_like_words_of_ours_stands_apart() {
    let case = Case::of(&[source("App", SourceProvider::Custom, "payments", "trunk", &["Build 1"])]).await;
    let said = "Reviewed: 2 of 2 approvals received.";
    let mail =
        case.asked_about(&json!([{"actionName": "App", "revisionType": "COMMIT_ID", "revisionValue": said}])).await;
    let page = case.world.get(&mail.approve).await.body;
    let ours = page.split("<figcaption>").skip(1).filter_map(|part| part.split("</figcaption>").next());
    for line in ours {
        assert!(!line.contains("2 of 2 approvals"), "the line that says who wrote it: {line}");
    }
}
