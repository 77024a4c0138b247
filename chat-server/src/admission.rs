//! How many are let in at once. When servers died, all of their clients come back in the same moment; a server lets in
//! as many a second as it can greet beside its other work, and tells each of the others when to come.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use hubbub_protocol::limits::{COME_BACK_WITHIN, Rate};

use crate::limits::quota;

/// What a `Retry-After` of less than a second, or of nobody knows how long, says.
const SOON: Duration = Duration::from_secs(1);

/// The door of a server.
#[derive(Debug)]
pub struct Admission<C: Clock = DefaultClock>(Option<Door<C>>);

#[derive(Debug)]
struct Door<C: Clock> {
    clock: C,
    opened: C::Instant,
    bucket: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    turns: Mutex<Turns>,
}

impl Admission {
    /// So many a second, or any number.
    pub fn new(rate: Option<Rate>) -> Self {
        Self::with_clock(rate, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Admission<C> {
    /// As [`Admission::new`], by another clock.
    pub fn with_clock(rate: Option<Rate>, clock: C) -> Self {
        Self(rate.map(|rate| Door {
            opened: clock.now(),
            bucket: RateLimiter::direct_with_clock(quota(rate), clock.clone()),
            clock,
            turns: Mutex::new(Turns::new(rate.every())),
        }))
    }

    /// One more wants in. `crowded` is there when those who are in already wait for their greeting: the time from one to
    /// the next.
    ///
    /// # Errors
    /// With when it is to come back, in whole seconds.
    pub fn admit(&self, crowded: Option<Duration>) -> Result<(), Duration> {
        let closed = match &self.0 {
            _ if crowded.is_some() => true,
            Some(door) => door.bucket.check().is_err(),
            None => false,
        };
        if closed { Err(self.next_turn(crowded)) } else { Ok(()) }
    }

    /// When somebody who can't be let in, for whatever reason, is to come back, in whole seconds: no more in each of
    /// them than can be let in, or than are greeted in a crowd.
    pub fn next_turn(&self, crowded: Option<Duration>) -> Duration {
        let Some(Door { clock, opened, turns, .. }) = &self.0 else { return SOON };
        let now = clock.now().duration_since(*opened).into();
        let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.next(now, crowded.unwrap_or_default(), fastrand::f64())
    }
}

/// Who was refused comes back in turn, at the rate at which they can be let in.
#[derive(Debug)]
pub struct Turns {
    every: Duration,
    /// The turn of the last one.
    last: Duration,
}

impl Turns {
    /// One turn in so long a time.
    pub fn new(every: Duration) -> Self {
        Self { every, last: Duration::ZERO }
    }

    /// The next one's `Retry-After`. `now` is the time since any fixed point; `slower` is the time from one turn to the
    /// next where that is longer than usual; `random`, in `0.0..1.0`, rounds to whole seconds, up as often as the
    /// fraction says, so that turns stay evenly spread. Who is too far behind to be told comes in the second half of
    /// [`COME_BACK_WITHIN`], and asks again.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chat_server::admission::Turns;
    /// let (now, mut turns) = (Duration::ZERO, Turns::new(Duration::from_millis(400)));
    /// // Turns at 0.4, 0.8, 1.2, 1.6, 2.0 and 2.4 s.
    /// let told: Vec<_> = (0..6).map(|_| turns.next(now, Duration::ZERO, 0.5).as_secs()).collect();
    /// assert_eq!(told, [1, 1, 1, 2, 2, 2]);
    /// // A minute later nobody waits for a turn any more; in a crowd the next ones are at 3 and 6 s.
    /// let (now, crowded) = (Duration::from_secs(60), Duration::from_secs(3));
    /// assert_eq!(turns.next(now, crowded, 0.5).as_secs(), 3);
    /// assert_eq!(turns.next(now, crowded, 0.5).as_secs(), 6);
    /// ```
    pub fn next(&mut self, now: Duration, slower: Duration, random: f64) -> Duration {
        let wait = self.last.saturating_sub(now) + self.every.max(slower);
        if wait > COME_BACK_WITHIN {
            return whole(COME_BACK_WITHIN.mul_f64(0.5 + random / 2.0));
        }
        self.last = now + wait;
        whole(wait + Duration::from_secs(1).mul_f64(random))
    }
}

fn whole(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs()).clamp(SOON, COME_BACK_WITHIN)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn a_burst_is_let_in_and_the_others_as_fast_as_the_rate_says() {
        let clock = FakeRelativeClock::default();
        let admission = Admission::with_clock("10/s+3".parse().ok(), clock.clone());
        let let_in = || (0..100).filter(|_| admission.admit(None).is_ok()).count();
        assert_eq!(let_in(), 3);
        assert_eq!(let_in(), 0);
        clock.advance(Duration::from_millis(200));
        assert_eq!(let_in(), 2);
        clock.advance(Duration::from_mins(1));
        assert_eq!(let_in(), 3, "no more than a burst, however long it was quiet");
    }

    #[test]
    fn as_many_are_told_to_come_in_a_second_as_can_be_let_in() {
        let mut turns = Turns::new(Duration::from_millis(10));
        let mut told = [0; 16];
        for _ in 0..1_400 {
            told[usize::try_from(turns.next(Duration::ZERO, Duration::ZERO, fastrand::f64()).as_secs())
                .unwrap()] += 1;
        }
        assert_eq!(told[0], 0);
        // The first second has those of its own half and of the half before, which is over. Five standard deviations
        // of rounding are 35.
        assert!((115..=185).contains(&told[1]), "{told:?}");
        assert!(told[2..14].iter().all(|count| (65..=135).contains(count)), "{told:?}");
    }

    #[test]
    fn who_is_too_far_behind_is_told_no_more_than_the_longest_wait() {
        let mut turns = Turns::new(Duration::from_secs(1));
        let told: Vec<_> = (0..100).map(|_| turns.next(Duration::ZERO, Duration::ZERO, 0.999)).collect();
        assert!(told.iter().all(|wait| *wait <= COME_BACK_WITHIN), "{told:?}");
        assert!(told[15..].iter().all(|wait| *wait >= COME_BACK_WITHIN / 2), "{told:?}");
        // Of those who were not told a turn nobody has to wait for.
        assert!(turns.next(COME_BACK_WITHIN, Duration::ZERO, 0.5) <= Duration::from_secs(2));
    }

    #[test]
    fn nobody_is_let_into_a_crowd_and_turns_are_as_far_apart_as_it_is_slow() {
        let clock = FakeRelativeClock::default();
        let admission = Admission::with_clock("500/s+500".parse().ok(), clock);
        let told: Vec<_> =
            (0..4).map(|_| admission.admit(Some(Duration::from_secs(2))).unwrap_err()).collect();
        assert!(
            told.iter().zip(1..).all(|(wait, turn)| (2 * turn..=2 * turn + 1).contains(&wait.as_secs())),
            "{told:?}"
        );
        assert!(admission.admit(None).is_ok(), "the crowd is gone");
    }

    #[test]
    fn without_a_rate_everybody_is_let_in() {
        let admission = Admission::new(None);
        assert!((0..10_000).all(|_| admission.admit(None).is_ok()));
        assert_eq!(admission.next_turn(None), SOON);
    }
}
