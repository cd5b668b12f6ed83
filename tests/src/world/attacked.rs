//! What attackers do to a world, and what is noticed of it.

use sandbox::simulation::Failed;
use serde_json::Value;

use super::World;
use crate::Page;
use crate::ledger_writer::LedgerWriter;

impl World {
    /// Invokes the notifier of a simulation with an event as it is, as everybody can who may invoke it or publish to its
    /// topic. Nothing becomes pending by it, unlike by [`event`](Self::event). Returns the report, or the error's message.
    pub async fn invoke(&self, event: Value) -> Result<Value, String> {
        let report = self.simulation().command(event).await;
        self.settle().await;
        match report {
            Ok(report) => Ok(serde_json::to_value(report).unwrap()),
            Err(Failed::Error(error)) => Err(error.error_message),
            Err(Failed::Death(death)) => Err(format!("{death:?}")),
        }
    }

    /// Sends a body with these headers, as a page of another site can.
    pub async fn post_headed(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Page {
        self.send("POST", url, headers, body.to_owned()).await
    }

    /// The sum of a metric that both functions of a simulation wrote.
    pub fn metric(&self, name: &str) -> u64 {
        let lines = self.simulation().metrics().into_iter();
        lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()?[name].as_u64()).sum()
    }

    /// The ledger in the hands of somebody who may write it.
    pub fn ledger(&self) -> LedgerWriter<'_> {
        LedgerWriter::new(self.aws())
    }
}
