//! Tokens, and claims and headers that our own key signed.

use std::str::from_utf8;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::link::{MAX_LIFETIME, VerifiedLink};
use serde_json::Value;
use time::Duration;

use crate::ground::{DEPLOYMENT, KEYS, NOW, ground, pair};
use crate::mutant;

/// The first byte says what the others are.
pub fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 4 {
        0 => check_token(&String::from_utf8_lossy(data)),
        1 => check_token(&mutant::edit(&ground().tokens, data)),
        2 => check_claims(data),
        _ => check_header(data),
    }
}

/// No token is good but those that the signer made.
pub fn check_token(token: &str) {
    let is_ours = ground().tokens.iter().any(|ours| ours == token);
    assert_eq!(ground().verifier.verify(token, NOW).is_ok(), is_ours, "{token}");
}

/// Whatever our key signs, only claims that say what a link must say make one, and it says the same.
pub fn check_claims(claims: &[u8]) {
    let token = signed(&header(KEYS[0]), claims);
    let Ok(link) = ground().verifier.verify(&token, NOW) else { return };
    let claims: Value = serde_json::from_slice(claims).expect("claims are JSON");
    for name in ["iss", "aud"] {
        assert_eq!(claims[name], DEPLOYMENT);
    }
    check_link(&link, &claims);
}

fn check_link(link: &VerifiedLink, claims: &Value) {
    let seconds = |name: &str| claims[name].as_i64().expect("a whole number");
    let now = NOW.unix_timestamp();
    assert_eq!(link.expires().unix_timestamp(), seconds("exp"));
    assert!(seconds("exp") > now && seconds("exp") >= seconds("iat"));
    assert!(Duration::seconds(seconds("exp") - seconds("iat")) <= MAX_LIFETIME);
    assert!(seconds("iat") <= now + 60 && seconds("nbf") <= now + 60);
    let approval = link.approval();
    for (name, text) in [
        ("sub", link.approver().expose()),
        ("jti", link.id()),
        ("account", approval.action.account.as_str()),
        ("region", approval.action.region.as_str()),
        ("pipeline", approval.action.pipeline.as_str()),
        ("stage", approval.action.stage.as_str()),
        ("action", approval.action.action.as_str()),
        ("token", approval.token.expose()),
        ("execution", approval.execution.as_ref().map_or("", |id| id.as_str())),
        ("decision", link.decision().as_str()),
    ] {
        assert_eq!(claims[name], text, "{name}");
    }
}

/// Whatever our key signs, only the header that the signer writes makes a link.
pub fn check_header(header_json: &[u8]) {
    let claims = ground().tokens[0].split('.').nth(1).unwrap();
    let token = signed(header_json, &URL_SAFE_NO_PAD.decode(claims).unwrap());
    let is_ours = from_utf8(header_json).is_ok_and(|json| json.as_bytes() == header(KEYS[0]));
    assert_eq!(ground().verifier.verify(&token, NOW).is_ok(), is_ours, "{}", String::from_utf8_lossy(header_json));
}

/// The header as the signer writes it.
pub fn header(kid: &str) -> Vec<u8> {
    format!(r#"{{"alg":"EdDSA","typ":"approval+jwt","kid":"{kid}"}}"#).into_bytes()
}

/// A token that the deployment's first key signed.
pub fn signed(header: &[u8], claims: &[u8]) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(pair(0).sign(input.as_bytes())))
}
