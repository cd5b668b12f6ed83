//! Races between last votes, a thousand times on threads: there is one outcome, and every page shows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tests::{ALICE, BOB, Page, World, changed, eventbridge};
use tokio::task::JoinSet;

const CAROL: &str = "carol@example.com";
/// A thousand rounds in all: each thread has this many worlds, one after the other, with this many rounds each.
const THREADS: usize = 4;
const WORLDS: usize = 10;
const ROUNDS: usize = 25;

/// The votes at the same moment, and whether Alice has approved before. Two of three must approve.
const GAMES: [(bool, &[(&str, &str)]); 4] = [
    (false, &[(ALICE, "Approved"), (BOB, "Approved")]),
    (true, &[(BOB, "Approved"), (CAROL, "Rejected")]),
    (true, &[(BOB, "Approved"), (CAROL, "Approved")]),
    (true, &[(ALICE, "Rejected"), (BOB, "Approved"), (CAROL, "Approved")]),
];

/// The link for this decision in the pipeline's email to this address.
fn link(world: &World, pipeline: &str, address: &str, decision: &str) -> String {
    let subject = format!("Approval needed: {pipeline} / MyApprovalStage / MyApprovalAction");
    let mails = world.aws().ses.mails();
    let mail = mails.iter().find(|mail| mail.to.contains(address) && mail.subject == subject).unwrap();
    let mut links = mail.text.split_whitespace().filter(|word| word.contains("/approval?t="));
    links.nth(usize::from(decision == "Rejected")).unwrap().to_owned()
}

/// Plays one round and returns how it ended: `approved` or `rejected`.
async fn play(world: &Arc<World>, round: usize) -> &'static str {
    let pipeline = format!("pipeline-{round}");
    let event = changed(eventbridge(), "/detail/pipeline", json!(pipeline));
    let event = changed(event, "/detail/execution-id", json!(format!("12345678-1234-5678-abcd-{round:012}")));
    world.play(&event).await;
    let (alice_first, presses) = GAMES[round % GAMES.len()];
    if alice_first {
        let page = world.press(&link(world, &pipeline, ALICE, "Approved"), "").await;
        assert_eq!(page.title(), "Your vote has been recorded");
    }
    let mut links = Vec::new();
    for (address, decision) in presses {
        links.push((link(world, &pipeline, address, decision), *decision));
    }
    let mut visits = JoinSet::new();
    for (link, decision) in links.clone() {
        let world = Arc::clone(world);
        visits.spawn(async move { (decision, world.post(&link, &[("decision", decision)]).await) });
    }
    // In some rounds, the sweep or an early event about the end runs at the same time.
    let beside = tokio::spawn({
        let (world, ended) = (Arc::clone(world), changed(event, "/detail/state", json!("SUCCEEDED")));
        async move {
            match round % 10 {
                3 | 7 => drop(world.sweep().await),
                5 => drop(world.event(&ended).await),
                _ => {}
            }
        }
    });
    let pages: Vec<(&str, Page)> = visits.join_all().await;
    beside.await.unwrap();

    let state = world.state_of(&pipeline, "MyApprovalStage", "MyApprovalAction").await;
    let (ended, other) = match state["status"].as_str().unwrap() {
        "Succeeded" => ("approved", "rejected"),
        "Failed" => ("rejected", "approved"),
        status => panic!("round {round} left it {status}"),
    };
    let mut recorded = 0;
    for (decision, page) in &pages {
        let (title, seen) = (page.title(), format!("round {round}, {decision}: {} {}", page.status, page.title()));
        assert!(!title.ends_with(other), "{seen}, and it was {ended}");
        match page.status {
            200 if title == "Your vote has been recorded" => {
                assert!(*decision == "Approved" && page.body.contains("1 of 2 approvals received."), "{seen}");
                recorded += 1;
            }
            200 => assert_eq!((title.ends_with(ended), *decision), (true, word(ended)), "{seen}"),
            409 => assert!(title.ends_with(&format!("already {ended}")), "{seen}"),
            _ => panic!("{seen}: {}", page.body),
        }
    }
    assert!(recorded < pages.len(), "round {round}: the deciding vote did not show the outcome");
    // From now on every link shows the result that CodePipeline holds.
    let summary = state["summary"].as_str().unwrap();
    let by = state["lastUpdatedBy"].as_str().unwrap();
    let name = by.strip_prefix("arn:aws:sts::123456789012:assumed-role/countersign-decide/").expect(by);
    assert!(summary.contains(name), "round {round}: {summary}, in the name of {name}");
    assert!(summary.starts_with(&format!("{} through Countersign by ", word(ended))), "round {round}: {summary}");
    for (link, decision) in links {
        let page = world.get(&link).await;
        assert!(page.title().ends_with(ended), "round {round}, {decision}: {}", page.title());
        let deciding = |address: &&str| page.body.contains(&format!("{address}: {}", word(ended)));
        let listed: Vec<&str> = [ALICE, BOB, CAROL].into_iter().filter(deciding).collect();
        assert!(!listed.is_empty(), "round {round}: {}", page.body);
        for address in listed {
            assert!(summary.contains(address), "round {round}: {address} is on the page and not in {summary}");
        }
    }
    ended
}

fn word(ended: &str) -> &'static str {
    if ended == "approved" { "Approved" } else { "Rejected" }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_races_of_last_votes_have_one_outcome_each_and_no_wrong_page() {
    let mut threads = JoinSet::new();
    for _ in 0..THREADS {
        threads.spawn(async move {
            let mut endings = BTreeSet::new();
            for _ in 0..WORLDS {
                let world = Arc::new(World::of(&format!("{ALICE}, {BOB}, {CAROL}"), 2).await);
                for round in 0..ROUNDS {
                    endings.insert(play(&world, round).await);
                }
                world.settle().await;
                world.advance(time::Duration::hours(1)).await;
                let swept = world.sweep().await.unwrap();
                assert_eq!(swept["results"][0]["looked"], 0, "nothing is left to do: {swept}");
                assert_eq!(world.outcomes().await.len(), ROUNDS * 3, "one outcome email to each approver");
            }
            endings
        });
    }
    let endings: BTreeSet<&str> = threads.join_all().await.into_iter().flatten().collect();
    assert_eq!(endings.into_iter().collect::<Vec<_>>(), ["approved", "rejected"], "both were won");
}
