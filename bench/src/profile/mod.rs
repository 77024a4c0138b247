//! Where a delivery's microseconds go: a hall and a door, sampled with `perf` while they are measured, layer by layer.
//!
//! [`layers`] says which samples belong together and [`tables`] what is told of them; both are pure. [`perf`] samples.

mod layers;
mod names;
mod perf;
mod tables;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{runtime::Builder, task::LocalSet};

pub use self::perf::PerfError;
use self::{
    perf::{Counter, Recorder},
    tables::{Profile, Subject},
};
use crate::{
    contender::{self, Contender},
    generator::Trial,
    host::{Machine, Site, TooFewFiles, allow_open_files, stopped},
    scenario::{Door, FIXED_RATE, Failure, HALL, Stage, Work},
    table,
};

/// How long system calls are counted. Counting slows them down, so that it has a trial of its own.
const COUNTED: Duration = Duration::from_secs(1);

/// What is profiled, and where it is written.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Deliveries a second in the hall: a low rate, and a high one that it can hold.
    #[arg(long, default_values_t = [FIXED_RATE, 500_000.0])]
    rate: Vec<f64>,
    /// Seconds that each profile takes.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The core of the server; without it it runs where Linux puts it.
    #[arg(long)]
    server_core: Option<usize>,
    /// chat-server, built with the names of its functions.
    #[arg(long, default_value = "target/profiling/chat-server")]
    chat_server: PathBuf,
    /// The day of the run, as 2026-01-31.
    #[arg(long, default_value = "today")]
    day: String,
    /// The document whose tables are replaced, between its marks `<!-- profile -->` and `<!-- end -->`.
    #[arg(long)]
    document: Option<PathBuf>,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many connections for this machine.
    #[error(transparent)]
    Files(#[from] TooFewFiles),
    /// chat-server or its clients are not there.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// perf did not do its part.
    #[error(transparent)]
    Perf(#[from] PerfError),
    /// The profile would be that of a server that is too slow.
    #[error("{rate} deliveries a second were not held ({p99:?} for 99 of 100): try again, or a lower --rate")]
    NotHeld {
        /// What was asked.
        rate: f64,
        /// How long they took.
        p99: Duration,
    },
    /// Nobody came in.
    #[error("nobody came in at the door in {0:?}: try again, or more --seconds")]
    NobodyCame(Duration),
    /// The document can't be read or written.
    #[error("{}: {why}", path.display())]
    Document {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// There is no place for it in the document.
    #[error("{}: the marks <!-- profile --> and <!-- end --> are not there", .0.display())]
    NoMarks(PathBuf),
    /// The generator can't begin.
    #[error("the generator can't begin: {0}")]
    NoRuntime(io::Error),
    /// Somebody asked it to end.
    #[error("stopped; nothing was written")]
    Stopped,
}

/// Profiles a hall at each rate and a door, prints the tables, and the functions that took most; writes the tables into
/// the document.
///
/// # Errors
/// When something of that could not be done.
pub fn run(args: &Args) -> Result<(), Error> {
    allow_open_files()?;
    let machine = Machine::here();
    // The server runs in a folder of its own.
    let chat_server = std::path::absolute(&args.chat_server)
        .map_err(|why| Error::Document { path: args.chat_server.clone(), why })?;
    let site = Site::of_ours(args.server_core, chat_server);
    // One thread: the generator has one core.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::NoRuntime)?;
    let profiles = LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            profiles = profiles(args, &site) => profiles,
            () = stopped() => Err(Error::Stopped),
        }
    })?;
    let text = tables::markdown(&profiles, &args.day, &machine);
    println!("{text}\n{}", tables::flat(&profiles));
    args.document.as_deref().map_or(Ok(()), |path| write(path, &text))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let fail = |why| Error::Document { path: path.to_owned(), why };
    let document = fs::read_to_string(path).map_err(fail)?;
    let document =
        table::between_marks(&document, "profile", text).ok_or_else(|| Error::NoMarks(path.to_owned()))?;
    fs::write(path, document).map_err(fail)
}

async fn profiles(args: &Args, site: &Site) -> Result<Vec<Profile>, Error> {
    let ours = contender::all()[0];
    let length = Duration::from_secs(args.seconds);
    let mut profiles = Vec::new();
    for rate in &args.rate {
        profiles.push(hall(ours, site, *rate, length).await?);
    }
    profiles.push(door(ours, site, length).await?);
    Ok(profiles)
}

#[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
async fn hall(
    ours: &'static dyn Contender,
    site: &Site,
    rate: f64,
    length: Duration,
) -> Result<Profile, Error> {
    let mut stage = Stage::open(ours, site, &Work::of(1, HALL)).await?;
    let pid = stage.servers.processes[0].id();
    let recorder = Recorder::start(pid).await?;
    let done = stage.hold(rate, length).await;
    let samples = recorder.end().await?;
    held(rate, &done.trial)?;

    let counter = Counter::start(pid).await?;
    let trial = stage.hold(rate, COUNTED).await.trial;
    let calls = counter.end().await?;
    held(rate, &trial)?;
    Ok(Profile {
        subject: Subject::Hall { rate },
        // Seconds of a million are microseconds of one.
        micros: done.trial.per_million(done.cpu),
        samples,
        calls: calls.each(trial.delivered as f64),
    })
}

fn held(rate: f64, trial: &Trial) -> Result<(), Error> {
    if trial.held() { Ok(()) } else { Err(Error::NotHeld { rate, p99: trial.p99 }) }
}

async fn door(ours: &'static dyn Contender, site: &Site, length: Duration) -> Result<Profile, Error> {
    let door = Door::open(ours, site).await?;
    let pid = door.servers.processes[0].id();
    let recorder = Recorder::start(pid).await?;
    let done = door.visit(length).await?;
    let samples = recorder.end().await?;
    if done.visits == 0.0 {
        return Err(Error::NobodyCame(done.lasted));
    }
    let counter = Counter::start(pid).await?;
    let visits = door.visit(COUNTED).await?.visits;
    let calls = counter.end().await?;
    Ok(Profile {
        subject: Subject::Door,
        micros: done.cpu.as_secs_f64() * 1e6 / done.visits,
        samples,
        calls: calls.each(visits.max(1.0)),
    })
}
