//! What the doctor says of the accounts and regions that are served.

use sandbox::Members;
use sandbox::aws::forwarding::Rule;
use sandbox::aws::{ACCOUNT, MemberRole};
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::{ALICE, World};

const OTHER: &str = "210987654321";
const HOME: &str = "us-east-2";
const ABROAD: &str = "eu-west-1";

async fn world() -> World {
    let owned = |names: [&str; 2]| names.iter().map(|name| (*name).to_owned()).collect();
    let members = Members { accounts: owned([ACCOUNT, OTHER]), regions: owned([HOME, ABROAD]) };
    World::simulated_serving(members, &format!("[default]\napprovers = [\"{ALICE}\"]")).await
}

/// What the doctor finds unsound: the part, what it saw, and the remedy.
async fn unsound(world: &World, command: &Value) -> Vec<[String; 3]> {
    let report = world.play(command).await;
    let result = &report["results"][0];
    let findings = result["findings"].as_array().unwrap();
    let unsound: Vec<&Value> = findings.iter().filter(|finding| finding["sound"] == false).collect();
    assert_eq!(result["sound"], unsound.is_empty(), "{report}");
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    unsound.iter().map(|finding| ["check", "found", "remedy"].map(|field| text(finding, field))).collect()
}

#[tokio::test(start_paused = true)]
async fn where_everything_is_in_place_the_doctor_names_every_account_and_region() {
    let world = world().await;
    let report = world.play(&json!({"doctor": {}})).await;
    assert_eq!(report["results"][0]["sound"], true, "{report}");
    let all = format!("{ACCOUNT}/{HOME}, {ACCOUNT}/{ABROAD}, {OTHER}/{HOME}, {OTHER}/{ABROAD}");
    let findings = report["results"][0]["findings"].as_array().unwrap();
    for (check, found) in [
        ("CodePipeline", format!("the notifier may read it in {all}")),
        ("rules", format!("approval events are sent from {all}, and none is left behind")),
    ] {
        let finding = findings.iter().find(|finding| finding["check"] == check).unwrap();
        assert_eq!(finding["found"], found);
    }
    let calls = world.calls("AssumeRole");
    assert_eq!(calls, 2, "one session for each account, whatever is read in it");
}

#[tokio::test(start_paused = true)]
async fn the_doctor_says_what_is_wrong_with_the_events_of_an_account_and_region() {
    type Change = fn(&mut Rule);
    let gone: Change = |rule| rule.exists = false;
    let disabled: Change = |rule| rule.enabled = false;
    let of_others: Change = |rule| rule.pattern["source"] = json!(["aws.codecommit"]);
    let only_begins: Change = |rule| rule.pattern["detail"]["state"] = json!(["STARTED"]);
    let in_another_order: Change = |rule| {
        rule.pattern["detail"]["state"] = json!(["CANCELED", "ABANDONED", "FAILED", "SUCCEEDED", "STARTED"]);
    };
    let elsewhere: Change = |rule| {
        rule.target["Arn"] = json!("arn:aws:events:us-east-2:999999999999:event-bus/sandbox-members");
    };
    let without_role: Change = |rule| _ = rule.target.as_object_mut().unwrap().remove("RoleArn");
    let made_up: Change = |rule| rule.target["Input"] = json!("{}");
    let keeps_nothing: Change = |rule| _ = rule.target.as_object_mut().unwrap().remove("DeadLetterConfig");
    let of_another_account: Change = |rule| {
        rule.target["DeadLetterConfig"]["Arn"] =
            json!("arn:aws:sqs:eu-west-1:999999999999:sandbox-approvals-dead-letters");
    };
    let left_behind: Change = |rule| rule.undelivered = 3;
    for (change, found, remedy) in [
        (gone, Some("there is no rule sandbox-approvals on the bus default"), "deploy the template"),
        (disabled, Some("the rule sandbox-approvals is not enabled"), "enable the rule"),
        (of_others, Some("the rule sandbox-approvals has another event pattern than the template's"), "deploy"),
        (only_begins, Some("the rule sandbox-approvals has another event pattern than the template's"), "deploy"),
        (in_another_order, None, ""),
        (elsewhere, Some("the rule sandbox-approvals does not send to"), "deploy the template"),
        (without_role, Some("the rule has no role to forward events with"), "deploy the template"),
        (made_up, Some("the rule does not forward events as they are"), "deploy the template"),
        (keeps_nothing, Some("the rule keeps nothing of what it cannot forward"), "deploy the template"),
        (of_another_account, Some("the rule keeps nothing of what it cannot forward"), "deploy the template"),
        (left_behind, Some("the queue sandbox-approvals-dead-letters holds 3 events that did not arrive"), "find out"),
    ] {
        let world = world().await;
        world.aws().forwarding.change(OTHER, ABROAD, change);
        let unsound = unsound(&world, &json!({"doctor": {}})).await;
        assert_eq!(unsound.len(), usize::from(found.is_some()), "{unsound:?}");
        for ([check, text, what_to_do], found) in unsound.iter().zip(found) {
            assert_eq!(check, "rules");
            assert!(text.starts_with(&format!("{OTHER}/{ABROAD}: {found}")), "{text}");
            assert!(what_to_do.starts_with(remedy), "{what_to_do}");
        }
        let elsewhere = self::unsound(&world, &json!({"doctor": {"account": ACCOUNT}})).await;
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rule_of_the_hub_itself_hands_events_to_the_notifier() {
    let world = world().await;
    world.aws().forwarding.change(ACCOUNT, HOME, |rule| {
        assert_eq!(rule.target["Arn"], format!("arn:aws:lambda:{HOME}:{ACCOUNT}:function:sandbox-notifier"));
        rule.target["Arn"] = json!("arn:aws:events:us-east-2:123456789012:event-bus/sandbox-members");
    });
    let unsound = unsound(&world, &json!({"doctor": {}})).await;
    assert_eq!(unsound.len(), 1, "{unsound:?}");
    assert!(unsound[0][1].starts_with(&format!("{ACCOUNT}/{HOME}: the rule")), "{unsound:?}");
}

/// One has no role, one rule may not be read, one region does not answer: each has its finding, and the rest has none.
#[tokio::test(start_paused = true)]
async fn what_is_wrong_in_one_place_keeps_nothing_from_the_others() {
    let world = world().await;
    world.aws().delete_role(MemberRole::Reading, OTHER);
    world.fail(Calls::to(ABROAD), Fault::ErrorBefore);
    let found = unsound(&world, &json!({"doctor": {}})).await;
    let places: Vec<&str> = found.iter().map(|[_, text, _]| text.split_once(": ").unwrap().0).collect();
    assert_eq!(places, [format!("{ACCOUNT}/{ABROAD}"), format!("{OTHER}/{HOME}"), format!("{OTHER}/{ABROAD}")]);
    assert!(found[1][1].ends_with("sts:AssumeRole: AccessDenied"), "{found:?}");
    assert!(found[1][2].starts_with("deploy the member template"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn an_account_whose_role_has_not_the_rights_needs_its_template_again() {
    for operation in ["DescribeRule", "ListTargetsByRule", "GetQueueUrl", "GetQueueAttributes", "GetPipelineState"] {
        let world = world().await;
        world.fail(Calls::of(operation), Fault::Denied);
        let found = unsound(&world, &json!({"doctor": {"account": OTHER, "region": HOME}})).await;
        assert_eq!(found.len(), 1, "{operation}: {found:?}");
        assert!(found[0][1].contains(operation), "{found:?}");
        assert!(found[0][2].contains("the account's reading role"), "{found:?}");
    }
}

/// A region that does not answer at all takes no longer than there is time for.
#[tokio::test(start_paused = true)]
async fn the_doctor_answers_in_time_whatever_does_not_answer() {
    let world = world().await;
    world.fail(Calls::of("DescribeRule"), Fault::HangBefore);
    let begin = tokio::time::Instant::now();
    let found = unsound(&world, &json!({"doctor": {}})).await;
    assert_eq!(found.iter().filter(|[check, ..]| check == "rules").count(), 4, "{found:?}");
    assert!(begin.elapsed().as_secs() < 240, "{:?}", begin.elapsed());
}

fn tested(report: &Value) -> Vec<(bool, String)> {
    let findings = report["results"][0]["findings"].as_array().unwrap().iter();
    let tests = findings.filter(|finding| finding["check"] == "test events");
    tests.map(|one| (one["sound"] == true, one["found"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_test_event_takes_the_way_of_approval_events_and_leads_to_a_finding_and_nothing_else() {
    let world = world().await;
    world.aws().forwarding.enable_test_events();
    let report = world.play(&json!({"doctor": {"test_event": true}})).await;
    let all = format!("{ACCOUNT}/{HOME}, {ACCOUNT}/{ABROAD}, {OTHER}/{HOME}, {OTHER}/{ABROAD}");
    assert_eq!(tested(&report), [(true, format!("an event arrived from {all}"))]);
    assert_eq!(report["results"][0]["sound"], true, "{report}");
    assert_eq!(world.mails().await.len(), 0);
    assert_eq!(world.ledger().requests().await.len(), 0);
    assert_eq!(world.failures(), [""; 0]);
    let plain = world.play(&json!({"doctor": {}})).await;
    assert_eq!(tested(&plain), [], "only on request");
    assert_eq!(plain["results"][0]["sound"], true, "the rules may take test events: {plain}");
}

#[tokio::test(start_paused = true)]
async fn where_a_test_event_does_not_arrive_the_doctor_says_so() {
    type Change = fn(&mut Rule);
    let disabled: Change = |rule| rule.enabled = false;
    let gone: Change = |rule| rule.exists = false;
    let without_tests: Change = |rule| {
        rule.pattern["source"] = json!(["aws.codepipeline"]);
        rule.pattern["detail-type"] = json!(["CodePipeline Action Execution State Change"]);
    };
    for change in [disabled, gone, without_tests] {
        let world = world().await;
        world.aws().forwarding.enable_test_events();
        world.aws().forwarding.change(OTHER, ABROAD, change);
        let report = world.play(&json!({"doctor": {"test_event": true}})).await;
        assert_eq!(tested(&report), [(false, format!("{OTHER}/{ABROAD}: no event arrived"))]);
    }
}

#[tokio::test(start_paused = true)]
async fn test_events_are_off_until_the_stacks_are_deployed_with_them() {
    let world = world().await;
    let report = world.play(&json!({"doctor": {"test_event": true, "account": OTHER, "region": HOME}})).await;
    let found = format!("{OTHER}/{HOME}: events:PutEvents: AccessDeniedException");
    assert_eq!(tested(&report), [(false, found)]);
    assert!(report.to_string().contains("TestEvents=enabled"), "{report}");
}

/// Whoever can send events to the hub can have none pass for arrived that the doctor does not wait for there.
#[tokio::test(start_paused = true)]
async fn a_made_up_test_event_leads_to_nothing() {
    let world = world().await;
    let event = |account: &str, nonce: &str| {
        json!({
            "source": "countersign.doctor", "detail-type": "Countersign Test Event", "account": account, "region": HOME,
            "time": "2026-11-20T09:15:02Z", "detail": {"nonce": nonce, "state": "STARTED"},
        })
    };
    let items = world.ledger().items().await.len();
    let other_type = tests::changed(event(OTHER, &"x".repeat(43)), "/detail-type", json!("Vote Recorded"));
    for (made_up, why) in [
        (event(OTHER, &"x".repeat(43)), "a test event that the doctor does not expect"),
        (event(OTHER, "x"), "a test event that cannot be read"),
        (other_type, "a test event that cannot be read"),
        (event("999999999999", &"x".repeat(43)), "an event of an account or region that is not served"),
    ] {
        let report = world.invoke(made_up.clone()).await.unwrap();
        assert_eq!(report["results"][0]["why"], why, "{made_up}");
    }
    assert_eq!(world.metric("UnservedEvents"), 1);
    assert_eq!(world.ledger().items().await.len(), items, "nothing is written");
}
