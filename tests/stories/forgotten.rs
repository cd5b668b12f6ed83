//! Valid links to requests that the ledger no longer has. Every path of the callback answers with the same page.

use sandbox::simulation::{Answer, Fault, Function, Plan, Planned, Setup, Simulation, Step};
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::{ALICE, BEGIN, World, by_a_developer, links_of, service, simulated_time};

const TITLE: &str = "<title>This approval is no longer on record</title>";

#[tokio::test(flavor = "multi_thread")]
async fn every_visit_to_a_request_that_the_ledger_lacks_says_that_it_is_forgotten() {
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
            ("a vote resumed", vec![("decision", decision), ("finish", "yes")]),
        ] {
            let page = world.post(&link, &form).await;
            assert_eq!(page.status, 410, "{decision}, {what}: {}", page.title());
            assert!(page.body.contains(TITLE), "{decision}, {what}: {}", page.title());
        }
        let page = world.get(&link).await;
        assert_eq!(page.status, 410, "{decision}, opened: {}", page.title());
        assert!(page.body.contains(TITLE), "{decision}, opened: {}", page.title());
    }
    assert_eq!(world.calls("PutApprovalResult"), 0);
}

/// A simulation with a request to Alice, and the link that approves.
async fn asked(plan: Plan) -> (Simulation, String) {
    let policy = format!("[default]\napprovers = [\"{ALICE}\"]");
    let setup = Setup { policy, begin: BEGIN, seed: 1, plan, traced: true };
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

/// The callback's call that writes the verdict: the second update, after the vote's.
fn verdict(steps: &[Step]) -> Option<&Step> {
    let mut updates = steps.iter().filter(|step| step.function == Function::Callback && step.operation == "UpdateItem");
    updates.nth(1)
}

/// Deletes the item that a call names, as the notifier, which the table's policy lets.
async fn delete_item(simulation: &Simulation, step: &Step) {
    let update: Value = serde_json::from_slice(&step.attempts[0].request).unwrap();
    let input = json!({"TableName": update["TableName"], "Key": update["Key"]});
    let headers = [
        ("x-amz-target", "DynamoDB_20120810.DeleteItem"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=AKIASANDBOXNOTIFIER/20261120/us-east-2/dynamodb/aws4_request"),
    ];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).into_iter().collect();
    let answer = simulation.aws().handle("POST", "/", &headers, input.to_string().into()).await;
    assert!(answer.status().is_success(), "{}", answer.status());
}

#[test]
fn a_request_that_vanishes_between_vote_and_verdict_is_forgotten() {
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
        assert_eq!(answer.status, 410, "{}", answer.body);
        assert!(answer.body.contains(TITLE), "{}", answer.body);
        assert!(simulation.steps().iter().all(|step| step.operation != "PutApprovalResult"));
    });
}
