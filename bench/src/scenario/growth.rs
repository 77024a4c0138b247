//! What a delivery costs when there is more of everything: rooms, idle connections, members, servers. Each at the same
//! rate, so that it is the number that makes the difference.

use std::time::Duration;

use super::{FIXED_RATE, Failure, Figures, Plan};
use crate::{
    contender::{Contender, Servers},
    generator::{Fleet, Idlers, Shape, Trial},
    host::{RedisWork, Site, Unavailable},
};

/// Members of one room.
const MEMBERS: [usize; 3] = [10, 100, 1_000];

/// Members of the room that is on all servers: of eight each has 25, and in a second 100 messages are said to them.
const SPREAD: Shape = Shape { rooms: 1, members: 200, senders: 10 };

/// Rooms whose members are alone on each of eight servers, and how many deliveries a second they have: at the rate of the
/// others Redis would be what is measured.
const SCATTERED: Shape = Shape { rooms: 20, members: 8, senders: 1 };
const SCATTERED_RATE: f64 = 4_000.0;

/// Servers that share this room.
const SERVERS: [usize; 4] = [1, 2, 4, 8];

/// Who talks while others are idle.
const TALKING: Shape = Shape { rooms: 10, members: 10, senders: 1 };

/// Until then the server has told who came into rooms that nobody here is in: it does so every 250 ms.
const SETTLE: Duration = Duration::from_millis(300);

/// With one server: rooms, idle connections, members. With several: servers, and what that costs Redis.
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    if contender.scales() {
        for servers in SERVERS {
            by_servers(contender, site, plan, servers, &mut figures).await?;
        }
        let (servers, mut fleet) = settled(contender, site, SCATTERED.members, SCATTERED).await?;
        let (cpu, _) = cost(&servers, &mut fleet, SCATTERED_RATE, plan.fixed).await;
        figures.insert("cpuScattered".to_owned(), cpu);
        return Ok(figures);
    }
    for rooms in plan.growth_rooms {
        let shape = Shape { rooms, members: 10, senders: 1 };
        figures.insert(format!("cpuByRooms.{rooms}"), alone(contender, site, plan, shape).await?);
    }
    for members in MEMBERS {
        let shape = Shape { rooms: 1, members, senders: 10 };
        figures.insert(format!("cpuByMembers.{members}"), alone(contender, site, plan, shape).await?);
    }
    by_idle(contender, site, plan, &mut figures).await?;
    Ok(figures)
}

/// So many servers with their members, who know who is there. To be dropped in the other order.
async fn settled(
    contender: &'static dyn Contender,
    site: &Site,
    servers: usize,
    shape: Shape,
) -> Result<(Servers, Fleet), Failure> {
    let servers = contender.start(site, servers).await?;
    let fleet = Fleet::open(contender, &servers.addresses, shape).await?;
    fleet.quiet().await;
    Ok((servers, fleet))
}

/// The cost of a million deliveries with a server that has nobody else.
async fn alone(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    shape: Shape,
) -> Result<f64, Failure> {
    let (servers, mut fleet) = settled(contender, site, 1, shape).await?;
    Ok(cost(&servers, &mut fleet, FIXED_RATE, plan.fixed).await.0)
}

async fn by_idle(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let servers = contender.start(site, 1).await?;
    let mut fleet = Fleet::open(contender, &servers.addresses, TALKING).await?;
    let (mut idlers, mut opened) = (Vec::new(), 0);
    for idle in plan.growth_idle {
        idlers.push(Idlers::open(contender, servers.addresses[0], opened..idle).await?);
        opened = idle;
        tokio::time::sleep(SETTLE).await;
        figures
            .insert(format!("cpuByIdle.{idle}"), cost(&servers, &mut fleet, FIXED_RATE, plan.fixed).await.0);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a trial has thousands of messages")]
async fn by_servers(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    number: usize,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let (servers, mut fleet) = settled(contender, site, number, SPREAD).await?;
    let port = servers.redis_port.ok_or_else(|| unasked("it has no port"))?;
    let ask = async || RedisWork::ask(port).await.map_err(|error| unasked(&error.to_string()));
    // What servers ask of it while nothing is said, to be taken off.
    let before = ask().await?;
    tokio::time::sleep(plan.fixed).await;
    let quiet = ask().await?.a_second_since(before, plan.fixed);

    let before = ask().await?;
    let (cpu, trial) = cost(&servers, &mut fleet, FIXED_RATE, plan.fixed).await;
    let busy = ask().await?.a_second_since(before, trial.lasted);
    figures.insert(format!("cpuByServers.{number}"), cpu);
    let messages = trial.sent.max(1) as f64 / trial.lasted.as_secs_f64();
    for (name, (busy, quiet)) in ["Micros", "Commands", "Publishes", "BytesIn", "BytesOut"]
        .into_iter()
        .zip(busy.into_iter().zip(quiet))
    {
        let value = (busy - quiet).max(0.0) / messages;
        figures.insert(format!("redis{name}ByServers.{number}"), value);
    }
    Ok(())
}

/// CPU seconds of the servers for a million deliveries at so many a second, and what came of it.
async fn cost(servers: &Servers, fleet: &mut Fleet, rate: f64, length: Duration) -> (f64, Trial) {
    let before = servers.cost().cpu;
    let trial = fleet.trial(rate / fleet.fan_out(), length).await;
    let cpu = servers.cost().cpu.saturating_sub(before);
    (trial.per_million(cpu), trial)
}

fn unasked(why: &str) -> Failure {
    let program = "redis-server".to_owned();
    Unavailable::NotListening { program, log: format!("it can't be asked for INFO: {why}") }.into()
}
