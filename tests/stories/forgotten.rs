//! Valid links to requests that the ledger does not have. Every path of the callback answers with the same page: it is
//! going to be asked for anew.

use sandbox::simulation::{Answer, Fault, Function, Plan, Planned, Setup, Simulation, Step};
use sandbox::{Members, NOTIFIER_KEY};
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::{ALICE, BEGIN, World, by_a_developer, links_of, service, simulated_time};

const TITLE: &str = "<title>Please try again in a minute</title>";

#[tokio::test(flavor = "multi_thread")]
async fn every_visit_to_a_request_that_the_ledger_lacks_is_asked_to_try_again() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    for (email_link, decision) in [(&alice.approve, "Approved"), (&alice.reject, "Rejected")] {
        let parts = Parts::of(email_link);
        let link = parts.clone().claim("token", json!("unknown-to-the-ledger")).signed(&world, &parts.key());
        let too_long = "x".repeat(513);
        for (what, form) in [
            ("the button pressed", vec![("decision", decision)]),
            ("the button pressed, with a comment", vec![("decision", decision), ("comment", "fine")]),
            ("the button pressed, with too long a comment", vec![("decision", decision), ("comment", &too_long)]),
            ("the button not pressed", vec![]),
        ] {
            let page = world.post(&link, &form).await;
            assert_eq!(page.status, 503, "{decision}, {what}: {}", page.title());
            assert!(page.body.contains(TITLE), "{decision}, {what}: {}", page.title());
        }
        let page = world.get(&link).await;
        assert_eq!(page.status, 503, "{decision}, opened: {}", page.title());
        assert!(page.body.contains(TITLE), "{decision}, opened: {}", page.title());
    }
    assert_eq!(world.calls("PutApprovalResult"), 0);
}

/// A simulation with a request to Alice, and the link that approves.
async fn asked(plan: Plan) -> (Simulation, String) {
    let policy = format!("[default]\napprovers = [\"{ALICE}\"]");
    let setup = Setup { policy, members: Members::default(), begin: BEGIN, seed: 1, plan, traced: true };
    let simulation = Simulation::start(setup).await.unwrap();
    let pipeline = service("service", sandbox::codepipeline::ExecutionMode::Queued, Default::default());
    simulation.aws().codepipeline.create(pipeline).unwrap();
    simulation.aws().codepipeline.start("service", by_a_developer()).unwrap();
    simulation.settle().await;
    let mails = simulation.aws().ses.mails();
    let link = links_of(&mails[0].text)[0].to_owned();
    (simulation, link)
}

async fn approve(simulation: &Simulation, link: &str) -> Answer {
    simulation.visit("POST", link, Some(&[("decision", "Approved")])).await
}

/// The callback's call that writes vote and verdict.
fn verdict(steps: &[Step]) -> Option<&Step> {
    steps.iter().find(|step| step.function == Function::Callback && step.operation == "UpdateItem")
}

/// Deletes the item that a call names, as the notifier, which the table's policy lets.
async fn delete_item(simulation: &Simulation, step: &Step) {
    let update: Value = serde_json::from_slice(&step.attempts[0].request).unwrap();
    let input = json!({"TableName": update["TableName"], "Key": update["Key"]});
    simulation.aws().ask(NOTIFIER_KEY, "DynamoDB_20120810.DeleteItem", &input).await.unwrap();
}

#[test]
fn a_request_that_vanishes_before_its_vote_is_written_is_asked_for_again() {
    // The same seed makes the same calls: the first run finds the one that writes the verdict.
    let step = simulated_time().block_on(async {
        let (simulation, link) = asked(Plan::default()).await;
        assert_eq!(approve(&simulation, &link).await.status, 200);
        verdict(&simulation.steps()).unwrap().number
    });
    simulated_time().block_on(async {
        // The first attempt is lost on the way. Before the second, the request is deleted.
        let faults = vec![Planned { step, fault: Fault::HangBefore, always: false }];
        let (simulation, link) = asked(Plan { faults, outage: None }).await;
        let deleted = async {
            while verdict(&simulation.steps()).is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            delete_item(&simulation, verdict(&simulation.steps()).unwrap()).await;
        };
        let (answer, ()) = tokio::join!(approve(&simulation, &link), deleted);
        assert_eq!(verdict(&simulation.steps()).unwrap().attempts.len(), 2, "lost once, then repeated");
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.body.contains(TITLE), "{}", answer.body);
        assert!(simulation.steps().iter().all(|step| step.operation != "PutApprovalResult"));
    });
}
