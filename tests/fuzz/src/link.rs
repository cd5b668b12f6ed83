//! Tokens of any kind, and any claims and headers signed with our own key.

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::approval::ApprovalKey;
use countersign::link::{LinkError, MAX_LIFETIME, SignedToken, VerifiedLink};
use serde_json::Value;
use time::Duration;

use crate::fixture::{DEPLOYMENT, KEYS, NOW, ORIGIN, TOKENS, assemble, header, signature, verify};
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
    match verify(token, NOW) {
        Ok(SignedToken::Link(_)) => assert!(is_ours, "{token} is accepted"),
        Ok(_) | Err(LinkError::Unbound) => panic!("{token} counts as signed"),
        Err(error) => assert!(!is_ours, "{token} is refused: {error}"),
    }
    is_ours
}

/// Checks that the verifier accepts claims signed with our key only if they are complete, and reads what they say.
pub fn check_claims(claims: &[u8]) {
    let token = assemble(header(KEYS[0]).as_bytes(), claims, |input| signature(0, input));
    let Ok(SignedToken::Link(link)) = verify(&token, NOW) else { return };
    check_link(&link, &serde_json::from_slice(claims).expect("claims are JSON"));
}

fn check_link(link: &VerifiedLink, claims: &Value) {
    let seconds = |name: &str| claims[name].as_i64().expect("a whole number");
    let now = NOW.unix_timestamp();
    assert_eq!(link.expires().unix_timestamp(), seconds("exp"));
    assert!(seconds("exp") > now && seconds("exp") >= seconds("iat"));
    assert!(Duration::seconds(seconds("exp") - seconds("iat")) <= MAX_LIFETIME);
    assert!(seconds("iat") <= now + 60 && seconds("nbf") <= now + 60);
    let action = link.action();
    for (name, text) in [
        ("iss", DEPLOYMENT),
        ("aud", ORIGIN),
        ("sub", link.approver().expose()),
        ("jti", link.id()),
        ("account", action.account.as_str()),
        ("region", action.region.as_str()),
        ("pipeline", action.pipeline.as_str()),
        ("stage", action.stage.as_str()),
        ("action", action.action.as_str()),
        ("request", link.request().as_str()),
        ("decision", link.decision().as_str()),
    ] {
        assert_eq!(claims[name], text, "{name}");
    }
    let token = claims["token"].as_str().unwrap().parse().unwrap();
    assert_eq!(*link.key(), ApprovalKey::of(action, &token));
}

/// Checks that the verifier accepts a header signed with our key only if it is the signer's, byte for byte.
pub fn check_header(header_json: &[u8]) {
    let claims = URL_SAFE_NO_PAD.decode(TOKENS[0].split('.').nth(1).unwrap()).unwrap();
    let token = assemble(header_json, &claims, |input| signature(0, input));
    let is_ours = header_json == header(KEYS[0]).as_bytes();
    assert_eq!(verify(&token, NOW).is_ok(), is_ours, "{}", String::from_utf8_lossy(header_json));
}
