//! Somebody who has a link that is not theirs, or who has the notifier make links for another place.

use std::sync::Arc;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use countersign::pipeline::Polling;
use notifier::{Host, Notifier};
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::{ALICE, BOB, World};

/// A notifier of the world's that mails links to another host, as after somebody changed one variable.
fn pointed_elsewhere(world: &World) -> Notifier {
    let settings = |name: &str| match name {
        "COUNTERSIGN_CALLBACK_URL" => Some("https://approvals.evil.example".to_owned()),
        _ => world.sandbox().setting(name),
    };
    let credentials = Credentials::new(sandbox::NOTIFIER_KEY, "sandbox", None, None, "tests");
    let aws = countersign::aws::builder()
        .region(Region::new("us-east-2"))
        .endpoint_url(world.url("/aws"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let polling = Polling { attempts: 1, interval: std::time::Duration::ZERO };
    let host = Host { clock: world.sandbox().clock().clock(), metrics: Arc::new(|_| {}), polling, callback: None };
    Notifier::new(notifier::Settings::read(&settings).unwrap(), &aws, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_were_made_for_another_host_are_refused_by_ours() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.advance(time::Duration::minutes(30)).await;
    let resend = json!({"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"});
    pointed_elsewhere(&world).handle(&json!({ "resend": resend })).await.unwrap();
    let harvested = world.mails().await.into_iter().rfind(|mail| mail.to == ALICE).unwrap();
    let token = harvested.approve.strip_prefix("https://approvals.evil.example/approval?t=").unwrap();
    let used_here = world.url(&format!("/approval?t={token}"));
    for page in [world.get(&used_here).await, world.post(&used_here, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (400, "This link does not work"));
    }
    assert!(world.sandbox().metrics().iter().any(|line| line.contains("for another origin")));
    assert_eq!(
        (world.approval_state().await["status"].as_str(), world.calls("PutApprovalResult")),
        (Some("InProgress"), 0)
    );
    assert_eq!(world.press(&alice.approve, "").await.title(), "MyFirstPipeline was approved");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_link_cannot_be_pressed_from_another_site_or_as_text() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    let signed = world.calls("Sign");
    for (what, headers) in [
        ("from another site", vec![("content-type", FORM), ("sec-fetch-site", "cross-site")]),
        ("from another site of the domain", vec![("content-type", FORM), ("sec-fetch-site", "same-site")]),
        ("as text", vec![("content-type", "text/plain")]),
        ("as text, from another site", vec![("content-type", "text/plain"), ("sec-fetch-site", "cross-site")]),
        ("as JSON", vec![("content-type", "application/json")]),
        ("as nothing", vec![]),
    ] {
        let page = world.post_headed(&alice.approve, &headers, "decision=Approved").await;
        assert!(matches!(page.status, 403 | 415), "{what}: {}", page.status);
        assert_eq!(page.title(), "This did not come from our page", "{what}");
        assert_eq!(world.approval_state().await["status"], "InProgress", "{what}");
        assert_eq!((world.calls("PutApprovalResult"), world.calls("Sign")), (0, signed), "{what}");
    }
    let own = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    let page = world.post_headed(&alice.approve, &own, "decision=Approved").await;
    assert_eq!(page.title(), "MyFirstPipeline was approved");
}

#[tokio::test(start_paused = true)]
async fn a_link_of_the_version_before_says_that_the_approval_is_asked_anew() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    let golden = Parts::of(include_str!("../../../shared/tests/golden/link-unbound.txt").trim());
    let ours = Parts::of(&alice.approve);
    // The claims of that version, about what waits here, signed by our own key.
    let mut old = Parts { prefix: ours.prefix.clone(), header: golden.header.clone(), claims: golden.claims.clone() };
    old.header["kid"] = json!(ours.key());
    for name in ["iss", "sub", "iat", "nbf", "exp", "jti", "account", "region", "pipeline", "stage", "action", "token"]
    {
        old.claims[name] = ours.claims[name].clone();
    }
    (old.claims["execution"], old.claims["decision"]) = (ours.claims["execution"].clone(), json!("Approved"));
    let link = old.signed(&world, &ours.key());
    for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (410, "You were asked again"));
    }
    // A stranger's is no link at all.
    assert_eq!(world.get(&old.signed_by_a_stranger()).await.status, 400);
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert_eq!(world.get(&alice.approve).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_sealed_or_ordered_is_no_link() {
    let world = World::simulated().await;
    let (alice, _) = world.ask().await;
    let ours = Parts::of(&alice.approve);
    let request = world.ledger().request().await;
    let seal = request["seal"]["S"].as_str().unwrap();
    let sealed = format!("{}{seal}", ours.prefix);
    assert_eq!(world.get(&sealed).await.status, 400, "a request's seal");
    for typ in ["request+jwt", "vote+jwt", "finish+jwt", "JWT"] {
        let link = ours.clone().head("typ", Value::from(typ)).signed(&world, &ours.key());
        for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
            assert_eq!(page.status, 400, "{typ}");
        }
    }
    assert_eq!(world.approval_state().await["status"], "InProgress");
}

/// What remains: whoever may invoke the callback without API Gateway can say where a vote came from, but needs a link.
#[tokio::test(start_paused = true)]
async fn whoever_invokes_the_callback_directly_can_make_up_where_a_vote_came_from_and_needs_a_link() {
    const FORM: &str = "decision=Approved";
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    let domain = alice.approve.strip_prefix("https://").unwrap().split('/').next().unwrap();
    let forged = format!("{}x", alice.approve);
    assert_eq!(world.invoke_callback(&forged, domain, "192.0.2.1", FORM).await.status, 400);
    assert_eq!(world.invoke_callback(&alice.approve, "evil.example", "192.0.2.1", FORM).await.status, 400);
    let page = world.invoke_callback(&alice.approve, domain, "192.0.2.1", FORM).await;
    assert_eq!((page.status, page.title()), (200, "Your vote has been recorded"));
    let receipts = world.receipts().await;
    assert!(receipts[0].to == ALICE && receipts[0].text.contains("IP address: 192.0.2.1"), "{}", receipts[0].text);
    // An origin that is made up helps where the link was made for it, and nobody but the notifier makes links.
    assert_eq!(world.press(&bob.approve, "").await.title(), "MyFirstPipeline was approved");
}
