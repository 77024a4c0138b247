//! The bench's command: `run` measures, `compare` tells what a change did, `profile` where the time goes.

mod run;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use hubbub_bench::{profile, report::Report, sockets, table};

/// Measures chat-server and its peers with the same work, side by side.
#[derive(Parser)]
#[command(name = "hubbub-bench")]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measures.
    Run(run::Args),
    /// Writes frames to bare sockets; `run` starts it, and reads off what that costs.
    Sockets(sockets::Args),
    /// Tells where a delivery's time goes in chat-server and below it, layer by layer.
    Profile(profile::Args),
    /// Tells two runs side by side.
    Compare {
        /// The JSON of a run.
        old: PathBuf,
        /// The JSON of a later one.
        new: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Command::parse().what {
        What::Run(args) => run::run(&args),
        What::Sockets(args) => sockets::serve(&args).map_err(|error| error.to_string()),
        What::Profile(args) => profile::run(&args).map_err(|error| error.to_string()),
        What::Compare { old, new } => compare(&old, &new).map(|text| print!("{text}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hubbub-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare(old: &PathBuf, new: &PathBuf) -> Result<String, String> {
    let read = |path: &PathBuf| -> Result<Report, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    Ok(table::compare(&read(old)?, &read(new)?))
}
