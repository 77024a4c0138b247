//! The limits that both ends of the wire keep. Lengths are in characters (Unicode scalar values) unless they
//! say bytes.

mod rates;

use std::time::Duration;

pub use self::rates::{InvalidRate, InvalidRates, Limited, Rate, Rates, Scope};

/// The longest user name, in characters: two long names and a title fit, a line of a phone's screen holds it.
pub const NAME_CHARS: usize = 40;

/// The longest room name, in characters.
pub const ROOM_CHARS: usize = 64;

/// The longest audience of a signed token, in characters: it is a name, or an address of the web.
pub const AUDIENCE_CHARS: usize = 255;

/// How long a signed token for another service is good. Nobody can take it back, so it is short; and so long that a
/// client asks for one a few times an hour.
pub const SIGNED_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// The longest message text, in characters. In the worst case (each character escaped as a surrogate pair,
/// 12 bytes) it still fits [`FRAME_BYTES`].
pub const TEXT_CHARS: usize = 4_000;

/// The longest title of a room, in characters: a line of a phone's screen holds most of it.
pub const TITLE_CHARS: usize = 64;

/// The longest topic of a room, in characters.
pub const TOPIC_CHARS: usize = 200;

/// The longest name of a device, in characters.
pub const DEVICE_CHARS: usize = 64;

/// The longest emoji, in code points: a family of four with skin tones has 11.
pub const EMOJI_CHARS: usize = 16;

/// The longest e-mail address, in characters (RFC 5321, 4.5.3.1.3, less the brackets).
pub const EMAIL_CHARS: usize = 254;

/// The shortest password, in characters (NIST SP 800-63B, 5.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;

/// The longest password, in characters: hashing takes longer for more, and nobody types more.
pub const PASSWORD_CHARS: usize = 200;

/// How many users a message mentions at most; further names stay plain text.
pub const MENTIONS: usize = 20;

/// How many reactions (user and emoji) a message takes. Each is a GUID in the message: 39 bytes, so that a message
/// stays below 16 KiB beside its text.
pub const REACTIONS_PER_MESSAGE: usize = 400;

/// How many members a private room has at most.
pub const MEMBERS_PER_ROOM: usize = 1_000;

/// How many rooms a user's own list has at most.
pub const ROOMS_PER_USER: usize = 500;

/// How many sessions a user has open at once, on all servers.
pub const SESSIONS_PER_USER: usize = 20;

/// On how many devices a user is logged in at most; beyond it the one that was seen longest ago is logged out.
pub const DEVICES_PER_USER: usize = 50;

/// How far unread messages are counted: a person reads "99+".
pub const UNREAD_MAX: u32 = 100;

/// How many former names of a user are kept.
pub const NAMES_KEPT: usize = 10;

/// How many rooms a page of the list of public rooms has at most.
pub const ROOMS_LISTED: usize = 100;

/// The longest frame of a client, in bytes. A longer one is answered with an error, and the session goes on.
pub const FRAME_BYTES: usize = 64 * 1024;

/// In a room by invitation with more members than this nobody is told how far the others have read. Each of them may
/// store an event for each message, so that a stream of 1,000 events keeps at least a hundred messages.
pub const SEEN_MEMBERS: usize = 10;

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

/// The longest time for which a server can be told to keep messages, in seconds: ten years.
pub const HISTORY_SECONDS_MAX: u64 = 10 * 365 * 24 * 3_600;

/// The most replicas of Redis that a server can be told to wait for: more than anyone gives a master.
pub const ACK_REPLICAS_MAX: u8 = 5;

/// The smallest send queue of a session, in bytes: the largest message (24 KB, each character escaped) and a page of
/// history.
pub const QUEUE_BYTES_MIN: usize = 64 * 1024;

/// The longest drain of a server, in seconds: Kubernetes waits for as long before it kills.
pub const DRAIN_SECONDS_MAX: u32 = 3_600;

/// How many messages a `join` gets when it does not say.
pub const HISTORY_DEFAULT: usize = 50;

/// How many messages a `joined` has at most: the latest that a `join` asked for, or the last of those that a `resume`
/// missed.
pub const HISTORY_MAX: usize = 500;

/// How many missed messages a `resume` brings at most; who missed more gets the latest page. Twice what fits the
/// default queue of a session that was closed as too slow: 1 MiB of messages of 400 bytes each.
pub const RESUME_MAX: crate::Offset = 5_000;

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

/// A request's head has to be complete within this time, and so long an idle connection is kept for the next one.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// A request has to be complete, and answered, within this time.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest head of a request, in bytes: addresses and cookies fit ten times.
pub const HEAD_BYTES: usize = 64 * 1024;

/// How many connections that are no WebSocket an address may have open at once: that of a trusted proxy is not
/// counted. Those who share an address may all come back in the same second.
pub const CONNECTIONS_PER_ADDRESS: usize = 3_000;

/// How many connections that are no WebSocket are open at once. Each takes a few KiB and one file of the process,
/// of which there are at least as many again.
pub const CONNECTIONS_WITHOUT_SESSION: usize = 8_192;

/// How many WebSockets of an address may be open that have not said hello yet.
pub const GREETINGS_PER_ADDRESS: usize = 3_000;

/// The same of all addresses, as a part of the sessions that a server takes: the rest is for those who are quick. Of a
/// small server it is [`GREETINGS_MIN`].
pub const GREETINGS_PART: usize = 2;

/// See [`GREETINGS_PART`].
pub const GREETINGS_MIN: usize = 64;

/// The longest `Retry-After` of a server that more come to than it lets in ([`Limited::Admissions`]). A full server has let
/// all in again within 20 s; who is far behind asks once more before that, since those who can't read the header (a
/// browser's WebSocket) and try their luck were given turns that they do not keep.
pub const COME_BACK_WITHIN: Duration = Duration::from_secs(15);

/// How many logins to an account may fail within [`FAILED_LOGINS_WINDOW`]: a person remembers, or has the password
/// reset; at this rate a guess of one in a million takes years.
pub const FAILED_LOGINS_PER_ACCOUNT: u64 = 10;

/// How many logins from an address may fail within [`FAILED_LOGINS_WINDOW`]: many people may share one.
pub const FAILED_LOGINS_PER_ADDRESS: u64 = 100;

/// The window begins with the first that failed.
pub const FAILED_LOGINS_WINDOW: Duration = Duration::from_mins(15);
