//! How far users have read. Everybody has a position in a room, which is theirs alone; where a few are among
//! themselves, the others see it by an event of the room's stream.

use std::time::SystemTime;

use hubbub_protocol::{
    Epoch, MessageId, Offset, RoomName, StreamEvent, Timestamp, User, UserId, http::ReadState,
    limits::SEEN_MEMBERS,
};
use uuid::Uuid;

use crate::engine::{
    Content, Draft, Engine, EngineError, Page, Range, UserEvent,
    frame::decode,
    rooms::{Position, RoomView},
};

/// How many events up to a position are looked at for a message of somebody else: mostly it is one of the last few,
/// and what is further back than the second was told of when it was read.
const LOOKED_BACK: [usize; 2] = [8, 100];

/// How many events behind a position are looked at for what was told of it: somebody who catches up has seldom more
/// ahead. Beyond, the id of the event keeps it from being stored twice.
const LOOKED_AHEAD: usize = 100;

/// The user has read up to `offset`, as far as there are events. Told to all sessions of the user, and then to the
/// room if it is for a few.
///
/// # Errors
/// [`RoomRefusal::NoSuchRoom`](crate::engine::RoomRefusal::NoSuchRoom) for who may not read the room;
/// [`RoomRefusal::TooMany`](crate::engine::RoomRefusal::TooMany) when the user's list is full. When the engine does not
/// answer some of it may be done; the rest is done by the next call for this position or a later one.
pub async fn read(
    engine: &dyn Engine,
    user: User,
    room: &RoomName,
    offset: Offset,
) -> Result<ReadState, EngineError> {
    let RoomView { epoch, latest, members, .. } = engine.view(room, user.id, None).await?;
    let wanted = Position { epoch, offset: offset.min(latest) };
    let offset = engine.note(user.id, room, Some(&wanted)).await?;
    let position = Position { offset, ..wanted };
    let view = engine.view(room, user.id, Some(&position)).await?;
    let state = ReadState { room: room.clone(), offset, unread: view.unread };
    let event = UserEvent::Read { room: room.clone(), offset, unread: state.unread };
    engine.tell(user.id, event).await?;
    if is_for_a_few(members) {
        be_seen(engine, user, room, &position).await?;
    }
    Ok(state)
}

/// Whether those in a room are told how far the others have read: somebody else is there, and not too many. A public
/// room has no members in this sense.
fn is_for_a_few(members: usize) -> bool {
    (2..=SEEN_MEMBERS).contains(&members)
}

/// Tells the room which message of somebody else the user has read up to, unless that is told already.
async fn be_seen(
    engine: &dyn Engine,
    user: User,
    room: &RoomName,
    position: &Position,
) -> Result<(), EngineError> {
    let behind = position.offset.saturating_add(1);
    for limit in LOOKED_BACK {
        let page = engine.history(room, Range::Before { offset: behind, limit }).await?;
        if page.epoch != position.epoch {
            return Ok(());
        }
        let mut events = decoded(&page);
        let Some(of) = last_of_others(&events, user.id) else { continue };
        if page.latest > position.offset {
            let ahead = Range::After { offset: position.offset, limit: LOOKED_AHEAD };
            events.extend(decoded(&engine.history(room, ahead).await?));
        }
        if !is_told(&events, user.id, of) {
            let id = id(user.id, &position.epoch, of);
            let time = Timestamp::from(SystemTime::now());
            let draft = Draft { room: room.clone(), id, user, content: Content::Seen { of }, time };
            engine.publish(draft).await?;
        }
        return Ok(());
    }
    Ok(())
}

/// The events of a page, but those that only a later version can read.
fn decoded(page: &Page) -> Vec<StreamEvent> {
    page.messages.iter().filter_map(|stored| decode(&stored.frame).ok()).collect()
}

/// The offset of the last message that somebody else sent and did not take back.
fn last_of_others(events: &[StreamEvent], user: UserId) -> Option<Offset> {
    events.iter().rev().find_map(|event| match event {
        StreamEvent::Message(message) if message.user.id != user => Some(message.offset),
        _ => None,
    })
}

/// Whether it is told that the user has read up to there, or further.
fn is_told(events: &[StreamEvent], user: UserId, of: Offset) -> bool {
    events
        .iter()
        .any(|event| matches!(event, StreamEvent::Seen(seen) if seen.user.id == user && seen.of >= of))
}

/// One for each user and message, so that what two devices say at once, or one says twice, is stored once.
fn id(user: UserId, Epoch(epoch): &Epoch, of: Offset) -> MessageId {
    MessageId(Uuid::new_v5(&user.0, format!("seen {epoch} {of}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{Message, MessageText, Seen, UserName};

    use super::*;

    fn user(name: &str) -> User {
        User { id: UserId::random(), name: UserName::parse(name).unwrap() }
    }

    fn message(offset: Offset, user: &User) -> StreamEvent {
        StreamEvent::Message(Message {
            room: RoomName::parse("tea").unwrap(),
            offset,
            id: MessageId::random(),
            user: user.clone(),
            text: MessageText::parse("hello").unwrap(),
            time: Timestamp::from_unix_millis(0),
            mentions: vec![],
            edited: None,
            reactions: vec![],
            amended: 0,
        })
    }

    fn seen(offset: Offset, user: &User, of: Offset) -> StreamEvent {
        let (room, time) = (RoomName::parse("tea").unwrap(), Timestamp::from_unix_millis(0));
        StreamEvent::Seen(Seen { room, offset, user: user.clone(), of, time })
    }

    #[test]
    fn only_a_message_of_somebody_else_is_seen() {
        let (ada, bob) = (user("Ada"), user("Bob"));
        let events = [message(1, &bob), message(2, &bob), message(3, &ada), seen(4, &bob, 3)];
        assert_eq!(last_of_others(&events, ada.id), Some(2));
        assert_eq!(last_of_others(&events, bob.id), Some(3));
        assert_eq!(last_of_others(&events[2..], ada.id), None, "an event that tells of it is no message");
    }

    #[test]
    fn what_was_told_of_that_message_or_a_later_one_is_told() {
        let (ada, bob) = (user("Ada"), user("Bob"));
        let events = [message(1, &bob), seen(2, &ada, 1), message(3, &bob), seen(4, &bob, 3)];
        assert!(is_told(&events, ada.id, 1));
        assert!(!is_told(&events, ada.id, 3));
        assert!(is_told(&[seen(9, &ada, 7)], ada.id, 3));
    }

    #[test]
    fn a_room_is_for_a_few_when_there_are_others_and_not_too_many() {
        let few = [0, 1, 2, SEEN_MEMBERS, SEEN_MEMBERS + 1].map(is_for_a_few);
        assert_eq!(few, [false, false, true, true, false]);
    }

    #[test]
    fn the_id_is_of_the_user_the_life_of_the_stream_and_the_message() {
        let (ada, bob) = (UserId::random(), UserId::random());
        let epoch = |name: &str| Epoch(name.into());
        let first = id(ada, &epoch("one"), 7);
        assert_eq!(id(ada, &epoch("one"), 7), first);
        for other in [id(bob, &epoch("one"), 7), id(ada, &epoch("two"), 7), id(ada, &epoch("one"), 8)] {
            assert_ne!(other, first);
        }
    }
}
