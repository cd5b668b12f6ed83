//! TOML → policy. Whatever is not plainly right is refused, at its place.

mod people;

use std::collections::BTreeSet;

use glob::Pattern;
use time::Duration;

use self::people::{Groups, Persons};
use super::document::{Node, Place, Table, toml};
use super::people::People;
use super::written::Written;
use super::{
    AfterRejection, AutomaticStart, DEFAULT, Globs, MAX_ROUTES, MAX_TEXT, Part, Policy, PolicyError, PolicyWarning,
    Route, warnings,
};
use crate::approval::{Quorum, WebUrl};
use crate::hosts::Hosts;
use crate::l10n::Language;
use crate::time_zone::TimeZone;

/// What the default route may say, and every other besides its name and its globs.
const ROUTE_KEYS: [&str; 12] = [
    "approvers",
    "quorum",
    "remind",
    "expires",
    "reason_required",
    "initiator_may_approve",
    "automatic_start",
    "after_rejection",
    "language",
    "time_zone",
    "reply_to",
    "copy",
];

/// The hosts whose addresses nobody else knows.
const HOST_KEYS: [&str; 2] = ["github_enterprise_server", "gitlab_self_managed"];

/// The most characters of a route's name, so that a page and a line of a log can show it.
const MAX_NAME: usize = 64;

/// The notifier looks for those to remind about once an hour; with an hour to spare none is missed.
const SHORTEST_REMIND: Duration = Duration::hours(2);

/// CodePipeline's own bounds of how long an approval waits.
const SHORTEST_WAIT: Duration = Duration::minutes(5);
const MAX_WAIT: Duration = Duration::days(60);

const BAD_DURATION: &str = "must be a duration such as 90m, 24h or 3d";

const BAD_TIME_ZONE: &str =
    "must be UTC, or the name of a place's time zone in the IANA's database, such as Europe/Berlin";

const NO_ALIASES: &str = "aliases are no longer read, since people pick some of these names themselves: write one \
                          [[person]] each, with address = their address and principals = a list of full ARNs, such as \
                          arn:aws:iam::123456789012:user/NAME";

/// Parses a policy.
pub fn policy(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > MAX_TEXT {
        let problem = format!("must be at most {MAX_TEXT} bytes, the size of an SSM parameter");
        return Err(Place::in_text(text, MAX_TEXT).wrong(problem));
    }
    let document = toml(text)?;
    let document = Table::outermost(text, &document);
    if let Some(aliases) = document.get("aliases") {
        return Err(aliases.wrong(NO_ALIASES));
    }
    document.only(&["person", "groups", "hosts", "route", DEFAULT])?;
    let hosts = hosts(&document)?;
    let persons = Persons::read(&document)?;
    let groups = people::groups(&document, &persons.people)?;
    let written = routes(&document, &groups, &persons.people)?;
    let mut everybody = persons.people.clone();
    let approvers = written.iter().flat_map(|written| &written.route.approvers);
    groups.values().flatten().chain(approvers).for_each(|person| everybody.add(person));
    let mut warnings = persons.check(&everybody)?;
    warnings.extend(warnings::of_routes(&written, &everybody));
    warnings.sort_by_key(|warning: &PolicyWarning| (warning.line, warning.column));
    let routes = written.into_iter().map(|Written { globs, route, .. }| (globs, route)).collect();
    Ok(Policy { groups, people: everybody, routes, hosts, warnings })
}

/// The addresses of repositories' hosts, by the names that connections have for their providers.
fn hosts(document: &Table) -> Result<Hosts, PolicyError> {
    let Some(node) = document.get("hosts") else { return Ok(Hosts::default()) };
    let table = node.table()?;
    table.only(&HOST_KEYS)?;
    let address = |key: &str| table.get(key).map(|node| host(&node)).transpose();
    Ok(Hosts {
        github_enterprise_server: address("github_enterprise_server")?,
        gitlab_self_managed: address("gitlab_self_managed")?,
    })
}

/// The address below which a host has its repositories. Pages are appended to it.
fn host(node: &Node) -> Result<WebUrl, PolicyError> {
    let text = node.text()?;
    let is_base = text.starts_with("https://") && !text.contains(['?', '#', '%']);
    let url = text.parse().ok().filter(|_| is_base);
    url.ok_or_else(|| node.wrong("must be the address of the host, such as https://git.example.com"))
}

/// The routes and, last, the default route.
fn routes<'t>(document: &Table<'t>, groups: &Groups, people: &People) -> Result<Vec<Written<'t>>, PolicyError> {
    let mut routes: Vec<Written> = Vec::new();
    for (index, node) in tables(document, "route")?.into_iter().enumerate() {
        if index >= MAX_ROUTES {
            return Err(node.wrong(format!("a policy has at most {MAX_ROUTES} routes")));
        }
        let table = node.table()?;
        table.only(&[["name"].as_slice(), &Part::ALL.map(Part::key), &ROUTE_KEYS].concat())?;
        let name = match table.get("name") {
            Some(node) => route_name(&node)?,
            None => format!("route {}", index + 1),
        };
        if routes.iter().any(|other| other.route.name == name) {
            return Err(table.wrong_at(&["name"], "an earlier route has this name"));
        }
        let globs = globs(&table)?;
        reached(&routes, &globs, &table)?;
        routes.push(Written { globs, route: route(name, &table, groups, people)?, table });
    }
    if let Some(node) = document.get(DEFAULT) {
        let table = node.table()?;
        table.only(&ROUTE_KEYS)?;
        let globs = Globs::default();
        reached(&routes, &globs, &table)?;
        routes.push(Written { globs, route: route(DEFAULT.to_owned(), &table, groups, people)?, table });
    }
    if routes.is_empty() {
        return Err(document.wrong("has no [[route]] and no [default]; add at least one"));
    }
    Ok(routes)
}

/// The tables that are written as `[[key]]`.
fn tables<'t>(document: &Table<'t>, key: &str) -> Result<Vec<Node<'t>>, PolicyError> {
    match document.get(key) {
        Some(node) if node.is_table() => Err(node.wrong(format!("must be written with two brackets, [[{key}]]"))),
        Some(node) => node.list(),
        None => Ok(Vec::new()),
    }
}

fn route_name(node: &Node) -> Result<String, PolicyError> {
    let name = node.text()?;
    // No `@`: the name is logged, and an address must not be.
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | ':' | '/' | '(' | ')');
    if name == DEFAULT {
        return Err(node.wrong("is reserved for the default route"));
    }
    if name.trim().is_empty() {
        return Err(node.wrong("must not be empty"));
    }
    if name.chars().count() > MAX_NAME {
        return Err(node.wrong(format!("must be at most {MAX_NAME} characters long")));
    }
    if name.trim() != name || !name.chars().all(is_allowed) {
        return Err(node.wrong("must be letters, digits, inner spaces and the characters - _ . , : / ( )"));
    }
    Ok(name.to_owned())
}

/// Refuses a route that an earlier one leaves nothing to.
fn reached(earlier: &[Written], globs: &Globs, table: &Table) -> Result<(), PolicyError> {
    match earlier.iter().find(|other| other.globs.cover(globs)) {
        Some(Written { route: Route { name, .. }, .. }) => Err(table.wrong(format!(
            "never reached: {name} comes first and matches everything that this route matches; move or delete one of them"
        ))),
        None => Ok(()),
    }
}

fn globs(table: &Table) -> Result<Globs, PolicyError> {
    let mut globs = Vec::new();
    for part in Part::ALL {
        let Some(node) = table.get(part.key()) else { continue };
        let text = node.text()?;
        if text.is_empty() {
            return Err(node.wrong("an empty glob matches nothing; leave the key out to match everything"));
        }
        let pattern = Pattern::new(text).map_err(|error| node.wrong(format!("not a glob: {}", error.msg)))?;
        if matches!(text, "*" | "**") {
            continue;
        }
        if !part.is_possible(text) {
            let part = part.key();
            return Err(node.wrong(format!("no {part} can have such a name; globs have *, ?, [a-c] and [!a-c]")));
        }
        if !text.chars().all(|c| part.is_of_names(c) || "*?[]!".contains(c)) {
            let part = part.key();
            return Err(node.wrong(format!("has characters that no {part} has; globs have *, ?, [a-c] and [!a-c]")));
        }
        globs.push((part, pattern));
    }
    Ok(Globs::new(globs))
}

fn route(name: String, table: &Table, groups: &Groups, people: &People) -> Result<Route, PolicyError> {
    let Some(node) = table.get("approvers") else {
        return Err(table.missing("approvers", "is missing; list at least one approver"));
    };
    let approvers = people::approvers(&node, groups, people)?;
    if approvers.is_empty() {
        return Err(node.wrong("is empty; list at least one approver"));
    }
    let quorum = quorum(table)?;
    let initiator_may_approve = flag(table, "initiator_may_approve", true)?;
    if let Some(problem) = shortage(quorum, approvers.len(), initiator_may_approve) {
        return Err(table.wrong_at(&["quorum", "initiator_may_approve"], problem));
    }
    let expires = table.get("expires").map(|node| duration(&node, SHORTEST_WAIT, "5m")).transpose()?;
    let mut copy = match table.get("copy") {
        Some(node) => people::list(&node, groups, people)?,
        None => Vec::new(),
    };
    let deciding: BTreeSet<String> = approvers.iter().map(|person| person.address.identity()).collect();
    copy.retain(|person| !deciding.contains(&person.address.identity()));
    Ok(Route {
        name,
        quorum,
        remind: remind(table, expires)?,
        expires,
        reason_required: flag(table, "reason_required", false)?,
        initiator_may_approve,
        automatic_start: automatic_start(table, initiator_may_approve)?,
        after_rejection: table
            .get("after_rejection")
            .map_or(Ok(AfterRejection::Anybody), |node| after_rejection(&node))?,
        language: table.get("language").map_or(Ok(Language::ENGLISH), |node| language(&node))?,
        time_zone: time_zone(table)?.unwrap_or_default(),
        reply_to: table.get("reply_to").map(|node| people::address(&node)).transpose()?,
        copy,
        approvers,
    })
}

fn flag(table: &Table, key: &str, default: bool) -> Result<bool, PolicyError> {
    table.get(key).map_or(Ok(default), |node| node.flag())
}

fn automatic_start(table: &Table, initiator_may_approve: bool) -> Result<AutomaticStart, PolicyError> {
    let Some(node) = table.get("automatic_start") else { return Ok(AutomaticStart::Allow) };
    let start = match node.text()? {
        "allow" => AutomaticStart::Allow,
        "refuse" => AutomaticStart::Refuse,
        _ => return Err(node.wrong("must be \"allow\" or \"refuse\"")),
    };
    if initiator_may_approve {
        return Err(node.wrong("changes nothing without initiator_may_approve = false"));
    }
    Ok(start)
}

fn after_rejection(node: &Node) -> Result<AfterRejection, PolicyError> {
    match node.text()? {
        "anybody" => Ok(AfterRejection::Anybody),
        "rejecter" => Ok(AfterRejection::Rejecter),
        _ => Err(node.wrong("must be \"anybody\" or \"rejecter\"")),
    }
}

fn language(node: &Node) -> Result<Language, PolicyError> {
    node.text()?.parse().map_err(|_| {
        let known: Vec<_> = Language::all().map(Language::as_str).collect();
        node.wrong(format!("must be one of {}", known.join(", ")))
    })
}

/// The time zone of a route or of a person.
fn time_zone(table: &Table) -> Result<Option<TimeZone>, PolicyError> {
    let Some(node) = table.get("time_zone") else { return Ok(None) };
    node.text()?.parse().map(Some).map_err(|_| node.wrong(BAD_TIME_ZONE))
}

fn quorum(table: &Table) -> Result<Quorum, PolicyError> {
    let Some(node) = table.get("quorum") else { return Ok(Quorum::ONE) };
    let number = node.number()?.and_then(|number| number.to_string().parse().ok());
    number.ok_or_else(|| node.wrong("must be a number from 1 to 255"))
}

/// Why a quorum cannot be reached, if it cannot: it would hold up every execution.
fn shortage(quorum: Quorum, approvers: usize, initiator_may_approve: bool) -> Option<String> {
    let quorum = quorum.get();
    if quorum > approvers {
        let listed = if approvers == 1 { "approver is" } else { "approvers are" };
        Some(format!("quorum is {quorum}, but only {approvers} distinct {listed} listed"))
    } else if quorum == approvers && !initiator_may_approve {
        Some(format!(
            "quorum is {quorum} of {approvers} approvers, but the one who started the execution may not approve; lower \
             the quorum or add an approver"
        ))
    } else {
        None
    }
}

fn remind(table: &Table, expires: Option<Duration>) -> Result<Vec<Duration>, PolicyError> {
    let nodes = match table.get("remind") {
        None => Vec::new(),
        Some(node) if node.is_text() => vec![node],
        Some(node) => node.list().map_err(|_| node.wrong("must be a duration in quotes, or a list of them"))?,
    };
    let mut remind = Vec::new();
    for node in nodes {
        let before = duration(&node, SHORTEST_REMIND, "2h")?;
        if expires.is_some_and(|expires| before >= expires) {
            return Err(node.wrong("is not shorter than expires, so it would never be sent"));
        }
        if remind.contains(&before) {
            return Err(node.wrong("lists the same reminder twice"));
        }
        remind.push(before);
    }
    remind.sort_by(|one, other| other.cmp(one));
    Ok(remind)
}

fn duration(node: &Node, shortest: Duration, shortest_text: &str) -> Result<Duration, PolicyError> {
    // humantime's own messages repeat what they do not understand.
    let duration = humantime::parse_duration(node.text()?).ok().and_then(|duration| duration.try_into().ok());
    let duration: Duration = duration.ok_or_else(|| node.wrong(BAD_DURATION))?;
    if duration < shortest {
        return Err(node.wrong(format!("must be at least {shortest_text}")));
    }
    if duration > MAX_WAIT {
        return Err(node.wrong("must be at most 60d, the longest that CodePipeline waits"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests;
