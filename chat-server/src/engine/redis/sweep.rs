//! When the sessions of servers that are gone are swept out of the rooms.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// A lease: a server's name and a random part. One that ended never begins again, so that what was entered under it
/// may be swept without asking twice.
pub(super) type Lease = String;

/// Decides whether to sweep, from what each renewal of the own lease tells.
pub(super) struct SweepRule {
    lease: Duration,
    known: BTreeSet<Lease>,
    not_before: Option<Instant>,
}

impl SweepRule {
    /// For leases that last so long.
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, known: BTreeSet::new(), not_before: None }
    }

    /// Redis was away, or forgot. All servers have the same trouble then, and it is not told which are back first:
    /// they get the time of a lease to enter their sessions again before anyone sweeps. So nobody is shown as gone
    /// who only has to be entered again.
    pub(super) fn trouble(&mut self, now: Instant) {
        self.not_before = Some(now + self.lease);
    }

    /// These leases run. Answers whether one ended since.
    pub(super) fn observe(&mut self, running: BTreeSet<Lease>) -> bool {
        let ended = !self.known.is_subset(&running);
        self.known = running;
        ended
    }

    /// Whether it may be swept now.
    pub(super) fn may_sweep(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| now >= not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leases<const N: usize>(leases: [&str; N]) -> BTreeSet<Lease> {
        leases.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_lease_that_is_not_there_any_more_has_ended() {
        let mut rule = SweepRule::new(Duration::from_secs(10));
        assert!(!rule.observe(leases(["a"])));
        assert!(!rule.observe(leases(["a", "b"])));
        assert!(rule.observe(leases(["a", "c"])));
        assert!(!rule.observe(leases(["a", "c"])));
    }

    #[test]
    fn after_trouble_the_others_get_the_time_of_a_lease() {
        let (mut rule, now) = (SweepRule::new(Duration::from_secs(10)), Instant::now());
        assert!(rule.may_sweep(now));
        rule.trouble(now);
        assert!(!rule.may_sweep(now + Duration::from_secs(9)));
        assert!(rule.may_sweep(now + Duration::from_secs(10)));
    }
}
