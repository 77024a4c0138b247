//! What was sent on a connection that was given up, and comes to Redis when others have been there since.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chat_server::engine::{EngineError, Range};
use futures::future::join_all;
use hubbub_protocol::limits::PRESENCE_LEASE;
use hubbub_protocol::{RoomName, SessionId, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::redis_server::RedisServer;
use crate::world::{Server, room, until, user};

/// Between a server and a Redis. Held, it keeps what is sent on the connections of then, as networks do that send
/// it again and again; let go, it delivers.
struct Network {
    url: String,
    connections: Arc<AtomicUsize>,
    /// Connections that were made before this one are held.
    held_before: watch::Sender<usize>,
}

impl Network {
    async fn before(redis: &RedisServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        let to = ("127.0.0.1", redis.port());
        let (held_before, held) = watch::channel(0);
        let connections = Arc::new(AtomicUsize::new(0));
        let made = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((server, _)) = listener.accept().await {
                let number = made.fetch_add(1, Ordering::SeqCst);
                let (mut from_server, mut to_server) = server.into_split();
                let (mut from_redis, mut to_redis) = TcpStream::connect(to).await.unwrap().into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_redis, &mut to_server).await });
                let mut held = held.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    // What was sent is delivered, whether its sender is still there or not.
                    while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                        held.wait_for(|before| *before <= number).await.unwrap();
                        to_redis.write_all(&buffer[..read]).await?;
                    }
                    std::io::Result::Ok(())
                });
            }
        });
        Self { url, connections, held_before }
    }

    fn hold(&self) {
        self.held_before.send_replace(self.connections.load(Ordering::SeqCst));
    }

    fn let_go(&self) {
        self.held_before.send_replace(0);
    }
}

/// The ids of the connections for commands that a Redis has, but for the one that asks.
fn connections(redis: &RedisServer) -> Vec<String> {
    let list = redis.text("CLIENT LIST");
    let others = list.lines().filter(|line| line.contains(" ssub=0 ") && !line.contains("cmd=client|list"));
    others.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// Ada, who wants to come, and Grace, who is there and goes, while Redis hears nothing.
struct Talk {
    lobby: RoomName,
    ada: (User, SessionId),
    grace: (User, SessionId),
    before: Vec<String>,
}

impl Talk {
    async fn begin(redis: &RedisServer, server: &Server) -> Self {
        let [ada, grace] = ["Ada", "Grace"].map(|name| (user(name), SessionId::random()));
        let lobby = room("lobby");
        server.engine.enter(&lobby, &grace.0, grace.1).await.unwrap();
        // Somebody who is in all the time: the scripts are known, and there is something to read.
        let other = (user("Other"), SessionId::random());
        server.engine.enter(&lobby, &other.0, other.1).await.unwrap();
        server.engine.leave(&lobby, other.0.id, other.1).await.unwrap();
        join_all((0..100).map(|_| server.say(&lobby, "much to read"))).await;
        server.page(&lobby, Range::Latest(1)).await;
        Self { lobby, ada, grace, before: connections(redis) }
    }

    /// Both ask, and are refused.
    async fn fails(&self, server: &Server) {
        let (entered, left) = tokio::join!(
            server.engine.enter(&self.lobby, &self.ada.0, self.ada.1),
            server.engine.leave(&self.lobby, self.grace.0.id, self.grace.1),
        );
        for refused in [entered, left] {
            assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
        }
    }

    /// Grace is back; Ada gave up.
    async fn goes_on(&self, server: &Server) {
        until("Grace is back", async || {
            server.engine.enter(&self.lobby, &self.grace.0, self.grace.1).await.is_ok()
        })
        .await;
        server.wait_for_members(&self.lobby, &[&self.grace.0]).await;
    }

    /// It stays so when Redis is done with all that was sent on the connections of before.
    async fn stays(&self, redis: &RedisServer, server: &Server) {
        until("the connections of before are gone", async || {
            let now = connections(redis);
            self.before.iter().all(|id| !now.contains(id))
        })
        .await;
        server.wait_for_members(&self.lobby, &[&self.grace.0]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_network_delivers_late_is_not_done() {
    let redis = RedisServer::start();
    let network = Network::before(&redis).await;
    let server = Server::up_at_url(&network.url, PRESENCE_LEASE).await;
    let talk = Talk::begin(&redis, &server).await;
    network.hold();
    talk.fails(&server).await;
    talk.goes_on(&server).await;
    network.let_go();
    talk.stays(&redis, &server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_redis_that_was_stopped_finds_when_it_goes_on_is_not_done_after_what_came_later() {
    let redis = RedisServer::start();
    let server = Server::on_redis(&redis, PRESENCE_LEASE).await;
    let talk = Talk::begin(&redis, &server).await;
    redis.stop();
    // What takes it a while to do, before it comes to the rest.
    let work = join_all((0..1_000).map(|_| server.engine.history(&talk.lobby, Range::Latest(100))));
    tokio::join!(work, talk.fails(&server));
    until("the connection is given up", async || {
        let refused = server.engine.history(&talk.lobby, Range::Latest(1)).await;
        matches!(refused, Err(EngineError::Unavailable(reason)) if reason.contains("pings"))
    })
    .await;
    redis.go_on();
    talk.goes_on(&server).await;
    talk.stays(&redis, &server).await;
}
