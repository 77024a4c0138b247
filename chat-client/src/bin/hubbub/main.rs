//! `hubbub`: chat in a terminal, run a script, make load.

mod chat;
mod failure;
mod load;
mod printable;
mod script;
mod server;
mod suggest;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Hubbub from the command line.
#[derive(Parser)]
#[command(name = "hubbub", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all went well; 1 an expectation was not met or messages were lost; \
2 wrong arguments or a mistake in a script; 3 no server could be reached.";

#[derive(Subcommand)]
enum Command {
    /// Chats in the terminal: what is typed is sent, /help lists the commands.
    Chat(chat::Args),
    /// Runs commands from a file, one a line, and prints answers that can be diffed.
    Script(script::Args),
    /// Holds connections, sends messages at a rate, and counts what is lost, doubled or out of order.
    Load(load::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("hubbub: can't start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Chat(args) => chat::run(args).await,
            Command::Script(args) => script::run(args).await,
            Command::Load(args) => load::run(args).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("hubbub: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
