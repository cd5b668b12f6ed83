//! A thousand pipelines, and a CodePipeline that throttles.

use sandbox::codepipeline::{ApprovalAction, ExecutionMode};
use sandbox::simulation::{Calls, Fault, Function};
use serde_json::Value;
use tests::{World, by_a_developer, service};

/// The quota of a region.
const PIPELINES: usize = 1000;

fn name(number: usize) -> String {
    format!("service-{number:04}")
}

/// A world with a thousand pipelines.
async fn thousand() -> World {
    let world = World::simulated().await;
    for number in 0..PIPELINES {
        let pipeline = service(&name(number), ExecutionMode::Superseded, ApprovalAction::default());
        world.aws().codepipeline.create(pipeline).unwrap();
    }
    world
}

/// Starts these pipelines, and waits for what follows.
async fn start(world: &World, numbers: impl Iterator<Item = usize>) {
    for number in numbers {
        world.aws().codepipeline.start(&name(number), by_a_developer()).unwrap();
    }
    world.settle().await;
}

/// Has approvals of these pipelines wait, of which the notifier never hears.
async fn wait_unheard(world: &World, numbers: impl Iterator<Item = usize>) {
    world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
    start(world, numbers).await;
    world.heal();
}

/// Has a round run to its end, and returns the number of its parts at first, and how long it took in seconds.
async fn round(world: &World) -> (u64, f64) {
    let (failures, began) = (world.failures().len(), tokio::time::Instant::now());
    let report = world.play(&serde_json::json!({"round": {}})).await;
    assert_eq!(report["results"][0]["places"], 1, "{report}");
    world.settle().await;
    assert_eq!(world.failures()[failures..], [""; 0], "no part fails, and none takes too long");
    (report["results"][0]["parts"].as_u64().unwrap(), began.elapsed().as_secs_f64())
}

/// Sweeps, without an error. Returns how many pipelines were left, how long it took in seconds, and how many calls it made
/// to CodePipeline in each of them.
async fn sweep(world: &World) -> (u64, f64, f64) {
    let reads = |world: &World| {
        let calls = world.aws().calls();
        calls.iter().filter(|call| call.service == "codepipeline").count()
    };
    let (before, began) = (reads(world), tokio::time::Instant::now());
    let report = world.sweep().await.unwrap();
    let took = began.elapsed().as_secs_f64();
    let left: &Value = &report["results"][0]["left"];
    (left.as_u64().unwrap(), took, (reads(world) - before) as f64 / took)
}

#[tokio::test(start_paused = true)]
async fn a_sweep_looks_at_a_thousand_pipelines_and_throttles_nobody() {
    let world = thousand().await;
    let unheard = [0, 17, 500, 998, 999];
    wait_unheard(&world, unheard.into_iter()).await;
    world.aws().codepipeline.throttle(50, 5);
    let (left, took, rate) = sweep(&world).await;
    assert_eq!((left, world.aws().codepipeline.throttled()), (0, 0), "{took} s, {rate} calls a second");
    assert!(took < 240.0 && rate < 5.5, "{took} s, {rate} calls a second");
    assert_eq!(world.requests().await.len(), 2 * unheard.len());
}

#[tokio::test(start_paused = true)]
async fn with_a_hundred_approvals_that_wait_a_round_takes_several_parts_and_reaches_all() {
    let world = thousand().await;
    start(&world, (0..100).map(|number| number * 10)).await;
    assert_eq!(world.requests().await.len(), 200);
    wait_unheard(&world, [3, 503, 997, 998, 999].into_iter()).await;
    world.aws().codepipeline.throttle(50, 5);
    let (parts, took) = round(&world).await;
    assert_eq!(world.requests().await.len(), 210);
    assert!(parts == 4 && took < 600.0, "{parts} parts, {took} s");
    assert_eq!(world.aws().codepipeline.throttled(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_others_use_up_the_rate_every_pipeline_has_its_turn_within_hours() {
    let world = thousand().await;
    let unheard: Vec<usize> = (0..PIPELINES).step_by(97).collect();
    wait_unheard(&world, unheard.iter().copied()).await;
    // A burst of one, and one call a second: a fifth of what a sweep wants.
    world.aws().codepipeline.throttle(1, 1);
    let (_, took) = round(&world).await;
    assert!((1_000.0..3_600.0).contains(&took), "{took} s: in many parts");
    let asked = world.requests().await.len();
    assert!(
        asked >= 2 * unheard.len() - 4,
        "{asked}: one that is throttled time and again does not keep the rest waiting"
    );
    round(&world).await;
    assert_eq!(world.requests().await.len(), 2 * unheard.len());
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_time_and_again_leaves_its_rest_once() {
    let world = thousand().await;
    wait_unheard(&world, [3].into_iter()).await;
    world.aws().codepipeline.throttle(1, 1);
    // Whoever asks about it fails, every time.
    world.fail(Calls::of("GetPipeline"), Fault::Denied);
    let sent = |world: &World| world.aws().calls().iter().filter(|call| call.operation == "SendMessageBatch").count();
    let (before, failed, given_up) = (sent(&world), world.failures().len(), world.given_up());
    world.play(&serde_json::json!({"round": {}})).await;
    world.settle().await;
    let parts = sent(&world) - before;
    assert!(
        (3..=12).contains(&parts),
        "{parts} parts, each left once, where its five tries would leave five times as many"
    );
    let failures = world.failures().split_off(failed);
    assert_eq!(failures.len(), 5, "{failures:?}");
    assert_eq!(world.given_up(), given_up + 1, "the part that failed");
}

#[tokio::test(start_paused = true)]
async fn the_doctor_says_how_long_a_round_takes() {
    let world = thousand().await;
    let report = world.invoke(serde_json::json!({"doctor": {}})).await.unwrap();
    let text = report.to_string();
    assert!(
        text.contains("the sweep looks at all 1000 pipelines every hour, which takes 192 seconds or more"),
        "{text}"
    );
}
