//! The languages of pages and emails.

use tests::{ALICE, BOB, Page, World};

/// The language that a page says it is in.
fn language(page: &Page) -> &str {
    page.body.split_once("<html lang=\"").unwrap().1.split_once('"').unwrap().0
}

fn policy(language: &str) -> String {
    format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nlanguage = \"{language}\"\nremind = \"24h\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_in_the_language_that_the_browser_asks_for() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    for (accepted, expected, title) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "MyFirstPipeline für MyApprovalStage freigeben, ohne Seite zum Prüfen?"),
        ("tlh, pt-BR;q=0.5", "pt", ""),
        ("ja", "ja", ""),
        ("es", "es", ""),
        ("fr-CH", "fr", ""),
        ("en", "en", "Release MyFirstPipeline to MyApprovalStage without a page to review?"),
        ("tlh", "en", "Release MyFirstPipeline to MyApprovalStage without a page to review?"),
        ("\u{fffd}", "en", "Release MyFirstPipeline to MyApprovalStage without a page to review?"),
    ] {
        let page = world.get_in(&alice.approve, accepted).await;
        assert_eq!((page.status, language(&page)), (200, expected), "{accepted}");
        assert!(title.is_empty() || page.title() == title, "{}", page.title());
    }
    // Refusals and the page after a vote, too.
    assert_eq!(world.get_in(&world.url("/approval?t=x"), "de").await.title(), "Dieser Link funktioniert nicht");
    assert_eq!(world.get_in(&world.url("/nowhere"), "de").await.title(), "Diese Seite gibt es nicht");
    let page = world.post_in(&alice.approve, &[("decision", "Approved")], "de").await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline wurde genehmigt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn emails_are_in_the_language_of_their_route() {
    let world = World::under(&policy("de")).await;
    let (alice, _) = world.ask().await;
    assert_eq!(alice.subject, "Genehmigung erforderlich: MyFirstPipeline / MyApprovalStage / MyApprovalAction");
    for part in [&alice.text, &alice.html] {
        assert!(part.contains("wartet 7 Tage auf eine Entscheidung, bis zum 27. November 2026, 09:25 UTC."), "{part}");
    }
    assert!(alice.html.contains("<html lang=\"de\"") && alice.raw.contains("\nContent-Language: de"), "{}", alice.raw);
    // If there are no texts in the browser's languages, pages are in the language of the emails.
    assert_eq!(language(&world.get(&alice.approve).await), "de");
    assert_eq!(language(&world.get_in(&alice.approve, "tlh").await), "de");
    assert_eq!(language(&world.get_in(&alice.approve, "fr").await), "fr");
    // The later emails too, in the same thread.
    world.advance(time::Duration::days(6)).await;
    world.press(&alice.reject, "Nein").await;
    world.settle().await;
    let later: Vec<String> = world.mails().await.into_iter().skip(2).map(|mail| mail.subject).collect();
    assert_eq!(later, vec![format!("Re: {}", alice.subject); 4], "two reminders and two outcomes");
    // The summary in CodePipeline is for its operators, and stays in English.
    let summary = world.approval_state().await["summary"].as_str().unwrap().to_owned();
    assert!(summary.starts_with("Rejected through Countersign by "), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_language_makes_links_that_decide() {
    for language in countersign::l10n::Language::all() {
        let world = World::under(&policy(language.as_str())).await;
        world.play(&tests::eventbridge()).await;
        let mails = world.mails().await;
        assert_eq!(mails.len(), 2, "{language}");
        let page = world.press(&mails[0].approve, "").await;
        assert_eq!(page.status, 200, "{language}");
        assert_eq!(world.approval_state().await["status"], "Succeeded", "{language}");
    }
}
