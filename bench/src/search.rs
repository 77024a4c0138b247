//! The highest rate that something holds: raised by a factor until it does not, then between the two. Pure.

/// A search for the highest rate.
///
/// ```
/// use hubbub_bench::search::Search;
/// // Something that holds up to 700 a second.
/// let mut search = Search::new(100.0, 2.0, 1.1);
/// while let Some(rate) = search.next() {
///     search.tell(rate <= 700.0);
/// }
/// let best = search.best().unwrap();
/// assert!(best > 700.0 / 1.1 && best <= 700.0, "{best}");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    start: f64,
    growth: f64,
    precision: f64,
    held: Option<f64>,
    failed: Option<f64>,
}

/// A rate below its start by so many factors is not looked for: the contender does not work then.
const STEPS_DOWN: i32 = 6;

impl Search {
    /// From `start` on, times `growth` each, until what held and what failed are within the factor `precision`.
    pub fn new(start: f64, growth: f64, precision: f64) -> Self {
        Self { start, growth, precision, held: None, failed: None }
    }

    /// The rate to try; none when it is known well enough, or nothing holds.
    pub fn next(&self) -> Option<f64> {
        match (self.held, self.failed) {
            (None, None) => Some(self.start),
            (Some(held), None) => Some(held * self.growth),
            (None, Some(failed)) => {
                let lower = failed / self.growth;
                (lower * self.growth.powi(STEPS_DOWN) > self.start).then_some(lower)
            }
            (Some(held), Some(failed)) => (failed / held > self.precision).then(|| (held * failed).sqrt()),
        }
    }

    /// Whether the rate that [`Search::next`] gave held.
    pub fn tell(&mut self, held: bool) {
        let rate = self.next();
        if held { self.held = rate } else { self.failed = rate }
    }

    /// The highest rate that held.
    pub fn best(&self) -> Option<f64> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(limit: f64) -> (Option<f64>, usize) {
        let mut search = Search::new(1_000.0, 3.0, 1.15);
        let mut trials = 0;
        while let Some(rate) = search.next() {
            search.tell(rate <= limit);
            trials += 1;
        }
        (search.best(), trials)
    }

    #[test]
    fn what_is_found_holds_and_is_near_the_limit() {
        for limit in [1_000.0, 1_500.0, 64_321.0, 3_000_000.0] {
            let (best, trials) = search(limit);
            let best = best.unwrap();
            assert!(best <= limit && best * 1.15 >= limit, "{best} of {limit}");
            assert!(trials <= 13, "{trials} for {limit}");
        }
    }

    #[test]
    fn a_limit_below_the_start_is_found_too() {
        let best = search(120.0).0.unwrap();
        assert!(best <= 120.0 && best * 1.15 >= 120.0, "{best}");
    }

    #[test]
    fn what_holds_nothing_is_given_up() {
        assert_eq!(search(0.0), (None, 6));
    }
}
