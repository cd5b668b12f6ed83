//! Somebody who may write the ledger, and wants a release through that nobody approved.
//!
//! Items are in DynamoDB's JSON. The table's resource policy lets the functions' roles write alone, so this is what it
//! does not stop: a role that was taken over, or a policy that is missing.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sandbox::aws::Aws;
use sandbox::{NOTIFIER_KEY, TABLE};
use serde_json::{Map, Value, json};

/// An item, or a part of one.
pub type Item = Map<String, Value>;

/// The sort key of a request.
pub const REQUEST: &str = "SIGNED-REQUEST";

/// Reads and writes the items of the ledger.
pub struct LedgerWriter<'a>(&'a Aws);

impl<'a> LedgerWriter<'a> {
    pub fn new(aws: &'a Aws) -> Self {
        Self(aws)
    }

    /// All items.
    pub async fn items(&self) -> Vec<Item> {
        let answer = self.call("Scan", json!({"ConsistentRead": true})).await;
        let items = answer["Items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item.as_object().unwrap().clone()).collect()
    }

    /// The requests.
    pub async fn requests(&self) -> Vec<Item> {
        let items = self.items().await.into_iter();
        items.filter(|item| item["sk"]["S"] == REQUEST).collect()
    }

    /// The only request.
    pub async fn request(&self) -> Item {
        let mut requests = self.requests().await;
        assert_eq!(requests.len(), 1, "requests in the ledger");
        requests.remove(0)
    }

    /// Puts an item in place of the one with its keys.
    pub async fn put(&self, item: &Item) {
        self.call("PutItem", json!({"Item": item})).await;
    }

    /// Deletes the item with this one's keys.
    pub async fn delete(&self, item: &Item) {
        self.call("DeleteItem", json!({"Key": {"pk": item["pk"], "sk": item["sk"]}})).await;
    }

    /// Changes the only request.
    pub async fn change(&self, change: impl FnOnce(&mut Item)) {
        let mut item = self.request().await;
        change(&mut item);
        self.put(&item).await;
    }

    async fn call(&self, operation: &str, mut input: Value) -> Value {
        input["TableName"] = json!(TABLE);
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = self.0.ask(NOTIFIER_KEY, &target, &input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {} {}", error.code, error.message))
    }
}

/// What is sealed in an item or in a vote, as bytes.
fn object_bytes(sealed: &Item) -> Vec<u8> {
    STANDARD.decode(sealed["object"]["B"].as_str().unwrap()).unwrap()
}

/// What is sealed in an item or in a vote.
pub fn object(sealed: &Item) -> Value {
    serde_json::from_slice(&object_bytes(sealed)).unwrap()
}

/// The digest of what is sealed, as links, seals and items have it.
pub fn digest_of(sealed: &Item) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &object_bytes(sealed)))
}

/// Puts an object in the place of the one that is sealed, and leaves the seal as it is.
///
/// The digest of a request is kept beside its object. It is made to fit, as a competent attacker would do: left as it was,
/// it would give the forgery away even if nobody looked at the seal.
pub fn set_object(sealed: &mut Item, object: Value) {
    sealed.insert("object".to_owned(), object);
    if sealed.contains_key("digest") {
        sealed.insert("digest".to_owned(), json!({"S": digest_of(sealed)}));
    }
}

/// Changes what is sealed, and leaves the seal as it is.
pub fn change_object(sealed: &mut Item, change: impl FnOnce(&mut Value)) {
    let mut object = object(sealed);
    change(&mut object);
    set_object(sealed, json!({"B": STANDARD.encode(object.to_string())}));
}

/// The votes in a request's item, under the names that they are kept under.
pub fn votes(request: &mut Item) -> &mut Item {
    request["votes"]["M"].as_object_mut().unwrap()
}

/// The sealed vote that is kept under this name.
pub fn vote(request: &Item, name: &str) -> Item {
    request["votes"]["M"][name]["M"].as_object().unwrap_or_else(|| panic!("no vote of {name}")).clone()
}

/// A memo of how an approval ended, as an item has it.
pub fn outcome(ending: &str, at: i64, by: Option<&str>, summary: Option<&str>) -> Value {
    let mut outcome = json!({"ending": {"S": ending}, "at": {"N": at.to_string()}});
    for (name, text) in [("by", by), ("summary", summary)] {
        if let Some(text) = text {
            outcome[name] = json!({"S": text});
        }
    }
    json!({ "M": outcome })
}
