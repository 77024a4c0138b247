//! `hubbub-bench run`: all contenders, all scenarios, in an order of its own each round.

use std::{collections::VecDeque, fmt, fs, path::PathBuf, time::Instant};

use hubbub_bench::{
    contender::{self, Contender},
    host::{Machine, Site, allow_open_files, stopped},
    million, plots,
    report::{Measurement, Report},
    scenario::{Failure, Figures, Plan, Scenario},
    table,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::LocalSet,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// One round of short trials.
    #[arg(long)]
    quick: bool,
    /// Only contenders with this in their name; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Only these scenarios; may be given several times.
    #[arg(long)]
    scenario: Vec<Scenario>,
    /// The core of servers and Redis; without it they run where Linux puts them.
    #[arg(long)]
    server_core: Option<usize>,
    /// The built chat-server.
    #[arg(long, default_value = "target/release/chat-server")]
    chat_server: PathBuf,
    /// The built nats-server.
    #[arg(long, default_value = "build/bin/nats-server")]
    nats_server: PathBuf,
    /// The folder of the peers that are programs of this repository.
    #[arg(long, default_value = "bench/peers")]
    peers: PathBuf,
    /// HAProxy's configuration for three servers.
    #[arg(long, default_value = "manifests/single-host/haproxy.cfg")]
    haproxy_config: PathBuf,
    /// Where the result goes as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The day of the run, as 2026-01-31.
    #[arg(long, default_value = "today")]
    day: String,
    /// The document whose tables are replaced, between its marks `<!-- measured -->` and `<!-- end -->`; plots go into a folder
    /// of its name beside it.
    #[arg(long)]
    document: Option<PathBuf>,
}

/// Measures, writes what there is after each measurement where it is wanted, and prints the tables at the end. An error
/// when something could not be measured.
pub(super) fn run(args: &Args) -> Result<(), String> {
    allow_open_files().map_err(|error| error.to_string())?;
    let plan = if args.quick { Plan::quick() } else { Plan::full() };
    // Servers run in folders of their own.
    let absolute = |path: &PathBuf| std::path::absolute(path).map_err(|error| error.to_string());
    let site = Site {
        server_core: args.server_core,
        chat_server: absolute(&args.chat_server)?,
        nats_server: absolute(&args.nats_server)?,
        peers: absolute(&args.peers)?,
        haproxy_config: absolute(&args.haproxy_config)?,
    };
    let mut report = Report {
        day: args.day.clone(),
        quick: args.quick,
        machine: Machine::here(),
        measurements: Vec::new(),
        outstanding: Vec::new(),
    };
    // One thread: the generator has one core.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let mut turns = turns(args, &plan);
    while let Some(turn) = turns.pop_front() {
        // Here the servers of the turn before have ended, so nothing is left behind.
        let Some(measurements) = measure(&runtime, &site, &plan, &turn, &report) else {
            turns.push_front(turn);
            publish(args, &report)?;
            return Err(format!("stopped; {} measurements were not made", turns.len()));
        };
        report.measurements.extend(measurements);
        report.outstanding = turns.iter().map(ToString::to_string).collect();
        report.machine.end();
        publish(args, &report)?;
    }
    print!("{}", table::markdown(&report));
    for (scenario, seconds) in report.seconds() {
        eprintln!("{scenario}: {seconds:.0} s in all");
    }
    let failures = report.failures().count();
    if failures == 0 { Ok(()) } else { Err(format!("{failures} measurements could not be made")) }
}

/// One scenario with one contender, or with all at the same time.
struct Turn {
    round: u32,
    scenario: Scenario,
    contenders: Vec<&'static dyn Contender>,
    /// What is measured, one after the other, while this one lasts.
    meanwhile: Vec<Turn>,
}

impl fmt::Display for Turn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.contenders.iter().map(|it| self.scenario.subject(*it)).collect();
        write!(out, "{} of {} in round {}", self.scenario.name(), names.join(", "), self.round)
    }
}

/// All that is to be measured: each scenario with every contender that it is for, in another order each time.
fn turns(args: &Args, plan: &Plan) -> VecDeque<Turn> {
    let scenarios = if args.scenario.is_empty() { Scenario::ALL.to_vec() } else { args.scenario.clone() };
    let mut turns = VecDeque::new();
    for round in 1..=plan.rounds {
        let mut meanwhile = Vec::new();
        for scenario in scenarios.iter().copied() {
            let mut contenders = contender::all();
            contenders.retain(|it| {
                let named =
                    args.only.is_empty() || args.only.iter().any(|only| it.name().contains(only.as_str()));
                named && scenario.is_for(*it, plan) && scenario.is_in(round, plan.rounds, *it)
            });
            fastrand::shuffle(&mut contenders);
            let at_once = if scenario.is_common() { contenders.len().max(1) } else { 1 };
            let its = contenders.chunks(at_once).map(|it| Turn {
                round,
                scenario,
                contenders: it.to_vec(),
                meanwhile: Vec::new(),
            });
            if scenario.is_of_memory_alone() && scenarios.iter().any(|it| it.is_common()) {
                meanwhile.extend(its);
            } else {
                turns.extend(its);
            }
        }
        if let Some(common) = turns.back_mut().filter(|it| it.scenario.is_common()) {
            common.meanwhile = meanwhile;
        }
    }
    turns
}

/// None when somebody asked the run to end.
fn measure(
    runtime: &Runtime,
    site: &Site,
    plan: &Plan,
    turn: &Turn,
    so_far: &Report,
) -> Option<Vec<Measurement>> {
    LocalSet::new().block_on(runtime, async {
        let all = async {
            let meanwhile = async {
                let mut measurements = Vec::new();
                for turn in &turn.meanwhile {
                    measurements.extend(take(site, plan, turn, so_far).await);
                }
                measurements
            };
            let (mut measurements, others) = tokio::join!(take(site, plan, turn, so_far), meanwhile);
            measurements.extend(others);
            measurements
        };
        tokio::select! {
            measurements = all => Some(measurements),
            () = stopped() => None,
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "contenders are few")]
async fn take(site: &Site, plan: &Plan, turn: &Turn, so_far: &Report) -> Vec<Measurement> {
    let Turn { round, scenario, ref contenders, .. } = *turn;
    let begin = Instant::now();
    let results = scenario.run(contenders, site, plan, so_far).await;
    let seconds = begin.elapsed().as_secs_f64();
    eprintln!("{turn}: {seconds:.1} s");
    let measurement = |(contender, result): (&&'static dyn Contender, Result<Figures, Failure>)| {
        let contender = scenario.subject(*contender).to_owned();
        let (figures, failure) = match result {
            Ok(figures) => (figures, None),
            Err(failure) => (Figures::new(), Some(failure.to_string())),
        };
        if let Some(why) = &failure {
            eprintln!("{contender}: {why}");
        }
        // What several had at the same time took them as long together.
        let seconds = seconds / contenders.len() as f64;
        Measurement { round, contender, scenario: scenario.name().to_owned(), seconds, figures, failure }
    };
    contenders.iter().zip(results).map(measurement).collect()
}

/// Writes what there is so far where it is wanted: a run that is interrupted leaves it there.
fn publish(args: &Args, report: &Report) -> Result<(), String> {
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(report).expect("a report has string keys");
        fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &args.document {
        let fail = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| fail(&error))?;
        let no_marks = || fail(&"there are no marks in it");
        let mut text =
            table::between_marks(&text, "measured", &table::markdown(report)).ok_or_else(no_marks)?;
        if let Some(sum) = million::markdown(report) {
            text = table::between_marks(&text, "million", &sum).ok_or_else(no_marks)?;
        }
        fs::write(path, text).map_err(|error| fail(&error))?;
        // Beside it, in a folder of its name.
        let folder = path.with_extension("");
        fs::create_dir_all(&folder).map_err(|error| fail(&error))?;
        for picture in plots::pictures(report).map_err(|error| fail(&error))? {
            let path = folder.join(picture.name).with_extension("svg");
            fs::write(path, picture.svg).map_err(|error| fail(&error))?;
        }
    }
    Ok(())
}
