//! Waits where the outbox may not: for a socket that takes no more at once, and for the time of the next ping.

use std::sync::atomic::{AtomicU32, Ordering};

use hubbub_protocol::CloseCode;
use tokio::{
    net::TcpStream,
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval_at, timeout_at},
};

use super::{
    outbox::{Closing, Flushed, Outbox, SocketLost},
    wire,
};
use crate::timing::Timing;

/// Sees to it that what waits is written, until the socket is lost. After the close frame of the server, only waits.
pub(super) async fn attend(
    socket: &TcpStream,
    outbox: &Outbox,
    unanswered: &AtomicU32,
    timing: &Timing,
) -> SocketLost {
    let mut pings = interval_at(Instant::now() + timing.ping, timing.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ping = || {
        if unanswered.fetch_add(1, Ordering::Relaxed) >= timing.pings_missed {
            outbox.close(Closing::Code(CloseCode::Silent));
        } else {
            outbox.control(&wire::ping());
        }
    };
    // By then the socket has to have taken what it took in part.
    let mut due = None;
    loop {
        match outbox.flush() {
            Flushed::Lost => return SocketLost,
            Flushed::All | Flushed::Busy => {
                due = None;
                tokio::select! {
                    biased;
                    _ = pings.tick() => ping(),
                    () = outbox.filled() => {}
                }
            }
            Flushed::Blocked { anew } => {
                let due = *due.insert(match due {
                    Some(due) if !anew => due,
                    _ => Instant::now() + timing.write,
                });
                tokio::select! {
                    biased;
                    _ = pings.tick() => ping(),
                    ready = timeout_at(due, socket.writable()) => match ready {
                        Ok(Ok(())) => outbox.unblock(),
                        Ok(Err(_)) => return SocketLost,
                        Err(_) => {
                            outbox.close(Closing::Code(CloseCode::Silent));
                            return SocketLost;
                        }
                    }
                }
            }
        }
    }
}

/// Writes what still waits, the answer to the peer's close at its end. It leaves with the end of the connection, which has to
/// follow at once: one packet instead of two.
pub(super) async fn finish(socket: &TcpStream, outbox: &Outbox) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::net::sockopt::set_tcp_cork(socket, true) {
        tracing::debug!(%error, "no TCP_CORK");
    }
    loop {
        match outbox.flush() {
            Flushed::All | Flushed::Lost => return,
            Flushed::Busy => yield_now().await,
            Flushed::Blocked { .. } => match socket.writable().await {
                Ok(()) => outbox.unblock(),
                Err(_) => return,
            },
        }
    }
}
