//! What this server has in Redis for as long as its lease runs: its sessions in the rooms, and in the register of
//! sessions. Entered again when it may be lost; taken out as soon as it can be; swept when the lease has ended.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::{StreamExt, stream};
use hubbub_protocol::{RoomName, SessionId, User, UserId};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::sessions::Bucket;
use super::sweep::Lease;
use crate::engine::EngineError;
use crate::engine::sessions::SessionRecord;
use crate::key_locks::KeyLocks;

/// How many scripts are under way at once when there are many to run.
const CONCURRENT: usize = 64;

/// Where sessions are entered, and what is swept at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A room.
    Room(RoomName),
    /// A part of the register.
    Register(Bucket),
}

/// A session in a place.
pub(super) type Spot = (Place, SessionId);

/// What is entered.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// A session of a user in a room.
    Member { room: RoomName, user: User, session: SessionId },
    /// A session in the register.
    Session(SessionRecord),
}

impl Entry {
    /// Of which there is one entry at most.
    pub(super) fn spot(&self) -> Spot {
        match self {
            Self::Member { room, session, .. } => (Place::Room(room.clone()), *session),
            Self::Session(record) => (Place::Register(Bucket::of(record.user)), record.session),
        }
    }
}

/// What is still to be done about a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    /// What is entered may not be there yet.
    Enter,
    /// It may be there, and is to be out: leaving failed, or it is not known whether entering succeeded.
    Leave(UserId),
}

/// What this server holds in the places, and owes them.
pub(super) struct Entries {
    /// Under which all is entered; `None` until Redis was reached.
    pub(super) lease: watch::Sender<Option<Lease>>,
    /// What is to be in Redis.
    entered: Mutex<HashMap<Spot, Entry>>,
    owed: Mutex<HashMap<Spot, Owed>>,
    /// Places that may know sessions of servers that are gone.
    unchecked: Mutex<HashSet<Place>>,
    /// Has the next renewal come at once.
    pub(super) wake: Notify,
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
            locks: KeyLocks::default(),
        }
    }

    /// Waits for what is done to a session before. Never hold two.
    pub(super) async fn order(
        &self,
        deadline: Instant,
        session: SessionId,
    ) -> Result<tokio::sync::MutexGuard<'_, ()>, EngineError> {
        timeout_at(deadline, self.locks.lock(&session))
            .await
            .map_err(|_| EngineError::Unavailable("waiting for an earlier call".to_owned()))
    }

    /// Notes what is to be in Redis. The user's other sessions in a room have the name too: entered again under an
    /// older one, they would bring that back. Answers whether it was noted before.
    pub(super) fn note(&self, entry: Entry) -> bool {
        let spot = entry.spot();
        lock(&self.owed).remove(&spot);
        let mut entered = lock(&self.entered);
        let before = entered.insert(spot.clone(), entry.clone());
        // A rename is rare; entering is not, and looks at one spot only.
        if let (Entry::Member { user: now, .. }, Some(Entry::Member { user: before, .. })) = (entry, &before)
            && now.name != before.name
        {
            for (other, known) in entered.iter_mut() {
                if let Entry::Member { user, .. } = known
                    && user.id == now.id
                    && other.0 == spot.0
                {
                    user.name = now.name.clone();
                }
            }
        }
        before.is_some()
    }

    /// It is neither to be in Redis nor there.
    pub(super) fn forget(&self, spot: &Spot) {
        lock(&self.entered).remove(spot);
        lock(&self.owed).remove(spot);
    }

    /// What is noted may not be in Redis, and is entered as soon as it can be.
    pub(super) fn owe_enter(&self, spot: Spot) {
        lock(&self.owed).insert(spot, Owed::Enter);
    }

    /// What was owed is done.
    pub(super) fn paid(&self, spot: &Spot) {
        lock(&self.owed).remove(spot);
    }

    /// It may be in Redis, and is taken out as soon as it can be.
    pub(super) fn owe_leave(&self, spot: Spot, user: UserId) {
        lock(&self.entered).remove(&spot);
        lock(&self.owed).insert(spot, Owed::Leave(user));
    }

    /// Has a place looked at soon: nobody may have swept it.
    pub(super) fn check(&self, place: Place) {
        lock(&self.unchecked).insert(place);
        self.wake.notify_one();
    }

    /// Has places looked at after the renewal that is under way.
    pub(super) fn check_all(&self, places: impl IntoIterator<Item = Place>) {
        lock(&self.unchecked).extend(places);
    }
}

impl Shared {
    /// The lease of now, or the first one.
    pub(super) async fn lease(&self, deadline: Instant) -> Result<Lease, EngineError> {
        let mut lease = self.entries.lease.subscribe();
        match timeout_at(deadline, lease.wait_for(Option::is_some)).await {
            Ok(Ok(lease)) => Ok(lease.clone().unwrap_or_default()),
            Ok(Err(_)) | Err(_) => Err(EngineError::Unavailable("not connected yet".to_owned())),
        }
    }

    /// Enters all sessions under the lease of now. Answers whether all of it succeeded.
    pub(super) async fn enter_again(&self) -> bool {
        let entered: Vec<_> = lock(&self.entries.entered).keys().cloned().collect();
        let enter = |spot: Spot| async move {
            let _ordered = self.entries.locks.lock(&spot.1).await;
            self.enter_noted(&spot).await.is_ok()
        };
        stream::iter(entered).map(enter).buffer_unordered(CONCURRENT).all(std::future::ready).await
    }

    /// Enters what is noted of a spot, if anything still is.
    async fn enter_noted(&self, spot: &Spot) -> Result<(), EngineError> {
        let entry = lock(&self.entries.entered).get(spot).cloned();
        match entry {
            Some(Entry::Member { room, user, session }) => {
                self.enter_room(self.topology.patience(), &room, &user, session, "again").await
            }
            Some(Entry::Session(record)) => self.enter_register(self.topology.patience(), &record).await,
            None => Ok(()),
        }
    }

    /// Does what is owed.
    pub(super) async fn pay_owed(&self) {
        let owed: Vec<_> = lock(&self.entries.owed).keys().cloned().collect();
        let pay = |spot: Spot| async move {
            let _ordered = self.entries.locks.lock(&spot.1).await;
            let owed = lock(&self.entries.owed).get(&spot).copied();
            let paid = match owed {
                Some(Owed::Enter) => self.enter_noted(&spot).await,
                Some(Owed::Leave(user)) => self.take_out(self.topology.patience(), &spot, user).await,
                None => return,
            };
            if paid.is_ok() {
                let mut all = lock(&self.entries.owed);
                // Somebody may owe something else by now.
                if all.get(&spot) == owed.as_ref() {
                    all.remove(&spot);
                }
            }
        };
        stream::iter(owed).for_each_concurrent(CONCURRENT, pay).await;
    }

    /// Takes a session out of a place, now or as soon as it can be.
    pub(super) async fn leave_place(&self, spot: Spot, user: UserId) -> Result<(), EngineError> {
        let deadline = self.topology.patience();
        self.entries.owe_leave(spot.clone(), user);
        let _ordered = self.entries.order(deadline, spot.1).await?;
        self.take_out(deadline, &spot, user).await?;
        self.entries.paid(&spot);
        Ok(())
    }

    async fn take_out(
        &self,
        deadline: Instant,
        (place, session): &Spot,
        user: UserId,
    ) -> Result<(), EngineError> {
        match place {
            Place::Room(room) => self.leave_room(deadline, room, user, *session).await,
            Place::Register(bucket) => self.leave_register(deadline, *bucket, user, *session).await,
        }
    }

    /// Sweeps the places that have to be looked at. Their leases are read before those that run: a lease begins
    /// before it is used, so one that is in a place and does not run has ended.
    pub(super) async fn sweep_unchecked(&self) {
        let places = std::mem::take(&mut *lock(&self.entries.unchecked));
        if places.is_empty() {
            return;
        }
        let found: Vec<_> = stream::iter(places)
            .map(|place| async {
                let leases = self.leases_in(&place).await;
                (place, leases)
            })
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        let leases = self.leases().await;
        let sweep = |(place, found): (Place, Result<BTreeSet<Lease>, EngineError>)| {
            let leases = &leases;
            async move {
                let swept = match (found, leases) {
                    (Ok(found), Ok(leases)) if leases.own => {
                        let ended: Vec<_> = found.difference(&leases.running).cloned().collect();
                        ended.is_empty() || self.sweep(&place, ended).await.is_ok()
                    }
                    _ => false,
                };
                if !swept {
                    lock(&self.entries.unchecked).insert(place);
                }
            }
        };
        stream::iter(found).for_each_concurrent(CONCURRENT, sweep).await;
    }

    async fn leases_in(&self, place: &Place) -> Result<BTreeSet<Lease>, EngineError> {
        match place {
            Place::Room(room) => self.leases_in_room(room).await,
            Place::Register(bucket) => self.leases_in_register(*bucket).await,
        }
    }

    async fn sweep(&self, place: &Place, ended: Vec<Lease>) -> Result<(), EngineError> {
        match place {
            Place::Room(room) => self.sweep_room(room, ended).await,
            Place::Register(bucket) => self.sweep_register(*bucket, ended).await,
        }
    }

    /// Takes all sessions of this server out of all places and ends its lease, as far as Redis is there.
    pub(super) async fn give_back(&self) {
        let Some(lease) = self.entries.lease.borrow().clone() else { return };
        let mut places: HashSet<Place> =
            lock(&self.entries.entered).drain().map(|((place, _), _)| place).collect();
        places.extend(lock(&self.entries.owed).drain().map(|((place, _), _)| place));
        let sweep = |place: Place| {
            let lease = lease.clone();
            // Where it fails the others sweep, when the lease is over.
            async move { drop(self.sweep(&place, vec![lease]).await) }
        };
        stream::iter(places).for_each_concurrent(CONCURRENT, sweep).await;
        if let Err(error) = self.end_lease(&lease).await {
            tracing::warn!(%error, "could not end the lease; it ends by itself");
        }
    }
}

/// Locks what no panic can leave half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
