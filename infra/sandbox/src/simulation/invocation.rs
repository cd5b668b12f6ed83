//! An invocation of a function, which ends when its work is done, at its time-out, or when it is killed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// Counts the invocations of all functions, from 1.
pub type Number = usize;

/// The reason for which an invocation died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// A fault killed the process.
    Killed,
    /// Lambda ended it at its time-out.
    TimedOut,
    /// The function panicked.
    Panicked,
}

#[derive(Clone)]
struct Invocation {
    number: Number,
    killed: Arc<Notify>,
}

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// Runs `work` as the invocation with this number. The work continues even if its caller stops waiting.
pub(super) async fn run<T: Send + 'static>(
    number: Number,
    limit: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Death> {
    let invocation = Invocation { number, killed: Arc::default() };
    let killed = Arc::clone(&invocation.killed);
    let life = async move {
        tokio::select! {
            biased;
            () = killed.notified() => Err(Death::Killed),
            done = timeout(limit, work) => done.map_err(|_| Death::TimedOut),
        }
    };
    tokio::spawn(INVOCATION.scope(invocation, life)).await.unwrap_or(Err(Death::Panicked))
}

/// The number of the invocation that calls this; 0 when none does.
pub(super) fn number() -> Number {
    INVOCATION.try_with(|invocation| invocation.number).unwrap_or(0)
}

/// Ends the invocation that calls this.
pub(super) async fn die<T>() -> T {
    let _ = INVOCATION.try_with(|invocation| invocation.killed.notify_one());
    std::future::pending().await
}
