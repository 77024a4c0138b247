//! Frames as text.

use hubbub_protocol::{
    Epoch, ErrorCode, ErrorFrame, MessageId, Offset, Rejection, RoomName, ServerFrame, User,
};
use serde::Serialize;

use super::outbox::{Frame, Text};
use crate::{
    engine::{EngineError, RoomRefusal, StoredMessage, frame::json},
    limits::TooFast,
    tokens::TokenError,
};

/// A client that was told "not now" may try again after this many milliseconds: an engine's failover takes
/// seconds, and a retry is cheap.
pub const RETRY_AFTER_MS: u64 = 1_000;

/// What a `joined` takes beside its messages, so that it is allocated once: its fields with a room's name, and of each
/// member an id of 36 characters, their names and a name of common length.
const HEAD_BYTES: usize = 256;
const MEMBER_BYTES: usize = 96;

/// Any frame.
pub fn frame(frame: &ServerFrame) -> Frame {
    match json(frame) {
        Ok(frame) => frame,
        // Strings and numbers can't fail; a defect is told rather than hidden.
        Err(error) => {
            tracing::error!(%error, "a frame could not be encoded");
            r#"{"type":"error","code":"internal","message":"a frame could not be encoded"}"#.into()
        }
    }
}

/// An error frame.
pub fn error(code: ErrorCode, message: impl Into<String>, reference: Option<String>) -> ServerFrame {
    ServerFrame::Error(ErrorFrame { code, message: message.into(), reference, retry_after_ms: None })
}

/// What was done too often, and what it was about. It may be done again later.
pub fn too_fast(too_fast: &TooFast, reference: Option<String>) -> ServerFrame {
    let millis = u64::try_from(too_fast.retry_after.as_millis()).unwrap_or(u64::MAX);
    ServerFrame::Error(ErrorFrame {
        code: ErrorCode::TooFast,
        message: too_fast.to_string(),
        reference,
        retry_after_ms: Some(millis.max(1)),
    })
}

/// A frame that was refused at the edge.
pub fn rejection(Rejection { code, message, reference }: Rejection) -> ServerFrame {
    error(code, message, reference)
}

/// Why a token is not known, and nothing of whose it is.
pub fn token_error(failure: &TokenError) -> ServerFrame {
    match failure {
        TokenError::Engine(failure) => engine_error(failure, None),
        TokenError::Keys(failure) => ServerFrame::Error(ErrorFrame {
            code: ErrorCode::LoginUnavailable,
            message: format!("{failure}; try again"),
            reference: None,
            retry_after_ms: Some(RETRY_AFTER_MS),
        }),
    }
}

/// What the engine did not do, and what it was about: a room, or the id of a message.
pub fn engine_error(failure: &EngineError, reference: Option<String>) -> ServerFrame {
    match failure {
        EngineError::Unavailable(_) => ServerFrame::Error(ErrorFrame {
            code: ErrorCode::EngineUnavailable,
            message: "the engine did not answer in time; try again".to_owned(),
            reference,
            retry_after_ms: Some(RETRY_AFTER_MS),
        }),
        EngineError::Refused(refusal) => error(refusal_code(*refusal), refusal.to_string(), reference),
        EngineError::Corrupt(_) => {
            tracing::error!(%failure, "the engine's data make no sense");
            error(ErrorCode::Internal, "the server failed; its log says more", reference)
        }
    }
}

/// The code of what a room does not allow.
pub fn refusal_code(refusal: RoomRefusal) -> ErrorCode {
    match refusal {
        RoomRefusal::NoSuchRoom => ErrorCode::NoSuchRoom,
        RoomRefusal::NotAllowed => ErrorCode::NotAllowed,
        RoomRefusal::NoSuchMember => ErrorCode::NoSuchUser,
        RoomRefusal::Taken => ErrorCode::RoomTaken,
        RoomRefusal::TooMany => ErrorCode::TooManyMembers,
    }
}

/// An `error` about a message.
pub fn about(id: MessageId) -> Option<String> {
    Some(id.to_string())
}

/// What `joined` says of a room.
#[derive(Debug)]
pub struct Joined<'a> {
    /// The room.
    pub room: &'a RoomName,
    /// The life of its stream.
    pub epoch: &'a Epoch,
    /// The offset of its latest message.
    pub offset: Offset,
    /// Whether `messages` is all that was missed.
    pub recovered: bool,
    /// Those of [`messages`].
    pub messages: &'a Frame,
    /// Some of who is there.
    pub members: &'a [User],
    /// How many are there.
    pub count: u32,
}

/// A `joined` frame.
pub fn joined(joined: &Joined<'_>) -> Result<Text, EngineError> {
    #[derive(Serialize)]
    struct Head<'a> {
        r#type: &'static str,
        room: &'a RoomName,
        epoch: &'a Epoch,
        offset: Offset,
        recovered: bool,
        members: &'a [User],
        count: u32,
    }
    let Joined { room, epoch, offset, recovered, messages, members, count } = *joined;
    let head = Head { r#type: "joined", room, epoch, offset, recovered, members, count };
    let corrupt = |error: String| EngineError::Corrupt(error);
    let mut text = Vec::with_capacity(HEAD_BYTES + members.len() * MEMBER_BYTES);
    serde_json::to_writer(&mut text, &head).map_err(|error| corrupt(error.to_string()))?;
    // It goes on with the messages.
    text.pop();
    let head = Frame::try_from(text).map_err(|error| corrupt(error.to_string()))?;
    Ok(Text::Halves(head, messages.clone()))
}

/// Messages as the end of a `joined`, put in as they are stored: nobody parses them again.
pub fn messages(messages: &[StoredMessage]) -> Frame {
    const BEGIN: &str = ",\"messages\":[";
    let commas = messages.len();
    let bytes = messages.iter().map(|message| message.frame.len()).sum::<usize>();
    let mut text = String::with_capacity(BEGIN.len() + bytes + commas + 2);
    text.push_str(BEGIN);
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&message.frame);
    }
    text.push_str("]}");
    text.into()
}

/// The latest of `messages` that have no more than `bytes` bytes together: a page must fit into the queue of the
/// session that it is for.
pub fn latest_within(messages: &[StoredMessage], bytes: usize) -> &[StoredMessage] {
    let mut left = bytes;
    let fitting = messages.iter().rev().take_while(|message| {
        let fits = message.frame.len() <= left;
        left = left.saturating_sub(message.frame.len());
        fits
    });
    &messages[messages.len() - fitting.count()..]
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{Message, MessageText, StreamEvent, Timestamp, UserId, UserName};

    use super::{super::outbox::Outbox, *};

    #[test]
    fn a_joined_frame_is_what_serde_would_read() {
        let room = RoomName::parse("lobby").unwrap();
        let user = User { id: UserId::random(), name: UserName::parse("Ada \"L\"").unwrap() };
        let message = |offset| Message {
            room: room.clone(),
            offset,
            id: MessageId::random(),
            user: user.clone(),
            text: MessageText::parse("one\ntwo").unwrap(),
            time: Timestamp::from_unix_millis(1),
            mentions: vec![],
            edited: None,
            reactions: vec![],
            amended: 0,
        };
        for messages in [vec![], vec![message(4)], vec![message(4), message(5)]] {
            let stored: Vec<_> = messages
                .iter()
                .map(|message| StoredMessage {
                    offset: message.offset,
                    frame: frame(&ServerFrame::Message(message.clone())),
                })
                .collect();
            let epoch = Epoch("e".into());
            let text = joined(&Joined {
                room: &room,
                epoch: &epoch,
                offset: 5,
                recovered: true,
                messages: &super::messages(&stored),
                members: std::slice::from_ref(&user),
                count: 1,
            });
            let outbox = Outbox::new(10_000);
            outbox.put(text.unwrap());
            let expected = ServerFrame::Joined {
                room: room.clone(),
                epoch,
                offset: 5,
                recovered: true,
                messages: messages.into_iter().map(StreamEvent::Message).collect(),
                members: vec![user.clone()],
                count: 1,
            };
            assert_eq!(serde_json::from_str::<ServerFrame>(&outbox.texts()[0]).unwrap(), expected);
        }
    }

    #[test]
    fn a_page_that_is_too_long_loses_its_oldest() {
        let messages: Vec<_> = [30, 20, 10]
            .into_iter()
            .zip(1..)
            .map(|(bytes, offset)| StoredMessage { offset, frame: "x".repeat(bytes).into() })
            .collect();
        assert_eq!(latest_within(&messages, 60).len(), 3);
        assert_eq!(latest_within(&messages, 59).len(), 2);
        assert_eq!(latest_within(&messages, 5).len(), 0);
    }
}
