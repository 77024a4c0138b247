//! How many servers so much load needs.

use std::num::NonZeroU32;

use crate::{Load, Tolerance};

/// The servers that so many connections need, rounded up.
///
/// ```
/// use hubbub_scaling::servers_for;
/// use std::num::NonZeroU32;
/// let target = NonZeroU32::new(500).unwrap();
/// assert_eq!(servers_for(1_234, target), 3); // 2.47
/// assert_eq!(servers_for(1_500, target), 3);
/// assert_eq!(servers_for(1_501, target), 4);
/// assert_eq!(servers_for(0, target), 0);
/// ```
pub fn servers_for(connections: u64, target: NonZeroU32) -> u32 {
    u32::try_from(connections.div_ceil(u64::from(target.get()))).unwrap_or(u32::MAX)
}

/// What a signal alone asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recommendation {
    /// As many more as this.
    Grow(u32),
    /// What there is will do.
    Stay,
    /// As few as this.
    Shrink(u32),
}

/// What a signal alone asks for, where `servers` are there now: connections here, the others by the same rule.
///
/// Within the tolerance nothing changes. A server more is wanted when there are more connections than the servers
/// have at the upper edge; then as many as bring them back to the target. The distance between the edges is what
/// keeps the size from swinging to and fro.
///
/// ```
/// use hubbub_scaling::{recommend, Load, Recommendation, Tolerance};
/// use std::num::NonZeroU32;
/// let target = NonZeroU32::new(500).unwrap();
/// let tenth = Tolerance::new(0.1).unwrap();
/// let exactly = |connections| Load { low: connections, high: connections };
///
/// // Two servers: nothing happens up to 1,100 connections (2 x 500 x 1.1).
/// assert_eq!(recommend(exactly(1_100), 2, target, tenth), Recommendation::Stay);
/// assert_eq!(recommend(exactly(1_101), 2, target, tenth), Recommendation::Grow(3));
/// // Three servers: with 1,000 connections or fewer two will do; two would grow only above 1,100.
/// assert_eq!(recommend(exactly(1_001), 3, target, tenth), Recommendation::Stay);
/// assert_eq!(recommend(exactly(1_000), 3, target, tenth), Recommendation::Shrink(2));
/// // Twenty servers: 19 would do for 9,500, but that is within the tolerance (20 x 500 x 0.9 = 9,000).
/// assert_eq!(recommend(exactly(9_500), 20, target, tenth), Recommendation::Stay);
/// assert_eq!(recommend(exactly(8_999), 20, target, tenth), Recommendation::Shrink(18));
/// // One of three did not answer: neither edge is crossed with certainty.
/// assert_eq!(recommend(Load { low: 800, high: 1_300 }, 3, target, tenth), Recommendation::Stay);
/// ```
#[expect(clippy::cast_precision_loss, reason = "connections are far below 2^52")]
pub fn recommend(load: Load, servers: u32, target: NonZeroU32, tolerance: Tolerance) -> Recommendation {
    let at_target = f64::from(servers) * f64::from(target.get());
    if load.low as f64 > at_target * (1.0 + tolerance.get()) {
        return Recommendation::Grow(servers_for(load.low, target));
    }
    let enough = servers_for(load.high, target);
    if (load.high as f64) < at_target * (1.0 - tolerance.get()) && enough < servers {
        return Recommendation::Shrink(enough);
    }
    Recommendation::Stay
}
