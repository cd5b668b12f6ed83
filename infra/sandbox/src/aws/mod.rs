//! The AWS endpoint: every service that the functions call, behind one address and without an account.
//!
//! A request names its service itself (see [`call`]), so one path serves them all, as `--endpoint-url` wants it.
//! Signatures are not checked: the access key id alone says who calls. There is one region, whatever region a client
//! signs for, so visitors see, whatever their own `AWS_REGION`, the same pipelines and the same mailbox. Only sessions of
//! the roles that the functions assume see the pipelines of the region that they sign for, and no others. Everything but
//! pipelines is in one account, the hub's; callers from other accounts get what AWS would give them there. The functions
//! have no right to any pipeline: for those they assume the roles that the templates make, which are limited likewise.

mod answer;
mod binary;
mod call;
mod caller;
mod dynamodb;
mod eventbridge;
mod expression;
mod fake;
mod form;
pub mod forwarding;
mod iam;
mod key_policy;
pub mod kms;
mod mail;
mod mailbox;
mod rights;
mod service;
pub mod ses;
pub mod sesv2;
mod sqs;
mod sts;
mod table_access;
mod table_policies;
mod tables;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::codepipeline::{AwsError, CodePipeline, Now};
use crate::lock::lock;
use answer::Answer;
use call::{Incoming, json_input};
use caller::Caller;
use dynamodb::DynamoDb;
use eventbridge::EventBridge;
use fake::Ssm;
use forwarding::{Asked, Forwarding};
use kms::Kms;
use service::Service;
use ses::Ses;
use sqs::Sqs;
pub(crate) use sts::FUNCTION_SESSION;
use sts::Sts;

pub use crate::deployment::{ACCOUNT, MemberRole};
use crate::deployment::{REGION, table_policy};

/// The longest request body that a router should let through to [`Aws::handle`], in bytes: a message of 10 MB, in
/// base64, percent-encoded, with room for the other fields.
pub const MAX_BODY: usize = 32 * 1024 * 1024;

/// The number of calls that [`Aws::calls`] remembers: more than any test makes, and no leak in a sandbox that runs for weeks.
const REMEMBERED_CALLS: usize = 10_000;

/// The caller in [`Call`] whose session has expired.
const EXPIRED: &str = "an expired session";

/// A call that arrived, whether it succeeded or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The service's name in signatures (`codepipeline`, `dynamodb`, `events`, `kms`, `ses`, `sqs`, `ssm`,
    /// `sts`), `sesv2`, or `unknown`.
    pub service: &'static str,
    /// The operation, such as `PutApprovalResult`.
    pub operation: String,
    /// The caller's ARN.
    pub caller: String,
}

/// All AWS services of the sandbox.
pub struct Aws {
    /// The pipelines.
    pub codepipeline: Arc<CodePipeline>,
    /// The mailbox, and what SES refuses.
    pub ses: Arc<Ses>,
    /// The keys that links are signed with.
    pub kms: Arc<Kms>,
    /// The rules that forward approval events.
    pub forwarding: Forwarding,
    dynamodb: DynamoDb,
    eventbridge: EventBridge,
    sqs: Sqs,
    ssm: Ssm,
    sts: Sts,
    now: Now,
    calls: Mutex<VecDeque<Call>>,
}

impl Aws {
    /// Builds the services, with the ledger's table (partition key `pk`, sort key `sk`, on demand) already there, under
    /// the resource policy of the deployment: only the functions' roles write to it.
    ///
    /// # Errors
    /// The table's name is one that DynamoDB refuses.
    pub async fn new(
        region: &str,
        ledger_table: &str,
        codepipeline: Arc<CodePipeline>,
        now: Now,
    ) -> Result<Self, AwsError> {
        let dynamodb = DynamoDb::new(region);
        dynamodb.create_table(ledger_table).await?;
        dynamodb.policies.attach(ledger_table, &table_policy(&dynamodb.policies.arn(ledger_table)))?;
        Ok(Self {
            codepipeline,
            ses: Arc::new(Ses::new(region, Arc::clone(&now))),
            kms: Arc::new(Kms::new(ACCOUNT, region)),
            now: Arc::clone(&now),
            forwarding: Forwarding::default(),
            dynamodb,
            eventbridge: EventBridge::new(region, Arc::clone(&now)),
            ssm: Ssm::new(region),
            sqs: Sqs::new(Arc::clone(&now)),
            sts: Sts::new(now),
            calls: Mutex::default(),
        })
    }

    /// Calls an operation of a JSON protocol, such as `DynamoDB_20120810.GetItem`, as the holder of this access key would.
    ///
    /// # Errors
    /// The error that the service answers.
    pub async fn ask(&self, access_key: &str, target: &str, input: &Value) -> Result<Value, AwsError> {
        let mut headers = HeaderMap::new();
        let credential = format!("AWS4-HMAC-SHA256 Credential={access_key}/20261120/{REGION}/any/aws4_request");
        for (name, value) in [("x-amz-target", target), ("authorization", &credential)] {
            headers.extend(value.parse().ok().map(|value| (HeaderName::from_static(name), value)));
        }
        let response = self.handle("POST", "/", &headers, input.to_string().into()).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        let output: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(output);
        }
        let text = |names: [&str; 2]| names.iter().find_map(|name| output.get(name)?.as_str()).unwrap_or_default();
        let code = text(["__type", "code"]).rsplit('#').next().unwrap_or_default().to_owned();
        Err(AwsError { status: status.as_u16(), code, message: text(["message", "Message"]).to_owned() })
    }

    /// Answers one HTTP request as the service that it is meant for would.
    pub async fn handle(&self, method: &str, uri: &str, headers: &HeaderMap, body: Bytes) -> Response {
        let request_id = Uuid::new_v4().to_string();
        let incoming = match Incoming::read(method, uri, headers, &body) {
            Ok(incoming) => incoming,
            Err(unknown) => {
                let caller =
                    self.caller(unknown.access_key.as_deref()).map_or_else(|_| EXPIRED.to_owned(), |caller| caller.arn);
                self.remember(Call { service: "unknown", operation: unknown.operation, caller });
                return answer::error(unknown.protocol, "", &unknown.error, &request_id);
            }
        };
        let (service, protocol) = (incoming.service, incoming.service.protocol());
        let caller = match self.caller(incoming.access_key.as_deref()) {
            Ok(caller) => caller,
            Err(error) => {
                let (service, operation) = (service.name(), incoming.operation);
                self.remember(Call { service, operation, caller: EXPIRED.to_owned() });
                return answer::error(protocol, incoming.service.namespace(), &error, &request_id);
            }
        };
        tracing::debug!(service = service.name(), operation = incoming.operation, "AWS call");
        self.remember(Call {
            service: service.name(),
            operation: incoming.operation.clone(),
            caller: caller.arn.clone(),
        });

        match self.act(&incoming, &caller, body).await {
            Ok(answer) => answer::success(service, &incoming.operation, answer, &request_id),
            Err(error) => answer::error(protocol, service.namespace(), &error, &request_id),
        }
    }

    /// The service and the operation that a request calls, as [`Call`] has them.
    pub(crate) fn operation(parts: &Parts, body: &[u8]) -> (&'static str, String) {
        match Incoming::read(parts.method.as_str(), &parts.uri.to_string(), &parts.headers, body) {
            Ok(incoming) => (incoming.service.name(), incoming.operation),
            Err(unknown) => ("unknown", unknown.operation),
        }
    }

    /// The account in which a request is made, and the region that it is made to.
    pub(crate) fn target(&self, parts: &Parts, body: &[u8]) -> Option<(String, String)> {
        let incoming = Incoming::read(parts.method.as_str(), &parts.uri.to_string(), &parts.headers, body).ok()?;
        let caller = self.caller(incoming.access_key.as_deref()).ok()?;
        Some((caller.account().to_owned(), incoming.region?))
    }

    /// The answer of the service that a request is meant for when it refuses with this error.
    pub(crate) fn refuse(parts: &Parts, body: &[u8], error: &AwsError) -> Response {
        let request_id = Uuid::new_v4().to_string();
        match Incoming::read(parts.method.as_str(), &parts.uri.to_string(), &parts.headers, body) {
            Ok(Incoming { service, .. }) => answer::error(service.protocol(), service.namespace(), error, &request_id),
            Err(unknown) => answer::error(unknown.protocol, "", error, &request_id),
        }
    }

    /// Saves a text as an SSM parameter, in place of what it held, as somebody with an AWS account would.
    ///
    /// # Errors
    /// The error of Systems Manager for a name or a value that it refuses.
    pub async fn put_parameter(&self, name: &str, value: &str) -> Result<(), AwsError> {
        let input = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
        self.ssm.put(&input).await
    }

    /// Attaches a resource policy to a table, or removes it with `None`, whoever may do that: so a test can act an
    /// attacker who may write the ledger, or a table that was restored without its policy.
    ///
    /// # Errors
    /// The policy is not valid, or has something that is not known here.
    pub fn set_table_policy(&self, table: &str, policy: Option<&str>) -> Result<(), AwsError> {
        let Some(policy) = policy else {
            self.dynamodb.policies.detach(table);
            return Ok(());
        };
        self.dynamodb.policies.attach(table, policy).map(|_| ())
    }

    /// Deletes a role of the deployment in an account that it serves, as an administrator there may.
    pub fn delete_role(&self, role: MemberRole, account: &str) {
        self.sts.delete_role(&role.arn(account));
    }

    /// Makes it again: see [`delete_role`](Self::delete_role).
    pub fn restore_role(&self, role: MemberRole, account: &str) {
        self.sts.restore_role(&role.arn(account));
    }

    /// The time after which SQS hands over again what failed, where the receiver of this receipt said so.
    pub(crate) fn visible_after(&self, receipt: &str) -> Option<time::Duration> {
        self.sqs.visible_after(receipt)
    }

    /// The events that EventBridge took with `PutEvents`, oldest first, as a target gets them: the last 1,000. Those that
    /// the hub's rule matches have gone to the notifier.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.eventbridge.taken()
    }

    /// Makes the entries of a detail type fail with this error code, or none of them any more.
    pub fn refuse_events(&self, detail_type: &str, code: Option<&'static str>) {
        self.eventbridge.refuse(detail_type, code);
    }

    /// The calls that arrived, oldest first: the last 10,000.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).iter().cloned().collect()
    }

    async fn act(&self, incoming: &Incoming, caller: &Caller, body: Bytes) -> Result<Answer, AwsError> {
        let operation = incoming.operation.as_str();
        let is_about_rule = match incoming.service {
            Service::EventBridge => Asked::is_about_rule(operation) || caller.is_of_member_role(),
            Service::Sqs => caller.is_of_member_role(),
            _ => false,
        };
        if is_about_rule {
            let (account, input) = (caller.account(), &json_input(&body)?);
            let region = incoming.region.as_deref().unwrap_or(REGION);
            let asked = Asked { account, region, operation, input };
            if operation == "PutEvents" {
                let put = self.forwarding.put(&asked, (self.now)(), |event| self.codepipeline.send(event));
                return put.map(Answer::Json);
            }
            caller.check(&format!("{}:{operation}", incoming.service.name()), &asked.resource())?;
            return self.forwarding.call(&asked).map(Answer::Json);
        }
        // Everybody may ask who they are, and roles say themselves whom they trust.
        if !matches!(incoming.service, Service::CodePipeline | Service::Sts) {
            caller.check(&format!("{}:{operation}", incoming.service.name()), "*")?;
        }
        match incoming.service {
            Service::CodePipeline => {
                let input = json_input(&body)?;
                let resource = self.codepipeline.resource_of(operation, &input, caller.account());
                caller.check(&format!("codepipeline:{operation}"), &resource)?;
                let region = incoming.region.as_deref().filter(|_| caller.is_of_member_role());
                self.codepipeline.call_in(region, operation, &input, &caller.arn).map(Answer::Json)
            }
            Service::EventBridge => {
                let notifier = |event| self.codepipeline.send(event);
                self.eventbridge.call(operation, &json_input(&body)?, caller, notifier).map(Answer::Json)
            }
            Service::Kms => self.kms.call(operation, &json_input(&body)?, caller).map(Answer::Json),
            Service::Sqs => {
                let notifier = |event| self.codepipeline.send(event);
                self.sqs.call(operation, &json_input(&body)?, caller, notifier).map(Answer::Json)
            }
            Service::Ses | Service::SesV2 | Service::Ssm if !caller.is_of_the_hub() => Err(AwsError::new(
                "AccessDeniedException",
                format!(
                    "The sandbox has {} in account {ACCOUNT} only, and {} is of another",
                    incoming.service.name(),
                    caller.arn
                ),
            )),
            Service::Ses => {
                let notifier = |event| self.codepipeline.send(event);
                self.ses.call(operation, &incoming.form, notifier).map(Answer::Xml)
            }
            Service::SesV2 => self.ses.call_v2(operation, &incoming.form).map(Answer::Json),
            Service::DynamoDb => self.dynamodb.call(operation, body, caller).await,
            Service::Ssm => self.ssm.call(operation, body).await.map(Answer::Ready),
            Service::Sts => self.sts.call(operation, &incoming.form, caller).map(Answer::Xml),
        }
    }

    fn caller(&self, access_key: Option<&str>) -> Result<Caller, AwsError> {
        access_key.and_then(|key| self.sts.session_of(key)).unwrap_or_else(|| Ok(Caller::of_key(access_key)))
    }

    fn remember(&self, call: Call) {
        let mut calls = lock(&self.calls);
        if calls.len() >= REMEMBERED_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }
}

#[cfg(test)]
mod tests;
