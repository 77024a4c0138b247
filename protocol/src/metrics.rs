//! The names of the chat-server's Prometheus metrics. The server writes them and the operator reads them; what
//! is not agreed on here can't be scaled on.

/// Gauge: WebSocket sessions that said hello and are open.
pub const CONNECTIONS: &str = "hubbub_connections";
/// Gauge: how many sessions the server takes at most.
pub const CAPACITY: &str = "hubbub_capacity";
/// Gauge: rooms with a member on this server.
pub const ROOMS: &str = "hubbub_rooms";
/// Counter: messages this server stored for its sessions.
pub const PUBLISHED: &str = "hubbub_published_total";
/// Counter: frames of rooms put into the queues of sessions.
pub const DELIVERIES: &str = "hubbub_deliveries_total";
/// Gauge: bytes that wait in the queues of all sessions.
pub const SEND_QUEUE_BYTES: &str = "hubbub_send_queue_bytes";
/// Counter: sessions that were taken.
pub const ACCEPTED: &str = "hubbub_accepted_total";
/// Gauge: sessions taken per second, over the last ten seconds.
pub const ACCEPT_RATE: &str = "hubbub_accept_rate";
/// Counter: connections that were refused because the server was full or draining.
pub const REFUSED: &str = "hubbub_refused_total";
/// Counter, label `code`: sessions that the server closed, by close code.
pub const CLOSED: &str = "hubbub_closed_total";
/// Gauge: 1 while the engine answers, else 0.
pub const ENGINE_UP: &str = "hubbub_engine_up";
/// Gauge: see [`DrainState`].
pub const DRAIN_STATE: &str = "hubbub_drain_state";

/// The values of [`DRAIN_STATE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DrainState {
    /// Takes sessions.
    Serving = 0,
    /// Takes no sessions and sends those it has away.
    Draining = 1,
    /// Takes no sessions and has none.
    Drained = 2,
}
