//! The command `history`: a pipeline's approvals, as the ledger has them.

use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use time::Duration;

use tests::{ALICE, BEGIN, BOB, World, changed, eventbridge};

/// What Alice's browser says that it is.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn history(world: &World, command: Value) -> Vec<Value> {
    let report = world.play(&json!({ "history": command })).await;
    assert_eq!(report["results"][0]["result"], "history");
    report["results"][0]["approvals"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_has_the_emails_the_votes_and_the_outcome() {
    let policy = format!(
        "[[route]]\nname = \"production\"\npipeline = \"My*\"\napprovers = [\"Alice Archer <{ALICE}>\", \"{BOB}\"]\n\
         quorum = 2\nremind = \"24h\"\ncopy = [\"auditor@example.com\"]"
    );
    let world = World::under(&policy).await;
    let (alice, bob) = world.ask().await;
    world.advance(Duration::minutes(5)).await;
    world.post_with(&alice.approve, BROWSER, &[("decision", "Approved"), ("comment", "Totals agree")]).await;
    world.advance(Duration::days(6)).await;
    world.press(&bob.approve, "").await;
    world.settle().await;

    let approvals = history(&world, json!({"pipeline": "MyFirstPipeline"})).await;
    assert_eq!(approvals.len(), 1);
    let one = &approvals[0];
    assert_eq!(one["approval"], "MyFirstPipeline/MyApprovalStage/MyApprovalAction");
    assert_eq!((&one["route"], &one["policyVersion"], &one["quorum"]), (&json!("production"), &json!(1), &json!(2)));
    assert_eq!((&one["asked"], &one["expires"]), (&json!("2026-11-20T09:25:00Z"), &json!("2026-11-27T09:25:00Z")));
    assert_eq!((&one["account"], &one["region"]), (&json!("123456789012"), &json!("us-east-2")));
    assert!(one["execution"].is_string());

    let people = one["people"].as_array().unwrap();
    let mails = |address: &str| {
        let person = people.iter().find(|person| person["address"] == address).unwrap();
        let about = person["mails"].as_array().unwrap().iter().map(|mail| mail["about"].as_str().unwrap());
        // Which vote a receipt is of follows the dash.
        about.map(|about| if about.starts_with("receipt-") { "receipt" } else { about }).collect::<Vec<_>>()
    };
    assert_eq!(mails(ALICE), ["request", "receipt", "outcome"]);
    assert_eq!(mails(BOB), ["request", "reminder-86400", "outcome"]);
    assert_eq!(mails("auditor@example.com"), ["request", "outcome"]);
    assert_eq!((&people[0]["name"], &people[0]["role"]), (&json!("Alice Archer"), &json!("approver")));
    assert_eq!(people[2]["role"], "copy");
    // Each with the id under which SES has it.
    let sent = world.aws().ses.mails();
    for mail in people.iter().flat_map(|person| person["mails"].as_array().unwrap()) {
        assert_eq!(mail["state"], "sent");
        let id = mail["messageId"].as_str().unwrap();
        assert_eq!(sent.iter().filter(|mail| mail.raw.contains(id)).count(), 1, "{id}");
        assert!(mail["at"].as_str().unwrap().ends_with('Z'));
    }

    let votes = one["votes"].as_array().unwrap();
    assert_eq!(votes.len(), 2);
    assert_eq!(votes[0]["approver"], ALICE);
    assert_eq!((&votes[0]["decision"], &votes[0]["comment"]), (&json!("Approved"), &json!("Totals agree")));
    assert_eq!(votes[0]["at"], "2026-11-20T09:30:00Z");
    assert_eq!((&votes[0]["networkAddress"], &votes[0]["browser"]), (&json!("127.0.0.1"), &json!(BROWSER)));
    assert_eq!(votes[0]["link"], tests::forge::Parts::of(&alice.approve).claims["jti"]);
    assert_eq!(one["outcome"]["ending"], "approved");
    assert_eq!((&one["outcome"]["byVotes"], &one["outcome"]["confirmed"]), (&json!(true), &json!(true)));
    assert_eq!(one["outcome"]["summary"], world.approval_state().await["summary"], "what CodePipeline holds");
}

/// Somebody who may write the ledger notes that it was approved by our role, in our words.
#[tokio::test(start_paused = true)]
async fn a_forged_end_is_in_no_history_that_codepipeline_confirms() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    // The votes are settled, so that nothing but what CodePipeline says makes an end theirs.
    world.fail(Calls::of("PutApprovalResult"), Fault::Denied);
    for link in [&alice.approve, &bob.approve] {
        world.post(link, &[("decision", "Approved")]).await;
    }
    let summary = "Approved through Countersign by alice@example.com, bob@example.com.";
    let role = "assumed-role/countersign-decide/bob@example.com";
    let memo = tests::ledger_writer::outcome("Approved", BEGIN.unix_timestamp(), Some(role), Some(summary));
    world.ledger().change(|request| drop(request.insert("outcome".to_owned(), memo))).await;
    let pipeline = json!({"pipeline": "MyFirstPipeline"});
    let waiting = history(&world, pipeline.clone()).await;
    assert_eq!((waiting[0]["votes"].as_array().unwrap().len(), &waiting[0]["outcome"]), (2, &Value::Null));
    // While CodePipeline does not answer, it is shown as what it is: a note in the ledger.
    world.fail(Calls::of("ListActionExecutions"), Fault::Denied);
    let noted = &history(&world, pipeline).await[0]["outcome"];
    assert_eq!((&noted["ending"], &noted["summary"]), (&json!("approved"), &json!(summary)));
    assert_eq!((&noted["confirmed"], &noted["byVotes"]), (&json!(false), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_first_a_page_at_a_time() {
    let world = World::new().await;
    let mut executions = Vec::new();
    for number in 0..5 {
        let id = format!("12345678-1234-5678-abcd-{number:012}");
        world.play(&changed(eventbridge(), "/detail/execution-id", json!(id))).await;
        // Two requests in the same second.
        if number != 3 {
            world.advance(Duration::minutes(10)).await;
        }
        executions.insert(0, id);
    }
    let ids = |approvals: &[Value]| -> Vec<String> {
        approvals.iter().map(|one| one["execution"].as_str().unwrap().to_owned()).collect()
    };
    let all = history(&world, json!({"pipeline": "MyFirstPipeline"})).await;
    let mut sorted = ids(&all);
    assert_eq!(sorted[2..], executions[2..]);
    sorted[..2].sort_by(|one, other| other.cmp(one));
    assert_eq!(sorted, executions);
    let (mut paged, mut place) = (Vec::new(), None);
    for page in 0..5 {
        let mut command = json!({"pipeline": "MyFirstPipeline", "limit": 1});
        command["before"] = place.unwrap_or(json!("2027-01-01T00:00:00Z"));
        let report = world.play(&json!({ "history": command })).await;
        paged.extend(report["results"][0]["approvals"].as_array().unwrap().clone());
        place = Some(report["results"][0]["next"].clone());
        assert!(page == 4 || place.as_ref().unwrap().is_string(), "{report}");
    }
    assert_eq!(ids(&paged), ids(&all), "a page ends between two of the same second");
    let early = history(&world, json!({"pipeline": "MyFirstPipeline", "before": all[2]["asked"]})).await;
    assert_eq!(ids(&early), executions[3..]);
    assert!(history(&world, json!({"pipeline": "Another"})).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_history_command_says_why() {
    let world = World::new().await;
    for (command, words) in [
        (json!({}), "missing field `pipeline`"),
        (json!({"pipeline": "a b"}), "the pipeline name is not"),
        (json!({"pipeline": "a", "limit": 0}), "limit is not a number from 1 to 50"),
        (json!({"pipeline": "a", "limit": 51}), "limit is not a number from 1 to 50"),
        (json!({"pipeline": "a", "before": "yesterday"}), "before is not a date and time"),
        (json!({"pipeline": "a", "stage": "b"}), "unknown field `stage`"),
    ] {
        let (status, error) = world.event(&json!({ "history": command })).await;
        assert_eq!((status, error["errorType"].as_str()), (500, Some("UnreadableEvent")), "{command}");
        assert!(error["errorMessage"].as_str().unwrap().contains(words), "{command}: {error}");
    }
}
