//! One connection of the load: a member of one room, and maybe a sender.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
};

use chat_client::{
    Client, Event, Gap, Loss,
    load::{Member, Schedule},
};
use futures::StreamExt;
use hubbub_protocol::{Message, MessageId, RoomName};
use tokio::{sync::watch, time::Instant};

use super::{
    ledger::Verdict,
    payload::{Payload, Run},
    tally::Tally,
};

/// What all connections do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Come into the room, and be there.
    Join,
    /// Send, by the schedule that began at [`Common::start`].
    Send,
    /// Send nothing that is due later than this; wait for what is under way.
    Settle { end: Instant },
    /// Go.
    End,
}

/// What is the same for all connections.
pub(super) struct Common {
    pub(super) run: Run,
    pub(super) schedule: Option<Schedule>,
    pub(super) text_bytes: usize,
    pub(super) rooms: Vec<RoomName>,
    pub(super) tally: Tally,
    /// When the first message was due; set before [`Phase::Send`].
    pub(super) start: OnceLock<Instant>,
}

/// One connection.
pub(super) struct Connection {
    number: usize,
    room: usize,
    common: Arc<Common>,
    client: Client,
    member: Member,
    /// Messages that wait for their acknowledgement, and when they were due.
    waiting: HashMap<MessageId, Payload>,
    next_index: u64,
    welcome: bool,
    /// In its room now.
    present: bool,
    absent_since: Option<Instant>,
}

impl Connection {
    pub(super) fn new(number: usize, common: Arc<Common>, mut client: Client) -> Self {
        let room = number % common.rooms.len();
        client.join(common.rooms[room].clone(), 0);
        Self {
            number,
            room,
            common,
            client,
            member: Member::default(),
            waiting: HashMap::new(),
            next_index: 0,
            welcome: false,
            present: false,
            absent_since: None,
        }
    }

    /// Until the end. Gives what the member saw, and its room.
    pub(super) async fn run(mut self, mut phase: watch::Receiver<Phase>) -> (usize, Member) {
        let timer = tokio::time::sleep_until(Instant::now());
        tokio::pin!(timer);
        let mut sent_all = false;
        loop {
            let now = *phase.borrow_and_update();
            if now == Phase::End {
                break;
            }
            let due = self.due().filter(|due| match now {
                Phase::Send => true,
                // What was due before the end is sent, however late this process is.
                Phase::Settle { end } => *due < end,
                Phase::Join | Phase::End => false,
            });
            if due.is_none() && matches!(now, Phase::Settle { .. }) && !std::mem::replace(&mut sent_all, true)
            {
                self.common.tally.sent_all.fetch_add(1, Relaxed);
            }
            // Moving a timer costs more than looking at it, and this loop turns once an event.
            if let Some(due) = due.filter(|due| *due != timer.deadline()) {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                event = self.client.next(), if !self.member.ended => match event {
                    Some(event) => self.event(event),
                    None => self.member.ended = true,
                },
                () = &mut timer, if due.is_some() => self.send(),
                changed = phase.changed() => if changed.is_err() { break },
            }
        }
        self.set_present(false);
        self.client.close().await;
        (self.room, self.member)
    }

    /// When this connection's next message is due; never for one that sends none.
    fn due(&self) -> Option<Instant> {
        let after = self.common.schedule.filter(|_| !self.member.ended)?.due(self.number, self.next_index)?;
        Some(*self.common.start.get()? + after)
    }

    fn send(&mut self) {
        let Some(due) = self.common.schedule.and_then(|it| it.due(self.number, self.next_index)) else {
            return;
        };
        let payload = Payload { sender: self.number, index: self.next_index, due };
        self.next_index += 1;
        let Ok(text) = payload.write(self.common.run, self.common.text_bytes) else { return };
        let tally = &self.common.tally;
        match self.client.send(self.common.rooms[self.room].clone(), text) {
            Ok(id) => {
                tally.sent.fetch_add(1, Relaxed);
                self.waiting.insert(id, payload);
            }
            Err(_) => tally.error("outboxFull"),
        }
    }

    fn event(&mut self, event: Event) {
        let common = Arc::clone(&self.common);
        let tally = &common.tally;
        match event {
            Event::Connected { .. } => self.welcome = true,
            Event::Joined { epoch, offset, .. } => {
                let epoch = tally.ledger(self.room).epoch(&epoch);
                self.member.enter(epoch, offset);
                self.arrived();
            }
            Event::Resumed { .. } => self.arrived(),
            Event::Message(message) => self.delivered(&message),
            Event::Stray { event, repeated } => self.member.stray(event.offset(), repeated),
            Event::Gap { gap, .. } => {
                tally.error(match gap {
                    Gap::Skipped(_) => "gapSkipped",
                    Gap::NotRecovered { .. } => "gapNotRecovered",
                    Gap::Restarted { .. } => "gapRestarted",
                });
                if let Gap::Restarted { epoch, .. } = gap {
                    let epoch = tally.ledger(self.room).epoch(&epoch);
                    self.member.restart(epoch);
                }
            }
            Event::Acknowledged { id, offset, .. } => self.acknowledged(id, offset),
            Event::NotSent { id, error } => {
                self.waiting.remove(&id);
                tally.not_sent.fetch_add(1, Relaxed);
                tally.error(error.code.as_str());
            }
            Event::Error(error) => {
                tally.error(error.code.as_str());
                let id = error.reference.and_then(|text| text.parse().ok());
                if let Some(payload) = id.and_then(|id| self.waiting.get(&id)) {
                    tally.ledger(self.room).retry(payload.sender, payload.index);
                }
            }
            Event::Disconnected { loss, .. } => self.lost(&loss),
            Event::Ended(loss) => {
                self.lost(&loss);
                self.member.ended = true;
            }
            Event::NotUnderstood(_) => tally.error("notUnderstood"),
            Event::Moving { .. }
            | Event::Left { .. }
            | Event::Presence { .. }
            | Event::Renamed { .. }
            | Event::Typing { .. }
            | Event::Changed(_)
            | Event::Read { .. }
            | Event::RoomsChanged => {}
        }
        let awaited = self.member.place().filter(|_| !self.member.ended);
        tally.reached(self.number, awaited);
    }

    fn delivered(&mut self, message: &Message) {
        self.member.see(message.offset);
        let Some((epoch, offset)) = self.member.place() else { return };
        let payload = Payload::read(self.common.run, message.text.as_str());
        let origin = payload.map(|payload| (payload.sender, payload.index));
        let verdict = self.common.tally.ledger(self.room).deliver((epoch, offset), message.id, origin);
        match verdict {
            Verdict::Agrees => {}
            Verdict::Doubled => self.member.duplicated += 1,
            Verdict::Contradicts => self.member.misordered += 1,
        }
        if let (Some(payload), Some(start)) = (payload, self.common.start.get()) {
            self.common.tally.delivered_after(self.number, (*start + payload.due).elapsed());
        }
    }

    fn acknowledged(&mut self, id: MessageId, offset: u64) {
        let Some(payload) = self.waiting.remove(&id) else { return };
        if let (Some((epoch, _)), Some(start)) = (self.member.place(), self.common.start.get()) {
            self.common.tally.ledger(self.room).acknowledge((epoch, offset), id);
            self.common.tally.acknowledged_after(self.number, (*start + payload.due).elapsed());
        }
    }

    fn arrived(&mut self) {
        self.set_present(true);
        if let Some(since) = self.absent_since.take() {
            self.common.tally.gap(since.elapsed());
        }
    }

    fn lost(&mut self, loss: &Loss) {
        let tally = &self.common.tally;
        if std::mem::take(&mut self.welcome) {
            tally.reconnects.fetch_add(1, Relaxed);
            if *loss != Loss::Moved {
                tally.cut.fetch_add(1, Relaxed);
            }
        }
        if self.present {
            self.absent_since = Some(Instant::now());
        }
        if *loss != Loss::Moved {
            tally.failure(loss);
        }
        match loss {
            Loss::Moved => {}
            Loss::Refused { status: 503, .. } => _ = tally.refused.fetch_add(1, Relaxed),
            Loss::Refused { status, .. } => tally.error(format!("http{status}")),
            Loss::Closed { code, .. } => tally.error(format!("close{code}")),
            Loss::Broken(_) => tally.error("broken"),
            Loss::Unreachable(_) => tally.error("unreachable"),
        }
        self.set_present(false);
    }

    fn set_present(&mut self, present: bool) {
        if present && !self.present {
            self.common.tally.present.fetch_add(1, Relaxed);
        } else if !present && self.present {
            self.common.tally.present.fetch_sub(1, Relaxed);
        }
        self.present = present;
    }
}
