//! Who does something too often: the rates of `hubbub_protocol::limits`, counted.
//!
//! Each server counts for itself: who goes to three servers has three times as much.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use hubbub_protocol::{
    UserId,
    limits::{Limited, Rate, Rates, Scope},
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::public::ClientAddress;

/// Who did nothing for long enough to have a full burst again is forgotten this often. In between a key costs some
/// hundred bytes, and the rates of addresses bound how many there can be.
const FORGET: Duration = Duration::from_secs(30);

/// Something was done too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too fast: {}, of one {}, are allowed {}", .limited.what(), .limited.scope().as_str(), .rate)]
pub struct TooFast {
    /// What.
    pub limited: Limited,
    /// How often it may be done.
    pub rate: Rate,
    /// When it may be done again.
    pub retry_after: Duration,
}

/// Whom a shared limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A user, on all connections.
    User(UserId),
    /// An address, or a /64.
    Address(IpAddr),
}

impl From<UserId> for Key {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<ClientAddress> for Key {
    fn from(address: ClientAddress) -> Self {
        Self::Address(address.key())
    }
}

/// The counts of a server.
pub struct Limits {
    rates: Rates,
    shared: Arc<Shared>,
    _forgets: AbortOnDropHandle<()>,
}

type Shared = [Option<DefaultKeyedRateLimiter<Key>>; Limited::ALL.len()];

impl Limits {
    /// Nobody did anything yet. The task that forgets who is idle ends with `self`.
    pub fn start(rates: Rates) -> Self {
        let shared = Limited::ALL.map(|limited| {
            let keyed = matches!(limited.scope(), Scope::User | Scope::Address);
            let rate = rates.of(limited).filter(|_| keyed)?;
            Some(RateLimiter::keyed(quota(rate)))
        });
        let shared = Arc::new(shared);
        let forgets = tokio::spawn(forget(Arc::clone(&shared)));
        Self { rates, shared, _forgets: AbortOnDropHandle::new(forgets) }
    }

    /// It is done once more by this user, or from this address.
    ///
    /// # Errors
    /// When it was done too often.
    pub fn check(&self, limited: Limited, key: impl Into<Key>) -> Result<(), TooFast> {
        let (Some(bucket), Some(rate)) = (&self.shared[limited as usize], self.rates.of(limited)) else {
            return Ok(());
        };
        bucket.check_key(&key.into()).map_err(|until| too_fast(limited, rate, &until, 0))
    }

    /// A user at this address is about to have another room kept.
    ///
    /// # Errors
    /// When either had too many kept lately.
    pub fn check_new_room(&self, user: UserId, address: ClientAddress) -> Result<(), TooFast> {
        self.check(Limited::UserRooms, user)?;
        self.check(Limited::AddressRooms, address)
    }

    /// The counts of a connection that begins.
    pub fn of_connection(&self) -> ConnectionLimits {
        let of_connection = Limited::ALL.into_iter().filter(|limited| limited.scope() == Scope::Connection);
        ConnectionLimits(
            of_connection
                .filter_map(|limited| {
                    let rate = self.rates.of(limited)?;
                    let limiter = RateLimiter::direct(quota(rate));
                    Some(Single { limited, rate, limiter, refused: AtomicU32::new(0) })
                })
                .collect(),
        )
    }
}

/// The counts of one connection.
// Each idle connection has one, so it holds nothing for what is not limited by connection.
pub struct ConnectionLimits(Box<[Single]>);

struct Single {
    limited: Limited,
    rate: Rate,
    limiter: DefaultDirectRateLimiter,
    /// Since something was allowed.
    refused: AtomicU32,
}

impl ConnectionLimits {
    /// It is done once more.
    ///
    /// # Errors
    /// When it was done too often. Who is refused several times in a row is told to come back later each time, so
    /// that a queue of messages comes back one by one instead of all at once.
    pub fn check(&self, limited: Limited) -> Result<(), TooFast> {
        self.check_many(limited, NonZeroU32::MIN)
    }

    /// It is done `count` times more, or not at all.
    ///
    /// # Errors
    /// See [`ConnectionLimits::check`].
    pub fn check_many(&self, limited: Limited, count: NonZeroU32) -> Result<(), TooFast> {
        let Some(Single { rate, limiter, refused, .. }) = self.0.iter().find(|it| it.limited == limited)
        else {
            return Ok(());
        };
        match limiter.check_n(count) {
            Ok(Ok(())) => {
                refused.store(0, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(until)) => {
                let before = refused.fetch_add(1, Ordering::Relaxed);
                Err(too_fast(limited, *rate, &until, before))
            }
            // More than a burst can have: never.
            Err(_) => Err(TooFast { limited, rate: *rate, retry_after: rate.every() * rate.burst().get() }),
        }
    }
}

/// A rate in the words of governor.
pub(crate) fn quota(rate: Rate) -> Quota {
    // A rate is of at least one in a period, so the time for one is never nothing; the other way is never gone.
    let quota = Quota::with_period(rate.every()).unwrap_or_else(|| Quota::per_second(rate.burst()));
    quota.allow_burst(rate.burst())
}

fn too_fast(
    limited: Limited,
    rate: Rate,
    until: &NotUntil<<DefaultClock as Clock>::Instant>,
    others: u32,
) -> TooFast {
    let wait = until.wait_time_from(DefaultClock::default().now());
    TooFast { limited, rate, retry_after: wait + rate.every() * others }
}

async fn forget(shared: Arc<Shared>) {
    let mut times = interval(FORGET);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        for limiter in shared.iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_user_has_a_burst_of_its_own() {
        let limits = Limits::start(Rates::with(["user-changes=1/min+2"]).unwrap());
        let (one, other) = (UserId::random(), UserId::random());
        assert_eq!(limits.check(Limited::UserChanges, one), Ok(()));
        assert_eq!(limits.check(Limited::UserChanges, one), Ok(()));
        let refused = limits.check(Limited::UserChanges, one).unwrap_err();
        assert!(refused.retry_after > Duration::from_secs(30), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "too fast: messages, edits, deletions and reactions, by whatever way, of one user, are allowed 1/min+2"
        );
        assert_eq!(limits.check(Limited::UserChanges, other), Ok(()));
    }

    #[tokio::test]
    async fn who_is_refused_again_and_again_is_told_to_come_back_one_after_the_other() {
        let connection = Limits::start(Rates::with(["changes=1/min+1"]).unwrap()).of_connection();
        assert_eq!(connection.check(Limited::Changes), Ok(()));
        let waits: Vec<_> = (0..3)
            .map(|_| connection.check(Limited::Changes).unwrap_err().retry_after.as_secs().div_ceil(60))
            .collect();
        assert_eq!(waits, [1, 2, 3], "in minutes");
    }

    #[tokio::test]
    async fn what_is_off_is_never_too_fast() {
        let limits = Limits::start(Rates::with(["connects=off", "frames=off"]).unwrap());
        let address = ClientAddress::from("192.0.2.1".parse::<IpAddr>().unwrap());
        let connection = limits.of_connection();
        for _ in 0..10_000 {
            assert_eq!(limits.check(Limited::Connects, address), Ok(()));
            assert_eq!(connection.check(Limited::Frames), Ok(()));
        }
    }

    #[tokio::test]
    async fn bytes_are_counted_by_their_number() {
        let connection = Limits::start(Rates::with(["bytes=1/min+300000"]).unwrap()).of_connection();
        let check = |bytes| connection.check_many(Limited::Bytes, NonZeroU32::new(bytes).unwrap());
        assert_eq!(check(200_000), Ok(()));
        assert!(check(200_000).is_err());
        assert_eq!(check(100_000), Ok(()));
        assert!(check(300_001).is_err(), "more than there ever is");
    }

    #[tokio::test]
    async fn who_is_idle_is_forgotten() {
        let limits = Limits::start(Rates::with(["connects=1000000/s+1"]).unwrap());
        for number in 0..100_u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from_bits(number));
            assert_eq!(limits.check(Limited::Connects, ClientAddress::from(address)), Ok(()));
        }
        let limiter = limits.shared[Limited::Connects as usize].as_ref().unwrap();
        while !limiter.is_empty() {
            limiter.retain_recent();
        }
    }
}
