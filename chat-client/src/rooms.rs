//! The rooms of a client over all its connections: where it is in each, and what a `joined` means there. Pure.

use std::{collections::BTreeMap, time::Instant};

use hubbub_protocol::{ClientFrame, Epoch, Offset, ResumeFrom, RoomName, StreamEvent};

use crate::{
    Gap,
    position::{Arrival, Position},
};

#[derive(Debug, Default)]
struct Room {
    history: usize,
    /// Where the client is; none before the first `joined`.
    position: Option<Position>,
    /// Whether `joined` came on this connection.
    ready: bool,
    /// The server failed to let the client in for now.
    retry_at: Option<Instant>,
}

/// What a `joined` is to its room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// The client left the room a moment ago.
    Gone,
    /// The first one: its messages are what was before.
    First,
    /// Who is there, asked once more: its messages came, or come, by themselves.
    Answer,
    /// Who is there, told unasked after the server had missed some of it: no message is missing.
    Lists,
    /// The room goes on with those of its messages that are behind this offset, after a gap if there is one.
    Continues {
        /// Messages up to here are known, or given up.
        after: Offset,
        /// What is missing before them.
        gap: Option<Gap>,
    },
}

/// What a refusal asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Nothing more.
    Told,
    /// A resume goes with `hello` only: the connection is to be made anew.
    RestartAt(Instant),
}

/// The rooms that a client is in, or wants to be in.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: BTreeMap<RoomName, Room>,
    /// How many joins of this connection are not answered yet; also of rooms that were left since.
    asked: BTreeMap<RoomName, usize>,
}

impl Rooms {
    /// The client wants to be in a room.
    pub(crate) fn want(&mut self, room: RoomName, history: usize) {
        self.rooms.entry(room).or_default().history = history;
    }

    /// The client does not want to be in a room any more.
    pub(crate) fn leave(&mut self, room: &RoomName) {
        self.rooms.remove(room);
    }

    /// The frame that asks for a room.
    pub(crate) fn ask(&mut self, room: RoomName, history: usize) -> ClientFrame {
        *self.asked.entry(room.clone()).or_default() += 1;
        ClientFrame::Join { room, history }
    }

    /// Where the client is in a room that it joined once.
    pub(crate) fn position(&self, room: &RoomName) -> Option<&Position> {
        self.rooms.get(room)?.position.as_ref()
    }

    /// Whether messages may be sent to a room now: it is joined, or was never asked for, which the server answers
    /// with an error.
    pub(crate) fn takes_messages(&self, room: &RoomName) -> bool {
        self.rooms.get(room).is_none_or(|state| state.ready)
    }

    /// What `hello` asks to be resumed.
    pub(crate) fn to_resume(&self) -> Vec<ResumeFrom> {
        let resume = self.rooms.iter().filter_map(|(room, state)| {
            let position = state.position.as_ref()?;
            Some(ResumeFrom { room: room.clone(), epoch: position.epoch().clone(), offset: position.last() })
        });
        resume.collect()
    }

    /// The connection is gone, and all that was asked on it.
    pub(crate) fn connection_gone(&mut self) {
        self.asked.clear();
        for room in self.rooms.values_mut() {
            room.ready = false;
            room.retry_at = None;
        }
    }

    /// Behind `hello`: asks for the rooms that are not among those to resume.
    pub(crate) fn ask_for_new(&mut self) -> Vec<ClientFrame> {
        self.ask_where(|state| state.position.is_none())
    }

    /// When the next refused room is to be asked for again.
    pub(crate) fn next_retry(&self) -> Option<Instant> {
        self.rooms.values().filter_map(|room| room.retry_at).min()
    }

    /// Asks again for the rooms that are due.
    pub(crate) fn ask_due(&mut self, now: Instant) -> Vec<ClientFrame> {
        let frames = self.ask_where(|state| state.retry_at.is_some_and(|at| at <= now));
        for state in self.rooms.values_mut().filter(|state| state.retry_at.is_some_and(|at| at <= now)) {
            state.retry_at = None;
        }
        frames
    }

    fn ask_where(&mut self, which: impl Fn(&Room) -> bool) -> Vec<ClientFrame> {
        let rooms = self.rooms.iter().filter(|(_, state)| which(state));
        let rooms: Vec<_> = rooms.map(|(room, state)| (room.clone(), state.history)).collect();
        rooms.into_iter().map(|(room, history)| self.ask(room, history)).collect()
    }

    /// Takes note of a `joined`, but not yet of its messages. A server sends it in answer to a join or a resume, or
    /// unasked: with `recovered` when only the lists of people were in doubt, without when it lost messages itself.
    pub(crate) fn joined(
        &mut self,
        room: &RoomName,
        epoch: &Epoch,
        offset: Offset,
        recovered: bool,
        messages: &[StreamEvent],
    ) -> Joined {
        let Some(state) = self.rooms.get_mut(room) else {
            answered(&mut self.asked, room);
            return Joined::Gone;
        };
        let was_ready = std::mem::replace(&mut state.ready, true);
        let Some(position) = state.position.as_mut() else {
            answered(&mut self.asked, room);
            state.position = Some(Position::new(epoch.clone(), offset));
            return Joined::First;
        };
        let continues = position.epoch() == epoch;
        if was_ready && continues {
            if recovered {
                return Joined::Lists;
            }
            // Its offset tells nothing: live messages may have overtaken it, or be about to come.
            if answered(&mut self.asked, room) {
                return Joined::Answer;
            }
        }
        // From here on it answers a resume, or tells unasked that messages were lost. The answer to a join that is
        // under way comes behind such a loss.
        let had = position.last();
        let next = messages.first().map_or(offset.saturating_add(1), StreamEvent::offset);
        let expected = had.saturating_add(1);
        // A loss that leaves no hole in the numbers: some of them stand for other messages now.
        let rewritten = was_ready && next <= expected;
        let mut gap = None;
        if !continues || offset < had || rewritten {
            *position = Position::new(epoch.clone(), next.saturating_sub(1));
            gap = Some(Gap::Restarted { epoch: epoch.clone(), had });
        } else if !recovered && next > expected {
            position.skip_to(next - 1);
            gap = Some(Gap::NotRecovered { had, next });
        }
        Joined::Continues { after: position.last(), gap }
    }

    /// Takes note of an event; none when it is of a room that the client left a moment ago.
    pub(crate) fn arrived(&mut self, room: &RoomName, offset: Offset) -> Option<Arrival> {
        let position = self.rooms.get_mut(room)?.position.as_mut()?;
        Some(position.arrive(offset))
    }

    /// The server put the client out of a room.
    pub(crate) fn lost(&mut self, room: &RoomName) {
        self.rooms.remove(room);
    }

    /// The server refused something about a room, and may do it at `retry_at`.
    pub(crate) fn refused(&mut self, room: &RoomName, retry_at: Option<Instant>) -> Refused {
        answered(&mut self.asked, room);
        match (self.rooms.get_mut(room), retry_at) {
            (Some(state), None) if !state.ready => _ = self.rooms.remove(room),
            (Some(state), Some(at)) if !state.ready && state.position.is_none() => state.retry_at = Some(at),
            (Some(state), Some(at)) if !state.ready => return Refused::RestartAt(at),
            _ => {}
        }
        Refused::Told
    }
}

/// Takes one join of a room off those that are not answered yet. False when there is none.
fn answered(asked: &mut BTreeMap<RoomName, usize>, room: &RoomName) -> bool {
    let Some(joins) = asked.get_mut(room) else { return false };
    *joins -= 1;
    if *joins == 0 {
        asked.remove(room);
    }
    true
}
