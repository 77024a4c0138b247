//! Who is in which room, as far as the server told. Pure.

use std::collections::BTreeMap;

use hubbub_protocol::{RoomName, User, UserId, UserName};

#[derive(Debug, Default)]
struct Room {
    members: BTreeMap<UserId, UserName>,
    count: u32,
}

/// The members of all rooms that the client is in.
#[derive(Debug, Default)]
pub(super) struct Roster {
    rooms: BTreeMap<RoomName, Room>,
}

impl Roster {
    /// The client came into a room and was told who is there.
    pub(super) fn enter(&mut self, room: &RoomName, members: &[User], count: u32) {
        let members = members.iter().map(|user| (user.id, user.name.clone())).collect();
        self.rooms.insert(room.clone(), Room { members, count });
    }

    /// The client left a room.
    pub(super) fn leave(&mut self, room: &RoomName) {
        self.rooms.remove(room);
    }

    /// Takes note of who came and went, and says it in words: who was there already, or was never heard of, is not
    /// worth a word.
    pub(super) fn change(
        &mut self,
        room: &RoomName,
        joined: &[User],
        left: &[UserId],
        count: u32,
    ) -> Vec<String> {
        let Some(state) = self.rooms.get_mut(room) else { return Vec::new() };
        state.count = count;
        let mut words = Vec::new();
        for id in left {
            words.extend(state.members.remove(id).map(|name| format!("{name} left")));
        }
        for user in joined {
            if state.members.insert(user.id, user.name.clone()).is_none() {
                words.push(format!("{} came", user.name));
            }
        }
        words
    }

    /// Someone has another name: their old one, if it was known and differs.
    pub(super) fn rename(&mut self, user: UserId, name: &UserName) -> Option<UserName> {
        let members = self.rooms.values_mut().filter_map(|room| room.members.get_mut(&user));
        members.map(|member| std::mem::replace(member, name.clone())).last().filter(|old| old != name)
    }

    /// Who is in a room, in words.
    pub(super) fn words(&self, room: &RoomName) -> String {
        let Some(state) = self.rooms.get(room) else { return format!("you are not in {room}") };
        let mut names: Vec<&str> = state.members.values().map(UserName::as_str).collect();
        names.sort_unstable();
        let unlisted = (state.count as usize).saturating_sub(names.len());
        let more = if unlisted > 0 { format!(" and {unlisted} more") } else { String::new() };
        format!("in {room}: {}{more}", names.join(", "))
    }

    /// Somebody of this name in any of the rooms.
    pub(super) fn find(&self, name: &UserName) -> Option<UserId> {
        let mut members = self.rooms.values().flat_map(|room| &room.members);
        members.find(|(_, known)| *known == name).map(|(id, _)| *id)
    }

    /// The rooms that the client is in.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.keys()
    }

    /// A room that the client is in, to talk in after it left another.
    pub(super) fn any_room(&self) -> Option<&RoomName> {
        self.rooms.keys().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> User {
        User { id: UserId::random(), name: UserName::parse(name).unwrap() }
    }

    #[test]
    fn comings_goings_and_renames_are_told_in_words_and_once() {
        let tea = RoomName::parse("tea").unwrap();
        let (ada, bob) = (user("Ada"), user("Bob"));
        let mut roster = Roster::default();
        roster.enter(&tea, std::slice::from_ref(&ada), 1);
        assert_eq!(roster.change(&tea, &[ada.clone(), bob.clone()], &[], 2), ["Bob came"]);
        assert_eq!(roster.words(&tea), "in tea: Ada, Bob");
        assert_eq!((roster.find(&bob.name), roster.find(&"Eve".parse().unwrap())), (Some(bob.id), None));
        let robert = UserName::parse("Robert").unwrap();
        assert_eq!(roster.rename(bob.id, &robert), Some(bob.name.clone()));
        assert_eq!(roster.rename(bob.id, &robert), None);
        assert_eq!(roster.change(&tea, &[], &[bob.id, UserId::random()], 1), ["Robert left"]);
    }

    #[test]
    fn a_room_with_more_members_than_are_listed_says_how_many_more() {
        let tea = RoomName::parse("tea").unwrap();
        let mut roster = Roster::default();
        roster.enter(&tea, &[user("Ada")], 1_000);
        assert_eq!(roster.words(&tea), "in tea: Ada and 999 more");
        roster.leave(&tea);
        assert_eq!(roster.words(&tea), "you are not in tea");
    }
}
