//! A room: what its task, its sessions and the dispatcher share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_protocol::{Epoch, LeftReason, Offset, RoomName, ServerFrame, SessionId, UserId};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::timeout,
};

use super::{
    latest_page::LatestPage,
    members::{Members, Seat},
    presence_batch::PresenceBatch,
    shared_read::SharedRead,
    tail::Tail,
};
use crate::{
    engine::{EngineError, RoomEvent, Roster},
    session::{encode, outbox::Text},
};

/// A page does not fit the room's stream: one of the two is out of date.
#[derive(Debug)]
pub(super) struct Stale;

/// What the room's lock guards. Held for one fan-out at most, and never across an await.
#[derive(Default)]
pub(super) struct State {
    /// `None` until the room is subscribed and its place in the stream is known.
    pub(super) tail: Option<Tail>,
    /// Goes up when the stream was lost: what was read before is worth nothing.
    pub(super) restarts: u64,
    pub(super) members: Members,
    pub(super) presence: PresenceBatch,
    /// What the last one who came was told, until something is said, or the room looks whether something was.
    pub(super) latest_page: Option<LatestPage>,
    /// Sessions in the room and on their way in.
    claims: usize,
}

pub(super) struct Room {
    name: RoomName,
    state: Mutex<State>,
    mailbox: mpsc::Sender<RoomEvent>,
    /// Wakes the room's task to look at what follows.
    pub(super) wake: Notify,
    /// Events were dropped or lost: the room has to compare itself with the engine.
    missed: AtomicBool,
    /// Whether `tail` is known.
    opened: watch::Sender<bool>,
    /// Goes up with each comparison with the engine.
    checks: watch::Sender<u64>,
    /// Goes up when sessions are taken out that did not ask for it.
    evictions: AtomicU64,
    /// Who is there, as it is read for those who come.
    pub(super) roster: SharedRead<Roster>,
}

impl Room {
    pub(super) fn new(name: RoomName, mailbox: mpsc::Sender<RoomEvent>) -> Self {
        Self {
            name,
            state: Mutex::default(),
            mailbox,
            wake: Notify::new(),
            missed: AtomicBool::new(false),
            opened: watch::Sender::new(false),
            checks: watch::Sender::new(0),
            evictions: AtomicU64::new(0),
            roster: SharedRead::default(),
        }
    }

    pub(super) fn name(&self) -> &RoomName {
        &self.name
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody wants the room to stay. Under the hub's lock.
    pub(super) fn claim(&self) {
        self.state().claims += 1;
    }

    /// The end of a [`Room::claim`], and of the session's membership.
    pub(super) fn release(&self, session: SessionId) {
        let mut state = self.state();
        state.members.remove(session);
        state.claims = state.claims.saturating_sub(1);
        if state.claims == 0 {
            self.wake.notify_one();
        }
    }

    /// Takes all sessions of some users out and tells them. Whoever else put them in finds out by
    /// [`Room::evictions`].
    pub(super) fn evict(&self, whom: impl Fn(UserId) -> bool, reason: Option<LeftReason>) -> Vec<Seat> {
        let out = self.state().members.evict(whom);
        if !out.is_empty() {
            self.evictions.fetch_add(1, Ordering::Release);
            let left = encode::frame(&ServerFrame::Left { room: self.name.clone(), reason });
            for seat in &out {
                seat.outbox.push(left.clone());
            }
        }
        out
    }

    /// How often sessions were taken out that did not ask for it.
    pub(super) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Acquire)
    }

    /// Whether nobody wants the room.
    pub(super) fn is_idle(&self) -> bool {
        self.state().claims == 0
    }

    /// Hands an event to the room's task. When too many wait, it is dropped and the room finds out what it missed.
    pub(super) fn offer(&self, event: RoomEvent) {
        if self.mailbox.try_send(event).is_err() {
            self.missed();
        }
    }

    /// Anything may have been missed.
    pub(super) fn missed(&self) {
        self.missed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether [`Room::missed`] was called since the last time.
    pub(super) fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }

    /// The room knows its place in the stream.
    pub(super) fn open(&self, tail: Tail) {
        let mut state = self.state();
        state.tail = Some(tail);
        self.opened.send_replace(true);
    }

    /// Closes the room if nobody wants it. Who comes from then on waits until it is open again. Returns whether
    /// it did.
    pub(super) fn close_if_idle(&self) -> bool {
        let mut state = self.state();
        let idle = state.claims == 0;
        if idle {
            state.tail = None;
            self.opened.send_replace(false);
        }
        idle
    }

    /// What someone was told who asked for as many of the latest messages, if nothing was delivered since.
    pub(super) fn latest_page(&self, asked: usize) -> Option<LatestPage> {
        let state = self.state();
        let tail = state.tail.as_ref()?;
        state.latest_page.clone().filter(|page| page.answers(asked, tail.epoch(), tail.offset()))
    }

    /// The room was compared with the engine.
    pub(super) fn was_checked(&self) {
        self.checks.send_modify(|checks| *checks += 1);
    }

    /// Has the room compare itself with the engine, and returns when it has.
    pub(super) async fn checked(&self, patience: Duration) -> Result<(), EngineError> {
        let mut checks = self.checks.subscribe();
        self.missed();
        match timeout(patience, checks.changed()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(EngineError::Unavailable(format!("room {} could not be checked", self.name))),
        }
    }

    /// Waits until the room is open, then holds back what is for the session.
    pub(super) async fn hold(self: &Arc<Self>, seat: &Seat, patience: Duration) -> Result<Hold, EngineError> {
        let mut opened = self.opened.subscribe();
        let unavailable = || EngineError::Unavailable(format!("room {} could not be opened", self.name));
        timeout(patience, async {
            loop {
                opened.wait_for(|opened| *opened).await.map_err(|_| unavailable())?;
                let mut state = self.state();
                let Some(tail) = &state.tail else { continue };
                let at = tail.offset();
                let restarts = state.restarts;
                state.members.hold(seat);
                state.presence.list_begins();
                return Ok(Hold { room: Arc::clone(self), session: seat.session, at, restarts });
            }
        })
        .await
        .map_err(|_| unavailable())?
    }
}

/// A session that waits for its page. Dropped without [`Hold::admit`], the session is where it was before.
pub(super) struct Hold {
    room: Arc<Room>,
    session: SessionId,
    /// How far the room had delivered when it began.
    at: Offset,
    restarts: u64,
}

impl Hold {
    /// A page up to `latest` was read: the session gets `joined` and is in the room. Returns how many frames it got.
    pub(super) fn admit(self, epoch: &Epoch, latest: Offset, joined: Text) -> Result<usize, Stale> {
        let mut state = self.room.state();
        let current = state.restarts == self.restarts
            && state.tail.as_ref().is_some_and(|tail| *tail.epoch() == *epoch)
            && latest >= self.at;
        if !current {
            drop(state);
            return Err(Stale);
        }
        Ok(state.members.admit(self.session, joined, latest))
        // Dropping `self` gives up nothing: the session is in.
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.presence.list_ends();
        state.members.give_up(self.session);
    }
}
