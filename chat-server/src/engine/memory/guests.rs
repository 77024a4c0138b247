//! Guests and their tokens.

use std::collections::{HashMap, VecDeque, hash_map::Entry};
use std::time::Instant;

use hubbub_protocol::{User, UserId, UserName};

use crate::engine::token::{GUEST_LIFETIME, TokenHash};

/// How many guests are kept at most: about 100 MB. One more, and the oldest has to become a guest anew.
const GUESTS_KEPT: usize = 250_000;

/// The guests of this server.
#[derive(Debug, Default)]
pub(super) struct Guests {
    names: HashMap<UserId, UserName>,
    tokens: HashMap<TokenHash, UserId>,
    /// All guests in the order in which they were made. All live equally long, so they also end in this order.
    by_age: VecDeque<(Instant, UserId, TokenHash)>,
}

impl Guests {
    /// Keeps a guest, unless its id is taken. Answers whether it was kept.
    pub(super) fn create(&mut self, user: &User, token: TokenHash, now: Instant) -> bool {
        self.forget(now);
        let Entry::Vacant(entry) = self.names.entry(user.id) else { return false };
        entry.insert(user.name.clone());
        self.tokens.insert(token.clone(), user.id);
        self.by_age.push_back((now, user.id, token));
        true
    }

    /// Whose token it is.
    pub(super) fn authenticate(&mut self, token: &TokenHash, now: Instant) -> Option<User> {
        self.forget(now);
        let id = *self.tokens.get(token)?;
        let name = self.names.get(&id)?.clone();
        Some(User { id, name })
    }

    /// Gives a guest another name.
    pub(super) fn rename(&mut self, user: UserId, name: &UserName) {
        if let Some(kept) = self.names.get_mut(&user) {
            *kept = name.clone();
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((made, user, token)) = self.by_age.front() {
            if now.saturating_duration_since(*made) < GUEST_LIFETIME && self.by_age.len() < GUESTS_KEPT {
                break;
            }
            self.names.remove(user);
            self.tokens.remove(token);
            self.by_age.pop_front();
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
        assert!(guests.create(&ada, token.clone(), start));

        let end = start + GUEST_LIFETIME;
        let just_before = start + GUEST_LIFETIME.saturating_sub(Duration::from_secs(1));
        assert_eq!(guests.authenticate(&token, just_before), Some(ada.clone()));
        assert_eq!(guests.authenticate(&token, end), None);
        assert!(guests.create(&ada, TokenHash::of("another"), end));
    }
}
