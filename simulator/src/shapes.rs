//! Traces that every autoscaler meets sooner or later.

use std::f64::consts::TAU;

use fastrand::Rng;

use crate::Trace;
use crate::trace::whole;

/// A kind of trace, told in words by [`Shape::story`]. The seed gives it its noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the stories tell")]
pub enum Shape {
    Ramp,
    Steps,
    FlashCrowd,
    Diurnal,
    Bursty,
    SlowLeak,
    MassDisconnect,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ramp,
        Self::Steps,
        Self::FlashCrowd,
        Self::Diurnal,
        Self::Bursty,
        Self::SlowLeak,
        Self::MassDisconnect,
    ];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ramp => "Ramp",
            Self::Steps => "Steps",
            Self::FlashCrowd => "Flash crowd",
            Self::Diurnal => "Diurnal",
            Self::Bursty => "Bursty",
            Self::SlowLeak => "Slow leak",
            Self::MassDisconnect => "Mass disconnect",
        }
    }

    /// What happens in it.
    pub fn story(self) -> &'static str {
        match self {
            Self::Ramp => "From 500 connections to 10,000 in 20 minutes, there for 20, and back in 20.",
            Self::Steps => "Six levels from 1,000 to 8,000, 10 minutes each, from one to the next at once.",
            Self::FlashCrowd => {
                "20 times as many within 30 seconds: 500, then 10,000 for 20 minutes, gone within 10."
            }
            Self::Diurnal => "A day of 24 hours: 1,000 at night, 9,000 at midday.",
            Self::Bursty => "2,000, and every few minutes 2,000 to 6,000 more for one to four minutes.",
            Self::SlowLeak => {
                "Sessions that nobody ends: from 1,000 to 6,000 in 2 hours; then they are, within 15 minutes."
            }
            Self::MassDisconnect => {
                "Nine in ten of 8,000 lose their network at once, and come back a minute later within two minutes."
            }
        }
    }

    /// Its trace. The noise is that of independent clients: about the root of their number, and it changes slowly.
    pub fn trace(self, seed: u64) -> Trace {
        let mut rng = Rng::with_seed(seed);
        let levels = match self {
            Self::Ramp => through(&[(0, 500.0), (1_200, 10_000.0), (2_400, 10_000.0), (3_600, 500.0)]),
            Self::Steps => steps(&[1_000.0, 4_000.0, 2_000.0, 8_000.0, 3_000.0, 1_000.0]),
            Self::FlashCrowd => through(&[
                (0, 500.0),
                (600, 500.0),
                (630, 10_000.0),
                (1_800, 10_000.0),
                (2_400, 500.0),
                (3_600, 500.0),
            ]),
            Self::Diurnal => diurnal(),
            Self::Bursty => bursty(&mut rng),
            Self::SlowLeak => through(&[(0, 1_000.0), (7_200, 6_000.0), (8_100, 1_000.0), (9_000, 1_000.0)]),
            Self::MassDisconnect => through(&[
                (0, 8_000.0),
                (1_200, 8_000.0),
                (1_201, 800.0),
                (1_260, 800.0),
                (1_380, 8_000.0),
                (3_600, 8_000.0),
            ]),
        };
        Trace { name: self.title().to_owned(), wanted: noisy(levels, &mut rng) }
    }
}

/// Straight lines through these points.
fn through(points: &[(u32, f64)]) -> Vec<f64> {
    let mut levels = Vec::new();
    for pair in points.windows(2) {
        let [(from, low), (to, high)] = pair else { continue };
        let slope = (high - low) / f64::from(to - from);
        levels.extend((0..to - from).map(|second| low + slope * f64::from(second)));
    }
    levels
}

fn steps(levels: &[f64]) -> Vec<f64> {
    levels.iter().flat_map(|level| vec![*level; 600]).collect()
}

fn diurnal() -> Vec<f64> {
    (0..86_400_u32).map(|second| 5_000.0 - 4_000.0 * (f64::from(second) / 86_400.0 * TAU).cos()).collect()
}

fn bursty(rng: &mut Rng) -> Vec<f64> {
    let mut levels = vec![2_000.0; 5_400];
    let mut at = 120 + rng.usize(..180);
    while at < levels.len() {
        let (length, height) = (60 + rng.usize(..180), 2_000.0 + 4_000.0 * rng.f64());
        // Up within 20 seconds, and gone as fast.
        for (second, level) in levels.iter_mut().skip(at).take(length).enumerate() {
            let edge = second.min(length - 1 - second).min(19) + 1;
            #[expect(clippy::cast_precision_loss, reason = "at most 20")]
            let part = edge as f64 / 20.0;
            *level += height * part;
        }
        at += length + 120 + rng.usize(..360);
    }
    levels
}

/// How much of the noise is left after a second: half of it after about two minutes.
const FADES: f64 = 0.994;

fn noisy(levels: Vec<f64>, rng: &mut Rng) -> Vec<u32> {
    // As much comes in each second as keeps the standard deviation at 1.
    let fresh = (1.0 - FADES * FADES).sqrt();
    let mut noise = 0.0;
    let second = |level: f64| {
        // Three uniform numbers from -1 to 1 have a standard deviation of 1 together, and are near enough to normal.
        let draw: f64 = (0..3).map(|_| rng.f64() * 2.0 - 1.0).sum();
        noise = noise * FADES + draw * fresh;
        whole(level + noise * level.sqrt())
    };
    levels.into_iter().map(second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
        for shape in Shape::ALL {
            assert_eq!(shape.trace(3), shape.trace(3));
            assert_ne!(shape.trace(3), shape.trace(4), "{shape:?}");
        }
    }

    #[test]
    fn a_flash_crowd_is_twenty_times_as_many_within_thirty_seconds() {
        let trace = Shape::FlashCrowd.trace(1);
        let (before, after) = (f64::from(trace.wanted()[600]), f64::from(trace.wanted()[631]));
        assert!((15.0..25.0).contains(&(after / before)), "{before} {after}");
    }
}
