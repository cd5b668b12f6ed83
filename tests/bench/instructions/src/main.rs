//! `instructions WHAT TIMES` repeats one operation. Run twice under callgrind with different numbers, the difference
//! gives the exact cost of the operation in instructions, which `tests/bench/instructions.py` computes.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callback::pages::Confirm;
use countersign::approval::{Approval, ApprovalAction, Approver, Deployment, Digest, Quorum, ReviewLink};
use countersign::delivery::EmailKind;
use countersign::keys::{KeyId, VerifyingKeys};
use countersign::l10n::Language;
use countersign::link::{LinkVerifier, Origins, SignedToken, VerifiedLink};
use countersign::request::{
    Before, LastRelease, NewRequest, Origin, PastRevision, Release, Request, Revision, Start, Terms,
};
use countersign::time_zone::TimeZone;
use notifier::email::Email;
use serde_json::{Value, json};
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

const NOW: UtcDateTime = utc_datetime!(2026-11-20 09:25);
/// The prefix of an Ed25519 key in DER (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (what, times) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let times: usize = times.parse().expect("usage: instructions WHAT TIMES");
    let world = World::new();
    match what.as_str() {
        "signature" => repeat(times, || world.check_signature()),
        "verify" => repeat(times, || world.verify()),
        "page" => repeat(times, || world.page()),
        "email" => repeat(times, || world.email()),
        _ => panic!("one of signature, verify, page, email"),
    }
}

fn repeat<T>(times: usize, act: impl Fn() -> T) {
    for _ in 0..times {
        std::hint::black_box(act());
    }
}

/// One approval, and a link to it that does not change from run to run.
struct World {
    key: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
    token: String,
    verifier: LinkVerifier,
    origins: Origins,
    link: VerifiedLink,
    request: Request,
    approver: Approver,
    deployment: Deployment,
}

impl World {
    fn new() -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        let header = json!({"alg": "EdDSA", "typ": "link+jwt", "kid": KEY});
        // As the notifier spells it: serde_json sorts what it is given here, and the order is part of the signature.
        let header = format!(r#"{{"alg":{},"typ":{},"kid":{}}}"#, header["alg"], header["typ"], header["kid"]);
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
        let signature = key.sign(signed.as_bytes()).as_ref().to_vec();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature));
        let mut keys = VerifyingKeys::default();
        let id: KeyId = KEY.parse().expect("a key's id");
        keys.add(&id, &[&SPKI, key.public_key().as_ref()].concat()).expect("an Ed25519 key");
        let deployment: Deployment = "countersign".parse().expect("a name");
        let verifier = LinkVerifier::new(deployment.clone(), keys);
        let origins = Origins(vec![ORIGIN.parse().expect("an origin")]);
        let Ok(SignedToken::Link(link)) = verifier.verify(&token, &origins, NOW) else { unreachable!("a good link") };
        let approver: Approver = "Ada Lovelace <ada@example.com>".parse().expect("a mailbox");
        let request = request(&approver);
        Self {
            key: key.public_key().as_ref().to_vec(),
            signed,
            signature,
            token,
            verifier,
            origins,
            link: *link,
            request,
            approver,
            deployment,
        }
    }

    /// The signature check alone: the lower bound of verifying a link.
    fn check_signature(&self) {
        UnparsedPublicKey::new(&ED25519, &self.key).verify(self.signed.as_bytes(), &self.signature).expect("ours");
    }

    fn verify(&self) -> SignedToken {
        self.verifier.verify(&self.token, &self.origins, NOW).expect("a good link")
    }

    fn page(&self) -> String {
        let texts = Language::ENGLISH.texts();
        let page = Confirm::new(texts, &self.request, &self.link, None, "", NOW);
        page.render().expect("a page")
    }

    /// An email with a copy: only the notifier's signer makes links, and two lines less change little.
    fn email(&self) -> Vec<u8> {
        let email = Email {
            kind: EmailKind::Request,
            request: &self.request,
            to: &self.approver,
            missing: None,
            links: None,
            sender: &self.approver,
            reply_to: None,
            deployment: &self.deployment,
        };
        email.render(NOW).expect("an email")
    }
}

const ORIGIN: &str = "https://abcdefghij.execute-api.us-east-2.amazonaws.com";
const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn claims() -> Value {
    json!({
        "iss": "countersign", "aud": ORIGIN, "sub": "ada@example.com",
        "iat": NOW.unix_timestamp() - 600, "nbf": NOW.unix_timestamp() - 600, "exp": NOW.unix_timestamp() + 604_200,
        "jti": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "account": "123456789012", "region": "us-east-2", "pipeline": "payments-api", "stage": "Production",
        "action": "Approve", "token": "1a2b3c4d-573f-4ea7-a67e-0123456789ab",
        "execution": "12345678-1234-5678-abcd-12345678abcd", "decision": "Approved",
        "request": Digest::of(b"request").as_str(),
    })
}

/// The request of the approval.
fn request(approver: &Approver) -> Request {
    let text = |name: &str| claims()[name].as_str().expect("a text").to_owned();
    let approval = Approval {
        action: ApprovalAction {
            account: text("account").parse().expect("an account"),
            region: text("region").parse().expect("a region"),
            pipeline: text("pipeline").parse().expect("a name"),
            stage: text("stage").parse().expect("a name"),
            action: text("action").parse().expect("a name"),
        },
        token: text("token").parse().expect("a token"),
        execution: text("execution").parse().expect("an id"),
        run: text("execution").parse().expect("an id"),
    };
    let terms = Terms {
        route: "production".to_owned(),
        policy_version: 1,
        approvers: BTreeMap::from([(approver.address.identity(), approver.clone())]),
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
    };
    let revision = Revision {
        source: Some("Source".to_owned()),
        origin: Some(Origin::Repository { name: "example/payments-api".to_owned(), branch: Some("main".to_owned()) }),
        id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        summary: Some("Round totals half to even, as the auditors asked".to_owned()),
        url: ReviewLink::parse_lenient(
            "https://us-east-2.console.aws.amazon.com/codesuite/settings/connections/redirect?connectionArn=arn:aws:\
             codeconnections:us-east-2:123456789012:connection/5c2b8f0e-6a0d-4f43-9d3e-2f6f0a1b7c11&referenceType=COMMIT&\
             FullRepositoryId=example/payments-api&Commit=0123456789abcdef0123456789abcdef01234567",
        ),
        page: "https://github.com/example/payments-api/commit/0123456789abcdef0123456789abcdef01234567".parse().ok(),
        comparison: "https://github.com/example/payments-api/compare/afd432bc775c1a24c17b421187950a3af15db703...\
                     0123456789abcdef0123456789abcdef01234567"
            .parse()
            .ok(),
    };
    let last = LastRelease {
        execution: "earlier".parse().expect("an id"),
        started: NOW.saturating_sub(Duration::days(3)),
        caveats: BTreeSet::new(),
        revisions: vec![PastRevision {
            source: "Source".to_owned(),
            id: "afd432bc775c1a24c17b421187950a3af15db703".to_owned(),
            title: Some("Add an index for the search by customer".to_owned()),
            repository: None,
        }],
        approved_by: vec![approver.clone()],
        unreleased: Vec::new(),
        more: 0,
    };
    let release = Release {
        started_by: Some("assumed-role/Admin/ada".to_owned()),
        start: Some(Start::Person(approver.clone())),
        retry: None,
        rollback: None,
        before: Some(Before::Release(Box::new(last))),
        revisions: vec![revision],
        more_revisions: 0,
        variables: Vec::new(),
        instructions: Some("Check that the totals on staging agree with the report, then decide.".to_owned()),
        review_url: ReviewLink::parse_lenient("https://staging.example.com/report"),
        earlier: Vec::new(),
    };
    let asked = NOW.saturating_sub(Duration::minutes(10));
    let request = NewRequest::new(approval, terms, asked, NOW.saturating_add(Duration::days(7)), release);
    request.with_digest(Digest::of(b"request"))
}
