//! Items are read as they were written, and written back so. Of the version before, which signed nothing, what a history
//! shows is read.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::{Duration, UtcDateTime};

use super::attributes::{Item, from_item, from_value, number_in, text_in, to_value};
use super::deliveries::{DeliveryItem, delivery_keys};
use super::items::OutcomeItem;
use super::lists::{OPEN, execution_key, history_key, history_sort_key};
use super::objects::{read_request, read_vote, write_request, write_vote};
use super::policy::{POLICY, read_record, write_record};
use super::unsigned::UnsignedItem;
use super::{PolicyChange, REQUEST, UnsignedRequest, paths};
use crate::approval::{ApprovalKey, Approver, Comment, Decision, Digest};
use crate::delivery::{About, Delivery, DeliveryId, DeliveryState, EmailKind};
use crate::l10n::Language;
use crate::request::{EarlierDecision, EarlierVote, Ending, NewRequest, Outcome};
use crate::time_zone::TimeZone;

macro_rules! golden {
    ($name:literal) => {
        item(include_str!(concat!("../../tests/golden/", $name, ".json")))
    };
}

/// An item in DynamoDB's own JSON: `{"pk": {"S": "…"}, …}`.
fn item(json: &str) -> Item {
    attributes(&serde_json::from_str(json).unwrap())
}

fn attributes(json: &Value) -> Item {
    json.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(json: &Value) -> AttributeValue {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => AttributeValue::B(STANDARD.decode(text()).unwrap().into()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(attributes(value)),
        _ => panic!("{json}"),
    }
}

/// The keys of an item.
fn keys_of(item: &Item) -> (&str, &str) {
    let text = |name| item[name].as_s().unwrap().as_str();
    (text(paths::PARTITION), text(paths::SORT))
}

fn bytes<'a>(item: &'a Item, name: &str) -> &'a [u8] {
    item[name].as_b().unwrap().as_ref()
}

fn signed(item: &Item) -> NewRequest {
    read_request(bytes(item, paths::OBJECT)).unwrap()
}

#[test]
fn a_sealed_request_is_written_as_it_was() {
    for stored in [golden!("signed-request-asked"), golden!("signed-request-decided"), golden!("signed-request-zones")]
    {
        let request = signed(&stored);
        let written = write_request(&request).unwrap();
        assert_eq!(String::from_utf8(written), String::from_utf8(bytes(&stored, paths::OBJECT).to_vec()));
        assert_eq!(keys_of(&stored), (request.approval.key().as_str(), REQUEST));
        assert_eq!(text_in(&stored, paths::DIGEST), Some(Digest::of(bytes(&stored, paths::OBJECT)).as_str()));
        assert!(text_in(&stored, paths::SEAL).is_some() && number_in(&stored, paths::REVISION).is_some());
    }
}

#[test]
fn an_earlier_decision_and_whose_approval_it_wants_are_read_as_they_were_written() {
    let mut request = signed(&golden!("signed-request-asked"));
    let approver: Approver = "Bob Brook <bob@example.com>".parse().unwrap();
    request.terms.must_include = Some(approver.address.identity());
    let comment = "not\nyet".parse().ok();
    request.release.earlier = vec![EarlierDecision {
        decision: Decision::Rejected,
        by: Some("assumed-role/countersign-callback/x".to_owned()),
        by_our_role: true,
        at: request.asked,
        summary: Some("Rejected".to_owned()),
        run: "run-1".parse().ok(),
        votes: vec![EarlierVote { approver, comment }],
    }];
    assert!(read_request(&write_request(&request).unwrap()).unwrap() == request);
}

#[test]
fn a_sealed_vote_is_written_as_it_was() {
    let stored = golden!("signed-request-decided");
    let votes = stored[paths::VOTES].as_m().unwrap();
    assert_eq!(votes.len(), 2);
    for value in votes.values() {
        let stored_vote = value.as_m().unwrap();
        let bound = read_vote(bytes(stored_vote, paths::OBJECT)).unwrap();
        assert!(bound.is_for(&signed(&stored).with_digest(Digest::of(bytes(&stored, paths::OBJECT)))));
        let key = signed(&stored).approval.key();
        let written = write_vote(&key, &bound.request, &bound.vote).unwrap();
        assert_eq!(String::from_utf8(written), String::from_utf8(bytes(stored_vote, paths::OBJECT).to_vec()));
    }
}

/// What tells the change in the record apart, which the delivery is kept under.
const DIGEST_OF_CHANGE: &str = "u2umZC9r-Hb8w6iFQ_gKD06DZgoizqm9VIRPOqHLfks";

#[test]
fn the_record_of_the_policy_is_written_as_it_was() {
    let stored = golden!("policy-changed");
    let record = read_record(bytes(&stored, paths::OBJECT)).unwrap();
    assert_eq!(record.now.version, 2);
    let changes: Vec<PolicyChange> = record.changes().collect();
    assert!(matches!(changes.as_slice(), [change] if change.before.text.contains("alice@example.com")));
    assert_eq!(changes[0].digest().as_str(), DIGEST_OF_CHANGE);
    let written = write_record(&record).unwrap();
    assert_eq!(String::from_utf8(written), String::from_utf8(bytes(&stored, paths::OBJECT).to_vec()));
    let to = "alice@example.com".parse().unwrap();
    let id = DeliveryId { about: About::Policy(&changes[0].digest()), to: &to };
    let (stored, mail) = (keys_of(&stored), golden!("policy-mail"));
    let expected = delivery_keys(id);
    assert_eq!((stored, keys_of(&mail)), ((POLICY, "SIGNED-POLICY"), keys_of(&expected)));
}

#[test]
fn a_request_says_what_it_said() {
    let stored = golden!("signed-request-decided");
    let request = signed(&stored);
    assert_eq!(request.approval.action.to_string(), "service/Prod/Approve");
    assert_eq!(
        (request.terms.quorum.get(), request.terms.reason_required, request.terms.language.as_str()),
        (2, true, "de")
    );
    assert_eq!((request.terms.expires, &request.terms.remind[..]), (Some(Duration::days(3)), &[Duration::days(1)][..]));
    assert!(request.terms.reply_to.is_some() && request.terms.copy.contains_key("auditor@example.com"));
    assert_eq!(request.release.started_by.as_deref(), Some("user/dev"));
    assert_eq!(request.release.revisions.len(), 1);
    let alice =
        read_vote(bytes(stored[paths::VOTES].as_m().unwrap()["alice@example.com"].as_m().unwrap(), paths::OBJECT));
    let alice = alice.ok().unwrap().vote;
    assert_eq!(
        (alice.decision, alice.comment.as_ref().map(Comment::expose)),
        (Decision::Approved, Some("Totals agree"))
    );
    assert_eq!(text_in(&stored, paths::VERDICT), Some("Approved"));
    let outcome = from_value::<OutcomeItem, Outcome>(stored[paths::OUTCOME].clone()).unwrap();
    assert_eq!(outcome.ending, Ending::Approved);
    assert_eq!(to_value(&OutcomeItem::from(&outcome)).unwrap(), stored[paths::OUTCOME]);
}

#[test]
fn a_request_says_in_whose_time_zone_moments_are_told() {
    let zone = |stored: Item, who: &str| signed(&stored).terms.time_zone_of(&who.parse().unwrap()).as_str();
    for (who, expected) in
        [("alice@example.com", "America/New_York"), ("bob@example.com", "UTC"), ("carol@example.com", "Europe/Berlin")]
    {
        assert_eq!(zone(golden!("signed-request-zones"), who), expected);
        assert_eq!(zone(golden!("signed-request-asked"), who), "UTC");
    }
}

#[test]
fn an_unsigned_request_says_what_it_said() {
    let read = |stored: Item| from_item::<UnsignedItem, UnsignedRequest>(stored).unwrap();
    let decided = read(golden!("request-decided"));
    assert_eq!(decided.action.to_string(), "service/Prod/Approve");
    assert_eq!((decided.terms.quorum.get(), decided.votes.len(), decided.ended_by_votes), (2, 2, true));
    assert!(decided.terms.barred.contains_key("carol@example.com"));
    let expired = read(golden!("request-expired"));
    assert_eq!((expired.outcome.unwrap().ending, expired.ended_by_votes), (Ending::Expired, false));
    assert_eq!(read(golden!("request-asked")).votes, []);
    assert_eq!(read(golden!("request-voted")).outcome, None);
}

#[test]
fn a_request_in_a_language_that_was_removed_is_read() {
    let mut stored = golden!("request-decided");
    let Some(AttributeValue::M(terms)) = stored.get_mut("terms") else { panic!("no terms") };
    terms.insert("language".to_owned(), AttributeValue::S("tlh".to_owned()));
    let request: UnsignedRequest = from_item::<UnsignedItem, _>(stored).unwrap();
    assert_eq!(request.terms.language, Language::ENGLISH);
}

/// Of those who have no zone of their own any more, nothing is known but that UTC is right.
#[test]
fn a_request_in_a_time_zone_that_was_removed_is_read() {
    let text = String::from_utf8(bytes(&golden!("signed-request-zones"), paths::OBJECT).to_vec()).unwrap();
    let renamed = text.replace("Europe/Berlin", "Europe/Atlantis").replace("America/New_York", "Mars/Olympus");
    let request = read_request(renamed.as_bytes()).unwrap();
    let zones = request.terms.time_zones.values().copied().map(TimeZone::as_str).collect::<Vec<_>>();
    assert_eq!((request.terms.time_zone, zones), (TimeZone::UTC, vec!["UTC", "UTC", "Pacific/Auckland"]));
}

#[test]
fn deliveries_are_read() {
    let read = |stored: Item| from_item::<DeliveryItem, Delivery>(stored).unwrap();
    let at = |seconds| UtcDateTime::from_unix_timestamp(seconds).unwrap();
    let claimed = read(golden!("delivery-claimed"));
    assert_eq!(
        (claimed.kind, claimed.mailbox.as_str(), claimed.tried),
        (EmailKind::Request, "alice@example.com", false)
    );
    assert_eq!(claimed.state, DeliveryState::Claimed { at: at(1_795_166_700) });
    assert_eq!(read(golden!("delivery-failed")).state, DeliveryState::Failed);
    assert_eq!(read(golden!("delivery-unsure")).state, DeliveryState::Unsure);
    let sent = read(golden!("delivery-sent"));
    assert!(sent.is_sent() && !sent.tried && sent.kind == EmailKind::Outcome, "{sent:?}");
    let tried = read(golden!("delivery-sent-after-unsure"));
    assert!(tried.is_sent() && tried.tried, "{tried:?}");
    let mail = read(golden!("mail-sent"));
    assert!(mail.is_sent() && mail.kind == EmailKind::Request && mail.mailbox == "alice@example.com", "{mail:?}");
}

#[test]
fn an_item_that_cannot_be_read_is_an_error_that_repeats_nothing() {
    for (name, value) in [
        ("outcome", AttributeValue::S("Approved".into())),
        ("asked", AttributeValue::N("99999999999999999".into())),
        ("terms", AttributeValue::M(Item::new())),
    ] {
        let mut stored = golden!("request-decided");
        stored.insert(name.to_owned(), value);
        let error = from_item::<UnsignedItem, UnsignedRequest>(stored).unwrap_err().to_string();
        assert!(error.contains("an item that this version cannot read") && !error.contains('@'), "{error}");
    }
    let mut stored = golden!("delivery-sent");
    stored.remove(paths::MESSAGE_ID);
    assert!(from_item::<DeliveryItem, Delivery>(stored).is_err());
}

#[test]
fn the_index_items_are_found_under_the_same_keys() {
    let request: UnsignedRequest = from_item::<UnsignedItem, _>(golden!("request-decided")).unwrap();
    let stored = golden!("request-decided");
    let (key, _) = keys_of(&stored);
    let execution = execution_key(&request.action, request.execution.as_ref().unwrap());
    assert_eq!(keys_of(&golden!("execution")), (execution.as_str(), key));
    let key_of = ApprovalKey::from_ledger(key);
    let (partition, sort) = (history_key(&request.action.pipeline), history_sort_key(request.asked, &key_of));
    assert_eq!(keys_of(&golden!("history")), (partition.as_str(), sort.as_str()));
    assert_eq!(keys_of(&golden!("open")), (OPEN, key));
    assert!(golden!("open-closed").contains_key(paths::CLOSED) && !golden!("open").contains_key(paths::CLOSED));
}

#[test]
fn the_names_in_expressions_are_those_of_what_is_stored() {
    let delivery = golden!("delivery-sent-after-unsure");
    for name in [paths::STATE, paths::CLAIMANT, paths::CLAIMED_AT, paths::TRIED, paths::SENT_AT, paths::MESSAGE_ID] {
        assert!(delivery.contains_key(name), "{name}");
    }
    assert!(keys_of(&delivery).1.starts_with(paths::UNSIGNED_DELIVERY));
    assert!(keys_of(&golden!("mail-sent")).1.starts_with(paths::DELIVERY));
    assert!(golden!("signed-request-decided").contains_key(paths::TTL));
}
