//! The accounts and regions whose approvals are served.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::accounts::Accounts;
use countersign::approval::{AccountId, ApprovalAction, Location, PipelineName, PipelinePrefix, Region};
use countersign::aws::AwsError;

/// Where it is said which accounts and regions are served.
#[derive(Debug, Clone)]
pub(crate) struct ServedPlaces {
    accounts: Accounts,
    regions: Vec<Region>,
    prefix: Option<PipelinePrefix>,
}

impl ServedPlaces {
    pub(crate) fn new(accounts: Accounts, regions: Vec<Region>, prefix: Option<PipelinePrefix>) -> Self {
        Self { accounts, regions: once(regions), prefix }
    }

    /// Those that are served now.
    ///
    /// # Errors
    /// When it cannot be read which accounts are.
    pub(crate) async fn now(&self) -> Result<Served, AwsError> {
        Ok(Served { accounts: self.accounts.list().await?, regions: self.regions.clone() })
    }

    /// Whether approvals of this account are served.
    ///
    /// # Errors
    /// When it cannot be read which accounts are.
    pub(crate) async fn has_account(&self, account: &AccountId) -> Result<bool, AwsError> {
        self.accounts.has(account).await
    }

    /// Whether approvals of this pipeline are served, as far as its name goes.
    pub(crate) fn has_pipeline(&self, pipeline: &PipelineName) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| prefix.has(pipeline))
    }

    /// Whether this action is served.
    ///
    /// # Errors
    /// When it cannot be read which accounts are.
    pub(crate) async fn has(&self, action: &ApprovalAction) -> Result<bool, AwsError> {
        Ok(self.has_pipeline(&action.pipeline) && self.has_account(&action.account).await?)
    }
}

/// The accounts and regions whose approvals are served. What waits in any region of the accounts is served once an event
/// says so; these regions are looked through.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) accounts: Arc<[AccountId]>,
    pub(crate) regions: Vec<Region>,
}

/// Where a command is meant to act, as far as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The account.
    pub account: Option<AccountId>,
    /// The region.
    pub region: Option<Region>,
}

/// Why it is not clear where a command is meant to act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The account is none of those that are served.
    #[error("the account {0} is not served: the list of accounts does not have it")]
    Unserved(AccountId),
    /// The pipeline is none of those that are served.
    #[error("the pipeline {0} is not served: its name does not begin as PipelineNamePrefix says")]
    Pipeline(PipelineName),
    /// There are several.
    #[error("which account: {0}? Add \"account\" to the command")]
    Account(String),
    /// There are several.
    #[error("which region: {0}? Add \"region\" to the command")]
    Region(String),
}

impl Scope {
    /// Whether something there is meant.
    pub(crate) fn has(&self, at: &Location) -> bool {
        self.account.as_ref().is_none_or(|account| *account == at.account)
            && self.region.as_ref().is_none_or(|region| *region == at.region)
    }
}

impl Served {
    /// Whether approvals of this account are served.
    pub(crate) fn has(&self, account: &AccountId) -> bool {
        self.accounts.contains(account)
    }

    /// The one account and region that a command means.
    pub(crate) fn one(&self, scope: &Scope) -> Result<Location, ScopeError> {
        self.check(scope)?;
        let account = only(scope.account.as_ref(), &self.accounts).map_err(ScopeError::Account)?;
        let region = only(scope.region.as_ref(), &self.regions).map_err(ScopeError::Region)?;
        Ok(Location { account, region })
    }

    /// All accounts and regions that a command means.
    pub(crate) fn all(&self, scope: &Scope) -> Result<Vec<Location>, ScopeError> {
        self.check(scope)?;
        let accounts = scope.account.as_ref().map_or(&*self.accounts, std::slice::from_ref);
        let regions = scope.region.as_ref().map_or(self.regions.as_slice(), std::slice::from_ref);
        let of = |account: &AccountId| {
            let account = account.clone();
            regions.iter().map(move |region| Location { account: account.clone(), region: region.clone() })
        };
        Ok(accounts.iter().flat_map(of).collect())
    }

    fn check(&self, scope: &Scope) -> Result<(), ScopeError> {
        match &scope.account {
            Some(account) if !self.has(account) => Err(ScopeError::Unserved(account.clone())),
            _ => Ok(()),
        }
    }
}

fn once<T: Clone + Ord>(names: Vec<T>) -> Vec<T> {
    let mut known = BTreeSet::new();
    names.into_iter().filter(|name| known.insert(name.clone())).collect()
}

/// What was given, or the only one that there is; else, those that there are.
fn only<T: Clone + ToString>(given: Option<&T>, all: &[T]) -> Result<T, String> {
    match (given, all) {
        (Some(given), _) => Ok(given.clone()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => Err(several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(accounts: &[&str], regions: &[&str]) -> Served {
        let accounts = accounts.iter().map(|account| account.parse().unwrap()).collect();
        Served { accounts, regions: regions.iter().map(|region| region.parse().unwrap()).collect() }
    }

    fn scope(account: &str, region: &str) -> Scope {
        Scope { account: account.parse().ok(), region: region.parse().ok() }
    }

    const ONE: &str = "123456789012";
    const OTHER: &str = "210987654321";

    #[test]
    fn a_command_means_the_only_place_that_there_is_or_says_which() {
        let served_here = served(&[ONE], &["us-east-2"]);
        let everywhere = served(&[ONE, OTHER], &["us-east-2", "eu-west-1"]);
        let place = |at: Location| at.to_string();
        for (served, scope, expected) in [
            (&served_here, scope("", ""), Ok("123456789012/us-east-2")),
            (&served_here, scope(ONE, "eu-west-1"), Ok("123456789012/eu-west-1")),
            (&everywhere, scope(OTHER, "eu-west-1"), Ok("210987654321/eu-west-1")),
            (
                &everywhere,
                scope("", "eu-west-1"),
                Err("which account: 123456789012, 210987654321? Add \"account\" to the command"),
            ),
            (&everywhere, scope(OTHER, ""), Err("which region: us-east-2, eu-west-1? Add \"region\" to the command")),
            (
                &everywhere,
                scope("999999999999", "eu-west-1"),
                Err("the account 999999999999 is not served: the list of accounts does not have it"),
            ),
        ] {
            let one = served.one(&scope).map(place).map_err(|error| error.to_string());
            assert_eq!(one, expected.map(str::to_owned).map_err(str::to_owned), "{scope:?}");
        }
    }

    #[test]
    fn a_command_for_all_means_what_it_does_not_exclude() {
        let everywhere = served(&[ONE, OTHER], &["us-east-2", "eu-west-1"]);
        let all = |scope: &Scope| everywhere.all(scope).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(all(&scope("", "")).len(), 4);
        assert_eq!(all(&scope(OTHER, "")), ["210987654321/us-east-2", "210987654321/eu-west-1"]);
        assert_eq!(all(&scope("", "eu-west-1")), ["123456789012/eu-west-1", "210987654321/eu-west-1"]);
        assert!(everywhere.all(&scope("999999999999", "")).is_err());
    }
}
