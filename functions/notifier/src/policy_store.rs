//! The policy, in AWS Systems Manager or in the settings, and the terms that it sets for one approval.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use countersign::approval::{ApprovalAction, Approver, Decision, PrincipalArn};
use countersign::aws::AwsError;
use countersign::parameter::{Parameter, Parameters};
use countersign::pipeline::{Initiator, PendingApproval};
use countersign::policy::{AfterRejection, AutomaticStart, Policy, PolicyError, Recognition, Route, Unrouted};
use countersign::request::Terms;
use countersign::time_zone::TimeZone;

use crate::settings::PolicySource;

/// Where the policy is. A parameter is read for each event, so that an edit needs no deployment.
#[derive(Debug, Clone)]
pub(crate) struct PolicyStore {
    parameters: Parameters,
    source: PolicySource,
}

/// The version of a policy that is in the settings: it has none of its own.
const IN_SETTINGS: i64 = 0;

/// A version of the policy.
#[derive(Clone)]
pub(crate) struct StoredPolicy {
    pub(crate) policy: Policy,
    pub(crate) text: Arc<str>,
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
    /// No route matches exactly, and one would if capitals and small letters were the same.
    #[error(
        "policy version {version} has no route for exactly these names, but {route} would match if capitals and small \
         letters were the same, so nobody was asked; correct the globs of {route}, or the names in CodePipeline"
    )]
    OnlyInCase {
        /// The parameter's version.
        version: i64,
        /// The route.
        route: String,
    },
    /// The route bars the initiator, and CodePipeline does not say who started the execution.
    #[error("the policy bars whoever started the execution from approving, and CodePipeline does not say who that is")]
    InitiatorUnknown,
    /// The route bars the initiator, and the policy does not know the principal that started the execution.
    #[error(
        "the policy bars whoever started the execution from approving, and policy version {version} does not recognise \
         {principal}, so nobody was asked; add principals = [\"{principal}\"] to the [[person]] who that is{left_out}"
    )]
    InitiatorUnrecognised {
        /// The parameter's version.
        version: i64,
        /// The principal's ARN, without what may be an address.
        principal: String,
        /// What to put for what is left out.
        left_out: &'static str,
    },
    /// The route bars the initiator, and several people are called as the principal that started the execution.
    #[error(
        "the policy bars whoever started the execution from approving, and policy version {version} recognises several \
         people as {principal}, so nobody was asked; add principals = [\"{principal}\"] to the [[person]] who that \
         is{left_out}"
    )]
    InitiatorAmbiguous {
        /// The parameter's version.
        version: i64,
        /// The principal's ARN, without what may be an address.
        principal: String,
        /// What to put for what is left out.
        left_out: &'static str,
    },
    /// The route wants the approval of whoever last rejected the execution, and nothing says who that is.
    #[error(
        "{route} of policy version {version} wants the approval of whoever last rejected this release (after_rejection = \
         \"rejecter\"), and neither signed votes nor CodePipeline say who that is, so nobody was asked; start a new \
         execution"
    )]
    RejecterUnknown {
        /// The parameter's version.
        version: i64,
        /// The route.
        route: String,
    },
    /// The route wants the approval of whoever last rejected the execution, and the policy does not know the principal.
    #[error(
        "{route} of policy version {version} wants the approval of whoever last rejected this release (after_rejection = \
         \"rejecter\"), and the policy does not recognise one person as {principal}, so nobody was asked; add principals \
         = [\"{principal}\"] to the [[person]] who that is{left_out}, or start a new execution"
    )]
    RejecterUnrecognised {
        /// The parameter's version.
        version: i64,
        /// The route.
        route: String,
        /// The principal's ARN, without what may be an address.
        principal: String,
        /// What to put for what is left out.
        left_out: &'static str,
    },
    /// The route wants the approval of whoever last rejected the execution, and theirs cannot count.
    #[error(
        "{route} of policy version {version} wants the approval of whoever last rejected this release (after_rejection = \
         \"rejecter\"), and they {why}, so nobody was asked; start a new execution"
    )]
    RejecterMayNotApprove {
        /// The parameter's version.
        version: i64,
        /// The route.
        route: String,
        /// Why it cannot.
        why: &'static str,
    },
    /// The route asks nobody about what no person started.
    #[error(
        "a push, a schedule or a rule started the execution, which {route} of policy version {version} refuses \
         (automatic_start = \"refuse\"), so nobody was asked; a person must start it"
    )]
    AutomaticStart {
        /// The parameter's version.
        version: i64,
        /// The route.
        route: String,
    },
}

/// The text has addresses.
impl fmt::Debug for StoredPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredPolicy(version {})", self.version)
    }
}

impl PolicyStore {
    pub(crate) fn new(parameters: Parameters, source: PolicySource) -> Self {
        Self { parameters, source }
    }

    pub(crate) async fn read(&self) -> Result<StoredPolicy, PolicyReadError> {
        let name = match &self.source {
            PolicySource::Parameter(name) => name,
            PolicySource::Text { policy, text } => {
                let (policy, text) = (Policy::clone(policy), Arc::clone(text));
                return Ok(StoredPolicy { policy, text, version: IN_SETTINGS });
            }
        };
        let Parameter { text, version } = self.parameters.read(name).await?;
        match text.parse() {
            Ok(policy) => Ok(StoredPolicy { policy, text: text.into(), version }),
            Err(error) => Err(PolicyReadError::Invalid { version, error }),
        }
    }
}

impl StoredPolicy {
    /// The route of an approval.
    pub(crate) fn route(&self, action: &ApprovalAction) -> Result<&Route, PolicyReadError> {
        let version = self.version;
        self.policy.route(action).map_err(|unrouted| match unrouted {
            Unrouted::NoRoute => PolicyReadError::NoRoute { version },
            Unrouted::OnlyInCase(route) => PolicyReadError::OnlyInCase { version, route: route.name.clone() },
        })
    }

    /// The terms that the policy sets for an approval. Its request keeps them for good.
    pub(crate) fn terms(&self, pending: &PendingApproval) -> Result<Terms, PolicyReadError> {
        let version = self.version;
        let route = self.route(&pending.approval.action)?;
        let (barred, unrecognised_initiator) = if route.initiator_may_approve {
            (BTreeMap::new(), self.is_unrecognised(pending))
        } else {
            (self.barred(route, pending)?, false)
        };
        let must_include = match route.after_rejection {
            AfterRejection::Anybody => None,
            AfterRejection::Rejecter => self.rejecter(route, pending, &barred)?,
        };
        Ok(Terms {
            route: route.name.clone(),
            policy_version: version,
            approvers: by_mailbox(&route.approvers),
            quorum: route.quorum,
            expires: route.expires,
            remind: route.remind.clone(),
            reason_required: route.reason_required,
            barred,
            must_include,
            unrecognised_initiator,
            language: route.language,
            time_zone: route.time_zone,
            time_zones: self.time_zones(route),
            reply_to: route.reply_to.clone(),
            copy: by_mailbox(&route.copy),
        })
    }

    /// The person who started the execution, if the policy recognises them.
    pub(crate) fn initiator(&self, pending: &PendingApproval) -> Option<&Approver> {
        let Some(Initiator::Principal(principal)) = &pending.initiator else { return None };
        match self.policy.recognise(principal, &pending.approval.action.account) {
            Recognition::Person(address) => self.policy.person(address),
            Recognition::Nobody | Recognition::Several => None,
        }
    }

    /// Those of a route whose time zone is not the route's, by their identity.
    fn time_zones(&self, route: &Route) -> BTreeMap<String, TimeZone> {
        let people = route.approvers.iter().chain(&route.copy);
        let own = people.filter_map(|person| Some((&person.address, self.policy.time_zone_of(&person.address)?)));
        own.filter(|(_, zone)| *zone != route.time_zone).map(|(address, zone)| (address.identity(), zone)).collect()
    }

    /// The approver whose approval does not count, if the initiator is one, by their identity, and what AWS calls them. If
    /// it is unknown who that is, that is an error: it might be any of them.
    fn barred(&self, route: &Route, pending: &PendingApproval) -> Result<BTreeMap<String, String>, PolicyReadError> {
        let version = self.version;
        let principal = match &pending.initiator {
            None => return Err(PolicyReadError::InitiatorUnknown),
            Some(Initiator::Automatic) => {
                return match route.automatic_start {
                    AutomaticStart::Allow => Ok(BTreeMap::new()),
                    AutomaticStart::Refuse => {
                        Err(PolicyReadError::AutomaticStart { version, route: route.name.clone() })
                    }
                };
            }
            Some(Initiator::Principal(principal)) => principal,
        };
        let (logged, left_out) = for_log(principal);
        match self.policy.recognise(principal, &pending.approval.action.account) {
            Recognition::Person(address) => {
                let is_asked = route.approvers.iter().any(|approver| approver.address.identity() == address.identity());
                let barred = is_asked.then(|| (address.identity(), principal.expose_name().to_owned()));
                Ok(barred.into_iter().collect())
            }
            Recognition::Nobody => Err(PolicyReadError::InitiatorUnrecognised { version, principal: logged, left_out }),
            Recognition::Several => Err(PolicyReadError::InitiatorAmbiguous { version, principal: logged, left_out }),
        }
    }

    /// Who last rejected an earlier run of the approval, by their identity: its voter, or the person whom the policy
    /// recognises as the principal. `None` when nobody has. Where that is unknown, or their approval cannot count, nobody is
    /// asked.
    fn rejecter(
        &self,
        route: &Route,
        pending: &PendingApproval,
        barred: &BTreeMap<String, String>,
    ) -> Result<Option<String>, PolicyReadError> {
        let (version, route_name) = (self.version, || route.name.clone());
        let earlier = pending.release.earlier.iter();
        let Some(last) = earlier.rev().find(|earlier| earlier.decision == Decision::Rejected) else { return Ok(None) };
        let address = match (last.votes.last(), &pending.rejected_by) {
            (Some(vote), _) => self.policy.address_of(&vote.approver.address).unwrap_or(&vote.approver.address),
            (None, Some(principal)) if !last.by_our_role => {
                match self.policy.recognise(principal, &pending.approval.action.account) {
                    Recognition::Person(address) => address,
                    Recognition::Nobody | Recognition::Several => {
                        let (principal, left_out) = for_log(principal);
                        let route = route_name();
                        return Err(PolicyReadError::RejecterUnrecognised { version, route, principal, left_out });
                    }
                }
            }
            (None, _) => return Err(PolicyReadError::RejecterUnknown { version, route: route_name() }),
        };
        let identity = address.identity();
        let why = if !route.approvers.iter().any(|approver| approver.address.identity() == identity) {
            "are not among its approvers"
        } else if barred.contains_key(&identity) {
            "started the execution, so their approval does not count"
        } else {
            return Ok(Some(identity));
        };
        Err(PolicyReadError::RejecterMayNotApprove { version, route: route_name(), why })
    }

    /// Whether a principal started the execution of which the policy does not know whose it is.
    fn is_unrecognised(&self, pending: &PendingApproval) -> bool {
        matches!(&pending.initiator, Some(Initiator::Principal(_))) && self.initiator(pending).is_none()
    }
}

/// A principal as an error names it, and what to say of what that leaves out.
fn for_log(principal: &PrincipalArn) -> (String, &'static str) {
    let logged = principal.for_log();
    let left_out = if logged.contains('…') { ", with the name that is left out here for …" } else { "" };
    (logged, left_out)
}

fn by_mailbox(people: &[Approver]) -> BTreeMap<String, Approver> {
    people.iter().map(|person| (person.address.identity(), person.clone())).collect()
}
