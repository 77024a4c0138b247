//! Whole runs.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use hubbub_scaling::{Bounds, Policy};
use hubbub_simulator::autoscalers::{Agones, Clairvoyant, Hpa, Hubbub, Metric};
use hubbub_simulator::{Scenario, Shape, Trace, run};

fn scenario(max: u32) -> Scenario {
    let policy = Policy { bounds: Bounds::new(1, max).unwrap(), ..Policy::default() };
    Scenario { policy, ..Scenario::default() }
}

#[test]
fn the_same_trace_policy_and_seed_give_the_same_run_and_another_seed_another() {
    let (trace, first) = (Shape::Steps.trace(1), scenario(40));
    let once = |scenario: &Scenario| run(&trace, &mut Hubbub::new(scenario.policy.clone()), scenario);
    assert_eq!(once(&first), once(&first));
    let other = Scenario { seed: 2, ..first.clone() };
    assert_ne!(once(&first), once(&other));
}

#[test]
fn the_optimum_is_never_short_of_servers_and_needs_the_fewest_hours_of_all_that_are_not() {
    for shape in [Shape::Ramp, Shape::Steps, Shape::FlashCrowd, Shape::MassDisconnect] {
        let (trace, scenario) = (shape.trace(1), scenario(40));
        let best = run(&trace, &mut Clairvoyant::new(&trace, &scenario), &scenario).figures;
        assert!(best.under_share < 0.003, "{shape:?}: {best:?}");
        let ours = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario).figures;
        assert!(ours.server_hours > best.server_hours, "{shape:?}: {ours:?} {best:?}");
    }
}

#[test]
fn the_hpa_sees_a_flash_crowd_later_and_climbs_in_steps() {
    let (trace, scenario) = (Shape::FlashCrowd.trace(1), scenario(40));
    let ours = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario);
    for metric in [Metric::Connections, Metric::Cpu] {
        let theirs = run(&trace, &mut Hpa::new(metric, &scenario.policy), &scenario);
        assert!(ours.figures.under_share < theirs.figures.under_share, "{metric:?}");
        assert!(ours.figures.recover < theirs.figures.recover, "{metric:?}");
    }
}

#[test]
fn a_million_connections_on_a_thousand_servers_take_less_than_ten_seconds() {
    let points = "0,20000\n600,1000000\n3000,1000000\n3600,200000\n";
    let trace = Trace::from_csv("a million", points.as_bytes()).unwrap();
    let policy = Policy { target: NonZeroU32::new(1_000).unwrap(), ..scenario(1_000).policy };
    let scenario = Scenario { policy, ..Scenario::default() };
    let begin = Instant::now();
    let run = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(run.serving.iter().max() >= Some(&900));
}

#[test]
fn looking_ahead_is_short_of_servers_for_less_time_on_a_ramp() {
    let (trace, scenario) = (Shape::Ramp.trace(1), scenario(40));
    let early = Policy { look_ahead: Duration::from_secs(15), ..scenario.policy.clone() };
    let with = run(&trace, &mut Hubbub::new(early), &scenario).figures;
    let without = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario).figures;
    assert!(with.under_share < without.under_share / 2.0, "{with:?} {without:?}");
}

#[test]
fn an_allocator_that_packs_moves_nobody_and_pays_with_servers() {
    let (trace, scenario) = (Shape::Ramp.trace(1), scenario(40));
    let agones = run(&trace, &mut Agones::new(scenario.policy.clone()), &scenario).figures;
    let ours = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario).figures;
    assert!(agones.moved < 1.0 && agones.server_hours > ours.server_hours, "{agones:?} {ours:?}");
}

#[test]
fn after_a_flash_crowd_sessions_move_to_the_servers_that_are_new() {
    let (trace, scenario) = (Shape::FlashCrowd.trace(1), scenario(40));
    let ours = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario).figures;
    let still = Policy { rebalance: None, ..scenario.policy.clone() };
    let without = run(&trace, &mut Hubbub::new(still), &scenario).figures;
    assert!(ours.balanced > 0.0 && without.balanced < 1.0, "{ours:?} {without:?}");
}
