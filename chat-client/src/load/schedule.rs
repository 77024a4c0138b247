//! When each message is due: an open loop. A message is due when it is, whether the ones before it were answered or
//! not, and its latency counts from then; a server that stalls can't slow down the clock it is measured by. Pure.

use std::time::Duration;

/// `rate` messages a second in all, taken in turns by `senders`.
///
/// ```
/// use chat_client::load::Schedule;
/// let schedule = Schedule::new(10.0, 2).unwrap();
/// // Ten a second, in turns: the second message of sender 1 is the fourth of all.
/// assert_eq!(schedule.due(1, 1).unwrap().as_millis(), 300);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    rate: f64,
    senders: usize,
}

impl Schedule {
    /// None when nothing is to be sent.
    pub fn new(rate: f64, senders: usize) -> Option<Self> {
        (rate > 0.0 && senders > 0).then_some(Self { rate, senders })
    }

    /// How long after the start the message number `index` (from 0) of `sender` is due; none when it is no sender.
    #[expect(clippy::cast_precision_loss, reason = "2^52 messages are not sent in a run")]
    pub fn due(self, sender: usize, index: u64) -> Option<Duration> {
        let turn = index.saturating_mul(self.senders as u64).saturating_add(sender as u64);
        (sender < self.senders).then(|| Duration::from_secs_f64(turn as f64 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_take_turns_at_the_common_rate() {
        let schedule = Schedule::new(10.0, 2).unwrap();
        let due: Vec<_> = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(sender, index)| schedule.due(sender, index).unwrap().as_millis())
            .into();
        assert_eq!(due, [0, 100, 200, 300]);
        assert_eq!(schedule.due(2, 0), None);
    }

    #[test]
    fn nothing_is_due_at_rate_zero() {
        assert!(Schedule::new(0.0, 5).is_none());
        assert!(Schedule::new(5.0, 0).is_none());
    }
}
