//! Who is connected, over all servers: a register of sessions, in parts that a Cluster spreads over its masters.
//!
//! Redis can't let a field of a hash end by itself before version 7.4, and a key for each user would have to be
//! found when its server died. So a part of the register is one hash for many users, with the leases that are in it
//! beside it, in the same slot: beginning and ending are one script each, and so is sweeping a part.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use fred::prelude::{HashesInterface, Key, SetsInterface, Value};
use hubbub_protocol::limits::SESSIONS_PER_USER;
use hubbub_protocol::{DeviceId, ServerId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::entries::{Entry, Place};
use super::sweep::Lease;
use super::{RedisEngine, Shared, keys, number, scripts};
use crate::engine::EngineError;
use crate::engine::sessions::{Admission, SessionRecord, SessionRegister, by_beginning};

/// How many parts the register has: with 100,000 sessions there are 800 in a part, which are swept in a few
/// milliseconds.
const BUCKETS: u8 = 128;

/// Which part of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bucket(u8);

impl Bucket {
    /// That of a user.
    pub(super) fn of(user: UserId) -> Self {
        // The last bits of a GUID are random in all versions that clients make.
        Self(user.0.as_bytes()[15] % BUCKETS)
    }

    /// All there are.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..BUCKETS).map(Self)
    }

    /// Its number, for its keys.
    pub(super) fn number(self) -> u8 {
        self.0
    }
}

/// A session as it is in the register, under its user and its id.
#[derive(Serialize, Deserialize)]
struct Kept {
    lease: Lease,
    device: DeviceId,
    server: ServerId,
    since: Timestamp,
}

#[async_trait]
impl SessionRegister for RedisEngine {
    async fn begin_session(&self, record: &SessionRecord) -> Result<Admission, EngineError> {
        let (deadline, entry) = (self.shared.topology.patience(), Entry::Session(record.clone()));
        let (entries, spot) = (&self.shared.entries, entry.spot());
        entries.note(entry);
        // Until it is known that it is there.
        entries.owe_enter(spot.clone());
        let _ordered = entries.order(deadline, record.session).await?;
        let admission = self.shared.admit(deadline, record).await?;
        match admission {
            Admission::Admitted => entries.paid(&spot),
            // It may have been entered as owed, which asks for no number.
            Admission::TooMany => entries.owe_leave(spot, record.user),
        }
        Ok(admission)
    }

    async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), EngineError> {
        self.shared.leave_place((Place::Register(Bucket::of(user)), session), user).await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, EngineError> {
        let (key, field) = (keys::register(Bucket::of(user)), user.to_string());
        let commands = &self.shared.topology.of(&key).commands;
        let found: Option<String> = commands
            .call(|client| {
                let (key, field) = (key.as_str(), field.as_str());
                async move { client.hget(key, field).await }
            })
            .await?;
        let Some(found) = found else { return Ok(Vec::new()) };
        let theirs: HashMap<SessionId, Kept> = serde_json::from_str(&found).map_err(|error| {
            EngineError::Corrupt(format!("{key} has sessions that are not ours: {error}"))
        })?;
        // Read after the sessions: a lease begins before it is used.
        let running = self.shared.leases().await?.running;
        let record = |(session, Kept { lease, device, server, since })| {
            running.contains(&lease).then_some(SessionRecord { session, user, device, server, since })
        };
        Ok(by_beginning(theirs.into_iter().filter_map(record).collect()))
    }
}

impl Shared {
    async fn admit(&self, deadline: Instant, record: &SessionRecord) -> Result<Admission, EngineError> {
        let counted = self.try_begin(deadline, record, SESSIONS_PER_USER, &BTreeSet::new()).await?;
        if counted.is_empty() {
            return Ok(Admission::Admitted);
        }
        let running = self.leases().await?.running;
        let ended: BTreeSet<_> = counted.difference(&running).cloned().collect();
        if ended.is_empty() {
            return Ok(Admission::TooMany);
        }
        let counted = self.try_begin(deadline, record, SESSIONS_PER_USER, &ended).await?;
        Ok(if counted.is_empty() { Admission::Admitted } else { Admission::TooMany })
    }

    /// Notes a session that was admitted before.
    pub(super) async fn enter_register(
        &self,
        deadline: Instant,
        record: &SessionRecord,
    ) -> Result<(), EngineError> {
        self.try_begin(deadline, record, usize::MAX, &BTreeSet::new()).await.map(drop)
    }

    /// Notes a session if its user has fewer than `too_many` others, and answers none; else the leases of these.
    /// What was entered under leases that ended does not count.
    async fn try_begin(
        &self,
        deadline: Instant,
        record: &SessionRecord,
        too_many: usize,
        ended: &BTreeSet<Lease>,
    ) -> Result<BTreeSet<Lease>, EngineError> {
        let lease = self.lease(deadline).await?;
        let SessionRecord { session, user, device, server, since } = record.clone();
        let kept = serde_json::to_string(&Kept { lease: lease.clone(), device, server, since })
            .map_err(|error| EngineError::Corrupt(error.to_string()))?;
        let mut arguments: Vec<Value> = vec![
            user.to_string().into(),
            session.to_string().into(),
            lease.into(),
            kept.into(),
            number(too_many),
        ];
        arguments.extend(ended.iter().map(|lease| Value::from(lease.as_str())));
        let bucket = Bucket::of(user);
        let commands = &self.topology.of(&keys::register(bucket)).commands;
        let counted: Vec<Lease> =
            commands.by(deadline).run(&scripts::BEGIN_SESSION, &register_keys(bucket), &arguments).await?;
        Ok(counted.into_iter().collect())
    }

    /// Forgets a session.
    pub(super) async fn leave_register(
        &self,
        deadline: Instant,
        bucket: Bucket,
        user: UserId,
        session: SessionId,
    ) -> Result<(), EngineError> {
        let arguments: [Value; 2] = [user.to_string().into(), session.to_string().into()];
        let [register, _] = register_keys(bucket);
        let commands = &self.topology.of(&keys::register(bucket)).commands;
        commands.by(deadline).run(&scripts::END_SESSION, &[register], &arguments).await
    }

    /// The leases under which sessions of a part were entered.
    pub(super) async fn leases_in_register(&self, bucket: Bucket) -> Result<BTreeSet<Lease>, EngineError> {
        let key = keys::leases(bucket);
        let commands = &self.topology.of(&key).commands;
        let leases: Vec<Lease> = commands
            .call(|client| {
                let key = key.as_str();
                async move { client.smembers(key).await }
            })
            .await?;
        Ok(leases.into_iter().collect())
    }

    /// Forgets all sessions of a part that were entered under leases that ended.
    pub(super) async fn sweep_register(&self, bucket: Bucket, ended: Vec<Lease>) -> Result<(), EngineError> {
        let arguments: Vec<Value> = ended.into_iter().map(Value::from).collect();
        let commands = &self.topology.of(&keys::register(bucket)).commands;
        commands.run(&scripts::SWEEP_REGISTER, &register_keys(bucket), &arguments).await
    }
}

fn register_keys(bucket: Bucket) -> [Key; 2] {
    [keys::register(bucket).into(), keys::leases(bucket).into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_in_one_part_and_every_part_has_users() {
        let mut seen: BTreeSet<u8> = BTreeSet::new();
        for _ in 0..BUCKETS as usize * 100 {
            let user = UserId::random();
            assert_eq!(Bucket::of(user), Bucket::of(user));
            seen.insert(Bucket::of(user).number());
        }
        assert!(Bucket::all().map(Bucket::number).eq(seen));
    }
}
