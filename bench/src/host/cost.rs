//! What processes cost, as the kernel accounts for it in `/proc`.

use std::{fs, iter::Sum, time::Duration};

/// Of `/proc/PID/stat`: what user space is told counts in hundredths of a second on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Of `/proc/PID/statm`, on the machines that this runs on.
const PAGE_BYTES: u64 = 4096;

/// CPU time and memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// User and system time since the processes began.
    pub cpu: Duration,
    /// Resident memory (RSS), in bytes; pages that processes share count for each.
    pub rss: u64,
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self { cpu: sum.cpu + cost.cpu, rss: sum.rss + cost.rss })
    }
}

/// What a process and all that it started cost so far. Processes that are gone count for nothing.
pub fn cost(pid: u32) -> Cost {
    let cost_of = |pid| stat(pid).map(|stat| Cost { cpu: stat.cpu.max(scheduled(pid)), rss: stat.rss });
    family(pid).into_iter().filter_map(cost_of).sum()
}

/// How long the threads of a process ran, to the nanosecond: a trial of half a second would be measured to some 10 % by the
/// hundredths of `stat` alone. Threads that have ended count there only.
fn scheduled(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// A process, all that it started, and so on.
pub(super) fn family(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = processes().filter_map(|pid| Some((pid, stat(pid)?.parent))).collect();
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(member) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, parent)| *parent == member).map(|(child, _)| *child));
        next += 1;
    }
    family
}

/// CPU time of this process alone, without those it started.
pub fn own_cpu() -> Duration {
    stat(std::process::id()).map(|stat| stat.cpu).unwrap_or_default()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    cpu: Duration,
    rss: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// proc(5): the name stands in brackets and may have spaces and brackets itself; the state is field 3.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)?;
    Some(Stat {
        parent: u32::try_from(field(4)?).ok()?,
        cpu: Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND),
        rss: field(24)? * PAGE_BYTES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_process_is_called() {
        let line = "4711 (a) (b) S 17 4711 4711 0 -1 4194560 1 0 0 0 150 50 9 9 20 0 1 0 100 8192 3 18446744073709551615";
        let stat = parse(line).unwrap();
        assert_eq!(stat, Stat { parent: 17, cpu: Duration::from_secs(2), rss: 3 * 4096 });
        assert_eq!(parse("4711"), None);
    }

    #[test]
    fn the_time_of_threads_is_that_of_their_process_and_finer() {
        let own = std::process::id();
        let told = own_cpu();
        assert!(cost(own).cpu >= told);
        while own_cpu() < told + Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        // A thread of the test runner that ends takes its nanoseconds along, and is in the hundredths.
        assert!(cost(own).cpu >= told + Duration::from_millis(50));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(cost(std::process::id()).rss > 0);
    }
}
