//! Clients who come, get into a room, and go again.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    fleet::room,
    link::{self, OpenError},
};
use crate::{contender::Contender, wire::write_frame};

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

/// How long a guest stays in a room.
const STAYS: Duration = Duration::from_secs(1);

/// More than waits in a socket that is read all the time.
const PIECE_BYTES: usize = 64 * 1024;

/// Guests who come into rooms of a fleet, take another name where names can be changed, and go again, as long as this
/// is there. What they hear is not accounted for.
pub struct Guests {
    _visitors: JoinSet<()>,
    visits: Rc<Cell<u64>>,
    refused: Rc<Cell<u64>>,
}

impl Guests {
    /// `at_once` of them, in any of the first `rooms` rooms; each stays for a second, so no more come a second.
    pub fn come(
        contender: &'static dyn Contender,
        addresses: &[SocketAddr],
        rooms: usize,
        at_once: usize,
    ) -> Self {
        let (visits, refused) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let mut visitors = JoinSet::new();
        for number in 0..at_once {
            let address = addresses[number % addresses.len()];
            let (visits, refused) = (Rc::clone(&visits), Rc::clone(&refused));
            // Spread over the second that each stays.
            let first = STAYS.mul_f64(fastrand::f64());
            visitors.spawn_local(async move {
                tokio::time::sleep(first).await;
                loop {
                    let came = stay(contender, address, &room(fastrand::usize(..rooms))).await;
                    let count = if came.is_ok() { &visits } else { &refused };
                    count.set(count.get() + 1);
                    if came.is_err() {
                        tokio::time::sleep(STAYS).await;
                    }
                }
            });
        }
        Self { _visitors: visitors, visits, refused }
    }

    /// How many came and went, and how many did not get in or were thrown out.
    pub fn counted(&self) -> (u64, u64) {
        (self.visits.get(), self.refused.get())
    }
}

async fn stay(contender: &'static dyn Contender, address: SocketAddr, room: &str) -> Result<(), OpenError> {
    let mut stream = link::open_in_turn(contender, address, room).await?.into_stream();
    if let Some(words) = contender.rename(&format!("Guest {}", fastrand::u16(..))) {
        let mut frame = Vec::new();
        write_frame(contender.kind(), words.as_bytes(), &mut frame);
        stream.write_all(&frame).await?;
    }
    let mut piece = vec![0; PIECE_BYTES];
    let listening = async {
        while stream.read(&mut piece).await? > 0 {}
        Err::<(), _>(OpenError::Closed("while a guest was in its room".to_owned()))
    };
    match timeout(STAYS, listening).await {
        Ok(ended) => ended,
        Err(_) => Ok(link::say_goodbye(&mut stream).await?),
    }
}
