//! `hubbub script`: commands from a file, answers that can be diffed.

mod parse;
mod play;

use std::{io::Read, path::PathBuf, time::Duration};

use crate::{failure::Failure, server::ServerArgs};

const LANGUAGE: &str = "\
Commands, one a line; # begins a comment:
  login NAME         a new guest, who speaks from now on; several may be logged in
  as NAME            who speaks from now on, by the name of the login
  join ROOM          into a room
  leave ROOM         out of it
  send ROOM TEXT     sends, and waits until it is stored
  expect ROOM TEXT   waits for a message; prints those before it too
  rename NAME        another name for who speaks
  who ROOM           who is there, sorted
  who ROOM A, B      waits until exactly these are there

Each command is printed behind the name of who speaks, its answer indented below it. There are no times and no ids
in the output: run in a fresh room, it is the same each time. A server's refusal is an answer (`error CODE`), an
expectation that is not met in time ends the script with exit code 1.";

#[derive(clap::Args)]
#[command(after_help = LANGUAGE)]
pub(crate) struct Args {
    /// The script; - reads it from standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    /// How long a command waits for its answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let Args { file, server, timeout } = args;
    let name = if file.as_os_str() == "-" { "script".to_owned() } else { file.display().to_string() };
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(&file)
    };
    let text = text.map_err(|source| Failure::Read { path: file, source })?;
    let lines = parse::parse(&text).map_err(|mistake| Failure::Mistake {
        path: name.clone(),
        line: mistake.line,
        problem: mistake.problem,
    })?;
    let mut stage = play::Stage::new(server.endpoint(), Duration::from_secs(timeout), std::io::stdout());
    let result = stage.play(&name, &lines).await;
    stage.end().await;
    result
}
