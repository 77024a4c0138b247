//! Reads a session's socket: text comes out, everything else is dealt with here.

use std::sync::atomic::{AtomicU32, Ordering};

use hubbub_protocol::{CloseCode, ErrorCode, limits::FRAME_BYTES_READ};
use tokio::task::coop::consume_budget;
use tokio_tungstenite::tungstenite::{self, Message, error::ProtocolError, protocol::frame::coding};

use super::{
    encode,
    incoming::Incoming,
    outbox::{Closing, Frame, Outbox},
};

/// The socket is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    /// The code that the peer closed with; `None` when it was lost without a word.
    pub(super) code: Option<u16>,
}

pub(super) struct Reader<'a> {
    pub(super) incoming: Incoming,
    pub(super) outbox: &'a Outbox,
    /// Pings that were sent since anything was heard.
    pub(super) unanswered: &'a AtomicU32,
    /// As the peer said.
    pub(super) code: Option<u16>,
    /// What comes can't be understood any more.
    pub(super) broken: bool,
}

impl Reader<'_> {
    /// The next text. After the server closed the session, texts are dropped.
    pub(super) async fn next(&mut self) -> Result<Frame, Ended> {
        // The socket stays open until the close has been read, or the session's patience ends.
        while !self.broken {
            // Dozens of frames may have come with one read.
            consume_budget().await;
            let message = match self.incoming.next(self.outbox).await {
                Ok(message) => message,
                Err(error) => {
                    self.failed(&error)?;
                    break;
                }
            };
            self.unanswered.store(0, Ordering::Relaxed);
            match message {
                Message::Text(text) if self.outbox.closing().is_none() => return Ok(text),
                Message::Binary(_) if self.outbox.closing().is_none() => {
                    self.refuse(ErrorCode::BadJson, "frames are text, and this one is binary");
                }
                // Reading on sends the answer, and then ends.
                Message::Close(frame) => {
                    self.code = Some(frame.map_or(coding::CloseCode::Status, |frame| frame.code).into());
                }
                Message::Text(_)
                | Message::Binary(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Frame(_) => {}
            }
        }
        std::future::pending().await
    }

    /// Nothing more can be read. If the peer may still read, it is told why.
    fn failed(&mut self, error: &tungstenite::Error) -> Result<(), Ended> {
        match error {
            tungstenite::Error::Capacity(_) => {
                let message = format!("the frame has more than {FRAME_BYTES_READ} bytes");
                self.refuse(ErrorCode::FrameTooLong, &message);
            }
            tungstenite::Error::Utf8(_) => self.refuse(ErrorCode::BadJson, "the frame is not UTF-8"),
            tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                return Err(Ended { code: self.code });
            }
            tungstenite::Error::Protocol(_) => self.outbox.close(Closing::Code(CloseCode::Protocol)),
            _ => return Err(Ended { code: self.code }),
        }
        // The parser is in the middle of a frame that it can't go on with.
        self.broken = true;
        Ok(())
    }

    fn refuse(&self, code: ErrorCode, message: &str) {
        self.outbox.say(&encode::error(code, message, None));
        self.outbox.close(Closing::Code(CloseCode::Protocol));
    }
}
