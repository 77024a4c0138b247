//! What goes over a room's channel: a header line and, after it, what the header tells of.
//!
//! ```text
//! message <epoch> <offset>\n<the encoded frame>
//! presence\n{"joined": [{"id", "name"}], "left": ["id"], "count": 3}
//! renamed\n{"id", "name"}
//! deleted\n
//! signal <session>\n<the encoded frame>
//! ```
//! The scripts write the first four. What goes over the channel of control is the user's id, a line feed, and a
//! [`UserEvent`] as JSON.

use bytes::{Bytes, BytesMut};
use hubbub_protocol::{Epoch, SessionId, User, UserId};
use serde::Deserialize;

use crate::engine::{EngineError, Frame, RoomEvent, StoredMessage, UserEvent};

#[derive(Deserialize)]
struct PresenceChange {
    // Lua can't tell an empty list from an empty object: the scripts leave empty ones out.
    #[serde(default)]
    joined: Vec<User>,
    #[serde(default)]
    left: Vec<UserId>,
    count: usize,
}

/// What goes over the channel for a signal.
pub(super) fn signal(from: SessionId, frame: &Frame) -> Bytes {
    let mut payload = BytesMut::from(format!("signal {from}\n").as_bytes());
    payload.extend_from_slice(frame.as_bytes());
    payload.freeze()
}

/// What goes over the channel of control.
pub(super) fn control(user: UserId, event: &UserEvent) -> Result<Bytes, EngineError> {
    let event = serde_json::to_string(event).map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(format!("{user}\n{event}").into())
}

/// What came over the channel of control; `None` for what no server of this version writes.
pub(super) fn parse_control(payload: &[u8]) -> Option<(UserId, UserEvent)> {
    let (user, event) = std::str::from_utf8(payload).ok()?.split_once('\n')?;
    Some((user.parse().ok()?, serde_json::from_str(event).ok()?))
}

/// What came over the channel; `None` for what no server of this version writes.
pub(super) fn parse(payload: &Bytes) -> Option<RoomEvent> {
    let line = payload.iter().position(|&byte| byte == b'\n')?;
    let rest = payload.slice(line + 1..);
    let mut header = std::str::from_utf8(&payload[..line]).ok()?.split(' ');
    match header.next()? {
        "message" => {
            let epoch = Epoch(header.next()?.into());
            let offset = header.next()?.parse().ok()?;
            let frame = Frame::try_from(rest).ok()?;
            Some(RoomEvent::Message { epoch, message: StoredMessage { offset, frame } })
        }
        "presence" => {
            let PresenceChange { joined, left, count } = serde_json::from_slice(&rest).ok()?;
            Some(RoomEvent::Presence { joined, left, count })
        }
        "renamed" => Some(RoomEvent::Renamed(serde_json::from_slice(&rest).ok()?)),
        "deleted" => Some(RoomEvent::Deleted),
        "signal" => {
            let frame = Frame::try_from(rest).ok()?;
            Some(RoomEvent::Signal { from: header.next()?.parse().ok()?, frame })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{DeviceId, UserName};

    use super::*;

    #[test]
    fn a_signal_comes_out_as_it_went_in() {
        let (from, frame) = (SessionId::random(), Frame::from_static("{}\n{}"));
        assert_eq!(parse(&signal(from, &frame)), Some(RoomEvent::Signal { from, frame }));
    }

    #[test]
    fn a_message_keeps_the_bytes_of_its_frame() {
        let event = parse(&Bytes::from_static(b"message e1 12\n{\"a\":\"\\n\"}"));
        let message = StoredMessage { offset: 12, frame: Frame::from_static("{\"a\":\"\\n\"}") };
        assert_eq!(event, Some(RoomEvent::Message { epoch: Epoch("e1".into()), message }));
    }

    #[test]
    fn what_concerns_a_user_comes_out_as_it_went_in() {
        let (user, device) = (UserId::random(), DeviceId::random());
        for event in [
            UserEvent::LoggedOut { devices: vec![device] },
            UserEvent::Deleted,
            UserEvent::Renamed { name: UserName::parse("Gräfin \"\\").unwrap() },
            UserEvent::RoomsChanged,
        ] {
            assert_eq!(parse_control(&control(user, &event).unwrap()), Some((user, event)));
        }
        assert_eq!(parse_control(b"nobody\n{\"type\":\"deleted\"}"), None);
        assert_eq!(parse_control(format!("{user}\n{{\"type\":\"promoted\"}}").as_bytes()), None);
    }

    #[test]
    fn what_nobody_writes_is_no_event() {
        for payload in ["", "message e1 12", "message e1 x\n{}", "signal\n{}", "presence\n{}", "hello\n"] {
            assert_eq!(parse(&Bytes::from_static(payload.as_bytes())), None, "{payload:?}");
        }
    }
}
