//! Whether a client that lost its connection comes back, and when. Pure: the time and the random number are
//! arguments.

use std::time::{Duration, Instant};

use hubbub_protocol::CloseCode;

use crate::Loss;

/// The longest wait before the first retry. Short, since most losses are a server that went while others are there.
pub const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait before a retry that no server asked for: one that comes back after an hour is found within ten
/// seconds. Not longer, since servers that died let all of their clients in again within 20 s, and nobody is to wait
/// longer than 30 s.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is believed.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// `Retry-After` is in whole seconds. Those who were told the same one spread over it.
const RETRY_AFTER_UNIT: Duration = Duration::from_secs(1);

/// A connection that was welcome for this long ends the row of failed attempts. Shorter ones don't, so that a server
/// that takes sessions and drops them at once is not hammered at the pace of first retries.
pub const STABLE_AFTER: Duration = Duration::from_secs(5);

/// What to do after a connection ended or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Connect again, with the same token, and resume.
    Resume {
        /// When.
        at: Instant,
    },
    /// The token is worth nothing any more: connect again as a new guest, and resume as that one.
    NewGuest {
        /// When.
        at: Instant,
    },
    /// The same again would end the same way.
    GiveUp,
}

/// Decides what follows `loss`. `attempt` counts the attempts that failed in a row, from 0; `random` is in `0.0..1.0`;
/// `welcomed` tells whether a server ever welcomed this client: until then an answer such as 404 means a wrong
/// address, later it is a passing trouble of a proxy.
///
/// ```
/// use chat_client::{Loss, reconnect::{Next, next}};
/// use std::time::{Duration, Instant};
/// let now = Instant::now();
/// let drained = Loss::Closed { code: 4000, reason: String::new() };
/// assert_eq!(next(&drained, 0, 0.5, now, true), Next::Resume { at: now + Duration::from_millis(250) });
/// let hello_was_bad = Loss::Closed { code: 4101, reason: String::new() };
/// assert_eq!(next(&hello_was_bad, 0, 0.5, now, true), Next::GiveUp);
/// ```
pub fn next(loss: &Loss, attempt: u32, random: f64, now: Instant, welcomed: bool) -> Next {
    let wait = backoff(attempt, random);
    match loss {
        Loss::Moved => Next::Resume { at: now },
        Loss::Closed { code, .. } if *code == CloseCode::BadToken.code() => Next::NewGuest { at: now + wait },
        Loss::Closed { code, .. } if CloseCode::may_return(*code) => Next::Resume { at: now + wait },
        Loss::Refused { status, retry_after, .. } if welcomed || is_passing(*status) => {
            let told =
                retry_after.map(|told| told.min(LONGEST_RETRY_AFTER) + RETRY_AFTER_UNIT.mul_f64(random));
            // One that says the same each time may not know better.
            Next::Resume { at: now + told.unwrap_or_default().max(wait) }
        }
        Loss::Closed { .. } | Loss::Refused { .. } => Next::GiveUp,
        Loss::Broken(_) | Loss::Unreachable(_) => Next::Resume { at: now + wait },
    }
}

/// Whether an HTTP status in answer to the handshake may be another one soon: the server's own 503, a proxy's 5xx,
/// and "too many requests" or "timeout".
const fn is_passing(status: u16) -> bool {
    status >= 500 || status == 429 || status == 408
}

/// How long to wait before attempt number `attempt` (from 0): full jitter, so that the clients of a server that died
/// come back spread out. Uniform between nothing and [`FIRST_WAIT`] times two to the attempt, at most
/// [`LONGEST_WAIT`].
///
/// ```
/// use chat_client::reconnect::backoff;
/// use std::time::Duration;
/// assert_eq!(backoff(0, 0.5), Duration::from_millis(250));
/// assert_eq!(backoff(3, 0.5), Duration::from_secs(2));
/// assert_eq!(backoff(60, 0.5), Duration::from_secs(5));
/// ```
pub fn backoff(attempt: u32, random: f64) -> Duration {
    let ceiling = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_WAIT);
    ceiling.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16) -> Loss {
        Loss::Closed { code, reason: String::new() }
    }

    fn refused(status: u16, seconds: Option<u64>) -> Loss {
        Loss::Refused { status, retry_after: seconds.map(Duration::from_secs), detail: String::new() }
    }

    #[test]
    fn every_close_code_that_means_come_back_is_followed_by_a_resume_and_the_others_are_not() {
        let now = Instant::now();
        for code in CloseCode::ALL {
            let next = next(&closed(code.code()), 0, 0.0, now, true);
            let expected = match code.code() {
                4102 => Next::NewGuest { at: now },
                4100.. => Next::GiveUp,
                _ => Next::Resume { at: now },
            };
            assert_eq!(next, expected, "{code:?}");
        }
        assert_eq!(next(&closed(1006), 0, 0.0, now, true), Next::Resume { at: now });
    }

    #[test]
    fn a_server_that_says_when_is_not_asked_before_that() {
        let now = Instant::now();
        let at = now + Duration::from_millis(3_500);
        assert_eq!(next(&refused(503, Some(3)), 0, 0.5, now, false), Next::Resume { at });
    }

    #[test]
    fn those_who_were_told_the_same_second_spread_over_it_however_often_they_failed() {
        let now = Instant::now();
        let wait = |attempt, random| match next(&refused(503, Some(12)), attempt, random, now, true) {
            Next::Resume { at } => at - now,
            other => panic!("{other:?}"),
        };
        for attempt in [0, 3, 60] {
            assert_eq!(wait(attempt, 0.0), Duration::from_secs(12));
            assert_eq!(wait(attempt, 0.5), Duration::from_millis(12_500));
        }
    }

    #[test]
    fn a_server_that_says_soon_each_time_is_asked_less_and_less_often() {
        let now = Instant::now();
        let waits = [0, 2, 4, 6].map(|attempt| next(&refused(429, Some(1)), attempt, 0.5, now, true));
        let expected = [1_500, 1_500, 4_000, 5_000].map(|millis| now + Duration::from_millis(millis));
        assert_eq!(waits, expected.map(|at| Next::Resume { at }));
    }

    #[test]
    fn a_retry_after_of_a_year_is_cut() {
        let now = Instant::now();
        let at = now + LONGEST_RETRY_AFTER;
        assert_eq!(next(&refused(503, Some(31_536_000)), 0, 0.0, now, false), Next::Resume { at });
    }

    #[test]
    fn a_404_is_a_wrong_address_until_a_server_answered_there() {
        let now = Instant::now();
        assert_eq!(next(&refused(404, None), 0, 0.0, now, false), Next::GiveUp);
        assert_eq!(next(&refused(404, None), 0, 0.0, now, true), Next::Resume { at: now });
    }

    #[test]
    fn a_server_that_sends_the_client_away_is_left_without_a_wait() {
        let now = Instant::now();
        assert_eq!(next(&Loss::Moved, 9, 0.9, now, true), Next::Resume { at: now });
    }

    #[test]
    fn the_wait_stays_between_nothing_and_its_ceiling_for_every_attempt() {
        for attempt in 0..100 {
            assert_eq!(backoff(attempt, 0.0), Duration::ZERO);
            assert!(backoff(attempt, 0.999_999) <= LONGEST_WAIT);
        }
        assert_eq!(backoff(u32::MAX, 1.0), LONGEST_WAIT);
    }
}
