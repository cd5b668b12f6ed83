//! The events for others: each once in the life of an approval, at least once whatever fails, and with nothing in it that
//! is secret or that CodePipeline and the seals do not say.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::simulation::{Calls, Fault, Function};
use serde_json::{Value, json};
use tests::ledger_writer::{Item, outcome, votes};
use tests::{ALICE, BOB, World, eventbridge, simulated_time};
use time::Duration;

const BOUNCES: &str = "bounce@example.com";
const REQUESTED: &str = "Approval Requested";
const VOTED: &str = "Vote Recorded";
const ENDED: &str = "Approval Ended";
const UNDELIVERED: &str = "Email Undelivered";

/// What the events say, and how often each came: an event is one by its id.
fn events(world: &World) -> Vec<(String, Value, usize)> {
    let mut found: Vec<(String, Value, usize)> = Vec::new();
    for event in world.aws().events() {
        assert_eq!((&event["source"], &event["account"]), (&json!("countersign"), &json!("123456789012")));
        let (kind, detail) = (event["detail-type"].as_str().unwrap().to_owned(), event["detail"].clone());
        super::receipts::assert_matches_schema(&detail, schema(&kind));
        match found.iter_mut().find(|(_, known, _)| known["id"] == detail["id"]) {
            Some((known_kind, known, times)) => {
                assert_eq!(*known_kind, kind);
                for field in ["key", "request", "execution", "at", "decision", "ending"] {
                    assert_eq!(known[field], detail[field], "{field}");
                }
                *times += 1;
            }
            None => found.push((kind, detail, 1)),
        }
    }
    found
}

fn schema(kind: &str) -> &'static str {
    match kind {
        REQUESTED => include_str!("../../docs/events/approval-requested.schema.json"),
        VOTED => include_str!("../../docs/events/vote-recorded.schema.json"),
        ENDED => include_str!("../../docs/events/approval-ended.schema.json"),
        UNDELIVERED => include_str!("../../docs/events/email-undelivered.schema.json"),
        other => panic!("{other}"),
    }
}

/// The detail types of the events, in their order, each of which came once.
fn once(world: &World) -> Vec<String> {
    let events = events(world);
    for (kind, detail, times) in &events {
        assert_eq!(*times, 1, "{kind}: {detail}");
    }
    events.into_iter().map(|(kind, ..)| kind).collect()
}

fn the(world: &World, kind: &str) -> Value {
    let mut found = events(world).into_iter().filter(|(found, ..)| found == kind);
    let (_, detail, _) = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert_eq!(found.next(), None, "{kind}");
    detail
}

/// The same events, whatever their order and however often each came.
fn kinds(world: &World) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for (kind, ..) in events(world) {
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

fn counts<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts.into_iter().map(|(kind, number)| (kind.to_owned(), number)).collect()
}

async fn decide_in_console(world: &World, status: &str) {
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": status, "summary": "by hand"},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_its_votes_decide_says_each_thing_once_without_a_secret_or_a_person() {
    let world = World::of(&format!("Alice Archer <{ALICE}>, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    let token = world.approval_state().await["token"].as_str().unwrap().to_owned();
    assert_eq!(once(&world), [REQUESTED]);
    let requested = the(&world, REQUESTED);
    for (field, value) in [
        ("deployment", json!("sandbox")),
        ("account", json!("123456789012")),
        ("region", json!("us-east-2")),
        ("pipeline", json!("MyFirstPipeline")),
        ("stage", json!("MyApprovalStage")),
        ("action", json!("MyApprovalAction")),
        ("execution", json!("12345678-1234-5678-abcd-12345678abcd")),
        ("at", json!("2026-11-20T09:25:00Z")),
        ("approvers", json!(2)),
        ("quorum", json!(2)),
    ] {
        assert_eq!(requested[field], value, "{field}");
    }
    assert_eq!(requested["expires"], requested["waitsUntil"]);
    for link in [&alice.approve, &bob.approve] {
        world.press(link, "sesame").await;
        world.settle().await;
    }
    assert_eq!(once(&world), [REQUESTED, VOTED, VOTED, ENDED]);
    let ended = the(&world, ENDED);
    for (field, value) in
        [("ending", json!("approved")), ("byVotes", json!(true)), ("approvals", json!(2)), ("rejections", json!(0))]
    {
        assert_eq!(ended[field], value, "{field}");
    }
    // The same approval and the same request in all, and an id of its own for each.
    let events = events(&world);
    let all = |field: &str| events.iter().map(|(_, detail, _)| detail[field].to_string()).collect::<BTreeSet<_>>();
    assert_eq!((all("key").len(), all("request").len(), all("id").len()), (1, 1, 4));
    let text = world.aws().events().iter().map(Value::to_string).collect::<String>();
    for secret in [token.as_str(), "approval?t=", "example.com", "Alice", "sesame", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    // Nothing is left to be said.
    for _ in 0..3 {
        world.advance(Duration::hours(1)).await;
    }
    assert_eq!(once(&world).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_says_what_codepipeline_says() {
    for (status, ending) in [("Approved", "approved"), ("Rejected", "rejected")] {
        let world = World::new().await;
        world.ask().await;
        decide_in_console(&world, status).await;
        assert_eq!(once(&world), [REQUESTED, ENDED]);
        let ended = the(&world, ENDED);
        assert_eq!((&ended["ending"], &ended["byVotes"]), (&json!(ending), &json!(false)));
    }
    let world = World::new().await;
    world.ask().await;
    world.advance(Duration::days(7)).await;
    assert_eq!(once(&world), [REQUESTED, ENDED]);
    assert_eq!(the(&world, ENDED)["ending"], "expired");

    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.press(&alice.reject, "").await;
    world.settle().await;
    let ended = the(&world, ENDED);
    assert_eq!((&ended["ending"], &ended["rejections"]), (&json!("rejected"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_vote_is_another_event_and_the_same_vote_again_is_none() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    for (comment, votes) in [("one", 1), ("one", 1), ("two", 2), ("one", 3)] {
        world.post(&alice.approve, &[("decision", "Approved"), ("comment", comment)]).await;
        world.settle().await;
        world.advance(Duration::minutes(1)).await;
        assert_eq!(kinds(&world)[VOTED], votes, "{comment}");
    }
    world.sweep().await.unwrap();
    assert_eq!(once(&world).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_did_not_arrive_is_an_event_that_names_nobody() {
    let world = World::of(&format!("{BOUNCES}, {BOB}"), 1).await;
    world.aws().ses.say_all();
    world.play(&eventbridge()).await;
    world.settle().await;
    assert_eq!(kinds(&world), counts([(REQUESTED, 1), (UNDELIVERED, 1)]));
    let undelivered = the(&world, UNDELIVERED);
    for (field, value) in
        [("email", json!("request")), ("fate", json!("bounced")), ("reason", json!("Permanent/NoEmail"))]
    {
        assert_eq!(undelivered[field], value, "{field}");
    }
    assert!(!undelivered.to_string().contains("example.com"), "{undelivered}");
    assert_eq!(undelivered["request"], the(&world, REQUESTED)["request"]);
    // What the ledger holds of it is sealed by nobody: the sweep says nothing of it.
    world.sweep().await.unwrap();
    once(&world);
}

#[tokio::test(start_paused = true)]
async fn an_email_event_whose_own_event_is_not_taken_comes_again() {
    let world = World::simulated_of(&format!("{BOUNCES}, {BOB}"), 1).await;
    world.aws().ses.say_all();
    world.aws().refuse_events(UNDELIVERED, Some("InternalFailure"));
    // The queue hands SES's event over again after a minute.
    let later = async {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        assert_eq!(kinds(&world), counts([(REQUESTED, 1)]));
        world.aws().refuse_events(UNDELIVERED, None);
    };
    let asked = eventbridge();
    tokio::join!(world.event(&asked), later);
    assert_eq!(kinds(&world), counts([(REQUESTED, 1), (UNDELIVERED, 1)]));
}

/// An entry can be refused in a call that succeeds. Everything else is done, and the sweep makes up for it.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_refused_fails_the_event_and_goes_out_with_the_sweep() {
    for (kind, code) in [
        (REQUESTED, "InternalFailure"),
        (REQUESTED, "ThrottlingException"),
        (VOTED, "InternalFailure"),
        (ENDED, "NotAuthorizedForDetailTypeException"),
    ] {
        let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
        world.aws().refuse_events(kind, Some(code));
        let (status, report) = world.event(&eventbridge()).await;
        if kind == REQUESTED {
            let error = report["errorMessage"].as_str().unwrap();
            assert_eq!((status, &report["errorType"]), (500, &json!("EventsNotPut")), "{report}");
            assert!(error.contains(&format!("events:PutEvents: {code}")), "{error}");
        }
        let (alice, bob) = (world.mail_to(ALICE).await, world.mail_to(BOB).await);
        assert_eq!(world.press(&alice.approve, "").await.title(), "Your vote has been recorded");
        assert_eq!(world.press(&bob.approve, "").await.title(), "MyFirstPipeline was approved");
        world.settle().await;
        assert_eq!(world.outcomes().await.len(), 2, "{kind}: emails do not wait for events");
        assert!(!kinds(&world).contains_key(kind), "{kind}");
        assert!(world.sweep().await.is_err(), "{kind}: it is not forgotten");
        world.aws().refuse_events(kind, None);
        world.sweep().await.unwrap();
        assert_eq!(kinds(&world), counts([(REQUESTED, 1), (VOTED, 2), (ENDED, 1)]), "{kind}");
        assert_eq!(once(&world).len(), 4, "what was taken is not put again");
        let report = world.sweep().await.unwrap();
        assert_eq!(report["results"][0]["looked"], 0, "{kind}: nothing is left to do");
    }
}

/// The process dies after the emails went out and before the events did, or before the ledger notes that they did.
#[test]
fn what_a_crash_kept_from_going_out_the_sweep_sends() {
    for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::HangBefore, Fault::ErrorAfter, Fault::Denied] {
        for function in [Function::Notifier, Function::Callback] {
            simulated_time().block_on(async {
                let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
                if function == Function::Notifier {
                    world.fail(Calls::of("PutEvents"), fault);
                }
                world.event(&eventbridge()).await;
                world.heal();
                for _ in 0..3 {
                    if world.requests().await.len() == 2 {
                        break;
                    }
                    world.advance(Duration::hours(1)).await;
                }
                let (alice, bob) = (world.mail_to(ALICE).await, world.mail_to(BOB).await);
                if function == Function::Callback {
                    world.fail(Calls::of("PutEvents"), fault);
                }
                world.post(&alice.approve, &[("decision", "Approved")]).await;
                world.heal();
                world.settle().await;
                world.advance(Duration::hours(1)).await;
                let expected = counts([(REQUESTED, 1), (VOTED, 1)]);
                assert_eq!(kinds(&world), expected, "{function:?}, {fault:?}");
                world.post(&bob.approve, &[("decision", "Approved")]).await;
                world.advance(Duration::hours(2)).await;
                let expected = counts([(REQUESTED, 1), (VOTED, 2), (ENDED, 1)]);
                assert_eq!(kinds(&world), expected, "{function:?}, {fault:?}");
            });
        }
    }
}

/// The notifier is told of the end while the callback writes the vote, and dies before its event is out: whichever write
/// comes first, no vote on record stays untold.
#[test]
fn a_vote_in_the_moment_of_a_decision_in_aws_is_told_or_is_none() {
    let mut recorded = 0;
    for millis in (0..500).step_by(20) {
        simulated_time().block_on(async {
            let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
            let (alice, _) = world.ask().await;
            world.fail(Calls::of("PutEvents").take(1), Fault::KilledBefore);
            let vote = async {
                tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
                world.post(&alice.approve, &[("decision", "Approved")]).await
            };
            tokio::join!(decide_in_console(&world, "Approved"), vote);
            world.advance(Duration::hours(3)).await;
            let told = kinds(&world);
            let on_record = votes(&mut world.ledger().request().await).len();
            assert_eq!(told.get(VOTED).copied().unwrap_or(0), on_record, "{millis} ms: {told:?}");
            assert_eq!(told.get(ENDED), Some(&1), "{millis} ms: {told:?}");
            recorded += on_record;
        });
    }
    assert!((1..25).contains(&recorded), "both orders of the two writes occur: {recorded} of 25 votes were recorded");
}

/// The memo is what keeps an event from going out again, and whoever writes the ledger can remove it, or set it.
#[tokio::test(start_paused = true)]
async fn repeated_events_have_the_same_id() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.post(&alice.approve, &[("decision", "Approved")]).await;
    world.settle().await;
    world.advance(Duration::minutes(1)).await;
    let forget = |item: &mut Item| {
        drop(item.remove("event_requested"));
        for vote in votes(item).values_mut() {
            drop(vote["M"].as_object_mut().unwrap().remove("event_vote"));
        }
    };
    for times in 2..4 {
        world.ledger().change(forget).await;
        world.sweep().await.unwrap();
        let events = events(&world);
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|(.., came)| *came == times), "{events:?}");
    }
    world.sweep().await.unwrap();
    assert_eq!(world.aws().events().len(), 6, "it is noted again");
}

/// A writer of the ledger has no event say what CodePipeline does not say, or nobody voted.
#[tokio::test(start_paused = true)]
async fn whoever_writes_the_ledger_has_nothing_false_announced() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    world.ask().await;
    let vote = json!({"M": {"object": {"B": "e30="}, "seal": {"S": "e30.e30.e30"}}});
    world
        .ledger()
        .change(|item| {
            item.insert("outcome".to_owned(), outcome("Approved", 1_795_166_700, None, None));
            item.insert("verdict".to_owned(), json!({"S": "Approved"}));
            votes(item).insert(ALICE.to_owned(), vote);
        })
        .await;
    world.event(&json!({"sweep": {}})).await;
    world.advance(Duration::hours(1)).await;
    assert_eq!(once(&world), [REQUESTED]);
}

/// The examples in the schemas are what documents and tests of examples are made of.
#[test]
fn the_examples_fit_the_schemas() {
    for kind in [REQUESTED, VOTED, ENDED, UNDELIVERED] {
        let example = serde_json::from_str::<Value>(schema(kind)).unwrap()["examples"][0].clone();
        super::receipts::assert_matches_schema(&example, schema(kind));
    }
}

/// Beside the emails and the result, not before or after them.
#[test]
fn events_go_out_beside_what_people_wait_for() {
    simulated_time().block_on(async {
        let world = World::simulated().await;
        world.fail(Calls::of("PutEvents"), Fault::HangBefore);
        let (before, begun) = (world.calls("SendRawEmail"), tokio::time::Instant::now());
        world.event(&eventbridge()).await;
        assert_eq!(world.calls("SendRawEmail") - before, 2);
        let waited = begun.elapsed();
        assert!(waited < std::time::Duration::from_secs(8), "one time-out of PutEvents, and no more: {waited:?}");
        let sent: Vec<String> = world.aws().ses.mails().into_iter().map(|mail| mail.date).collect();
        assert!(sent.iter().all(|date| date.starts_with("2026-11-20T09:25:00")), "{sent:?}");
    });
}
