//! Frames of a WebSocket (RFC 6455, 5.2): those of a server are walked in place, those of a client are written.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Bytes, or the continuation of a frame.
    Binary,
    /// To be answered with a pong of the same payload.
    Ping,
    /// Answers a ping.
    Pong,
    /// The server goes.
    Close,
}

/// Bytes that are no frame of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what came is no frame of a server: {0}")]
pub struct Broken(String);

/// Puts the frames of a server together from the pieces that reads give.
#[derive(Debug, Default)]
pub struct Frames {
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
}

impl Frames {
    /// Calls `each` with every frame that is complete with these bytes.
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(Kind, &[u8])) -> Result<(), Broken> {
        if self.rest.is_empty() {
            let used = walk(bytes, &mut each)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            self.rest.extend_from_slice(bytes);
            let used = walk(&self.rest, &mut each)?;
            self.rest.drain(..used);
        }
        // Ten thousand idle connections keep nothing.
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        Ok(())
    }
}

/// Gives how many bytes were of complete frames.
fn walk(bytes: &[u8], each: &mut impl FnMut(Kind, &[u8])) -> Result<usize, Broken> {
    let mut cursor = Cursor::new(bytes);
    let mut used = 0;
    while let Some((header, length)) =
        FrameHeader::parse(&mut cursor).map_err(|error| Broken(error.to_string()))?
    {
        let begin = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let end = usize::try_from(length).ok().and_then(|length| begin.checked_add(length));
        let Some(payload) = end.and_then(|end| bytes.get(begin..end)) else { break };
        if header.mask.is_some() {
            return Err(Broken("it is masked".to_owned()));
        }
        each(kind(header.opcode)?, payload);
        used = begin + payload.len();
        cursor.set_position(used as u64);
    }
    Ok(used)
}

fn kind(opcode: OpCode) -> Result<Kind, Broken> {
    match opcode {
        OpCode::Data(Data::Text) => Ok(Kind::Text),
        OpCode::Data(Data::Binary | Data::Continue) => Ok(Kind::Binary),
        OpCode::Control(Control::Ping) => Ok(Kind::Ping),
        OpCode::Control(Control::Pong) => Ok(Kind::Pong),
        OpCode::Control(Control::Close) => Ok(Kind::Close),
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            Err(Broken(format!("its opcode is {opcode:?}")))
        }
    }
}

/// Adds a frame of a client to `out`: masked, as it has to be, with a mask that changes nothing.
#[expect(clippy::missing_panics_doc, reason = "a Vec takes all that is written")]
pub fn write_frame(kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
    let opcode = match kind {
        Kind::Text => OpCode::Data(Data::Text),
        Kind::Binary => OpCode::Data(Data::Binary),
        Kind::Ping => OpCode::Control(Control::Ping),
        Kind::Pong => OpCode::Control(Control::Pong),
        Kind::Close => OpCode::Control(Control::Close),
    };
    // A server undoes the mask whatever it is, so a mask of nothing costs it the same.
    let header = FrameHeader { opcode, mask: Some([0; 4]), ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("a Vec takes all that is written");
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a server writes it.
    fn frame(opcode: Data, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let header = FrameHeader { opcode: OpCode::Data(opcode), ..FrameHeader::default() };
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_are_the_same_in_whatever_pieces_they_come() {
        let long = vec![b'x'; 70_000];
        let mut stream = frame(Data::Text, b"one");
        stream.extend(frame(Data::Binary, &long));
        stream.extend(frame(Data::Text, b""));
        for piece in [1, 2, 7, 1_000, stream.len()] {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                frames.take(bytes, |kind, payload| seen.push((kind, payload.to_vec()))).unwrap();
            }
            let expected =
                [(Kind::Text, b"one".to_vec()), (Kind::Binary, long.clone()), (Kind::Text, Vec::new())];
            assert!(seen == expected, "in pieces of {piece}");
            assert_eq!(frames.rest.capacity(), 0);
        }
    }

    #[test]
    fn what_a_client_writes_is_masked_and_no_frame_of_a_server() {
        let mut bytes = Vec::new();
        write_frame(Kind::Text, b"hello", &mut bytes);
        assert_eq!(bytes, [&[0x81, 0x85, 0, 0, 0, 0], &b"hello"[..]].concat());
        assert!(Frames::default().take(&bytes, |_, _| ()).is_err());
    }
}
