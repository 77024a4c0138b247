//! Encoded frames, and those of events that are encoded before their offset is known.

use hubbub_protocol::{Erased, Message, Offset, Seen, StreamEvent, limits::OFFSET_MAX};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Content, Draft, EngineError};

/// One or more encoded JSON objects, as sockets get them. A clone shares the bytes.
pub type Frame = Utf8Bytes;

/// A frame with a gap where an offset goes: only the engine's store knows it, and it may be another process that
/// can't afford to encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameTemplate {
    /// All before the offset.
    pub(super) prefix: String,
    /// All behind it.
    pub(super) suffix: String,
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
        let gap = format!("\"offset\":{}", event.offset());
        let text = encode(event)?;
        let (before, behind) = text.split_once(&gap).ok_or_else(|| no_gap("offset"))?;
        Ok(Self { prefix: format!("{before}\"offset\":"), suffix: behind.to_owned() })
    }

    /// The frame of a message that was changed; the gap is where the offset of the change goes.
    ///
    /// # Errors
    /// See [`FrameTemplate::at_offset`].
    pub fn amended(message: Message) -> Result<Self, EngineError> {
        Self::at_amended(&StreamEvent::Message(Message { amended: OFFSET_MAX, ..message }))
    }

    /// The frame of what stands for a message that was deleted; the gap is where the offset of the deletion goes.
    ///
    /// # Errors
    /// See [`FrameTemplate::at_offset`].
    pub fn erased(erased: Erased) -> Result<Self, EngineError> {
        Self::at_amended(&StreamEvent::Erased(Erased { amended: OFFSET_MAX, ..erased }))
    }

    fn at_amended(event: &StreamEvent) -> Result<Self, EngineError> {
        // It is the last field, so no text can be behind it.
        let text = encode(event)?;
        let gap = format!("\"amended\":{OFFSET_MAX}");
        let (before, behind) = text.rsplit_once(&gap).ok_or_else(|| no_gap("amended"))?;
        Ok(Self { prefix: format!("{before}\"amended\":"), suffix: behind.to_owned() })
    }

    /// The frame with its offset.
    pub(super) fn with(&self, offset: Offset) -> Frame {
        format!("{}{offset}{}", self.prefix, self.suffix).into()
    }
}

fn no_gap(field: &str) -> EngineError {
    EngineError::Corrupt(format!("an event without {field} was encoded"))
}

/// An event as it is stored.
///
/// # Errors
/// A defect: strings and numbers can always be encoded.
pub fn encode(event: &StreamEvent) -> Result<String, EngineError> {
    serde_json::to_string(event)
        .map_err(|error| EngineError::Corrupt(format!("an event can't be encoded: {error}")))
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
        assert_eq!(frame.as_str(), encode(&StreamEvent::Message(expected)).unwrap());
    }

    #[test]
    fn what_stands_for_a_deleted_message_gets_the_offset_of_the_deletion() {
        let Message { room, offset, id, user, time, .. } = message();
        let expected = Erased { room, offset, id, user, time, amended: 43 };
        let frame = FrameTemplate::erased(expected.clone()).unwrap().with(43);
        assert_eq!(frame.as_str(), encode(&StreamEvent::Erased(expected)).unwrap());
    }

    #[test]
    fn the_offset_of_another_event_is_not_taken_for_ones_own() {
        let Message { room, id, user, time, .. } = message();
        let deleted = |offset| {
            StreamEvent::Deleted(Deleted { room: room.clone(), offset, of: 7, id, user: user.clone(), time })
        };
        let frame = FrameTemplate::at_offset(&deleted(7)).unwrap().with(1_000);
        assert_eq!(frame.as_str(), encode(&deleted(1_000)).unwrap());
    }
}
