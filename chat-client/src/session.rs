//! What the frames mean: the state of one client over all its connections. Pure: text, time and randomness come in;
//! frames, events and deadlines come out. [`Client`](crate::Client) does the I/O around it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use hubbub_protocol::{
    ClientFrame, Epoch, ErrorCode, ErrorFrame, MessageId, MessageText, Offset, RoomName, ServerFrame,
    StreamEvent, User, UserName,
    limits::{HELLO_TIMEOUT, PING_INTERVAL, PINGS_MISSED},
};

use crate::{
    Event, Gap, Loss,
    outbox::{Outbox, OutboxFull, Stored},
    position::Arrival,
    reconnect::{self, Next, STABLE_AFTER},
    rooms::{Joined, Refused, Rooms},
};

/// A server that says nothing for so long is gone, since it pings more often: the pings that may be missed, and one
/// more interval for what is late.
const SILENCE: Duration = PING_INTERVAL.saturating_mul(PINGS_MISSED + 1);

/// Frames that wait for the socket at most, beyond messages, which the outbox bounds. What is above it is a
/// `typing` that nobody misses.
const TYPING_BEHIND_FRAMES: usize = 16;

/// The longest wait that a server may ask for: longer than any drain. An [`Instant`] has an end, and what a server
/// says is any number.
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// Who a client is.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The token of an earlier welcome; without one the server makes a guest.
    pub token: Option<String>,
    /// What the client wants to be called; without one it is what the server says.
    pub name: Option<UserName>,
}

impl Identity {
    /// A new guest, who gets this name.
    pub fn guest_named(name: UserName) -> Self {
        Self { token: None, name: Some(name) }
    }
}

/// What the owner of the connection has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make another connection now, and give this one up as soon as that one is there.
    Move,
    /// Give this connection up: it is dead, or the server could not resume its rooms.
    Restart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Offline,
    Greeting,
    Welcome { since: Instant },
}

/// A client's state.
#[derive(Debug)]
pub struct Session {
    token: Option<String>,
    name: Option<UserName>,
    /// When to ask for the name again.
    rename_at: Option<Instant>,
    user: Option<User>,
    rooms: Rooms,
    outbox: Outbox,
    phase: Phase,
    attempt: u32,
    heard_at: Instant,
    move_at: Option<Instant>,
    restart_at: Option<Instant>,
    frames: VecDeque<ClientFrame>,
    events: VecDeque<Event>,
}

impl Session {
    /// A client that has no connection yet.
    pub fn new(identity: Identity, now: Instant) -> Self {
        Self {
            token: identity.token,
            name: identity.name,
            rename_at: None,
            user: None,
            rooms: Rooms::default(),
            outbox: Outbox::default(),
            phase: Phase::Offline,
            attempt: 0,
            heard_at: now,
            move_at: None,
            restart_at: None,
            frames: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Into a room, with so many of its latest messages; kept over reconnects. In a room already: asks who is there.
    pub fn join(&mut self, room: RoomName, history: usize) {
        self.rooms.want(room.clone(), history);
        if self.is_welcome() {
            self.frames.push_back(self.rooms.ask(room, history));
        }
    }

    /// Out of a room.
    pub fn leave(&mut self, room: RoomName) {
        self.rooms.leave(&room);
        if self.is_welcome() {
            self.frames.push_back(ClientFrame::Leave { room });
        } else {
            self.events.push_back(Event::Left { room, reason: None });
        }
    }

    /// Sends a message as soon as there is a connection.
    pub fn send(
        &mut self,
        id: MessageId,
        room: RoomName,
        text: MessageText,
        now: Instant,
    ) -> Result<(), OutboxFull> {
        self.outbox.push(id, room, text)?;
        self.send_due(now);
        Ok(())
    }

    /// Changes the client's name; kept over reconnects.
    pub fn rename(&mut self, name: UserName) {
        self.name = Some(name);
        if self.is_welcome() {
            self.ask_for_name();
        }
    }

    fn ask_for_name(&mut self) {
        self.rename_at = None;
        self.frames.extend(self.name.clone().map(|name| ClientFrame::Rename { name }));
    }

    /// Tells a room that the client types. Dropped when it can't go out at once.
    pub fn typing(&mut self, room: RoomName) {
        if self.is_welcome() && self.frames.len() < TYPING_BEHIND_FRAMES {
            self.frames.push_back(ClientFrame::Typing { room });
        }
    }

    /// Who the client is, once a server welcomed it.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// What proves to be that user on the next start.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Messages that are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.outbox.len()
    }

    /// Where the client is in a room it joined: the life of the stream, and the offset of the latest message.
    pub fn position(&self, room: &RoomName) -> Option<(&Epoch, Offset)> {
        let position = self.rooms.position(room)?;
        Some((position.epoch(), position.last()))
    }

    /// A connection is there: says hello on it.
    pub fn connected(&mut self, now: Instant) {
        self.connection_gone();
        self.phase = Phase::Greeting;
        self.heard_at = now;
        let resume = self.rooms.to_resume();
        self.frames.push_back(ClientFrame::Hello { token: self.token.clone(), resume });
    }

    /// The client left the old connection for a new one, as the server had asked.
    pub fn moved(&mut self, now: Instant) {
        self.events.push_back(Event::Disconnected { loss: Loss::Moved, retry_in: Duration::ZERO });
        self.connected(now);
    }

    /// The new connection that [`Action::Move`] asked for could not be made. The old one goes on until it ends.
    pub fn move_failed(&mut self, loss: &Loss, now: Instant, random: f64) {
        if let Next::Resume { at } | Next::NewGuest { at } =
            reconnect::next(loss, self.attempt, random, now, true)
        {
            self.attempt += 1;
            self.move_at = Some(at);
        }
    }

    /// The old connection ended while the new one that [`Action::Move`] asked for is being made.
    pub fn lost_while_moving(&mut self, loss: Loss) {
        self.connection_gone();
        self.phase = Phase::Offline;
        self.events.push_back(Event::Disconnected { loss, retry_in: Duration::ZERO });
    }

    /// There is no connection (any more). Returns when to make the next one; never means never.
    pub fn lost(&mut self, loss: Loss, now: Instant, random: f64) -> Option<Instant> {
        if matches!(self.phase, Phase::Welcome { since } if now.duration_since(since) >= STABLE_AFTER) {
            self.attempt = 0;
        }
        self.connection_gone();
        self.phase = Phase::Offline;
        let next = reconnect::next(&loss, self.attempt, random, now, self.user.is_some());
        self.attempt += 1;
        let at = match next {
            Next::Resume { at } => at,
            Next::NewGuest { at } => {
                self.token = None;
                at
            }
            Next::GiveUp => {
                self.events.push_back(Event::Ended(loss));
                return None;
            }
        };
        self.events.push_back(Event::Disconnected { loss, retry_in: at.duration_since(now) });
        Some(at)
    }

    /// Something came from the server, be it a ping.
    pub fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// A text frame came: one JSON object, or several, one a line.
    pub fn text(&mut self, text: &str, now: Instant) {
        self.heard(now);
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            match serde_json::from_str(line) {
                Ok(frame) => self.frame(frame, now),
                Err(_) => self.events.push_back(Event::NotUnderstood(line.chars().take(200).collect())),
            }
        }
    }

    /// The next frame to send.
    pub fn poll_frame(&mut self) -> Option<ClientFrame> {
        self.frames.pop_front()
    }

    /// Whether [`Session::poll_frame`] has one.
    pub fn has_frame(&self) -> bool {
        !self.frames.is_empty()
    }

    /// The next event for the application.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Session::tick`] has something to do while there is a connection.
    pub fn deadline(&self) -> Instant {
        let retries = [self.outbox.next_retry(), self.rooms.next_retry(), self.rename_at];
        let due = [self.move_at, self.restart_at].into_iter().chain(retries);
        due.flatten().fold(self.silent_at(), Instant::min)
    }

    /// Does what is due, and says what the owner of the connection has to do.
    pub fn tick(&mut self, now: Instant) -> Option<Action> {
        if self.silent_at() <= now || self.restart_at.is_some_and(|at| at <= now) {
            return Some(Action::Restart);
        }
        self.frames.extend(self.rooms.ask_due(now));
        if self.rename_at.is_some_and(|at| at <= now) {
            self.ask_for_name();
        }
        if self.outbox.next_retry().is_some_and(|at| at <= now) {
            self.send_due(now);
        }
        if self.move_at.is_some_and(|at| at <= now) {
            self.move_at = None;
            return Some(Action::Move);
        }
        None
    }

    fn silent_at(&self) -> Instant {
        self.heard_at + if self.is_welcome() { SILENCE } else { HELLO_TIMEOUT }
    }

    fn is_welcome(&self) -> bool {
        matches!(self.phase, Phase::Welcome { .. })
    }

    fn connection_gone(&mut self) {
        self.frames.clear();
        self.outbox.connection_lost();
        self.move_at = None;
        self.restart_at = None;
        self.rename_at = None;
        self.rooms.connection_gone();
    }

    /// Sends what waits and may go.
    fn send_due(&mut self, now: Instant) {
        if self.is_welcome() {
            let due = self.outbox.due(now, |room| self.rooms.takes_messages(room));
            self.frames.extend(due);
        }
    }

    fn frame(&mut self, frame: ServerFrame, now: Instant) {
        match frame {
            ServerFrame::Welcome { user, server, token, session: _, limits: _ } => {
                self.phase = Phase::Welcome { since: now };
                self.token = token.or(self.token.take());
                if self.name.as_ref().is_some_and(|name| *name != user.name) {
                    self.ask_for_name();
                }
                self.frames.extend(self.rooms.ask_for_new());
                self.user = Some(user.clone());
                self.events.push_back(Event::Connected { user, server });
                self.send_due(now);
            }
            ServerFrame::Joined { room, epoch, offset, recovered, messages, members, count } => {
                self.joined(&room, epoch, offset, recovered, messages, members, count);
                self.send_due(now);
            }
            ServerFrame::Left { room, reason } => {
                if reason.is_some() {
                    self.rooms.lost(&room);
                }
                self.events.push_back(Event::Left { room, reason });
            }
            ServerFrame::Ack { id, room, offset, time } => {
                if self.outbox.remove(id) {
                    self.events.push_back(Event::Acknowledged { id, room, offset, time });
                    self.send_due(now);
                }
            }
            ServerFrame::Message(event) => self.stored(StreamEvent::Message(event)),
            ServerFrame::Edited(event) => self.stored(StreamEvent::Edited(event)),
            ServerFrame::Deleted(event) => self.stored(StreamEvent::Deleted(event)),
            ServerFrame::Reacted(event) => self.stored(StreamEvent::Reacted(event)),
            ServerFrame::Erased(event) => self.stored(StreamEvent::Erased(event)),
            ServerFrame::Changed(event) => self.stored(StreamEvent::Changed(event)),
            ServerFrame::Member(event) => self.stored(StreamEvent::Member(event)),
            ServerFrame::Read { room, offset, unread } => {
                self.events.push_back(Event::Read { room, offset, unread });
            }
            ServerFrame::RoomsChanged => self.events.push_back(Event::RoomsChanged),
            ServerFrame::Renamed { user, name } => {
                if let Some(own) = self.user.as_mut().filter(|own| own.id == user) {
                    own.name = name.clone();
                }
                self.events.push_back(Event::Renamed { user, name });
            }
            ServerFrame::Typing { room, user } => self.events.push_back(Event::Typing { room, user }),
            ServerFrame::Pong => {}
            ServerFrame::Presence { room, joined, left, count } => {
                self.events.push_back(Event::Presence { room, joined, left, count });
            }
            ServerFrame::Reconnect { delay_ms, reason } => {
                let delay = delay_of(delay_ms);
                self.move_at = Some(now + delay);
                self.events.push_back(Event::Moving { delay, reason });
            }
            ServerFrame::Error(error) => self.error(error, now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the fields of one frame")]
    fn joined(
        &mut self,
        room: &RoomName,
        epoch: Epoch,
        offset: Offset,
        recovered: bool,
        messages: Vec<StreamEvent>,
        members: Vec<User>,
        count: u32,
    ) {
        match self.rooms.joined(room, &epoch, offset, recovered, &messages) {
            Joined::Gone => {}
            Joined::First => {
                let (room, history) = (room.clone(), messages);
                self.events.push_back(Event::Joined { room, epoch, offset, history, members, count });
            }
            Joined::Lists => {
                self.events.push_back(Event::Resumed { room: room.clone(), members, count });
            }
            Joined::Answer => {
                let (room, history) = (room.clone(), Vec::new());
                self.events.push_back(Event::Joined { room, epoch, offset, history, members, count });
            }
            Joined::Continues { after, gap } => {
                if !recovered || gap.is_some() {
                    self.outbox.forget_seen(room);
                }
                if let Some(gap) = gap {
                    self.gap(room, gap);
                }
                for event in messages.into_iter().filter(|event| event.offset() > after) {
                    self.stored(event);
                }
                for Stored { id, offset, time } in self.outbox.take_seen(room) {
                    self.events.push_back(Event::Acknowledged { id, room: room.clone(), offset, time });
                }
                self.events.push_back(Event::Resumed { room: room.clone(), members, count });
            }
        }
    }

    /// An event of a room's stream, live or missed.
    fn stored(&mut self, event: StreamEvent) {
        // None: a room that the client left a moment ago.
        let Some(arrival) = self.rooms.arrived(event.room(), event.offset()) else { return };
        if let StreamEvent::Message(message) = &event
            && self.user.as_ref().is_some_and(|user| user.id == message.user.id)
        {
            self.outbox.seen(Stored { id: message.id, offset: message.offset, time: message.time });
        }
        match arrival {
            Arrival::Next => {}
            Arrival::After(missing) => self.gap(&event.room().clone(), Gap::Skipped(missing)),
            Arrival::Late => return self.events.push_back(Event::Stray { event, repeated: false }),
            Arrival::Repeated => return self.events.push_back(Event::Stray { event, repeated: true }),
        }
        self.events.push_back(match event {
            StreamEvent::Message(message) => Event::Message(message),
            event => Event::Changed(event),
        });
    }

    fn gap(&mut self, room: &RoomName, gap: Gap) {
        self.events.push_back(Event::Gap { room: room.clone(), gap });
    }

    /// Finds what the refused frame was about, and does it again later if that may help.
    fn error(&mut self, error: ErrorFrame, now: Instant) {
        let retry_at = error.retry_after_ms.map(|millis| now + delay_of(millis));
        let reference = error.reference.as_deref();
        if let Some(id) = reference.and_then(|text| text.parse::<MessageId>().ok()) {
            match retry_at {
                Some(at) => _ = self.outbox.retry(id, at),
                None if self.outbox.remove(id) => {
                    self.events.push_back(Event::NotSent { id, error });
                    return self.send_due(now);
                }
                None => {}
            }
        } else if let Some(room) = reference.and_then(|text| RoomName::parse(text).ok()) {
            if let Refused::RestartAt(at) = self.rooms.refused(&room, retry_at) {
                self.restart_at = Some(at);
            }
        } else if retry_at.is_some() && !self.is_welcome() {
            self.restart_at = retry_at;
        } else if retry_at.is_some() {
            // Nothing but a rename fails for now without a reference. It may have been done by half, `renamed`
            // included, so that is not the end of it.
            self.rename_at = retry_at;
        } else if matches!(
            error.code,
            ErrorCode::EmptyName | ErrorCode::NameTooLong | ErrorCode::ControlCharacter
        ) {
            // This server will not have the name: asking for it on every connection would not help.
            self.name = self.user.as_ref().map(|user| user.name.clone());
            self.rename_at = None;
        }
        self.events.push_back(Event::Error(error));
    }
}

/// What a server asks to wait, within [`LONGEST_DELAY`].
fn delay_of(millis: u64) -> Duration {
    Duration::from_millis(millis).min(LONGEST_DELAY)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
