//! What became of emails: SES says so by events, which are kept with the delivery, and told where others must act.

use sandbox::codepipeline::ExecutionMode;
use sandbox::simulation::{Calls, Fault};
use serde_json::{Value, json};
use tests::ledger_writer::LedgerWriter;
use tests::{ALICE, BOB, Mail, World, changed, eventbridge, fixture, notification_rule};
use time::Duration;

const BOUNCES: &str = "bounce@example.com";
const QUEUE: &str = "COUNTERSIGN_EMAIL_QUEUE";

/// Of each person, the state and the reason of the newest of these emails.
async fn fate(world: &World, address: &str, about: &str) -> (String, Value) {
    let mail = mail(world, address, about).await;
    (mail["state"].as_str().unwrap().to_owned(), mail["reason"].clone())
}

async fn mail(world: &World, address: &str, about: &str) -> Value {
    let report = world.play(&json!({"history": {"pipeline": "MyFirstPipeline"}})).await;
    let people = report["results"][0]["approvals"][0]["people"].as_array().unwrap();
    let person = people.iter().find(|person| person["address"] == address).unwrap();
    let mails = person["mails"].as_array().unwrap();
    mails.iter().rfind(|mail| mail["about"] == about).unwrap().clone()
}

/// The emails that tell that a request did not reach somebody.
async fn warnings(world: &World) -> Vec<Mail> {
    world.mails().await.into_iter().filter(|mail| mail.text.starts_with("An email about ")).collect()
}

fn undelivered(world: &World) -> usize {
    world.sandbox().metrics().iter().filter(|line| line.contains("\"Undelivered\":1")).count()
}

/// An event of SES's about the newest request to this address, as the queue hands it over, with changes.
fn said(world: &World, to: &str, kind: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut mails = world.aws().ses.mails().into_iter();
    let sent = mails.rfind(|mail| mail.to == to && mail.tag.ends_with("request")).unwrap();
    let mut event = fixture(&format!("ses-{kind}"));
    event["detail"]["mail"]["messageId"] = json!(sent.ses_message_id);
    event["detail"]["mail"]["destination"] = json!([to]);
    event["detail"]["mail"]["tags"]["ses:configuration-set"] = json!(["sandbox"]);
    event["detail"]["mail"]["tags"]["delivery"] = json!([sent.tag]);
    if kind == "bounced" || kind == "suppressed" {
        event["detail"]["bounce"]["bouncedRecipients"] = json!([{"emailAddress": to}]);
    }
    change(&mut event);
    record(&event, &world.sandbox().setting(QUEUE).unwrap())
}

fn record(event: &Value, queue: &str) -> Value {
    json!({"Records": [{
        "messageId": "1", "body": event.to_string(), "attributes": {"SentTimestamp": "1763630100000"},
        "eventSource": "aws:sqs", "eventSourceARN": queue,
    }]})
}

#[tokio::test(flavor = "multi_thread")]
async fn history_says_what_became_of_each_email() {
    for (mailbox, state, reason) in [
        ("alice", "delivered", Value::Null),
        ("bounce+releases", "bounced", json!("Permanent/NoEmail")),
        ("suppressed", "suppressed", json!("Permanent/OnAccountSuppressionList")),
        ("complaint", "complained", json!("abuse")),
        ("slow", "delayed", json!("TransientCommunicationFailure")),
        ("full", "cameBack", json!("Transient/MailboxFull")),
        // It answered by itself, but it has the email.
        ("away", "delivered", Value::Null),
        ("virus", "rejected", Value::Null),
    ] {
        let address = format!("{mailbox}@example.com");
        let world = World::of(&format!("{address}, {BOB}"), 1).await;
        world.aws().ses.say_all();
        world.play(&eventbridge()).await;
        world.settle().await;
        assert_eq!(fate(&world, &address, "request").await, (state.to_owned(), reason), "{mailbox}");
        assert_eq!(fate(&world, BOB, "request").await.0, "delivered");
        let is_lost = ["bounced", "suppressed", "rejected"].contains(&state);
        assert_eq!(undelivered(&world), usize::from(is_lost), "{mailbox}");
        assert!(world.sandbox().failures().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_event_an_email_is_sent_and_no_more_is_known() {
    let world = World::new().await;
    world.ask().await;
    assert_eq!(fate(&world, ALICE, "request").await, ("sent".to_owned(), Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_others_are_told_when_too_few_are_left_to_approve() {
    let world = World::of(&format!("Ada Lovelace <{BOUNCES}>, {ALICE}, {BOB}"), 3).await;
    world.play(&eventbridge()).await;
    world.settle().await;
    let mut told = warnings(&world).await;
    told.sort_by(|one, other| one.to.cmp(&other.to));
    assert_eq!(told.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [ALICE, BOB]);
    let (text, html) = (&told[0].text, &told[0].html);
    assert!(text.contains("The email that asks Ada Lovelace <bounce@example.com> to decide"), "{text}");
    let cannot = "the release cannot get the approvals that it needs";
    assert!(text.contains(cannot) && html.contains(cannot), "{text}");
    assert!(text.contains("the links in your earlier email work until 27 November 2026"), "{text}");
    assert!(told[0].approve.is_empty() && told[0].subject.starts_with("Re: "), "it asks for nothing");
    // The same event once more tells nobody again, and counts nothing.
    world.play(&said(&world, BOUNCES, "bounced", |_| {})).await;
    world.play(&said(&world, BOUNCES, "bounced", |_| {})).await;
    assert_eq!((warnings(&world).await.len(), undelivered(&world)), (2, 1));
    // Each who is missing is told of, to those who are left.
    world.play(&said(&world, ALICE, "suppressed", |_| {})).await;
    let told = warnings(&world).await;
    assert_eq!((told.len(), told[2].to.as_str()), (3, BOB));
    assert!(told[2].text.contains("The email that asks alice@example.com to decide"), "{}", told[2].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_while_the_others_are_enough_or_when_the_approval_is_over() {
    let world = World::of(&format!("{BOUNCES}, {ALICE}, {BOB}"), 2).await;
    world.play(&eventbridge()).await;
    world.settle().await;
    assert_eq!(warnings(&world).await.len(), 0, "two of three are enough");
    assert_eq!((undelivered(&world), fate(&world, BOUNCES, "request").await.0.as_str()), (1, "bounced"));
    // A second one is missing now; but the first vote came before its bounce.
    let alice = world.mail_to(ALICE).await;
    world.press(&alice.approve, "").await;
    world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    assert_eq!(warnings(&world).await.len(), 0, "who voted was reached");
    // It is over before anybody else is missing: in the ledger, or in CodePipeline alone.
    world.press(&world.mail_to(BOB).await.reject, "").await;
    world.settle().await;
    world.play(&said(&world, BOB, "suppressed", |_| {})).await;
    assert_eq!(warnings(&world).await.len(), 0, "it was rejected");

    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    world.ask().await;
    let token = world.approval_state().await["token"].clone();
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": token, "result": {"status": "Rejected", "summary": ""},
    });
    // The event about the end comes only after the one about the email.
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    assert_eq!(warnings(&world).await.len(), 0, "CodePipeline says that it is over");
}

/// A group, or somebody who forwards their emails.
#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_of_somebody_elses_mailbox_is_none_of_the_approvers() {
    for (recipients, state, told) in [
        (json!([{"emailAddress": "dead@example.com"}]), "cameBack", 0),
        (json!([{"emailAddress": ALICE}, {"emailAddress": "dead@example.com"}]), "cameBack", 0),
        (json!([{"emailAddress": "Alice@EXAMPLE.com"}]), "bounced", 1),
        (json!([]), "bounced", 1),
    ] {
        let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
        world.ask().await;
        let event = said(&world, ALICE, "bounced", |event| {
            event["detail"]["bounce"]["bouncedRecipients"] = recipients;
        });
        world.play(&event).await;
        assert_eq!((fate(&world, ALICE, "request").await.0.as_str(), warnings(&world).await.len()), (state, told));
    }
}

/// Whoever started the release may not approve it: nothing depends on them.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_somebody_who_may_not_approve() {
    let policy = format!(
        "[[person]]\naddress = \"{ALICE}\"\nprincipals = [\"arn:aws:iam::123456789012:user/alice\"]\n\
         [default]\napprovers = [\"{ALICE}\", \"{BOB}\", \"carol@example.com\"]\nquorum = 2\ninitiator_may_approve = false"
    );
    let world = World::under(&policy).await;
    world.service(ExecutionMode::Superseded);
    world.start_as("arn:aws:iam::123456789012:user/alice").await;
    world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    assert_eq!(warnings(&world).await.len(), 0);
    world.play(&said(&world, BOB, "bounced", |_| {})).await;
    let told: Vec<String> = warnings(&world).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, ["carol@example.com"], "two may approve, both must, and one was not reached");
}

/// Of the whole quorum, one approval must be that of whoever rejected before.
#[tokio::test(flavor = "multi_thread")]
async fn the_others_are_told_where_the_one_who_must_approve_is_missing() {
    let policy = format!(
        "[default]\napprovers = [\"{ALICE}\", \"{BOB}\", \"carol@example.com\"]\nafter_rejection = \"rejecter\""
    );
    let world = World::under(&policy).await;
    world.service(ExecutionMode::Superseded);
    let execution = world.start_as("arn:aws:iam::123456789012:user/dev").await;
    world.press(&world.mail_to(ALICE).await.reject, "Not yet").await;
    let retry = json!({
        "pipelineName": "service", "stageName": "Prod", "pipelineExecutionId": execution, "retryMode": "FAILED_ACTIONS",
    });
    world.codepipeline("RetryStageExecution", retry).await.unwrap();
    world.settle().await;
    world.play(&said(&world, BOB, "bounced", |_| {})).await;
    assert_eq!(warnings(&world).await.len(), 0, "one approval is enough, and Alice can give it");
    world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    let told: Vec<String> = warnings(&world).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, ["carol@example.com"]);
}

/// What a newer version, or somebody who writes the ledger, says of an email holds nothing back.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_an_email_is_as_if_nothing_were_said() {
    for value in [json!({"S": "x"}), json!({"M": {"fate": {"S": "new"}}}), json!({"N": "1"})] {
        let world = World::new().await;
        let (alice, _) = world.ask().await;
        let writer = LedgerWriter::new(world.aws());
        for mut item in
            writer.items().await.into_iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("MAIL#"))
        {
            item.insert("said".to_owned(), value.clone());
            writer.put(&item).await;
        }
        assert_eq!(fate(&world, ALICE, "request").await.0, "sent");
        world.press(&alice.approve, "").await;
        world.settle().await;
        assert_eq!(world.outcomes().await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reminder_goes_to_an_address_that_refuses_emails_for_good() {
    for (mailbox, is_reminded) in [("bounce", false), ("suppressed", false), ("full", true), ("slow", true)] {
        let address = format!("{mailbox}@example.com");
        let policy = format!("[default]\napprovers = [\"{address}\", \"{ALICE}\"]\nremind = \"24h\"");
        let world = World::under(&policy).await;
        world.play(&eventbridge()).await;
        world.settle().await;
        world.sandbox().skip(Duration::days(6) + Duration::hours(1)).await;
        let reminded: Vec<String> = world.reminders().await.into_iter().map(|mail| mail.to).collect();
        assert!(reminded.contains(&ALICE.to_owned()));
        assert_eq!(reminded.contains(&address), is_reminded, "{mailbox}");
    }
}

/// Whoever may invoke the function or publish to a topic may say anything.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_counts_only_from_its_queue_and_about_the_email_itself() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 2).await;
    world.ask().await;
    let other_tag = |event: &mut Value| {
        let tag = event["detail"]["mail"]["tags"]["delivery"][0].as_str().unwrap().replace("request", "outcome");
        event["detail"]["mail"]["tags"]["delivery"] = json!([tag]);
    };
    let no_tag = |event: &mut Value| drop(event["detail"]["mail"]["tags"].as_object_mut().unwrap().remove("delivery"));
    let mut elsewhere = said(&world, ALICE, "bounced", |_| {});
    elsewhere["Records"][0]["eventSourceARN"] = json!("arn:aws:sqs:us-east-2:123456789012:approvals");
    let bare: Value = serde_json::from_str(elsewhere["Records"][0]["body"].as_str().unwrap()).unwrap();
    for (what, event) in [
        ("another queue", elsewhere),
        ("no queue", bare),
        (
            "another set",
            said(&world, ALICE, "bounced", |event| {
                event["detail"]["mail"]["tags"]["ses:configuration-set"] = json!(["other"]);
            }),
        ),
        (
            "another message",
            said(&world, ALICE, "bounced", |event| {
                event["detail"]["mail"]["messageId"] = json!("0107EXAMPLE-000000");
            }),
        ),
        (
            "another recipient",
            said(&world, ALICE, "bounced", |event| {
                event["detail"]["mail"]["destination"] = json!([BOB]);
            }),
        ),
        (
            "two recipients",
            said(&world, ALICE, "bounced", |event| {
                event["detail"]["mail"]["destination"] = json!([ALICE, BOB]);
            }),
        ),
        ("another delivery", said(&world, ALICE, "bounced", other_tag)),
        ("no tag", said(&world, ALICE, "bounced", no_tag)),
        (
            "no tag of ours",
            said(&world, ALICE, "bounced", |event| {
                event["detail"]["mail"]["tags"]["delivery"] = json!(["d1"]);
            }),
        ),
    ] {
        let report = world.play(&event).await;
        assert_eq!(report["results"][0]["result"], "ignored", "{what}: {report}");
    }
    assert_eq!(fate(&world, ALICE, "request").await.0, "sent");
    assert_eq!((undelivered(&world), warnings(&world).await.len()), (0, 0));
    // And the true one does.
    let report = world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    assert_eq!(report["results"][0], json!({"result": "fate", "fate": "bounced", "told": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_may_come_in_any_order() {
    let world = World::new().await;
    world.ask().await;
    for (kind, state) in [
        ("delayed", "delayed"),
        ("delivered", "delivered"),
        ("delayed", "delivered"),
        ("sent", "delivered"),
        ("complaint", "complained"),
        ("delivered", "complained"),
        ("bounced", "bounced"),
        ("delivered", "bounced"),
        ("suppressed", "bounced"),
    ] {
        world.play(&said(&world, ALICE, kind, |_| {})).await;
        assert_eq!(fate(&world, ALICE, "request").await.0, state, "after {kind}");
    }
    assert!(mail(&world, ALICE, "request").await["since"].as_str().unwrap().starts_with("2026-11-25T09:15:02"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_classes_of_ses_and_never_a_servers_words() {
    let world = World::new().await;
    world.ask().await;
    for (sub_type, state, reason) in [
        ("General", "bounced", json!("Permanent/General")),
        ("OnTenantSuppressionList", "suppressed", json!("Permanent/OnTenantSuppressionList")),
        ("EmailValidationSuppressed", "suppressed", json!("Permanent/EmailValidationSuppressed")),
        ("Suppressed", "suppressed", json!("Permanent/Suppressed")),
        ("SomethingNew", "bounced", json!("Permanent/SomethingNew")),
        ("550 user unknown <script>", "bounced", Value::Null),
    ] {
        let world = World::new().await;
        world.ask().await;
        let event =
            said(&world, ALICE, "bounced", |event| event["detail"]["bounce"]["bounceSubType"] = json!(sub_type));
        world.play(&event).await;
        assert_eq!(fate(&world, ALICE, "request").await, (state.to_owned(), reason), "{sub_type}");
    }
    let event = said(&world, BOB, "complaint", |event| {
        event["detail"]["complaint"]["complaintSubType"] = json!("OnAccountSuppressionList");
    });
    world.play(&event).await;
    assert_eq!(fate(&world, BOB, "request").await.0, "suppressed");
}

/// Lambda hands over again what the report names, and nothing else of the batch.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_what_failed_comes_again() {
    let world = World::new().await;
    world.ask().await;
    let mut batch = said(&world, ALICE, "delivered", |_| {});
    let queue = world.sandbox().setting(QUEUE).unwrap();
    let bad = record(&json!({"source": "aws.ses", "detail": {"eventType": "Delivery"}}), &queue);
    let mut bad = bad["Records"][0].clone();
    bad["messageId"] = json!("2");
    batch["Records"].as_array_mut().unwrap().insert(0, bad);
    let report = world.play(&batch).await;
    assert_eq!(report["batchItemFailures"], json!([{"itemIdentifier": "2"}]));
    assert_eq!(report["results"], json!([{"result": "fate", "fate": "delivered", "told": 0}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_set_of_the_senders_identity_takes_no_email_away() {
    let world = World::new().await;
    let ses = &world.aws().ses;
    ses.verify("example.com");
    ses.change(|settings| {
        settings.identities.values_mut().for_each(|identity| identity.configuration_set = Some("tracks".to_owned()));
    });
    world.ask().await;
    assert_eq!(world.requests().await.len(), 2);
}

/// The event may be there before the email is marked as sent.
#[test]
fn an_event_that_comes_before_the_mark_is_kept() {
    tests::simulated_time().block_on(async {
        let world = World::simulated_of(&format!("{BOUNCES}, {ALICE}"), 2).await;
        // The first tries to mark emails as sent fail.
        world.fail(Calls::of("UpdateItem").skip(2).take(2), Fault::ErrorBefore);
        world.play(&eventbridge()).await;
        world.settle().await;
        assert_eq!(fate(&world, BOUNCES, "request").await.0, "bounced");
        assert_eq!(warnings(&world).await.len(), 1);
    });
}

/// Where a configuration set or the account tracks clicks all the same.
#[tokio::test(flavor = "multi_thread")]
async fn links_in_emails_are_not_to_be_tracked() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let links = alice.html.matches("<a ").count();
    assert!(links >= 2 && alice.html.matches("<a ses:no-track href=").count() == links, "{}", alice.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_of_ses_in_a_strangers_text_is_none() {
    let world = World::new().await;
    let event = changed(notification_rule(), "/detail/pipeline", json!("MyFirstPipeline"));
    let pixel = "{{ses:openTracker}} {{ses:openTracker}}";
    world.play(&changed(event, "/additionalAttributes/customData", json!(pixel))).await;
    let alice = world.mail_to(ALICE).await;
    for text in [&alice.text, &alice.html] {
        assert!(text.contains("{ {ses:openTracker}} { {ses:openTracker}}"), "{text}");
    }
    assert!(world.get(&alice.approve).await.body.contains(pixel), "the page shows it as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_that_is_taken_back_is_none() {
    let world = World::new().await;
    world.ask().await;
    let taken_back = |event: &mut Value| event["detail"]["complaint"]["complaintFeedbackType"] = json!("not-spam");
    world.play(&said(&world, ALICE, "complaint", taken_back)).await;
    assert_eq!(fate(&world, ALICE, "request").await.0, "sent");
}

/// Whoever invokes the function says what they like, if they know the message id.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_up_of_an_email_stops_its_reminders_and_decides_nothing() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2\nremind = \"24h\"");
    let world = World::under(&policy).await;
    let (alice, bob) = world.ask().await;
    world.play(&said(&world, ALICE, "bounced", |_| {})).await;
    assert_eq!(warnings(&world).await.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [BOB]);
    world.sandbox().skip(Duration::days(6) + Duration::hours(1)).await;
    assert_eq!(world.reminders().await.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), [BOB]);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    world.press(&alice.approve, "").await;
    world.press(&bob.approve, "").await;
    assert_eq!(world.approval_state().await["status"], "Succeeded");
}
