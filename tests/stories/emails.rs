//! The content of the emails.

use countersign::policy::Policy;
use mail_parser::MessageParser;
use serde_json::json;
use tests::hostile::case::Case;
use tests::{ALICE, BOB, World, changed, eventbridge, in_notice, sns};

#[tokio::test(flavor = "multi_thread")]
async fn both_parts_say_everything() {
    let world = World::new().await;
    world.play(&sns()).await;
    let mail = world.mail_to(ALICE).await;
    assert_eq!(mail.subject, "Approval needed: MyFirstPipeline / MyApprovalStage / MyApprovalAction");
    for part in [&mail.text, &mail.html.replace("&#38;", "&")] {
        for said in [
            "Release MyFirstPipeline to MyApprovalStage?",
            "MyApprovalAction",
            "123456789012",
            "us-east-2",
            "27 November 2026, 09:25 UTC",
            "Review the latest changes and approve or reject within seven days.",
            "http://example.com",
            "2 people have been asked to decide. One approval is enough. One rejection is enough to stop it.",
            "do not forward",
            &mail.approve,
            &mail.reject,
        ] {
            assert!(part.contains(said), "{said} is not in\n{part}");
        }
    }
    assert!(mail.html.matches(&mail.approve).count() == 2, "a button, and the bare URL");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_links_to_a_page_that_explains_it_and_says_the_same_to_everybody() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    let help = world.url("/help");
    for part in [&alice.text, &alice.html, &bob.text, &bob.html] {
        assert!(part.contains(&help), "{help} is not in\n{part}");
    }
    assert!(alice.html.contains(&format!("About these emails: open on {}", help.split('/').nth(2).unwrap())));
    let page = world.get(&help).await;
    assert_eq!((page.status, page.title()), (200, "About these emails"));
    assert!(page.body.contains("Opening a link decides nothing."), "{}", page.body);
    for other in ["/help?t=x", &format!("/help?{}", alice.approve.split_once('?').unwrap().1)] {
        assert_eq!(world.get(&world.url(other)).await.body, page.body, "it says nothing of any link");
    }
    assert_eq!(world.get_in(&help, "de").await.title(), "Über diese E-Mails");
    assert_eq!(world.post(&help, &[("decision", "Approved")]).await.status, 404, "and nothing is decided there");
    assert!(world.approval_state().await["token"].is_string(), "the approval still waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_meets_the_demands_of_mail_clients_and_gateways() {
    let world = World::of(&format!("Zoë Ünal <{ALICE}>, {BOB}"), 1).await;
    world.play(&eventbridge()).await;
    let mail = world.mail_to(ALICE).await;
    assert!(mail.raw.lines().all(|line| line.len() < 998), "no long lines");
    let (head, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    assert!(head.is_ascii(), "{head}");
    let message = MessageParser::new().parse(mail.raw.as_bytes()).unwrap();
    let header = |name: &str| message.header_raw(name).unwrap_or_else(|| panic!("no {name}")).trim().to_owned();
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert!(header("Content-Type").starts_with("multipart/alternative"));
    assert_eq!(message.to().unwrap().first().unwrap().name(), Some("Zoë Ünal"));
    assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
    assert!(
        mail.raw.find("Content-Type: text/plain") < mail.raw.find("Content-Type: text/html"),
        "the text comes first"
    );
    assert!(message.body_text(0).unwrap().contains(&mail.approve), "the link survives byte for byte");
    assert!(message.body_html(0).unwrap().len() < 50_000);
    let other = world.mail_to(BOB).await;
    let references = |raw: &str| raw.lines().find(|line| line.starts_with("References: ")).unwrap().to_owned();
    assert_eq!(references(&mail.raw), references(&other.raw), "one approval, one thread");
    assert_ne!(message.message_id(), message.references().as_text(), "and not on a message id of our own");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_a_hundred_characters_still_make_a_link() {
    let world = World::of(&format!("{}@example.com", "a".repeat(64)), 1).await;
    let name = "n".repeat(100);
    let mut event = eventbridge();
    for pointer in ["/detail/pipeline", "/detail/stage", "/detail/action"] {
        event = changed(event, pointer, json!(name));
    }
    world.play(&event).await;
    let mail = &world.mails().await[0];
    assert!(mail.approve.len() < 2000, "{}", mail.approve.len());
    assert_eq!(world.press(&mail.approve, "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_from_an_event_are_escaped() {
    let world = World::new().await;
    let hostile = "<script>alert(1)</script>\r\nBcc: evil@example.com\u{202e}\u{0}<a href=\"javascript:1\">x</a>";
    let event = in_notice(sns(), |message| {
        message["approval"]["customData"] = json!(hostile);
        message["approval"]["externalEntityLink"] = json!("javascript:alert(1)");
    });
    world.play(&event).await;
    let mail = world.mail_to(ALICE).await;
    let page = world.get(&mail.approve).await;
    for html in [&mail.html, &page.body] {
        assert!(
            !html.contains("<script") && !html.contains("href=\"javascript") && html.contains(">javascript:alert(1)<"),
            "only http and https are links, and the rest is shown: {html}"
        );
        assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
    }
    assert!(mail.text.lines().any(|line| line == "> javascript:alert(1)"), "{}", mail.text);
    let (head, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("Bcc"), "{head}");
}

/// `tests/run emails` plays a different thousand of them each time: none may fail because its policy is not valid.
#[test]
fn every_generated_request_has_a_valid_policy() {
    for seed in 0..5 {
        for number in 0..1000 {
            let policy = Case::new(seed, number).policy();
            assert!(policy.parse::<Policy>().is_ok(), "seed {seed}, case {number}: {policy}");
        }
    }
}
