//! Stage 7, no client: which servers get no more sessions and keep those that they have: while servers are replaced those
//! of the older template, and while connections move those that have more than the average.
//!
//! Kubernetes starts new servers before it deletes old ones (`maxUnavailable: 0`), and those that are deleted send their
//! sessions away. Were the Service to send some of them to another old server, they would have to move once more.

use std::num::NonZeroU32;

use hubbub_scaling::Phase;

use super::drain::Step;
use super::observe::Server;

/// Once the new servers have this many halves of the target on average, the old ones get sessions again: a rollout that
/// is stuck, since a node is full or an image is broken on some of them, must not fill the few that started. More than
/// the target, so that this and the other edge are not crossed in turn.
const TOO_FULL_HALVES: u64 = 3;

/// Which servers get no more sessions, or get some again. Those of the new template as it was decided (`decided`), which
/// holds nobody while servers are replaced, are being emptied, or Redis is away: so whoever was held before gets
/// sessions again then, also from an operator that was just started.
///
/// Nobody is held on a decision that leaves no server in the Service, such as when those below the average are some that
/// somebody took out of it.
///
/// Old ones get none as soon as a new one is ready and the new ones have less than their target on average. When the new
/// ones are gone or unready, have half as much again, or the rollout is undone, they get some again.
pub fn steps(
    servers: &[Server],
    template: Option<&str>,
    target: NonZeroU32,
    decided: &[String],
) -> Vec<Step> {
    let new = |server: &&Server| server.template.as_deref() == template;
    let ready = |server: &&Server| server.phase == Phase::Serving && server.ready && !server.held;
    let (count, connections) = servers
        .iter()
        .filter(|server| new(server) && ready(server))
        .filter_map(|server| server.answer.connections())
        .fold((0_u64, 0_u64), |(count, sum), connections| (count + 1, sum + u64::from(connections)));
    let full = count * u64::from(target.get());
    let decided = |server: &Server| decided.contains(&server.name);
    let some_take = servers
        .iter()
        .any(|server| server.phase == Phase::Serving && server.ready && server.takes && !decided(server));
    let (room, some_room) = (connections < full, connections * 2 < full * TOO_FULL_HALVES);
    servers
        .iter()
        .filter(|server| server.phase == Phase::Serving)
        .filter_map(|server| {
            let hold = match (new(&server), server.held) {
                (true, _) => some_take && decided(server),
                (false, true) => some_room,
                (false, false) => room,
            };
            match (server.held, hold) {
                (false, true) => Some(Step::Hold(server.name.clone())),
                (true, false) => Some(Step::Release(server.name.clone())),
                _ => None,
            }
        })
        .collect()
}
