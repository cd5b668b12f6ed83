//! Links that we did not sign, or that were changed since. All get the same page, and nothing happens.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tests::forge::Parts;
use tests::{ALICE, BEGIN, BOB, World, changed, eventbridge};

/// Asserts that opening the link and submitting its form both get the page for bad links, without an AWS call.
async fn assert_bad_link(world: &World, link: &str, what: &str) {
    let calls = world.aws().calls().len();
    for page in [
        world.get(link).await,
        world.post(link, &[("decision", "Approved")]).await,
        world.post(link, &[("decision", "Rejected")]).await,
    ] {
        assert_eq!((page.status, page.title()), (400, "This link does not work"), "{what}");
        for secret in ["MyFirstPipeline", "alice", "signature", "expired", "claim", "audience", "kid"] {
            assert!(!page.body.contains(secret), "{what} shows the visitor {secret}");
        }
    }
    assert_eq!(world.aws().calls().len(), calls, "{what} makes an AWS call");
}

async fn assert_untouched(world: &World) {
    assert_eq!(world.approval_state().await["status"], "InProgress");
    assert_eq!(world.calls("PutApprovalResult"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_link_with_the_right_key_and_content_works() {
    // Without this test, a broken forge would make the other tests of this file pass.
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let forged = parts.clone().claim("jti", json!("another")).signed(&world, &parts.key());
    assert_eq!(world.get(&forged).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_flipped_at_each_byte() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let (unsigned, signature) = alice.approve.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(signature.len(), 64);
    for index in 0..64 {
        for bit in [0x01, 0x80] {
            let mut flipped = signature.clone();
            flipped[index] ^= bit;
            let link = format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(flipped));
            assert_eq!(world.get(&link).await.status, 400, "byte {index}");
            assert_eq!(world.post(&link, &[("decision", "Approved")]).await.status, 400, "byte {index}");
        }
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_algorithms() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let public_key = { world.aws().kms.public_key(&parts.key()).unwrap() };
    let raw_key = &public_key[12..];
    for (what, link) in [
        ("none", parts.clone().head("alg", json!("none")).with_signature(&[])),
        ("None", parts.clone().head("alg", json!("None")).with_signature(&[])),
        ("HS256 with the raw public key", parts.clone().head("alg", json!("HS256")).signed_hs256(raw_key)),
        ("HS256 with the DER public key", parts.clone().head("alg", json!("HS256")).signed_hs256(&public_key)),
        ("ES256", parts.clone().head("alg", json!("ES256")).signed_es256()),
        ("ES256 that says EdDSA", parts.signed_es256()),
        ("no algorithm", parts.clone().headless("alg").signed(&world, &parts.key())),
        ("an algorithm in lower case", parts.clone().head("alg", json!("eddsa")).signed(&world, &parts.key())),
        ("a stranger's key", parts.signed_by_a_stranger()),
        ("no signature", parts.with_signature(&[])),
    ] {
        assert_bad_link(&world, &link, what).await;
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_headers() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let key = parts.key();
    let other_key = world.aws().kms.create_key().unwrap();
    for (what, link) in [
        ("typ JWT", parts.clone().head("typ", json!("JWT")).signed(&world, &key)),
        ("typ in capitals", parts.clone().head("typ", json!("LINK+JWT")).signed(&world, &key)),
        ("typ with prefix", parts.clone().head("typ", json!("application/link+jwt")).signed(&world, &key)),
        ("no typ", parts.clone().headless("typ").signed(&world, &key)),
        ("no kid", parts.clone().headless("kid").signed(&world, &key)),
        ("a kid of another key of the account", parts.clone().head("kid", json!(other_key)).signed(&world, &other_key)),
        ("a kid that nobody knows", parts.clone().head("kid", json!("nobody")).signed(&world, &key)),
        ("our kid on another key's signature", parts.signed(&world, &other_key)),
        ("crit", parts.clone().head("crit", json!(["exp"])).signed(&world, &key)),
        ("jwk", parts.clone().head("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})).signed(&world, &key)),
        ("x5u", parts.clone().head("x5u", json!("https://evil.example")).signed(&world, &key)),
        ("something unknown", parts.clone().head("zip", json!("DEF")).signed(&world, &key)),
    ] {
        assert_bad_link(&world, &link, what).await;
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_claims() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let key = parts.key();
    let now = BEGIN.unix_timestamp();
    let names: Vec<String> = parts.claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 16, "{names:?}");
    let mut links: Vec<(String, String)> = Vec::new();
    for name in &names {
        links.push((format!("{name} missing"), parts.clone().without(name).signed(&world, &key)));
        for (kind, value) in
            [("null", Value::Null), ("an array", json!([parts.claims[name]])), ("an object", json!({}))]
        {
            links.push((format!("{name} is {kind}"), parts.clone().claim(name, value).signed(&world, &key)));
        }
        let other_type = if parts.claims[name].is_number() { json!("1795364663") } else { json!(5) };
        links.push((format!("{name} of another type"), parts.clone().claim(name, other_type).signed(&world, &key)));
    }
    for name in ["iss", "aud"] {
        for value in [json!("other"), json!(""), json!("Sandbox"), json!(["sandbox", "other"])] {
            links.push((format!("{name} is {value}"), parts.clone().claim(name, value).signed(&world, &key)));
        }
    }
    let sixty_one_days = now + 61 * 24 * 3600;
    for (name, value) in [
        ("exp", json!(u64::MAX)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!(1_795_969_463.5)),
        ("exp", json!(sixty_one_days)),
        ("nbf", json!(now + 3600)),
        ("nbf", json!(i64::MAX)),
        ("iat", json!(now + 3600)),
        ("iat", json!(i64::MIN)),
        ("decision", json!("approved")),
        ("decision", json!("")),
        ("pipeline", json!("a/b")),
        ("token", json!("")),
        ("sub", json!("nobody")),
        ("account", json!("1")),
    ] {
        links.push((format!("{name} is {value}"), parts.clone().claim(name, value).signed(&world, &key)));
    }
    for (what, link) in links {
        assert_bad_link(&world, &link, &what).await;
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_link_says_that_it_has_expired() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let now = BEGIN.unix_timestamp();
    for past in [now, now - 1] {
        let link = parts.clone().claim("exp", json!(past)).claim("iat", json!(now - 60)).claim("nbf", json!(now - 60));
        let link = link.signed(&world, &parts.key());
        for page in
            [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await, world.post(&link, &[]).await]
        {
            assert_eq!((page.status, page.title()), (410, "This link has expired"));
        }
    }
    let expired_and_forged = parts.claim("exp", json!(now - 1)).signed_by_a_stranger();
    assert_bad_link(&world, &expired_and_forged, "expired and forged").await;
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spliced_tokens() {
    let world = World::new().await;
    let (alice, bob) = world.ask().await;
    world
        .play(&changed(
            changed(eventbridge(), "/detail/pipeline", json!("Other")),
            "/detail/execution-id",
            json!("other-1"),
        ))
        .await;
    let mails = world.mails().await;
    let other = mails.iter().find(|mail| mail.subject.contains("Other") && mail.to == alice.to).unwrap();
    let split = |link: &str| link.split_once("?t=").unwrap().1.split('.').map(str::to_owned).collect::<Vec<_>>();
    let prefix = alice.approve.split_once("?t=").unwrap().0.to_owned();
    let ours = split(&alice.approve);
    for (what, theirs) in
        [("another pipeline", &other.approve), ("another approver", &bob.approve), ("another decision", &alice.reject)]
    {
        let theirs = split(theirs);
        let spliced = format!("{prefix}?t={}.{}.{}", ours[0], theirs[1], ours[2]);
        assert_bad_link(&world, &spliced, &format!("claims of {what}")).await;
        let spliced = format!("{prefix}?t={}.{}.{}", ours[0], ours[1], theirs[2]);
        assert_bad_link(&world, &spliced, &format!("signature of {what}")).await;
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let (prefix, token) = alice.approve.split_once("?t=").unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let padded = |part: &str| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap());
    // The last character of 64 bytes in base64 carries 4 bits that mean nothing.
    let last = parts[2].chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let neighbour = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    for (what, token) in [
        ("empty", String::new()),
        ("a word", "x".to_owned()),
        ("dots", "..".to_owned()),
        ("one part missing", format!("{}.{}", parts[0], parts[1])),
        ("one part too many", format!("{token}.{}", parts[2])),
        ("truncated by one", token[..token.len() - 1].to_owned()),
        ("truncated in the middle", token[..token.len() / 2].to_owned()),
        ("padding on the signature", format!("{}.{}.{}", parts[0], parts[1], padded(parts[2]))),
        (
            "loose bits at the signature's end",
            format!("{}.{}.{}{neighbour}", parts[0], parts[1], &parts[2][..parts[2].len() - 1]),
        ),
        ("a space in front", format!("%20{token}")),
        ("a line break behind", format!("{token}%0A")),
        ("a NUL behind", format!("{token}%00")),
        ("a bad escape", format!("%ZZ{token}")),
        ("a comma, as API Gateway joins", format!("{token},{token}")),
        ("2,000 characters", "x".repeat(2000)),
        ("20 kB", "x".repeat(20_000)),
    ] {
        assert_bad_link(&world, &format!("{prefix}?t={token}"), what).await;
    }
    for (what, link) in [
        ("twice", format!("{prefix}?t={token}&t={token}")),
        ("twice, one empty", format!("{prefix}?t={token}&t=")),
        ("another name", format!("{prefix}?token={token}")),
        ("a capital", format!("{prefix}?T={token}")),
    ] {
        assert_bad_link(&world, &link, what).await;
    }
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_100_kb() {
    let world = World::new().await;
    world.ask().await;
    let long = "x".repeat(100_000);
    let page = world.post(&world.url("/approval"), &[("t", &long), ("decision", "Approved")]).await;
    assert_eq!((page.status, page.title()), (400, "Nothing was decided"));
    // In the query the server refuses it before the callback sees it, as API Gateway does beyond 10 kB.
    assert_eq!(world.status_line(&format!("GET /approval?t={long} HTTP/1.1")).await, "HTTP/1.1 414 URI Too Long");
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_deployments_link() {
    // Another installation, first with another key, then with the same key.
    let (world, other) = (World::new().await, World::new().await);
    let (alice, _) = other.ask().await;
    world.ask().await;
    let token = alice.approve.split_once("?t=").unwrap().1;
    assert_bad_link(&world, &world.url(&format!("/approval?t={token}")), "another key").await;
    let parts = Parts::of(&world.mail_to(tests::ALICE).await.approve);
    let link = parts.clone().claim("iss", json!("staging")).claim("aud", json!("staging")).signed(&world, &parts.key());
    assert_bad_link(&world, &link, "another deployment").await;
    assert_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_somebody_who_is_not_an_approver() {
    let world = World::new().await;
    let (alice, _) = world.ask().await;
    let parts = Parts::of(&alice.approve);
    let link = parts.clone().claim("sub", json!("mallory@example.com")).signed(&world, &parts.key());
    for page in [world.get(&link).await, world.post(&link, &[("decision", "Approved")]).await] {
        assert_eq!((page.status, page.title()), (400, "This link does not work"), "signed by us, for somebody else");
    }
    assert_untouched(&world).await;
    // Nor does such a link show how the approval ended, as an approver's expired link does.
    let (bob, now) = (world.mail_to(BOB).await, BEGIN.unix_timestamp());
    world.press(&bob.approve, "").await;
    for (person, status) in [("mallory@example.com", 410), (ALICE, 409)] {
        let link = parts.clone().claim("sub", json!(person)).claim("exp", json!(now - 1));
        let link = link.claim("iat", json!(now - 60)).claim("nbf", json!(now - 60)).signed(&world, &parts.key());
        let page = world.get(&link).await;
        assert_eq!((page.status, page.body.contains(BOB)), (status, status == 409), "{person}");
    }
}
