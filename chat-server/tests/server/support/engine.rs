//! The memory engine with the misfortunes of a Redis: away, or with everything lost.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chat_server::engine::{
    Admission, Amendment, Broker, Draft, Engine, EngineError, EngineEvent, Found, Frame, HistoryLimits, Page,
    Presence, Published, Range, Roster, SessionRecord, SessionRegister, UserEvent,
    accounts::{Attempts, NewRecord, RecordKey, Records},
    memory::{MemoryEngine, MemoryOptions},
    rooms::{Founding, Position, RoleChange, RoleOutcome, RoomMember, RoomView, Rooms, SettingsChange},
};
use hubbub_protocol::{MessageId, Offset, RoomName, SessionId, User, UserId};
use tokio::sync::mpsc;

type Filter = Box<dyn FnMut(&EngineEvent) -> bool + Send>;

pub(crate) struct Switched {
    memory: Mutex<Arc<MemoryEngine>>,
    subscribed: Mutex<HashSet<RoomName>>,
    away: AtomicBool,
    broken: AtomicBool,
    unreadable: AtomicBool,
    filter: Arc<Mutex<Filter>>,
    events: mpsc::Sender<EngineEvent>,
}

impl Switched {
    /// Events go to the server if `filter` lets them.
    pub(crate) fn start(
        filter: impl FnMut(&EngineEvent) -> bool + Send + 'static,
    ) -> (Arc<Self>, mpsc::Receiver<EngineEvent>) {
        let (events, receiver) = mpsc::channel(64);
        let filter: Arc<Mutex<Filter>> = Arc::new(Mutex::new(Box::new(filter)));
        let memory = Mutex::new(begin(Arc::clone(&filter), events.clone()));
        let [away, broken, unreadable] = [(); 3].map(|()| AtomicBool::new(false));
        let subscribed = Mutex::default();
        (Arc::new(Self { memory, subscribed, away, broken, unreadable, filter, events }), receiver)
    }

    /// Whether it does not answer.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Whether storing a message has a defect that ends the task that does it.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// Whether rooms can be entered, but neither read nor left; the latter is done later, as the contract says.
    pub(crate) fn set_unreadable(&self, unreadable: bool) {
        self.unreadable.store(unreadable, Ordering::SeqCst);
    }

    fn readable(&self) -> Result<Arc<MemoryEngine>, EngineError> {
        if self.unreadable.load(Ordering::SeqCst) {
            return Err(EngineError::Unavailable("unreadable".to_owned()));
        }
        self.there()
    }

    /// Tells the server something.
    pub(crate) async fn say(&self, event: EngineEvent) {
        self.events.send(event).await.unwrap();
    }

    /// Loses everything and begins anew, as a Redis without a disk that was restarted.
    pub(crate) async fn lose_everything(&self) {
        let memory = begin(Arc::clone(&self.filter), self.events.clone());
        let rooms: Vec<_> = self.subscribed.lock().unwrap().iter().cloned().collect();
        for room in rooms {
            memory.subscribe(&room).await.unwrap();
        }
        *self.memory.lock().unwrap() = memory;
        self.say(EngineEvent::Interrupted).await;
    }

    fn there(&self) -> Result<Arc<MemoryEngine>, EngineError> {
        if self.away.load(Ordering::SeqCst) {
            Err(EngineError::Unavailable("switched off".to_owned()))
        } else {
            Ok(Arc::clone(&self.memory.lock().unwrap()))
        }
    }
}

fn begin(filter: Arc<Mutex<Filter>>, sender: mpsc::Sender<EngineEvent>) -> Arc<MemoryEngine> {
    let (memory, mut events) = MemoryEngine::start(MemoryOptions { history: HistoryLimits::events(1_000) });
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            let passes = filter.lock().unwrap()(&event);
            if passes && sender.send(event).await.is_err() {
                return;
            }
        }
    });
    memory
}

#[async_trait]
impl Broker for Switched {
    async fn publish(&self, draft: Draft) -> Result<Published, EngineError> {
        assert!(!self.broken.load(Ordering::SeqCst), "a defect, as the test asked for");
        self.there()?.publish(draft).await
    }

    async fn look_up(
        &self,
        room: &RoomName,
        offset: Offset,
        change: MessageId,
    ) -> Result<Found, EngineError> {
        self.there()?.look_up(room, offset, change).await
    }

    async fn amend(&self, amendment: Amendment) -> Result<Found, EngineError> {
        self.there()?.amend(amendment).await
    }

    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError> {
        self.readable()?.history(room, range).await
    }

    async fn signal(&self, room: &RoomName, from: SessionId, frame: Frame) -> Result<(), EngineError> {
        self.there()?.signal(room, from, frame).await
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.subscribed.lock().unwrap().insert(room.clone());
        self.there()?.subscribe(room).await
    }

    async fn unsubscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.subscribed.lock().unwrap().remove(room);
        self.there()?.unsubscribe(room).await
    }
}

#[async_trait]
impl Presence for Switched {
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError> {
        self.there()?.enter(room, user, session).await
    }

    async fn leave(&self, room: &RoomName, user: UserId, session: SessionId) -> Result<(), EngineError> {
        let there = self.readable();
        // When away it does so later, as the contract says; here later is now.
        let memory = Arc::clone(&self.memory.lock().unwrap());
        memory.leave(room, user, session).await?;
        there.map(drop)
    }

    async fn roster(&self, room: &RoomName, limit: usize) -> Result<Roster, EngineError> {
        self.there()?.roster(room, limit).await
    }
}

#[async_trait]
impl SessionRegister for Switched {
    async fn begin_session(&self, record: &SessionRecord) -> Result<Admission, EngineError> {
        self.there()?.begin_session(record).await
    }

    async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), EngineError> {
        self.there()?.end_session(user, session).await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, EngineError> {
        self.there()?.sessions_of(user).await
    }
}

#[async_trait]
impl Records for Switched {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, EngineError> {
        self.there()?.read(key).await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        believed: Option<&str>,
        new: Option<NewRecord<'_>>,
    ) -> Result<bool, EngineError> {
        self.there()?.replace(key, believed, new).await
    }

    async fn count(&self, of: &str, window: Duration) -> Result<Attempts, EngineError> {
        self.there()?.count(of, window).await
    }

    async fn take_back(&self, of: &str) -> Result<(), EngineError> {
        self.there()?.take_back(of).await
    }

    async fn forget(&self, of: &str) -> Result<(), EngineError> {
        Records::forget(&*self.there()?, of).await
    }
}

#[async_trait]
impl Rooms for Switched {
    async fn create(&self, founding: Founding) -> Result<(), EngineError> {
        self.there()?.create(founding).await
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), EngineError> {
        self.there()?.change_settings(change).await
    }

    async fn set_role(&self, change: RoleChange) -> Result<RoleOutcome, EngineError> {
        self.there()?.set_role(change).await
    }

    async fn delete(&self, room: &RoomName, by: UserId) -> Result<Vec<UserId>, EngineError> {
        self.there()?.delete(room, by).await
    }

    async fn admitted(&self, room: &RoomName, users: &[UserId]) -> Result<Vec<UserId>, EngineError> {
        self.there()?.admitted(room, users).await
    }

    async fn view(
        &self,
        room: &RoomName,
        user: UserId,
        read: Option<&Position>,
    ) -> Result<RoomView, EngineError> {
        self.there()?.view(room, user, read).await
    }

    async fn members(&self, room: &RoomName, by: UserId) -> Result<Vec<RoomMember>, EngineError> {
        self.there()?.members(room, by).await
    }

    async fn public(&self, after: Option<&RoomName>, limit: usize) -> Result<Vec<RoomName>, EngineError> {
        self.there()?.public(after, limit).await
    }

    async fn ended(&self, room: &RoomName) -> Result<(), EngineError> {
        self.there()?.ended(room).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<(RoomName, Option<Position>)>, EngineError> {
        self.there()?.list(user).await
    }

    async fn note(
        &self,
        user: UserId,
        room: &RoomName,
        read: Option<&Position>,
    ) -> Result<Offset, EngineError> {
        self.there()?.note(user, room, read).await
    }

    async fn forget(&self, user: UserId, room: &RoomName) -> Result<(), EngineError> {
        Rooms::forget(&*self.there()?, user, room).await
    }
}

#[async_trait]
impl Engine for Switched {
    fn is_up(&self) -> bool {
        self.there().is_ok()
    }

    fn is_away(&self) -> bool {
        !self.is_up()
    }

    async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError> {
        self.there()?.tell(user, event).await
    }

    async fn close(&self) {}
}
