//! What waits for a socket, in the order in which it goes out. No I/O.

use std::collections::VecDeque;

use super::{
    outbox::{Closing, Frame},
    wire::{self, Piece},
};

/// What a queued frame costs beside its text: the handle and its share of the queue. So that many empty frames
/// are bounded too.
const FRAME_OVERHEAD: usize = 64;

/// The room for this many frames is kept by an idle queue: 4 handles of 40 bytes are nothing, and steady traffic
/// needs no more.
const KEPT: usize = 4;

/// A peer may ask for pongs faster than it reads them: beyond this only the newest is kept. One answers all pings before it
/// (RFC 6455, 5.5.3).
const CONTROL_BYTES: usize = 4 * 1024;

/// The first byte of a close frame (RFC 6455, 5.2).
const CLOSE: u8 = 0x88;

/// A text for sessions.
#[derive(Debug, Clone)]
pub enum Text {
    /// In one piece.
    Whole(Frame),
    /// It begins with what is of one session, and goes on with what many share and nobody copies.
    Halves(Frame, Frame),
}

impl From<Frame> for Text {
    fn from(text: Frame) -> Self {
        Self::Whole(text)
    }
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Nothing waited: whoever put it sees to it that the queue is written.
    First,
    /// It goes out with what waits already.
    Behind,
    /// The queue would exceed its limit.
    Full,
    /// The session is at its end.
    Ended,
}

/// What was handed out to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// Nothing waits.
    Nothing,
    /// A new batch.
    Batch,
    /// The rest of a batch that the socket took in part.
    Rest,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Goes first, as it is on the wire: what the socket did not take of a batch.
    rest: Vec<u8>,
    /// Pings and pongs, as they are on the wire.
    control: Vec<u8>,
    /// The answer to the peer's close, as it is on the wire.
    answer: Option<Vec<u8>>,
    frames: VecDeque<Piece>,
    /// What `frames` cost.
    bytes: usize,
    closing: Option<Closing>,
    /// A close frame was handed out: nothing may follow.
    is_over: bool,
}

impl Queue {
    pub(super) fn put(&mut self, text: Text, limit: usize) -> Put {
        if self.closing.is_some() || self.answer.is_some() || self.is_over {
            return Put::Ended;
        }
        let (begin, end) = match text {
            Text::Whole(text) => (None, Piece { part: text, goes_on: false }),
            Text::Halves(begin, end) => {
                (Some(Piece { part: begin, goes_on: true }), Piece { part: end, goes_on: false })
            }
        };
        let cost = cost(&end) + begin.as_ref().map_or(0, cost);
        if self.bytes + cost > limit && !self.frames.is_empty() {
            return Put::Full;
        }
        let first = self.is_empty();
        self.bytes += cost;
        self.frames.extend(begin);
        self.frames.push_back(end);
        if first { Put::First } else { Put::Behind }
    }

    /// Adds a control frame. Pings and pongs may go before texts that wait; the answer to a close is the last of all.
    pub(super) fn control(&mut self, frame: &[u8]) {
        if self.is_over {
            return;
        }
        if frame.first() == Some(&CLOSE) {
            self.answer = Some(frame.to_vec());
            return;
        }
        if self.control.len() + frame.len() > CONTROL_BYTES {
            self.control.clear();
        }
        self.control.extend_from_slice(frame);
    }

    /// The end: what waits is still written, and the close frame behind it. The first one counts; returns whether this is
    /// it.
    pub(super) fn close(&mut self, closing: Closing) -> bool {
        let first = self.closing.is_none();
        self.closing.get_or_insert(closing);
        first
    }

    pub(super) fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// No text that waits is written any more.
    pub(super) fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
    }

    /// The bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.rest.is_empty() && self.control.is_empty()
    }

    /// Moves what goes out next into `out`, which is empty: texts until they have `bytes` bytes together, or more.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, bytes: usize) -> Filled {
        if !self.rest.is_empty() {
            *out = std::mem::take(&mut self.rest);
            return Filled::Rest;
        }
        out.append(&mut self.control);
        self.control = Vec::new();
        let (mut taken, mut goes_on) = (0, false);
        let fits = |piece: &&Piece| {
            let fits = goes_on || taken < bytes;
            taken += piece.part.len().max(1);
            goes_on = piece.goes_on;
            fits
        };
        let count = self.frames.iter().take_while(fits).count();
        if count > 0 {
            wire::texts(self.frames.iter().take(count), out);
            self.bytes -= self.frames.drain(..count).map(|piece| cost(&piece)).sum::<usize>();
        } else {
            // A burst is over: give back what it took.
            self.frames.shrink_to(KEPT);
        }
        let ends = self.closing.is_some() || self.answer.is_some();
        if ends && self.frames.is_empty() && !self.is_over {
            self.is_over = true;
            match (self.closing, self.answer.take()) {
                // Both ends close: what the server has to say is more than an answer.
                (Some(closing), _) => wire::close(closing, out),
                (None, answer) => out.extend(answer.unwrap_or_default()),
            }
        }
        if out.is_empty() { Filled::Nothing } else { Filled::Batch }
    }

    /// What the socket did not take goes first the next time. For the one who took it out by [`Queue::fill`].
    pub(super) fn put_back(&mut self, rest: &[u8]) {
        self.rest = rest.to_vec();
    }
}

#[cfg(test)]
impl Queue {
    /// The texts that wait, taken out.
    pub(super) fn texts(&mut self) -> Vec<String> {
        self.bytes = 0;
        let mut texts = vec![String::new()];
        for Piece { part, goes_on } in self.frames.drain(..) {
            texts.last_mut().unwrap().push_str(&part);
            if !goes_on {
                texts.push(String::new());
            }
        }
        texts.pop();
        texts
    }
}

fn cost(piece: &Piece) -> usize {
    piece.part.len() + FRAME_OVERHEAD
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::CloseCode;

    use super::*;

    fn frame(bytes: usize) -> Text {
        Frame::from("x".repeat(bytes)).into()
    }

    /// How long what goes out next is, and of which kind.
    fn filled(queue: &mut Queue, bytes: usize) -> (Filled, usize) {
        let mut out = Vec::new();
        (queue.fill(&mut out, bytes), out.len())
    }

    #[test]
    fn frames_come_out_in_order_and_in_batches_of_bounded_size() {
        let mut queue = Queue::default();
        assert_eq!(queue.put(frame(10), 10_000), Put::First);
        for bytes in [20, 30, 500] {
            assert_eq!(queue.put(frame(bytes), 10_000), Put::Behind);
        }
        assert_eq!(queue.bytes(), 560 + 4 * FRAME_OVERHEAD);
        assert_eq!(filled(&mut queue, 30), (Filled::Batch, 2 + 10 + 1 + 20));
        assert_eq!(filled(&mut queue, 31), (Filled::Batch, 4 + 30 + 1 + 500), "the last one is whole");
        assert_eq!(filled(&mut queue, 30), (Filled::Nothing, 0));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_full_queue_takes_no_more() {
        let mut queue = Queue::default();
        assert_eq!(queue.put(frame(900), 1_000), Put::First);
        assert_eq!(queue.put(frame(900), 1_000), Put::Full);
    }

    #[test]
    fn a_text_in_halves_is_never_parted() {
        let mut queue = Queue::default();
        queue.put(frame(8), 1_000);
        assert_eq!(queue.put(Text::Halves("begin".into(), "end".into()), 1_000), Put::Behind);
        queue.put(frame(4), 1_000);
        assert_eq!(filled(&mut queue, 10), (Filled::Batch, 2 + 8 + 1 + 5 + 3));
        assert_eq!(filled(&mut queue, 10), (Filled::Batch, 2 + 4));
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn empty_frames_count_too() {
        let mut queue = Queue::default();
        let taken = (0..100).take_while(|_| queue.put(frame(0), 1_000) != Put::Full).count();
        assert_eq!(taken, 1_000 / FRAME_OVERHEAD);
    }

    #[test]
    fn a_single_frame_beyond_the_limit_goes_through_an_empty_queue() {
        let mut queue = Queue::default();
        assert_eq!(queue.put(frame(1_000), 100), Put::First);
        assert_eq!(filled(&mut queue, 10), (Filled::Batch, 4 + 1_000));
    }

    #[test]
    fn what_waits_is_written_before_the_close_and_nothing_behind_it() {
        let mut queue = Queue::default();
        queue.put(frame(5), 1_000);
        assert!(queue.close(Closing::Code(CloseCode::Drain)));
        assert!(!queue.close(Closing::Code(CloseCode::Silent)), "the first close counts");
        assert_eq!(queue.put(frame(1), 1_000), Put::Ended);
        let mut out = Vec::new();
        queue.fill(&mut out, 10);
        assert_eq!(out[..7], *b"\x81\x05xxxxx");
        assert_eq!(out[7], 0x88);
        assert_eq!(out[9..11], CloseCode::Drain.code().to_be_bytes());
        queue.control(&wire::ping());
        assert_eq!(filled(&mut queue, 10), (Filled::Nothing, 0));
    }

    #[test]
    fn the_rest_of_a_batch_goes_first_and_control_frames_before_texts() {
        let mut queue = Queue::default();
        queue.put(frame(100), 1_000);
        let mut out = Vec::new();
        queue.fill(&mut out, 1_000);
        queue.put(frame(7), 1_000);
        queue.control(&wire::ping());
        queue.put_back(&out[60..]);
        assert_eq!(filled(&mut queue, 1_000), (Filled::Rest, 2 + 100 - 60));
        let mut out = Vec::new();
        queue.fill(&mut out, 1_000);
        assert_eq!(out, b"\x89\x00\x81\x07xxxxxxx");
    }

    #[test]
    fn the_answer_to_a_close_is_the_last_and_only_one() {
        const ANSWER: [u8; 4] = [CLOSE, 2, 3, 232];
        let mut queue = Queue::default();
        queue.put(frame(1), 1_000);
        queue.control(&ANSWER);
        assert_eq!(queue.put(frame(1), 1_000), Put::Ended);
        let mut out = Vec::new();
        queue.fill(&mut out, 1_000);
        assert_eq!(out, [&b"\x81\x01x"[..], &ANSWER].concat());
        queue.close(Closing::Code(CloseCode::Drain));
        assert_eq!(filled(&mut queue, 1_000), (Filled::Nothing, 0));

        let mut queue = Queue::default();
        queue.close(Closing::Code(CloseCode::Protocol));
        queue.control(&ANSWER);
        let mut out = Vec::new();
        queue.fill(&mut out, 1_000);
        assert_eq!(out[2..4], CloseCode::Protocol.code().to_be_bytes());
        assert_eq!(filled(&mut queue, 1_000), (Filled::Nothing, 0));
    }

    #[test]
    fn who_asks_for_pongs_and_does_not_read_them_fills_no_memory_and_gets_the_newest() {
        let mut queue = Queue::default();
        queue.put_back(&[0; 2 * CONTROL_BYTES]);
        for number in 0..=u16::MAX {
            let [high, low] = number.to_be_bytes();
            queue.control(&[0x8a, 2, high, low]);
        }
        assert!(queue.control.len() <= CONTROL_BYTES);
        assert!(queue.control.ends_with(&[0x8a, 2, 255, 255]));
    }
}
