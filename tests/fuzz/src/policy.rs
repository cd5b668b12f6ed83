//! Any text at all, read as a policy.

use std::collections::BTreeSet;

use countersign::approval::ApprovalAction;
use countersign::policy::{AutomaticStart, DEFAULT, MAX_ROUTES, MAX_TEXT, Part, Policy, Route, Unrouted};
use time::Duration;

use crate::fixture::approval;

/// The characters that an error may have: it goes into a log line and into the doctor's answer.
const MAX_ERROR: usize = 1000;

/// Reads the bytes as the value of an SSM parameter.
pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
    }
}

/// Checks that an accepted policy can be carried out, and that a refusal is one short line without an address.
pub fn check(text: &str) {
    let policy: Policy = match text.parse() {
        Ok(policy) => policy,
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.chars().count() <= MAX_ERROR, "{shown}");
            assert!(!shown.contains('@'), "{shown}");
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
            assert!((1..=text.matches('\n').count() + 1).contains(&error.line), "{shown}");
            let line = text.split('\n').nth(error.line - 1).unwrap();
            assert!((1..=line.chars().count() + 1).contains(&error.column), "{shown}");
            return;
        }
    };
    assert!(text.len() <= MAX_TEXT);
    for warning in policy.warnings() {
        assert!(!warning.to_string().contains('@'), "{warning}");
        assert!((1..=text.matches('\n').count() + 1).contains(&warning.line), "{warning}");
    }
    let routes: Vec<_> = policy.routes().collect();
    // A pipeline's name may have an `@`, and so may its glob.
    let has_names_with_at = routes
        .iter()
        .any(|(globs, _)| Part::ALL.into_iter().any(|part| globs.get(part).is_some_and(|glob| glob.contains('@'))));
    assert!(has_names_with_at || !format!("{policy:?}").contains('@'), "debug output shows no address");
    assert!((1..=MAX_ROUTES + 1).contains(&routes.len()));
    let names: BTreeSet<&str> = routes.iter().map(|(_, route)| route.name.as_str()).collect();
    assert_eq!(names.len(), routes.len(), "no name twice");
    for (_, route) in &routes {
        check_route(route);
    }
    let default = routes.iter().position(|(_, route)| route.name == DEFAULT);
    assert!(default.is_none_or(|position| position == routes.len() - 1), "the default route is the last");
    for action in actions() {
        let expected = routes.iter().find(|(globs, _)| {
            let ApprovalAction { account, region, pipeline, stage, action } = &action;
            let names = [account.as_str(), region.as_str(), pipeline.as_str(), stage.as_str(), action.as_str()];
            Part::ALL.into_iter().zip(names).all(|(part, name)| globs.admit(part, name))
        });
        let expected = expected.map(|(_, route)| *route);
        match policy.route(&action) {
            Ok(route) => assert_eq!(Some(route), expected, "the first that matches"),
            Err(Unrouted::NoRoute) => assert!(expected.is_none() && default.is_none()),
            Err(Unrouted::OnlyInCase(meant)) => assert_ne!(Some(meant), expected, "it matches in no other way"),
        }
    }
    let commented = format!("{text}\n# The end.\n");
    if commented.len() <= MAX_TEXT {
        let again: Policy = commented.parse().expect("a comment changes nothing");
        assert!(again.routes().map(|(_, route)| route).eq(routes.iter().map(|(_, route)| *route)));
    }
}

fn check_route(route: &Route) {
    let Route { name, approvers, quorum, remind, expires, copy, initiator_may_approve, automatic_start, .. } = route;
    assert!(*automatic_start == AutomaticStart::Allow || !initiator_may_approve, "a key that changes nothing");
    assert!((1..=64).contains(&name.chars().count()) && !name.contains('@'), "{name}");
    let deciding: BTreeSet<String> = approvers.iter().map(|person| person.address.identity()).collect();
    assert_eq!(deciding.len(), approvers.len(), "each mailbox once");
    let free = deciding.len() - usize::from(!initiator_may_approve);
    assert!((1..=free).contains(&quorum.get()), "the quorum can be reached");
    let watching: BTreeSet<String> = copy.iter().map(|person| person.address.identity()).collect();
    assert_eq!(watching.len(), copy.len(), "each mailbox once");
    assert!(watching.is_disjoint(&deciding), "no approver is copied");
    assert!(remind.windows(2).all(|pair| pair[0] > pair[1]), "the longest first, none twice");
    assert!(remind.iter().all(|before| (Duration::hours(2)..=Duration::days(60)).contains(before)));
    if let Some(expires) = expires {
        assert!((Duration::minutes(5)..=Duration::days(60)).contains(expires));
        assert!(remind.iter().all(|before| before < expires));
    }
}

/// Approvals of the usual kinds, and one that a careless matcher would need forever for.
fn actions() -> [ApprovalAction; 3] {
    let long = "a".repeat(100);
    [["payments-api", "Production", "Approve"], ["a", "b", "c"], [&long, &long, &long]]
        .map(|names| approval(names, "t").action)
}
