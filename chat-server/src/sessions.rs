//! The sockets of this server, and how many it takes.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use hubbub_protocol::{DeviceId, ServerFrame, SessionId, Timestamp, UserId};
use tokio::sync::watch;

use crate::session::{
    inbox::Inbox,
    outbox::{Closing, Outbox},
};

/// What the server knows of a socket beside its session.
#[derive(Debug)]
pub struct Line {
    /// Which session.
    pub session: SessionId,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// What it is to do beside what its peer says.
    pub inbox: Inbox,
    owner: OnceLock<Owner>,
    moving: AtomicBool,
}

/// Who said hello, and with which device's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub user: UserId,
    /// Which of the user's devices.
    pub device: DeviceId,
    /// The token.
    pub token: String,
    /// When the token ends unless it is used before.
    pub expires: Timestamp,
}

impl Line {
    /// Sends the client to another server, after a delay of its own.
    pub fn send_away(&self, delay: std::time::Duration, reason: &str) {
        self.moving.store(true, Ordering::Release);
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.outbox.say(&ServerFrame::Reconnect { delay_ms, reason: reason.to_owned() });
    }

    /// The client was told to go, and may as well stay.
    pub fn stays(&self) {
        self.moving.store(false, Ordering::Release);
    }

    /// Whether the client was told to go: however it ends, it comes back elsewhere.
    pub fn is_moving(&self) -> bool {
        self.moving.load(Ordering::Acquire)
    }

    /// Whether hello was said.
    pub fn is_greeted(&self) -> bool {
        self.owner.get().is_some()
    }

    /// Whose it is, from hello on.
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.get()
    }
}

#[cfg(test)]
impl Owner {
    /// With a token that nobody looks at.
    pub(crate) fn for_test(user: UserId, device: DeviceId) -> Self {
        Self { user, device, token: String::new(), expires: Timestamp::from_unix_millis(0) }
    }
}

/// All sockets of the server.
#[derive(Debug)]
pub struct Sessions {
    capacity: usize,
    queue_bytes: usize,
    lines: Mutex<Lines>,
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Lines {
    all: HashMap<SessionId, Arc<Line>>,
    /// Those that said hello.
    by_user: HashMap<UserId, Vec<Arc<Line>>>,
    greeted: usize,
}

impl Sessions {
    /// None yet, of at most `capacity`, each with a queue of `queue_bytes`.
    pub fn new(capacity: usize, queue_bytes: usize) -> Self {
        Self { capacity, queue_bytes, lines: Mutex::default(), open: watch::Sender::new(0) }
    }

    /// A place for one more socket; `None` when the server is full.
    pub fn open(self: &Arc<Self>) -> Option<Ticket> {
        let mut lines = self.lines();
        if lines.all.len() >= self.capacity {
            return None;
        }
        let line = Arc::new(Line {
            session: SessionId::random(),
            outbox: Arc::new(Outbox::new(self.queue_bytes)),
            inbox: Inbox::default(),
            owner: OnceLock::new(),
            moving: AtomicBool::new(false),
        });
        lines.all.insert(line.session, Arc::clone(&line));
        self.open.send_replace(lines.all.len());
        drop(lines);
        Some(Ticket { sessions: Arc::clone(self), line })
    }

    /// How many sockets the server takes.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many said hello.
    pub fn greeted(&self) -> usize {
        self.lines().greeted
    }

    /// The bytes that wait in all queues.
    pub fn queue_bytes(&self) -> usize {
        self.lines().all.values().map(|line| line.outbox.bytes()).sum()
    }

    /// All of this moment, in no order.
    pub fn all(&self) -> Vec<Arc<Line>> {
        self.lines().all.values().cloned().collect()
    }

    /// Those of a user at this moment.
    pub fn of(&self, user: UserId) -> Vec<Arc<Line>> {
        self.lines().by_user.get(&user).cloned().unwrap_or_default()
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

    fn lines(&self) -> MutexGuard<'_, Lines> {
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
    pub fn greet(&self, owner: Owner) {
        let mut lines = self.sessions.lines();
        let user = owner.user;
        if self.line.owner.set(owner).is_ok() {
            lines.greeted += 1;
            lines.by_user.entry(user).or_default().push(Arc::clone(&self.line));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut lines = self.sessions.lines();
        lines.all.remove(&self.line.session);
        if let Some(&Owner { user, .. }) = self.line.owner() {
            lines.greeted -= 1;
            if let Entry::Occupied(mut theirs) = lines.by_user.entry(user) {
                theirs.get_mut().retain(|line| line.session != self.line.session);
                if theirs.get().is_empty() {
                    theirs.remove();
                }
            }
        }
        self.sessions.open.send_replace(lines.all.len());
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
        let owner = Owner::for_test(UserId::random(), DeviceId::random());
        first.greet(owner.clone());
        first.greet(owner);
        assert_eq!(sessions.greeted(), 1);
        drop(first);
        assert_eq!(sessions.greeted(), 0);
        sessions.emptied().await;
        assert!(sessions.open().is_some());
    }

    #[tokio::test]
    async fn a_users_sessions_are_those_that_are_open() {
        let sessions = Arc::new(Sessions::new(3, 1_000));
        let (user, device) = (UserId::random(), DeviceId::random());
        let tickets: Vec<_> = (0..3).filter_map(|_| sessions.open()).collect();
        tickets[0].greet(Owner::for_test(user, device));
        tickets[1].greet(Owner::for_test(user, DeviceId::random()));
        tickets[2].greet(Owner::for_test(UserId::random(), device));
        let mut tickets = tickets.into_iter();
        let first = tickets.next();
        assert_eq!(sessions.of(user).len(), 2);
        drop(first);
        assert_eq!(sessions.of(user).len(), 1);
        drop(tickets);
        assert!(sessions.of(user).is_empty());
        assert!(sessions.lines().by_user.is_empty(), "nothing is kept of users who are not here");
    }
}
