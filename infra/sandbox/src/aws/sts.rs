//! AWS STS: who calls, and sessions of roles.
//!
//! The roles that the functions assume are trusted and limited as the templates have it. Every other role of every
//! account can be assumed by everybody, so that anybody can be acted out.
//!
//! Sources: the STS API reference and the service's model (`AssumeRole`, `GetCallerIdentity`), and in the IAM user guide
//! "Methods to assume a role" (role chaining) and "Monitor and control actions taken with assumed roles" (the source
//! identity: both sides need `sts:SetSourceIdentity`, and it stays). The model gives session name and source identity the
//! same form, and a length of 2 to 64.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use time::{Duration, UtcDateTime};
use uuid::Uuid;

use super::answer::element;
use super::caller::Caller;
use super::form::Form;
use super::iam::{Decision, Policy, PolicyKind};
use super::rights::member_role;
use crate::codepipeline::{AwsError, Now};
use crate::lock::lock;
use crate::moment;

/// The operations by which an unsigned request is known to be for STS.
pub(super) const OPERATIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];

/// How long a session lasts, in seconds: at least, unless the request says, and at most.
const LEAST_SECONDS: i64 = 900;
const USUAL_SECONDS: i64 = 3_600;
const MOST_SECONDS: i64 = 43_200;

/// The length of an access key id, and how those of sessions begin that the functions begin.
const KEY_LENGTH: usize = 20;
pub(crate) const FUNCTION_SESSION: &str = "ASIASANDBOX";

/// The longest policy of a session, in characters.
const LONGEST_POLICY: usize = 2_048;

pub(super) struct Sts {
    now: Now,
    /// The sessions that `AssumeRole` began, by their access key ids.
    sessions: Mutex<HashMap<String, Session>>,
    /// The ARNs of roles of the deployment that somebody deleted.
    deleted: Mutex<BTreeSet<String>>,
}

struct Session {
    caller: Caller,
    expires: UtcDateTime,
}

impl Sts {
    pub(super) fn new(now: Now) -> Self {
        Self { now, sessions: Mutex::default(), deleted: Mutex::default() }
    }

    /// The session that has this access key, unless none has.
    ///
    /// # Errors
    /// The session has expired.
    pub(super) fn session_of(&self, access_key: &str) -> Option<Result<Caller, AwsError>> {
        let sessions = lock(&self.sessions);
        let session = sessions.get(access_key)?;
        if (self.now)() < session.expires {
            return Some(Ok(session.caller.clone()));
        }
        let message = "The security token included in the request is expired";
        Some(Err(AwsError::new("ExpiredTokenException", message)))
    }

    /// Deletes a role of the deployment, as its account's administrator may. Sessions of it go on until they expire.
    pub(super) fn delete_role(&self, arn: &str) {
        lock(&self.deleted).insert(arn.to_owned());
    }

    /// Makes it again.
    pub(super) fn restore_role(&self, arn: &str) {
        lock(&self.deleted).remove(arn);
    }

    pub(super) fn call(&self, operation: &str, form: &Form, caller: &Caller) -> Result<String, AwsError> {
        match operation {
            "GetCallerIdentity" => Ok(identity(caller)),
            "AssumeRole" => self.assume(form, caller),
            _ => Err(AwsError::new("InvalidAction", format!("The sandbox's STS has no {operation}"))),
        }
    }

    fn assume(&self, form: &Form, caller: &Caller) -> Result<String, AwsError> {
        let (role, name) = (required(form, "RoleArn")?, required(form, "RoleSessionName")?);
        for (field, member) in [("RoleSessionName", "roleSessionName"), ("SourceIdentity", "sourceIdentity")] {
            form.get(field).map_or(Ok(()), |value| check_name(member, value))?;
        }
        let lasts = lasts(form, caller)?;
        let policy = session_policy(form)?;
        let mut session = Caller::session(role, name).ok_or_else(|| validation(format!("{role} is invalid")))?;
        // It stays the same from session to session.
        let source_identity = form.get("SourceIdentity").or(caller.source_identity.as_deref());
        let stays = caller.source_identity.as_deref().is_none_or(|identity| Some(identity) == source_identity);
        if !stays || !self.admits(role, caller, source_identity, form.get("SourceIdentity").is_some()) {
            return Err(refused(caller, role));
        }
        session.source_identity = source_identity.map(str::to_owned);
        if let Some(policy) = policy {
            session.rights = session.rights.within(policy);
        }
        let expires = (self.now)() + lasts;
        let digits = Uuid::new_v4().simple().to_string().to_uppercase();
        let whose = if caller.is_function() { FUNCTION_SESSION } else { "ASIA" };
        let key: String = whose.chars().chain(digits.chars()).take(KEY_LENGTH).collect();
        let user = [element("AssumedRoleId", &format!("AROASANDBOX:{name}")), element("Arn", &session.arn)];
        let credentials = [
            element("AccessKeyId", &key),
            element("SecretAccessKey", &Uuid::new_v4().simple().to_string()),
            element("SessionToken", &Uuid::new_v4().simple().to_string()),
            element("Expiration", &moment::text(expires, moment::SECONDS)),
        ];
        lock(&self.sessions).insert(key, Session { caller: session, expires });
        let mut answer = format!(
            "<AssumedRoleUser>{}</AssumedRoleUser><Credentials>{}</Credentials>",
            user.concat(),
            credentials.concat()
        );
        answer.extend(source_identity.map(|identity| element("SourceIdentity", identity)));
        Ok(answer)
    }

    /// Whether a role lets the caller begin a session with this source identity, which the request sets or not.
    fn admits(&self, role: &str, caller: &Caller, source_identity: Option<&str>, sets: bool) -> bool {
        if lock(&self.deleted).contains(role) {
            return false;
        }
        let Some((member, _)) = member_role(role) else { return true };
        // A trust policy of our own that cannot be read lets nobody in.
        let Ok(trust) = Policy::read_kind(PolicyKind::Trust, &member.trust_policy()) else { return false };
        let allows = |action: &str| trust.decide_on_session(caller, source_identity, action, role) == Decision::Allowed;
        allows("sts:AssumeRole") && (!sets || allows("sts:SetSourceIdentity"))
    }
}

/// The refusal is the same whether the role does not trust the caller, or does not exist.
fn refused(caller: &Caller, role: &str) -> AwsError {
    let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role}", caller.arn);
    AwsError { status: 403, code: "AccessDenied".to_owned(), message }
}

fn required<'a>(form: &'a Form, field: &str) -> Result<&'a str, AwsError> {
    form.get(field).ok_or_else(|| validation(format!("1 validation error detected: {field} must not be null")))
}

fn validation(message: String) -> AwsError {
    AwsError::new("ValidationError", message)
}

/// How long the session is to last. One that a session begins lasts an hour at most.
fn lasts(form: &Form, caller: &Caller) -> Result<Duration, AwsError> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(Duration::seconds(USUAL_SECONDS)) };
    let seconds = text.parse().ok().filter(|seconds| (LEAST_SECONDS..=MOST_SECONDS).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have a value \
             from {LEAST_SECONDS} to {MOST_SECONDS}"
        ))
    })?;
    if caller.is_session() && seconds > USUAL_SECONDS {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(validation(message.to_owned()));
    }
    Ok(Duration::seconds(seconds))
}

fn session_policy(form: &Form) -> Result<Option<Policy>, AwsError> {
    let Some(text) = form.get("Policy") else { return Ok(None) };
    if text.chars().count() > LONGEST_POLICY {
        return Err(validation(format!(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than \
             or equal to {LONGEST_POLICY}"
        )));
    }
    let policy = Policy::read_kind(PolicyKind::Identity, text);
    policy.map(Some).map_err(|problem| AwsError::new("MalformedPolicyDocument", problem))
}

fn identity(caller: &Caller) -> String {
    let user_id = caller.arn.rsplit([':', '/']).next().unwrap_or_default();
    [element("Arn", &caller.arn), element("UserId", user_id), element("Account", caller.account())].concat()
}

/// `RoleSessionName` and `SourceIdentity` match `[\w+=,.@-]{2,64}`.
fn check_name(member: &str, value: &str) -> Result<(), AwsError> {
    let fits = value.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c));
    if fits && (2..=64).contains(&value.len()) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [\\w+=,.@-]* and have a length of 2 to 64"
    )))
}
