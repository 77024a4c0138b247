//! What holds for every policy and everything that can be seen.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::num::NonZeroU32;
use std::time::Duration;

use hubbub_scaling::{
    Amount, Behavior, Bounds, Headroom, Intake, Memory, Moment, Observation, Pace, Phase, Pod, Policy,
    Readings, Recommendation, Rules, RushRule, Schedule, Select, Signals, Tolerance, decide, moves,
    recommend, to_hold,
};
use proptest::prelude::*;

const NOW: Moment = Moment::from_secs(100_000);

fn paces() -> impl Strategy<Value = Pace> {
    let amounts = prop_oneof![(0_u32..10).prop_map(Amount::Pods), (0_u32..300).prop_map(Amount::Percent),];
    (amounts, 1_u64..1_800).prop_map(|(amount, period)| Pace { amount, period: Duration::from_secs(period) })
}

fn rules() -> impl Strategy<Value = Rules> {
    let select = prop_oneof![3 => Just(Select::Max), 2 => Just(Select::Min), 1 => Just(Select::Disabled)];
    (0_u64..600, prop::collection::vec(paces(), 0..3), select).prop_map(|(window, policies, select)| Rules {
        stabilization: Duration::from_secs(window),
        policies,
        select,
    })
}

prop_compose! {
    fn signals()(
        queue in prop::option::of(1_u32..100_000_000),
        lag in prop::option::of(1_u32..1_000_000),
        accepts in prop::option::of(1_u32..1_000),
    ) -> Signals {
        Signals {
            send_queue_bytes: queue.and_then(NonZeroU32::new),
            event_loop_lag_micros: lag.and_then(NonZeroU32::new),
            accepts_per_second: accepts.and_then(NonZeroU32::new),
        }
    }
}

prop_compose! {
    fn readings()(
        send_queue_bytes in 0_u64..200_000_000,
        event_loop_lag_micros in 0_u64..2_000_000,
        accepts_per_second in 0_u64..2_000,
        refused in 0_u64..3_000,
        put_off in 0_u64..3_000,
    ) -> Readings {
        Readings { send_queue_bytes, event_loop_lag_micros, accepts_per_second, refused, put_off }
    }
}

prop_compose! {
    fn policies()(
        target in 1_u32..2_000,
        min in 1_u32..8,
        span in 0_u32..8,
        tolerance in 0.0_f64..=0.5,
        (up, down) in (rules(), rules()),
        signals in signals(),
        rush in prop::option::of((100_u32..400, 0_u64..10)),
        floor in prop::option::of(1_u32..20),
        (places, percent, ahead) in (0_u32..2_000, 0_u32..200, 0_u64..120),
    ) -> Policy {
        Policy {
            target: NonZeroU32::new(target).unwrap(),
            bounds: Bounds::new(min, min + span).unwrap(),
            tolerance: Tolerance::new(tolerance).unwrap(),
            behavior: Behavior { up, down },
            signals,
            headroom: Headroom { places, percent },
            look_ahead: Duration::from_secs(ahead),
            rush: rush.map(|(percent, window)| RushRule { percent, window: Duration::from_secs(window) }),
            // Always, from the first minute of the year on.
            schedules: floor
                .map(|min| Schedule::new("0 0 1 1 *", "59 23 31 12 *", "UTC", min).unwrap())
                .into_iter()
                .collect(),
            ..Policy::default()
        }
    }
}

fn phases() -> impl Strategy<Value = Phase> {
    prop_oneof![
        4 => Just(Phase::Serving),
        1 => (99_900_u64..100_000).prop_map(|since| Phase::Draining { since: Moment::from_secs(since) }),
        1 => Just(Phase::Leaving),
    ]
}

prop_compose! {
    fn pods()(
        parts in prop::collection::vec(
            (
                phases(),
                any::<bool>(),
                prop::option::weighted(0.8, 0_u32..3_000),
                prop::option::weighted(0.8, readings()),
                any::<bool>(),
                0_u64..100_000,
            ),
            0..16,
        ),
    ) -> Vec<Pod> {
        let one = |(index, (phase, ready, connections, readings, current_template, created)): (usize, _)| Pod {
            name: format!("chat-{index}"),
            phase,
            ready,
            connections,
            readings,
            current_template,
            created: Moment::from_secs(created),
        };
        parts.into_iter().enumerate().map(one).collect()
    }
}

prop_compose! {
    fn observations()(
        asked in prop::option::weighted(0.95, 0_u32..20),
        pods in pods(),
        rollout in prop::bool::weighted(0.1),
        engine_healthy in prop::bool::weighted(0.9),
    ) -> Observation {
        Observation { asked, pods, rollout, engine_healthy }
    }
}

/// A server of its own that takes sessions and has none.
fn fresh(name: &str) -> Pod {
    Pod {
        name: name.to_owned(),
        phase: Phase::Serving,
        ready: true,
        connections: Some(0),
        readings: None,
        current_template: true,
        created: Moment::from_secs(0),
    }
}

/// How far from the target each signal is, from -1 at the lower edge of the tolerance to 1 at the upper one, and which part
/// of it the first server has.
#[derive(Debug, Clone, Copy)]
struct Wobble {
    connections: f64,
    queue: f64,
    lag: f64,
    accepts: f64,
    first: f64,
}

prop_compose! {
    fn wobbles()(
        (connections, queue, lag, accepts) in (-1.0_f64..=1.0, -1.0_f64..=1.0, -1.0_f64..=1.0, -1.0_f64..=1.0),
        first in 0.0_f64..=1.0,
    ) -> Wobble {
        Wobble { connections, queue, lag, accepts, first }
    }
}

impl Wobble {
    fn of(self, policy: &Policy, servers: u32) -> Observation {
        let split = |target: Option<NonZeroU32>, part| self.split(policy, target, part, servers);
        let connections = split(Some(policy.target), self.connections);
        let queue = split(policy.signals.send_queue_bytes, self.queue);
        let lag = split(policy.signals.event_loop_lag_micros, self.lag);
        let accepts = split(policy.signals.accepts_per_second, self.accepts);
        let pods = (0..servers as usize).map(|index| Pod {
            name: format!("chat-{index}"),
            phase: Phase::Serving,
            ready: true,
            connections: Some(connections[index].try_into().unwrap()),
            readings: Some(Readings {
                send_queue_bytes: queue[index],
                event_loop_lag_micros: lag[index],
                accepts_per_second: accepts[index],
                refused: 0,
                put_off: 0,
            }),
            current_template: true,
            created: Moment::from_secs(0),
        });
        Observation { asked: Some(servers), pods: pods.collect(), rollout: false, engine_healthy: true }
    }

    /// What each server has. What is not looked at may be anything.
    fn split(self, policy: &Policy, target: Option<NonZeroU32>, part: f64, servers: u32) -> Vec<u64> {
        let at_target = f64::from(servers) * f64::from(target.map_or(1_000, NonZeroU32::get));
        let exact = at_target * (1.0 + part * policy.tolerance.get());
        // Rounded towards the target, so that it stays within.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number")]
        let sum = if part > 0.0 { exact.floor() } else { exact.ceil() } as u64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of a positive number that is far below 2^52"
        )]
        let first = (sum as f64 * self.first) as u64;
        let others = u64::from(servers - 1);
        let mut each = vec![(sum - first).checked_div(others).unwrap_or(0); servers as usize];
        each[0] = sum - each[1..].iter().sum::<u64>();
        each
    }
}

/// A memory that has seen the observation for a window.
fn settled(policy: &Policy, seen: &Observation) -> Memory {
    let before = Moment::from_secs(100_000 - policy.behavior.down.stabilization.as_secs());
    decide(policy, seen, Memory::default(), before).1
}

/// How many servers stay once those that are being emptied are gone.
fn staying(seen: &Observation) -> u32 {
    let alive = seen.pods.iter().filter(|pod| pod.phase != Phase::Leaving).count();
    let draining = seen.pods.iter().filter(|pod| matches!(pod.phase, Phase::Draining { .. })).count();
    let asked = seen.asked.unwrap_or(0) as usize;
    let surplus = alive.saturating_sub(asked);
    u32::try_from(asked.saturating_sub(draining.saturating_sub(surplus))).unwrap()
}

/// How many servers are there and not chosen to go.
fn serving(seen: &Observation) -> u32 {
    seen.pods.iter().filter(|pod| pod.phase == Phase::Serving).count().try_into().unwrap()
}

proptest! {
    #[test]
    fn the_size_is_never_outside_the_bounds(policy in policies(), seen in observations()) {
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        prop_assert!((policy.bounds.min()..=policy.bounds.max()).contains(&decision.replicas));
    }

    #[test]
    fn a_pinned_size_is_the_size(policy in policies(), seen in observations(), pinned in 0_u32..30) {
        let policy = Policy { pinned: Some(pinned), ..policy };
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        prop_assert_eq!(decision.replicas, pinned);
    }

    #[test]
    fn nothing_shrinks_on_missing_data(policy in policies(), mut seen in observations()) {
        for pod in &mut seen.pods {
            pod.connections = None;
            pod.readings = None;
        }
        prop_assume!(seen.pods.iter().any(|pod| pod.phase == Phase::Serving));
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        prop_assert!(decision.victims.is_empty());
        prop_assert!(decision.ask >= seen.asked.unwrap_or(0));
    }

    #[test]
    fn more_load_never_gives_fewer_servers(
        policy in policies(),
        seen in observations(),
        more in prop::collection::vec((0_u32..2_000, readings(), 0_u8..16), 16),
    ) {
        let memory = settled(&policy, &seen);
        let mut fuller = seen.clone();
        for (pod, (connections, more, which)) in fuller.pods.iter_mut().zip(more) {
            // Of any one of them, or of several.
            let of = |bit: u8, more: u64| if which & (1 << bit) == 0 { 0 } else { more };
            pod.connections = pod.connections.map(|before| before + connections);
            if let Some(readings) = &mut pod.readings {
                readings.send_queue_bytes += of(0, more.send_queue_bytes);
                readings.event_loop_lag_micros += of(1, more.event_loop_lag_micros);
                readings.accepts_per_second += of(2, more.accepts_per_second);
                readings.refused += of(3, more.refused);
            }
        }
        let (less, _) = decide(&policy, &seen, memory.clone(), NOW);
        let (more, _) = decide(&policy, &fuller, memory, NOW);
        prop_assert!(more.replicas >= less.replicas, "{} / {}", less.reason, more.reason);
    }

    #[test]
    fn the_same_trace_gives_the_same_decisions(
        policy in policies(),
        trace in prop::collection::vec((observations(), 1_u64..100), 1..20),
    ) {
        let replay = || {
            let (mut memory, mut at, mut decisions) = (Memory::default(), 0, Vec::new());
            for (seen, seconds) in &trace {
                at += seconds;
                let (decision, next) = decide(&policy, seen, memory, Moment::from_secs(at));
                memory = next;
                decisions.push(decision);
            }
            decisions
        };
        prop_assert_eq!(replay(), replay());
    }

    #[test]
    fn what_was_written_down_is_decided_again_in_the_same_way(
        policy in policies(),
        (pinned, paused) in (prop::option::weighted(0.1, 0_u32..30), prop::bool::weighted(0.1)),
        trace in prop::collection::vec((observations(), 1_u64..100), 1..10),
    ) {
        let policy = Policy { pinned, paused, ..policy };
        let (mut memory, mut at) = (Memory::default(), 0);
        for (seen, seconds) in &trace {
            at += seconds;
            let now = Moment::from_secs(at);
            let written = serde_json::to_string(&(&policy, seen, &memory, now)).unwrap();
            let (decision, next) = decide(&policy, seen, memory, now);
            let read: (Policy, Observation, Memory, Moment) = serde_json::from_str(&written).unwrap();
            prop_assert_eq!((&read.0, &read.1), (&policy, seen));
            let (again, memory_again) = decide(&read.0, &read.1, read.2, read.3);
            prop_assert_eq!(&again, &decision);
            prop_assert_eq!(&memory_again, &next);
            let decision_read: hubbub_scaling::Decision =
                serde_json::from_str(&serde_json::to_string(&decision).unwrap()).unwrap();
            prop_assert_eq!(decision_read, decision);
            memory = next;
        }
    }

    #[test]
    fn load_within_the_tolerance_never_changes_the_size(
        target in 1_u32..2_000,
        servers in 1_u32..50,
        tolerance in 0.0_f64..=0.5,
        part in -1.0_f64..=1.0,
    ) {
        let target = NonZeroU32::new(target).unwrap();
        let load = f64::from(servers) * f64::from(target.get()) * (1.0 + part * tolerance);
        // Rounded towards the target, so that it stays within.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let load = if part > 0.0 { load.floor() } else { load.ceil() } as u64;
        let load = hubbub_scaling::Load { low: load, high: load };
        let recommendation = recommend(load, servers, target, Tolerance::new(tolerance).unwrap());
        prop_assert_eq!(recommendation, Recommendation::Stay);
    }

    #[test]
    fn nothing_shrinks_when_a_signal_is_missing(policy in policies(), mut seen in observations()) {
        prop_assume!(policy.signals != Signals::default());
        for pod in &mut seen.pods {
            pod.readings = None;
        }
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        prop_assert!(decision.replicas >= staying(&seen).min(policy.bounds.max()));
    }

    /// Each look has another load, anywhere within the tolerance, and spread over the servers in another way.
    #[test]
    fn the_size_does_not_change_in_a_whole_trace_that_wobbles_within_the_tolerance(
        (up, down) in (rules(), rules()),
        (target, signals, tolerance) in (10_u32..2_000, signals(), 0.0_f64..=0.5),
        servers in 1_u32..20,
        trace in prop::collection::vec((wobbles(), 1_u64..900), 1..60),
    ) {
        let policy = Policy {
            target: NonZeroU32::new(target).unwrap(),
            bounds: Bounds::new(1, 30).unwrap(),
            tolerance: Tolerance::new(tolerance).unwrap(),
            behavior: Behavior { up, down },
            signals,
            ..Policy::default()
        };
        let (mut memory, mut at, mut asked) = (Memory::default(), 1_000, servers);
        for (wobble, seconds) in trace {
            at += seconds;
            let seen = wobble.of(&policy, asked);
            let (decision, next) = decide(&policy, &seen, memory, Moment::from_secs(at));
            memory = next;
            asked = decision.ask;
            prop_assert_eq!((decision.replicas, asked), (servers, servers), "{}", decision.reason);
            prop_assert!(decision.victims.is_empty());
        }
    }

    #[test]
    fn a_size_that_was_just_reached_is_not_left_at_the_same_load(
        target in 1_u32..2_000,
        servers in 1_u32..50,
        tolerance in 0.0_f64..=0.5,
        connections in 0_u64..100_000,
    ) {
        let target = NonZeroU32::new(target).unwrap();
        let tolerance = Tolerance::new(tolerance).unwrap();
        let load = hubbub_scaling::Load { low: connections, high: connections };
        if let Recommendation::Grow(to) | Recommendation::Shrink(to) = recommend(load, servers, target, tolerance) {
            prop_assert_eq!(recommend(load, to, target, tolerance), Recommendation::Stay);
        }
    }

    #[test]
    fn victims_serve_and_those_taken_back_are_being_emptied(policy in policies(), seen in observations()) {
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        let phase = |name: &String| seen.pods.iter().find(|pod| pod.name == *name).map(|pod| pod.phase);
        for victim in &decision.victims {
            prop_assert_eq!(phase(victim), Some(Phase::Serving));
        }
        for back in &decision.resume {
            let draining = matches!(phase(back), Some(Phase::Draining { .. }));
            prop_assert!(draining);
        }
        prop_assert!(decision.victims.is_empty() || decision.resume.is_empty());
        prop_assert!(decision.victims.len() <= (staying(&seen).saturating_sub(decision.replicas)) as usize);
    }

    #[test]
    fn nobody_who_stays_is_ever_deleted_by_asking_for_fewer(policy in policies(), seen in observations()) {
        let (decision, _) = decide(&policy, &seen, settled(&policy, &seen), NOW);
        prop_assert!(decision.ask >= staying(&seen).min(serving(&seen)));
        prop_assert!(decision.ask >= decision.replicas || decision.ask == seen.asked.unwrap_or(0));
    }

    #[test]
    fn moves_leave_nobody_below_the_average_who_was_above_it_and_no_more_than_fit_below_it(
        target in 1_u32..2_000,
        pods in pods(),
        most in 0_u32..5_000,
    ) {
        let shed = moves(&pods, NonZeroU32::new(target).unwrap(), most);
        let takes = |pod: &&Pod| pod.phase == Phase::Serving && pod.ready && pod.connections.is_some();
        let takers: Vec<&Pod> = pods.iter().filter(takes).collect();
        let all: u64 = takers.iter().filter_map(|pod| pod.connections).map(u64::from).sum();
        let servers = takers.len() as u64;
        let room: u64 =
            takers.iter().filter_map(|pod| (all / servers).checked_sub(pod.connections?.into())).sum();
        for one in &shed {
            let from = takers.iter().find(|pod| pod.name == one.from).and_then(|pod| pod.connections);
            // Somebody who neither sheds nor is counted on would be missing here.
            let left = u64::from(from.unwrap() - one.connections);
            prop_assert!(left * servers >= all, "{} is left with {left} of {all}", one.from);
        }
        let shed: u32 = shed.iter().map(|one| one.connections).sum();
        prop_assert!(shed <= most && u64::from(shed) <= room);
    }

    #[test]
    fn never_are_all_servers_held_and_none_at_or_below_the_average(pods in pods(), arriving in 0_u64..5_000) {
        let takes = |pod: &&Pod| pod.phase == Phase::Serving && pod.ready && pod.connections.is_some();
        let takers: Vec<&Pod> = pods.iter().filter(takes).collect();
        let all: u64 = takers.iter().filter_map(|pod| pod.connections).map(u64::from).sum();
        let held = to_hold(&pods, Intake::default(), arriving);
        prop_assert!(held.is_empty() || held.len() < takers.len());
        for name in held {
            let connections = takers.iter().find(|pod| pod.name == name).and_then(|pod| pod.connections);
            prop_assert!(u64::from(connections.unwrap()) * takers.len() as u64 > all);
        }
    }

    #[test]
    fn rounds_of_moves_bring_the_fullest_to_a_tenth_above_the_average_and_end(
        target in 100_u32..1_000,
        before in 1_usize..15,
        new in 1_usize..15,
        share in 0.3_f64..1.1,
        seed in any::<u64>(),
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut place = |pods: &mut [Pod], connections: u32| {
            for _ in 0..connections {
                let there = &mut pods[rng.usize(..pods.len())].connections;
                *there = there.map(|there| there + 1);
            }
        };
        let mut pods: Vec<Pod> = (0..before + new).map(|index| fresh(&format!("chat-{index}"))).collect();
        let servers = u32::try_from(pods.len()).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let all = (f64::from(servers * target) * share) as u32;
        place(&mut pods[..before], all);
        let mut rounds = 0;
        loop {
            let shed = moves(&pods, NonZeroU32::new(target).unwrap(), 500);
            if shed.is_empty() {
                break;
            }
            rounds += 1;
            prop_assert!(rounds < 2_000, "goes on for ever");
            let fullest = pods.iter().filter_map(|pod| pod.connections).max();
            for one in &shed {
                let pod = pods.iter_mut().find(|pod| pod.name == one.from).unwrap();
                prop_assert!(pod.connections <= fullest);
                pod.connections = pod.connections.map(|there| there - one.connections);
            }
            place(&mut pods, shed.iter().map(|one| one.connections).sum());
        }
        let fullest = pods.iter().filter_map(|pod| pod.connections).max().unwrap();
        // Or as even as whole connections can be.
        let even = u64::from(fullest) * u64::from(servers) * 10 <= u64::from(all) * 11;
        prop_assert!(even || fullest < all.div_ceil(servers) + (target / 50).max(1), "{pods:?}");
    }

    #[test]
    fn of_those_that_are_to_go_as_many_are_emptied_as_fit_into_the_free_places_of_the_others(
        policy in policies(),
        seen in observations(),
        intake in (0_u32..5_000, 0_u32..50),
        pinned in 0_u32..10,
    ) {
        let intake = Intake { places: intake.0, per_second: intake.1 };
        let policy = Policy { pinned: Some(pinned), intake, ..policy };
        let (decision, _) = decide(&policy, &seen, Memory::default(), NOW);
        let goes = |pod: &&Pod| decision.victims.contains(&pod.name);
        let stays = |pod: &&Pod| pod.phase == Phase::Serving && pod.ready && !decision.victims.contains(&pod.name);
        let leaving: u64 = seen.pods.iter().filter(goes).map(|pod| u64::from(pod.connections.unwrap_or(intake.places))).sum();
        let free: u64 = seen
            .pods
            .iter()
            .filter(stays)
            .filter_map(|pod| intake.places.checked_sub(pod.connections?))
            .map(u64::from)
            .sum();
        let nobody_stays = seen.pods.iter().all(|pod| pod.phase != Phase::Serving || goes(&pod));
        prop_assert!(decision.victims.len() <= 1 || nobody_stays || leaving <= free, "{leaving} into {free}");
        // The next are chosen when these are gone.
        let begun = !decision.victims.is_empty() || decision.ask < seen.asked.unwrap_or(0);
        let may = seen.engine_healthy && !seen.rollout && staying(&seen) > pinned;
        let draining = seen.pods.iter().any(|pod| matches!(pod.phase, Phase::Draining { .. }));
        let silent = seen.pods.iter().any(|pod| pod.phase == Phase::Serving && pod.connections.is_none());
        prop_assert!(begun || !may || draining || silent, "{}", decision.reason);
    }
}
