//! What the adversary writes into the ledger: whatever they have ever seen there, in any place, and what they make up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::scene::{CAROL, DAVE, MALLORY, Scene};
use crate::forge::seal_of_a_stranger;
use crate::ledger_writer::{Item, REQUEST, change_object, outcome, votes};
use crate::{ALICE, BOB};

const NAMES: [&str; 6] = [ALICE, BOB, CAROL, DAVE, MALLORY, "nobody"];

impl Scene {
    /// Writes or deletes an item.
    pub async fn write_ledger(&self) {
        let items = self.items().await;
        let requests: Vec<Item> = items.iter().filter(|item| item["sk"]["S"] == REQUEST).cloned().collect();
        let past: Vec<Item> = self.pool.borrow().clone();
        let what = match self.below(14) {
            0 | 1 => self.delete(&items, &requests).await,
            2 => match self.any(&past) {
                Some(item) => self.put(item, "an item as it was once").await,
                None => return,
            },
            number => {
                let Some(request) = self.any(&requests).cloned() else { return };
                let past: Vec<Item> = past.into_iter().filter(|item| item["sk"]["S"] == REQUEST).collect();
                match number {
                    3 => self.restore(request, &past).await,
                    4 => self.copy_request(request, &past).await,
                    5 | 6 => self.forge_request(request).await,
                    7 => self.copy_vote(request, &past).await,
                    8 | 9 => self.forge_vote(request, &past).await,
                    10 | 11 => self.forge_outcome(request, &past).await,
                    12 => self.forge_verdict(request).await,
                    _ => self.write_something(&items, request).await,
                }
            }
        };
        self.did(format!("the adversary writes {what}"));
    }

    async fn put(&self, item: &Item, what: &str) -> String {
        self.ledger().put(item).await;
        let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().chars().take(20).collect::<String>();
        format!("{what}: {:.6} {}", text("pk"), text("sk"))
    }

    async fn delete(&self, items: &[Item], requests: &[Item]) -> String {
        let from = if self.one_in(2) { requests } else { items };
        let Some(item) = self.any(from) else { return "nothing".to_owned() };
        self.ledger().delete(item).await;
        format!("nothing in place of {} {}", item["pk"]["S"], item["sk"]["S"])
    }

    /// An earlier state of a request, or another request of the same approval.
    async fn restore(&self, request: Item, past: &[Item]) -> String {
        let of_it: Vec<Item> = past.iter().filter(|item| item["pk"] == request["pk"]).cloned().collect();
        match self.any(&of_it) {
            Some(item) => self.put(item, "a request as it was once").await,
            None => "nothing".to_owned(),
        }
    }

    /// What was sealed for one approval, in another's place.
    async fn copy_request(&self, mut request: Item, past: &[Item]) -> String {
        let Some(other) = self.any(past).cloned() else { return "nothing".to_owned() };
        let names: &[&str] = match self.below(3) {
            0 => &["object", "seal", "digest", "votes", "revision"],
            1 => &["object", "seal", "digest"],
            _ => &["seal", "digest"],
        };
        for name in names {
            if let Some(value) = other.get(*name) {
                request.insert((*name).to_owned(), value.clone());
            }
        }
        self.put(&request, "what was sealed elsewhere").await
    }

    /// Other terms, in an object that is otherwise true.
    async fn forge_request(&self, mut request: Item) -> String {
        if !is_sealed(&request) {
            return "nothing".to_owned();
        }
        let number = self.below(5);
        change_object(&mut request, |object| match number {
            0 => object["terms"]["quorum"] = json!(1),
            1 => {
                object["terms"]["approvers"][MALLORY] = json!({ "address": MALLORY });
                object["terms"]["quorum"] = json!(1);
            }
            2 => object["terms"]["barred"] = json!({}),
            3 => object["terms"]["copy"] = json!({MALLORY: {"address": MALLORY}}),
            _ => object["release"]["instructions"] = json!("Sign in at https://evil.example first"),
        });
        if self.one_in(2) {
            let seal = seal_of_a_stranger(&request, "request+jwt");
            request.insert("seal".to_owned(), json!({ "S": seal }));
        }
        self.put(&request, ["quorum 1", "Mallory", "nobody barred", "a copy", "instructions"][number]).await
    }

    /// A true vote, under any name, on any request.
    async fn copy_vote(&self, mut request: Item, past: &[Item]) -> String {
        let Some(vote) = self.past_vote(past) else { return "nothing".to_owned() };
        self.insert_vote(&mut request, vote).await
    }

    /// A vote that nobody gave.
    async fn forge_vote(&self, mut request: Item, past: &[Item]) -> String {
        let Some(mut vote) = self.past_vote(past).or_else(|| Some(invented(&request))) else { return String::new() };
        let (approver, now) = (NAMES[self.below(5)], self.now().unix_timestamp());
        let (key, digest) = (request["pk"]["S"].clone(), request.get("digest").map(|digest| digest["S"].clone()));
        change_object(&mut vote, |vote| {
            vote["approver"] = json!(approver);
            vote["decision"] = json!("Approved");
            vote["approval"] = key;
            vote["request"] = digest.unwrap_or_default();
            vote["at"] = json!(now * 1000);
        });
        match self.below(3) {
            0 => drop(vote.remove("seal")),
            1 => {
                let seal = seal_of_a_stranger(&vote, "vote+jwt");
                vote.insert("seal".to_owned(), json!({ "S": seal }));
            }
            _ => {}
        }
        self.insert_vote(&mut request, vote).await
    }

    async fn insert_vote(&self, request: &mut Item, vote: Item) -> String {
        if request.get("votes").is_none_or(|votes| !votes["M"].is_object()) {
            request.insert("votes".to_owned(), json!({"M": {}}));
        }
        let name = match vote
            .get("object")
            .and_then(|_| crate::ledger_writer::object(&vote)["approver"].as_str().map(str::to_owned))
        {
            Some(approver) if !self.one_in(3) => approver,
            _ => NAMES[self.below(NAMES.len())].to_owned(),
        };
        votes(request).insert(name.clone(), json!({ "M": vote }));
        self.put(request, &format!("a vote under {name}")).await
    }

    fn past_vote(&self, past: &[Item]) -> Option<Item> {
        let votes: Vec<Item> = past
            .iter()
            .filter_map(|request| request.get("votes")?["M"].as_object())
            .flat_map(|votes| votes.values().filter_map(|vote| vote["M"].as_object().cloned()))
            .filter(is_sealed)
            .collect();
        self.any(&votes).cloned()
    }

    /// An end that did not take place, in words of the adversary's or in CodePipeline's.
    async fn forge_outcome(&self, mut request: Item, past: &[Item]) -> String {
        let outcomes: Vec<Value> = past.iter().filter_map(|item| item.get("outcome").cloned()).collect();
        let value = match self.any(&outcomes) {
            Some(copied) if self.one_in(3) => copied.clone(),
            _ => {
                let now = self.now().unix_timestamp();
                let ending = ["Approved", "Rejected", "Expired", "Superseded", "Stopped", "NotShown"][self.below(6)];
                let by = ["user/ben", "assumed-role/countersign-decide/bob@example.com"][self.below(2)];
                let summary = format!("{ending} through Countersign by {BOB}.");
                outcome(ending, now - [0, 60, 100_000][self.below(3)], Some(by), Some(&summary))
            }
        };
        request.insert("outcome".to_owned(), value);
        self.put(&request, "an outcome").await
    }

    async fn forge_verdict(&self, mut request: Item) -> String {
        match self.below(4) {
            0 => drop(request.remove("verdict")),
            1 => drop(request.insert("verdict".to_owned(), json!({"N": "1"}))),
            number => drop(request.insert("verdict".to_owned(), text(["Approved", "Rejected"][number - 2]))),
        }
        if self.one_in(3) {
            request.insert("revision".to_owned(), json!({"N": self.below(4).to_string()}));
        }
        self.put(&request, "a verdict").await
    }

    /// A delivery or a pointer, or an attribute of a form that nobody writes.
    async fn write_something(&self, items: &[Item], mut request: Item) -> String {
        let others: Vec<&Item> = items.iter().filter(|item| item["sk"]["S"] != REQUEST).collect();
        match (self.below(4), self.any(&others)) {
            (0, _) | (_, None) => {
                let name = ["object", "seal", "digest", "votes", "revision", "verdict", "outcome"][self.below(7)];
                request.insert(
                    name.to_owned(),
                    [json!({"S": "x"}), json!({"N": "7"}), json!({"NULL": true})][self.below(3)].clone(),
                );
                self.put(&request, name).await
            }
            (1, Some(other)) => {
                let mut other = (*other).clone();
                other.insert("state".to_owned(), text(["sent", "failed", "claimed"][self.below(3)]));
                other.insert("sent_at".to_owned(), json!({"N": "1795166700"}));
                other.insert("claimed_at".to_owned(), json!({"N": "1795166700"}));
                other.insert("message_id".to_owned(), json!({"S": "made-up"}));
                self.put(&other, "a delivery").await
            }
            (2, Some(other)) => {
                let mut other = (*other).clone();
                other.insert("sk".to_owned(), request["pk"].clone());
                self.put(&other, "a pointer").await
            }
            (_, Some(other)) => {
                let mut other = (*other).clone();
                other.insert("pk".to_owned(), json!({"S": "OPEN"}));
                other.insert("sk".to_owned(), request["pk"].clone());
                if self.one_in(2) {
                    other.insert("closed".to_owned(), json!({"N": "1795166700"}));
                }
                self.put(&other, "an open approval").await
            }
        }
    }
}

fn text(text: &str) -> Value {
    json!({ "S": text })
}

/// Whether an item has an object and a seal of their own forms.
fn is_sealed(item: &Item) -> bool {
    let text = |name: &str, kind: &str| item.get(name).and_then(|value| value[kind].as_str());
    let bytes = text("object", "B").and_then(|object| STANDARD.decode(object).ok());
    let is_json = bytes.is_some_and(|bytes| serde_json::from_slice::<Value>(&bytes).is_ok_and(|json| json.is_object()));
    is_json && text("seal", "S").is_some_and(|seal| seal.split('.').count() == 3)
}

/// A vote that is made of nothing but what everybody knows, under the request's own seal.
fn invented(request: &Item) -> Item {
    let vote = json!({"approval": "", "request": "", "approver": "", "decision": "Approved", "at": 0, "link": "1"});
    let mut item = Item::new();
    item.insert("object".to_owned(), json!({"B": STANDARD.encode(vote.to_string())}));
    let seal = if is_sealed(request) { request["seal"].clone() } else { json!({"S": "e30.e30.e30"}) };
    item.insert("seal".to_owned(), seal);
    item
}
