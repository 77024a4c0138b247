//! The contract `SessionRegister`.

use std::time::Duration;

use chat_server::engine::{Admission, EngineError, SessionRecord};
use hubbub_protocol::limits::{PRESENCE_LEASE, SESSIONS_PER_USER};
use hubbub_protocol::{DeviceId, ServerId, SessionId, Timestamp, UserId};

use crate::on_every_engine;
use crate::redis_server::RedisServer;
use crate::world::{Server, World, until};

/// Long enough that no renewal fails on a busy machine, short enough to wait for.
const SHORT_LEASE: Duration = Duration::from_secs(2);

/// A session that began `second` seconds after all time.
fn session(user: UserId, server: &str, second: i64) -> SessionRecord {
    SessionRecord {
        session: SessionId::random(),
        user,
        device: DeviceId::random(),
        server: ServerId(server.into()),
        since: Timestamp::from_unix_millis(1_769_846_700_042 + 1_000 * second),
    }
}

impl Server {
    async fn begin(&self, record: &SessionRecord) {
        assert_eq!(self.engine.begin_session(record).await, Ok(Admission::Admitted));
    }

    async fn sessions_of(&self, user: UserId) -> Vec<SessionRecord> {
        self.engine.sessions_of(user).await.unwrap()
    }
}

on_every_engine! {
    async fn a_session_is_in_the_register_until_it_ends(world: &World) {
        let (server, ada, grace) = (world.server().await, UserId::random(), UserId::random());
        let [first, second] = [session(ada, "a \"quoted\" name", 1), session(ada, "two", 2)];
        let other = session(grace, "two", 0);
        for record in [&second, &first, &other, &first] {
            server.begin(record).await;
        }
        assert_eq!(server.sessions_of(ada).await, [first.clone(), second.clone()]);
        assert_eq!(server.sessions_of(grace).await, [other]);
        for _ in 0..2 {
            server.engine.end_session(ada, first.session).await.unwrap();
            assert_eq!(server.sessions_of(ada).await, std::slice::from_ref(&second));
        }
        server.engine.end_session(ada, second.session).await.unwrap();
        assert_eq!(server.sessions_of(ada).await, []);
        server.engine.end_session(UserId::random(), second.session).await.unwrap();
    }

    async fn a_user_has_so_many_sessions_and_no_more(world: &World) {
        let (server, ada) = (world.server().await, UserId::random());
        let sessions: Vec<_> = (0..).map(|n| session(ada, "one", n)).take(SESSIONS_PER_USER).collect();
        for record in &sessions {
            server.begin(record).await;
        }
        let one_more = session(ada, "two", 100);
        assert_eq!(server.engine.begin_session(&one_more).await, Ok(Admission::TooMany));
        server.begin(&sessions[3]).await;
        assert_eq!(server.sessions_of(ada).await, sessions);
        server.begin(&session(UserId::random(), "two", 0)).await;
        server.engine.end_session(ada, sessions[0].session).await.unwrap();
        server.begin(&one_more).await;
        assert_eq!(server.sessions_of(ada).await.len(), SESSIONS_PER_USER);
    }
}

/// What one server that is killed leaves behind, seen by the other.
async fn killed(world: &World) {
    let (one, dies) =
        (world.server_with_lease(SHORT_LEASE).await, world.server_with_lease(SHORT_LEASE).await);
    let (ada, grace) = (UserId::random(), UserId::random());
    let stays = session(ada, "one", 0);
    one.begin(&stays).await;
    for n in 1..SESSIONS_PER_USER {
        dies.begin(&session(ada, "two", i64::try_from(n).unwrap())).await;
    }
    dies.begin(&session(grace, "two", 0)).await;
    assert_eq!(one.sessions_of(ada).await.len(), SESSIONS_PER_USER, "those of both are seen");
    let next = session(ada, "one", 100);
    assert_eq!(one.engine.begin_session(&next).await, Ok(Admission::TooMany), "those of both count");

    drop(dies);
    until("there is room for another", async || {
        one.engine.begin_session(&next).await == Ok(Admission::Admitted)
    })
    .await;
    assert_eq!(one.sessions_of(ada).await, [stays, next]);
    until("nothing is left of the other's", async || !world.dump().contains(&grace.to_string())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_a_server_that_dies_count_until_its_lease_ends_and_are_swept() {
    killed(&World::redis()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_a_server_that_dies_are_swept_in_a_cluster_too() {
    killed(&World::redis_cluster().await).await;
}

#[tokio::test]
async fn a_server_that_closes_leaves_no_session_behind() {
    let world = World::redis();
    let (one, closes, ada) = (world.server().await, world.server().await, UserId::random());
    closes.begin(&session(ada, "two", 0)).await;
    assert_eq!(one.sessions_of(ada).await.len(), 1);
    closes.engine.close().await;
    assert_eq!(one.sessions_of(ada).await, []);
    assert!(!world.dump().contains(&ada.to_string()));
}

#[tokio::test]
async fn what_the_last_server_left_behind_when_it_died_is_swept_by_the_next_that_comes() {
    let redis = RedisServer::start();
    let (dies, ada) = (Server::on_redis(&redis, SHORT_LEASE).await, UserId::random());
    dies.begin(&session(ada, "one", 0)).await;
    drop(dies);
    // The keeper of the lease in Redis is gone: nobody sees it end.
    assert_eq!(redis.command("DEL hubbub:servers"), ":1");
    assert!(redis.dump().contains(&ada.to_string()));
    let _comes = Server::on_redis(&redis, SHORT_LEASE).await;
    until("nothing is left", async || !redis.dump().contains(&ada.to_string())).await;
}

#[tokio::test]
async fn after_flushall_sessions_are_back_and_those_that_ended_meanwhile_stay_away() {
    let redis = RedisServer::start();
    let (server, ada) = (Server::on_redis(&redis, SHORT_LEASE).await, UserId::random());
    let [stays, goes] = [session(ada, "one", 0), session(ada, "one", 1)];
    for record in [&stays, &goes] {
        server.begin(record).await;
    }
    assert_eq!(redis.command("FLUSHALL"), "+OK");
    server.engine.end_session(ada, goes.session).await.unwrap();
    until("it is back", async || server.sessions_of(ada).await == [stays.clone()]).await;
}

#[tokio::test]
async fn sessions_that_begin_and_end_while_redis_is_away_are_noted_when_it_is_back() {
    let redis = RedisServer::start();
    let (server, ada) = (Server::on_redis(&redis, PRESENCE_LEASE).await, UserId::random());
    let [ends, begins] = [session(ada, "one", 0), session(ada, "one", 1)];
    server.begin(&ends).await;
    redis.stop();
    let refused = server.engine.begin_session(&begins).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    let refused = server.engine.end_session(ada, ends.session).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    redis.go_on();
    until("both are noted", async || {
        server.engine.sessions_of(ada).await.is_ok_and(|sessions| sessions == [begins.clone()])
    })
    .await;
}
