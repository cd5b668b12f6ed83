//! Receipts: each vote is told to its voter at once, with the network address and browser it came from, and to nobody
//! else.

use std::collections::BTreeSet;

use sandbox::NOTIFIER_KEY;
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::faults::Lines;
use tests::{ALICE, BOB, Mail, World, simulated_time};

const CAROL: &str = "carol@example.com";
/// What a thief's browser says that it is.
const BROWSER: &str = "Burglar/7 (<b>Crowbar</b>; https://evil.example/)";
/// Where visits come from, in the sandbox's API Gateway.
const ADDRESS: &str = "IP address: 127.0.0.1\n";

/// A world in which calls can fail, and in which two of three must approve.
async fn two_of_three() -> World {
    World::simulated_of(&format!("Alice Archer <{ALICE}>, {BOB}, {CAROL}"), 2).await
}

/// Whoever has a link sends the form, without having opened the page.
async fn steal(world: &World, link: &str, comment: &str) -> u16 {
    let page = world.post_with(link, BROWSER, &[("decision", "Approved"), ("comment", comment)]).await;
    world.settle().await;
    page.status
}

/// The events about votes.
fn votes_recorded(world: &World) -> Vec<Value> {
    let mut events = world.aws().events();
    events.retain(|event| event["detail-type"] == "Vote Recorded");
    events
}

async fn receipts_of(world: &World, address: &str) -> Vec<Mail> {
    world.receipts().await.into_iter().filter(|mail| mail.to == address).collect()
}

/// The text, with line breaks as in here.
fn text_of(mail: &Mail) -> String {
    mail.text.replace("\r\n", "\n")
}

fn shows_where_from(mail: &Mail) -> bool {
    mail.raw.contains("Burglar") || mail.text.contains("IP address") || mail.text.contains("Browser")
}

#[test]
fn a_stolen_link_is_told_at_once_and_can_be_answered() {
    simulated_time().block_on(async {
        let world = two_of_three().await;
        let (alice, bob) = world.ask().await;
        assert_eq!(steal(&world, &alice.approve, "Totals agree").await, 200);
        let receipts = world.receipts().await;
        let [receipt] = receipts.as_slice() else { panic!("{} receipts", receipts.len()) };
        assert_eq!((receipt.to.as_str(), &receipt.subject), (ALICE, &format!("Re: {}", alice.subject)));
        for words in [
            "Your vote on MyFirstPipeline has been recorded",
            "You voted to approve the release of MyFirstPipeline to MyApprovalStage.",
            "Your vote:\nTime: 20 November 2026, 09:25 UTC\n",
            ADDRESS,
            &format!("Browser:\n> {BROWSER}\n"),
            "Comment by Alice Archer:\n> Totals agree\n",
            "If this was not you, someone else has used a link that was meant for you. Open the Reject link in the email",
            "Then tell the team that runs the pipeline.",
            "Action: MyApprovalAction\n",
        ] {
            assert!(text_of(receipt).contains(words), "{words}:\n{}", receipt.text);
        }
        assert!(receipt.html.contains("Burglar/7 (&#60;b&#62;Crowbar&#60;/b&#62;"), "{}", receipt.html);
        assert!(!receipt.raw.contains("/approval?t="), "a receipt decides nothing");
        let thread = |mail: &Mail| mail.raw.lines().find(|line| line.starts_with("References: ")).map(str::to_owned);
        assert_eq!(thread(receipt), thread(&alice));
        // Nobody else sees where from.
        world.advance(time::Duration::days(1)).await;
        for mail in world.mails().await.iter().filter(|mail| mail.to != ALICE) {
            assert!(!shows_where_from(mail), "{}", mail.text);
        }
        for link in [&bob.approve, &bob.reject, &alice.reject] {
            let page = world.get(link).await.body;
            assert!(page.contains("Totals agree") && !page.contains("Burglar") && !page.contains("127.0.0.1"), "{page}");
        }
        // As the receipt says: the other link replaces the vote.
        assert_eq!(world.press(&alice.reject, "That was not me").await.title(), "MyFirstPipeline was rejected");
        world.settle().await;
        assert_eq!(world.receipts().await.len(), 1, "the last email holds the vote that decides");
        assert_eq!(world.failures(), [""; 0]);
    });
}

#[test]
fn a_vote_that_decides_is_told_to_its_voter_by_the_email_about_the_outcome() {
    simulated_time().block_on(async {
        let world = World::simulated().await;
        let (alice, _) = world.ask().await;
        assert_eq!(steal(&world, &alice.approve, "").await, 200);
        assert!(world.receipts().await.is_empty());
        let outcomes = world.outcomes().await;
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            let is_hers = outcome.to == ALICE;
            assert_eq!(shows_where_from(&outcome), is_hers, "{}: {}", outcome.to, outcome.text);
            let warning = "If this vote was not yours, someone else has used a link that was meant for you.";
            assert_eq!(outcome.text.contains(warning), is_hers, "{}", outcome.text);
            if is_hers {
                let facts = format!("Your vote:\nTime: 20 November 2026, 09:25 UTC\n{ADDRESS}Browser:\n> {BROWSER}\n");
                assert!(text_of(&outcome).contains(&facts), "{}", outcome.text);
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn each_vote_of_a_quorum_has_a_receipt_but_the_one_that_settles_it() {
    let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 3).await;
    let (alice, bob) = world.ask().await;
    for (link, voters) in [(&alice.approve, vec![ALICE]), (&bob.approve, vec![ALICE, BOB])] {
        world.press(link, "").await;
        world.settle().await;
        let told: Vec<String> = world.receipts().await.into_iter().map(|mail| mail.to).collect();
        assert_eq!(told, voters);
    }
    world.press(&world.mail_to(CAROL).await.approve, "").await;
    world.settle().await;
    assert_eq!(world.receipts().await.len(), 2);
    let outcomes = world.outcomes().await;
    assert!(outcomes.len() == 3 && outcomes.iter().all(shows_where_from), "each of them voted");
    // A receipt is one of the emails that the history has.
    let report = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    for person in report["results"][0]["approvals"][0]["people"].as_array().unwrap() {
        let mails = person["mails"].as_array().unwrap().iter();
        let kinds: Vec<&str> = mails.map(|mail| mail["about"].as_str().unwrap().split('-').next().unwrap()).collect();
        let expected: &[&str] =
            if person["address"] == CAROL { &["request", "outcome"] } else { &["request", "receipt", "outcome"] };
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>(), expected.iter().collect(), "{person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_replaces_another_has_its_own_receipt() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    // The same vote again is none.
    for (comment, receipts) in [("one", 1), ("one", 1), ("two", 2), ("one", 3)] {
        world.post_with(&alice.approve, comment, &[("decision", "Approved"), ("comment", comment)]).await;
        world.settle().await;
        let told = world.receipts().await;
        assert_eq!(told.len(), receipts, "{comment}");
        assert!(told[receipts - 1].text.contains(&format!("> {comment}")), "{}", told[receipts - 1].text);
        // Each with other words from another browser.
        world.advance(time::Duration::minutes(1)).await;
    }
}

#[test]
fn an_event_that_is_lost_fails_no_visit_and_the_sweep_makes_up_for_it() {
    for fault in [Fault::Refused, Fault::ErrorBefore, Fault::Throttled, Fault::Denied, Fault::HangBefore] {
        simulated_time().block_on(async {
            let world = two_of_three().await;
            let (alice, bob) = world.ask().await;
            world.fail(Calls::of("PutEvents"), fault);
            let before = tokio::time::Instant::now();
            let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
            assert_eq!((page.status, page.title()), (200, "Your vote has been recorded"), "{fault:?}");
            assert!(before.elapsed() < std::time::Duration::from_millis(1500), "{fault:?}: {:?}", before.elapsed());
            world.settle().await;
            assert!(world.receipts().await.is_empty(), "{fault:?}");
            for _ in 0..2 {
                world.sweep().await.unwrap();
                assert_eq!(receipts_of(&world, ALICE).await.len(), 1, "{fault:?}");
            }
            // The vote that settles it is put whatever becomes of its event.
            let page = world.post(&bob.approve, &[("decision", "Approved")]).await;
            assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"), "{fault:?}");
            world.settle().await;
            assert_eq!((world.receipts().await.len(), world.outcomes().await.len()), (1, 3), "{fault:?}");
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_again_sends_nothing_again() {
    let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 3).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "").await;
    world.press(&bob.approve, "").await;
    world.settle().await;
    let events: Vec<Value> = votes_recorded(&world);
    assert_eq!(events.len(), 2);
    for event in events.iter().chain(&events) {
        let report = world.play(event).await;
        assert_eq!((&report["results"][0]["result"], &report["results"][0]["sent"]), (&json!("receipts"), &json!(0)));
    }
    assert_eq!(world.receipts().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_event_is_no_error_costs_one_read_and_mails_nobody() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    world.settle().await;
    let genuine = votes_recorded(&world).pop().unwrap();
    let mails = world.mails().await.len();
    let forged = |pointer: &str, value: Value| tests::changed(genuine.clone(), pointer, value);
    let missing = |detail: Value| tests::changed(forged("/detail-type", json!("Request Missing")), "/detail", detail);
    let place = |account: &str, pipeline: &str| json!({"account": account, "region": "us-east-2", "pipeline": pipeline, "stage": "MyApprovalStage", "action": "MyApprovalAction"});
    for (what, event, result, reads) in [
        ("an unknown key", forged("/detail/key", json!("x".repeat(43))), "ignored", 1),
        ("no key", forged("/detail/key", json!("MyFirstPipeline")), "ignored", 0),
        ("another type", forged("/detail/key", json!(7)), "ignored", 0),
        ("no detail", forged("/detail", json!({})), "ignored", 0),
        ("news for others", forged("/detail-type", json!("Approval Ended")), "ignored", 0),
        // What it says of the vote, of its request and of its place is not believed.
        ("other votes", forged("/detail/decision", json!("Rejected")), "receipts", 1),
        ("another request", forged("/detail/request", json!("y".repeat(43))), "receipts", 1),
        ("another account", forged("/detail/account", json!("999999999999")), "receipts", 1),
        ("a request in an account that is not served", missing(place("999999999999", "MyFirstPipeline")), "ignored", 0),
        ("a request of no pipeline", missing(place("123456789012", "Nowhere")), "askedAnew", 0),
        ("a request that is there", missing(place("123456789012", "MyFirstPipeline")), "askedAnew", 1),
        ("nowhere", missing(json!({"pipeline": "x"})), "ignored", 0),
    ] {
        let before = world.calls("GetItem");
        let report = world.play(&event).await;
        assert_eq!(report["results"][0]["result"], result, "{what}: {report}");
        assert_eq!(world.calls("GetItem") - before, reads, "{what}");
        assert_eq!(world.mails().await.len(), mails, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_link_without_a_request_has_it_asked_anew_at_once() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let report = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    let key = report["results"][0]["approvals"][0]["key"].clone();
    let item = json!({"TableName": sandbox::TABLE, "Key": {"pk": {"S": key}, "sk": {"S": "SIGNED-REQUEST"}}});
    world.aws().ask(NOTIFIER_KEY, "DynamoDB_20120810.DeleteItem", &item).await.unwrap();
    // Of a request made in the same second, every word would be the same, and the links would work on.
    world.advance(time::Duration::minutes(1)).await;
    assert_eq!(world.get(&alice.approve).await.status, 503);
    world.settle().await;
    assert_eq!(world.failures(), [""; 0]);
    let asked: Vec<Mail> = world.requests().await.into_iter().filter(|mail| mail.to == ALICE).collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(world.get(&alice.approve).await.title(), "You were asked again");
    assert_eq!(world.press(&asked[1].approve, "").await.title(), "MyFirstPipeline was approved");
    // The hint again asks nobody again.
    let events = world.aws().events();
    let hint = events.iter().find(|event| event["detail-type"] == "Request Missing").unwrap();
    assert_eq!(world.play(hint).await["results"][0]["sent"], 0);
    assert_matches_schema(&hint["detail"], include_str!("../../docs/events/request-missing.schema.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_are_as_documented_and_hold_no_secret_and_no_person() {
    let world = World::of(&format!("Alice Archer <{ALICE}>, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    for (link, approvals, settled) in [(&alice.approve, 1, false), (&bob.approve, 2, true)] {
        world.post_with(link, BROWSER, &[("decision", "Approved"), ("comment", "sesame")]).await;
        let event = votes_recorded(&world).pop().unwrap();
        assert_matches_schema(&event["detail"], include_str!("../../docs/events/vote-recorded.schema.json"));
        let detail = &event["detail"];
        assert_eq!(
            (&detail["approvals"], &detail["quorum"], &detail["settled"], &detail["decision"]),
            (&json!(approvals), &json!(2), &json!(settled), &json!("Approved"))
        );
        let text = event.to_string();
        for secret in [token.as_str(), "approval?t=", "example.com", "Alice", "sesame", "Burglar", "127.0.0.1"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

/// Checks an event's detail by the parts of JSON schema that ours use.
pub fn assert_matches_schema(detail: &Value, schema: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let (fields, properties) = (detail.as_object().unwrap(), schema["properties"].as_object().unwrap());
    assert_eq!(schema["additionalProperties"], false);
    let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let given: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    assert!(required.is_subset(&given), "{detail}");
    for (name, value) in fields {
        let rules = properties.get(name).unwrap_or_else(|| panic!("{name} is not in the schema"));
        for (rule, limit) in rules.as_object().unwrap() {
            let characters = || value.as_str().unwrap().chars().count() as u64;
            let holds = match rule.as_str() {
                "description" => limit.is_string(),
                "enum" => limit.as_array().unwrap().contains(value),
                "minLength" => characters() >= limit.as_u64().unwrap(),
                "maxLength" => characters() <= limit.as_u64().unwrap(),
                "minimum" => value.as_u64().unwrap() >= limit.as_u64().unwrap(),
                "type" => match limit.as_str().unwrap() {
                    "string" => value.is_string(),
                    "integer" => value.is_u64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("{other}"),
                },
                other => panic!("{name}: {other}"),
            };
            assert!(holds, "{name}: {rule} {limit}, and it is {value}");
        }
    }
}

#[test]
fn no_log_line_says_where_a_vote_came_from() {
    let ((), lines) = Lines::default().during(|| {
        simulated_time().block_on(async {
            let world = two_of_three().await;
            let (alice, bob) = world.ask().await;
            world.fail(Calls::of("PutEvents").take(2), Fault::Throttled);
            steal(&world, &alice.approve, "one").await;
            world.aws().ses.refuse(ALICE, "MessageRejected", "Address alice@example.com is on the blocklist");
            steal(&world, &alice.approve, "two").await;
            world.aws().ses.accept(ALICE);
            world.sweep().await.unwrap();
            assert_eq!(receipts_of(&world, ALICE).await.len(), 1);
            steal(&world, &bob.approve, "three").await;
            world.event(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
        });
    });
    let written = lines.join("\n");
    assert!(
        written.contains("an event was not put") && written.contains("\\\"result\\\":\\\"receipts\\\""),
        "{written}"
    );
    for secret in ["Burglar", "127.0.0.1", ALICE, "Alice", "three"] {
        assert!(!written.contains(secret), "{secret} is in the log");
    }
}

/// Somebody decides in the console at the moment in which a link is pressed, and everybody is told before the vote is
/// written.
#[test]
fn a_vote_that_came_too_late_to_decide_is_told_although_the_outcome_was() {
    simulated_time().block_on(async {
        let world = two_of_three().await;
        let (alice, bob) = world.ask().await;
        world.press(&alice.approve, "").await;
        world.settle().await;
        let input = json!({
            "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
            "token": world.approval_state().await["token"], "result": {"status": "Rejected", "summary": "no"},
        });
        world.codepipeline("PutApprovalResult", input).await.unwrap();
        world.settle().await;
        assert_eq!(world.outcomes().await.len(), 3);
        // What the callback had read before.
        world.ledger().change(|item| drop(item.remove("outcome"))).await;
        world.advance(time::Duration::minutes(1)).await;
        assert_eq!(steal(&world, &bob.approve, "").await, 409);
        let receipts = receipts_of(&world, BOB).await;
        assert_eq!(receipts.len(), 1);
        assert!(shows_where_from(&receipts[0]), "{}", receipts[0].text);
        assert_eq!(world.mails().await.len(), 3 + 1 + 3 + 1, "nobody else is told of anything more");
    });
}
