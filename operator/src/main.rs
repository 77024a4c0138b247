//! `hubbub-operator`: runs chat-servers on Kubernetes.

use clap::Parser;

/// Runs chat-servers on Kubernetes: as many as their connections need, each emptied before it goes.
#[derive(Debug, Parser)]
#[command(version)]
enum Command {
    /// Print the definition of the ChatServer resource.
    Crd,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Command::parse() {
        Command::Crd => print!("{}", hubbub_operator::crd::definition()?),
    }
    Ok(())
}
