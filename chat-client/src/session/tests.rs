use hubbub_protocol::{MessageText, ResumeFrom};
use serde_json::{Value, json};

use super::*;
use crate::Gap;

const EPOCH: &str = "e1";

struct Peer {
    session: Session,
    now: Instant,
    user: Value,
}

fn room() -> RoomName {
    RoomName::parse("tea").unwrap()
}

impl Peer {
    fn connected(identity: Identity) -> Self {
        let now = Instant::now();
        let mut session = Session::new(identity, now);
        session.connected(now);
        let user = json!({"id": "00000000-0000-4000-8000-000000000001", "name": "Ada"});
        Self { session, now, user }
    }

    /// In the room, behind message 2, with nothing left to read.
    fn in_the_room() -> Self {
        let mut peer = Self::connected(Identity::default());
        peer.welcome();
        peer.session.join(room(), 10);
        peer.joined(2, false, &[]);
        peer.frames();
        peer.events();
        peer
    }

    fn hears(&mut self, frame: &Value) {
        self.session.text(&frame.to_string(), self.now);
    }

    fn welcome(&mut self) {
        let limits = serde_json::to_value(hubbub_protocol::Limits::CURRENT).unwrap();
        let session = "00000000-0000-4000-8000-0000000000ff";
        let (user, token) = (self.user.clone(), "secret");
        self.hears(
            &json!({"type": "welcome", "session": session, "user": user, "server": "s", "limits": limits, "token": token}),
        );
    }

    fn message(&self, offset: u64, id: MessageId) -> Value {
        json!({"type": "message", "room": "tea", "offset": offset, "id": id, "user": self.user, "text": "hi",
               "time": "2026-01-31T08:05:09.042Z"})
    }

    fn joined_in(&mut self, epoch: &str, offset: u64, recovered: bool, messages: &[Value]) {
        self.hears(&json!({"type": "joined", "room": "tea", "epoch": epoch, "offset": offset,
            "recovered": recovered, "messages": messages, "members": [], "count": 1}));
    }

    fn joined(&mut self, offset: u64, recovered: bool, messages: &[Value]) {
        self.joined_in(EPOCH, offset, recovered, messages);
    }

    /// The socket is gone, and another one is welcome.
    fn reconnects(&mut self) {
        let loss = Loss::Broken("gone".into());
        self.session.lost(loss, self.now, 0.0).unwrap();
        self.session.connected(self.now);
    }

    fn sends(&mut self) -> MessageId {
        let id = MessageId::random();
        self.session.send(id, room(), Content::Message(MessageText::parse("hi").unwrap()), self.now).unwrap();
        id
    }

    fn frames(&mut self) -> Vec<ClientFrame> {
        std::iter::from_fn(|| self.session.poll_frame()).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn offsets(&mut self) -> Vec<Offset> {
        let events = self.events();
        events
            .iter()
            .filter_map(|it| if let Event::Message(m) = it { Some(m.offset) } else { None })
            .collect()
    }
}

fn sent(frames: &[ClientFrame]) -> Vec<MessageId> {
    let id = |frame: &ClientFrame| if let ClientFrame::Send { id, .. } = frame { Some(*id) } else { None };
    frames.iter().filter_map(id).collect()
}

fn acknowledged(events: &[Event]) -> Vec<(MessageId, Offset)> {
    let ack = |event: &Event| match event {
        Event::Acknowledged { id, offset, .. } => Some((*id, *offset)),
        _ => None,
    };
    events.iter().filter_map(ack).collect()
}

#[test]
fn a_client_says_hello_then_takes_its_name_then_joins_then_sends() {
    let mut peer = Peer::connected(Identity::guest_named("Grace".parse().unwrap()));
    peer.session.join(room(), 10);
    let id = peer.sends();
    assert_eq!(
        peer.frames(),
        [
            ClientFrame::Hello { token: None, resume: vec![] },
            ClientFrame::Rename { name: "Grace".parse().unwrap() },
            ClientFrame::Join { room: room(), history: 10 }
        ],
        "without waiting for the welcome"
    );
    peer.welcome();
    assert_eq!(peer.frames(), []);
    peer.joined(0, false, &[]);
    assert_eq!(sent(&peer.frames()), [id]);
}

#[test]
fn a_join_that_was_not_answered_goes_with_the_next_hello() {
    let mut peer = Peer::connected(Identity::default());
    peer.session.join(room(), 10);
    peer.frames();
    peer.reconnects();
    assert_eq!(
        peer.frames(),
        [ClientFrame::Hello { token: None, resume: vec![] }, ClientFrame::Join { room: room(), history: 10 }]
    );
}

#[test]
fn who_leaves_a_room_before_the_welcome_is_not_brought_back_into_it() {
    let mut peer = Peer::in_the_room();
    peer.reconnects();
    peer.frames();
    peer.session.leave(room());
    assert_eq!(peer.frames(), [ClientFrame::Leave { room: room() }]);
}

#[test]
fn a_token_of_somebody_with_another_name_is_followed_by_the_name_that_is_wanted() {
    let name: UserName = "Grace".parse().unwrap();
    let mut peer =
        Peer::connected(Identity { token: Some("secret".into()), name: Some(name), account: false });
    assert_eq!(renames(&peer.frames()), [""; 0], "it may be the name already");
    peer.welcome();
    assert_eq!(renames(&peer.frames()), ["Grace"]);
}

#[test]
fn a_client_resumes_as_the_same_user_and_gets_what_it_missed_once() {
    let mut peer = Peer::in_the_room();
    peer.hears(&peer.message(3, MessageId::random()));
    peer.events();
    peer.reconnects();
    let resume = vec![ResumeFrom { room: room(), epoch: Epoch(EPOCH.into()), offset: 3 }];
    assert_eq!(peer.frames(), [ClientFrame::Hello { token: Some("secret".into()), resume }]);
    peer.welcome();
    let missed: Vec<_> = (3..=5).map(|offset| peer.message(offset, MessageId::random())).collect();
    peer.joined(5, true, &missed);
    let events = peer.events();
    assert!(matches!(events.last(), Some(Event::Resumed { .. })), "{events:?}");
    assert!(
        !events.iter().any(|event| matches!(event, Event::Gap { .. } | Event::Stray { .. })),
        "{events:?}"
    );
    let offset = |event: &Event| if let Event::Message(m) = event { Some(m.offset) } else { None };
    assert_eq!(events.iter().filter_map(offset).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn a_message_without_its_acknowledgement_is_sent_again_after_the_room_is_resumed_and_not_before() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    assert_eq!(sent(&peer.frames()), [id]);
    peer.reconnects();
    peer.welcome();
    assert_eq!(sent(&peer.frames()), []);
    peer.joined(2, true, &[]);
    assert_eq!(sent(&peer.frames()), [id]);
    peer.hears(
        &json!({"type": "ack", "id": id, "room": "tea", "offset": 3, "time": "2026-01-31T08:05:09.042Z"}),
    );
    assert_eq!(acknowledged(&peer.events()), [(id, 3)]);
    assert_eq!(peer.session.unacknowledged(), 0);
}

#[test]
fn a_message_that_is_among_those_missed_is_stored_and_not_sent_again() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    peer.reconnects();
    peer.welcome();
    peer.joined(3, true, &[peer.message(3, id)]);
    assert_eq!(sent(&peer.frames()), []);
    assert_eq!(acknowledged(&peer.events()), [(id, 3)]);
}

#[test]
fn a_message_that_was_seen_before_its_stream_was_lost_is_sent_again() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    peer.hears(&peer.message(3, id));
    peer.reconnects();
    peer.welcome();
    peer.joined_in("e2", 0, false, &[]);
    assert_eq!(sent(&peer.frames()), [id]);
    let gap = Gap::Restarted { epoch: Epoch("e2".into()), had: 3 };
    assert!(peer.events().contains(&Event::Gap { room: room(), gap }));
}

#[test]
fn a_resume_that_brings_only_the_latest_page_is_told_as_a_gap() {
    let mut peer = Peer::in_the_room();
    peer.reconnects();
    peer.welcome();
    let page: Vec<_> = (9..=10).map(|offset| peer.message(offset, MessageId::random())).collect();
    peer.joined(10, false, &page);
    let events = peer.events();
    let gap = Gap::NotRecovered { had: 2, next: 9 };
    assert!(events.contains(&Event::Gap { room: room(), gap }), "{events:?}");
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Message(_))).count(), 2);
    assert_eq!(peer.session.position(&room()).unwrap().1, 10);
}

#[test]
fn an_offset_that_goes_back_is_a_loss_and_the_page_is_delivered() {
    let mut peer = Peer::in_the_room();
    peer.reconnects();
    peer.welcome();
    peer.joined(1, true, &[peer.message(1, MessageId::random())]);
    let gap = Gap::Restarted { epoch: Epoch(EPOCH.into()), had: 2 };
    let events = peer.events();
    assert!(events.contains(&Event::Gap { room: room(), gap }), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Message(m) if m.offset == 1)), "{events:?}");
}

#[test]
fn a_server_that_skips_swaps_and_repeats_is_told_of_and_the_screen_stays_in_order() {
    let mut peer = Peer::in_the_room();
    for offset in [3, 5, 4, 5] {
        peer.hears(&peer.message(offset, MessageId::random()));
    }
    let events = peer.events();
    let shape: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Message(m) => format!("message {}", m.offset),
            Event::Gap { gap: Gap::Skipped(range), .. } => format!("gap {range:?}"),
            Event::Stray { event, repeated } => format!("stray {} {repeated}", event.offset()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(shape, ["message 3", "gap 4..=4", "message 5", "stray 4 false", "stray 5 true"]);
}

#[test]
fn a_retryable_refusal_is_sent_again_when_it_is_due() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    peer.frames();
    peer.hears(&json!({"type": "error", "code": "engineUnavailable", "message": "later", "ref": id,
        "retryAfterMs": 500}));
    assert!(matches!(peer.events()[..], [Event::Error(_)]));
    assert_eq!(peer.session.deadline(), peer.now + Duration::from_millis(500));
    assert_eq!(peer.session.tick(peer.now), None);
    assert_eq!(sent(&peer.frames()), []);
    peer.now += Duration::from_millis(500);
    assert_eq!(peer.session.tick(peer.now), None);
    assert_eq!(sent(&peer.frames()), [id]);
}

#[test]
fn a_final_refusal_is_told_and_the_message_is_dropped() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    peer.hears(&json!({"type": "error", "code": "notJoined", "message": "not there", "ref": id}));
    assert!(matches!(peer.events()[..], [Event::NotSent { id: refused, .. }] if refused == id));
    assert_eq!(peer.session.unacknowledged(), 0);
}

#[test]
fn a_server_that_can_not_resume_for_now_is_asked_again_with_the_same_offset() {
    let mut peer = Peer::in_the_room();
    peer.reconnects();
    peer.welcome();
    peer.hears(&json!({"type": "error", "code": "engineUnavailable", "message": "later", "ref": "tea",
        "retryAfterMs": 500}));
    peer.now += Duration::from_millis(500);
    assert_eq!(peer.session.tick(peer.now), Some(Action::Restart));
    peer.frames();
    peer.reconnects();
    assert!(matches!(&peer.frames()[..], [ClientFrame::Hello { resume, .. }] if resume[0].offset == 2));
}

#[test]
fn a_join_that_is_refused_is_forgotten() {
    let mut peer = Peer::connected(Identity::default());
    peer.welcome();
    peer.session.join(room(), 10);
    peer.hears(&json!({"type": "error", "code": "tooManyRooms", "message": "too many", "ref": "tea"}));
    peer.frames();
    peer.reconnects();
    peer.welcome();
    assert_eq!(peer.frames().len(), 1, "hello alone");
}

#[test]
fn a_client_that_is_sent_away_moves_at_the_time_it_was_told() {
    let mut peer = Peer::in_the_room();
    peer.hears(&json!({"type": "reconnect", "delayMs": 1500, "reason": "draining"}));
    assert_eq!(peer.session.tick(peer.now), None);
    peer.now += Duration::from_millis(1_500);
    assert_eq!(peer.session.tick(peer.now), Some(Action::Move));
    peer.hears(&peer.message(3, MessageId::random()));
    assert_eq!(peer.offsets(), [3], "the old connection is read until the new one is there");
    peer.session.moved(peer.now);
    assert!(matches!(&peer.frames()[..], [ClientFrame::Hello { resume, .. }] if resume[0].offset == 3));
}

#[test]
fn a_move_that_fails_is_tried_again_while_the_old_connection_goes_on() {
    let mut peer = Peer::in_the_room();
    let refused =
        Loss::Refused { status: 503, retry_after: Some(Duration::from_secs(1)), detail: String::new() };
    peer.session.move_failed(&refused, peer.now, 0.0);
    assert_eq!(peer.events(), []);
    peer.now += Duration::from_secs(1);
    assert_eq!(peer.session.tick(peer.now), Some(Action::Move));
}

#[test]
fn a_revoked_token_is_not_used_again_and_the_new_guest_keeps_the_name() {
    let mut peer = Peer::connected(Identity {
        token: Some("old".into()),
        name: Some("Grace".parse().unwrap()),
        account: false,
    });
    peer.frames();
    let revoked = Loss::Closed { code: 4102, reason: String::new() };
    assert!(peer.session.lost(revoked, peer.now, 0.5).is_some());
    peer.session.connected(peer.now);
    let name = "Grace".parse().unwrap();
    assert_eq!(
        peer.frames(),
        [ClientFrame::Hello { token: None, resume: vec![] }, ClientFrame::Rename { name }]
    );
}

#[test]
fn an_account_whose_token_is_revoked_ends_and_is_no_guest() {
    let mut peer = Peer::connected(Identity::account("old".into()));
    peer.welcome();
    peer.events();
    let loss = Loss::Closed { code: 4102, reason: String::new() };
    assert_eq!(peer.session.lost(loss.clone(), peer.now, 0.5), None);
    assert_eq!(peer.events(), [Event::Ended(loss)]);
}

#[test]
fn a_close_code_that_means_dont_ends_the_client() {
    let mut peer = Peer::in_the_room();
    let loss = Loss::Closed { code: 4103, reason: "no".into() };
    assert_eq!(peer.session.lost(loss.clone(), peer.now, 0.5), None);
    assert_eq!(peer.events(), [Event::Ended(loss)]);
}

#[test]
fn waits_grow_while_servers_drop_the_client_at_once_and_start_again_after_a_stable_connection() {
    let mut peer = Peer::in_the_room();
    let mut waits = Vec::new();
    for _ in 0..3 {
        let loss = Loss::Broken("gone".into());
        let at = peer.session.lost(loss, peer.now, 1.0).unwrap();
        waits.push(at.duration_since(peer.now).as_millis());
        peer.session.connected(peer.now);
        peer.welcome();
    }
    assert_eq!(waits, [500, 1_000, 2_000]);
    peer.now += STABLE_AFTER;
    let at = peer.session.lost(Loss::Broken("gone".into()), peer.now, 1.0).unwrap();
    assert_eq!(at.duration_since(peer.now).as_millis(), 500);
}

#[test]
fn a_server_that_says_nothing_for_three_pings_is_given_up() {
    let mut peer = Peer::in_the_room();
    let started = peer.now;
    peer.now = started + SILENCE / 2;
    peer.session.heard(peer.now);
    peer.now = started + SILENCE;
    assert_eq!(peer.session.tick(peer.now), None);
    peer.now += SILENCE / 2;
    assert_eq!(peer.session.tick(peer.now), Some(Action::Restart));
}

#[test]
fn several_frames_in_one_text_are_all_heard_and_an_unknown_one_does_not_matter() {
    let mut peer = Peer::in_the_room();
    let (third, fourth) = (peer.message(3, MessageId::random()), peer.message(4, MessageId::random()));
    peer.session.text(&format!("{third}\n{{\"type\":\"later\"}}\n{fourth}\n"), peer.now);
    let events = peer.events();
    assert!(
        matches!(&events[..], [Event::Message(_), Event::NotUnderstood(_), Event::Message(_)]),
        "{events:?}"
    );
}

#[test]
fn asking_who_is_there_changes_no_position() {
    let mut peer = Peer::in_the_room();
    peer.session.join(room(), 0);
    peer.joined(9, false, &[]);
    assert!(matches!(&peer.events()[..], [Event::Joined { offset: 9, .. }]));
    for offset in 3..=9 {
        peer.hears(&peer.message(offset, MessageId::random()));
    }
    assert_eq!(peer.offsets(), [3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn an_answer_that_live_messages_overtook_is_no_loss() {
    let mut peer = Peer::in_the_room();
    peer.session.join(room(), 10);
    peer.hears(&peer.message(3, MessageId::random()));
    peer.joined(2, false, &[peer.message(2, MessageId::random())]);
    peer.hears(&peer.message(4, MessageId::random()));
    let events = peer.events();
    assert!(
        matches!(&events[..], [Event::Message(_), Event::Joined { .. }, Event::Message(_)]),
        "{events:?}"
    );
}

#[test]
fn messages_that_the_server_itself_missed_are_told_at_once_and_it_goes_on_with_its_page() {
    let mut peer = Peer::in_the_room();
    let page: Vec<_> = (9..=10).map(|offset| peer.message(offset, MessageId::random())).collect();
    peer.joined(10, false, &page);
    peer.hears(&peer.message(11, MessageId::random()));
    let events = peer.events();
    let gap = Gap::NotRecovered { had: 2, next: 9 };
    assert_eq!(events[0], Event::Gap { room: room(), gap });
    assert!(
        matches!(
            &events[1..],
            [Event::Message(_), Event::Message(_), Event::Resumed { .. }, Event::Message(m)] if m.offset == 11
        ),
        "{events:?}"
    );
}

#[test]
fn a_stream_that_was_rewritten_is_told_and_an_own_message_seen_in_it_is_sent_again() {
    let mut peer = Peer::in_the_room();
    let id = peer.sends();
    peer.frames();
    peer.hears(&peer.message(3, id));
    peer.events();
    let page = [peer.message(2, MessageId::random()), peer.message(3, MessageId::random())];
    peer.joined(3, false, &page);
    let events = peer.events();
    let gap = Gap::Restarted { epoch: Epoch(EPOCH.into()), had: 3 };
    assert_eq!(events[0], Event::Gap { room: room(), gap });
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Message(_))).count(), 2);
    peer.reconnects();
    peer.welcome();
    peer.frames();
    peer.joined(3, true, &[]);
    assert_eq!(sent(&peer.frames()), [id]);
}

#[test]
fn lists_that_come_unasked_change_no_position() {
    let mut peer = Peer::in_the_room();
    for offset in [9, 1] {
        peer.joined(offset, true, &[]);
        assert!(matches!(&peer.events()[..], [Event::Resumed { .. }]));
    }
    peer.hears(&peer.message(3, MessageId::random()));
    assert_eq!(peer.offsets(), [3]);
}

#[test]
fn a_join_that_is_under_way_when_the_stream_is_lost_is_answered_behind_the_loss() {
    let mut peer = Peer::in_the_room();
    peer.session.join(room(), 10);
    let page = [peer.message(1, MessageId::random())];
    for _ in 0..2 {
        peer.joined_in("e2", 1, false, &page);
    }
    let events = peer.events();
    assert!(
        matches!(
            &events[..],
            [Event::Gap { .. }, Event::Message(_), Event::Resumed { .. }, Event::Joined { .. }]
        ),
        "{events:?}"
    );
}

#[test]
fn a_refused_question_who_is_there_does_not_hide_a_loss() {
    let mut peer = Peer::in_the_room();
    peer.session.join(room(), 0);
    peer.hears(&json!({"type": "error", "code": "engineUnavailable", "message": "later", "ref": "tea",
        "retryAfterMs": 500}));
    peer.joined(9, false, &[peer.message(9, MessageId::random())]);
    assert!(peer.events().iter().any(|event| matches!(event, Event::Gap { .. })));
}

#[test]
fn the_largest_numbers_that_a_server_can_say_are_survived() {
    for recovered in [false, true] {
        let mut peer = Peer::in_the_room();
        peer.joined(u64::MAX, recovered, &[]);
        peer.hears(&peer.message(u64::MAX, MessageId::random()));
        peer.joined(u64::MAX, recovered, &[]);
        peer.reconnects();
        peer.welcome();
        peer.joined(u64::MAX, recovered, &[]);
        assert!(peer.session.position(&room()).unwrap().1 >= u64::MAX - 1);
        peer.hears(&json!({"type": "reconnect", "delayMs": u64::MAX, "reason": "draining"}));
        peer.hears(
            &json!({"type": "error", "code": "internal", "message": "later", "ref": MessageId::random(),
            "retryAfterMs": u64::MAX}),
        );
        assert_eq!(peer.session.tick(peer.now), None);
    }
}

fn renames(frames: &[ClientFrame]) -> Vec<&str> {
    let mut names = Vec::new();
    for frame in frames {
        if let ClientFrame::Rename { name } = frame {
            names.push(name.as_str());
        }
    }
    names
}

#[test]
fn a_rename_that_fails_for_now_is_asked_for_again_when_it_is_due_even_if_it_was_done_by_half() {
    let mut peer = Peer::in_the_room();
    peer.session.rename("Grace".parse().unwrap());
    assert_eq!(renames(&peer.frames()), ["Grace"]);
    peer.hears(&json!({"type": "renamed", "user": peer.user["id"], "name": "Grace"}));
    peer.hears(
        &json!({"type": "error", "code": "engineUnavailable", "message": "later", "retryAfterMs": 500}),
    );
    assert_eq!(peer.session.deadline(), peer.now + Duration::from_millis(500));
    assert_eq!(peer.session.tick(peer.now), None);
    assert_eq!(peer.frames(), []);
    peer.now += Duration::from_millis(500);
    assert_eq!(peer.session.tick(peer.now), None);
    assert_eq!(renames(&peer.frames()), ["Grace"]);
    assert_eq!(peer.session.tick(peer.now), None);
    assert_eq!(peer.frames(), [], "once");
}

#[test]
fn a_rename_that_failed_is_asked_for_on_the_next_connection_until_it_is_done() {
    let mut peer = Peer::in_the_room();
    peer.session.rename("Grace".parse().unwrap());
    peer.hears(
        &json!({"type": "error", "code": "engineUnavailable", "message": "later", "retryAfterMs": 500}),
    );
    peer.reconnects();
    assert_eq!(renames(&peer.frames()), ["Grace"]);
    peer.now += Duration::from_millis(500);
    peer.welcome();
    peer.session.tick(peer.now);
    assert_eq!(peer.frames(), [], "once");
    peer.hears(&json!({"type": "renamed", "user": peer.user["id"], "name": "Grace"}));
    peer.user["name"] = "Grace".into();
    peer.reconnects();
    peer.welcome();
    assert_eq!(renames(&peer.frames()), [""; 0]);
}

#[test]
fn a_name_that_is_refused_is_not_asked_for_again() {
    let mut peer = Peer::in_the_room();
    peer.session.rename("Grace".parse().unwrap());
    peer.hears(&json!({"type": "error", "code": "nameTooLong", "message": "too long"}));
    peer.reconnects();
    peer.welcome();
    assert_eq!(renames(&peer.frames()), [""; 0]);
}
