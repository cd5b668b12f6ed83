//! Valid policies, and any other text.

use countersign::policy::Policy;
use fuzz::policy;
use proptest::prelude::*;

/// One route, by its meaning.
#[derive(Debug, Clone)]
struct RouteSpec {
    approvers: Vec<String>,
    quorum: usize,
    pipeline: Option<String>,
    reason_required: bool,
    initiator_may_approve: bool,
    hours: Option<u32>,
}

impl RouteSpec {
    fn text(&self, table: &str) -> String {
        let Self { approvers, quorum, pipeline, reason_required, initiator_may_approve, hours } = self;
        let mut text =
            format!("{table}\napprovers = {approvers:?}\nquorum = {quorum}\nreason_required = {reason_required}\n");
        text += &format!("initiator_may_approve = {initiator_may_approve}\n");
        text += &pipeline.as_ref().map(|glob| format!("pipeline = \"{glob}\"\n")).unwrap_or_default();
        text += &hours.map(|hours| format!("expires = \"{hours}h\"\n")).unwrap_or_default();
        text
    }
}

fn route() -> impl Strategy<Value = RouteSpec> {
    let people = prop::collection::btree_set("[a-z]{1,6}@[a-z]{1,6}\\.example", 1..6);
    let glob = proptest::option::of("[a-z]{1,8}[*?]?[a-z]{0,3}");
    let hours = proptest::option::of(1_u32..1440);
    (people, any::<prop::sample::Index>(), glob, any::<bool>(), prop::bool::weighted(0.8), hours).prop_map(
        |(people, quorum, pipeline, reason_required, initiator_may_approve, hours)| {
            let approvers: Vec<String> = people.into_iter().collect();
            let quorum = quorum.index(approvers.len()) + 1;
            RouteSpec { approvers, quorum, pipeline, reason_required, initiator_may_approve, hours }
        },
    )
}

/// Lines of a policy, in any order.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("[groups]".to_owned()),
        Just("[[person]]".to_owned()),
        Just("address = \"A <a@example.com>\"".to_owned()),
        Just("addresses = [\"a+b@example.com\"]".to_owned()),
        "principals = \\[\"arn:aws:(iam|sts)::(\\*|123456789012):(user|assumed-role)/[a-z*?/]{1,9}\"\\]",
        "automatic_start = \"(allow|refuse)\"",
        "after_rejection = \"(anybody|rejecter)\"",
        Just("[default]".to_owned()),
        Just("[[route]]".to_owned()),
        Just("approvers = [\"a@example.com\", \"team\"]".to_owned()),
        Just("team = [\"b@example.com\"]".to_owned()),
        Just("initiator_may_approve = false".to_owned()),
        "quorum = -?[0-9]{1,20}",
        "remind = \\[\"[0-9]{1,3}[hdms]\", \"[0-9]{1,2}d\"\\]",
        "expires = \"[0-9]{1,4}[hdm]\"",
        "(account|region|pipeline|stage|action|name) = \"[a-z0-9*?!\\[\\]-]{0,20}\"",
        "copy = \\[\"[a-z@.]{0,15}\"\\]",
        "language = \"[a-z]{2}\"",
        "[a-z.\"]{1,8} = [\\[{\"']?[a-z@.]{0,12}[\\]}\"']?",
        "\\PC{0,40}",
    ];
    prop::collection::vec(line, 0..25).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_a_sound_policy_or_an_error(text in "\\PC{0,200}", lines in lines()) {
        policy::check(&text);
        policy::check(&lines);
    }

    #[test]
    fn what_is_written_is_read(routes in prop::collection::vec(route(), 0..6), mut default in route()) {
        default.pipeline = None;
        let mut routes: Vec<RouteSpec> = routes.into_iter().filter(|route| route.pipeline.is_some()).collect();
        for (number, route) in routes.iter_mut().enumerate() {
            // None covers another.
            route.pipeline = route.pipeline.take().map(|glob| format!("{number}{glob}"));
        }
        let mut text: String = routes.iter().map(|route| route.text("[[route]]")).collect();
        text += &default.text("[default]");
        policy::check(&text);
        // The initiator may be one of the approvers that the quorum needs.
        let is_short = |route: &RouteSpec| !route.initiator_may_approve && route.quorum == route.approvers.len();
        if routes.iter().chain([&default]).any(is_short) {
            prop_assert!(text.parse::<Policy>().is_err());
            return Ok(());
        }
        let policy: Policy = text.parse().unwrap();
        let read: Vec<_> = policy.routes().collect();
        prop_assert_eq!(read.len(), routes.len() + 1);
        for ((_, read), written) in read.into_iter().zip(routes.iter().chain([&default])) {
            let approvers: Vec<&str> = read.approvers.iter().map(|person| person.address.expose()).collect();
            prop_assert_eq!(approvers, written.approvers.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(read.quorum.get(), written.quorum);
            prop_assert_eq!(read.reason_required, written.reason_required);
            prop_assert_eq!(read.initiator_may_approve, written.initiator_may_approve);
            prop_assert_eq!(read.expires.map(|expires| expires.whole_hours()), written.hours.map(i64::from));
        }
    }
}
