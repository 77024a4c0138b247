//! What a session's socket receives: WebSocket messages out of bytes.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, Read, Write},
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use bytes::{Buf, BytesMut};
use hubbub_protocol::limits::FRAME_BYTES_READ;
use tokio::{io::Interest, net::TcpStream};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

use super::outbox::Outbox;

/// Each idle socket keeps its frame buffer: 1 KiB makes half a KiB more a connection than this, the default of 128 KiB
/// makes 136. A chat message of 300 characters fits; for a longer frame the buffer grows.
const FRAME_BUFFER: usize = 512;

/// What one system call reads at most: dozens of chat messages, of a peer that sends many. Into a buffer of the thread.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Reads one socket.
pub(super) struct Incoming {
    socket: Arc<TcpStream>,
    context: Box<WebSocketContext>,
    /// What was read, and is not parsed yet.
    ahead: BytesMut,
    /// Nothing more comes.
    ended: bool,
}

impl Incoming {
    /// Of a socket of which `ahead` was read already.
    pub(super) fn new(socket: Arc<TcpStream>, ahead: &Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(FRAME_BUFFER)
            // Answers to pings and closes are handed over at once.
            .write_buffer_size(0)
            .max_message_size(Some(FRAME_BYTES_READ))
            .max_frame_size(Some(FRAME_BYTES_READ));
        let context = Box::new(WebSocketContext::new(Role::Server, Some(config)));
        Self { socket, context, ahead: BytesMut::from(&ahead[..]), ended: false }
    }

    /// The next message. Answers to pings and closes go into the outbox. Dropped, nothing is lost. Not to be called again
    /// after an error.
    pub(super) async fn next(&mut self, outbox: &Outbox) -> Result<Message, tungstenite::Error> {
        poll_fn(|context| self.poll_next(outbox, context)).await
    }

    fn poll_next(
        &mut self,
        outbox: &Outbox,
        context: &mut Context<'_>,
    ) -> Poll<Result<Message, tungstenite::Error>> {
        loop {
            let mut pipe = Pipe { ahead: &mut self.ahead, ended: self.ended, outbox };
            match self.context.read(&mut pipe) {
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
            // An idle socket keeps nothing.
            self.ahead = BytesMut::new();
            ready!(self.poll_read(context))?;
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        READ.with_borrow_mut(|buffer| {
            loop {
                ready!(self.socket.poll_read_ready(context))?;
                let Some(length) = read_what_came(&self.socket, buffer)? else { continue };
                self.ended = length == 0;
                self.ahead.extend_from_slice(&buffer[..length]);
                return Poll::Ready(Ok(()));
            }
        })
    }
}

/// Reads once. A buffer that is not filled has taken all there was, so that the socket is to be waited for again: one system
/// call that would tell so is saved for each frame of a peer that sends few (`PollEvented::poll_read` of tokio does the same).
/// `None` when there was nothing.
fn read_what_came(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let mut read = None;
    let drained = socket.try_io(Interest::READABLE, || {
        let length = socket.try_read(buffer)?;
        read = Some(length);
        let all = length > 0 && length < buffer.len();
        if all { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match drained {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(read),
    }
}

/// What the parser takes for a socket.
struct Pipe<'a> {
    ahead: &'a mut BytesMut,
    ended: bool,
    outbox: &'a Outbox,
}

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = self.ahead.len().min(buffer.len());
        self.ahead.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.outbox.control(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
