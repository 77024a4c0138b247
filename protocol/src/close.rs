//! Why a server closes a WebSocket.

/// The close codes of the server. 4000 to 4099 mean "come back": the client reconnects and resumes. 4100 to
/// 4199 mean "don't": the same again would end the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server drains: it is about to leave, and others take the session.
    Drain = 4000,
    /// The session read slower than its rooms speak, and its queue is full. Resume brings what was not read.
    SlowConsumer = 4001,
    /// The server ends at once.
    ServerGoing = 4002,
    /// Pings were not answered.
    Silent = 4003,
    /// No `hello` within [`HELLO_TIMEOUT`](crate::limits::HELLO_TIMEOUT).
    HelloTimeout = 4100,
    /// The first frame was not a valid `hello`.
    BadHello = 4101,
    /// The token is unknown, expired or revoked. Get another one, then come back.
    BadToken = 4102,
    /// What no well-meaning client sends: a frame of an absurd size, or binary frames.
    Protocol = 4103,
    /// Far too many frames, however often it was told so.
    TooFast = 4104,
}

impl CloseCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::Drain,
        Self::SlowConsumer,
        Self::ServerGoing,
        Self::Silent,
        Self::HelloTimeout,
        Self::BadHello,
        Self::BadToken,
        Self::Protocol,
        Self::TooFast,
    ];

    /// The number in the close frame.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The reason in the close frame, in words (at most 123 bytes: RFC 6455, 5.5).
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Drain => "this server is draining; reconnect to another",
            Self::SlowConsumer => "too slow: the queue of this session is full",
            Self::ServerGoing => "this server ends",
            Self::Silent => "pings were not answered",
            Self::HelloTimeout => "no hello in time",
            Self::BadHello => "the first frame has to be a valid hello",
            Self::BadToken => "the token is unknown, expired or revoked",
            Self::TooFast => "far too many frames",
            Self::Protocol => "not the hubbub.v1 protocol",
        }
    }

    /// Whether a client that gets `code` should reconnect with the same token. Codes that are not ours (a
    /// proxy's 1006, 1011, 1012) are passing troubles.
    ///
    /// ```
    /// use hubbub_protocol::CloseCode;
    /// assert!(CloseCode::may_return(4001));
    /// assert!(CloseCode::may_return(1006));
    /// assert!(!CloseCode::may_return(4102));
    /// ```
    pub const fn may_return(code: u16) -> bool {
        !(code >= 4100 && code < 4200)
    }
}
