//! `hubbub script`: commands from a file, answers that can be diffed.

mod command;
mod parse;
mod play;
mod words;

use std::{io::Read, path::PathBuf, time::Duration};

use crate::{failure::Failure, server::ServerArgs};

const LANGUAGE: &str = "\
Commands, one a line; # begins a comment.
People:
  login NAME                  a new guest, who speaks from now on; several may be logged in
  register NAME EMAIL PASSWORD  a new account, who speaks from now on
  login NAME EMAIL PASSWORD   an account on another device, which is called NAME
  register EMAIL PASSWORD     the guest who speaks becomes an account
  as NAME                     who speaks from now on, by the name of the login
  logout [others|all|NAME]    this device, all others, all, or one of them
  closed                      waits until the server has ended the speaker's session
  devices                     where the account is logged in
  password PASSWORD           another password
  delete account              ends it
  rename NAME                 another name for who speaks
Rooms:
  join ROOM, leave ROOM       into a room, out of it
  who ROOM                    who is there, sorted
  who ROOM A, B               waits until exactly these are there
  rooms                       the public rooms
  create ROOM [TITLE]         a public room of one's own
  private ROOM [TITLE]        a private one; ROOM is what the script calls it
  direct ROOM NAME            the room of two people; ROOM is what the script calls it
  title ROOM TEXT, topic ROOM TEXT
  members ROOM                who has a part in it
  invite ROOM NAME, remove ROOM NAME, owner ROOM NAME, member ROOM NAME
  forget ROOM                 off one's own list
  delete ROOM                 for everybody
Messages:
  send ROOM TEXT              sends, and waits until it is stored
  post ROOM TEXT              the same over HTTP, from outside the room
  expect ROOM TEXT            waits for a message, or an event in the words that are shown; prints those before it too
  edit ROOM OFFSET TEXT, delete ROOM OFFSET
  react ROOM OFFSET EMOJI, unreact ROOM OFFSET EMOJI
  read ROOM OFFSET            has read up to there
  unread                      one's own rooms, and how much is unread in each
  history ROOM [before OFFSET | after OFFSET] [COUNT]

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
