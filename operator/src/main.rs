//! `hubbub-operator`: runs chat-servers on Kubernetes.

use std::error::Error;
use std::io::{stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use hubbub_operator::args::{Command, RunOptions};
use hubbub_operator::record::replay;
use hubbub_operator::{crd, run, simulate};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Crd => crd::definition().map(|yaml| print!("{yaml}")).map_err(Into::into),
        Command::Run(options) => serve(options),
        Command::Replay(options) => replay(&options, &mut stdout().lock()).map_err(Into::into),
        Command::Simulate(options) => {
            simulate::simulate(&options).map(|page| print!("{page}")).map_err(Into::into)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubbub-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(options: RunOptions) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(stderr).init();
    // An error says that there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopped = stop.clone();
    let signals = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopped.cancel();
    };
    let (result, ()) = tokio::join!(run::run(options, stop.clone()), async {
        tokio::select! {
            () = signals => {}
            () = stop.cancelled() => {}
        }
    });
    Ok(result?)
}
