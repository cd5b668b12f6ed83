//! The callback's settings.

use countersign::accounts::AccountSource;
use countersign::approval::{Deployment, MemberRoles, Origin, PipelinePrefix};
use countersign::keys::KeyIds;
use countersign::log::LevelFilter;
use countersign::settings::{Lookup, SettingError, optional, optional_list, required};

/// The callback's settings. Each is an environment variable of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COUNTERSIGN_DEPLOYMENT`: the name of this installation, which its links must carry.
    pub deployment: Deployment,
    /// `COUNTERSIGN_ACCOUNTS`, `COUNTERSIGN_ACCOUNTS_PARAMETER`: the accounts whose approvals are served.
    pub accounts: AccountSource,
    /// `COUNTERSIGN_REQUEST_KEYS`: the KMS keys that the notifier's links and requests are accepted of.
    pub request_keys: KeyIds,
    /// `COUNTERSIGN_VOTE_KEYS`: the KMS keys that votes are accepted of. The first one signs new votes.
    pub vote_keys: KeyIds,
    /// `COUNTERSIGN_MEMBER_ROLES`: the roles that the accounts have whose approvals are served.
    pub member_roles: MemberRoles,
    /// `COUNTERSIGN_PIPELINE_PREFIX`: how the names of the pipelines begin that are served. All are, unless set.
    pub pipeline_prefix: Option<PipelinePrefix>,
    /// `COUNTERSIGN_ORIGINS`: where links work, such as `https://approve.example.com`. Unless it is set, at API Gateway's
    /// own domain name.
    pub origins: Option<Vec<Origin>>,
    /// `COUNTERSIGN_TABLE`: the ledger's DynamoDB table.
    pub table: String,
    /// `COUNTERSIGN_LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`. `info` unless set.
    pub log_level: LevelFilter,
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// Names the first setting that is missing or wrong.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        Ok(Self {
            deployment: required(lookup, "COUNTERSIGN_DEPLOYMENT")?,
            accounts: AccountSource::read(lookup)?,
            request_keys: required(lookup, "COUNTERSIGN_REQUEST_KEYS")?,
            vote_keys: required(lookup, "COUNTERSIGN_VOTE_KEYS")?,
            member_roles: required(lookup, "COUNTERSIGN_MEMBER_ROLES")?,
            pipeline_prefix: optional(lookup, "COUNTERSIGN_PIPELINE_PREFIX")?,
            origins: optional_list(lookup, "COUNTERSIGN_ORIGINS")?,
            table: required(lookup, "COUNTERSIGN_TABLE")?,
            log_level: optional(lookup, "COUNTERSIGN_LOG_LEVEL")?.unwrap_or(LevelFilter::INFO),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_wrong_setting_is_named() {
        let good = [
            ("COUNTERSIGN_DEPLOYMENT", "demo"),
            ("COUNTERSIGN_ACCOUNTS", "123456789012"),
            ("COUNTERSIGN_REQUEST_KEYS", "new,old"),
            ("COUNTERSIGN_VOTE_KEYS", "votes"),
            ("COUNTERSIGN_MEMBER_ROLES", "arn:aws:iam::*:role/demo"),
            ("COUNTERSIGN_TABLE", "ledger"),
        ];
        let read = |changed: &str, text: Option<&str>| {
            let known = |name: &str| good.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
            Settings::read(&|name| if name == changed { text.map(str::to_owned) } else { known(name) })
        };
        assert_eq!(read("", None).unwrap().request_keys.iter().count(), 2);
        for (name, _) in good {
            assert_eq!(read(name, None).unwrap_err(), SettingError::Missing { name });
        }
        let error = read("COUNTERSIGN_REQUEST_KEYS", Some("new,alias/old")).unwrap_err().to_string();
        assert!(
            error.starts_with("the environment variable COUNTERSIGN_REQUEST_KEYS is not valid: the key "),
            "{error}"
        );
    }
}
