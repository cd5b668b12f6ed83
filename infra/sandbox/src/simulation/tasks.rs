//! Background tasks, counted so that one can wait until none runs.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts tasks.
#[derive(Clone)]
pub(super) struct Tasks(Arc<watch::Sender<usize>>);

/// One task, for as long as it runs, panics included.
struct One(Tasks);

impl Drop for One {
    fn drop(&mut self) {
        (self.0.0).send_modify(|number| *number -= 1);
    }
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.send_modify(|number| *number += 1);
        let one = One(self.clone());
        tokio::spawn(async move {
            let _one = one;
            work.await;
        });
    }

    /// Waits until no task runs.
    pub(super) async fn none(&self) {
        // The sender lives in `self`.
        let _ = self.0.subscribe().wait_for(|number| *number == 0).await;
    }

    pub(super) fn is_empty(&self) -> bool {
        *self.0.borrow() == 0
    }
}
