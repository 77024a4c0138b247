//! The messages of one room: a ring of the latest, and the ids of those stored within the deduplication window.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use hubbub_protocol::limits::DEDUPLICATION_WINDOW;
use hubbub_protocol::{MessageId, Offset, Timestamp};

use crate::engine::{Range, StoredMessage};

/// How many ids a room remembers at most, however busy it is: about 7 MB. It cuts the window short only in a
/// room that stores more than 160 messages a second for ten minutes.
const IDS_KEPT: usize = 100_000;

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is stored.
    Stored(StoredMessage),
    /// Its id was stored before.
    Duplicate {
        /// There.
        offset: Offset,
        /// And then.
        time: Timestamp,
    },
}

/// The stream of one room.
#[derive(Debug)]
pub(super) struct Stream {
    history: usize,
    latest: Offset,
    /// The messages with the offsets up to `latest`, without a gap.
    ring: VecDeque<Bytes>,
    ids: HashMap<MessageId, (Offset, Timestamp)>,
    /// The keys of `ids` in the order in which they were stored, and when.
    ids_by_age: VecDeque<(Instant, MessageId)>,
}

impl Stream {
    /// An empty one that keeps the `history` latest messages.
    pub(super) fn new(history: usize) -> Self {
        Self { history, latest: 0, ring: VecDeque::new(), ids: HashMap::new(), ids_by_age: VecDeque::new() }
    }

    /// Stores the frame that `encode` makes of its offset, unless `id` was stored within the window before `now`.
    pub(super) fn append(
        &mut self,
        id: MessageId,
        time: Timestamp,
        now: Instant,
        encode: impl FnOnce(Offset) -> Bytes,
    ) -> Appended {
        self.forget_ids(now);
        if let Some(&(offset, time)) = self.ids.get(&id) {
            return Appended::Duplicate { offset, time };
        }

        self.latest += 1;
        let message = StoredMessage { offset: self.latest, frame: encode(self.latest) };
        self.ids.insert(id, (self.latest, time));
        self.ids_by_age.push_back((now, id));
        self.ring.push_back(message.frame.clone());
        if self.ring.len() > self.history {
            self.ring.pop_front();
        }
        Appended::Stored(message)
    }

    /// The offset of the latest message.
    pub(super) fn latest(&self) -> Offset {
        self.latest
    }

    /// The messages of `range` that are still kept.
    pub(super) fn page(&self, range: Range) -> Vec<StoredMessage> {
        let trimmed = self.latest - self.ring.len() as Offset;
        let (skip, limit) = match range {
            Range::Latest(limit) => (self.ring.len().saturating_sub(limit), limit),
            Range::After { offset, limit } => {
                (usize::try_from(offset.saturating_sub(trimmed)).unwrap_or(usize::MAX), limit)
            }
        };
        (trimmed + 1..)
            .zip(&self.ring)
            .skip(skip)
            .take(limit)
            .map(|(offset, frame)| StoredMessage { offset, frame: frame.clone() })
            .collect()
    }

    fn forget_ids(&mut self, now: Instant) {
        while let Some(&(stored, id)) = self.ids_by_age.front() {
            let old = now.saturating_duration_since(stored) > DEDUPLICATION_WINDOW;
            if !old && self.ids_by_age.len() < IDS_KEPT {
                break;
            }
            self.ids_by_age.pop_front();
            self.ids.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn time() -> Timestamp {
        Timestamp::from_unix_millis(0)
    }

    fn append(stream: &mut Stream, id: MessageId, now: Instant) -> Appended {
        stream.append(id, time(), now, |offset| offset.to_string().into())
    }

    #[test]
    fn an_id_is_known_until_the_window_is_over() {
        let (mut stream, start, id) = (Stream::new(10), Instant::now(), MessageId::random());
        append(&mut stream, id, start);

        let duplicate = Appended::Duplicate { offset: 1, time: time() };
        assert_eq!(append(&mut stream, id, start + DEDUPLICATION_WINDOW), duplicate);
        let later = start + DEDUPLICATION_WINDOW + Duration::from_millis(1);
        assert!(matches!(append(&mut stream, id, later), Appended::Stored(message) if message.offset == 2));
    }

    #[test]
    fn ids_are_forgotten_oldest_first_when_they_are_too_many() {
        let (mut stream, now) = (Stream::new(1), Instant::now());
        let ids: Vec<_> = (0..=IDS_KEPT).map(|_| MessageId::random()).collect();
        for &id in &ids {
            append(&mut stream, id, now);
        }
        assert_eq!(stream.ids.len(), IDS_KEPT);
        assert!(matches!(append(&mut stream, ids[IDS_KEPT], now), Appended::Duplicate { .. }));
        assert!(matches!(append(&mut stream, ids[0], now), Appended::Stored(_)));
    }

    #[test]
    fn an_offset_of_another_life_of_the_stream_brings_nothing() {
        let mut stream = Stream::new(2);
        append(&mut stream, MessageId::random(), Instant::now());
        assert_eq!(stream.page(Range::After { offset: Offset::MAX, limit: 5 }), []);
    }
}
