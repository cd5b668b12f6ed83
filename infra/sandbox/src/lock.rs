//! Taking a lock, whatever happened to its last holder.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock. A panic while it was held elsewhere leaves nothing half-written here, so what is inside is still good.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
