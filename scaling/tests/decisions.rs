//! One rule each, told as a story of seconds.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::num::NonZeroU32;
use std::time::Duration;

use hubbub_scaling::{
    Amount, Behavior, Bounds, Decision, Headroom, Intake, Limit, Memory, Moment, Observation, Owner, Pace,
    Phase, Pod, Policy, Readings, Rebalance, Rules, RushRule, Schedule, Select, Signals, Tolerance, decide,
};

fn policy() -> Policy {
    Policy {
        target: NonZeroU32::new(500).unwrap(),
        bounds: Bounds::new(1, 10).unwrap(),
        tolerance: Tolerance::new(0.1).unwrap(),
        drain_deadline: Duration::from_secs(45),
        ..Policy::default()
    }
}

fn pod(name: &str, connections: u32) -> Pod {
    Pod {
        name: name.to_owned(),
        phase: Phase::Serving,
        ready: true,
        connections: Some(connections),
        readings: Some(Readings::default()),
        current_template: true,
        created: Moment::from_secs(0),
    }
}

fn silent(name: &str) -> Pod {
    Pod { connections: None, readings: None, ..pod(name, 0) }
}

fn draining(name: &str, connections: u32, since: u64) -> Pod {
    Pod { phase: Phase::Draining { since: Moment::from_secs(since) }, ready: false, ..pod(name, connections) }
}

fn seen(asked: u32, pods: Vec<Pod>) -> Observation {
    Observation { asked: Some(asked), pods, rollout: false, engine_healthy: true }
}

/// A decision after a whole window in which everything was as it is now.
fn settled(policy: &Policy, seen: &Observation) -> Decision {
    let (_, memory) = decide(policy, seen, Memory::default(), Moment::from_secs(1_000));
    decide(policy, seen, memory, Moment::from_secs(1_300)).0
}

fn at_once(policy: &Policy, seen: &Observation) -> Decision {
    decide(policy, seen, Memory::default(), Moment::from_secs(1_000)).0
}

#[test]
fn before_the_first_time_the_minimum_is_asked_for() {
    let nothing = Observation { asked: None, ..seen(0, vec![]) };
    let min_two = Policy { bounds: Bounds::new(2, 10).unwrap(), ..policy() };
    assert_eq!(at_once(&min_two, &nothing).ask, 2);
    assert_eq!(at_once(&Policy { paused: true, ..min_two.clone() }, &nothing).ask, 2);
    assert_eq!(at_once(&Policy { pinned: Some(4), ..min_two }, &nothing).ask, 4);
}

#[test]
fn it_grows_at_once_to_what_brings_servers_back_to_the_target() {
    let decision = at_once(&policy(), &seen(1, vec![pod("a", 1_234)]));
    assert_eq!((decision.replicas, decision.ask), (3, 3));
    assert_eq!(decision.reason, "1,234 connections need 3 servers at 500 each");
    assert_eq!((decision.limited_by, decision.owner), (None, Owner::Operator));
}

#[test]
fn it_grows_to_the_maximum_and_says_so() {
    let decision = at_once(&policy(), &seen(1, vec![pod("a", 6_000)]));
    assert_eq!(decision.replicas, 10);
    assert_eq!(decision.limited_by, Some(Limit::Max));
    assert_eq!(decision.reason, "6,000 connections need 12 servers at 500 each; the maximum is 10");
}

#[test]
fn it_shrinks_only_when_nothing_more_was_needed_for_the_whole_window() {
    let many = seen(3, vec![pod("a", 500), pod("b", 450), pod("c", 400)]);
    let few = seen(3, vec![pod("a", 100), pod("b", 50), pod("c", 60)]);
    let (_, memory) = decide(&policy(), &many, Memory::default(), Moment::from_secs(0));
    let (early, memory) = decide(&policy(), &few, memory, Moment::from_secs(299));
    assert_eq!((early.replicas, early.limited_by), (3, Some(Limit::Window)));
    assert_eq!(early.reason, "210 connections need 1 server at 500 each; more were needed in the last 300 s");
    let (late, _) = decide(&policy(), &few, memory, Moment::from_secs(300));
    assert_eq!((late.replicas, late.ask), (1, 3));
    assert_eq!(late.victims, ["b", "c"]);
    assert_eq!(late.reason, "210 connections need 1 server at 500 each");
}

#[test]
fn a_window_that_is_the_same_up_and_down_is_told_by_the_way_that_it_keeps_from() {
    let rules = Rules { stabilization: Duration::from_mins(1), policies: Vec::new(), select: Select::Max };
    let steady = Policy { behavior: Behavior { up: rules.clone(), down: rules }, ..policy() };
    let fewer = at_once(&steady, &seen(2, vec![pod("a", 100), pod("b", 110)]));
    assert_eq!(fewer.reason, "210 connections need 1 server at 500 each; more were needed in the last 60 s");
    let more = at_once(&steady, &seen(1, vec![pod("a", 1_000)]));
    assert_eq!(
        more.reason,
        "1,000 connections need 2 servers at 500 each; fewer were needed in the last 60 s"
    );
}

#[test]
fn a_server_that_did_not_answer_counts_as_full_when_shrinking_and_as_empty_when_growing() {
    let names = ["a", "b", "c", "d", "e"];
    let mut pods: Vec<Pod> = names.iter().map(|name| pod(name, 400)).collect();
    pods[0] = silent("a");
    let decision = settled(&policy(), &seen(5, pods.clone()));
    assert_eq!(decision.replicas, 5, "{}", decision.reason);
    for pod in &mut pods[1..] {
        pod.connections = Some(100);
    }
    // 400 counted and 500 for the silent one: two servers will do, and the silent one is not the first to go.
    let decision = settled(&policy(), &seen(5, pods));
    assert_eq!(decision.replicas, 2);
    assert_eq!(decision.victims, ["b", "c", "d"]);
}

#[test]
fn nothing_shrinks_while_more_than_a_fifth_of_the_servers_do_not_answer() {
    let decision = settled(&policy(), &seen(3, vec![pod("a", 0), pod("b", 0), silent("c")]));
    assert_eq!((decision.replicas, decision.ask, decision.limited_by), (3, 3, Some(Limit::Unseen)));
    assert!(decision.victims.is_empty());
    assert_eq!(
        decision.reason,
        "0 connections need 1 server at 500 each; nothing shrinks while 1 of 3 servers do not answer"
    );
}

#[test]
fn nothing_shrinks_while_the_engine_is_away_or_servers_are_replaced() {
    let idle = seen(3, vec![pod("a", 0), pod("b", 0), pod("c", 0)]);
    let away = settled(&policy(), &Observation { engine_healthy: false, ..idle.clone() });
    assert_eq!((away.replicas, away.limited_by), (3, Some(Limit::Engine)));
    let rolling = settled(&policy(), &Observation { rollout: true, ..idle });
    assert_eq!((rolling.replicas, rolling.limited_by), (3, Some(Limit::Rollout)));
}

#[test]
fn a_lowered_maximum_waits_for_the_engine_too() {
    let capped = Policy { bounds: Bounds::new(1, 2).unwrap(), ..policy() };
    let pods = vec![pod("a", 500), pod("b", 500), pod("c", 500)];
    let away = Observation { engine_healthy: false, ..seen(3, pods.clone()) };
    let held = at_once(&capped, &away);
    assert_eq!((held.replicas, held.ask, held.victims.len()), (2, 3, 0));
    let back = at_once(&capped, &seen(3, pods));
    assert_eq!((back.replicas, back.ask, back.victims.len()), (2, 3, 1));
}

#[test]
fn it_asks_for_fewer_only_when_all_that_are_being_emptied_may_go() {
    let half = seen(3, vec![pod("a", 90), draining("b", 0, 1_290), draining("c", 4, 1_290)]);
    assert_eq!(settled(&policy(), &half).ask, 3);
    let done = seen(3, vec![pod("a", 94), draining("b", 0, 1_290), draining("c", 0, 1_290)]);
    assert_eq!(settled(&policy(), &done).ask, 1);
}

#[test]
fn an_empty_server_that_still_takes_sessions_does_not_go_before_the_deadline() {
    let deaf = |since| Pod { ready: true, ..draining("b", 0, since) };
    assert_eq!(settled(&policy(), &seen(2, vec![pod("a", 9), deaf(1_256)])).ask, 2);
    assert_eq!(settled(&policy(), &seen(2, vec![pod("a", 9), deaf(1_255)])).ask, 1);
}

#[test]
fn at_the_deadline_a_server_goes_with_whom_it_still_has() {
    let stuck = |since| seen(2, vec![pod("a", 9), draining("b", 3, since)]);
    assert_eq!(settled(&policy(), &stuck(1_256)).ask, 2);
    assert_eq!(settled(&policy(), &stuck(1_255)).ask, 1);
}

#[test]
fn growth_takes_back_who_is_being_emptied_before_it_asks_for_more() {
    let pods = vec![pod("a", 700), draining("b", 20, 990), draining("c", 80, 990)];
    let one = at_once(&policy(), &seen(3, pods.clone()));
    assert_eq!((one.replicas, one.ask, one.resume), (2, 3, vec!["c".to_owned()]));
    let mut more = pods;
    more[0].connections = Some(1_700);
    let all = at_once(&policy(), &seen(3, more));
    assert_eq!((all.replicas, all.ask, all.resume), (4, 4, vec!["c".to_owned(), "b".to_owned()]));
}

#[test]
fn servers_that_are_on_their_way_out_are_not_taken_back() {
    // Two were emptied, one is asked for, and Kubernetes has not deleted them yet.
    let lagging = seen(1, vec![pod("a", 90), draining("b", 0, 990), draining("c", 0, 990)]);
    let decision = settled(&policy(), &lagging);
    assert_eq!((decision.replicas, decision.ask), (1, 1));
    assert!(decision.resume.is_empty() && decision.victims.is_empty());
}

#[test]
fn connections_of_servers_that_leave_by_themselves_count() {
    let leaving = Pod { phase: Phase::Leaving, ready: false, ..pod("old", 400) };
    let decision = at_once(&policy(), &seen(1, vec![pod("a", 300), leaving]));
    assert_eq!(decision.replicas, 2);
}

#[test]
fn a_server_that_leaves_and_no_longer_answers_counts_for_nothing() {
    let gone = Pod { phase: Phase::Leaving, ready: false, ..silent("gone") };
    let decision = settled(&policy(), &seen(2, vec![pod("a", 300), pod("b", 100), gone]));
    assert_eq!(decision.replicas, 1);
}

#[test]
fn victims_are_those_with_the_fewest_reconnects_then_unready_then_old_then_young() {
    let young = Pod { created: Moment::from_secs(900), ..pod("young", 5) };
    let outdated = Pod { current_template: false, ..pod("outdated", 5) };
    let unready = Pod { ready: false, ..pod("unready", 5) };
    let pods = vec![pod("busy", 6), pod("old", 5), young, outdated, unready, pod("idle", 4)];
    let pinned = Policy { pinned: Some(1), ..policy() };
    assert_eq!(at_once(&pinned, &seen(6, pods)).victims, ["idle", "unready", "outdated", "young", "old"]);
}

fn pinned(servers: u32) -> Policy {
    Policy { pinned: Some(servers), ..policy() }
}

#[test]
fn a_pinned_size_is_obeyed_even_outside_the_bounds() {
    let none = at_once(&pinned(0), &seen(2, vec![pod("a", 5), pod("b", 5)]));
    assert_eq!((none.replicas, none.ask, none.victims.len()), (0, 2, 2));
    assert_eq!((none.owner, none.reason.as_str()), (Owner::User, "pinned to 0 servers"));
    assert_eq!((none.limited_by, at_once(&pinned(12), &seen(1, vec![silent("a")])).ask), (None, 12));
}

#[test]
fn a_pinned_size_waits_for_the_engine_and_for_servers_that_do_not_answer_too() {
    let away = Observation { engine_healthy: false, ..seen(2, vec![pod("a", 5), pod("b", 5)]) };
    let held = at_once(&pinned(1), &away);
    assert_eq!((held.replicas, held.ask, held.victims.len()), (1, 2, 0));
    assert_eq!(held.limited_by, Some(Limit::Engine));
    assert_eq!(held.reason, "pinned to 1 server; nothing shrinks while the engine is away");
    let held = at_once(&pinned(1), &seen(2, vec![pod("a", 5), silent("b")]));
    assert_eq!((held.ask, held.victims.len(), held.limited_by), (2, 0, Some(Limit::Unseen)));
    assert_eq!(held.reason, "pinned to 1 server; nothing shrinks while 1 of 2 servers do not answer");
}

#[test]
fn a_pinned_size_does_not_empty_the_new_servers_of_a_rollout() {
    let old = |name| Pod { current_template: false, ..pod(name, 20) };
    let new = |name| Pod { created: Moment::from_secs(990), ..pod(name, 0) };
    let rollout = |pods| Observation { rollout: true, ..seen(3, pods) };
    for pods in [
        vec![old("o1"), old("o2"), old("o3"), new("n1")],
        vec![old("o1"), old("o2"), new("n1"), Pod { ready: false, ..new("n2") }],
    ] {
        let held = at_once(&pinned(2), &rollout(pods));
        assert_eq!((held.replicas, held.ask, held.limited_by), (2, 3, Some(Limit::Rollout)));
        assert!(held.victims.is_empty() && held.resume.is_empty());
        assert_eq!(held.reason, "pinned to 2 servers; nothing shrinks while servers are replaced");
    }
    let over = at_once(&pinned(2), &seen(3, vec![new("n1"), new("n2"), new("n3")]));
    assert_eq!((over.ask, over.victims.len(), over.reason.as_str()), (3, 1, "pinned to 2 servers"));
}

#[test]
fn a_new_server_that_is_being_emptied_is_taken_back_so_that_the_rollout_ends() {
    let old = Pod { current_template: false, ..pod("old", 20) };
    let pods = vec![old.clone(), pod("new", 20), draining("emptied", 0, 900)];
    let stuck = at_once(&pinned(2), &Observation { rollout: true, ..seen(2, pods) });
    assert_eq!((stuck.ask, stuck.resume), (2, vec!["emptied".to_owned()]));
    // An old one that is being emptied blocks nothing: it goes with the rollout.
    let going = Pod { current_template: false, ..draining("going", 0, 900) };
    let fine =
        at_once(&pinned(2), &Observation { rollout: true, ..seen(3, vec![old, going, pod("new", 20)]) });
    assert!(fine.resume.is_empty());
    // The Deployment was just made smaller, and its controller has not looked yet: no old server, no rollout.
    let lagging = seen(1, vec![pod("a", 20), draining("emptied", 0, 900)]);
    assert!(at_once(&pinned(1), &Observation { rollout: true, ..lagging }).resume.is_empty());
}

#[test]
fn a_server_that_never_starts_does_not_keep_a_pinned_size_from_shrinking() {
    let starting = Pod { ready: false, ..pod("starting", 0) };
    let fewer = at_once(&pinned(1), &seen(2, vec![pod("a", 30), starting]));
    assert_eq!(fewer.victims, ["starting"]);
    // Two that are asked for and not even there: nobody has to be emptied.
    let fewer = at_once(&pinned(1), &seen(3, vec![pod("a", 30)]));
    assert_eq!((fewer.ask, fewer.victims.len()), (1, 0));
    let fewer = at_once(&pinned(1), &seen(4, vec![pod("a", 30), pod("b", 9)]));
    assert_eq!((fewer.ask, fewer.victims), (4, vec!["b".to_owned()]));
}

#[test]
fn a_size_that_is_handed_back_shrinks_only_after_a_window() {
    let three = seen(3, vec![pod("a", 1), pod("b", 1), pod("c", 1)]);
    let pinned = Policy { pinned: Some(3), ..policy() };
    let (_, memory) = decide(&pinned, &three, Memory::default(), Moment::from_secs(0));
    let (_, memory) = decide(&pinned, &three, memory, Moment::from_secs(5_000));
    let (back, memory) = decide(&policy(), &three, memory, Moment::from_secs(5_001));
    assert_eq!(back.replicas, 3);
    assert_eq!(decide(&policy(), &three, memory, Moment::from_secs(5_300)).0.replicas, 1);
}

#[test]
fn paused_freezes_the_size_and_takes_back_who_is_being_emptied() {
    let paused = Policy { paused: true, pinned: Some(9), ..policy() };
    let decision = settled(&paused, &seen(2, vec![pod("a", 5_000), draining("b", 3, 1_290)]));
    assert_eq!((decision.replicas, decision.ask, decision.resume), (2, 2, vec!["b".to_owned()]));
    assert_eq!(decision.reason, "paused at 2 servers");
}

#[test]
fn a_dry_run_tells_but_does_not_act() {
    let decision = at_once(&Policy { dry_run: true, ..policy() }, &seen(1, vec![pod("a", 1_234)]));
    assert!(!decision.act);
    assert_eq!(decision.replicas, 3);
}

#[test]
fn within_the_tolerance_the_reason_says_so() {
    let decision = at_once(&policy(), &seen(2, vec![pod("a", 540), pod("b", 510)]));
    assert_eq!(decision.reason, "1,050 connections on 2 servers are within 10 % of 500 each");
}

fn rules(policies: Vec<Pace>, select: Select) -> Rules {
    Rules { stabilization: Duration::ZERO, policies, select }
}

#[test]
fn it_grows_and_shrinks_no_faster_than_its_behavior_allows_and_says_so() {
    let two_a_minute = Pace { amount: Amount::Pods(2), period: Duration::from_mins(1) };
    let one_a_minute = Pace { amount: Amount::Pods(1), period: Duration::from_mins(1) };
    let paced = Policy {
        behavior: Behavior {
            up: rules(vec![two_a_minute], Select::Max),
            down: rules(vec![one_a_minute], Select::Max),
        },
        ..policy()
    };
    let grown = at_once(&paced, &seen(1, vec![pod("a", 4_000)]));
    assert_eq!((grown.replicas, grown.limited_by), (3, Some(Limit::Pace)));
    assert_eq!(
        grown.reason,
        "4,000 connections need 8 servers at 500 each; spec.scaling.behavior allows no more at a time"
    );
    let idle = seen(3, vec![pod("a", 9), pod("b", 9), pod("c", 9)]);
    let shrunk = at_once(&paced, &idle);
    assert_eq!((shrunk.replicas, shrunk.victims.len(), shrunk.limited_by), (2, 1, Some(Limit::Pace)));
    let never = Behavior { down: rules(vec![], Select::Disabled), ..Behavior::default() };
    let held = settled(&Policy { behavior: never, ..policy() }, &idle);
    assert_eq!((held.replicas, held.limited_by), (3, Some(Limit::Pace)));
    assert_eq!(held.reason, "27 connections need 1 server at 500 each; spec.scaling.behavior forbids it");
}

#[test]
fn a_maximum_that_is_lowered_holds_at_once_whatever_the_pace() {
    let slow = Behavior { down: rules(vec![], Select::Disabled), ..Behavior::default() };
    let capped = Policy { bounds: Bounds::new(1, 2).unwrap(), behavior: slow, ..policy() };
    let decision = at_once(&capped, &seen(3, vec![pod("a", 500), pod("b", 500), pod("c", 500)]));
    assert_eq!((decision.replicas, decision.limited_by), (2, Some(Limit::Max)));
}

#[test]
fn free_places_are_kept_beside_the_connections_and_named() {
    let roomy = Policy { headroom: Headroom { places: 200, percent: 10 }, ..policy() };
    let grown = at_once(&roomy, &seen(2, vec![pod("a", 500), pod("b", 500)]));
    assert_eq!(grown.replicas, 3);
    assert_eq!(grown.reason, "1,000 connections and 200 free places need 3 servers at 500 each");
    let many = at_once(&roomy, &seen(8, (0..8).map(|name| pod(&name.to_string(), 500)).collect()));
    assert_eq!(many.reason, "4,000 connections and 400 free places on 8 servers are within 10 % of 500 each");
    assert_eq!(settled(&roomy, &seen(2, vec![pod("a", 20), pod("b", 30)])).replicas, 1);
}

#[test]
fn servers_are_added_for_connections_that_are_coming_and_never_taken_for_those_that_are_leaving() {
    let early = Policy { look_ahead: Duration::from_secs(20), ..policy() };
    let story = |policy: &Policy, step: i32| {
        let (mut memory, mut last) = (Memory::default(), None);
        for second in 0..30_i32 {
            let connections = u32::try_from(500 + step * second).unwrap();
            let now = Moment::from_secs(1_000 + u64::try_from(second).unwrap());
            let (decision, next) = decide(policy, &seen(1, vec![pod("a", connections)]), memory, now);
            memory = next;
            if decision.replicas > 1 {
                return Some((second, decision.reason));
            }
            last = Some(decision.replicas);
        }
        assert_eq!(last, Some(1));
        None
    };
    let (without, _) = story(&policy(), 4).unwrap();
    let (with, reason) = story(&early, 4).unwrap();
    assert!(with < without, "{with} {without}");
    assert!(reason.contains(" more within 20 s need 2 servers at 500 each"), "{reason}");
    assert_eq!(story(&early, -4), None);
}

#[test]
fn a_schedule_raises_the_minimum_in_its_hours_but_not_above_the_maximum() {
    // The stories here are told at 00:16:40 of a day, and a window later.
    let nightly = |min| Schedule::new("15 0 * * *", "0 1 * * *", "UTC", min).unwrap();
    let at_night = Policy { schedules: vec![nightly(4), nightly(2)], ..policy() };
    let decision = settled(&at_night, &seen(1, vec![pod("a", 9)]));
    assert_eq!((decision.replicas, decision.limited_by), (4, Some(Limit::Min)));
    assert_eq!(decision.reason, "9 connections need 1 server at 500 each; the minimum is 4");
    let too_many = Policy { schedules: vec![nightly(40)], ..policy() };
    assert_eq!(settled(&too_many, &seen(1, vec![pod("a", 9)])).replicas, 10);
    let by_day =
        Policy { schedules: vec![Schedule::new("0 8 * * *", "0 18 * * *", "UTC", 4).unwrap()], ..policy() };
    assert_eq!(settled(&by_day, &seen(1, vec![pod("a", 9)])).replicas, 1);
}

#[test]
fn in_a_rush_it_grows_at_once_whatever_the_pace_and_nothing_shrinks_for_a_minute() {
    let one_a_minute = Pace { amount: Amount::Pods(1), period: Duration::from_mins(1) };
    let behavior = Behavior { up: rules(vec![one_a_minute], Select::Max), down: rules(vec![], Select::Max) };
    let rush = Some(RushRule { percent: 200, window: Duration::from_secs(6) });
    let ready = Policy { behavior, rush, ..policy() };
    let crowd = seen(2, vec![pod("a", 1_400), pod("b", 1_300)]);
    let (first, memory) = decide(&ready, &crowd, Memory::default(), Moment::from_secs(100));
    assert_eq!((first.replicas, first.limited_by), (3, Some(Limit::Pace)));
    let (then, memory) = decide(&ready, &crowd, memory, Moment::from_secs(106));
    assert_eq!((then.replicas, then.limited_by), (6, None));
    let gone = seen(6, ["a", "b", "c", "d", "e", "f"].map(|name| pod(name, 20)).to_vec());
    let (held, memory) = decide(&ready, &gone, memory, Moment::from_secs(165));
    assert_eq!((held.replicas, held.limited_by), (6, Some(Limit::Rush)));
    assert_eq!(
        held.reason,
        "120 connections need 1 server at 500 each; nothing shrinks within a minute of a rush"
    );
    assert_eq!(decide(&ready, &gone, memory, Moment::from_secs(166)).0.replicas, 1);
}

/// What moves when this has been seen for as long as a round of moves takes.
fn moved(policy: &Policy, seen: &Observation) -> Vec<(String, u32)> {
    let (first, memory) = decide(policy, seen, Memory::default(), Moment::from_secs(1_000));
    assert_eq!(first.moves, [], "the operator before may have begun a round");
    let (early, memory) = decide(policy, seen, memory, Moment::from_secs(1_011));
    assert_eq!(early.moves, []);
    let moves = decide(policy, seen, memory, Moment::from_secs(1_012)).0.moves;
    moves.into_iter().map(|one| (one.from, one.connections)).collect()
}

fn shed(from: &str, connections: u32) -> (String, u32) {
    (from.to_owned(), connections)
}

#[test]
fn after_growth_servers_above_the_average_shed_what_they_have_above_it() {
    let grown = seen(4, vec![pod("a", 640), pod("b", 560), pod("c", 0), pod("d", 400)]);
    assert_eq!(moved(&policy(), &grown), [shed("a", 240), shed("b", 160)]);
    let slow = Rebalance { per_second: NonZeroU32::new(10).unwrap() };
    let slowly = Policy { rebalance: Some(slow), ..policy() };
    assert_eq!(moved(&slowly, &grown), [shed("a", 90), shed("b", 10)], "100 in 10 s");
    assert_eq!(moved(&Policy { rebalance: None, ..policy() }, &grown), []);
}

#[test]
fn rounds_of_moves_do_not_overlap() {
    let grown = seen(2, vec![pod("a", 1_000), pod("b", 0)]);
    let (mut memory, mut begun) = (Memory::default(), Vec::new());
    for second in 0..40 {
        let (decision, next) = decide(&policy(), &grown, memory, Moment::from_secs(second));
        memory = next;
        if !decision.moves.is_empty() {
            begun.push(second);
        }
    }
    assert_eq!(begun, [12, 24, 36]);
}

#[test]
fn only_servers_that_stay_and_take_sessions_and_answer_are_counted_on() {
    let unready = Pod { ready: false, ..pod("unready", 0) };
    let pods = ["b", "c", "d", "e", "f"].map(|name| pod(name, 500));
    let others = |more: Vec<Pod>| seen(7, [vec![pod("a", 500)], pods.to_vec(), more].concat());
    assert_eq!(moved(&policy(), &others(vec![unready])), []);
    assert_eq!(moved(&policy(), &others(vec![silent("silent")])), []);
    // 3,000 on 7.
    assert_eq!(moved(&policy(), &others(vec![pod("new", 0)])).len(), 6);
}

#[test]
fn nobody_is_moved_while_servers_go_or_are_replaced_or_the_engine_is_away() {
    let fine = seen(3, vec![pod("a", 900), pod("b", 300), pod("c", 300)]);
    assert_eq!(moved(&policy(), &fine), [shed("a", 400)]);
    assert_eq!(moved(&policy(), &Observation { engine_healthy: false, ..fine.clone() }), []);
    assert_eq!(moved(&policy(), &Observation { rollout: true, ..fine.clone() }), []);
    assert_eq!(moved(&Policy { paused: true, ..policy() }, &fine), []);
    assert_eq!(moved(&Policy { pinned: Some(2), ..policy() }, &fine), [], "c is about to be emptied");
    let with = |more: Pod| seen(3, [fine.pods.clone(), vec![more]].concat());
    assert_eq!(moved(&policy(), &with(draining("d", 5, 990))), []);
    let leaving = Pod { phase: Phase::Leaving, ready: false, ..pod("d", 5) };
    assert_eq!(moved(&policy(), &with(leaving.clone())), []);
    // Its node is gone, and it will be there for hours.
    assert_eq!(moved(&policy(), &with(Pod { connections: None, ..leaving })), [shed("a", 400)]);
    let two_silent = seen(5, vec![pod("a", 900), pod("b", 300), pod("c", 300), silent("d"), silent("e")]);
    assert_eq!(moved(&policy(), &two_silent), []);
}

#[test]
fn a_pinned_size_is_balanced_too() {
    let scaled = seen(2, vec![pod("a", 300), pod("b", 0)]);
    assert_eq!(moved(&pinned(2), &scaled), [shed("a", 150)]);
}

#[test]
fn an_excess_that_troubles_nobody_is_left() {
    let few = seen(3, vec![pod("a", 12), pod("b", 1), pod("c", 3)]);
    assert_eq!(moved(&policy(), &few), []);
    let small = Policy { target: NonZeroU32::new(10).unwrap(), ..policy() };
    assert_eq!(moved(&small, &few), [shed("a", 6)]);
}

fn busy(name: &str, readings: Readings) -> Pod {
    Pod { readings: Some(readings), ..pod(name, 300) }
}

fn follows(signals: Signals) -> Policy {
    Policy { signals, ..policy() }
}

#[test]
fn without_a_target_a_signal_is_not_looked_at() {
    let worst = Readings {
        send_queue_bytes: u64::MAX,
        event_loop_lag_micros: u64::MAX,
        accepts_per_second: u64::MAX,
        refused: 0,
        put_off: 0,
    };
    let decision = settled(&policy(), &seen(2, vec![busy("a", worst), busy("b", worst)]));
    assert_eq!((decision.replicas, decision.limited_by), (2, None));
    let every = Signals {
        send_queue_bytes: NonZeroU32::new(1),
        event_loop_lag_micros: NonZeroU32::new(1),
        accepts_per_second: NonZeroU32::new(1),
    };
    assert_eq!(at_once(&follows(every), &seen(2, vec![busy("a", worst), busy("b", worst)])).replicas, 10);
}

#[test]
fn each_signal_grows_is_within_and_shrinks_as_connections_do_and_says_so_in_its_own_words() {
    let queues = follows(Signals { send_queue_bytes: NonZeroU32::new(16 << 20), ..Signals::default() });
    let waiting = |mib: u64| Readings { send_queue_bytes: mib << 20, ..Readings::default() };
    let grown = at_once(&queues, &seen(2, vec![busy("a", waiting(40)), busy("b", waiting(8))]));
    assert_eq!(grown.replicas, 3);
    assert_eq!(grown.reason, "48 MiB in send queues need 3 servers at 16 MiB each");

    let prompt = follows(Signals { event_loop_lag_micros: NonZeroU32::new(50_000), ..Signals::default() });
    let late = |ms: u64| Readings { event_loop_lag_micros: ms * 1_000, ..Readings::default() };
    let grown = at_once(&prompt, &seen(2, vec![busy("a", late(200)), busy("b", late(60))]));
    assert_eq!(grown.replicas, 6);
    assert_eq!(grown.reason, "a mean event-loop lag of 130 ms needs 6 servers at 50 ms each");
    let within = settled(&prompt, &seen(3, [50, 52, 54].map(|ms| busy("a", late(ms))).to_vec()));
    assert_eq!(within.replicas, 3);
    assert_eq!(within.reason, "a mean event-loop lag of 52 ms on 3 servers is within 10 % of 50 ms each");

    let calm = follows(Signals { accepts_per_second: NonZeroU32::new(100), ..Signals::default() });
    let taking = |accepts_per_second| Readings { accepts_per_second, ..Readings::default() };
    let shrunk =
        settled(&calm, &seen(5, ["a", "b", "c", "d", "e"].map(|name| busy(name, taking(65))).to_vec()));
    assert_eq!(shrunk.replicas, 4);
    assert_eq!(shrunk.reason, "325 new sessions a second need 4 servers at 100 each");
}

#[test]
fn a_server_that_does_not_say_how_busy_it_is_keeps_the_others() {
    let calm = follows(Signals { accepts_per_second: NonZeroU32::new(100), ..Signals::default() });
    let quiet = |name| Pod { readings: None, ..pod(name, 10) };
    let decision = settled(&calm, &seen(2, vec![quiet("a"), quiet("b")]));
    assert_eq!(decision.replicas, 2);
    assert_eq!(
        decision.reason,
        "0 new sessions a second on 2 servers, 2 of which did not tell and count as full"
    );
    assert_eq!(settled(&policy(), &seen(2, vec![quiet("a"), quiet("b")])).replicas, 1);
}

#[test]
fn nothing_shrinks_while_more_than_a_fifth_do_not_tell_what_is_looked_at() {
    let calm = follows(Signals { accepts_per_second: NonZeroU32::new(100), ..Signals::default() });
    let with_quiet = |quiet: usize| {
        let mut pods: Vec<Pod> = (0..10).map(|index| pod(&index.to_string(), 10)).collect();
        pods.iter_mut().take(quiet).for_each(|pod| pod.readings = None);
        settled(&calm, &seen(10, pods))
    };
    let two = with_quiet(2);
    assert_eq!((two.replicas, two.limited_by), (2, None), "they count as 100 each");
    let three = with_quiet(3);
    assert_eq!((three.replicas, three.limited_by), (10, Some(Limit::Unseen)));
    assert!(
        three.reason.ends_with("; nothing shrinks while 3 of 10 servers do not answer"),
        "{}",
        three.reason
    );
}

#[test]
fn those_that_full_servers_refuse_count_as_connections() {
    let full =
        |name, refused| Pod { readings: Some(Readings { refused, ..Readings::default() }), ..pod(name, 545) };
    let at = Moment::from_secs;
    let before = seen(2, vec![full("a", 7_000), full("b", 20)]);
    let (steady, memory) = decide(&policy(), &before, Memory::default(), at(100));
    assert_eq!(steady.reason, "1,090 connections on 2 servers are within 10 % of 500 each");
    // 100 in 2 s by the one, and the other was started again.
    let (grown, memory) = decide(&policy(), &seen(2, vec![full("a", 7_100), full("b", 6)]), memory, at(102));
    assert_eq!(grown.replicas, 3);
    assert_eq!(grown.reason, "1,090 connections and 53 refused a second need 3 servers at 500 each");
    // Nobody is refused any more.
    let (calm, _) = decide(&policy(), &seen(2, vec![full("a", 7_100), full("b", 6)]), memory, at(103));
    assert_eq!(calm.reason, "1,090 connections on 2 servers are within 10 % of 500 each");
}

#[test]
fn what_was_refused_while_a_server_did_not_answer_is_spread_over_that_time() {
    let full = |refused| Pod { readings: Some(Readings { refused, ..Readings::default() }), ..pod("a", 520) };
    let at = Moment::from_secs;
    let (_, memory) = decide(&policy(), &seen(1, vec![full(10)]), Memory::default(), at(100));
    let (_, memory) = decide(&policy(), &seen(1, vec![silent("a")]), memory, at(101));
    let (after, memory) = decide(&policy(), &seen(1, vec![full(1_010)]), memory, at(110));
    assert_eq!(after.reason, "520 connections and 100 refused a second need 2 servers at 500 each");
    // A look right after it measures nothing new, and forgets nothing either.
    let (again, _) = decide(&policy(), &seen(1, vec![full(1_011)]), memory, Moment::from_millis(110_020));
    assert_eq!(again.reason, after.reason);
}

#[test]
fn servers_are_emptied_one_batch_after_the_other_when_the_others_have_no_room_for_all() {
    let intake = Intake { places: 1_000, per_second: 500 };
    let tight = Policy { pinned: Some(2), intake, ..policy() };
    let full = vec![pod("a", 800), pod("b", 790), pod("c", 180), pod("d", 190)];
    let first = at_once(&tight, &seen(4, full));
    assert_eq!((first.ask, first.victims), (4, vec!["c".to_owned(), "d".to_owned()]));
    let fuller = vec![pod("a", 900), pod("b", 890), pod("c", 180), pod("d", 190)];
    let first = at_once(&tight, &seen(4, fuller));
    assert_eq!((first.ask, first.victims), (4, vec!["c".to_owned()]));
    // c is empty, and goes alone; then it is d's turn.
    let emptied = vec![pod("a", 990), pod("b", 980), draining("c", 0, 990), pod("d", 190)];
    assert_eq!(at_once(&tight, &seen(4, emptied)).ask, 3);
    let next = at_once(&tight, &seen(3, vec![pod("a", 960), pod("b", 950), pod("d", 250)]));
    assert_eq!((next.ask, next.victims), (3, vec!["d".to_owned()]));
}

#[test]
fn the_sessions_that_come_by_themselves_are_let_in_before_those_of_servers_that_go() {
    let taking = |name, accepts_per_second| Pod {
        readings: Some(Readings { accepts_per_second, ..Readings::default() }),
        ..pod(name, 400)
    };
    let pinned = Policy { pinned: Some(2), ..policy() };
    let victims = |accepts| {
        let pods = vec![taking("a", accepts), taking("b", accepts), pod("c", 300), pod("d", 310)];
        at_once(&pinned, &seen(4, pods)).victims
    };
    assert_eq!(victims(0), ["c", "d"]);
    assert_eq!(victims(495), ["c"], "10 a second for 30 s");
}

/// Who is held at these seconds of a story in which so much is seen, when rounds may begin from second 1,012 on.
fn held(policy: &Policy, story: &[(u64, &Observation)]) -> Vec<Vec<String>> {
    let uneven = seen(3, vec![pod("a", 640), pod("b", 560), pod("c", 0)]);
    let (_, mut memory) = decide(policy, &uneven, Memory::default(), Moment::from_secs(1_000));
    let mut held = Vec::new();
    for (second, seen) in story {
        let (decision, next) = decide(policy, seen, memory, Moment::from_secs(*second));
        memory = next;
        held.push(decision.hold);
    }
    held
}

#[test]
fn who_has_more_than_the_average_gets_no_sessions_until_the_round_ends_or_it_has_no_more() {
    let after = |a, b, c| seen(3, vec![pod("a", a), pod("b", b), pod("c", c)]);
    let (begin, middle, b_is_down, even) =
        (after(640, 560, 0), after(500, 450, 250), after(450, 380, 370), after(400, 400, 400));
    let story = [(1_011, &begin), (1_012, &begin), (1_017, &middle), (1_020, &b_is_down), (1_024, &even)];
    let told = held(&Policy { pinned: Some(3), ..policy() }, &story);
    assert_eq!(told, [vec![], vec!["a", "b"], vec!["a", "b"], vec!["a"], vec![]]);
}

#[test]
fn a_server_that_got_more_than_its_share_in_a_round_is_held_as_well() {
    let after = |a, b, c| seen(3, vec![pod("a", a), pod("b", b), pod("c", c)]);
    let (begin, share, more) = (after(640, 560, 0), after(400, 410, 430), after(400, 410, 600));
    let told =
        held(&Policy { pinned: Some(3), ..policy() }, &[(1_012, &begin), (1_018, &share), (1_019, &more)]);
    assert_eq!(
        told,
        [vec!["a", "b"], vec![], vec![]],
        "who is no more held is held in no later look of the round"
    );
    let early = after(640, 400, 640);
    let told = held(&Policy { pinned: Some(3), ..policy() }, &[(1_012, &begin), (1_013, &early)]);
    assert_eq!(told[1], ["a", "c"]);
}

#[test]
fn nobody_is_held_while_redis_is_away_servers_are_replaced_or_more_come_than_are_let_in() {
    let pinned = Policy { pinned: Some(3), ..policy() };
    let begin = seen(3, vec![pod("a", 640), pod("b", 560), pod("c", 0)]);
    let away = Observation { engine_healthy: false, ..begin.clone() };
    let replaced = Observation { rollout: true, ..begin.clone() };
    let busy = Readings { accepts_per_second: 451, ..Readings::default() };
    let crowd = seen(3, vec![pod("a", 640), pod("b", 560), Pod { readings: Some(busy), ..pod("c", 0) }]);
    for seen in [&away, &replaced, &crowd] {
        let told = held(&pinned, &[(1_012, &begin), (1_013, seen)]);
        assert_eq!(told, [vec!["a", "b"], vec![]], "{seen:?}");
    }
    let put_off = |put_off| {
        let busy = Readings { put_off, ..Readings::default() };
        seen(3, vec![pod("a", 640), pod("b", 560), Pod { readings: Some(busy), ..pod("c", 0) }])
    };
    let (few, more) = (put_off(7), put_off(19));
    let story = [(1_011, &few), (1_012, &more), (1_014, &more), (1_016, &few), (1_018, &more)];
    let told = held(&pinned, &story);
    assert_eq!(
        told,
        [vec![], vec![], vec!["a", "b"], vec![], vec![]],
        "while some are put off, no round begins"
    );
    // An operator that was just started does not know whether a round runs.
    assert_eq!(at_once(&pinned, &begin).hold, [""; 0]);
}
