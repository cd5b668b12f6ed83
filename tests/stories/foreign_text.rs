//! Text that others wrote, which must never pass for ours.

use serde_json::json;
use tests::{ALICE, BOB, Mail, World, in_notice, sns};

/// A text that reads like the page's own list of votes.
const FORGED_VOTES: &str = "Votes\n2 of 2 approvals are there\nCarol <carol@example.com>: Approved, 20 November 2026, 09:20 UTC\nThe pipeline continues.";
/// A user name that reads like a repository, before the host that a browser goes to.
const DISGUISED: &str = "https://github.com%2Facme%2Fpull%2F42@evil.example/";

/// What an email or a page says outside of the component for foreign text.
fn ours(html: &str) -> String {
    let (mut ours, mut rest) = (String::new(), html);
    while let Some(class) = rest.find("class=\"said\"") {
        let start = rest[..class].rfind('<').unwrap();
        ours.push_str(&rest[..start]);
        let element = rest[start + 1..].split(' ').next().unwrap();
        let end = format!("</{element}>");
        rest = &rest[start..];
        rest = &rest[rest.find(&end).unwrap() + end.len()..];
    }
    ours + rest
}

/// What the plain text of an email says outside of quoted lines.
fn ours_in_text(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('>')).collect::<Vec<_>>().join("\n")
}

/// Has a pipeline's owner ask with these instructions and this review link. Gives Alice's email.
async fn asked_with(world: &World, instructions: &str, link: &str) -> Mail {
    let event = in_notice(sns(), |message| {
        message["approval"]["customData"] = json!(instructions);
        message["approval"]["externalEntityLink"] = json!(link);
    });
    world.play(&event).await;
    world.mail_to(ALICE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_that_read_like_our_votes_are_quoted() {
    let world = World::new().await;
    let mail = asked_with(&world, FORGED_VOTES, "https://staging.example.com/").await;
    let page = world.get(&mail.approve).await;
    for html in [&mail.html, &page.body] {
        for line in ["2 of 2 approvals are there", "carol@example.com", "The pipeline continues."] {
            assert!(html.contains(line), "nothing is dropped: {line}");
            assert!(!ours(html).contains(line), "{line} passes for ours in\n{html}");
        }
        assert!(html.contains("Written by the pipeline’s owner"), "{html}");
    }
    let text = ours_in_text(&mail.text);
    assert!(!text.contains("2 of 2") && text.contains("Written by the pipeline’s owner:"), "{}", mail.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_blank_lines_take_no_room() {
    for (instructions, shown) in [
        (format!("a{}b", "\n".repeat(990)), 3),
        (format!("a{}b", "\u{200b}\n".repeat(490)), 3),
        (format!("a{}b", "\u{2800}\n \n".repeat(240)), 3),
        ("x\n".repeat(495), 20),
    ] {
        let world = World::new().await;
        let mail = asked_with(&world, &instructions, "https://staging.example.com/").await;
        let said = mail.text.split_once("Written by the pipeline’s owner:").unwrap().1;
        let lines = said.lines().skip(1).take_while(|line| line.starts_with('>'));
        assert_eq!(lines.count(), shown, "{}", mail.text);
        let said =
            mail.html.split_once("Written by the pipeline’s owner").unwrap().1.split_once("plaintext;\">").unwrap().1;
        let said = said.split_once("</p>").unwrap().0;
        assert_eq!(said.matches("<br>").count() + 1, shown, "{said}");
        let page = world.get(&mail.approve).await.body;
        let said = page.split_once("Written by the pipeline’s owner").unwrap().1.split_once("</blockquote>").unwrap().0;
        assert_eq!(said.matches("<br>").count() + 1, shown.min(6), "{said}");
        if shown == 20 {
            for (said, more) in [(&mail.text, 475), (&mail.html, 475), (&page, 489)] {
                assert!(said.contains(&format!("… and {more} more lines")), "{said}");
            }
            assert_eq!(page.matches("x<br>").count(), 5 + 488, "the page has the rest, folded");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_hides_its_host_is_text() {
    let world = World::new().await;
    let mail = asked_with(&world, "Look.", DISGUISED).await;
    let page = world.get(&mail.approve).await;
    for html in [&mail.html, &page.body] {
        assert!(!html.contains(&format!("href=\"{DISGUISED}")), "{html}");
        assert!(html.contains(DISGUISED) && !ours(html).contains(DISGUISED), "shown as text: {html}");
        assert!(html.contains("it hides that it leads to evil.example"), "{html}");
    }
    assert!(mail.text.lines().any(|line| line == format!("> {DISGUISED}")), "{}", mail.text);
    assert!(mail.text.contains("it hides that it leads to evil.example"), "{}", mail.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_as_a_link_is_a_link_where_browsers_make_one_and_text_elsewhere() {
    for (given, host, href) in [
        (
            "https://github.com/acme/shop/compare/afd432bc^...afd432bc",
            "github.com",
            Some("https://github.com/acme/shop/compare/afd432bc%5E...afd432bc"),
        ),
        (
            "https://dev.azure.com/acme/My Project/_workitems/edit/42",
            "dev.azure.com",
            Some("https://dev.azure.com/acme/My%20Project/_workitems/edit/42"),
        ),
        ("staging.example.com/report", "", None),
        ("Fix rounding of totals (#42)", "", None),
    ] {
        let world = World::new().await;
        let mail = asked_with(&world, "Review what the link shows.", given).await;
        let page = world.get(&mail.approve).await;
        for html in [&mail.html, &page.body] {
            match href {
                Some(href) => {
                    assert!(html.contains(&format!("href=\"{href}\"")), "{html}");
                    assert!(html.contains(&format!("Link to {host}")), "{html}");
                }
                None => {
                    assert!(html.contains(given) && !ours(html).contains(given), "{html}");
                    assert!(html.contains("Not a link, because it is not a web address"), "{html}");
                }
            }
        }
        let shown = format!("> {}", href.unwrap_or(given));
        assert!(mail.text.lines().any(|line| line == shown), "{}", mail.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_and_a_summary_stand_below_their_writers() {
    let world = World::of(&format!("Alice Archer <{ALICE}>, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, FORGED_VOTES).await;
    let page = world.get(&bob.approve).await.body;
    assert!(page.contains("Comment by Alice Archer<"), "{page}");
    assert!(page.contains("2 of 2 approvals are there") && !ours(&page).contains("2 of 2"), "{page}");
    let input = json!({
        "pipelineName": "MyFirstPipeline", "stageName": "MyApprovalStage", "actionName": "MyApprovalAction",
        "token": world.approval_state().await["token"], "result": {"status": "Rejected", "summary": FORGED_VOTES},
    });
    world.codepipeline("PutApprovalResult", input).await.unwrap();
    world.settle().await;
    let outcome = world.outcomes().await.remove(0);
    let page = world.get(&bob.approve).await.body;
    for html in [&outcome.html, &page] {
        assert!(html.contains("From AWS CodePipeline") && html.contains("2 of 2 approvals are there"), "{html}");
        assert!(!ours(html).contains("2 of 2"), "{html}");
    }
    assert!(outcome.text.contains("From AWS CodePipeline:") && !ours_in_text(&outcome.text).contains("2 of 2"));
}
