//! Guests and their tokens.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};
use std::time::Instant;

use hubbub_protocol::{User, UserId, UserName};

use crate::engine::token::{GUEST_LIFETIME, TokenHash};

/// How many guests are kept at most: about 100 MB. No more are made until one ends: to forget one early would free
/// an id that others know, for anybody to take.
const GUESTS_KEPT: usize = 250_000;

/// What came of making a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is kept.
    Yes,
    /// Somebody else has that id.
    Taken,
    /// There are as many as there may be.
    Full,
}

#[derive(Debug)]
struct Guest {
    name: UserName,
    token: TokenHash,
    /// Since when it has not been seen.
    seen: Instant,
}

/// The guests of this server. One ends when it was not seen for its lifetime.
#[derive(Debug)]
pub(super) struct Guests {
    most: usize,
    kept: HashMap<UserId, Guest>,
    tokens: HashMap<TokenHash, UserId>,
    /// All guests by when they were seen: all live equally long from then, so they end in this order.
    by_age: BTreeSet<(Instant, UserId)>,
}

impl Default for Guests {
    fn default() -> Self {
        Self::of_at_most(GUESTS_KEPT)
    }
}

impl Guests {
    fn of_at_most(most: usize) -> Self {
        Self { most, kept: HashMap::new(), tokens: HashMap::new(), by_age: BTreeSet::new() }
    }

    /// Keeps a guest, unless its id is taken.
    pub(super) fn create(&mut self, user: &User, token: TokenHash, now: Instant) -> Kept {
        self.forget(now);
        let full = self.kept.len() >= self.most;
        let Entry::Vacant(entry) = self.kept.entry(user.id) else { return Kept::Taken };
        if full {
            return Kept::Full;
        }
        entry.insert(Guest { name: user.name.clone(), token: token.clone(), seen: now });
        self.tokens.insert(token, user.id);
        self.by_age.insert((now, user.id));
        Kept::Yes
    }

    /// Whose token it is. It is good for another lifetime.
    pub(super) fn authenticate(&mut self, token: &TokenHash, now: Instant) -> Option<User> {
        self.forget(now);
        let id = *self.tokens.get(token)?;
        let guest = self.kept.get_mut(&id)?;
        self.by_age.remove(&(guest.seen, id));
        self.by_age.insert((now, id));
        guest.seen = now;
        Some(User { id, name: guest.name.clone() })
    }

    /// Gives a guest another name.
    pub(super) fn rename(&mut self, user: UserId, name: &UserName) {
        if let Some(guest) = self.kept.get_mut(&user) {
            guest.name = name.clone();
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some(&(seen, user)) = self.by_age.first() {
            if now.saturating_duration_since(seen) < GUEST_LIFETIME {
                break;
            }
            self.by_age.pop_first();
            if let Some(guest) = self.kept.remove(&user) {
                self.tokens.remove(&guest.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn guest(name: &str) -> User {
        User { id: UserId::random(), name: UserName::parse(name).unwrap() }
    }

    #[test]
    fn a_guest_ends_after_its_lifetime_and_its_id_is_free_again() {
        let (mut guests, start, ada) = (Guests::default(), Instant::now(), guest("Ada"));
        let token = TokenHash::of("secret");
        assert_eq!(guests.create(&ada, token.clone(), start), Kept::Yes);

        let end = start + GUEST_LIFETIME;
        let just_before = start + GUEST_LIFETIME.saturating_sub(Duration::from_secs(1));
        assert_eq!(guests.create(&ada, TokenHash::of("another"), just_before), Kept::Taken);
        assert_eq!(guests.authenticate(&token, end), None);
        assert_eq!(guests.create(&ada, TokenHash::of("another"), end), Kept::Yes);
    }

    #[test]
    fn a_guest_that_was_seen_has_another_lifetime() {
        let (mut guests, start, ada) = (Guests::default(), Instant::now(), guest("Ada"));
        let token = TokenHash::of("secret");
        guests.create(&ada, token.clone(), start);
        for halves in 1..=6 {
            let seen = guests.authenticate(&token, start + GUEST_LIFETIME / 2 * halves);
            assert_eq!(seen, Some(ada.clone()), "{halves}");
        }
        assert_eq!(guests.authenticate(&token, start + GUEST_LIFETIME * 4), None);
    }

    #[test]
    fn when_all_places_are_taken_nobody_is_pushed_out() {
        let (mut guests, start) = (Guests::of_at_most(2), Instant::now());
        let [ada, bob, eve] = ["Ada", "Bob", "Eve"].map(guest);
        let token = TokenHash::of;
        assert_eq!(guests.create(&ada, token("a"), start), Kept::Yes);
        assert_eq!(guests.create(&bob, token("b"), start + GUEST_LIFETIME / 2), Kept::Yes);
        assert_eq!(guests.create(&eve, token("e"), start + GUEST_LIFETIME / 2), Kept::Full);
        assert_eq!(guests.create(&eve, token("e"), start + GUEST_LIFETIME), Kept::Yes, "one ended");
        assert_eq!(guests.authenticate(&token("b"), start + GUEST_LIFETIME), Some(bob));
    }
}
