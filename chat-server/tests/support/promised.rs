//! Times that are promised, in the words of figures.

use std::time::Duration;

/// A time beside the bound that is promised for it. No test fails of a time, since a machine may stand still for
/// seconds: `make guarantees` does, on a machine that has nothing else to do.
///
/// `promised(ms(1_802), ms(2_000))` is "1802 ms of 2000 ms", and a longer time is "BROKEN: 2602 ms of 2000 ms".
pub(crate) fn promised(took: Duration, bound: Duration) -> String {
    let broken = if took > bound { "BROKEN: " } else { "" };
    format!("{broken}{} ms of {} ms", took.as_millis(), bound.as_millis())
}
