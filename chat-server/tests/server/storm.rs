//! All servers are killed at once, and all of their clients come back.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use chat_client::{
    Loss,
    reconnect::{Next, next},
};
use chat_server::admission::Admission;
use governor::clock::FakeRelativeClock;
use hubbub_protocol::limits::{CONNECTIONS_DEFAULT, Limited, Rate};

use crate::support::{Account, Balancer, Process, RedisServer, Witnesses, figure, metric, promised};

/// Nobody waits longer (promise 10).
const LONGEST: Duration = Duration::from_secs(30);

/// What clients know of a refusal.
#[derive(Clone, Copy)]
enum Kind {
    /// `Retry-After`.
    Told,
    /// Nothing, as a page: a browser's WebSocket shows no header.
    Page,
    /// The one or the other, in turns.
    Both,
}

/// What became of a storm.
struct Storm {
    /// From the return of the servers until the last client was let in.
    longest: Duration,
    refused: usize,
}

/// So many clients are cut off at once, and in simulated time come back to servers that are there again after `away`,
/// by the rules of client and server. Each attempt goes to any of the servers, as behind a load balancer.
fn storm(clients: usize, servers: usize, rate: Rate, kind: Kind, away: Duration) -> Storm {
    let random = &mut fastrand::Rng::with_seed(1);
    let (clock, begin) = (FakeRelativeClock::default(), Instant::now());
    let doors: Vec<_> = (0..servers).map(|_| Admission::with_clock(Some(rate), clock.clone())).collect();
    let mut let_in = vec![0_u32; servers];
    let again = |loss: &Loss, attempt, at, random: f64| match next(loss, attempt, random, begin + at, true) {
        Next::Resume { at } => at - begin,
        other => panic!("{other:?}"),
    };
    let broken = Loss::Broken(String::new());
    let mut attempts: BinaryHeap<_> = (0..clients)
        .map(|client| Reverse((again(&broken, 0, Duration::ZERO, random.f64()), client, 1)))
        .collect();
    let (mut now, mut longest, mut refused) = (Duration::ZERO, Duration::ZERO, 0);
    while let Some(Reverse((at, client, attempt))) = attempts.pop() {
        clock.advance(at.saturating_sub(now));
        now = at;
        let server = random.usize(..servers);
        let loss = if now < away {
            broken.clone()
        } else if let Err(later) = doors[server].admit(None) {
            refused += 1;
            match kind {
                Kind::Told => refusal(later),
                Kind::Both if client % 2 == 0 => refusal(later),
                Kind::Page | Kind::Both => Loss::Closed { code: 1006, reason: String::new() },
            }
        } else {
            let_in[server] += 1;
            let most = rate.burst().get() + u32::try_from(now.as_nanos() / rate.every().as_nanos()).unwrap();
            assert!(let_in[server] <= most, "{} of {most} let in after {now:?}", let_in[server]);
            longest = now.saturating_sub(away);
            continue;
        };
        attempts.push(Reverse((again(&loss, attempt, now, random.f64()), client, attempt + 1)));
    }
    Storm { longest, refused }
}

fn refusal(later: Duration) -> Loss {
    Loss::Refused { status: 503, retry_after: Some(later), detail: String::new() }
}

#[test]
fn whoever_comes_back_in_simulated_time_waits_no_longer_than_promised() {
    let rate = Limited::Admissions.usual();
    let mut told = Vec::new();
    for (clients, servers) in [(5_000, 2), (CONNECTIONS_DEFAULT, 1)] {
        let (mut longest, mut refused) = (Duration::ZERO, 0);
        for kind in [Kind::Told, Kind::Page, Kind::Both] {
            for away in [1, 10].map(Duration::from_secs) {
                let storm = storm(clients, servers, rate, kind, away);
                assert!(storm.longest <= LONGEST, "{:?} of {clients} away for {away:?}", storm.longest);
                longest = longest.max(storm.longest);
                refused = refused.max(storm.refused);
            }
        }
        assert!(refused > 0);
        told.push(format!(
            "{clients} at {servers}: {}, at most {refused} refusals",
            promised(longest, LONGEST)
        ));
    }
    figure("whoever_comes_back_in_simulated_time_waits_no_longer_than_promised", &told.join("; "));
}

/// A server of the storm.
struct Member {
    process: Process,
    public: SocketAddr,
    private: SocketAddr,
    /// Before the process was there, so that its own time is less.
    since: Instant,
}

/// What a server lets in a second, and at once. A busy machine greets several times as many, also when it was built
/// for debugging.
const A_SECOND: u32 = 10;

impl Member {
    async fn start(redis: &RedisServer, name: &str) -> Self {
        let since = Instant::now();
        let rate = format!("--rate=admissions={A_SECOND}/s,connects=off,guests=off");
        let (mut process, public) = Process::on_redis_with(redis, name, &[&rate]).await;
        let private = process.address("metrics").await;
        Self { process, public, private, since }
    }

    /// How many were refused, after a look whether no more were let in than may be.
    async fn refused(&self) -> f64 {
        let accepted = metric(self.private, "hubbub_accepted_total").await;
        let most = f64::from(A_SECOND) * (1.0 + self.since.elapsed().as_secs_f64());
        assert!(accepted <= most, "{accepted} let in, of {most}");
        metric(self.private, "hubbub_refused_total{reason=\"rate\"}").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_servers_are_killed_all_clients_come_back_in_turn_and_miss_nothing() {
    const CLIENTS: usize = 200;
    let redis = RedisServer::start();
    let start = async || [Member::start(&redis, "one").await, Member::start(&redis, "two").await];
    let servers = start().await;
    let balancer = Balancer::start(servers.iter().map(|server| server.public).collect()).await;
    let mut witnesses = Witnesses::gather(balancer.address, CLIENTS, 2, Duration::from_secs(1)).await;
    let mut refused = servers[0].refused().await + servers[1].refused().await;
    witnesses.more_messages(4).await;
    let presences =
        witnesses.look(|records| records.iter().map(|record| record.presences).collect::<Vec<_>>());

    let killed = Instant::now();
    let (one, two) = servers.map(|server| server.process.kill()).into();
    tokio::join!(one, two);
    let servers = start().await;
    balancer.point_to(servers.iter().map(|server| server.public).collect());
    witnesses
        .until("all are back", |records| {
            records.iter().all(|record| record.servers.len() > 1 && !record.is_away())
        })
        .await;
    let took = killed.elapsed();
    refused += servers[0].refused().await + servers[1].refused().await;
    assert!(refused > 0.0, "all came at once, and none was refused");
    let cpu: Duration = servers.iter().map(|server| server.process.cpu_time()).sum();
    witnesses.more_messages(4).await;
    let told = witnesses.look(|records| {
        records.iter().zip(presences).map(|(record, before)| record.presences - before).max().unwrap()
    });
    // In a batch each quarter of a second, however many come.
    let batches = usize::try_from(killed.elapsed().as_millis() / 250).unwrap() + 2;
    assert!(told <= batches, "told in {told} frames, of {batches}");
    let Account { acknowledged, longest_away } = witnesses.all_is_well().await;
    figure(
        "when_all_servers_are_killed_all_clients_come_back_in_turn_and_miss_nothing",
        &format!(
            "{CLIENTS} clients of 2 servers that let {A_SECOND} a second in were back after {}; {refused} refusals; \
             {acknowledged} messages: 0 lost, 0 doubled, 0 out of order; told to nobody in more than {told} frames; \
             the servers used {:.2} of a core",
            promised(longest_away, LONGEST),
            cpu.div_duration_f64(took)
        ),
    );
}
