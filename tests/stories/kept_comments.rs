//! What a visitor wrote survives a form that was not accepted: it is in the form again, or shown to be copied.

use sandbox::simulation::{Calls, Fault};
use serde_json::json;
use tests::forge::Parts;
use tests::{ALICE, BEGIN, BOB, Page, World};

const COMMENT: &str = "Totals agree <b>now</b> & then.\nShip it.";
const SHOWN: &str = "Totals agree &#60;b&#62;now&#60;/b&#62; &#38; then.\nShip it.</textarea>";
const NOT_SAVED: &str = "Your comment was not saved. You can copy it here.";

/// Asserts that the page shows the comment for copying: labelled, in the box for what is not ours, and nowhere else.
fn assert_given_back(page: &Page, what: &str) {
    let (before, rest) =
        page.body.split_once("<figure class=\"said\">").unwrap_or_else(|| panic!("{what}: {}", page.body));
    let (said, after) = rest.split_once("</figure>").unwrap();
    assert!(said.contains(SHOWN) && said.contains("Written by you") && said.contains(" readonly "), "{what}: {said}");
    assert!(!before.contains("Totals agree") && !after.contains("Totals agree"), "{what}: {}", page.body);
}

fn pressed(decision: &str) -> [(&str, &str); 2] {
    [("comment", COMMENT), ("decision", decision)]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_link_gives_the_comment_back() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let (parts, now) = (Parts::of(&alice.approve), BEGIN.unix_timestamp());
    let link = parts.clone().claim("exp", json!(now - 1)).claim("iat", json!(now - 60)).claim("nbf", json!(now - 60));
    let link = link.signed(&world, &parts.key());
    let page = world.post(&link, &pressed("Approved")).await;
    assert_eq!((page.status, page.title(), page.has_form()), (410, "This link has expired", false));
    assert!(page.body.contains(NOT_SAVED), "{}", page.body);
    assert_given_back(&page, "expired");
    assert!(!world.get(&link).await.body.contains("Written by you"), "nothing was written");
    for nothing in ["", " \n", "\u{0}\u{202e}"] {
        let page = world.post(&link, &[("comment", nothing), ("decision", "Approved")]).await;
        assert!(!page.body.contains("Written by you"), "{nothing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_is_as_long_as_the_form_allows_and_turns_nothing_round() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.advance(time::Duration::days(8)).await;
    let page = world.post(&alice.approve, &[("comment", &format!("\u{202e}{}", "é".repeat(5_000)))]).await;
    assert_eq!((page.status, page.body.matches('é').count()), (410, 511), "{}", page.body);
    assert!(page.body.contains("é…</textarea>") && !page.body.contains('\u{202e}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_comes_after_the_decision_is_given_back() {
    let world = World::of(&format!("{ALICE}, {BOB}"), 1).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "first").await;
    for decision in ["Approved", "Rejected"] {
        let link = if decision == "Approved" { &bob.approve } else { &bob.reject };
        let page = world.post(link, &pressed(decision)).await;
        assert_eq!((page.status, page.title()), (409, "MyFirstPipeline was already approved"));
        assert!(page.body.contains(NOT_SAVED), "{}", page.body);
        assert_given_back(&page, decision);
    }
    // A comment that was saved is not called lost, and one in its place is.
    let page = world.post(&alice.approve, &[("comment", " first\r\n"), ("decision", "Approved")]).await;
    assert!(page.status == 200 && !page.body.contains(NOT_SAVED), "{}", page.body);
    let page = world.post(&alice.approve, &[("comment", "second"), ("decision", "Approved")]).await;
    assert!(page.body.contains(NOT_SAVED) && page.body.contains("\nsecond</textarea>"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_contradicts_its_link_gives_the_comment_back() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let page = world.post(&alice.approve, &pressed("Rejected")).await;
    assert_eq!((page.status, page.title()), (400, "Nothing was decided"));
    assert_given_back(&page, "another button");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_approve_gets_the_comment_back() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\ninitiator_may_approve = false");
    let world = World::under(&policy).await;
    world.service(sandbox::codepipeline::ExecutionMode::Superseded);
    world.start_as(&format!("arn:aws:iam::123456789012:user/{ALICE}")).await;
    let page = world.post(&world.mail_to(ALICE).await.approve, &pressed("Approved")).await;
    assert_eq!((page.status, page.title()), (403, "You started this release"));
    assert_given_back(&page, "the initiator");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_back_to_whom_no_link_entitles_or_where_another_site_sent_it() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let not_asked = parts.clone().claim("sub", json!("mallory@example.com")).signed(&world, &parts.key());
    let expired = parts.clone().claim("exp", json!(BEGIN.unix_timestamp() - 1)).signed_by_a_stranger();
    for (link, what) in [
        (&world.url("/approval?t=x"), "no token"),
        (&alice.approve[..alice.approve.len() - 1].to_owned(), "cut off"),
        (&expired, "a stranger's, expired"),
        (&not_asked, "somebody who was not asked"),
        (&world.url("/elsewhere"), "another path"),
    ] {
        let page = world.post(link, &pressed("Approved")).await;
        assert!((400..500).contains(&page.status) && !page.body.contains("Totals agree"), "{what}: {}", page.body);
    }
    let form = "comment=Totals+agree&decision=Approved".to_owned();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for headers in [vec![kind, ("sec-fetch-site", "cross-site")], vec![("content-type", "text/plain")]] {
        let page = world.raw("POST", &alice.approve, &headers, form.clone()).await;
        assert!(page.status >= 400 && !page.body.contains("Totals agree"), "{headers:?}: {}", page.body);
    }
    assert_eq!(world.approval_state().await["status"], "InProgress");
}

#[tokio::test(start_paused = true)]
async fn where_aws_does_not_answer_one_press_tries_again() {
    for (operation, decision) in
        [("GetItem", "Approved"), ("Sign", "Rejected"), ("UpdateItem", "Approved"), ("PutApprovalResult", "Approved")]
    {
        let world = World::simulated().await;
        let (alice, _) = world.ask().await;
        let link = if decision == "Approved" { &alice.approve } else { &alice.reject };
        world.fail(Calls::of(operation), Fault::Throttled);
        let page = world.post(link, &pressed(decision)).await;
        assert_eq!(
            (page.status, page.title(), page.has_form()),
            (503, "Please try again in a minute", true),
            "{operation}"
        );
        assert!(page.body.contains("<details open>") && page.body.contains(SHOWN), "{operation}: {}", page.body);
        assert!(page.body.contains(&format!("name=\"decision\" value=\"{decision}\"")), "{}", page.body);
        assert!(page.body.contains("press the button below"), "{}", page.body);
        assert!(!world.get(link).await.has_form() || operation != "GetItem", "whoever only looks has seen no request");
        world.heal();
        let page = world.post(link, &pressed(decision)).await;
        assert_eq!(page.status, 200, "{operation}: {}", page.body);
        assert!(world.approval_state().await["summary"].as_str().unwrap().contains("Totals agree"), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_button_would_not_help_the_comment_is_shown() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    world.fail(Calls::of("PutApprovalResult"), Fault::Denied);
    let page = world.post(&alice.approve, &pressed("Approved")).await;
    assert_eq!((page.status, page.has_form()), (500, false));
    assert!(!page.body.contains(NOT_SAVED), "perhaps it was");
    assert_given_back(&page, "denied");
    // Nor is a link's form of any use once its time is over.
    world.heal();
    world.fail(Calls::of("GetItem"), Fault::Throttled);
    let (parts, now) = (Parts::of(&alice.approve), BEGIN.unix_timestamp());
    let link = parts.clone().claim("exp", json!(now - 1)).claim("iat", json!(now - 60)).claim("nbf", json!(now - 60));
    let page = world.post(&link.signed(&world, &parts.key()), &pressed("Approved")).await;
    assert_eq!((page.status, page.has_form()), (503, false));
    assert_given_back(&page, "expired, and no answer");
}
