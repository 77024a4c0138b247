//! What a client says, and the edge where it is checked.

use std::{borrow::Cow, ops::Deref};

use serde::{Deserialize, Serialize};

use crate::{
    Emoji, Epoch, ErrorCode, MessageId, MessageText, Offset, Rejection, RoomName, UserName,
    limits::{FRAME_BYTES, HISTORY_DEFAULT, HISTORY_MAX, OFFSET_MAX, ROOMS_PER_SESSION},
};

/// A room to go on in, and the last message of it that the client has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ResumeFrom {
    /// The room.
    pub room: RoomName,
    /// As `joined` told it.
    pub epoch: Epoch,
    /// That of the last message that the client has; 0 for none.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
}

/// A message that is to be changed. Offset and id have to fit: an offset alone may mean another message when the
/// room's stream was lost meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Target {
    /// The room it is in.
    pub room: RoomName,
    /// Its place there.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// Its id.
    pub message: MessageId,
}

/// One JSON object of a client; `type` is the variant. A WebSocket text frame holds one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClientFrame {
    /// First on every connection.
    Hello {
        /// Who speaks. Without one the server makes a guest and tells its token in `welcome`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        token: Option<String>,
        /// Rooms to be joined again, with all that was missed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<ResumeFrom>>"))]
        resume: Vec<ResumeFrom>,
    },
    /// Into a room. Joining a room one is in already answers again and changes nothing.
    Join {
        /// The room.
        room: RoomName,
        /// How many of the latest messages are wanted: 0 to [`HISTORY_MAX`], else [`HISTORY_DEFAULT`].
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<usize>"))]
        history: usize,
    },
    /// Out of a room.
    Leave {
        /// The room.
        room: RoomName,
    },
    /// A message.
    Send {
        /// The client's GUID for it.
        id: MessageId,
        /// The room.
        room: RoomName,
        /// What it says.
        text: MessageText,
    },
    /// Another text for a message of one's own.
    Edit {
        /// The client's GUID for the change.
        id: MessageId,
        /// Which message.
        #[serde(flatten)]
        target: Target,
        /// What it says from now on.
        text: MessageText,
    },
    /// Takes a message of one's own away.
    Delete {
        /// The client's GUID for the change.
        id: MessageId,
        /// Which message.
        #[serde(flatten)]
        target: Target,
    },
    /// Reacts to a message, or takes the reaction back.
    React {
        /// The client's GUID for the change.
        id: MessageId,
        /// Which message.
        #[serde(flatten)]
        target: Target,
        /// With what.
        emoji: Emoji,
        /// Whether it is to be there.
        on: bool,
    },
    /// How far one has read in a room. Never goes back.
    Read {
        /// The room.
        room: RoomName,
        /// The last event that was read.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: Offset,
    },
    /// Another name for oneself.
    Rename {
        /// From now on.
        name: UserName,
    },
    /// One types in a room. Worth sending every few seconds.
    Typing {
        /// The room.
        room: RoomName,
    },
    /// Is anybody there?
    Ping,
}

/// A text of a frame, not copied unless something in it is escaped: serde borrows a `Cow` that stands alone, and copies one
/// that stands in an `Option`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Any frame, with every field that some frame has: one pass over the JSON, and errors of our own words.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    token: Option<Text<'a>>,
    #[serde(borrow, default)]
    resume: Option<Vec<RawResume<'a>>>,
    #[serde(borrow, default)]
    room: Option<Text<'a>>,
    #[serde(default)]
    history: Option<usize>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(borrow, default)]
    message: Option<Text<'a>>,
    #[serde(borrow, default)]
    emoji: Option<Text<'a>>,
    #[serde(default)]
    on: Option<bool>,
}

#[derive(Deserialize)]
struct RawResume<'a> {
    #[serde(borrow)]
    room: Text<'a>,
    #[serde(borrow)]
    epoch: Text<'a>,
    offset: u64,
}

/// How much of what a refusal is about is repeated in it: more than an id or a room's name has.
const REFERENCE_CHARS: usize = 64;

impl ClientFrame {
    /// Reads one frame of a client.
    ///
    /// # Errors
    /// A [`Rejection`] for anything that docs/protocol.md does not allow. The session can go on.
    ///
    /// ```
    /// use hubbub_protocol::{ClientFrame, ErrorCode};
    /// assert_eq!(ClientFrame::parse(r#"{"type":"ping","extra":1}"#), Ok(ClientFrame::Ping));
    /// let rejection = ClientFrame::parse(r#"{"type":"rename","name":""}"#).unwrap_err();
    /// assert_eq!(rejection.code, ErrorCode::EmptyName);
    /// assert_eq!(rejection.message, "name is empty");
    /// ```
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        if text.len() > FRAME_BYTES {
            return Err(Rejection {
                code: ErrorCode::FrameTooLong,
                message: format!("the frame has {} bytes; {FRAME_BYTES} are allowed", text.len()),
                reference: None,
            });
        }
        // serde would read an array as a struct, field by field.
        if !text.trim_start().starts_with('{') {
            return Err(not_an_object());
        }
        let raw: Raw = serde_json::from_str(text).map_err(|_| what_is_wrong_with(text))?;
        let about = raw.id.clone().or_else(|| raw.room.clone());
        raw.check().map_err(|(code, message)| {
            let reference = about.map(|text| text.chars().take(REFERENCE_CHARS).collect());
            Rejection { code, message, reference }
        })
    }
}

fn not_an_object() -> Rejection {
    Rejection {
        code: ErrorCode::BadJson,
        message: "the frame is not a JSON object".to_owned(),
        reference: None,
    }
}

/// Says what is wrong with text that is no [`Raw`]. Parses once more, since this is the rare way.
fn what_is_wrong_with(text: &str) -> Rejection {
    let mut json = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, Raw>(&mut json) {
        Err(error) if error.inner().is_data() => {
            let path = error.path().to_string();
            let reason = error.into_inner().to_string();
            // serde tells line and column, which mean little within one frame.
            let reason = reason.split(" at line ").next().unwrap_or_default();
            Rejection { code: ErrorCode::BadField, message: format!("{path}: {reason}"), reference: None }
        }
        _ => not_an_object(),
    }
}

type Checked<T> = Result<T, (ErrorCode, String)>;

fn missing(field: &str) -> (ErrorCode, String) {
    (ErrorCode::MissingField, format!("{field} is missing"))
}

fn needed<'a>(field: &str, value: Option<&'a Text<'_>>) -> Checked<&'a str> {
    value.map(Deref::deref).ok_or_else(|| missing(field))
}

fn guid(field: &str, value: Option<&Text<'_>>) -> Checked<MessageId> {
    needed(field, value)?.parse().map_err(|_| (ErrorCode::BadField, format!("{field} is not a GUID")))
}

fn possible(field: &str, offset: Offset) -> Checked<Offset> {
    if offset <= OFFSET_MAX {
        return Ok(offset);
    }
    Err((ErrorCode::BadField, format!("{field} is {offset}; {OFFSET_MAX} is the largest there is")))
}

fn room_name(field: &str, text: &str) -> Checked<RoomName> {
    RoomName::parse(text).map_err(|invalid| (ErrorCode::of_room(invalid), format!("{field} {invalid}")))
}

impl Raw<'_> {
    fn check(self) -> Checked<ClientFrame> {
        let kind = self.kind.as_deref().unwrap_or_default();
        match kind {
            "hello" => Ok(ClientFrame::Hello {
                token: self.token.map(|token| token.0.into_owned()),
                resume: rooms(self.resume)?,
            }),
            "join" => Ok(ClientFrame::Join { room: self.room()?, history: self.history()? }),
            "leave" => Ok(ClientFrame::Leave { room: self.room()? }),
            "send" => Ok(ClientFrame::Send { id: self.id()?, room: self.room()?, text: self.text()? }),
            "edit" => Ok(ClientFrame::Edit { id: self.id()?, target: self.target()?, text: self.text()? }),
            "delete" => Ok(ClientFrame::Delete { id: self.id()?, target: self.target()? }),
            "react" => Ok(ClientFrame::React {
                id: self.id()?,
                target: self.target()?,
                emoji: self.emoji()?,
                on: self.on.ok_or_else(|| missing("on"))?,
            }),
            "read" => Ok(ClientFrame::Read { room: self.room()?, offset: self.offset()? }),
            "rename" => Ok(ClientFrame::Rename { name: self.name()? }),
            "typing" => Ok(ClientFrame::Typing { room: self.room()? }),
            "ping" => Ok(ClientFrame::Ping),
            "" => Err((ErrorCode::UnknownType, "type is missing".to_owned())),
            other => {
                let other: String = other.chars().take(40).collect();
                Err((ErrorCode::UnknownType, format!("type {other:?} is unknown")))
            }
        }
    }

    fn room(&self) -> Checked<RoomName> {
        room_name("room", needed("room", self.room.as_ref())?)
    }

    fn history(&self) -> Checked<usize> {
        match self.history.unwrap_or(HISTORY_DEFAULT) {
            wanted @ 0..=HISTORY_MAX => Ok(wanted),
            wanted => Err((ErrorCode::BadField, format!("history is {wanted}; {HISTORY_MAX} are allowed"))),
        }
    }

    fn id(&self) -> Checked<MessageId> {
        guid("id", self.id.as_ref())
    }

    fn offset(&self) -> Checked<Offset> {
        possible("offset", self.offset.ok_or_else(|| missing("offset"))?)
    }

    fn target(&self) -> Checked<Target> {
        let message = guid("message", self.message.as_ref())?;
        Ok(Target { room: self.room()?, offset: self.offset()?, message })
    }

    fn emoji(&self) -> Checked<Emoji> {
        let emoji = needed("emoji", self.emoji.as_ref())?;
        Emoji::parse(emoji).map_err(|invalid| (ErrorCode::BadEmoji, format!("emoji {invalid}")))
    }

    fn text(&self) -> Checked<MessageText> {
        let text = needed("text", self.text.as_ref())?;
        MessageText::parse(text).map_err(|invalid| (ErrorCode::of_text(invalid), format!("text {invalid}")))
    }

    fn name(&self) -> Checked<UserName> {
        let name = needed("name", self.name.as_ref())?;
        UserName::parse(name).map_err(|invalid| (ErrorCode::of_name(invalid), format!("name {invalid}")))
    }
}

fn rooms(resume: Option<Vec<RawResume<'_>>>) -> Checked<Vec<ResumeFrom>> {
    let resume = resume.unwrap_or_default();
    if resume.len() > ROOMS_PER_SESSION {
        let message = format!("resume has {} rooms; {ROOMS_PER_SESSION} are allowed", resume.len());
        return Err((ErrorCode::TooManyRooms, message));
    }
    resume
        .into_iter()
        .map(|RawResume { room, epoch, offset }| {
            Ok(ResumeFrom {
                room: room_name("resume.room", &room)?,
                epoch: Epoch(epoch.0.into()),
                offset: possible("resume.offset", offset)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ErrorCode {
        ClientFrame::parse(text).unwrap_err().code
    }

    #[test]
    fn every_frame_survives_being_written_and_read() {
        let room = RoomName::parse("lobby").unwrap();
        let target = Target { room: room.clone(), offset: 7, message: MessageId::random() };
        let frames = [
            ClientFrame::Hello { token: None, resume: vec![] },
            ClientFrame::Hello {
                token: Some("t".into()),
                resume: vec![ResumeFrom { room: room.clone(), epoch: Epoch("e".into()), offset: 7 }],
            },
            ClientFrame::Join { room: room.clone(), history: 3 },
            ClientFrame::Leave { room: room.clone() },
            ClientFrame::Send {
                id: MessageId::random(),
                room: room.clone(),
                text: MessageText::parse("hi \"there\"").unwrap(),
            },
            ClientFrame::Edit {
                id: MessageId::random(),
                target: target.clone(),
                text: MessageText::parse("hello").unwrap(),
            },
            ClientFrame::Delete { id: MessageId::random(), target: target.clone() },
            ClientFrame::React {
                id: MessageId::random(),
                target,
                emoji: Emoji::parse("👍").unwrap(),
                on: false,
            },
            ClientFrame::Read { room: room.clone(), offset: 3 },
            ClientFrame::Rename { name: UserName::parse("Ada").unwrap() },
            ClientFrame::Typing { room },
            ClientFrame::Ping,
        ];
        for frame in frames {
            let text = serde_json::to_string(&frame).unwrap();
            assert_eq!(ClientFrame::parse(&text), Ok(frame), "{text}");
        }
    }

    #[test]
    fn a_join_gets_the_default_page_unless_it_says() {
        let frame = ClientFrame::parse(r#"{"type":"join","room":"a"}"#);
        assert_eq!(
            frame,
            Ok(ClientFrame::Join { room: RoomName::parse("a").unwrap(), history: HISTORY_DEFAULT })
        );
        assert_eq!(code(r#"{"type":"join","room":"a","history":501}"#), ErrorCode::BadField);
    }

    #[test]
    fn an_offset_that_no_room_can_have_is_refused() {
        let hello = |offset: u64| {
            ClientFrame::parse(&format!(
                r#"{{"type":"hello","resume":[{{"room":"a","epoch":"e","offset":{offset}}}]}}"#
            ))
        };
        assert!(hello(OFFSET_MAX).is_ok());
        for offset in [OFFSET_MAX + 1, u64::MAX] {
            let rejection = hello(offset).unwrap_err();
            assert_eq!(rejection.code, ErrorCode::BadField);
            assert!(rejection.message.starts_with("resume.offset is "), "{}", rejection.message);
        }
    }

    #[test]
    fn what_is_no_json_object_is_called_so() {
        for text in ["", "hi", "[]", "1", "{", "{\"type\":\"ping\"", "{\"type\":\"ping\"}}"] {
            assert_eq!(code(text), ErrorCode::BadJson, "{text}");
        }
    }

    #[test]
    fn a_wrong_field_is_named_with_what_is_wrong() {
        let rejection = ClientFrame::parse(r#"{"type":"join","room":5}"#).unwrap_err();
        assert_eq!(rejection.code, ErrorCode::BadField);
        assert!(rejection.message.starts_with("room: invalid type: integer `5`"), "{}", rejection.message);
        let rejection = ClientFrame::parse(r#"{"type":"send","id":"1","room":"a","text":"b"}"#).unwrap_err();
        assert_eq!((rejection.code, rejection.message.as_str()), (ErrorCode::BadField, "id is not a GUID"));
        assert_eq!(rejection.reference.as_deref(), Some("1"));
    }

    #[test]
    fn each_mistake_has_its_own_code() {
        use ErrorCode as E;
        let long = "x".repeat(5_000);
        let id = "b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11";
        let cases = [
            (r#"{"type":"shout"}"#.to_owned(), E::UnknownType),
            ("{}".to_owned(), E::UnknownType),
            (r#"{"type":"join"}"#.to_owned(), E::MissingField),
            (r#"{"type":"rename","name":" "}"#.to_owned(), E::EmptyName),
            (format!(r#"{{"type":"rename","name":"{long}"}}"#), E::NameTooLong),
            (r#"{"type":"rename","name":"a\u0007b"}"#.to_owned(), E::ControlCharacter),
            (r#"{"type":"join","room":""}"#.to_owned(), E::EmptyRoom),
            (format!(r#"{{"type":"join","room":"{long}"}}"#), E::RoomTooLong),
            (r#"{"type":"join","room":"a b"}"#.to_owned(), E::BadRoom),
            (format!(r#"{{"type":"send","id":"{id}","room":"a","text":" "}}"#), E::EmptyText),
            (format!(r#"{{"type":"send","id":"{id}","room":"a","text":"{long}"}}"#), E::TextTooLong),
            (
                format!(
                    r#"{{"type":"react","id":"{id}","room":"a","offset":1,"message":"{id}","emoji":"x","on":true}}"#
                ),
                E::BadEmoji,
            ),
            (r#"{"type":"read","room":"a"}"#.to_owned(), E::MissingField),
            (format!(r#"{{"type":"read","room":"a","offset":{}}}"#, u64::MAX), E::BadField),
            (format!(r#"{{"type":"ping","x":"{}"}}"#, "x".repeat(FRAME_BYTES)), E::FrameTooLong),
        ];
        for (text, expected) in cases {
            assert_eq!(code(&text), expected, "{}", &text[..text.len().min(80)]);
        }
        let resume = vec![r#"{"room":"a","epoch":"e","offset":0}"#; ROOMS_PER_SESSION + 1].join(",");
        assert_eq!(code(&format!(r#"{{"type":"hello","resume":[{resume}]}}"#)), E::TooManyRooms);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_a_client_sends_makes_the_parser_panic(text in ".{0,200}") {
            let _ = ClientFrame::parse(&text);
        }
    }
}
