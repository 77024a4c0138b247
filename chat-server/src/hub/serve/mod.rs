//! The task of a room: subscribes, brings events to the members in order, and finds out what was missed.

mod find_out;
mod hear;

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Inner, RETRY, Seat, fan_out::write_out, lookout::Lookout, members::Unwritten, room::Room, tail::Tail,
};
use crate::engine::{EngineError, Range, RoomEvent};

/// How many events are taken out of the mailbox at once.
const BATCH: usize = 64;

/// What a room has to find out from the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    /// Whether messages were missed.
    Messages,
    /// That, and who came and went.
    Everything,
}

/// Serves a room until nobody wants it.
pub(super) async fn serve(hub: Arc<Inner>, room: Arc<Room>, mut events: mpsc::Receiver<RoomEvent>) {
    let lookout = Lookout::new(hub.timing.lookout, Instant::now());
    let mut task = Task {
        hub,
        room,
        doubt: None,
        presence_due: None,
        lookout,
        evicted: Vec::new(),
        unwritten: Vec::new(),
    };
    loop {
        if task.open(&mut events).await {
            task.run(&mut events).await;
        }
        if let Err(error) = task.hub.engine.unsubscribe(task.room.name()).await {
            tracing::debug!(room = %task.room.name(), %error, "could not unsubscribe");
        }
        // Somebody may have come meanwhile: then from the beginning.
        if task.hub.forget(&task.room) {
            return;
        }
    }
}

struct Task {
    hub: Arc<Inner>,
    room: Arc<Room>,
    /// What is not known, and when to ask.
    doubt: Option<(Doubt, Instant)>,
    /// When the waiting presence is told.
    presence_due: Option<Instant>,
    /// When it looks for messages that nobody told of.
    lookout: Lookout,
    /// Sessions that were taken out, and are still in the list of the room.
    evicted: Vec<Seat>,
    /// Queues of members that got something.
    unwritten: Unwritten,
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Task {
    /// Subscribes and finds the room's place in the stream, however long the engine takes. Returns whether it did:
    /// not when nobody wants the room any more.
    async fn open(&mut self, events: &mut mpsc::Receiver<RoomEvent>) -> bool {
        // What an earlier subscription left is old.
        while events.try_recv().is_ok() {}
        self.doubt = None;
        self.presence_due = None;
        while !self.room.is_idle() {
            match self.subscribe().await {
                Ok(tail) => {
                    self.room.open(tail);
                    return true;
                }
                Err(error) => tracing::debug!(room = %self.room.name(), %error, "could not open the room"),
            }
            sleep(RETRY).await;
        }
        false
    }

    async fn subscribe(&self) -> Result<Tail, EngineError> {
        let Self { hub, room, .. } = self;
        hub.engine.subscribe(room.name()).await?;
        let page = hub.engine.history(room.name(), Range::Latest(0)).await?;
        Ok(Tail::new(page.epoch, page.latest))
    }

    async fn run(&mut self, events: &mut mpsc::Receiver<RoomEvent>) {
        let mut batch = Vec::with_capacity(BATCH);
        let room = Arc::clone(&self.room);
        self.lookout = Lookout::new(self.hub.timing.lookout, Instant::now());
        // Set anew when it rings, or has to ring earlier, and not for each message: that moves it on.
        let mut look = std::pin::pin!(sleep_until(self.lookout.due()));
        while !room.close_if_idle() {
            if room.take_missed() {
                self.doubt(Doubt::Everything);
            }
            let doubt_due = self.doubt.map(|(_, due)| due);
            if self.lookout.due() < look.deadline() {
                look.as_mut().reset(self.lookout.due());
            }
            tokio::select! {
                biased;
                () = room.wake.notified() => {}
                () = at(doubt_due) => {
                    self.tell_what_waits(events);
                    // The engine may take its time.
                    write_out(&mut self.unwritten).await;
                    self.resolve().await;
                }
                () = at(self.presence_due) => self.tell_presence(),
                _ = events.recv_many(&mut batch, BATCH) => self.hear(batch.drain(..)),
                () = look.as_mut() => {
                    if self.lookout.due() <= Instant::now() {
                        self.look().await;
                    }
                    look.as_mut().reset(self.lookout.due());
                }
            }
            write_out(&mut self.unwritten).await;
            self.take_out_of_list().await;
        }
    }

    /// The sessions that were taken out of the room go out of its list.
    async fn take_out_of_list(&mut self) {
        for Seat { session, identity, .. } in self.evicted.drain(..) {
            if let Err(error) = self.hub.engine.leave(self.room.name(), identity.id(), session).await {
                // The engine does it when it can.
                tracing::debug!(room = %self.room.name(), %session, %error, "not out of the list yet");
            }
        }
    }

    fn doubt(&mut self, doubt: Doubt) {
        let (before, due) = self.doubt.unwrap_or((doubt, Instant::now()));
        self.doubt = Some((before.max(doubt), due));
    }

    /// Compares the room with the engine, after it has been silent for a while.
    async fn look(&mut self) {
        let found = self.hub.engine.history(self.room.name(), Range::Latest(0)).await;
        let now = Instant::now();
        let missed = found.is_ok_and(|page| {
            let mut state = self.room.state();
            // Nobody came for a while: who comes next has it read again.
            state.latest_page = None;
            state
                .tail
                .as_ref()
                .is_some_and(|tail| page.epoch != *tail.epoch() || page.latest != tail.offset())
        });
        if missed {
            tracing::debug!(room = %self.room.name(), "something happened that nobody told of");
            self.doubt(Doubt::Messages);
            self.lookout.heard(now);
        } else {
            self.lookout.looked(now, fastrand::f64());
        }
    }
}
