//! `hubbub load`: many connections, messages at a rate, and an account of what became of each.

mod args;
mod connection;
mod ledger;
mod payload;
mod progress;
mod report;
mod tally;
mod target;

use std::{
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
    time::Duration,
};

use chat_client::{
    Client, Identity,
    load::{Member, Schedule},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::Instant,
};

pub(crate) use self::args::Args;
use self::{
    connection::{Common, Connection, Phase},
    ledger::Ledger,
    payload::Run,
    progress::{Progress, millis},
    report::{Latency, Report},
    tally::Tally,
};
use crate::failure::Failure;

/// How often the bar moves, and how soon a stage ends after it could.
const LOOK: Duration = Duration::from_millis(50);

/// Connections that are not in their room after this much longer than the ramp join while messages are sent already.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);

/// After the last message, what is under way is given this long: the longest wait before a reconnect (30 s when a server
/// asks for it), and some.
const SETTLE_PATIENCE: Duration = Duration::from_secs(35);

/// The same after Ctrl-C, when somebody waits.
const SETTLE_AFTER_STOP: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let stop = Stop::new()?;
    let mut endpoints = Vec::new();
    for server in &args.servers {
        let endpoint = target::check(args.reach.endpoint(server), args.i_may_load_this_host).await?;
        endpoints.push(Arc::new(endpoint));
    }
    target::allow_open_files(args.connections)?;
    // Never from the seed: rooms and ids that come again would be taken for repetitions.
    let run = Run(fastrand::u64(..) >> 24);
    let rooms = args.room_names(run.0).map_err(Failure::Argument)?;
    let common = Arc::new(Common {
        run,
        schedule: Schedule::new(args.rate, args.senders() as usize),
        text_bytes: args.text_bytes as usize,
        tally: Tally::new(rooms.len(), args.connections as usize),
        rooms,
        start: OnceLock::new(),
    });
    let mut load = Load {
        stop,
        progress: Progress::new(),
        phase: watch::Sender::new(Phase::Join),
        tasks: JoinSet::new(),
        common,
    };
    load.open(&args, &endpoints).await;
    let seconds = load.send(args.duration()).await;
    load.settle().await;
    let members = load.end().await;
    let report = load.report(&args, seconds, &members);

    if args.json {
        let json = serde_json::to_string_pretty(&report).expect("a report has string keys");
        println!("{json}");
    } else {
        print!("{report}");
    }
    report.broken_promises().map_or(Ok(()), |words| Err(Failure::Broken(words)))
}

/// Ctrl-C and SIGTERM: the first ends the run early, the second at once. Listens from its making on, so that none is
/// missed while nobody waits for it.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    asked: bool,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, asked: false })
    }

    /// Until somebody asks (once more).
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.asked = true;
    }
}

struct Load {
    stop: Stop,
    progress: Progress,
    phase: watch::Sender<Phase>,
    tasks: JoinSet<(usize, Member)>,
    common: Arc<Common>,
}

impl Load {
    /// Opens all connections, and waits until they are in their rooms.
    async fn open(&mut self, args: &Args, endpoints: &[Arc<chat_client::Endpoint>]) {
        let total = u64::from(args.connections);
        self.progress.stage("joining", &format!("{total} connections at {} a second", args.ramp));
        let mut random = args.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let begin = Instant::now();
        let mut opened = 0;
        let mut tick = tokio::time::interval(LOOK);
        let all = begin + Duration::from_secs_f64(f64::from(args.connections) / f64::from(args.ramp));
        loop {
            let present = self.common.tally.present.load(Relaxed);
            self.progress.show(present, total, format!("{present} of {total} in their rooms"));
            if present == total || Instant::now() > all + JOIN_PATIENCE {
                return;
            }
            tokio::select! {
                () = self.stop.asked() => return,
                _ = tick.tick() => {}
            }
            let due = begin.elapsed().as_secs_f64() * f64::from(args.ramp);
            while opened < args.connections && f64::from(opened) < due {
                let number = opened as usize;
                opened += 1;
                let endpoint = Arc::clone(&endpoints[number % endpoints.len()]);
                let client = Client::with_random(endpoint, Identity::default(), random.fork());
                let connection = Connection::new(number, Arc::clone(&self.common), client);
                self.tasks.spawn(connection.run(self.phase.subscribe()));
            }
        }
    }

    /// Sends for `duration`, or until somebody stops it. Gives for how long it was.
    async fn send(&mut self, duration: Option<Duration>) -> Duration {
        let start = *self.common.start.get_or_init(Instant::now);
        if self.stop.asked {
            return Duration::ZERO;
        }
        let tally = &self.common.tally;
        self.progress
            .stage("sending", &format!("with {} connections in their rooms", tally.present.load(Relaxed)));
        self.phase.send_replace(Phase::Send);
        let mut tick = tokio::time::interval(LOOK);
        while duration.is_none_or(|duration| start.elapsed() < duration) {
            let words = format!(
                "{} present, {} sent, {} acknowledged, {} delivered, {} reconnects",
                tally.present.load(Relaxed),
                tally.sent.load(Relaxed),
                tally.acknowledged.load(Relaxed),
                tally.delivered.load(Relaxed),
                tally.reconnects.load(Relaxed),
            );
            let elapsed = start.elapsed();
            self.progress.show(millis(elapsed), millis(duration.unwrap_or(elapsed)), words);
            tokio::select! {
                () = self.stop.asked() => break,
                _ = tick.tick() => {}
            }
        }
        start.elapsed()
    }

    /// Waits until nothing is under way any more.
    async fn settle(&mut self) {
        self.phase.send_replace(Phase::Settle { end: Instant::now() });
        self.progress.stage("settling", "until all that was sent is answered and seen");
        let patience = if self.stop.asked { SETTLE_AFTER_STOP } else { SETTLE_PATIENCE };
        let deadline = Instant::now() + patience;
        let mut tick = tokio::time::interval(LOOK);
        while Instant::now() < deadline && !self.common.tally.is_settled(self.tasks.len()) {
            let unanswered = self.common.tally.unanswered();
            self.progress.show(0, 1, format!("{unanswered} messages without an answer"));
            tokio::select! {
                () = self.stop.asked() => return,
                _ = tick.tick() => {}
            }
        }
    }

    /// Closes all connections. Gives what each member saw, and its room.
    async fn end(&mut self) -> Vec<(usize, Member)> {
        self.progress.stage("closing", "all connections");
        self.phase.send_replace(Phase::End);
        let mut members = Vec::with_capacity(self.tasks.len());
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(member) => members.push(member),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        self.progress.end();
        members
    }

    fn report(&self, args: &Args, seconds: Duration, members: &[(usize, Member)]) -> Report {
        let tally = &self.common.tally;
        let (delivery, acknowledgement) = tally.latencies();
        let rooms = 0..self.common.rooms.len();
        Report {
            connections: args.connections as usize,
            joined: members.iter().filter(|(_, member)| member.place().is_some()).count(),
            rooms: self.common.rooms.len(),
            rate: args.rate,
            seconds: rounded(seconds.as_secs_f64()),
            sent: tally.sent.load(Relaxed),
            acknowledged: tally.acknowledged.load(Relaxed),
            unacknowledged: tally.unanswered(),
            delivered: tally.delivered.load(Relaxed),
            lost: members.iter().map(|(room, member)| lost(member, &tally.ledger(*room))).sum(),
            duplicated: members.iter().map(|(_, member)| member.duplicated).sum(),
            misordered: members.iter().map(|(_, member)| member.misordered).sum::<u64>()
                + rooms.map(|room| tally.ledger(room).misordered()).sum::<u64>(),
            reconnects: tally.reconnects.load(Relaxed),
            cut: tally.cut.load(Relaxed),
            longest_gap_ms: rounded(tally.longest_gap().as_secs_f64() * 1_000.0),
            refused: tally.refused.load(Relaxed),
            errors: tally.errors(),
            first_failure: tally.first_failure(),
            delivery_ms: Latency::of(&delivery),
            acknowledgement_ms: Latency::of(&acknowledgement),
        }
    }
}

/// Acknowledged messages that a member should have seen and did not.
fn lost(member: &Member, ledger: &Ledger) -> u64 {
    member.lost(|epoch, after, through| ledger.acknowledged_between(epoch, after, through))
}

/// To three digits behind the point.
fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
