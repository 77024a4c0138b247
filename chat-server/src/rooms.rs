//! What users do with rooms, over WebSocket and HTTP alike. Who may do it is for the engine to say, in one step with
//! doing it.

use std::time::SystemTime;

use futures::{StreamExt, TryStreamExt, stream};
use hubbub_protocol::{
    Changed, MemberChange, MemberChanged, RoomKind, RoomName, RoomTitle, StreamEvent, Timestamp, Topic, User,
    UserId,
    http::{CLASSIC_ROOM, Member, MemberList, MyRoom, MyRooms, Role, RoomInfo, RoomList},
    limits::MEMBERS_LISTED,
};

use crate::engine::{
    Engine, EngineError, FrameTemplate, RoomRefusal, UserEvent,
    rooms::{Founding, Heir, NewRole, RoleChange, RoleOutcome, RoomMember, RoomView, SettingsChange},
};

/// How many rooms are looked at, or left, at once.
const CONCURRENT_VIEWS: usize = 16;

/// How many pages of names are looked at for one page of rooms: names whose rooms ended are found out here.
const PAGES_OF_NAMES: usize = 10;

/// How often it is asked who is the next owner of a room while its members change.
const HEIRS: usize = 5;

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// A room as it is shown to somebody.
fn info(room: RoomName, view: RoomView) -> RoomInfo {
    let kind = room.kind();
    let title = match (kind, view.title, view.other) {
        (RoomKind::Direct, _, Some(other)) => other.name.to_string(),
        (_, Some(title), _) => title.to_string(),
        _ => room.to_string(),
    };
    RoomInfo {
        room,
        kind,
        title,
        topic: view.topic.unwrap_or_default(),
        role: view.role,
        present: u32::try_from(view.present).unwrap_or(u32::MAX),
        created: view.created,
    }
}

/// A room as `user` sees it.
///
/// # Errors
/// [`RoomRefusal::NoSuchRoom`] for who may not read it.
pub async fn look(engine: &dyn Engine, user: UserId, room: RoomName) -> Result<RoomInfo, EngineError> {
    let view = engine.view(&room, user, None).await?;
    Ok(info(room, view))
}

/// A page of the public rooms that `user` may see.
///
/// # Errors
/// When the engine does not answer.
pub async fn public(
    engine: &dyn Engine,
    user: UserId,
    mut after: Option<RoomName>,
    limit: usize,
) -> Result<RoomList, EngineError> {
    let mut rooms = Vec::new();
    for _ in 0..PAGES_OF_NAMES {
        // One more than wanted tells whether there is another page.
        let names = engine.public(after.as_ref(), limit + 1).await?;
        let last = names.len() <= limit;
        after = names.get(limit.min(names.len()).saturating_sub(1)).cloned().or(after);
        let views = stream::iter(names.into_iter().take(limit)).map(|room| async move {
            match engine.view(&room, user, None).await {
                Ok(view) => Ok(Some(info(room, view))),
                Err(EngineError::Refused(_)) => {
                    if engine.admitted(&room, &[user]).await?.is_empty() {
                        return Ok(None);
                    }
                    engine.ended(&room).await.map(|()| None)
                }
                Err(error) => Err(error),
            }
        });
        let page: Vec<_> = views.buffered(CONCURRENT_VIEWS).try_collect().await?;
        rooms.extend(page.into_iter().flatten());
        if last {
            return Ok(RoomList { rooms, next: None });
        }
        if !rooms.is_empty() {
            break;
        }
    }
    Ok(RoomList { rooms, next: after })
}

/// Makes a room, with its owner.
///
/// # Errors
/// [`RoomRefusal::Taken`] when there is one of that name, or it is the one of the classic API, which is nobody's.
pub async fn create(
    engine: &dyn Engine,
    owner: User,
    room: RoomName,
    title: Option<RoomTitle>,
    topic: Option<Topic>,
) -> Result<RoomInfo, EngineError> {
    if room.as_str() == CLASSIC_ROOM {
        return Err(RoomRefusal::Taken.into());
    }
    let id = owner.id;
    let members = vec![(owner, Role::Owner)];
    engine.create(Founding { room: room.clone(), title, topic, created: now(), members }).await?;
    engine.note(id, &room, None).await?;
    engine.tell(id, UserEvent::RoomsChanged).await?;
    look(engine, id, room).await
}

/// The direct room of two users, which is made if there is none.
///
/// # Errors
/// When the engine does not answer.
pub async fn direct(engine: &dyn Engine, one: User, other: User) -> Result<RoomInfo, EngineError> {
    let room = RoomName::direct(one.id, other.id);
    let (asks, is_asked) = (one.id, other.id);
    let members = vec![(one, Role::Member), (other, Role::Member)];
    let founding = Founding { room: room.clone(), title: None, topic: None, created: now(), members };
    match engine.create(founding).await {
        Ok(()) => {
            engine.note(is_asked, &room, None).await?;
            engine.tell(is_asked, UserEvent::RoomsChanged).await?;
        }
        Err(EngineError::Refused(RoomRefusal::Taken)) => {}
        Err(error) => return Err(error),
    }
    engine.note(asks, &room, None).await?;
    engine.tell(asks, UserEvent::RoomsChanged).await?;
    look(engine, asks, room).await
}

/// Changes title and topic.
///
/// # Errors
/// See [`RoomRefusal`].
pub async fn change(
    engine: &dyn Engine,
    by: User,
    room: RoomName,
    title: Option<RoomTitle>,
    topic: Option<Topic>,
) -> Result<RoomInfo, EngineError> {
    let (id, time) = (by.id, now());
    let event =
        Changed { room: room.clone(), offset: 0, user: by, title: title.clone(), topic: topic.clone(), time };
    let event = FrameTemplate::at_offset(&StreamEvent::Changed(event))?;
    engine.change_settings(SettingsChange { room: room.clone(), by: id, title, topic, time, event }).await?;
    look(engine, id, room).await
}

/// Makes `member` an owner or a member, takes them out, or lets them go.
///
/// # Errors
/// See [`RoomRefusal`].
pub async fn set_role(
    engine: &dyn Engine,
    by: User,
    room: RoomName,
    member: User,
    role: NewRole,
) -> Result<(), EngineError> {
    if room.kind() == RoomKind::Direct {
        // Two they are, and two they stay. Nobody else is told that.
        engine.view(&room, by.id, None).await?;
        return Err(RoomRefusal::NotAllowed.into());
    }
    let (id, stays) = (member.id, matches!(role, NewRole::Owner | NewRole::Member));
    let heir = change_role(engine, &by, &room, &member, role).await?;
    if stays {
        engine.note(id, &room, None).await?;
    } else {
        engine.forget(id, &room).await?;
    }
    for changed in heir.into_iter().chain([id]) {
        engine.tell(changed, UserEvent::RoomsChanged).await?;
    }
    Ok(())
}

/// Makes `member` something else in a room. The answer is who is its owner by that, if somebody is.
async fn change_role(
    engine: &dyn Engine,
    by: &User,
    room: &RoomName,
    member: &User,
    role: NewRole,
) -> Result<Option<UserId>, EngineError> {
    let time = now();
    let told = |member: &User, change| {
        let (room, user, member) = (room.clone(), by.clone(), member.clone());
        let event = MemberChanged { room, offset: 0, user, member, change, time };
        FrameTemplate::at_offset(&StreamEvent::Member(event))
    };
    let (if_new, known) = match role {
        NewRole::Owner => (MemberChange::Owner, MemberChange::Owner),
        NewRole::Member => (MemberChange::Invited, MemberChange::Member),
        NewRole::Removed => (MemberChange::Removed, MemberChange::Removed),
        NewRole::Left => (MemberChange::Left, MemberChange::Left),
    };
    let (event_if_new, event) = (told(member, if_new)?, told(member, known)?);
    let mut heir: Option<Heir> = None;
    for _ in 0..HEIRS {
        let inherits = heir.as_ref().map(|heir| heir.user);
        let change = RoleChange {
            room: room.clone(),
            by: by.id,
            member: member.clone(),
            role,
            time,
            event_if_new: event_if_new.clone(),
            event: event.clone(),
            heir,
        };
        match engine.set_role(change).await? {
            RoleOutcome::Done => return Ok(inherits),
            RoleOutcome::Inherits(next) => {
                heir = Some(Heir { user: next.id, event: told(&next, MemberChange::Owner)? });
            }
        }
    }
    Err(EngineError::Unavailable("too many come and go in this room at once".to_owned()))
}

/// Takes a user out of all rooms, for good.
///
/// # Errors
/// When the engine does not answer. What was not done is done when it is asked for again.
pub async fn leave_all(engine: &dyn Engine, user: &User) -> Result<(), EngineError> {
    let leave = |room: RoomName| async move {
        let heir = match change_role(engine, user, &room, user, NewRole::Left).await {
            Ok(heir) => heir,
            // The user had no part in it, and was only there now and then.
            Err(EngineError::Refused(_)) => None,
            Err(error) => return Err(error),
        };
        if let Some(heir) = heir {
            engine.tell(heir, UserEvent::RoomsChanged).await?;
        }
        engine.forget(user.id, &room).await
    };
    let rooms = engine.list(user.id).await?.into_iter().map(|(room, _)| leave(room));
    stream::iter(rooms).buffer_unordered(CONCURRENT_VIEWS).try_collect().await
}

/// Ends a room.
///
/// # Errors
/// See [`RoomRefusal`].
pub async fn delete(engine: &dyn Engine, by: UserId, room: &RoomName) -> Result<(), EngineError> {
    for member in engine.delete(room, by).await? {
        engine.forget(member, room).await?;
        engine.tell(member, UserEvent::RoomsChanged).await?;
    }
    if room.kind() == RoomKind::Public { engine.ended(room).await } else { Ok(()) }
}

/// Who has a part in a room; in a public one also who is there now.
///
/// # Errors
/// [`RoomRefusal::NoSuchRoom`] for who may not read it.
pub async fn members(engine: &dyn Engine, by: UserId, room: &RoomName) -> Result<MemberList, EngineError> {
    let member = |RoomMember { user, role, present }| Member { user, role, present };
    let mut members: Vec<_> = engine.members(room, by).await?.into_iter().map(member).collect();
    if room.kind() == RoomKind::Public {
        members.retain(|member| member.role == Role::Owner);
        let there = engine.roster(room, MEMBERS_LISTED).await?.members.into_iter();
        let others: Vec<_> =
            there.filter(|user| members.iter().all(|member| member.user.id != user.id)).collect();
        members.extend(others.into_iter().map(|user| Member { user, role: Role::Member, present: true }));
    }
    members.sort_by(|one, other| one.user.name.cmp(&other.user.name).then(one.user.id.cmp(&other.user.id)));
    Ok(MemberList { members })
}

/// The user's own list. What may not be read any more is taken off it.
///
/// # Errors
/// When the engine does not answer.
pub async fn mine(engine: &dyn Engine, user: UserId) -> Result<MyRooms, EngineError> {
    let views = stream::iter(engine.list(user).await?).map(|(room, read)| async move {
        match engine.view(&room, user, read.as_ref()).await {
            Ok(view) => {
                let (epoch, latest, read, unread) = (view.epoch.clone(), view.latest, view.read, view.unread);
                Ok(Some(MyRoom { info: info(room, view), epoch, latest, read, unread }))
            }
            Err(EngineError::Refused(_)) => engine.forget(user, &room).await.map(|()| None),
            Err(error) => Err(error),
        }
    });
    let rooms: Vec<_> = views.buffer_unordered(CONCURRENT_VIEWS).try_collect().await?;
    let mut rooms: Vec<_> = rooms.into_iter().flatten().collect();
    rooms.sort_by(|one, other| one.info.room.cmp(&other.info.room));
    Ok(MyRooms { rooms })
}
