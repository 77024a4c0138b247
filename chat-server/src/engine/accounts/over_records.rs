//! [`Accounts`], over any [`Records`]: read a record, apply a rule to it, replace it if nobody else did meanwhile.
//!
//! A replacement whose answer was lost may have been made. So each rule, applied again to its own result, changes
//! nothing more.

use std::time::SystemTime;

use async_trait::async_trait;
use hubbub_protocol::{DeviceId, DeviceName, Email, Timestamp, User, UserId, UserName, http::Profile};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Accounts, Acknowledged, Attempts, Authenticated, CLAIM_LIFETIME, Credentials, Device, GuestOutcome,
    LogOut, LoggedIn, NewRecord, RecordKey, Records, RegisterOutcome, Registration, Standing, TOKEN_LIFETIME,
    token::{TokenHash, claimed_user, new_token},
    user::{Living, UserRecord},
};
use crate::engine::{EngineError, Frame, frame::json};

/// How often a record is read and replaced again that others replace at the same time. Each time one of them
/// succeeded; nobody has so many devices that do so at once.
const ATTEMPTS: usize = 20;

/// What is kept of an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EmailRecord {
    user: UserId,
    email: String,
    name: UserName,
    password_hash: String,
    /// Of the registration that made it: so a second attempt of the same one is no other.
    claim: Uuid,
}

impl EmailRecord {
    fn credentials(self) -> Result<Credentials, EngineError> {
        let Self { user, email, name, password_hash, claim: _ } = self;
        let email = Email::parse(&email).map_err(|_| corrupt("an e-mail address that is none"))?;
        Ok(Credentials { user, email, name, password_hash })
    }
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(format!("the accounts have {what}"))
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, EngineError> {
    serde_json::from_str(text).map_err(|error| corrupt(&format!("a record that is not ours: {error}")))
}

fn encode(record: &impl Serialize) -> Result<Frame, EngineError> {
    json(record).map_err(|error| corrupt(&format!("a record that can't be written: {error}")))
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// What is to become of a user's record.
enum Next<T> {
    /// It stays.
    As(T),
    /// It is replaced.
    Replace(UserRecord, T),
}

/// Reads a user's record, and replaces it as `rule` says.
async fn update<T>(
    records: &(impl Records + ?Sized),
    id: UserId,
    mut rule: impl FnMut(Option<UserRecord>) -> Next<T> + Send,
) -> Result<T, EngineError> {
    let key = RecordKey::User(id);
    for _ in 0..ATTEMPTS {
        let found = records.read(&key).await?;
        let record = found.as_deref().map(decode).transpose()?;
        let (record, answer) = match rule(record) {
            Next::As(answer) => return Ok(answer),
            Next::Replace(record, answer) => (record, answer),
        };
        let lifetime = match &record {
            UserRecord::Living(living) => living.lifetime(),
            UserRecord::Deleted => Some(TOKEN_LIFETIME),
        };
        let text = encode(&record)?;
        let new = NewRecord { text: &text, lifetime };
        if records.replace(&key, found.as_deref(), Some(new)).await? {
            return Ok(answer);
        }
    }
    Err(EngineError::Unavailable("too much happens to this user at once".to_owned()))
}

async fn living(records: &(impl Records + ?Sized), id: UserId) -> Result<Option<Living>, EngineError> {
    let found = records.read(&RecordKey::User(id)).await?;
    Ok(match found.as_deref().map(decode).transpose()? {
        Some(UserRecord::Living(living)) => Some(living),
        Some(UserRecord::Deleted) | None => None,
    })
}

async fn email_record(
    records: &(impl Records + ?Sized),
    key: &RecordKey,
) -> Result<Option<(String, EmailRecord)>, EngineError> {
    let Some(text) = records.read(key).await? else { return Ok(None) };
    let record = decode(&text)?;
    Ok(Some((text, record)))
}

#[async_trait]
impl<T: Records + ?Sized> Accounts for T {
    async fn create_guest(&self, user: &User) -> Result<GuestOutcome, EngineError> {
        let (now, id, token) = (now(), DeviceId::random(), new_token(user.id)?);
        let hash = TokenHash::of(&token);
        let name = DeviceName::parse("guest").map_err(|_| corrupt("no name for a device"))?;
        let created = update(self, user.id, |record| match record {
            None => {
                let mut guest = Living::new(user.name.clone(), now);
                guest.log_in(id, name.clone(), hash.clone(), now);
                Next::Replace(UserRecord::Living(guest), true)
            }
            // Ours, when an answer was lost.
            Some(UserRecord::Living(mut guest)) => {
                Next::As(guest.authenticate(user.id, &hash, now).is_some())
            }
            Some(UserRecord::Deleted) => Next::As(false),
        });
        if !created.await? {
            return Ok(GuestOutcome::Taken);
        }
        let expires = now + TOKEN_LIFETIME;
        let who = Authenticated { user: user.clone(), device: id, standing: Standing::Guest, expires };
        Ok(GuestOutcome::Created(LoggedIn { token, who, pushed_out: Vec::new() }))
    }

    async fn authenticate(&self, token: &str) -> Result<Option<Authenticated>, EngineError> {
        let Some(id) = claimed_user(token) else { return Ok(None) };
        let (now, hash) = (now(), TokenHash::of(token));
        let rule = |record| {
            let Some(UserRecord::Living(mut living)) = record else { return Next::As(None) };
            match living.authenticate(id, &hash, now) {
                Some((who, true)) => Next::Replace(UserRecord::Living(living), Some(who)),
                Some((who, false)) => Next::As(Some(who)),
                None => Next::As(None),
            }
        };
        update(self, id, rule).await
    }

    async fn acknowledge(&self, user: &User, signed: Timestamp) -> Result<Option<Acknowledged>, EngineError> {
        let now = now();
        // What an attempt changed whose answer was lost is to be told of all the same.
        let (mut renamed, mut logged_out) = (false, Vec::new());
        let here = update(self, user.id, |record| {
            let (mut living, new) = match record {
                Some(UserRecord::Living(living)) => (living, false),
                None => (Living::new(user.name.clone(), now), true),
                Some(UserRecord::Deleted) => return Next::As(None),
            };
            let told = living.acknowledge(&user.name, signed, now);
            renamed |= told.renamed;
            logged_out.extend(told.logged_out);
            let user = User { id: user.id, name: living.name.clone() };
            if new || told.changed {
                Next::Replace(UserRecord::Living(living), Some(user))
            } else {
                Next::As(Some(user))
            }
        })
        .await?;
        logged_out.sort_unstable();
        logged_out.dedup();
        Ok(here.map(|user| Acknowledged { user, renamed, logged_out }))
    }

    async fn rename(&self, user: UserId, name: &UserName) -> Result<(), EngineError> {
        let now = now();
        let rule = |record| match record {
            Some(UserRecord::Living(mut living)) if living.name != *name => {
                living.rename(name, now);
                Next::Replace(UserRecord::Living(living), ())
            }
            _ => Next::As(()),
        };
        update(self, user, rule).await
    }

    async fn knows(&self, id: UserId) -> Result<bool, EngineError> {
        Ok(self.read(&RecordKey::User(id)).await?.is_some())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, EngineError> {
        Ok(living(self, id).await?.map(|living| User { id, name: living.name }))
    }

    async fn profile(&self, id: UserId) -> Result<Option<Profile>, EngineError> {
        Ok(living(self, id).await?.map(|living| living.profile(id)))
    }

    async fn register(&self, registration: &Registration) -> Result<RegisterOutcome, EngineError> {
        let Registration { user, name, email, password_hash } = registration;
        let (key, now) = (RecordKey::Email(email.key()), now());
        let record = EmailRecord {
            user: *user,
            email: email.as_str().to_owned(),
            name: name.clone(),
            password_hash: password_hash.clone(),
            claim: Uuid::new_v4(),
        };
        let text = encode(&record)?;

        // 1. The address, for a minute: should this stop before it is an account's, it is free again by itself.
        let claim = NewRecord { text: &text, lifetime: Some(CLAIM_LIFETIME) };
        if !self.replace(&key, None, Some(claim)).await? {
            let ours = email_record(self, &key).await?.is_some_and(|(_, found)| found.claim == record.claim);
            if !ours {
                return Ok(RegisterOutcome::EmailTaken);
            }
        }
        // 2. The user, a guest as yet.
        let guest = update(self, *user, |found| match found {
            None => Next::Replace(UserRecord::Living(Living::new(name.clone(), now)), true),
            Some(UserRecord::Living(living)) => Next::As(living.email.is_none()),
            Some(UserRecord::Deleted) => Next::As(false),
        });
        if !guest.await? {
            self.replace(&key, Some(&text), None).await?;
            return Ok(RegisterOutcome::NoGuest);
        }
        // 3. The address for good: from here on the password logs in, which does the rest should it not come to it.
        let kept = NewRecord { text: &text, lifetime: None };
        if !self.replace(&key, Some(&text), Some(kept)).await? {
            return Err(EngineError::Unavailable("the registration took too long".to_owned()));
        }
        // 4. The guest is an account.
        update(self, *user, |found| match found {
            Some(UserRecord::Living(mut living)) if living.email.is_none() => {
                living.email = Some(email.as_str().to_owned());
                Next::Replace(UserRecord::Living(living), ())
            }
            _ => Next::As(()),
        })
        .await?;
        Ok(RegisterOutcome::Registered(record.credentials()?))
    }

    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, EngineError> {
        let found = email_record(self, &RecordKey::Email(email.key())).await?;
        found.map(|(_, record)| record.credentials()).transpose()
    }

    async fn log_in(
        &self,
        credentials: &Credentials,
        device: &DeviceName,
    ) -> Result<Option<LoggedIn>, EngineError> {
        let Credentials { user: id, email, name, password_hash: _ } = credentials;
        let (now, device_id, token) = (now(), DeviceId::random(), new_token(*id)?);
        let hash = TokenHash::of(&token);
        let logged_in = update(self, *id, |record| {
            let mut living = match record {
                Some(UserRecord::Living(living)) => living,
                // A registration that stopped, and whose guest has ended since.
                None => Living::new(name.clone(), now),
                Some(UserRecord::Deleted) => return Next::As(None),
            };
            if living.email.as_ref().is_some_and(|own| own.to_lowercase() != email.key()) {
                // A registration that stopped, of a guest that registered with another address since.
                return Next::As(None);
            }
            living.email.get_or_insert_with(|| email.as_str().to_owned());
            let pushed_out = living.log_in(device_id, device.clone(), hash.clone(), now);
            let user = User { id: *id, name: living.name.clone() };
            Next::Replace(UserRecord::Living(living), Some((user, pushed_out)))
        });
        Ok(logged_in.await?.map(|(user, pushed_out)| {
            let expires = now + TOKEN_LIFETIME;
            let who = Authenticated { user, device: device_id, standing: Standing::Account, expires };
            LoggedIn { token, who, pushed_out }
        }))
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, EngineError> {
        Ok(living(self, user).await?.map(|living| living.devices(now())).unwrap_or_default())
    }

    async fn log_out(&self, user: UserId, which: LogOut) -> Result<Vec<DeviceId>, EngineError> {
        // Those of an attempt whose answer was lost are gone in the next, and are to be told of all the same.
        let mut gone = Vec::new();
        update(self, user, |record| {
            let Some(UserRecord::Living(mut living)) = record else { return Next::As(()) };
            let out = living.log_out(which);
            if out.is_empty() {
                return Next::As(());
            }
            gone.extend(out);
            Next::Replace(UserRecord::Living(living), ())
        })
        .await?;
        gone.sort_unstable();
        gone.dedup();
        Ok(gone)
    }

    async fn set_password(&self, of: &Credentials, password_hash: &str) -> Result<bool, EngineError> {
        let key = RecordKey::Email(of.email.key());
        let Some((text, found)) = email_record(self, &key).await? else { return Ok(false) };
        if found.user != of.user || found.password_hash != of.password_hash {
            return Ok(false);
        }
        let new = encode(&EmailRecord { password_hash: password_hash.to_owned(), ..found })?;
        let kept = NewRecord { text: &new, lifetime: None };
        if self.replace(&key, Some(&text), Some(kept)).await? {
            return Ok(true);
        }
        // Ours, when an answer was lost.
        Ok(self.read(&key).await?.as_deref() == Some(new.as_str()))
    }

    async fn delete_user(&self, user: UserId) -> Result<(), EngineError> {
        // The address first: whose deletion stops in the middle still has a token to ask for it again.
        let email = living(self, user).await?.and_then(|living| living.email);
        if let Some(email) = email {
            let key = RecordKey::Email(email.to_lowercase());
            if let Some((text, record)) = email_record(self, &key).await?
                && record.user == user
            {
                self.replace(&key, Some(&text), None).await?;
            }
        }
        update(self, user, |record| match record {
            Some(UserRecord::Living(_)) => Next::Replace(UserRecord::Deleted, ()),
            Some(UserRecord::Deleted) | None => Next::As(()),
        })
        .await
    }

    async fn count_attempt(&self, of: &str, window: std::time::Duration) -> Result<Attempts, EngineError> {
        self.count(of, window).await
    }

    async fn take_back_attempt(&self, of: &str) -> Result<(), EngineError> {
        self.take_back(of).await
    }

    async fn forget_attempts(&self, of: &str) -> Result<(), EngineError> {
        self.forget(of).await
    }
}
