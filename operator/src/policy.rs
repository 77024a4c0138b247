//! `spec.scaling`, checked: what the crate `hubbub-scaling` decides by.

use std::num::NonZeroU32;
use std::time::Duration;

use hubbub_scaling::{
    Amount, Behavior, Bounds, Headroom, Intake, Pace, Policy, Rebalance, Rules, RushRule, Schedule, Select,
    Signals, Tolerance,
};

use crate::crd::{
    PaceKind, PaceSpec, RebalanceSpec, RulesSpec, RushSpec, ScalingSpec, ScheduleSpec, SelectSpec,
    SignalsSpec,
};
use crate::validate::{Invalid, number, positive};

/// How long beyond its drain time a server that is to go may still have connections: it is told up to three seconds
/// after it was chosen, and its last session goes at the end of its time, and needs a moment.
const DRAIN_MARGIN: Duration = Duration::from_secs(10);

/// In a millisecond.
const MICROS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// The policy of `spec.scaling` for servers that are emptied within so many seconds. Nobody pins the size.
///
/// # Errors
/// The first thing that is wrong.
pub fn policy(scaling: &ScalingSpec, drain_seconds: u32) -> Result<Policy, Invalid> {
    let most = i32::MAX.unsigned_abs();
    let target = positive("scaling.targetConnections", scaling.target_connections, most)?;
    let min = number("scaling.min", scaling.min, 1, 1_000)?;
    let max = number("scaling.max", scaling.max, 1, 1_000)?;
    let ahead = number("scaling.lookAheadSeconds", scaling.look_ahead_seconds, 0, 600)?;
    let usual = Behavior::default();
    Ok(Policy {
        target,
        signals: signals(&scaling.signals)?,
        bounds: Bounds::new(min, max)?,
        tolerance: Tolerance::new(scaling.tolerance)?,
        headroom: Headroom {
            places: number("scaling.headroom.places", scaling.headroom.places, 0, 1_000_000)?,
            percent: number("scaling.headroom.percent", scaling.headroom.percent, 0, 1_000)?,
        },
        look_ahead: Duration::from_secs(ahead.into()),
        schedules: scaling.schedules.iter().map(schedule).collect::<Result<_, _>>()?,
        rush: scaling.rush.as_ref().map(rush).transpose()?,
        behavior: Behavior {
            up: rules(&scaling.behavior.scale_up, usual.up.stabilization)?,
            down: rules(&scaling.behavior.scale_down, usual.down.stabilization)?,
        },
        rebalance: rebalance(&scaling.rebalance)?,
        intake: Intake::default(),
        drain: Duration::from_secs(drain_seconds.into()),
        drain_deadline: Duration::from_secs(drain_seconds.into()) + DRAIN_MARGIN,
        pinned: None,
        paused: scaling.paused,
        dry_run: scaling.dry_run,
    })
}

fn signals(spec: &SignalsSpec) -> Result<Signals, Invalid> {
    let target = |field, value: Option<i32>, max| value.map(|value| positive(field, value, max)).transpose();
    let queue = target("scaling.signals.sendQueueBytes", spec.send_queue_bytes, i32::MAX.unsigned_abs())?;
    let lag = target("scaling.signals.eventLoopLagMilliseconds", spec.event_loop_lag_milliseconds, 10_000)?;
    let accepts = target("scaling.signals.acceptsPerSecond", spec.accepts_per_second, 100_000)?;
    Ok(Signals {
        send_queue_bytes: queue,
        event_loop_lag_micros: lag.map(|millis| millis.saturating_mul(MICROS)),
        accepts_per_second: accepts,
    })
}

fn schedule(spec: &ScheduleSpec) -> Result<Schedule, Invalid> {
    let min = number("scaling.schedules.min", spec.min, 1, 1_000)?;
    Ok(Schedule::new(&spec.start, &spec.end, &spec.time_zone, min)?)
}

fn rush(spec: &RushSpec) -> Result<RushRule, Invalid> {
    let window = number("scaling.rush.windowSeconds", spec.window_seconds, 0, 600)?;
    let percent = number("scaling.rush.percent", spec.percent, 101, 10_000)?;
    Ok(RushRule { percent, window: Duration::from_secs(window.into()) })
}

fn rebalance(spec: &RebalanceSpec) -> Result<Option<Rebalance>, Invalid> {
    let field = "scaling.rebalance.reconnectsPerSecond";
    let per_second = positive(field, spec.reconnects_per_second, 10_000)?;
    Ok(spec.enabled.then_some(Rebalance { per_second }))
}

fn rules(spec: &RulesSpec, usual_window: Duration) -> Result<Rules, Invalid> {
    let window = spec
        .stabilization_window_seconds
        .map(|seconds| number("scaling.behavior.*.stabilizationWindowSeconds", seconds, 0, 86_400))
        .transpose()?;
    Ok(Rules {
        stabilization: window.map_or(usual_window, |seconds| Duration::from_secs(seconds.into())),
        policies: spec.policies.iter().map(pace).collect::<Result<_, _>>()?,
        select: match spec.select_policy {
            SelectSpec::Max => Select::Max,
            SelectSpec::Min => Select::Min,
            SelectSpec::Disabled => Select::Disabled,
        },
    })
}

fn pace(spec: &PaceSpec) -> Result<Pace, Invalid> {
    let value = number("scaling.behavior.*.policies.value", spec.value, 1, 1_000_000)?;
    let period = number("scaling.behavior.*.policies.periodSeconds", spec.period_seconds, 1, 1_800)?;
    let amount = match spec.kind {
        PaceKind::Pods => Amount::Pods(value),
        PaceKind::Percent => Amount::Percent(value),
    };
    Ok(Pace { amount, period: Duration::from_secs(period.into()) })
}
