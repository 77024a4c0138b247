//! The arguments of `hubbub load`.

use std::time::Duration;

use chat_client::ServerUrl;
use hubbub_protocol::{RoomName, limits::TEXT_CHARS};

use crate::server::{DEFAULT_SERVER, ReachArgs};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server; several take the connections in turns.
    #[arg(long = "server", value_name = "URL", default_value = DEFAULT_SERVER)]
    pub(super) servers: Vec<ServerUrl>,
    #[command(flatten)]
    pub(super) reach: ReachArgs,
    /// How many connections, each a guest of its own in one room.
    #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) connections: u32,
    /// Over how many rooms they are spread.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rooms: u32,
    /// What the room is called; several are called NAME-1, NAME-2, ... Without it they are new ones.
    #[arg(long, value_name = "NAME")]
    pub(super) room: Option<RoomName>,
    /// Messages a second, of all connections together; 0 only holds the connections.
    #[arg(long, value_name = "PER_SECOND", default_value_t = 10.0, value_parser = rate)]
    pub(super) rate: f64,
    /// For how many seconds messages are sent.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    duration: u64,
    /// Goes on until Ctrl-C (or SIGTERM) instead.
    #[arg(long, conflicts_with = "duration")]
    hold: bool,
    /// How many connections are opened a second.
    #[arg(long, value_name = "PER_SECOND", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) ramp: u32,
    /// How many of the connections send; all of them without it.
    #[arg(long)]
    senders: Option<u32>,
    /// How long each message is, at least.
    #[arg(long, value_name = "BYTES", default_value_t = 128, value_parser = clap::value_parser!(u32).range(0..=TEXT_CHARS as i64))]
    pub(super) text_bytes: u32,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Makes the jitter of reconnects repeatable.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Allows a server that is not this machine. Only load what is yours.
    #[arg(long)]
    pub(super) i_may_load_this_host: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if rate.is_finite() && rate >= 0.0 { Ok(rate) } else { Err("has to be 0 or more".to_owned()) }
}

impl Args {
    /// For how long messages are sent; none until told to stop.
    pub(super) fn duration(&self) -> Option<Duration> {
        (!self.hold).then(|| Duration::from_secs(self.duration))
    }

    pub(super) fn senders(&self) -> u32 {
        self.senders.unwrap_or(self.connections).min(self.connections)
    }

    /// The names of the rooms; `run` makes new ones.
    pub(super) fn room_names(&self, run: u64) -> Result<Vec<RoomName>, String> {
        let base = self.room.as_ref().map_or_else(|| format!("load-{run:x}"), ToString::to_string);
        if self.rooms == 1 {
            return RoomName::parse(&base).map(|name| vec![name]).map_err(|error| error.to_string());
        }
        let names = (1..=self.rooms).map(|number| RoomName::parse(&format!("{base}-{number}")));
        names.collect::<Result<_, _>>().map_err(|error| format!("with its number, the room {error}"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn args(words: &str) -> Result<Args, clap::Error> {
        Cli::try_parse_from(std::iter::once("load").chain(words.split_whitespace())).map(|cli| cli.args)
    }

    #[test]
    fn rooms_are_numbered_when_there_are_several() {
        let names = |words: &str| {
            args(words).unwrap().room_names(0xab).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["load-ab"]);
        assert_eq!(names("--rooms 2"), ["load-ab-1", "load-ab-2"]);
        assert_eq!(names("--rooms 2 --room tea"), ["tea-1", "tea-2"]);
        assert_eq!(names("--room tea"), ["tea"]);
    }

    #[test]
    fn all_connections_send_unless_fewer_are_asked_for() {
        assert_eq!(args("--connections 7").unwrap().senders(), 7);
        assert_eq!(args("--connections 7 --senders 3").unwrap().senders(), 3);
        assert_eq!(args("--connections 7 --senders 30").unwrap().senders(), 7);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in
            ["--connections 0", "--rate -1", "--rate nan", "--hold --duration 3", "--text-bytes 5000"]
        {
            assert!(args(words).is_err(), "{words}");
        }
    }
}
