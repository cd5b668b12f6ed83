//! Somebody who has a link that is not theirs, or who has the notifier make links for another place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::ledger_writer::vote;
use tests::{ALICE, BOB, World};

use crate::operations::misconfigured;

#[tokio::test(flavor = "multi_thread")]
async fn links_that_were_made_for_another_host_are_refused_by_ours() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    world.advance(time::Duration::minutes(30)).await;
    let resend = json!({"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"});
    // As after somebody changed one variable.
    let elsewhere = misconfigured(&world, "COUNTERSIGN_CALLBACK_URL", "https://approvals.evil.example");
    elsewhere.handle(&json!({ "resend": resend }), "request").await.unwrap();
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
    let world = World::simulated_of(&format!("{ALICE}, {BOB}"), 2).await;
    let (alice, bob) = world.ask().await;
    world.press(&bob.approve, "").await;
    let ours = Parts::of(&alice.approve);
    let request = world.ledger().request().await;
    let record = world.ledger().items().await.into_iter().find(|item| item["sk"]["S"] == "SIGNED-POLICY").unwrap();
    let vote = vote(&request, BOB);
    for (what, sealed) in [("a request's seal", &request), ("a vote's seal", &vote), ("the policy's seal", &record)] {
        let link = format!("{}{}", ours.prefix, sealed["seal"]["S"].as_str().unwrap());
        for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
            assert_eq!(page.status, 400, "{what}");
        }
    }
    for typ in ["request+jwt", "vote+jwt", "policy+jwt", "evidence+jwt", "finish+jwt", "JWT"] {
        let link = ours.clone().head("typ", Value::from(typ)).signed(&world, &ours.key());
        for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
            assert_eq!(page.status, 400, "{typ}");
        }
    }
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert_eq!(
        world.press(&alice.approve, "").await.title(),
        "MyFirstPipeline was approved",
        "and the link itself is one"
    );
}

/// All text in a value, with what is stored as bytes.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            let bytes = value.as_str().filter(|_| name == "B").and_then(|text| STANDARD.decode(text).ok());
            found.extend(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            texts(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::String(text) => found.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn no_link_is_in_the_ledger() {
    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\nquorum = 2\nremind = \"24h\"");
    let world = World::simulated_under(&policy).await;
    let (alice, bob) = world.ask().await;
    world.press(&alice.approve, "Totals agree").await;
    // Everything that is ever written: votes, reminders, what is sent again, and how it ended.
    world.advance(time::Duration::days(6) + time::Duration::hours(1)).await;
    let resend = json!({"pipeline": "MyFirstPipeline", "stage": "MyApprovalStage", "action": "MyApprovalAction"});
    world.invoke(json!({ "resend": resend })).await.unwrap();
    world.press(&bob.approve, "").await;
    world.settle().await;
    let mut found = Vec::new();
    for item in world.ledger().items().await {
        texts(&Value::from(item), &mut found);
    }
    let ledger = found.join("\n");
    let id = Parts::of(&alice.approve).claims["jti"].as_str().unwrap().to_owned();
    assert!(ledger.contains(&id), "objects are read: a vote names its link by its id");
    let mails = world.mails().await;
    let links: Vec<&str> = mails.iter().flat_map(|mail| [&mail.approve, &mail.reject]).map(String::as_str).collect();
    let links: Vec<&str> = links.into_iter().filter(|link| !link.is_empty()).collect();
    assert!(links.len() >= 8, "{} links", links.len());
    for link in links {
        let (_, token) = link.split_once("?t=").unwrap();
        // Neither whole, nor a part from which the rest could be made.
        for part in [token, token.rsplit('.').next().unwrap(), token.split('.').nth(1).unwrap()] {
            assert!(!ledger.contains(part), "{part}");
        }
    }
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
    let [receipt] = receipts.as_slice() else { panic!("{} receipts", receipts.len()) };
    assert_eq!(receipt.to, ALICE);
    for made_up in ["IP address: 192.0.2.1", "> made up"] {
        assert!(receipt.text.contains(made_up), "{made_up}: {}", receipt.text);
    }
    // An origin that is made up helps where the link was made for it, as by a notifier that somebody pointed elsewhere.
    let parts = Parts::of(&bob.approve).claim("aud", json!("https://evil.example"));
    let harvested = parts.signed(&world, &parts.key());
    for link in [&harvested, &bob.approve] {
        let other = if link == &harvested { domain } else { "evil.example" };
        assert_eq!(world.invoke_callback(link, other, "192.0.2.1", FORM).await.status, 400, "at another origin");
    }
    assert_eq!(world.post(&harvested, &[("decision", "Approved")]).await.status, 400, "through API Gateway");
    let page = world.invoke_callback(&harvested, "evil.example", "192.0.2.1", FORM).await;
    assert_eq!((page.status, page.title()), (200, "MyFirstPipeline was approved"));
}
