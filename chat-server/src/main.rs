//! Reads the configuration, and runs the server until it is told to stop.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use chat_server::{
    application::Application,
    config::{Config, ConfigError, LogFormat},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os()) {
        Ok(config) => config,
        Err(ConfigError::Help(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("chat-server: {error}");
            return ExitCode::from(2);
        }
    };
    log_to_stderr(config.log);
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let stop = CancellationToken::new();
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let signals = tokio::spawn(stop_on(interrupt, terminate, stop.clone()));
    let application = Application::build(config).await?;
    let ports = application.ports();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "hubbub: chat at http://{}", ports.public)?;
    writeln!(stdout, "hubbub: metrics at http://{}", ports.private)?;
    stdout.flush()?;
    application.run(stop).await?;
    signals.abort();
    Ok(())
}

/// The first signal lets the server end well, the second ends it.
async fn stop_on(mut interrupt: Signal, mut terminate: Signal, stop: CancellationToken) {
    let mut either = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    either().await;
    stop.cancel();
    either().await;
    std::process::exit(1);
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_env_filter(filter);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
