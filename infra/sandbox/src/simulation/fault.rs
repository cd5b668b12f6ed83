//! What can go wrong with a call, and when it does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Who makes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// The notifier.
    Notifier,
    /// The callback.
    Callback,
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notifier => "notifier",
            Self::Callback => "callback",
        })
    }
}

/// What goes wrong with one attempt at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nobody listens.
    Refused,
    /// The connection is reset before the request is read.
    ResetBefore,
    /// The connection is reset when the call has taken effect.
    ResetAfter,
    /// 500, and nothing happens.
    ErrorBefore,
    /// 500, and the call has taken effect all the same.
    ErrorAfter,
    /// The service throttles.
    Throttled,
    /// The service says that the function may not do this.
    Denied,
    /// No answer ever comes, and nothing happens.
    HangBefore,
    /// No answer ever comes, and the call has taken effect.
    HangAfter,
    /// No answer ever comes, and the call takes effect [`LATE`] after it was made, when the caller has given up and
    /// perhaps tried again.
    Late,
    /// An answer that is neither JSON nor XML, and nothing happens: something on the way answered.
    GarbledBefore,
    /// An answer that is neither JSON nor XML, and the call has taken effect.
    GarbledAfter,
    /// The process dies right before the call.
    KilledBefore,
    /// The process dies right after the call has taken effect, and has not seen its answer.
    KilledAfter,
}

/// How late [`Fault::Late`] is: longer than one attempt may take, and shorter than anybody who tries again himself.
pub const LATE: Duration = Duration::from_secs(4);

impl Fault {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Refused,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::Throttled,
        Self::Denied,
        Self::HangBefore,
        Self::HangAfter,
        Self::Late,
        Self::GarbledBefore,
        Self::GarbledAfter,
        Self::KilledBefore,
        Self::KilledAfter,
    ];

    /// Its name in a schedule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::ErrorBefore => "error-before",
            Self::ErrorAfter => "error-after",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::HangBefore => "hang-before",
            Self::HangAfter => "hang-after",
            Self::Late => "late",
            Self::GarbledBefore => "garbled-before",
            Self::GarbledAfter => "garbled-after",
            Self::KilledBefore => "killed-before",
            Self::KilledAfter => "killed-after",
        }
    }

    /// Whether it ends the process, so that there is no further attempt.
    #[must_use]
    pub fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// A fault at a step of a story, written `STEP:FAULT`, or `STEP:FAULT*` when it meets every attempt at that call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// The number of the call, from 1. The attempts of the SDK at one call are one step.
    pub step: usize,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether it goes wrong at every attempt, or at the first alone.
    pub always: bool,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.step, self.fault.name(), if self.always { "*" } else { "" })
    }
}

/// A text that is no fault at a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not STEP:FAULT or STEP:FAULT*")]
pub struct NoFault(String);

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        Self::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| NoFault(text.to_owned()))
    }
}

impl FromStr for Planned {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let none = || NoFault(text.to_owned());
        let (step, fault) = text.split_once(':').ok_or_else(none)?;
        let (fault, always) = fault.strip_suffix('*').map_or((fault, false), |fault| (fault, true));
        Ok(Self { step: step.parse().map_err(|_| none())?, fault: fault.parse().map_err(|_| none())?, always })
    }
}

/// Every call of one operation by one function goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Who calls.
    pub function: Function,
    /// The service, by its name in signatures.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// What goes wrong.
    pub fault: Fault,
    /// For how long after the beginning of the simulation.
    pub lasts: Duration,
}

/// All that goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// At single steps.
    pub faults: Vec<Planned>,
    /// For a while.
    pub outage: Option<Outage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_fault_can_be_written_and_read() {
        for fault in Fault::ALL {
            for always in [false, true] {
                let planned = Planned { step: 7, fault, always };
                assert_eq!(planned.to_string().parse(), Ok(planned));
            }
        }
        for text in ["", "7", "7:", ":late", "x:late", "7:later", "-1:late"] {
            assert!(text.parse::<Planned>().is_err(), "{text:?}");
        }
    }
}
