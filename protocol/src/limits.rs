//! The limits that both ends of the wire keep. Lengths are in characters (Unicode scalar values) unless they
//! say bytes.

use std::time::Duration;

/// The longest user name, in characters: two long names and a title fit, a line of a phone's screen holds it.
pub const NAME_CHARS: usize = 40;

/// The longest room name, in characters.
pub const ROOM_CHARS: usize = 64;

/// The longest message text, in characters. In the worst case (each character escaped as a surrogate pair,
/// 12 bytes) it still fits [`FRAME_BYTES`].
pub const TEXT_CHARS: usize = 4_000;

/// The longest frame of a client, in bytes. A longer one is answered with an error, and the session goes on.
pub const FRAME_BYTES: usize = 64 * 1024;

/// A frame of more bytes than this is not read to its end: the socket is closed with
/// [`CloseCode::Protocol`](crate::CloseCode::Protocol). Four times [`FRAME_BYTES`], since someone who pastes a
/// long text may well exceed that, and nobody exceeds this by mistake.
pub const FRAME_BYTES_READ: usize = 4 * FRAME_BYTES;

/// How many rooms a session may be in at once.
pub const ROOMS_PER_SESSION: usize = 100;

/// The sessions that a server takes when nothing is said. With about 30 KiB for each they fit 512 MiB.
pub const CONNECTIONS_DEFAULT: usize = 10_000;

/// The most messages of a room that a server can be told to keep: more belong into a database.
pub const HISTORY_KEPT_MAX: usize = 100_000;

/// The smallest send queue of a session, in bytes: the largest message (24 KB, each character escaped) and a page of
/// history.
pub const QUEUE_BYTES_MIN: usize = 64 * 1024;

/// The longest drain of a server, in seconds: Kubernetes waits for as long before it kills.
pub const DRAIN_SECONDS_MAX: u32 = 3_600;

/// How many messages a `join` gets when it does not say.
pub const HISTORY_DEFAULT: usize = 50;

/// How many messages a `join` gets at most. Also how many missed messages a resume may bring before it is
/// answered with `recovered: false` and the latest page instead.
pub const HISTORY_MAX: usize = 500;

/// The largest offset there is, 2^53 - 1: beyond it a client in JavaScript can't count. A room that stores a million
/// messages a second gets there in 285 years.
pub const OFFSET_MAX: crate::Offset = (1 << 53) - 1;

/// How many members `joined` lists; `count` tells how many there are. Bounds the bytes of joining a large room.
pub const MEMBERS_LISTED: usize = 200;

/// The first frame of a connection has to arrive within this time.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// The server pings every socket this often: proxies cut idle sockets, commonly after 60 s.
pub const PING_INTERVAL: Duration = Duration::from_secs(25);

/// A socket that left this many pings in a row unanswered is closed.
pub const PINGS_MISSED: u32 = 2;

/// For how long an engine surely knows the id of a stored message, so that a second send of it is recognised.
/// A client that resumed without a loss sees its own message among the missed ones and needs no such memory;
/// this is for those who could not resume. Ten minutes are far beyond any reconnect.
pub const DEDUPLICATION_WINDOW: Duration = Duration::from_mins(10);

/// How long a server's presence lease lasts; see promise 5 in docs/protocol.md.
pub const PRESENCE_LEASE: Duration = Duration::from_secs(10);

/// How often servers look for leases that ended.
pub const PRESENCE_SWEEP: Duration = Duration::from_secs(5);
