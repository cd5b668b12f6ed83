//! Running the notifier as Lambda would.

use std::sync::{Arc, Mutex};

use lambda_runtime::Diagnostic;
use notifier::Notifier;
use notifier::report::Report;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::lock::lock;

/// The pause after which is looked for further events.
const A_MOMENT: std::time::Duration = std::time::Duration::from_millis(2);

/// The most failed events that are remembered.
const REMEMBERED: usize = 100;

/// An event whose invocation failed. Lambda would try it twice more and then hand it to the dead-letter queue; here it
/// is kept, and posting it to `/events` runs it again.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The event.
    pub event: Value,
    /// The error's type, as Lambda reports it.
    pub error_type: String,
    /// The error's message.
    pub error_message: String,
}

/// The id of an invocation, which is never tried again here.
fn request_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// The notifier and the events that CodePipeline has for it.
pub(crate) struct Lambda {
    notifier: Notifier,
    events: tokio::sync::Mutex<UnboundedReceiver<Value>>,
    failures: Mutex<Vec<Failure>>,
}

impl Lambda {
    pub(crate) fn new(notifier: Notifier, events: UnboundedReceiver<Value>) -> Arc<Self> {
        Arc::new(Self { notifier, events: tokio::sync::Mutex::new(events), failures: Mutex::default() })
    }

    /// One invocation.
    pub(crate) async fn invoke(&self, event: &Value) -> Result<Report, Diagnostic> {
        self.notifier.handle(event, &request_id()).await.map_err(Diagnostic::from)
    }

    /// One invocation, and beside it every event that is waiting or comes meanwhile: the doctor waits for one.
    pub(crate) async fn invoke_among_others(&self, event: Value) -> Result<Report, Diagnostic> {
        let notifier = self.notifier.clone();
        let invocation =
            tokio::spawn(async move { notifier.handle(&event, &request_id()).await.map_err(Diagnostic::from) });
        while !invocation.is_finished() {
            self.drain().await;
            tokio::time::sleep(A_MOMENT).await;
        }
        invocation.await.unwrap_or_else(|died| {
            Err(Diagnostic { error_type: "Runtime.ExitError".to_owned(), error_message: died.to_string() })
        })
    }

    /// Runs every event that is waiting, and the ones that follow from them. When this returns, none was waiting.
    pub(crate) async fn drain(&self) {
        let mut events = self.events.lock().await;
        while let Ok(event) = events.try_recv() {
            self.run(event).await;
        }
    }

    /// One invocation that nobody waits for.
    pub(crate) async fn run(&self, event: Value) {
        if let Err(Diagnostic { error_type, error_message, .. }) = self.invoke(&event).await {
            let mut failures = lock(&self.failures);
            if failures.len() < REMEMBERED {
                failures.push(Failure { event, error_type, error_message });
            }
        }
    }

    pub(crate) fn failures(&self) -> Vec<Failure> {
        lock(&self.failures).clone()
    }
}
