//! What the notifier is told at its start.

use std::collections::BTreeSet;

use countersign::approval::{Address, Approver, Deployment, Quorum};
use countersign::keys::KeyId;
use countersign::link::CallbackUrl;
use countersign::log::LevelFilter;
use countersign::settings::{Lookup, SettingError, list, optional, required};

/// The notifier's settings. Each is an environment variable of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COUNTERSIGN_DEPLOYMENT`: this installation's name, in every link.
    pub deployment: Deployment,
    /// `COUNTERSIGN_CALLBACK_URL`: where links point at, without `/approval`.
    pub callback_url: CallbackUrl,
    /// `COUNTERSIGN_SIGNING_KEY`: ARN or id of the KMS key that links are signed with.
    pub signing_key: KeyId,
    /// `COUNTERSIGN_TABLE`: the ledger's DynamoDB table.
    pub table: String,
    /// `COUNTERSIGN_SENDER`: who the emails are from, an identity that SES has verified.
    pub sender: Approver,
    /// `COUNTERSIGN_REPLY_TO`: where answers to the emails go. Optional.
    pub reply_to: Option<Address>,
    /// `COUNTERSIGN_CONFIGURATION_SET`: the SES configuration set. Optional. It must not track clicks.
    pub configuration_set: Option<String>,
    /// `COUNTERSIGN_APPROVERS`: who may decide, separated by commas, each `Name <address>` or an address.
    pub approvers: Vec<Approver>,
    /// `COUNTERSIGN_QUORUM`: how many of them must approve. 1 unless set.
    pub quorum: Quorum,
    /// `COUNTERSIGN_LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`. `info` unless set.
    pub log_level: LevelFilter,
}

impl Settings {
    /// Reads and checks all settings.
    ///
    /// # Errors
    /// Names the first setting that is missing or wrong.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        let settings = Self {
            deployment: required(lookup, "COUNTERSIGN_DEPLOYMENT")?,
            callback_url: required(lookup, "COUNTERSIGN_CALLBACK_URL")?,
            signing_key: required(lookup, "COUNTERSIGN_SIGNING_KEY")?,
            table: required(lookup, "COUNTERSIGN_TABLE")?,
            sender: required(lookup, "COUNTERSIGN_SENDER")?,
            reply_to: optional(lookup, "COUNTERSIGN_REPLY_TO")?,
            configuration_set: optional(lookup, "COUNTERSIGN_CONFIGURATION_SET")?,
            approvers: list(lookup, "COUNTERSIGN_APPROVERS")?,
            quorum: optional(lookup, "COUNTERSIGN_QUORUM")?.unwrap_or(Quorum::ONE),
            log_level: optional(lookup, "COUNTERSIGN_LOG_LEVEL")?.unwrap_or(LevelFilter::INFO),
        };
        let different: BTreeSet<String> =
            settings.approvers.iter().map(|approver| approver.address.identity()).collect();
        if different.len() < settings.approvers.len() {
            return Err(wrong("COUNTERSIGN_APPROVERS", "an address is in it twice".to_owned()));
        }
        if settings.quorum.get() > different.len() {
            let why = format!("it is {}, and there are {} approvers", settings.quorum.get(), different.len());
            return Err(wrong("COUNTERSIGN_QUORUM", why));
        }
        Ok(settings)
    }
}

fn wrong(name: &'static str, why: String) -> SettingError {
    SettingError::Wrong { name, why }
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
        ("COUNTERSIGN_APPROVERS", "a@example.com, b@example.com"),
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
            ("COUNTERSIGN_APPROVERS", "a@example.com,A@Example.com"),
            ("COUNTERSIGN_QUORUM", "3"),
            ("COUNTERSIGN_QUORUM", "0"),
            ("COUNTERSIGN_LOG_LEVEL", "loud"),
        ] {
            match read(name, Some(text)) {
                Err(SettingError::Wrong { name: named, .. }) => assert_eq!(named, name, "{text}"),
                other => panic!("{name}={text}: {other:?}"),
            }
        }
    }
}
