//! How a command ends when it does not end well: one line that says what to do, and an exit code.

use std::{io, net::SocketAddr, path::PathBuf};

use chat_client::{Loss, ServerUrl};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}; start a server with `make run`, or name another one with --server")]
    Unreachable(Loss),
    #[error("{0}")]
    Ended(Loss),
    #[error("can't find {url}: {source}; write its name right, or say its address with --resolve")]
    Unknown { url: ServerUrl, source: io::Error },
    #[error("can't read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path}:{line}: {problem}")]
    Mistake { path: String, line: usize, problem: String },
    #[error("{path}:{line}: {problem}")]
    Unmet { path: String, line: usize, problem: String },
    #[error(
        "{url} is at {address}, which is not this machine; if you may load that host, add --i-may-load-this-host"
    )]
    NotLoopback { url: ServerUrl, address: SocketAddr },
    #[error(
        "{wanted} connections need more open files than the {allowed} that are allowed: raise it with `ulimit -n`"
    )]
    OpenFiles { wanted: u64, allowed: u64 },
    #[error("{0}")]
    Argument(String),
    #[error("{0}")]
    Broken(String),
    #[error("can't write the output: {0}")]
    Write(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unmet { .. } | Self::Broken(_) | Self::Write(_) => 1,
            Self::Read { .. }
            | Self::Mistake { .. }
            | Self::NotLoopback { .. }
            | Self::OpenFiles { .. }
            | Self::Argument(_) => 2,
            Self::Unreachable(_) | Self::Ended(_) | Self::Unknown { .. } => 3,
        }
    }
}
