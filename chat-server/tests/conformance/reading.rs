//! The contract `Rooms`: each user's own list, and how far was read.

use chat_server::engine::frame::decode;
use chat_server::engine::rooms::Position;
use chat_server::engine::{Amendment, Draft, Found, FrameTemplate, HistoryLimits, RoomRefusal};
use hubbub_protocol::limits::{ROOMS_PER_USER, UNREAD_MAX};
use hubbub_protocol::{
    Deleted, Epoch, Erased, Message, MessageId, Offset, RoomName, SessionId, StreamEvent, User, UserId,
};

use crate::on_every_engine;
use crate::world::{Server, World, draft, room, user};

on_every_engine! {
    async fn how_far_was_read_never_goes_back_in_an_epoch_and_begins_anew_in_the_next(world: &World) {
        let (server, ada, tea) = (world.server().await, UserId::random(), room("tea"));
        let engine = &server.engine;
        assert_eq!(engine.note(ada, &tea, None).await.unwrap(), 0);
        assert_eq!(engine.list(ada).await.unwrap(), [(tea.clone(), None)]);
        for (epoch, offset, expected) in [("one", 5, 5), ("one", 3, 5), ("one", 9, 9), ("two", 2, 2)] {
            let read = position(epoch, offset);
            assert_eq!(engine.note(ada, &tea, Some(&read)).await.unwrap(), expected, "{read:?}");
            assert_eq!(engine.list(ada).await.unwrap(), [(tea.clone(), Some(position(epoch, expected)))]);
        }
        engine.note(ada, &tea, None).await.unwrap();
        assert_eq!(engine.list(ada).await.unwrap(), [(tea.clone(), Some(position("two", 2)))]);
        assert_eq!(engine.list(UserId::random()).await.unwrap(), []);
    }

    async fn a_room_that_is_forgotten_is_off_the_list_of_that_user_alone(world: &World) {
        let (server, ada, bob) = (world.server().await, UserId::random(), UserId::random());
        let engine = &server.engine;
        for user in [ada, bob] {
            for name in ["tea", "coffee"] {
                engine.note(user, &room(name), Some(&position("one", 1))).await.unwrap();
            }
        }
        engine.forget(ada, &room("tea")).await.unwrap();
        engine.forget(ada, &room("nowhere")).await.unwrap();
        assert_eq!(names(&server, ada).await, ["coffee"]);
        assert_eq!(names(&server, bob).await, ["coffee", "tea"]);
        engine.note(ada, &room("tea"), None).await.unwrap();
        assert!(engine.list(ada).await.unwrap().contains(&(room("tea"), None)), "as if it was never read");
    }

    async fn a_list_that_is_full_takes_no_other_room(world: &World) {
        let (server, ada) = (world.server().await, UserId::random());
        for n in 0..ROOMS_PER_USER {
            server.engine.note(ada, &room(&format!("room-{n}")), None).await.unwrap();
        }
        let another = server.engine.note(ada, &room("another"), Some(&position("one", 1))).await;
        assert_eq!(another, Err(RoomRefusal::TooMany.into()));
        let known = server.engine.note(ada, &room("room-7"), Some(&position("one", 1))).await;
        assert_eq!(known, Ok(1));
    }

    async fn what_others_said_behind_what_was_read_is_unread(world: &World) {
        let (server, tea, ada, bob) = (world.server().await, room("tea"), user("Ada"), user("Bob"));
        for (n, speaker) in [&ada, &bob, &bob, &ada, &bob].into_iter().enumerate() {
            // One who says what the other's frame says is not the other.
            let text = format!("{n} \"user\":{{\"id\":\"{}\"", if *speaker == ada { bob.id } else { ada.id });
            say(&server, &tea, speaker, &text).await;
        }
        for (read, for_ada, for_bob) in [(0, 3, 2), (1, 3, 1), (2, 2, 1), (3, 1, 1), (4, 1, 0), (5, 0, 0)] {
            assert_eq!(unread(&server, &tea, &ada, read).await, (read, for_ada));
            assert_eq!(unread(&server, &tea, &bob, read).await, (read, for_bob));
        }
        assert_eq!(unread(&server, &tea, &ada, 99).await, (5, 0), "nobody has read what is not there");
    }

    async fn what_is_no_message_and_what_was_taken_back_is_not_unread(world: &World) {
        let (server, tea, ada, bob) = (world.server().await, room("tea"), user("Ada"), user("Bob"));
        for text in ["stays", "taken back"] {
            say(&server, &tea, &bob, text).await;
        }
        assert_eq!(unread(&server, &tea, &ada, 0).await, (0, 2));
        delete(&server, &tea, 2).await;
        assert_eq!(unread(&server, &tea, &ada, 0).await, (0, 1));
        assert_eq!(unread(&server, &tea, &ada, 1).await, (1, 0), "the deletion is an event, and no message");
        server.engine.enter(&tea, &bob, SessionId::random()).await.unwrap();
        assert_eq!(unread(&server, &tea, &ada, 1).await, (1, 0));
    }

    async fn what_was_read_in_another_epoch_was_not_read_in_this_one(world: &World) {
        let (server, tea, ada, bob) = (world.server().await, room("tea"), user("Ada"), user("Bob"));
        for _ in 0..3 {
            say(&server, &tea, &bob, "hello").await;
        }
        let view = server.engine.view(&tea, ada.id, Some(&position("another", 2))).await.unwrap();
        assert_eq!((view.read, view.unread, view.latest), (0, 3, 3));
        assert_eq!(unread(&server, &tea, &ada, 2).await, (2, 1));
    }

    async fn no_more_than_a_hundred_are_counted(world: &World) {
        let (server, tea, ada, bob) = (world.server().await, room("tea"), user("Ada"), user("Bob"));
        for n in 0..=u64::from(UNREAD_MAX) + 20 {
            say(&server, &tea, if n % 2 == 0 { &bob } else { &ada }, "hello").await;
        }
        assert_eq!(unread(&server, &tea, &ada, 0).await, (0, 61));
        for _ in 0..50 {
            say(&server, &tea, &bob, "hello").await;
        }
        assert_eq!(unread(&server, &tea, &ada, 0).await, (0, UNREAD_MAX));
        assert_eq!(unread(&server, &tea, &ada, 150).await, (150, 21));
    }

    async fn what_was_trimmed_is_not_unread(world: &World) {
        let server = world.server_that_keeps(HistoryLimits::events(5)).await;
        let (tea, ada, bob) = (room("tea"), user("Ada"), user("Bob"));
        for _ in 0..12 {
            say(&server, &tea, &bob, "hello").await;
        }
        for (read, expected) in [(0, 5), (6, 5), (7, 5), (8, 4), (12, 0)] {
            assert_eq!(unread(&server, &tea, &ada, read).await, (read, expected));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_agree_on_what_is_unread() {
    let world = World::redis();
    let (one, two) = (world.server().await, world.server().await);
    let (tea, ada, bob) = (room("tea"), user("Ada"), user("Bob"));
    for server in [&one, &two, &one, &two] {
        say(server, &tea, &bob, "hello").await;
    }
    say(&two, &tea, &ada, "mine").await;
    let epoch = one.engine.view(&tea, ada.id, None).await.unwrap().epoch;
    let noted = |offset| Position { epoch: epoch.clone(), offset };
    assert_eq!(one.engine.note(ada.id, &tea, Some(&noted(3))).await.unwrap(), 3);
    assert_eq!(two.engine.note(ada.id, &tea, Some(&noted(1))).await.unwrap(), 3, "it goes back on no server");
    for server in [&one, &two] {
        let [(room, Some(read))] = &server.engine.list(ada.id).await.unwrap()[..] else { panic!("no list") };
        let view = server.engine.view(room, ada.id, Some(read)).await.unwrap();
        assert_eq!((view.read, view.unread, view.latest), (3, 1, 5));
    }
    let World::Redis(redis) = &world else { unreachable!() };
    assert_eq!(redis.command("DEL hubbub:{tea}:stream"), ":1");
    say(&one, &tea, &bob, "anew").await;
    for server in [&one, &two] {
        let view = server.engine.view(&tea, ada.id, Some(&noted(3))).await.unwrap();
        assert_eq!((view.read, view.unread, view.latest), (0, 1, 1));
        assert_ne!(view.epoch, epoch);
    }
}

fn position(epoch: &str, offset: Offset) -> Position {
    Position { epoch: Epoch(epoch.into()), offset }
}

async fn names(server: &Server, user: UserId) -> Vec<String> {
    let list = server.engine.list(user).await.unwrap().into_iter();
    let mut names: Vec<_> = list.map(|(room, _)| room.to_string()).collect();
    names.sort_unstable();
    names
}

async fn say(server: &Server, room: &RoomName, by: &User, text: &str) {
    server.engine.publish(Draft { user: by.clone(), ..draft(room, text) }).await.unwrap();
}

/// How far somebody has read who says to have read so far, and how much is unread behind it.
async fn unread(server: &Server, room: &RoomName, who: &User, offset: Offset) -> (Offset, u32) {
    let epoch = server.engine.view(room, who.id, None).await.unwrap().epoch;
    let view = server.engine.view(room, who.id, Some(&Position { epoch, offset })).await.unwrap();
    (view.read, view.unread)
}

/// Takes a message away, as its sender.
async fn delete(server: &Server, room: &RoomName, of: Offset) {
    let found = server.engine.look_up(room, of, MessageId::random()).await.unwrap();
    let Found::Present(present) = found else { panic!("{found:?}") };
    let StreamEvent::Message(message) = decode(&present.event.frame).unwrap() else { panic!("no message") };
    let Message { id, user, time, .. } = message;
    let event = Deleted { room: room.clone(), offset: 0, of, id, user: user.clone(), time };
    let replacement = Erased { room: room.clone(), offset: of, id, user: user.clone(), time, amended: 0 };
    let amendment = Amendment {
        room: room.clone(),
        id: MessageId::random(),
        by: user.id,
        time,
        event: FrameTemplate::at_offset(&StreamEvent::Deleted(event)).unwrap(),
        replacement: FrameTemplate::erased(replacement).unwrap(),
        event_has_text: false,
        superseded: None,
        present,
    };
    assert!(matches!(server.engine.amend(amendment).await.unwrap(), Found::Done(_)));
}
