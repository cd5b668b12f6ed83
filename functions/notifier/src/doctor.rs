//! The command `{"doctor": {}}`: examines the whole deployment and says, for each part, whether it is sound and what to do
//! if not.
//!
//! It uses each part as the notifier uses it. To the callback it sends a genuine finish order, for an approval that no
//! pipeline can have: only a callback of this deployment, at the origin that links are made for, with the right public key
//! and a table that it may read, accepts it and answers that there is nothing to finish. Nor may anybody else sign or write:
//! the deployed policies are read. To SES's mailbox simulator it sends an email, whose event must come back.

mod forwarding;
mod mail;
mod policies;
mod test_events;

use std::fmt::Write;

use countersign::approval::{ApprovalAction, Digest, Location, ParseError, RoleArn};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::clock::Clock;
use countersign::keys::Keyring;
use countersign::ledger::Ledger;
use countersign::link::{LinkSigner, Probe, SignError};
use countersign::pipeline::CodePipeline;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::callback_client::{CallbackClient, CallbackError};
use crate::policy_store::{PolicyReadError, PolicyStore, StoredPolicy};
use crate::routes::Routes;
use crate::served::{Scope, ScopeError, ServedPlaces};
pub use forwarding::BusArn;
pub(crate) use forwarding::Forwarding;
pub(crate) use mail::MailDoctor;
use policies::{KeysSeen, REQUEST_KEY};
pub(crate) use test_events::TestEvents;

/// How many accounts and regions are looked at side by side.
const CONCURRENT_PLACES: usize = 8;
/// How long looking at all accounts and regions may take.
const PLACES_WITHIN: std::time::Duration = std::time::Duration::from_mins(3);
/// How long reading all pipelines may take.
const ROUTES_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);

/// The part about reading pipelines, and the one about the rules that events come by.
const READS: &str = "CodePipeline";
const RULES: &str = "rules";

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Whether every part is sound.
    pub sound: bool,
    /// What was found, part by part.
    pub findings: Vec<Finding>,
}

/// What the doctor found about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part.
    pub check: &'static str,
    /// Whether it is sound.
    pub sound: bool,
    /// What was seen.
    pub found: String,
    /// What to do about it, if it is not sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
}

impl Finding {
    fn sound(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, sound: true, found: found.into(), remedy: None }
    }

    fn unsound(check: &'static str, found: impl Into<String>, remedy: &'static str) -> Self {
        Self { check, sound: false, found: found.into(), remedy: Some(remedy) }
    }
}

/// Examines a deployment.
#[derive(Clone)]
pub(crate) struct Doctor {
    pub(crate) mail: MailDoctor,
    pub(crate) pipeline: CodePipeline,
    pub(crate) forwarding: Forwarding,
    pub(crate) tests: TestEvents,
    pub(crate) policy: PolicyStore,
    pub(crate) ledger: Ledger,
    pub(crate) request_keys: Keyring,
    pub(crate) vote_keys: Keyring,
    pub(crate) callback_role: RoleArn,
    pub(crate) served: ServedPlaces,
    pub(crate) links: LinkSigner,
    pub(crate) callback: CallbackClient,
    pub(crate) routes: Routes,
    pub(crate) clock: Clock,
}

impl Doctor {
    /// Examines every part, side by side, and the accounts and regions that are meant.
    pub(crate) async fn examine(&self, scope: &Scope, test_event: bool) -> Diagnosis {
        let places = self.places(scope).await;
        let (places, unclear) = (places.as_deref().unwrap_or_default(), places.as_ref().err().cloned());
        let (mail, (signs, callback), requests, votes, table, policy, members, tests, routes) = tokio::join!(
            Box::pin(self.mail.examine()),
            self.signing_and_callback(),
            KeysSeen::of(&self.request_keys),
            KeysSeen::of(&self.vote_keys),
            self.table(),
            self.policy(),
            self.members(places),
            async { if test_event { Box::pin(self.tests.check(places)).await } else { Vec::new() } },
            self.routes(places),
        );
        let callback_role = &self.callback_role;
        let request_key = signs.err().unwrap_or_else(|| policies::request_key(&requests, callback_role));
        let vote_key = policies::vote_key(&votes, callback_role);
        let ledger = policies::ledger(table, callback_role, requests.as_ref().ok().and_then(KeysSeen::signer));
        let ours = [request_key, vote_key, ledger, policy, callback];
        let findings: Vec<Finding> =
            mail.into_iter().chain(ours).chain(unclear).chain(members).chain(tests).chain([routes]).collect();
        Diagnosis { sound: findings.iter().all(|finding| finding.sound), findings }
    }

    /// Notes that a test event arrived. `false` if none such is expected.
    pub(crate) async fn note_test_event(&self, nonce: &Digest, at: &Location) -> Result<bool, AwsError> {
        self.ledger.note_test_event(nonce, at, (self.clock)()).await
    }

    /// The request key must sign, and the callback must accept a link that it signed.
    async fn signing_and_callback(&self) -> (Result<(), Finding>, Finding) {
        const CHECK: &str = REQUEST_KEY;
        const BUG: &str = "report this as a bug";
        let Ok(probe) = probe() else {
            return (Err(Finding::unsound(CHECK, "no approval to probe with could be made", BUG)), unopened());
        };
        let now = (self.clock)();
        match self.links.sign_probe(&probe, now).await {
            Ok(order) => (Ok(()), opened(self.callback.send(&order).await)),
            Err(SignError::Aws(error)) => (Err(unanswered(CHECK, &error)), unopened()),
            Err(error) => (Err(Finding::unsound(CHECK, error.to_string(), BUG)), unopened()),
        }
    }

    /// The table must be there, and be a ledger: its ARN and its policy.
    async fn table(&self) -> Result<Option<(String, Option<String>)>, AwsError> {
        let Some(arn) = self.ledger.ready_table().await? else { return Ok(None) };
        let policy = self.ledger.resource_policy(&arn).await?;
        Ok(Some((arn, policy)))
    }

    /// The policy must be readable and valid.
    async fn policy(&self) -> Finding {
        const CHECK: &str = "policy";
        match self.policy.read().await {
            Ok(StoredPolicy { policy, version, .. }) => {
                let routes = policy.routes().count();
                let mut found = format!("version {version} is valid; routes, including the default: {routes}");
                for warning in policy.warnings() {
                    let _ = write!(found, "; warning: {warning}");
                }
                Finding::sound(CHECK, found)
            }
            Err(PolicyReadError::Aws(error)) => unanswered(CHECK, &error),
            Err(error) => Finding::unsound(
                CHECK,
                error.to_string(),
                "correct the parameter; `countersign policy check FILE` checks a text before it is saved",
            ),
        }
    }

    /// Every approval action should have a route. One that has none may be somebody else's, so that is a warning.
    async fn routes(&self, places: &[Location]) -> Finding {
        const CHECK: &str = "routes";
        match tokio::time::timeout(ROUTES_WITHIN, Box::pin(self.routes.list(places))).await {
            Ok(Ok(list)) => Finding::sound(CHECK, list.summary()),
            Ok(Err(_)) => Finding::sound(CHECK, "not checked: there is no policy to look into"),
            Err(_) => Finding::sound(CHECK, "warning: not checked, since reading all pipelines takes too long"),
        }
    }

    /// The accounts and regions that are meant. Those that are served must be known.
    async fn places(&self, scope: &Scope) -> Result<Vec<Location>, Finding> {
        const CHECK: &str = "accounts";
        let served = self.served.now().await.map_err(|error| Finding {
            remedy: Some("correct the SSM parameter in COUNTERSIGN_ACCOUNTS_PARAMETER, or let the notifier read it"),
            ..unanswered(CHECK, &error)
        })?;
        let named = |error: ScopeError| Finding::unsound(CHECK, error.to_string(), "name an account that is served");
        served.all(scope).map_err(named)
    }

    /// In every account and region, the notifier must be allowed to read CodePipeline, and approval events must reach it.
    /// One that does not answer keeps nothing from the others.
    async fn members(&self, places: &[Location]) -> Vec<Finding> {
        if places.is_empty() {
            return Vec::new();
        }
        let until = Instant::now() + PLACES_WITHIN;
        let checks: Vec<_> = places.iter().map(|at| timeout_at(until, Box::pin(self.member(at)))).collect();
        let checks: Vec<_> = stream::iter(checks).buffered(CONCURRENT_PLACES).collect().await;
        let late = |at: &Location| {
            Finding::unsound(READS, format!("{at}: not checked, for want of time"), "name the account in the command")
        };
        let unsound: Vec<Finding> = checks
            .into_iter()
            .zip(places)
            .filter_map(|(checked, at)| checked.unwrap_or_else(|_| Err(late(at))).err())
            .collect();
        if !unsound.is_empty() {
            return unsound;
        }
        let all: Vec<String> = places.iter().map(ToString::to_string).collect();
        let all = all.join(", ");
        vec![
            Finding::sound(READS, format!("the notifier may read it in {all}")),
            Finding::sound(RULES, format!("approval events are sent from {all}, and none is left behind")),
        ]
    }

    async fn member(&self, at: &Location) -> Result<(), Finding> {
        Box::pin(self.pipeline.check_read_access(at)).await.map_err(|error| {
            let found = format!("{at}: {error}");
            Finding { found, ..unanswered(READS, &error) }
        })?;
        Box::pin(self.forwarding.check(at)).await
    }
}

const CALLBACK: &str = "callback";

/// The callback, where there was no link to open.
fn unopened() -> Finding {
    Finding::unsound(CALLBACK, "not checked: no link could be signed", "correct the request key first")
}

/// The callback, by its answer to the doctor's link.
fn opened(answer: Result<u16, CallbackError>) -> Finding {
    const SET_URL: &str = "set COUNTERSIGN_CALLBACK_URL to the API's URL";
    match answer {
        Ok(410) => Finding::sound(CALLBACK, "it accepts our links and reads a ledger"),
        Ok(400) => Finding::unsound(
            CALLBACK,
            "it refuses our links (status 400)",
            "give the callback this deployment's name, its request keys, and the origin in COUNTERSIGN_CALLBACK_URL: \
             COUNTERSIGN_DEPLOYMENT, COUNTERSIGN_REQUEST_KEYS, COUNTERSIGN_ORIGINS",
        ),
        Ok(status @ (500 | 502 | 503 | 504)) => Finding::unsound(
            CALLBACK,
            format!("it answers with status {status}"),
            "look at the callback's log: it does not start, or may not read its ledger or its keys",
        ),
        Ok(status) => {
            Finding::unsound(CALLBACK, format!("something else answers at its URL, with status {status}"), SET_URL)
        }
        Err(error) => Finding::unsound(CALLBACK, error.to_string(), SET_URL),
    }
}

/// An approval that no pipeline can have.
fn probe() -> Result<Probe, ParseError> {
    let action = ApprovalAction {
        account: "000000000000".parse()?,
        region: "no-where-0".parse()?,
        pipeline: "countersign-doctor".parse()?,
        stage: "probe".parse()?,
        action: "probe".parse()?,
    };
    Ok(Probe { action, token: "doctor".parse()?, execution: "none".parse()? })
}

/// A part that could not be checked because of an AWS error.
fn unanswered(check: &'static str, error: &AwsError) -> Finding {
    let remedy = match (error.kind, error.code.as_str()) {
        (AwsErrorKind::Unavailable, _) => "AWS did not answer: try again",
        _ if error.operation == "sts:AssumeRole" => {
            "deploy the member template in that account, with this deployment's name, region, role prefix and role path"
        }
        (_, "AccessDeniedException" | "AccessDenied") if is_of_member(error.operation) => {
            "allow this operation in the policy of the account's reading role: deploy its template again"
        }
        (_, "AccessDeniedException" | "AccessDenied") => "allow this operation in the policy of the notifier's role",
        (_, "ResourceNotFoundException" | "NotFoundException" | "ParameterNotFound") => {
            "it does not exist: set it to what the stack created"
        }
        _ => "look the error up in the AWS documentation of the operation",
    };
    Finding::unsound(check, error.to_string(), remedy)
}

/// Whether an operation is one that only the reading role of an account is allowed.
fn is_of_member(operation: &str) -> bool {
    let (service, _) = operation.split_once(':').unwrap_or_default();
    matches!(service, "codepipeline" | "events" | "sqs")
}
