//! Faults: the ways in which a call can fail, and plans of when it does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The function that makes a call.
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

/// A fault in one attempt at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is refused.
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
    /// The service denies the function access.
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
    /// CodePipeline does not find an execution, because it has only just begun. Not one of [`ALL`](Self::ALL): no other
    /// call has such an answer.
    NotFoundYet,
}

/// The delay of [`Fault::Late`]: longer than one attempt may take, and shorter than anybody waits before they try again.
pub const LATE: Duration = Duration::from_secs(4);

impl Fault {
    /// All faults that any call can meet.
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

    /// The fault's name in a schedule.
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
            Self::NotFoundYet => "not-found-yet",
        }
    }

    /// Whether the fault ends the process, so that there is no further attempt.
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
    /// The fault.
    pub fault: Fault,
    /// Whether every attempt meets the fault, or only the first.
    pub always: bool,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.step, self.fault.name(), if self.always { "*" } else { "" })
    }
}

/// Why a text is not a fault of this kind: what was expected instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct FaultError(String);

impl FaultError {
    fn expected(what: &str) -> Self {
        Self(what.to_owned())
    }
}

impl FromStr for Function {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let found = [Self::Notifier, Self::Callback].into_iter().find(|function| function.to_string() == text);
        found.ok_or_else(|| FaultError::expected("notifier or callback"))
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == text)
            .ok_or_else(|| FaultError::expected(&format!("one of the faults {}", names())))
    }
}

impl FromStr for Planned {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = || FaultError::expected("STEP:FAULT or STEP:FAULT*, with STEP the number of a call");
        let (step, fault) = text.split_once(':').ok_or_else(wrong)?;
        let (fault, always) = fault.strip_suffix('*').map_or((fault, false), |fault| (fault, true));
        Ok(Self { step: step.parse().map_err(|_| wrong())?, fault: fault.parse()?, always })
    }
}

/// An outage: every call of one operation by one function fails for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The calling function.
    pub function: Function,
    /// The service, by its name in signatures.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The fault.
    pub fault: Fault,
    /// For how long after the beginning of the simulation.
    pub lasts: Duration,
}

/// `FUNCTION,SERVICE,OPERATION,FAULT,SECONDS`.
impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, service, operation, fault, lasts } = self;
        write!(f, "{function},{service},{operation},{},{}", fault.name(), lasts.as_secs())
    }
}

impl FromStr for Outage {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = || FaultError::expected("FUNCTION,SERVICE,OPERATION,FAULT,SECONDS");
        let fields: Vec<&str> = text.split(',').collect();
        let [function, service, operation, fault, lasts] = fields.as_slice() else { return Err(wrong()) };
        Ok(Self {
            function: function.parse()?,
            service: (*service).to_owned(),
            operation: (*operation).to_owned(),
            fault: fault.parse()?,
            lasts: Duration::from_secs(lasts.parse().map_err(|_| wrong())?),
        })
    }
}

/// All faults of a simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The faults at single steps.
    pub faults: Vec<Planned>,
    /// The outage, if there is one.
    pub outage: Option<Outage>,
}

/// A selection of future calls: of one function, of one operation, in one region, or several of these. All of them, unless [`skip`](Self::skip)
/// and [`take`](Self::take) say otherwise, which count attempts as an iterator would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    function: Option<Function>,
    operation: Option<&'static str>,
    region: Option<&'static str>,
    skip: usize,
    take: usize,
}

impl Calls {
    const ANY: Self = Self { function: None, operation: None, region: None, skip: 0, take: usize::MAX };

    /// Every call of a function.
    #[must_use]
    pub fn by(function: Function) -> Self {
        Self { function: Some(function), ..Self::ANY }
    }

    /// Every call of an operation.
    #[must_use]
    pub fn of(operation: &'static str) -> Self {
        Self { operation: Some(operation), ..Self::ANY }
    }

    /// Every call to a service in a region.
    #[must_use]
    pub fn to(region: &'static str) -> Self {
        Self { region: Some(region), ..Self::ANY }
    }

    /// The selection without its first attempts, as many as this.
    #[must_use]
    pub fn skip(self, attempts: usize) -> Self {
        Self { skip: attempts, ..self }
    }

    /// The selection, limited to this many attempts.
    #[must_use]
    pub fn take(self, attempts: usize) -> Self {
        Self { take: attempts, ..self }
    }

    /// Whether an attempt is one of the selection. Counts the attempt.
    pub(super) fn next(&mut self, function: Function, operation: &str, region: Option<&str>) -> bool {
        let is_one = self.function.is_none_or(|wanted| wanted == function)
            && self.operation.is_none_or(|wanted| wanted == operation)
            && self.region.is_none_or(|wanted| region == Some(wanted));
        if !is_one || self.take == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.take -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_can_be_written_and_read() {
        for fault in Fault::ALL {
            for always in [false, true] {
                let planned = Planned { step: 7, fault, always };
                assert_eq!(planned.to_string().parse(), Ok(planned));
            }
        }
        let outage = "callback,dynamodb,UpdateItem,hang-after,4800";
        assert_eq!(outage.parse::<Outage>().unwrap().to_string(), outage);
        for text in ["", "callback,dynamodb,UpdateItem,late", "nobody,ses,SendRawEmail,late,1", "callback,a,b,late,x"] {
            assert!(text.parse::<Outage>().is_err(), "{text:?}");
        }
        for text in ["", "7", "7:", ":late", "x:late", "7:later", "-1:late"] {
            assert!(text.parse::<Planned>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn calls_are_skipped_and_taken_as_by_an_iterator() {
        let mut calls = Calls::of("Sign").skip(1).take(2);
        assert!(!calls.next(Function::Notifier, "GetItem", None));
        let met: Vec<bool> = (0..4).map(|_| calls.next(Function::Notifier, "Sign", Some("us-east-2"))).collect();
        assert_eq!(met, [false, true, true, false]);
        let mut calls = Calls::by(Function::Callback);
        assert!(calls.next(Function::Callback, "GetItem", None) && !calls.next(Function::Notifier, "GetItem", None));
        let mut calls = Calls::to("eu-west-1");
        let met = [None, Some("us-east-2"), Some("eu-west-1")].map(|to| calls.next(Function::Notifier, "Sign", to));
        assert_eq!(met, [false, false, true]);
    }
}
