//! What a server's frames mean to a session.

use std::time::{Duration, Instant};

use hubbub_protocol::{
    Epoch, ErrorCode, ErrorFrame, MessageId, Offset, RoomName, ServerFrame, StreamEvent, User,
};

use super::{Phase, Session};
use crate::{
    Event, Gap,
    outbox::Stored,
    position::Arrival,
    rooms::{Joined, Refused},
};

/// The longest wait that a server may ask for: longer than any drain. An [`Instant`] has an end, and what a server
/// says is any number.
const LONGEST_DELAY: Duration = Duration::from_hours(1);

impl Session {
    /// Takes what a server said.
    pub(super) fn frame(&mut self, frame: ServerFrame, now: Instant) {
        match frame {
            ServerFrame::Welcome { user, server, token, session: _, limits: _ } => {
                self.phase = Phase::Welcome { since: now };
                let asked = self.wants_another_name();
                self.token = token.or(self.token.take());
                self.user = Some(user.clone());
                // The token is of somebody who goes by another one.
                if !asked && self.wants_another_name() {
                    self.ask_for_name();
                }
                self.events.push_back(Event::Connected { user, server });
                self.send_due(now);
            }
            ServerFrame::Joined { room, epoch, offset, recovered, messages, members, count } => {
                self.joined(&room, epoch, offset, recovered, messages, members, count);
                self.send_due(now);
            }
            ServerFrame::Left { room, reason } => {
                if reason.is_some() {
                    self.rooms.lost(&room);
                }
                self.events.push_back(Event::Left { room, reason });
            }
            ServerFrame::Ack { id, room, offset, time } => {
                if self.outbox.remove(id) {
                    self.events.push_back(Event::Acknowledged { id, room, offset, time });
                    self.send_due(now);
                }
            }
            ServerFrame::Message(event) => self.stored(StreamEvent::Message(event)),
            ServerFrame::Edited(event) => self.stored(StreamEvent::Edited(event)),
            ServerFrame::Deleted(event) => self.stored(StreamEvent::Deleted(event)),
            ServerFrame::Reacted(event) => self.stored(StreamEvent::Reacted(event)),
            ServerFrame::Erased(event) => self.stored(StreamEvent::Erased(event)),
            ServerFrame::Changed(event) => self.stored(StreamEvent::Changed(event)),
            ServerFrame::Member(event) => self.stored(StreamEvent::Member(event)),
            ServerFrame::Seen(event) => self.stored(StreamEvent::Seen(event)),
            ServerFrame::Read { room, offset, unread } => {
                self.events.push_back(Event::Read { room, offset, unread });
            }
            ServerFrame::RoomsChanged => self.events.push_back(Event::RoomsChanged),
            ServerFrame::Renamed { user, name } => {
                if let Some(own) = self.user.as_mut().filter(|own| own.id == user) {
                    own.name = name.clone();
                }
                self.events.push_back(Event::Renamed { user, name });
            }
            ServerFrame::Typing { room, user } => self.events.push_back(Event::Typing { room, user }),
            ServerFrame::Pong => {}
            ServerFrame::Presence { room, joined, left, count } => {
                self.events.push_back(Event::Presence { room, joined, left, count });
            }
            ServerFrame::Reconnect { delay_ms, reason } => {
                let delay = delay_of(delay_ms);
                self.move_at = Some(now + delay);
                self.events.push_back(Event::Moving { delay, reason });
            }
            ServerFrame::Error(error) => self.error(error, now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the fields of one frame")]
    fn joined(
        &mut self,
        room: &RoomName,
        epoch: Epoch,
        offset: Offset,
        recovered: bool,
        messages: Vec<StreamEvent>,
        members: Vec<User>,
        count: u32,
    ) {
        match self.rooms.joined(room, &epoch, offset, recovered, &messages) {
            Joined::Gone => {}
            Joined::First => {
                let (room, history) = (room.clone(), messages);
                self.events.push_back(Event::Joined { room, epoch, offset, history, members, count });
            }
            Joined::Lists => {
                self.events.push_back(Event::Resumed { room: room.clone(), members, count });
            }
            Joined::Answer => {
                let (room, history) = (room.clone(), Vec::new());
                self.events.push_back(Event::Joined { room, epoch, offset, history, members, count });
            }
            Joined::Continues { after, gap } => {
                if !recovered || gap.is_some() {
                    self.outbox.forget_seen(room);
                }
                if let Some(gap) = gap {
                    self.gap(room, gap);
                }
                for event in messages.into_iter().filter(|event| event.offset() > after) {
                    self.stored(event);
                }
                for Stored { id, offset, time } in self.outbox.take_seen(room) {
                    self.events.push_back(Event::Acknowledged { id, room: room.clone(), offset, time });
                }
                self.events.push_back(Event::Resumed { room: room.clone(), members, count });
            }
        }
    }

    /// An event of a room's stream, live or missed.
    fn stored(&mut self, event: StreamEvent) {
        // None: a room that the client left a moment ago.
        let Some(arrival) = self.rooms.arrived(event.room(), event.offset()) else { return };
        if let StreamEvent::Message(message) = &event
            && self.user.as_ref().is_some_and(|user| user.id == message.user.id)
        {
            self.outbox.seen(Stored { id: message.id, offset: message.offset, time: message.time });
        }
        match arrival {
            Arrival::Next => {}
            Arrival::After(missing) => self.gap(&event.room().clone(), Gap::Skipped(missing)),
            Arrival::Late => return self.events.push_back(Event::Stray { event, repeated: false }),
            Arrival::Repeated => return self.events.push_back(Event::Stray { event, repeated: true }),
        }
        self.events.push_back(match event {
            StreamEvent::Message(message) => Event::Message(message),
            event => Event::Changed(event),
        });
    }

    fn gap(&mut self, room: &RoomName, gap: Gap) {
        self.events.push_back(Event::Gap { room: room.clone(), gap });
    }

    /// Finds what the refused frame was about, and does it again later if that may help.
    fn error(&mut self, error: ErrorFrame, now: Instant) {
        let retry_at = error.retry_after_ms.map(|millis| now + delay_of(millis));
        let reference = error.reference.as_deref();
        if let Some(id) = reference.and_then(|text| text.parse::<MessageId>().ok()) {
            match retry_at {
                Some(at) => _ = self.outbox.retry(id, at),
                None if self.outbox.remove(id) => {
                    self.events.push_back(Event::NotSent { id, error });
                    return self.send_due(now);
                }
                None => {}
            }
        } else if let Some(room) = reference.and_then(|text| RoomName::parse(text).ok()) {
            if let Refused::RestartAt(at) = self.rooms.refused(&room, retry_at) {
                self.restart_at = Some(at);
            }
        } else if retry_at.is_some() && !self.is_welcome() {
            self.restart_at = retry_at;
        } else if retry_at.is_some() {
            // Nothing but a rename fails for now without a reference. It may have been done by half, `renamed`
            // included, so that is not the end of it.
            self.rename_at = retry_at;
        } else if matches!(
            error.code,
            ErrorCode::EmptyName | ErrorCode::NameTooLong | ErrorCode::ControlCharacter
        ) {
            // This server will not have the name: asking for it on every connection would not help.
            self.name = self.user.as_ref().map(|user| user.name.clone());
            self.rename_at = None;
        }
        self.events.push_back(Event::Error(error));
    }
}

/// What a server asks to wait, within [`LONGEST_DELAY`].
fn delay_of(millis: u64) -> Duration {
    Duration::from_millis(millis).min(LONGEST_DELAY)
}
