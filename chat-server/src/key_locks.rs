//! Locks by key, for what has to be done in order to one key while others go on.

use std::hash::{BuildHasher, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// How many locks there are: keys share them. 4 KB, and few neighbours.
const LOCKS: usize = 128;

/// Locks by key.
pub struct KeyLocks {
    hasher: RandomState,
    locks: [Mutex<()>; LOCKS],
}

impl Default for KeyLocks {
    fn default() -> Self {
        Self { hasher: RandomState::new(), locks: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl KeyLocks {
    /// Waits until nobody else holds the lock of this key. Never hold two.
    pub async fn lock(&self, key: &(impl Hash + ?Sized)) -> MutexGuard<'_, ()> {
        let index = usize::try_from(self.hasher.hash_one(key) % LOCKS as u64).unwrap_or(0);
        self.locks[index].lock().await
    }
}
