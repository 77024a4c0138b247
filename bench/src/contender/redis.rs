//! Debian's Redis, which keeps nothing on disk here.

use std::net::{Ipv4Addr, SocketAddr};

use super::Servers;
use crate::host::{Process, Site, Unavailable, free_port};

/// Starts one. Gives it and its port.
pub(super) async fn start(site: &Site) -> Result<(Process, u16), Unavailable> {
    let port = port("redis-server")?;
    let arguments = format!("--port {port} --bind 127.0.0.1 --save  --appendonly no");
    let arguments = arguments.split(' ').map(ToOwned::to_owned).collect();
    let mut process = Process::start(site, "redis-server", |_| Ok(arguments))?;
    process.listens(address(port)).await?;
    Ok((process, port))
}

/// A port for a program.
pub(super) fn port(program: &str) -> Result<u16, Unavailable> {
    free_port()
        .map_err(|error| Unavailable::NotStarted { program: program.to_owned(), why: error.to_string() })
}

/// A port of this machine.
pub(super) fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

impl Servers {
    /// None yet, beside a Redis if one is there.
    pub(super) fn beside(redis: Option<Process>) -> Self {
        Self { addresses: Vec::new(), processes: Vec::new(), redis, proxy: None }
    }

    /// Adds a server as soon as it listens.
    pub(super) async fn add(&mut self, mut process: Process, port: u16) -> Result<(), Unavailable> {
        process.listens(address(port)).await?;
        self.addresses.push(address(port));
        self.processes.push(process);
        Ok(())
    }
}
