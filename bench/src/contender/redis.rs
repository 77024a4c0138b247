//! Debian's Redis, which keeps nothing on disk here.

use crate::host::{Process, Site, Unavailable, free_port, local};

/// Starts one. Gives it and its port.
pub(super) async fn start(site: &Site) -> Result<(Process, u16), Unavailable> {
    let port = free_port("redis-server")?;
    let arguments = format!("--port {port} --bind 127.0.0.1 --save  --appendonly no");
    let arguments = arguments.split(' ').map(ToOwned::to_owned).collect();
    let mut process = Process::start(site, "redis-server", |_| Ok(arguments))?;
    process.listens(local(port)).await?;
    Ok((process, port))
}
