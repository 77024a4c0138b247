//! One connection of a member: opened, read, written.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Poll, ready},
    time::Duration,
};

use chat_client::{load::Member, reconnect::backoff};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::Instant,
};

use super::{seats::Seats, trial::Tally};
use crate::{
    contender::{Contender, Step},
    wire::{Answer, Broken, Frames, Kind, Marker, Refused, Scanner, read_answer, request, write_frame},
};

/// For TCP, handshake and greeting together.
const OPENS_WITHIN: Duration = Duration::from_secs(30);

/// One read takes as much. More would not fit into the cache of a core.
const READ_BYTES: usize = 256 * 1024;

/// Why somebody did not get into its room.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The socket failed.
    #[error("a connection failed: {0}")]
    Socket(#[from] io::Error),
    /// The server wants no WebSocket.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The server speaks something else.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The server closed the WebSocket: what its frame says, and what it said before.
    #[error("the server closed a WebSocket: {0}")]
    Closed(String),
    /// What was waited for did not come.
    #[error("nobody came into a room within {} s", OPENS_WITHIN.as_secs())]
    Late,
}

impl OpenError {
    /// Whether the server said that it has no time now: 503 (RFC 9110, 15.6.4), or 1013 of WebSocket's registry.
    fn passes(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.is_unavailable(),
            Self::Closed(words) => words.starts_with(TRY_AGAIN_LATER),
            Self::Socket(_) | Self::Broken(_) | Self::Late => false,
        }
    }
}

const TRY_AGAIN_LATER: &str = "1013";

/// A connection that is in its room, and what was read behind that.
pub(super) struct Opened {
    stream: TcpStream,
    frames: Frames,
}

impl Opened {
    /// Goes as a client does that has nothing more to say.
    pub(super) async fn close(mut self) -> Result<(), OpenError> {
        let mut frame = Vec::new();
        write_frame(Kind::Close, &NORMAL_CLOSURE.to_be_bytes(), &mut frame);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The socket alone.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

/// RFC 6455, 7.4.1.
const NORMAL_CLOSURE: u16 = 1000;

/// Opens a connection, and does the greeting.
pub(super) async fn open(
    contender: &dyn Contender,
    address: SocketAddr,
    room: &str,
) -> Result<Opened, OpenError> {
    open_with(contender, address, room, None).await
}

/// The same; who is told that the server has no time now comes again as Hubbub's own clients do, later each time.
pub(super) async fn open_in_turn(
    contender: &dyn Contender,
    address: SocketAddr,
    room: &str,
) -> Result<Opened, OpenError> {
    let deadline = Instant::now() + OPENS_WITHIN;
    let mut attempt = 0;
    loop {
        match open(contender, address, room).await {
            Err(error) if error.passes() && Instant::now() < deadline => {
                tokio::time::sleep(backoff(attempt, fastrand::f64())).await;
                attempt += 1;
            }
            opened => return opened,
        }
    }
}

/// As [`open`]; the kernel keeps so many bytes at most that nobody read yet.
pub(super) async fn open_with(
    contender: &dyn Contender,
    address: SocketAddr,
    room: &str,
    receive_buffer: Option<u32>,
) -> Result<Opened, OpenError> {
    let opening = async {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        greet(contender, stream, room).await
    };
    tokio::time::timeout(OPENS_WITHIN, opening).await.map_err(|_| OpenError::Late)?
}

async fn greet(contender: &dyn Contender, mut stream: TcpStream, room: &str) -> Result<Opened, OpenError> {
    stream.write_all(&request(&contender.path(room), contender.subprotocol())).await?;
    let mut read = Vec::with_capacity(4 * 1024);
    let used = loop {
        more(&mut stream, &mut read).await?;
        if let Answer::Open(used) = read_answer(&read)? {
            break used;
        }
    };
    let mut frames = Frames::default();
    let mut heard = VecDeque::new();
    let mut last = String::new();
    frames.take(&read[used..], |kind, payload| heard.push_back((kind, payload.to_vec())))?;
    for step in contender.greeting(room) {
        match step {
            Step::Say(texts) => {
                let mut burst = Vec::new();
                for text in texts {
                    write_frame(contender.kind(), text.as_bytes(), &mut burst);
                }
                stream.write_all(&burst).await?;
            }
            Step::Hear(words) => loop {
                let Some((kind, payload)) = heard.pop_front() else {
                    read.clear();
                    more(&mut stream, &mut read).await?;
                    frames.take(&read, |kind, payload| heard.push_back((kind, payload.to_vec())))?;
                    continue;
                };
                let words_before = std::mem::replace(&mut last, said(kind, &payload));
                if kind == Kind::Close {
                    return Err(OpenError::Closed(format!("{last}; before: {words_before}")));
                }
                if memchr::memmem::find(&payload, words.as_bytes()).is_some() {
                    break;
                }
            },
        }
    }
    Ok(Opened { stream, frames })
}

/// What a frame says, for people.
fn said(kind: Kind, payload: &[u8]) -> String {
    // RFC 6455, 5.5.1: a number, and words.
    match payload {
        [high, low, words @ ..] if kind == Kind::Close => {
            format!("{} {}", u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(words))
        }
        _ => String::from_utf8_lossy(&payload[..payload.len().min(200)]).into_owned(),
    }
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(read).await? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// What all members of a fleet have in common.
pub(super) struct Shared {
    pub(super) contender: &'static dyn Contender,
    pub(super) tally: RefCell<Tally>,
    /// What is read goes through here, for all connections: they are read one after the other.
    pub(super) scratch: RefCell<Vec<u8>>,
    pub(super) seats: Seats,
    /// Connections that ended before they should have.
    pub(super) closed: Cell<usize>,
}

impl Shared {
    pub(super) fn new(contender: &'static dyn Contender, seats: Seats) -> Self {
        Self {
            contender,
            tally: RefCell::new(Tally::new()),
            scratch: RefCell::new(vec![0; READ_BYTES]),
            seats,
            closed: Cell::new(0),
        }
    }
}

/// A member of a room.
pub(super) struct Link {
    write: OwnedWriteHalf,
    out: RefCell<Vec<u8>>,
    /// What it saw of each sender of its room.
    pub(super) seen: RefCell<Vec<Member>>,
    /// It got something once.
    pub(super) warm: Cell<bool>,
}

impl Link {
    /// A link, and what reads it until the server closes it; `senders` speak in its room.
    pub(super) fn new(
        opened: Opened,
        senders: usize,
        shared: Rc<Shared>,
    ) -> (Rc<Self>, impl Future<Output = ()> + 'static) {
        let (read, write) = opened.stream.into_split();
        let seen = std::iter::repeat_with(|| {
            let mut member = Member::default();
            member.enter(0, 0);
            member
        })
        .take(senders)
        .collect();
        let link = Rc::new(Self {
            write,
            out: RefCell::default(),
            seen: RefCell::new(seen),
            warm: Cell::new(false),
        });
        let reader =
            Reader { link: Rc::clone(&link), shared, frames: opened.frames, scanner: Scanner::default() };
        (link, reader.run(read))
    }

    /// Queues a message; [`Link::flush`] sends it.
    pub(super) fn say(&self, kind: Kind, payload: &[u8]) {
        write_frame(kind, payload, &mut self.out.borrow_mut());
    }

    /// Tells the server that the client goes, if the socket takes it.
    pub(super) fn say_goodbye(&self) {
        self.say(Kind::Close, &NORMAL_CLOSURE.to_be_bytes());
        self.flush();
    }

    /// Writes what the socket takes. Gives whether something is left.
    pub(super) fn flush(&self) -> bool {
        let mut out = self.out.borrow_mut();
        while !out.is_empty() {
            match self.write.try_write(&out) {
                Ok(written) => drop(out.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // Its reader notices as well, and counts it.
                Err(_) => out.clear(),
            }
        }
        false
    }
}

struct Reader {
    link: Rc<Link>,
    shared: Rc<Shared>,
    frames: Frames,
    scanner: Scanner,
}

impl Reader {
    async fn run(mut self, mut read: OwnedReadHalf) {
        while let Ok(true) = self.piece(&mut read).await {}
        self.shared.closed.update(|closed| closed + 1);
    }

    /// Reads once. False when the server is done.
    async fn piece(&mut self, read: &mut OwnedReadHalf) -> Result<bool, OpenError> {
        poll_fn(|context| {
            let shared = Rc::clone(&self.shared);
            let mut scratch = shared.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut *read).poll_read(context, &mut buffer))?;
            Poll::Ready(self.took(buffer.filled()))
        })
        .await
    }

    fn took(&mut self, bytes: &[u8]) -> Result<bool, OpenError> {
        let Self { link, shared, frames, scanner } = self;
        let mut tally = shared.tally.borrow_mut();
        let mut seen = link.seen.borrow_mut();
        tally.bytes += bytes.len() as u64;
        let now = tally.now_micros();
        let mut open = !bytes.is_empty();
        frames.take(bytes, |kind, payload| match kind {
            Kind::Text | Kind::Binary => {
                let message = scanner.scan(payload, |marker| {
                    if marker.sequence == 0 {
                        link.warm.set(true);
                    } else {
                        note(&mut seen, &shared.seats, marker);
                        tally.delivered_at(now, marker.due_micros);
                    }
                });
                if let (false, Some(words)) = (message, shared.contender.answer(payload)) {
                    link.say(shared.contender.kind(), words.as_bytes());
                }
            }
            Kind::Ping => link.say(Kind::Pong, payload),
            Kind::Pong => {}
            Kind::Close => open = false,
        })?;
        // What does not go out now goes with the next message.
        link.flush();
        Ok(open)
    }
}

/// The nth of those who talk in a room is the nth that its members see.
fn note(seen: &mut [Member], seats: &Seats, marker: Marker) {
    let Some(number) = seats.senders().get(marker.sender as usize) else { return };
    let Some(member) = seen.get_mut(seats.seat(*number).place) else { return };
    let last = member.place().map_or(0, |(_, last)| last);
    if marker.sequence > last {
        member.see(marker.sequence);
    } else {
        let repeated = !member.is_missing(marker.sequence);
        member.stray(marker.sequence, repeated);
    }
}
