//! Waits where the outbox may not: for a socket that takes no more at once, and for the time of the next ping.

use std::sync::atomic::{AtomicU32, Ordering};

use hubbub_protocol::CloseCode;
use tokio::{
    net::tcp::OwnedWriteHalf,
    time::{Instant, MissedTickBehavior, interval_at, timeout_at},
};

use super::{
    outbox::{Closing, Flushed, Outbox},
    wire,
};
use crate::timing::Timing;

/// The socket takes no more.
#[derive(Debug)]
pub(super) struct SocketLost;

/// Writes until the socket is lost. After the close frame of the server, only waits.
pub(super) async fn write(
    socket: &OwnedWriteHalf,
    outbox: &Outbox,
    unanswered: &AtomicU32,
    timing: &Timing,
) -> SocketLost {
    let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // By then the socket has to have taken what it took in part.
    let mut due = None;
    loop {
        match outbox.flush() {
            Flushed::All => due = None,
            Flushed::Lost => return SocketLost,
            Flushed::Blocked { anew } => {
                let due = *due.insert(match due {
                    Some(due) if !anew => due,
                    _ => Instant::now() + timing.write,
                });
                match timeout_at(due, socket.writable()).await {
                    Ok(Ok(())) => outbox.unblock(),
                    Ok(Err(_)) => return SocketLost,
                    Err(_) => {
                        outbox.close(Closing::Code(CloseCode::Silent));
                        return SocketLost;
                    }
                }
                continue;
            }
        }
        tokio::select! {
            biased;
            _ = pings.tick() => {
                if unanswered.fetch_add(1, Ordering::Relaxed) >= timing.pings_missed {
                    outbox.close(Closing::Code(CloseCode::Silent));
                } else {
                    outbox.control(&wire::ping());
                }
            }
            () = outbox.filled() => {}
        }
    }
}
