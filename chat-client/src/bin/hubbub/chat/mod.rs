//! `hubbub chat`: chat in the terminal.

mod calls;
mod input;
mod roster;
mod shown;
mod terminal;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chat_client::{Api, Client, Endpoint, Event, Gap, Identity, Loss, OutboxFull};
use futures::{FutureExt, StreamExt};
use hubbub_protocol::{
    Changed, Edited, Message, MessageId, Offset, Reacted, RoomName, StreamEvent, UserName,
    limits::HISTORY_DEFAULT,
};
use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};

use self::{input::Input, roster::Roster, shown::Shown, terminal::Terminal};
use crate::{failure::Failure, printable::printable, server::ServerArgs};

/// After the end of the input, what was said is given this long to be stored.
const LAST_WORDS: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    /// The room to talk in.
    #[arg(long, default_value = "lobby")]
    room: RoomName,
    /// What to be called; without it the server says.
    #[arg(long)]
    name: Option<UserName>,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let Args { server, room, name } = args;
    let endpoint = Arc::new(server.endpoint());
    let mut client = Client::new(Arc::clone(&endpoint), Identity { name, ..Identity::default() });
    client.join(room.clone(), HISTORY_DEFAULT);
    let terminal = Terminal::open()?;
    let mut chat = Chat {
        api: Api::new(Arc::clone(&endpoint)),
        endpoint,
        client,
        terminal,
        room,
        roster: Roster::default(),
        shown: Shown::default(),
        titles: BTreeMap::new(),
        zone: TimeZone::system(),
        stored: 0,
        lost: false,
    };
    let result = chat.talk().await;
    chat.client.close().await;
    result
}

struct Chat {
    endpoint: Arc<Endpoint>,
    api: Api,
    client: Client,
    terminal: Terminal,
    /// Where what is typed goes.
    room: RoomName,
    roster: Roster,
    shown: Shown,
    /// What rooms are called whose addresses nobody can read.
    titles: BTreeMap<RoomName, String>,
    zone: TimeZone,
    /// The last of the user's messages in this room that is stored.
    stored: Offset,
    /// Whether the connection was lost and is not back.
    lost: bool,
}

impl Chat {
    /// Until the input ends or the user quits.
    async fn talk(&mut self) -> Result<(), Failure> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                event = self.client.next() => match event {
                    Some(event) => self.event(event)?,
                    None => return Ok(()),
                },
                line = self.terminal.lines.recv() => match line {
                    Some(line) => {
                        if self.line(&line).await? {
                            return Ok(());
                        }
                    }
                    None => return self.last_words().await,
                },
                _ = interrupt.recv() => return Ok(()),
            }
        }
    }

    /// The input ended: what was said before is still stored and shown.
    async fn last_words(&mut self) -> Result<(), Failure> {
        let deadline = tokio::time::Instant::now() + LAST_WORDS;
        loop {
            while let Some(Some(event)) = self.client.next().now_or_never() {
                self.event(event)?;
            }
            let shown = self.client.position(&self.room).map(|(_, offset)| offset);
            if self.client.unacknowledged() == 0 && shown.is_some_and(|shown| shown >= self.stored) {
                return Ok(());
            }
            match tokio::time::timeout_at(deadline, self.client.next()).await {
                Ok(Some(event)) => self.event(event)?,
                Ok(None) => return Ok(()),
                Err(_) => {
                    let left = self.client.unacknowledged();
                    return Err(Failure::Broken(format!("{left} messages were not stored; send them again")));
                }
            }
        }
    }

    /// Handles what was typed; true ends the chat.
    async fn line(&mut self, line: &str) -> Result<bool, Failure> {
        match input::parse(line) {
            Ok(Input::Nothing) => {}
            Ok(Input::Quit) => return Ok(true),
            Ok(Input::Say(text)) => {
                let sent = self.client.send(self.room.clone(), text);
                self.sent(sent)?;
            }
            Ok(Input::Name(name)) => self.client.rename(name),
            Ok(Input::Who) => self.terminal.print(format!("* {}", self.roster.words(&self.room)))?,
            Ok(Input::Join(room)) => {
                self.client.join(room.clone(), HISTORY_DEFAULT);
                self.talk_in(room);
            }
            Ok(Input::Leave) => self.client.leave(self.room.clone()),
            Ok(Input::Edit(text)) => match self.shown.own(&self.room) {
                Some((offset, id)) => {
                    let sent = self.client.edit(self.room.clone(), offset, id, text);
                    self.sent(sent)?;
                }
                None => self.say("you said nothing here yet")?,
            },
            Ok(Input::Delete) => match self.shown.own(&self.room) {
                Some((offset, id)) => {
                    let sent = self.client.delete(self.room.clone(), offset, id);
                    self.sent(sent)?;
                }
                None => self.say("you said nothing here yet")?,
            },
            Ok(Input::React(emoji)) => match self.shown.latest(&self.room) {
                Some((offset, id)) => {
                    let sent = self.client.react(self.room.clone(), offset, id, emoji, true);
                    self.sent(sent)?;
                }
                None => self.say("nobody said anything here yet")?,
            },
            Ok(Input::Rooms) => self.rooms().await?,
            Ok(Input::Direct(name)) => self.direct(&name).await?,
            Ok(Input::Invite(name)) => self.invite(&name).await?,
            Ok(Input::History) => self.history().await?,
            Ok(Input::Register(credentials)) => self.register(credentials).await?,
            Ok(Input::Login(credentials)) => self.log_in(credentials).await?,
            Ok(Input::Help) => self.terminal.print(input::HELP)?,
            Err(problem) => self.terminal.print(format!("* {problem}"))?,
        }
        Ok(false)
    }

    /// Tells when something could not even be kept for sending.
    fn sent(&mut self, sent: Result<MessageId, OutboxFull>) -> Result<(), Failure> {
        match sent {
            Ok(_) => Ok(()),
            Err(full) => self.say(&format!("not sent: {full}")),
        }
    }

    /// What is typed goes there from now on.
    fn talk_in(&mut self, room: RoomName) {
        self.room = room;
        self.stored = 0;
    }

    fn event(&mut self, event: Event) -> Result<(), Failure> {
        let me = self.client.user().map(|user| user.id);
        match event {
            Event::Connected { user, server } if !self.lost => {
                self.say(&format!("connected to {server}; you are {}", user.name))?;
            }
            Event::Disconnected { loss: loss @ Loss::Unreachable(_), .. } if me.is_none() => {
                return Err(Failure::Unreachable(loss));
            }
            Event::Disconnected { loss: Loss::Moved, .. } => {}
            Event::Disconnected { loss, retry_in } => {
                self.lost = true;
                self.say(&format!("{loss}; reconnecting {}", in_words(retry_in)))?;
            }
            Event::Ended(loss) => return Err(Failure::Ended(loss)),
            Event::Joined { room, history, members, count, .. } => {
                for event in &history {
                    if let StreamEvent::Message(message) = event {
                        self.message(message)?;
                    }
                }
                self.roster.enter(&room, &members, count);
                self.say(&self.roster.words(&room))?;
            }
            Event::Resumed { room, members, count } => {
                self.roster.enter(&room, &members, count);
                if std::mem::take(&mut self.lost) {
                    self.say("connected again")?;
                }
            }
            Event::Left { room, reason: _ } => {
                self.roster.leave(&room);
                self.say(&format!("you left {room}"))?;
                if room == self.room
                    && let Some(other) = self.roster.any_room().cloned()
                {
                    self.say(&format!("you talk in {other} now"))?;
                    self.talk_in(other);
                }
            }
            Event::Message(message) => self.message(&message)?,
            Event::Gap { room, gap } => self.say(&gap_in_words(&room, &gap))?,
            Event::NotSent { error, .. } => self.say(&format!("not sent: {}", error.message))?,
            Event::Error(error) if error.retry_after_ms.is_none() => self.say(&error.message)?,
            Event::Presence { room, mut joined, left, count } => {
                joined.retain(|user| Some(user.id) != me);
                for words in self.roster.change(&room, &joined, &left, count) {
                    self.say(&format!("{words}{}", self.elsewhere(&room)))?;
                }
            }
            Event::Renamed { user, name } => {
                let old = self.roster.rename(user, &name);
                if Some(user) == me {
                    self.say(&format!("you are {name} now"))?;
                } else if let Some(old) = old {
                    self.say(&format!("{old} is {name} now"))?;
                }
            }
            Event::Changed(event) => self.change(&event)?,
            // The message itself comes and is shown.
            Event::Acknowledged { room, offset, .. } if room == self.room => self.stored = offset,
            // Nothing that a reader needs.
            Event::Connected { .. }
            | Event::Moving { .. }
            | Event::Stray { .. }
            | Event::Acknowledged { .. }
            | Event::Error(_)
            | Event::Typing { .. }
            | Event::Read { .. }
            | Event::RoomsChanged
            | Event::NotUnderstood(_) => {}
        }
        Ok(())
    }

    /// Something became of a message or of the room.
    fn change(&mut self, event: &StreamEvent) -> Result<(), Failure> {
        let elsewhere = self.elsewhere(event.room());
        match event {
            StreamEvent::Edited(Edited { user, text: Some(text), .. }) => {
                self.say(&format!("{}{elsewhere} means: {}", user.name, printable(text.as_str())))
            }
            StreamEvent::Deleted(deleted) => {
                self.shown.deleted(&deleted.room, deleted.id);
                self.say(&format!("{}{elsewhere} took a message away", deleted.user.name))
            }
            StreamEvent::Reacted(Reacted { user, emoji, on: true, .. }) => {
                self.say(&format!("{}{elsewhere}: {emoji}", user.name))
            }
            StreamEvent::Changed(Changed { user, topic: Some(topic), .. }) => {
                self.say(&format!("{}{elsewhere} changed the topic: {topic}", user.name))
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, message: &Message) -> Result<(), Failure> {
        self.shown.message(message, self.client.user().map(|user| user.id));
        let time = jiff::Timestamp::from_millisecond(message.time.as_unix_millis()).unwrap_or_default();
        let time = time.to_zoned(self.zone.clone()).strftime("%H:%M");
        let elsewhere = self.elsewhere(&message.room);
        let text = printable(message.text.as_str());
        Ok(self.terminal.print(format!("{time} {}{elsewhere}: {text}", message.user.name))?)
    }

    /// Nothing, or the room in brackets when it is not the one that is talked in.
    fn elsewhere(&self, room: &RoomName) -> String {
        if *room == self.room {
            return String::new();
        }
        format!(" [{}]", self.titles.get(room).map_or(room.as_str(), String::as_str))
    }

    fn say(&mut self, words: &str) -> Result<(), Failure> {
        Ok(self.terminal.print(format!("* {words}"))?)
    }
}

/// `at once`, or `in 3 s`: whole seconds, rounded up, so that it is never too early.
fn in_words(wait: Duration) -> String {
    match wait.as_millis().div_ceil(1_000) {
        0 | 1 => "at once".to_owned(),
        seconds => format!("in {seconds} s"),
    }
}

fn gap_in_words(room: &RoomName, gap: &Gap) -> String {
    match gap {
        Gap::Skipped(range) => {
            format!("{} messages of {room} did not come", range.end().saturating_sub(*range.start()) + 1)
        }
        Gap::NotRecovered { had, next } => format!("{} messages of {room} were missed", next - had - 1),
        Gap::Restarted { .. } => format!("the server lost messages of {room}; it goes on with these"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        assert_eq!(in_words(Duration::ZERO), "at once");
        assert_eq!(in_words(Duration::from_millis(900)), "at once");
        assert_eq!(in_words(Duration::from_millis(2_100)), "in 3 s");
    }
}
