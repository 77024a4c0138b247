//! The queue of a session: what waits to be written to its socket. Bounded in bytes; when it is full the session
//! is closed, and nobody waits for it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use hubbub_protocol::{CloseCode, ServerFrame};
use tokio::sync::Notify;

/// One or more encoded JSON objects. A clone shares the bytes.
pub type Frame = Utf8Bytes;

/// What a queued frame costs beside its text: the handle and its share of the queue. So that many empty frames
/// are bounded too.
const FRAME_OVERHEAD: usize = 64;

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
            Self::TryAgainLater => axum::extract::ws::close_code::AGAIN,
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

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    closing: Option<Closing>,
}

/// A session's queue. Many put frames in, the session's writer takes them out.
#[derive(Debug)]
pub struct Outbox {
    state: Mutex<State>,
    /// Wakes the writer: there is something to write, or the end.
    filled: Notify,
    /// Wakes who waits for the queue to run low.
    lowered: Notify,
    /// Wakes who waits for the end.
    closed: Notify,
    limit: usize,
}

impl Outbox {
    /// An empty queue that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Notify::new(),
            lowered: Notify::new(),
            closed: Notify::new(),
            limit,
        }
    }

    /// Puts a frame at the end. When the queue would exceed its limit, it is emptied and the session is closed
    /// with [`CloseCode::SlowConsumer`]. After a close, frames are dropped. Returns whether the frame was taken.
    pub fn push(&self, frame: Frame) -> bool {
        let mut state = self.lock();
        if state.closing.is_some() {
            return false;
        }
        let cost = cost(&frame);
        if state.bytes + cost > self.limit && !state.frames.is_empty() {
            state.frames = VecDeque::new();
            state.bytes = 0;
            drop(state);
            self.close(Closing::Code(CloseCode::SlowConsumer));
            return false;
        }
        state.bytes += cost;
        state.frames.push_back(frame);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// Encodes a frame for this session alone and puts it at the end.
    pub fn say(&self, frame: &ServerFrame) {
        self.push(super::encode::frame(frame));
    }

    /// Ends the session. What waits is still written if it goes quickly. The first close counts.
    pub fn close(&self, closing: Closing) {
        let mut state = self.lock();
        if state.closing.is_none() {
            state.closing = Some(closing);
            drop(state);
            self.filled.notify_one();
            self.lowered.notify_one();
            self.closed.notify_waiters();
        }
    }

    /// How the server ended the session, if it did.
    pub fn closing(&self) -> Option<Closing> {
        self.lock().closing
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
        self.lock().bytes
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
        state.bytes < self.limit / 4 || state.closing.is_some()
    }

    /// Waits for frames and moves them into `batch`: at least one, and more as long as they have no more than
    /// `bytes` bytes together. Returns the close instead when nothing waits any more. For the writer alone.
    pub async fn take(&self, batch: &mut Vec<Frame>, bytes: usize) -> Result<(), Closing> {
        loop {
            {
                let mut state = self.lock();
                let mut taken = 0;
                while let Some(frame) = state.frames.pop_front_if(|f| taken == 0 || taken + f.len() <= bytes)
                {
                    taken += frame.len().max(1);
                    state.bytes -= cost(&frame);
                    batch.push(frame);
                }
                if taken > 0 {
                    drop(state);
                    self.lowered.notify_one();
                    return Ok(());
                }
                if let Some(closing) = state.closing {
                    return Err(closing);
                }
                // A burst is over: give back what it took.
                state.frames.shrink_to(KEPT);
            }
            self.filled.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room for this many frames is kept by an idle queue: 4 handles of 32 bytes are nothing, and steady traffic
/// needs no more.
const KEPT: usize = 4;

fn cost(frame: &Frame) -> usize {
    frame.len() + FRAME_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Frame {
        "x".repeat(bytes).into()
    }

    async fn taken(outbox: &Outbox, bytes: usize) -> Result<Vec<usize>, Closing> {
        let mut batch = Vec::new();
        outbox.take(&mut batch, bytes).await?;
        Ok(batch.iter().map(|frame| frame.len()).collect())
    }

    #[tokio::test]
    async fn frames_come_out_in_order_and_in_batches_of_bounded_size() {
        let outbox = Outbox::new(10_000);
        for bytes in [10, 20, 30, 500] {
            assert!(outbox.push(frame(bytes)));
        }
        assert_eq!(outbox.bytes(), 560 + 4 * FRAME_OVERHEAD);
        assert_eq!(taken(&outbox, 59).await, Ok(vec![10, 20]));
        assert_eq!(taken(&outbox, 59).await, Ok(vec![30]));
        assert_eq!(taken(&outbox, 59).await, Ok(vec![500]), "one is taken however long it is");
        assert_eq!(outbox.bytes(), 0);
    }

    #[tokio::test]
    async fn a_full_queue_is_emptied_and_closed() {
        let outbox = Outbox::new(1_000);
        assert!(outbox.push(frame(900)));
        assert!(!outbox.push(frame(900)));
        let slow = Closing::Code(CloseCode::SlowConsumer);
        assert_eq!(outbox.closed().await, slow);
        assert_eq!(taken(&outbox, 100).await, Err(slow));
        assert!(!outbox.push(frame(1)), "nothing is taken after the end");
        assert_eq!(outbox.bytes(), 0);
    }

    #[tokio::test]
    async fn empty_frames_count_too() {
        let outbox = Outbox::new(1_000);
        let pushed = (0..100).take_while(|_| outbox.push(frame(0))).count();
        assert_eq!(pushed, 1_000 / FRAME_OVERHEAD);
    }

    #[tokio::test]
    async fn a_single_frame_beyond_the_limit_goes_through_an_empty_queue() {
        let outbox = Outbox::new(100);
        assert!(outbox.push(frame(1_000)));
        assert_eq!(taken(&outbox, 10).await, Ok(vec![1_000]));
    }

    #[tokio::test]
    async fn what_waits_is_written_before_the_close_and_the_first_close_counts() {
        let outbox = Outbox::new(1_000);
        outbox.push(frame(5));
        outbox.close(Closing::Code(CloseCode::Drain));
        outbox.close(Closing::Code(CloseCode::Silent));
        assert_eq!(taken(&outbox, 10).await, Ok(vec![5]));
        assert_eq!(taken(&outbox, 10).await, Err(Closing::Code(CloseCode::Drain)));
    }

    #[tokio::test]
    async fn who_waits_for_a_low_queue_is_woken_by_the_writer_and_by_the_end() {
        let outbox = Outbox::new(1_000);
        outbox.push(frame(900));
        let ((), batch) = tokio::join!(outbox.low(), taken(&outbox, 10));
        assert_eq!(batch, Ok(vec![900]));
        outbox.push(frame(900));
        tokio::join!(outbox.low(), async { outbox.close(Closing::TryAgainLater) });
    }
}
