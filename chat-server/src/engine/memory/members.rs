//! Who is in one room.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use hubbub_protocol::{SessionId, User, UserId, UserName};

use crate::engine::Roster;

#[derive(Debug)]
struct Member {
    name: UserName,
    sessions: HashSet<SessionId>,
}

/// What there is to tell when a session entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entered {
    /// The user's first session here.
    First,
    /// The user was here by another name.
    Renamed,
    /// Nothing.
    Known,
}

/// The users of one room and their sessions there.
#[derive(Debug, Default)]
pub(super) struct Members {
    users: HashMap<UserId, Member>,
    /// The same users in the order of a roster, so that a page of a large room needs no sorting.
    by_name: BTreeSet<(UserName, UserId)>,
}

impl Members {
    /// Notes a session of a user, and its name.
    pub(super) fn enter(&mut self, user: &User, session: SessionId) -> Entered {
        let User { id, name } = user;
        match self.users.entry(*id) {
            Entry::Vacant(entry) => {
                entry.insert(Member { name: name.clone(), sessions: HashSet::from([session]) });
                self.by_name.insert((name.clone(), *id));
                Entered::First
            }
            Entry::Occupied(mut entry) => {
                let member = entry.get_mut();
                member.sessions.insert(session);
                let before = std::mem::replace(&mut member.name, name.clone());
                if before == *name {
                    return Entered::Known;
                }
                self.by_name.remove(&(before, *id));
                self.by_name.insert((name.clone(), *id));
                Entered::Renamed
            }
        }
    }

    /// Forgets a session. Answers whether it was here and the user's last one.
    pub(super) fn leave(&mut self, user: UserId, session: SessionId) -> bool {
        let Entry::Occupied(mut entry) = self.users.entry(user) else { return false };
        entry.get_mut().sessions.remove(&session);
        if !entry.get().sessions.is_empty() {
            return false;
        }
        let member = entry.remove();
        self.by_name.remove(&(member.name, user));
        true
    }

    /// Whether a user is here.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.users.contains_key(&user)
    }

    /// How many users are here.
    pub(super) fn count(&self) -> usize {
        self.users.len()
    }

    /// The first `limit` users by name.
    pub(super) fn roster(&self, limit: usize) -> Roster {
        let user = |(name, id): &(UserName, UserId)| User { id: *id, name: name.clone() };
        Roster { members: self.by_name.iter().take(limit).map(user).collect(), count: self.count() }
    }
}
