//! Presence when a thousand come and go at once.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use hubbub_protocol::{
    ServerFrame,
    limits::{PRESENCE_LEASE, PRESENCE_SWEEP},
};
use tokio::{task::JoinHandle, time::timeout};

use crate::support::{
    Balancer, Client, Lean, PATIENCE, Process, RedisServer, TestServer, Witnesses, config, figure, promised,
};

/// How many connect at once.
const AT_ONCE: usize = 64;

/// Sessions in the lobby that read on and say nothing.
struct Crowd {
    tokens: Vec<String>,
    sessions: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// New guests.
    async fn of_guests(at: SocketAddr, number: usize) -> Self {
        Self::come(at, vec![None; number]).await
    }

    /// Those who were there before.
    async fn again(at: SocketAddr, tokens: Vec<String>) -> Self {
        Self::come(at, tokens.into_iter().map(Some).collect()).await
    }

    async fn come(at: SocketAddr, tokens: Vec<Option<String>>) -> Self {
        let sessions = stream::iter(tokens).map(async |token| {
            // As clients do: who is sent away because the server is too busy comes back.
            loop {
                let mut session = Lean::open(at).await;
                let Ok(token) = session.hello(token.as_deref()).await else { continue };
                if session.join("lobby").await.is_ok() {
                    return (token, session.idle());
                }
            }
        });
        let (tokens, sessions) = sessions.buffer_unordered(AT_ONCE).unzip::<_, _, Vec<_>, Vec<_>>().await;
        Self { tokens, sessions }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.sessions.iter().for_each(JoinHandle::abort);
    }
}

/// A member of the lobby who looks on.
struct Onlooker {
    client: Client,
    /// How many are in the lobby, as it was told last.
    members: usize,
    /// In how many frames it was told of others since it came.
    frames: usize,
}

impl Onlooker {
    async fn come(at: SocketAddr) -> Self {
        let mut client = Client::guest(at).await;
        let ServerFrame::Joined { count, .. } = client.join("lobby").await else { unreachable!() };
        let mut onlooker = Self { client, members: count.try_into().unwrap(), frames: 0 };
        onlooker.catch_up().await;
        onlooker
    }

    fn note(&mut self, frame: &ServerFrame) {
        if let ServerFrame::Presence { count, .. } = frame {
            self.members = (*count).try_into().unwrap();
            self.frames += 1;
        }
    }

    /// Reads on until so many are in the lobby.
    async fn until(&mut self, members: usize) {
        while self.members != members {
            let told = self.client.find(|frame| matches!(frame, ServerFrame::Presence { .. }));
            // Pings come forever.
            let frame = timeout(PATIENCE, told).await.expect("somebody comes or goes");
            self.note(&frame);
        }
    }

    /// Reads what there is.
    async fn catch_up(&mut self) {
        self.client.until_pong().await.iter().for_each(|frame| self.note(frame));
    }

    /// Reads on while others do something, however long it takes: who does not read does not answer pings either.
    async fn during<T>(&mut self, others: impl Future<Output = T>) -> T {
        let mut others = std::pin::pin!(others);
        let done = loop {
            tokio::select! {
                done = &mut others => break done,
                frame = self.client.next() => self.note(&frame),
            }
        };
        self.catch_up().await;
        done
    }
}

/// How many frames a member is told in at most, in so long a time: one in each quarter of a second.
fn batches_in(time: Duration) -> usize {
    usize::try_from(time.as_millis() / 250).unwrap() + 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_members_of_a_killed_server_are_gone_when_its_lease_ends() {
    const MEMBERS: usize = 1_000;
    let redis = RedisServer::start();
    let (dies, at) = Process::on_redis(&redis, "dies").await;
    let (_lives, beside) = Process::on_redis(&redis, "lives").await;
    let mut onlooker = Onlooker::come(beside).await;
    let _crowd = onlooker.during(Crowd::of_guests(at, MEMBERS)).await;
    onlooker.until(MEMBERS + 1).await;
    let before = onlooker.frames;

    dies.kill().await;
    let killed = Instant::now();
    onlooker.until(1).await;
    let took = killed.elapsed();
    let frames = onlooker.frames - before;
    figure(
        "the_members_of_a_killed_server_are_gone_when_its_lease_ends",
        &format!(
            "{MEMBERS} gone after {}, told in {frames} frames",
            promised(took, PRESENCE_LEASE + PRESENCE_SWEEP)
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_who_come_and_come_back_at_once_are_told_in_few_frames() {
    const MEMBERS: usize = 2_000;
    let redis = RedisServer::start();
    let (dies, at) = Process::on_redis(&redis, "dies").await;
    let (_lives, beside) = Process::on_redis(&redis, "lives").await;
    let mut onlooker = Onlooker::come(beside).await;
    let began = Instant::now();
    let mut crowd = onlooker.during(Crowd::of_guests(at, MEMBERS)).await;
    onlooker.until(MEMBERS + 1).await;
    let (first, came) = (began.elapsed(), onlooker.frames);
    assert!(came <= batches_in(first), "{came} frames in {first:?}");

    dies.kill().await;
    let began = Instant::now();
    let _back = onlooker.during(Crowd::again(beside, std::mem::take(&mut crowd.tokens))).await;
    let (again, told) = (began.elapsed(), onlooker.frames - came);
    // None, when they are back before the lease of their server ends.
    assert!(told <= batches_in(again), "{told} frames in {again:?}");
    figure(
        "two_thousand_who_come_and_come_back_at_once_are_told_in_few_frames",
        &format!(
            "{MEMBERS} came within {:.1} s: {} frames; their server was killed and they came back within {:.1} s: {told} frames",
            first.as_secs_f64(),
            came,
            again.as_secs_f64()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_moved_by_a_drain_is_seen_neither_going_nor_coming() {
    const MOVED: usize = 20;
    let redis = RedisServer::start();
    let server = async || {
        let mut config = config(&["--engine", "redis", "--redis-url", &redis.url()]);
        // Short, so that the end of the old sessions is within the test.
        config.timing.linger = Duration::from_secs(1);
        TestServer::start(config).await
    };
    let (old, new) = (server().await, server().await);
    let balancer = Balancer::start(vec![old.ports.public, new.ports.public]).await;
    let mut onlooker = Onlooker::come(new.ports.public).await;
    let witnesses = Witnesses::gather(balancer.address, MOVED * 2, 2, Duration::from_millis(50)).await;
    onlooker.until(MOVED * 2 + 1).await;
    assert_eq!(sessions_in(&redis), MOVED * 2 + 1);

    balancer.leave_out(old.ports.public);
    old.admin("/admin/drain", r#"{"overSeconds":1}"#).await;
    old.metric_is("hubbub_connections", 0.0).await;
    // Whoever left moves in before, so that there are more for a moment.
    while sessions_in(&redis) != MOVED * 2 + 1 {
        tokio::task::yield_now().await;
    }
    let before = onlooker.frames;
    onlooker.catch_up().await;
    assert_eq!(onlooker.frames, before, "nobody is told as gone or come");
    let account = witnesses.all_is_well().await;
    figure(
        "who_is_moved_by_a_drain_is_seen_neither_going_nor_coming",
        &format!(
            "{MOVED} moved: 0 told as gone, the longest gap {} ms, {} messages: 0 lost, 0 doubled",
            account.longest_away.as_millis(),
            account.acknowledged
        ),
    );
}

/// How many sessions Redis has in the lobby.
fn sessions_in(redis: &RedisServer) -> usize {
    let script = "local n=0 for _,m in ipairs(redis.call('HVALS',KEYS[1])) do \
                  for _ in pairs(cjson.decode(m).sessions) do n=n+1 end end return n";
    let answer = redis.command(&format!("EVAL \"{script}\" 1 hubbub:{{lobby}}:members"));
    answer.trim_start_matches(':').parse().unwrap()
}
