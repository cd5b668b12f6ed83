//! The callback's settings.

use countersign::approval::Deployment;
use countersign::keys::KeyId;
use countersign::log::LevelFilter;
use countersign::settings::{Lookup, SettingError, list, optional, required};

/// The callback's settings. Each is an environment variable of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COUNTERSIGN_DEPLOYMENT`: the name of this installation, which its links must carry.
    pub deployment: Deployment,
    /// `COUNTERSIGN_SIGNING_KEYS`: the KMS keys whose links are accepted, newest first, separated by commas.
    pub signing_keys: Vec<KeyId>,
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
            signing_keys: list(lookup, "COUNTERSIGN_SIGNING_KEYS")?,
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
            ("COUNTERSIGN_SIGNING_KEYS", "new,old"),
            ("COUNTERSIGN_TABLE", "ledger"),
        ];
        let read = |changed: &str, text: Option<&str>| {
            let known = |name: &str| good.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
            Settings::read(&|name| if name == changed { text.map(str::to_owned) } else { known(name) })
        };
        assert_eq!(read("", None).unwrap().signing_keys.len(), 2);
        for (name, _) in good {
            assert_eq!(read(name, None).unwrap_err(), SettingError::Missing { name });
        }
        let error = read("COUNTERSIGN_SIGNING_KEYS", Some("new,alias/old")).unwrap_err().to_string();
        assert!(
            error.starts_with("the environment variable COUNTERSIGN_SIGNING_KEYS is not valid: element 2: "),
            "{error}"
        );
    }
}
