//! The accounts whose pipelines are served, and the two roles in each: one to read with, and one to decide with.
//!
//! The hub's own account is served in the same way. A decision is made in the name of the approver: the session of the
//! deciding role is called after their address, and is their source identity, which no trust policy that demands one lets
//! anybody leave out. So `lastUpdatedBy` in CodePipeline, and `CloudTrail`, name the person. The session may do one thing, and
//! for a quarter of an hour.

mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_codepipeline as codepipeline;
use aws_sdk_sts::Client;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use serde_json::json;

use crate::accounts::Accounts;
use crate::approval::{AccountId, Address, ApprovalAction, Location, MemberRoles, RoleArn};
use crate::aws::AwsError;
pub use session::SessionName;

const ASSUME_ROLE: &str = "sts:AssumeRole";
/// Why no role is assumed in an account, whatever its roles would let us.
const NOT_SERVED: &str = "the account is not served";

/// How long a session that decides lasts: STS has no shorter one.
const DECIDES_FOR: i32 = 900;
/// How long a session that reads lasts: the longest that STS gives to whoever has assumed a role already, as a function has.
const READS_FOR: i32 = 3_600;
/// How long assuming a role may take, with all attempts: longer than [`crate::aws`] lets it take.
const LOAD_WITHIN: Duration = Duration::from_secs(7);

/// The accounts whose pipelines are served.
#[derive(Debug, Clone)]
pub struct Members {
    accounts: Accounts,
    roles: MemberRoles,
    sts: Client,
    aws: SdkConfig,
    /// What the sessions that read are called.
    reader: &'static str,
    /// One reader for each account. It keeps its session for as long as that lasts.
    readers: Arc<Mutex<HashMap<AccountId, Reader>>>,
}

/// What reads in one account.
#[derive(Debug, Clone)]
struct Reader {
    /// AWS in the account's reading role.
    aws: SdkConfig,
    pipeline: codepipeline::Client,
}

/// The credentials of a session that may put the result of one action.
#[derive(Debug, Clone)]
pub struct Decider(Credentials);

impl Members {
    /// These accounts, which have these roles. `reader` is what sessions that read are called.
    #[must_use]
    pub fn new(aws: &SdkConfig, accounts: Accounts, roles: MemberRoles, reader: &'static str) -> Self {
        Self { accounts, roles, sts: Client::new(aws), aws: aws.clone(), reader, readers: Arc::default() }
    }

    /// The role that results are put with in this account.
    #[must_use]
    pub fn deciding_role(&self, account: &AccountId) -> RoleArn {
        self.roles.deciding(account)
    }

    /// The accounts that are served. In no other is a role assumed.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    async fn check(&self, account: &AccountId) -> Result<(), AwsError> {
        if self.accounts.has(account).await? {
            return Ok(());
        }
        Err(AwsError::unexpected(ASSUME_ROLE, NOT_SERVED))
    }

    /// CodePipeline of this account, to read.
    ///
    /// # Errors
    /// When the account is not served, or it cannot be read which are.
    pub(crate) async fn reader(&self, account: &AccountId) -> Result<codepipeline::Client, AwsError> {
        Ok(self.cached_reader(account).await?.pipeline)
    }

    /// AWS in this account and region, to read as its reading role may.
    ///
    /// # Errors
    /// When the account is not served, or it cannot be read which are.
    pub async fn aws(&self, at: &Location) -> Result<SdkConfig, AwsError> {
        let reader = self.cached_reader(&at.account).await?;
        Ok(reader.aws.to_builder().region(Region::new(at.region.as_str().to_owned())).build())
    }

    async fn cached_reader(&self, account: &AccountId) -> Result<Reader, AwsError> {
        self.check(account).await?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = readers.entry(account.clone()).or_insert_with(|| {
            let sts = self.sts.assume_role().role_arn(self.roles.reading(account).as_str());
            let assume = sts.role_session_name(self.reader).duration_seconds(READS_FOR);
            let aws = self
                .aws
                .to_builder()
                .credentials_provider(SharedCredentialsProvider::new(Session(assume)))
                .identity_cache(IdentityCache::lazy().load_timeout(LOAD_WITHIN).build())
                .build();
            Reader { pipeline: codepipeline::Client::new(&aws), aws }
        });
        Ok(reader.clone())
    }

    /// Assumes the deciding role in the name of the approver, for the result of this action alone.
    ///
    /// # Errors
    /// When the account is not served, STS does not answer, or the role does not let us.
    pub async fn decider(&self, action: &ApprovalAction, approver: &Address) -> Result<Decider, AwsError> {
        self.check(&action.account).await?;
        let role = self.roles.deciding(&action.account);
        let name = SessionName::of(approver);
        let assume = self.sts.assume_role().role_arn(role.as_str()).duration_seconds(DECIDES_FOR);
        let assume = assume.role_session_name(name.expose()).source_identity(name.expose());
        assumed(assume.policy(self.result_of(action))).await.map(Decider)
    }

    /// The policy that allows the result of one action.
    fn result_of(&self, action: &ApprovalAction) -> String {
        let ApprovalAction { account, region, pipeline, stage, action } = action;
        let partition = self.roles.partition();
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "codepipeline:PutApprovalResult",
                "Resource": format!("arn:{partition}:codepipeline:{region}:{account}:{pipeline}/{stage}/{action}"),
            }],
        })
        .to_string()
    }
}

impl Decider {
    /// The credentials, for one call.
    pub(crate) fn credentials(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self.0.clone())
    }
}

/// A session of a role, begun anew whenever it is asked for.
#[derive(Debug)]
struct Session(AssumeRoleFluentBuilder);

impl ProvideCredentials for Session {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let assumed = assumed(self.0.clone());
        // The error is found again in that of the call that the credentials were for.
        future::ProvideCredentials::new(async { assumed.await.map_err(CredentialsError::provider_error) })
    }
}

async fn assumed(assume: AssumeRoleFluentBuilder) -> Result<Credentials, AwsError> {
    let answer = assume.send().await.map_err(|error| AwsError::new(ASSUME_ROLE, &error))?;
    let given = answer.credentials.ok_or_else(|| AwsError::unexpected(ASSUME_ROLE, "no credentials in the answer"))?;
    let expires = given.expiration.try_into().map_err(|_| AwsError::unexpected(ASSUME_ROLE, "no time of expiry"))?;
    let credentials = Credentials::builder()
        .access_key_id(given.access_key_id)
        .secret_access_key(given.secret_access_key)
        .session_token(given.session_token)
        .expiry(expires)
        .provider_name("countersign");
    Ok(credentials.build())
}
