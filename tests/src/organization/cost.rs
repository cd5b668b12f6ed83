//! What hourly rounds cost in a month, by the prices that docs/install.md has: us-east-1, in USD, with their sources and
//! dates.

use std::fmt;

use sandbox::simulation::{Function, Usage};

const ROUNDS: f64 = 730.0;
const MILLION: f64 = 1e6;
/// The notifier's memory, in GB.
const MEMORY: f64 = 0.125;

/// Prices of a million.
const LAMBDA_REQUESTS: f64 = 0.20;
const FIFO_REQUESTS: f64 = 0.50;
const READS: f64 = 0.125;
const WRITES: f64 = 0.625;
const KMS: f64 = 15.0;
const EMAILS: f64 = 160.0;
/// The price of one on arm64.
const GB_SECOND: f64 = 0.000_013_333_4;

/// What is charged for a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charged {
    /// The notifier's invocations.
    pub invocations: f64,
    /// Its GB-seconds, without what computing takes.
    pub gb_seconds: f64,
    /// Requests to the sweep's queue: ours, and those by which Lambda takes each message out and deletes it.
    pub fifo: f64,
    /// Units of DynamoDB.
    pub reads: f64,
    /// Units of DynamoDB.
    pub writes: f64,
    /// Requests to KMS.
    pub kms: f64,
    /// Emails to one recipient each.
    pub emails: f64,
}

impl Charged {
    /// Of what was used.
    pub fn of(usage: &Usage) -> Self {
        let ours = usage.invocations.iter().filter(|invoked| invoked.function == Function::Notifier);
        let calls = |service: &str| {
            let of = usage.calls.iter().filter(|((called, _), _)| *called == service);
            of.map(|(_, number)| *number).sum::<usize>() as f64
        };
        let taken = ours.clone().filter(|invoked| invoked.group.is_some()).count() as f64;
        Self {
            invocations: ours.clone().count() as f64,
            // By the millisecond.
            gb_seconds: ours.map(|invoked| (invoked.took.as_secs_f64() * 1e3).ceil() / 1e3).sum::<f64>() * MEMORY,
            fifo: calls("sqs") + 2.0 * taken,
            reads: usage.reads,
            writes: usage.writes,
            kms: calls("kms"),
            emails: calls("ses"),
        }
    }

    /// The lines of the table, with the price of each a month.
    fn lines(&self) -> [(&'static str, f64, f64); 7] {
        [
            ("Lambda: GB-seconds", self.gb_seconds, GB_SECOND),
            ("Lambda: invocations", self.invocations, LAMBDA_REQUESTS / MILLION),
            ("SQS: requests of FIFO queues", self.fifo, FIFO_REQUESTS / MILLION),
            ("DynamoDB: read units", self.reads, READS / MILLION),
            ("DynamoDB: write units", self.writes, WRITES / MILLION),
            ("KMS: requests", self.kms, KMS / MILLION),
            ("SES: emails", self.emails, EMAILS / MILLION),
        ]
    }
}

impl fmt::Display for Charged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sum = 0.0;
        for (what, number, price) in self.lines() {
            let month = number * price * ROUNDS;
            sum += month;
            writeln!(f, "    {what:<30} {number:>9.1} a round, {month:>6.2} USD a month")?;
        }
        write!(f, "    {:<30} {:>18} {sum:>6.2} USD a month", "together", "")
    }
}
