//! The queue of a session, and the socket that it goes to. Bounded in bytes; when it is full the session is closed,
//! and nobody waits for it.
//!
//! Whoever puts the first frame into an empty queue sees to it that the queue is written: a room writes the queues of its
//! members itself once it has put in all that there is ([`Outbox::put`], [`Outbox::flush`]), without waking a task for
//! each; others wake the session ([`Outbox::push`]). What the socket does not take at once is the session's.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hubbub_protocol::{CloseCode, ServerFrame};
use tokio::{net::TcpStream, sync::Notify};
use tokio_tungstenite::tungstenite::protocol::frame::coding;

use super::queue::{Filled, Queue};
pub use super::queue::{Put, Text};
pub use crate::engine::Frame;

/// Frames that wait are joined up to this size into one text frame, and so one system call. The cost of a call is
/// spread over enough of them then: a chat message has some 200 bytes.
const BATCH_BYTES: usize = 16 * 1024;

/// A batch is put together in a buffer of the thread. It grows with a page of history; back to this it shrinks.
const KEPT_BYTES: usize = 4 * BATCH_BYTES;

/// Whoever writes does so for others as well that put in more meanwhile. After so many batches the session goes on with it:
/// a room that has a page for each of its members keeps no core for long.
const BATCHES: usize = 4;

thread_local! {
    static BATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why the server ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// One of the protocol's own codes.
    Code(CloseCode),
    /// WebSocket's own 1013: the session can't begin, or resume, for a reason that passes. Come back later.
    TryAgainLater,
}

impl Closing {
    /// The number in the close frame.
    pub fn code(self) -> u16 {
        match self {
            Self::Code(code) => code.code(),
            Self::TryAgainLater => coding::CloseCode::Again.into(),
        }
    }

    /// The reason in the close frame.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Code(code) => code.reason(),
            Self::TryAgainLater => "not now; come back later",
        }
    }
}

/// How far the socket took what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    /// All of it.
    All,
    /// More waits, and somebody else writes it.
    Busy,
    /// In part. The session waits for the socket, then calls [`Outbox::unblock`].
    Blocked {
        /// Of a batch that has just begun; else it is the same as before.
        anew: bool,
    },
    /// It takes nothing any more.
    Lost,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    socket: Option<Arc<TcpStream>>,
    /// Somebody writes, and looks again whether something waits, or wakes the session for it.
    writing: bool,
    condition: Condition,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Condition {
    #[default]
    Open,
    Blocked {
        anew: bool,
    },
    Lost,
}

/// A session's queue. Many put frames in.
#[derive(Debug)]
pub struct Outbox {
    state: Mutex<State>,
    /// Wakes the session: there is something to write, or to wait for, or the end.
    filled: Notify,
    /// Wakes who waits for the queue to run low.
    lowered: Notify,
    /// Wakes who waits for the end.
    closed: Notify,
    limit: usize,
}

impl Outbox {
    /// An empty queue that holds at most `limit` bytes, without a socket yet.
    pub fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Notify::new(),
            lowered: Notify::new(),
            closed: Notify::new(),
            limit,
        }
    }

    /// From now on the queue can be written.
    pub(super) fn attach(&self, socket: Arc<TcpStream>) {
        self.lock().socket = Some(socket);
    }

    /// Nothing is written any more. The socket is let go of.
    pub(super) fn detach(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.condition = Condition::Lost;
        let socket = state.socket.take();
        drop(state);
        drop(socket);
    }

    /// Puts a text at the end. When the queue would exceed its limit, it is emptied and the session is closed
    /// with [`CloseCode::SlowConsumer`]. After a close, frames are dropped. After [`Put::First`] the caller has to
    /// [`Outbox::flush`].
    pub fn put(&self, text: impl Into<Text>) -> Put {
        let mut state = self.lock();
        let put = state.queue.put(text.into(), self.limit);
        if put == Put::Full {
            // At once, so that nothing gets in behind what is missing.
            state.queue.clear();
            state.queue.close(Closing::Code(CloseCode::SlowConsumer));
            drop(state);
            self.tell_of_end();
        }
        put
    }

    /// The same, and wakes the session to write it. Returns whether the text was taken.
    pub fn push(&self, text: impl Into<Text>) -> bool {
        let put = self.put(text);
        if put == Put::First {
            self.filled.notify_one();
        }
        matches!(put, Put::First | Put::Behind)
    }

    /// Encodes a frame for this session alone and puts it at the end.
    pub fn say(&self, frame: &ServerFrame) {
        self.push(super::encode::frame(frame));
    }

    /// Adds a control frame as it goes over the wire. It goes out with the next [`Outbox::flush`].
    pub(super) fn control(&self, frame: &[u8]) {
        self.lock().queue.control(frame);
    }

    /// Ends the session. What waits is still written if it goes quickly. The first close counts.
    pub fn close(&self, closing: Closing) {
        if self.lock().queue.close(closing) {
            self.tell_of_end();
        }
    }

    fn tell_of_end(&self) {
        self.filled.notify_one();
        self.lowered.notify_one();
        self.closed.notify_waiters();
    }

    /// How the server ended the session, if it did.
    pub fn closing(&self) -> Option<Closing> {
        self.lock().queue.closing()
    }

    /// Returns when the session was ended by the server.
    pub async fn closed(&self) -> Closing {
        loop {
            let mut closed = std::pin::pin!(self.closed.notified());
            closed.as_mut().enable();
            if let Some(closing) = self.closing() {
                return closing;
            }
            closed.await;
        }
    }

    /// The bytes that wait.
    pub fn bytes(&self) -> usize {
        self.lock().queue.bytes()
    }

    /// The bytes that may wait.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns when less than a quarter of the limit waits, or the session is at its end. For answers that are
    /// large and asked for, so that asking much does not look like reading slowly. One task at a time.
    pub async fn low(&self) {
        while !self.is_low() {
            self.lowered.notified().await;
        }
    }

    /// What [`Outbox::low`] waits for.
    pub fn is_low(&self) -> bool {
        let state = self.lock();
        self.is_low_in(&state) || state.queue.closing().is_some()
    }

    fn is_low_in(&self, state: &State) -> bool {
        state.queue.bytes() < self.limit / 4
    }

    /// Writes what waits, as far as the socket takes it at once: a batch with one system call. Never waits.
    pub fn flush(&self) -> Flushed {
        BATCH.with_borrow_mut(|batch| {
            let flushed = self.flush_with(batch);
            batch.clear();
            batch.shrink_to(KEPT_BYTES);
            flushed
        })
    }

    fn flush_with(&self, batch: &mut Vec<u8>) -> Flushed {
        let mut state = self.lock();
        for _ in 0..BATCHES {
            match state.condition {
                Condition::Open => {}
                Condition::Blocked { anew } => return Flushed::Blocked { anew },
                Condition::Lost => return Flushed::Lost,
            }
            if state.writing {
                return Flushed::Busy;
            }
            let Some(socket) = state.socket.clone() else { return Flushed::All };
            let was_low = self.is_low_in(&state);
            batch.clear();
            let filled = state.queue.fill(batch, BATCH_BYTES);
            if filled == Filled::Nothing {
                return Flushed::All;
            }
            let lowered = !was_low && self.is_low_in(&state);
            state.writing = true;
            drop(state);
            if lowered {
                self.lowered.notify_one();
            }
            let written = write(&socket, batch);
            state = self.lock();
            state.writing = false;
            match written {
                Ok(written) if written == batch.len() => continue,
                Ok(written) if state.condition == Condition::Open => {
                    state.queue.put_back(&batch[written..]);
                    state.condition = Condition::Blocked { anew: filled != Filled::Rest };
                }
                Ok(_) => {}
                Err(SocketLost) => state.condition = Condition::Lost,
            }
            self.filled.notify_one();
        }
        self.filled.notify_one();
        Flushed::Busy
    }

    /// The socket takes more.
    pub(super) fn unblock(&self) {
        let mut state = self.lock();
        if let Condition::Blocked { .. } = state.condition {
            state.condition = Condition::Open;
        }
    }

    /// Returns when there may be something for the session to write, or to wait for. For the session alone.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The socket takes nothing any more.
#[derive(Debug)]
pub(super) struct SocketLost;

/// How many bytes the socket took at once.
fn write(socket: &TcpStream, bytes: &[u8]) -> Result<usize, SocketLost> {
    let mut written = 0;
    while written < bytes.len() {
        match socket.try_write(&bytes[written..]) {
            Ok(0) => return Err(SocketLost),
            Ok(more) => written += more,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(SocketLost),
        }
    }
    Ok(written)
}

#[cfg(test)]
impl Outbox {
    /// The texts that wait, taken out.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.lock().queue.texts()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    fn frame(bytes: usize) -> Frame {
        "x".repeat(bytes).into()
    }

    /// A queue with a socket, and the other end of it.
    async fn attached(limit: usize) -> (Outbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = listener.accept().await.unwrap().0;
        let outbox = Outbox::new(limit);
        outbox.attach(Arc::new(socket));
        (outbox, peer)
    }

    #[tokio::test]
    async fn a_full_queue_is_emptied_and_closed() {
        let outbox = Outbox::new(1_000);
        assert!(outbox.push(frame(900)));
        assert!(!outbox.push(frame(900)));
        assert_eq!(outbox.closed().await, Closing::Code(CloseCode::SlowConsumer));
        assert!(!outbox.push(frame(1)), "nothing is taken after the end");
        assert_eq!(outbox.bytes(), 0);
    }

    #[tokio::test]
    async fn what_waits_goes_out_as_one_frame() {
        let (outbox, mut peer) = attached(1_000).await;
        assert_eq!(outbox.put(Frame::from("{1}")), Put::First);
        assert_eq!(outbox.put(Frame::from("{2}")), Put::Behind);
        assert_eq!(outbox.flush(), Flushed::All);
        let mut read = [0; 9];
        peer.read_exact(&mut read).await.unwrap();
        assert_eq!(read, *b"\x81\x07{1}\n{2}");
        assert_eq!(outbox.put(Frame::from("{3}")), Put::First);
    }

    #[tokio::test]
    async fn what_the_socket_does_not_take_at_once_goes_out_when_it_does() {
        const TEXT: usize = 32 << 20;
        let (outbox, mut peer) = attached(usize::MAX).await;
        outbox.put(frame(TEXT));
        assert_eq!(outbox.flush(), Flushed::Blocked { anew: true });
        assert_eq!(outbox.put(Frame::from("behind")), Put::Behind);
        assert_eq!(outbox.flush(), Flushed::Blocked { anew: true }, "until it is unblocked");
        let socket = outbox.lock().socket.clone().unwrap();
        let write = async {
            while outbox.flush() != Flushed::All {
                socket.writable().await.unwrap();
                outbox.unblock();
            }
        };
        let mut read = vec![0; 10 + TEXT + 2 + 6];
        let (read_all, ()) = tokio::join!(peer.read_exact(&mut read), write);
        read_all.unwrap();
        assert!(read.ends_with(b"x\x81\x06behind"));
    }

    #[tokio::test]
    async fn who_waits_for_a_low_queue_is_woken_by_the_writer_and_by_the_end() {
        let (outbox, _peer) = attached(1_000).await;
        outbox.push(frame(900));
        tokio::join!(outbox.low(), async { assert_eq!(outbox.flush(), Flushed::All) });
        outbox.push(frame(900));
        tokio::join!(outbox.low(), async { outbox.close(Closing::TryAgainLater) });
    }

    #[tokio::test]
    async fn a_socket_that_is_lost_is_told() {
        let (outbox, peer) = attached(1_000_000).await;
        drop(peer);
        while outbox.flush() != Flushed::Lost {
            outbox.put(frame(10));
            tokio::task::yield_now().await;
        }
    }
}
