//! The sandbox's clock: what time brings about happens at its time, however far the clock is moved at once.

use sandbox::codepipeline::ExecutionMode;
use serde_json::{Value, json};
use tests::{ALICE, Mail, World, eventbridge};
use time::Duration;

/// Moves the clock as a visitor does.
async fn move_on(world: &World, hours: &str) {
    assert_eq!(world.post(&world.url("/clock"), &[("hours", hours)]).await.status, 303);
}

/// Plays the default event and returns Alice's email.
async fn ask(world: &World) -> Mail {
    world.play(&eventbridge()).await;
    world.mail_to(ALICE).await
}

/// The emails to Alice: when each was sent, to the minute, and how its subject or its text begins.
fn letters(world: &World) -> Vec<(String, String)> {
    let mails = world.aws().ses.mails();
    let to_alice = mails.iter().filter(|mail| mail.to == ALICE);
    to_alice
        .map(|mail| {
            let words: Vec<&str> = mail.text.split_whitespace().take(4).collect();
            (mail.date[..16].to_owned(), words.join(" "))
        })
        .collect()
}

fn expected(letters: &[(&str, &str)]) -> Vec<(String, String)> {
    letters.iter().map(|(date, words)| ((*date).to_owned(), (*words).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_and_the_end_of_an_approval_come_at_their_times() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\"]\nremind = [\"3d\", \"150m\"]")).await;
    let alice = ask(&world).await;
    let execution = world.execution().await;
    // Ten days, and as much more as can be: once nothing waits, nothing is left to happen.
    move_on(&world, "240").await;
    move_on(&world, "65535").await;
    let dates = [
        ("2026-11-20T09:25", "Release MyFirstPipeline to MyApprovalStage"),
        ("2026-11-24T09:25", "3 days left. Release"),
        ("2026-11-27T07:25", "2 hours left. Release"),
        ("2026-11-27T09:25", "MyFirstPipeline was not approved"),
    ];
    assert_eq!(letters(&world), expected(&dates));

    let report = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    let outcome = &report["results"][0]["approvals"][0]["outcome"];
    assert_eq!((&outcome["ending"], &outcome["at"]), (&json!("expired"), &json!("2026-11-27T09:25:00Z")), "{outcome}");
    assert_eq!(world.get(&alice.approve).await.status, 410);

    // CodePipeline's own account of it, which anybody may have asked for meanwhile or not.
    let deadline = json!(1_795_771_500.0);
    assert_eq!(world.approval_state().await["lastStatusChange"], deadline);
    let list = world.codepipeline("ListPipelineExecutions", json!({"pipelineName": "MyFirstPipeline"})).await.unwrap();
    assert_eq!(list["pipelineExecutionSummaries"][0]["lastUpdateTime"], deadline);
    assert_eq!(world.execution_status("MyFirstPipeline", &execution).await, "Failed");
    assert!(world.failures().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_in_the_queue_is_asked_when_the_one_before_it_has_expired() {
    let world = World::of(ALICE, 1).await;
    world.service(ExecutionMode::Queued);
    for _ in 0..2 {
        world.start_as("arn:aws:iam::123456789012:user/dev").await;
    }
    move_on(&world, "360").await;
    let dates = [
        ("2026-11-20T09:25", "Release service to Prod"),
        ("2026-11-27T09:25", "service was not approved"),
        ("2026-11-27T09:25", "Release service to Prod"),
        ("2026-12-04T09:25", "service was not approved"),
    ];
    let mut letters = letters(&world);
    // Two events of one moment.
    letters.sort_by_key(|(date, words)| (date.clone(), !words.contains("was not")));
    assert_eq!(letters, expected(&dates));
    assert!(world.failures().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_moved_by_less_than_an_hour_brings_no_sweep() {
    let world = World::of(ALICE, 1).await;
    ask(&world).await;
    let before = world.calls("ListPipelines");
    world.advance(Duration::minutes(59)).await;
    assert_eq!(world.calls("ListPipelines"), before);
    world.advance(Duration::minutes(150)).await;
    assert_eq!(world.calls("ListPipelines"), before + 3, "after 30, 90 and 150 minutes");
}

#[tokio::test(start_paused = true)]
async fn simulated_time_keeps_the_same_times() {
    let world = World::simulated_under(&format!("[default]\napprovers = [\"{ALICE}\"]\nremind = \"24h\"")).await;
    ask(&world).await;
    world.advance(Duration::days(9)).await;
    let dates: Vec<String> = letters(&world).into_iter().map(|(date, _)| date).collect();
    assert_eq!(dates, ["2026-11-20T09:25", "2026-11-26T09:25", "2026-11-27T09:25"]);
    let history: Value = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    let at = history["results"][0]["approvals"][0]["outcome"]["at"].as_str().unwrap().to_owned();
    assert!(at.starts_with("2026-11-27T09:25:00"), "{at}");
}
