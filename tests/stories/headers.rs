//! Every answer carries the security headers, errors too.

use std::collections::BTreeSet;

use sandbox::codepipeline::ExecutionMode;
use sandbox::simulation::{Calls, Fault};
use tests::{ALICE, BOB, Page, World};

fn assert_headers(page: &Page, what: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
        ("x-robots-tag", "noindex, nofollow"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.header(name), Some(value), "{what}: {name}");
    }
    let shared = page.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(shared, None, "{what}: no other origin may read");
    let policy = page.header("content-security-policy").unwrap();
    let rest = policy.strip_prefix("default-src 'none'; style-src 'sha256-").unwrap();
    assert!(rest.ends_with("'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    if !page.body.is_empty() {
        let style = page.body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
        let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash);
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{what}: the style is the one that the policy allows");
        assert_eq!(page.body.matches("<style").count(), 1);
        for never in ["<script", " style=", "<img", "src=", "<link", "onclick"] {
            assert!(!page.body.contains(never), "{what}: {never}");
        }
    }
}

/// Every status that the callback answers with.
const STATUSES: [u16; 9] = [200, 400, 403, 404, 405, 409, 410, 500, 503];

/// A page, and the answer to HEAD at the same address.
async fn both(world: &World, url: &str) -> [Page; 2] {
    [world.get(url).await, world.head(url).await]
}

#[tokio::test(start_paused = true)]
async fn on_every_status() {
    let world = World::simulated().await;
    let (alice, bob) = world.ask().await;
    let mut pages = vec![
        (400, world.post(&alice.approve, &[]).await),
        (400, world.post(&alice.approve, &[("decision", "Rejected")]).await),
        (404, world.post(&world.url("/elsewhere"), &[("decision", "Approved")]).await),
        (405, world.request("PUT", &alice.approve).await),
        (405, world.request("DELETE", &alice.approve).await),
        (405, world.request("OPTIONS", &alice.approve).await),
        (405, world.request("TRACE", &alice.approve).await),
    ];
    let mut add = |status, answers: [Page; 2]| pages.extend(answers.map(|page| (status, page)));
    add(200, both(&world, &alice.approve).await);
    add(200, both(&world, &world.url("/help")).await);
    add(400, both(&world, &world.url("/approval")).await);
    add(400, both(&world, &world.url("/approval?t=x")).await);
    add(404, both(&world, &world.url("/approval/")).await);
    world.fail(Calls::of("GetItem"), Fault::Throttled);
    add(503, both(&world, &alice.approve).await);
    world.heal();
    world.fail(Calls::of("GetItem"), Fault::Denied);
    add(500, both(&world, &alice.approve).await);
    world.heal();
    let pressed = world.press(&alice.approve, "").await;
    add(409, both(&world, &bob.approve).await);
    world.advance(time::Duration::days(8)).await;
    add(409, both(&world, &bob.approve).await);

    let other = World::simulated().await;
    let (late, _) = other.ask().await;
    other.advance(time::Duration::days(8)).await;
    add(410, both(&other, &late.approve).await);

    let policy = format!("[default]\napprovers = [\"{ALICE}\", \"{BOB}\"]\ninitiator_may_approve = false");
    let guarded = World::simulated_under(&policy).await;
    guarded.service(ExecutionMode::Queued);
    guarded.start_as(&format!("arn:aws:iam::123456789012:user/{ALICE}")).await;
    let own = guarded.mail_to(ALICE).await.approve;
    add(403, both(&guarded, &own).await);
    pages.push((403, guarded.post(&own, &[("decision", "Approved")]).await));
    pages.push((200, pressed));

    for (status, page) in &pages {
        assert_eq!(page.status, *status, "{}", page.body);
        assert_headers(page, &format!("{status}"));
        assert_eq!(page.header("retry-after"), (*status == 503).then_some("30"));
        assert_eq!(page.header("allow"), (*status == 405).then_some("GET, HEAD, POST"));
    }
    let seen: BTreeSet<u16> = pages.iter().map(|(status, _)| *status).collect();
    assert_eq!(seen, BTreeSet::from(STATUSES));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_own_title() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    let bad = world.get(&world.url("/approval?t=x")).await;
    let form = world.post(&alice.approve, &[("decision", "maybe")]).await;
    let method = world.request("PUT", &alice.approve).await;
    world.press(&alice.approve, "").await;
    let decided = world.get(&bob.approve).await;
    let titles = [bad.title(), form.title(), method.title(), decided.title()];
    assert_eq!(
        titles,
        [
            "This link does not work",
            "Nothing was decided",
            "You cannot do that here",
            "MyFirstPipeline was already approved"
        ]
    );
}
