//! The `message` frame of a draft, encoded before its offset is known.

use bytes::Bytes;
use hubbub_protocol::{MessageId, MessageText, Offset, RoomName, Timestamp, User};
use serde::Serialize;

use super::{Draft, EngineError};

/// A `message` frame with a gap where the offset goes: only the engine's store knows it, and it may be another
/// process that can't afford to encode.
pub(super) struct FrameTemplate {
    /// All before the offset.
    pub(super) prefix: String,
    /// All behind it.
    pub(super) suffix: String,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "message")]
struct Before<'a> {
    room: &'a RoomName,
}

#[derive(Serialize)]
struct Behind<'a> {
    id: MessageId,
    user: &'a User,
    text: &'a MessageText,
    time: Timestamp,
}

impl FrameTemplate {
    /// Encodes the frame of `draft`.
    pub(super) fn of(draft: &Draft) -> Result<Self, EngineError> {
        let Draft { room, id, user, text, time } = draft;
        let before = encode(&Before { room })?;
        let behind = encode(&Behind { id: *id, user, text, time: *time })?;
        // `{"type":"message","room":"r"` + `,"offset":` + the offset + `,` + `"id":...}`
        let prefix = format!("{},\"offset\":", before.trim_end_matches('}'));
        let suffix = format!(",{}", behind.trim_start_matches('{'));
        Ok(Self { prefix, suffix })
    }

    /// The frame with its offset.
    pub(super) fn with(&self, offset: Offset) -> Bytes {
        format!("{}{offset}{}", self.prefix, self.suffix).into()
    }
}

fn encode(part: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(part)
        .map_err(|error| EngineError::Corrupt(format!("a message can't be encoded: {error}")))
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{Message, ServerFrame, UserId, UserName};

    use super::*;

    #[test]
    fn a_template_with_its_offset_is_what_the_protocol_encodes() {
        let draft = Draft {
            room: RoomName::parse("küche-2").unwrap(),
            id: MessageId::random(),
            user: User { id: UserId::random(), name: UserName::parse("Ada {\"}").unwrap() },
            text: MessageText::parse("{\"a\": \"}\"}\n\u{1f600}").unwrap(),
            time: Timestamp::from_unix_millis(1_769_846_709_042),
        };
        let frame = FrameTemplate::of(&draft).unwrap().with(42);

        let Draft { room, id, user, text, time } = draft;
        let (mentions, edited, reactions, amended) = (vec![], None, vec![], 0);
        let message =
            Message { room, offset: 42, id, user, text, time, mentions, edited, reactions, amended };
        let expected = ServerFrame::Message(message);
        assert_eq!(std::str::from_utf8(&frame).unwrap(), serde_json::to_string(&expected).unwrap());
    }
}
