//! The initiator of a release may not approve it, if the policy says so.

use sandbox::codepipeline::{ExecutionMode, Trigger};
use sandbox::simulation::{Calls, Fault};
use tests::{ALICE, BOB, World, eventbridge};

const CAROL: &str = "carol@example.com";

/// Bob is the IAM user `bb`, too, and whoever assumes the role `Robert`.
fn policy(more: &str) -> String {
    format!(
        "[[person]]\naddress = \"{BOB}\"\naddresses = [\"robert@example.org\"]\n\
         principals = [\"arn:aws:iam::123456789012:user/bb\", \"arn:aws:sts::123456789012:assumed-role/Robert/*\"]\n\
         [default]\napprovers = [\"Alice Archer <{ALICE}>\", \"robert@example.org\", \"{CAROL}\"]\nquorum = 2\n{more}"
    )
}

/// A world in which the initiator may not approve.
async fn strict(more: &str) -> World {
    let world = World::under(&policy(&format!("initiator_may_approve = false\n{more}"))).await;
    world.service(ExecutionMode::Queued);
    world
}

/// The only error of a start after which nobody was asked. It has no address in it.
async fn refusal(world: &World, arn: &str) -> String {
    world.start_as(arn).await;
    assert!(world.mails().await.is_empty(), "nobody is asked: {arn}");
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: ") && !failure.contains('@'), "{failure}");
    failure
}

/// An IAM user of the pipeline's account.
fn user(name: &str) -> String {
    format!("arn:aws:iam::123456789012:user/{name}")
}

/// A session of a role whose name whoever assumes it picks.
fn session(name: &str) -> String {
    format!("arn:aws:sts::123456789012:assumed-role/Release/{name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiators_approval_is_refused_with_an_explanation_and_changes_nothing() {
    let world = strict("").await;
    world.start_as(&user(ALICE)).await;
    let (alice, bob, carol) = (world.mail_to(ALICE).await, world.mail_to(BOB).await, world.mail_to(CAROL).await);
    assert!(alice.text.contains("You started this release, so your approval would not count."), "{}", alice.text);
    let note = "Alice Archer <alice@example.com> started this release, so they cannot approve it.";
    assert!(bob.text.contains(note), "{}", bob.text);
    assert!(!bob.text.contains("We cannot tell"), "{}", bob.text);
    for _ in 0..2 {
        let page = world.get(&alice.approve).await;
        assert_eq!((page.status, page.title(), page.has_form()), (403, "You started this release", false));
        let page = world.post(&alice.approve, &[("decision", "Approved"), ("comment", "mine")]).await;
        assert_eq!((page.status, page.title()), (403, "You started this release"));
        assert!(page.body.contains("your approval does not count. Nothing was decided."), "{}", page.body);
    }
    let page = world.press(&bob.approve, "").await;
    assert!(page.body.contains("1 of 2 approvals") && !page.body.contains("mine"), "{}", page.body);
    assert_eq!(world.post(&alice.approve, &[("decision", "Approved")]).await.status, 403);
    assert_eq!(world.press(&carol.approve, "").await.title(), "service was approved");
    // After the decision, the initiator sees the outcome like everybody.
    assert_eq!(world.get(&alice.approve).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiators_rejection_counts() {
    let world = strict("").await;
    world.start_as(&user(ALICE)).await;
    let alice = world.mail_to(ALICE).await;
    assert_eq!(world.press(&alice.reject, "I was too quick").await.title(), "service was rejected");
    assert_eq!(world.state_of("service", "Prod", "Approve").await["status"], "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiator_is_known_by_what_administrators_name_and_by_what_the_policy_declares() {
    for (arn, barred) in [
        (user(&ALICE.to_uppercase()), ALICE),
        (user("teams/alice"), ALICE),
        ("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice".to_owned(), ALICE),
        (format!("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/{ALICE}"), ALICE),
        (user("bob"), BOB),
        (user("bb"), BOB),
        (user("robert"), BOB),
        // Whatever name is picked for the session.
        ("arn:aws:sts::123456789012:assumed-role/Robert/alice".to_owned(), BOB),
    ] {
        let world = strict("").await;
        world.start_as(&arn).await;
        for person in [ALICE, BOB, CAROL] {
            let expected = if barred == person { 403 } else { 200 };
            let link = world.mail_to(person).await.approve;
            assert_eq!(world.get(&link).await.status, expected, "{arn}: {person}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_session_name_neither_hides_the_initiator_nor_blames_another() {
    for name in ["nightly-build", "bob", "alice", "bb"] {
        let failure = refusal(&strict("").await, &session(name)).await;
        assert!(failure.contains(&format!("does not recognise {}, so nobody was asked", session(name))), "{failure}");
        assert!(failure.contains(&format!("add principals = [\"{}\"] to the [[person]]", session(name))), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unrecognised_principal_whose_name_is_an_address_is_named_without_it() {
    let failure = refusal(&strict("").await, &session(ALICE)).await;
    assert!(failure.contains("recognise arn:aws:sts::123456789012:assumed-role/Release/…, so nobody"), "{failure}");
    assert!(failure.ends_with("with the name that is left out here for …"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_recognised_in_another_account_or_as_a_federated_or_root_user() {
    for arn in [
        "arn:aws:iam::999999999999:user/alice",
        "arn:aws:iam::123456789012:user/dev",
        "arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
        "arn:aws:sts::123456789012:assumed-role/x/Robert/alice",
        "arn:aws:sts::123456789012:federated-user/alice",
        "arn:aws:iam::123456789012:root",
    ] {
        let failure = refusal(&strict("").await, arn).await;
        assert!(failure.contains(&format!("does not recognise {arn}")), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_policy_declares_the_principal_the_approval_is_asked_for() {
    let world = strict("").await;
    refusal(&world, &user("zelda")).await;
    let person = format!("[[person]]\naddress = \"{CAROL}\"\nprincipals = [\"{}\"]\n", user("zelda"));
    world.save_policy(&format!("{person}{}", policy("initiator_may_approve = false"))).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.get(&world.mail_to(CAROL).await.approve).await.status, 403);
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_that_may_be_two_approvers_is_refused() {
    let two = format!("[default]\napprovers = [\"{ALICE}\", \"alice@example.org\", \"{BOB}\"]\n");
    let world = World::under(&format!("{two}initiator_may_approve = false")).await;
    world.service(ExecutionMode::Queued);
    let failure = refusal(&world, &user("alice")).await;
    assert!(failure.contains(&format!("recognises several people as {}, so nobody", user("alice"))), "{failure}");
    // One person with two addresses is one approver.
    let one = format!("[[person]]\naddress = \"{ALICE}\"\naddresses = [\"alice@example.org\"]\n");
    let one = format!("{one}[default]\napprovers = [\"alice@example.org\", \"{BOB}\"]\ninitiator_may_approve = false");
    world.save_policy(&one).await;
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 403);
    assert_eq!(world.press(&world.mail_to(BOB).await.approve, "").await.title(), "service was approved");
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_who_is_known_and_no_approver_bars_nobody() {
    let dan = "[[person]]\naddress = \"dan@example.com\"\n";
    let world = World::under(&format!("{dan}{}", policy("initiator_may_approve = false"))).await;
    world.service(ExecutionMode::Queued);
    world.start_as(&user("dan")).await;
    let alice = world.mail_to(ALICE).await;
    assert!(!alice.text.contains("cannot approve") && !alice.text.contains("We cannot tell"), "{}", alice.text);
    assert_eq!(world.get(&alice.approve).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_has_no_initiator_unless_the_policy_refuses_automatic_starts() {
    for (more, asked) in [("", true), ("automatic_start = \"allow\"", true), ("automatic_start = \"refuse\"", false)] {
        let world = strict(more).await;
        let trigger = Trigger::CloudWatchEvent("arn:aws:events:us-east-2:123456789012:rule/push".to_owned());
        world.aws().codepipeline.start("service", trigger).unwrap();
        world.settle().await;
        if asked {
            assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 200);
            continue;
        }
        assert!(world.mails().await.is_empty());
        let failure = world.failures().pop().unwrap();
        assert!(failure.starts_with("PolicyError: "), "{failure}");
        assert!(failure.contains("(automatic_start = \"refuse\"), so nobody was asked; a person must"), "{failure}");
    }
    // It says nothing about people.
    let world = strict("automatic_start = \"refuse\"").await;
    world.start_as(&user("alice")).await;
    assert_eq!(world.get(&world.mail_to(BOB).await.approve).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_without_a_known_identity_is_an_error() {
    let failure = refusal(&strict("").await, "somebody").await;
    assert!(failure.contains("CodePipeline does not say who that is"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_initiator_may_approve_unless_the_policy_forbids_it() {
    let world = World::under(&policy("")).await;
    world.service(ExecutionMode::Queued);
    world.start_as(&user(ALICE)).await;
    let alice = world.mail_to(ALICE).await;
    let page = world.get(&alice.approve).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("We cannot tell") && !alice.text.contains("We cannot tell"), "{}", alice.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unrecognised_initiator_is_pointed_out_where_the_initiator_may_approve() {
    const SENTENCE: &str = "We cannot tell whether one of the approvers started this release.";
    let world = World::under(&policy("copy = [\"dora@example.com\"]")).await;
    world.service(ExecutionMode::Queued);
    world.start_as(&session("alice")).await;
    let (alice, dora) = (world.mail_to(ALICE).await, world.mail_to("dora@example.com").await);
    for body in [&alice.text, &alice.html, &dora.text, &world.get(&alice.approve).await.body] {
        assert_eq!(body.matches(SENTENCE).count(), 1, "{body}");
    }
    for body in [&alice.text, &alice.html, &world.get(&alice.approve).await.body] {
        assert!(!body.contains("You started this release"), "nobody knows that: {body}");
    }
    assert!(world.get_in(&alice.approve, "de").await.body.contains("Wir können nicht erkennen"));
    assert_eq!(world.press(&alice.approve, "").await.title(), "Your vote has been recorded");
}

#[tokio::test(start_paused = true)]
async fn no_request_is_sent_while_the_initiator_cannot_be_read() {
    let world = World::simulated_under(&policy("initiator_may_approve = false")).await;
    world.service(ExecutionMode::Queued);
    for operation in ["GetPipelineExecution", "ListPipelineExecutions"] {
        world.fail(Calls::of(operation), Fault::ErrorBefore);
    }
    world.start_as(&user(ALICE)).await;
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: "), "{failure}");
    assert!(failure.contains("CodePipeline does not say who that is"), "{failure}");
    assert!(world.mails().await.is_empty(), "an approval that its initiator could give");
    assert_eq!(world.failures().len(), 3, "Lambda tries it three times");
    world.heal();
    world.advance(time::Duration::hours(1)).await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn the_list_of_executions_says_who_started_one_that_cannot_be_read() {
    let world = World::simulated_under(&policy("initiator_may_approve = false")).await;
    world.service(ExecutionMode::Queued);
    world.fail(Calls::of("GetPipelineExecution"), Fault::ErrorBefore);
    world.start_as(&user(ALICE)).await;
    assert_eq!(world.get(&world.mail_to(ALICE).await.approve).await.status, 403);
    let bob = world.mail_to(BOB).await;
    assert!(bob.text.contains("started this release, so they cannot approve it."), "{}", bob.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_addresses_of_one_person_are_one_approver_with_one_vote() {
    let person = "[[person]]\naddress = \"Ada <ada@example.com>\"\naddresses = [\"ada+release@example.com\"]\n";
    let asks =
        |people: &str| format!("{person}[default]\napprovers = [\"ada+release@example.com\"{people}]\nquorum = ");
    let world = World::under(&format!("{}2", asks(", \"bob@example.com\""))).await;
    world.play(&eventbridge()).await;
    let asked: Vec<String> = world.requests().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!((asked.len(), asked.contains(&"ada@example.com".to_owned())), (2, true), "{asked:?}");
    world.press(&world.mail_to("ada@example.com").await.approve, "").await;
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert_eq!(world.press(&world.mail_to(BOB).await.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tags_of_one_mailbox_are_not_two_of_two() {
    let world = World::new().await;
    let policy = "[default]\napprovers = [\"ada@example.com\", \"ada+release@example.com\"]\nquorum = 2";
    world.save_policy(policy).await;
    let (status, error) = world.event(&eventbridge()).await;
    let message = error["errorMessage"].as_str().unwrap();
    assert_eq!(status, 500, "{error}");
    assert!(
        message.contains("line 2, column 33, default.approvers[1]: differs from an earlier approver only"),
        "{error}"
    );
    assert!(world.mails().await.is_empty());
}
