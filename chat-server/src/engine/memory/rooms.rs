//! Rooms: settings, roles, and each user's own list.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use hubbub_protocol::http::Role;
use hubbub_protocol::limits::{MEMBERS_PER_ROOM, ROOMS_PER_USER, UNREAD_MAX};
use hubbub_protocol::{MessageId, Offset, RoomName, RoomTitle, Timestamp, Topic, User, UserId, UserName};

use super::{Members, MemoryEngine, Permit, Room, lock, now};
use crate::engine::rooms::{
    Founding, NewRole, Position, RoleChange, RoleOutcome, RoomMember, RoomRefusal, RoomView, Rooms,
    SettingsChange, is_closed, is_unread,
};
use crate::engine::{EngineError, FrameTemplate, Range, RoomEvent};

/// How many events are looked at for one that is unread: ten for each, as the scripts of Redis do.
const LOOKED_AT: usize = 10 * UNREAD_MAX as usize;

/// Where a user has read, by room.
pub(super) type OwnList = BTreeMap<RoomName, Option<Position>>;

/// What an owner may change.
#[derive(Debug, Default)]
struct Settings {
    created: Option<Timestamp>,
    title: Option<RoomTitle>,
    topic: Option<Topic>,
}

#[derive(Debug)]
struct Part {
    /// `None` for who was removed.
    role: Option<Role>,
    name: UserName,
    /// Counts up: who is there longest has the least.
    since: u64,
}

/// What became of a change of role.
enum Given {
    /// Somebody has it, or has none any more, and may be new; and somebody may be the next owner.
    Role { new: bool, inherited: bool },
    /// It was so before.
    Same,
    /// Nothing is done before this one is told as the next owner.
    Inherits(User),
}

/// Who has a part in a room, and its settings. Empty for a public room that came to be by being joined.
#[derive(Debug, Default)]
pub(super) struct Charter {
    settings: Option<Settings>,
    parts: HashMap<UserId, Part>,
    parts_given: u64,
}

impl Charter {
    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_none() && self.parts.is_empty()
    }

    /// Whether a user may be in the room.
    pub(super) fn admits(&self, user: UserId, closed: bool) -> bool {
        self.parts.get(&user).map_or(!closed, |part| part.role.is_some())
    }

    /// Notes the name of somebody who has a part in the room and is there.
    pub(super) fn saw(&mut self, User { id, name }: &User) {
        if let Some(part) = self.parts.get_mut(id) {
            part.name = name.clone();
        }
    }

    fn role(&self, user: UserId) -> Option<Role> {
        self.parts.get(&user)?.role
    }

    fn is_owner(&self, user: UserId) -> bool {
        self.role(user) == Some(Role::Owner)
    }

    fn give(&mut self, User { id, name }: User, role: Option<Role>) {
        self.parts_given += 1;
        self.parts.insert(id, Part { role, name, since: self.parts_given });
    }

    /// See `set_role.lua`.
    fn set_role(&mut self, change: &RoleChange) -> Result<Given, RoomRefusal> {
        let closed = is_closed(&change.room);
        let member = change.member.id;
        let before = self.parts.get(&member).map(|part| part.role);
        let leaves = change.role == NewRole::Left && change.by == member;
        let wanted = match change.role {
            NewRole::Owner => Some(Some(Role::Owner)),
            NewRole::Member => Some(Some(Role::Member)),
            NewRole::Removed if !closed => Some(None),
            NewRole::Removed | NewRole::Left => None,
        };
        if !leaves && !self.is_owner(change.by) {
            return Err(RoomRefusal::NotAllowed);
        }
        match (before, wanted) {
            (None, None) => return Err(RoomRefusal::NoSuchMember),
            (before, wanted) if before == wanted => return Ok(Given::Same),
            _ => {}
        }
        let others = || self.parts.iter().filter(|(id, part)| **id != member && part.role.is_some());
        let ownerless = others().all(|(_, part)| part.role != Some(Role::Owner));
        let longest = others().min_by_key(|(_, part)| part.since);
        let longest = longest.map(|(id, part)| User { id: *id, name: part.name.clone() });
        if ownerless && before == Some(Some(Role::Owner)) && !leaves {
            return Err(RoomRefusal::NotAllowed);
        }
        if before.is_none() && self.parts.len() >= MEMBERS_PER_ROOM {
            return Err(RoomRefusal::TooMany);
        }
        let inherits = longest.filter(|_| leaves && ownerless && before == Some(Some(Role::Owner)));
        if let Some(heir) = &inherits
            && change.heir.as_ref().is_none_or(|known| known.user != heir.id)
        {
            return Ok(Given::Inherits(heir.clone()));
        }
        match wanted {
            Some(role) => self.give(change.member.clone(), role),
            None => drop(self.parts.remove(&member)),
        }
        if let Some(settings) = self.settings.as_mut().filter(|_| leaves && closed) {
            // A direct room, which is shown by the name of the other, has no title of its own.
            settings.title = settings.title.take().or(RoomTitle::parse(change.member.name.as_str()).ok());
        }
        if let Some(part) = inherits.as_ref().and_then(|heir| self.parts.get_mut(&heir.id)) {
            part.role = Some(Role::Owner);
        }
        Ok(Given::Role { new: before.is_none_or(|role| role.is_none()), inherited: inherits.is_some() })
    }
}

impl Room {
    /// Whether there is such a room for a user.
    fn is_there(&self, user: UserId, closed: bool) -> bool {
        let exists = self.charter.settings.is_some() || self.stream.latest() > 0 || self.members.count() > 0;
        exists && self.charter.admits(user, closed)
    }

    fn append(&mut self, room: &RoomName, permit: Permit<'_>, event: &FrameTemplate, time: Timestamp) {
        let appended = self.stream.append(MessageId::random(), time, now(), |offset| event.with(offset));
        self.tell_appended(room, permit, appended, time);
    }

    fn view(&mut self, user: UserId, closed: bool, read: Option<&Position>) -> RoomView {
        let latest = self.stream.latest();
        let read = read.filter(|read| read.epoch == self.epoch).map_or(0, |read| read.offset.min(latest));
        let behind = self.stream.page(Range::After { offset: read, limit: LOOKED_AT }, now().time);
        let unread = behind.iter().filter(|event| is_unread(&event.frame, user)).take(UNREAD_MAX as usize);
        let settings = self.charter.settings.as_ref();
        let other = self.charter.parts.iter().find(|(id, _)| **id != user);
        RoomView {
            role: self.charter.role(user),
            created: settings.and_then(|settings| settings.created),
            title: settings.and_then(|settings| settings.title.clone()),
            topic: settings.and_then(|settings| settings.topic.clone()),
            present: self.members.count(),
            members: if closed { self.charter.parts.len() } else { 0 },
            epoch: self.epoch.clone(),
            latest,
            read,
            unread: u32::try_from(unread.count()).unwrap_or(UNREAD_MAX),
            other: other.map(|(id, part)| User { id: *id, name: part.name.clone() }),
        }
    }
}

impl MemoryEngine {
    /// Looks at a room that is there for a user.
    fn seen<T>(
        &self,
        room: &RoomName,
        user: UserId,
        look: impl FnOnce(&mut Room) -> T,
    ) -> Result<T, EngineError> {
        let seen = self.peek(room, |found| found.is_there(user, is_closed(room)).then(|| look(found)));
        seen.flatten().ok_or_else(|| RoomRefusal::NoSuchRoom.into())
    }

    /// Ends a room for all. The servers take out who is there. Answers who had a part in it.
    fn finish(&self, name: &RoomName, room: &mut Room, permit: Permit<'_>) -> HashMap<UserId, Part> {
        room.members = Members::default();
        room.end(self.next_epoch());
        room.tell(name, permit, RoomEvent::Deleted);
        std::mem::take(&mut room.charter).parts
    }
}

#[async_trait]
impl Rooms for MemoryEngine {
    async fn create(&self, founding: Founding) -> Result<(), EngineError> {
        let Founding { room, title, topic, created, members } = founding;
        let found = self.room(&room);
        let mut found = lock(&found);
        if !found.charter.is_empty() || found.stream.latest() > 0 || found.members.count() > 0 {
            return Err(RoomRefusal::Taken.into());
        }
        found.charter.settings = Some(Settings { created: Some(created), title, topic });
        for (user, role) in members {
            found.charter.give(user, Some(role));
        }
        Ok(())
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), EngineError> {
        let permit = self.permit().await;
        let SettingsChange { room, by, title, topic, time, event } = change;
        self.seen(&room, by, |found| {
            if !found.charter.is_owner(by) {
                return Err(RoomRefusal::NotAllowed.into());
            }
            let settings = found.charter.settings.get_or_insert_default();
            settings.title = title.or(settings.title.take());
            settings.topic = topic.or(settings.topic.take());
            found.append(&room, permit, &event, time);
            Ok(())
        })?
    }

    async fn set_role(&self, change: RoleChange) -> Result<RoleOutcome, EngineError> {
        let permit = self.permit().await;
        let second_permit = if change.heir.is_some() { self.permit().await } else { None };
        self.seen(&change.room, change.by, |found| {
            let (new, inherited) = match found.charter.set_role(&change)? {
                Given::Role { new, inherited } => (new, inherited),
                Given::Same => return Ok(RoleOutcome::Done),
                Given::Inherits(heir) => return Ok(RoleOutcome::Inherits(heir)),
            };
            if is_closed(&change.room) && found.charter.parts.is_empty() {
                self.finish(&change.room, found, permit);
                return Ok(RoleOutcome::Done);
            }
            let event = if new { &change.event_if_new } else { &change.event };
            found.append(&change.room, permit, event, change.time);
            if let Some(heir) = change.heir.as_ref().filter(|_| inherited) {
                found.append(&change.room, second_permit, &heir.event, change.time);
            }
            Ok(RoleOutcome::Done)
        })?
    }

    async fn delete(&self, room: &RoomName, by: UserId) -> Result<Vec<UserId>, EngineError> {
        let permit = self.permit().await;
        self.seen(room, by, |found| {
            if !found.charter.is_owner(by) {
                return Err(RoomRefusal::NotAllowed.into());
            }
            Ok(self.finish(room, found, permit).into_keys().collect())
        })?
    }

    async fn admitted(&self, room: &RoomName, users: &[UserId]) -> Result<Vec<UserId>, EngineError> {
        let closed = is_closed(room);
        let may =
            |charter: &Charter| users.iter().copied().filter(|user| charter.admits(*user, closed)).collect();
        Ok(self.peek(room, |found| may(&found.charter)).unwrap_or_else(|| may(&Charter::default())))
    }

    async fn view(
        &self,
        room: &RoomName,
        user: UserId,
        read: Option<&Position>,
    ) -> Result<RoomView, EngineError> {
        self.seen(room, user, |found| found.view(user, is_closed(room), read))
    }

    async fn members(&self, room: &RoomName, by: UserId) -> Result<Vec<RoomMember>, EngineError> {
        self.seen(room, by, |found| {
            let member = |(id, part): (&UserId, &Part)| {
                let user = User { id: *id, name: part.name.clone() };
                Some(RoomMember { present: found.members.has(*id), user, role: part.role? })
            };
            found.charter.parts.iter().filter_map(member).collect()
        })
    }

    async fn public(&self, after: Option<&RoomName>, limit: usize) -> Result<Vec<RoomName>, EngineError> {
        let names = self.names();
        let behind =
            names.into_iter().filter(|name| !is_closed(name) && after.is_none_or(|after| name > after));
        let mut behind: Vec<_> = behind.collect();
        behind.sort_unstable();
        behind.truncate(limit);
        Ok(behind)
    }

    async fn ended(&self, _room: &RoomName) -> Result<(), EngineError> {
        Ok(()) // the list is made of the rooms that there are
    }

    async fn list(&self, user: UserId) -> Result<Vec<(RoomName, Option<Position>)>, EngineError> {
        let lists = lock(&self.lists);
        Ok(lists.get(&user).into_iter().flatten().map(|(room, read)| (room.clone(), read.clone())).collect())
    }

    async fn note(
        &self,
        user: UserId,
        room: &RoomName,
        read: Option<&Position>,
    ) -> Result<Offset, EngineError> {
        let mut lists = lock(&self.lists);
        let list = lists.entry(user).or_default();
        if !list.contains_key(room) && list.len() >= ROOMS_PER_USER {
            return Err(RoomRefusal::TooMany.into());
        }
        let known = list.entry(room.clone()).or_default();
        let Some(read) = read else { return Ok(known.as_ref().map_or(0, |known| known.offset)) };
        let before = known.as_ref().filter(|known| known.epoch == read.epoch).map_or(0, |known| known.offset);
        let offset = before.max(read.offset);
        *known = Some(Position { epoch: read.epoch.clone(), offset });
        Ok(offset)
    }

    async fn forget(&self, user: UserId, room: &RoomName) -> Result<(), EngineError> {
        let mut lists = lock(&self.lists);
        if let Some(list) = lists.get_mut(&user) {
            list.remove(room);
            if list.is_empty() {
                lists.remove(&user);
            }
        }
        Ok(())
    }
}
