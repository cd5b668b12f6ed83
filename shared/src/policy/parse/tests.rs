//! What is read, and what is refused.

use super::*;
use crate::approval::Approver;

mod people;
mod traps;

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

/// Editors check a policy by it. `tests/infra` has policies that it takes, and others that it refuses.
#[test]
fn the_schema_for_editors_has_every_key() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/policy.schema.json")).unwrap();
    let keys_at = |place: &str| {
        let keys = schema.pointer(place).and_then(serde_json::Value::as_object).unwrap_or_else(|| panic!("{place}"));
        keys.keys().cloned().collect::<BTreeSet<_>>()
    };
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let route = [["name"].as_slice(), &Part::ALL.map(Part::key), &ROUTE_KEYS].concat();
    assert_eq!(keys_at("/properties"), keys(&["person", "groups", "hosts", "route", DEFAULT]));
    assert_eq!(keys_at("/properties/route/items/properties"), keys(&route));
    assert_eq!(keys_at("/properties/default/properties"), keys(&ROUTE_KEYS));
    assert_eq!(keys_at("/properties/person/items/properties"), keys(&super::people::KEYS));
    assert_eq!(keys_at("/properties/hosts/properties"), keys(&HOST_KEYS));
    let languages = schema.pointer("/properties/default/properties/language/enum").unwrap();
    assert_eq!(*languages, serde_json::json!(Language::all().map(Language::as_str).collect::<Vec<_>>()));
    assert_eq!(schema.pointer("/properties/route/maxItems"), Some(&serde_json::json!(MAX_ROUTES)));
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
    assert_eq!((route.automatic_start, route.after_rejection), (AutomaticStart::Allow, AfterRejection::Anybody));
    assert_eq!((route.language, route.time_zone), (Language::ENGLISH, TimeZone::UTC));
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
        automatic_start = "refuse"
        after_rejection = "rejecter"
        language = "pt"
        time_zone = "America/Sao_Paulo"
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
    assert_eq!((route.automatic_start, route.after_rejection), (AutomaticStart::Refuse, AfterRejection::Rejecter));
    assert_eq!((route.language.as_str(), route.time_zone.as_str()), ("pt", "America/Sao_Paulo"));
    assert_eq!(route.reply_to, Some("releases@example.com".parse().unwrap()));
    assert_eq!(addresses(&route.copy), ["auditors@example.com"]);
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
    assert_eq!((error.line, error.column, error.key.as_str()), (301, MAX_TEXT - text.rfind('\n').unwrap(), "policy"));
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
        (text("[defualt]\n"), 1, 2, "defualt", "unknown key; expected one of person, groups, hosts, route, default"),
        (text("default = 1"), 1, 11, "default", "must be a table"),
        (text("groups = []"), 1, 10, "groups", "must be a table"),
        (text("person = {}"), 1, 10, "person", "two brackets"),
        (text("person = [1]"), 1, 11, "person 1", "must be a table"),
        (text("[route]\n"), 1, 1, "route", "two brackets"),
        (text("route = 1"), 1, 9, "route", "must be a list"),
        (text("route = [1]"), 1, 10, "route 1", "must be a table"),
    ]);
}

#[test]
fn unknown_keys_and_wrong_names_are_refused() {
    let long = "x".repeat(65);
    assert_refused(vec![
        (default_with("qourum = 2"), 3, 1, "default.qourum", "unknown key; expected one of approvers, quorum,"),
        (default_with("pipeline = \"a\""), 3, 1, "default.pipeline", "unknown key"),
        (default_with("name = \"a\""), 3, 1, "default.name", "unknown key"),
        (route_with("stages = \"a\""), 3, 1, "route 1.stages", "name, account, region, pipeline, stage, action,"),
        (route_with("[route.copy]"), 3, 1, "route 1.copy", "must be a list"),
        (route_with("name = 1"), 3, 8, "route 1.name", "must be a text"),
        (route_with("name = \" \""), 3, 8, "route 1.name", "empty"),
        (route_with("name = \"a\\nb\""), 3, 8, "route 1.name", "must be letters, digits"),
        (route_with("name = \"a@example.com\""), 3, 8, "route 1.name", "must be letters, digits"),
        (route_with(&format!("name = \"{long}\"")), 3, 8, "route 1.name", "must be at most 64"),
        (route_with("name = \"default\""), 3, 8, "route 1.name", "is reserved for the default route"),
        (
            route_with("name = \"a\"\nstage = \"a\"\n[[route]]\nname = \"a\""),
            6,
            8,
            "route 2.name",
            "an earlier route has this name",
        ),
        (route_with("name = \"route 2\"\nstage = \"a\"\n[[route]]"), 5, 1, "route 2", "has this name"),
    ]);
}

#[test]
fn wrong_globs_are_refused() {
    assert_refused(vec![
        (route_with("pipeline = \"\""), 3, 12, "route 1.pipeline", "an empty glob matches nothing"),
        (route_with("pipeline = \"[a\""), 3, 12, "route 1.pipeline", "not a glob: invalid range pattern"),
        (route_with("stage =   \"a***\""), 3, 11, "route 1.stage", "not a glob: wildcards are either"),
        (route_with("action = \"a**\""), 3, 10, "route 1.action", "not a glob: recursive wildcards must"),
        (route_with("account = 123456789012"), 3, 11, "route 1.account", "must be a text"),
        (route_with("account = \"12345\""), 3, 11, "route 1.account", "no account can have such a name"),
        (route_with("account = \"acme*\""), 3, 11, "route 1.account", "no account can have such a name"),
        (route_with("region = \"EU-*\""), 3, 10, "route 1.region", "no region can have such a name"),
        (route_with("pipeline = \"{a,b}-*\""), 3, 12, "route 1.pipeline", "globs have *, ?, [a-c]"),
        (route_with("stage = \"Prod uction\""), 3, 9, "route 1.stage", "no stage can have such a name"),
        // What nobody's name has would be text of the author's in an email.
        (
            route_with("pipeline = \"[p\\nAll releases\\n]*\""),
            3,
            12,
            "route 1.pipeline",
            "has characters that no pipeline has",
        ),
        (route_with("region = \"[!E]u-*\""), 3, 10, "route 1.region", "has characters that no region has"),
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
        (default_with("quorum = 3"), 3, 10, "default.quorum", "quorum is 3, but only 2 distinct approvers are listed"),
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
        (
            default_with("automatic_start = \"refuse\""),
            3,
            19,
            "default.automatic_start",
            "changes nothing without initiator_may_approve = false",
        ),
        (default_with("automatic_start = \"allow\""), 3, 19, "default.automatic_start", "changes nothing"),
        (default_with("automatic_start = \"never\""), 3, 19, "default.automatic_start", "\"allow\" or \"refuse\""),
        (default_with("automatic_start = false"), 3, 19, "default.automatic_start", "must be a text"),
        (default_with("after_rejection = \"nobody\""), 3, 19, "default.after_rejection", "\"anybody\" or \"rejecter\""),
        (default_with("after_rejection = true"), 3, 19, "default.after_rejection", "must be a text"),
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
fn too_many_routes_are_refused() {
    let many = "[[route]]\nstage = \"s\"\napprovers = [\"a@example.com\"]\n";
    let many: String = (0..=MAX_ROUTES).map(|number| many.replace("\"s\"", &format!("\"s{number}\""))).collect();
    let error = parse(&many).unwrap_err().to_string();
    assert_eq!(error, "line 301, column 1, route 101: a policy has at most 100 routes");
}

#[test]
fn the_hosts_of_repositories_are_addresses_to_which_pages_can_be_appended() {
    let with = |hosts: &str| parse(&format!("[hosts]\n{hosts}\n[default]\napprovers = [\"ada@example.com\"]\n"));
    let policy = with("github_enterprise_server = \"https://git.example.com\"\n").unwrap();
    assert_eq!(policy.hosts().github_enterprise_server.as_ref().unwrap().as_str(), "https://git.example.com");
    assert_eq!(policy.hosts().gitlab_self_managed, None);
    assert!(with("gitlab_self_managed = \"https://code.example.com:8443/gitlab/\"").is_ok());
    for value in [
        "\"http://git.example.com\"",
        "\"git.example.com\"",
        "\"https://\"",
        "\"https://user@git.example.com\"",
        "\"https://git.example.com/?x=\"",
        "\"https://git.example.com/#\"",
        "\"https://git.example.com/%2e\"",
        "\"\"",
        "5",
    ] {
        let error = with(&format!("gitlab_self_managed = {value}")).unwrap_err().to_string();
        assert!(error.starts_with("line 2, column 23, hosts.gitlab_self_managed: must be "), "{value}: {error}");
        assert!(!error.contains("user@"), "{error}");
    }
    let error = with("github = \"https://github.com\"").unwrap_err().to_string();
    assert!(error.contains("hosts.github: unknown key; expected one of github_enterprise_server"), "{error}");
}
