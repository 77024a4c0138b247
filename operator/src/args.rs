//! The command line.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Parser};

/// Runs chat-servers on Kubernetes: as many as their connections need, each emptied before it goes.
#[derive(Debug, Parser)]
#[command(name = "hubbub-operator", version)]
pub enum Command {
    /// Look after the ChatServers of a cluster.
    Run(RunOptions),
    /// Print the definition of the ChatServer resource.
    Crd,
    /// Tell what a policy does with a trace of connections, and what other autoscalers would do, as Markdown.
    Simulate(SimulateOptions),
    /// Make the decisions in an operator's log again, and tell of each whether it comes out the same.
    Replay(ReplayOptions),
}

/// What to replay.
#[derive(Debug, Clone, Args)]
pub struct ReplayOptions {
    /// The log of an operator; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What to simulate.
#[derive(Debug, Clone, Args)]
pub struct SimulateOptions {
    /// CSV of seconds and connections. Without it: the traces of docs/scaling.md.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// YAML of the fields of `spec.scaling` of a ChatServer. Without it: their defaults.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Write pictures into this folder, which the page then refers to by the last part of its path.
    #[arg(long, value_name = "FOLDER")]
    pub plots: Option<PathBuf>,
    /// How often each trace is run, each time with another chance.
    #[arg(long, value_name = "NUMBER", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: u64,
}

/// How to run.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Look after the ChatServers of this namespace only, and need no right on others.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Where /metrics and /healthz are. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9091")]
    pub metrics_listen: SocketAddr,
    /// Ask the servers for their connections, and decide, each so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "1")]
    pub scrape_seconds: NonZeroU64,
    /// This operator's own pod, which the Lease goes with.
    #[command(flatten)]
    pub pod: Option<OwnPod>,
}

/// The pod that an operator runs in, as the downward API tells it.
#[derive(Debug, Clone, Args)]
pub struct OwnPod {
    /// The name of the pod that this operator runs in.
    #[arg(long, value_name = "NAME", env = "POD_NAME", requires = "pod_uid", required = false)]
    pub pod_name: String,
    /// The UID of the pod that this operator runs in.
    #[arg(long, value_name = "UID", env = "POD_UID", requires = "pod_name", required = false)]
    pub pod_uid: String,
}
