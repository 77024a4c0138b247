//! Who a session speaks as.

use std::sync::{Mutex, PoisonError};

use hubbub_protocol::{User, UserId, UserName};

/// The user of a session. The name is shared with the rooms, which hear of a rename by another session of the
/// same user.
#[derive(Debug)]
pub struct Identity {
    id: UserId,
    name: Mutex<UserName>,
}

impl Identity {
    /// Of a user as the accounts know it.
    pub fn new(user: User) -> Self {
        Self { id: user.id, name: Mutex::new(user.name) }
    }

    /// Never changes.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// The user by the name of this moment.
    pub fn user(&self) -> User {
        User { id: self.id, name: self.name.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// From now on.
    pub fn rename(&self, name: UserName) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }
}
