//! The number of AWS calls that each operation makes. Every further call would make somebody wait longer.

use std::collections::BTreeMap;

use sandbox::Members;
use sandbox::simulation::{Calls, Fault, Plan, Planned, Setup, Simulation};
use tests::{BEGIN, World, eventbridge, is_by, simulated_time};

/// The calls that a function has made since `before`, by operation.
fn made(world: &World, function: &str, before: usize) -> BTreeMap<String, usize> {
    let mut made = BTreeMap::new();
    for call in world.sandbox().calls().into_iter().skip(before).filter(|call| is_by(call, function)) {
        *made.entry(call.operation).or_default() += 1;
    }
    made
}

fn calls<const N: usize>(list: [(&str, usize); N]) -> BTreeMap<String, usize> {
    list.into_iter().map(|(operation, number)| (operation.to_owned(), number)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_starts_with_two_calls_shows_with_one_and_decides_with_eight() {
    let world = World::new().await;
    assert_eq!(made(&world, "callback", 0), calls([("GetPublicKey", 2)]), "the start, side by side");
    let (alice, bob) = world.ask().await;
    let before = world.sandbox().calls().len();
    world.get(&alice.approve).await;
    assert_eq!(made(&world, "callback", before), calls([("GetItem", 1)]), "a visit");

    let before = world.sandbox().calls().len();
    world.post(&alice.approve, &[("decision", "Approved")]).await;
    // The vote is sealed beside the read. Then vote and verdict, beside the session in the approver's name; CodePipeline; the
    // outcome: each must be done before the next begins. The event goes out beside the result, and is noted.
    let expected = calls([
        ("Sign", 1),
        ("GetItem", 1),
        ("AssumeRole", 1),
        ("PutApprovalResult", 1),
        ("PutEvents", 1),
        ("UpdateItem", 3),
    ]);
    assert_eq!(made(&world, "callback", before), expected, "a decision");

    let before = world.sandbox().calls().len();
    world.get(&alice.approve).await;
    let expected = calls([("GetItem", 1), ("AssumeRole", 1), ("ListActionExecutions", 1)]);
    assert_eq!(made(&world, "callback", before), expected, "the first visit that reads CodePipeline");

    let before = world.sandbox().calls().len();
    world.get(&alice.approve).await;
    let expected = calls([("GetItem", 1), ("ListActionExecutions", 1)]);
    assert_eq!(made(&world, "callback", before), expected, "a visit where the ledger has an outcome");

    let before = world.sandbox().calls().len();
    world.post(&bob.reject, &[("decision", "Rejected")]).await;
    assert_eq!(
        made(&world, "callback", before),
        calls([("Sign", 1), ("GetItem", 1), ("ListActionExecutions", 1)]),
        "too late"
    );
}

#[test]
fn the_callback_reads_its_two_keys_side_by_side() {
    simulated_time().block_on(async {
        let never = Planned { step: 1, fault: Fault::HangBefore, always: true };
        let plan = Plan { faults: vec![never], ..Plan::default() };
        let policy = "[default]\napprovers = [\"alice@example.com\"]".to_owned();
        let simulation =
            Simulation::start(Setup { policy, members: Members::default(), begin: BEGIN, seed: 1, plan, traced: true })
                .await
                .unwrap();
        simulation.visit("GET", simulation.url(), None).await;
        let steps = simulation.steps();
        let asked: Vec<_> = steps.iter().filter(|step| step.operation == "GetPublicKey").collect();
        assert!(asked.len() >= 2, "the second waits for the first: {asked:?}");
        assert_ne!(asked[0].attempts[0].request, asked[1].attempts[0].request);
    });
}

/// So that a decision awaits four calls one after another, of the eight that it makes: a vote is sealed beside the read, it
/// is written beside the session in which the result is put, and the event goes out and is noted beside the result and its
/// note.
#[test]
fn what_a_decision_needs_of_two_services_is_asked_side_by_side() {
    for (hangs, beside) in [
        ("Sign", "GetItem"),
        ("GetItem", "Sign"),
        ("AssumeRole", "UpdateItem"),
        ("UpdateItem", "AssumeRole"),
        ("PutApprovalResult", "PutEvents"),
        ("PutEvents", "PutApprovalResult"),
    ] {
        simulated_time().block_on(async {
            let world = World::simulated().await;
            let (alice, _) = world.ask().await;
            let before = world.calls(beside);
            world.fail(Calls::of(hangs), Fault::HangBefore);
            world.post(&alice.approve, &[("decision", "Approved")]).await;
            assert!(world.calls(beside) > before, "{beside} waits for {hangs}");
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_takes_fourteen_calls_and_five_for_each_approver_and_repeated_seven_and_three() {
    for (approvers, number) in [("a@example.com", 1), ("a@example.com, b@example.com, c@example.com", 3)] {
        let world = World::of(approvers, 1).await;
        // It notes the policy, once, and begins the session that reads, which lasts an hour.
        world.sweep().await.unwrap();
        let before = world.sandbox().calls().len();
        world.play(&eventbridge()).await;
        let expected = calls([
            ("GetParameter", 1),
            ("GetPipelineState", 1),
            ("ListActionExecutions", 1),
            ("GetPipeline", 1),
            ("GetPipelineExecution", 1),
            // What was released to the stage before, side by side.
            ("ListPipelineExecutions", 2),
            // Whether the request exists already, and whether the approval ended while the emails went out. Beside them,
            // whether the policy has changed.
            ("GetItem", 3),
            ("TransactWriteItems", 1),
            // Each delivery is claimed, and marked as sent. The event for others goes out beside them, and is noted.
            ("UpdateItem", 2 * number + 1),
            ("PutEvents", 1),
            // The request is sealed, and each approver has two links.
            ("Sign", 1 + 2 * number),
            // Once in the life of a function: nothing is read from the ledger but what a key of ours has sealed.
            ("GetPublicKey", 1),
            ("SendRawEmail", number),
        ]);
        assert_eq!(made(&world, "notifier", before), expected, "{number}");

        let before = world.sandbox().calls().len();
        world.play(&eventbridge()).await;
        let repeated = calls([
            ("GetParameter", 1),
            ("GetPipelineState", 1),
            ("ListActionExecutions", 1),
            ("GetPipeline", 1),
            ("GetPipelineExecution", 1),
            // The request, the record of the policy, and for each approver the delivery, which cannot be claimed either as new
            // or as lapsed.
            ("GetItem", 2 + number),
            ("UpdateItem", 2 * number),
        ]);
        assert_eq!(made(&world, "notifier", before), repeated, "{number}, repeated");
    }
}
