//! Who is where, over all servers: a hash for each room, and a lease for each server.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fred::prelude::{Key, SortedSetsInterface, Value};
use futures::{StreamExt, stream};
use hubbub_protocol::{RoomName, SessionId, User, UserId, UserName};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::calls::patience;
use super::rooms::closed;
use super::sweep::{Lease, SweepRule};
use super::{RedisEngine, Shared, keys, number, scripts};
use crate::engine::{EngineError, Presence, RoomRefusal, Roster};
use crate::key_locks::KeyLocks;

/// A lease is renewed this many times while it lasts: two renewals may fail, and what ended elsewhere is noticed
/// well within [`PRESENCE_SWEEP`](hubbub_protocol::limits::PRESENCE_SWEEP) (10 s / 3.33 = 3 s).
const RENEWALS: f64 = 10.0 / 3.0;

/// How many scripts for presence are under way at once when there are many to run.
const CONCURRENT: usize = 64;

/// A session in a room.
type Place = (RoomName, SessionId);

/// What this server holds in the rooms, and owes them.
pub(super) struct Entries {
    /// Under which all is entered; `None` until Redis was reached.
    lease: watch::Sender<Option<Lease>>,
    /// What is to be in Redis.
    entered: Mutex<HashMap<Place, User>>,
    /// What may be in Redis and is to be out: leaving it failed, or it is not known whether entering succeeded.
    owed: Mutex<HashMap<Place, UserId>>,
    /// Rooms that may know sessions of servers that are gone.
    unchecked: Mutex<HashSet<RoomName>>,
    wake: Notify,
    /// Whether the latest renewal succeeded: a Redis may answer and refuse all that writes.
    renewed: AtomicBool,
    /// Orders what is done to one session.
    locks: KeyLocks,
}

impl Entries {
    /// Nobody is anywhere.
    pub(super) fn new() -> Self {
        Self {
            lease: watch::Sender::new(None),
            entered: Mutex::default(),
            owed: Mutex::default(),
            unchecked: Mutex::default(),
            wake: Notify::new(),
            renewed: AtomicBool::new(false),
            locks: KeyLocks::default(),
        }
    }

    /// Whether the latest renewal of the lease succeeded.
    pub(super) fn renewed(&self) -> bool {
        self.renewed.load(Ordering::Relaxed)
    }

    /// Notes what is to be in Redis. The user's other sessions in the room have the name too: entered again under an
    /// older one, they would bring that back. Answers whether it was noted before.
    fn note(&self, place: &Place, user: &User) -> bool {
        let mut entered = lock(&self.entered);
        let before = entered.insert(place.clone(), user.clone());
        // A rename is rare; entering is not, and looks at one place only.
        if before.as_ref().is_some_and(|before| before.name != user.name) {
            let others =
                entered.iter_mut().filter(|(other, known)| known.id == user.id && other.0 == place.0);
            for (_, other) in others {
                other.name = user.name.clone();
            }
        }
        before.is_some()
    }

    /// Has a room looked at soon: nobody may have swept it while nobody subscribed to it.
    pub(super) fn check(&self, room: &RoomName) {
        lock(&self.unchecked).insert(room.clone());
        self.wake.notify_one();
    }
}

#[async_trait]
impl Presence for RedisEngine {
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError> {
        let (deadline, place) = (patience(), (room.clone(), session));
        let Ok(_ordered) = timeout_at(deadline, self.shared.presence.locks.lock(&session)).await else {
            return Err(busy());
        };
        lock(&self.shared.presence.owed).remove(&place);
        let there = self.shared.presence.note(&place, user);
        let entered = self.shared.enter_by(deadline, room, user, session, "").await;
        if let Err(error) = &entered
            && (!there || matches!(error, EngineError::Refused(_)))
        {
            lock(&self.shared.presence.entered).remove(&place);
            if matches!(error, EngineError::Refused(_)) {
                return entered;
            }
            lock(&self.shared.presence.owed).insert(place, user.id);
        }
        entered
    }

    async fn leave(&self, room: &RoomName, user: UserId, session: SessionId) -> Result<(), EngineError> {
        let (deadline, place) = (patience(), (room.clone(), session));
        lock(&self.shared.presence.entered).remove(&place);
        lock(&self.shared.presence.owed).insert(place.clone(), user);
        let Ok(_ordered) = timeout_at(deadline, self.shared.presence.locks.lock(&session)).await else {
            return Err(busy());
        };
        self.shared.leave_by(deadline, room, user, session).await?;
        lock(&self.shared.presence.owed).remove(&place);
        Ok(())
    }

    async fn roster(&self, room: &RoomName, limit: usize) -> Result<Roster, EngineError> {
        let key = keys::members(room);
        let answer: Vec<Value> = self
            .shared
            .topology
            .of(&key)
            .commands
            .run(patience(), &scripts::ROSTER, &[key.as_str().into()], &[number(limit)])
            .await?;
        parse_roster(answer)
            .ok_or_else(|| EngineError::Corrupt(format!("{room} has members that are not ours")))
    }
}

impl Shared {
    async fn enter_by(
        &self,
        deadline: Instant,
        room: &RoomName,
        user: &User,
        session: SessionId,
        again: &str,
    ) -> Result<(), EngineError> {
        let mut lease = self.presence.lease.subscribe();
        let lease = match timeout_at(deadline, lease.wait_for(Option::is_some)).await {
            Ok(Ok(lease)) => lease.clone().unwrap_or_default(),
            Ok(Err(_)) | Err(_) => return Err(EngineError::Unavailable("not connected yet".to_owned())),
        };
        let arguments: [Value; 6] = [
            user.id.to_string().into(),
            user.name.as_str().into(),
            session.to_string().into(),
            lease.into(),
            again.into(),
            closed(room),
        ];
        let members = keys::members(room);
        let keys: [Key; 3] = [members.as_str().into(), keys::channel(room).into(), keys::roles(room).into()];
        let entered: bool =
            self.topology.of(&members).commands.run(deadline, &scripts::ENTER, &keys, &arguments).await?;
        if entered { Ok(()) } else { Err(RoomRefusal::NoSuchRoom.into()) }
    }

    async fn leave_by(
        &self,
        deadline: Instant,
        room: &RoomName,
        user: UserId,
        session: SessionId,
    ) -> Result<(), EngineError> {
        let arguments: [Value; 2] = [user.to_string().into(), session.to_string().into()];
        let (members, keys) = room_keys(room);
        self.topology.of(&members).commands.run(deadline, &scripts::LEAVE, &keys, &arguments).await
    }

    /// Renews the lease, enters again what is lost, leaves what is owed and sweeps after others, for ever.
    pub(super) async fn keep_presence(&self) {
        let mut rule = SweepRule::new(self.options.presence_lease);
        let mut remakes = self.topology.remakes();
        let mut known = *remakes.borrow();
        let (mut behind, mut remade) = (false, false);
        let mut rooms_kept = Instant::now();
        loop {
            let remade_now = *remakes.borrow_and_update();
            remade |= remade_now != known;
            known = remade_now;
            let renewal = self.renew(&mut rule, remade).await;
            self.presence.renewed.store(renewal.is_ok(), Ordering::Relaxed);
            match renewal {
                Ok(begun) => {
                    remade = false;
                    behind = (begun || behind) && !self.enter_again().await;
                    self.pay_owed().await;
                    if rule.may_sweep(Instant::now()) {
                        self.sweep_unchecked().await;
                    }
                    if rooms_kept.elapsed() >= self.options.keep_rooms {
                        self.keep_rooms().await;
                        rooms_kept = Instant::now();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "could not renew the presence lease");
                    rule.trouble(Instant::now());
                }
            }
            tokio::select! {
                () = sleep(self.options.presence_lease.div_f64(RENEWALS)) => {}
                () = self.presence.wake.notified() => {}
                _ = remakes.changed() => {}
            }
        }
    }

    /// Renews the lease, or begins one. Answers whether one was begun.
    ///
    /// When a master was made anew, entering and leaving that it took last may be lost, and nobody knows which. Then
    /// another lease begins as well: all sessions are entered again under it, and what is left under the old one is
    /// swept when that ends.
    async fn renew(&self, rule: &mut SweepRule, remade: bool) -> Result<bool, EngineError> {
        let lease = self.presence.lease.borrow().clone();
        let mut begun = false;
        let running = match lease {
            Some(lease) if !remade => self.renew_lease(&lease, "").await?,
            _ => None,
        };
        let running = if let Some(running) = running {
            running
        } else {
            if self.presence.lease.borrow().is_some() {
                tracing::warn!("Redis was away, and may have lost who is where; entering all sessions again");
                rule.trouble(Instant::now());
            }
            let lease = format!("{}-{}", self.options.server, Uuid::new_v4().simple());
            let running = self.renew_lease(&lease, "new").await?.unwrap_or_default();
            self.presence.lease.send_replace(Some(lease));
            begun = true;
            running
        };
        if rule.observe(running) {
            lock(&self.presence.unchecked).extend(self.subscriptions.rooms());
        }
        Ok(begun)
    }

    /// The leases that run; `None` if this one does not any more.
    async fn renew_lease(&self, lease: &str, begin: &str) -> Result<Option<BTreeSet<Lease>>, EngineError> {
        let lasts = self.options.presence_lease.as_millis().to_string();
        let arguments: [Value; 3] = [lease.into(), lasts.into(), begin.into()];
        let connection = &self.topology.of(keys::SERVERS).commands;
        let keys: [Key; 1] = [keys::SERVERS.into()];
        let answer: Vec<String> = connection
            .insist(patience(), |client| {
                let (keys, arguments) = (&keys, &arguments);
                async move { scripts::run(&scripts::RENEW, &client, keys, arguments).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        Ok((answer.next().as_deref() == Some("1")).then(|| answer.collect()))
    }

    /// Enters all sessions under the lease of now. Answers whether all of it succeeded.
    async fn enter_again(&self) -> bool {
        let entered: Vec<_> = lock(&self.presence.entered).keys().cloned().collect();
        let enter = |place: Place| async move {
            let (room, session) = &place;
            let _ordered = self.presence.locks.lock(session).await;
            let user = lock(&self.presence.entered).get(&place).cloned();
            match user {
                Some(user) => self.enter_by(patience(), room, &user, *session, "again").await.is_ok(),
                None => true,
            }
        };
        stream::iter(entered).map(enter).buffer_unordered(CONCURRENT).all(std::future::ready).await
    }

    async fn pay_owed(&self) {
        let owed: Vec<_> = lock(&self.presence.owed).keys().cloned().collect();
        let pay = |place: Place| async move {
            let (room, session) = &place;
            let _ordered = self.presence.locks.lock(session).await;
            let user = lock(&self.presence.owed).get(&place).copied();
            if let Some(user) = user
                && self.leave_by(patience(), room, user, *session).await.is_ok()
            {
                lock(&self.presence.owed).remove(&place);
            }
        };
        stream::iter(owed).for_each_concurrent(CONCURRENT, pay).await;
    }

    /// Sweeps the rooms that have to be looked at. Their leases are read before those that run: a lease begins before
    /// it is used, so one that is in a room and does not run has ended.
    async fn sweep_unchecked(&self) {
        let rooms = std::mem::take(&mut *lock(&self.presence.unchecked));
        if rooms.is_empty() {
            return;
        }
        let found: Vec<_> = stream::iter(rooms)
            .map(|room| async {
                let leases = self.leases_in(&room).await;
                (room, leases)
            })
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        let own = self.presence.lease.borrow().clone().unwrap_or_default();
        let running = self.renew_lease(&own, "").await;
        let sweep = |(room, leases): (RoomName, Result<BTreeSet<Lease>, EngineError>)| {
            let running = &running;
            async move {
                let swept = match (leases, running) {
                    (Ok(leases), Ok(Some(running))) => {
                        let ended: Vec<_> = leases.difference(running).cloned().collect();
                        ended.is_empty() || self.sweep(&room, ended).await.is_ok()
                    }
                    _ => false,
                };
                if !swept {
                    lock(&self.presence.unchecked).insert(room);
                }
            }
        };
        stream::iter(found).for_each_concurrent(CONCURRENT, sweep).await;
    }

    async fn leases_in(&self, room: &RoomName) -> Result<BTreeSet<Lease>, EngineError> {
        let members = keys::members(room);
        let keys: [Key; 1] = [members.as_str().into()];
        let leases: Vec<String> =
            self.topology.of(&members).commands.run(patience(), &scripts::LEASES, &keys, &[]).await?;
        Ok(leases.into_iter().collect())
    }

    async fn sweep(&self, room: &RoomName, ended: Vec<Lease>) -> Result<(), EngineError> {
        let arguments: Vec<Value> = ended.into_iter().map(Value::from).collect();
        let (members, keys) = room_keys(room);
        self.topology.of(&members).commands.run(patience(), &scripts::SWEEP, &keys, &arguments).await
    }

    /// Takes all sessions of this server out of all rooms and ends its lease, as far as Redis is there.
    pub(super) async fn give_back(&self) {
        let Some(lease) = self.presence.lease.borrow().clone() else { return };
        let mut rooms: HashSet<RoomName> =
            lock(&self.presence.entered).drain().map(|((room, _), _)| room).collect();
        rooms.extend(lock(&self.presence.owed).drain().map(|((room, _), _)| room));
        let sweep = |room: RoomName| {
            let lease = lease.clone();
            // Where it fails the others sweep, when the lease is over.
            async move { drop(self.sweep(&room, vec![lease]).await) }
        };
        stream::iter(rooms).for_each_concurrent(CONCURRENT, sweep).await;
        let connection = &self.topology.of(keys::SERVERS).commands;
        let ended = connection
            .call(patience(), |client| {
                let lease = lease.as_str();
                async move { client.zrem::<(), _, _>(keys::SERVERS, lease).await }
            })
            .await;
        if let Err(error) = ended {
            tracing::warn!(%error, "could not end the presence lease; it ends by itself");
        }
    }
}

fn room_keys(room: &RoomName) -> (String, [Key; 2]) {
    let members = keys::members(room);
    let keys = [members.as_str().into(), keys::channel(room).into()];
    (members, keys)
}

/// `[count, user, name, user, name, ...]`
fn parse_roster(answer: Vec<Value>) -> Option<Roster> {
    let mut answer = answer.into_iter();
    let count = answer.next()?.as_usize()?;
    let mut members = Vec::with_capacity(answer.len() / 2);
    while let Some(id) = answer.next() {
        let id = id.as_str()?.parse().ok()?;
        let name = UserName::parse(&answer.next()?.as_str()?).ok()?;
        members.push(User { id, name });
    }
    members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Some(Roster { members, count })
}

fn busy() -> EngineError {
    EngineError::Unavailable("waiting for an earlier call".to_owned())
}

/// Locks what no panic can leave half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
