//! Runs a script: several clients, one of whom speaks, all of whom listen all the time.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use chat_client::{Client, Endpoint, Event, Identity, Loss};
use futures::{StreamExt, future::join_all};
use hubbub_protocol::{
    ErrorFrame, Message, MessageText, RoomName, StreamEvent, User, UserName, limits::HISTORY_DEFAULT,
};
use tokio::time::Instant;

use super::parse::{Command, Line};
use crate::{failure::Failure, printable::printable};

/// Messages that nobody expected yet are kept up to this number a room; a script that leaves more lying is no test.
const UNREAD: usize = 10_000;

/// How often a `who` with names looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What came in a room and was not looked at yet.
enum Unread {
    Message(Message),
    Gap,
}

struct Actor {
    name: UserName,
    client: Client,
    rooms: BTreeMap<RoomName, VecDeque<Unread>>,
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
}

impl<W: Write> Stage<W> {
    pub(crate) fn new(endpoint: Endpoint, timeout: Duration, out: W) -> Self {
        Self { endpoint: Arc::new(endpoint), timeout, out, actors: Vec::new(), speaker: 0 }
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
            Command::Login(_) | Command::As(_) => writeln!(self.out, "{}", line.source)?,
            _ => writeln!(self.out, "{}> {}", self.actors[self.speaker].name, line.source)?,
        }
        match &line.command {
            Command::Login(name) => self.login(name).await,
            Command::As(name) => {
                self.speaker =
                    self.actors.iter().position(|actor| actor.name == *name).unwrap_or(self.speaker);
                Ok(())
            }
            Command::Join(room) => self.join(room).await,
            Command::Leave(room) => self.leave(room).await,
            Command::Send(room, text) => self.send(room, text).await,
            Command::Rename(name) => self.rename(name).await,
            Command::Expect(room, text) => self.expect(room, text).await,
            Command::Who(room, names) => self.who(room, names).await,
        }
    }

    async fn login(&mut self, name: &UserName) -> Result<(), Stop> {
        let client = Client::new(Arc::clone(&self.endpoint), Identity::guest_named(name.clone()));
        self.actors.push(Actor { name: name.clone(), client, rooms: BTreeMap::new() });
        self.speaker = self.actors.len() - 1;
        self.answer("a welcome", |event, me| match event {
            Event::Connected { user, .. } if user.name == *name => Some(Ok(())),
            Event::Renamed { user, name: now } if me == Some(*user) && now == name => Some(Ok(())),
            Event::Disconnected { loss: loss @ Loss::Unreachable(_), .. } => {
                Some(Err(Stop::Failure(Failure::Unreachable(loss.clone()))))
            }
            _ => None,
        })
        .await?
    }

    async fn join(&mut self, room: &RoomName) -> Result<(), Stop> {
        self.speaker_mut().rooms.entry(room.clone()).or_default();
        self.speaker_mut().client.join(room.clone(), HISTORY_DEFAULT);
        let joined = self.joined(room).await?;
        match joined {
            Ok((offset, _)) => writeln!(self.out, "  joined {room} at {offset}")?,
            Err(error) => {
                self.speaker_mut().rooms.remove(room);
                writeln!(self.out, "  error {}", error.code)?;
            }
        }
        Ok(())
    }

    /// The answer to a join: the latest offset and who is there.
    async fn joined(&mut self, wanted: &RoomName) -> Result<Result<(u64, Vec<User>), ErrorFrame>, Stop> {
        self.answer("an answer to join", |event, _| match event {
            Event::Joined { room, offset, members, .. } if room == wanted => {
                Some(Ok((*offset, members.clone())))
            }
            Event::Error(error) => refusal(error, wanted.as_str()).map(Err),
            _ => None,
        })
        .await
    }

    async fn leave(&mut self, wanted: &RoomName) -> Result<(), Stop> {
        self.speaker_mut().client.leave(wanted.clone());
        self.speaker_mut().rooms.remove(wanted);
        let answer = self
            .answer("an answer to leave", |event, _| match event {
                Event::Left { room, reason: _ } if room == wanted => Some(format!("left {wanted}")),
                Event::Error(error) => {
                    refusal(error, wanted.as_str()).map(|error| format!("error {}", error.code))
                }
                _ => None,
            })
            .await?;
        Ok(writeln!(self.out, "  {answer}")?)
    }

    async fn send(&mut self, room: &RoomName, text: &MessageText) -> Result<(), Stop> {
        let sent = self.speaker_mut().client.send(room.clone(), text.clone());
        let sent = sent.map_err(|full| Stop::Unmet(full.to_string()))?;
        let answer = self
            .answer("an acknowledgement", |event, _| match event {
                Event::Acknowledged { id, offset, .. } if *id == sent => Some(format!("stored at {offset}")),
                Event::NotSent { id, error } if *id == sent => Some(format!("error {}", error.code)),
                _ => None,
            })
            .await?;
        Ok(writeln!(self.out, "  {answer}")?)
    }

    async fn rename(&mut self, name: &UserName) -> Result<(), Stop> {
        self.speaker_mut().client.rename(name.clone());
        self.answer("the new name", |event, me| match event {
            Event::Renamed { user, name: now } if me == Some(*user) && now == name => Some(()),
            _ => None,
        })
        .await?;
        Ok(writeln!(self.out, "  renamed to {name}")?)
    }

    async fn expect(&mut self, room: &RoomName, text: &MessageText) -> Result<(), Stop> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let Some(unread) = self.speaker_mut().rooms.get_mut(room) else {
                return Err(Stop::Unmet(format!("{} is not in {room}", self.speaker().name)));
            };
            match unread.pop_front() {
                Some(Unread::Gap) => writeln!(self.out, "  gap")?,
                Some(Unread::Message(message)) => {
                    let text_there = printable(message.text.as_str());
                    writeln!(self.out, "  {} {}: {text_there}", message.offset, message.user.name)?;
                    if message.text == *text {
                        return Ok(());
                    }
                }
                None => {
                    let event = tokio::time::timeout_at(deadline, self.listen()).await;
                    event.map_err(|_| self.late(&format!("message {:?} in {room}", text.as_str())))??;
                }
            }
        }
    }

    async fn who(&mut self, room: &RoomName, wanted: &[UserName]) -> Result<(), Stop> {
        if !self.speaker().rooms.contains_key(room) {
            return Ok(writeln!(self.out, "  error notJoined")?);
        }
        let mut wanted: Vec<&str> = wanted.iter().map(UserName::as_str).collect();
        wanted.sort_unstable();
        let deadline = Instant::now() + self.timeout;
        loop {
            self.speaker_mut().client.join(room.clone(), 0);
            let (_, members) = match self.joined(room).await? {
                Ok(joined) => joined,
                Err(error) => return Ok(writeln!(self.out, "  error {}", error.code)?),
            };
            let mut names: Vec<&str> = members.iter().map(|user| user.name.as_str()).collect();
            names.sort_unstable();
            if wanted.is_empty() || names == wanted {
                return Ok(writeln!(self.out, "  {}", names.join(", "))?);
            }
            if Instant::now() >= deadline {
                let there = names.join(", ");
                return Err(Stop::Unmet(format!("in {room} are {there}, not {}", wanted.join(", "))));
            }
            let look_again = Instant::now() + LOOK_AGAIN;
            while let Ok(event) = tokio::time::timeout_at(look_again, self.listen()).await {
                event?;
            }
        }
    }

    /// Listens until the speaker gets what `wanted` recognises; it is given the speaker's id too.
    async fn answer<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&Event, Option<hubbub_protocol::UserId>) -> Option<T>,
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

    /// The next event of any client; what there is to read is kept for `expect`.
    async fn listen(&mut self) -> Result<(usize, Event), Stop> {
        let (index, event) = std::future::poll_fn(|cx| {
            for (index, actor) in self.actors.iter_mut().enumerate() {
                if let Poll::Ready(Some(event)) = actor.client.poll_next_unpin(cx) {
                    return Poll::Ready((index, event));
                }
            }
            Poll::Pending
        })
        .await;
        let rooms = &mut self.actors[index].rooms;
        match &event {
            Event::Joined { room, history, .. } => {
                for event in history {
                    if let StreamEvent::Message(message) = event {
                        keep(rooms, room, Unread::Message(message.clone()))?;
                    }
                }
            }
            Event::Message(message) => keep(rooms, &message.room, Unread::Message(message.clone()))?,
            Event::Gap { room, .. } => keep(rooms, room, Unread::Gap)?,
            Event::Ended(loss) => return Err(Stop::Failure(Failure::Ended(loss.clone()))),
            _ => {}
        }
        Ok((index, event))
    }

    fn late(&self, what: &str) -> Stop {
        Stop::Unmet(format!("{} got no {what} within {} s", self.speaker().name, self.timeout.as_secs()))
    }

    /// Scripts log in before anything else; the parser saw to it.
    fn speaker(&self) -> &Actor {
        &self.actors[self.speaker]
    }

    fn speaker_mut(&mut self) -> &mut Actor {
        &mut self.actors[self.speaker]
    }
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
