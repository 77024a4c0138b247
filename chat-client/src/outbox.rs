//! Messages that are not acknowledged yet: kept, in order and bounded, and sent again under the same id. Pure.

use std::{collections::VecDeque, time::Instant};

use hubbub_protocol::{ClientFrame, Emoji, MessageId, MessageText, Offset, RoomName, Target, Timestamp};

/// How many messages wait at most. A person never comes near; a program that does is told so.
pub const OUTBOX_MESSAGES: usize = 1_000;

/// The outbox is full: the message was not taken. Send it again when others are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{OUTBOX_MESSAGES} messages wait for their acknowledgement already; wait for some of them")]
pub struct OutboxFull;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be sent as soon as the room is ready.
    Waiting,
    /// Sent on this connection.
    InFlight,
    /// The server failed for now; to be sent again at this time.
    RetryAt(Instant),
}

/// A message, or a change of one that is there: what is stored once and acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A message.
    Message(MessageText),
    /// Another text for the message with this place and id.
    Edit(Offset, MessageId, MessageText),
    /// The end of it.
    Delete(Offset, MessageId),
    /// A reaction to it; false takes it back.
    React(Offset, MessageId, Emoji, bool),
}

impl Content {
    fn frame(self, id: MessageId, room: RoomName) -> ClientFrame {
        match self {
            Self::Message(text) => ClientFrame::Send { id, room, text },
            Self::Edit(offset, message, text) => {
                ClientFrame::Edit { id, target: Target { room, offset, message }, text }
            }
            Self::Delete(offset, message) => {
                ClientFrame::Delete { id, target: Target { room, offset, message } }
            }
            Self::React(offset, message, emoji, on) => {
                ClientFrame::React { id, target: Target { room, offset, message }, emoji, on }
            }
        }
    }
}

#[derive(Debug)]
struct Entry {
    id: MessageId,
    room: RoomName,
    content: Content,
    state: State,
    /// Where it came back to its sender as a message of the room, which is as good as known to be stored.
    seen: Option<(Offset, Timestamp)>,
}

/// A message that turned out to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The message.
    pub id: MessageId,
    /// Its place.
    pub offset: Offset,
    /// When the server took it.
    pub time: Timestamp,
}

/// Unacknowledged messages, in the order they were sent.
#[derive(Debug, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
}

impl Outbox {
    /// Takes a message or a change, or says that there is no place for it.
    pub fn push(&mut self, id: MessageId, room: RoomName, content: Content) -> Result<(), OutboxFull> {
        if self.entries.len() == OUTBOX_MESSAGES {
            return Err(OutboxFull);
        }
        self.entries.push_back(Entry { id, room, content, state: State::Waiting, seen: None });
        Ok(())
    }

    /// The frames that are to be sent now, given which rooms are ready. While a message waits for its retry, the
    /// later ones of its room wait behind it, so that their order is kept as far as possible.
    pub fn due(&mut self, now: Instant, ready: impl Fn(&RoomName) -> bool) -> Vec<ClientFrame> {
        let mut held: Vec<RoomName> = Vec::new();
        let mut frames = Vec::new();
        for entry in &mut self.entries {
            if entry.state == State::InFlight || held.contains(&entry.room) {
                continue;
            }
            if !ready(&entry.room) || matches!(entry.state, State::RetryAt(at) if at > now) {
                held.push(entry.room.clone());
                continue;
            }
            entry.state = State::InFlight;
            frames.push(entry.content.clone().frame(entry.id, entry.room.clone()));
        }
        frames
    }

    /// The message is done with: acknowledged, or refused for good. False when it was before.
    pub fn remove(&mut self, id: MessageId) -> bool {
        // Acknowledgements come in order: it is nearly always the first.
        self.entries
            .iter()
            .position(|entry| entry.id == id)
            .is_some_and(|index| self.entries.remove(index).is_some())
    }

    /// The server failed for now: send it again at `at`. False when the message is not here.
    pub fn retry(&mut self, id: MessageId, at: Instant) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id);
        entry.is_some_and(|entry| {
            entry.state = State::RetryAt(at);
            true
        })
    }

    /// The message came back as one of its room.
    pub fn seen(&mut self, stored: Stored) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == stored.id) {
            entry.seen = Some((stored.offset, stored.time));
        }
    }

    /// The connection is lost, and with it the acknowledgements that were under way.
    pub fn connection_lost(&mut self) {
        for entry in &mut self.entries {
            entry.state = State::Waiting;
        }
    }

    /// After a resume of `room` without a loss: takes out what was seen there. It is stored, and a server may have
    /// forgotten its id by now, so it must not be sent again.
    pub fn take_seen(&mut self, room: &RoomName) -> Vec<Stored> {
        let mut stored = Vec::new();
        self.entries.retain(|entry| match entry.seen {
            Some((offset, time)) if entry.room == *room => {
                stored.push(Stored { id: entry.id, offset, time });
                false
            }
            _ => true,
        });
        stored
    }

    /// After a loss in `room`: what was seen may be gone with it. It is sent again; its id tells if it is not.
    pub fn forget_seen(&mut self, room: &RoomName) {
        for entry in self.entries.iter_mut().filter(|entry| entry.room == *room) {
            entry.seen = None;
        }
    }

    /// When the next retry is due.
    pub fn next_retry(&self) -> Option<Instant> {
        self.entries
            .iter()
            .filter_map(|entry| if let State::RetryAt(at) = entry.state { Some(at) } else { None })
            .min()
    }

    /// How many messages wait for their acknowledgement.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).unwrap()
    }

    fn message(text: &str) -> Content {
        Content::Message(MessageText::parse(text).unwrap())
    }

    fn outbox(rooms: &[&str]) -> (Outbox, Vec<MessageId>) {
        let mut outbox = Outbox::default();
        let ids = rooms
            .iter()
            .map(|name| {
                let id = MessageId::random();
                outbox.push(id, room(name), message("hi")).unwrap();
                id
            })
            .collect();
        (outbox, ids)
    }

    fn ids(frames: &[ClientFrame]) -> Vec<MessageId> {
        let id =
            |frame: &ClientFrame| if let ClientFrame::Send { id, .. } = frame { Some(*id) } else { None };
        frames.iter().filter_map(id).collect()
    }

    #[test]
    fn a_message_is_sent_once_a_connection_and_again_under_its_id_on_the_next() {
        let now = Instant::now();
        let (mut outbox, sent) = outbox(&["a", "a"]);
        assert_eq!(ids(&outbox.due(now, |_| true)), sent);
        assert_eq!(ids(&outbox.due(now, |_| true)), []);
        outbox.connection_lost();
        assert_eq!(ids(&outbox.due(now, |_| true)), sent);
        assert!(outbox.remove(sent[0]));
        assert!(!outbox.remove(sent[0]), "acknowledged before");
        outbox.connection_lost();
        assert_eq!(ids(&outbox.due(now, |_| true)), sent[1..]);
    }

    #[test]
    fn a_change_is_kept_and_sent_again_like_a_message() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        let (id, of) = (MessageId::random(), MessageId::random());
        outbox.push(id, room("a"), Content::Delete(3, of)).unwrap();
        let target = Target { room: room("a"), offset: 3, message: of };
        let frame = ClientFrame::Delete { id, target };
        assert_eq!(outbox.due(now, |_| true), std::slice::from_ref(&frame));
        outbox.connection_lost();
        assert_eq!(outbox.due(now, |_| true), [frame]);
    }

    #[test]
    fn messages_wait_for_their_room_and_not_for_others() {
        let now = Instant::now();
        let (mut outbox, sent) = outbox(&["a", "b", "a"]);
        assert_eq!(ids(&outbox.due(now, |name| *name == room("b"))), [sent[1]]);
        assert_eq!(ids(&outbox.due(now, |_| true)), [sent[0], sent[2]]);
    }

    #[test]
    fn what_comes_behind_a_retry_waits_for_it() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let (mut outbox, mut sent) = outbox(&["a"]);
        outbox.due(now, |_| true);
        assert!(outbox.retry(sent[0], later));
        let id = MessageId::random();
        outbox.push(id, room("a"), message("behind")).unwrap();
        sent.push(id);
        assert_eq!(outbox.next_retry(), Some(later));
        assert_eq!(ids(&outbox.due(now, |_| true)), []);
        assert_eq!(ids(&outbox.due(later, |_| true)), sent);
    }

    #[test]
    fn what_was_seen_is_not_sent_again_after_a_resume_without_a_loss() {
        let now = Instant::now();
        let (mut outbox, sent) = outbox(&["a", "a"]);
        outbox.due(now, |_| true);
        let stored = Stored { id: sent[0], offset: 7, time: Timestamp::from_unix_millis(1) };
        outbox.seen(stored);
        outbox.connection_lost();
        assert_eq!(outbox.take_seen(&room("a")), [stored]);
        assert_eq!(ids(&outbox.due(now, |_| true)), sent[1..]);
    }

    #[test]
    fn a_full_outbox_says_so() {
        let (mut outbox, _) = outbox(&["a"; OUTBOX_MESSAGES]);
        assert_eq!(outbox.push(MessageId::random(), room("a"), message("one too many")), Err(OutboxFull));
    }
}
