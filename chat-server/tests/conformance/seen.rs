//! What others see of how far somebody has read, by way of `reading`.

use chat_server::engine::frame::decode;
use chat_server::engine::rooms::{NewRole, Position};
use chat_server::engine::{Draft, Engine, EngineEvent, HistoryLimits, Range, RoomEvent};
use chat_server::{reading, rooms};
use futures::future::join_all;
use hubbub_protocol::limits::SEEN_MEMBERS;
use hubbub_protocol::{Offset, RoomName, StreamEvent, User};

use crate::on_every_engine;
use crate::world::{HISTORY, Server, World, draft, room, user};

on_every_engine! {
    async fn who_has_read_a_message_of_somebody_else_is_seen_once_by_everybody(world: &World) {
        let (mut server, [ada, bob]) = (world.server().await, ["Ada", "Bob"].map(user));
        let room = direct(&server, &ada, &bob).await;
        server.engine.subscribe(&room).await.unwrap();
        for text in ["one", "two"] {
            say(&server, &room, &bob, text).await;
        }
        // Said twice, and by eight devices at once.
        for offset in [1, 1, 2] {
            read(&server, &ada, &room, offset).await;
            join_all((0..8).map(|_| read(&server, &ada, &room, offset))).await;
        }
        let expected = ["1 Bob: one", "2 Bob: two", "3 Ada saw 1", "4 Ada saw 2"];
        assert_eq!(stream(&server, &room).await, expected);
        for line in expected {
            assert_eq!(told(&mut server).await, line);
        }
    }

    async fn what_tells_that_somebody_has_read_is_nothing_to_read(world: &World) {
        let (server, [ada, bob]) = (world.server().await, ["Ada", "Bob"].map(user));
        let room = direct(&server, &ada, &bob).await;
        say(&server, &room, &bob, "one").await;
        say(&server, &room, &ada, "two").await;
        // Each reads all there is, again and again, as pages would that answer each other.
        for _ in 0..3 {
            for who in [&ada, &bob] {
                assert_eq!(read(&server, who, &room, Offset::MAX).await.1, 0);
            }
        }
        assert_eq!(stream(&server, &room).await[2..], ["3 Ada saw 1", "4 Bob saw 2"]);
        for who in [&ada, &bob] {
            let epoch = server.engine.view(&room, who.id, None).await.unwrap().epoch;
            let view = server.engine.view(&room, who.id, Some(&Position { epoch, offset: 2 })).await.unwrap();
            assert_eq!((view.latest, view.unread), (4, 0), "events behind a position are no messages");
        }
    }

    async fn who_catches_up_is_seen_at_each_place_and_who_goes_back_is_not(world: &World) {
        let (server, [ada, bob]) = (world.server().await, ["Ada", "Bob"].map(user));
        let room = direct(&server, &ada, &bob).await;
        // More than are looked at ahead, and the last of them are one's own.
        for n in 0..150 {
            say(&server, &room, if n < 140 { &bob } else { &ada }, "hello").await;
        }
        for offset in [3, 2, 3, 139, 100, 145] {
            read(&server, &ada, &room, offset).await;
        }
        assert_eq!(stream(&server, &room).await[150..], ["151 Ada saw 3", "152 Ada saw 139", "153 Ada saw 140"]);
    }

    async fn a_server_that_died_before_it_told_is_made_good_by_the_next_read(world: &World) {
        let (server, [ada, bob]) = (world.server().await, ["Ada", "Bob"].map(user));
        let room = direct(&server, &ada, &bob).await;
        say(&server, &room, &bob, "one").await;
        let epoch = server.engine.view(&room, ada.id, None).await.unwrap().epoch;
        server.engine.note(ada.id, &room, Some(&Position { epoch, offset: 1 })).await.unwrap();
        read(&server, &ada, &room, 1).await;
        assert_eq!(stream(&server, &room).await[1..], ["2 Ada saw 1"]);
    }

    async fn nobody_is_seen_in_a_public_room_nor_among_many(world: &World) {
        let (server, ada, bob, public) = (world.server().await, user("Ada"), user("Bob"), room("lobby"));
        say(&server, &public, &bob, "hello").await;
        assert_eq!(read(&server, &ada, &public, 1).await, (1, 0));
        assert_eq!(server.engine.view(&public, ada.id, None).await.unwrap().members, 0);
        assert_eq!(stream(&server, &public).await, ["1 Bob: hello"]);

        let club = RoomName::private();
        rooms::create(&*server.engine, bob.clone(), club.clone(), None, None).await.unwrap();
        let others: Vec<_> = (0..SEEN_MEMBERS).map(|n| user(&format!("Member {n}"))).collect();
        for (n, member) in others.iter().enumerate() {
            invite(&*server.engine, &bob, &club, member).await;
            assert_eq!(server.engine.view(&club, bob.id, None).await.unwrap().members, n + 2);
        }
        let said = say(&server, &club, &bob, "too many").await;
        read(&server, &others[0], &club, said).await;
        assert_eq!(latest(&server, &club).await, said);
        // One fewer, and they are few enough.
        let gone = others[SEEN_MEMBERS - 1].clone();
        rooms::set_role(&*server.engine, bob.clone(), club.clone(), gone, NewRole::Removed).await.unwrap();
        let before = latest(&server, &club).await;
        read(&server, &others[0], &club, said).await;
        assert_eq!(latest(&server, &club).await, before + 1);
    }

    async fn what_is_kept_no_more_is_not_seen(world: &World) {
        let server = world.server_that_keeps(HistoryLimits::events(3)).await;
        let [ada, bob] = ["Ada", "Bob"].map(user);
        let room = direct(&server, &ada, &bob).await;
        say(&server, &room, &bob, "forgotten").await;
        for _ in 0..3 {
            say(&server, &room, &ada, "hello").await;
        }
        read(&server, &ada, &room, 4).await;
        assert_eq!(latest(&server, &room).await, 4);
        read(&server, &bob, &room, 4).await;
        assert_eq!(stream(&server, &room).await[2..], ["5 Bob saw 4"]);
    }
}

async fn direct(server: &Server, one: &User, other: &User) -> RoomName {
    rooms::direct(&*server.engine, one.clone(), other.clone()).await.unwrap().room
}

async fn invite(engine: &dyn Engine, owner: &User, room: &RoomName, member: &User) {
    rooms::set_role(engine, owner.clone(), room.clone(), member.clone(), NewRole::Member).await.unwrap();
}

async fn say(server: &Server, room: &RoomName, by: &User, text: &str) -> Offset {
    server.engine.publish(Draft { user: by.clone(), ..draft(room, text) }).await.unwrap().offset
}

/// How far somebody has read who says to have read so far, and how much is unread behind it.
async fn read(server: &Server, who: &User, room: &RoomName, offset: Offset) -> (Offset, u32) {
    let state = reading::read(&*server.engine, who.clone(), room, offset).await.unwrap();
    (state.offset, state.unread)
}

async fn latest(server: &Server, room: &RoomName) -> Offset {
    server.page(room, Range::Latest(1)).await.latest
}

/// All that is kept of a room, in words.
async fn stream(server: &Server, room: &RoomName) -> Vec<String> {
    let page = server.page(room, Range::Latest(HISTORY)).await;
    page.messages.iter().map(|stored| words(&stored.frame)).collect()
}

/// What is told next of a room, in words.
async fn told(server: &mut Server) -> String {
    loop {
        if let EngineEvent::Room { event, .. } = server.event().await {
            let RoomEvent::Message { message, .. } = event else { panic!("{event:?}") };
            return words(&message.frame);
        }
    }
}

fn words(frame: &str) -> String {
    match decode(frame).unwrap() {
        StreamEvent::Message(message) => {
            format!("{} {}: {}", message.offset, message.user.name, message.text)
        }
        StreamEvent::Seen(seen) => format!("{} {} saw {}", seen.offset, seen.user.name, seen.of),
        other => format!("{} {other:?}", other.offset()),
    }
}
