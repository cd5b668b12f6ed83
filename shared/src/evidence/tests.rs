//! Evidence as a version before made it, whole and damaged.

use serde_json::Value;

use super::*;
use crate::keys::Fingerprint;

const FILE: &str = include_str!("../../tests/golden/evidence-decided.json");
const KEYS: &str = include_str!("../../tests/golden/evidence-decided-keys.txt");

fn golden() -> Evidence {
    let mut answer: Value = serde_json::from_str(FILE).unwrap();
    serde_json::from_value(answer["results"][0]["evidence"].take()).unwrap()
}

/// The fingerprints: of the request key, then of the vote key.
fn trusted() -> TrustedKeys {
    let keys: Vec<Fingerprint> = KEYS.lines().map(|line| line.parse().unwrap()).collect();
    TrustedKeys { request: vec![keys[0].clone()], vote: vec![keys[1].clone()] }
}

/// The part that does not hold.
fn broken(evidence: &Evidence) -> String {
    verify(evidence, &trusted()).expect_err("what was changed does not hold").part
}

/// A vote is also called by the address in it, which may be what was changed.
fn assert_broken(evidence: &Evidence, part: &str) {
    let named = broken(evidence);
    assert!(named == part || named.starts_with(&format!("{part}, of ")), "{part}: {named}");
}

#[test]
fn evidence_of_the_version_before_holds() {
    let verified = verify(&golden(), &trusted()).unwrap();
    assert!(verified.is_decided_by_votes());
    assert_eq!(verified.request.approval.action.to_string(), "MyFirstPipeline/MyApprovalStage/MyApprovalAction");
    assert_eq!(verified.request.votes.keys().collect::<Vec<_>>(), ["alice@example.com", "bob@example.com"]);
    assert_eq!(
        serde_json::to_value(golden()).unwrap(),
        serde_json::from_str::<Value>(FILE).unwrap()["results"][0]["evidence"]
    );
}

/// A text of the document, in place.
type Place = fn(&mut Evidence) -> &mut String;

/// What is in base64, and what its part is called.
const OBJECTS: [(&str, Place); 5] = [
    ("outcome", |evidence| &mut evidence.outcome.object),
    ("request object", |evidence| &mut evidence.request.object),
    ("vote 2", |evidence| &mut evidence.votes[1].object),
    ("request key 1", |evidence| &mut evidence.keys.request[0].public_key),
    ("vote key 1", |evidence| &mut evidence.keys.vote[0].public_key),
];

/// What is text.
const TEXTS: [(&str, Place); 5] = [
    ("evidence seal", |evidence| &mut evidence.outcome.seal),
    ("request seal", |evidence| &mut evidence.request.seal),
    ("seal of vote 1, of alice@example.com", |evidence| &mut evidence.votes[0].seal),
    ("request key 1", |evidence| &mut evidence.keys.request[0].fingerprint),
    ("vote key 1", |evidence| &mut evidence.keys.vote[0].fingerprint),
];

#[test]
fn every_byte_that_was_changed_in_an_object_fails_with_its_name() {
    for (part, place) in OBJECTS {
        let mut evidence = golden();
        let bytes = STANDARD.decode(&*place(&mut evidence)).unwrap();
        for index in 0..bytes.len() {
            for bit in [0x01, 0x80] {
                let mut changed = bytes.clone();
                changed[index] ^= bit;
                *place(&mut evidence) = STANDARD.encode(changed);
                assert_broken(&evidence, part);
            }
        }
        let mut longer = bytes.clone();
        longer.push(b' ');
        for text in [STANDARD.encode(longer), STANDARD.encode(&bytes[1..]), String::new(), "=".to_owned()] {
            *place(&mut evidence) = text;
            assert_broken(&evidence, part);
        }
    }
}

#[test]
fn every_character_that_was_changed_fails_with_the_name_of_its_part() {
    for (part, place) in TEXTS.into_iter().chain(OBJECTS) {
        let mut evidence = golden();
        let text = place(&mut evidence).clone();
        for index in 0..text.len() {
            for other in [b'A', b'\n', text.as_bytes()[index] ^ 1] {
                let mut changed = text.clone().into_bytes();
                changed[index] = other;
                *place(&mut evidence) = String::from_utf8(changed).unwrap();
                if *place(&mut evidence) != text {
                    assert_broken(&evidence, part);
                }
            }
        }
    }
}

#[test]
fn parts_that_do_not_belong_together_fail() {
    type Change = fn(&mut Evidence);
    let cases: [(&str, Change); 14] = [
        ("version", |evidence| evidence.version = 2),
        ("votes", |evidence| drop(evidence.votes.pop())),
        ("vote 1, of bob@example.com", |evidence| drop(evidence.votes.remove(0))),
        ("vote 1, of bob@example.com", |evidence| evidence.votes.swap(0, 1)),
        ("vote 3, of alice@example.com", |evidence| evidence.votes.push(evidence.votes[0].clone())),
        ("vote 2, of alice@example.com", |evidence| evidence.votes[1] = evidence.votes[0].clone()),
        ("seal of vote 3", |evidence| evidence.votes.push(evidence.request.clone())),
        ("vote 1, of alice@example.com", |evidence| evidence.votes[0].seal = evidence.votes[1].seal.clone()),
        ("request seal", |evidence| evidence.request = evidence.outcome.clone()),
        ("evidence seal", |evidence| evidence.outcome = evidence.request.clone()),
        ("evidence seal", |evidence| std::mem::swap(&mut evidence.outcome, &mut evidence.request)),
        ("request key 1", |evidence| std::mem::swap(&mut evidence.keys.request, &mut evidence.keys.vote)),
        ("request key 2", |evidence| evidence.keys.request.push(evidence.keys.request[0].clone())),
        ("request key 1", |evidence| evidence.keys.request[0] = evidence.keys.vote[0].clone()),
    ];
    for (part, change) in cases {
        let mut evidence = golden();
        change(&mut evidence);
        assert_eq!(broken(&evidence), part);
    }
    let mut evidence = golden();
    evidence.keys.vote.clear();
    assert!(broken(&evidence).starts_with("seal of vote 1"));
    evidence.keys.request.clear();
    assert_eq!(broken(&evidence), "evidence seal");
}

#[test]
fn a_key_that_sealed_nothing_fails_even_if_it_is_trusted() {
    let mut evidence = golden();
    let spare = evidence.keys.vote[0].clone();
    evidence.keys.request.push(spare);
    let mut trusted = trusted();
    trusted.request.push(trusted.vote[0].clone());
    let problem = verify(&evidence, &trusted).unwrap_err();
    assert_eq!(problem.to_string(), "request key 2: nothing in this document was sealed with it");
}

#[test]
fn evidence_shows_nobody_in_debug_output() {
    let verified = verify(&golden(), &trusted()).unwrap();
    let shown = format!("{:?} {verified:?}", golden());
    assert!(!shown.contains('@'), "{shown}");
}
