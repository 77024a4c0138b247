//! The contract `Broker`.

use std::collections::HashSet;
use std::sync::Arc;

use chat_server::engine::{Frame, Range, RoomEvent};
use futures::future::join_all;
use hubbub_protocol::limits::TEXT_CHARS;
use hubbub_protocol::{Message, MessageText, SessionId};

use crate::on_every_engine;
use crate::world::{HISTORY, World, decode, draft, messages, room};

const PUBLISHERS: u64 = 8;
const EACH: u64 = 50;

on_every_engine! {
    async fn eight_publishers_at_once_get_contiguous_offsets_and_everyone_sees_that_order(world: &World) {
        let (mut server, lobby) = (world.server().await, room("lobby"));
        server.engine.subscribe(&lobby).await.unwrap();
        let publishers = (0..PUBLISHERS).map(|publisher| {
            let (engine, lobby) = (Arc::clone(&server.engine), lobby.clone());
            tokio::spawn(async move {
                let mut last = 0;
                for n in 0..EACH {
                    let stored = engine.publish(draft(&lobby, &format!("{publisher}/{n}"))).await.unwrap();
                    assert!(stored.offset > last, "a publisher's own messages keep their order");
                    last = stored.offset;
                }
            })
        });
        for published in join_all(publishers).await {
            published.unwrap();
        }

        let stored = server.all(&lobby).await;
        let offsets: Vec<_> = stored.iter().map(|message| message.offset).collect();
        assert_eq!(offsets, (1..=PUBLISHERS * EACH).collect::<Vec<_>>());
        for expected in stored {
            assert_eq!(next_message(&mut server).await, expected);
        }
    }

    async fn a_message_comes_back_as_it_was_sent(world: &World) {
        let (server, lobby) = (world.server().await, room("küche-2"));
        for text in ["{\"a\": \"}\"}", "two\nlines\r\n", "\u{1f600} %s %1 \\ \0", &"\u{1f600}".repeat(TEXT_CHARS)] {
            let sent = draft(&lobby, text);
            let stored = server.engine.publish(sent.clone()).await.unwrap();
            let page = server.page(&lobby, Range::Latest(1)).await;
            let expected = Message {
                room: sent.room,
                offset: stored.offset,
                id: sent.id,
                user: sent.user,
                text: MessageText::parse(text).unwrap(),
                time: sent.time,
                mentions: vec![],
                edited: None,
                reactions: vec![],
                amended: 0,
            };
            assert_eq!(messages(&page), [expected]);
        }
    }

    async fn an_id_that_was_stored_is_not_stored_again(world: &World) {
        let (mut server, lobby) = (world.server().await, room("lobby"));
        server.engine.subscribe(&lobby).await.unwrap();
        let first = draft(&lobby, "once");
        let stored = server.engine.publish(first.clone()).await.unwrap();
        assert!(!stored.duplicate);
        server.say(&lobby, "between").await;

        let mut again = first.clone();
        again.time = hubbub_protocol::Timestamp::from_unix_millis(first.time.as_unix_millis() + 5_000);
        let answer = server.engine.publish(again).await.unwrap();
        assert!(answer.duplicate);
        assert_eq!((answer.epoch, answer.offset, answer.time), (stored.epoch, stored.offset, stored.time));

        server.say(&lobby, "behind").await;
        let told = [next_message(&mut server).await, next_message(&mut server).await, next_message(&mut server).await];
        let texts: Vec<_> = told.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["once", "between", "behind"]);
    }

    async fn one_id_sent_many_times_at_once_is_stored_once(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        let message = draft(&lobby, "once");
        let answers = join_all((0..PUBLISHERS).map(|_| server.engine.publish(message.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.offset == 1));
        assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
        assert_eq!(server.all(&lobby).await.len(), 1);
    }

    async fn an_id_is_one_of_its_room(world: &World) {
        let (server, here, there) = (world.server().await, room("here"), room("there"));
        let mut message = draft(&here, "hello");
        assert_eq!(server.engine.publish(message.clone()).await.unwrap().offset, 1);
        message.room = there;
        let answer = server.engine.publish(message).await.unwrap();
        assert_eq!((answer.offset, answer.duplicate), (1, false));
    }

    async fn a_room_that_nobody_wrote_to_has_an_epoch_that_lasts(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        let page = server.page(&lobby, Range::Latest(10)).await;
        assert!(!page.epoch.0.is_empty());
        assert_eq!((page.latest, page.messages.len()), (0, 0));
        assert_eq!(server.say(&lobby, "first").await.epoch, page.epoch);
        assert_eq!(server.page(&lobby, Range::Latest(10)).await.epoch, page.epoch);
    }

    async fn pages_are_the_latest_or_those_behind_an_offset(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        for n in 1..=10 {
            server.say(&lobby, &n.to_string()).await;
        }
        for (range, expected) in [
            (Range::Latest(3), vec![8, 9, 10]),
            (Range::Latest(10), (1..=10).collect()),
            (Range::Latest(100), (1..=10).collect()),
            (Range::Latest(0), vec![]),
            (Range::After { offset: 0, limit: 2 }, vec![1, 2]),
            (Range::After { offset: 7, limit: 100 }, vec![8, 9, 10]),
            (Range::After { offset: 7, limit: 0 }, vec![]),
            (Range::After { offset: 10, limit: 5 }, vec![]),
            (Range::After { offset: 999, limit: 5 }, vec![]),
            (Range::After { offset: u64::MAX, limit: 5 }, vec![]),
            (Range::Before { offset: 5, limit: 2 }, vec![3, 4]),
            (Range::Before { offset: 3, limit: 100 }, vec![1, 2]),
            (Range::Before { offset: 1, limit: 5 }, vec![]),
            (Range::Before { offset: 0, limit: 5 }, vec![]),
            (Range::Before { offset: 5, limit: 0 }, vec![]),
            (Range::Before { offset: u64::MAX, limit: 2 }, vec![9, 10]),
        ] {
            let page = server.page(&lobby, range).await;
            let offsets: Vec<_> = page.messages.iter().map(|message| message.offset).collect();
            assert_eq!((offsets, page.latest, page.oldest), (expected, 10, 1), "{range:?}");
        }
    }

    async fn old_messages_are_trimmed_and_the_rest_has_no_gap(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        let last = HISTORY as u64 + 500;
        for n in 1..=last {
            server.say(&lobby, &n.to_string()).await;
        }
        let kept = server.all(&lobby).await;
        let offsets: Vec<_> = kept.iter().map(|message| message.offset).collect();
        let first = offsets[0];
        assert_eq!(offsets.len(), HISTORY);
        assert_eq!(offsets, (first..=last).collect::<Vec<_>>());
        let page = server.page(&lobby, Range::After { offset: 5, limit: 2 }).await;
        let offsets: Vec<_> = page.messages.iter().map(|message| message.offset).collect();
        assert_eq!(offsets, [first, first + 1], "the first that are left");
    }

    async fn nothing_is_told_of_a_room_after_it_was_unsubscribed(world: &World) {
        let (mut server, here, there) = (world.server().await, room("here"), room("there"));
        for room in [&here, &there] {
            server.engine.subscribe(room).await.unwrap();
        }
        server.say(&here, "heard").await;
        assert_eq!(next_message(&mut server).await.text.as_str(), "heard");

        server.engine.unsubscribe(&here).await.unwrap();
        server.say(&here, "not heard").await;
        server.say(&there, "heard").await;
        assert_eq!(next_message(&mut server).await.room, there);

        server.engine.subscribe(&here).await.unwrap();
        server.engine.subscribe(&here).await.unwrap();
        server.say(&here, "heard again").await;
        server.say(&there, "and once").await;
        assert_eq!(next_message(&mut server).await.text.as_str(), "heard again");
        assert_eq!(next_message(&mut server).await.text.as_str(), "and once");
    }

    async fn a_signal_is_told_and_not_stored(world: &World) {
        let (mut server, lobby) = (world.server().await, room("lobby"));
        server.engine.subscribe(&lobby).await.unwrap();
        let (from, frame) = (SessionId::random(), Frame::from_static("{\"type\":\"typing\"}\n{}"));
        server.engine.signal(&lobby, from, frame.clone()).await.unwrap();
        assert_eq!(server.room_event().await, (lobby.clone(), RoomEvent::Signal { from, frame }));
        assert_eq!(server.page(&lobby, Range::Latest(10)).await.latest, 0);
    }

    async fn rooms_are_counted_apart(world: &World) {
        let server = world.server().await;
        let rooms: Vec<_> = (0..20).map(|n| room(&format!("room-{n}"))).collect();
        let stored = join_all(rooms.iter().map(|room| server.say(room, "first"))).await;
        assert_eq!(stored.iter().map(|stored| stored.offset).collect::<HashSet<_>>(), HashSet::from([1]));
    }
}

async fn next_message(server: &mut crate::world::Server) -> Message {
    match server.room_event().await {
        (room, RoomEvent::Message { message, .. }) => {
            let message = decode(message.offset, &message.frame);
            assert_eq!(message.room, room);
            message
        }
        (room, other) => panic!("not a message of {room}: {other:?}"),
    }
}
