//! Whoever a change of the policy gives, or takes from, the right to decide is told, once.

use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::ledger_writer::{Item, change_object};
use tests::{ALICE, BOB, World, eventbridge};
use time::Duration;

use crate::operations::misconfigured;

const CAROL: &str = "carol@example.com";
const MALLORY: &str = "mallory@example.com";

/// A policy in which these decide everything.
fn everything_by(approvers: &[&str]) -> String {
    format!("[default]\napprovers = {}\nquorum = 1\n", json!(approvers))
}

/// A world whose policy the notifier has seen.
async fn seen(policy: &str) -> World {
    let world = World::simulated_under(policy).await;
    world.sweep().await.unwrap();
    assert!(world.mails().await.is_empty(), "the first policy is nobody's news");
    world
}

/// What was told of changes, a text a line: to whom, `+` or `-`, and what; or of which others that is.
async fn told(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for mail in world.about_policy().await {
        let (text, mut section) = (mail.text.replace("\r\n", "\n"), "");
        for line in text.lines() {
            section = match line {
                "You may now approve or reject:" => "+",
                "You may no longer approve or reject:" => "-",
                "Others who may now approve or reject:" => "others +",
                "Others who may no longer approve or reject:" => "others -",
                _ => section,
            };
            if let Some(what) = line.strip_prefix("> ") {
                told.push(format!("{} {section} {what}", mail.to).replace("@example.com", ""));
            }
        }
    }
    told.sort();
    told
}

fn sorted<const N: usize>(mut lines: [&str; N]) -> [&str; N] {
    lines.sort_unstable();
    lines
}

/// What is told when Bob decides everything in Alice's place.
const BOB_FOR_ALICE: [&str; 4] = [
    "alice - All releases",
    "alice others + bob: All releases",
    "bob + All releases",
    "bob others - alice: All releases",
];

/// The record in the ledger.
async fn record(world: &World) -> Item {
    let items = world.ledger().items().await;
    items.into_iter().find(|item| item["sk"]["S"] == "SIGNED-POLICY").expect("a record of the policy")
}

#[tokio::test(start_paused = true)]
async fn whoever_gains_or_loses_the_right_to_decide_is_told_once_by_the_sweep() {
    let world = seen(&everything_by(&[ALICE, BOB])).await;
    world.save_policy(&everything_by(&[BOB, CAROL])).await;
    let report = world.sweep().await.unwrap();
    assert_eq!(report["results"][0]["rights"], 3, "{report}");
    let expected = sorted([
        "alice - All releases",
        "alice others + carol: All releases",
        "bob others + carol: All releases",
        "bob others - alice: All releases",
        "carol + All releases",
        "carol others - alice: All releases",
    ]);
    assert_eq!(told(&world).await, expected);
    for _ in 0..2 {
        world.sweep().await.unwrap();
        world.advance(Duration::hours(1)).await;
    }
    assert_eq!(world.mails().await.len(), 3, "once");
    let mail = world.about_policy().await.remove(0);
    assert_eq!(mail.subject, "The rules for approving releases have changed");
    for words in
        ["We noticed this on 20 November 2026, 09:25 UTC.", "tell the team that runs the pipelines immediately"]
    {
        assert!(mail.text.contains(words), "{}", mail.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_in_front_of_others_is_told_with_what_it_takes() {
    let world = seen(&everything_by(&[ALICE, BOB])).await;
    let route = "[[route]]\npipeline = \"payments-*\"\nstage = \"Production\"\napprovers = [\"mallory@example.com\"]\nquorum = 1\n";
    world.save_policy(&format!("{route}{}", everything_by(&[ALICE, BOB]))).await;
    world.sweep().await.unwrap();
    let first = [
        "alice - Pipeline payments-*, Stage Production",
        "alice others + mallory: Pipeline payments-*, Stage Production",
        "alice others - bob: Pipeline payments-*, Stage Production",
        "bob - Pipeline payments-*, Stage Production",
        "bob others + mallory: Pipeline payments-*, Stage Production",
        "bob others - alice: Pipeline payments-*, Stage Production",
        "mallory + Pipeline payments-*, Stage Production",
        "mallory others - alice: Pipeline payments-*, Stage Production",
        "mallory others - bob: Pipeline payments-*, Stage Production",
    ];
    assert_eq!(told(&world).await, sorted(first));
    assert!(world.mails().await[0].text.contains("An asterisk (*) stands for any text."));
    world.save_policy(&format!("{route}{}", everything_by(&[BOB]))).await;
    world.sweep().await.unwrap();
    let mut both = [first.as_slice(), &["alice - All releases", "bob others - alice: All releases"]].concat();
    both.sort_unstable();
    assert_eq!(told(&world).await, both);
}

/// An insider changes the policy, has a release approved under it, and changes it back before the sweep comes.
#[tokio::test(start_paused = true)]
async fn a_policy_that_somebody_was_asked_under_for_a_minute_is_told() {
    let good = everything_by(&[ALICE, BOB]);
    let world = seen(&good).await;
    world.save_policy(&everything_by(&[MALLORY])).await;
    world.play(&eventbridge()).await;
    world.save_policy(&good).await;
    let first = sorted([
        "alice - All releases",
        "alice others + mallory: All releases",
        "alice others - bob: All releases",
        "bob - All releases",
        "bob others + mallory: All releases",
        "bob others - alice: All releases",
        "mallory + All releases",
        "mallory others - alice: All releases",
        "mallory others - bob: All releases",
    ]);
    assert_eq!(told(&world).await, first);
    world.sweep().await.unwrap();
    assert_eq!(told(&world).await.len(), 18, "and back: {:?}", told(&world).await);
    assert!(told(&world).await.contains(&"mallory - All releases".to_owned()));
}

/// Where it cannot be noted, nobody is asked by it.
#[tokio::test(start_paused = true)]
async fn nobody_is_asked_by_a_policy_that_is_not_on_record() {
    let good = everything_by(&[ALICE, BOB]);
    let world = seen(&good).await;
    world.save_policy(&everything_by(&[MALLORY])).await;
    world.fail(Calls::of("TransactWriteItems"), Fault::Throttled);
    let (status, report) = world.event(&eventbridge()).await;
    assert_eq!(status, 500, "{report}");
    world.save_policy(&good).await;
    world.heal();
    world.sweep().await.unwrap();
    assert!(world.mails().await.iter().all(|mail| mail.to != MALLORY));
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_gives_and_takes_nothing_is_nobodys_news() {
    let world = seen(&everything_by(&[ALICE, BOB])).await;
    for policy in [
        format!("# In other words\n{}", everything_by(&[BOB, ALICE])),
        format!("{}remind = \"2h\"\n", everything_by(&[ALICE, BOB])),
        format!("[groups]\nteam = [\"{ALICE}\", \"{BOB}\"]\n[default]\napprovers = [\"team\"]\n"),
    ] {
        world.save_policy(&policy).await;
        world.sweep().await.unwrap_or_else(|error| panic!("{policy}: {error}"));
        assert!(world.mails().await.is_empty(), "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_read_fails_the_sweep_and_loses_nothing() {
    let world = seen(&everything_by(&[ALICE])).await;
    world.save_policy("[default]\napprovers = []").await;
    let error = world.sweep().await.unwrap_err();
    assert!(error.contains("the policy: policy version 2 is invalid"), "{error}");
    world.save_policy(&everything_by(&[BOB])).await;
    world.sweep().await.unwrap();
    assert_eq!(told(&world).await, BOB_FOR_ALICE);
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_or_a_fault_left_untold_is_told_by_the_next_sweep() {
    for (operation, fault) in [
        ("SendRawEmail", Fault::KilledBefore),
        ("SendRawEmail", Fault::Denied),
        ("TransactWriteItems", Fault::KilledAfter),
        ("TransactWriteItems", Fault::ErrorAfter),
        ("Sign", Fault::Denied),
        ("GetItem", Fault::Denied),
    ] {
        let world = seen(&everything_by(&[ALICE])).await;
        world.save_policy(&everything_by(&[BOB])).await;
        world.fail(Calls::of(operation), fault);
        world.sweep().await.unwrap_err();
        world.heal();
        world.advance(Duration::hours(2)).await;
        assert_eq!(told(&world).await, BOB_FOR_ALICE, "{operation}, {fault:?}");
    }
}

/// An earlier change that could not be told must neither hide a later one, nor be hidden by it.
#[tokio::test(start_paused = true)]
async fn a_change_whose_emails_are_refused_is_told_with_the_next() {
    let world = seen(&everything_by(&[ALICE])).await;
    world.fail(Calls::of("SendRawEmail"), Fault::Denied);
    for approver in [BOB, CAROL] {
        world.save_policy(&everything_by(&[approver])).await;
        world.sweep().await.unwrap_err();
    }
    world.heal();
    world.advance(Duration::hours(1)).await;
    let mut both = BOB_FOR_ALICE.to_vec();
    both.extend(["bob - All releases", "bob others + carol: All releases"]);
    both.extend(["carol + All releases", "carol others - bob: All releases"]);
    both.sort_unstable();
    assert_eq!(told(&world).await, both);
}

/// Whoever changes the policy does not choose where, in what language or in what time zone those are told whom it knew
/// before.
#[tokio::test(start_paused = true)]
async fn a_change_is_told_as_the_former_policy_has_it() {
    let world = seen(&everything_by(&[ALICE])).await;
    let person = format!("[[person]]\naddress = \"{ALICE}\"\ntime_zone = \"Asia/Tokyo\"\n");
    let route = format!(
        "[[route]]\npipeline = \"unused\"\napprovers = [\"Nobody <{ALICE}>\"]\nquorum = 1\nlanguage = \"ja\"\nreply_to = \"{MALLORY}\"\n"
    );
    world.save_policy(&format!("{person}{route}{}", everything_by(&[BOB]))).await;
    world.sweep().await.unwrap();
    let mails = world.about_policy().await;
    let alice = mails.iter().find(|mail| mail.to == ALICE).unwrap();
    assert_eq!(alice.subject, "The rules for approving releases have changed");
    assert!(!alice.raw.contains("mallory") && !alice.raw.contains("Nobody"), "{}", alice.raw);
    assert!(alice.text.contains(" UTC.") && !alice.text.contains("Tokyo"), "{}", alice.text);
    assert!(alice.text.contains("> All releases, except: Pipeline unused"), "{}", alice.text);
}

/// What remains: an older record that is put back has what changed since then told once more.
#[tokio::test(start_paused = true)]
async fn an_older_record_has_a_change_told_once_more() {
    let world = seen(&everything_by(&[ALICE])).await;
    let older = record(&world).await;
    world.save_policy(&everything_by(&[BOB])).await;
    world.sweep().await.unwrap();
    world.ledger().put(&older).await;
    world.advance(Duration::hours(1)).await;
    assert_eq!(told(&world).await.len(), 2 * BOB_FOR_ALICE.len());
    assert_eq!(world.metric("Forged"), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_the_record_has_nobody_told_a_lie() {
    let is_false = |record: &mut Value| record["now"]["text"] = json!(everything_by(&[MALLORY]));
    for what in ["changed", "deleted", "nothing", "a request's seal"] {
        let world = seen(&everything_by(&[ALICE])).await;
        world.play(&eventbridge()).await;
        let (ledger, mut item) = (world.ledger(), record(&world).await);
        match what {
            "changed" => change_object(&mut item, is_false),
            "deleted" => ledger.delete(&item).await,
            "nothing" => item.retain(|name, _| name == "pk" || name == "sk"),
            _ => drop(item.insert("seal".to_owned(), ledger.request().await["seal"].clone())),
        }
        if what != "deleted" {
            ledger.put(&item).await;
        }
        world.sweep().await.unwrap();
        assert!(world.about_policy().await.is_empty(), "{what}");
        assert_eq!(world.metric("Forged"), u64::from(what != "deleted"), "{what}");
        // The next change is noticed.
        world.save_policy(&everything_by(&[BOB])).await;
        world.sweep().await.unwrap();
        assert_eq!(told(&world).await, BOB_FOR_ALICE, "{what}");
    }
}

/// The record outlives the key that sealed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_after_a_rotation_is_compared_with_the_policy_before_it() {
    let world = World::under(&everything_by(&[ALICE])).await;
    world.sweep().await.unwrap();
    let new = world.aws().kms.create_key_with_policy(&sandbox::key_policy(sandbox::NOTIFIER_ROLE)).unwrap();
    let old = world.sandbox().setting("COUNTERSIGN_REQUEST_KEYS").unwrap();
    for (keys, policy) in [(format!("{new},{old}"), &[ALICE]), (new, &[BOB])] {
        world.save_policy(&everything_by(policy)).await;
        let notifier = misconfigured(&world, "COUNTERSIGN_REQUEST_KEYS", &keys);
        notifier.handle(&json!({"sweep": {}}), "request").await.unwrap();
        world.advance(Duration::minutes(20)).await;
    }
    assert_eq!(told(&world).await, BOB_FOR_ALICE);
}

/// While a new key reaches the functions, or after an emergency took the old one away, people are asked all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_by_an_unknown_key_keeps_nobody_from_being_asked() {
    let world = World::under(&everything_by(&[ALICE])).await;
    world.sweep().await.unwrap();
    let new = world.aws().kms.create_key_with_policy(&sandbox::key_policy(sandbox::NOTIFIER_ROLE)).unwrap();
    let notifier = misconfigured(&world, "COUNTERSIGN_REQUEST_KEYS", &new);
    notifier.handle(&json!({"sweep": {}}), "request").await.unwrap();
    world.advance(Duration::minutes(15)).await;
    notifier.handle(&json!({"sweep": {}}), "request").await.unwrap();
    world.save_policy(&everything_by(&[BOB])).await;
    notifier.handle(&json!({"sweep": {}}), "request").await.unwrap();
    assert_eq!(told(&world).await, BOB_FOR_ALICE);
}
