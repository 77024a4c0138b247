//! The I/O around a [`Session`]: one connection at a time, or two for the moment of a move.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use hubbub_protocol::{Emoji, Epoch, MessageId, MessageText, Offset, RoomName, User, UserName};
use tokio::time::Sleep;
use tokio_tungstenite::tungstenite::{
    self, Message as WebSocketMessage,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    Endpoint, Event, Identity, Loss, OutboxFull,
    outbox::Content,
    session::{Action, Session},
    transport::{self, Socket},
};

/// The close code of a connection that ended without one (RFC 6455, 7.1.5).
const NO_CLOSE_FRAME: u16 = 1006;

/// How long a polite end may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

type Opening = Pin<Box<dyn Future<Output = Result<Socket, Loss>> + Send>>;

enum Link {
    Opening(Opening),
    /// `successor` takes over as soon as it is open: the server asked the client to move.
    Open {
        socket: Box<Socket>,
        unflushed: bool,
        successor: Option<Opening>,
    },
    Waiting {
        until: Instant,
    },
    Ended,
}

/// A client of one chat-server, or of one of several behind the same address. A stream of [`Event`]s, which ends
/// after [`Event::Ended`]. It does everything while it is polled and nothing else: poll it to the end.
pub struct Client {
    endpoint: Arc<Endpoint>,
    session: Session,
    link: Link,
    timer: Pin<Box<Sleep>>,
    random: fastrand::Rng,
}

impl Client {
    /// A client that connects when it is polled first.
    pub fn new(endpoint: impl Into<Arc<Endpoint>>, identity: Identity) -> Self {
        Self::with_random(endpoint, identity, fastrand::Rng::new())
    }

    /// As [`Client::new`], with the source of its jitter.
    pub fn with_random(
        endpoint: impl Into<Arc<Endpoint>>,
        identity: Identity,
        random: fastrand::Rng,
    ) -> Self {
        let endpoint = endpoint.into();
        let now = Instant::now();
        Self {
            link: Link::Opening(open(&endpoint)),
            endpoint,
            session: Session::new(identity, now),
            timer: Box::pin(tokio::time::sleep_until(now.into())),
            random,
        }
    }

    /// Into a room, with so many of its latest messages. It stays in it over reconnects. For a room that it is in
    /// already, the answer tells who is there.
    pub fn join(&mut self, room: RoomName, history: usize) {
        self.session.join(room, history);
    }

    /// Out of a room.
    pub fn leave(&mut self, room: RoomName) {
        self.session.leave(room);
    }

    /// Sends a message, now or as soon as there is a connection, again if need be, but stored once. The answer is
    /// an [`Event::Acknowledged`] or [`Event::NotSent`] with the id.
    pub fn send(&mut self, room: RoomName, text: MessageText) -> Result<MessageId, OutboxFull> {
        self.store(room, Content::Message(text))
    }

    /// Gives the message with this place and id another text. Answered as [`Client::send`] is, with an id of its own.
    pub fn edit(
        &mut self,
        room: RoomName,
        offset: Offset,
        message: MessageId,
        text: MessageText,
    ) -> Result<MessageId, OutboxFull> {
        self.store(room, Content::Edit(offset, message, text))
    }

    /// Takes the message with this place and id away.
    pub fn delete(
        &mut self,
        room: RoomName,
        offset: Offset,
        message: MessageId,
    ) -> Result<MessageId, OutboxFull> {
        self.store(room, Content::Delete(offset, message))
    }

    /// Reacts to the message with this place and id, or takes that back.
    pub fn react(
        &mut self,
        room: RoomName,
        offset: Offset,
        message: MessageId,
        emoji: Emoji,
        on: bool,
    ) -> Result<MessageId, OutboxFull> {
        self.store(room, Content::React(offset, message, emoji, on))
    }

    fn store(&mut self, room: RoomName, content: Content) -> Result<MessageId, OutboxFull> {
        let id = MessageId::random();
        self.session.send(id, room, content, Instant::now())?;
        Ok(id)
    }

    /// Tells how far the user has read in a room; [`Event::Read`] answers.
    pub fn read(&mut self, room: RoomName, offset: Offset) {
        self.session.read(room, offset);
    }

    /// Changes the client's name.
    pub fn rename(&mut self, name: UserName) {
        self.session.rename(name);
    }

    /// Tells a room that the client types.
    pub fn typing(&mut self, room: RoomName) {
        self.session.typing(room);
    }

    /// Who the client is, once a server welcomed it.
    pub fn user(&self) -> Option<&User> {
        self.session.user()
    }

    /// What makes the same user of the next client: see [`Identity::token`].
    pub fn token(&self) -> Option<&str> {
        self.session.token()
    }

    /// Messages that were sent and are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.session.unacknowledged()
    }

    /// Where the client is in a room it joined: the life of the stream, and the offset of the latest message.
    pub fn position(&self, room: &RoomName) -> Option<(&Epoch, Offset)> {
        self.session.position(room)
    }

    /// Ends politely, so that others see at once that the client is gone. What is not acknowledged may be lost.
    pub async fn close(mut self) {
        let Link::Open { socket, .. } = &mut self.link else { return };
        let session = &mut self.session;
        let goodbye = async {
            while let Some(frame) = session.poll_frame() {
                socket.feed(encode(&frame)).await?;
            }
            let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            Socket::close(socket, Some(frame)).await?;
            while socket.next().await.transpose()?.is_some() {}
            Ok::<_, tungstenite::Error>(())
        };
        // However it ends, the connection is gone after it.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    fn lost(&mut self, loss: Loss) {
        if let Link::Open { successor, .. } = &mut self.link
            && let Some(opening) = successor.take()
        {
            self.session.lost_while_moving(loss);
            self.link = Link::Opening(opening);
            return;
        }
        let random = self.random.f64();
        self.link = match self.session.lost(loss, Instant::now(), random) {
            Some(until) => Link::Waiting { until },
            None => Link::Ended,
        };
    }

    /// Ready when the timer passed `deadline`.
    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        // Moving a timer costs a lock. One that rings too early is cheap: it is set again, once.
        if self.timer.is_elapsed() || self.timer.deadline().into_std() > deadline {
            self.timer.as_mut().reset(deadline.into());
        }
        self.timer.poll_unpin(cx)
    }

    /// Makes progress on an open connection. Ready when something changed, so that the caller looks again.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Link::Open { socket, unflushed, successor } = &mut self.link else { return Poll::Ready(()) };

        match successor.as_mut().map(|opening| opening.poll_unpin(cx)) {
            Some(Poll::Ready(Ok(next))) => {
                // Dropped without a close frame: a polite end would show the user leaving.
                self.link = Link::Open { socket: Box::new(next), unflushed: false, successor: None };
                self.session.moved(Instant::now());
                return Poll::Ready(());
            }
            Some(Poll::Ready(Err(loss))) => {
                *successor = None;
                self.session.move_failed(&loss, Instant::now(), self.random.f64());
                return Poll::Ready(());
            }
            Some(Poll::Pending) | None => {}
        }

        if let Poll::Ready(Err(error)) = poll_write(socket, unflushed, &mut self.session, cx) {
            self.lost(broken(&error));
            return Poll::Ready(());
        }
        if let Poll::Ready(message) = socket.poll_next_unpin(cx) {
            self.received(message);
            return Poll::Ready(());
        }
        let deadline = self.session.deadline();
        if self.poll_until(cx, deadline).is_pending() {
            return Poll::Pending;
        }
        match (self.session.tick(Instant::now()), &mut self.link) {
            (Some(Action::Restart), _) => {
                let loss = Loss::Broken("the server stopped answering".to_owned());
                self.lost(loss);
            }
            (Some(Action::Move), Link::Open { successor, .. }) => *successor = Some(open(&self.endpoint)),
            _ => {}
        }
        Poll::Ready(())
    }

    fn received(&mut self, message: Option<Result<WebSocketMessage, tungstenite::Error>>) {
        let now = Instant::now();
        match message {
            Some(Ok(WebSocketMessage::Text(text))) => self.session.text(&text, now),
            Some(Ok(WebSocketMessage::Close(frame))) => self.lost(Loss::Closed {
                code: frame.as_ref().map_or(NO_CLOSE_FRAME, |frame| frame.code.into()),
                reason: frame.map(|frame| frame.reason.to_string()).unwrap_or_default(),
            }),
            // tungstenite answers pings.
            Some(Ok(_)) => self.session.heard(now),
            Some(Err(error)) => self.lost(broken(&error)),
            None => self.lost(Loss::Closed { code: NO_CLOSE_FRAME, reason: String::new() }),
        }
    }
}

impl Stream for Client {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.session.poll_event() {
                return Poll::Ready(Some(event));
            }
            match &mut this.link {
                Link::Ended => return Poll::Ready(None),
                Link::Opening(opening) => match std::task::ready!(opening.poll_unpin(cx)) {
                    Ok(socket) => {
                        this.link =
                            Link::Open { socket: Box::new(socket), unflushed: false, successor: None };
                        this.session.connected(Instant::now());
                    }
                    Err(loss) => this.lost(loss),
                },
                Link::Waiting { until } => {
                    let until = *until;
                    std::task::ready!(this.poll_until(cx, until));
                    if Instant::now() >= until {
                        this.link = Link::Opening(open(&this.endpoint));
                    }
                }
                Link::Open { .. } => std::task::ready!(this.poll_open(cx)),
            }
        }
    }
}

fn open(endpoint: &Arc<Endpoint>) -> Opening {
    let endpoint = Arc::clone(endpoint);
    Box::pin(async move { transport::open(&endpoint).await })
}

/// Writes what waits, flushing once.
fn poll_write(
    socket: &mut Socket,
    unflushed: &mut bool,
    session: &mut Session,
    cx: &mut Context<'_>,
) -> Poll<Result<(), tungstenite::Error>> {
    let mut socket = Pin::new(socket);
    while session.has_frame() {
        std::task::ready!(socket.as_mut().poll_ready(cx))?;
        if let Some(frame) = session.poll_frame() {
            socket.as_mut().start_send(encode(&frame))?;
            *unflushed = true;
        }
    }
    if *unflushed {
        std::task::ready!(socket.poll_flush(cx))?;
        *unflushed = false;
    }
    Poll::Ready(Ok(()))
}

fn encode(frame: &hubbub_protocol::ClientFrame) -> WebSocketMessage {
    let json = serde_json::to_string(frame).expect("a frame has string keys and no foreign Serialize");
    WebSocketMessage::text(json)
}

fn broken(error: &tungstenite::Error) -> Loss {
    Loss::Broken(format!("the connection broke: {error}"))
}
