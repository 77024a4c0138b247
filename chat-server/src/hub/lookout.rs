//! When a room that hears nothing looks into the engine for what pub/sub may have lost. No I/O, no clock.
//!
//! A message that was lost shows with the next one. When it is the last one, there is no next: so the room looks soon
//! after it heard something, and then less and less often, for as long as it is silent. A room that speaks looks
//! never, and one that has long been silent costs next to nothing: 50,000 of them are 170 small reads a second.

use std::time::Duration;

use tokio::time::Instant;

/// How soon and how seldom a silent room looks.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After the latest message.
    pub soonest: Duration,
    /// Between two looks, at most, less or more a quarter of it.
    pub longest: Duration,
}

/// When a room looks next.
#[derive(Debug)]
pub(super) struct Lookout {
    pace: Pace,
    wait: Duration,
    due: Instant,
}

impl Lookout {
    /// That of a room which is opened now.
    pub(super) fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, wait: pace.soonest, due: now + pace.soonest }
    }

    /// When to look.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// A message came, by itself or by a look.
    pub(super) fn heard(&mut self, now: Instant) {
        self.wait = self.pace.soonest;
        self.due = now + self.wait;
    }

    /// Looked, in vain: the next time after twice as long. `random` is from 0 to 1, so that rooms which were opened
    /// together do not look together for ever.
    pub(super) fn looked(&mut self, now: Instant, random: f64) {
        self.wait = (self.wait * 2).min(self.pace.longest);
        self.due = now + self.wait.mul_f64(0.75 + random / 2.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { soonest: Duration::from_secs(2), longest: Duration::from_mins(5) };

    fn after(lookout: &Lookout, now: Instant) -> Duration {
        lookout.due() - now
    }

    #[test]
    fn a_silent_room_looks_less_and_less_often_but_never_stops() {
        let now = Instant::now();
        let mut lookout = Lookout::new(PACE, now);
        let mut waits = vec![after(&lookout, now).as_secs()];
        for _ in 0..9 {
            lookout.looked(now, 0.5);
            waits.push(after(&lookout, now).as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_room_that_speaks_looks_only_when_it_has_paused() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut lookout = Lookout::new(PACE, now);
        lookout.looked(now, 1.0);
        assert_eq!(after(&lookout, now), 5 * second);
        for message in 1..=100 {
            lookout.heard(now + second * message);
        }
        assert_eq!(after(&lookout, now + second * 100), 2 * second);
    }
}
