//! Every answer carries the security headers, errors too.

use tests::{Page, World};

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

#[tokio::test(flavor = "multi_thread")]
async fn on_every_status() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    let mut pages = vec![
        (200, world.get(&alice.approve).await),
        (200, world.head(&alice.approve).await),
        (400, world.get(&world.url("/approval")).await),
        (400, world.get(&world.url("/approval?t=x")).await),
        (400, world.post(&alice.approve, &[]).await),
        (400, world.post(&alice.approve, &[("decision", "Rejected")]).await),
        (404, world.get(&world.url("/approval/")).await),
        (404, world.post(&world.url("/elsewhere"), &[("decision", "Approved")]).await),
        (405, world.request("PUT", &alice.approve).await),
        (405, world.request("DELETE", &alice.approve).await),
        (405, world.request("OPTIONS", &alice.approve).await),
    ];
    world.sandbox.aws().fail_next("dynamodb", "GetItem", 3, 400, "ThrottlingException", "slow down");
    pages.push((503, world.get(&alice.approve).await));
    pages.push((200, world.press(&alice.approve, "").await));
    pages.push((409, world.get(&bob.approve).await));
    world.sandbox.advance(time::Duration::days(8)).await;
    pages.push((409, world.get(&bob.approve).await));
    let other = World::new().await;
    let (late, _) = other.ask().await;
    other.sandbox.advance(time::Duration::days(8)).await;
    pages.push((410, other.get(&late.approve).await));
    for (status, page) in &pages {
        assert_eq!(page.status, *status, "{}", page.body);
        assert_headers(page, &format!("{status}"));
        assert_eq!(page.header("retry-after"), (*status == 503).then_some("30"));
        assert_eq!(page.header("allow"), (*status == 405).then_some("GET, HEAD, POST"));
    }
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
            "This cannot be done here",
            "MyFirstPipeline was already approved"
        ]
    );
}
