//! Rooms: who is there, which there are, and whose they are.

use std::io::Write;

use chat_client::Event;
use hubbub_protocol::{
    ErrorFrame, RoomKind, RoomName, User, UserId, UserName,
    http::{CreateRoom, Role, RoomChange, RoomInfo},
    limits::HISTORY_DEFAULT,
};
use tokio::time::Instant;

use super::{LOOK_AGAIN, Stage, Stop, refusal};

impl<W: Write> Stage<W> {
    pub(super) async fn join(&mut self, called: &RoomName) -> Result<(), Stop> {
        let room = self.address(called);
        self.speaker_mut().rooms.entry(room.clone()).or_default();
        self.speaker_mut().client.join(room.clone(), HISTORY_DEFAULT);
        match self.joined(&room).await? {
            Ok((offset, _)) => self.say(format!("joined {called} at {offset}")),
            Err(error) => {
                self.speaker_mut().rooms.remove(&room);
                self.say(format!("error {}", error.code))
            }
        }
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

    pub(super) async fn leave(&mut self, called: &RoomName) -> Result<(), Stop> {
        let wanted = self.address(called);
        self.speaker_mut().client.leave(wanted.clone());
        self.speaker_mut().rooms.remove(&wanted);
        let refused = self
            .answer("an answer to leave", |event, _| match event {
                Event::Left { room, .. } if *room == wanted => Some(None),
                Event::Error(error) => refusal(error, wanted.as_str()).map(Some),
                _ => None,
            })
            .await?;
        match refused {
            None => self.say(format!("left {called}")),
            Some(error) => self.say(format!("error {}", error.code)),
        }
    }

    pub(super) async fn who(&mut self, room: &RoomName, wanted: &[UserName]) -> Result<(), Stop> {
        if !self.speaker().rooms.contains_key(room) {
            return self.say("error notJoined");
        }
        let mut wanted: Vec<&str> = wanted.iter().map(UserName::as_str).collect();
        wanted.sort_unstable();
        let deadline = Instant::now() + self.timeout;
        loop {
            self.speaker_mut().client.join(room.clone(), 0);
            let (_, members) = match self.joined(room).await? {
                Ok(joined) => joined,
                Err(error) => return self.say(format!("error {}", error.code)),
            };
            let mut names: Vec<&str> = members.iter().map(|user| user.name.as_str()).collect();
            names.sort_unstable();
            if wanted.is_empty() || names == wanted {
                return self.say(names.join(", "));
            }
            if Instant::now() >= deadline {
                let (room, there) = (self.shown(room), names.join(", "));
                return Err(Stop::Unmet(format!("in {room} are {there}, not {}", wanted.join(", "))));
            }
            self.listen_for(LOOK_AGAIN).await?;
        }
    }

    pub(super) async fn public_rooms(&mut self) -> Result<(), Stop> {
        let mut after = None;
        let mut lines = Vec::new();
        loop {
            let result = self.speaker().api.public_rooms(after.as_ref()).await;
            let Some(list) = self.answered(result)? else { return Ok(()) };
            lines.extend(list.rooms.iter().map(|info| format!("{}, {} here", self.told(info), info.present)));
            after = list.next;
            if after.is_none() {
                break;
            }
        }
        self.list(lines)
    }

    pub(super) async fn unread(&mut self) -> Result<(), Stop> {
        let result = self.speaker().api.my_rooms().await;
        let Some(list) = self.answered(result)? else { return Ok(()) };
        let rooms = list.rooms.iter();
        let lines = rooms.map(|room| format!("{}, {} unread", self.told(&room.info), room.unread)).collect();
        self.list(lines)
    }

    /// Room, title if it is another than its address, topic, and what the speaker is there.
    fn told(&self, info: &RoomInfo) -> String {
        let shown = self.shown(&info.room);
        let title = (info.title != shown).then(|| format!("\"{}\"", info.title));
        let topic = (!info.topic.as_str().is_empty()).then(|| format!("({})", info.topic));
        let words: Vec<_> = [Some(shown), title, topic].into_iter().flatten().collect();
        match info.role {
            Some(role) => format!("{}, {}", words.join(" "), role_in_words(role)),
            None => words.join(" "),
        }
    }

    /// Prints lines by name, or that there are none.
    fn list(&mut self, mut lines: Vec<String>) -> Result<(), Stop> {
        if lines.is_empty() {
            return self.say("none");
        }
        lines.sort_unstable();
        lines.into_iter().try_for_each(|line| self.say(line))
    }

    pub(super) async fn create(&mut self, room: &RoomName, title: Option<&str>) -> Result<(), Stop> {
        self.make(RoomKind::Public, Some(room), title).await?;
        Ok(())
    }

    pub(super) async fn create_private(
        &mut self,
        called: &RoomName,
        title: Option<&str>,
    ) -> Result<(), Stop> {
        let title = title.unwrap_or(called.as_str());
        if let Some(address) = self.make(RoomKind::Private, None, Some(title)).await? {
            self.rooms.insert(called.clone(), address);
        }
        Ok(())
    }

    async fn make(
        &mut self,
        kind: RoomKind,
        room: Option<&RoomName>,
        title: Option<&str>,
    ) -> Result<Option<RoomName>, Stop> {
        let request = CreateRoom {
            kind,
            room: room.map(ToString::to_string),
            title: title.map(str::to_owned),
            topic: None,
        };
        let result = self.speaker().api.create_room(&request).await;
        let Some(info) = self.answered(result)? else { return Ok(None) };
        self.say("created")?;
        Ok(Some(info.room))
    }

    pub(super) async fn direct(&mut self, called: &RoomName, name: &UserName) -> Result<(), Stop> {
        let user = self.user(name)?;
        let result = self.speaker().api.direct_room(user).await;
        let Some(info) = self.answered(result)? else { return Ok(()) };
        self.rooms.insert(called.clone(), info.room);
        self.say(format!("with {}", info.title))
    }

    pub(super) async fn change(
        &mut self,
        room: &RoomName,
        title: Option<&String>,
        topic: Option<&String>,
    ) -> Result<(), Stop> {
        let change = RoomChange { title: title.cloned(), topic: topic.cloned() };
        let result = self.speaker().api.change_room(room, &change).await;
        if let Some(info) = self.answered(result)? {
            let told = self.told(&info);
            self.say(told)?;
        }
        Ok(())
    }

    pub(super) async fn members(&mut self, room: &RoomName) -> Result<(), Stop> {
        let result = self.speaker().api.members(room).await;
        let Some(list) = self.answered(result)? else { return Ok(()) };
        let members = list.members.iter();
        let lines = members.map(|member| format!("{}, {}", member.user.name, role_in_words(member.role)));
        let lines = lines.collect();
        self.list(lines)
    }

    pub(super) async fn set_member(
        &mut self,
        room: &RoomName,
        name: &UserName,
        role: Role,
    ) -> Result<(), Stop> {
        let user = self.user(name)?;
        let result = self.speaker().api.set_member(room, user, role).await;
        let role = match role {
            Role::Owner => "an owner",
            Role::Member => "a member",
        };
        self.done(result.map(|()| format!("{name} is {role} now")))
    }

    pub(super) async fn remove(&mut self, room: &RoomName, name: &UserName) -> Result<(), Stop> {
        let user = self.user(name)?;
        let result = self.speaker().api.remove_member(room, user).await;
        self.done(result.map(|()| format!("removed {name}")))
    }

    pub(super) async fn forget(&mut self, called: &RoomName) -> Result<(), Stop> {
        let result = self.speaker().api.forget_room(&self.address(called)).await;
        self.done(result.map(|()| format!("forgot {called}")))
    }

    pub(super) async fn delete_room(&mut self, called: &RoomName) -> Result<(), Stop> {
        let result = self.speaker().api.delete_room(&self.address(called)).await;
        self.done(result.map(|()| format!("deleted {called}")))
    }

    fn done(&mut self, result: Result<String, chat_client::ApiError>) -> Result<(), Stop> {
        match self.answered(result)? {
            Some(words) => self.say(words),
            None => Ok(()),
        }
    }

    fn user(&self, name: &UserName) -> Result<UserId, Stop> {
        let user = self.people.get(name).copied();
        user.ok_or_else(|| Stop::Unmet(format!("{name} was never logged in")))
    }
}

fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Member => "member",
    }
}
