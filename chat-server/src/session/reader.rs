//! Reads a session's socket: text comes out, everything else is dealt with here.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::ws::{Message, WebSocket, close_code};
use futures::{StreamExt, stream::SplitStream};
use hubbub_protocol::{CloseCode, ErrorCode, limits::FRAME_BYTES_READ};
use tokio_tungstenite::tungstenite;

use super::{
    encode,
    outbox::{Closing, Frame, Outbox},
};

/// The socket is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    /// The code that the peer closed with; `None` when it was lost without a word.
    pub(super) code: Option<u16>,
}

pub(super) struct Reader<'a> {
    pub(super) stream: SplitStream<WebSocket>,
    pub(super) outbox: &'a Outbox,
    /// Pings that were sent since anything was heard.
    pub(super) unanswered: &'a AtomicU32,
    /// As the peer said.
    pub(super) code: Option<u16>,
}

impl Reader<'_> {
    /// The next text. After the server closed the session, texts are dropped.
    pub(super) async fn next(&mut self) -> Result<Frame, Ended> {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return self.failed(error).await,
                None => return Err(Ended { code: self.code }),
            };
            self.unanswered.store(0, Ordering::Relaxed);
            match message {
                Message::Text(text) if self.outbox.closing().is_none() => return Ok(text),
                Message::Binary(_) if self.outbox.closing().is_none() => {
                    self.refuse(ErrorCode::BadJson, "frames are text, and this one is binary");
                }
                // Reading on sends the answer, and then ends.
                Message::Close(frame) => {
                    self.code = Some(frame.map_or(close_code::STATUS, |frame| frame.code));
                }
                Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    /// Nothing more can be read. If the peer may still read, it is told why.
    async fn failed(&mut self, error: axum::Error) -> Result<Frame, Ended> {
        let error = error.into_inner();
        match error.downcast_ref::<tungstenite::Error>() {
            Some(tungstenite::Error::Capacity(_)) => {
                let message = format!("the frame has more than {FRAME_BYTES_READ} bytes");
                self.refuse(ErrorCode::FrameTooLong, &message);
            }
            Some(tungstenite::Error::Utf8(_)) => self.refuse(ErrorCode::BadJson, "the frame is not UTF-8"),
            Some(tungstenite::Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            ))
            | None => return Err(Ended { code: self.code }),
            Some(tungstenite::Error::Protocol(_)) => self.outbox.close(Closing::Code(CloseCode::Protocol)),
            Some(_) => return Err(Ended { code: self.code }),
        }
        // The socket stays open until the close has been read, or the session's patience ends.
        std::future::pending().await
    }

    fn refuse(&self, code: ErrorCode, message: &str) {
        self.outbox.say(&encode::error(code, message, None));
        self.outbox.close(Closing::Code(CloseCode::Protocol));
    }
}
