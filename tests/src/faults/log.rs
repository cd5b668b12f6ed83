//! The log that both functions write during a story, at the level `trace`.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use countersign::log::{LevelFilter, filter};
use tracing_subscriber::layer::SubscriberExt;

/// The captured log lines.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Runs `work`, which stays on this thread, and returns its result with the lines that were written meanwhile.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let writer = self.clone();
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
        let subscriber =
            tracing_subscriber::registry().with(filter(LevelFilter::TRACE, &["callback", "notifier"])).with(layer);
        let done = tracing::subscriber::with_default(subscriber, work);
        (done, self.so_far())
    }

    pub fn so_far(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.0.lock().unwrap()).lines().map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
