//! Keys, and real links signed with them by the real signer. KMS is a key on this machine that answers in KMS's JSON.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_credential_types::Credentials;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::approval::{Approval, ApprovalAction, Decision, Digest, Quorum};
use countersign::keys::{SigningKey, VerifyingKeys};
use countersign::l10n::Language;
use countersign::link::{Link, LinkError, LinkSigner, LinkVerifier, Origins, SignError, SignedToken, VerifiedLink};
use countersign::request::{NewRequest, Release, Terms};
use countersign::time_zone::TimeZone;
use serde_json::{Value, json};
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

/// The time of every event here.
pub const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:25);
/// Where links work.
pub const ORIGIN: &str = "https://abcdefghij.execute-api.eu-central-1.amazonaws.com";
/// The deployment whose links are accepted.
pub const DEPLOYMENT: &str = "countersign";
/// The ids of the keys that the verifier trusts; the first one signs.
pub const KEYS: [&str; 2] = ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-fedcba98"];
/// The bytes before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The verifier that trusts both [`KEYS`].
static VERIFIER: LazyLock<LinkVerifier> = LazyLock::new(|| {
    let mut keys = VerifyingKeys::default();
    for (number, id) in (0..).zip(KEYS) {
        keys.add(&id.parse().unwrap(), &public_key(number)).unwrap();
    }
    LinkVerifier::new(DEPLOYMENT.parse().unwrap(), keys)
});

static ORIGINS: LazyLock<Origins> = LazyLock::new(|| Origins(vec![ORIGIN.parse().unwrap()]));

/// The two links of one approval, for emails.
pub static LINKS: LazyLock<[Link; 2]> =
    LazyLock::new(|| Decision::ALL.map(|decision| sign_now(0, &payments(), "ben@example.com", decision)));

/// Every token that [`VERIFIER`] may accept.
pub static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let long = "x".repeat(100);
    let other = approval(["web.shop_2@eu", "S", "a"], "t");
    let longest = approval([&long, &long, &long], &long);
    let mut tokens = Vec::new();
    for key in [0, 1] {
        for approval in [&payments(), &other, &longest] {
            for approver in ["ada@example.com", "Zelda.Quixote+releases@a.very.long.domain.of.some.corp.example"] {
                tokens.extend(
                    Decision::ALL.map(|decision| token(&sign_now(key, approval, approver, decision)).to_owned()),
                );
            }
        }
    }
    tokens.extend(LINKS.iter().map(|link| token(link).to_owned()));
    tokens
});

/// A key pair by its number: those of [`KEYS`] are the deployment's own, all others are unknown to it.
pub fn pair(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number + 1; 32]).unwrap()
}

/// A public key as KMS returns it.
pub fn public_key(number: u8) -> Vec<u8> {
    [&SPKI_PREFIX, pair(number).public_key().as_ref()].concat()
}

/// An approval in one account and region.
pub fn approval([pipeline, stage, action]: [&str; 3], token: &str) -> Approval {
    Approval {
        action: ApprovalAction {
            account: "123456789012".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            pipeline: pipeline.parse().unwrap(),
            stage: stage.parse().unwrap(),
            action: action.parse().unwrap(),
        },
        token: token.parse().unwrap(),
        execution: "9f8e7d6c-0000-4000-8000-123456789abc".parse().unwrap(),
        run: "0a1b2c3d-0000-4000-8000-123456789abc".parse().unwrap(),
    }
}

fn payments() -> Approval {
    approval(["payments-api", "Production", "Approve"], "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN")
}

/// Signs a link as the notifier does, valid from [`NOW`].
///
/// # Errors
/// As [`LinkSigner::sign`].
pub fn sign(
    key: u8,
    approval: &Approval,
    approver: &str,
    decision: Decision,
    until: UtcDateTime,
) -> Result<Link, SignError> {
    let signer = LinkSigner::new(
        DEPLOYMENT.parse().unwrap(),
        ORIGIN.parse().unwrap(),
        SigningKey::new(kms(key), KEYS[usize::from(key)].parse().unwrap()),
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = NewRequest::new(approval.clone(), nobody(), NOW, until, Release::default());
    let request = request.with_digest(Digest::of(b"request"));
    runtime.block_on(signer.sign(&request, &approver.parse().unwrap(), decision))
}

fn sign_now(key: u8, approval: &Approval, approver: &str, decision: Decision) -> Link {
    sign(key, approval, approver, decision, NOW + Duration::days(7)).unwrap()
}

/// Terms that ask nobody: a link does not say what they are.
fn nobody() -> Terms {
    Terms {
        route: "default".to_owned(),
        policy_version: 1,
        approvers: BTreeMap::new(),
        quorum: Quorum::ONE,
        expires: None,
        remind: Vec::new(),
        reason_required: false,
        barred: BTreeMap::new(),
        must_include: None,
        unrecognised_initiator: false,
        language: Language::ENGLISH,
        time_zone: TimeZone::UTC,
        time_zones: BTreeMap::new(),
        reply_to: None,
        copy: BTreeMap::new(),
    }
}

/// Verifies a token as the callback does.
///
/// # Errors
/// As [`LinkVerifier::verify`].
pub fn verify(token: &str, now: UtcDateTime) -> Result<SignedToken, LinkError> {
    VERIFIER.verify(token, &ORIGINS, now)
}

/// The link of a token that the signer made.
pub fn good_link(token: &str) -> VerifiedLink {
    match verify(token, NOW) {
        Ok(SignedToken::Link(link)) => *link,
        other => panic!("{other:?}"),
    }
}

/// The token of a link.
pub fn token(link: &Link) -> &str {
    link.expose().split_once("?t=").unwrap().1
}

/// The claims of a good token.
pub fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// The header as the signer writes it.
pub fn header(kid: &str) -> String {
    format!(r#"{{"alg":"EdDSA","typ":"link+jwt","kid":"{kid}"}}"#)
}

/// A token of any header and claims, with the signature that `sign` makes.
pub fn assemble(header: &[u8], claims: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(sign(input.as_bytes())))
}

/// The Ed25519 signature of the key of this number.
pub fn signature(key: u8, input: &[u8]) -> Vec<u8> {
    pair(key).sign(input).as_ref().to_vec()
}

fn kms(key: u8) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::from_keys("any", "any", None))
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(LocalKms { key })))
        .build();
    Client::from_conf(config)
}

/// The `Sign` operation of a KMS that has one key.
#[derive(Debug)]
struct LocalKms {
    key: u8,
}

impl HttpConnector for LocalKms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let message = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
        let signature = STANDARD.encode(signature(self.key, &message));
        let answer = json!({"KeyId": asked["KeyId"], "Signature": signature, "SigningAlgorithm": "ED25519_SHA_512"});
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), answer.to_string().into())))
    }
}
