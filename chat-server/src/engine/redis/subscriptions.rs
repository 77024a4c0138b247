//! Which rooms this server hears of, and what it heard of them last; and the channel of control, which it hears
//! always.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fred::prelude::{Client, ClientLike, EventInterface, PubsubInterface};
use fred::types::Message;
use futures::StreamExt;
use futures::stream;
use hubbub_protocol::{Epoch, Offset, RoomName};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{sleep, timeout_at};

use super::connection::{Connection, RECONNECT_PAUSE, next_client, patience};
use super::locks::KeyLocks;
use super::{events, keys};
use crate::engine::{EngineError, EngineEvent, RoomEvent};

/// How many SSUBSCRIBE are under way at once after a reconnect: 50,000 rooms take a quarter of a second.
const CONCURRENT_SUBSCRIBES: usize = 256;

/// The subscriptions of one server.
pub(super) struct Subscriptions {
    /// By channel.
    rooms: RwLock<HashMap<String, Arc<Subscribed>>>,
    /// Orders what is done to one channel, so that the set above and Redis end up with the same.
    locks: KeyLocks,
    /// The client whose messages are read: a subscription on another one is not in force yet.
    heard: watch::Sender<Option<String>>,
    /// Whether the channel of control is subscribed to.
    control: AtomicBool,
    events: mpsc::Sender<EngineEvent>,
}

struct Subscribed {
    room: RoomName,
    /// The latest epoch and offset that this server knows of. A script that finds less knows that the tail of the
    /// stream was lost.
    seen: Mutex<Option<(Epoch, Offset)>>,
}

impl Subscriptions {
    /// None yet.
    pub(super) fn new(events: mpsc::Sender<EngineEvent>) -> Self {
        Self {
            rooms: RwLock::default(),
            locks: KeyLocks::default(),
            heard: watch::Sender::new(None),
            control: AtomicBool::new(false),
            events,
        }
    }

    /// Whether this server hears what concerns users, as far as is known.
    pub(super) fn hears_control(&self) -> bool {
        self.control.load(Ordering::Relaxed)
    }

    /// All rooms.
    pub(super) fn rooms(&self) -> Vec<RoomName> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().map(|subscribed| subscribed.room.clone()).collect()
    }

    /// The latest epoch and offset that this server knows of in a room that it subscribes to.
    pub(super) fn seen(&self, channel: &str) -> Option<(Epoch, Offset)> {
        let subscribed = self.find(channel)?;
        subscribed.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that a room has a message at `offset`.
    pub(super) fn saw(&self, channel: &str, epoch: &Epoch, offset: Offset) {
        if let Some(subscribed) = self.find(channel) {
            subscribed.saw(epoch, offset);
        }
    }

    /// From its return on, events of the room come in.
    pub(super) async fn subscribe(
        &self,
        connection: &Connection,
        room: &RoomName,
    ) -> Result<(), EngineError> {
        let (deadline, channel) = (patience(), keys::channel(room));
        let Ok(_ordered) = timeout_at(deadline, self.locks.lock(&channel)).await else {
            return Err(EngineError::Unavailable("waiting for an earlier call".to_owned()));
        };
        let added = self.add(&channel, room);
        let subscribed = connection
            .insist(deadline, |client| {
                let (channel, mut heard) = (channel.clone(), self.heard.subscribe());
                async move {
                    client.ssubscribe(channel).await?;
                    // The sender lives as long as `self`.
                    let _ = heard.wait_for(|heard| heard.as_deref() == Some(client.id())).await;
                    Ok(())
                }
            })
            .await;
        if subscribed.is_err() && added {
            self.remove(&channel);
        }
        subscribed
    }

    /// From its return on, no events of the room come in.
    pub(super) async fn unsubscribe(&self, connection: &Connection, room: &RoomName) {
        let channel = keys::channel(room);
        // At once, and not in order: what still comes in is thrown away.
        self.remove(&channel);
        let Ok(_ordered) = timeout_at(patience(), self.locks.lock(&channel)).await else {
            return; // Redis is away, and subscribes to nothing then
        };
        if self.find(&channel).is_some() {
            return; // somebody subscribed again meanwhile
        }
        let client = connection.watch().borrow().clone();
        if let Some(client) = client {
            // If it fails the connection is lost, and the next one does not subscribe to it.
            let _ = client.sunsubscribe(channel).await;
        }
    }

    /// Hears what comes over a connection, and subscribes to everything again whenever it is another one.
    pub(super) async fn keep(&self, connection: &Connection) {
        let mut current = connection.watch();
        let mut before = false;
        loop {
            let client = next_client(&mut current).await;
            let messages = client.message_rx();
            self.heard.send_replace(Some(client.id().to_owned()));
            let restore = async {
                self.subscribe_again(&client).await;
                self.control.store(true, Ordering::Relaxed);
                if before {
                    let _ = self.events.send(EngineEvent::Interrupted).await;
                }
            };
            tokio::select! {
                ((), ()) = async { tokio::join!(restore, self.hear(messages)) } => {}
                _ = current.changed() => {}
            }
            self.heard.send_replace(None);
            self.control.store(false, Ordering::Relaxed);
            before = true;
        }
    }

    /// To the channel of control and to every room.
    ///
    /// fred's own `resubscribe_all` breaks off without a word when there are only sharded channels: it subscribes
    /// to the empty set of others first, and takes Redis' error for the answer to the next command.
    async fn subscribe_again(&self, client: &Client) {
        let mut missing: Vec<String> =
            self.rooms.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        missing.push(keys::CONTROL.to_owned());
        loop {
            missing = stream::iter(missing)
                .map(|channel| async {
                    let wanted = channel == keys::CONTROL || self.find(&channel).is_some();
                    let done = !wanted || client.ssubscribe(channel.as_str()).await.is_ok();
                    (!done).then_some(channel)
                })
                .buffer_unordered(CONCURRENT_SUBSCRIBES)
                .filter_map(std::future::ready)
                .collect()
                .await;
            if missing.is_empty() {
                return;
            }
            tracing::warn!(channels = missing.len(), "could not subscribe; trying once more");
            sleep(RECONNECT_PAUSE).await;
        }
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
            let subscribed = Subscribed { room: room.clone(), seen: Mutex::new(None) };
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
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *seen {
            Some((known, latest)) if known == epoch => *latest = offset.max(*latest),
            seen => *seen = Some((epoch.clone(), offset)),
        }
    }
}
