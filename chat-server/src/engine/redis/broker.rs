//! Messages: a stream and a sharded channel for each room.

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use fred::prelude::{FromValue, Key, PubsubInterface, Value};
use fred::types::scripts::Script;
use futures::{StreamExt, stream};
use hubbub_protocol::limits::DEDUPLICATION_WINDOW;
use hubbub_protocol::{Epoch, MessageId, Offset, RoomName, SessionId, Timestamp};
use uuid::Uuid;

use super::entries::Place;
use super::rooms::closed;
use super::{RedisEngine, Shared, events, keys, number, scripts};
use crate::engine::{
    Amendment, Broker, Draft, EngineError, Found, Frame, FrameTemplate, HistoryLimits, Page, Present,
    Published, Range, RoomRefusal, StoredMessage,
};

/// After how long a room is forgotten that was looked at and never written to. Its epoch is then another, which
/// nobody minds who was not there for a day. While a server subscribes to it, it is kept.
const UNWRITTEN_ROOM_SECONDS: usize = 24 * 60 * 60;

/// What `amend.lua` answers first when who asks may not be in the room.
const REFUSED: u64 = 3;

/// How many rooms are kept at once.
const CONCURRENT_KEEPS: usize = 64;

#[async_trait]
impl Broker for RedisEngine {
    async fn publish(&self, draft: Draft) -> Result<Published, EngineError> {
        let template = FrameTemplate::of(&draft)?;
        let channel = keys::channel(&draft.room);
        let keys: [Key; 5] = [
            keys::meta(&draft.room).into(),
            keys::stream(&draft.room).into(),
            keys::id(&draft.room, draft.id).into(),
            channel.as_str().into(),
            keys::roles(&draft.room).into(),
        ];
        let [fresh, seen_epoch, seen_offset, kept, cutoff, lifetime] = self.stream(&channel, draft.time);
        let arguments: [Value; 12] = [
            fresh,
            seen_epoch,
            seen_offset,
            kept,
            cutoff,
            lifetime,
            template.prefix().into(),
            template.suffix().into(),
            draft.time.as_unix_millis().to_string().into(),
            DEDUPLICATION_WINDOW.as_secs().to_string().into(),
            draft.user.id.to_string().into(),
            closed(&draft.room),
        ];
        let (epoch, offset, time, duplicate): (String, Offset, i64, bool) =
            self.shared.store(&channel, &scripts::PUBLISH, &keys, &arguments).await?;
        if epoch.is_empty() {
            return Err(RoomRefusal::NoSuchRoom.into());
        }

        let epoch = Epoch(epoch.into());
        self.shared.subscriptions.saw(&channel, &epoch, offset);
        if offset == 1 {
            // Nobody has to be there for a room to be. When this fails the sender tries again, with the same answer.
            self.shared.note_public(&draft.room).await?;
        }
        Ok(Published { epoch, offset, time: Timestamp::from_unix_millis(time), duplicate })
    }

    async fn look_up(
        &self,
        room: &RoomName,
        offset: Offset,
        change: MessageId,
    ) -> Result<Found, EngineError> {
        let channel = keys::channel(room);
        let keys: [Key; 3] =
            [keys::meta(room).into(), keys::stream(room).into(), keys::id(room, change).into()];
        let mut arguments = self.stream(&channel, Timestamp::from(SystemTime::now())).to_vec();
        arguments.push(offset.to_string().into());
        let commands = &self.shared.topology.of(&channel).commands;
        let answer = commands.run(&scripts::LOOK_UP, &keys, &arguments).await?;
        parse_found(answer, offset).ok_or_else(|| not_ours(room))
    }

    async fn amend(&self, amendment: Amendment) -> Result<Found, EngineError> {
        let Amendment { room, id, by, time, present, event, replacement, event_has_text, superseded } =
            amendment;
        let channel = keys::channel(&room);
        let keys: [Key; 5] = [
            keys::meta(&room).into(),
            keys::stream(&room).into(),
            keys::id(&room, id).into(),
            channel.as_str().into(),
            keys::roles(&room).into(),
        ];
        let of = present.event.offset;
        let (edit, superseded) = match (present.edit, superseded) {
            (Some(edit), Some(frame)) => (edit.offset, frame),
            _ => (0, Frame::default()),
        };
        let mut arguments = self.stream(&channel, time).to_vec();
        arguments.extend::<[Value; 14]>([
            event.prefix().into(),
            event.suffix().into(),
            time.as_unix_millis().to_string().into(),
            DEDUPLICATION_WINDOW.as_secs().to_string().into(),
            present.epoch.0.as_ref().into(),
            of.to_string().into(),
            present.amended.to_string().into(),
            replacement.prefix().into(),
            replacement.suffix().into(),
            u8::from(event_has_text).to_string().into(),
            edit.to_string().into(),
            Value::Bytes(superseded.into()),
            by.to_string().into(),
            closed(&room),
        ]);
        let answer: Vec<Value> = self.shared.store(&channel, &scripts::AMEND, &keys, &arguments).await?;
        if answer.first().and_then(Value::as_u64) == Some(REFUSED) {
            return Err(RoomRefusal::NoSuchRoom.into());
        }
        let found = parse_found(answer, of).ok_or_else(|| not_ours(&room))?;
        if let Found::Done(published) = &found {
            self.shared.subscriptions.saw(&channel, &published.epoch, published.offset);
        }
        Ok(found)
    }

    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError> {
        let channel = keys::channel(room);
        let keys: [Key; 2] = [keys::meta(room).into(), keys::stream(room).into()];
        let (which, offset, limit) = match range {
            Range::Latest(limit) => ("latest", 0, limit),
            Range::Before { offset, limit } => ("before", offset, limit),
            Range::After { offset, limit } => ("after", offset, limit),
        };
        let mut arguments = self.stream(&channel, Timestamp::from(SystemTime::now())).to_vec();
        arguments.extend::<[Value; 4]>([
            which.into(),
            offset.to_string().into(),
            number(limit),
            number(UNWRITTEN_ROOM_SECONDS),
        ]);
        let answer: Vec<Value> =
            self.shared.topology.of(&channel).commands.run(&scripts::HISTORY, &keys, &arguments).await?;

        let page = parse_page(answer).ok_or_else(|| not_ours(room))?;
        self.shared.subscriptions.saw(&channel, &page.epoch, page.latest);
        Ok(page)
    }

    async fn signal(&self, room: &RoomName, from: SessionId, frame: Frame) -> Result<(), EngineError> {
        let channel = keys::channel(room);
        let payload = Value::Bytes(events::signal(from, &frame));
        let connection = &self.shared.topology.of(&channel).commands;
        connection
            .call(|client| {
                let (channel, payload) = (channel.as_str(), payload.clone());
                async move { client.spublish(channel, payload).await }
            })
            .await
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), EngineError> {
        self.shared.subscriptions.subscribe(&self.shared.topology, room).await?;
        self.shared.entries.check(Place::Room(room.clone()));
        self.shared.note_public(room).await
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
        self.topology.of(key).commands.run_and_replicate(script, keys, arguments).await
    }

    /// Has the rooms that this server subscribes to live on, where there is an end: their members would be told of
    /// a loss.
    pub(super) async fn keep_rooms(&self) {
        let keep = |room: RoomName| async move {
            let meta = keys::meta(&room);
            let commands = &self.topology.of(&meta).commands;
            let keys: [Key; 2] = [meta.as_str().into(), keys::stream(&room).into()];
            let arguments = [number(UNWRITTEN_ROOM_SECONDS), self.lifetime()];
            let kept = async {
                commands.run::<()>(&scripts::KEEP, &keys, &arguments).await?;
                // Somebody may have taken it off just when it was put on.
                self.note_public(&room).await
            };
            if let Err(error) = kept.await {
                tracing::debug!(%room, %error, "could not be kept; it is tried again in time");
            }
        };
        stream::iter(self.subscriptions.rooms()).for_each_concurrent(CONCURRENT_KEEPS, keep).await;
    }

    /// How many seconds a stream outlives its latest event; 0 for ever.
    fn lifetime(&self) -> Value {
        let aged = self.options.history.age.map(|age| age.as_secs() + UNWRITTEN_ROOM_SECONDS as u64);
        aged.unwrap_or_default().to_string().into()
    }
}

impl RedisEngine {
    /// The first six arguments of the scripts that `room.lua` is put before.
    pub(super) fn stream(&self, channel: &str, now: Timestamp) -> [Value; 6] {
        let HistoryLimits { events, .. } = self.shared.options.history;
        let cutoff = self.shared.options.history.cutoff(now).map_or(0, Timestamp::as_unix_millis);
        let (epoch, offset) = self.shared.subscriptions.seen(channel).unwrap_or((Epoch("".into()), 0));
        [
            Uuid::new_v4().simple().to_string().into(),
            epoch.0.as_ref().into(),
            offset.to_string().into(),
            number(events),
            cutoff.to_string().into(),
            self.shared.lifetime(),
        ]
    }
}

fn not_ours(room: &RoomName) -> EngineError {
    EngineError::Corrupt(format!("the stream of {room} has entries that are not ours"))
}

/// An entry of a stream: the offsets of the last event that changed it and of the `edited` that has its text, and
/// its frame. See `room.lua`.
fn parse_entry(entry: &Bytes) -> Option<(Offset, Offset, Frame)> {
    let line = entry.iter().position(|&byte| byte == b'\n')?;
    let mut header = std::str::from_utf8(&entry[..line]).ok()?.split(' ').skip(1);
    let frame = Frame::try_from(entry.slice(line + 1..)).ok()?;
    Some((header.next()?.parse().ok()?, header.next()?.parse().ok()?, frame))
}

/// `[epoch, latest, oldest, offset of the first, entry, entry, ...]`
fn parse_page(answer: Vec<Value>) -> Option<Page> {
    let mut answer = answer.into_iter();
    let epoch = Epoch(answer.next()?.into_string()?.into());
    let (latest, oldest) = (answer.next()?.as_u64()?, answer.next()?.as_u64()?);
    let first: Offset = answer.next()?.as_u64()?;
    let stored = |(offset, entry): (Offset, Value)| {
        let (_, _, frame) = parse_entry(&entry.into_bytes()?)?;
        Some(StoredMessage { offset, frame })
    };
    let messages = (first..).zip(answer).map(stored).collect::<Option<_>>()?;
    Some(Page { epoch, latest, oldest, messages })
}

/// `[1, epoch, offset, time]` for what was stored before, `[2, ...]` for now; `[0, epoch, entry, entry of the edit]`
fn parse_found(answer: Vec<Value>, of: Offset) -> Option<Found> {
    let [done, epoch, third, fourth] = <[Value; 4]>::try_from(answer).ok()?;
    let epoch = Epoch(epoch.into_string()?.into());
    let done = done.as_u64()?;
    if done > 0 {
        let time = Timestamp::from_unix_millis(fourth.as_i64()?);
        return Some(Found::Done(Published { epoch, offset: third.as_u64()?, time, duplicate: done == 1 }));
    }
    let (entry, edit) = (third.into_bytes()?, fourth.into_bytes()?);
    if entry.is_empty() {
        return Some(Found::Nothing);
    }
    let (amended, edit_offset, frame) = parse_entry(&entry)?;
    let edit = if edit.is_empty() {
        None
    } else {
        Some(StoredMessage { offset: edit_offset, frame: parse_entry(&edit)?.2 })
    };
    Some(Found::Present(Present { epoch, event: StoredMessage { offset: of, frame }, amended, edit }))
}
