//! The sandbox's clock, which can be moved: nobody waits seven days to see an approval expire.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use countersign::clock::{Clock, system};
use time::{Duration, UtcDateTime};

use crate::lock::lock;

/// A clock that runs ahead of the machine's, or is frozen until it is moved.
#[derive(Clone)]
pub struct SandboxClock {
    base: Clock,
    ahead: Arc<Mutex<Duration>>,
}

impl SandboxClock {
    /// The machine's time, and whatever it is moved ahead by.
    #[must_use]
    pub fn running() -> Self {
        Self::from(system())
    }

    /// A clock frozen at `moment`.
    #[must_use]
    pub fn frozen_at(moment: UtcDateTime) -> Self {
        let frozen: Clock = Arc::new(move || moment);
        Self::from(frozen)
    }

    /// A clock that shows `begin` now, and then follows tokio's clock, which may be paused.
    pub(crate) fn simulated_from(begin: UtcDateTime) -> Self {
        let start = tokio::time::Instant::now();
        let simulated: Clock =
            Arc::new(move || begin.saturating_add(Duration::try_from(start.elapsed()).unwrap_or(Duration::MAX)));
        Self::from(simulated)
    }

    fn from(base: Clock) -> Self {
        Self { base, ahead: Arc::default() }
    }

    /// The present moment here.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        let ahead = *lock(&self.ahead);
        (self.base)().saturating_add(ahead)
    }

    /// The clock as the functions and services take it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    /// The clock as the AWS SDK takes it, which looks at it for when sessions of roles expire.
    pub(crate) fn time_source(&self) -> SharedTimeSource {
        SharedTimeSource::new(Source(self.clone()))
    }

    /// Moves time on. What follows from it happens when [`Sandbox::advance`](crate::Sandbox::advance) does this.
    pub(crate) fn advance(&self, by: Duration) {
        let mut ahead = lock(&self.ahead);
        *ahead = ahead.saturating_add(by);
    }
}

/// A clock for the AWS SDK.
struct Source(SandboxClock);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sandbox's clock")
    }
}

impl TimeSource for Source {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}
