//! Latency at the same absolute rate: each peer is held at half of what the best of ours delivered at most in this round.

use super::{
    Failure, Figures, Plan,
    fan_out::{self, Work},
};
use crate::{
    contender::Contender,
    generator::LATEST,
    host::Site,
    report::{Measurement, OURS, Report},
};

/// What there is to do for a contender.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    /// Nothing: nobody of ours was measured, or somebody else of ours was the best.
    Nothing,
    /// It is known already: this many milliseconds.
    Known(f64),
    /// It is to be held at this rate.
    Rate(f64),
}

/// 99 of 100 deliveries took no longer, at half of the best of ours in `scenario`: so far as it was measured last.
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    so_far: &Report,
    (scenario, work): (&str, Work),
) -> Result<Figures, Failure> {
    let p99 = match asked(so_far, scenario, contender.name()) {
        Asked::Nothing => return Ok(Figures::new()),
        Asked::Known(millis) => millis,
        Asked::Rate(rate) => fan_out::p99_at(contender, site, plan, &work, rate).await?.as_secs_f64() * 1e3,
    };
    Ok(Figures::from([("p99Ms".to_owned(), p99)]))
}

fn asked(so_far: &Report, scenario: &str, contender: &str) -> Asked {
    let last = |name: &str| {
        let mut all = so_far.measurements.iter().rev();
        all.find(|it| it.scenario == scenario && it.contender == name)
    };
    let most = |it: &Measurement| it.figures.get(&format!("{scenario}.most")).copied();
    let ours = so_far.contenders().into_iter().filter(|name| name.starts_with(OURS));
    let best = ours.filter_map(|name| last(name).and_then(|it| Some((it, most(it)?))));
    let Some((best, most_of_ours)) = best.max_by(|one, other| one.1.total_cmp(&other.1)) else {
        return Asked::Nothing;
    };
    if contender == best.contender {
        let p99 = best.figures.get(&format!("{scenario}.p99MsAtHalf"));
        return p99.map_or(Asked::Nothing, |millis| Asked::Known(*millis));
    }
    if contender.starts_with(OURS) {
        return Asked::Nothing;
    }
    let rate = most_of_ours / 2.0;
    match last(contender).and_then(most) {
        // It was seen not to hold it: more than this is later than anything that is held.
        Some(most) if most < rate => Asked::Known(LATEST.as_secs_f64() * 1e3),
        Some(_) => Asked::Rate(rate),
        None => Asked::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Machine;

    fn report(of: &[(&str, f64)]) -> Report {
        let measurement = |(contender, most): &(&str, f64)| Measurement {
            round: 1,
            contender: (*contender).to_owned(),
            scenario: "hall".to_owned(),
            seconds: 1.0,
            figures: [("hall.most".to_owned(), *most), ("hall.p99MsAtHalf".to_owned(), 7.0)].into(),
            failure: None,
        };
        Report {
            day: String::new(),
            quick: true,
            machine: Machine::here(),
            measurements: of.iter().map(measurement).collect(),
            outstanding: Vec::new(),
        }
    }

    #[test]
    fn a_peer_is_held_at_half_of_the_best_of_ours_unless_it_was_seen_not_to_hold_it() {
        let report = report(&[
            ("Hubbub (memory)", 2_000.0),
            ("Hubbub (Redis)", 1_000.0),
            ("NATS", 1_500.0),
            ("Nchan (memory)", 900.0),
        ]);
        let asked = |contender| asked(&report, "hall", contender);
        assert_eq!(asked("NATS"), Asked::Rate(1_000.0));
        assert_eq!(asked("Nchan (memory)"), Asked::Known(200.0));
        assert_eq!(asked("Hubbub (memory)"), Asked::Known(7.0));
        assert_eq!(asked("Hubbub (Redis)"), Asked::Nothing);
        assert_eq!(asked("Socket.IO (Redis)"), Asked::Nothing, "it was not measured");
    }

    #[test]
    fn without_one_of_ours_nothing_is_asked() {
        assert_eq!(asked(&report(&[("NATS", 1_500.0)]), "hall", "NATS"), Asked::Nothing);
    }
}
