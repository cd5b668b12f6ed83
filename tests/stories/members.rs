//! Accounts and the roles in them: what the functions may do there, and in whose name.

use std::collections::BTreeMap;

use sandbox::Members;
use sandbox::aws::{ACCOUNT, MemberRole};
use sandbox::codepipeline::{ApprovalAction, ExecutionMode, PipelineDefinition, Trigger};
use sandbox::simulation::{Calls, Fault, Function, Plan, Setup, Simulation, Step};
use serde_json::{Value, json};
use time::Duration;

use tests::burst::mailbox;
use tests::{ALICE, BEGIN, BOB, Mail, World, changed, eventbridge, service};

const OTHER: &str = "210987654321";

fn members(accounts: &[&str], regions: &[&str]) -> Members {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Members { accounts: owned(accounts), regions: owned(regions) }
}

fn both() -> Members {
    members(&[ACCOUNT, OTHER], &["us-east-2", "eu-west-1"])
}

fn policy() -> String {
    format!("[default]\napprovers = [\"{ALICE}\"]")
}

/// A pipeline called `service` in this account and region, in which an approval waits.
async fn waits_in(world: &World, account: &str, region: &str) {
    let service = service("service", ExecutionMode::Superseded, ApprovalAction::default());
    let service = PipelineDefinition { account: account.to_owned(), region: region.to_owned(), ..service };
    world.aws().codepipeline.create(service).unwrap();
    start_in(world, account);
    world.settle().await;
}

fn start_in(world: &World, account: &str) {
    let developer = Trigger::StartPipelineExecution(format!("arn:aws:iam::{account}:user/dev"));
    world.aws().codepipeline.start("service", developer).unwrap();
}

/// The state of the approval of `service` in this account.
fn state_in(world: &World, account: &str) -> Value {
    let caller = format!("arn:aws:iam::{account}:user/operator");
    let state = world.aws().codepipeline.call("GetPipelineState", &json!({"name": "service"}), &caller).unwrap();
    state["stageStates"][1]["actionStates"][0]["latestExecution"].clone()
}

/// The request that says that it is about this account.
fn about<'a>(mails: &'a [Mail], account: &str) -> &'a Mail {
    let about: Vec<&Mail> = mails.iter().filter(|mail| mail.text.contains(account)).collect();
    assert_eq!(about.len(), 1, "{account}");
    about[0]
}

#[tokio::test(start_paused = true)]
async fn pipelines_of_one_name_in_two_accounts_are_asked_about_and_decided_apart() {
    let world = World::simulated_serving(both(), &policy()).await;
    waits_in(&world, ACCOUNT, "us-east-2").await;
    waits_in(&world, OTHER, "eu-west-1").await;
    let mails = world.requests().await;
    assert_eq!(mails.len(), 2);
    let (here, there) = (about(&mails, ACCOUNT), about(&mails, OTHER));

    let page = world.press(&there.approve, "Totals agree").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let decided = state_in(&world, OTHER);
    assert_eq!(decided["status"], "Succeeded");
    assert_eq!(
        decided["lastUpdatedBy"],
        format!("arn:aws:sts::{OTHER}:assumed-role/countersign-decide/{ALICE}"),
        "in the approver's own name, in the pipeline's own account"
    );
    assert_eq!(state_in(&world, ACCOUNT)["status"], "InProgress");
    let page = world.get(&here.approve).await;
    assert!(page.has_form() && page.body.contains(ACCOUNT) && !page.body.contains(OTHER), "{}", page.body);

    let history = async |command: Value| {
        let report = world.play(&json!({"history": command})).await;
        let approvals = report["results"][0]["approvals"].as_array().unwrap().clone();
        approvals.iter().map(|one| (one["account"].clone(), one["outcome"]["ending"].clone())).collect::<Vec<_>>()
    };
    let (one, other) = ((json!(ACCOUNT), Value::Null), (json!(OTHER), json!("approved")));
    assert_eq!(history(json!({"pipeline": "service"})).await, [other.clone(), one.clone()]);
    assert_eq!(history(json!({"pipeline": "service", "account": OTHER})).await, [other]);
    assert_eq!(history(json!({"pipeline": "service", "account": ACCOUNT, "region": "us-east-2"})).await, [one]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_read_in_the_account_and_region_that_it_names_and_nowhere_else() {
    let world = World::simulated_serving(both(), &policy()).await;
    waits_in(&world, OTHER, "eu-west-1").await;
    assert_eq!(world.requests().await.len(), 1);
    let real = world.ledger().requests().await;
    let event = |account: &str, region: &str| {
        let mut event = eventbridge();
        for (pointer, value) in [
            ("/account", account),
            ("/region", region),
            ("/detail/pipeline", "service"),
            ("/detail/stage", "Prod"),
            ("/detail/action", "Approve"),
        ] {
            event = changed(event, pointer, json!(value));
        }
        event
    };
    for (account, region, done, unserved) in [
        (ACCOUNT, "us-east-2", "over", 0),
        (ACCOUNT, "eu-west-1", "over", 0),
        (OTHER, "us-east-2", "over", 0),
        ("999999999999", "eu-west-1", "ignored", 1),
    ] {
        let report = world.invoke(event(account, region)).await.unwrap();
        assert_eq!(report["results"][0]["result"], done, "{account} {region}: {report}");
        assert_eq!(world.metric("UnservedEvents"), unserved, "{account} {region}");
    }
    assert_eq!(world.requests().await.len(), 1, "nobody was asked twice");
    assert_eq!(world.ledger().requests().await.len(), real.len());
    assert!(world.aws().calls().iter().all(|call| !call.caller.contains("999999999999")), "nothing was assumed there");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_looks_through_every_account_and_region_unless_it_is_told_where() {
    let world = World::simulated_serving(both(), &policy()).await;
    // All tries at their events fail.
    world.fail(Calls::of("GetPipeline"), Fault::Denied);
    waits_in(&world, ACCOUNT, "us-east-2").await;
    waits_in(&world, OTHER, "eu-west-1").await;
    world.heal();
    assert_eq!(world.requests().await.len(), 0);
    world.play(&json!({"sweep": {"account": OTHER}})).await;
    let mails = world.requests().await;
    assert_eq!(mails.len(), 1);
    about(&mails, OTHER);
    world.play(&json!({"sweep": {}})).await;
    assert_eq!(world.requests().await.len(), 2);
    let error = world.invoke(json!({"sweep": {"account": "999999999999"}})).await.unwrap_err();
    assert!(error.contains("the account 999999999999 is not served"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_command_about_one_pipeline_says_where_it_is_if_there_are_several_places() {
    let world = World::simulated_serving(both(), &policy()).await;
    waits_in(&world, OTHER, "eu-west-1").await;
    let at = |more: Value| {
        let mut command = json!({"pipeline": "service", "stage": "Prod", "action": "Approve"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "resend": command })
    };
    let error = world.invoke(at(json!({}))).await.unwrap_err();
    assert!(error.contains("which account: 123456789012, 210987654321? Add \"account\" to the command"), "{error}");
    let error = world.invoke(at(json!({"account": OTHER}))).await.unwrap_err();
    assert!(error.contains("which region: us-east-2, eu-west-1?"), "{error}");
    let report = world.play(&at(json!({"account": OTHER, "region": "eu-west-1"}))).await;
    assert_eq!(report["results"][0]["sent"], 1, "{report}");
    world.invoke(at(json!({"account": ACCOUNT, "region": "eu-west-1"}))).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn without_the_deciding_role_a_vote_is_kept_and_carried_out_once_the_role_is_there() {
    let world = World::simulated_serving(both(), &policy()).await;
    waits_in(&world, OTHER, "eu-west-1").await;
    let link = world.requests().await[0].approve.clone();
    world.aws().delete_role(MemberRole::Deciding, OTHER);
    let page = world.press(&link, "fine").await;
    assert_eq!(page.status, 500, "the alarm on 5xx tells of it");
    assert!(page.body.contains("is not set up correctly"), "{}", page.body);
    assert_eq!(state_in(&world, OTHER)["status"], "InProgress");
    assert_eq!(world.metric("Votes"), 1, "the vote is recorded");

    world.aws().restore_role(MemberRole::Deciding, OTHER);
    world.advance(Duration::hours(1)).await;
    let state = state_in(&world, OTHER);
    assert_eq!(state["status"], "Succeeded");
    assert!(state["lastUpdatedBy"].as_str().unwrap().ends_with(&format!("/{ALICE}")), "{state}");
}

#[tokio::test(start_paused = true)]
async fn one_account_without_its_roles_keeps_nothing_from_the_others() {
    let world = World::simulated_serving(both(), &policy()).await;
    world.aws().delete_role(MemberRole::Reading, OTHER);
    waits_in(&world, OTHER, "eu-west-1").await;
    waits_in(&world, ACCOUNT, "us-east-2").await;
    let mails = world.requests().await;
    assert_eq!(mails.len(), 1);
    about(&mails, ACCOUNT);
    let failures = world.failures();
    assert!(failures.iter().any(|failure| failure.contains("sts:AssumeRole: AccessDenied")), "{failures:?}");
    let swept = world.sweep().await.unwrap_err();
    assert!(swept.contains(&format!("{OTHER}/eu-west-1: sts:AssumeRole: AccessDenied")), "{swept}");

    let diagnosis = world.play(&json!({"doctor": {}})).await;
    let findings = diagnosis["results"][0]["findings"].as_array().unwrap();
    let unsound: Vec<&Value> = findings.iter().filter(|finding| finding["sound"] == false).collect();
    let found: Vec<&str> = unsound.iter().map(|finding| finding["found"].as_str().unwrap()).collect();
    assert_eq!(
        found,
        [
            format!("{OTHER}/us-east-2: sts:AssumeRole: AccessDenied"),
            format!("{OTHER}/eu-west-1: sts:AssumeRole: AccessDenied")
        ]
    );
    assert!(unsound[0]["remedy"].as_str().unwrap().starts_with("deploy the member template"), "{unsound:?}");

    world.aws().restore_role(MemberRole::Reading, OTHER);
    world.sweep().await.unwrap();
    about(&world.requests().await, OTHER);
}

#[tokio::test(start_paused = true)]
async fn the_session_is_that_of_the_vote_that_settled_it_and_the_summary_names_all() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2");
    let world = World::simulated_under(&policy).await;
    let (alice, bob) = world.ask().await;
    world.press(&bob.approve, "").await;
    world.press(&alice.approve, "").await;
    let state = world.approval_state().await;
    assert!(state["lastUpdatedBy"].as_str().unwrap().ends_with(&format!("countersign-decide/{ALICE}")), "{state}");
    let summary = state["summary"].as_str().unwrap();
    assert!(summary.contains(ALICE) && summary.contains(BOB), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn a_reading_session_is_begun_once_an_hour_and_not_once_a_call() {
    let world = World::simulated_serving(members(&[ACCOUNT], &["us-east-2"]), &policy()).await;
    waits_in(&world, ACCOUNT, "us-east-2").await;
    let assumed = world.calls("AssumeRole");
    assert_eq!(assumed, 1);
    world.sweep().await.unwrap();
    assert_eq!(world.calls("AssumeRole"), 1, "it is kept");
    world.advance(Duration::hours(2)).await;
    let later = world.calls("AssumeRole");
    assert!((2..=3).contains(&later), "{later}");
}

#[test]
fn the_session_of_a_decision_may_put_that_one_result() {
    tests::simulated_time().block_on(async {
        let (members, plan) = (Members::default(), Plan::default());
        let setup = Setup { policy: policy(), members, begin: BEGIN, seed: 1, plan, traced: true };
        let simulation = Simulation::start(setup).await.unwrap();
        tests::burst::start(&simulation.aws().codepipeline, 1);
        simulation.settle().await;
        let link = mailbox(simulation.aws()).links[&(tests::burst::pipeline(0), ALICE.to_owned())][0].clone();
        let answer = simulation.visit("POST", &link, Some(&[("comment", ""), ("decision", "Approved")])).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let steps = simulation.steps();
        let is_deciding = |step: &&Step| step.operation == "AssumeRole" && step.function == Function::Callback;
        let asked: Vec<_> = steps.iter().filter(is_deciding).map(|step| &step.attempts[0].request).collect();
        assert_eq!(asked.len(), 1);
        let form: BTreeMap<String, String> = form_urlencoded::parse(asked[0]).into_owned().collect();
        let policy: Value = serde_json::from_str(&form["Policy"]).unwrap();
        let pipeline = tests::burst::pipeline(0);
        assert_eq!(
            policy["Statement"],
            json!([{
                "Effect": "Allow",
                "Action": "codepipeline:PutApprovalResult",
                "Resource": format!("arn:aws:codepipeline:us-east-2:123456789012:{pipeline}/Prod/Approve"),
            }])
        );
        assert_eq!((form["DurationSeconds"].as_str(), &form["SourceIdentity"]), ("900", &form["RoleSessionName"]));
        assert_eq!(form["RoleSessionName"], ALICE);
    });
}
