//! Debian's Redis, which keeps nothing on disk here: one server, or a Cluster of three masters.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::host::{Process, Site, Unavailable, free_port, free_ports, local, redis_command};

/// Starts one. Gives it and its port.
pub(super) async fn start(site: &Site) -> Result<(Process, u16), Unavailable> {
    let port = free_port("redis-server")?;
    Ok((start_at(site, port, "").await?, port))
}

async fn start_at(site: &Site, port: u16, more: &str) -> Result<Process, Unavailable> {
    let arguments = format!("--port {port} --bind 127.0.0.1 --save  --appendonly no{more}");
    let arguments = arguments.split(' ').map(ToOwned::to_owned).collect();
    let mut process = Process::start(site, "redis-server", |_| Ok(arguments))?;
    process.listens(local(port)).await?;
    Ok(process)
}

/// Slots of three masters (Redis Cluster has 16384 in all).
const SLOTS: [(u16, u16); 3] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];

/// By then a Cluster has come together on any machine that is not broken.
const COMES_TOGETHER_WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Starts three masters without replicas, and waits until each knows that all slots are served. Gives their ports.
pub(super) async fn start_cluster(site: &Site) -> Result<(Vec<Process>, Vec<u16>), Unavailable> {
    let mut ports = free_ports("redis-server", 2 * SLOTS.len())?;
    let buses = ports.split_off(SLOTS.len());
    let mut processes = Vec::new();
    for (port, bus) in ports.iter().zip(&buses) {
        let more = format!(" --cluster-enabled yes --cluster-port {bus}");
        processes.push(start_at(site, *port, &more).await?);
    }
    let why = |why: io::Error| Unavailable::NotStarted {
        program: "a Redis Cluster".to_owned(),
        why: why.to_string(),
    };
    form(&ports, &buses).await.map_err(why)?;
    Ok((processes, ports))
}

async fn form(ports: &[u16], buses: &[u16]) -> io::Result<()> {
    for (number, (port, (first, last))) in ports.iter().zip(SLOTS).enumerate() {
        redis_command(*port, &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)).await?;
        redis_command(*port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await?;
    }
    for (port, bus) in ports.iter().zip(buses).skip(1) {
        redis_command(ports[0], &format!("CLUSTER MEET 127.0.0.1 {port} {bus}")).await?;
    }
    let deadline = Instant::now() + COMES_TOGETHER_WITHIN;
    for port in ports {
        loop {
            let info = redis_command(*port, "CLUSTER INFO").await?;
            if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3") {
                break;
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("it did not come together: {info}")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Ok(())
}
