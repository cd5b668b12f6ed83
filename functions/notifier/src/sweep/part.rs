//! A part of a round, as a message of the sweep's queue.

use countersign::approval::{ApprovalKey, Location, ParseError, PipelineName};
use serde::{Deserialize, Serialize};

/// A part of a round: some of the open approvals of one account and region, and perhaps a search through its pipelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepPart {
    /// Where.
    pub at: Location,
    /// Which part of which round it is: the same for a message that is sent a second time.
    pub id: PartId,
    /// Open approvals to look at.
    pub open: Vec<ApprovalKey>,
    /// Whether to look through the pipelines, and from which on.
    pub search: Option<SearchFrom>,
}

/// Where a search begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchFrom {
    /// With the first pipeline.
    First,
    /// With this one, since the part before did not get further.
    Pipeline(PipelineName),
}

/// Names a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartId {
    /// The id of the invocation that began the round, which is the same when Lambda tries it again.
    pub round: String,
    /// Its number in the account and region.
    pub batch: usize,
    /// How many parts went before it because one was not enough.
    pub after: u32,
}

impl SweepPart {
    /// The group that it is taken up in, one part after the other.
    pub(super) fn group(&self) -> String {
        self.at.to_string()
    }

    /// What the ledger knows it by.
    pub(super) fn name(&self) -> String {
        let PartId { round, batch, after } = &self.id;
        format!("{}/{round}/{batch}/{after}", self.at)
    }
}

/// The message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartMessage {
    account: String,
    region: String,
    id: PartId,
    open: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<SearchMessage>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl From<&SweepPart> for PartMessage {
    fn from(SweepPart { at, id, open, search }: &SweepPart) -> Self {
        Self {
            account: at.account.to_string(),
            region: at.region.to_string(),
            id: id.clone(),
            open: open.iter().map(ToString::to_string).collect(),
            search: search.as_ref().map(|from| SearchMessage {
                from: match from {
                    SearchFrom::First => None,
                    SearchFrom::Pipeline(name) => Some(name.to_string()),
                },
            }),
        }
    }
}

impl TryFrom<PartMessage> for SweepPart {
    type Error = ParseError;

    fn try_from(PartMessage { account, region, id, open, search }: PartMessage) -> Result<Self, ParseError> {
        let search = search.map(|SearchMessage { from }| {
            from.map_or(Ok(SearchFrom::First), |name| name.parse().map(SearchFrom::Pipeline))
        });
        Ok(Self {
            at: Location { account: account.parse()?, region: region.parse()? },
            id,
            open: open.iter().map(|key| key.parse()).collect::<Result<_, _>>()?,
            search: search.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_goes_through_the_queue_as_it_is() {
        let key = "x".repeat(43);
        let message = |search| {
            json!({
                "account": "123456789012", "region": "us-east-2", "id": {"round": "r-1", "batch": 2, "after": 3},
                "open": [key], "search": search,
            })
        };
        for (search, from) in [
            (json!({}), Some(SearchFrom::First)),
            (json!({"from": "shop"}), Some(SearchFrom::Pipeline("shop".parse().unwrap()))),
            (json!(null), None),
        ] {
            let mut message = message(search);
            let read: PartMessage = serde_json::from_value(message.clone()).unwrap();
            let part = SweepPart::try_from(read).unwrap();
            assert_eq!(part.search, from);
            if from.is_none() {
                message.as_object_mut().unwrap().remove("search");
            }
            assert_eq!(serde_json::to_value(PartMessage::from(&part)).unwrap(), message);
            assert_eq!(part.group(), "123456789012/us-east-2");
            assert_eq!(part.name(), "123456789012/us-east-2/r-1/2/3");
        }
        for (field, wrong) in [("account", json!("1")), ("open", json!(["no key"])), ("search", json!({"from": ""}))] {
            let mut message = message(json!({}));
            message[field] = wrong;
            let read: PartMessage = serde_json::from_value(message).unwrap();
            assert!(SweepPart::try_from(read).is_err(), "{field}");
        }
    }
}
