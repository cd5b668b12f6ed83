//! Throttling. The service's rates are not published; in public reports a burst of about fifty calls is throttled, and
//! loops over 160 pipelines are.

use std::collections::BTreeMap;

use time::UtcDateTime;

use super::errors::AwsError;

/// The rate of each account in each region. All callers there share it, and all operations.
pub(super) struct Rate {
    burst: f64,
    per_second: f64,
    buckets: BTreeMap<(String, String), Bucket>,
    throttled: usize,
}

/// Calls, which fill up again.
struct Bucket {
    left: f64,
    at: UtcDateTime,
}

impl Rate {
    pub(super) fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: f64::from(burst), per_second: f64::from(per_second), buckets: BTreeMap::new(), throttled: 0 }
    }

    /// Takes a call out of the bucket of an account and region.
    pub(super) fn take(&mut self, account: &str, region: &str, now: UtcDateTime) -> Result<(), AwsError> {
        let place = (account.to_owned(), region.to_owned());
        let bucket = self.buckets.entry(place).or_insert(Bucket { left: self.burst, at: now });
        let since = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + since * self.per_second).min(self.burst);
        bucket.at = now;
        if bucket.left < 1.0 {
            self.throttled += 1;
            return Err(AwsError::new("ThrottlingException", "Rate exceeded"));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    pub(super) fn throttled(&self) -> usize {
        self.throttled
    }
}
