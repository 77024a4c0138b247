//! What a session does after its hello: one frame after the other.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode, MessageId, MessageText, Offset, ResumeFrom, RoomName, ServerFrame,
    Target, User, UserName, limits::ROOMS_PER_SESSION,
};

use super::{
    encode,
    identity::Identity,
    outbox::Closing,
    pace::{Pace, Refusal},
    registered::Registered,
};
use crate::{
    engine::{EngineError, Published, UserEvent, accounts::Standing},
    hub::{Membership, Seat, Want},
    messages::{MessageError, Request, Wish},
    public::ClientAddress,
    reading,
    server::Server,
    sessions::Line,
};

/// A session that said hello.
pub(super) struct Conversation {
    server: Arc<Server>,
    seat: Seat,
    standing: Standing,
    rooms: HashMap<RoomName, Membership>,
    /// A room that is being entered: should the session end in the middle of it, it is left like the others.
    entering: Option<RoomName>,
    pace: Pace,
    _registered: Registered,
}

impl Conversation {
    pub(super) fn new(
        server: Arc<Server>,
        line: &Line,
        registered: Registered,
        address: ClientAddress,
        user: User,
        standing: Standing,
    ) -> Self {
        let identity = Arc::new(Identity::new(user));
        let seat = Seat { session: line.session, identity, outbox: Arc::clone(&line.outbox) };
        let pace = Pace::new(&server.limits, address);
        Self { server, seat, standing, rooms: HashMap::new(), entering: None, pace, _registered: registered }
    }

    /// Goes on in the rooms that the client was in. When the engine does not answer, the session is closed, so
    /// that the client comes back with its places instead of losing them.
    pub(super) async fn resume(&mut self, rooms: Vec<ResumeFrom>) {
        for ResumeFrom { room, epoch, offset } in rooms {
            if let Err(failure) = self.enter(&room, &Want::Resume { epoch, offset }).await {
                self.say(&encode::engine_error(&failure, Some(room.to_string())));
                if matches!(failure, EngineError::Refused(_)) {
                    continue;
                }
                return self.seat.outbox.close(Closing::TryAgainLater);
            }
        }
    }

    /// One frame of the client.
    pub(super) async fn handle(&mut self, text: &str) {
        let frame = ClientFrame::parse(text);
        if let Err(refusal) =
            self.pace.frame(&self.server.limits, self.seat.identity.id(), &frame, text.len())
        {
            return self.refuse(&refusal);
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(rejection) => return self.say(&encode::rejection(rejection)),
        };
        match frame {
            ClientFrame::Hello { .. } => {
                self.say(&encode::error(ErrorCode::SecondHello, "hello was said already", None));
            }
            ClientFrame::Join { room, history } => self.join(room, history).await,
            ClientFrame::Leave { room } => self.leave(room).await,
            ClientFrame::Send { id, room, text } => self.send(id, room, text).await,
            ClientFrame::Edit { id, target, text } => self.change(id, target, Wish::Edit(text)).await,
            ClientFrame::Delete { id, target } => self.change(id, target, Wish::Delete).await,
            ClientFrame::React { id, target, emoji, on } => {
                self.change(id, target, Wish::React { emoji, on }).await;
            }
            ClientFrame::Read { room, offset } => self.read(room, offset).await,
            ClientFrame::Rename { name } => self.rename(name).await,
            ClientFrame::Typing { room } => self.typing(room).await,
            ClientFrame::Ping => self.say(&ServerFrame::Pong),
        }
    }

    fn refuse(&self, refusal: &Refusal) {
        self.say(&refusal.error);
        if refusal.hopeless {
            self.seat.outbox.close(Closing::Code(CloseCode::TooFast));
        }
    }

    /// Something happened elsewhere that concerns the user.
    pub(super) async fn hear(&mut self, event: UserEvent) {
        match event {
            UserEvent::Renamed { name } => self.renamed(name).await,
            // Closed by the dispatcher.
            UserEvent::LoggedOut { .. } | UserEvent::Deleted => {}
            UserEvent::Read { room, offset, unread } if self.is_in(&room) => {
                self.say(&ServerFrame::Read { room, offset, unread });
            }
            UserEvent::RoomsChanged | UserEvent::Read { .. } => self.say(&ServerFrame::RoomsChanged),
        }
    }

    /// The end: out of every room, and out of their lists after `linger`.
    pub(super) fn depart(mut self, linger: Option<Duration>) {
        self.leave_all(linger);
    }

    fn leave_all(&mut self, linger: Option<Duration>) {
        // Names only: the memberships end here, and with them the deliveries.
        let rooms = std::mem::take(&mut self.rooms).into_keys().chain(self.entering.take()).collect();
        self.server.departures.depart(self.seat.identity.id(), self.seat.session, rooms, linger);
    }

    async fn join(&mut self, room: RoomName, history: usize) {
        if !self.is_in(&room) && self.rooms.len() >= ROOMS_PER_SESSION {
            let message = format!("the session is in {ROOMS_PER_SESSION} rooms; no more are allowed");
            return self.say(&encode::error(ErrorCode::TooManyRooms, message, Some(room.to_string())));
        }
        if let Err(failure) = self.enter(&room, &Want::Page(history)).await {
            self.say(&encode::engine_error(&failure, Some(room.to_string())));
        }
    }

    async fn enter(&mut self, room: &RoomName, want: &Want) -> Result<(), EngineError> {
        let Self { server, seat, rooms, entering, .. } = self;
        if let Some(membership) = membership(rooms, room) {
            return membership.join_again(want).await;
        }
        *entering = Some(room.clone());
        let joined = async {
            server.engine.enter(room, &seat.identity.user(), seat.session).await?;
            server.hub.join(room, seat, want).await
        };
        let joined = joined.await;
        if joined.is_err() {
            // At once, and the rest is for the engine: a leave that came behind the client's next join would undo it.
            if let Err(error) = server.engine.leave(room, seat.identity.id(), seat.session).await {
                tracing::debug!(%room, %error, "could not be taken out of the list yet");
            }
        }
        *entering = None;
        rooms.insert(room.clone(), joined?);
        Ok(())
    }

    async fn leave(&mut self, room: RoomName) {
        if !self.is_in(&room) {
            return self.not_joined(&room, None);
        }
        let user = self.seat.identity.id();
        if let Err(error) = self.server.engine.leave(&room, user, self.seat.session).await {
            // Out is out. The engine takes the session out of the list when it can.
            tracing::debug!(%room, %error, "left, and could not be taken out of the list yet");
        }
        self.rooms.remove(&room);
        self.say(&ServerFrame::Left { room, reason: None });
    }

    async fn send(&mut self, id: MessageId, room: RoomName, text: MessageText) {
        let Some(membership) = membership(&mut self.rooms, &room) else {
            return self.not_joined(&room, encode::about(id));
        };
        let user = self.seat.identity.user();
        if membership.is_unwritten()
            && let Err(refusal) = self.pace.new_room(&self.server.limits, user.id, encode::about(id))
        {
            return self.refuse(&refusal);
        }
        match self.server.messages.post(user, room.clone(), id, text).await {
            Ok(published) => {
                membership.was_written();
                self.ack(id, room, &published);
            }
            Err(failure) => self.say(&encode::engine_error(&failure, encode::about(id))),
        }
    }

    async fn change(&mut self, id: MessageId, target: Target, wish: Wish) {
        if !self.is_in(&target.room) {
            return self.not_joined(&target.room, encode::about(id));
        }
        let (user, room) = (self.seat.identity.user(), target.room.clone());
        match self.server.messages.change(&user, Request { id, target, wish }).await {
            Ok(published) => self.ack(id, room, &published),
            Err(MessageError::Refused(refusal)) => {
                self.say(&encode::error(refusal.code(), refusal.to_string(), encode::about(id)));
            }
            Err(MessageError::Engine(failure)) => {
                self.say(&encode::engine_error(&failure, encode::about(id)));
            }
        }
    }

    fn ack(&self, id: MessageId, room: RoomName, &Published { offset, time, .. }: &Published) {
        self.say(&ServerFrame::Ack { id, room, offset, time });
    }

    async fn rename(&mut self, name: UserName) {
        if self.standing == Standing::Foreign {
            let message = "names are those of the login service";
            return self.say(&encode::error(ErrorCode::ForeignLogin, message, None));
        }
        if let Err(failure) = self.try_rename(name).await {
            self.say(&encode::engine_error(&failure, None));
        }
    }

    /// Accounts first: should it stop half-way, the client's next try does the rest.
    async fn try_rename(&mut self, name: UserName) -> Result<(), EngineError> {
        let user = User { id: self.seat.identity.id(), name };
        self.server.engine.rename(user.id, &user.name).await?;
        self.go_by(&user);
        self.tell_rooms(&user).await?;
        // Rooms in which only other sessions of the user are hear of it by those.
        self.server.tell(user.id, UserEvent::Renamed { name: user.name }).await
    }

    /// The user was renamed, here or elsewhere. A room that can't be told now shows the old name until the session
    /// enters it again.
    async fn renamed(&mut self, name: UserName) {
        let user = User { id: self.seat.identity.id(), name };
        if self.seat.identity.user() != user {
            self.go_by(&user);
        }
        if let Err(error) = self.tell_rooms(&user).await {
            tracing::debug!(session = %self.seat.session, %error, "not every room was told of the new name");
        }
    }

    /// The session speaks by this name from now on.
    fn go_by(&self, user: &User) {
        self.seat.identity.rename(user.name.clone());
        self.say(&ServerFrame::Renamed { user: user.id, name: user.name.clone() });
    }

    /// By entering again. A room that was told by another session of the user is not told again.
    async fn tell_rooms(&self, user: &User) -> Result<(), EngineError> {
        for room in self.rooms.keys() {
            self.server.engine.enter(room, user, self.seat.session).await?;
        }
        Ok(())
    }

    async fn read(&mut self, room: RoomName, offset: Offset) {
        if !self.is_in(&room) {
            return self.not_joined(&room, None);
        }
        // Told to all sessions of the user, this one included.
        if let Err(failure) =
            reading::read(&*self.server.engine, self.seat.identity.user(), &room, offset).await
        {
            self.say(&encode::engine_error(&failure, Some(room.to_string())));
        }
    }

    /// Whether the session is in a room, and was not taken out of it.
    fn is_in(&mut self, room: &RoomName) -> bool {
        membership(&mut self.rooms, room).is_some()
    }

    async fn typing(&mut self, room: RoomName) {
        if !self.is_in(&room) {
            return self.not_joined(&room, None);
        }
        // A signal that waits for the engine would keep a message behind it from being answered in time.
        if !self.server.engine.is_up() {
            return;
        }
        let typing = ServerFrame::Typing { room: room.clone(), user: self.seat.identity.user() };
        // It is worth a few seconds of attention, and no error when it can't be told.
        if let Err(error) = self.server.engine.signal(&room, self.seat.session, encode::frame(&typing)).await
        {
            tracing::debug!(%room, %error, "typing was not told");
        }
    }

    fn not_joined(&self, room: &RoomName, reference: Option<String>) {
        let message = format!("the session is not in room {room}; join it first");
        let reference = reference.or_else(|| Some(room.to_string()));
        self.say(&encode::error(ErrorCode::NotJoined, message, reference));
    }

    /// Goes out when the conversation waits for something: nobody has to be woken for it.
    fn say(&self, frame: &ServerFrame) {
        self.seat.outbox.put(encode::frame(frame));
    }
}

/// The session's membership of a room; `None` when it has none, or was taken out of it.
fn membership<'a>(rooms: &'a mut HashMap<RoomName, Membership>, room: &RoomName) -> Option<&'a Membership> {
    if rooms.get(room)?.is_over() {
        rooms.remove(room);
    }
    rooms.get(room)
}

impl Drop for Conversation {
    /// A defect that ends the session's task must not leave its user in the lists for ever.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.leave_all(Some(self.server.timing.linger));
        }
    }
}
