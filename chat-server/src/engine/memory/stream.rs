//! The events of one room: a ring of the latest, and the ids of those stored within the deduplication window.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use hubbub_protocol::limits::DEDUPLICATION_WINDOW;
use hubbub_protocol::{Epoch, MessageId, Offset, Timestamp};

use crate::engine::{Amendment, Frame, HistoryLimits, Present, Range, StoredMessage};

/// How many ids a room remembers at most, however busy it is: about 7 MB. It cuts the window short only in a
/// room that stores more than 160 messages a second for ten minutes.
const IDS_KEPT: usize = 100_000;

/// What became of an event.
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

/// The moment of a call: for how long ids are remembered, and how old events are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) time: Timestamp,
}

#[derive(Debug)]
struct Entry {
    frame: Frame,
    time: Timestamp,
    /// The offset of the last event that changed it.
    amended: Offset,
    /// The offset of the `edited` event that has its text.
    edit: Offset,
}

/// The stream of one room.
#[derive(Debug)]
pub(super) struct Stream {
    limits: HistoryLimits,
    latest: Offset,
    /// The events with the offsets up to `latest`, without a gap.
    ring: VecDeque<Entry>,
    ids: HashMap<MessageId, (Offset, Timestamp)>,
    /// The keys of `ids` in the order in which they were stored, and when.
    ids_by_age: VecDeque<(Instant, MessageId)>,
}

impl Stream {
    /// An empty one.
    pub(super) fn new(limits: HistoryLimits) -> Self {
        let (ids, ids_by_age) = (HashMap::new(), VecDeque::new());
        Self { limits, latest: 0, ring: VecDeque::new(), ids, ids_by_age }
    }

    /// An empty one with the same limits.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.limits)
    }

    /// Stores the frame that `encode` makes of its offset, unless `id` was stored within the window before `now`.
    pub(super) fn append(
        &mut self,
        id: MessageId,
        time: Timestamp,
        now: Now,
        encode: impl FnOnce(Offset) -> Frame,
    ) -> Appended {
        self.forget_ids(now.instant);
        if let Some(&(offset, time)) = self.ids.get(&id) {
            return Appended::Duplicate { offset, time };
        }

        self.latest += 1;
        let message = StoredMessage { offset: self.latest, frame: encode(self.latest) };
        self.ids.insert(id, (self.latest, time));
        self.ids_by_age.push_back((now.instant, id));
        self.ring.push_back(Entry { frame: message.frame.clone(), time, amended: 0, edit: 0 });
        self.trim(now.time);
        Appended::Stored(message)
    }

    /// Where and when the event with this id was stored, if it was within the window before `now`.
    pub(super) fn stored(&mut self, id: MessageId, now: Now) -> Option<(Offset, Timestamp)> {
        self.forget_ids(now.instant);
        self.ids.get(&id).copied()
    }

    /// The event at an offset, in order to change it.
    pub(super) fn present(&mut self, epoch: &Epoch, offset: Offset, now: Now) -> Option<Present> {
        self.trim(now.time);
        if self.is_too_old(now.time) {
            return None;
        }
        let entry = &self.ring[self.index(offset)?];
        let stored = |offset| {
            let frame = self.ring[self.index(offset)?].frame.clone();
            Some(StoredMessage { offset, frame })
        };
        let event = StoredMessage { offset, frame: entry.frame.clone() };
        let edit = if entry.edit == 0 { None } else { stored(entry.edit) };
        Some(Present { epoch: epoch.clone(), event, amended: entry.amended, edit })
    }

    /// Changes an event. The amendment's `present` has to be what [`Stream::present`] answers, and its id not
    /// stored.
    pub(super) fn amend(&mut self, amendment: &Amendment, now: Now) -> Appended {
        let Amendment { id, time, present, event, replacement, event_has_text, superseded, .. } = amendment;
        let next = self.latest + 1;
        if let Some(index) = self.index(present.event.offset) {
            let entry = &mut self.ring[index];
            entry.frame = replacement.with(next);
            entry.amended = next;
            if *event_has_text {
                entry.edit = next;
            } else if superseded.is_some() {
                entry.edit = 0;
            }
        }
        if let (Some(edit), Some(frame)) = (&present.edit, superseded)
            && let Some(index) = self.index(edit.offset)
        {
            self.ring[index].frame = frame.clone();
        }
        self.append(*id, *time, now, |offset| event.with(offset))
    }

    /// The offset of the latest event.
    pub(super) fn latest(&self) -> Offset {
        self.latest
    }

    /// The offset of the oldest event that may be read; 0 for none.
    pub(super) fn oldest(&mut self, now: Timestamp) -> Offset {
        self.trim(now);
        if self.ring.is_empty() || self.is_too_old(now) { 0 } else { self.latest - self.kept() + 1 }
    }

    /// The events of `range` that are still kept.
    pub(super) fn page(&mut self, range: Range, now: Timestamp) -> Vec<StoredMessage> {
        let oldest = self.oldest(now);
        if oldest == 0 {
            return Vec::new();
        }
        let count = |limit: usize| Offset::try_from(limit).unwrap_or(Offset::MAX);
        let up_to = |last: Offset, limit| (last.saturating_sub(count(limit)).max(oldest - 1), last);
        // Offsets of peers may be any: nothing here may overflow.
        let (behind, last) = match range {
            Range::Latest(limit) => up_to(self.latest, limit),
            Range::Before { offset, limit } => up_to(self.latest.min(offset.saturating_sub(1)), limit),
            Range::After { offset, limit } => {
                let behind = offset.max(oldest - 1);
                (behind, self.latest.min(behind.saturating_add(count(limit))))
            }
        };
        if behind >= last {
            return Vec::new();
        }
        let stored = |offset| {
            let frame = self.ring[self.index(offset)?].frame.clone();
            Some(StoredMessage { offset, frame })
        };
        (behind + 1..=last).filter_map(stored).collect()
    }

    /// Forgets what is beyond the limits. The latest stays, as with Redis.
    fn trim(&mut self, now: Timestamp) {
        while self.ring.len() > self.limits.events {
            self.ring.pop_front();
        }
        let Some(cutoff) = self.limits.cutoff(now) else { return };
        while self.ring.len() > 1 && self.ring.front().is_some_and(|entry| entry.time < cutoff) {
            self.ring.pop_front();
        }
    }

    /// Whether even the latest event is too old to be read.
    pub(super) fn is_too_old(&self, now: Timestamp) -> bool {
        let cutoff = self.limits.cutoff(now);
        self.ring.back().is_some_and(|entry| cutoff.is_some_and(|cutoff| entry.time < cutoff))
    }

    fn kept(&self) -> Offset {
        self.ring.len() as Offset
    }

    fn index(&self, offset: Offset) -> Option<usize> {
        let trimmed = self.latest - self.kept();
        let index = usize::try_from(offset.checked_sub(trimmed + 1)?).ok()?;
        (index < self.ring.len()).then_some(index)
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

    fn append(stream: &mut Stream, id: MessageId, instant: Instant) -> Appended {
        stream.append(id, time(), Now { instant, time: time() }, |offset| offset.to_string().into())
    }

    fn stream(events: usize) -> Stream {
        Stream::new(HistoryLimits::events(events))
    }

    #[test]
    fn an_id_is_known_until_the_window_is_over() {
        let (mut stream, start, id) = (stream(10), Instant::now(), MessageId::random());
        append(&mut stream, id, start);

        let duplicate = Appended::Duplicate { offset: 1, time: time() };
        assert_eq!(append(&mut stream, id, start + DEDUPLICATION_WINDOW), duplicate);
        let later = start + DEDUPLICATION_WINDOW + Duration::from_millis(1);
        assert!(matches!(append(&mut stream, id, later), Appended::Stored(message) if message.offset == 2));
    }

    #[test]
    fn ids_are_forgotten_oldest_first_when_they_are_too_many() {
        let (mut stream, now) = (stream(1), Instant::now());
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
        let mut stream = stream(2);
        append(&mut stream, MessageId::random(), Instant::now());
        for limit in [0, 5, usize::MAX] {
            assert_eq!(stream.page(Range::After { offset: Offset::MAX, limit }, time()), []);
        }
        let page = stream.page(Range::Before { offset: Offset::MAX, limit: usize::MAX }, time());
        assert_eq!(page.len(), 1);
    }

    #[test]
    fn what_is_too_old_is_forgotten_and_the_latest_only_not_read() {
        let age = Some(Duration::from_secs(10));
        let mut stream = Stream::new(HistoryLimits { events: 100, age });
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1_000);
        for seconds in [0, 5, 12] {
            let now = Now { instant: Instant::now(), time: at(seconds) };
            stream.append(MessageId::random(), at(seconds), now, |offset| offset.to_string().into());
        }
        assert_eq!((stream.oldest(at(12)), stream.page(Range::Latest(9), at(12)).len()), (2, 2));
        assert_eq!((stream.oldest(at(22)), stream.page(Range::Latest(9), at(22)).len()), (3, 1));
        assert_eq!((stream.oldest(at(23)), stream.page(Range::Latest(9), at(23)).len()), (0, 0));
        assert_eq!(stream.ring.len(), 1);
    }
}
