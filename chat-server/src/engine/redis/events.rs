//! What goes over a room's channel: a header line and, after it, what the header tells of.
//!
//! ```text
//! message <epoch> <offset>\n<the encoded frame>
//! presence\n{"joined": [{"id", "name"}], "left": ["id"], "count": 3}
//! renamed\n{"id", "name"}
//! signal <session>\n<the encoded frame>
//! ```
//! The scripts write the first three.

use bytes::{Bytes, BytesMut};
use hubbub_protocol::{Epoch, SessionId, User, UserId};
use serde::Deserialize;

use crate::engine::{RoomEvent, StoredMessage};

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
pub(super) fn signal(from: SessionId, frame: &[u8]) -> Bytes {
    let mut payload = BytesMut::from(format!("signal {from}\n").as_bytes());
    payload.extend_from_slice(frame);
    payload.freeze()
}

/// What came over the channel; `None` for what no server of this version writes.
pub(super) fn parse(payload: &Bytes) -> Option<RoomEvent> {
    let line = payload.iter().position(|&byte| byte == b'\n')?;
    let rest = payload.slice(line + 1..);
    let mut header = std::str::from_utf8(&payload[..line]).ok()?.split(' ');
    match header.next()? {
        "message" => {
            let epoch = Epoch(header.next()?.to_owned());
            let offset = header.next()?.parse().ok()?;
            Some(RoomEvent::Message { epoch, message: StoredMessage { offset, frame: rest } })
        }
        "presence" => {
            let PresenceChange { joined, left, count } = serde_json::from_slice(&rest).ok()?;
            Some(RoomEvent::Presence { joined, left, count })
        }
        "renamed" => Some(RoomEvent::Renamed(serde_json::from_slice(&rest).ok()?)),
        "signal" => Some(RoomEvent::Signal { from: header.next()?.parse().ok()?, frame: rest }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_comes_out_as_it_went_in() {
        let (from, frame) = (SessionId::random(), Bytes::from_static(b"{}\n{}"));
        assert_eq!(parse(&signal(from, &frame)), Some(RoomEvent::Signal { from, frame }));
    }

    #[test]
    fn a_message_keeps_the_bytes_of_its_frame() {
        let event = parse(&Bytes::from_static(b"message e1 12\n{\"a\":\"\\n\"}"));
        let message = StoredMessage { offset: 12, frame: Bytes::from_static(b"{\"a\":\"\\n\"}") };
        assert_eq!(event, Some(RoomEvent::Message { epoch: Epoch("e1".to_owned()), message }));
    }

    #[test]
    fn what_nobody_writes_is_no_event() {
        for payload in ["", "message e1 12", "message e1 x\n{}", "signal\n{}", "presence\n{}", "hello\n"] {
            assert_eq!(parse(&Bytes::from_static(payload.as_bytes())), None, "{payload:?}");
        }
    }
}
