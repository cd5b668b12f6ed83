//! Throttling. The service's rates are not published; in public reports a burst of about fifty calls is throttled, and
//! loops over 160 pipelines are.

use time::UtcDateTime;

use super::errors::AwsError;

/// A bucket of calls that fills up again. All callers share it, and all operations.
pub(super) struct Rate {
    burst: f64,
    per_second: f64,
    left: f64,
    at: UtcDateTime,
    throttled: usize,
}

impl Rate {
    pub(super) fn new(burst: u32, per_second: u32, now: UtcDateTime) -> Self {
        let burst = f64::from(burst);
        Self { burst, per_second: f64::from(per_second), left: burst, at: now, throttled: 0 }
    }

    /// Takes a call out of the bucket.
    pub(super) fn take(&mut self, now: UtcDateTime) -> Result<(), AwsError> {
        self.left = (self.left + (now - self.at).as_seconds_f64().max(0.0) * self.per_second).min(self.burst);
        self.at = now;
        if self.left < 1.0 {
            self.throttled += 1;
            return Err(AwsError::new("ThrottlingException", "Rate exceeded"));
        }
        self.left -= 1.0;
        Ok(())
    }

    pub(super) fn throttled(&self) -> usize {
        self.throttled
    }
}
