//! What the frames mean: the state of one client over all its connections. Pure: text, time and randomness come in;
//! frames, events and deadlines come out. [`Client`](crate::Client) does the I/O around it.

mod hear;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use hubbub_protocol::{
    ClientFrame, Epoch, MessageId, Offset, RoomName, User, UserName,
    limits::{HELLO_TIMEOUT, PING_INTERVAL, PINGS_MISSED},
};

use crate::{
    Event, Loss,
    outbox::{Content, Outbox, OutboxFull},
    reconnect::{self, Next, STABLE_AFTER},
    rooms::Rooms,
};

/// A server that says nothing for so long is gone, since it pings more often: the pings that may be missed, and one
/// more interval for what is late.
const SILENCE: Duration = PING_INTERVAL.saturating_mul(PINGS_MISSED + 1);

/// Frames that wait for the socket at most, beyond messages, which the outbox bounds. What is above it is a
/// `typing` that nobody misses.
const TYPING_BEHIND_FRAMES: usize = 16;

/// Who a client is.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The token of an earlier welcome; without one the server makes a guest.
    pub token: Option<String>,
    /// What the client wants to be called; without one it is what the server says.
    pub name: Option<UserName>,
    /// Whether the token is an account's: when it is worth nothing any more the client ends, instead of going on as
    /// a new guest.
    pub account: bool,
}

impl Identity {
    /// A new guest, who gets this name.
    pub fn guest_named(name: UserName) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    /// Who is logged in with this token.
    pub fn account(token: String) -> Self {
        Self { token: Some(token), name: None, account: true }
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
    account: bool,
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
            account: identity.account,
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
        if self.has_greeted() {
            self.frames.push_back(self.rooms.ask(room, history));
        }
    }

    /// Out of a room.
    pub fn leave(&mut self, room: RoomName) {
        self.rooms.leave(&room);
        if self.has_greeted() {
            self.frames.push_back(ClientFrame::Leave { room });
        } else {
            self.events.push_back(Event::Left { room, reason: None });
        }
    }

    /// Sends a message, or a change of one, as soon as there is a connection.
    pub fn send(
        &mut self,
        id: MessageId,
        room: RoomName,
        content: Content,
        now: Instant,
    ) -> Result<(), OutboxFull> {
        self.outbox.push(id, room, content)?;
        self.send_due(now);
        Ok(())
    }

    /// Changes the client's name; kept over reconnects.
    pub fn rename(&mut self, name: UserName) {
        self.name = Some(name);
        if self.has_greeted() {
            self.ask_for_name();
        }
    }

    /// Whether the client wants another name than the one it has, as far as it knows: without a token it will be a new
    /// guest, whom the server names.
    fn wants_another_name(&self) -> bool {
        let Some(name) = &self.name else { return false };
        self.token.is_none() || self.user.as_ref().is_some_and(|user| user.name != *name)
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

    /// Tells how far the user has read in a room. Dropped without a connection: the next one tells more.
    pub fn read(&mut self, room: RoomName, offset: Offset) {
        if self.is_welcome() {
            self.frames.push_back(ClientFrame::Read { room, offset });
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

    /// A connection is there: says hello on it, and right behind that the rest. A server takes one frame after the other, so
    /// nothing has to wait for the welcome; messages do, since they wait for their rooms.
    pub fn connected(&mut self, now: Instant) {
        self.connection_gone();
        self.phase = Phase::Greeting;
        self.heard_at = now;
        let resume = self.rooms.to_resume();
        self.frames.push_back(ClientFrame::Hello { token: self.token.clone(), resume });
        // Before the rooms: who is in them sees one name, and no change.
        if self.wants_another_name() {
            self.ask_for_name();
        }
        self.frames.extend(self.rooms.ask_for_new());
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
            Next::NewGuest { at } if !self.account => {
                self.token = None;
                at
            }
            Next::NewGuest { .. } | Next::GiveUp => {
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

    /// Whether hello was said, be it not answered yet.
    fn has_greeted(&self) -> bool {
        !matches!(self.phase, Phase::Offline)
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
}

#[cfg(test)]
mod tests;
