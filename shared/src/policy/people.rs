//! The people of a policy: their addresses, and what AWS calls them.

use super::principals::{IDENTITY_CENTER, PrincipalPattern};
use crate::approval::{AccountId, Address, Approver, PrincipalArn, PrincipalKind};
use crate::time_zone::TimeZone;

/// A person, by one `[[person]]`, or by an address in a list.
#[derive(Clone)]
pub struct Person {
    /// The address where emails go and that identifies them, with their name.
    pub approver: Approver,
    /// The identities of all of their addresses.
    pub identities: Vec<String>,
    /// The principals that the policy declares.
    pub principals: Vec<PrincipalPattern>,
    /// The time zone in which they are told moments, if it is not that of the route.
    pub time_zone: Option<TimeZone>,
}

/// Everybody whom a policy knows. No two have an address in common.
#[derive(Clone, Default)]
pub struct People(pub Vec<Person>);

/// Who a principal is, as far as a policy knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition<'a> {
    /// This person, by their address.
    Person(&'a Address),
    /// Nobody whom the policy knows.
    Nobody,
    /// Several persons, of whom one cannot be told.
    Several,
}

impl Person {
    /// Somebody who is known by one address.
    pub fn of(approver: Approver) -> Self {
        let identities = vec![approver.address.identity()];
        Self { approver, identities, principals: Vec::new(), time_zone: None }
    }

    /// What AWS may call them, if nothing is declared: their addresses, and the parts before the `@`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.identities.iter().flat_map(|address| [address.as_str(), local_part(address)])
    }

    /// Whether a principal is theirs although nothing is declared: a user of the pipeline's account, or of IAM Identity
    /// Center in it. Both are named by administrators.
    fn is_named(&self, principal: &PrincipalArn, account: &AccountId) -> bool {
        let name = match principal.kind() {
            PrincipalKind::User { name } => name,
            PrincipalKind::Session { role, name } if role.to_ascii_lowercase().starts_with(IDENTITY_CENTER) => name,
            PrincipalKind::Session { .. } | PrincipalKind::Other => return false,
        };
        principal.account() == account.as_str() && self.names().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The part of an address before the `@`.
pub fn local_part(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(local, _)| local)
}

/// The mailbox to which most mail systems deliver an address: without what follows a `+`.
pub fn untagged(identity: &str) -> String {
    let (local, domain) = identity.rsplit_once('@').unwrap_or((identity, ""));
    let local = local.split_once('+').map_or(local, |(local, _)| local);
    format!("{local}@{domain}")
}

impl People {
    /// The person with this address.
    pub fn get(&self, address: &Address) -> Option<&Person> {
        let identity = address.identity();
        self.0.iter().find(|person| person.identities.contains(&identity))
    }

    /// Makes somebody known, unless they are.
    pub fn add(&mut self, approver: &Approver) {
        if self.get(&approver.address).is_none() {
            self.0.push(Person::of(approver.clone()));
        }
    }

    /// The person as the policy declares them, if it does; a list may write them in another way.
    pub fn canonical(&self, written: Approver) -> Approver {
        let Some(Person { approver, .. }) = self.get(&written.address) else { return written };
        Approver { address: approver.address.clone(), name: approver.name.clone().or(written.name) }
    }

    /// Who a principal is that started something in a pipeline of this account. What is declared comes before what is
    /// usual.
    pub fn recognise(&self, principal: &PrincipalArn, account: &AccountId) -> Recognition<'_> {
        let is_declared = |person: &&Person| person.principals.iter().any(|pattern| pattern.matches(principal));
        match only(self.0.iter().filter(is_declared)) {
            Recognition::Nobody => only(self.0.iter().filter(|person| person.is_named(principal, account))),
            recognised => recognised,
        }
    }
}

fn only<'a>(mut people: impl Iterator<Item = &'a Person>) -> Recognition<'a> {
    match (people.next(), people.next()) {
        (None, _) => Recognition::Nobody,
        (Some(person), None) => Recognition::Person(&person.approver.address),
        (Some(_), Some(_)) => Recognition::Several,
    }
}
