//! AWS STS: sessions from a crate; who calls, and what a session may be called, from here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use winterbaume_sts::StsService;

use super::answer::{Answer, element};
use super::fake::{ask, for_fake};
use super::form::Form;
use super::service::Service;
use crate::codepipeline::AwsError;
use crate::deployment::ACCOUNT;
use crate::lock::lock;

/// The operations by which an unsigned request is known to be for STS.
pub(super) const OPERATIONS: [&str; 4] =
    ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"];

pub(super) struct Sts {
    fake: Arc<StsService>,
    region: String,
    /// The sessions that `AssumeRole` began: access key id → ARN of the session.
    sessions: Mutex<HashMap<String, String>>,
}

impl Sts {
    pub(super) fn new(region: &str) -> Self {
        Self { fake: Arc::new(StsService::new()), region: region.to_owned(), sessions: Mutex::default() }
    }

    /// The ARN of the session that has this access key.
    pub(super) fn session_of(&self, access_key: &str) -> Option<String> {
        lock(&self.sessions).get(access_key).cloned()
    }

    pub(super) async fn call(
        &self,
        operation: &str,
        form: &Form,
        caller: &str,
        body: Bytes,
    ) -> Result<Answer, AwsError> {
        // The crate's answer is the same for every caller; the point of the call is to distinguish callers.
        if operation == "GetCallerIdentity" {
            return Ok(Answer::Xml(identity(caller)));
        }
        check_names(form)?;
        let response = ask(&self.fake, for_fake(Service::Sts, operation, &self.region, body)).await?;
        if operation == "AssumeRole" && response.status == 200 {
            let text = String::from_utf8_lossy(&response.body);
            if let (Some(key), Some(arn)) = (text_of(&text, "AccessKeyId"), text_of(&text, "Arn")) {
                lock(&self.sessions).insert(key.to_owned(), arn.to_owned());
            }
        }
        Ok(Answer::Ready(response))
    }
}

fn identity(caller: &str) -> String {
    let user_id = caller.rsplit([':', '/']).next().unwrap_or_default();
    [element("Arn", caller), element("UserId", user_id), element("Account", ACCOUNT)].concat()
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
