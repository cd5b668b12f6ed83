//! The accounts whose approvals are served: the only ones in which the functions assume a role.
//!
//! All settings of a function hold 4 KB together, so the list may continue in a parameter of Systems Manager.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use time::{Duration, UtcDateTime};
use tokio::sync::Mutex;

use crate::approval::AccountId;
use crate::aws::AwsError;
use crate::clock::Clock;
use crate::parameter::{GET_PARAMETER, Parameter, Parameters};
use crate::settings::{Lookup, SettingError, optional, optional_list};
use crate::text::bounded_line;

/// For how long the parameter is not read again: how long a change takes to reach every function.
const KEPT: Duration = Duration::MINUTE;
/// How much an error repeats of what is no account, in characters.
const MAX_WRONG: usize = 20;

/// Where the list is.
#[derive(Debug, Clone)]
pub struct AccountSource {
    /// `COUNTERSIGN_ACCOUNTS`: accounts, separated by commas.
    listed: Vec<AccountId>,
    /// `COUNTERSIGN_ACCOUNTS_PARAMETER`: the name of an SSM parameter that holds further ones.
    parameter: Option<String>,
}

impl AccountSource {
    /// Reads the two settings, of which at least one must be there.
    ///
    /// # Errors
    /// When an account is malformed, or both settings are missing.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        const LISTED: &str = "COUNTERSIGN_ACCOUNTS";
        let listed = optional_list(lookup, LISTED)?;
        let parameter = optional(lookup, "COUNTERSIGN_ACCOUNTS_PARAMETER")?;
        if listed.is_none() && parameter.is_none() {
            return Err(SettingError::Missing { name: LISTED });
        }
        Ok(Self { listed: listed.unwrap_or_default(), parameter })
    }
}

/// The accounts whose approvals are served.
#[derive(Clone)]
pub struct Accounts {
    source: AccountSource,
    parameters: Parameters,
    clock: Clock,
    /// What the parameter said, and when.
    kept: Arc<Mutex<Option<Kept>>>,
}

struct Kept {
    accounts: Arc<[AccountId]>,
    read: UtcDateTime,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The accounts that the settings name, and those in the parameter that they name.
    #[must_use]
    pub fn new(aws: &SdkConfig, source: AccountSource, clock: Clock) -> Self {
        Self { source, parameters: Parameters::new(aws), clock, kept: Arc::default() }
    }

    /// The list, each account once. What the parameter says is kept for a minute, and not longer: while it cannot be read,
    /// nothing is served.
    ///
    /// # Errors
    /// When the parameter cannot be read, or has something that is no account. The error says what.
    pub async fn list(&self) -> Result<Arc<[AccountId]>, AwsError> {
        let listed = &self.source.listed;
        let Some(name) = &self.source.parameter else { return Ok(once(listed.iter().cloned())) };
        // Held while the parameter is read, so that those who ask meanwhile do not read it as well.
        let mut kept = self.kept.lock().await;
        let now = (self.clock)();
        if let Some(Kept { accounts, read }) = &*kept
            && (*read..*read + KEPT).contains(&now)
        {
            return Ok(Arc::clone(accounts));
        }
        let Parameter { text, version } = self.parameters.read(name).await?;
        let further = parse(&text).map_err(|problem| {
            AwsError::unexpected(
                GET_PARAMETER,
                &format!("{name}, version {version}, is no list of accounts: {problem}"),
            )
        })?;
        let accounts = once(listed.iter().cloned().chain(further));
        *kept = Some(Kept { accounts: Arc::clone(&accounts), read: now });
        Ok(accounts)
    }

    /// Whether approvals of this account are served.
    ///
    /// # Errors
    /// As for [`list`](Self::list).
    pub async fn has(&self, account: &AccountId) -> Result<bool, AwsError> {
        // The settings name the hub's own account, and most hubs have no parameter.
        Ok(self.source.listed.contains(account) || self.list().await?.contains(account))
    }
}

/// Accounts, separated by commas or line breaks.
fn parse(text: &str) -> Result<Vec<AccountId>, String> {
    let elements: Vec<&str> = text.split([',', '\n']).map(str::trim).filter(|element| !element.is_empty()).collect();
    if elements.is_empty() {
        return Err("it is empty".to_owned());
    }
    let account = |(index, element): (usize, &&str)| {
        element.parse().map_err(|error| format!("element {}{}: {error}", index.saturating_add(1), shown(element)))
    };
    elements.iter().enumerate().map(account).collect()
}

/// What is no account, unless it is something else altogether: the text of a policy has addresses.
fn shown(element: &str) -> String {
    let is_harmless = element.bytes().all(|b| b.is_ascii_alphanumeric() || b"*-_/:. ".contains(&b));
    if is_harmless { format!(", \"{}\"", bounded_line(element, MAX_WRONG)) } else { String::new() }
}

fn once(accounts: impl Iterator<Item = AccountId>) -> Arc<[AccountId]> {
    let mut known = BTreeSet::new();
    accounts.filter(|account| known.insert(account.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_separated_by_commas_or_lines_and_a_wrong_one_is_named() {
        const ONE: &str = "123456789012";
        const OTHER: &str = "210987654321";
        for (text, expected) in [
            ("123456789012", Ok(vec![ONE])),
            ("123456789012,210987654321", Ok(vec![ONE, OTHER])),
            (" 123456789012 ,\r\n210987654321\n\n", Ok(vec![ONE, OTHER])),
            (" \n", Err("it is empty")),
            ("123456789012\n12345678901", Err("element 2, \"12345678901\": ")),
            ("123456789012 210987654321", Err("element 1, \"123456789012 210987")),
            ("*", Err("element 1, \"*\": ")),
            ("approvers = [\"ada@example.com\"]", Err("element 1: ")),
        ] {
            match (parse(text), expected) {
                (Ok(accounts), Ok(expected)) => {
                    assert_eq!(accounts.iter().map(AccountId::as_str).collect::<Vec<_>>(), expected, "{text}");
                }
                (Err(problem), Err(expected)) => assert!(problem.starts_with(expected), "{problem}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn the_list_is_in_the_settings_or_in_a_parameter_or_in_both() {
        let read = |accounts: &str, parameter: &str| {
            AccountSource::read(&|name| match name {
                "COUNTERSIGN_ACCOUNTS" => Some(accounts.to_owned()),
                "COUNTERSIGN_ACCOUNTS_PARAMETER" => Some(parameter.to_owned()),
                _ => None,
            })
        };
        for (accounts, parameter, listed) in
            [("123456789012", "", 1), ("", "/accounts", 0), ("123456789012", "/accounts", 1)]
        {
            let source = read(accounts, parameter).unwrap();
            assert_eq!((source.listed.len(), source.parameter.is_some()), (listed, !parameter.is_empty()));
        }
        assert_eq!(read("", "").unwrap_err(), SettingError::Missing { name: "COUNTERSIGN_ACCOUNTS" });
        let error = read("123456789012,1", "/accounts").unwrap_err().to_string();
        assert!(error.contains("COUNTERSIGN_ACCOUNTS is not valid: element 2"), "{error}");
    }
}
