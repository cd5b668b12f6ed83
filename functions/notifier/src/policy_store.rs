//! The policy where it is kept, in AWS Systems Manager, and what it says of one approval.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use countersign::approval::Approver;
use countersign::aws::AwsError;
use countersign::pipeline::{Initiator, PendingApproval};
use countersign::policy::{Policy, PolicyError, Route};
use countersign::request::Terms;

/// The parameter that holds the policy. It is read for each request, so that an edit needs no deployment.
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

/// Why the policy does not say who may decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyReadError {
    /// It cannot be read.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It is no policy.
    #[error("the policy, version {version}, is wrong: {error}")]
    Wrong {
        /// The parameter's version.
        version: i64,
        /// What is wrong, and where.
        error: PolicyError,
    },
    /// It says nothing about this approval.
    #[error("no route of the policy, version {version}, matches, and it has no default")]
    NoRoute {
        /// The parameter's version.
        version: i64,
    },
    /// It bars so many that the others cannot approve. One barred approver is allowed for when a policy is checked; one
    /// person may be several approvers.
    #[error(
        "without those who may not approve what they started, the policy, version {version}, leaves too few to approve"
    )]
    TooFew {
        /// The parameter's version.
        version: i64,
    },
    /// It bars whoever started the execution, and who that is cannot be read.
    #[error("the policy bars whoever started the execution from approving, and CodePipeline does not tell who that is")]
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
            Err(error) => Err(PolicyReadError::Wrong { version, error }),
        }
    }
}

impl StoredPolicy {
    /// What the policy says of an approval. It is fixed in its request from then on.
    pub(crate) fn terms(&self, waiting: &PendingApproval) -> Result<Terms, PolicyReadError> {
        let version = self.version;
        let route = self.policy.route(&waiting.approval.action).ok_or(PolicyReadError::NoRoute { version })?;
        let barred = self.barred(route, waiting)?;
        if route.quorum.get() > route.approvers.len() - barred.len() {
            return Err(PolicyReadError::TooFew { version });
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

    /// Whose approval does not count. Not knowing who started the execution is no reason to let him approve it.
    fn barred(&self, route: &Route, waiting: &PendingApproval) -> Result<BTreeMap<String, String>, PolicyReadError> {
        if route.initiator_may_approve {
            return Ok(BTreeMap::new());
        }
        match &waiting.initiator {
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
