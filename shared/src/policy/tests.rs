//! What a policy says about approvals and people.

use super::*;

const TEXT: &str = r#"
    [groups]
    platform = ["Ada Lovelace <ada@example.com>", "ben@example.com"]
    second = ["Ada@Example.com"]

    [[person]]
    address = "Ada Lovelace <ada@example.com>"
    addresses = ["lovelace@example.org"]
    principals = ["arn:aws:iam::123456789012:user/AArcher", "arn:aws:sts::*:assumed-role/Release/b.brook@corp.example"]

    [[route]]
    account = "1111*"
    approvers = ["platform"]
    [[route]]
    region = "eu-*-1"
    pipeline = "payments-*"
    approvers = ["platform"]
    [[route]]
    pipeline = "payments-?pi"
    stage = "Prod*"
    approvers = ["platform"]
    [[route]]
    name = "one of three"
    pipeline = "[a-c]*"
    approvers = ["platform"]
    [[route]]
    pipeline = "[!a-z]*"
    approvers = ["platform"]
    [[route]]
    name = "by action"
    action = "Sign[-_]off"
    approvers = ["platform"]
"#;

fn action([account, region, pipeline, stage, action]: [&str; 5]) -> ApprovalAction {
    ApprovalAction {
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        pipeline: pipeline.parse().unwrap(),
        stage: stage.parse().unwrap(),
        action: action.parse().unwrap(),
    }
}

#[test]
fn the_first_route_that_matches_decides() {
    let policy: Policy = TEXT.parse().unwrap();
    for (names, expected) in [
        // The account alone; everything else may be anything.
        (["111122223333", "eu-west-1", "payments-api", "Production", "Approve"], Some("route 1")),
        (["111100000000", "us-east-2", "x", "Y", "z"], Some("route 1")),
        // Region and pipeline must both match; a star takes nothing, too.
        (["222222222222", "eu-west-1", "payments-api", "Production", "Approve"], Some("route 2")),
        (["222222222222", "eu-central-1", "payments-", "Test", "Approve"], Some("route 2")),
        (["222222222222", "eu-west-2", "payments-api", "Production", "Approve"], Some("route 3")),
        (["222222222222", "eu-west-1", "payment-api", "Production", "Approve"], None),
        // A question mark is one character.
        (["222222222222", "us-east-2", "payments-xpi", "Prod", "Approve"], Some("route 3")),
        (["222222222222", "us-east-2", "payments-pi", "Prod", "Approve"], None),
        (["222222222222", "us-east-2", "payments-aapi", "Prod", "Approve"], None),
        // The stage.
        (["222222222222", "us-east-2", "payments-api", "Test", "Approve"], None),
        // A class of characters, and everything outside one.
        (["222222222222", "us-east-2", "backend", "Test", "Approve"], Some("one of three")),
        (["222222222222", "us-east-2", "c", "Test", "Approve"], Some("one of three")),
        (["222222222222", "us-east-2", "d", "Test", "Approve"], None),
        (["222222222222", "us-east-2", "Backend", "Test", "Approve"], Some("route 5")),
        (["222222222222", "us-east-2", "9lives", "Test", "Approve"], Some("route 5")),
        // The action. A whole name must match, not a part of it.
        (["222222222222", "us-east-2", "d", "Test", "Sign-off"], Some("by action")),
        (["222222222222", "us-east-2", "d", "Test", "Sign_off"], Some("by action")),
        (["222222222222", "us-east-2", "d", "Test", "Sign-off-2"], None),
    ] {
        let action = action(names);
        assert_eq!(policy.route(&action).ok().map(|route| route.name.as_str()), expected, "{names:?}");
        let with_default: Policy = format!("{TEXT}\n[default]\napprovers = [\"platform\"]").parse().unwrap();
        let name = with_default.route(&action).ok().map(|route| route.name.as_str());
        assert_eq!(name, Some(expected.unwrap_or(DEFAULT)), "{names:?}");
    }
}

#[test]
fn names_that_differ_from_a_route_only_in_case_do_not_fall_to_another() {
    let text = r#"
        [[route]]
        name = "payments"
        pipeline = "payments-*"
        stage = "Production"
        approvers = ["ada@example.com", "ben@example.com"]
        quorum = 2
        [[route]]
        name = "small letters"
        stage = "production-[a-z]*"
        approvers = ["ada@example.com"]
        [[route]]
        name = "capitals"
        stage = "PRODUCTION-*"
        approvers = ["ada@example.com"]
        [[route]]
        name = "any payments"
        pipeline = "payments-*"
        approvers = ["ada@example.com"]
    "#;
    let default = "[default]\napprovers = [\"ada@example.com\"]";
    for (pipeline, stage, without, with_default) in [
        ("payments-api", "Production", Ok("payments"), Ok("payments")),
        ("payments-api", "Test", Ok("any payments"), Ok("any payments")),
        ("web", "Test", Err(None), Ok("default")),
        // What takes any stage instead, a default or not, is not what was meant.
        ("payments-api", "production", Err(Some("payments")), Err(Some("payments"))),
        ("payments-api", "PRODUCTION", Err(Some("payments")), Err(Some("payments"))),
        ("Payments-api", "Production", Err(Some("payments")), Err(Some("payments"))),
        ("web", "Production-x", Err(Some("small letters")), Err(Some("small letters"))),
        // Another part differs as well.
        ("web", "production", Err(None), Ok("default")),
        // Whoever wrote a glob for the stage that matches knew of this spelling.
        ("web", "PRODUCTION-x", Ok("capitals"), Ok("capitals")),
    ] {
        let action = action(["222222222222", "us-east-2", pipeline, stage, "Approve"]);
        for (text, expected) in [(text.to_owned(), without), (format!("{text}{default}"), with_default)] {
            let policy: Policy = text.parse().unwrap();
            let found = policy.route(&action).map(|route| route.name.as_str()).map_err(|unrouted| match unrouted {
                Unrouted::NoRoute => None,
                Unrouted::OnlyInCase(route) => Some(route.name.as_str()),
            });
            assert_eq!(found, expected, "{pipeline} {stage}");
        }
    }
}

#[test]
fn the_default_route_is_tried_last_wherever_it_stands() {
    let text = "[default]\napprovers = [\"ada@example.com\"]\n\
                [[route]]\nstage = \"Production\"\napprovers = [\"ben@example.com\"]\n";
    let policy: Policy = text.parse().unwrap();
    let names: Vec<&str> = policy.routes().map(|(_, route)| route.name.as_str()).collect();
    assert_eq!(names, ["route 1", "default"]);
    let route = policy.route(&action(["123456789012", "us-east-2", "p", "Production", "a"])).unwrap();
    assert_eq!(route.approvers, ["ben@example.com".parse().unwrap()]);
}

#[test]
fn a_route_tells_why_it_does_not_match() {
    let policy: Policy = TEXT.parse().unwrap();
    let (globs, _) = policy.routes().nth(1).unwrap();
    assert!(globs.admit(Part::Pipeline, "payments-api") && !globs.admit(Part::Region, "us-east-2"));
    assert!(globs.admit(Part::Account, "anything"), "no glob");
    assert_eq!(globs.get(Part::Region), Some("eu-*-1"));
    assert_eq!(globs.get(Part::Account), None);
}

/// Who a principal is, in an account.
fn recognised(policy: &Policy, principal: &str) -> Result<String, &'static str> {
    match policy.recognise(&principal.parse().unwrap(), &"123456789012".parse().unwrap()) {
        Recognition::Person(address) => Ok(address.identity()),
        Recognition::Nobody => Err("nobody"),
        Recognition::Several => Err("several"),
    }
}

#[test]
fn a_person_is_a_user_or_an_identity_center_session_of_the_pipelines_account_or_what_is_declared() {
    let policy: Policy = TEXT.parse().unwrap();
    let ada = || Ok("ada@example.com".to_owned());
    let nobody = || Err("nobody");
    for (principal, person) in [
        // Named by administrators: by an address or the part before the @, in whatever case and path.
        ("arn:aws:iam::123456789012:user/ada", ada()),
        ("arn:aws:iam::123456789012:user/teams/platform/ADA", ada()),
        ("arn:aws:iam::123456789012:user/ada@example.com", ada()),
        ("arn:aws:iam::123456789012:user/lovelace@example.org", ada()),
        ("arn:aws:iam::123456789012:user/Lovelace", ada()),
        ("arn:aws-cn:iam::123456789012:user/ada", ada()),
        ("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada", ada()),
        ("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/Ada@Example.com", ada()),
        ("arn:aws:iam::123456789012:user/ben", Ok("ben@example.com".to_owned())),
        // Declared.
        ("arn:aws:iam::123456789012:user/aarcher", ada()),
        ("arn:aws:sts::123456789012:assumed-role/Release/b.brook@corp.example", ada()),
        ("arn:aws:sts::999999999999:assumed-role/release/B.Brook@corp.example", ada()),
        // A session's name is what whoever assumes the role picks.
        ("arn:aws:sts::123456789012:assumed-role/Release/ada", nobody()),
        ("arn:aws:sts::123456789012:assumed-role/Release/ben@example.com", nobody()),
        ("arn:aws:sts::123456789012:assumed-role/MyAWSReservedSSO_x/ada", nobody()),
        ("arn:aws:sts::123456789012:assumed-role/x/AWSReservedSSO_Admin_0123456789abcdef/ada", nobody()),
        ("arn:aws:sts::123456789012:assumed-role/Release/x/b.brook@corp.example", nobody()),
        ("arn:aws:sts::123456789012:assumed-role/x/Release/b.brook@corp.example", nobody()),
        ("arn:aws:sts::123456789012:federated-user/ada", nobody()),
        ("arn:aws:iam::123456789012:root", nobody()),
        ("arn:aws:iam::123456789012:role/ada", nobody()),
        // Another account's administrators name whom they like.
        ("arn:aws:iam::999999999999:user/ada", nobody()),
        ("arn:aws:iam::999999999999:user/aarcher", nobody()),
        ("arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ada", nobody()),
        // Nearly.
        ("arn:aws:iam::123456789012:user/adam", nobody()),
        ("arn:aws:iam::123456789012:user/ada/x", nobody()),
        ("arn:aws:iam::123456789012:user/ada@example.org", nobody()),
        ("arn:aws:iam::123456789012:user/teams/aarcher", nobody()),
    ] {
        assert_eq!(recognised(&policy, principal), person, "{principal}");
    }
}

#[test]
fn of_two_people_of_one_name_neither_is_recognised_unless_one_declares_it() {
    let default = "[default]\napprovers = [\"ada@example.com\", \"ada@example.org\"]\n";
    let user = "arn:aws:iam::123456789012:user/ada";
    assert_eq!(recognised(&default.parse().unwrap(), user), Err("several"));
    let person = format!("[[person]]\naddress = \"ada@example.org\"\nprincipals = [\"{user}\"]\n");
    let policy: Policy = format!("{person}{default}").parse().unwrap();
    assert_eq!(recognised(&policy, user), Ok("ada@example.org".to_owned()));
    let session = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_A_0123456789abcdef/ada";
    assert_eq!(recognised(&policy, session), Err("several"));
    assert_eq!(recognised(&policy, &format!("{session}@example.com")), Ok("ada@example.com".to_owned()));
}

#[test]
fn somebody_who_only_gets_copies_is_nobody_in_aws() {
    let policy: Policy =
        "[default]\napprovers = [\"ada@example.com\"]\ncopy = [\"audit@example.com\"]".parse().unwrap();
    assert_eq!(recognised(&policy, "arn:aws:iam::123456789012:user/audit"), Err("nobody"));
}

#[test]
fn the_groups_of_a_person_are_known() {
    let policy: Policy = TEXT.parse().unwrap();
    let groups =
        |address: &str| -> Vec<String> { policy.groups_of(&address.parse().unwrap()).map(str::to_owned).collect() };
    assert_eq!(groups("ADA@example.com"), ["platform", "second"]);
    assert_eq!(groups("ben@example.com"), ["platform"]);
    assert_eq!(groups("carol@example.com"), [""; 0]);
}

#[test]
fn nobody_shows_in_debug_output() {
    let policy: Policy = TEXT.parse().unwrap();
    let shown = format!("{policy:?}").to_lowercase();
    for part in ["@", "ada", "lovelace", "archer", "brook"] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn the_examples_are_sound_and_the_guide_shows_them() {
    let guide = include_str!("../../../docs/policy.md");
    for (name, text) in [
        ("small-team.toml", include_str!("../../../docs/policies/small-team.toml")),
        ("regulated.toml", include_str!("../../../docs/policies/regulated.toml")),
    ] {
        let policy = text.parse::<Policy>();
        assert!(policy.is_ok(), "{name}: {policy:?}");
        let indented: String =
            text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect();
        assert!(guide.contains(&indented), "docs/policy.md does not have {name} as it is");
    }
}

/// The routes of a policy, in order: pipeline, stage and approvers. An empty glob is none.
type Routes<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

fn policy_of(routes: Routes) -> Result<Policy, PolicyError> {
    let routes = routes.iter().map(|(pipeline, stage, approvers)| {
        let globs = [("pipeline", pipeline), ("stage", stage)].into_iter().filter(|(_, glob)| !glob.is_empty());
        let globs: String = globs.map(|(key, glob)| format!("{key} = \"{glob}\"\n")).collect();
        let table = if globs.is_empty() { "[default]" } else { "[[route]]" };
        let approvers = approvers.iter().map(|name| format!("\"{name}@example.com\"")).collect::<Vec<_>>().join(", ");
        format!("{table}\n{globs}approvers = [{approvers}]\nquorum = 1\n")
    });
    routes.collect::<String>().parse()
}

/// What changes, in short: who, `+` or `-`, and what; `everything` for what has no globs.
fn told(before: Routes, now: Routes) -> Vec<String> {
    fn parts(globs: &Globs) -> String {
        let parts: Vec<&str> = Part::ALL.into_iter().flat_map(|part| globs.all(part)).collect();
        if parts.is_empty() { "everything".to_owned() } else { parts.join(" ") }
    }
    let line = |who: &Approver, sign: &str, right: &Right| {
        let name = who.address.expose().split('@').next().unwrap();
        let except: String = right.except.iter().map(|globs| format!(" except {}", parts(globs))).collect();
        format!("{name} {sign}{}{except}", parts(&right.matches))
    };
    let (before, now) = (policy_of(before).unwrap(), policy_of(now).unwrap());
    let changes = before.changes(&now);
    let mut told = Vec::new();
    for person in changes.people() {
        let change = changes.of(person);
        for (sign, rights) in [("+", &change.gained), ("-", &change.lost)] {
            told.extend(rights.own.iter().map(|right| line(person, sign, right)));
            assert!(!rights.more);
        }
    }
    // Everybody is told of everybody's whom it concerns.
    for person in changes.people() {
        let change = changes.of(person);
        for (sign, rights) in [("+", &change.gained), ("-", &change.lost)] {
            for (who, right) in &rights.of_others {
                assert!(told.contains(&line(who, sign, right)), "{told:?}");
            }
        }
    }
    told
}

#[test]
fn a_change_says_who_gains_and_who_loses_what() {
    const NOTHING: &[&str] = &[];
    for (before, now, expected) in [
        // The same; in other words; a quorum's people in another order.
        (&[("", "", &["ada", "ben"][..])][..], &[("", "", &["ben", "ada"][..])][..], NOTHING),
        (&[("", "", &["ada"])], &[("*", "", &["ada"])], NOTHING),
        // People come and go.
        (&[("", "", &["ada"])], &[("", "", &["ben"])], &["ada -everything", "ben +everything"]),
        (&[("a", "", &["ada"])], &[("a", "", &["ada", "ben"])], &["ben +a"]),
        // A route in front takes something from everybody behind it.
        (&[("", "", &["ada"])], &[("", "Prod", &["eve"]), ("", "", &["ada"])], &["ada -Prod", "eve +Prod"]),
        (&[("", "Prod", &["eve"]), ("", "", &["ada"])], &[("", "", &["ada"])], &["ada +Prod", "eve -Prod"]),
        // What somebody keeps, or does not get, of what they lose or gain.
        (
            &[("", "Prod", &["ada"]), ("", "", &["ada"])],
            &[("", "Prod", &["ada"]), ("", "", &["ben"])],
            &["ada -everything except Prod", "ben +everything except Prod"],
        ),
        (&[("a*", "", &["ada"])], &[("ab", "", &["ada"])], &["ada -a* except ab"]),
        // The order decides where two routes meet.
        (
            &[("a*", "", &["ada"]), ("", "Prod", &["ben"])],
            &[("", "Prod", &["ben"]), ("a*", "", &["ada"])],
            &["ada -a* Prod", "ben +a* Prod"],
        ),
        (
            &[("a*", "", &["ada"]), ("*b", "", &["ben"])],
            &[("*b", "", &["ben"]), ("a*", "", &["ada"])],
            &["ada -a* *b", "ben +a* *b"],
        ),
        // No route is left.
        (&[("a", "", &["ada"]), ("b", "", &["ben"])], &[("b", "", &["ben"])], &["ada -a"]),
    ] {
        assert_eq!(told(before, now), expected, "{before:?} to {now:?}");
    }
}

/// Of many pairs of policies: whoever may decide something that they could not decide before, or the reverse, is told of
/// it, and what is told is true.
#[test]
fn changes_are_complete_and_true() {
    let globs = [("a", ""), ("a*", ""), ("*b", ""), ("", "Prod"), ("a*", "Prod"), ("?", ""), ("", "P*")];
    let people: [&[&str]; 4] = [&["ada"], &["ben"], &["ada", "ben"], &["ben", "eve"]];
    let names = [("a", "Prod"), ("ab", "Prod"), ("ab", "Test"), ("b", "Pre"), ("cb", "Prod"), ("c", "Test")];
    let actions = names.map(|(pipeline, stage)| action(["123456789012", "us-east-2", pipeline, stage, "Approve"]));
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut policy = || {
        let mut routes = Vec::new();
        for _ in 0..random(4) {
            let (name, of_stage) = globs[random(globs.len())];
            routes.push((name, of_stage, people[random(people.len())]));
        }
        routes.push(("", "", people[random(people.len())]));
        routes
    };
    let mut pairs = 0;
    for _ in 0..2000 {
        let (before, now) = (policy(), policy());
        // A route that can never be reached is refused.
        let (Ok(old), Ok(new)) = (policy_of(&before), policy_of(&now)) else { continue };
        pairs += 1;
        let changes = old.changes(&new);
        let of: BTreeMap<String, RightsChange> =
            changes.people().map(|person| (person.address.identity(), changes.of(person))).collect();
        for action in &actions {
            let deciders = |policy: &Policy| -> Vec<String> {
                let first = policy.routes().find(|(globs, _)| matches!(globs.fit(action), Fit::Matches));
                first
                    .map(|(_, route)| route.approvers.iter().map(|who| who.address.identity()).collect())
                    .unwrap_or_default()
            };
            let (could, may) = (deciders(&old), deciders(&new));
            let matches = |globs: &Globs| matches!(globs.fit(action), Fit::Matches);
            for who in ["ada@example.com", "ben@example.com", "eve@example.com"] {
                let change = of.get(who);
                let is_told_of = |rights: &[Right]| rights.iter().any(|right| matches(&right.matches));
                let holds = |rights: &[Right]| {
                    rights.iter().any(|right| matches(&right.matches) && !right.except.iter().any(matches))
                };
                let gained = change.map(|change| change.gained.own.as_slice()).unwrap_or_default();
                let lost = change.map(|change| change.lost.own.as_slice()).unwrap_or_default();
                let (could, may) = (could.iter().any(|one| one == who), may.iter().any(|one| one == who));
                let context = format!("{who} {action}: {before:?} to {now:?}");
                assert!(could || !may || is_told_of(gained), "not told of what they gain: {context}");
                assert!(may || !could || is_told_of(lost), "not told of what they lose: {context}");
                assert!(may || !holds(gained), "told of what they did not gain: {context}");
                assert!(!may || !holds(lost), "told of what they did not lose: {context}");
            }
        }
    }
    assert!(pairs > 200, "{pairs}");
}

#[test]
fn whoever_decides_beside_somebody_new_is_told_who_that_is() {
    let before = policy_of(&[("a", "", &["ada", "ben"]), ("b", "", &["zoe"])]).unwrap();
    let now = policy_of(&[("a", "", &["ada", "eve"]), ("b", "", &["zoe"])]).unwrap();
    let changes = before.changes(&now);
    let people: Vec<&str> = changes.people().map(|person| person.address.expose()).collect();
    assert_eq!(people, ["ada@example.com", "ben@example.com", "eve@example.com"]);
    let ada = changes.of(changes.people().next().unwrap());
    let others = |rights: &Rights| -> Vec<String> {
        rights.of_others.iter().map(|(who, _)| who.address.expose().to_owned()).collect()
    };
    assert!(ada.gained.own.is_empty() && ada.lost.own.is_empty());
    assert_eq!(
        (others(&ada.gained), others(&ada.lost)),
        (vec!["eve@example.com".into()], vec!["ben@example.com".into()])
    );
}

/// A policy may cross a hundred globs with each other. Nobody is told of all that, nor is it ever written out.
#[test]
fn a_change_of_the_longest_policy_is_bounded() {
    let names: Vec<String> =
        (0..99_u8).map(|n| format!("*{}{}*", char::from(b'a' + n % 26), char::from(b'a' + n / 26))).collect();
    let people: [&[&str]; 2] = [&["ada", "ben"], &["eve"]];
    let mut routes: Vec<(&str, &str, &[&str])> =
        names.iter().enumerate().map(|(n, name)| (name.as_str(), "", people[n % 2])).collect();
    let before = policy_of(&routes).unwrap();
    routes.reverse();
    let now = policy_of(&routes).unwrap();
    let changes = before.changes(&now);
    assert_eq!(changes.people().len(), 3);
    for person in changes.people() {
        let RightsChange { gained, lost, .. } = changes.of(person);
        for rights in [gained, lost] {
            assert!(rights.more && rights.own.len() <= 200 && rights.of_others.len() <= 200);
            assert!(rights.own.iter().all(|right| right.except.len() <= 10));
        }
    }
}

#[test]
fn what_somebody_loses_is_not_lost_among_what_changes_for_others() {
    let names: Vec<String> = (0..41).map(|n| format!("s{n}")).collect();
    let of = |others: &'static [&'static str], last: &'static [&'static str]| {
        let mut routes: Vec<(&str, &str, &[&str])> = names.iter().map(|name| (name.as_str(), "", others)).collect();
        routes.push(("last", "", last));
        policy_of(&routes).unwrap()
    };
    let before = of(&["zoe", "ada", "ben", "cem", "dan", "eli"], &["zoe", "ada"]);
    let now = of(&["zoe", "eve", "fay", "gus", "hal", "ida"], &["ada"]);
    let changes = before.changes(&now);
    let zoe = changes.people().find(|person| person.address.expose() == "zoe@example.com").unwrap();
    let lost = changes.of(zoe).lost;
    assert!(lost.more && lost.of_others.len() <= 200);
    assert_eq!(lost.own.len(), 1);
}

#[test]
fn a_change_is_told_in_the_time_zone_of_the_policy_that_knew_the_person_first() {
    let policy = |own: &str, of_route: &str, who: &str| -> Policy {
        let person = format!("[[person]]\naddress = \"ada@example.com\"\n{own}\n");
        format!("{person}[default]\napprovers = [\"{who}@example.com\"]\n{of_route}\n").parse().unwrap()
    };
    let (berlin, tokyo) = ("time_zone = \"Europe/Berlin\"", "time_zone = \"Asia/Tokyo\"");
    for (before, now, expected) in [
        (policy("", "", "ada"), policy(tokyo, tokyo, "ben"), ["UTC", "Asia/Tokyo"]),
        (policy("", berlin, "ada"), policy(tokyo, tokyo, "ben"), ["Europe/Berlin", "Asia/Tokyo"]),
        (policy(berlin, tokyo, "ada"), policy("", "", "ben"), ["Europe/Berlin", "UTC"]),
        (policy(tokyo, "", "ben"), policy(berlin, tokyo, "ada"), ["Europe/Berlin", "UTC"]),
    ] {
        let changes = before.changes(&now);
        let zones: Vec<&str> = changes.people().map(|person| changes.of(person).time_zone.as_str()).collect();
        assert_eq!(zones, expected);
    }
}
