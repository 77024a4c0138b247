//! Which rooms this server hears of, and what it heard of them last; and the channel of control, which it hears
//! always.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fred::prelude::{Client, ClientLike, Error, EventInterface, PubsubInterface};
use fred::types::Message;
use futures::stream::{self, FuturesUnordered, StreamExt};
use hubbub_protocol::{Epoch, Offset, RoomName};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, timeout_at};

use super::calls::next_map;
use super::connection::{RECONNECT_PAUSE, next_client};
use super::topology::{Map, Master, Topology, slot};
use super::{events, keys};
use crate::engine::{EngineError, EngineEvent, RoomEvent};
use crate::key_locks::KeyLocks;

/// How many SSUBSCRIBE are under way at once after a reconnect: 50,000 rooms take a quarter of a second.
const CONCURRENT_SUBSCRIBES: usize = 256;

/// The subscriptions of one server.
pub(super) struct Subscriptions {
    /// By channel.
    rooms: RwLock<HashMap<String, Arc<Subscribed>>>,
    /// Orders what is done to one channel, so that the set above and Redis end up with the same.
    locks: KeyLocks,
    /// The client that the channel of control is on; `None` at first.
    control: Mutex<Option<String>>,
    events: mpsc::Sender<EngineEvent>,
}

struct Subscribed {
    room: RoomName,
    /// The client that it is on; `None` at first.
    on: Mutex<Option<String>>,
    /// The latest epoch and offset that this server knows of. A script that finds less knows that the tail of the
    /// stream was lost.
    seen: Mutex<Option<(Epoch, Offset)>>,
}

impl Subscriptions {
    /// None yet.
    pub(super) fn new(events: mpsc::Sender<EngineEvent>) -> Self {
        let (rooms, locks, control) = (RwLock::default(), KeyLocks::default(), Mutex::default());
        Self { rooms, locks, control, events }
    }

    /// Whether this server hears what concerns users, as far as is known.
    pub(super) fn hears_control(&self, topology: &Topology) -> bool {
        let on = lock(&self.control).clone();
        on.is_some_and(|on| is_current(topology, keys::CONTROL, &on))
    }

    /// All rooms.
    pub(super) fn rooms(&self) -> Vec<RoomName> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().map(|subscribed| subscribed.room.clone()).collect()
    }

    /// The latest epoch and offset that this server knows of in a room that it subscribes to.
    pub(super) fn seen(&self, channel: &str) -> Option<(Epoch, Offset)> {
        let subscribed = self.find(channel)?;
        lock(&subscribed.seen).clone()
    }

    /// Notes that a room has a message at `offset`.
    pub(super) fn saw(&self, channel: &str, epoch: &Epoch, offset: Offset) {
        if let Some(subscribed) = self.find(channel) {
            subscribed.saw(epoch, offset);
        }
    }

    /// From its return on, events of the room come in.
    pub(super) async fn subscribe(&self, topology: &Topology, room: &RoomName) -> Result<(), EngineError> {
        let (deadline, channel) = (topology.patience(), keys::channel(room));
        let Ok(_ordered) = timeout_at(deadline, self.locks.lock(&channel)).await else {
            return Err(EngineError::Unavailable("waiting for an earlier call".to_owned()));
        };
        let added = self.add(&channel, room);
        let subscribed = topology
            .of(&channel)
            .subscriptions
            .by(deadline)
            .insist(|client| {
                let channel = channel.as_str();
                async move {
                    client.ssubscribe(channel).await?;
                    if let Some(master) = topology.map().master_of(slot(channel)).cloned() {
                        let mut heard = master.heard.subscribe();
                        // The sender lives as long as `master`.
                        let _ = heard.wait_for(|heard| heard.as_deref() == Some(client.id())).await;
                    }
                    self.note(topology, channel, &client)
                }
            })
            .await;
        if subscribed.is_err() && added {
            self.remove(&channel);
        }
        subscribed
    }

    /// Notes that a channel is on a client. An error when another server or client has taken its place: then it has
    /// to be subscribed to there.
    fn note(&self, topology: &Topology, channel: &str, client: &Client) -> Result<(), Error> {
        let subscribed = self.find(channel);
        let room = subscribed.as_deref().map(|subscribed| &subscribed.on);
        let Some(on) = (if channel == keys::CONTROL { Some(&self.control) } else { room }) else {
            return Ok(()); // nobody wants it any more
        };
        let mut on = lock(on);
        // Under this lock: whoever restores the subscriptions of a new client looks here after it is there.
        if !is_current(topology, channel, client.id()) {
            return Err(Error::new(fred::error::ErrorKind::Canceled, "another client took its place"));
        }
        *on = Some(client.id().to_owned());
        Ok(())
    }

    /// From its return on, no events of the room come in.
    pub(super) async fn unsubscribe(&self, topology: &Topology, room: &RoomName) {
        let channel = keys::channel(room);
        // At once, and not in order: what still comes in is thrown away.
        self.remove(&channel);
        let Ok(_ordered) = timeout_at(topology.patience(), self.locks.lock(&channel)).await else {
            return; // Redis is away, and subscribes to nothing then
        };
        self.unsubscribe_unwanted(topology, &channel).await;
    }

    /// Under the channel's lock.
    async fn unsubscribe_unwanted(&self, topology: &Topology, channel: &str) {
        if self.find(channel).is_some() {
            return; // somebody subscribed again meanwhile
        }
        let master = topology.map().master_of(slot(channel)).cloned();
        let live = master.and_then(|master| master.subscriptions.watch().borrow().clone());
        if let Some(live) = live {
            // If it fails the connection is lost, and the next one does not subscribe to it.
            let _ = live.client.sunsubscribe(channel).await;
        }
    }

    /// Hears what comes from all masters there are, for ever.
    pub(super) async fn keep(&self, topology: &Topology) {
        let mut maps = topology.maps();
        let mut known: Vec<Arc<Master>> = Vec::new();
        let mut kept = FuturesUnordered::new();
        loop {
            let masters = maps.borrow_and_update().masters();
            for master in &masters {
                if !known.iter().any(|known| Arc::ptr_eq(known, master)) {
                    kept.push(self.keep_while_master(topology, Arc::clone(master)));
                }
            }
            known = masters;
            tokio::select! {
                () = next_map(&mut maps) => {}
                Some(()) = kept.next() => {}
            }
        }
    }

    /// Until it is a master no more.
    async fn keep_while_master(&self, topology: &Topology, master: Arc<Master>) {
        let mut maps = topology.maps();
        let is_master = |map: &Arc<Map>| map.masters().iter().any(|other| Arc::ptr_eq(other, &master));
        tokio::select! {
            () = self.keep_master(topology, &master) => {}
            // The sender lives as long as `topology`.
            _ = maps.wait_for(|map| !is_master(map)) => {}
        }
    }

    /// Hears what comes over the connection to a master, and subscribes to what is not on it yet: all whenever it is
    /// another client, and what came with a slot that the master has now.
    async fn keep_master(&self, topology: &Topology, master: &Master) {
        let mut current = master.subscriptions.watch();
        loop {
            let client = next_client(&mut current).await.client;
            let messages = client.message_rx();
            master.heard.send_replace(Some(client.id().to_owned()));
            tokio::select! {
                ((), ()) = async { tokio::join!(self.hear(messages), self.restore(topology, &client)) } => {}
                _ = current.changed() => {}
            }
            master.heard.send_replace(None);
        }
    }

    /// Has everything on a client that is to be there, now and after each change of who has what.
    async fn restore(&self, topology: &Topology, client: &Client) {
        let mut maps = topology.maps();
        loop {
            maps.mark_unchanged();
            if self.subscribe_missing(topology, client).await {
                let _ = self.events.send(EngineEvent::Interrupted).await;
            }
            next_map(&mut maps).await;
        }
    }

    /// Answers whether events of a room may have been lost.
    ///
    /// fred's own `resubscribe_all` breaks off without a word when there are only sharded channels: it subscribes
    /// to the empty set of others first, and takes Redis' error for the answer to the next command.
    async fn subscribe_missing(&self, topology: &Topology, client: &Client) -> bool {
        let mut interrupted = false;
        loop {
            let missing = self.missing(topology, client);
            if missing.is_empty() {
                return interrupted;
            }
            interrupted |= missing.iter().any(|(_, was_there)| *was_there);
            let failed = stream::iter(missing)
                .map(|(channel, _)| async move {
                    let subscribed = client.ssubscribe(channel.as_str()).await;
                    let done = subscribed.and_then(|()| self.note(topology, &channel, client));
                    if channel != keys::CONTROL && self.find(&channel).is_none() {
                        let _ordered = self.locks.lock(&channel).await;
                        self.unsubscribe_unwanted(topology, &channel).await;
                    }
                    done.err()
                })
                .buffer_unordered(CONCURRENT_SUBSCRIBES)
                .filter_map(std::future::ready)
                .collect::<Vec<_>>()
                .await;
            if let Some(error) = failed.first() {
                tracing::warn!(rooms = failed.len(), %error, "could not subscribe again; trying once more");
                topology.signals().doubt();
                sleep(RECONNECT_PAUSE).await;
            }
        }
    }

    /// Channels that are to be on a client and are not, each with whether it was on another one.
    fn missing(&self, topology: &Topology, client: &Client) -> Vec<(String, bool)> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = rooms.iter().map(|(channel, subscribed)| (channel.as_str(), &subscribed.on));
        let wanted = wanted.chain([(keys::CONTROL, &self.control)]);
        let here = wanted.filter(|(channel, _)| is_current(topology, channel, client.id()));
        here.filter_map(|(channel, on)| {
            let on = lock(on);
            (on.as_deref() != Some(client.id())).then(|| (channel.to_owned(), on.is_some()))
        })
        .collect()
    }

    /// Passes on what comes in. While the server takes no events, messages wait; when too many wait, some are lost,
    /// which is an interruption like any other.
    async fn hear(&self, mut messages: broadcast::Receiver<Message>) {
        loop {
            let event = match messages.recv().await {
                Ok(message) => self.event(message),
                Err(broadcast::error::RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "messages came faster than the server took them");
                    Some(EngineEvent::Interrupted)
                }
                // The connection is lost: the caller notices.
                Err(broadcast::error::RecvError::Closed) => return,
            };
            if let Some(event) = event {
                let _ = self.events.send(event).await;
            }
        }
    }

    fn event(&self, message: Message) -> Option<EngineEvent> {
        if message.channel == keys::CONTROL {
            let told = message.value.into_bytes().as_deref().and_then(events::parse_control);
            if told.is_none() {
                tracing::warn!("something on the channel of control is not ours");
            }
            return told.map(|(user, event)| EngineEvent::User { user, event });
        }
        let subscribed = self.find(&message.channel)?;
        let Some(event) = message.value.into_bytes().as_ref().and_then(events::parse) else {
            tracing::warn!(room = %subscribed.room, "something on the room's channel is not ours");
            return None;
        };
        if let RoomEvent::Message { epoch, message } = &event {
            subscribed.saw(epoch, message.offset);
        }
        Some(EngineEvent::Room { room: subscribed.room.clone(), event })
    }

    fn find(&self, channel: &str) -> Option<Arc<Subscribed>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(channel).cloned()
    }

    /// Answers whether it was not there.
    fn add(&self, channel: &str, room: &RoomName) -> bool {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let added = !rooms.contains_key(channel);
        if added {
            let subscribed = Subscribed { room: room.clone(), on: Mutex::new(None), seen: Mutex::new(None) };
            rooms.insert(channel.to_owned(), Arc::new(subscribed));
        }
        added
    }

    fn remove(&self, channel: &str) {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner).remove(channel);
    }
}

impl Subscribed {
    fn saw(&self, epoch: &Epoch, offset: Offset) {
        let mut seen = lock(&self.seen);
        match &mut *seen {
            Some((known, latest)) if known == epoch => *latest = offset.max(*latest),
            seen => *seen = Some((epoch.clone(), offset)),
        }
    }
}

/// Whether a channel's place is on the client with this id, as far as is known.
fn is_current(topology: &Topology, channel: &str, client: &str) -> bool {
    let map = topology.map();
    map.master_of(slot(channel)).is_some_and(|master| master.subscriptions.is_on(client))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
