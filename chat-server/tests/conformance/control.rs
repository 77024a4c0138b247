//! What concerns a user is told to every server.

use chat_server::engine::{EngineEvent, UserEvent};
use hubbub_protocol::{DeviceId, SessionId, UserId, UserName};

use crate::on_every_engine;
use crate::redis_server::RedisServer;
use crate::world::{Server, World, room, until, user};

on_every_engine! {
    async fn what_concerns_a_user_is_told_as_it_was_said_and_in_order(world: &World) {
        let (mut server, user) = (world.server().await, UserId::random());
        let events = [
            UserEvent::LoggedOut { devices: vec![DeviceId::random(), DeviceId::random()] },
            UserEvent::Renamed { name: UserName::parse("Gräfin \"{}\"").unwrap() },
            UserEvent::RoomsChanged,
            UserEvent::Deleted,
        ];
        for event in &events {
            server.engine.tell(user, event.clone()).await.unwrap();
        }
        for event in events {
            assert_eq!(server.event().await, EngineEvent::User { user, event });
        }
    }

    async fn what_concerns_a_user_is_heard_beside_what_happens_in_rooms(world: &World) {
        let (mut server, ada) = (world.server().await, user("Ada"));
        server.engine.subscribe(&room("control")).await.unwrap();
        server.engine.enter(&room("control"), &ada, SessionId::random()).await.unwrap();
        server.engine.tell(ada.id, UserEvent::Deleted).await.unwrap();
        assert!(matches!(server.event().await, EngineEvent::Room { .. }));
        assert!(matches!(server.event().await, EngineEvent::User { .. }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_hears_what_concerns_a_user() {
    let world = World::redis();
    let (one, mut two) = (world.server().await, world.server().await);
    let user = UserId::random();
    one.engine.tell(user, UserEvent::Deleted).await.unwrap();
    assert_eq!(two.event().await, EngineEvent::User { user, event: UserEvent::Deleted });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_room_hears_of_users_again_after_an_interruption() {
    let mut redis = RedisServer::start();
    let mut server = Server::on_redis(&redis, hubbub_protocol::limits::PRESENCE_LEASE).await;
    redis.kill();
    redis.restart();
    server.interruption().await;
    until("the engine is up", async || server.engine.is_up()).await;
    let user = UserId::random();
    server.engine.tell(user, UserEvent::Deleted).await.unwrap();
    assert_eq!(server.event().await, EngineEvent::User { user, event: UserEvent::Deleted });
}
