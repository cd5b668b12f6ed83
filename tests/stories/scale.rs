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
async fn with_a_hundred_approvals_that_wait_the_next_sweep_goes_on_where_this_one_stopped() {
    let world = thousand().await;
    start(&world, (0..100).map(|number| number * 10)).await;
    assert_eq!(world.requests().await.len(), 200);
    wait_unheard(&world, [3, 503, 997, 998, 999].into_iter()).await;
    world.aws().codepipeline.throttle(50, 5);
    let (left, took, rate) = sweep(&world).await;
    assert!(left > 0 && took < 300.0 && rate < 5.5, "{left} left, {took} s, {rate} calls a second");
    assert!(world.requests().await.len() < 210, "the last ones are not reached");
    world.advance(time::Duration::minutes(50)).await;
    let (_, took, _) = sweep(&world).await;
    assert!(took < 300.0, "{took} s");
    assert_eq!(world.requests().await.len(), 210);
}

#[tokio::test(start_paused = true)]
async fn where_others_use_up_the_rate_every_pipeline_has_its_turn_within_hours() {
    let world = thousand().await;
    let unheard: Vec<usize> = (0..PIPELINES).step_by(97).collect();
    wait_unheard(&world, unheard.iter().copied()).await;
    // A burst of one, and one call a second: a fifth of what a sweep wants.
    world.aws().codepipeline.throttle(1, 1);
    let mut hours = 0;
    while world.requests().await.len() < 2 * unheard.len() {
        assert!(hours < 24, "{} of {} asked about", world.requests().await.len() / 2, unheard.len());
        let (left, took, _) = sweep(&world).await;
        assert!(left > 0 && took < 300.0, "{left} left, {took} s");
        world.advance(time::Duration::minutes(50)).await;
        hours += 1;
    }
    assert!(hours > 1);
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
