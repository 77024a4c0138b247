//! Messages: a stream and a sharded channel for each room.

use async_trait::async_trait;
use bytes::Bytes;
use fred::prelude::{FromValue, Key, KeysInterface, PubsubInterface, Value};
use fred::types::ExpireOptions;
use fred::types::scripts::Script;
use futures::{StreamExt, stream};
use hubbub_protocol::limits::DEDUPLICATION_WINDOW;
use hubbub_protocol::{Epoch, Offset, RoomName, SessionId, Timestamp};
use uuid::Uuid;

use super::calls::patience;
use super::{RedisEngine, Shared, events, keys, number, scripts};
use crate::engine::frame::FrameTemplate;
use crate::engine::{Broker, Draft, EngineError, Page, Published, Range, StoredMessage};

/// After how long a room is forgotten that was looked at and never written to. Its epoch is then another, which
/// nobody minds who was not there for a day. While a server subscribes to it, it is kept.
const UNWRITTEN_ROOM_SECONDS: usize = 24 * 60 * 60;

/// How many rooms are kept at once.
const CONCURRENT_KEEPS: usize = 64;

#[async_trait]
impl Broker for RedisEngine {
    async fn publish(&self, draft: Draft) -> Result<Published, EngineError> {
        let template = FrameTemplate::of(&draft)?;
        let channel = keys::channel(&draft.room);
        let keys: [Key; 4] = [
            keys::meta(&draft.room).into(),
            keys::stream(&draft.room).into(),
            keys::id(&draft.room, draft.id).into(),
            channel.as_str().into(),
        ];
        let [fresh, seen_epoch, seen_offset] = self.life(&channel);
        let arguments: [Value; 8] = [
            fresh,
            seen_epoch,
            seen_offset,
            template.prefix.into(),
            template.suffix.into(),
            draft.time.as_unix_millis().to_string().into(),
            number(self.shared.options.history),
            DEDUPLICATION_WINDOW.as_secs().to_string().into(),
        ];
        let (epoch, offset, time, duplicate): (String, Offset, i64, bool) =
            self.shared.store(&channel, &scripts::PUBLISH, &keys, &arguments).await?;

        let epoch = Epoch(epoch);
        self.shared.subscriptions.saw(&channel, &epoch, offset);
        Ok(Published { epoch, offset, time: Timestamp::from_unix_millis(time), duplicate })
    }

    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError> {
        let channel = keys::channel(room);
        let keys: [Key; 2] = [keys::meta(room).into(), keys::stream(room).into()];
        let (from, limit) = match range {
            Range::Latest(limit) => ("latest".to_owned(), limit),
            Range::After { offset, limit } => (offset.saturating_add(1).to_string(), limit),
        };
        let [fresh, seen_epoch, seen_offset] = self.life(&channel);
        let arguments: [Value; 6] =
            [fresh, seen_epoch, seen_offset, from.into(), number(limit), number(UNWRITTEN_ROOM_SECONDS)];
        let answer: Vec<Value> = self
            .shared
            .topology
            .of(&channel)
            .commands
            .run(patience(), &scripts::HISTORY, &keys, &arguments)
            .await?;

        let page = parse_page(answer).ok_or_else(|| {
            EngineError::Corrupt(format!("the stream of {room} has entries that are not ours"))
        })?;
        self.shared.subscriptions.saw(&channel, &page.epoch, page.latest);
        Ok(page)
    }

    async fn signal(&self, room: &RoomName, from: SessionId, frame: Bytes) -> Result<(), EngineError> {
        let channel = keys::channel(room);
        let payload = Value::Bytes(events::signal(from, &frame));
        let connection = &self.shared.topology.of(&channel).commands;
        connection
            .call(patience(), |client| {
                let (channel, payload) = (channel.as_str(), payload.clone());
                async move { client.spublish(channel, payload).await }
            })
            .await
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.shared.subscriptions.subscribe(&self.shared.topology, room).await?;
        self.shared.presence.check(room);
        Ok(())
    }

    async fn unsubscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.shared.subscriptions.unsubscribe(&self.shared.topology, room).await;
        Ok(())
    }
}

impl Shared {
    /// Runs a script that writes what a client is told to be stored: when this returns `Ok`, the replicas that are
    /// configured have it too. When they do not in time it may be stored all the same: the script has to give the
    /// first answer again when it is run again, as for any error.
    pub(super) async fn store<T: FromValue>(
        &self,
        key: &str,
        script: &Script,
        keys: &[Key],
        arguments: &[Value],
    ) -> Result<T, EngineError> {
        self.topology.of(key).commands.run_and_replicate(patience(), script, keys, arguments).await
    }

    /// Has the rooms that this server subscribes to, and that nobody wrote to, live for another day: their members
    /// would be told of a loss with the first message.
    pub(super) async fn keep_unwritten_rooms(&self) {
        let keep = |room: RoomName| async move {
            let meta = keys::meta(&room);
            // Only where there is an end: a room that was written to has none.
            let kept = self.topology.of(&meta).commands.call(patience(), |client| {
                let (meta, lifetime) = (meta.as_str(), UNWRITTEN_ROOM_SECONDS.try_into().unwrap_or(i64::MAX));
                async move { client.expire::<(), _>(meta, lifetime, Some(ExpireOptions::XX)).await }
            });
            if let Err(error) = kept.await {
                tracing::debug!(%room, %error, "could not be kept; it is tried again in time");
            }
        };
        stream::iter(self.subscriptions.rooms()).for_each_concurrent(CONCURRENT_KEEPS, keep).await;
    }
}

impl RedisEngine {
    /// The first three arguments of the scripts that `room.lua` is put before.
    fn life(&self, channel: &str) -> [Value; 3] {
        let (epoch, offset) = self.shared.subscriptions.seen(channel).unwrap_or((Epoch(String::new()), 0));
        [Uuid::new_v4().simple().to_string().into(), epoch.0.into(), offset.to_string().into()]
    }
}

/// `[epoch, latest, id, frame, id, frame, ...]`
fn parse_page(answer: Vec<Value>) -> Option<Page> {
    let mut answer = answer.into_iter();
    let epoch = Epoch(answer.next()?.into_string()?);
    let latest = answer.next()?.as_u64()?;
    let mut messages = Vec::with_capacity(answer.len() / 2);
    while let Some(id) = answer.next() {
        let offset = id.as_str()?.strip_suffix("-0")?.parse().ok()?;
        messages.push(StoredMessage { offset, frame: answer.next()?.into_bytes()? });
    }
    Some(Page { epoch, latest, messages })
}
