//! What attackers do to a world, and what is noticed of it.

use sandbox::simulation::Failed;
use serde_json::{Value, json};

use super::{Ground, World};
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

    /// Gives the notifier of a simulation a command, and waits for its report alone: what follows is under way.
    pub async fn command(&self, command: Value) -> Value {
        serde_json::to_value(self.simulation().command(command).await.unwrap()).unwrap()
    }

    /// Invokes the callback of a simulation without API Gateway, as everybody can who may invoke it: a form that was sent to
    /// the link's URL at this domain, from this network address.
    pub async fn invoke_callback(&self, link: &str, domain: &str, address: &str, form: &str) -> Page {
        let (_, query) = link.split_once('?').unwrap();
        let http = json!({
            "method": "POST", "path": "/approval", "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": "made up",
        });
        let answer = self.simulation().invoke_callback(json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/approval", "rawQueryString": query,
            "headers": {"content-type": "application/x-www-form-urlencoded"},
            "requestContext": {
                "accountId": "123456789012", "apiId": "made-up", "domainName": domain, "domainPrefix": "made-up",
                "http": http, "requestId": "made-up", "routeKey": "$default", "stage": "$default", "timeEpoch": 0,
            },
            "isBase64Encoded": false, "body": form,
        }));
        let answer = answer.await;
        self.settle().await;
        Page { status: answer.status, headers: answer.headers, body: answer.body }
    }

    /// Sends a body with these headers, as a page of another site can.
    pub async fn post_headed(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Page {
        self.send("POST", url, headers, body.to_owned()).await
    }

    /// The sum of a metric that both functions of a simulation wrote.
    pub fn metric(&self, name: &str) -> u64 {
        let lines = match &self.0 {
            Ground::Sandbox(sandbox, _) => sandbox.metrics(),
            Ground::Simulation(simulation) => simulation.metrics(),
        };
        let lines = lines.into_iter();
        lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()?[name].as_u64()).sum()
    }

    /// The ledger in the hands of somebody who may write it.
    pub fn ledger(&self) -> LedgerWriter<'_> {
        LedgerWriter::new(self.aws())
    }
}
