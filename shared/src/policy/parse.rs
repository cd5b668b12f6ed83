//! TOML → policy. Whatever is not plainly right is refused, at its place.

use std::collections::{BTreeMap, BTreeSet};

use glob::Pattern;
use time::Duration;

use super::document::{Node, Place, Table, is_plain, toml};
use super::{Aliases, DEFAULT, Globs, MAX_ROUTES, MAX_TEXT, Part, Policy, PolicyError, Route};
use crate::approval::{AccountId, ActionName, Address, Approver, PipelineName, Quorum, Region, StageName};
use crate::l10n::Language;

/// What the default route may say, and every other besides its name and its globs.
const ROUTE_KEYS: [&str; 9] = [
    "approvers",
    "quorum",
    "remind",
    "expires",
    "reason_required",
    "initiator_may_approve",
    "language",
    "reply_to",
    "copy",
];

/// The most characters of a route's name, so that a page and a line of a log can show it.
const MAX_NAME: usize = 64;

/// The most characters of a principal's name: an IAM user's and a role session's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MAX_PRINCIPAL: usize = 64;

/// The notifier looks for those to remind about once an hour; with an hour to spare none is missed.
const SHORTEST_REMIND: Duration = Duration::hours(2);

/// CodePipeline's own bounds of how long an approval waits.
const SHORTEST_WAIT: Duration = Duration::minutes(5);
const MAX_WAIT: Duration = Duration::days(60);

const BAD_PERSON: &str = "must be an email address, or a name and then the address in angle brackets";
const BAD_ADDRESS: &str = "must be an email address, without a name";
const BAD_DURATION: &str = "must be a duration such as 90m, 24h or 3d";

type Groups = BTreeMap<String, Vec<Approver>>;

/// Parses a policy.
pub fn policy(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > MAX_TEXT {
        let problem = format!("must be at most {MAX_TEXT} bytes, the size of an SSM parameter");
        return Err(Place::in_text(text, MAX_TEXT).wrong(problem));
    }
    let document = toml(text)?;
    let document = Table::outermost(text, &document);
    document.only(&["groups", "aliases", "route", DEFAULT])?;
    let groups = match document.get("groups") {
        Some(node) => groups(&node.table()?)?,
        None => Groups::new(),
    };
    let aliases = match document.get("aliases") {
        Some(node) => aliases(&node.table()?)?,
        None => Aliases::default(),
    };
    let routes = routes(&document, &groups)?;
    Ok(Policy { groups, aliases, routes })
}

fn groups(table: &Table) -> Result<Groups, PolicyError> {
    let mut groups = Groups::new();
    for (name, key, node) in table.entries() {
        if !is_plain(name) {
            return Err(key.wrong("a group's name is 1 to 64 letters, digits, '-' and '_'"));
        }
        let (mut members, mut mailboxes) = (Vec::new(), BTreeSet::new());
        for element in node.list()? {
            let member = person(&element)?;
            if !mailboxes.insert(member.address.identity()) {
                return Err(element.wrong("lists the same mailbox twice"));
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

fn aliases(table: &Table) -> Result<Aliases, PolicyError> {
    let mut aliases = BTreeMap::new();
    for (name, key, node) in table.entries() {
        if !is_principal(name) {
            return Err(key.wrong("an alias is the name of an IAM user or of a role session, at most 64 characters"));
        }
        if aliases.insert(name.to_ascii_lowercase(), address(&node)?).is_some() {
            return Err(key.wrong("differs from an earlier alias only in case"));
        }
    }
    Ok(Aliases(aliases))
}

/// `[\w+=,.@-]{1,64}`, what IAM takes for a user's name and STS for a role session's.
fn is_principal(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-');
    (1..=MAX_PRINCIPAL).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// The routes and, last, the default route.
fn routes(document: &Table, groups: &Groups) -> Result<Vec<(Globs, Route)>, PolicyError> {
    let mut routes: Vec<(Globs, Route)> = Vec::new();
    for (index, node) in route_nodes(document)?.into_iter().enumerate() {
        if index >= MAX_ROUTES {
            return Err(node.wrong(format!("a policy has at most {MAX_ROUTES} routes")));
        }
        let table = node.table()?;
        table.only(&[["name"].as_slice(), &Part::ALL.map(Part::key), &ROUTE_KEYS].concat())?;
        let name = match table.get("name") {
            Some(node) => route_name(&node)?,
            None => format!("route {}", index + 1),
        };
        if routes.iter().any(|(_, other)| other.name == name) {
            return Err(table.wrong_at(&["name"], "an earlier route has this name"));
        }
        let globs = globs(&table)?;
        reached(&routes, &globs, &table)?;
        routes.push((globs, route(name, &table, groups)?));
    }
    if let Some(node) = document.get(DEFAULT) {
        let table = node.table()?;
        table.only(&ROUTE_KEYS)?;
        reached(&routes, &Globs::default(), &table)?;
        routes.push((Globs::default(), route(DEFAULT.to_owned(), &table, groups)?));
    }
    if routes.is_empty() {
        return Err(document.wrong("has no [[route]] and no [default]; add at least one"));
    }
    Ok(routes)
}

fn route_nodes<'t>(document: &Table<'t>) -> Result<Vec<Node<'t>>, PolicyError> {
    match document.get("route") {
        Some(node) if node.is_table() => Err(node.wrong("must be written with two brackets, [[route]]")),
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
fn reached(earlier: &[(Globs, Route)], globs: &Globs, table: &Table) -> Result<(), PolicyError> {
    match earlier.iter().position(|(other, _)| other.cover(globs)) {
        Some(index) => {
            Err(table.wrong(format!("never reached: route[{index}] matches everything that this route matches")))
        }
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
        if !is_possible(part, text) {
            let part = part.key();
            return Err(node.wrong(format!("no {part} can have such a name; globs have *, ?, [a-c] and [!a-c]")));
        }
        if !matches!(text, "*" | "**") {
            globs.push((part, pattern));
        }
    }
    Ok(Globs(globs))
}

/// Whether a glob can match at all, judged by its characters. One that cannot is a slip, and would hand what it
/// means to another route.
fn is_possible(part: Part, glob: &str) -> bool {
    // A name without wildcards must be one; with them, each character must be one of a name.
    let is_wild = |c: char| matches!(c, '*' | '?' | '[' | ']' | '!' | '-');
    if !glob.contains(['*', '?', '[']) {
        return is_name(part, glob);
    }
    glob.chars().filter(|c| !is_wild(*c)).all(|c| match part {
        Part::Account => c.is_ascii_digit(),
        Part::Region | Part::Pipeline | Part::Stage | Part::Action => is_name(part, c.encode_utf8(&mut [0; 4])),
    })
}

fn is_name(part: Part, text: &str) -> bool {
    match part {
        Part::Account => text.parse::<AccountId>().is_ok(),
        Part::Region => text.parse::<Region>().is_ok(),
        Part::Pipeline => text.parse::<PipelineName>().is_ok(),
        Part::Stage => text.parse::<StageName>().is_ok(),
        Part::Action => text.parse::<ActionName>().is_ok(),
    }
}

fn route(name: String, table: &Table, groups: &Groups) -> Result<Route, PolicyError> {
    let Some(node) = table.get("approvers") else {
        return Err(table.missing("approvers", "is missing; list at least one approver"));
    };
    let approvers = people(&node, groups)?;
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
        Some(node) => people(&node, groups)?,
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
        language: table.get("language").map_or(Ok(Language::ENGLISH), |node| language(&node))?,
        reply_to: table.get("reply_to").map(|node| address(&node)).transpose()?,
        copy,
        approvers,
    })
}

fn flag(table: &Table, key: &str, default: bool) -> Result<bool, PolicyError> {
    table.get(key).map_or(Ok(default), |node| node.flag())
}

fn language(node: &Node) -> Result<Language, PolicyError> {
    node.text()?.parse().map_err(|_| {
        let known: Vec<_> = Language::all().map(Language::as_str).collect();
        node.wrong(format!("must be one of {}", known.join(", ")))
    })
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

/// The people in a list of addresses and groups, each mailbox once.
fn people(node: &Node, groups: &Groups) -> Result<Vec<Approver>, PolicyError> {
    let (mut people, mut mailboxes, mut written) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for element in node.list()? {
        let text = element.text()?;
        let (members, written_as, twice) = if text.contains('@') {
            let person = person(&element)?;
            let mailbox = person.address.identity();
            (vec![person], mailbox, "lists the same mailbox twice")
        } else {
            let members = groups.get(text);
            let members = members
                .ok_or_else(|| element.wrong("is neither an email address nor the name of a group in [groups]"))?;
            (members.clone(), text.to_owned(), "lists the same group twice")
        };
        if !written.insert(written_as) {
            return Err(element.wrong(twice));
        }
        people.extend(members.into_iter().filter(|member| mailboxes.insert(member.address.identity())));
    }
    Ok(people)
}

fn person(node: &Node) -> Result<Approver, PolicyError> {
    node.text()?.parse().map_err(|_| node.wrong(BAD_PERSON))
}

fn address(node: &Node) -> Result<Address, PolicyError> {
    node.text()?.parse().map_err(|_| node.wrong(BAD_ADDRESS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, PolicyError> {
        text.parse()
    }

    /// The one route of a policy of one route.
    fn only(text: &str) -> Route {
        let policy = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        policy.routes().next().unwrap().1.clone()
    }

    fn addresses(people: &[Approver]) -> Vec<&str> {
        people.iter().map(|person| person.address.expose()).collect()
    }

    #[test]
    fn what_is_left_out_has_the_default_of_the_readme() {
        let route = only("[default]\napprovers = [\"Ada Lovelace <ada@example.com>\"]\n");
        assert_eq!(route.name, "default");
        assert_eq!(route.approvers, ["Ada Lovelace <ada@example.com>".parse().unwrap()]);
        assert_eq!(route.quorum, Quorum::ONE);
        assert!(route.remind.is_empty());
        assert_eq!(route.expires, None);
        assert!(!route.reason_required && route.initiator_may_approve);
        assert_eq!(route.language, Language::ENGLISH);
        assert_eq!((route.reply_to, route.copy), (None, vec![]));
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
            [groups]
            platform = ["Ada Lovelace <ada@example.com>", "ben@example.com"]
            [[route]]
            name = "production (EU)"
            account = "123456789012"
            region = "eu-*"
            pipeline = "payments-*"
            stage = "Production"
            action = "*"
            approvers = ["platform", "Carol <carol@example.com>"]
            quorum = 2
            remind = ["4h", "1day", "150m"]
            expires = "3d"
            reason_required = true
            initiator_may_approve = false
            language = "pt"
            reply_to = "releases@example.com"
            copy = ["auditors@example.com", "platform"]
        "#;
        let policy = parse(text).unwrap();
        let (globs, route) = policy.routes().next().unwrap();
        let expected = [Some("123456789012"), Some("eu-*"), Some("payments-*"), Some("Production"), None];
        assert_eq!(Part::ALL.map(|part| globs.get(part)), expected);
        assert_eq!(route.name, "production (EU)");
        assert_eq!(addresses(&route.approvers), ["ada@example.com", "ben@example.com", "carol@example.com"]);
        assert_eq!(route.quorum.get(), 2);
        assert_eq!(route.remind, [Duration::DAY, Duration::hours(4), Duration::minutes(150)]);
        assert_eq!(route.expires, Some(Duration::days(3)));
        assert!(route.reason_required && !route.initiator_may_approve);
        assert_eq!(route.language.as_str(), "pt");
        assert_eq!(route.reply_to, Some("releases@example.com".parse().unwrap()));
        assert_eq!(addresses(&route.copy), ["auditors@example.com"]);
    }

    #[test]
    fn a_mailbox_counts_once_however_it_came_in_and_its_first_spelling_wins() {
        let text = r#"
            [groups]
            one = ["Ada <ada@example.com>", "ben@example.com"]
            two = ["BEN@example.com", "carol@example.com"]
            [default]
            approvers = ["carol@example.com", "one", "two", "Ada@Example.com"]
            quorum = 3
            copy = ["two", "Dora <dora@example.com>", "DORA@other.example", "ADA@example.com"]
        "#;
        let route = only(text);
        assert_eq!(addresses(&route.approvers), ["carol@example.com", "ada@example.com", "ben@example.com"]);
        assert_eq!(addresses(&route.copy), ["dora@example.com", "DORA@other.example"]);
    }

    #[test]
    fn a_reminder_may_be_one_text_and_lists_may_be_empty() {
        let with = |line: &str| only(&format!("[default]\napprovers = [\"ada@example.com\"]\n{line}\n"));
        assert_eq!(with("remind = \"24h\"").remind, [Duration::DAY]);
        assert_eq!(with("remind = \"2h\"\nexpires = \"121m\"").remind, [Duration::hours(2)]);
        assert!(with("remind = []\ncopy = []").remind.is_empty());
        assert_eq!(with("expires = \"5m\"").expires, Some(Duration::minutes(5)));
        assert_eq!(with("expires = \"60d\"").expires, Some(Duration::days(60)));
        assert_eq!(with("expires = \"1d 12h\"").expires, Some(Duration::hours(36)));
    }

    #[test]
    fn routes_without_a_name_have_their_number() {
        let route = |pipeline| format!("[[route]]\npipeline = \"{pipeline}\"\napprovers = [\"ada@example.com\"]\n");
        let policy = parse(&[route("a"), route("b")].concat()).unwrap();
        let names: Vec<&str> = policy.routes().map(|(_, route)| route.name.as_str()).collect();
        assert_eq!(names, ["route 1", "route 2"]);
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let mut text: String = (0..MAX_ROUTES)
            .map(|number| format!("[[route]]\nstage=\"s{number}\"\napprovers=[\"a@example.com\"]\n"))
            .collect();
        let pad = MAX_TEXT - text.len() - 1;
        text.push_str(&format!("#{}", "x".repeat(pad)));
        assert_eq!(text.len(), MAX_TEXT);
        assert_eq!(parse(&text).unwrap().routes().count(), MAX_ROUTES);
        let error = parse(&format!("{text}x")).unwrap_err();
        assert_eq!(
            (error.line, error.column, error.key.as_str()),
            (301, MAX_TEXT - text.rfind('\n').unwrap(), "policy")
        );
        assert_eq!(error.problem, "must be at most 8192 bytes, the size of an SSM parameter");
    }

    /// A default route, with one line more.
    fn default_with(line: &str) -> String {
        format!("[default]\napprovers = [\"ada@example.com\", \"ben@example.com\"]\n{line}\n")
    }

    /// A route on line 1, with one line more.
    fn route_with(line: &str) -> String {
        format!("[[route]]\napprovers = [\"ada@example.com\", \"ben@example.com\"]\n{line}\n")
    }

    /// Text, line, column, key, part of the problem.
    type Refused = (String, usize, usize, &'static str, &'static str);

    fn assert_refused(refused: Vec<Refused>) {
        for (text, line, column, key, problem) in refused {
            let error = parse(&text).expect_err(&text);
            assert_eq!((error.line, error.column, error.key.as_str()), (line, column, key), "{error}\n{text}");
            assert!(error.problem.contains(problem), "{error}\n{text}");
        }
    }

    #[test]
    fn what_is_no_policy_at_all_is_refused() {
        let text = str::to_owned;
        assert_refused(vec![
            (text(""), 1, 1, "policy", "has no [[route]] and no [default]"),
            (text("route = []"), 1, 1, "policy", "has no [[route]] and no [default]"),
            (text("[groups]\na = [\"a@example.com\"]"), 1, 1, "policy", "has no [[route]]"),
            (text("[default\n"), 1, 9, "policy", "not TOML: unclosed table"),
            (text("[default]\napprovers = ada\n"), 2, 13, "policy", "not TOML: string values must be quoted"),
            (text("[default]\napprovers = [\"a@example.com\"\n"), 2, 29, "policy", "not TOML: unclosed array"),
            (text("[default]\napprovers = [\"äöü\", \"a\n"), 2, 23, "policy", "not TOML: unclosed array"),
            (default_with("quorum = 1\nquorum = 2"), 4, 1, "policy", "not TOML: duplicate key"),
            (default_with("[default]"), 3, 2, "policy", "not TOML: duplicate key"),
            (text("[groups]\na = []\n\"a\" = []\n"), 3, 1, "policy", "not TOML: duplicate key"),
            (text("[defualt]\n"), 1, 2, "defualt", "unknown key; expected one of groups, aliases, route, default"),
            (text("default = 1"), 1, 11, "default", "must be a table"),
            (text("groups = []"), 1, 10, "groups", "must be a table"),
            (text("aliases = []"), 1, 11, "aliases", "must be a table"),
            (text("[route]\n"), 1, 1, "route", "two brackets"),
            (text("route = 1"), 1, 9, "route", "must be a list"),
            (text("route = [1]"), 1, 10, "route[0]", "must be a table"),
        ]);
    }

    #[test]
    fn wrong_groups_and_aliases_are_refused() {
        let long = "x".repeat(65);
        let text = str::to_owned;
        assert_refused(vec![
            (text("[groups]\n\"a b\" = [\"a@example.com\"]"), 2, 1, "groups.?", "a group's name is"),
            (text("[groups]\n\"\" = [\"a@example.com\"]"), 2, 1, "groups.?", "a group's name is"),
            (format!("[groups]\n{long} = [\"a@example.com\"]"), 2, 1, "groups.?", "a group's name is"),
            (text("[groups]\na = []"), 2, 5, "groups.a", "is empty; list at least one member, or delete the group"),
            (text("[groups]\na = \"a@example.com\""), 2, 5, "groups.a", "must be a list"),
            (text("[groups]\na = [\"b@example.com\", 1]"), 2, 23, "groups.a[1]", "must be a text"),
            (text("[groups]\na = [\"b\"]"), 2, 6, "groups.a[0]", "must be an email address"),
            (text("[groups]\na = [\"Ö <ö@x>\"]"), 2, 6, "groups.a[0]", "must be an email address"),
            (text("[groups]\na = [\"b@example.com\",\n  \"B <B@example.com>\"]"), 3, 3, "groups.a[1]", "twice"),
            (text("[aliases]\nada = \"Ada <ada@example.com>\""), 2, 7, "aliases.ada", "without a name"),
            (text("[aliases]\nada = \"platform\""), 2, 7, "aliases.ada", "must be an email address"),
            (text("[aliases]\nada = 1"), 2, 7, "aliases.ada", "must be a text"),
            (text("[aliases]\n\"ada lovelace\" = \"ada@example.com\""), 2, 1, "aliases.?", "an alias is"),
            (
                text("[aliases]\nada = \"a@example.com\"\nADA = \"b@example.com\""),
                3,
                1,
                "aliases.ADA",
                "differs from an earlier alias only in case",
            ),
        ]);
    }

    #[test]
    fn unknown_keys_and_wrong_names_are_refused() {
        let long = "x".repeat(65);
        assert_refused(vec![
            (default_with("qourum = 2"), 3, 1, "default.qourum", "unknown key; expected one of approvers, quorum,"),
            (default_with("pipeline = \"a\""), 3, 1, "default.pipeline", "unknown key"),
            (default_with("name = \"a\""), 3, 1, "default.name", "unknown key"),
            (route_with("stages = \"a\""), 3, 1, "route[0].stages", "name, account, region, pipeline, stage, action,"),
            (route_with("[route.copy]"), 3, 1, "route[0].copy", "must be a list"),
            (route_with("name = 1"), 3, 8, "route[0].name", "must be a text"),
            (route_with("name = \" \""), 3, 8, "route[0].name", "empty"),
            (route_with("name = \"a\\nb\""), 3, 8, "route[0].name", "must be letters, digits"),
            (route_with("name = \"a@example.com\""), 3, 8, "route[0].name", "must be letters, digits"),
            (route_with(&format!("name = \"{long}\"")), 3, 8, "route[0].name", "must be at most 64"),
            (route_with("name = \"default\""), 3, 8, "route[0].name", "is reserved for the default route"),
            (
                route_with("name = \"a\"\nstage = \"a\"\n[[route]]\nname = \"a\""),
                6,
                8,
                "route[1].name",
                "an earlier route has this name",
            ),
            (route_with("name = \"route 2\"\nstage = \"a\"\n[[route]]"), 5, 1, "route[1]", "has this name"),
        ]);
    }

    #[test]
    fn wrong_globs_are_refused() {
        assert_refused(vec![
            (route_with("pipeline = \"\""), 3, 12, "route[0].pipeline", "an empty glob matches nothing"),
            (route_with("pipeline = \"[a\""), 3, 12, "route[0].pipeline", "not a glob: invalid range pattern"),
            (route_with("stage =   \"a***\""), 3, 11, "route[0].stage", "not a glob: wildcards are either"),
            (route_with("action = \"a**\""), 3, 10, "route[0].action", "not a glob: recursive wildcards must"),
            (route_with("account = 123456789012"), 3, 11, "route[0].account", "must be a text"),
            (route_with("account = \"12345\""), 3, 11, "route[0].account", "no account can have such a name"),
            (route_with("account = \"acme*\""), 3, 11, "route[0].account", "no account can have such a name"),
            (route_with("region = \"EU-*\""), 3, 10, "route[0].region", "no region can have such a name"),
            (route_with("pipeline = \"{a,b}-*\""), 3, 12, "route[0].pipeline", "globs have *, ?, [a-c]"),
            (route_with("stage = \"Prod uction\""), 3, 9, "route[0].stage", "no stage can have such a name"),
        ]);
    }

    #[test]
    fn wrong_people_are_refused() {
        let text = str::to_owned;
        assert_refused(vec![
            (text("[default]\nquorum = 1"), 1, 1, "default.approvers", "missing"),
            (text("[default]\napprovers = []"), 2, 13, "default.approvers", "list at least one approver"),
            (text("[default]\napprovers = \"a@example.com\""), 2, 13, "default.approvers", "must be a list"),
            (text("[default]\napprovers = [[]]"), 2, 14, "default.approvers[0]", "must be a text"),
            (
                text("[default]\napprovers = [\"nobody\"]"),
                2,
                14,
                "default.approvers[0]",
                "neither an email address nor",
            ),
            (
                text("[default]\napprovers = [\"é <e@example.com>\", \"b@\"]"),
                2,
                35,
                "default.approvers[1]",
                "must be an email address",
            ),
            (
                text("[default]\napprovers = [\"a@example.com, b@example.com\"]"),
                2,
                14,
                "default.approvers[0]",
                "must be an email address",
            ),
            (
                text("[default]\napprovers = [\"a@example.com\", \"A <A@example.com>\"]"),
                2,
                31,
                "default.approvers[1]",
                "lists the same mailbox twice",
            ),
            (
                text("default.approvers = [\"a\", \"a\"]\ngroups.a = [\"a@example.com\"]"),
                1,
                27,
                "default.approvers[1]",
                "lists the same group twice",
            ),
            (default_with("copy = [\"c@example.com\", \"c@example.com\"]"), 3, 26, "default.copy[1]", "twice"),
            (default_with("copy = [\"nobody\"]"), 3, 9, "default.copy[0]", "neither an email address nor"),
            (default_with("language = \"klingon\""), 3, 12, "default.language", "must be one of de, en"),
            (default_with("language = \"\""), 3, 12, "default.language", "must be one of"),
            (default_with("language = [\"de\"]"), 3, 12, "default.language", "must be a text"),
            (default_with("reply_to = \"A <a@example.com>\""), 3, 12, "default.reply_to", "without a name"),
            (default_with("reply_to = [\"a@example.com\"]"), 3, 12, "default.reply_to", "must be a text"),
        ]);
    }

    #[test]
    fn a_quorum_that_cannot_be_reached_is_refused() {
        let text = str::to_owned;
        assert_refused(vec![
            (default_with("quorum = 0"), 3, 10, "default.quorum", "from 1 to 255"),
            (default_with("quorum = -1"), 3, 10, "default.quorum", "from 1 to 255"),
            (default_with("quorum = 256"), 3, 10, "default.quorum", "from 1 to 255"),
            (default_with("quorum = 99999999999999999999"), 3, 10, "default.quorum", "from 1 to 255"),
            (default_with("quorum = 1.5"), 3, 10, "default.quorum", "must be a whole number"),
            (default_with("quorum = \"2\""), 3, 10, "default.quorum", "must be a whole number"),
            (
                default_with("quorum = 3"),
                3,
                10,
                "default.quorum",
                "quorum is 3, but only 2 distinct approvers are listed",
            ),
            (
                text("groups.a = [\"a@example.com\"]\n[default]\napprovers = [\"a\", \"A@example.com\"]\nquorum = 2"),
                4,
                10,
                "default.quorum",
                "quorum is 2, but only 1 distinct approver is listed",
            ),
            (
                default_with("quorum = 2\ninitiator_may_approve = false"),
                3,
                10,
                "default.quorum",
                "but the one who started the execution may not approve",
            ),
            (
                text("[default]\napprovers = [\"a@example.com\"]\ninitiator_may_approve = false"),
                3,
                25,
                "default.initiator_may_approve",
                "quorum is 1 of 1 approvers, but the one who started",
            ),
            (default_with("initiator_may_approve = 0"), 3, 25, "default.initiator_may_approve", "true or false"),
            (default_with("reason_required = \"yes\""), 3, 19, "default.reason_required", "true or false"),
        ]);
    }

    #[test]
    fn wrong_durations_are_refused() {
        assert_refused(vec![
            (default_with("remind = 24"), 3, 10, "default.remind", "must be a duration in quotes"),
            (default_with("remind = \"soon\""), 3, 10, "default.remind", "a duration such as"),
            (default_with("remind = [\"24h\", \"24\"]"), 3, 18, "default.remind[1]", "a duration such as"),
            (default_with("remind = \"119m\""), 3, 10, "default.remind", "at least 2h"),
            (default_with("remind = \"0h\""), 3, 10, "default.remind", "at least 2h"),
            (default_with("remind = \"61d\""), 3, 10, "default.remind", "at most 60d"),
            (default_with("remind = [\"1d\", \"24h\"]"), 3, 17, "default.remind[1]", "lists the same reminder twice"),
            (
                default_with("expires = \"1d\"\nremind = [\"2h\", \"24h\"]"),
                4,
                17,
                "default.remind[1]",
                "is not shorter than expires",
            ),
            (default_with("expires = \"\""), 3, 11, "default.expires", "a duration such as"),
            (default_with("expires = \"-1d\""), 3, 11, "default.expires", "a duration such as"),
            (default_with("expires = 3"), 3, 11, "default.expires", "must be a text"),
            (default_with("expires = \"0s\""), 3, 11, "default.expires", "at least 5m"),
            (default_with("expires = \"299s\""), 3, 11, "default.expires", "at least 5m"),
            (default_with("expires = \"60d 1s\""), 3, 11, "default.expires", "at most 60d"),
            (default_with("expires = \"584554049254y\""), 3, 11, "default.expires", "a duration such as"),
        ]);
    }

    #[test]
    fn a_route_that_nothing_reaches_is_refused() {
        assert_refused(vec![
            (route_with("[default]"), 3, 1, "default", "never reached: route[0] matches everything"),
            (route_with("stage = \"*\"\n[[route]]\nstage = \"a\""), 4, 1, "route[1]", "never reached"),
            (
                route_with("stage = \"a\"\n[[route]]\nname = \"b\"\nstage = \"a\"\naction = \"b\""),
                4,
                1,
                "route[1]",
                "never reached: route[0]",
            ),
        ]);
    }

    #[test]
    fn too_many_routes_are_refused() {
        let many = "[[route]]\nstage = \"s\"\napprovers = [\"a@example.com\"]\n";
        let many: String = (0..=MAX_ROUTES).map(|number| many.replace("\"s\"", &format!("\"s{number}\""))).collect();
        let error = parse(&many).unwrap_err().to_string();
        assert_eq!(error, "line 301, column 1, route[100]: a policy has at most 100 routes");
    }

    #[test]
    fn no_error_repeats_what_may_be_an_address() {
        let persons = [
            "\"zelda.quixote@mail.example\"",
            "\"Zelda Quixote <zelda.quixote@mail.example>\"",
            "\"zelda.quixote@mail\"",
            "\"zelda quixote\"",
            "'''zelda.quixote@mail.example'''",
            "zelda.quixote@mail.example",
            "[\"zelda.quixote@mail.example\", \"ZELDA.QUIXOTE@mail.example\"]",
            "[[\"zelda.quixote@mail.example\"]]",
            "{ \"zelda.quixote@mail.example\" = \"zelda.quixote@mail.example\" }",
            "\"zelda.quixote@mail.example",
        ];
        let mut texts = Vec::new();
        for person in persons {
            texts.push(person.to_owned());
            texts.push(format!("[{person}]"));
            texts.push(format!("[groups.{person}]"));
            texts.push(format!("[default.{person}]"));
            for table in ["", "[groups]\n", "[aliases]\n", "[default]\n", "[[route]]\n", "[groups.a]\n"] {
                texts.push(format!("{table}{person} = {person}"));
                texts.push(format!("{table}{person} = 1"));
                texts.push(format!("{table}a.{person} = 1\na.{person} = 1"));
            }
            for key in ["groups", "aliases", "route", "default", "groups.a", "aliases.a"] {
                texts.push(format!("{key} = {person}"));
            }
            let keys = ROUTE_KEYS.into_iter().chain(Part::ALL.map(Part::key)).chain(["name"]);
            for key in keys {
                texts.push(format!("[default]\n{key} = {person}"));
                for table in ["[default]", "[[route]]"] {
                    let approvers = if key == "approvers" { "" } else { "approvers = [\"ada@example.com\"]\n" };
                    texts.push(format!("{table}\n{approvers}{key} = {person}"));
                    texts.push(format!("{table}\n{approvers}{key} = [{person}, {person}]"));
                }
            }
        }
        let errors: Vec<_> = texts.iter().filter_map(|text| parse(text).err().map(|error| (text, error))).collect();
        assert!(errors.len() > 400, "{} of {} were refused", errors.len(), texts.len());
        for (text, error) in errors {
            let shown = format!("{error} {error:?}").to_lowercase();
            for part in ["@", "zelda", "quixote", "mail.example", "ada@"] {
                assert!(!shown.contains(part), "{shown}\n{text}");
            }
        }
    }
}
