//! What a session has to do beside what its peer says: it concerns its user and happened elsewhere. Bounded; a
//! session that does not get to it is closed, and finds everything as it is when it comes back.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::engine::UserEvent;

/// How much may wait. A session that waits for a slow engine gets to it within seconds, and in seconds nobody is
/// renamed or taken out of rooms so often.
const CAPACITY: usize = 32;

/// What waits for one session. The dispatcher puts in, the session takes out.
#[derive(Debug, Default)]
pub struct Inbox {
    // No channel: it would hold memory for its first dozens of events in every idle session.
    waiting: Mutex<VecDeque<UserEvent>>,
    filled: Notify,
}

impl Inbox {
    /// Puts something at the end. Returns whether there was room for it.
    #[must_use]
    pub fn push(&self, event: UserEvent) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = waiting.len() < CAPACITY;
        if fits {
            waiting.push_back(event);
            drop(waiting);
            self.filled.notify_one();
        }
        fits
    }

    /// The next, when there is one. For one session alone; dropped, it has taken nothing.
    pub async fn next(&self) -> UserEvent {
        loop {
            if let Some(event) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return event;
            }
            self.filled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_comes_out_in_order_and_is_bounded() {
        let inbox = Inbox::default();
        assert!(inbox.push(UserEvent::Deleted));
        for _ in 1..CAPACITY {
            assert!(inbox.push(UserEvent::RoomsChanged));
        }
        assert!(!inbox.push(UserEvent::RoomsChanged));
        assert_eq!(inbox.next().await, UserEvent::Deleted);
        assert!(inbox.push(UserEvent::RoomsChanged));
    }
}
