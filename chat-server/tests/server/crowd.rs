//! Presence when a thousand come and go at once.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use hubbub_protocol::{
    ServerFrame,
    limits::{PING_INTERVAL, PRESENCE_LEASE, PRESENCE_SWEEP},
};
use tokio::{task::JoinHandle, time::interval};

use crate::support::{
    Balancer, Client, Lean, Process, RedisServer, TestServer, Witnesses, config, figure, promised,
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

/// What a member was told of others.
#[derive(Default)]
struct Told {
    frames: usize,
    came: usize,
    went: usize,
}

/// Reads what a member is told until so many came and went.
async fn told(client: &mut Client, came: usize, went: usize) -> Told {
    let mut told = Told::default();
    while told.came < came || told.went < went {
        if let ServerFrame::Presence { joined, left, .. } = client.next().await {
            told.frames += 1;
            told.came += joined.len();
            told.went += left.len();
        }
    }
    told
}

/// How many frames a member is told in at most, in so long a time: one in each quarter of a second.
fn batches_in(time: Duration) -> usize {
    usize::try_from(time.as_millis() / 250).unwrap() + 2
}

/// How many frames a member was told in since it was last asked.
async fn presence_frames(client: &mut Client) -> usize {
    let frames = client.until_pong().await;
    frames.iter().filter(|frame| matches!(frame, ServerFrame::Presence { .. })).count()
}

/// A member of the lobby who looks on.
async fn bystander(at: SocketAddr) -> Client {
    let mut client = Client::guest(at).await;
    client.join("lobby").await;
    client.until_pong().await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_members_of_a_killed_server_are_gone_when_its_lease_ends() {
    const MEMBERS: usize = 1_000;
    let redis = RedisServer::start();
    let (dies, at) = Process::on_redis(&redis, "dies").await;
    let (_lives, beside) = Process::on_redis(&redis, "lives").await;
    let mut bystander = bystander(beside).await;
    let (_crowd, _) = tokio::join!(Crowd::of_guests(at, MEMBERS), told(&mut bystander, MEMBERS, 0));

    dies.kill().await;
    let killed = Instant::now();
    let Told { frames, .. } = told(&mut bystander, 0, MEMBERS).await;
    let took = killed.elapsed();
    let ServerFrame::Joined { count: 1, .. } = bystander.join("lobby").await else {
        panic!("somebody stays")
    };
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
    let mut bystander = bystander(beside).await;
    let began = Instant::now();
    let (mut crowd, came) = tokio::join!(Crowd::of_guests(at, MEMBERS), told(&mut bystander, MEMBERS, 0));
    let first = began.elapsed();
    assert!(came.frames <= batches_in(first), "{} frames in {first:?}", came.frames);

    dies.kill().await;
    let began = Instant::now();
    let mut back = std::pin::pin!(Crowd::again(beside, std::mem::take(&mut crowd.tokens)));
    let (mut told, mut turns) = (0, interval(PING_INTERVAL / 2));
    // However long it takes: who does not read does not answer the server's pings either.
    let _back = loop {
        tokio::select! {
            back = &mut back => break back,
            _ = turns.tick() => told += presence_frames(&mut bystander).await,
        }
    };
    let again = began.elapsed();
    told += presence_frames(&mut bystander).await;
    // None, when they are back before the lease of their server ends.
    assert!(told <= batches_in(again), "{told} frames in {again:?}");
    figure(
        "two_thousand_who_come_and_come_back_at_once_are_told_in_few_frames",
        &format!(
            "{MEMBERS} came within {:.1} s: {} frames; their server was killed and they came back within {:.1} s: {told} frames",
            first.as_secs_f64(),
            came.frames,
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
    let mut bystander = bystander(new.ports.public).await;
    let witnesses = Witnesses::gather(balancer.address, MOVED * 2, 2, Duration::from_millis(50)).await;
    told(&mut bystander, MOVED * 2, 0).await;
    assert_eq!(sessions_in(&redis), MOVED * 2 + 1);

    balancer.leave_out(old.ports.public);
    old.admin("/admin/drain", r#"{"overSeconds":1}"#).await;
    old.metric_is("hubbub_connections", 0.0).await;
    // Whoever left moves in before, so that there are more for a moment.
    while sessions_in(&redis) != MOVED * 2 + 1 {
        tokio::task::yield_now().await;
    }
    let frames = bystander.until_pong().await;
    let told = frames.iter().filter(|frame| matches!(frame, ServerFrame::Presence { .. })).count();
    assert_eq!(told, 0, "{frames:?}");
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
