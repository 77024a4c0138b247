//! The sockets of this server, and how many it takes.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use hubbub_protocol::{ServerFrame, SessionId};
use tokio::sync::watch;

use crate::session::outbox::{Closing, Outbox};

/// What the server knows of a socket beside its session.
#[derive(Debug)]
pub struct Line {
    /// Which session.
    pub session: SessionId,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    greeted: AtomicBool,
    moving: AtomicBool,
}

impl Line {
    /// Sends the client to another server, after a delay of its own.
    pub fn send_away(&self, delay: std::time::Duration, reason: &str) {
        self.moving.store(true, Ordering::Release);
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.outbox.say(&ServerFrame::Reconnect { delay_ms, reason: reason.to_owned() });
    }

    /// Whether the client was told to go: however it ends, it comes back elsewhere.
    pub fn is_moving(&self) -> bool {
        self.moving.load(Ordering::Acquire)
    }

    /// Whether hello was said.
    pub fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::Acquire)
    }
}

/// All sockets of the server.
#[derive(Debug)]
pub struct Sessions {
    capacity: usize,
    queue_bytes: usize,
    lines: Mutex<HashMap<SessionId, Arc<Line>>>,
    greeted: AtomicUsize,
    open: watch::Sender<usize>,
}

impl Sessions {
    /// None yet, of at most `capacity`, each with a queue of `queue_bytes`.
    pub fn new(capacity: usize, queue_bytes: usize) -> Self {
        Self {
            capacity,
            queue_bytes,
            lines: Mutex::default(),
            greeted: AtomicUsize::new(0),
            open: watch::Sender::new(0),
        }
    }

    /// A place for one more socket; `None` when the server is full.
    pub fn open(self: &Arc<Self>) -> Option<Ticket> {
        let mut lines = self.lines();
        if lines.len() >= self.capacity {
            return None;
        }
        let line = Arc::new(Line {
            session: SessionId::random(),
            outbox: Arc::new(Outbox::new(self.queue_bytes)),
            greeted: AtomicBool::new(false),
            moving: AtomicBool::new(false),
        });
        lines.insert(line.session, Arc::clone(&line));
        self.open.send_replace(lines.len());
        drop(lines);
        Some(Ticket { sessions: Arc::clone(self), line })
    }

    /// How many sockets the server takes.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many said hello.
    pub fn greeted(&self) -> usize {
        self.greeted.load(Ordering::Relaxed)
    }

    /// The bytes that wait in all queues.
    pub fn queue_bytes(&self) -> usize {
        self.lines().values().map(|line| line.outbox.bytes()).sum()
    }

    /// All of this moment, in no order.
    pub fn all(&self) -> Vec<Arc<Line>> {
        self.lines().values().cloned().collect()
    }

    /// Closes all of this moment.
    pub fn close_all(&self, closing: Closing) {
        self.all().iter().for_each(|line| line.outbox.close(closing));
    }

    /// Returns when there is no socket.
    pub async fn emptied(&self) {
        // The sender lives as long as `self`.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's place. Dropped, the place is free.
#[derive(Debug)]
pub struct Ticket {
    sessions: Arc<Sessions>,
    line: Arc<Line>,
}

impl Ticket {
    /// The socket as the server knows it.
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// The session said hello. Once.
    pub fn greet(&self) {
        if !self.line.greeted.swap(true, Ordering::AcqRel) {
            self.sessions.greeted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.line.is_greeted() {
            self.sessions.greeted.fetch_sub(1, Ordering::Relaxed);
        }
        let mut lines = self.sessions.lines();
        lines.remove(&self.line.session);
        self.sessions.open.send_replace(lines.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_server_takes_the_next_only_when_one_is_gone() {
        let sessions = Arc::new(Sessions::new(1, 1_000));
        let first = sessions.open().unwrap();
        assert!(sessions.open().is_none());
        first.greet();
        first.greet();
        assert_eq!(sessions.greeted(), 1);
        drop(first);
        assert_eq!(sessions.greeted(), 0);
        sessions.emptied().await;
        assert!(sessions.open().is_some());
    }
}
