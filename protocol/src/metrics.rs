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
/// Gauge: how late timers of the server fire, in seconds, as a mean of the last ten seconds.
pub const EVENT_LOOP_LAG: &str = "hubbub_event_loop_lag_seconds";
/// Counter, label `reason`: connections that were refused, by [`Refusal`].
pub const REFUSED: &str = "hubbub_refused_total";
/// Counter, label `code`: sessions that the server closed, by close code.
pub const CLOSED: &str = "hubbub_closed_total";
/// Gauge: 1 while the engine answers, else 0.
pub const ENGINE_UP: &str = "hubbub_engine_up";
/// Gauge: see [`DrainState`].
pub const DRAIN_STATE: &str = "hubbub_drain_state";

/// Why a connection was refused: the values of the label of [`REFUSED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The server has as many sessions as it takes. Another server would be of use.
    Full,
    /// The server drains: another one takes it.
    Draining,
    /// Too many connections have not said hello yet.
    Greeting,
    /// Too many come from one address.
    Address,
    /// More come at once than the server lets in: they come back in turn.
    Rate,
    /// The engine is away, so that no session can begin.
    Engine,
}

impl Refusal {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Full, Self::Draining, Self::Greeting, Self::Address, Self::Rate, Self::Engine];

    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Draining => "draining",
            Self::Greeting => "greeting",
            Self::Address => "address",
            Self::Rate => "rate",
            Self::Engine => "engine",
        }
    }
}

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
