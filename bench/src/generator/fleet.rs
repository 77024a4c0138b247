//! Members of rooms, and what is said to them.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use chat_client::load::Schedule;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{Instant, MissedTickBehavior},
};

use super::{
    link::{self, Link, OpenError, Shared},
    seats::Seats,
    trial::{LATEST, Trial},
};
use crate::{contender::Contender, host::own_cpu, wire::Marker};

/// How many connections are opened at a time, where it is not asked how fast that is.
pub const OPENERS: usize = 64;

/// As long as the texts of the peers' own figures.
const TEXT_BYTES: usize = 128;

/// How often it is looked what is due: a hundredth of the latency that is allowed at most, or less.
const TICK: Duration = Duration::from_millis(1);

/// What has not come so long after the last message is not waited for: it is far beyond any latency that is allowed.
const PATIENCE: Duration = Duration::from_secs(4);

/// A server that listens may not be ready yet: by then it is.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// By then everybody in a room hears what is said there.
const WARM_WITHIN: Duration = Duration::from_secs(20);

/// Nothing came for so long: who came last is known then. Hubbub tells of all who come within 250 ms at once.
const QUIET: Duration = Duration::from_millis(300);

/// Some are never quiet.
const QUIET_WITHIN: Duration = Duration::from_secs(2);

/// How often something is said to those who heard nothing yet.
const WARM_AGAIN: Duration = Duration::from_millis(50);

/// Rooms that are all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many rooms there are.
    pub rooms: usize,
    /// How many members each has.
    pub members: usize,
    /// How many of them speak.
    pub senders: usize,
}

/// Why there is no fleet.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// A connection failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Some never heard what was said in their rooms.
    #[error("{members} members heard nothing within {} s", WARM_WITHIN.as_secs())]
    Cold {
        /// How many.
        members: usize,
    },
}

/// Connections that are in their rooms, and hear what is said there.
pub struct Fleet {
    /// By the numbers of their seats.
    links: Vec<Rc<Link>>,
    shared: Rc<Shared>,
    /// How much each sender said.
    sent: Vec<u64>,
    /// Messages of all, warm-up included.
    numbers: Cell<u64>,
    patience: Duration,
    /// How long it took until everybody was in a room.
    opened_within: Duration,
    readers: Vec<JoinHandle<()>>,
}

impl Fleet {
    /// Opens all connections, in turns to the addresses, and waits until everybody hears.
    pub async fn open(
        contender: &'static dyn Contender,
        addresses: &[SocketAddr],
        seats: impl Into<Seats>,
    ) -> Result<Self, NotOpened> {
        ready(contender, addresses).await?;
        let fleet = Self::rush(contender, addresses, seats, OPENERS).await?;
        fleet.warm().await?;
        Ok(fleet)
    }

    /// Opens all connections of servers that are ready, so many at a time, until all are in their rooms.
    pub async fn rush(
        contender: &'static dyn Contender,
        addresses: &[SocketAddr],
        seats: impl Into<Seats>,
        openers_at_once: usize,
    ) -> Result<Self, NotOpened> {
        let begin = Instant::now();
        let shared = Rc::new(Shared::new(contender, seats.into()));
        let next = Rc::new(Cell::new(0));
        let mut openers = JoinSet::new();
        for _ in 0..openers_at_once {
            let (next, addresses, shared) = (Rc::clone(&next), addresses.to_vec(), Rc::clone(&shared));
            openers.spawn_local(async move {
                let mut links = Vec::new();
                loop {
                    let number = next.replace(next.get() + 1);
                    if number >= shared.seats.connections() {
                        return Ok::<_, OpenError>(links);
                    }
                    let seat = shared.seats.seat(number);
                    // By places: members of one room are on all servers.
                    let address = addresses[seat.place % addresses.len()];
                    let opened = link::open_in_turn(contender, address, &room(seat.room)).await?;
                    let senders = shared.seats.room(seat.room).senders;
                    let (link, reader) = Link::new(opened, senders, Rc::clone(&shared));
                    links.push((number, link, tokio::task::spawn_local(reader)));
                }
            });
        }
        let mut links = Vec::with_capacity(shared.seats.connections());
        for opened in openers.join_all().await {
            links.extend(opened?);
        }
        links.sort_unstable_by_key(|(number, ..)| *number);
        let (links, readers) = links.into_iter().map(|(_, link, reader)| (link, reader)).unzip();
        Ok(Self {
            links,
            sent: vec![0; shared.seats.senders().len()],
            shared,
            numbers: Cell::new(0),
            patience: PATIENCE,
            opened_within: begin.elapsed(),
            readers,
        })
    }

    /// How long it waits for what is under way at the end of a trial.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Says something in each room until all of its members heard something.
    async fn warm(&self) -> Result<(), NotOpened> {
        let deadline = Instant::now() + WARM_WITHIN;
        loop {
            let cold: Vec<_> = (0..self.links.len()).filter(|it| !self.links[*it].warm.get()).collect();
            if cold.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(NotOpened::Cold { members: cold.len() });
            }
            let mut rooms: Vec<_> = cold.iter().map(|it| self.shared.seats.seat(*it).room).collect();
            rooms.sort_unstable();
            rooms.dedup();
            // The first one of a room has the room's number.
            for first in rooms {
                self.say(first, Marker { sender: 0, sequence: 0, due_micros: 0 });
                self.links[first].flush();
            }
            tokio::time::sleep(WARM_AGAIN).await;
        }
    }

    /// Waits until nothing comes any more of those who came in: what that costs is not the cost of what is said next.
    pub async fn quiet(&self) {
        let deadline = Instant::now() + QUIET_WITHIN;
        let mut before = None;
        loop {
            let bytes = self.shared.tally.borrow().bytes;
            if before.replace(bytes) == Some(bytes) || Instant::now() > deadline {
                return;
            }
            tokio::time::sleep(QUIET).await;
        }
    }

    /// Queues a message of the member with this number.
    fn say(&self, number: usize, marker: Marker) {
        let contender = self.shared.contender;
        let unique = self.numbers.replace(self.numbers.get() + 1);
        let room = room(self.shared.seats.seat(number).room);
        let words = contender.publish(&room, &marker.text(TEXT_BYTES), unique);
        self.links[number].say(contender.kind(), words.as_bytes());
    }

    /// How many deliveries there are to a message, on average.
    pub fn fan_out(&self) -> f64 {
        self.shared.seats.fan_out()
    }

    /// Deliveries that there have to be of all that was said in trials.
    fn due(&self) -> u64 {
        let seats = &self.shared.seats;
        let members = seats.senders().iter().map(|it| seats.room(seats.seat(*it).room).members as u64);
        members.zip(&self.sent).map(|(members, sent)| members * sent).sum()
    }

    /// Says so many messages a second in all, for a while, and waits until they came. Ends early when more than one in
    /// a hundred is later than [`LATEST`], or a connection is closed.
    pub async fn trial(&mut self, rate: f64, length: Duration) -> Trial {
        let planned = rate * length.as_secs_f64() * self.fan_out();
        self.shared.tally.borrow_mut().reset(planned);
        let busy = own_cpu();
        let before: (u64, u64) = (self.sent.iter().sum(), self.due());
        let begin = Instant::now();
        self.send(rate, length, begin).await;
        let (sent, expected) = (self.sent.iter().sum::<u64>() - before.0, self.due() - before.1);
        self.settle(expected).await;
        let lasted = begin.elapsed();

        let tally = self.shared.tally.borrow();
        let mut trial = Trial {
            sent,
            expected,
            delivered: tally.delivered,
            bytes: tally.bytes,
            lost: 0,
            duplicated: 0,
            misordered: 0,
            closed: self.shared.closed.get(),
            p50: tally.latency(0.5),
            p90: tally.latency(0.9),
            p999: tally.latency(0.999),
            p99: if tally.is_late() { tally.latency(0.99).max(LATEST) } else { tally.latency(0.99) },
            late: tally.is_late(),
            lasted,
            generator_busy: (own_cpu().saturating_sub(busy)).as_secs_f64() / lasted.as_secs_f64(),
        };
        let seats = &self.shared.seats;
        let mut sent_in = vec![Vec::new(); seats.rooms()];
        for (sender, sent) in seats.senders().iter().zip(&self.sent) {
            sent_in[seats.seat(*sender).room].push(*sent);
        }
        for (number, link) in self.links.iter().enumerate() {
            let sent_here = &sent_in[seats.seat(number).room];
            for (member, sent) in link.seen.borrow().iter().zip(sent_here.iter().copied()) {
                trial.lost += member.lost(|_, after, through| through.min(sent).saturating_sub(after));
                trial.duplicated += member.duplicated;
                trial.misordered += member.misordered;
            }
        }
        trial
    }

    async fn send(&mut self, rate: f64, length: Duration, begin: Instant) {
        let senders = self.sent.len();
        let Some(schedule) = Schedule::new(rate, senders) else { return };
        let offset = begin.duration_since(self.shared.tally.borrow().began);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut sender, mut index) = (0, 0);
        let mut unsent = Vec::new();
        loop {
            tick.tick().await;
            let now = begin.elapsed();
            while let Some(due) = schedule.due(sender, index).filter(|due| *due <= now && *due < length) {
                self.sent[sender] += 1;
                let due = u64::try_from((offset + due).as_micros()).unwrap_or(u64::MAX);
                let number = self.shared.seats.senders()[sender];
                let sequence = self.sent[sender];
                let id = u32::try_from(sender).unwrap_or(u32::MAX);
                self.say(number, Marker { sender: id, sequence, due_micros: due });
                unsent.push(number);
                sender += 1;
                if sender == senders {
                    (sender, index) = (0, index + 1);
                }
            }
            unsent.sort_unstable();
            unsent.dedup();
            unsent.retain(|number| self.links[*number].flush());
            let done = now >= length && unsent.is_empty();
            let hopeless = self.shared.tally.borrow().is_late() || now > length + self.patience;
            if done || hopeless || self.shared.closed.get() > 0 {
                return;
            }
        }
    }

    /// Until all is there, or it takes too long.
    async fn settle(&self, expected: u64) {
        // What is late has failed already: it is only worth to wait for what comes before a new fleet would be there.
        let late = self.shared.tally.borrow().is_late();
        let deadline = Instant::now() + if late { self.opened_within } else { self.patience };
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let all = self.shared.tally.borrow().delivered >= expected;
            if all || Instant::now() > deadline || self.shared.closed.get() > 0 {
                return;
            }
        }
    }
}

/// Waits until each of the servers takes somebody.
async fn ready(contender: &'static dyn Contender, addresses: &[SocketAddr]) -> Result<(), OpenError> {
    for address in addresses {
        taken_for(contender, *address, Duration::ZERO).await?;
    }
    Ok(())
}

/// Waits until everybody is taken for so long: a proxy that has just begun does not know yet who is behind it.
pub async fn taken_for(
    contender: &'static dyn Contender,
    address: SocketAddr,
    length: Duration,
) -> Result<(), OpenError> {
    let deadline = Instant::now() + READY_WITHIN;
    let mut since = Instant::now();
    loop {
        match link::open(contender, address, "room-of-nobody-else").await {
            Ok(_) if since.elapsed() >= length => return Ok(()),
            Ok(_) => {}
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => since = Instant::now() + WARM_AGAIN,
        }
        tokio::time::sleep(WARM_AGAIN).await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.readers.iter().for_each(JoinHandle::abort);
    }
}

/// What a room is called: the same for all contenders.
pub(super) fn room(number: usize) -> String {
    format!("room-{number}")
}
