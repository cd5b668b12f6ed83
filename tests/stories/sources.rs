//! What sources say of their revisions, as an approver reads it.

use sandbox::codepipeline::{ActionDefinition, ActionKind, SourceAction, SourceProvider, StageDefinition};
use tests::{ALICE, World, by_a_developer, service};

fn source(name: &str, provider: SourceProvider, message: &str) -> ActionDefinition {
    let source = SourceAction { messages: vec![message.to_owned()], ..SourceAction::new(provider, "example/shop") };
    ActionDefinition::new(name, ActionKind::Source(source))
}

/// Has an approval asked about in a pipeline with these sources. Gives Alice's email and the page of its link.
async fn asked_about(sources: &[ActionDefinition]) -> (tests::Mail, String) {
    let world = World::new().await;
    let mut pipeline = service("shop", Default::default(), Default::default());
    pipeline.stages[0] = StageDefinition::new("Source", sources.to_vec());
    world.aws().codepipeline.create(pipeline).unwrap();
    world.aws().codepipeline.start("shop", by_a_developer()).unwrap();
    world.settle().await;
    let mail = world.mail_to(ALICE).await;
    let page = world.get(&mail.approve).await.body;
    (mail, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_message_that_codepipeline_cut_is_shown_without_its_wrapper() {
    let message = format!("Round totals\n\n{}\n", "\"half\" to even\\ 🚀\n".repeat(200));
    let (mail, page) = asked_about(&[source("App", SourceProvider::GitHubConnection, &message)]).await;
    for shown in [&mail.text, &mail.html, &page] {
        assert!(shown.contains("Round totals"), "{shown}");
        assert!(!shown.contains("ProviderType") && !shown.contains("CommitMessage"), "{shown}");
    }
    assert!(page.contains("to even\\ 🚀") && page.contains('…'), "what is cut is said: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_sources_has_its_name() {
    let app = source("App", SourceProvider::GitHubConnection, "Round totals");
    let config = source("Config.Live", SourceProvider::CodeCommit, "Raise the limit");
    let (mail, page) = asked_about(&[app.clone(), config]).await;
    for shown in [&mail.text, &mail.html, &page] {
        let (_, of_app) = shown.split_once("Source App").expect(shown);
        let (of_app, of_config) = of_app.split_once("Source Config.Live").expect(shown);
        assert!(of_app.contains("Round totals") && of_config.contains("Raise the limit"), "{shown}");
    }
    let (mail, page) = asked_about(&[app]).await;
    for shown in [&mail.text, &mail.html, &page] {
        assert!(
            shown.contains("Change in example/shop, described by its author") && !shown.contains("Source App"),
            "{shown}"
        );
    }
}
