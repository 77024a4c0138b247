//! The sum for a million connections, from what was measured of one core. Pure.

use std::fmt::Write as _;

use crate::{
    report::{MEMORY, REDIS, Report},
    table::{aligned, number},
};

/// How people are taken to chat, and how full parts may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// Connections in all.
    pub connections: f64,
    /// Members of each room; each is taken to be on another server, which is the most that a message can cost.
    pub members: f64,
    /// What a connection says.
    pub messages_per_minute: f64,
    /// How long a connection lasts.
    pub minutes: f64,
    /// How busy the core of a pod or of a Redis shard is to be.
    pub busy: f64,
    /// Connections that a pod takes at most.
    pub pod_connections: f64,
}

/// Those of the document.
pub const ASSUMPTIONS: Assumptions = Assumptions {
    connections: 1e6,
    members: 20.0,
    messages_per_minute: 1.0,
    minutes: 20.0,
    busy: 0.6,
    pod_connections: 20_000.0,
};

/// What one of everything costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units {
    /// CPU microseconds of the servers for a delivery to a member who is alone on its server.
    pub delivery_micros: f64,
    /// CPU microseconds of a server for a connection that comes into its room.
    pub visit_micros: f64,
    /// CPU microseconds of Redis for it.
    pub redis_visit_micros: f64,
    /// Resident KiB of a connection.
    pub connection_kib: f64,
    /// Bytes that a member reads for a message.
    pub delivery_bytes: f64,
    /// CPU microseconds of Redis for a message with one server, and for each further server of its room.
    pub redis_message_micros: (f64, f64),
    /// Bytes that Redis writes for it, likewise.
    pub redis_message_bytes: (f64, f64),
}

impl Units {
    /// None when one of them was not measured.
    pub fn of(report: &Report) -> Option<Self> {
        let figure = |name: &str| report.figure(REDIS, name).map(|spread| spread.median);
        Some(Self {
            delivery_micros: figure("growth.cpuScattered")?,
            visit_micros: figure("door.cpuMicros")?,
            redis_visit_micros: figure("door.redisMicros")?,
            connection_kib: figure("idle.kib")?,
            delivery_bytes: report.figure(MEMORY, "hall.bytesAtMost")?.median,
            redis_message_micros: first_and_further(&report.curve(REDIS, "growth.redisMicrosByServers"))?,
            redis_message_bytes: first_and_further(&report.curve(REDIS, "growth.redisBytesOutByServers"))?,
        })
    }
}

/// What the first of something costs, and each further one, from the first and the last point of a curve.
///
/// ```
/// use hubbub_bench::million::first_and_further;
/// assert_eq!(first_and_further(&[(1.0, 100.0), (2.0, 130.0), (8.0, 240.0)]), Some((100.0, 20.0)));
/// assert_eq!(first_and_further(&[(1.0, 100.0)]), None);
/// ```
pub fn first_and_further(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let [first, .., last] = points else { return None };
    let further = ((last.1 - first.1) / (last.0 - first.0)).max(0.0);
    Some((first.1 - further * (first.0 - 1.0), further))
}

/// What that many connections need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// Messages a second.
    pub messages: f64,
    /// Deliveries a second.
    pub deliveries: f64,
    /// Connections that come in a second.
    pub visits: f64,
    /// Cores that servers compute on, when each is as busy as it is to be.
    pub cores: f64,
    /// Pods of one core.
    pub pods: f64,
    /// Resident GiB of all connections.
    pub memory_gib: f64,
    /// Cores of Redis, likewise; a shard has one.
    pub redis_cores: f64,
    /// Shards of Redis.
    pub shards: f64,
    /// Bits a second to members.
    pub to_members: f64,
    /// Bits a second from Redis to servers.
    pub from_redis: f64,
}

impl Sum {
    /// Counts it up.
    ///
    /// ```
    /// use hubbub_bench::million::{ASSUMPTIONS, Sum, Units};
    /// let units = Units {
    ///     delivery_micros: 36.0, visit_micros: 600.0, redis_visit_micros: 300.0, connection_kib: 12.0,
    ///     delivery_bytes: 340.0, redis_message_micros: (200.0, 10.0), redis_message_bytes: (500.0, 400.0),
    /// };
    /// let sum = Sum::of(&ASSUMPTIONS, &units);
    /// // 1,000,000 / 60 messages a second, 20 deliveries each; 333,333 x 36 us are 12 s of a core, and 833 x 600 us half
    /// // a second: 12.5 / 0.6 = 20.8 cores. But 20,000 connections are all that a pod takes.
    /// assert_eq!((sum.deliveries.round(), sum.pods), (333_333.0, 50.0));
    /// assert!((20.8..20.9).contains(&sum.cores));
    /// // 16,667 x 390 us and 833 x 300 us are 6.75 s: 11.25 cores at 60 %.
    /// assert_eq!(sum.shards, 12.0);
    /// ```
    pub fn of(given: &Assumptions, units: &Units) -> Self {
        let messages = given.connections * given.messages_per_minute / 60.0;
        let deliveries = messages * given.members;
        let visits = given.connections / (given.minutes * 60.0);
        let cores = (deliveries * units.delivery_micros + visits * units.visit_micros) / 1e6 / given.busy;
        let on_all = |(first, further): (f64, f64)| first + further * (given.members - 1.0);
        let redis_cores = (messages * on_all(units.redis_message_micros) + visits * units.redis_visit_micros)
            / 1e6
            / given.busy;
        Self {
            messages,
            deliveries,
            visits,
            cores,
            pods: cores.max(given.connections / given.pod_connections).ceil(),
            memory_gib: given.connections * units.connection_kib / 1024.0 / 1024.0,
            redis_cores,
            shards: redis_cores.ceil(),
            to_members: deliveries * units.delivery_bytes * 8.0,
            from_redis: messages * on_all(units.redis_message_bytes) * 8.0,
        }
    }
}

/// A part, and with how many connections one of it is full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// What it is.
    pub part: &'static str,
    /// Connections.
    pub connections: f64,
}

/// What is full first, and then: with pods added as they are needed, one Redis, and one network card of 10 Gbit/s
/// in front.
pub fn limits(given: &Assumptions, sum: &Sum) -> Vec<Limit> {
    let until = |needed: f64, had: f64| given.connections * had / needed.max(f64::MIN_POSITIVE);
    let mut limits = vec![
        Limit { part: "a pod's core", connections: until(sum.cores, 1.0) },
        Limit { part: "a pod's places", connections: given.pod_connections },
        Limit { part: "the core of one Redis", connections: until(sum.redis_cores, 1.0) },
        Limit { part: "10 Gbit/s from one Redis", connections: until(sum.from_redis, 10e9) },
        Limit { part: "10 Gbit/s at one balancer", connections: until(sum.to_members, 10e9) },
    ];
    limits.sort_unstable_by(|one, other| one.connections.total_cmp(&other.connections));
    limits
}

/// The sum as Markdown; none when something that it needs was not measured.
pub fn markdown(report: &Report) -> Option<String> {
    let (given, units) = (&ASSUMPTIONS, Units::of(report)?);
    let sum = Sum::of(given, &units);
    let two = |what: &str, value: String, from: String| vec![what.to_owned(), value, from];
    let all = |(first, further): (f64, f64)| {
        format!("{} + {} x {}", number(first), given.members - 1.0, number(further))
    };
    let gigabits = |bits: f64| format!("{} Gbit/s", number(bits / 1e9));
    let rows = [
        two("for 1,000,000 connections", "needed".to_owned(), "from".to_owned()),
        two(
            "messages a second",
            number(sum.messages),
            format!("{} a minute and connection", given.messages_per_minute),
        ),
        two("deliveries a second", number(sum.deliveries), format!("rooms of {}", given.members)),
        two(
            "connections that come a second",
            number(sum.visits),
            format!("each lasts {} minutes", given.minutes),
        ),
        two(
            "cores of servers",
            number(sum.cores),
            format!(
                "{} us a delivery, {} us a coming, cores {} % busy",
                number(units.delivery_micros),
                number(units.visit_micros),
                given.busy * 100.0
            ),
        ),
        two(
            "pods of one core",
            sum.pods.to_string(),
            format!("at most {} connections each", given.pod_connections),
        ),
        two(
            "memory of connections",
            format!("{} GiB", number(sum.memory_gib)),
            format!("{} KiB each", number(units.connection_kib)),
        ),
        two(
            "Redis shards of one core",
            sum.shards.to_string(),
            format!(
                "{} us a message, {} us a coming, cores {} % busy: {} cores",
                all(units.redis_message_micros),
                number(units.redis_visit_micros),
                given.busy * 100.0,
                number(sum.redis_cores)
            ),
        ),
        two(
            "to members",
            gigabits(sum.to_members),
            format!("{} bytes a delivery, without TCP and TLS", number(units.delivery_bytes)),
        ),
        two(
            "from Redis",
            gigabits(sum.from_redis),
            format!("{} bytes a message", all(units.redis_message_bytes)),
        ),
    ];
    let mut text = aligned(&rows);
    text.push('\n');
    let limits = limits(given, &sum);
    let mut rows = vec![vec!["full, in this order".to_owned(), "with connections".to_owned()]];
    rows.extend(limits.iter().map(|it| vec![it.part.to_owned(), number(it.connections)]));
    text += &aligned(&rows);
    let shared = limits.iter().find(|it| !it.part.starts_with("a pod's"))?;
    let _ = write!(
        text,
        "\nPods are added as connections come, so a full pod breaks nothing. Of what all share, **{} is full first**, with \
         {} connections.\n",
        shared.part,
        number(shared.connections)
    );
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_of;

    const MEASURED: [(&str, &str, f64); 9] = [
        (REDIS, "growth.cpuScattered", 36.0),
        (REDIS, "door.cpuMicros", 600.0),
        (REDIS, "door.redisMicros", 300.0),
        (REDIS, "idle.kib", 12.0),
        (MEMORY, "hall.bytesAtMost", 340.0),
        (REDIS, "growth.redisMicrosByServers.1", 200.0),
        (REDIS, "growth.redisMicrosByServers.8", 270.0),
        (REDIS, "growth.redisBytesOutByServers.1", 500.0),
        (REDIS, "growth.redisBytesOutByServers.8", 3_300.0),
    ];

    #[test]
    fn the_sum_says_what_is_needed_and_what_all_share_that_is_full_first() {
        let text = markdown(&report_of(&MEASURED)).unwrap();
        assert!(text.contains("| pods of one core"), "{text}");
        // 1,000,000 connections need 11.25 cores of Redis: one does for 88,900.
        assert!(text.contains("**the core of one Redis is full first**, with 88.9 k connections"), "{text}");
    }

    #[test]
    fn without_a_unit_there_is_no_sum() {
        for (_, missing, _) in &MEASURED[..5] {
            let measured: Vec<_> = MEASURED.into_iter().filter(|(_, name, _)| name != missing).collect();
            assert_eq!(markdown(&report_of(&measured)), None, "{missing}");
        }
    }

    #[test]
    fn a_pod_is_full_when_its_core_is_or_its_places_are() {
        let units = Units::of(&report_of(&MEASURED)).unwrap();
        let dear = Units { delivery_micros: 360.0, ..units };
        let (cheap, dear) = (Sum::of(&ASSUMPTIONS, &units), Sum::of(&ASSUMPTIONS, &dear));
        assert!(cheap.pods > cheap.cores && dear.pods < dear.cores + 1.0, "{cheap:?} {dear:?}");
    }
}
