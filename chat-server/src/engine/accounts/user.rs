//! The rules of users and their devices. Pure: time is an argument.

use std::time::Duration;

use hubbub_protocol::{
    DeviceId, DeviceName, Timestamp, User, UserId, UserName,
    http::{FormerName, Profile},
    limits::{DEVICES_PER_USER, NAMES_KEPT},
};
use serde::{Deserialize, Serialize};

use super::{Authenticated, LogOut, Standing, TOKEN_LIFETIME, token::TokenHash};

/// A token's use is noted when this time has gone by since it was noted last: most uses cost no write.
const SEEN_AGAIN: Duration = Duration::from_hours(1);

/// A device on which a user is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What it is called.
    pub name: DeviceName,
    /// When it was logged in.
    pub since: Timestamp,
    /// When its token was last used, to the hour.
    pub seen: Timestamp,
    /// When its token ends unless it is used before.
    pub expires: Timestamp,
    /// Of its token.
    token: TokenHash,
}

/// What is kept of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum UserRecord {
    /// There is one.
    Living(Living),
    /// There was one, and nobody else may be it yet: its messages are still about.
    Deleted,
}

/// A guest or an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Living {
    /// What it is called.
    pub name: UserName,
    /// Since when there is this user.
    pub created: Timestamp,
    /// What an account logs in with, as it was written; a guest has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<FormerName>,
    devices: Vec<Device>,
    /// Of whom another login vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vouched: Option<VouchedFor>,
}

/// When another login vouched for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct VouchedFor {
    /// When a token was last used, to the hour.
    seen: Timestamp,
    /// When the token was signed that the name is of.
    named: Timestamp,
}

/// What came of [`Living::acknowledge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acknowledgement {
    /// Whether there is anything to be written.
    pub(super) changed: bool,
    /// Whether the name is another.
    pub(super) renamed: bool,
    /// Whose tokens are good for nothing any more.
    pub(super) logged_out: Vec<DeviceId>,
}

impl Living {
    /// Someone who is logged in nowhere yet.
    pub(super) fn new(name: UserName, now: Timestamp) -> Self {
        Self { name, created: now, email: None, names: Vec::new(), devices: Vec::new(), vouched: None }
    }

    /// How long it is kept when it is not used.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.email.is_none().then_some(TOKEN_LIFETIME)
    }

    /// Logs a device in. Answers which were logged out to make room.
    pub(super) fn log_in(
        &mut self,
        id: DeviceId,
        name: DeviceName,
        token: TokenHash,
        now: Timestamp,
    ) -> Vec<DeviceId> {
        self.devices.retain(|device| device.expires > now && device.id != id);
        let mut pushed_out = Vec::new();
        while self.devices.len() >= DEVICES_PER_USER {
            let longest_ago =
                self.devices.iter().map(|device| device.seen).enumerate().min_by_key(|(_, seen)| *seen);
            let Some((index, _)) = longest_ago else { break };
            pushed_out.push(self.devices.remove(index).id);
        }
        self.devices.push(Device { id, name, since: now, seen: now, expires: now + TOKEN_LIFETIME, token });
        pushed_out
    }

    /// Whose the token is, and whether its use is to be noted.
    pub(super) fn authenticate(
        &mut self,
        id: UserId,
        token: &TokenHash,
        now: Timestamp,
    ) -> Option<(Authenticated, bool)> {
        let device = self.devices.iter_mut().find(|device| device.token == *token && device.expires > now)?;
        let noted = now >= device.seen + SEEN_AGAIN;
        if noted {
            device.seen = now;
            device.expires = now + TOKEN_LIFETIME;
        }
        let (device, expires) = (device.id, device.expires);
        let user = User { id, name: self.name.clone() };
        let standing = if self.email.is_some() { Standing::Account } else { Standing::Guest };
        Some((Authenticated { user, device, standing, expires }, noted))
    }

    /// Another login vouches for the user, by this name, with a token that was signed at `signed`.
    pub(super) fn acknowledge(
        &mut self,
        name: &UserName,
        signed: Timestamp,
        now: Timestamp,
    ) -> Acknowledgement {
        let logged_out = self.log_out(LogOut::All);
        let VouchedFor { mut seen, mut named } =
            self.vouched.unwrap_or(VouchedFor { seen: Timestamp::from_unix_millis(0), named: signed });
        let renamed = signed >= named && self.name != *name;
        if renamed {
            self.rename(name, now);
            named = signed;
        }
        if now >= seen + SEEN_AGAIN {
            seen = now;
        }
        let vouched = Some(VouchedFor { seen, named });
        let changed = renamed || !logged_out.is_empty() || vouched != self.vouched;
        self.vouched = vouched;
        Acknowledgement { changed, renamed, logged_out }
    }

    /// Takes devices out. Answers which.
    pub(super) fn log_out(&mut self, which: LogOut) -> Vec<DeviceId> {
        let goes = |device: DeviceId| match which {
            LogOut::One(one) => device == one,
            LogOut::Others(one) => device != one,
            LogOut::All => true,
        };
        self.devices.extract_if(.., |device| goes(device.id)).map(|device| device.id).collect()
    }

    /// Gives it another name, and keeps the one that it had.
    pub(super) fn rename(&mut self, name: &UserName, now: Timestamp) {
        if self.name != *name {
            let former = std::mem::replace(&mut self.name, name.clone());
            self.names.insert(0, FormerName { name: former, until: now });
            self.names.truncate(NAMES_KEPT);
        }
    }

    /// Those whose tokens have not expired, the one that was seen last first.
    pub(super) fn devices(mut self, now: Timestamp) -> Vec<Device> {
        self.devices.retain(|device| device.expires > now);
        self.devices.sort_by_key(|device| std::cmp::Reverse((device.seen, device.since)));
        self.devices
    }

    /// What it may know of itself.
    pub(super) fn profile(self, id: UserId) -> Profile {
        Profile {
            user: User { id, name: self.name },
            account: self.email.is_some() || self.vouched.is_some(),
            email: self.email,
            created: self.created,
            names: self.names,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        Timestamp::from_unix_millis(1_769_846_709_042)
    }

    fn named(name: &str) -> UserName {
        UserName::parse(name).unwrap()
    }

    fn ada() -> Living {
        Living::new(named("Ada"), start())
    }

    fn log_in(user: &mut Living, token: &str, now: Timestamp) -> (DeviceId, Vec<DeviceId>) {
        let id = DeviceId::random();
        let pushed_out = user.log_in(id, DeviceName::parse("phone").unwrap(), TokenHash::of(token), now);
        (id, pushed_out)
    }

    #[test]
    fn a_token_ends_a_month_after_it_was_last_used() {
        let mut ada = ada();
        log_in(&mut ada, "secret", start());
        let mut authenticate = |now| ada.authenticate(UserId::random(), &TokenHash::of("secret"), now);
        let month = TOKEN_LIFETIME;
        let second = Duration::from_secs(1);
        let used = start() + month.saturating_sub(second);
        let (found, noted) = authenticate(used).unwrap();
        assert!(noted);
        assert_eq!(found.expires, used + month);
        assert!(!authenticate(used + second).unwrap().1, "a use is noted once an hour");
        assert!(authenticate(used + month).is_none());
    }

    #[test]
    fn a_logged_out_device_has_no_token_and_the_others_have_theirs() {
        let (mut ada, id) = (ada(), UserId::random());
        let [one, two, three] = ["one", "two", "three"].map(|token| log_in(&mut ada, token, start()).0);
        let is_in = |ada: &mut Living, token| ada.authenticate(id, &TokenHash::of(token), start()).is_some();
        assert_eq!(ada.log_out(LogOut::One(one)), [one]);
        assert_eq!(["one", "two", "three"].map(|token| is_in(&mut ada, token)), [false, true, true]);
        assert_eq!(ada.log_out(LogOut::Others(three)), [two]);
        assert_eq!(ada.log_out(LogOut::All), [three]);
        assert!(ada.log_out(LogOut::All).is_empty());
    }

    #[test]
    fn the_device_that_was_seen_longest_ago_makes_room_for_the_next() {
        let mut ada = ada();
        let first = log_in(&mut ada, "0", start()).0;
        for number in 1..DEVICES_PER_USER {
            let later = start() + Duration::from_secs(number.try_into().unwrap());
            assert!(log_in(&mut ada, &number.to_string(), later).1.is_empty());
        }
        assert_eq!(log_in(&mut ada, "one more", start() + Duration::from_hours(1)).1, [first]);
        assert_eq!(ada.devices(start()).len(), DEVICES_PER_USER);
    }

    #[test]
    fn former_names_are_kept_the_latest_first_and_not_without_end() {
        let mut ada = ada();
        for number in 0..2 * NAMES_KEPT {
            ada.rename(&named(&number.to_string()), start());
            ada.rename(&named(&number.to_string()), start());
        }
        let profile = ada.profile(UserId::random());
        assert_eq!(profile.user.name, named("19"));
        assert_eq!(profile.names.len(), NAMES_KEPT);
        assert_eq!(profile.names[0].name, named("18"));
    }

    #[test]
    fn whom_another_login_vouches_for_is_called_as_its_latest_token_says() {
        let mut ada = ada();
        log_in(&mut ada, "a guest's", start());
        let minute = Duration::from_mins(1);
        let first = ada.acknowledge(&named("Ada"), start(), start());
        assert_eq!((first.changed, first.renamed, first.logged_out.len()), (true, false, 1));
        let mut again = |name: &str, signed, now| {
            let Acknowledgement { changed, renamed, logged_out } = ada.acknowledge(&named(name), signed, now);
            assert!(logged_out.is_empty());
            (changed, renamed)
        };
        assert_eq!(again("Ada", start(), start() + minute), (false, false), "a use is noted once an hour");
        assert_eq!(again("Countess", start() + minute, start() + minute), (true, true));
        assert_eq!(again("Ada", start(), start() + minute), (false, false), "an older token");
        assert_eq!(again("Countess", start(), start() + Duration::from_hours(2)), (true, false));
        assert!(ada.profile(UserId::random()).account);
    }

    #[test]
    fn a_guest_ends_when_it_is_not_used_and_an_account_does_not() {
        let mut ada = ada();
        assert_eq!(ada.lifetime(), Some(TOKEN_LIFETIME));
        ada.email = Some("ada@example.org".to_owned());
        assert_eq!(ada.lifetime(), None);
    }
}
