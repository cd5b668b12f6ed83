//! People: persons, groups, lists, and what AWS calls them.

use super::*;

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
fn wrong_groups_are_refused() {
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
        (text("[default]\napprovers = [\"nobody\"]"), 2, 14, "default.approvers[0]", "neither an email address nor"),
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
            "lists the same person twice",
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
        (default_with("time_zone = \"Europe/Atlantis\""), 3, 13, "default.time_zone", BAD_TIME_ZONE),
        (default_with("time_zone = \"\""), 3, 13, "default.time_zone", BAD_TIME_ZONE),
        (default_with("time_zone = \"CET\""), 3, 13, "default.time_zone", BAD_TIME_ZONE),
        (default_with("time_zone = \"Etc/GMT+5\""), 3, 13, "default.time_zone", BAD_TIME_ZONE),
        (default_with("time_zone = [\"UTC\"]"), 3, 13, "default.time_zone", "must be a text"),
        (default_with("time_zone = 1"), 3, 13, "default.time_zone", "must be a text"),
        (route_with("time_zone = \"Berlin\""), 3, 13, "route 1.time_zone", BAD_TIME_ZONE),
        (person_with("time_zone = \"Europe/Berlin \""), 3, 13, "person 1.time_zone", BAD_TIME_ZONE),
        (person_with("time_zone = {}"), 3, 13, "person 1.time_zone", "must be a text"),
        (default_with("reply_to = \"A <a@example.com>\""), 3, 12, "default.reply_to", "without a name"),
        (default_with("reply_to = [\"a@example.com\"]"), 3, 12, "default.reply_to", "must be a text"),
    ]);
}

#[test]
fn a_person_has_a_time_zone_of_their_own_whatever_it_is_that_their_routes_have() {
    let text = r#"
        [[person]]
        address = "ada@example.com"
        addresses = ["lovelace@example.org"]
        time_zone = "Asia/Kolkata"
        [[person]]
        address = "ben@example.com"
        time_zone = "UTC"
        [[route]]
        stage = "a"
        approvers = ["lovelace@example.org", "ben@example.com", "carol@example.com"]
        time_zone = "Europe/Berlin"
        [default]
        approvers = ["carol@example.com"]
        time_zone = "UTC"
    "#;
    let policy = parse(text).unwrap();
    let zones: Vec<&str> = policy.routes().map(|(_, route)| route.time_zone.as_str()).collect();
    assert_eq!(zones, ["Europe/Berlin", "UTC"]);
    for (address, expected) in [
        ("ada@example.com", Some("Asia/Kolkata")),
        ("Lovelace@example.org", Some("Asia/Kolkata")),
        ("ben@example.com", Some("UTC")),
        ("carol@example.com", None),
        ("nobody@example.com", None),
    ] {
        assert_eq!(policy.time_zone_of(&address.parse().unwrap()).map(TimeZone::as_str), expected, "{address}");
    }
}

/// A person on line 2, with one line more, who is asked.
fn person_with(line: &str) -> String {
    format!(
        "[[person]]\naddress = \"Ada Lovelace <ada@example.com>\"\n{line}\n[default]\napprovers = [\"ada@example.com\"]"
    )
}

/// The problems of a policy's warnings, with their keys.
fn warnings(text: &str) -> Vec<(String, String)> {
    let policy = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    policy.warnings().iter().map(|warning| (warning.key.clone(), warning.problem.clone())).collect()
}

fn assert_warns(text: &str, key: &str, problem: &str) {
    let warnings = warnings(text);
    let is_it = |(at, what): &(String, String)| at == key && what.contains(problem);
    assert!(warnings.len() == 1 && warnings.iter().all(is_it), "{warnings:?}\n{text}");
}

#[test]
fn wherever_one_address_of_a_person_is_written_it_is_that_person() {
    let text = r#"
        [[person]]
        address = "Ada Lovelace <ada@example.com>"
        addresses = ["lovelace@example.org", "ada+release@example.com"]
        [[person]]
        address = "ben@example.com"
        addresses = ["brook@example.org"]
        [groups]
        platform = ["Countess <lovelace@example.org>", "Ben Brook <BROOK@example.org>"]
        [[route]]
        stage = "a"
        approvers = ["platform", "ada+release@example.com", "ben@example.com", "carol@example.com"]
        quorum = 3
        copy = ["brook@example.org", "dora@example.com"]
        [default]
        approvers = ["carol@example.com"]
        copy = ["brook@example.org", "Lovelace@example.org"]
    "#;
    let policy = parse(text).unwrap();
    let routes: Vec<&Route> = policy.routes().map(|(_, route)| route).collect();
    let written = |people: &[Approver]| people.iter().map(Approver::expose).collect::<Vec<_>>().join(", ");
    assert_eq!(
        written(&routes[0].approvers),
        "Ada Lovelace <ada@example.com>, Ben Brook <ben@example.com>, carol@example.com"
    );
    assert_eq!(written(&routes[0].copy), "dora@example.com");
    assert_eq!(written(&routes[1].copy), "ben@example.com, Ada Lovelace <ada@example.com>");
    let error = parse(&text.replace("quorum = 3", "quorum = 4")).unwrap_err();
    assert_eq!(error.problem, "quorum is 4, but only 3 distinct approvers are listed");
}

#[test]
fn a_person_is_listed_once() {
    let person = "person = [{ address = \"a@example.com\", addresses = [\"b@example.org\"] }]\n";
    assert_refused(vec![
        (
            format!("{person}default.approvers = [\"a@example.com\", \"B@example.org\"]"),
            2,
            39,
            "default.approvers[1]",
            "lists the same person twice",
        ),
        (
            format!("{person}groups.g = [\"b@example.org\", \"a@example.com\"]"),
            2,
            30,
            "groups.g[1]",
            "lists the same person twice",
        ),
    ]);
}

#[test]
fn two_tags_of_one_mailbox_are_not_two_approvers() {
    let lists = |approvers: &str| format!("groups.g = [\"ada+g@example.com\"]\ndefault.approvers = [{approvers}]");
    let problem = "differs from an earlier approver only by what follows a +";
    let key = "default.approvers[1]";
    assert_refused(vec![
        (lists("\"ada@example.com\", \"ada+release@example.com\""), 2, 41, key, problem),
        (lists("\"Ada+a@example.com\", \"ada+b@Example.com\""), 2, 43, key, problem),
        (lists("\"ada@example.com\", \"g\""), 2, 41, key, problem),
        (
            format!(
                "person = [{{ address = \"a@example.com\", addresses = [\"ada@example.com\"] }}]\n{}",
                lists("\"a@example.com\", \"g\"")
            ),
            3,
            39,
            key,
            problem,
        ),
    ]);
    let declared = "person = [{ address = \"ada@example.com\", addresses = [\"ADA+g@example.com\"] }]\n";
    let route = only(&format!("{declared}{}", lists("\"ada@example.com\", \"g\", \"ben@example.com\"")));
    assert_eq!(addresses(&route.approvers), ["ada@example.com", "ben@example.com"]);
    // Other mailboxes, and people who do not vote.
    for approvers in ["\"ada@example.com\", \"ada+g@example.org\"", "\"ada@example.com\", \"adag@example.com\""] {
        assert!(parse(&lists(approvers)).is_ok(), "{approvers}");
    }
    assert!(parse("[default]\napprovers = [\"a@example.com\"]\ncopy = [\"a+copies@example.com\"]").is_ok());
}

#[test]
fn wrong_persons_are_refused() {
    assert_refused(vec![
        ("[[person]]\n".to_owned(), 1, 1, "person 1.address", "is missing"),
        ("[[person]]\naddress = \"ada\"".to_owned(), 2, 11, "person 1.address", "must be an email address, or a name"),
        (person_with("name = \"Ada\""), 3, 1, "person 1.name", "expected one of address, addresses, principals"),
        (person_with("addresses = \"a@example.org\""), 3, 13, "person 1.addresses", "must be a list"),
        (person_with("addresses = [\"A <a@example.org>\"]"), 3, 14, "person 1.addresses[0]", "without a name"),
        (person_with("addresses = [\"ADA@example.com\"]"), 3, 14, "person 1.addresses[0]", "same address twice"),
        (
            person_with("[[person]]\naddress = \"ADA@example.com\""),
            4,
            11,
            "person 2.address",
            "belongs to an earlier [[person]]",
        ),
        (
            person_with("[[person]]\naddress = \"b@example.com\"\naddresses = [\"ADA@example.com\"]"),
            5,
            14,
            "person 2.addresses[0]",
            "belongs to an earlier [[person]]",
        ),
        (
            "[aliases]\nada = \"ada@example.com\"\n[default]".to_owned(),
            1,
            1,
            "aliases",
            "write one [[person]] each, with address = their address and principals = a list of full ARNs",
        ),
    ]);
}

#[test]
fn a_principal_is_a_whole_arn_of_a_user_or_a_session() {
    let with = |pattern: &str| person_with(&format!("principals = [\"{pattern}\"]"));
    for (pattern, problem) in [
        ("ada", "must be the ARN of"),
        ("*", "must be the ARN of"),
        ("arn:*", "must be the ARN of"),
        ("arn:aws:iam::123456789012:ada", "must be the ARN of"),
        ("arn:aws:iam::123456789012:role/Release", "must be the ARN of"),
        ("arn:aws:iam::123456789012:root", "must be the ARN of"),
        ("arn:aws:iam::123456789012:user", "must be the ARN of"),
        ("arn:aws:iam::123456789012:user/", "must be the ARN of"),
        ("arn:aws:iam::123456789012:*/ada", "must be the ARN of"),
        ("arn:aws:iam::12345:user/ada", "must be the ARN of"),
        ("arn:aws:iam::acme:user/ada", "must be the ARN of"),
        ("arn:aws:iam:us-east-2:123456789012:user/ada", "must be the ARN of"),
        ("arn:aws:*::123456789012:user/ada", "must be the ARN of"),
        ("arn:aws:events::123456789012:user/ada", "must be the ARN of"),
        ("arn:aws:sts::123456789012:assumed-role/Release", "must be the ARN of"),
        ("arn:aws:sts::123456789012:assumed-role/Release/x/ada", "must be the ARN of"),
        ("arn:aws:sts::123456789012:federated-user/ada", "must be the ARN of"),
        ("arn:aws:iam::123456789012:user/[a-c]da", "has a character that no such ARN has"),
        ("arn:aws:iam::123456789012:user/a da", "has a character that no such ARN has"),
        ("arn:aws:iam::123456789012:user/**", "has a character that no such ARN has"),
        ("arn:aws:iam::*:user/*", "wildcard in the account and in the name"),
        ("arn:aws:iam::12345678901?:user/ad?", "wildcard in the account and in the name"),
        ("arn:aws:sts::*:assumed-role/Release/*", "wildcard in the account and in the name"),
        ("arn:aws:sts::*:assumed-role/*/ada", "wildcard in the account and in the name"),
        ("arn:aws:sts::*:assumed-role/AWSReservedSSO_*/*", "wildcard in the account and in the name"),
    ] {
        assert_refused(vec![(with(pattern), 3, 15, "person 1.principals[0]", problem)]);
    }
    assert_refused(vec![
        (person_with("principals = \"ada\""), 3, 14, "person 1.principals", "must be a list"),
        (person_with("principals = [1]"), 3, 15, "person 1.principals[0]", "must be a text"),
    ]);
    for pattern in [
        "arn:aws:iam::123456789012:user/ada",
        "arn:*:iam::*:user/ada",
        "arn:aws:iam::123456789012:user/teams/*/ada",
        "arn:aws:iam::123456789012:user/ada-*",
        "arn:aws:sts::*:assumed-role/AWSReservedSSO_*/ada@example.com",
        // Whatever a session of it is called: only she may assume it.
        "arn:aws:sts::123456789012:assumed-role/ReleaseByAda/*",
    ] {
        assert_eq!(warnings(&with(pattern)), [], "{pattern}");
    }
}

#[test]
fn a_session_name_that_anybody_picks_is_a_warning() {
    for pattern in [
        "arn:aws:sts::*:assumed-role/Release/ada",
        "arn:aws:sts::123456789012:assumed-role/Release/ada-*",
        "arn:aws:sts::123456789012:assumed-role/*/lovelace",
        "arn:aws:sts::123456789012:assumed-role/*SSO*/lovelace",
    ] {
        let text = person_with(&format!("principals = [\"{pattern}\"]"));
        assert_warns(&text, "person 1.principals[0]", "whoever assumes this role picks the session's name");
    }
}

#[test]
fn no_principal_is_two_persons() {
    let two = |ada: &str, ben: &str| {
        format!(
            "[[person]]\naddress = \"ada@example.com\"\nprincipals = [\"{ada}\"]\n\
             [[person]]\naddress = \"ben@example.com\"\nprincipals = [\"{ben}\"]\n\
             [default]\napprovers = [\"ada@example.com\", \"ben@example.com\", \"carol@example.com\"]"
        )
    };
    let contested = "matches a principal that an earlier [[person]] declares";
    for (ada, ben) in [
        ("arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:user/X"),
        ("arn:aws:iam::*:user/x", "arn:aws:iam::123456789012:user/x"),
        ("arn:aws:iam::123456789012:user/x-*", "arn:*:iam::123456789012:user/*-y"),
        ("arn:aws:sts::1*:assumed-role/R/x", "arn:aws:sts::*2:assumed-role/R/x"),
    ] {
        assert_refused(vec![(two(ada, ben), 6, 15, "person 2.principals[0]", contested)]);
    }
    for (ada, ben) in [
        ("arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:user/y"),
        ("arn:aws:iam::123456789012:user/x-*", "arn:aws:iam::123456789012:user/y-*"),
        ("arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:user/x/x"),
        ("arn:aws:sts::123456789012:assumed-role/A/*", "arn:aws:sts::123456789012:assumed-role/B/*"),
        ("arn:aws:sts::111111111111:assumed-role/R/*", "arn:aws:sts::222222222222:assumed-role/R/*"),
    ] {
        assert_eq!(warnings(&two(ada, ben)), [], "{ada} {ben}");
    }
    // What somebody else is called without declaring it.
    let ben = "arn:aws:iam::123456789012:user/y";
    for ada in [
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::123456789012:user/c*",
        "arn:aws:iam::123456789012:user/*@example.com",
        "arn:aws:sts::123456789012:assumed-role/*/*",
        "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_*/c*",
    ] {
        let problem = "matches principals by which somebody else is recognised";
        assert_refused(vec![(two(ada, ben), 3, 15, "person 1.principals[0]", problem)]);
    }
    assert_warns(&two("arn:aws:iam::123456789012:user/carol", ben), "person 1.principals[0]", "somebody else");
}

#[test]
fn people_who_cannot_be_told_apart_are_a_warning() {
    assert_warns(
        "[default]\napprovers = [\"A. Smith <ada@example.com>\", \"a. smith <alan@example.com>\"]",
        "default.approvers",
        "same display name",
    );
    let barred = |approvers: &str| format!("default = {{ approvers = [{approvers}], initiator_may_approve = false }}");
    assert_warns(
        &barred("\"ada@example.com\", \"ada@example.org\""),
        "default.approvers",
        "addresses that differ only in the domain",
    );
    assert_eq!(warnings(&barred("\"ada@example.com\", \"ben@example.com\"")), []);
    let person = "person = [{ address = \"ada@example.com\", addresses = [\"ada@example.org\"] }]\n";
    assert_eq!(warnings(&format!("{person}{}", barred("\"ada@example.com\", \"ben@example.com\""))), []);
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
        for table in ["", "[groups]\n", "[[person]]\n", "[default]\n", "[[route]]\n", "[groups.a]\n"] {
            texts.push(format!("{table}{person} = {person}"));
            texts.push(format!("{table}{person} = 1"));
            texts.push(format!("{table}a.{person} = 1\na.{person} = 1"));
        }
        for key in ["groups", "aliases", "person", "route", "default", "groups.a"] {
            texts.push(format!("{key} = {person}"));
        }
        for key in ["address", "addresses", "principals"] {
            let address = if key == "address" { "" } else { "address = \"ada@example.com\"\n" };
            texts.push(format!("[[person]]\n{address}{key} = {person}"));
            texts.push(format!("[[person]]\n{address}{key} = [{person}, {person}]"));
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
