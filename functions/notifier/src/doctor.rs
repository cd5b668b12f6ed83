//! The command `{"doctor": {}}`: examines the whole deployment and says, for each part, whether it is sound and what to do
//! if not.
//!
//! It uses each part as the notifier uses it. To the callback it sends a genuine finish order, for an approval that no
//! pipeline can have: only a callback of this deployment, at the origin that links are made for, with the right public key
//! and a table that it may read, accepts it and answers that there is nothing to finish. Nor may anybody else sign or write:
//! the deployed policies are read. To SES's mailbox simulator it sends an email, whose event must come back.

mod mail;
mod policies;

use std::fmt::Write;

use countersign::approval::{ApprovalAction, ParseError, RoleArn};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::clock::Clock;
use countersign::keys::Keyring;
use countersign::ledger::Ledger;
use countersign::link::{LinkSigner, Probe, SignError};
use countersign::pipeline::CodePipeline;
use serde::Serialize;

use crate::callback_client::{CallbackClient, CallbackError};
use crate::policy_store::{PolicyReadError, PolicyStore, StoredPolicy};
use crate::routes::Routes;
pub(crate) use mail::MailDoctor;
use policies::{KeysSeen, REQUEST_KEY};

/// How long reading all pipelines may take.
const ROUTES_WITHIN: std::time::Duration = std::time::Duration::from_mins(4);

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
    pub(crate) policy: PolicyStore,
    pub(crate) ledger: Ledger,
    pub(crate) request_keys: Keyring,
    pub(crate) vote_keys: Keyring,
    pub(crate) deciding_role: RoleArn,
    pub(crate) links: LinkSigner,
    pub(crate) callback: CallbackClient,
    pub(crate) routes: Routes,
    pub(crate) clock: Clock,
}

impl Doctor {
    /// Examines every part, side by side.
    pub(crate) async fn examine(&self) -> Diagnosis {
        let (mail, (signs, callback), requests, votes, table, policy, pipeline, routes) = tokio::join!(
            Box::pin(self.mail.examine()),
            self.signing_and_callback(),
            KeysSeen::of(&self.request_keys),
            KeysSeen::of(&self.vote_keys),
            self.table(),
            self.policy(),
            self.pipeline(),
            self.routes(),
        );
        let deciding = &self.deciding_role;
        let request_key = signs.err().unwrap_or_else(|| policies::request_key(&requests, deciding));
        let vote_key = policies::vote_key(&votes, deciding);
        let ledger = policies::ledger(table, deciding, requests.as_ref().ok().and_then(KeysSeen::signer));
        let others = [request_key, vote_key, ledger, policy, callback, pipeline, routes];
        let findings: Vec<Finding> = mail.into_iter().chain(others).collect();
        Diagnosis { sound: findings.iter().all(|finding| finding.sound), findings }
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
                "correct the parameter; `cargo run -p sandbox -- policy check FILE` checks a text before it is saved",
            ),
        }
    }

    /// Every approval action should have a route. One that has none may be somebody else's, so that is a warning.
    async fn routes(&self) -> Finding {
        const CHECK: &str = "routes";
        match tokio::time::timeout(ROUTES_WITHIN, Box::pin(self.routes.list())).await {
            Ok(Ok(list)) => Finding::sound(CHECK, list.summary()),
            Ok(Err(_)) => Finding::sound(CHECK, "not checked: there is no policy to look into"),
            Err(_) => Finding::sound(CHECK, "warning: not checked, since reading all pipelines takes too long"),
        }
    }

    /// The notifier must be allowed to read CodePipeline.
    async fn pipeline(&self) -> Finding {
        const CHECK: &str = "CodePipeline";
        match Box::pin(self.pipeline.check_read_access()).await {
            Ok(()) => Finding::sound(CHECK, "the notifier may read it"),
            Err(error) => unanswered(CHECK, &error),
        }
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
        region: "none".parse()?,
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
        (_, "AccessDeniedException" | "AccessDenied") => "allow this operation in the policy of the notifier's role",
        (_, "ResourceNotFoundException" | "NotFoundException" | "ParameterNotFound") => {
            "it does not exist: set it to what the stack created"
        }
        _ => "look the error up in the AWS documentation of the operation",
    };
    Finding::unsound(check, error.to_string(), remedy)
}
