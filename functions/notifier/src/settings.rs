//! The settings of the notifier.

use countersign::approval::{Address, Approver, Deployment, Region};
use countersign::keys::KeyId;
use countersign::link::CallbackUrl;
use countersign::log::LevelFilter;
use countersign::settings::{Lookup, SettingError, optional, required};

/// The notifier's settings. Each is an environment variable of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COUNTERSIGN_DEPLOYMENT`: this installation's name, in every link.
    pub deployment: Deployment,
    /// `COUNTERSIGN_CALLBACK_URL`: the URL that links begin with, without `/approval`.
    pub callback_url: CallbackUrl,
    /// `COUNTERSIGN_SIGNING_KEY`: ARN or id of the KMS key that links are signed with.
    pub signing_key: KeyId,
    /// `COUNTERSIGN_TABLE`: the ledger's DynamoDB table.
    pub table: String,
    /// `COUNTERSIGN_SENDER`: the sender of the emails, an identity that SES has verified.
    pub sender: Approver,
    /// `COUNTERSIGN_REPLY_TO`: where answers to the emails go. Optional.
    pub reply_to: Option<Address>,
    /// `COUNTERSIGN_CONFIGURATION_SET`: the SES configuration set. Optional. It must not track clicks.
    pub configuration_set: Option<String>,
    /// `COUNTERSIGN_POLICY`: the name of the SSM parameter that holds the policy.
    pub policy: String,
    /// `COUNTERSIGN_PIPELINE_REGION`: the region that the sweep looks through, and of the pipelines that commands name. The
    /// function's own region unless set.
    pub pipeline_region: Option<Region>,
    /// `COUNTERSIGN_LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`. `info` unless set.
    pub log_level: LevelFilter,
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// When a setting is missing or malformed. The error names the first one.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        Ok(Self {
            deployment: required(lookup, "COUNTERSIGN_DEPLOYMENT")?,
            callback_url: required(lookup, "COUNTERSIGN_CALLBACK_URL")?,
            signing_key: required(lookup, "COUNTERSIGN_SIGNING_KEY")?,
            table: required(lookup, "COUNTERSIGN_TABLE")?,
            sender: required(lookup, "COUNTERSIGN_SENDER")?,
            reply_to: optional(lookup, "COUNTERSIGN_REPLY_TO")?,
            configuration_set: optional(lookup, "COUNTERSIGN_CONFIGURATION_SET")?,
            policy: required(lookup, "COUNTERSIGN_POLICY")?,
            pipeline_region: optional(lookup, "COUNTERSIGN_PIPELINE_REGION")?,
            log_level: optional(lookup, "COUNTERSIGN_LOG_LEVEL")?.unwrap_or(LevelFilter::INFO),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("COUNTERSIGN_DEPLOYMENT", "demo"),
        ("COUNTERSIGN_CALLBACK_URL", "https://a.example"),
        ("COUNTERSIGN_SIGNING_KEY", "1234abcd"),
        ("COUNTERSIGN_TABLE", "ledger"),
        ("COUNTERSIGN_SENDER", "Countersign <approvals@example.com>"),
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
            ("COUNTERSIGN_SIGNING_KEY", "alias/countersign"),
            ("COUNTERSIGN_SENDER", "nobody"),
            ("COUNTERSIGN_REPLY_TO", "a b"),
            ("COUNTERSIGN_PIPELINE_REGION", "*"),
            ("COUNTERSIGN_LOG_LEVEL", "loud"),
        ] {
            match read(name, Some(text)) {
                Err(SettingError::Wrong { name: named, .. }) => assert_eq!(named, name, "{text}"),
                other => panic!("{name}={text}: {other:?}"),
            }
        }
    }
}
