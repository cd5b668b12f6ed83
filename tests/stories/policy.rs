//! The policy: who gets a request and under what terms, and edits while approvals are pending.

use sandbox::simulation::{Calls, Fault};
use serde_json::json;
use tests::{ALICE, BOB, World, changed, eventbridge};

const CAROL: &str = "carol@example.com";
const DAVE: &str = "dave@example.com";

/// The default event, about another pipeline.
fn event_of(pipeline: &str, token: usize) -> serde_json::Value {
    let event = changed(eventbridge(), "/detail/pipeline", json!(pipeline));
    changed(event, "/detail/execution-id", json!(format!("12345678-1234-5678-abcd-{token:012}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pipeline_has_its_own_approvers() {
    let world = World::under(&format!(
        r#"
        [groups]
        leads = ["Alice Archer <{ALICE}>", "{BOB}"]

        [[route]]
        name = "payments"
        account = "123456789012"
        region = "us-*"
        pipeline = "payments-*"
        stage = "MyApproval*"
        action = "MyApprovalAction"
        approvers = ["leads", "{CAROL}"]
        quorum = 2

        [default]
        approvers = ["{DAVE}"]
        "#
    ))
    .await;
    world.play(&event_of("payments-api", 1)).await;
    let asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!((asked.len(), asked.contains(&DAVE.to_owned())), (3, false), "{asked:?}");
    let alice = world.mail_to(ALICE).await;
    assert!(alice.text.contains("3 people have been asked to decide. 2 approvals are needed"), "{}", alice.text);
    world.play(&event_of("website", 2)).await;
    assert_eq!(world.mail_to(DAVE).await.subject, "Approval needed: website / MyApprovalStage / MyApprovalAction");
    assert_eq!(world.requests().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_needs_no_deployment_and_does_not_change_pending_requests() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 1).await;
    world.play(&event_of("one", 1)).await;
    let first = world.mail_to(ALICE).await;
    world.save_policy(&format!("[default]\napprovers = [\"{CAROL}\", \"{DAVE}\"]\nquorum = 2")).await;
    // EventBridge may deliver it again: nobody else gets a request about the same approval.
    world.play(&event_of("one", 1)).await;
    assert_eq!(world.requests().await.len(), 2);
    let page = world.press(&first.approve, "").await;
    assert_eq!((page.status, page.title()), (200, "one was approved"), "one of two was enough, and is");

    world.play(&event_of("two", 2)).await;
    let (carol, dave) = (world.mail_to(CAROL).await, world.mail_to(DAVE).await);
    assert_eq!(world.press(&carol.approve, "").await.title(), "Your vote has been recorded");
    assert_eq!(world.press(&dave.approve, "").await.title(), "two was approved");
    assert_eq!(world.requests().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_policy_fails_every_event_until_it_is_corrected() {
    let world = World::new().await;
    let wrong = format!("# who decides\n[default]\napprovers = [\"{CAROL}\", \"carol\"]\n");
    world.save_policy(&wrong).await;
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("PolicyError")), "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("policy version 2 is invalid: line 3, column "), "{message}");
    assert!(message.contains("default.approvers[1]") && !message.contains('@'), "{message}");
    let diagnosis = world.play(&json!({"doctor": {}})).await;
    let policy = diagnosis["results"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == "policy")
        .unwrap()
        .clone();
    assert_eq!(policy["sound"], false, "{policy}");
    assert!(policy["found"].as_str().unwrap().contains("line 3, column "), "{policy}");
    assert!(world.mails().await.is_empty());
    // Lambda, or somebody at the dead-letter queue, sends the event again.
    world.save_policy(&format!("[default]\napprovers = [\"{CAROL}\"]")).await;
    world.play(&eventbridge()).await;
    assert_eq!(world.mail_to(CAROL).await.to, CAROL);
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_requests_continue_under_an_invalid_policy() {
    let world = World::new().await;
    world.aws().ses.refuse(BOB, "MessageRejected", "");
    assert_eq!(world.event(&eventbridge()).await.0, 500);
    world.aws().ses.accept(BOB);
    world.save_policy("[[route]]\napprovers = 1").await;
    world.play(&eventbridge()).await;
    let bob = world.mail_to(BOB).await;
    assert_eq!(world.press(&bob.approve, "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_without_a_route_is_an_error() {
    let world = World::under(&format!("[[route]]\npipeline = \"payments-*\"\napprovers = [\"{ALICE}\"]")).await;
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("NoRoute")), "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.starts_with("MyFirstPipeline/MyApprovalStage/MyApprovalAction: no route of policy version 1 matches"),
        "{message}"
    );
    // The sweep reports the same error every hour until the policy is corrected.
    world.advance(time::Duration::hours(1)).await;
    assert!(world.failures().last().unwrap().starts_with("NoRoute: "));
    world.save_policy(&format!("[default]\napprovers = [\"{ALICE}\"]")).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.mail_to(ALICE).await.to, ALICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_in_small_letters_does_not_fall_to_a_laxer_route() {
    let strict = |stage: &str| {
        format!("[[route]]\nname = \"strict\"\nstage = \"{stage}\"\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2\n")
    };
    for lax in ["[default]", "[[route]]\npipeline = \"My*\""] {
        let text = format!("{}{lax}\napprovers = [\"{CAROL}\"]", strict("myapprovalstage"));
        let world = World::under(&text).await;
        let (status, error) = world.event(&eventbridge()).await;
        assert_eq!((status, &error["errorType"]), (500, &json!("NoRoute")), "{error}");
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.contains("strict would match if capitals and small letters were the same"), "{message}");
        assert!(world.mails().await.is_empty());
        world.save_policy(&text.replace("myapprovalstage", "MyApprovalStage")).await;
        world.play(&eventbridge()).await;
        assert_eq!(world.mail_to(ALICE).await.to, ALICE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_stage_before_a_strict_one_is_no_policy() {
    let world = World::new().await;
    let lax = format!("[[route]]\nstage = \"MyApp*\"\napprovers = [\"{CAROL}\"]\n");
    let strict = format!("[[route]]\nstage = \"MyApprovalStage\"\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2\n");
    world.save_policy(&format!("{lax}{strict}")).await;
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("PolicyError")), "{error}");
    assert!(
        error["errorMessage"].as_str().unwrap().contains("line 4, column 1, route 2: never reached: route 1"),
        "{error}"
    );
    assert!(world.mails().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_shows_what_a_policy_may_not_mean() {
    let world = World::under(&format!("[default]\napprovers = [\"A. Smith <{ALICE}>\", \"A. Smith <{BOB}>\"]")).await;
    let diagnosis = world.play(&json!({"doctor": {}})).await;
    let findings = diagnosis["results"][0]["findings"].as_array().unwrap();
    let policy = findings.iter().find(|finding| finding["check"] == "policy").unwrap();
    assert_eq!(policy["sound"], true, "{policy}");
    let found = policy["found"].as_str().unwrap();
    assert!(
        found.contains("; warning: line 2, column 13, default.approvers: two of these persons have the same"),
        "{found}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_read_is_an_error() {
    let world = World::simulated().await;
    world.fail(Calls::of("GetParameter").take(1), Fault::Denied);
    let (status, error) = world.event(&eventbridge()).await;
    assert_eq!((status, &error["errorType"]), (500, &json!("PolicyError")), "{error}");
    assert!(error["errorMessage"].as_str().unwrap().ends_with("ssm:GetParameter: AccessDeniedException"), "{error}");
    world.play(&eventbridge()).await;
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_only_get_copies_get_no_links() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\"]\ncopy = [\"Carol <{CAROL}>\"]\nremind = \"24h\"");
    let world = World::under(&policy).await;
    world.play(&eventbridge()).await;
    let carol = world.mail_to(CAROL).await;
    assert_eq!((carol.approve.as_str(), carol.reject.as_str()), ("", ""));
    for body in [&carol.text, &carol.html, &carol.raw] {
        assert!(!body.contains("/approval?t=") && !body.contains("eyJ"), "{body}");
    }
    assert!(carol.text.contains("You are not being asked to decide."), "{}", carol.text);
    // Carol cannot vote, not even with an approver's link in Carol's name, and gets no reminder.
    let forged = tests::forge::Parts::of(&world.mail_to(ALICE).await.approve);
    let carols = forged.clone().claim("sub", json!(CAROL)).signed(&world, &forged.key());
    assert_eq!(world.post(&carols, &[("decision", "Approved")]).await.status, 400);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    world.advance(time::Duration::hours(6 * 24 + 1)).await;
    let reminded: Vec<String> = world.reminders().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(reminded, [ALICE]);
    // Carol gets the outcome email.
    world.press(&world.mail_to(ALICE).await.reject, "Not yet").await;
    world.settle().await;
    let outcomes = world.outcomes().await;
    assert_eq!(outcomes.iter().filter(|mail| mail.to == CAROL && mail.text.contains("Not yet")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_where_the_route_says() {
    let world =
        World::under(&format!("[default]\napprovers = [\"{ALICE}\"]\nreply_to = \"releases@example.com\"")).await;
    world.play(&eventbridge()).await;
    let mail = world.mail_to(ALICE).await;
    assert!(mail.raw.contains("Reply-To: <releases@example.com>"), "{}", mail.raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_may_need_a_reason() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nreason_required = true")).await;
    let (alice, _) = world.ask().await;
    assert!(alice.text.contains("If you reject, you must say why."), "{}", alice.text);
    let page = world.get(&alice.reject).await;
    assert!(
        page.body.contains("required, saved with your decision") && page.body.contains(" required"),
        "{}",
        page.body
    );
    for comment in ["", "  \r\n "] {
        let page = world.post(&alice.reject, &[("decision", "Rejected"), ("comment", comment)]).await;
        assert_eq!(page.status, 400);
        assert!(
            page.body.contains("say why you are rejecting this release. Nothing has been decided yet.")
                && page.has_form(),
            "{}",
            page.body
        );
        assert_eq!(world.approval_state().await["status"], "InProgress");
    }
    let page = world.press(&alice.reject, "The totals are off").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was rejected"));
    // An approval needs none.
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nreason_required = true")).await;
    let (alice, _) = world.ask().await;
    assert!(world.get(&alice.approve).await.body.contains("optional, saved"));
    assert_eq!(world.press(&alice.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_may_expire_before_codepipeline_stops_waiting() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nexpires = \"2d\"")).await;
    let (alice, _) = world.ask().await;
    assert!(
        alice.text.contains("The Approve and Reject links work for 2 days, until 22 November 2026, 09:25 UTC."),
        "{}",
        alice.text
    );
    assert!(alice.text.contains("MyFirstPipeline keeps waiting until 27 November 2026"), "{}", alice.text);
    world.advance(time::Duration::days(2)).await;
    let page = world.post(&alice.approve, &[("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (410, "This link has expired"));
    assert!(page.body.contains("someone with access to AWS can decide there"), "{}", page.body);
    assert_eq!(world.approval_state().await["status"], "InProgress", "nobody's silence is a rejection of ours");
    // It can still be decided in the console, and everybody gets the outcome email.
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": "Approved", "summary": "by hand"},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    assert_eq!(world.get(&alice.approve).await.status, 409);
    assert_eq!(world.outcomes().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_never_makes_links_live_longer_than_the_approval() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nexpires = \"30d\"")).await;
    let (alice, _) = world.ask().await;
    assert!(alice.text.contains("A decision is needed within 7 days, by 27 November 2026"), "{}", alice.text);
}
