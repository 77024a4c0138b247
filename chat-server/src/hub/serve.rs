//! The task of a room: subscribes, brings events to the members in order, and finds out what was missed.

use std::{
    iter::{self, Peekable},
    sync::Arc,
};

use hubbub_protocol::{
    Epoch, LeftReason, MemberChange, MemberChanged, ServerFrame, User,
    limits::{HISTORY_DEFAULT, HISTORY_MAX, MEMBERS_LISTED},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Answer, Inner, RETRY, Seat, Want,
    fan_out::write_out,
    lookout::Lookout,
    members::Unwritten,
    room::Room,
    run::Run,
    tail::{Catchup, Tail, Verdict},
};
use crate::{
    engine::{EngineError, Page, Range, RoomEvent, StoredMessage},
    session::{encode, outbox::Frame},
};

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

enum CaughtUp {
    Wholly,
    /// There is more than one page.
    Partly,
    Lost,
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

/// Takes the next event if it is a message.
fn next_message(events: &mut Peekable<impl Iterator<Item = RoomEvent>>) -> Option<(Epoch, StoredMessage)> {
    match events.next_if(|event| matches!(event, RoomEvent::Message { .. }))? {
        RoomEvent::Message { epoch, message } => Some((epoch, message)),
        _ => None,
    }
}

/// Whether an event of the stream says who belongs to the room.
fn is_about_membership(frame: &Frame) -> bool {
    frame.as_str().starts_with("{\"type\":\"member\"")
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

    /// An event of the stream was delivered: if it says that somebody has no part in the room any more, they are out.
    fn obey(&mut self, frame: &Frame) {
        if !is_about_membership(frame) {
            return;
        }
        let Ok(ServerFrame::Member(MemberChanged { member, change, .. })) = serde_json::from_str(frame)
        else {
            return;
        };
        let reason = match change {
            MemberChange::Removed => Some(LeftReason::Removed),
            MemberChange::Left => None,
            MemberChange::Invited | MemberChange::Owner | MemberChange::Member => return,
        };
        self.evicted.extend(self.room.evict(|user| user == member.id, reason));
    }

    /// Takes those out who may not be in the room any more, after events that said so may have been lost.
    async fn check_admission(&mut self) -> Result<(), EngineError> {
        let users = self.room.state().members.users();
        let admitted = self.hub.engine.admitted(self.room.name(), &users).await?;
        let left = |user| users.contains(&user) && !admitted.contains(&user);
        self.evicted.extend(self.room.evict(left, Some(LeftReason::Removed)));
        Ok(())
    }

    /// Before the list of who is there is read: what waits is older than that list, and told behind it could bring
    /// back somebody whose going was among the events that were lost.
    fn tell_what_waits(&mut self, events: &mut mpsc::Receiver<RoomEvent>) {
        if !matches!(self.doubt, Some((Doubt::Everything, _))) {
            return;
        }
        // No more than there are now: they may come as fast as they are told.
        let waiting = 0..events.len();
        self.hear(waiting.map_while(|_| events.try_recv().ok()));
        self.tell_presence();
    }

    /// What happened in the room, in order. Messages that follow each other are delivered at once.
    fn hear(&mut self, events: impl Iterator<Item = RoomEvent>) {
        let mut events = events.peekable();
        while let Some(event) = events.next() {
            match event {
                RoomEvent::Message { epoch, message } => {
                    let more = iter::from_fn(|| next_message(&mut events));
                    self.hear_messages(iter::once((epoch, message)).chain(more));
                }
                RoomEvent::Presence { joined, left, count } => {
                    self.room.state().presence.add(joined, &left, count);
                    self.presence_due.get_or_insert_with(|| Instant::now() + self.hub.timing.presence_batch);
                }
                RoomEvent::Renamed(User { id: user, name }) => {
                    // It may be somebody who just came: first things first.
                    self.tell_presence();
                    let renamed = encode::frame(&ServerFrame::Renamed { user, name: name.clone() });
                    let mut state = self.room.state();
                    state.members.rename(user, &name);
                    let delivered = state.members.signal(None, &renamed, &mut self.unwritten);
                    drop(state);
                    self.hub.metrics.delivered(delivered);
                }
                RoomEvent::Deleted => {
                    self.evicted.extend(self.room.evict(|_| true, Some(LeftReason::Deleted)));
                }
                RoomEvent::Signal { from, frame } => {
                    // The signal may be about somebody who just came: first things first.
                    self.tell_presence();
                    let mut state = self.room.state();
                    let delivered = state.members.signal(Some(from), &frame, &mut self.unwritten);
                    drop(state);
                    self.hub.metrics.delivered(delivered);
                }
            }
        }
    }

    /// Delivers the messages that are the next ones, at least up to one that says who belongs to the room.
    fn hear_messages(&mut self, said: impl Iterator<Item = (Epoch, StoredMessage)>) {
        let room = Arc::clone(&self.room);
        let mut state = room.state();
        let mut next = Vec::new();
        for (epoch, message) in said {
            let Some(tail) = &mut state.tail else { return };
            match tail.offer(&epoch, &message) {
                Verdict::Deliver => {
                    let obeyed = is_about_membership(&message.frame);
                    next.push(message);
                    if obeyed {
                        break;
                    }
                }
                Verdict::Duplicate => {}
                verdict @ (Verdict::Gap { .. } | Verdict::OtherEpoch | Verdict::Doubtful) => {
                    tracing::debug!(room = %room.name(), ?verdict, "asking the broker");
                    self.doubt(Doubt::Messages);
                }
            }
        }
        let Some(latest) = next.last().map(|message| message.offset) else { return };
        // A page that was read ahead has them.
        state.latest_page.take_if(|page| page.latest < latest);
        let delivered = Run::all_of(&next).map(|run| state.members.messages(&run, &mut self.unwritten)).sum();
        drop(state);
        self.lookout.heard(Instant::now());
        self.hub.metrics.delivered(delivered);
        for message in &next {
            self.obey(&message.frame);
        }
    }

    fn doubt(&mut self, doubt: Doubt) {
        let (before, due) = self.doubt.unwrap_or((doubt, Instant::now()));
        self.doubt = Some((before.max(doubt), due));
    }

    fn tell_presence(&mut self) {
        self.presence_due = None;
        let mut state = self.room.state();
        if let Some(frame) = state.presence.take(self.room.name()) {
            let delivered = state.members.signal(None, &encode::frame(&frame), &mut self.unwritten);
            drop(state);
            self.hub.metrics.delivered(delivered);
        }
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

    /// Asks the engine what was missed; later again when it does not answer.
    async fn resolve(&mut self) {
        let Some((doubt, _)) = self.doubt else { return };
        match self.ask(doubt).await {
            Ok(()) => {
                self.doubt = None;
                self.room.was_checked();
            }
            Err(error) => {
                tracing::debug!(room = %self.room.name(), %error, "could not ask what was missed");
                self.doubt = Some((doubt, Instant::now() + RETRY));
            }
        }
    }

    async fn ask(&mut self, doubt: Doubt) -> Result<(), EngineError> {
        let (hub, room) = (Arc::clone(&self.hub), Arc::clone(&self.room));
        loop {
            let Some(offset) = room.state().tail.as_ref().map(Tail::read_after) else { return Ok(()) };
            let page = hub.engine.history(room.name(), Range::After { offset, limit: HISTORY_MAX }).await?;
            let caught_up = self.catch_up(&page);
            // Page after page would fill the queues.
            write_out(&mut self.unwritten).await;
            match caught_up {
                CaughtUp::Partly => {}
                CaughtUp::Wholly => break,
                CaughtUp::Lost => {
                    self.check_admission().await?;
                    return self.restart().await;
                }
            }
        }
        if doubt == Doubt::Messages {
            return Ok(());
        }
        self.check_admission().await?;
        self.refresh().await
    }

    /// Delivers what a page brings of what was missed.
    fn catch_up(&mut self, page: &Page) -> CaughtUp {
        let room = Arc::clone(&self.room);
        let mut state = room.state();
        let Some(tail) = &mut state.tail else { return CaughtUp::Wholly };
        let Catchup::Missed(messages) = tail.catch_up(page) else { return CaughtUp::Lost };
        let wholly = tail.offset() == page.latest;
        state.latest_page = None;
        let delivered =
            Run::all_of(&messages).map(|run| state.members.messages(&run, &mut self.unwritten)).sum();
        drop(state);
        self.hub.metrics.delivered(delivered);
        for message in &messages {
            self.obey(&message.frame);
        }
        if wholly { CaughtUp::Wholly } else { CaughtUp::Partly }
    }

    /// The stream does not go on from where the room is: everyone is told so, with the latest page.
    async fn restart(&self) -> Result<(), EngineError> {
        let Self { hub, room, .. } = self;
        // Another message may have the offset of one that was lost.
        room.state().latest_page = None;
        let (answer, roster) = tokio::try_join!(
            hub.read(room, &Want::Page(HISTORY_DEFAULT)),
            hub.engine.roster(room.name(), MEMBERS_LISTED)
        )?;
        let joined = answer.encode(room.name(), &roster)?;
        let Answer { epoch, latest, .. } = answer;
        tracing::warn!(room = %room.name(), %epoch, offset = latest, "messages were lost");
        let mut state = room.state();
        state.restarts += 1;
        let delivered = state.members.restart(latest, &joined);
        state.tail = Some(Tail::new(epoch, latest));
        drop(state);
        hub.metrics.delivered(delivered);
        Ok(())
    }

    /// Tells everyone who is there, after events about it may have been lost.
    async fn refresh(&self) -> Result<(), EngineError> {
        let Self { hub, room, .. } = self;
        let roster = hub.engine.roster(room.name(), MEMBERS_LISTED).await?;
        let mut state = room.state();
        let Some(tail) = &state.tail else { return Ok(()) };
        let offset = tail.offset();
        let epoch = tail.epoch().clone();
        let messages = encode::messages(&[]);
        let joined =
            Answer { epoch, latest: offset, recovered: true, messages }.encode(room.name(), &roster)?;
        let delivered = state.members.refresh(offset, &joined);
        drop(state);
        hub.metrics.delivered(delivered);
        Ok(())
    }
}
