//! Connections that are there, and that is all.

use std::{cell::Cell, ops::Range, rc::Rc};

use tokio::{net::TcpStream, task::JoinSet};

use super::{
    fleet::OPENERS,
    link::{self, OpenError},
};
use crate::contender::Contender;

/// Members of a room in which nobody speaks.
const MEMBERS: usize = 10;

/// Members of rooms of ten in which nothing is said; they go when this is dropped. Nobody reads what comes for them: of
/// those who come and go in so small a room there is little, and it stays with the kernel.
pub struct Idlers {
    _streams: Vec<TcpStream>,
}

impl Idlers {
    /// Opens those with these numbers.
    ///
    /// # Errors
    /// When one does not get into its room.
    pub async fn open(
        contender: &'static dyn Contender,
        address: std::net::SocketAddr,
        numbers: Range<usize>,
    ) -> Result<Self, OpenError> {
        let next = Rc::new(Cell::new(numbers.start));
        let mut openers = JoinSet::new();
        for _ in 0..OPENERS {
            let (next, end) = (Rc::clone(&next), numbers.end);
            openers.spawn_local(async move {
                let mut streams = Vec::new();
                loop {
                    let number = next.replace(next.get() + 1);
                    if number >= end {
                        return Ok::<_, OpenError>(streams);
                    }
                    let room = format!("idle-{}", number / MEMBERS);
                    streams.push(link::open_in_turn(contender, address, &room).await?.into_stream());
                }
            });
        }
        let mut streams = Vec::with_capacity(numbers.len());
        for opened in openers.join_all().await {
            streams.extend(opened?);
        }
        Ok(Self { _streams: streams })
    }
}
