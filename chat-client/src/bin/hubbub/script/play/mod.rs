//! Runs a script: several clients, one of whom speaks, all of whom listen all the time.

mod accounts;
mod messages;
mod rooms;

use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use chat_client::{Api, ApiError, Client, Endpoint, Event, Loss};
use futures::{StreamExt, future::join_all};
use hubbub_protocol::{
    CloseCode, ErrorFrame, LeftReason, MessageId, Offset, RoomKind, RoomName, StreamEvent, UserId, UserName,
};
use tokio::time::Instant;

use super::{
    command::{Command, Credentials},
    parse::Line,
};
use crate::failure::Failure;

/// Events that nobody expected yet are kept up to this number a room; a script that leaves more lying is no test.
const UNREAD: usize = 10_000;

/// How often what has to become so is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What came in a room and was not looked at yet.
enum Unread {
    Event(StreamEvent),
    Gap,
    /// The server put the client out of the room.
    Out(LeftReason),
}

struct Actor {
    /// The name of the login.
    name: UserName,
    client: Client,
    api: Api,
    /// Of an account.
    credentials: Option<Credentials>,
    rooms: BTreeMap<RoomName, VecDeque<Unread>>,
    /// The server logged this one out.
    closed: bool,
}

/// Why a line did not succeed.
enum Stop {
    Unmet(String),
    Failure(Failure),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// The clients of a script, and where its output goes.
pub(crate) struct Stage<W> {
    endpoint: Arc<Endpoint>,
    timeout: Duration,
    out: W,
    actors: Vec<Actor>,
    speaker: usize,
    /// Who was ever logged in, by the name of the login.
    people: BTreeMap<UserName, UserId>,
    /// The ids of the messages that anybody here heard of, by their places.
    messages: BTreeMap<(RoomName, Offset), MessageId>,
    /// What the script calls the rooms whose addresses the server made.
    rooms: BTreeMap<RoomName, RoomName>,
}

impl<W: Write> Stage<W> {
    pub(crate) fn new(endpoint: Endpoint, timeout: Duration, out: W) -> Self {
        Self {
            endpoint: Arc::new(endpoint),
            timeout,
            out,
            actors: Vec::new(),
            speaker: 0,
            people: BTreeMap::new(),
            messages: BTreeMap::new(),
            rooms: BTreeMap::new(),
        }
    }

    /// Runs the lines in order, up to the first that fails.
    pub(crate) async fn play(&mut self, path: &str, lines: &[Line]) -> Result<(), Failure> {
        for line in lines {
            self.line(line).await.map_err(|stop| match stop {
                Stop::Unmet(problem) => Failure::Unmet { path: path.to_owned(), line: line.number, problem },
                Stop::Failure(failure) => failure,
            })?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Everybody leaves.
    pub(crate) async fn end(self) {
        join_all(self.actors.into_iter().map(|actor| actor.client.close())).await;
    }

    async fn line(&mut self, line: &Line) -> Result<(), Stop> {
        match &line.command {
            Command::Login(..) | Command::Register(..) | Command::As(_) => {
                writeln!(self.out, "{}", line.source)?;
            }
            command => {
                let speaker = self.actors.get(self.speaker);
                let speaker = speaker.ok_or_else(|| Stop::Unmet("nobody is logged in".to_owned()))?;
                writeln!(self.out, "{}> {}", speaker.name, line.source)?;
                if speaker.closed && *command != Command::Closed {
                    return Err(Stop::Unmet(format!("{} is logged out", speaker.name)));
                }
            }
        }
        match &line.command {
            Command::Login(name, None) => self.login_as_guest(name).await,
            Command::Login(name, Some(credentials)) => self.login(name, credentials).await,
            Command::Register(name, credentials) => self.register(name, credentials).await,
            Command::Upgrade(credentials) => self.upgrade(credentials).await,
            Command::As(name) => self.turn_to(name),
            Command::Logout(which) => self.logout(which).await,
            Command::Closed => self.closed().await,
            Command::Password(new) => self.password(new).await,
            Command::Devices => self.devices().await,
            Command::DeleteAccount => self.delete_account().await,
            Command::Rename(name) => self.rename(name).await,
            Command::Join(room) => self.join(room).await,
            Command::Leave(room) => self.leave(room).await,
            Command::Who(room, names) => self.who(&self.address(room), names).await,
            Command::Send(room, text) => self.send(self.address(room), text).await,
            Command::Post(room, text) => self.post(&self.address(room), text).await,
            Command::Expect(room, text) => self.expect(&self.address(room), text).await,
            Command::Edit(room, offset, text) => self.edit(self.address(room), *offset, text).await,
            Command::DeleteMessage(room, offset) => self.delete(self.address(room), *offset).await,
            Command::React(room, offset, emoji, on) => {
                self.react(self.address(room), *offset, emoji, *on).await
            }
            Command::Read(room, offset) => self.read(&self.address(room), *offset).await,
            Command::Unread => self.unread().await,
            Command::History(room, page, limit) => self.history(&self.address(room), *page, *limit).await,
            Command::Rooms => self.public_rooms().await,
            Command::Create(room, title) => self.create(room, title.as_deref()).await,
            Command::Private(room, title) => self.create_private(room, title.as_deref()).await,
            Command::Direct(room, name) => self.direct(room, name).await,
            Command::Title(room, title) => self.change(&self.address(room), Some(title), None).await,
            Command::Topic(room, topic) => self.change(&self.address(room), None, Some(topic)).await,
            Command::Members(room) => self.members(&self.address(room)).await,
            Command::Member(room, name, role) => self.set_member(&self.address(room), name, *role).await,
            Command::Remove(room, name) => self.remove(&self.address(room), name).await,
            Command::Forget(room) => self.forget(room).await,
            Command::DeleteRoom(room) => self.delete_room(room).await,
        }
    }

    /// Prints the answer to a command.
    fn say(&mut self, answer: impl std::fmt::Display) -> Result<(), Stop> {
        Ok(writeln!(self.out, "  {answer}")?)
    }

    /// What a call answered; a refusal is printed.
    fn answered<T>(&mut self, result: Result<T, ApiError>) -> Result<Option<T>, Stop> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(ApiError::Refused { code, .. }) => self.say(format!("error {code}")).map(|()| None),
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// The address of what the script calls so.
    fn address(&self, room: &RoomName) -> RoomName {
        self.rooms.get(room).unwrap_or(room).clone()
    }

    /// What the script calls the room with this address.
    fn shown(&self, address: &RoomName) -> String {
        let called = self.rooms.iter().find(|(_, known)| *known == address).map(|(called, _)| called);
        match (called, address.kind()) {
            (Some(called), _) => called.to_string(),
            (None, RoomKind::Public) => address.to_string(),
            (None, _) => "(a room of others)".to_owned(),
        }
    }

    /// What the script calls somebody.
    fn called(&self) -> impl Fn(UserId) -> String + use<'_, W> {
        |id| {
            let known = self.people.iter().find(|(_, known)| **known == id);
            known.map_or_else(|| "(somebody else)".to_owned(), |(name, _)| name.to_string())
        }
    }

    /// Listens until the speaker gets what `wanted` recognises; it is given the speaker's id too.
    async fn answer<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&Event, Option<UserId>) -> Option<T>,
    ) -> Result<T, Stop> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let event = tokio::time::timeout_at(deadline, self.listen()).await;
            let (actor, event) = event.map_err(|_| self.late(what))??;
            if actor == self.speaker {
                let me = self.speaker().client.user().map(|user| user.id);
                if let Some(answer) = wanted(&event, me) {
                    return Ok(answer);
                }
            }
        }
    }

    /// Listens for a while.
    async fn listen_for(&mut self, time: Duration) -> Result<(), Stop> {
        let end = Instant::now() + time;
        while let Ok(event) = tokio::time::timeout_at(end, self.listen()).await {
            event?;
        }
        Ok(())
    }

    /// The next event of any client; what there is to read is kept for `expect`.
    async fn listen(&mut self) -> Result<(usize, Event), Stop> {
        let (index, event) = std::future::poll_fn(|cx| {
            for (index, actor) in self.actors.iter_mut().enumerate().filter(|(_, actor)| !actor.closed) {
                if let Poll::Ready(Some(event)) = actor.client.poll_next_unpin(cx) {
                    return Poll::Ready((index, event));
                }
            }
            Poll::Pending
        })
        .await;
        let actor = &mut self.actors[index];
        match &event {
            Event::Joined { room, history, .. } => {
                for event in history {
                    note(&mut self.messages, event);
                    keep(&mut actor.rooms, room, Unread::Event(event.clone()))?;
                }
            }
            Event::Message(message) => {
                let event = StreamEvent::Message(message.clone());
                note(&mut self.messages, &event);
                keep(&mut actor.rooms, &message.room, Unread::Event(event))?;
            }
            Event::Changed(event) => keep(&mut actor.rooms, event.room(), Unread::Event(event.clone()))?,
            Event::Gap { room, .. } => keep(&mut actor.rooms, room, Unread::Gap)?,
            Event::Left { room, reason: Some(reason) } => {
                keep(&mut actor.rooms, room, Unread::Out(*reason))?;
            }
            // Whatever the client would do next, this one's part is over.
            Event::Disconnected { loss, .. } | Event::Ended(loss) if is_logout(loss) => actor.closed = true,
            Event::Ended(loss) => return Err(Stop::Failure(Failure::Ended(loss.clone()))),
            _ => {}
        }
        Ok((index, event))
    }

    fn late(&self, what: &str) -> Stop {
        Stop::Unmet(format!("{} got no {what} within {} s", self.speaker().name, self.timeout.as_secs()))
    }

    /// There is one for every command that needs one: `line` saw to it.
    fn speaker(&self) -> &Actor {
        &self.actors[self.speaker]
    }

    fn speaker_mut(&mut self) -> &mut Actor {
        &mut self.actors[self.speaker]
    }
}

/// No answer, or none that makes sense.
fn unanswered(error: &ApiError) -> Stop {
    Stop::Failure(match error {
        ApiError::Unreachable { .. } => Failure::Unreachable(Loss::Unreachable(error.to_string())),
        ApiError::Refused { .. } | ApiError::NotUnderstood { .. } => Failure::Broken(error.to_string()),
    })
}

fn is_logout(loss: &Loss) -> bool {
    matches!(loss, Loss::Closed { code, .. } if *code == CloseCode::BadToken.code())
}

/// Takes note of which message is where.
fn note(messages: &mut BTreeMap<(RoomName, Offset), MessageId>, event: &StreamEvent) {
    let id = match event {
        StreamEvent::Message(message) => message.id,
        StreamEvent::Erased(erased) => erased.id,
        _ => return,
    };
    messages.insert((event.room().clone(), event.offset()), id);
}

fn keep(
    rooms: &mut BTreeMap<RoomName, VecDeque<Unread>>,
    room: &RoomName,
    unread: Unread,
) -> Result<(), Stop> {
    match rooms.get_mut(room) {
        Some(queue) if queue.len() == UNREAD => Err(Stop::Unmet(format!(
            "{UNREAD} messages in {room} were never expected; leave it, or expect them"
        ))),
        Some(queue) => {
            queue.push_back(unread);
            Ok(())
        }
        None => Ok(()),
    }
}

/// The error, if it is the final answer to what was asked of `reference`.
fn refusal(error: &ErrorFrame, reference: &str) -> Option<ErrorFrame> {
    (error.retry_after_ms.is_none() && error.reference.as_deref() == Some(reference)).then(|| error.clone())
}
