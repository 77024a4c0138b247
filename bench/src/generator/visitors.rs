//! Clients who come, get into a room, and go again.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    fleet::{OPENERS, room},
    link::{self, Link, OpenError, Shared},
    seats::Seats,
};
use crate::contender::Contender;

/// Lets `at_once` clients come and go for a while, each in a room of its own. Gives how many got in.
pub async fn visit(
    contender: &'static dyn Contender,
    address: SocketAddr,
    at_once: usize,
    length: Duration,
) -> Result<u64, OpenError> {
    let end = Instant::now() + length;
    let mut visitors = JoinSet::new();
    for number in 0..at_once {
        visitors.spawn_local(async move {
            let mut visits = 0;
            while Instant::now() < end {
                link::open(contender, address, &room(number)).await?.close().await?;
                visits += 1;
            }
            Ok::<_, OpenError>(visits)
        });
    }
    visitors.join_all().await.into_iter().sum()
}

/// By then all are in their rooms the first time.
const ALL_IN_WITHIN: Duration = Duration::from_mins(1);

/// How often it is looked whether they are.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Guests who come into rooms of a fleet, take another name where names can be changed, stay, go, and come again at once
/// into another one, as long as this is there. What they hear is not accounted for.
pub struct Guests {
    wanted: usize,
    shared: Rc<Hosted>,
    _tasks: JoinSet<()>,
}

/// What all guests have in common.
struct Hosted {
    link: Rc<Shared>,
    doors: Semaphore,
    rooms: usize,
    stay: Duration,
    present: Cell<usize>,
    visits: Cell<u64>,
    refused: Cell<u64>,
}

impl Guests {
    /// `guests` of them, in any of the first `rooms` rooms. Each stays for `stay`, the first time for a part of it: so
    /// `guests / stay` go and come at a time, evenly.
    pub fn come(
        contender: &'static dyn Contender,
        addresses: &[SocketAddr],
        rooms: usize,
        guests: usize,
        stay: Duration,
    ) -> Self {
        let shared = Rc::new(Hosted {
            link: Rc::new(Shared::new(contender, Seats::new(Vec::new()))),
            doors: Semaphore::new(OPENERS),
            rooms,
            stay,
            present: Cell::new(0),
            visits: Cell::new(0),
            refused: Cell::new(0),
        });
        let mut tasks = JoinSet::new();
        for number in 0..guests {
            let (shared, address) = (Rc::clone(&shared), addresses[number % addresses.len()]);
            tasks.spawn_local(async move {
                let mut stay = shared.stay.mul_f64(fastrand::f64());
                loop {
                    if shared.receive(address, stay).await.is_err() {
                        shared.refused.update(|refused| refused + 1);
                        sleep(WAITS).await;
                    }
                    stay = shared.stay;
                }
            });
        }
        Self { wanted: guests, shared, _tasks: tasks }
    }

    /// Waits until all of them are in their rooms; less the few who change at that moment.
    pub async fn all_in(&self) -> Result<(), OpenError> {
        let deadline = Instant::now() + ALL_IN_WITHIN;
        while self.present() < self.wanted * 95 / 100 {
            if Instant::now() > deadline {
                return Err(OpenError::Late);
            }
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// How many are in their rooms.
    pub fn present(&self) -> usize {
        self.shared.present.get()
    }

    /// How many came and went, and how many did not get in or were thrown out.
    pub fn counted(&self) -> (u64, u64) {
        (self.shared.visits.get(), self.shared.refused.get())
    }
}

/// Who was refused or thrown out comes again after this.
const WAITS: Duration = Duration::from_secs(1);

impl Hosted {
    /// One guest, from when it comes until it goes.
    async fn receive(&self, address: SocketAddr, stay: Duration) -> Result<(), OpenError> {
        let contender = self.link.contender;
        let room = room(fastrand::usize(..self.rooms));
        let door = self.doors.acquire().await;
        let opened = link::open_in_turn(contender, address, &room).await?;
        drop(door);
        let (link, reader) = Link::new(opened, 0, Rc::clone(&self.link));
        if let Some(words) = contender.rename(&format!("Guest {}", fastrand::u16(..))) {
            link.say(contender.kind(), words.as_bytes());
            link.flush();
        }
        self.present.update(|present| present + 1);
        let ended = timeout(stay, reader).await;
        self.present.update(|present| present - 1);
        if ended.is_ok() {
            return Err(OpenError::Closed("while a guest was in its room".to_owned()));
        }
        link.say_goodbye();
        self.visits.update(|visits| visits + 1);
        Ok(())
    }
}
