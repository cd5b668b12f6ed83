//! Routes that take what was meant for others.

use super::*;

#[test]
fn a_route_that_nothing_reaches_is_refused() {
    assert_refused(vec![
        (route_with("[default]"), 3, 1, "default", "never reached: route 1 comes first and matches everything"),
        (route_with("stage = \"*\"\n[[route]]\nstage = \"a\""), 4, 1, "route 2", "never reached"),
        (
            route_with("stage = \"a\"\n[[route]]\nname = \"b\"\nstage = \"a\"\naction = \"b\""),
            4,
            1,
            "route 2",
            "never reached: route 1",
        ),
    ]);
}

/// Routes with these globs, each for one other person, the later ones stricter.
fn routes_of(globs: &[&str]) -> String {
    let approvers = "approvers = [\"ada@example.com\", \"ben@example.com\", \"carol@example.com\"]";
    let route = |(number, globs): (usize, &&str)| {
        format!("[[route]]\nname = \"r{number}\"\n{globs}\n{approvers}\nquorum = {number}\n")
    };
    (1..).zip(globs).map(route).collect()
}

#[test]
fn a_route_that_an_earlier_one_covers_is_refused() {
    for (earlier, later) in [
        ("stage = \"Prod*\"", "stage = \"Production\""),
        ("stage = \"Prod*\"", "stage = \"Prod-*\""),
        ("stage = \"?*\"", "pipeline = \"payments\""),
        ("stage = \"P*n\"", "stage = \"Prod?ction\""),
        ("stage = \"[A-Z]*\"", "stage = \"[PQ]rod*\""),
        ("stage = \"[!a-z]*\"", "stage = \"P*\""),
        ("stage = \"*[!.]*\"", "stage = \"*a*\""),
        ("account = \"????????????\"", "stage = \"Production\""),
        ("account = \"1*\"", "account = \"1[0-4]*\""),
        ("account = \"??????*\"", "account = \"*9\""),
        ("stage = \"Prod*\"", "stage = \"Production\"\npipeline = \"payments-*\""),
        ("region = \"eu-*\"\nstage = \"Prod*\"", "region = \"eu-west-?\"\nstage = \"Production\""),
    ] {
        let error = parse(&routes_of(&[earlier, later])).expect_err(later);
        assert_eq!(error.key, "route 2", "{earlier} before {later}");
        assert!(error.problem.starts_with("never reached: r1 comes first and matches everything"), "{error}");
        assert!(parse(&routes_of(&[later, earlier])).is_ok(), "{later} before {earlier}");
    }
    let error = parse(&format!("{}[default]\napprovers = [\"a@example.com\"]", routes_of(&["stage = \"?*\""])));
    assert!(error.unwrap_err().problem.starts_with("never reached: r1"));
}

#[test]
fn a_route_that_an_earlier_one_leaves_something_to_is_none_of_these() {
    for (earlier, later) in [
        ("stage = \"Prod-*\"", "stage = \"Prod*\""),
        ("stage = \"Production\"", "stage = \"Prod*\""),
        ("stage = \"Prod*\"", "stage = \"prod*\""),
        ("stage = \"?\"", "stage = \"*\""),
        ("stage = \"[a-y]*\"", "stage = \"[a-z]*\""),
        ("account = \"???????????[0-8]\"", "account = \"*\""),
        ("stage = \"Prod*\"\npipeline = \"payments-*\"", "stage = \"Production\""),
        ("region = \"eu-*\"\nstage = \"Prod*\"", "region = \"us-*\"\nstage = \"Production\""),
    ] {
        let text = routes_of(&[earlier, later]);
        assert!(parse(&text).is_ok(), "{earlier} before {later}: {:?}", parse(&text));
    }
}

#[test]
fn a_glob_that_no_name_can_match_is_refused() {
    for (part, glob) in [
        ("account", "*[a-z]*"),
        ("account", "1234567890*123"),
        ("account", "???????????"),
        ("region", "[A-Z]*"),
        ("stage", "[z-a]*"),
        ("stage", "a/*"),
    ] {
        let error = parse(&route_with(&format!("{part} = \"{glob}\""))).expect_err(glob);
        assert!(error.problem.starts_with(&format!("no {part} can have such a name")), "{error}: {glob}");
    }
    let long = "?".repeat(101);
    assert!(parse(&route_with(&format!("stage = \"{long}\""))).is_err());
}

#[test]
fn routes_that_take_from_others_without_hiding_them_are_a_warning() {
    for (earlier, later, warned) in [
        // Only the case differs.
        ("stage = \"Production\"", "stage = \"production\"", Some("only by capitals and small letters")),
        ("stage = \"PROD*\"", "stage = \"*uction\"\npipeline = \"a\"", None),
        ("stage = \"[A-Z]rod\"", "stage = \"prod\"\npipeline = \"a\"", Some("only by capitals")),
        ("stage = \"Production\"\npipeline = \"a\"", "stage = \"production\"\npipeline = \"b\"", None),
        // A laxer one takes a part of a stage that is named.
        ("pipeline = \"web-*\"", "stage = \"Production\"", Some("r1 comes first, takes a part of what")),
        ("pipeline = \"web-*\"", "stage = \"Production\"\npipeline = \"*-api\"", Some("needs fewer approvals")),
        ("pipeline = \"web-*\"", "stage = \"Production\"\npipeline = \"payments-*\"", None),
        ("pipeline = \"web-*\"", "stage = \"Prod*\"", None),
        // An exception, and then the rule.
        ("pipeline = \"web-*\"\nstage = \"Production\"", "stage = \"Production\"", None),
    ] {
        let policy = parse(&routes_of(&[earlier, later])).unwrap();
        let problems: Vec<&str> = policy.warnings().iter().map(|warning| warning.problem.as_str()).collect();
        match (problems.as_slice(), warned) {
            ([], None) => {}
            ([problem], Some(part)) if problem.contains(part) => {}
            _ => panic!("{earlier} before {later}: {problems:?}"),
        }
    }
    let lets = "[[route]]\npipeline = \"web-*\"\napprovers = [\"a@example.com\", \"b@example.com\"]\n";
    let bars = format!("{}initiator_may_approve = false\n", lets.replace("pipeline = \"web-*\"", "stage = \"Prod\""));
    let policy = parse(&format!("{lets}{bars}")).unwrap();
    let warning = &policy.warnings()[0];
    assert_eq!((warning.line, warning.key.as_str()), (4, "route 2"));
    assert!(warning.problem.ends_with("and lets the initiator approve"), "{warning}");
    assert_eq!(parse(&format!("{bars}{lets}")).unwrap().warnings(), []);
}

#[test]
fn the_longest_policy_is_compared_in_a_moment() {
    // Each route meets every other, and none covers one.
    let route = |number: usize| format!("[[route]]\nstage=\"*{number:02}*a?*\"\napprovers=[\"a@b.cd\"]\n");
    let text: String = (0..MAX_ROUTES).map(route).collect();
    assert!(text.len() <= MAX_TEXT);
    assert_eq!(parse(&text).unwrap().routes().count(), MAX_ROUTES);
}
