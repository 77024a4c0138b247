//! How long the server waits for what.

use std::time::Duration;

use hubbub_protocol::limits::{
    HEAD_TIMEOUT, HELLO_TIMEOUT, PING_INTERVAL, PINGS_MISSED, PRESENCE_LEASE, REQUEST_TIMEOUT,
};

use crate::hub::lookout::Pace;

/// Every wait of the server. Not configuration: the protocol names most of them. Tests shorten some.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// For the head of a request, and for the next request on an idle connection.
    pub head: Duration,
    /// For a request to be complete and answered.
    pub request: Duration,
    /// For the first frame.
    pub hello: Duration,
    /// Between pings.
    pub ping: Duration,
    /// After so many unanswered pings the socket is closed.
    pub pings_missed: u32,
    /// For one batch of frames to be taken by the socket. As long as a silent peer is suffered.
    pub write: Duration,
    /// For the peer to take what waits and to answer the close.
    pub close: Duration,
    /// Changes of presence are told so late at most, all at once: a server's worth of reconnects within this time
    /// is one frame for each member instead of one for each change.
    pub presence_batch: Duration,
    /// A member whose socket was lost is still listed for so long: time to reconnect elsewhere, unseen.
    pub linger: Duration,
    /// For a room to be opened or compared with the engine, when a session waits for it.
    pub engine_wait: Duration,
    /// Between two questions for the keys of another login, at least: a token that names an unknown key has the login
    /// asked again, and whoever invents such names must not have it flooded.
    pub keys_pause: Duration,
    /// Between two looks for tokens that have ended.
    pub expiry_look: Duration,
    /// Between two looks of a silent room into the engine.
    pub lookout: Pace,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            head: HEAD_TIMEOUT,
            request: REQUEST_TIMEOUT,
            hello: HELLO_TIMEOUT,
            ping: PING_INTERVAL,
            pings_missed: PINGS_MISSED,
            write: PING_INTERVAL * PINGS_MISSED,
            close: Duration::from_secs(2),
            presence_batch: Duration::from_millis(250),
            linger: PRESENCE_LEASE,
            engine_wait: Duration::from_secs(2),
            keys_pause: Duration::from_secs(10),
            expiry_look: Duration::from_secs(1),
            lookout: Pace { soonest: Duration::from_secs(2), longest: Duration::from_mins(5) },
        }
    }
}
