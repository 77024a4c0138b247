//! The contract `Broker`: what is too old is not kept.

use std::time::{Duration, SystemTime};

use chat_server::engine::{HistoryLimits, Published, Range};
use hubbub_protocol::{MessageId, RoomName, Timestamp};

use crate::on_every_engine;
use crate::world::{Server, World, draft, room};

/// A minute is too old.
const LIMITS: HistoryLimits = HistoryLimits { events: 100, age: Some(Duration::from_mins(1)) };

on_every_engine! {
    async fn what_is_too_old_is_neither_read_nor_changed_and_offsets_go_on(world: &World) {
        let (server, lobby) = (world.server_that_keeps(LIMITS).await, room("lobby"));
        for age in [90, 80, 30, 0] {
            say_before(&server, &lobby, age).await;
        }
        let page = server.page(&lobby, Range::After { offset: 0, limit: 10 }).await;
        let offsets: Vec<_> = page.messages.iter().map(|message| message.offset).collect();
        assert_eq!((offsets, page.oldest, page.latest), (vec![3, 4], 3, 4));
        let found = server.engine.look_up(&lobby, 2, MessageId::random()).await.unwrap();
        assert_eq!(found, chat_server::engine::Found::Nothing);
    }

    async fn a_room_in_which_all_is_too_old_shows_nothing_and_is_no_other_stream(world: &World) {
        let (server, lobby) = (world.server_that_keeps(LIMITS).await, room("lobby"));
        let first = say_before(&server, &lobby, 100).await;
        say_before(&server, &lobby, 90).await;
        server.engine.subscribe(&lobby).await.unwrap();
        for range in [Range::Latest(10), Range::After { offset: 0, limit: 10 }] {
            let page = server.page(&lobby, range).await;
            assert_eq!((page.messages.len(), page.oldest, page.latest), (0, 0, 2));
            assert_eq!(page.epoch, first.epoch);
        }
        let next = say_before(&server, &lobby, 0).await;
        assert_eq!((next.epoch, next.offset), (first.epoch, 3));
        let page = server.page(&lobby, Range::Latest(10)).await;
        assert_eq!((page.messages.len(), page.oldest), (1, 3));
    }

    async fn a_room_in_which_all_is_too_old_and_nobody_is_ends(world: &World) {
        let (server, lobby) = (world.server_that_keeps(LIMITS).await, room("lobby"));
        let first = say_before(&server, &lobby, 90).await;
        match world {
            World::Memory => {
                server.engine.subscribe(&lobby).await.unwrap();
                server.engine.unsubscribe(&lobby).await.unwrap();
                let page = server.page(&lobby, Range::Latest(1)).await;
                assert_ne!(page.epoch, first.epoch, "offsets begin anew, and say so");
                assert_eq!(page.latest, 0);
            }
            World::Cluster(_) | World::Sentinel(_) => {
                let page = server.page(&lobby, Range::Latest(1)).await;
                assert_eq!((page.epoch, page.latest, page.oldest), (first.epoch, 1, 0), "not yet");
            }
            World::Redis(redis) => {
                // It ends by itself a day after all is too old; and lives on while somebody is in it.
                for key in ["hubbub:{lobby}:stream", "hubbub:{lobby}:meta"] {
                    let seconds: u32 = redis.command(&format!("TTL {key}"))[1..].parse().unwrap();
                    assert!((86_000..=86_460).contains(&seconds), "{key} ends in {seconds} s");
                }
            }
        }
    }
}

/// Stores a message as if it were said so many seconds ago.
async fn say_before(server: &Server, room: &RoomName, seconds: u64) -> Published {
    let mut draft = draft(room, "hello");
    draft.time = Timestamp::from(SystemTime::now() - Duration::from_secs(seconds));
    server.engine.publish(draft).await.unwrap()
}
