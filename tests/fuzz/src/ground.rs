//! Real links, made by the real signer: KMS is a key on this machine, which answers in KMS's own JSON.

use std::sync::OnceLock;

use aws_credential_types::Credentials;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::approval::{Approval, ApprovalAction, Decision};
use countersign::keys::{KeyId, SigningKey, VerifyingKeys};
use countersign::link::{Link, LinkSigner, LinkVerifier, SignError};
use serde_json::{Value, json};
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

/// When everything here happens.
pub const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:25);
/// The deployment whose links are good.
pub const DEPLOYMENT: &str = "countersign";
/// The ids of the keys that the verifier knows, the one that signs first.
pub const KEYS: [&str; 2] = ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-fedcba98"];
/// What stands before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Keys, what they signed, and who knows it.
pub struct Ground {
    /// Knows both keys.
    pub verifier: LinkVerifier,
    /// Everything that the verifier may accept: the tokens of real links.
    pub tokens: Vec<String>,
    /// The two links of one approval, for emails.
    pub links: [Link; 2],
}

/// The key of this number. Those of [`KEYS`] are the deployment's own, others are strangers'.
pub fn pair(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number + 1; 32]).unwrap()
}

/// A public key as KMS hands it out.
pub fn public_key(number: u8) -> Vec<u8> {
    [&SPKI_PREFIX, pair(number).public_key().as_ref()].concat()
}

/// The one ground of a process. Making it signs a few dozen links.
pub fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(Ground::new)
}

impl Ground {
    fn new() -> Self {
        let mut keys = VerifyingKeys::default();
        for (number, id) in (0..).zip(KEYS) {
            keys.add(&id.parse().unwrap(), &public_key(number)).unwrap();
        }
        let mut tokens = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut make = |key: u8, approval: &Approval, approver: &str, decision| {
            let link = runtime.block_on(sign(key, approval, approver, decision, NOW + Duration::days(7))).unwrap();
            tokens.push(token(&link).to_owned());
            link
        };
        let long = "x".repeat(100);
        let short = approval(["payments-api", "Production", "Approve"], "1a2b3c4d-573f-4ea7-a67E-XAMPLETOKEN");
        let other = approval(["web.shop_2@eu", "S", "a"], "t");
        let longest = approval([&long, &long, &long], &long);
        for key in [0, 1] {
            for approval in [&short, &other, &longest] {
                for approver in ["ada@example.com", "Zelda.Quixote+releases@a.very.long.domain.of.some.corp.example"] {
                    for decision in Decision::ALL {
                        make(key, approval, approver, decision);
                    }
                }
            }
        }
        let links = Decision::ALL.map(|decision| make(0, &short, "ben@example.com", decision));
        Self { verifier: LinkVerifier::new(DEPLOYMENT.parse().unwrap(), keys), tokens, links }
    }
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
        execution: Some("9f8e7d6c-0000-4000-8000-123456789abc".parse().unwrap()),
    }
}

/// A link as the notifier makes it, good from [`NOW`].
///
/// # Errors
/// As [`LinkSigner::sign`].
pub async fn sign(
    key: u8,
    approval: &Approval,
    approver: &str,
    decision: Decision,
    until: UtcDateTime,
) -> Result<Link, SignError> {
    let id: KeyId = KEYS[usize::from(key)].parse().unwrap();
    let signer = LinkSigner::new(
        DEPLOYMENT.parse().unwrap(),
        "https://abcdefghij.execute-api.eu-central-1.amazonaws.com".parse().unwrap(),
        SigningKey::new(kms(key), id),
    );
    signer.sign(approval, &approver.parse().unwrap(), decision, NOW, until).await
}

/// What stands behind `t=`.
pub fn token(link: &Link) -> &str {
    link.expose().split_once("?t=").unwrap().1
}

/// A client of a KMS that has one key.
fn kms(key: u8) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::from_keys("any", "any", None))
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(LocalKms { key })))
        .build();
    Client::from_conf(config)
}

/// `Sign` of KMS, answered at once.
#[derive(Debug)]
struct LocalKms {
    key: u8,
}

impl HttpConnector for LocalKms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let message = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
        let signature = STANDARD.encode(pair(self.key).sign(&message));
        let answer = json!({"KeyId": asked["KeyId"], "Signature": signature, "SigningAlgorithm": "ED25519_SHA_512"});
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), answer.to_string().into())))
    }
}
