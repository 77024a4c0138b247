//! What happens in a room, and who gets it.

use std::{
    iter::{self, Peekable},
    sync::Arc,
};

use hubbub_protocol::{Epoch, LeftReason, MemberChange, MemberChanged, ServerFrame, User};
use tokio::{sync::mpsc, time::Instant};

use super::{Doubt, Task};
use crate::{
    engine::{RoomEvent, StoredMessage},
    hub::{run::Run, tail::Verdict},
    session::{encode, outbox::Frame},
};

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

impl Task {
    /// Before the list of who is there is read: what waits is older than that list, and told behind it could bring
    /// back somebody whose going was among the events that were lost.
    pub(super) fn tell_what_waits(&mut self, events: &mut mpsc::Receiver<RoomEvent>) {
        if !matches!(self.doubt, Some((Doubt::Everything, _))) {
            return;
        }
        // No more than there are now: they may come as fast as they are told.
        let waiting = 0..events.len();
        self.hear(waiting.map_while(|_| events.try_recv().ok()));
        self.tell_presence();
    }

    /// What happened in the room, in order. Messages that follow each other are delivered at once.
    pub(super) fn hear(&mut self, events: impl Iterator<Item = RoomEvent>) {
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

    pub(super) fn tell_presence(&mut self) {
        self.presence_due = None;
        let mut state = self.room.state();
        if let Some(frame) = state.presence.take(self.room.name()) {
            let delivered = state.members.signal(None, &encode::frame(&frame), &mut self.unwritten);
            drop(state);
            self.hub.metrics.delivered(delivered);
        }
    }

    /// An event of the stream was delivered: if it says that somebody has no part in the room any more, they are out.
    pub(super) fn obey(&mut self, frame: &Frame) {
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
}
