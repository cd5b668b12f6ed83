//! AWS STS: sessions from a crate; who calls, which roles there are, and what a session may be called, from here.
//!
//! Every role of every account can be assumed by everybody: the sandbox has no trust policies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use winterbaume_sts::StsService;

use super::answer::{Answer, element};
use super::caller::Caller;
use super::fake::{ask, for_fake};
use super::form::Form;
use super::service::Service;
use crate::codepipeline::AwsError;
use crate::lock::lock;

/// The operations by which an unsigned request is known to be for STS.
pub(super) const OPERATIONS: [&str; 4] =
    ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"];

pub(super) struct Sts {
    fake: Arc<StsService>,
    region: String,
    /// The sessions that `AssumeRole` began, by their access key ids.
    sessions: Mutex<HashMap<String, Caller>>,
}

impl Sts {
    pub(super) fn new(region: &str) -> Self {
        Self { fake: Arc::new(StsService::new()), region: region.to_owned(), sessions: Mutex::default() }
    }

    /// The session that has this access key.
    pub(super) fn session_of(&self, access_key: &str) -> Option<Caller> {
        lock(&self.sessions).get(access_key).cloned()
    }

    pub(super) async fn call(
        &self,
        operation: &str,
        form: &Form,
        caller: &Caller,
        body: Bytes,
    ) -> Result<Answer, AwsError> {
        // The crate's answer is the same for every caller; the point of the call is to distinguish callers.
        if operation == "GetCallerIdentity" {
            return Ok(Answer::Xml(identity(caller)));
        }
        check_names(form)?;
        let assumed = match operation {
            "AssumeRole" => Some(assumed(form)?),
            _ => None,
        };
        let mut response = ask(&self.fake, for_fake(Service::Sts, operation, &self.region, body)).await?;
        if let (Some(session), 200) = (assumed, response.status) {
            let mut text = String::from_utf8_lossy(&response.body).into_owned();
            // The crate leaves out the source identity, and knows one partition only.
            if let Some(arn) = text_of(&text, "Arn").map(str::to_owned) {
                text = text.replacen(&element("Arn", &arn), &element("Arn", &session.arn), 1);
            }
            if let Some(identity) = form.get("SourceIdentity") {
                let end = "</AssumeRoleResult>";
                text = text.replacen(end, &[&element("SourceIdentity", identity), end].concat(), 1);
            }
            if let Some(key) = text_of(&text, "AccessKeyId") {
                lock(&self.sessions).insert(key.to_owned(), session);
            }
            response.body = text.into();
        }
        Ok(Answer::Ready(response))
    }
}

/// The session that `AssumeRole` is to begin.
fn assumed(form: &Form) -> Result<Caller, AwsError> {
    let required = |field: &str| {
        let missing =
            || AwsError::new("ValidationError", format!("1 validation error detected: {field} must not be null"));
        form.get(field).ok_or_else(missing)
    };
    let (role, name) = (required("RoleArn")?, required("RoleSessionName")?);
    Caller::session(role, name).ok_or_else(|| AwsError::new("ValidationError", format!("{role} is invalid")))
}

fn identity(caller: &Caller) -> String {
    let user_id = caller.arn.rsplit([':', '/']).next().unwrap_or_default();
    [element("Arn", &caller.arn), element("UserId", user_id), element("Account", caller.account())].concat()
}

/// `RoleSessionName` and `SourceIdentity` match `[\w+=,.@-]{2,64}`. The crate takes anything, and the name ends up in
/// an ARN, which real STS would never have let happen.
fn check_names(form: &Form) -> Result<(), AwsError> {
    for (field, member) in [("RoleSessionName", "roleSessionName"), ("SourceIdentity", "sourceIdentity")] {
        let Some(value) = form.get(field) else { continue };
        let fits = value.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
        if !fits || !(2..=64).contains(&value.len()) {
            return Err(AwsError::new(
                "ValidationError",
                format!(
                    "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
                     satisfy regular expression pattern: [\\w+=,.@-]* and have a length of 2 to 64"
                ),
            ));
        }
    }
    Ok(())
}

/// The text of the first element of this name. Enough for the crate's own answers, which hold no attributes there.
fn text_of<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(text, _)| text)
}
