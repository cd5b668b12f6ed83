//! Faults on demand, so that tests see what the functions do when AWS fails.

use std::sync::Mutex;

use crate::lock::lock;

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service answers this error, and nothing else happens.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The error's name in the service's model.
        code: String,
        /// The service's words.
        message: String,
    },
    /// The service does what it was asked to, and the caller gets a 500.
    LoseAnswer,
    /// Nothing goes wrong: a later call is meant.
    LetPass,
}

struct Planned {
    service: String,
    operation: String,
    left: usize,
    fault: Fault,
}

/// The faults to come.
#[derive(Default)]
pub(super) struct Faults {
    /// In the order in which they were planned.
    planned: Mutex<Vec<Planned>>,
    /// Who is cut off, after how many more calls.
    cut: Mutex<Option<(String, usize)>>,
}

impl Faults {
    pub(super) fn plan(&self, service: &str, operation: &str, times: usize, fault: Fault) {
        let planned = Planned { service: service.to_owned(), operation: operation.to_owned(), left: times, fault };
        lock(&self.planned).push(planned);
    }

    pub(super) fn cut_off(&self, cut: Option<(String, usize)>) {
        *lock(&self.cut) = cut;
    }

    /// Whether this caller's call comes to nothing, as all that follow: he has died.
    pub(super) fn is_cut_off(&self, caller: &str) -> bool {
        match lock(&self.cut).as_mut() {
            Some((who, left)) if caller.contains(who.as_str()) => {
                let dead = *left == 0;
                *left = left.saturating_sub(1);
                dead
            }
            _ => false,
        }
    }

    /// The fault for this call, which is then used up.
    pub(super) fn next(&self, service: &str, operation: &str) -> Option<Fault> {
        let mut planned = lock(&self.planned);
        planned.retain(|plan| plan.left > 0);
        let plan = planned.iter_mut().find(|plan| plan.service == service && plan.operation == operation)?;
        plan.left -= 1;
        Some(plan.fault.clone())
    }
}
