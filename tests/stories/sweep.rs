//! The hourly sweep: it finishes what a crash left undone, and repeats nothing.

use sandbox::codepipeline::ExecutionMode;
use sandbox::simulation::{Calls, Fault, Function};
use serde_json::json;
use time::Duration;

use tests::forge::Parts;
use tests::ledger_writer::REQUEST;
use tests::{ALICE, BOB, World, by_a_developer, eventbridge};

/// The most calls that a function makes before it is killed: more than any invocation makes here.
const MAX_CALLS: usize = 60;

/// Asserts that everybody got one request and one outcome, and that CodePipeline holds the votes' result.
async fn assert_all_is_well(world: &World, step: &str) {
    assert_eq!(world.approval_state().await["status"], "Succeeded", "{step}");
    assert_eq!(
        world.approval_state().await["summary"],
        "Approved through Countersign by alice@example.com, bob@example.com. alice@example.com: \"first\" bob@example.com: \"second\"",
        "{step}"
    );
    for (kind, mails) in [("requests", world.requests().await), ("outcomes", world.outcomes().await)] {
        let mut recipients: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        recipients.sort_unstable();
        assert_eq!(recipients, [ALICE, BOB], "{kind} after a death at {step}");
    }
    // The first vote has a receipt; the second one settles it.
    assert_eq!((world.receipts().await.len(), world.mails().await.len()), (1, 5), "{step}");
}

#[tokio::test(start_paused = true)]
async fn one_sweep_finishes_after_the_callback_died_at_any_step() {
    for calls in 0..MAX_CALLS {
        let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
        let (alice, bob) = world.ask().await;
        assert_eq!(world.press(&alice.approve, "first").await.status, 200);
        // The deciding vote, whose visit is killed after this many calls.
        world.fail(Calls::by(Function::Callback).skip(calls), Fault::KilledBefore);
        world.post(&bob.approve, &[("decision", "Approved"), ("comment", "second")]).await;
        world.heal();
        world.settle().await;
        // It is sealed beside the read of the request, and then written, beside the session that is to put the result.
        let voted = calls > 3;
        if voted {
            world.advance(Duration::hours(1)).await;
            assert_all_is_well(&world, &format!("call {calls} of the callback")).await;
        } else {
            assert_eq!(world.approval_state().await["status"], "InProgress", "no vote, no end");
        }
        assert!(world.failures().is_empty(), "{:?}", world.failures());
        if !world.has_died() {
            assert!(calls >= 5, "the last step was reached");
            return;
        }
    }
    panic!("a decision never ended");
}

#[tokio::test(start_paused = true)]
async fn one_sweep_finishes_after_the_notifier_died_at_any_step() {
    for calls in 0..MAX_CALLS {
        let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
        let (alice, bob) = world.ask().await;
        world.press(&alice.approve, "first").await;
        world.settle().await;
        // The notifier is killed after this many calls for the event about the end.
        world.fail(Calls::by(Function::Notifier).skip(calls), Fault::KilledBefore);
        world.press(&bob.approve, "second").await;
        world.settle().await;
        world.heal();
        // If SES accepted an email and the notifier was killed before it could mark it, the sweep sends it again:
        // without an answer, delivery is at least once. This happens at about every other step.
        let sends = world.outcomes().await.len();
        let marked = world.marked("outcome").await;
        world.advance(Duration::hours(1)).await;
        if sends == marked {
            assert_all_is_well(&world, &format!("call {calls} of the notifier")).await;
        } else {
            assert_eq!(world.outcomes().await.len(), 2 + sends - marked, "call {calls} of the notifier");
        }
        if !world.has_died() {
            assert!(calls >= 8, "the last step was reached");
            return;
        }
    }
    panic!("the notifier never got to the end");
}

#[tokio::test(start_paused = true)]
async fn the_sweep_sends_the_requests_that_a_dead_notifier_did_not_send() {
    for calls in 0..MAX_CALLS {
        let world = World::simulated().await;
        world.fail(Calls::by(Function::Notifier).skip(calls), Fault::KilledBefore);
        let (status, _) = world.event(&eventbridge()).await;
        world.heal();
        let (sent, marked) = (world.requests().await.len(), world.marked("request").await);
        world.advance(Duration::hours(1)).await;
        let mut asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
        asked.sort();
        asked.dedup();
        assert_eq!(asked, [ALICE, BOB], "call {calls}");
        assert_eq!(world.requests().await.len(), 2 + sent - marked, "call {calls}");
        if status == 200 {
            assert!(calls >= 10, "the last step was reached");
            return;
        }
    }
    panic!("asking never ended");
}

#[tokio::test(start_paused = true)]
async fn the_sweep_sends_requests_if_the_event_was_lost() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        let world = World::simulated().await;
        world.service(mode);
        // The notifier dies on every event about the approval.
        world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
        world.start_as("arn:aws:iam::123456789012:user/dev").await;
        assert!(world.mails().await.is_empty());
        world.heal();
        let report = world.sweep().await.unwrap();
        assert_eq!(report["results"][0]["asked"], 2, "{mode:?}");
        let mail = world.mail_to(ALICE).await;
        assert!(mail.text.contains("> user/dev"), "{}", mail.text);
        // The next sweep sends no second request, even if CodePipeline does not show the token.
        let report = world.sweep().await.unwrap();
        let swept = &report["results"][0];
        assert_eq!((&swept["asked"], &swept["looked"]), (&json!(0), &json!(1)), "{mode:?}");
        assert_eq!(world.press(&mail.approve, "").await.title(), "service was approved", "{mode:?}");
        world.settle().await;
        assert_eq!(world.outcomes().await.len(), 2, "{mode:?}");
        let swept = world.sweep().await.unwrap();
        assert_eq!(swept["results"][0]["looked"], 0, "nothing is left to look after: {swept}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_sweep_sends_outcomes_if_the_event_was_lost() {
    let world = World::simulated().await;
    world.ask().await;
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": "Rejected", "summary": "console says no"},
    });
    world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.heal();
    assert!(world.outcomes().await.is_empty());
    world.advance(Duration::hours(1)).await;
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes[0].text.contains("> console says no"), "{}", outcomes[0].text);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_the_sweep_completes_keeps_voters_and_times() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult"), Fault::KilledBefore);
    world.post(&alice.approve, &[("decision", "Approved"), ("comment", "at nine")]).await;
    world.heal();
    world.advance(Duration::hours(3)).await;
    let page = world.get(&alice.approve).await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
    assert!(page.body.contains("Approved, 20 November 2026, 09:25 UTC"), "the vote keeps its time: {}", page.body);
    assert_eq!(
        world.approval_state().await["summary"],
        "Approved through Countersign by alice@example.com. \"at nine\""
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_to_finish_votes_for_nobody() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    // An order signed by our own key for this very request, as the sweep makes it when the votes decide.
    let mut order = Parts::of(&alice.approve).head("typ", json!("finish+jwt"));
    for claim in ["sub", "jti", "decision"] {
        order = order.without(claim);
    }
    let order = order.signed(&world, &order.key());
    let page = world.post(&order, &[]).await;
    assert_eq!((page.status, world.approval_state().await["status"].as_str()), (200, Some("InProgress")));
    // No button is pressed with it, and it shows nothing.
    for page in [world.get(&order).await, world.post(&order, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (400, "This link does not work"));
    }
    // A link is no order.
    let page = world.post(&alice.reject, &[]).await;
    assert_eq!(page.status, 400, "the button was not pressed");
    assert_eq!(world.approval_state().await["status"], "InProgress");
}

#[tokio::test(start_paused = true)]
async fn a_quorum_reached_in_time_counts_after_the_links_have_expired() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nexpires = \"30m\"");
    let world = World::simulated_under(&policy).await;
    let (alice, _) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult"), Fault::KilledBefore);
    world.post(&alice.approve, &[("decision", "Approved")]).await;
    world.heal();
    world.advance(Duration::hours(1)).await;
    assert_eq!(world.approval_state().await["status"], "Succeeded");
    assert_eq!(world.outcomes().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn everybody_who_may_have_got_a_request_gets_the_outcome_whatever_died() {
    for calls in 0..MAX_CALLS {
        let world = World::simulated().await;
        world.fail(Calls::by(Function::Notifier).skip(calls), Fault::KilledBefore);
        let (status, _) = world.event(&eventbridge()).await;
        world.heal();
        // The approval ends while the notifier fails, so that only the sweep can send the outcome.
        let input = json!({
            "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
            "token": world.approval_state().await["token"], "result": {"status": "Approved", "summary": "by hand"},
        });
        world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
        world.codepipeline("PutApprovalResult", input).await.unwrap();
        world.heal();
        world.advance(Duration::hours(1)).await;
        let recipients: Vec<String> = world.outcomes().await.into_iter().map(|mail| mail.to).collect();
        for asked in world.requests().await {
            assert_eq!(
                recipients.iter().filter(|recipient| **recipient == asked.to).count(),
                1,
                "call {calls}: {}",
                asked.to
            );
        }
        if status == 200 {
            return;
        }
    }
    panic!("asking never ended");
}

#[tokio::test(start_paused = true)]
async fn the_sweep_leaves_undecided_votes_alone() {
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, _) = world.ask().await;
    world.press(&alice.approve, "").await;
    let before = world.calls_by("callback");
    world.advance(Duration::hours(5)).await;
    assert_eq!(world.calls_by("callback"), before, "the sweep pressed nothing");
    assert_eq!(world.approval_state().await["status"], "InProgress");
}

#[tokio::test(start_paused = true)]
async fn one_failure_does_not_stop_the_rest_of_the_sweep() {
    let world = World::simulated().await;
    world.service(ExecutionMode::Queued);
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    world.start_as("arn:aws:iam::123456789012:user/dev").await;
    world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
    world.event(&eventbridge()).await;
    world.heal();
    world.fail(Calls::of("GetPipelineState").take(1), Fault::Denied);
    let error = world.sweep().await.unwrap_err();
    for words in ["codepipeline:GetPipelineState: AccessDeniedException", "ses:SendRawEmail: MessageRejected"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    world.sweep().await.unwrap_err();
    let alices: Vec<_> = world.requests().await.into_iter().filter(|mail| mail.to == ALICE).collect();
    assert_eq!(alices.len(), 2, "Alice was asked for both");
    world.aws().ses.accept(BOB);
    world.sweep().await.unwrap();
    assert_eq!(world.requests().await.len(), 4);
}

/// Of a pipeline in PARALLEL mode, the state shows nothing that waits.
#[tokio::test(start_paused = true)]
async fn an_approval_is_found_behind_hundreds_of_later_runs() {
    for all_is_gone in [true, false] {
        let world = World::simulated().await;
        world.service(ExecutionMode::Parallel);
        let first = world.start_as("arn:aws:iam::123456789012:user/dev").await;
        for item in world.ledger().items().await {
            if all_is_gone || item["sk"]["S"] == REQUEST {
                world.ledger().delete(&item).await;
            }
        }
        // Nobody hears of the others, and each is stopped, so that no more are under way than CodePipeline allows.
        world.fail(Calls::by(Function::Notifier), Fault::KilledBefore);
        for _ in 0..260 {
            let other = world.aws().codepipeline.start("service", by_a_developer()).unwrap();
            let stop = json!({"pipelineName": "service", "pipelineExecutionId": other, "abandon": true});
            world.codepipeline("StopPipelineExecution", stop).await.unwrap();
        }
        world.settle().await;
        world.heal();
        let asked = world.requests().await.len();
        world.advance(Duration::hours(1)).await;
        let anew = world.requests().await.split_off(asked);
        assert_eq!(anew.len(), 2, "both approvers");
        assert!(anew[0].text.contains(&first), "{}", anew[0].text);
        let items = world.ledger().items().await;
        assert!(items.iter().any(|item| item["pk"]["S"] == "OPEN"), "it is open, so that reminders come");
    }
}

/// The account's quota was raised, and the setting was not.
#[tokio::test(start_paused = true)]
async fn an_approval_that_waits_for_longer_stays_open_where_codepipeline_does_not_answer() {
    let world = World::simulated().await;
    world.aws().codepipeline.set_default_timeout(Duration::days(14));
    world.ask().await;
    world.advance(Duration::days(9)).await;
    for fault in [Fault::Throttled, Fault::ErrorBefore, Fault::HangBefore] {
        world.fail(Calls::of("ListActionExecutions"), fault);
        drop(world.sweep().await);
        world.heal();
        let items = world.ledger().items().await;
        let is_open = items.iter().any(|item| item["pk"]["S"] == "OPEN" && !item.contains_key("closed"));
        assert!(is_open, "{fault:?}");
    }
}
