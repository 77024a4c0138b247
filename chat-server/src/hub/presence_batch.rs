//! Who came and went since the last `presence` frame of a room. No I/O, no clock.

use std::collections::HashMap;

use hubbub_protocol::{RoomName, ServerFrame, User, UserId};

#[derive(Debug)]
enum Change {
    /// Came, and nobody knows yet.
    Came(User),
    /// Is there, and somebody may know already: by an older name, or from a list.
    There(User),
    Went,
}

/// Changes that wait to be told in one frame.
#[derive(Debug, Default)]
pub struct PresenceBatch {
    changes: HashMap<UserId, Change>,
    count: usize,
    /// How many lists of members are being read at this moment.
    lists: usize,
}

impl PresenceBatch {
    /// Adds what the engine told. A user who came and went within the batch is not told of at all, unless a list
    /// that was read meanwhile may have the user.
    pub fn add(&mut self, joined: Vec<User>, left: &[UserId], count: usize) {
        for user in joined {
            let known =
                self.lists > 0 || matches!(self.changes.get(&user.id), Some(Change::There(_) | Change::Went));
            self.changes.insert(user.id, if known { Change::There(user) } else { Change::Came(user) });
        }
        for id in left {
            if !matches!(self.changes.remove(id), Some(Change::Came(_))) {
                self.changes.insert(*id, Change::Went);
            }
        }
        self.count = count;
    }

    /// Somebody begins to read the list of members, and will be told of what changes from here on.
    pub fn list_begins(&mut self) {
        self.lists += 1;
        for change in self.changes.values_mut() {
            if let Change::Came(user) = change {
                *change = Change::There(user.clone());
            }
        }
    }

    /// The end of what [`PresenceBatch::list_begins`] began.
    pub fn list_ends(&mut self) {
        self.lists = self.lists.saturating_sub(1);
    }

    /// Whether [`PresenceBatch::take`] would return no frame.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The frame that tells all of it, and an empty batch from then on.
    pub fn take(&mut self, room: &RoomName) -> Option<ServerFrame> {
        if self.is_empty() {
            return None;
        }
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        for (id, change) in self.changes.drain() {
            match change {
                Change::Came(user) | Change::There(user) => joined.push(user),
                Change::Went => left.push(id),
            }
        }
        Some(ServerFrame::Presence { room: room.clone(), joined, left, count: as_count(self.count) })
    }
}

/// A number of users as it goes over the wire.
pub fn as_count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::UserName;

    use super::*;

    fn user(name: &str) -> User {
        User { id: UserId(uuid::Uuid::from_u128(7)), name: UserName::parse(name).unwrap() }
    }

    fn room() -> RoomName {
        RoomName::parse("lobby").unwrap()
    }

    #[test]
    fn what_waits_is_told_once() {
        let mut batch = PresenceBatch::default();
        assert!(batch.is_empty());
        batch.add(vec![user("Ada")], &[], 3);
        let frame = batch.take(&room());
        let expected =
            ServerFrame::Presence { room: room(), joined: vec![user("Ada")], left: vec![], count: 3 };
        assert_eq!(frame, Some(expected));
        assert_eq!(batch.take(&room()), None);
    }

    #[test]
    fn who_came_and_went_within_a_batch_is_not_told_of() {
        let mut batch = PresenceBatch::default();
        batch.add(vec![user("Ada")], &[], 1);
        batch.add(vec![], &[user("Ada").id], 0);
        assert_eq!(batch.take(&room()), None);
    }

    #[test]
    fn who_may_be_in_a_list_that_was_read_meanwhile_is_told_as_gone() {
        let gone =
            ServerFrame::Presence { room: room(), joined: vec![], left: vec![user("Ada").id], count: 0 };
        let mut batch = PresenceBatch::default();
        batch.add(vec![user("Ada")], &[], 1);
        batch.list_begins();
        batch.add(vec![], &[user("Ada").id], 0);
        assert_eq!(batch.take(&room()), Some(gone.clone()), "came before the list was read");
        batch.add(vec![user("Ada")], &[], 1);
        batch.list_ends();
        batch.add(vec![], &[user("Ada").id], 0);
        assert_eq!(batch.take(&room()), Some(gone), "came while the list was read");
    }

    #[test]
    fn who_went_and_came_back_is_told_by_the_new_name_and_not_as_gone() {
        let mut batch = PresenceBatch::default();
        batch.add(vec![], &[user("Ada").id], 0);
        batch.add(vec![user("Countess")], &[], 1);
        let expected =
            ServerFrame::Presence { room: room(), joined: vec![user("Countess")], left: vec![], count: 1 };
        assert_eq!(batch.take(&room()), Some(expected));
    }

    #[test]
    fn who_went_came_and_went_again_is_gone() {
        let mut batch = PresenceBatch::default();
        batch.add(vec![], &[user("Ada").id], 0);
        batch.add(vec![user("Ada")], &[], 1);
        batch.add(vec![], &[user("Ada").id], 0);
        let expected =
            ServerFrame::Presence { room: room(), joined: vec![], left: vec![user("Ada").id], count: 0 };
        assert_eq!(batch.take(&room()), Some(expected));
    }
}
