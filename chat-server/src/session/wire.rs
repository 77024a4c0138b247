//! What the server puts on the wire: frames that are neither masked nor fragmented (RFC 6455, 5.1 and 5.2).

use tokio_tungstenite::tungstenite::protocol::frame::{
    CloseFrame, Frame as WireFrame, FrameHeader,
    coding::{Data, OpCode},
};

use super::outbox::{Closing, Frame};

/// A text, or a part of one.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) part: Frame,
    /// Whether the next piece is of the same text.
    pub(super) goes_on: bool,
}

/// Adds some texts as one text frame, a line each.
pub(super) fn texts<'a>(pieces: impl Iterator<Item = &'a Piece> + Clone, out: &mut Vec<u8>) {
    let with_end = |piece: &Piece| piece.part.len() + usize::from(!piece.goes_on);
    let length = pieces.clone().map(with_end).sum::<usize>().saturating_sub(1);
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    out.reserve(header.len(length as u64) + length);
    header.format(length as u64, out).expect("a vector takes what is written to it");
    let mut is_behind_another = false;
    for Piece { part, goes_on } in pieces {
        if is_behind_another {
            out.push(b'\n');
        }
        out.extend_from_slice(part.as_bytes());
        is_behind_another = !goes_on;
    }
}

/// A ping without a text.
pub(super) fn ping() -> Vec<u8> {
    encoded(WireFrame::ping(Vec::new()))
}

/// Adds the server's last frame.
pub(super) fn close(closing: Closing, out: &mut Vec<u8>) {
    let frame = CloseFrame { code: closing.code().into(), reason: closing.reason().into() };
    out.extend(encoded(WireFrame::close(Some(frame))));
}

fn encoded(frame: WireFrame) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).expect("a vector takes what is written to it");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Piece {
        Piece { part: text.into(), goes_on: false }
    }

    fn begun(text: &str) -> Piece {
        Piece { goes_on: true, ..whole(text) }
    }

    #[test]
    fn texts_that_wait_are_one_frame_a_line_each() {
        let mut out = Vec::new();
        texts([whole("{1}")].iter(), &mut out);
        assert_eq!(out, b"\x81\x03{1}");
        out.clear();
        texts(["{1}", "{2}", "{3}"].map(whole).iter(), &mut out);
        assert_eq!(out, b"\x81\x0b{1}\n{2}\n{3}");
    }

    #[test]
    fn the_pieces_of_a_text_are_one_line() {
        let mut out = Vec::new();
        texts([begun("{1,"), whole("2}"), whole("{3}"), begun("{4"), whole("}")].iter(), &mut out);
        assert_eq!(out, b"\x81\x0d{1,2}\n{3}\n{4}");
    }

    #[test]
    fn a_long_text_has_its_length_in_two_more_bytes() {
        let mut out = Vec::new();
        texts([whole(&"x".repeat(300))].iter(), &mut out);
        assert_eq!(out[..4], [0x81, 126, 1, 44]);
        assert_eq!(out.len(), 4 + 300);
    }

    #[test]
    fn the_last_frame_has_the_code_and_the_reason() {
        let mut out = Vec::new();
        close(Closing::TryAgainLater, &mut out);
        assert_eq!(out[..4], [0x88, 26, 3, 245]);
        assert_eq!(out[4..], *b"not now; come back later");
        assert_eq!(ping(), [0x89, 0]);
    }
}
