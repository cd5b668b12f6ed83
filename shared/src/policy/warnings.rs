//! What is valid, and may not be what the author of a policy meant.

use std::collections::BTreeSet;

use super::people::{People, local_part};
use super::written::Written;
use super::{Part, PolicyWarning};
use crate::approval::DisplayName;

const SAME_NAME: &str = "two of these persons have the same display name; nobody can tell their votes apart by it";
const SAME_LOCAL_PART: &str = "two of these persons have addresses that differ only in the domain: somebody whom AWS calls \
                               by what comes before it is recognised as neither, and may start no release, unless \
                               principals in a [[person]] say who that is";

/// What is odd about routes, each alone and beside the earlier ones.
pub fn of_routes(routes: &[Written], everybody: &People) -> Vec<PolicyWarning> {
    let mut warnings = Vec::new();
    for (index, written) in routes.iter().enumerate() {
        let Some(approvers) = written.table.get("approvers") else { continue };
        let names = written.route.approvers.iter().filter_map(|approver| approver.name.as_ref());
        if has_twice(names.map(|name: &DisplayName| name.expose().to_lowercase())) {
            warnings.push(approvers.odd(SAME_NAME));
        }
        let persons = written.route.approvers.iter().filter_map(|approver| everybody.get(&approver.address));
        // Two addresses of one person may have the same name in front.
        let names =
            persons.flat_map(|person| person.identities.iter().map(|id| local_part(id)).collect::<BTreeSet<_>>());
        if !written.route.initiator_may_approve && has_twice(names.map(str::to_owned)) {
            warnings.push(approvers.odd(SAME_LOCAL_PART));
        }
        for earlier in routes.iter().take(index) {
            warnings.extend(beside(earlier, written));
        }
    }
    warnings
}

fn has_twice(names: impl Iterator<Item = String>) -> bool {
    let mut seen = BTreeSet::new();
    names.into_iter().any(|name| !seen.insert(name))
}

/// What is odd about a route beside an earlier one.
fn beside(earlier: &Written, later: &Written) -> Option<PolicyWarning> {
    let name = &earlier.route.name;
    if earlier.globs.meet_only_in_case(&later.globs) {
        let problem = format!("also matches names that {name} misses only by capitals and small letters");
        return Some(later.table.odd(problem));
    }
    // An exception before the rule is how routes are meant to be written.
    let is_exception = later.globs.cover(&earlier.globs);
    if is_exception || !later.globs.names(Part::Stage) || !earlier.globs.meet(&later.globs) {
        return None;
    }
    let asks_for = if earlier.route.quorum < later.route.quorum {
        "needs fewer approvals"
    } else if earlier.route.initiator_may_approve && !later.route.initiator_may_approve {
        "lets the initiator approve"
    } else {
        return None;
    };
    Some(later.table.odd(format!("{name} comes first, takes a part of what this route matches, and {asks_for}")))
}
