//! Rooms: settings and roles in the slot of the room, each user's own list in a slot of its own, and the names of all
//! public rooms in one sorted set.

use std::time::SystemTime;

use async_trait::async_trait;
use fred::interfaces::{HashesInterface, SortedSetsInterface};
use fred::prelude::{Key, Value};
use fred::types::sorted_sets::ZSort;
use hubbub_protocol::http::Role;
use hubbub_protocol::limits::{MEMBERS_PER_ROOM, ROOMS_PER_USER, UNREAD_MAX};
use hubbub_protocol::{Epoch, Offset, RoomName, RoomTitle, Timestamp, Topic, User, UserId};

use super::presence::parse_user;
use super::{RedisEngine, Shared, keys, number, scripts};
use crate::engine::EngineError;
use crate::engine::rooms::{
    Founding, Heir, NewRole, Position, RoleChange, RoleOutcome, RoomMember, RoomRefusal, RoomView, Rooms,
    SettingsChange, is_closed,
};

/// For how many seconds a user's own list outlives its last use: accounts that nobody used for over a year.
const LIST_LIFETIME: usize = 400 * 24 * 60 * 60;

#[async_trait]
impl Rooms for RedisEngine {
    async fn create(&self, founding: Founding) -> Result<(), EngineError> {
        let Founding { room, title, topic, created, members } = founding;
        let keys: [Key; 4] = [
            keys::settings(&room).into(),
            keys::roles(&room).into(),
            keys::stream(&room).into(),
            keys::members(&room).into(),
        ];
        let mut arguments: Vec<Value> = vec![
            created.as_unix_millis().to_string().into(),
            title.as_ref().map(RoomTitle::as_str).unwrap_or_default().into(),
            topic.as_ref().map(Topic::as_str).unwrap_or_default().into(),
        ];
        for (User { id, name }, role) in members {
            arguments.extend([id.to_string().into(), role_name(role).into(), name.as_str().into()]);
        }
        let commands = &self.shared.topology.of(&keys::channel(&room)).commands;
        let made: bool = commands.run(&scripts::CREATE_ROOM, &keys, &arguments).await?;
        if !made {
            return Err(RoomRefusal::Taken.into());
        }
        self.shared.note_public(&room).await
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), EngineError> {
        let SettingsChange { room, by, title, topic, time, event } = change;
        let mut arguments = self.stream(&keys::channel(&room), time).to_vec();
        arguments.extend::<[Value; 5]>([
            event.prefix().into(),
            event.suffix().into(),
            time.as_unix_millis().to_string().into(),
            by.to_string().into(),
            closed(&room),
        ]);
        for (field, value) in
            [("title", title.as_ref().map(RoomTitle::as_str)), ("topic", topic.as_ref().map(Topic::as_str))]
        {
            arguments.extend(value.into_iter().flat_map(|value| [field.into(), value.into()]));
        }
        let commands = &self.shared.topology.of(&keys::channel(&room)).commands;
        let answer: String = commands.run(&scripts::CHANGE_ROOM, &room_keys(&room), &arguments).await?;
        outcome(&answer)
    }

    async fn set_role(&self, change: RoleChange) -> Result<RoleOutcome, EngineError> {
        let RoleChange { room, by, member, role, time, event_if_new, event, heir } = change;
        let mut arguments = self.stream(&keys::channel(&room), time).to_vec();
        let role = match role {
            NewRole::Owner => "owner",
            NewRole::Member => "member",
            NewRole::Removed => "removed",
            NewRole::Left => "left",
        };
        arguments.extend::<[Value; 10]>([
            event.prefix().into(),
            event_if_new.suffix().into(),
            event.suffix().into(),
            time.as_unix_millis().to_string().into(),
            by.to_string().into(),
            member.id.to_string().into(),
            member.name.as_str().into(),
            role.into(),
            closed(&room),
            number(MEMBERS_PER_ROOM),
        ]);
        if let Some(Heir { user, event }) = heir {
            arguments.extend::<[Value; 3]>([
                user.to_string().into(),
                event.prefix().into(),
                event.suffix().into(),
            ]);
        }
        let commands = &self.shared.topology.of(&keys::channel(&room)).commands;
        let answer: String = commands.run(&scripts::SET_ROLE, &room_keys(&room), &arguments).await?;
        match answer.strip_prefix("heir ") {
            Some(heir) => parse_heir(heir).ok_or_else(|| not_ours(&room)).map(RoleOutcome::Inherits),
            None => outcome(&answer).map(|()| RoleOutcome::Done),
        }
    }

    async fn delete(&self, room: &RoomName, by: UserId) -> Result<Vec<UserId>, EngineError> {
        let arguments = [by.to_string().into(), closed(room)];
        let commands = &self.shared.topology.of(&keys::channel(room)).commands;
        let answer: Vec<String> = commands.run(&scripts::DELETE_ROOM, &room_keys(room), &arguments).await?;
        let (first, members) = answer.split_first().ok_or_else(|| not_ours(room))?;
        outcome(first)?;
        members.iter().map(|id| id.parse().map_err(|_| not_ours(room))).collect()
    }

    async fn admitted(&self, room: &RoomName, users: &[UserId]) -> Result<Vec<UserId>, EngineError> {
        let mut arguments = vec![closed(room)];
        arguments.extend(users.iter().map(|user| Value::from(user.to_string())));
        let keys: [Key; 1] = [keys::roles(room).into()];
        let commands = &self.shared.topology.of(&keys::channel(room)).commands;
        let answer: Vec<bool> = commands.run(&scripts::ADMITTED, &keys, &arguments).await?;
        Ok(users.iter().zip(answer).filter_map(|(user, may)| may.then_some(*user)).collect())
    }

    async fn view(
        &self,
        room: &RoomName,
        user: UserId,
        read: Option<&Position>,
    ) -> Result<RoomView, EngineError> {
        let channel = keys::channel(room);
        let keys: [Key; 5] = [
            keys::meta(room).into(),
            keys::stream(room).into(),
            keys::members(room).into(),
            keys::roles(room).into(),
            keys::settings(room).into(),
        ];
        let mut arguments = self.stream(&channel, Timestamp::from(SystemTime::now())).to_vec();
        arguments.extend::<[Value; 5]>([
            user.to_string().into(),
            closed(room),
            read.map(|read| &*read.epoch.0).unwrap_or_default().into(),
            read.map_or(0, |read| read.offset).to_string().into(),
            UNREAD_MAX.to_string().into(),
        ]);
        let commands = &self.shared.topology.of(&channel).commands;
        let answer: Vec<Value> = commands.run(&scripts::VIEW_ROOM, &keys, &arguments).await?;
        if answer.is_empty() {
            return Err(RoomRefusal::NoSuchRoom.into());
        }
        parse_view(answer).ok_or_else(|| not_ours(room))
    }

    async fn members(&self, room: &RoomName, by: UserId) -> Result<Vec<RoomMember>, EngineError> {
        let keys: [Key; 4] = [
            keys::members(room).into(),
            keys::roles(room).into(),
            keys::settings(room).into(),
            keys::stream(room).into(),
        ];
        let arguments = [by.to_string().into(), closed(room)];
        let commands = &self.shared.topology.of(&keys::channel(room)).commands;
        let answer: Vec<String> = commands.run(&scripts::MEMBERS_OF_ROOM, &keys, &arguments).await?;
        let (first, answer) = answer.split_first().ok_or_else(|| not_ours(room))?;
        outcome(first)?;
        let member = |fields: &[String]| {
            let [id, role, name, present] = fields else { return None };
            let user = parse_user(id, name)?;
            Some(parse_role(role).map(|role| RoomMember { user, role, present: present == "1" }))
        };
        let members: Option<Vec<_>> = answer.chunks(4).map(member).collect();
        Ok(members.ok_or_else(|| not_ours(room))?.into_iter().flatten().collect())
    }

    async fn public(&self, after: Option<&RoomName>, limit: usize) -> Result<Vec<RoomName>, EngineError> {
        let from = after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        let count = i64::try_from(limit).unwrap_or(i64::MAX);
        let commands = &self.shared.topology.of(keys::PUBLIC_ROOMS).commands;
        let names: Vec<String> = commands
            .call(|client| {
                let from = from.clone();
                async move {
                    let (sort, page) = (Some(ZSort::ByLex), Some((0, count)));
                    client.zrange(keys::PUBLIC_ROOMS, from, "+", sort, false, page, false).await
                }
            })
            .await?;
        Ok(names.iter().filter_map(|name| RoomName::parse(name).ok()).collect())
    }

    async fn ended(&self, room: &RoomName) -> Result<(), EngineError> {
        let commands = &self.shared.topology.of(keys::PUBLIC_ROOMS).commands;
        commands.call(|client| async move { client.zrem(keys::PUBLIC_ROOMS, room.as_str()).await }).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<(RoomName, Option<Position>)>, EngineError> {
        let key = keys::own_rooms(user);
        let commands = &self.shared.topology.of(&key).commands;
        let all: Vec<(String, String)> = commands
            .call(|client| {
                let key = key.clone();
                async move { client.hgetall(key).await }
            })
            .await?;
        let position = |text: &str| {
            let (epoch, offset) = text.split_once(' ')?;
            Some(Position { epoch: Epoch(epoch.into()), offset: offset.parse().ok()? })
        };
        let entry = |(room, read): (String, String)| Some((RoomName::parse(&room).ok()?, position(&read)));
        Ok(all.into_iter().filter_map(entry).collect())
    }

    async fn note(
        &self,
        user: UserId,
        room: &RoomName,
        read: Option<&Position>,
    ) -> Result<Offset, EngineError> {
        let key = keys::own_rooms(user);
        let arguments: [Value; 5] = [
            room.as_str().into(),
            read.map(|read| &*read.epoch.0).unwrap_or_default().into(),
            read.map_or(0, |read| read.offset).to_string().into(),
            number(ROOMS_PER_USER),
            number(LIST_LIFETIME),
        ];
        let commands = &self.shared.topology.of(&key).commands;
        let answer: i64 = commands.run(&scripts::NOTE_ROOM, &[key.as_str().into()], &arguments).await?;
        Offset::try_from(answer).map_err(|_| RoomRefusal::TooMany.into())
    }

    async fn forget(&self, user: UserId, room: &RoomName) -> Result<(), EngineError> {
        let key = keys::own_rooms(user);
        let commands = &self.shared.topology.of(&key).commands;
        commands
            .call(|client| {
                let key = key.clone();
                async move { client.hdel(key, room.as_str()).await }
            })
            .await
    }
}

impl Shared {
    /// Puts a room on the list of the public ones, if it is one.
    pub(super) async fn note_public(&self, room: &RoomName) -> Result<(), EngineError> {
        if is_closed(room) {
            return Ok(());
        }
        let commands = &self.topology.of(keys::PUBLIC_ROOMS).commands;
        let noted = commands.call(|client| async move {
            client.zadd(keys::PUBLIC_ROOMS, None, None, false, false, (0.0, room.as_str())).await
        });
        noted.await
    }
}

/// `1` for a room by invitation, as the scripts take it.
pub(super) fn closed(room: &RoomName) -> Value {
    u8::from(is_closed(room)).to_string().into()
}

/// See `charter.lua`.
fn room_keys(room: &RoomName) -> [Key; 6] {
    [
        keys::meta(room).into(),
        keys::stream(room).into(),
        keys::channel(room).into(),
        keys::roles(room).into(),
        keys::settings(room).into(),
        keys::members(room).into(),
    ]
}

fn outcome(answer: &str) -> Result<(), EngineError> {
    match answer {
        "ok" | "same" | "ended" => Ok(()),
        "none" => Err(RoomRefusal::NoSuchRoom.into()),
        "denied" => Err(RoomRefusal::NotAllowed.into()),
        "missing" => Err(RoomRefusal::NoSuchMember.into()),
        "full" => Err(RoomRefusal::TooMany.into()),
        other => Err(EngineError::Corrupt(format!("a script answered {other:?}"))),
    }
}

/// `<user>\n<name>`
fn parse_heir(heir: &str) -> Option<User> {
    let (id, name) = heir.split_once('\n')?;
    parse_user(id, name)
}

fn not_ours(room: &RoomName) -> EngineError {
    EngineError::Corrupt(format!("{room} has members that are not ours"))
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Member => "member",
    }
}

/// `None` for who was removed.
fn parse_role(role: &str) -> Option<Role> {
    match role {
        "owner" => Some(Role::Owner),
        "member" => Some(Role::Member),
        _ => None,
    }
}

/// See `view_room.lua`.
fn parse_view(answer: Vec<Value>) -> Option<RoomView> {
    let mut answer = answer.into_iter();
    let mut text = || answer.next()?.into_string();
    let (role, created, title, topic) = (text()?, text()?, text()?, text()?);
    let (present, epoch, latest, read, unread) = (text()?, text()?, text()?, text()?, text()?);
    let members = text()?;
    let other = match (text(), text()) {
        (Some(id), Some(name)) => Some(parse_user(&id, &name)?),
        _ => None,
    };
    Some(RoomView {
        role: parse_role(&role),
        created: created.parse().ok().map(Timestamp::from_unix_millis),
        title: RoomTitle::parse(&title).ok(),
        topic: Topic::parse(&topic).ok(),
        present: present.parse().ok()?,
        members: members.parse().ok()?,
        epoch: Epoch(epoch.into()),
        latest: latest.parse().ok()?,
        read: read.parse().ok()?,
        unread: unread.parse().ok()?,
        other,
    })
}
