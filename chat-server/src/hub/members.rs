//! The local sessions in a room, and what each of them gets. No I/O.

use std::{collections::BTreeSet, sync::Arc};

use hubbub_protocol::{Offset, SessionId, UserId, UserName};

use super::run::Run;
use crate::{
    engine::StoredMessage,
    session::{
        identity::Identity,
        outbox::{Closing, Frame, Outbox, Put, Text},
    },
};

/// A session as a room knows it.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Which one.
    pub session: SessionId,
    /// Who speaks there.
    pub identity: Arc<Identity>,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
}

/// What a session that joins gets later: a room's frame, and its offset if it is a message.
type Held = (Option<Offset>, Frame);

#[derive(Debug)]
enum Delivery {
    /// In the room: gets every frame, of messages those behind the offset.
    Live(Offset),
    /// Its page is being read. What comes meanwhile waits, so that nothing falls between the page and the first
    /// delivery. `from` is where it was, when it was in the room before, and `anew` the `joined` that told of a
    /// loss since: only the page that is being read, or that, is what it gets.
    Joining { from: Option<Offset>, anew: Option<Text>, held: Vec<Held>, bytes: usize },
}

#[derive(Debug)]
struct Member {
    seat: Seat,
    delivery: Delivery,
}

/// Queues that got something since they were empty, and are to be written.
pub type Unwritten = Vec<Arc<Outbox>>;

impl Member {
    /// Returns how many messages the queue took.
    fn hold_or_put_all(&mut self, run: &Run<'_>, unwritten: &mut Unwritten) -> usize {
        match self.delivery {
            Delivery::Live(from) if run.is_behind(from) => {
                let taken = self.hold_or_put(None, run.text(), unwritten);
                if taken { run.messages().len() } else { 0 }
            }
            Delivery::Live(_) | Delivery::Joining { .. } => {
                let one = |message: &&StoredMessage| {
                    self.hold_or_put(Some(message.offset), &message.frame, unwritten)
                };
                run.messages().iter().filter(one).count()
            }
        }
    }

    fn hold_or_put(&mut self, offset: Option<Offset>, frame: &Frame, unwritten: &mut Unwritten) -> bool {
        match &mut self.delivery {
            Delivery::Live(from) if offset.is_none_or(|offset| offset > *from) => {
                match self.seat.outbox.put(frame.clone()) {
                    Put::First => {
                        unwritten.push(Arc::clone(&self.seat.outbox));
                        true
                    }
                    Put::Behind => true,
                    Put::Full | Put::Ended => false,
                }
            }
            Delivery::Live(_) => false,
            Delivery::Joining { held, bytes, .. } => {
                *bytes += frame.len();
                if *bytes > self.seat.outbox.limit() {
                    held.clear();
                    self.seat.outbox.close(Closing::Code(hubbub_protocol::CloseCode::SlowConsumer));
                } else {
                    held.push((offset, frame.clone()));
                }
                false
            }
        }
    }
}

/// The local sessions in a room.
#[derive(Debug, Default)]
pub struct Members {
    // A vector, since all are visited for each message and one is looked for only when it comes or goes.
    list: Vec<Member>,
}

impl Members {
    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A session begins to join, or to join again. Until [`Members::admit`] what is for it is held back.
    pub fn hold(&mut self, seat: &Seat) {
        if let Some(member) = self.find(seat.session) {
            if let Delivery::Live(from) = member.delivery {
                member.delivery =
                    Delivery::Joining { from: Some(from), anew: None, held: Vec::new(), bytes: 0 };
            }
        } else {
            let delivery = Delivery::Joining { from: None, anew: None, held: Vec::new(), bytes: 0 };
            self.list.push(Member { seat: seat.clone(), delivery });
        }
    }

    /// The session's page was read up to `latest`: it gets `joined`, then what was held back. Who is new gets
    /// only what is behind the page. Who was in the room before stays where it was: it may have asked for a page
    /// that lacks what came meanwhile. Returns how many frames it got.
    pub fn admit(&mut self, session: SessionId, joined: Text, latest: Offset) -> usize {
        let Some(member) = self.find(session) else { return 0 };
        let (behind, held) = match std::mem::replace(&mut member.delivery, Delivery::Live(latest)) {
            Delivery::Live(from) => (from, Vec::new()),
            Delivery::Joining { from, held, .. } => (from.unwrap_or(latest), held),
        };
        member.delivery = Delivery::Live(behind);
        let outbox = &member.seat.outbox;
        usize::from(outbox.push(joined)) + push_held(outbox, held, behind)
    }

    /// The session's page could not be read: it is where it was before [`Members::hold`].
    pub fn give_up(&mut self, session: SessionId) {
        let Some(index) = self.list.iter().position(|member| member.seat.session == session) else { return };
        match &mut self.list[index].delivery {
            Delivery::Live(_) => {}
            Delivery::Joining { from: None, .. } => {
                self.list.swap_remove(index);
            }
            Delivery::Joining { from: Some(from), anew, held, .. } => {
                let (from, anew, held) = (*from, anew.take(), std::mem::take(held));
                let outbox = &self.list[index].seat.outbox;
                if let Some(anew) = anew {
                    outbox.push(anew);
                }
                push_held(outbox, held, from);
                self.list[index].delivery = Delivery::Live(from);
            }
        }
    }

    /// Takes a session out.
    pub fn remove(&mut self, session: SessionId) {
        if let Some(index) = self.list.iter().position(|member| member.seat.session == session) {
            self.list.swap_remove(index);
        }
    }

    /// Whether a session is in the room or on its way in.
    pub fn has(&self, session: SessionId) -> bool {
        self.list.iter().any(|member| member.seat.session == session)
    }

    /// Who is here, each once.
    pub fn users(&self) -> Vec<UserId> {
        let users: BTreeSet<_> = self.list.iter().map(|member| member.seat.identity.id()).collect();
        users.into_iter().collect()
    }

    /// Takes all sessions of some users out, and answers which.
    pub fn evict(&mut self, whom: impl Fn(UserId) -> bool) -> Vec<Seat> {
        let all = std::mem::take(&mut self.list).into_iter();
        let (out, stay): (Vec<_>, _) = all.partition(|member| whom(member.seat.identity.id()));
        self.list = stay;
        out.into_iter().map(|member| member.seat).collect()
    }

    /// Messages for everyone who has not got them with a page. Returns how many the queues took in all.
    pub fn messages(&mut self, run: &Run<'_>, unwritten: &mut Unwritten) -> usize {
        self.list.iter_mut().map(|member| member.hold_or_put_all(run, unwritten)).sum()
    }

    /// A frame that is not a message, for everyone but `from`. Returns how many queues took it.
    pub fn signal(&mut self, from: Option<SessionId>, frame: &Frame, unwritten: &mut Unwritten) -> usize {
        self.list
            .iter_mut()
            .filter(|member| Some(member.seat.session) != from)
            .filter_map(|member| member.hold_or_put(None, frame, unwritten).then_some(()))
            .count()
    }

    /// The state of the room anew, for those who are up to its tail. Who is ahead of it, or joining, has just
    /// read a newer one.
    pub fn refresh(&mut self, tail: Offset, joined: &Text) -> usize {
        self.list
            .iter()
            .filter(|member| matches!(member.delivery, Delivery::Live(from) if from <= tail))
            .filter(|member| member.seat.outbox.push(joined.clone()))
            .count()
    }

    /// The stream was lost and goes on behind `latest`: everyone gets the new `joined`. What joining sessions
    /// hold is of the old stream; they read their page again.
    pub fn restart(&mut self, latest: Offset, joined: &Text) -> usize {
        let mut delivered = 0;
        for member in &mut self.list {
            match &mut member.delivery {
                Delivery::Live(from) => {
                    *from = latest;
                    delivered += usize::from(member.seat.outbox.push(joined.clone()));
                }
                Delivery::Joining { from, anew, held, bytes } => {
                    held.clear();
                    *bytes = 0;
                    if let Some(from) = from {
                        *from = latest;
                        *anew = Some(joined.clone());
                    }
                }
            }
        }
        delivered
    }

    /// A user has another name: the sessions of that user speak by it from now on.
    pub fn rename(&self, user: UserId, name: &UserName) {
        for member in self.list.iter().filter(|member| member.seat.identity.id() == user) {
            member.seat.identity.rename(name.clone());
        }
    }

    fn find(&mut self, session: SessionId) -> Option<&mut Member> {
        self.list.iter_mut().find(|member| member.seat.session == session)
    }
}

fn push_held(outbox: &Outbox, held: Vec<Held>, behind: Offset) -> usize {
    held.into_iter()
        .filter(|(offset, _)| offset.is_none_or(|offset| offset > behind))
        .filter(|(_, frame)| outbox.push(frame.clone()))
        .count()
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::User;

    use super::*;

    fn seat() -> Seat {
        let user = User { id: UserId::random(), name: UserName::parse("Ada").unwrap() };
        Seat {
            session: SessionId::random(),
            identity: Arc::new(Identity::new(user)),
            outbox: Arc::new(Outbox::new(1_000)),
        }
    }

    fn text(text: &str) -> Text {
        Frame::from(text).into()
    }

    fn got(seat: &Seat) -> Vec<String> {
        seat.outbox.texts()
    }

    fn messages(members: &mut Members, said: &[(Offset, &str)], unwritten: &mut Unwritten) -> usize {
        let stored = |&(offset, text): &(Offset, &str)| StoredMessage { offset, frame: text.into() };
        let said: Vec<_> = said.iter().map(stored).collect();
        Run::all_of(&said).map(|run| members.messages(&run, unwritten)).sum()
    }

    fn message(members: &mut Members, offset: Offset, text: &str) -> usize {
        messages(members, &[(offset, text)], &mut Unwritten::new())
    }

    fn signal(members: &mut Members, from: Option<SessionId>, text: &str) -> usize {
        members.signal(from, &text.into(), &mut Unwritten::new())
    }

    #[test]
    fn what_comes_while_a_page_is_read_is_neither_lost_nor_doubled() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        assert_eq!(message(&mut members, 4, "4"), 0);
        signal(&mut members, None, "signal");
        message(&mut members, 5, "5");
        members.admit(seat.session, text("joined up to 4"), 4);
        message(&mut members, 6, "6");
        assert_eq!(got(&seat), ["joined up to 4", "signal", "5", "6"]);
    }

    #[test]
    fn a_page_that_is_ahead_of_the_room_is_not_delivered_again() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        members.admit(seat.session, text("joined up to 9"), 9);
        assert_eq!(message(&mut members, 9, "9"), 0);
        assert_eq!(message(&mut members, 10, "10"), 1);
        assert_eq!(got(&seat), ["joined up to 9", "10"]);
    }

    #[test]
    fn joining_again_moves_nobody_past_a_message_that_the_page_lacks() {
        for history in [0, 2] {
            let (mut members, seat) = (Members::default(), seat());
            members.hold(&seat);
            members.admit(seat.session, text("joined up to 5"), 5);
            members.hold(&seat);
            message(&mut members, 6, "6");
            let again = format!("the latest {history} up to 7");
            members.admit(seat.session, text(&again), 7);
            message(&mut members, 7, "7");
            assert_eq!(got(&seat), ["joined up to 5", &again, "6", "7"]);
        }
    }

    #[test]
    fn who_has_a_part_of_what_follows_with_a_page_gets_the_rest() {
        let (mut members, seats) = (Members::default(), [seat(), seat(), seat()]);
        for (seat, latest) in seats.iter().zip([4, 5, 9]) {
            members.hold(seat);
            members.admit(seat.session, text("joined"), latest);
        }
        let joining = seat();
        members.hold(&joining);
        assert_eq!(messages(&mut members, &[(5, "5"), (6, "6")], &mut Unwritten::new()), 3);
        assert_eq!(got(&seats[0]), ["joined", "5\n6"]);
        assert_eq!(got(&seats[1]), ["joined", "6"]);
        assert_eq!(got(&seats[2]), ["joined"]);
        members.admit(joining.session, text("joined up to 5"), 5);
        assert_eq!(got(&joining), ["joined up to 5", "6"]);
    }

    #[test]
    fn joining_again_without_success_changes_nothing() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        members.admit(seat.session, text("joined"), 0);
        members.hold(&seat);
        message(&mut members, 1, "1");
        members.give_up(seat.session);
        message(&mut members, 2, "2");
        assert_eq!(got(&seat), ["joined", "1", "2"]);
    }

    #[test]
    fn joining_without_success_leaves_nothing_behind() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        members.give_up(seat.session);
        assert!(members.is_empty());
    }

    #[test]
    fn after_a_loss_everyone_goes_on_from_the_new_stream() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        members.admit(seat.session, text("joined"), 7);
        members.restart(2, &text("joined anew"));
        message(&mut members, 3, "3");
        assert_eq!(got(&seat), ["joined", "joined anew", "3"]);
    }

    #[test]
    fn a_signal_does_not_go_to_where_it_comes_from() {
        let (mut members, one, two) = (Members::default(), seat(), seat());
        for seat in [&one, &two] {
            members.hold(seat);
            members.admit(seat.session, text("joined"), 0);
        }
        assert_eq!(signal(&mut members, Some(one.session), "typing"), 1);
        assert_eq!(got(&one), ["joined"]);
        assert_eq!(got(&two), ["joined", "typing"]);
    }

    #[test]
    fn a_queue_is_to_be_written_once_however_much_it_gets() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        members.admit(seat.session, text("joined"), 0);
        assert_eq!(got(&seat), ["joined"]);
        let mut unwritten = Unwritten::new();
        for offset in 1..=3 {
            messages(&mut members, &[(offset, "m")], &mut unwritten);
        }
        assert_eq!(unwritten.len(), 1);
    }

    #[test]
    fn a_joining_session_that_would_hold_more_than_its_queue_is_closed() {
        let (mut members, seat) = (Members::default(), seat());
        members.hold(&seat);
        for offset in 1..=3 {
            message(&mut members, offset, &"x".repeat(400));
        }
        assert_eq!(seat.outbox.closing().map(Closing::code), Some(4001));
    }
}
