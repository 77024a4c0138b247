//! How far a room has been delivered, and what the next event means. No I/O: the rules of order can be read and
//! tested alone.
//!
//! Pub/sub may lose, repeat and delay, and a stream may be lost with all or some of its end. The tail takes only
//! the very next message; of everything else it says what it is, and the room asks the broker where it can't be
//! sure.

use std::hash::{DefaultHasher, Hash, Hasher};

use hubbub_protocol::{Epoch, Offset};

use crate::engine::{Page, StoredMessage};

/// How many delivered messages are remembered by their content. A repetition comes soon after the first; what is
/// older is not recognised and costs one read of the broker.
const REMEMBERED: usize = 32;

/// What an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The next one; the tail is on it now.
    Deliver,
    /// It was delivered already.
    Duplicate,
    /// Messages between the tail and this one are missing: `from` to `to`, both inclusive.
    Gap {
        /// The first that is missing.
        from: Offset,
        /// The last that is missing.
        to: Offset,
    },
    /// Of another life of the stream, newer or older.
    OtherEpoch,
    /// An offset that was passed, and not known as what was delivered there: the end of the stream may have been
    /// lost and written anew.
    Doubtful,
}

/// What a page that was read from the tail on means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catchup {
    /// These are the next ones; none when nothing was missed.
    Missed(Vec<StoredMessage>),
    /// The stream does not go on from the tail: another epoch, an offset that went back, other content, or what
    /// was missed is trimmed already.
    Lost,
}

/// The last message of a room that was delivered here.
#[derive(Debug)]
pub struct Tail {
    epoch: Epoch,
    offset: Offset,
    /// Offset and fingerprint of the last ones delivered, each at its offset modulo [`REMEMBERED`].
    recent: [(Offset, u64); REMEMBERED],
}

impl Tail {
    /// A tail on a message that is taken as delivered; 0 is "before the first".
    pub fn new(epoch: Epoch, offset: Offset) -> Self {
        Self { epoch, offset, recent: [(0, 0); REMEMBERED] }
    }

    /// The life of the stream.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The offset of the last message delivered.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// Takes an event, and the message with it if it is the next.
    ///
    /// ```
    /// use chat_server::{engine::StoredMessage, hub::tail::{Tail, Verdict}};
    /// use hubbub_protocol::Epoch;
    ///
    /// let message = |offset| StoredMessage {
    ///     offset,
    ///     frame: format!(r#"{{"id":"{offset:036}","time":"2026-01-31T08:05:09.042Z"}}"#).into(),
    /// };
    /// let epoch = Epoch("a".into());
    /// let mut tail = Tail::new(epoch.clone(), 4);
    /// assert_eq!(tail.offer(&epoch, &message(5)), Verdict::Deliver);
    /// assert_eq!(tail.offer(&epoch, &message(5)), Verdict::Duplicate);
    /// assert_eq!(tail.offer(&epoch, &message(8)), Verdict::Gap { from: 6, to: 7 });
    /// assert_eq!(tail.offset(), 5);
    /// ```
    pub fn offer(&mut self, epoch: &Epoch, message: &StoredMessage) -> Verdict {
        if *epoch != self.epoch {
            return Verdict::OtherEpoch;
        }
        let next = self.offset + 1;
        if message.offset == next {
            self.take(message);
            Verdict::Deliver
        } else if message.offset > next {
            Verdict::Gap { from: next, to: message.offset - 1 }
        } else if self.knows(message) {
            Verdict::Duplicate
        } else {
            Verdict::Doubtful
        }
    }

    /// The offset behind which a page has to begin so that [`Tail::catch_up`] can judge it: one before the tail,
    /// so that the tail's own message is in the page and can be compared.
    pub fn read_after(&self) -> Offset {
        self.offset.saturating_sub(1)
    }

    /// Judges a page that was read from [`Tail::read_after`] on, and moves over the messages that it brings.
    pub fn catch_up(&mut self, page: &Page) -> Catchup {
        if page.epoch != self.epoch || page.latest < self.offset {
            return Catchup::Lost;
        }
        let mut messages = page.messages.as_slice();
        if let Some((own, behind)) = messages.split_first()
            && own.offset == self.offset
        {
            if !self.knows(own) {
                return Catchup::Lost;
            }
            messages = behind;
        }
        let contiguous = (self.offset + 1..).zip(messages).all(|(offset, message)| offset == message.offset);
        if !contiguous || (messages.is_empty() && page.latest > self.offset) {
            return Catchup::Lost;
        }
        for message in messages {
            self.take(message);
        }
        Catchup::Missed(messages.to_vec())
    }

    fn take(&mut self, message: &StoredMessage) {
        self.offset = message.offset;
        self.recent[slot(message.offset)] = (message.offset, fingerprint(message));
    }

    /// Whether this is what was delivered at its offset. What was never seen here, since the room was opened
    /// behind it, is taken for it once.
    fn knows(&mut self, message: &StoredMessage) -> bool {
        let print = fingerprint(message);
        let seen = &mut self.recent[slot(message.offset)];
        if seen.0 == 0 {
            *seen = (message.offset, print);
        }
        *seen == (message.offset, print)
    }
}

fn slot(offset: Offset) -> usize {
    // The remainder is below REMEMBERED, whatever the width of usize.
    usize::try_from(offset % REMEMBERED as u64).unwrap_or_default()
}

/// Of what never changes: an edit or a deletion changes the rest of a stored message, and is no loss of it.
fn fingerprint(message: &StoredMessage) -> u64 {
    let mut hasher = DefaultHasher::new();
    for field in [ID, TIME] {
        field.value_in(message.frame.as_bytes()).hash(&mut hasher);
    }
    hasher.finish()
}

/// A field of a frame whose value always has the same length. Looked for as bytes, not parsed: the first one of that
/// name is meant, and within a string of JSON the quotes around it can't be.
struct Field {
    name: &'static [u8],
    bytes: usize,
}

/// Of the message, or of the message that an event is about.
const ID: Field = Field { name: b"\"id\":\"", bytes: 36 };
/// When the server took it: `2026-01-31T08:05:09.042Z`.
const TIME: Field = Field { name: b"\"time\":\"", bytes: 24 };

impl Field {
    fn value_in<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let at = memchr::memmem::find(frame, self.name)?;
        let value = &frame[at + self.name.len()..];
        value.get(..self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn epoch() -> Epoch {
        Epoch("one".into())
    }

    fn stored(offset: Offset, id: u64, text: &str) -> StoredMessage {
        let time = "2026-01-31T08:05:09.042Z";
        let frame = format!(r#"{{"offset":{offset},"id":"{id:036}","text":"{text}","time":"{time}"}}"#);
        StoredMessage { offset, frame: frame.into() }
    }

    fn message(offset: Offset) -> StoredMessage {
        stored(offset, offset, "hello")
    }

    fn other(offset: Offset) -> StoredMessage {
        stored(offset, 1_000 + offset, "hello")
    }

    #[test]
    fn a_message_that_was_edited_or_deleted_meanwhile_is_the_same() {
        let mut tail = delivered(3);
        let page = page(4, [stored(3, 3, r#"\"id\":\"better"#), message(4)]);
        assert_eq!(tail.catch_up(&page), Catchup::Missed(vec![message(4)]));
    }

    fn page(latest: Offset, messages: impl IntoIterator<Item = StoredMessage>) -> Page {
        Page { epoch: epoch(), latest, oldest: 1, messages: messages.into_iter().collect() }
    }

    /// A tail that delivered the messages 1 to `offset`.
    fn delivered(offset: Offset) -> Tail {
        let mut tail = Tail::new(epoch(), 0);
        for offset in 1..=offset {
            assert_eq!(tail.offer(&epoch(), &message(offset)), Verdict::Deliver);
        }
        tail
    }

    #[test]
    fn a_message_of_another_epoch_is_never_taken_for_the_next() {
        let mut tail = delivered(3);
        assert_eq!(tail.offer(&Epoch("two".into()), &message(4)), Verdict::OtherEpoch);
        assert_eq!(tail.offset(), 3);
    }

    #[test]
    fn a_repetition_is_a_duplicate_and_other_content_at_a_passed_offset_is_doubtful() {
        let mut tail = delivered(5);
        assert_eq!(tail.offer(&epoch(), &message(3)), Verdict::Duplicate);
        assert_eq!(tail.offer(&epoch(), &other(3)), Verdict::Doubtful);
    }

    #[test]
    fn a_repetition_of_what_is_long_passed_is_doubtful() {
        let mut tail = delivered(REMEMBERED as u64 + 1);
        assert_eq!(tail.offer(&epoch(), &message(1)), Verdict::Doubtful);
        assert_eq!(tail.offer(&epoch(), &message(2)), Verdict::Duplicate);
    }

    #[test]
    fn what_came_before_the_room_was_opened_is_a_duplicate() {
        let mut tail = Tail::new(epoch(), 7);
        assert_eq!(tail.offer(&epoch(), &message(7)), Verdict::Duplicate);
        assert_eq!(tail.offer(&epoch(), &other(7)), Verdict::Doubtful);
    }

    #[test]
    fn catching_up_brings_what_was_missed_once() {
        let mut tail = delivered(3);
        assert_eq!(tail.read_after(), 2);
        let page = page(5, [message(3), message(4), message(5)]);
        assert_eq!(tail.catch_up(&page), Catchup::Missed(vec![message(4), message(5)]));
        assert_eq!(tail.offset(), 5);
        assert_eq!(tail.offer(&epoch(), &message(5)), Verdict::Duplicate);
    }

    #[test]
    fn nothing_missed_is_no_loss() {
        assert_eq!(Tail::new(epoch(), 0).catch_up(&page(0, [])), Catchup::Missed(vec![]));
        assert_eq!(delivered(3).catch_up(&page(3, [message(3)])), Catchup::Missed(vec![]));
    }

    #[test]
    fn a_trimmed_stream_that_still_goes_on_from_the_tail_is_no_loss() {
        assert_eq!(delivered(3).catch_up(&page(4, [message(4)])), Catchup::Missed(vec![message(4)]));
    }

    #[test]
    fn an_offset_that_went_back_other_content_and_a_trimmed_gap_are_losses() {
        assert_eq!(delivered(3).catch_up(&page(2, [])), Catchup::Lost, "went back");
        assert_eq!(delivered(3).catch_up(&page(4, [other(3), message(4)])), Catchup::Lost, "rewritten");
        assert_eq!(delivered(3).catch_up(&page(9, [message(8), message(9)])), Catchup::Lost, "trimmed");
        assert_eq!(delivered(3).catch_up(&page(9, [])), Catchup::Lost, "all trimmed");
        let reborn = Page { epoch: Epoch("two".into()), ..page(4, [message(3), message(4)]) };
        assert_eq!(delivered(3).catch_up(&reborn), Catchup::Lost, "another epoch");
    }

    proptest! {
        /// Whatever pub/sub loses, repeats and reorders: with a read of the broker wherever the tail asks for
        /// one, each message is delivered once and in order.
        #[test]
        fn whatever_order_events_come_in_each_message_is_delivered_once_and_in_order(
            events in proptest::collection::vec(1u64..60, 0..200),
        ) {
            let mut tail = Tail::new(epoch(), 0);
            let mut seen = Vec::new();
            let mut stored = 0;
            for event in events {
                stored = stored.max(event);
                match tail.offer(&epoch(), &message(event)) {
                    Verdict::Deliver => seen.push(event),
                    Verdict::Duplicate => {}
                    Verdict::Gap { .. } | Verdict::Doubtful => {
                        let page = page(stored, (tail.read_after() + 1..=stored).map(message));
                        match tail.catch_up(&page) {
                            Catchup::Missed(missed) => seen.extend(missed.iter().map(|m| m.offset)),
                            Catchup::Lost => prop_assert!(false, "nothing was lost"),
                        }
                    }
                    Verdict::OtherEpoch => prop_assert!(false, "there is one epoch"),
                }
            }
            prop_assert_eq!(seen, (1..=stored).collect::<Vec<_>>());
        }
    }
}
