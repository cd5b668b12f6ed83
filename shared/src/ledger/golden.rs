//! Items of the version before are read, and what is read is written back as it was.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use time::{Duration, UtcDateTime};

use super::attributes::{Item, from_item, keys, to_item};
use super::deliveries::DeliveryItem;
use super::items::RequestItem;
use super::lists::{OPEN, execution_key, history_key, history_sort_key};
use super::paths;
use super::{REQUEST, lives_until};
use crate::approval::{Address, Comment, Decision};
use crate::delivery::{Delivery, DeliveryState, EmailKind};
use crate::l10n::Language;
use crate::request::{Ending, Request};

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

fn has(item: &Item, path: &str) -> bool {
    let mut parts = path.split('.');
    let first = item.get(parts.next().unwrap());
    parts
        .try_fold(first, |value, part| value.map(|value| value.as_m().ok().and_then(|map| map.get(part))))
        .flatten()
        .is_some()
}

#[test]
fn requests_are_read_and_written_as_they_were() {
    for stored in
        [golden!("request-asked"), golden!("request-voted"), golden!("request-decided"), golden!("request-expired")]
    {
        let request: Request = from_item::<RequestItem, _>(stored.clone()).unwrap();
        let mut written = to_item(&RequestItem::from(&request)).unwrap();
        let key = request.approval.key();
        written.extend(keys(key.as_str(), REQUEST, Some(lives_until(&request))));
        assert_eq!(written, stored);
    }
}

#[test]
fn a_request_says_what_it_said() {
    let request: Request = from_item::<RequestItem, _>(golden!("request-decided")).unwrap();
    let (alice, bob): (Address, Address) = ("alice@example.com".parse().unwrap(), "bob@example.com".parse().unwrap());
    assert_eq!(request.approval.action.to_string(), "service/Prod/Approve");
    assert_eq!(request.name_of(&alice), "Alice Archer <alice@example.com>");
    assert_eq!(
        (request.terms.quorum.get(), request.terms.reason_required, request.terms.language.as_str()),
        (2, true, "de")
    );
    assert_eq!((request.terms.expires, &request.terms.remind[..]), (Some(Duration::days(3)), &[Duration::days(1)][..]));
    assert!(request.bars(&"carol@example.com".parse().unwrap()) && !request.bars(&alice));
    assert!(request.terms.reply_to.is_some() && request.terms.copy.contains_key("auditor@example.com"));
    assert_eq!(request.release.started_by.as_deref(), Some("user/dev"));
    assert_eq!(request.release.revisions.len(), 1);
    assert_eq!(request.vote_of(&alice).unwrap().comment.as_ref().map(Comment::expose), Some("Totals agree"));
    assert_eq!(request.vote_of(&bob).unwrap().comment, None);
    assert_eq!((request.votes_for(Decision::Approved).len(), request.revision), (2, 2));
    assert!(request.ended_by_votes());

    let expired: Request = from_item::<RequestItem, _>(golden!("request-expired")).unwrap();
    assert_eq!(expired.outcome.unwrap().ending, Ending::Expired);
    let asked: Request = from_item::<RequestItem, _>(golden!("request-asked")).unwrap();
    assert_eq!(asked.release.review_url.unwrap().as_str(), "http://example.com");
}

#[test]
fn a_request_in_a_language_that_was_removed_is_read() {
    let mut stored = golden!("request-decided");
    let Some(AttributeValue::M(terms)) = stored.get_mut("terms") else { panic!("no terms") };
    terms.insert("language".to_owned(), AttributeValue::S("tlh".to_owned()));
    let request: Request = from_item::<RequestItem, _>(stored).unwrap();
    assert_eq!(request.terms.language, Language::ENGLISH);
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
        let error = from_item::<RequestItem, Request>(stored).unwrap_err().to_string();
        assert!(error.contains("an item that this version cannot read") && !error.contains('@'), "{error}");
    }
    let mut stored = golden!("delivery-sent");
    stored.remove(paths::MESSAGE_ID);
    assert!(from_item::<DeliveryItem, Delivery>(stored).is_err());
}

#[test]
fn the_index_items_are_found_under_the_same_keys() {
    let request: Request = from_item::<RequestItem, _>(golden!("request-decided")).unwrap();
    let key = request.approval.key();
    let action = &request.approval.action;
    let execution = execution_key(action, request.approval.execution.as_ref().unwrap());
    assert_eq!(keys_of(&golden!("execution")), (execution.as_str(), key.as_str()));
    let (partition, sort) = (history_key(&action.pipeline), history_sort_key(request.asked, &key));
    assert_eq!(keys_of(&golden!("history")), (partition.as_str(), sort.as_str()));
    assert_eq!(keys_of(&golden!("open")), (OPEN, key.as_str()));
    assert!(has(&golden!("open-closed"), paths::CLOSED) && !has(&golden!("open"), paths::CLOSED));
}

#[test]
fn the_paths_of_expressions_lead_to_what_is_stored() {
    let request = golden!("request-decided");
    for path in [
        paths::PARTITION,
        paths::SORT,
        paths::TTL,
        paths::EXECUTION,
        paths::APPROVERS,
        paths::BARRED,
        paths::REASON_REQUIRED,
        paths::REVISION,
        paths::VERDICT,
        paths::OUTCOME,
        paths::VOTES,
    ] {
        assert!(has(&request, path), "{path}");
    }
    let vote = request[paths::VOTES].as_m().unwrap()["alice@example.com"].as_m().unwrap();
    assert!(has(vote, paths::VOTE_DECISION) && has(vote, paths::VOTE_COMMENT));
    let delivery = golden!("delivery-sent-after-unsure");
    for path in [paths::STATE, paths::CLAIMANT, paths::CLAIMED_AT, paths::TRIED, paths::SENT_AT, paths::MESSAGE_ID] {
        assert!(has(&delivery, path), "{path}");
    }
    assert!(keys_of(&delivery).1.starts_with(paths::DELIVERY));
}
