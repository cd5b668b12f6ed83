//! Evidence: a document of who decided an approval, which holds without AWS or does not.

use countersign::evidence::TrustedKeys;
use countersign::keys::Fingerprint;
use sandbox::aws::{ACCOUNT, MemberRole};
use sandbox::{NOTIFIER_KEY, TABLE};
use serde_json::{Value, json};
use time::Duration;

use crate::operations::misconfigured;
use tests::{ALICE, BOB, World};

const CAROL: &str = "carol@example.com";

async fn key_of(world: &World) -> String {
    let report = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    report["results"][0]["approvals"][0]["key"].as_str().unwrap().to_owned()
}

/// The notifier's answer, as `aws lambda invoke` saves it.
async fn evidence(world: &World) -> String {
    let answer = world.play(&json!({"evidence": {"key": key_of(world).await}})).await;
    answer.to_string()
}

/// The fingerprints that the operator noted after the deployment.
fn trusted(world: &World) -> TrustedKeys {
    let fingerprint = |setting: &str| {
        let key = world.sandbox().setting(setting).unwrap();
        Fingerprint::of(&world.aws().kms.public_key(&key).unwrap())
    };
    TrustedKeys {
        request: vec![fingerprint("COUNTERSIGN_REQUEST_KEYS")],
        vote: vec![fingerprint("COUNTERSIGN_VOTE_KEYS")],
    }
}

/// An approval that Alice and Bob approved.
async fn decided() -> World {
    let world = World::of(&format!("Alice Archer <{ALICE}>, {BOB}, {CAROL}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "Totals agree").await;
    world.advance(Duration::minutes(5)).await;
    world.press(&bob.approve, "").await;
    world.settle().await;
    world
}

fn holds(world: &World, file: &str) -> Result<String, String> {
    sandbox::evidence::report(file, &trusted(world)).map_err(|problem| problem.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_a_decision_holds_offline_and_says_who_decided() {
    let world = decided().await;
    let file = evidence(&world).await;
    let report = holds(&world, &file).unwrap();
    for words in [
        "The evidence holds. The deployment sandbox made it.",
        "MyFirstPipeline/MyApprovalStage/MyApprovalAction",
        "account 123456789012 and region us-east-2",
        "2 of 3 must approve",
        "Alice Archer <alice@example.com>",
        "Approved by alice@example.com at 2026-11-20T09:25:00Z, from 127.0.0.1: \"Totals agree\"",
        "Approved by bob@example.com at 2026-11-20T09:30:00Z",
        "was approved at 2026-11-20T09:30:00Z",
        "These votes decided it",
        "arn:aws:iam::123456789012:role/countersign-decide",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    // The document alone will do, and whitespace between its parts says nothing.
    let document: Value = serde_json::from_str(&file).unwrap();
    let document = &document["results"][0]["evidence"];
    assert_eq!(holds(&world, &serde_json::to_string_pretty(document).unwrap()).unwrap(), report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_anywhere_in_the_file_fails() {
    let world = decided().await;
    let file = evidence(&world).await;
    assert!(holds(&world, &file).is_ok());
    for index in 0..file.len() {
        let mut changed = file.clone().into_bytes();
        changed[index] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(holds(&world, &changed).is_err(), "byte {index} of {changed}");
    }
    for cut in (0..file.len()).step_by(97) {
        assert!(holds(&world, &file[..cut]).is_err(), "cut at {cut}");
    }
    assert!(holds(&world, &format!("{file} x")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_deployments_keys_prove_anything() {
    let world = decided().await;
    let file = evidence(&world).await;
    let TrustedKeys { request, vote } = trusted(&world);
    for (request, vote, part) in [
        (vec![], vote.clone(), "request key 1"),
        (request.clone(), vec![], "vote key 1"),
        // A key of the one kind says nothing of the other.
        (vote.clone(), request.clone(), "request key 1"),
        (request.clone(), request.clone(), "vote key 1"),
    ] {
        let problem = sandbox::evidence::report(&file, &TrustedKeys { request, vote }).unwrap_err();
        assert_eq!(problem.part, part, "{problem}");
    }
    // Those of another deployment prove nothing here.
    let other = decided().await;
    assert!(holds(&other, &file).unwrap_err().starts_with("request key 1: its fingerprint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_keys_are_in_the_evidence() {
    let world = decided().await;
    let kms = &world.aws().kms;
    let new = kms.create_key_with_policy(&sandbox::key_policy(sandbox::NOTIFIER_ROLE)).unwrap();
    let old = world.sandbox().setting("COUNTERSIGN_REQUEST_KEYS").unwrap();
    let notifier = misconfigured(&world, "COUNTERSIGN_REQUEST_KEYS", &format!("{new},{old}"));
    let answer = notifier.handle(&json!({"evidence": {"key": key_of(&world).await}}), "request").await.unwrap();
    let file = serde_json::to_string(&answer).unwrap();
    // The old key sealed the request, and the new one what CodePipeline shows now.
    let problem = holds(&world, &file).unwrap_err();
    assert!(problem.starts_with("request key 1: its fingerprint"), "{problem}");
    let mut keys = trusted(&world);
    keys.request.push(Fingerprint::of(&kms.public_key(&new).unwrap()));
    let report = sandbox::evidence::report(&file, &keys).unwrap();
    assert!(report.contains("These votes decided it"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_by_others_is_told_as_theirs() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    let token = world.approval_state().await["token"].clone();
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": token, "result": {"status": "Approved", "summary": "Approved through Countersign by alice@example.com, bob@example.com."},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.settle().await;
    let report = holds(&world, &evidence(&world).await).unwrap();
    assert!(report.contains("THESE VOTES DID NOT DECIDE IT"), "{report}");
    assert!(report.contains("Ended by    arn:aws:iam::123456789012:user/AKIAOPERATOR"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_in_the_name_of_somebody_who_did_not_vote_for_it_makes_it_fail() {
    for (name, expected) in [(ALICE, true), (BOB, true), (CAROL, false), ("mallory", false)] {
        let world = World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await;
        let (alice, bob) = world.ask().await;
        world.press(&alice.approve, "").await;
        world.aws().delete_role(MemberRole::Deciding, ACCOUNT);
        assert_eq!(world.post(&bob.approve, &[("decision", "Approved")]).await.status, 500);
        // Whoever administers the account may assume the role in any name.
        let input = json!({
            "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
            "token": world.approval_state().await["token"],
            "result": {"status": "Approved", "summary": "Approved through Countersign by alice@example.com, bob@example.com."},
        });
        let caller = format!("arn:aws:sts::{ACCOUNT}:assumed-role/countersign-decide/{name}");
        world.aws().codepipeline.call("PutApprovalResult", &input, &caller).unwrap();
        world.settle().await;
        let held = holds(&world, &evidence(&world).await);
        assert_eq!(held.is_ok(), expected, "{name}: {held:?}");
        if let Err(problem) = held {
            assert!(problem.contains("in the name of somebody who did not vote for that"), "{problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_expired_has_evidence_without_votes() {
    let world = World::new().await;
    world.ask().await;
    world.advance(Duration::days(8)).await;
    let report = holds(&world, &evidence(&world).await).unwrap();
    assert!(report.contains("Nobody voted.") && report.contains("that the approval expired at"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ledger_writer_changes_is_not_in_the_evidence_or_makes_it_fail() {
    let world = decided().await;
    let key = key_of(&world).await;
    let update = |expression: &str, values: Value, names: Value| {
        let mut input = json!({
            "TableName": TABLE, "Key": {"pk": {"S": key}, "sk": {"S": "SIGNED-REQUEST"}}, "UpdateExpression": expression,
        });
        for (name, value) in [("ExpressionAttributeValues", values), ("ExpressionAttributeNames", names)] {
            if !value.is_null() {
                input[name] = value;
            }
        }
        input
    };
    let write = async |input: Value| {
        world.aws().ask(NOTIFIER_KEY, "DynamoDB_20120810.UpdateItem", &input).await.unwrap();
    };
    // A vote that nobody gave, and a memo of an end that was another.
    let before = evidence(&world).await;
    let vote = json!({"M": {"object": {"B": "e30="}, "seal": {"S": "a.b.c"}}});
    write(update("SET votes.#v = :v", json!({":v": vote}), json!({"#v": CAROL}))).await;
    let outcome = json!({"M": {"ending": {"S": "Rejected"}, "at": {"N": "1795166700"}}});
    write(update("SET outcome = :o", json!({":o": outcome}), Value::Null)).await;
    let votes = |file: &str| serde_json::from_str::<Value>(file).unwrap()["results"][0]["evidence"]["votes"].clone();
    let after = evidence(&world).await;
    assert_eq!(votes(&after), votes(&before));
    assert!(holds(&world, &after).unwrap().contains("was approved at"));
    // A vote that is gone: what is left does not come to what CodePipeline holds.
    write(update("REMOVE votes.#v", Value::Null, json!({"#v": ALICE}))).await;
    let problem = holds(&world, &evidence(&world).await).unwrap_err();
    assert!(problem.starts_with("outcome: the deciding role ended it, with a summary other than"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_gives_no_evidence_says_why() {
    let world = World::new().await;
    world.ask().await;
    let (key, none) = (key_of(&world).await, "A".repeat(43));
    for (command, kind, words) in [
        // What waits could be decided with the token in it.
        (json!({"key": key}), "StillWaiting", "still waiting for a decision"),
        (json!({"key": none}), "NotOnRecord", "no signed request under this key"),
        (json!({"key": "a key"}), "UnreadableEvent", "the approval's key is not 43 characters of base64url"),
        (json!({}), "UnreadableEvent", "missing field `key`"),
        (json!({"key": none, "pipeline": "a"}), "UnreadableEvent", "unknown field `pipeline`"),
    ] {
        let (status, error) = world.event(&json!({ "evidence": command })).await;
        assert_eq!((status, error["errorType"].as_str()), (500, Some(kind)), "{command}: {error}");
        assert!(error["errorMessage"].as_str().unwrap().contains(words), "{command}: {error}");
    }
}
