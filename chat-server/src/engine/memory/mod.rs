//! The engine for one server alone: everything is in this process and ends with it.

mod members;
mod records;
mod rooms;
mod sessions;
mod stream;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use hubbub_protocol::{Epoch, MessageId, Offset, RoomName, SessionId, Timestamp, User, UserId};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::members::{Entered, Members};
use self::records::Kept;
use self::rooms::{Charter, OwnList};
use self::sessions::Register;
use self::stream::{Appended, Now, Stream};
use super::accounts::{Attempts, NewRecord, RecordKey, Records};
use super::frame::{Frame, FrameTemplate};
use super::rooms::is_closed;
use super::{
    Amendment, Broker, Draft, EVENT_QUEUE, Engine, EngineError, EngineEvent, Found, HistoryLimits, Page,
    Presence, Published, Range, RoomEvent, RoomRefusal, Roster, UserEvent,
};

/// How often rooms are looked for in which all is too old.
const AGED_ROOMS: Duration = Duration::from_mins(1);

/// How a [`MemoryEngine`] is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryOptions {
    /// How much of a room's stream is kept.
    pub history: HistoryLimits,
}

/// The engine for one server alone.
///
/// When the queue of events is full, what would tell of something waits until there is room in it.
pub struct MemoryEngine {
    options: MemoryOptions,
    /// The beginning of all epochs: streams are lost together, when the process ends.
    life: String,
    /// How many streams were forgotten: a room that begins anew after that has another epoch.
    forgotten: AtomicU64,
    rooms: RwLock<HashMap<RoomName, Arc<Mutex<Room>>>>,
    records: Mutex<Kept>,
    lists: Mutex<HashMap<UserId, OwnList>>,
    sessions: Mutex<Register>,
    looked_for_aged: Mutex<Instant>,
    events: mpsc::Sender<EngineEvent>,
}

struct Room {
    epoch: Epoch,
    subscribed: bool,
    stream: Stream,
    members: Members,
    charter: Charter,
}

type Permit<'a> = Option<mpsc::Permit<'a, EngineEvent>>;

impl MemoryEngine {
    /// An empty engine, and where its events come out.
    pub fn start(options: MemoryOptions) -> (Arc<Self>, mpsc::Receiver<EngineEvent>) {
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let engine = Self {
            options,
            life: Uuid::new_v4().simple().to_string(),
            forgotten: AtomicU64::new(0),
            rooms: RwLock::default(),
            records: Mutex::default(),
            lists: Mutex::default(),
            sessions: Mutex::default(),
            looked_for_aged: Mutex::new(Instant::now()),
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
            let epoch = self.epoch();
            Arc::new(Mutex::new(Room {
                epoch,
                subscribed: false,
                stream,
                members: Members::default(),
                charter: Charter::default(),
            }))
        });
        Arc::clone(room)
    }

    /// That of a room that begins now.
    fn epoch(&self) -> Epoch {
        Epoch(format!("{}{}", self.life, self.forgotten.load(Ordering::Relaxed)).into())
    }

    /// That of a room whose stream is forgotten now.
    fn next_epoch(&self) -> Epoch {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
        self.epoch()
    }

    /// The names of all rooms that somebody was in or made.
    fn names(&self) -> Vec<RoomName> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Looks at a room that may not exist, without making it.
    fn peek<T>(&self, name: &RoomName, look: impl FnOnce(&mut Room) -> T) -> Option<T> {
        let room = self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        room.map(|room| look(&mut lock(&room)))
    }

    /// Forgets a room in which nothing is worth keeping.
    fn forget_if_idle(&self, name: &RoomName) {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.get(name).is_some_and(|room| self.may_forget(room)) {
            rooms.remove(name);
        }
    }

    /// Whether it is time to look for rooms that are too old: all are looked at, so not every time.
    fn aged_are_due(&self) -> bool {
        let mut looked = lock(&self.looked_for_aged);
        let due = self.options.history.age.is_some() && looked.elapsed() >= AGED_ROOMS;
        if due {
            *looked = Instant::now();
        }
        due
    }

    /// Forgets all rooms in which nothing is worth keeping any more, since all there was is too old.
    fn forget_aged(&self) {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner).retain(|_, room| !self.may_forget(room));
    }

    /// To be asked with the map locked: then a count of one means that nobody is about to change the room.
    fn may_forget(&self, room: &Arc<Mutex<Room>>) -> bool {
        if Arc::strong_count(room) > 1 || !lock(room).is_idle(now().time) {
            return false;
        }
        if lock(room).stream.latest() > 0 {
            // Its offsets begin anew: that must not look like the same stream.
            self.forgotten.fetch_add(1, Ordering::Relaxed);
        }
        true
    }
}

fn now() -> Now {
    Now { instant: Instant::now(), time: Timestamp::from(SystemTime::now()) }
}

impl Room {
    fn is_idle(&self, now: Timestamp) -> bool {
        let empty = self.stream.latest() == 0 || self.stream.is_too_old(now);
        !self.subscribed && empty && self.members.count() == 0 && self.charter.is_empty()
    }

    fn published(&self, offset: Offset, time: Timestamp, duplicate: bool) -> Published {
        Published { epoch: self.epoch.clone(), offset, time, duplicate }
    }

    /// The stream is no more, and the next one begins anew.
    fn end(&mut self, next: Epoch) {
        self.epoch = next;
        self.stream = self.stream.anew();
    }

    fn found(&mut self, offset: Offset, change: MessageId, now: Now) -> Found {
        if let Some((offset, time)) = self.stream.stored(change, now) {
            return Found::Done(self.published(offset, time, true));
        }
        let epoch = self.epoch.clone();
        self.stream.present(&epoch, offset, now).map_or(Found::Nothing, Found::Present)
    }

    /// Tells of what became of an event, unless it was stored before.
    fn tell_appended(
        &self,
        room: &RoomName,
        permit: Permit<'_>,
        appended: Appended,
        taken: Timestamp,
    ) -> Published {
        match appended {
            Appended::Duplicate { offset, time } => self.published(offset, time, true),
            Appended::Stored(message) => {
                let published = self.published(message.offset, taken, false);
                self.tell(room, permit, RoomEvent::Message { epoch: self.epoch.clone(), message });
                published
            }
        }
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
        if !room.charter.admits(draft.user.id, is_closed(&draft.room)) {
            return Err(RoomRefusal::NoSuchRoom.into());
        }
        let appended = room.stream.append(draft.id, draft.time, now(), |offset| template.with(offset));
        Ok(room.tell_appended(&draft.room, permit, appended, draft.time))
    }

    async fn look_up(
        &self,
        room: &RoomName,
        offset: Offset,
        change: MessageId,
    ) -> Result<Found, EngineError> {
        Ok(self.peek(room, |room| room.found(offset, change, now())).unwrap_or(Found::Nothing))
    }

    async fn amend(&self, amendment: Amendment) -> Result<Found, EngineError> {
        let permit = self.permit().await;
        let now = now();
        let amended = self.peek(&amendment.room, |room| {
            if !room.charter.admits(amendment.by, is_closed(&amendment.room)) {
                return Err(RoomRefusal::NoSuchRoom.into());
            }
            Ok(match room.found(amendment.present.event.offset, amendment.id, now) {
                Found::Present(present)
                    if (&present.epoch, present.amended)
                        == (&amendment.present.epoch, amendment.present.amended) =>
                {
                    let appended = room.stream.amend(&amendment, now);
                    Found::Done(room.tell_appended(&amendment.room, permit, appended, amendment.time))
                }
                other => other,
            })
        });
        amended.unwrap_or(Ok(Found::Nothing))
    }

    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError> {
        let now = now().time;
        let page = self.peek(room, |room| {
            let (epoch, latest) = (room.epoch.clone(), room.stream.latest());
            Page { epoch, latest, oldest: room.stream.oldest(now), messages: room.stream.page(range, now) }
        });
        Ok(page.unwrap_or_else(|| Page { epoch: self.epoch(), latest: 0, oldest: 0, messages: Vec::new() }))
    }

    async fn signal(&self, room: &RoomName, from: SessionId, frame: Frame) -> Result<(), EngineError> {
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
        if self.aged_are_due() {
            self.forget_aged();
        }
        Ok(())
    }
}

#[async_trait]
impl Presence for MemoryEngine {
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError> {
        let permit = self.permit().await;
        let found = self.room(room);
        let mut found = lock(&found);
        if !found.charter.admits(user.id, is_closed(room)) {
            return Err(RoomRefusal::NoSuchRoom.into());
        }
        found.charter.saw(user);
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
impl Records for MemoryEngine {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, EngineError> {
        Ok(lock(&self.records).read(key, Instant::now()))
    }

    async fn replace(
        &self,
        key: &RecordKey,
        believed: Option<&str>,
        new: Option<NewRecord<'_>>,
    ) -> Result<bool, EngineError> {
        lock(&self.records).replace(key, believed, new, Instant::now()).map_err(|records::Full| {
            EngineError::Unavailable("there are as many users as can be kept".to_owned())
        })
    }

    async fn count(&self, of: &str, window: Duration) -> Result<Attempts, EngineError> {
        Ok(lock(&self.records).count(of, window, Instant::now()))
    }

    async fn take_back(&self, of: &str) -> Result<(), EngineError> {
        lock(&self.records).take_back(of);
        Ok(())
    }

    async fn forget(&self, of: &str) -> Result<(), EngineError> {
        lock(&self.records).forget(of);
        Ok(())
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    fn is_up(&self) -> bool {
        true
    }

    fn is_away(&self) -> bool {
        false
    }

    async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError> {
        if let Some(permit) = self.permit().await {
            permit.send(EngineEvent::User { user, event });
        }
        Ok(())
    }

    async fn close(&self) {}
}
