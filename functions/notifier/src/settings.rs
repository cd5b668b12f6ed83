//! The settings of the notifier.

use std::str::FromStr;
use std::sync::Arc;

use countersign::accounts::AccountSource;
use countersign::approval::{
    Address, Approver, Deployment, IdentityArn, MemberRoles, Origin, PipelinePrefix, Region, RoleArn,
};
use countersign::keys::KeyIds;
use countersign::ledger::DEFAULT_RETENTION;
use countersign::log::LevelFilter;
use countersign::pipeline::{DEFAULT_TIMEOUT, Pace};
use countersign::policy::Policy;
use countersign::settings::{Lookup, SettingError, optional, optional_list, required};
use time::Duration;

use crate::doctor::BusArn;
use crate::sweep::QueueUrl;

/// The notifier's settings. Each is an environment variable of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COUNTERSIGN_DEPLOYMENT`: this installation's name, in every link.
    pub deployment: Deployment,
    /// `COUNTERSIGN_ACCOUNTS`, `COUNTERSIGN_ACCOUNTS_PARAMETER`: the accounts whose approvals are served.
    pub accounts: AccountSource,
    /// `COUNTERSIGN_CALLBACK_URL`: the URL that links begin with, without `/approval`.
    pub callback_url: Origin,
    /// `COUNTERSIGN_REQUEST_KEYS`: ARNs or ids of the KMS keys that requests are accepted of. The first one signs links and
    /// new requests.
    pub request_keys: KeyIds,
    /// `COUNTERSIGN_VOTE_KEYS`: the KMS keys that votes are accepted of.
    pub vote_keys: KeyIds,
    /// `COUNTERSIGN_MEMBER_ROLES`: the roles that these accounts have.
    pub member_roles: MemberRoles,
    /// `COUNTERSIGN_MEMBER_BUS`: the ARN of the bus that members forward their events to. The doctor checks that they do.
    pub member_bus: BusArn,
    /// `COUNTERSIGN_EVENT_BUS`: the name of the bus that the events of the hub's own account and region arrive on. `default`
    /// unless set.
    pub event_bus: String,
    /// `COUNTERSIGN_CALLBACK_ROLE`: the ARN of the callback's role, which alone signs votes. The doctor checks that.
    pub callback_role: RoleArn,
    /// `COUNTERSIGN_TABLE`: the ledger's DynamoDB table.
    pub table: String,
    /// `COUNTERSIGN_SENDER`: the sender of the emails, an identity that SES has verified.
    pub sender: Approver,
    /// `COUNTERSIGN_REPLY_TO`: where answers to the emails go. Optional.
    pub reply_to: Option<Address>,
    /// `COUNTERSIGN_CONFIGURATION_SET`: the SES configuration set. It must not track clicks. An email that named none would be
    /// sent with the default set of the sender's identity, if it has one.
    pub configuration_set: String,
    /// `COUNTERSIGN_SENDER_IDENTITY_ARN`: the SES identity of another account to send with. Optional.
    pub sender_identity: Option<IdentityArn>,
    /// `COUNTERSIGN_SES_REGION`: the region to send from. The function's own region unless set.
    pub ses_region: Option<Region>,
    /// `COUNTERSIGN_EMAIL_QUEUE`: the ARN of the SQS queue that SES's events about emails come through.
    pub email_queue: String,
    /// Where the policy is. Exactly one of the two is set: nothing falls back from one to the other.
    pub policy: PolicySource,
    /// `COUNTERSIGN_PIPELINE_REGIONS`: the regions that the sweep looks through. The function's own region (`AWS_REGION`)
    /// unless set.
    pub pipeline_regions: Vec<Region>,
    /// `COUNTERSIGN_PIPELINE_PREFIX`: how the names of the pipelines begin that are served. All are, unless set.
    pub pipeline_prefix: Option<PipelinePrefix>,
    /// `COUNTERSIGN_SWEEP_QUEUE`: the URL of the SQS queue that the sweep fans out through.
    pub sweep_queue: QueueUrl,
    /// `COUNTERSIGN_SWEEP_PACE`: how many calls per second the sweep makes to CodePipeline in each account and region. 5
    /// unless set.
    pub sweep_pace: Pace,
    /// `COUNTERSIGN_APPROVAL_TIMEOUT_DAYS`: how long CodePipeline waits for an answer where the action does not say: a quota
    /// of the account, of seven days unless it was raised.
    pub approval_timeout: Duration,
    /// `COUNTERSIGN_RECORD_RETENTION_DAYS`: how long the ledger keeps what it has of an approval after that has expired. A year
    /// unless set.
    pub retention: Duration,
    /// `COUNTERSIGN_LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`. `info` unless set.
    pub log_level: LevelFilter,
}

/// Where the policy is.
#[derive(Debug, Clone)]
pub enum PolicySource {
    /// `COUNTERSIGN_POLICY`: the name of the SSM parameter that holds it.
    Parameter(String),
    /// `COUNTERSIGN_POLICY_TEXT`: the text itself, which changes only with the deployment.
    Text {
        /// What it says.
        policy: Box<Policy>,
        /// The text.
        text: Arc<str>,
    },
}

impl PolicySource {
    fn read(lookup: Lookup) -> Result<Self, SettingError> {
        const PARAMETER: &str = "COUNTERSIGN_POLICY";
        const TEXT: &str = "COUNTERSIGN_POLICY_TEXT";
        match (optional(lookup, PARAMETER)?, optional(lookup, TEXT)?) {
            (Some(name), None) => Ok(Self::Parameter(name)),
            (None, Some(policy)) => {
                Ok(Self::Text { policy: Box::new(policy), text: required::<String>(lookup, TEXT)?.into() })
            }
            (None, None) => Err(SettingError::Missing { name: PARAMETER }),
            (Some(_), Some(_)) => {
                Err(SettingError::Wrong { name: TEXT, why: format!("{PARAMETER} is set, too; set one of them") })
            }
        }
    }
}

/// A number of whole days, from `LEAST` to `MOST`.
struct Days<const LEAST: i64, const MOST: i64>(Duration);

/// A time-out, up to the longest that CodePipeline has.
type Timeout = Days<1, 60>;
/// How long records are kept. In less than a month, a request could go whose outcome somebody still asks about.
type Retention = Days<30, 3_653>;

impl<const LEAST: i64, const MOST: i64> FromStr for Days<LEAST, MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.parse().ok().filter(|days| (LEAST..=MOST).contains(days));
        let wrong = || format!("it is not a number of days from {LEAST} to {MOST}");
        days.map(|days| Self(Duration::days(days))).ok_or_else(wrong)
    }
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// When a setting is missing or malformed. The error names the first one.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        Ok(Self {
            deployment: required(lookup, "COUNTERSIGN_DEPLOYMENT")?,
            accounts: AccountSource::read(lookup)?,
            callback_url: required(lookup, "COUNTERSIGN_CALLBACK_URL")?,
            request_keys: required(lookup, "COUNTERSIGN_REQUEST_KEYS")?,
            vote_keys: required(lookup, "COUNTERSIGN_VOTE_KEYS")?,
            member_roles: required(lookup, "COUNTERSIGN_MEMBER_ROLES")?,
            member_bus: required(lookup, "COUNTERSIGN_MEMBER_BUS")?,
            event_bus: optional(lookup, "COUNTERSIGN_EVENT_BUS")?.unwrap_or_else(|| "default".to_owned()),
            callback_role: required(lookup, "COUNTERSIGN_CALLBACK_ROLE")?,
            table: required(lookup, "COUNTERSIGN_TABLE")?,
            sender: required(lookup, "COUNTERSIGN_SENDER")?,
            reply_to: optional(lookup, "COUNTERSIGN_REPLY_TO")?,
            configuration_set: required(lookup, "COUNTERSIGN_CONFIGURATION_SET")?,
            sender_identity: optional(lookup, "COUNTERSIGN_SENDER_IDENTITY_ARN")?,
            ses_region: optional(lookup, "COUNTERSIGN_SES_REGION")?,
            email_queue: required(lookup, "COUNTERSIGN_EMAIL_QUEUE")?,
            policy: PolicySource::read(lookup)?,
            pipeline_regions: match optional_list(lookup, "COUNTERSIGN_PIPELINE_REGIONS")? {
                Some(regions) => regions,
                None => vec![required(lookup, "AWS_REGION")?],
            },
            pipeline_prefix: optional(lookup, "COUNTERSIGN_PIPELINE_PREFIX")?,
            sweep_queue: required(lookup, "COUNTERSIGN_SWEEP_QUEUE")?,
            sweep_pace: optional(lookup, "COUNTERSIGN_SWEEP_PACE")?.unwrap_or_default(),
            approval_timeout: optional::<Timeout>(lookup, "COUNTERSIGN_APPROVAL_TIMEOUT_DAYS")?
                .map_or(DEFAULT_TIMEOUT, |Days(timeout)| timeout),
            retention: optional::<Retention>(lookup, "COUNTERSIGN_RECORD_RETENTION_DAYS")?
                .map_or(DEFAULT_RETENTION, |Days(retention)| retention),
            log_level: optional(lookup, "COUNTERSIGN_LOG_LEVEL")?.unwrap_or(LevelFilter::INFO),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 15] = [
        ("AWS_REGION", "us-east-2"),
        ("COUNTERSIGN_DEPLOYMENT", "demo"),
        ("COUNTERSIGN_CALLBACK_URL", "https://a.example"),
        ("COUNTERSIGN_ACCOUNTS", "123456789012"),
        ("COUNTERSIGN_REQUEST_KEYS", "1234abcd"),
        ("COUNTERSIGN_VOTE_KEYS", "5678ef01"),
        ("COUNTERSIGN_MEMBER_ROLES", "arn:aws:iam::*:role/demo"),
        ("COUNTERSIGN_MEMBER_BUS", "arn:aws:events:us-east-2:123456789012:event-bus/demo-members"),
        ("COUNTERSIGN_CALLBACK_ROLE", "arn:aws:iam::123456789012:role/callback"),
        ("COUNTERSIGN_TABLE", "ledger"),
        ("COUNTERSIGN_SENDER", "Countersign <approvals@example.com>"),
        ("COUNTERSIGN_CONFIGURATION_SET", "demo"),
        ("COUNTERSIGN_EMAIL_QUEUE", "arn:aws:sqs:us-east-2:123456789012:demo-emails"),
        ("COUNTERSIGN_SWEEP_QUEUE", "https://sqs.us-east-2.amazonaws.com/123456789012/demo.fifo"),
        ("COUNTERSIGN_POLICY", "/countersign/policy"),
    ];

    fn read(changed: &str, text: Option<&str>) -> Result<Settings, SettingError> {
        let good = |name: &str| GOOD.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        Settings::read(&|name| if name == changed { text.map(str::to_owned) } else { good(name) })
    }

    #[test]
    fn a_missing_or_wrong_setting_is_named() {
        assert!(read("", None).is_ok());
        for (name, _) in GOOD {
            assert_eq!(read(name, None).unwrap_err(), SettingError::Missing { name });
        }
        for (name, text) in [
            ("COUNTERSIGN_DEPLOYMENT", "a b"),
            ("COUNTERSIGN_CALLBACK_URL", "http://a.example"),
            ("COUNTERSIGN_ACCOUNTS", "123456789012,1"),
            ("COUNTERSIGN_REQUEST_KEYS", "alias/countersign"),
            ("COUNTERSIGN_VOTE_KEYS", "1234abcd,"),
            ("COUNTERSIGN_MEMBER_ROLES", "arn:aws:iam::123456789012:role/demo"),
            ("COUNTERSIGN_MEMBER_BUS", "demo-members"),
            ("COUNTERSIGN_MEMBER_BUS", "arn:aws:events:us-east-2:123456789012:rule/demo-members"),
            ("COUNTERSIGN_CALLBACK_ROLE", "callback"),
            ("COUNTERSIGN_SENDER", "nobody"),
            ("COUNTERSIGN_REPLY_TO", "a b"),
            ("COUNTERSIGN_SENDER_IDENTITY_ARN", "example.com"),
            ("COUNTERSIGN_SES_REGION", "*"),
            ("COUNTERSIGN_PIPELINE_REGIONS", "*"),
            ("COUNTERSIGN_PIPELINE_REGIONS", "us-east-2,"),
            ("COUNTERSIGN_PIPELINE_PREFIX", "team-a-*"),
            ("COUNTERSIGN_SWEEP_QUEUE", "demo.fifo"),
            ("COUNTERSIGN_SWEEP_PACE", "0"),
            ("COUNTERSIGN_SWEEP_PACE", "21"),
            ("COUNTERSIGN_APPROVAL_TIMEOUT_DAYS", "0"),
            ("COUNTERSIGN_APPROVAL_TIMEOUT_DAYS", "61"),
            ("COUNTERSIGN_APPROVAL_TIMEOUT_DAYS", "7d"),
            ("COUNTERSIGN_RECORD_RETENTION_DAYS", "29"),
            ("COUNTERSIGN_RECORD_RETENTION_DAYS", "3654"),
            ("COUNTERSIGN_LOG_LEVEL", "loud"),
            ("COUNTERSIGN_POLICY_TEXT", "[default]\napprovers = [\"ada@example.com\"]"),
        ] {
            match read(name, Some(text)) {
                Err(SettingError::Wrong { name: named, .. }) => assert_eq!(named, name, "{text}"),
                other => panic!("{name}={text}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_policy_is_in_a_parameter_or_in_the_settings() {
        let from = |policy: Option<&str>, text: Option<&str>| {
            let lookup = |name: &str| match name {
                "COUNTERSIGN_POLICY" => policy.map(str::to_owned),
                "COUNTERSIGN_POLICY_TEXT" => text.map(str::to_owned),
                _ => GOOD.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()),
            };
            Settings::read(&lookup).map(|settings| settings.policy)
        };
        let text = "[default]\napprovers = [\"ada@example.com\"]";
        assert!(matches!(from(Some("/a/policy"), None), Ok(PolicySource::Parameter(_))));
        assert!(matches!(from(None, Some(text)), Ok(PolicySource::Text { .. })));
        assert!(matches!(from(None, None), Err(SettingError::Missing { name: "COUNTERSIGN_POLICY" })));
        let error = from(None, Some("[default]")).unwrap_err().to_string();
        assert!(error.contains("COUNTERSIGN_POLICY_TEXT is not valid: line 1"), "{error}");
    }
}
