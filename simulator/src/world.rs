//! Servers, the sessions on them, and what Kubernetes does with servers.
//!
//! Sessions are counted for each server, and nothing more is known of one: a million of them take no more memory than
//! ten.

use std::cmp::Reverse;
use std::time::Duration;

use fastrand::Rng;
use hubbub_scaling::{Moment, Move, Observation, Phase, Pod, ROUND_SECONDS, Readings, servers_for};

use crate::Scenario;

/// The operator tells a server to drain when the Service knows that it goes: a second after it was chosen. A server that
/// is deleted waits for the Service as well.
const SERVICE_LAG: Duration = Duration::from_secs(1);

/// Where a new session goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// To any server that takes sessions, all as likely: kube-proxy.
    Random,
    /// To the fullest server that is not at its target: an allocator that packs, as that of Agones.
    Packed,
}

/// Which servers Kubernetes deletes when fewer are asked for: always those first that are not ready, and of them those
/// that are being emptied, which have the lowest deletion cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Then the youngest: a ReplicaSet.
    Youngest,
    /// Then those with the fewest sessions: a GameServerSet of Agones, which deletes none that are allocated.
    Emptiest,
}

/// Servers, the sessions on them, and what Kubernetes does with servers.
#[derive(Debug)]
pub struct World {
    seen: Observation,
    /// As many as there are pods, and in their order.
    details: Vec<Detail>,
    /// Clients that want to be connected and are not.
    waiting: u64,
    moved: u64,
    balanced: u64,
    /// What those had that were chosen to go, and what as many of the emptiest had at the time.
    chosen: u64,
    least: u64,
    made: u32,
    rng: Rng,
    start: (Duration, Duration),
    drain: Duration,
    /// The part of the clients that leaves in a second and is replaced.
    churn: f64,
    placement: Placement,
    deletion: Deletion,
    capacity: u32,
}

/// What is known of a server and is none of an autoscaler's business.
#[derive(Debug, Clone, Copy)]
struct Detail {
    number: u32,
    started: bool,
    /// Since when it sends sessions away, and how many in a second.
    away: Option<(Moment, u32)>,
    /// How many sessions it sends away to have no more than others, and how many of them in a second.
    shed: (u32, u32),
    /// Whether it is to get no sessions, and whether the Service knows, a second later.
    held: (bool, bool),
}

impl World {
    /// As many servers as so many clients need at the target, started and with these clients.
    pub fn new(scenario: &Scenario, wanted: u32, placement: Placement, deletion: Deletion) -> Self {
        let policy = &scenario.policy;
        let servers = policy.bounds.clamp(servers_for(wanted.into(), policy.target));
        let mut world = Self {
            seen: Observation {
                asked: Some(servers),
                pods: Vec::new(),
                rollout: false,
                engine_healthy: true,
            },
            details: Vec::new(),
            waiting: wanted.into(),
            moved: 0,
            balanced: 0,
            chosen: 0,
            least: 0,
            made: 0,
            rng: Rng::with_seed(scenario.seed),
            start: scenario.start,
            drain: scenario.drain,
            churn: 1.0 - (-1.0 / scenario.stay.as_secs_f64()).exp(),
            placement,
            deletion,
            capacity: policy.target.get(),
        };
        for _ in 0..servers {
            let number = world.make(Moment::from_secs(0));
            world.started(number);
        }
        world.place();
        world
    }

    /// What an autoscaler can see.
    pub fn seen(&self) -> &Observation {
        &self.seen
    }

    /// The sessions that had to go to another server because theirs went.
    pub fn moved(&self) -> u64 {
        self.moved
    }

    /// The sessions that had to go to another server because theirs had more than others.
    pub fn balanced(&self) -> u64 {
        self.balanced
    }

    /// The sessions of the servers that were chosen to go, over those of as many of the emptiest: 1 is the least possible.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn choice(&self) -> f64 {
        if self.least == 0 { 1.0 } else { self.chosen as f64 / self.least as f64 }
    }

    /// The servers that take sessions.
    pub fn serving(&self) -> u32 {
        self.seen.pods.iter().map(|pod| u32::from(takes(pod))).sum()
    }

    /// A second goes by, after which so many clients want to be connected.
    pub fn second(&mut self, wanted: u32, now: Moment) {
        let before = self.sessions() + self.waiting;
        let replaced = self.part(before, self.churn);
        let surplus = before.saturating_sub(replaced).saturating_sub(wanted.into());
        let leaving = (replaced + surplus).min(before);
        self.leave(leaving, before);
        self.waiting += u64::from(wanted).saturating_sub(before - leaving);
        self.send_away(now);
        self.balance();
        self.place();
        self.sweep();
        // The Service hears of a label a second after it was written.
        for detail in &mut self.details {
            detail.held.1 = detail.held.0;
        }
    }

    /// A server has started.
    pub fn started(&mut self, number: u32) {
        let Some(index) = self.details.iter().position(|detail| detail.number == number) else { return };
        self.details[index].started = true;
        self.seen.pods[index].ready = self.seen.pods[index].phase == Phase::Serving;
    }

    /// So many servers are asked for from now on. Those that are made are told, each with the time it takes to start.
    pub fn ask(&mut self, servers: u32, now: Moment) -> Vec<(u32, Duration)> {
        self.seen.asked = Some(servers);
        let present = self.seen.pods.iter().filter(|pod| pod.phase != Phase::Leaving).count();
        let servers = servers as usize;
        if servers < present {
            self.delete(present - servers, now);
        }
        (present..servers).map(|_| (self.make(now), self.starting_time())).collect()
    }

    /// These servers get no more sessions, and send away those that they have.
    pub fn drain(&mut self, names: &[String], now: Moment) {
        let victims = self.indices(names);
        self.note_choice(&victims);
        for index in victims {
            self.seen.pods[index].phase = Phase::Draining { since: now };
            self.begin_to_send_away(index, now);
        }
    }

    /// These servers are needed after all.
    pub fn take_back(&mut self, names: &[String]) {
        for index in self.indices(names) {
            self.seen.pods[index].phase = Phase::Serving;
            self.seen.pods[index].ready = self.details[index].started;
            self.details[index].away = None;
        }
    }

    /// Servers send so many sessions to others, and go on.
    pub fn shed(&mut self, moves: &[Move]) {
        for Move { from, connections } in moves {
            for index in self.indices(std::slice::from_ref(from)) {
                self.details[index].shed = (*connections, connections.div_ceil(ROUND_SECONDS));
            }
        }
    }

    /// These servers get no more sessions, and keep those that they have; all others get some.
    pub fn hold(&mut self, names: &[String]) {
        for (pod, detail) in self.seen.pods.iter().zip(&mut self.details) {
            detail.held.0 = names.contains(&pod.name);
        }
    }

    fn indices(&self, names: &[String]) -> Vec<usize> {
        let is_one = |index: &usize| names.contains(&self.seen.pods[*index].name);
        (0..self.seen.pods.len()).filter(is_one).collect()
    }

    fn sessions(&self) -> u64 {
        self.seen.pods.iter().map(sessions).sum()
    }

    fn make(&mut self, now: Moment) -> u32 {
        let number = self.made;
        self.made += 1;
        self.details.push(Detail { number, started: false, away: None, shed: (0, 0), held: (false, false) });
        self.seen.pods.push(Pod {
            name: format!("chat-{number}"),
            phase: Phase::Serving,
            ready: false,
            connections: Some(0),
            // A trace says nothing of these.
            readings: Some(Readings::default()),
            current_template: true,
            created: now,
        });
        number
    }

    fn starting_time(&mut self) -> Duration {
        let (least, most) = self.start;
        least + (most.saturating_sub(least)).mul_f64(self.rng.f64())
    }

    fn delete(&mut self, surplus: usize, now: Moment) {
        let mut indices: Vec<usize> = (0..self.seen.pods.len()).collect();
        indices.retain(|index| self.seen.pods[*index].phase != Phase::Leaving);
        indices.sort_by_key(|index| {
            let pod = &self.seen.pods[*index];
            let sessions = if self.deletion == Deletion::Emptiest { pod.connections } else { None };
            (pod.ready, pod.phase == Phase::Serving, sessions, Reverse(self.details[*index].number))
        });
        indices.truncate(surplus);
        self.note_choice(&indices);
        for index in indices {
            self.seen.pods[index].phase = Phase::Leaving;
            self.seen.pods[index].ready = false;
            self.begin_to_send_away(index, now);
        }
        self.sweep();
    }

    /// Servers that were chosen before, and are deleted now that they were emptied, do not count again.
    fn note_choice(&mut self, victims: &[usize]) {
        let new = |index: &&usize| self.seen.pods[**index].phase == Phase::Serving;
        let chosen: Vec<u64> =
            victims.iter().filter(new).map(|index| sessions(&self.seen.pods[*index])).collect();
        let mut all: Vec<u64> =
            self.seen.pods.iter().filter(|pod| pod.phase == Phase::Serving).map(sessions).collect();
        all.sort_unstable();
        self.least += all.iter().take(chosen.len()).sum::<u64>();
        self.chosen += chosen.iter().sum::<u64>();
    }

    fn begin_to_send_away(&mut self, index: usize, now: Moment) {
        let seconds = u32::try_from(self.drain.as_secs().max(1)).unwrap_or(u32::MAX);
        let rate = self.seen.pods[index].connections.unwrap_or(0).div_ceil(seconds);
        self.details[index].away.get_or_insert((now, rate));
    }

    fn send_away(&mut self, now: Moment) {
        for (pod, detail) in self.seen.pods.iter_mut().zip(&self.details) {
            let Some((_, rate)) = detail.away.filter(|(since, _)| now.since(*since) >= SERVICE_LAG) else {
                continue;
            };
            pod.ready = false;
            let there = pod.connections.unwrap_or(0);
            let away = rate.max(1).min(there);
            pod.connections = Some(there - away);
            self.moved += u64::from(away);
            self.waiting += u64::from(away);
        }
    }

    fn balance(&mut self) {
        for (pod, Detail { shed: (left, rate), .. }) in self.seen.pods.iter_mut().zip(&mut self.details) {
            let there = pod.connections.unwrap_or(0);
            let away = (*left).min(*rate).min(there);
            *left -= away;
            pod.connections = Some(there - away);
            self.balanced += u64::from(away);
            self.waiting += u64::from(away);
        }
    }

    /// So many of those who are there leave, all as likely.
    fn leave(&mut self, clients: u64, there: u64) {
        let unconnected = (self.waiting * clients).checked_div(there).unwrap_or(0);
        self.waiting -= unconnected;
        let clients = (clients - unconnected).min(self.sessions());
        // The sessions as they were, one after the other: number `drawn` belongs to the first server whose end is above.
        let before: Vec<u64> = self.seen.pods.iter().map(sessions).collect();
        let ends: Vec<u64> = before
            .iter()
            .scan(0, |end, sessions| {
                *end += sessions;
                Some(*end)
            })
            .collect();
        let all = ends.last().copied().unwrap_or(0);
        let mut left = clients;
        while left > 0 {
            let drawn = self.rng.u64(..all);
            let index = ends.partition_point(|end| *end <= drawn);
            // As many of a server's numbers are free as sessions of it have left: such a draw counts for nothing.
            let taken = drawn - (ends[index] - before[index]) >= sessions(&self.seen.pods[index]);
            if !taken {
                self.seen.pods[index].connections = self.seen.pods[index].connections.map(|there| there - 1);
                left -= 1;
            }
        }
    }

    /// Who waits is connected, when a server takes sessions.
    fn place(&mut self) {
        let mut open: Vec<usize> = (0..self.seen.pods.len())
            .filter(|index| takes(&self.seen.pods[*index]) && !self.details[*index].held.1)
            .collect();
        if open.is_empty() {
            return;
        }
        if self.placement == Placement::Packed {
            open.sort_by_key(|index| {
                (Reverse(self.seen.pods[*index].connections), self.details[*index].number)
            });
            for index in &open {
                let there = self.seen.pods[*index].connections.unwrap_or(0);
                let room = self.waiting.min(self.capacity.saturating_sub(there).into());
                self.add(*index, u32::try_from(room).unwrap_or(u32::MAX));
                self.waiting -= room;
            }
        }
        for _ in 0..std::mem::take(&mut self.waiting) {
            let index = open[self.rng.usize(..open.len())];
            self.add(index, 1);
        }
    }

    fn add(&mut self, index: usize, clients: u32) {
        let there = &mut self.seen.pods[index].connections;
        *there = Some(there.unwrap_or(0) + clients);
    }

    /// Servers that were deleted and are empty are gone.
    fn sweep(&mut self) {
        for index in (0..self.seen.pods.len()).rev() {
            let pod = &self.seen.pods[index];
            if pod.phase == Phase::Leaving && pod.connections == Some(0) {
                self.seen.pods.swap_remove(index);
                self.details.swap_remove(index);
            }
        }
    }

    /// That part of so many, rounded up as often as it has to be.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a small positive number"
    )]
    fn part(&mut self, of: u64, part: f64) -> u64 {
        (of as f64 * part + self.rng.f64()) as u64
    }
}

fn sessions(pod: &Pod) -> u64 {
    pod.connections.unwrap_or(0).into()
}

fn takes(pod: &Pod) -> bool {
    pod.ready && pod.phase == Phase::Serving
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(wanted: u32) -> World {
        World::new(&Scenario::default(), wanted, Placement::Random, Deletion::Youngest)
    }

    fn at(second: u64) -> Moment {
        Moment::from_secs(second)
    }

    #[test]
    fn nobody_is_lost_or_doubled() {
        let mut world = world(2_000);
        assert_eq!((world.serving(), world.sessions()), (4, 2_000));
        for (second, wanted) in [2_000, 2_600, 2_600, 900, 0, 5_000].into_iter().enumerate() {
            world.second(wanted, at(second as u64));
            assert_eq!(world.sessions() + world.waiting, u64::from(wanted));
        }
    }

    #[test]
    fn the_sessions_of_a_deleted_server_move_within_the_drain_time() {
        let mut world = world(2_000);
        assert!(world.ask(3, at(0)).is_empty());
        let victim = world.seen.pods.iter().find(|pod| pod.phase == Phase::Leaving).unwrap();
        assert_eq!(victim.name, "chat-3", "the youngest goes");
        let had = sessions(victim);
        for second in 1..=31 {
            world.second(2_000, at(second));
        }
        assert_eq!((world.seen.pods.len(), world.sessions()), (3, 2_000));
        // Some left by themselves meanwhile.
        assert!((had * 9 / 10..=had).contains(&world.moved()), "{} of {had}", world.moved());
    }

    #[test]
    fn a_server_that_has_not_started_gets_nobody_and_goes_first() {
        let mut world = world(500);
        let made = world.ask(2, at(0));
        assert!((5..=15).contains(&made[0].1.as_secs()), "{made:?}");
        world.second(600, at(1));
        assert_eq!((world.serving(), world.seen.pods[1].connections), (1, Some(0)));
        world.ask(1, at(2));
        assert_eq!((world.seen.pods.len(), world.seen.pods[0].connections), (1, Some(600)));
    }

    #[test]
    fn who_is_emptied_moves_its_sessions_once_and_can_be_taken_back() {
        let mut world = world(1_000);
        world.drain(&["chat-0".to_owned()], at(0));
        for second in 1..=15 {
            world.second(1_000, at(second));
        }
        let half = world.moved();
        assert!((200..=300).contains(&half), "{half}");
        world.take_back(&["chat-0".to_owned()]);
        world.second(1_000, at(16));
        assert_eq!((world.moved(), world.serving()), (half, 2));
    }

    #[test]
    fn a_packed_allocator_fills_one_server_after_the_other() {
        let mut world = World::new(&Scenario::default(), 900, Placement::Packed, Deletion::Emptiest);
        let counts: Vec<_> = world.seen.pods.iter().filter_map(|pod| pod.connections).collect();
        assert_eq!(counts, [500, 400]);
        world.second(300, at(1));
        world.ask(1, at(2));
        assert!(world.seen.pods.iter().any(|pod| pod.phase == Phase::Leaving && pod.name == "chat-1"));
    }

    #[test]
    fn a_server_that_sheds_sends_as_many_as_it_is_told_within_a_round_and_goes_on() {
        let mut world = world(1_000);
        let [first, second] = [0, 1].map(|index| sessions(&world.seen.pods[index]));
        world.shed(&[Move { from: "chat-0".to_owned(), connections: 95 }]);
        for second in 1..=10 {
            world.second(1_000, at(second));
        }
        assert_eq!((world.balanced(), world.moved(), world.serving()), (95, 0, 2));
        assert_eq!(world.sessions(), first + second);
        world.second(1_000, at(11));
        assert_eq!(world.balanced(), 95);
    }
}
