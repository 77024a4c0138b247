//! Encoded frames, and those of events that are encoded before their offset is known.

use std::{cell::RefCell, ops::Range};

use bytes::Bytes;
use hubbub_protocol::{Erased, Message, Offset, Seen, StreamEvent};
use serde::{Serialize, ser::Error};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Content, Draft, EngineError};

/// One or more encoded JSON objects, as sockets get them. A clone shares the bytes.
pub type Frame = Utf8Bytes;

/// What a number stands behind.
const OFFSET_FIELD: &str = "\"offset\":";
const AMENDED_FIELD: &str = "\"amended\":";

/// What stands in the gap: a field that is 0 may be left out.
const UNKNOWN: Offset = 1;

/// How much room for encoding each thread keeps: more than almost all frames take.
const SCRATCH_BYTES: usize = 8 << 10;

thread_local! {
    /// Where frames are encoded, so that each is allocated once and in its size.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is told or stored as JSON.
///
/// # Errors
/// A defect: strings and numbers can always be encoded.
pub fn json(value: &impl Serialize) -> Result<Frame, serde_json::Error> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        serde_json::to_writer(&mut *scratch, value)?;
        let frame = Frame::try_from(Bytes::copy_from_slice(scratch)).map_err(serde_json::Error::custom);
        scratch.shrink_to(SCRATCH_BYTES);
        frame
    })
}

/// A frame with a gap where an offset goes: only the engine's store knows it, and it may be another process that
/// can't afford to encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameTemplate {
    /// The frame with some number in the gap.
    text: Frame,
    /// Where the number is.
    gap: Range<usize>,
}

impl FrameTemplate {
    /// The frame of what is to be stored.
    pub(super) fn of(draft: &Draft) -> Result<Self, EngineError> {
        let Draft { room, id, user, content, time } = draft.clone();
        let offset = 0;
        Self::at_offset(&match content {
            Content::Message { text, mentions } => {
                let (edited, reactions, amended) = (None, Vec::new(), 0);
                let message =
                    Message { room, offset, id, user, text, time, mentions, edited, reactions, amended };
                StreamEvent::Message(message)
            }
            Content::Seen { of } => StreamEvent::Seen(Seen { room, offset, user, of, time }),
        })
    }

    /// The frame of an event; the gap is where its own offset goes.
    ///
    /// # Errors
    /// A defect: strings and numbers can always be encoded.
    pub fn at_offset(event: &StreamEvent) -> Result<Self, EngineError> {
        // Before the offset there is the room's name, which has no quotes, so this is the field and no text.
        let text = encode(event)?;
        let field = text.find(OFFSET_FIELD).ok_or_else(|| no_gap("offset"))?;
        Ok(Self::behind(text, field + OFFSET_FIELD.len()))
    }

    /// The frame of a message that was changed; the gap is where the offset of the change goes.
    ///
    /// # Errors
    /// See [`FrameTemplate::at_offset`].
    pub fn amended(message: Message) -> Result<Self, EngineError> {
        Self::at_amended(&StreamEvent::Message(Message { amended: UNKNOWN, ..message }))
    }

    /// The frame of what stands for a message that was deleted; the gap is where the offset of the deletion goes.
    ///
    /// # Errors
    /// See [`FrameTemplate::at_offset`].
    pub fn erased(erased: Erased) -> Result<Self, EngineError> {
        Self::at_amended(&StreamEvent::Erased(Erased { amended: UNKNOWN, ..erased }))
    }

    fn at_amended(event: &StreamEvent) -> Result<Self, EngineError> {
        // It is the last field, so no text can be behind it.
        let text = encode(event)?;
        let field = text.rfind(AMENDED_FIELD).ok_or_else(|| no_gap("amended"))?;
        Ok(Self::behind(text, field + AMENDED_FIELD.len()))
    }

    /// With the number that begins there as its gap.
    fn behind(text: Frame, start: usize) -> Self {
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        Self { text, gap: start..start + digits }
    }

    /// All before the offset.
    pub(super) fn prefix(&self) -> &str {
        &self.text[..self.gap.start]
    }

    /// All behind it.
    pub(super) fn suffix(&self) -> &str {
        &self.text[self.gap.end..]
    }

    /// The frame with its offset.
    pub(super) fn with(&self, offset: Offset) -> Frame {
        [self.prefix(), &offset.to_string(), self.suffix()].concat().into()
    }
}

fn no_gap(field: &str) -> EngineError {
    EngineError::Corrupt(format!("an event without {field} was encoded"))
}

/// An event as it is stored.
///
/// # Errors
/// A defect: strings and numbers can always be encoded.
pub fn encode(event: &StreamEvent) -> Result<Frame, EngineError> {
    json(event).map_err(|error| EngineError::Corrupt(format!("an event can't be encoded: {error}")))
}

/// An event as it was stored.
///
/// # Errors
/// [`EngineError::Corrupt`] for what is none.
pub fn decode(frame: &str) -> Result<StreamEvent, EngineError> {
    serde_json::from_str(frame)
        .map_err(|error| EngineError::Corrupt(format!("a stored event can't be read: {error}")))
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{
        Deleted, MessageId, MessageText, Reaction, RoomName, ServerFrame, Timestamp, User, UserId, UserName,
    };

    use super::*;

    fn message() -> Message {
        Message {
            room: RoomName::parse("küche-2").unwrap(),
            offset: 42,
            id: MessageId::random(),
            user: User { id: UserId::random(), name: UserName::parse("Ada {\"offset\":0").unwrap() },
            text: MessageText::parse("{\"offset\":0}\"amended\":9\n\u{1f600}").unwrap(),
            time: Timestamp::from_unix_millis(1_769_846_709_042),
            mentions: vec![UserId::random()],
            edited: None,
            reactions: vec![],
            amended: 0,
        }
    }

    #[test]
    fn a_template_with_its_offset_is_what_the_protocol_encodes() {
        let expected = message();
        let Message { room, id, user, text: said, mentions, time, .. } = expected.clone();
        let content = Content::Message { text: said, mentions };
        let draft = Draft { room: room.clone(), id, user: user.clone(), content, time };
        let frame = FrameTemplate::of(&draft).unwrap().with(42);
        assert_eq!(frame.as_str(), serde_json::to_string(&ServerFrame::Message(expected)).unwrap());

        let frame = FrameTemplate::of(&Draft { content: Content::Seen { of: 0 }, ..draft }).unwrap().with(42);
        let expected = Seen { room, offset: 42, user, of: 0, time };
        assert_eq!(frame.as_str(), serde_json::to_string(&ServerFrame::Seen(expected)).unwrap());
    }

    #[test]
    fn a_changed_message_gets_the_offset_of_the_change() {
        let emoji = hubbub_protocol::Emoji::parse("\u{1f44d}").unwrap();
        let reactions = vec![Reaction { emoji, users: vec![UserId::random()] }];
        let expected = Message { reactions, amended: 50, ..message() };
        let frame = FrameTemplate::amended(expected.clone()).unwrap().with(50);
        assert_eq!(frame, encode(&StreamEvent::Message(expected)).unwrap());
    }

    #[test]
    fn what_stands_for_a_deleted_message_gets_the_offset_of_the_deletion() {
        let Message { room, offset, id, user, time, .. } = message();
        let expected = Erased { room, offset, id, user, time, amended: 43 };
        let frame = FrameTemplate::erased(expected.clone()).unwrap().with(43);
        assert_eq!(frame, encode(&StreamEvent::Erased(expected)).unwrap());
    }

    #[test]
    fn the_offset_of_another_event_is_not_taken_for_ones_own() {
        let Message { room, id, user, time, .. } = message();
        let deleted = |offset| {
            StreamEvent::Deleted(Deleted { room: room.clone(), offset, of: 7, id, user: user.clone(), time })
        };
        let frame = FrameTemplate::at_offset(&deleted(7)).unwrap().with(1_000);
        assert_eq!(frame, encode(&deleted(1_000)).unwrap());
    }
}
