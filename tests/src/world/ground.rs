//! The operations that a sandbox and a simulation do differently.

use sandbox::aws::Aws;
use sandbox::simulation::Failed;
use serde_json::{Value, json};
use time::Duration;

use super::Ground::{Sandbox as Real, Simulation as Simulated};
use super::World;
use crate::{Mail, Page, links_of};

impl World {
    /// The errors of the notifier's asynchronous invocations, oldest first: `TYPE: MESSAGE`.
    pub fn failures(&self) -> Vec<String> {
        match &self.0 {
            Real(sandbox, _) => {
                let failures = sandbox.failures().into_iter();
                failures.map(|failure| format!("{}: {}", failure.error_type, failure.error_message)).collect()
            }
            Simulated(simulation) => simulation.failures(),
        }
    }

    pub fn aws(&self) -> &Aws {
        match &self.0 {
            Real(sandbox, _) => sandbox.aws(),
            Simulated(simulation) => simulation.aws(),
        }
    }

    /// Waits until every event has been handled.
    pub async fn settle(&self) {
        match &self.0 {
            Real(sandbox, _) => sandbox.settle().await,
            Simulated(simulation) => simulation.settle().await,
        }
    }

    /// Advances the time, and waits for everything that follows, each at its time. For an hour or more, the sweep runs
    /// every hour, the last time at the end.
    pub async fn advance(&self, by: Duration) {
        match &self.0 {
            Real(sandbox, _) => sandbox.advance(by).await,
            Simulated(simulation) => {
                // What runs takes time, too.
                let begin = simulation.now();
                let pass_until = async |passed: Duration| {
                    let left: Duration = begin + passed - simulation.now();
                    simulation.pass(left.max(Duration::ZERO).unsigned_abs()).await;
                };
                for hours in (0..by.whole_hours()).rev() {
                    pass_until(by - Duration::hours(hours)).await;
                    simulation.sweep();
                    simulation.settle().await;
                }
                pass_until(by).await;
                simulation.settle().await;
            }
        }
    }

    /// Runs the sweep once, and returns its report or its error.
    pub async fn sweep(&self) -> Result<Value, String> {
        let report = match &self.0 {
            Real(sandbox, _) => sandbox.sweep().await.map_err(|error| error.error_message),
            Simulated(simulation) => {
                let report = simulation.command(json!({"sweep": {}})).await;
                simulation.settle().await;
                report.map_err(|failed| match failed {
                    Failed::Error(error) => error.error_message,
                    Failed::Death(death) => format!("{death:?}"),
                })
            }
        };
        report.map(|report| serde_json::to_value(report).unwrap())
    }

    pub(super) async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: String) -> Page {
        match &self.0 {
            Real(_, browser) => {
                let request = browser.request(method.parse().unwrap(), url);
                let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
                let request = if body.is_empty() && method != "POST" { request } else { request.body(body) };
                let answer = request.send().await.unwrap();
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                Page { status, headers, body: answer.text().await.unwrap() }
            }
            Simulated(simulation) => {
                let answer = simulation.send(method, url, headers, body).await;
                Page { status: answer.status, headers: answer.headers, body: answer.body }
            }
        }
    }

    /// Posts an event as a checker from outside would.
    pub async fn event(&self, event: &Value) -> (u16, Value) {
        match &self.0 {
            Real(_, browser) => {
                let answer = browser.post(self.url("/events")).json(event).send().await.unwrap();
                let status = answer.status().as_u16();
                (status, answer.json().await.unwrap())
            }
            Simulated(simulation) => match simulation.play(event.clone()).await {
                Ok(report) => (200, serde_json::to_value(report).unwrap()),
                Err(Failed::Error(error)) => {
                    (500, json!({"errorType": error.error_type, "errorMessage": error.error_message}))
                }
                Err(Failed::Death(death)) => (500, json!({"errorType": format!("{death:?}"), "errorMessage": ""})),
            },
        }
    }

    // Not by HTTP: written and read as JSON, whole mailboxes took up to a fifth of the time of a story.
    #[allow(clippy::unused_async)] // Like all else that looks at a world.
    pub async fn mails(&self) -> Vec<Mail> {
        self.aws().ses.look(|mails| {
            let read = |mail: &sandbox::aws::ses::Mail| {
                Mail::of([&mail.to, &mail.subject, &mail.text, &mail.html, &mail.raw].map(Clone::clone))
            };
            mails.iter().map(read).collect()
        })
    }

    /// Calls CodePipeline as a user with an AWS account would. Returns the output, or the error's name.
    pub async fn codepipeline(&self, operation: &str, input: Value) -> Result<Value, String> {
        match &self.0 {
            Real(_, browser) => {
                let answer = browser
                    .post(self.url("/aws"))
                    .header("x-amz-target", format!("CodePipeline_20150709.{operation}"))
                    .header("authorization", "AWS4-HMAC-SHA256 Credential=AKIAOPERATOR/20261120/us-east-2/codepipeline/aws4_request, SignedHeaders=host, Signature=0")
                    .header("content-type", "application/x-amz-json-1.1")
                    .body(input.to_string())
                    .send()
                    .await
                    .unwrap();
                let ok = answer.status().is_success();
                let body: Value = answer.json().await.unwrap();
                if ok { Ok(body) } else { Err(body["__type"].as_str().unwrap_or_default().to_owned()) }
            }
            Simulated(simulation) => {
                let caller = "arn:aws:iam::123456789012:user/AKIAOPERATOR";
                let output = simulation.aws().codepipeline.call(operation, &input, caller);
                simulation.settle().await;
                output.map_err(|error| error.code)
            }
        }
    }
}

impl Mail {
    fn of([to, subject, text, html, raw]: [String; 5]) -> Self {
        let (approve, reject) = match links_of(&text)[..] {
            [approve, reject] => (approve, reject),
            [] => ("", ""),
            _ => panic!("two links, or none, in {text}"),
        };
        let (approve, reject) = (approve.to_owned(), reject.to_owned());
        Self { to, subject, html, raw, approve, reject, text }
    }
}
