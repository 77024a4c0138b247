//! Writes a session's queue to its socket, and pings it.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{SinkExt, stream::SplitSink};
use hubbub_protocol::CloseCode;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::outbox::{Closing, Frame, Outbox};
use crate::timing::Timing;

/// Frames that wait are joined up to this size into one text frame, and so one system call. The cost of a call is
/// spread over enough of them then (a chat message has some 200 bytes), and the socket's write buffer, which
/// never shrinks, stays small.
const BATCH_BYTES: usize = 16 * 1024;

/// The socket takes no more.
#[derive(Debug)]
pub(super) struct SocketLost;

/// Writes until the socket is lost. After the close frame of the server, only waits.
pub(super) async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    outbox: &Outbox,
    unanswered: &AtomicU32,
    timing: &Timing,
) -> SocketLost {
    let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    loop {
        let message = tokio::select! {
            biased;
            _ = pings.tick() => {
                if unanswered.fetch_add(1, Ordering::Relaxed) >= timing.pings_missed {
                    outbox.close(Closing::Code(CloseCode::Silent));
                    continue;
                }
                Message::Ping(axum::body::Bytes::new())
            }
            taken = outbox.take(&mut batch, BATCH_BYTES) => match taken {
                Ok(()) => Message::Text(joined(&mut batch)),
                Err(closing) => {
                    let frame = CloseFrame { code: closing.code(), reason: closing.reason().into() };
                    // Whether it goes out or not, the end is the same; the session waits for the answer.
                    let _ = sink.send(Message::Close(Some(frame))).await;
                    std::future::pending().await
                }
            },
        };
        match timeout(timing.write, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return SocketLost,
            Err(_) => {
                outbox.close(Closing::Code(CloseCode::Silent));
                return SocketLost;
            }
        }
    }
}

/// The frames as one, a line each; emptied.
fn joined(batch: &mut Vec<Frame>) -> Frame {
    if batch.len() == 1
        && let Some(only) = batch.pop()
    {
        return only;
    }
    let mut text = String::with_capacity(batch.iter().map(|frame| frame.len() + 1).sum());
    for frame in batch.drain(..) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(frame.as_str());
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_wait_are_joined_a_line_each() {
        assert_eq!(joined(&mut vec!["{1}".into()]).as_str(), "{1}");
        let mut batch = vec!["{1}".into(), "{2}".into(), "{3}".into()];
        assert_eq!(joined(&mut batch).as_str(), "{1}\n{2}\n{3}");
        assert!(batch.is_empty());
    }
}
