//! The events for others, at the end of a schedule: each is out, and says what CodePipeline and the history say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::scene::Scene;
use super::seen::Ending;

/// One request and one end, and an event for every vote that is on record, however often each came.
pub fn check(scene: &Scene, ending: Ending, votes: usize, broken: &mut Vec<String>) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in scene.simulation.aws().events() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, detail) = (text(&event["detail-type"]), &event["detail"]);
        if kind == "Approval Ended" && detail["ending"] != ending.word() {
            broken.push(format!("8: it was {}, and an event says {}", ending.word(), detail["ending"]));
        }
        ids.entry(kind).or_default().insert(text(&detail["id"]));
    }
    let number = |kind: &str| ids.get(kind).map_or(0, BTreeSet::len);
    for kind in ["Approval Requested", "Approval Ended"] {
        if number(kind) != 1 {
            broken.push(format!("3: {} events {kind}", number(kind)));
        }
    }
    if number("Vote Recorded") < votes {
        broken.push(format!("3: {} events about {votes} votes", number("Vote Recorded")));
    }
}
