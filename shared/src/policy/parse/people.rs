//! The people in a policy's text: `[[person]]`, `[groups]`, and the lists in routes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::{Node, Table, is_plain};
use super::super::people::{People, Person, untagged};
use super::super::principals::PrincipalPattern;
use super::super::{PolicyError, PolicyWarning};
use super::{tables, time_zone};
use crate::approval::{Address, Approver};

/// What a `[[person]]` may say.
pub(super) const KEYS: [&str; 4] = ["address", "addresses", "principals", "time_zone"];

const BAD_PERSON: &str = "must be an email address, or a name and then the address in angle brackets";
const BAD_ADDRESS: &str = "must be an email address, without a name";
const KNOWN_ADDRESS: &str = "belongs to an earlier [[person]]; write one [[person]] with all of these addresses";
const ONE_MAILBOX: &str = "differs from an earlier approver only by what follows a + in the address, which most mail \
                           systems deliver to one person; list one of them, or declare both in one [[person]]";
const CONTESTED: &str = "matches a principal that an earlier [[person]] declares, too; one of them must be narrower";
const TAKES_OTHERS: &str = "matches principals by which somebody else is recognised; write the name without wildcards";
const TAKEN_FROM: &str = "is how somebody else would be recognised, and now counts as this person";
const CHOSEN_NAME: &str = "whoever assumes this role picks the session's name, unless its trust policy or an identity \
                           provider sets it: anybody else who may assume the role can start a release in this name";

pub type Groups = BTreeMap<String, Vec<Approver>>;

/// The persons that are declared, and the patterns for their principals with their places.
pub struct Persons<'t> {
    pub people: People,
    patterns: Vec<(PrincipalPattern, usize, Node<'t>)>,
}

impl<'t> Persons<'t> {
    /// Reads every `[[person]]`.
    pub fn read(document: &Table<'t>) -> Result<Self, PolicyError> {
        let mut persons = Self { people: People::default(), patterns: Vec::new() };
        for node in tables(document, "person")? {
            let table = node.table()?;
            table.only(&KEYS)?;
            let Some(node) = table.get("address") else {
                return Err(table.missing("address", "is missing; write the address where this person gets emails"));
            };
            let mut person = Person::of(approver(&node)?);
            persons.refuse_known(&person.approver.address, &node)?;
            for element in optional_list(&table, "addresses")? {
                let other = address(&element)?;
                persons.refuse_known(&other, &element)?;
                if person.identities.contains(&other.identity()) {
                    return Err(element.wrong("lists the same address twice"));
                }
                person.identities.push(other.identity());
            }
            for element in optional_list(&table, "principals")? {
                let pattern = PrincipalPattern::parse(element.text()?).map_err(|problem| element.wrong(problem))?;
                if person.principals.contains(&pattern) {
                    return Err(element.wrong("lists the same principal twice"));
                }
                person.principals.push(pattern.clone());
                persons.patterns.push((pattern, persons.people.0.len(), element));
            }
            person.time_zone = time_zone(&table)?;
            persons.people.0.push(person);
        }
        Ok(persons)
    }

    fn refuse_known(&self, address: &Address, node: &Node) -> Result<(), PolicyError> {
        if self.people.get(address).is_some() { Err(node.wrong(KNOWN_ADDRESS)) } else { Ok(()) }
    }

    /// Refuses patterns by which two of all the people of the policy would be recognised as one principal, and warns of
    /// those that recognise somebody who may be another.
    pub fn check(&self, everybody: &People) -> Result<Vec<PolicyWarning>, PolicyError> {
        let mut warnings = Vec::new();
        for (index, (pattern, owner, node)) in self.patterns.iter().enumerate() {
            let earlier = self.patterns.iter().take(index);
            if earlier.filter(|(_, other, _)| other != owner).any(|(other, ..)| pattern.meets(other)) {
                return Err(node.wrong(CONTESTED));
            }
            // The persons that are declared come first among all, in the same order.
            let others = everybody.0.iter().enumerate().filter(|(other, _)| other != owner);
            if others.flat_map(|(_, person)| person.names()).any(|name| pattern.meets_name(name)) {
                if !pattern.is_name_fixed() {
                    return Err(node.wrong(TAKES_OTHERS));
                }
                warnings.push(node.odd(TAKEN_FROM));
            }
            if pattern.believes_chosen_name() {
                warnings.push(node.odd(CHOSEN_NAME));
            }
        }
        Ok(warnings)
    }
}

fn optional_list<'t>(table: &Table<'t>, key: &str) -> Result<Vec<Node<'t>>, PolicyError> {
    table.get(key).map_or(Ok(Vec::new()), |node| node.list())
}

/// The groups, their members as `[[person]]` declares them.
pub fn groups(document: &Table, people: &People) -> Result<Groups, PolicyError> {
    let mut groups = Groups::new();
    let Some(node) = document.get("groups") else { return Ok(groups) };
    for (name, key, node) in node.table()?.entries() {
        if !is_plain(name) {
            return Err(key.wrong("a group's name is 1 to 64 letters, digits, '-' and '_'"));
        }
        let (mut members, mut seen) = (Vec::new(), BTreeSet::new());
        for element in node.list()? {
            let member = people.canonical(approver(&element)?);
            if !seen.insert(member.address.identity()) {
                return Err(element.wrong("lists the same person twice"));
            }
            members.push(member);
        }
        if members.is_empty() {
            return Err(node.wrong("is empty; list at least one member, or delete the group"));
        }
        groups.insert(name.to_owned(), members);
    }
    Ok(groups)
}

/// The people in a list of addresses and groups, each once.
pub fn list(node: &Node, groups: &Groups, people: &People) -> Result<Vec<Approver>, PolicyError> {
    Ok(elements(node, groups, people)?.into_iter().map(|(person, _)| person).collect())
}

/// The same, of people whose votes count: no two of them may share a mailbox.
pub fn approvers(node: &Node, groups: &Groups, people: &People) -> Result<Vec<Approver>, PolicyError> {
    let (mut approvers, mut mailboxes) = (Vec::new(), BTreeMap::new());
    for (approver, element) in elements(node, groups, people)? {
        let identity = approver.address.identity();
        let identities = people.get(&approver.address).map_or_else(|| vec![identity.clone()], |p| p.identities.clone());
        for mailbox in identities.iter().map(|identity| untagged(identity)) {
            let owner = mailboxes.entry(mailbox).or_insert_with(|| identity.clone());
            if *owner != identity {
                return Err(element.wrong(ONE_MAILBOX));
            }
        }
        approvers.push(approver);
    }
    Ok(approvers)
}

/// The people in a list, each once, with the element that brought them in.
fn elements<'t>(node: &Node<'t>, groups: &Groups, people: &People) -> Result<Vec<(Approver, Node<'t>)>, PolicyError> {
    let (mut found, mut seen, mut written) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for element in node.list()? {
        let text = element.text()?;
        let (members, written_as, twice) = if text.contains('@') {
            let person = people.canonical(approver(&element)?);
            let identity = person.address.identity();
            (vec![person], identity, "lists the same person twice")
        } else {
            let members = groups.get(text);
            let members = members
                .ok_or_else(|| element.wrong("is neither an email address nor the name of a group in [groups]"))?;
            (members.clone(), text.to_owned(), "lists the same group twice")
        };
        if !written.insert(written_as) {
            return Err(element.wrong(twice));
        }
        let new = members.into_iter().filter(|member| seen.insert(member.address.identity()));
        found.extend(new.map(|member| (member, element.clone())));
    }
    Ok(found)
}

fn approver(node: &Node) -> Result<Approver, PolicyError> {
    node.text()?.parse().map_err(|_| node.wrong(BAD_PERSON))
}

/// An address alone.
pub fn address(node: &Node) -> Result<Address, PolicyError> {
    node.text()?.parse().map_err(|_| node.wrong(BAD_ADDRESS))
}
