//! Who is where, over all servers: a hash for each room.

use std::collections::BTreeSet;

use async_trait::async_trait;
use fred::prelude::{Key, Value};
use hubbub_protocol::{RoomName, SessionId, User, UserId, UserName};
use tokio::time::Instant;

use super::entries::{Entry, Place};
use super::rooms::closed;
use super::sweep::Lease;
use super::{RedisEngine, Shared, keys, number, scripts};
use crate::engine::{EngineError, Presence, RoomRefusal, Roster};

#[async_trait]
impl Presence for RedisEngine {
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError> {
        let deadline = self.shared.topology.patience();
        let entries = &self.shared.entries;
        let _ordered = entries.order(deadline, session).await?;
        let entry = Entry::Member { room: room.clone(), user: user.clone(), session };
        let spot = entry.spot();
        let there = entries.note(entry);
        let entered = self.shared.enter_room(deadline, room, user, session, "").await;
        match &entered {
            Err(EngineError::Refused(_)) => entries.forget(&spot),
            Err(_) if !there => entries.owe_leave(spot, user.id),
            Ok(()) | Err(_) => {}
        }
        entered
    }

    async fn leave(&self, room: &RoomName, user: UserId, session: SessionId) -> Result<(), EngineError> {
        self.shared.leave_place((Place::Room(room.clone()), session), user).await
    }

    async fn roster(&self, room: &RoomName, limit: usize) -> Result<Roster, EngineError> {
        let key = keys::members(room);
        let answer: Vec<Value> = self
            .shared
            .topology
            .of(&key)
            .commands
            .run(&scripts::ROSTER, &[key.as_str().into()], &[number(limit)])
            .await?;
        parse_roster(answer)
            .ok_or_else(|| EngineError::Corrupt(format!("{room} has members that are not ours")))
    }
}

impl Shared {
    /// Enters a room. `again` says that the name may be of old.
    pub(super) async fn enter_room(
        &self,
        deadline: Instant,
        room: &RoomName,
        user: &User,
        session: SessionId,
        again: &str,
    ) -> Result<(), EngineError> {
        let arguments: [Value; 6] = [
            user.id.to_string().into(),
            user.name.as_str().into(),
            session.to_string().into(),
            self.lease(deadline).await?.into(),
            again.into(),
            closed(room),
        ];
        let members = keys::members(room);
        let keys: [Key; 3] = [members.as_str().into(), keys::channel(room).into(), keys::roles(room).into()];
        let entered: bool =
            self.topology.of(&members).commands.by(deadline).run(&scripts::ENTER, &keys, &arguments).await?;
        if entered { Ok(()) } else { Err(RoomRefusal::NoSuchRoom.into()) }
    }

    /// Leaves a room.
    pub(super) async fn leave_room(
        &self,
        deadline: Instant,
        room: &RoomName,
        user: UserId,
        session: SessionId,
    ) -> Result<(), EngineError> {
        let arguments: [Value; 2] = [user.to_string().into(), session.to_string().into()];
        let (members, keys) = room_keys(room);
        self.topology.of(&members).commands.by(deadline).run(&scripts::LEAVE, &keys, &arguments).await
    }

    /// The leases under which sessions in a room were entered.
    pub(super) async fn leases_in_room(&self, room: &RoomName) -> Result<BTreeSet<Lease>, EngineError> {
        let members = keys::members(room);
        let keys: [Key; 1] = [members.as_str().into()];
        let leases: Vec<String> =
            self.topology.of(&members).commands.run(&scripts::LEASES, &keys, &[]).await?;
        Ok(leases.into_iter().collect())
    }

    /// Takes all sessions out of a room that were entered under leases that ended.
    pub(super) async fn sweep_room(&self, room: &RoomName, ended: Vec<Lease>) -> Result<(), EngineError> {
        let arguments: Vec<Value> = ended.into_iter().map(Value::from).collect();
        let (members, keys) = room_keys(room);
        self.topology.of(&members).commands.run(&scripts::SWEEP, &keys, &arguments).await
    }
}

fn room_keys(room: &RoomName) -> (String, [Key; 2]) {
    let members = keys::members(room);
    let keys = [members.as_str().into(), keys::channel(room).into()];
    (members, keys)
}

/// A user as the scripts tell of one; `None` for what is none.
pub(super) fn parse_user(id: &str, name: &str) -> Option<User> {
    Some(User { id: id.parse().ok()?, name: UserName::parse(name).ok()? })
}

/// `[count, user, name, user, name, ...]`
fn parse_roster(answer: Vec<Value>) -> Option<Roster> {
    let mut answer = answer.into_iter();
    let count = answer.next()?.as_usize()?;
    let mut members = Vec::with_capacity(answer.len() / 2);
    while let Some(id) = answer.next() {
        members.push(parse_user(&id.as_str()?, &answer.next()?.as_str()?)?);
    }
    members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Some(Roster { members, count })
}
