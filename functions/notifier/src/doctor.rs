//! `{"doctor": {}}`: looks over the whole deployment and says, for each part, whether it is sound and what to do if not.
//!
//! It uses what the notifier uses, in the way that the notifier uses it. The callback is asked with a link of its own
//! kind: only a callback of this deployment, with the right public key and a table that it may read, answers that it is
//! good and that it knows no such approval.

use aws_config::SdkConfig;
use aws_sdk_ses::types::VerificationStatus;
use countersign::approval::{Address, Approval, ApprovalAction, Decision, ParseError};
use countersign::aws::{AwsError, AwsErrorKind};
use countersign::ledger::Ledger;
use countersign::link::SignError;
use countersign::pipeline::CodePipeline;
use serde::Serialize;
use time::Duration;

use crate::Notifier;
use crate::policy_store::{PolicyReadError, PolicyStore, StoredPolicy};

/// How long the probe's link is good.
const PROBE_LIFE: Duration = Duration::minutes(5);
/// Below this many emails a day an account is in SES's sandbox, which sends to verified addresses only.
const SANDBOX_QUOTA: f64 = 200.0;

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Whether everything is.
    pub sound: bool,
    /// Part by part.
    pub findings: Vec<Finding>,
}

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which part.
    pub check: &'static str,
    /// Whether it is sound.
    pub sound: bool,
    /// What was seen.
    pub found: String,
    /// What to do about it.
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

/// Looks over a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Doctor {
    ses: aws_sdk_ses::Client,
}

impl Doctor {
    pub(crate) fn new(aws: &SdkConfig) -> Self {
        Self { ses: aws_sdk_ses::Client::new(aws) }
    }

    /// The sender's address, or its domain, must be verified in SES.
    async fn sender(&self, sender: &Address) -> Finding {
        const CHECK: &str = "sender";
        let domain = sender.expose().rsplit('@').next().unwrap_or_default();
        let answer = self
            .ses
            .get_identity_verification_attributes()
            .identities(sender.expose())
            .identities(domain)
            .send()
            .await
            .map_err(|error| AwsError::new("ses:GetIdentityVerificationAttributes", &error));
        match answer {
            Ok(answer) => {
                let verified = answer
                    .verification_attributes
                    .values()
                    .any(|identity| identity.verification_status == VerificationStatus::Success);
                if verified {
                    Finding::sound(CHECK, "SES has verified the sender's address or domain")
                } else {
                    Finding::unsound(
                        CHECK,
                        "SES has verified neither the sender's address nor its domain",
                        "verify the address or the domain in Amazon SES, in this region, or set another sender",
                    )
                }
            }
            Err(error) => unanswered(CHECK, &error),
        }
    }

    /// The account must be out of SES's sandbox.
    async fn quota(&self) -> Finding {
        const CHECK: &str = "sending quota";
        let answer = self.ses.get_send_quota().send().await.map_err(|error| AwsError::new("ses:GetSendQuota", &error));
        match answer {
            // -1 is "unlimited".
            Ok(quota) if quota.max24_hour_send > SANDBOX_QUOTA || quota.max24_hour_send < 0.0 => {
                let found = format!("{} emails a day, {} a second", quota.max24_hour_send, quota.max_send_rate);
                Finding::sound(CHECK, found)
            }
            Ok(quota) => Finding::unsound(
                CHECK,
                format!("{} emails a day: the account is in the SES sandbox", quota.max24_hour_send),
                "request production access in Amazon SES, or verify every approver's address and deploy with SesSandbox=true",
            ),
            Err(error) => unanswered(CHECK, &error),
        }
    }
}

impl Notifier {
    /// Looks at everything, side by side.
    pub(crate) async fn examine(&self) -> Diagnosis {
        let (sender, quota, (key, callback), table, policy, reads) = tokio::join!(
            self.doctor.sender(&self.settings.sender.address),
            self.doctor.quota(),
            self.key_and_callback(),
            table(&self.ledger),
            policy(&self.policy),
            reads(&self.pipeline),
        );
        let findings = vec![sender, quota, key, table, policy, callback, reads];
        Diagnosis { sound: findings.iter().all(|finding| finding.sound), findings }
    }

    /// Signs a link to an approval that does not exist and opens it.
    async fn key_and_callback(&self) -> (Finding, Finding) {
        const KEY: &str = "signing key";
        const CALLBACK: &str = "callback";
        let unasked = || Finding::unsound(CALLBACK, "not asked, for want of a link", "put the signing key right first");
        let Ok((approval, nobody)) = probe() else {
            return (Finding::unsound(KEY, "no probe can be made", "report this as a bug"), unasked());
        };
        let now = (self.clock)();
        let link = match self.links.sign(&approval, &nobody, Decision::Rejected, now, now + PROBE_LIFE).await {
            Ok(link) => link,
            Err(SignError::Aws(error)) => return (unanswered(KEY, &error), unasked()),
            Err(error) => {
                return (Finding::unsound(KEY, error.to_string(), "report this as a bug"), unasked());
            }
        };
        let key = Finding::sound(KEY, "KMS signs");
        let callback = match self.callback.open(&link).await {
            Ok(410) => Finding::sound(CALLBACK, "it takes our links and reads a ledger"),
            Ok(400) => Finding::unsound(
                CALLBACK,
                "it refuses our links (400)",
                "give the callback this deployment's name and this signing key: COUNTERSIGN_DEPLOYMENT, COUNTERSIGN_SIGNING_KEYS",
            ),
            Ok(status @ (500 | 502 | 503 | 504)) => Finding::unsound(
                CALLBACK,
                format!("it answers {status}"),
                "look at the callback's log: it does not start, or may not read its ledger or its keys",
            ),
            Ok(status) => Finding::unsound(
                CALLBACK,
                format!("something else answers there ({status})"),
                "set COUNTERSIGN_CALLBACK_URL to the API's URL",
            ),
            Err(error) => {
                Finding::unsound(CALLBACK, error.to_string(), "set COUNTERSIGN_CALLBACK_URL to the API's URL")
            }
        };
        (key, callback)
    }
}

/// An approval that no pipeline can have, and somebody who is never asked.
fn probe() -> Result<(Approval, Address), ParseError> {
    let action = ApprovalAction {
        account: "000000000000".parse()?,
        region: "none".parse()?,
        pipeline: "countersign-doctor".parse()?,
        stage: "probe".parse()?,
        action: "probe".parse()?,
    };
    Ok((Approval { action, token: "doctor".parse()?, execution: None }, "doctor@countersign.invalid".parse()?))
}

async fn table(ledger: &Ledger) -> Finding {
    const CHECK: &str = "ledger";
    match ledger.is_ready().await {
        Ok(true) => Finding::sound(CHECK, "the table is active"),
        Ok(false) => Finding::unsound(
            CHECK,
            "the table is not active, or its keys are not pk and sk",
            "set COUNTERSIGN_TABLE to the table that the stack made",
        ),
        Err(error) => unanswered(CHECK, &error),
    }
}

async fn policy(store: &PolicyStore) -> Finding {
    const CHECK: &str = "policy";
    match store.read().await {
        Ok(StoredPolicy { policy, version }) => {
            let routes = policy.routes().count();
            Finding::sound(CHECK, format!("version {version} is sound; routes, the default included: {routes}"))
        }
        Err(PolicyReadError::Aws(error)) => unanswered(CHECK, &error),
        Err(error) => Finding::unsound(
            CHECK,
            error.to_string(),
            "put the parameter right; `cargo run -p sandbox -- policy check FILE` checks a text before it is saved",
        ),
    }
}

/// Every read of CodePipeline, on a pipeline that does not exist: to be told so takes the right to ask.
async fn reads(pipeline: &CodePipeline) -> Finding {
    const CHECK: &str = "CodePipeline";
    match Box::pin(pipeline.may_read()).await {
        Ok(()) => Finding::sound(CHECK, "it may be read"),
        Err(error) => unanswered(CHECK, &error),
    }
}

fn unanswered(check: &'static str, error: &AwsError) -> Finding {
    let remedy = match (error.kind, error.code.as_str()) {
        (AwsErrorKind::Unavailable, _) => "AWS did not answer: try again",
        (_, "AccessDeniedException" | "AccessDenied") => "allow this operation to the notifier's role",
        (_, "ResourceNotFoundException" | "NotFoundException" | "ParameterNotFound") => {
            "set it to what the stack made: it does not exist"
        }
        _ => "look the error up in the AWS documentation of the operation",
    };
    Finding::unsound(check, error.to_string(), remedy)
}
