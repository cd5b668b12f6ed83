//! The policy in AWS Systems Manager, and the terms that it sets for one approval.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use countersign::approval::Approver;
use countersign::aws::AwsError;
use countersign::pipeline::{Initiator, PendingApproval};
use countersign::policy::{Policy, PolicyError, Route};
use countersign::request::Terms;

/// The parameter that holds the policy. It is read for each event, so that an edit needs no deployment.
#[derive(Debug, Clone)]
pub(crate) struct PolicyStore {
    client: Client,
    name: String,
}

/// A version of the policy.
#[derive(Debug, Clone)]
pub(crate) struct StoredPolicy {
    pub(crate) policy: Policy,
    pub(crate) version: i64,
}

/// Why there are no terms for an approval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyReadError {
    /// The parameter cannot be read.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The parameter's text is not a policy.
    #[error("policy version {version} is invalid: {error}")]
    Invalid {
        /// The parameter's version.
        version: i64,
        /// What is wrong, and where.
        error: PolicyError,
    },
    /// No route matches the approval.
    #[error("no route of policy version {version} matches, and it has no [default]; add a route for this approval")]
    NoRoute {
        /// The parameter's version.
        version: i64,
    },
    /// The route bars so many that the others are fewer than the quorum. A check of the policy's text allows for one
    /// barred approver; one person may be several approvers.
    #[error(
        "policy version {version} leaves too few to approve: the quorum is {quorum}, but only {left} of the approvers did not \
         start the execution; add approvers or lower the quorum"
    )]
    TooFew {
        /// The parameter's version.
        version: i64,
        /// How many must approve.
        quorum: usize,
        /// How many may.
        left: usize,
    },
    /// The route bars the initiator, and CodePipeline does not say who started the execution.
    #[error("the policy bars whoever started the execution from approving, and CodePipeline does not say who that is")]
    InitiatorUnknown,
}

impl PolicyStore {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    pub(crate) async fn read(&self) -> Result<StoredPolicy, PolicyReadError> {
        const OPERATION: &str = "ssm:GetParameter";
        let answer = self.client.get_parameter().name(&self.name).send().await;
        let answer = answer.map_err(|error| AwsError::new(OPERATION, &error))?;
        let parameter =
            answer.parameter.ok_or_else(|| AwsError::unexpected(OPERATION, "no parameter in the answer"))?;
        let version = parameter.version;
        match parameter.value.unwrap_or_default().parse() {
            Ok(policy) => Ok(StoredPolicy { policy, version }),
            Err(error) => Err(PolicyReadError::Invalid { version, error }),
        }
    }
}

impl StoredPolicy {
    /// The terms that the policy sets for an approval. Its request keeps them for good.
    pub(crate) fn terms(&self, pending: &PendingApproval) -> Result<Terms, PolicyReadError> {
        let version = self.version;
        let route = self.policy.route(&pending.approval.action).ok_or(PolicyReadError::NoRoute { version })?;
        let barred = self.barred(route, pending)?;
        let (quorum, left) = (route.quorum.get(), route.approvers.len() - barred.len());
        if quorum > left {
            return Err(PolicyReadError::TooFew { version, quorum, left });
        }
        Ok(Terms {
            route: route.name.clone(),
            policy_version: version,
            approvers: by_mailbox(&route.approvers),
            quorum: route.quorum,
            expires: route.expires,
            remind: route.remind.clone(),
            reason_required: route.reason_required,
            barred,
            language: route.language,
            reply_to: route.reply_to.clone(),
            copy: by_mailbox(&route.copy),
        })
    }

    /// The approvers whose approval does not count, by their identity, and what AWS calls them. If it is unknown who
    /// started the execution, that is an error: it might be any of them.
    fn barred(&self, route: &Route, pending: &PendingApproval) -> Result<BTreeMap<String, String>, PolicyReadError> {
        if route.initiator_may_approve {
            return Ok(BTreeMap::new());
        }
        match &pending.initiator {
            None => Err(PolicyReadError::InitiatorUnknown),
            Some(Initiator::Nobody) => Ok(BTreeMap::new()),
            Some(Initiator::Person(name)) => Ok(route
                .approvers
                .iter()
                .filter(|approver| self.policy.is(name, &approver.address))
                .map(|approver| (approver.address.identity(), name.clone()))
                .collect()),
        }
    }
}

fn by_mailbox(people: &[Approver]) -> BTreeMap<String, Approver> {
    people.iter().map(|person| (person.address.identity(), person.clone())).collect()
}
