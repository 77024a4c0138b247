//! The engine for one server alone: everything is in this process and ends with it.

mod guests;
mod members;
mod stream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use hubbub_protocol::{Epoch, RoomName, SessionId, User, UserId, UserName};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::guests::{Guests, Kept};
use self::members::{Entered, Members};
use self::stream::{Appended, Stream};
use super::frame::FrameTemplate;
use super::token::{TokenHash, new_token};
use super::{
    Accounts, Broker, Draft, EVENT_QUEUE, Engine, EngineError, EngineEvent, GuestOutcome, Page, Presence,
    Published, Range, RoomEvent, Roster, UserEvent,
};

/// How a [`MemoryEngine`] is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryOptions {
    /// How many messages of a room are kept.
    pub history: usize,
}

/// The engine for one server alone.
///
/// When the queue of events is full, what would tell of something waits until there is room in it.
pub struct MemoryEngine {
    options: MemoryOptions,
    /// One for all rooms: their streams are lost together, when the process ends.
    epoch: Epoch,
    rooms: RwLock<HashMap<RoomName, Arc<Mutex<Room>>>>,
    guests: Mutex<Guests>,
    events: mpsc::Sender<EngineEvent>,
}

struct Room {
    subscribed: bool,
    stream: Stream,
    members: Members,
}

type Permit<'a> = Option<mpsc::Permit<'a, EngineEvent>>;

impl MemoryEngine {
    /// An empty engine, and where its events come out.
    pub fn start(options: MemoryOptions) -> (Arc<Self>, mpsc::Receiver<EngineEvent>) {
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let engine = Self {
            options,
            epoch: Epoch(Uuid::new_v4().simple().to_string()),
            rooms: RwLock::default(),
            guests: Mutex::default(),
            events,
        };
        (Arc::new(engine), receiver)
    }

    /// Waits for a place in the queue of events. It is taken before the room is locked: so events of a room are
    /// queued in the order in which they happened, and nobody waits while holding a room. `None` when nobody
    /// listens any more.
    async fn permit(&self) -> Permit<'_> {
        self.events.reserve().await.ok()
    }

    fn room(&self, name: &RoomName) -> Arc<Mutex<Room>> {
        if let Some(room) = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(room);
        }
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(name.clone()).or_insert_with(|| {
            let stream = Stream::new(self.options.history);
            Arc::new(Mutex::new(Room { subscribed: false, stream, members: Members::default() }))
        });
        Arc::clone(room)
    }

    /// Looks at a room that may not exist, without making it.
    fn peek<T>(&self, name: &RoomName, look: impl FnOnce(&mut Room) -> T) -> Option<T> {
        let room = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        room.map(|room| look(&mut lock(&room)))
    }

    /// Forgets a room in which nothing is worth keeping. Since the epoch is that of the process, nobody can tell.
    fn forget_if_idle(&self, name: &RoomName) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        // With the map locked, a count of one means that nobody is about to change the room.
        let idle = rooms.get(name).is_some_and(|room| Arc::strong_count(room) == 1 && lock(room).is_idle());
        if idle {
            rooms.remove(name);
        }
    }
}

impl Room {
    fn is_idle(&self) -> bool {
        !self.subscribed && self.stream.latest() == 0 && self.members.count() == 0
    }

    fn tell(&self, room: &RoomName, permit: Permit<'_>, event: RoomEvent) {
        if let (true, Some(permit)) = (self.subscribed, permit) {
            permit.send(EngineEvent::Room { room: room.clone(), event });
        }
    }
}

/// Locks what no panic can leave half-changed: nothing in here calls code of others while it holds the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Broker for MemoryEngine {
    async fn publish(&self, draft: Draft) -> Result<Published, EngineError> {
        let template = FrameTemplate::of(&draft)?;
        let room = self.room(&draft.room);
        let permit = self.permit().await;

        let mut room = lock(&room);
        let appended =
            room.stream.append(draft.id, draft.time, Instant::now(), |offset| template.with(offset));
        let epoch = self.epoch.clone();
        Ok(match appended {
            Appended::Duplicate { offset, time } => Published { epoch, offset, time, duplicate: true },
            Appended::Stored(message) => {
                let offset = message.offset;
                room.tell(&draft.room, permit, RoomEvent::Message { epoch: epoch.clone(), message });
                Published { epoch, offset, time: draft.time, duplicate: false }
            }
        })
    }

    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError> {
        let (latest, messages) =
            self.peek(room, |room| (room.stream.latest(), room.stream.page(range))).unwrap_or_default();
        Ok(Page { epoch: self.epoch.clone(), latest, messages })
    }

    async fn signal(&self, room: &RoomName, from: SessionId, frame: Bytes) -> Result<(), EngineError> {
        let permit = self.permit().await;
        self.peek(room, |found| found.tell(room, permit, RoomEvent::Signal { from, frame }));
        Ok(())
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        lock(&self.room(room)).subscribed = true;
        Ok(())
    }

    async fn unsubscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.peek(room, |room| room.subscribed = false);
        self.forget_if_idle(room);
        Ok(())
    }
}

#[async_trait]
impl Presence for MemoryEngine {
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError> {
        let permit = self.permit().await;
        let found = self.room(room);
        let mut found = lock(&found);
        let event = match found.members.enter(user, session) {
            Entered::First => {
                let count = found.members.count();
                RoomEvent::Presence { joined: vec![user.clone()], left: vec![], count }
            }
            Entered::Renamed => RoomEvent::Renamed(user.clone()),
            Entered::Known => return Ok(()),
        };
        found.tell(room, permit, event);
        Ok(())
    }

    async fn leave(&self, room: &RoomName, user: UserId, session: SessionId) -> Result<(), EngineError> {
        let permit = self.permit().await;
        self.peek(room, |found| {
            if found.members.leave(user, session) {
                let count = found.members.count();
                found.tell(room, permit, RoomEvent::Presence { joined: vec![], left: vec![user], count });
            }
        });
        self.forget_if_idle(room);
        Ok(())
    }

    async fn roster(&self, room: &RoomName, limit: usize) -> Result<Roster, EngineError> {
        let roster = self.peek(room, |room| room.members.roster(limit));
        Ok(roster.unwrap_or(Roster { members: vec![], count: 0 }))
    }
}

#[async_trait]
impl Accounts for MemoryEngine {
    async fn create_guest(&self, user: &User) -> Result<GuestOutcome, EngineError> {
        let token = new_token()?;
        match lock(&self.guests).create(user, TokenHash::of(&token), Instant::now()) {
            Kept::Yes => Ok(GuestOutcome::Created(token)),
            Kept::Taken => Ok(GuestOutcome::Taken),
            Kept::Full => Err(EngineError::Unavailable("there are as many guests as can be kept".to_owned())),
        }
    }

    async fn authenticate(&self, token: &str) -> Result<Option<User>, EngineError> {
        Ok(lock(&self.guests).authenticate(&TokenHash::of(token), Instant::now()))
    }

    async fn rename(&self, user: UserId, name: &UserName) -> Result<(), EngineError> {
        lock(&self.guests).rename(user, name);
        Ok(())
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    fn is_up(&self) -> bool {
        true
    }

    async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError> {
        if let Some(permit) = self.permit().await {
            permit.send(EngineEvent::User { user, event });
        }
        Ok(())
    }

    async fn close(&self) {}
}
