//! The order of what pages and emails say: the question first, the technical details last.

use sandbox::codepipeline::{ApprovalAction, ExecutionMode, Trigger};
use serde_json::json;
use tests::{ALICE, Mail, World, in_notice, service, sns};

/// Asserts that these stand in this order, each after the one before.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} does not follow in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

/// A pending approval with a change, an initiator, instructions and a review link.
async fn asked(world: &World) -> Mail {
    let approval = ApprovalAction {
        custom_data: Some("Compare the totals.".to_owned()),
        external_entity_link: Some("https://staging.example.com/totals".to_owned()),
        ..ApprovalAction::default()
    };
    world.aws().codepipeline.create(service("service", ExecutionMode::Superseded, approval)).unwrap();
    let trigger = Trigger::StartPipelineExecution("arn:aws:iam::123456789012:user/dev".to_owned());
    world.aws().codepipeline.start("service", trigger).unwrap();
    world.settle().await;
    world.mail_to(ALICE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_begins_with_the_question_and_ends_with_the_technical_details() {
    let world = World::of(ALICE, 1).await;
    let mail = asked(&world).await;
    let question = "Release service to Prod?";
    let started = "Someone with access to AWS started this release.";
    let said = [
        question,
        "What changes",
        "AWS lists no earlier release",
        started,
        "Compare the totals.",
        "staging.example.com",
    ];
    let technical = ["Technical details", "123456789012", "us-east-2", "user/dev", "Revision"];
    let console = "https://us-east-2.console.aws.amazon.com/codesuite/codepipeline/pipelines/service/executions/";
    let asked = ["You are the only person asked", "27 November 2026"];
    assert_in_order(&mail.text, &[&said[..], &asked, &[&mail.approve, &mail.reject], &technical, &[console]].concat());
    let (approve, reject) = (mail.approve.replace('&', "&#38;"), mail.reject.replace('&', "&#38;"));
    // The HTML's own head has the question, too.
    let body = mail.html.split_once("<h1").unwrap().1;
    assert_in_order(body, &[&said[..], &asked, &[&approve, &reject], &technical, &[console]].concat());
    let page = world.get(&mail.approve).await.body;
    let page = page.split_once("<header").unwrap().1;
    let label = ["class=\"label go\">Approve<"];
    let form = ["<button", "<details", "<summary>Technical details</summary>"];
    assert_in_order(page, &[&label[..], &said, &asked, &form, &technical[1..], &[console]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_has_a_short_id_where_it_is_and_the_whole_one_among_the_technical_details() {
    let world = World::of(ALICE, 1).await;
    let mail = asked(&world).await;
    let page = world.get(&mail.approve).await.body;
    for shown in [&mail.text, &mail.html, &page] {
        let (release, technical) = shown.split_once("Technical details").unwrap();
        let is_hash = |word: &&str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hash).map(str::to_owned).collect()
        };
        assert_eq!(words(release), [""; 0], "{shown}");
        let whole = words(technical).remove(0);
        assert!(release.contains(&whole[..7]), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comments_field_is_folded_where_nothing_needs_to_be_written() {
    let world = World::under(&format!("[default]\napprovers = [\"{ALICE}\"]\nreason_required = true")).await;
    world.play(&tests::eventbridge()).await;
    let alice = world.mail_to(ALICE).await;
    let unfolded = |page: &str| page.contains("<details open><summary>Add a comment</summary>");
    assert!(!unfolded(&world.get(&alice.approve).await.body));
    assert!(unfolded(&world.get(&alice.reject).await.body), "a reason is required");
    for form in [[("comment", "x"), ("other", "")], [("comment", ""), ("other", "")]] {
        assert!(unfolded(&world.post(&alice.approve, &form).await.body), "there is a problem");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_has_each_long_link_as_a_short_line_that_names_its_host() {
    let world = World::of(ALICE, 1).await;
    world.play(&in_notice(sns(), |message| message["approval"]["customData"] = json!("Look."))).await;
    let mail = world.mail_to(ALICE).await;
    let host = world.url("").trim_start_matches("http://").to_owned();
    for (link, word) in [(&mail.approve, "Approve"), (&mail.reject, "Reject")] {
        let href = format!("<a ses:no-track href=\"{link}\"");
        let anchors: Vec<&str> = mail.html.split(&href).skip(1).collect();
        let shown = anchors.iter().map(|rest| rest.split_once('>').unwrap().1.split_once('<').unwrap().0);
        assert_eq!(shown.collect::<Vec<_>>(), [word, &format!("{word}: open on {host}")], "{}", mail.html);
        assert_eq!(mail.html.matches(link.as_str()).count(), 2, "nowhere else");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decision_stands_above_what_is_said_of_it() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    assert!(world.get(&alice.reject).await.body.contains("<strong class=\"label stop\">Reject</strong>"));
    let page = world.press(&alice.reject, "not yet").await.body;
    assert!(page.contains("<strong class=\"label stop\">Rejected</strong>"), "{page}");
    assert!(world.get(&bob.approve).await.body.contains("<strong class=\"label stop\">Rejected</strong>"));
    world.settle().await;
    for outcome in world.outcomes().await {
        assert!(outcome.html.contains(">Rejected</span>") && !outcome.html.contains(">Approved</span>"));
    }
}
