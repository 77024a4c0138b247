//! Time goes by.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use hubbub_scaling::Moment;

use crate::figures::{Figures, Meter};
use crate::{Autoscaler, Scenario, Trace, View, World};

/// What came of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// How good it was.
    pub figures: Figures,
    /// Each change of the number of servers that is asked for.
    pub log: Vec<Change>,
    /// The servers that took sessions, of each second.
    pub serving: Vec<u32>,
}

/// A change of the number of servers that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When, from the beginning of the trace.
    pub at: Duration,
    /// The number before.
    pub from: u32,
    /// The number after.
    pub to: u32,
    /// Why, in the autoscaler's words.
    pub reason: String,
}

/// What happens at a point in time. At the same time in this order: clients, servers, and then who looks at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Second(usize),
    Started(u32),
    Decide,
}

/// Lets a trace go by with an autoscaler.
pub fn run(trace: &Trace, autoscaler: &mut dyn Autoscaler, scenario: &Scenario) -> Run {
    let wanted = trace.wanted();
    let mut world = World::new(scenario, wanted[0], autoscaler.placement(), autoscaler.deletion());
    let mut meter = Meter::new(&scenario.policy);
    let mut log: Vec<Change> = Vec::new();
    let mut serving = Vec::with_capacity(wanted.len());
    let mut events = BinaryHeap::from([
        Reverse((Duration::from_secs(1), Event::Second(1))),
        // The operator and the kubelet do not tick together.
        Reverse((Duration::from_millis(1_500), Event::Decide)),
    ]);
    while let Some(Reverse((at, event))) = events.pop() {
        let now = Moment::from_millis(u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
        match event {
            Event::Second(second) => {
                world.second(wanted[second], now);
                meter.second(wanted[second], &world);
                serving.push(world.serving());
                if second + 1 == wanted.len() {
                    break;
                }
                events.push(Reverse((at + Duration::from_secs(1), Event::Second(second + 1))));
            }
            Event::Started(number) => world.started(number),
            Event::Decide => {
                let wanted = wanted[usize::try_from(at.as_secs()).unwrap_or(0).min(wanted.len() - 1)];
                let action = autoscaler.decide(&View { seen: world.seen(), wanted, now });
                let from = world.seen().asked.unwrap_or(0);
                world.drain(&action.drain, now);
                world.take_back(&action.take_back);
                world.shed(&action.shed);
                world.hold(&action.hold);
                for (number, takes) in world.ask(action.ask, now) {
                    events.push(Reverse((at + takes, Event::Started(number))));
                }
                if action.ask != from {
                    log.push(Change { at, from, to: action.ask, reason: action.reason });
                }
                events.push(Reverse((at + autoscaler.every(), Event::Decide)));
            }
        }
    }
    let figures = meter.figures(&world, log.len());
    Run { figures, log, serving }
}
