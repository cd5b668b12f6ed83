//! A release that was rejected and is asked for again.

use sandbox::codepipeline::{
    ActionDefinition, ActionKind, ApprovalAction, ExecutionMode, PipelineDefinition, SourceAction, SourceProvider,
    StageDefinition, Trigger,
};
use serde_json::json;
use tests::ledger_writer::{Item, change_object, votes};
use tests::{ALICE, BOB, Mail, World, service};

/// Starts the release, and gives its execution.
async fn start(world: &World) -> String {
    world.service(ExecutionMode::Queued);
    world.start_as("arn:aws:iam::123456789012:user/dev").await
}

/// Retries the stage whose approval was rejected, as anybody may who has that right.
async fn retry(world: &World, execution: &str) {
    world.settle().await;
    let input = json!({
        "pipelineName": "service", "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS",
    });
    world.codepipeline("RetryStageExecution", input).await.unwrap();
    world.settle().await;
}

/// The newest email that asks somebody.
async fn newest(world: &World, address: &str) -> Mail {
    world.requests().await.into_iter().rfind(|mail| mail.to == address).unwrap()
}

/// The text of an email with plain line ends.
fn lines(mail: &Mail) -> String {
    mail.text.replace("\r\n", "\n")
}

/// Rejects what waits as a user of AWS would.
async fn reject_in_aws(world: &World, summary: &str) {
    let token = world.state_of("service", "Prod", "Approve").await["token"].clone();
    let input = json!({
        "pipelineName": "service", "stageName": "Prod", "actionName": "Approve", "token": token,
        "result": {"status": "Rejected", "summary": summary},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.settle().await;
}

/// Removes all votes on the newest request, as somebody who may write the ledger.
async fn remove_votes(world: &World) {
    let history = world.play(&json!({"history": {"pipeline": "service"}})).await;
    let key = &history["results"][0]["approvals"][0]["key"];
    let input = json!({
        "TableName": sandbox::TABLE, "Key": {"pk": {"S": key}, "sk": {"S": "SIGNED-REQUEST"}},
        "UpdateExpression": "SET votes = :none", "ExpressionAttributeValues": {":none": {"M": {}}},
    });
    world.aws().ask(sandbox::NOTIFIER_KEY, "DynamoDB_20120810.UpdateItem", &input).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_is_not_laundered_by_retrying_the_stage() {
    let world = World::new().await;
    let execution = start(&world).await;
    world.press(&world.mail_to(BOB).await.reject, "The migration drops a table that billing reads.").await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    let page = world.get(&alice.approve).await;
    for shown in [&alice.text, &alice.html, &page.body] {
        assert!(shown.contains("This release was rejected before."), "{shown}");
        assert!(shown.contains("Rejected by bob@example.com on 20 November 2026, 09:25 UTC."), "{shown}");
        assert!(shown.contains("The migration drops a table that billing reads."), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headlines_of_mail_reminder_and_page_say_that_it_was_rejected() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nremind = \"24h\"")).await;
    let execution = start(&world).await;
    let first = world.mail_to(BOB).await;
    assert!(!first.text.contains("before") && !first.html.contains("before"), "{}", first.text);
    world.press(&first.reject, "not yet").await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    let headline = "Asked again after a rejection: release service to Prod?";
    // Headline and earlier decision come before everything else.
    let opening = format!(
        "{headline}\n\nThis release was rejected before. It still has the same changes.\nRejected by bob@example.com on 20 November 2026, 09:25 UTC.\n\
         Comment by bob@example.com:\n> not yet\n"
    );
    assert!(lines(&alice).starts_with(&opening), "{}", alice.text);
    assert!(alice.html.contains(&format!(">{headline}</h1>")), "{}", alice.html);
    assert_eq!(world.get(&alice.approve).await.title(), headline);
    assert_eq!(world.get(&alice.reject).await.title(), "Reject the release of service to Prod again?");
    assert!(world.get_in(&alice.approve, "ja").await.body.contains("このリリースは以前に拒否されています。"));
    world.advance(time::Duration::days(6) + time::Duration::hours(1)).await;
    let reminder = world.reminders().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    let headline = "24 hours left. Asked again after a rejection: release service to Prod?\n\nThis release was rejected before. It still has the same changes.\n";
    assert!(lines(&reminder).starts_with(headline), "{}", reminder.text);
    // What ran out of time was decided by nobody.
    world.advance(time::Duration::days(2)).await;
    assert_eq!(world.outcomes().await.last().unwrap().text.lines().next(), Some("service was not approved in time"));
    retry(&world, &execution).await;
    let third = newest(&world, ALICE).await;
    assert!(third.text.starts_with("Asked again after a rejection"), "the rejection is still the last decision");
    assert_eq!(third.text.matches("Rejected by").count(), 1, "{}", third.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_time_out_nothing_was_decided_before() {
    let world = World::new().await;
    let execution = start(&world).await;
    world.advance(time::Duration::days(8)).await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    assert!(
        lines(&alice).starts_with("Asked again after a retry: release service to Prod?\n\nWhat changes"),
        "{}",
        alice.text
    );
    let page = world.get(&alice.approve).await.body;
    assert!(!page.contains("rejected before") && !page.contains("approved before"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_in_aws_is_shown_with_the_principal_and_what_they_said() {
    let world = World::new().await;
    let execution = start(&world).await;
    reject_in_aws(&world, "Votes\n2 of 2 approvals are there").await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    let page = world.get(&alice.approve).await;
    for shown in [&alice.text, &alice.html, &page.body] {
        assert!(shown.contains("Rejected in AWS by user/AKIAOPERATOR on 20 November 2026"), "{shown}");
        assert!(shown.contains("From AWS CodePipeline"), "foreign text: {shown}");
    }
    assert!(alice.text.contains("> 2 of 2 approvals are there"), "{}", alice.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_the_ledger_has_is_whole_and_without_it_the_summary_remains() {
    let world = World::new().await;
    let execution = start(&world).await;
    let comment = format!("{}the end", "x".repeat(500));
    world.press(&world.mail_to(BOB).await.reject, &comment).await;
    world.settle().await;
    world.advance(time::Duration::minutes(1)).await;
    retry(&world, &execution).await;
    let page = world.get(&newest(&world, ALICE).await.approve).await.body;
    assert!(page.contains("xthe end"), "CodePipeline's summary has 512 characters of all: {page}");
    // A ledger that lost the vote changes nothing of what CodePipeline holds.
    world.press(&newest(&world, BOB).await.reject, &comment).await;
    world.settle().await;
    remove_votes(&world).await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    let latest = lines(&alice);
    let (_, latest) = latest.split_once("This release was rejected before. It still has the same changes.\n").unwrap();
    assert!(latest.starts_with("Rejected through an approval link on"), "{latest}");
    assert!(latest.contains("From AWS CodePipeline:\n> Rejected through Countersign by bob@example.com."), "{latest}");
}

/// Somebody who may write the ledger has the one who rejected say something else.
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_its_voter_did_not_write_is_shown_nowhere() {
    // Of a long one, CodePipeline's summary has the beginning only, so that it fits another end as well.
    for beginning in ["", &"x".repeat(480)] {
        let world = World::new().await;
        let execution = start(&world).await;
        world.press(&world.mail_to(BOB).await.reject, &format!("{beginning}drops a table")).await;
        world.settle().await;
        let forge = |request: &mut Item| {
            let vote = votes(request)[BOB]["M"].as_object_mut().unwrap();
            change_object(vote, |vote| vote["comment"] = json!(format!("{beginning}all is well")));
        };
        world.ledger().change(forge).await;
        retry(&world, &execution).await;
        let alice = newest(&world, ALICE).await;
        let shown = beginning.get(..80).unwrap_or("drops a table");
        let summary = format!("From AWS CodePipeline:\n> Rejected through Countersign by bob@example.com. \"{shown}");
        assert!(lines(&alice).contains(&summary), "{}", alice.text);
        let page = world.get(&alice.approve).await.body;
        assert!(page.contains(shown), "{page}");
        for shown in world.mails().await.into_iter().flat_map(|mail| [mail.text, mail.html]).chain([page]) {
            assert!(!shown.contains("all is well"), "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_decisions_come_first_and_the_others_are_folded() {
    let world = World::new().await;
    let execution = start(&world).await;
    for round in 1..=5 {
        world.press(&newest(&world, BOB).await.reject, &format!("reason {round}")).await;
        world.settle().await;
        world.advance(time::Duration::minutes(1)).await;
        retry(&world, &execution).await;
    }
    let alice = newest(&world, ALICE).await;
    let page = world.get(&alice.approve).await.body;
    let (five, four) = (alice.text.find("reason 5").unwrap(), alice.text.find("reason 4").unwrap());
    assert!(five < four && alice.text.contains("reason 3") && !alice.text.contains("reason 2"), "{}", alice.text);
    assert!(alice.text.contains("… and 2 older decisions") && alice.html.contains("… and 2 older decisions"));
    let folded = page.split_once("<summary>… and 2 older decisions</summary>").unwrap().1;
    assert!(folded.contains("reason 2") && folded.contains("reason 1") && !folded.contains("reason 3"), "{page}");
}

/// A policy under which whoever rejected must be among those who approve.
fn strict(more: &str) -> String {
    format!(
        "[[person]]\naddress = \"Bob Brook <{BOB}>\"\naddresses = [\"robert@example.org\"]\n\
         [default]\napprovers = [\"{ALICE}\", \"{BOB}\", \"carol@example.com\"]\n\
         after_rejection = \"rejecter\"\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_who_rejected_must_approve_where_the_policy_says_so() {
    let world = World::under(&strict("")).await;
    let execution = start(&world).await;
    let first = world.mail_to(ALICE).await;
    assert!(first.text.contains("One approval is enough. One rejection"), "{}", first.text);
    world.press(&world.mail_to(BOB).await.reject, "not yet").await;
    retry(&world, &execution).await;
    let (alice, bob) = (newest(&world, ALICE).await, newest(&world, BOB).await);
    let note = "it must be that of Bob Brook <bob@example.com>, who rejected this release before.";
    let page = world.get(&alice.approve).await.body;
    assert!(alice.text.contains(note) && bob.text.contains(note), "{}", alice.text);
    assert!(page.contains("must be that of Bob Brook") && page.contains("If you approve, your vote is counted."));
    assert!(world.get(&bob.approve).await.body.contains("If you approve, the release continues immediately."));
    assert_eq!(world.press(&alice.approve, "go").await.title(), "Your vote has been recorded");
    world.advance(time::Duration::hours(2)).await;
    assert_eq!(world.state_of("service", "Prod", "Approve").await["status"], "InProgress", "no sweep finishes it");
    assert_eq!(world.press(&bob.approve, "fixed").await.title(), "service was approved");
    world.settle().await;
    assert_eq!(world.execution_status("service", &execution).await, "Succeeded");
    assert!(world.failures().is_empty(), "{:?}", world.failures());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_quorum_one_must_be_the_one_who_rejected() {
    let world = World::under(&strict("quorum = 2")).await;
    let execution = start(&world).await;
    world.press(&world.mail_to(BOB).await.reject, "not yet").await;
    retry(&world, &execution).await;
    let alice = newest(&world, ALICE).await;
    let note = "2 approvals are needed. One rejection is enough to stop it. One of them must be by Bob Brook";
    assert!(alice.text.contains(note), "{}", alice.text);
    world.press(&alice.approve, "").await;
    let page = world.press(&newest(&world, "carol@example.com").await.approve, "").await;
    assert_eq!(page.title(), "Your vote has been recorded", "two approvals, and neither is Bob's");
    assert_eq!(world.press(&newest(&world, BOB).await.approve, "").await.title(), "service was approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_to_reject_counts_by_person_and_by_principal() {
    let world = World::under(&strict(&format!(
        "[[person]]\naddress = \"{ALICE}\"\nprincipals = [\"arn:aws:iam::123456789012:user/AKIAOPERATOR\"]"
    )))
    .await;
    let execution = start(&world).await;
    world.press(&world.mail_to(BOB).await.reject, "not yet").await;
    retry(&world, &execution).await;
    world.advance(time::Duration::minutes(1)).await;
    reject_in_aws(&world, "nor by me").await;
    retry(&world, &execution).await;
    let bob = newest(&world, BOB).await;
    assert!(bob.text.contains("it must be that of alice@example.com, who rejected"), "{}", bob.text);
    assert_eq!(world.press(&bob.approve, "").await.title(), "Your vote has been recorded");
    assert_eq!(world.press(&newest(&world, ALICE).await.approve, "").await.title(), "service was approved");
}

/// The only error after a retry after which nobody was asked.
async fn refusal(world: &World, execution: &str) -> String {
    let before = world.requests().await.len();
    retry(world, execution).await;
    assert_eq!(world.requests().await.len(), before, "nobody is asked");
    let failure = world.failures().pop().unwrap();
    assert!(failure.starts_with("PolicyError: ") && !failure.contains('@'), "{failure}");
    failure
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_the_rejecter_is_unknown_or_cannot_approve() {
    // Rejected in AWS by a principal whom the policy does not know.
    let world = World::under(&strict("")).await;
    let execution = start(&world).await;
    reject_in_aws(&world, "no").await;
    let failure = refusal(&world, &execution).await;
    let told = "does not recognise one person as arn:aws:iam::123456789012:user/AKIAOPERATOR, so nobody was asked";
    assert!(failure.contains(told), "{failure}");

    // Rejected by a vote that is no longer in the ledger: the summary is no proof of who that was.
    let world = World::under(&strict("")).await;
    let execution = start(&world).await;
    world.press(&world.mail_to(BOB).await.reject, "no").await;
    world.settle().await;
    remove_votes(&world).await;
    let failure = refusal(&world, &execution).await;
    assert!(failure.contains("neither signed votes nor CodePipeline say who that is"), "{failure}");

    // Rejected by somebody who decides here no more.
    let world = World::under(&strict("")).await;
    let execution = start(&world).await;
    world.press(&world.mail_to(BOB).await.reject, "no").await;
    world.save_policy(&strict("").replace(&format!("\"{BOB}\", "), "")).await;
    let failure = refusal(&world, &execution).await;
    assert!(failure.contains("and they are not among its approvers, so nobody was asked"), "{failure}");
    // Once they do, the sweep asks.
    world.save_policy(&strict("")).await;
    world.advance(time::Duration::hours(1)).await;
    assert!(newest(&world, ALICE).await.text.contains("it must be that of Bob Brook"));

    // Rejected by the one who started it.
    let world = World::under(&strict("initiator_may_approve = false")).await;
    world.service(ExecutionMode::Queued);
    let execution = world.start_as("arn:aws:iam::123456789012:user/bob").await;
    world.press(&world.mail_to(BOB).await.reject, "no").await;
    let failure = refusal(&world, &execution).await;
    assert!(failure.contains("and they started the execution, so their approval does not count"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_email_stays_small_after_rejections() {
    let name = |who: &str| format!("{who} {} <{who}.{}@example.com>", "&".repeat(180), "x".repeat(40));
    let people = json!(["a", "b", "c"].map(name));
    let world = World::under(&format!("[default]\napprovers = {people}\nquorum = 2")).await;
    let long = |prefix: &str| format!("{prefix}{}", "W".repeat(99));
    let names = [long("p"), long("s"), long("a")];
    let source = |at: usize| {
        let source = SourceAction {
            messages: vec!["&".repeat(2048)],
            ..SourceAction::new(SourceProvider::CodeCommit, &"&a=b".repeat(100))
        };
        ActionDefinition::new(&format!("Source{at}"), ActionKind::Source(source))
    };
    let approval = ApprovalAction {
        custom_data: Some("&".repeat(1000)),
        external_entity_link: Some(format!("https://a.example/?{}", "&a=b".repeat(500))),
        ..ApprovalAction::default()
    };
    let definition = PipelineDefinition {
        stages: vec![
            StageDefinition::new("Source", [1, 2, 3].map(source)),
            StageDefinition::new(&names[1], [ActionDefinition::new(&names[2], ActionKind::Approval(approval))]),
        ],
        ..PipelineDefinition::new("123456789012", "us-east-2", &names[0])
    };
    world.aws().codepipeline.create(definition).unwrap();
    let trigger = Trigger::StartPipelineExecution(format!("arn:aws:iam::123456789012:user/{}", "x".repeat(64)));
    let execution = world.aws().codepipeline.start(&names[0], trigger).unwrap();
    world.settle().await;
    let newest = async || world.requests().await.pop().unwrap();
    let first = newest().await;
    for _ in 0..4 {
        world.press(&newest().await.reject, &"&".repeat(512)).await;
        world.settle().await;
        world.advance(time::Duration::minutes(1)).await;
        let input = json!({
            "pipelineName": names[0], "stageName": names[1], "pipelineExecutionId": execution,
            "retryMode": "FAILED_ACTIONS",
        });
        world.codepipeline("RetryStageExecution", input).await.unwrap();
        world.settle().await;
    }
    let mail = newest().await;
    assert!(mail.text.contains("… and 1 older decision") && mail.text.contains("And 2 more changes"), "{}", mail.text);
    // How large an email can be otherwise, with votes and comments, the hostile cases of `tests/emails` show.
    assert!(mail.html.len() <= first.html.len(), "{}, and {} before", mail.html.len(), first.html.len());
}

/// An execution may have so many runs of actions that a rejection is beyond what is looked through. Nobody is asked then:
/// it must not be forgotten by retrying.
#[tokio::test(start_paused = true)]
async fn a_rejection_is_not_buried_under_runs_of_other_actions() {
    let world = World::simulated().await;
    let mut definition = service("service", ExecutionMode::Queued, ApprovalAction::default());
    let others = (0..49).map(|n| ActionDefinition::new(&format!("Deploy-{n}"), ActionKind::Deploy));
    definition.stages[1].actions.extend(others);
    world.aws().codepipeline.create(definition).unwrap();
    let execution = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    world.press(&world.mail_to(BOB).await.reject, "The migration drops a table that billing reads.").await;
    let retry = json!({
        "pipelineName": "service", "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "ALL_ACTIONS",
    });
    for _ in 0..10 {
        world.settle().await;
        world.codepipeline("RetryStageExecution", retry.clone()).await.unwrap();
        world.settle().await;
        reject_in_aws(&world, "no").await;
    }
    let before = world.requests().await.len();
    world.codepipeline("RetryStageExecution", retry).await.unwrap();
    world.settle().await;
    assert_eq!(world.requests().await.len(), before, "nobody is asked");
    let failures = world.failures();
    assert!(
        failures.iter().any(|failure| failure.contains("an earlier rejection may be among the rest")),
        "{failures:?}"
    );
}
