//! The command `{"routes": {}}`: every approval action of the pipelines here, and who would be asked about it.

use std::time::Duration;

use countersign::approval::{ApprovalAction, Approver, DisplayName, Location};
use countersign::pipeline::{ApprovalActions, CodePipeline, Pace};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::policy_store::{PolicyReadError, PolicyStore, StoredPolicy};

/// How many accounts and regions are looked at side by side.
const CONCURRENT_PLACES: usize = 8;
/// How often the sweep begins, in seconds.
const HOUR: u64 = 3_600;
/// How many actions without a route the doctor names.
const MOST_NAMED: usize = 20;

/// Lists approval actions with their routes.
#[derive(Clone)]
pub(crate) struct Routes {
    pub(crate) pipeline: CodePipeline,
    pub(crate) policy: PolicyStore,
    pub(crate) pace: Pace,
}

/// Every approval action, and what the policy says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteList {
    /// The version of the policy.
    pub policy_version: i64,
    /// How many pipelines there are.
    pub pipelines: usize,
    /// The approval actions, by pipeline, in the order of the pipelines' stages.
    pub actions: Vec<RoutedAction>,
    /// What could not be read, so that actions may be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// How long reading the pipelines takes of the account and region that has the most.
    #[serde(skip)]
    pub round: Duration,
}

/// An approval action, and who would be asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutedAction {
    approval: String,
    account: String,
    region: String,
    #[serde(flatten)]
    routed: Routed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Routed {
    Asked {
        route: String,
        quorum: usize,
        approvers: Vec<Person>,
        copy: Vec<Person>,
    },
    #[serde(rename_all = "camelCase")]
    Nobody {
        nobody_because: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Person {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Routes {
    /// The list.
    pub(crate) async fn list(&self, places: &[Location]) -> Result<RouteList, PolicyReadError> {
        let actions = async {
            let reads: Vec<_> = places.iter().map(|at| Box::pin(self.pipeline.approval_actions(at))).collect();
            stream::iter(reads).buffered(CONCURRENT_PLACES).collect::<Vec<_>>().await
        };
        let (policy, found) = tokio::join!(self.policy.read(), actions);
        let policy = policy?;
        // One call for each pipeline in which nothing waits.
        let most = found.iter().map(|found| found.pipelines).max().unwrap_or(0);
        let round = self.pace.time_for(most);
        let mut all = ApprovalActions::default();
        for ApprovalActions { actions, pipelines, unread } in found {
            all.actions.extend(actions);
            all.pipelines += pipelines;
            all.unread.extend(unread);
        }
        let ApprovalActions { actions, pipelines, unread } = all;
        let actions = actions.iter().map(|action| RoutedAction::new(action, &policy)).collect();
        let unread = unread.iter().map(ToString::to_string).collect();
        Ok(RouteList { policy_version: policy.version, pipelines, actions, unread, round })
    }
}

impl RouteList {
    /// The sentence about the actions of which nobody would be asked, which the doctor says. It has no addresses.
    pub(crate) fn summary(&self) -> String {
        let nobody = |action: &&RoutedAction| matches!(action.routed, Routed::Nobody { .. });
        let mut missed: Vec<&str> = self.actions.iter().filter(nobody).map(|action| action.approval.as_str()).collect();
        let mut summary = format!("approval actions in the pipelines here: {}", self.actions.len());
        if !missed.is_empty() {
            let more = missed.len().saturating_sub(MOST_NAMED);
            missed.truncate(MOST_NAMED);
            summary += &format!("; warning: the policy has no route for {}", missed.join(", "));
            if more > 0 {
                summary += &format!(" and {more} more");
            }
        }
        let round = self.round.as_secs();
        let all = format!("; the sweep looks at all {} pipelines every", self.pipelines);
        if round > HOUR {
            summary += &format!("{all} {} hours", round.div_ceil(HOUR));
        } else if round > 0 {
            summary += &format!("{all} hour, which takes {round} seconds or more");
        }
        if let Some(first) = self.unread.first() {
            summary +=
                &format!("; warning: could not read {} pipelines, the first because: {first}", self.unread.len());
        }
        summary
    }
}

impl RoutedAction {
    fn new(action: &ApprovalAction, policy: &StoredPolicy) -> Self {
        let routed = match policy.route(action) {
            Ok(route) => Routed::Asked {
                route: route.name.clone(),
                quorum: route.quorum.get(),
                approvers: route.approvers.iter().map(Person::new).collect(),
                copy: route.copy.iter().map(Person::new).collect(),
            },
            Err(error) => Routed::Nobody { nobody_because: error.to_string() },
        };
        let (account, region) = (action.account.to_string(), action.region.to_string());
        Self { approval: action.to_string(), account, region, routed }
    }
}

impl Person {
    fn new(person: &Approver) -> Self {
        let name = person.name.as_ref().map(DisplayName::expose).map(str::to_owned);
        Self { address: person.address.expose().to_owned(), name }
    }
}
