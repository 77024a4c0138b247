//! Members who read far more slowly than their room speaks.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    fleet::room,
    link::{self, OpenError},
};
use crate::contender::Contender;

/// 1 kB a second, in pieces.
const PIECE_BYTES: usize = 100;
const PIECE_EVERY: Duration = Duration::from_millis(100);

/// So that what waits, waits at the server and not here. Linux doubles it.
const RECEIVE_BUFFER: u32 = 4096;

/// Members of the first room who read 1 kB/s. What they get is not accounted for: a server may close them, or drop what
/// is for them. They go when this is dropped.
pub struct Laggards {
    _readers: JoinSet<io::Result<()>>,
}

impl Laggards {
    /// Opens so many.
    pub async fn open(
        contender: &'static dyn Contender,
        address: SocketAddr,
        count: usize,
    ) -> Result<Self, OpenError> {
        let mut readers = JoinSet::new();
        for _ in 0..count {
            let opened = link::open_with(contender, address, &room(0), Some(RECEIVE_BUFFER)).await?;
            readers.spawn_local(read_slowly(opened.into_stream()));
        }
        Ok(Self { _readers: readers })
    }
}

async fn read_slowly(mut stream: TcpStream) -> io::Result<()> {
    let mut piece = [0; PIECE_BYTES];
    let mut tick = interval(PIECE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tick.tick().await;
        if stream.read(&mut piece).await? == 0 {
            return Ok(());
        }
    }
}
