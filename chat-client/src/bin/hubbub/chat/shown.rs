//! Which messages were shown of each room: what `/edit`, `/delete`, `/react` and `/history` are about, since nobody
//! types offsets. Pure.

use std::collections::BTreeMap;

use hubbub_protocol::{Message, MessageId, Offset, RoomName, UserId};

/// A message's place and id.
pub(super) type Place = (Offset, MessageId);

#[derive(Debug, Default)]
struct Room {
    oldest: Option<Offset>,
    own: Option<Place>,
    latest: Option<Place>,
}

/// What was shown of all rooms.
#[derive(Debug, Default)]
pub(super) struct Shown {
    rooms: BTreeMap<RoomName, Room>,
}

impl Shown {
    /// A message was shown, in whatever order.
    pub(super) fn message(&mut self, message: &Message, me: Option<UserId>) {
        let room = self.rooms.entry(message.room.clone()).or_default();
        let place = (message.offset, message.id);
        room.oldest = Some(room.oldest.map_or(message.offset, |oldest| oldest.min(message.offset)));
        let later = |known: Option<Place>| Some(known.map_or(place, |known| known.max(place)));
        room.latest = later(room.latest);
        if me == Some(message.user.id) {
            room.own = later(room.own);
        }
    }

    /// A message is gone.
    pub(super) fn deleted(&mut self, room: &RoomName, id: MessageId) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        for place in [&mut room.own, &mut room.latest] {
            place.take_if(|(_, known)| *known == id);
        }
    }

    /// The first message that was shown, the place to read back from.
    pub(super) fn oldest(&self, room: &RoomName) -> Option<Offset> {
        self.rooms.get(room)?.oldest
    }

    /// The user's own last message.
    pub(super) fn own(&self, room: &RoomName) -> Option<Place> {
        self.rooms.get(room)?.own
    }

    /// The last message.
    pub(super) fn latest(&self, room: &RoomName) -> Option<Place> {
        self.rooms.get(room)?.latest
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{MessageText, Timestamp, User, UserName};

    use super::*;

    #[test]
    fn the_last_message_of_ones_own_is_found_until_it_is_deleted_and_history_changes_neither() {
        let tea = RoomName::parse("tea").unwrap();
        let [ada, bob] =
            ["Ada", "Bob"].map(|name| User { id: UserId::random(), name: UserName::parse(name).unwrap() });
        let mut shown = Shown::default();
        let mut show = |offset, user: &User| {
            let id = MessageId::random();
            let text = MessageText::parse("hi").unwrap();
            let time = Timestamp::from_unix_millis(1);
            let message = Message {
                room: tea.clone(),
                offset,
                id,
                user: user.clone(),
                text,
                time,
                mentions: vec![],
                edited: None,
                reactions: vec![],
                amended: 0,
            };
            shown.message(&message, Some(ada.id));
            (offset, id)
        };
        let (own, latest) = (show(7, &ada), show(8, &bob));
        show(3, &ada);
        assert_eq!(
            (shown.own(&tea), shown.latest(&tea), shown.oldest(&tea)),
            (Some(own), Some(latest), Some(3))
        );
        shown.deleted(&tea, own.1);
        assert_eq!((shown.own(&tea), shown.latest(&tea)), (None, Some(latest)));
    }
}
