//! Tokens of any kind, and any claims and headers signed with our own key.

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::link::{LinkError, MAX_LIFETIME, VerifiedLink};
use serde_json::Value;
use time::Duration;

use crate::fixture::{DEPLOYMENT, KEYS, NOW, TOKENS, VERIFIER, assemble, header, signature};
use crate::forged::{FORGERIES, open};

/// The first byte says what the others are.
pub fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 4 {
        0 => _ = check_token(&String::from_utf8_lossy(data)),
        1 => {
            let mut u = Unstructured::new(data);
            _ = u.choose(&FORGERIES).and_then(|(_, forge)| forge(&mut u)).map(|query| open(&query));
        }
        2 => check_claims(data),
        _ => check_header(data),
    }
}

/// Checks that the verifier accepts this token only if the signer made it, and returns whether it did.
pub fn check_token(token: &str) -> bool {
    let is_ours = TOKENS.iter().any(|ours| ours == token);
    match VERIFIER.verify(token, NOW) {
        Ok(_) => assert!(is_ours, "{token} is accepted"),
        Err(LinkError::Expired(_)) => panic!("{token} counts as signed"),
        Err(error) => assert!(!is_ours, "{token} is refused: {error}"),
    }
    is_ours
}

/// Checks that the verifier accepts claims signed with our key only if they are complete, and reads what they say.
pub fn check_claims(claims: &[u8]) {
    let token = assemble(header(KEYS[0]).as_bytes(), claims, |input| signature(0, input));
    let Ok(link) = VERIFIER.verify(&token, NOW) else { return };
    check_link(&link, &serde_json::from_slice(claims).expect("claims are JSON"));
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
        ("iss", DEPLOYMENT),
        ("aud", DEPLOYMENT),
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

/// Checks that the verifier accepts a header signed with our key only if it is the signer's, byte for byte.
pub fn check_header(header_json: &[u8]) {
    let claims = URL_SAFE_NO_PAD.decode(TOKENS[0].split('.').nth(1).unwrap()).unwrap();
    let token = assemble(header_json, &claims, |input| signature(0, input));
    let is_ours = header_json == header(KEYS[0]).as_bytes();
    assert_eq!(VERIFIER.verify(&token, NOW).is_ok(), is_ours, "{}", String::from_utf8_lossy(header_json));
}
