//! What the figures were measured on.

use std::{fs, thread};

use serde::{Deserialize, Serialize};

/// A machine, as a reader of the figures has to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Name of the processor.
    pub processor: String,
    /// Logical cores.
    pub cores: usize,
    /// Memory, in GiB.
    pub memory_gib: u64,
    /// Version of Linux.
    pub kernel: String,
    /// Name of the distribution.
    pub system: String,
    /// Processes that wanted a core when the run began, on average over a minute: what else was going on.
    pub load_before: f64,
    /// The same at its end; the run itself keeps two cores busy.
    pub load_after: f64,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let memory_kib: u64 = value(&read("/proc/meminfo"), "MemTotal", ':')
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0);
        Self {
            processor: value(&read("/proc/cpuinfo"), "model name", ':'),
            cores: thread::available_parallelism().map_or(0, usize::from).max(online()),
            memory_gib: memory_kib.div_ceil(1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: value(&read("/etc/os-release"), "PRETTY_NAME", '=').trim_matches('"').to_owned(),
            load_before: load(),
            load_after: 0.0,
        }
    }

    /// Notes what was going on at the end.
    pub fn end(&mut self) {
        self.load_after = load();
    }
}

/// Cores of the machine; this process may be bound to fewer.
fn online() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines().filter(|line| line.starts_with("processor")).count()
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// What a text of lines `name SEPARATOR value` says of a name; empty when it says nothing.
fn value(text: &str, name: &str, separator: char) -> String {
    text.lines()
        .filter_map(|line| line.split_once(separator))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name() {
        assert_eq!(value("MemFree:  1 kB\nMemTotal:  2 kB\n", "MemTotal", ':'), "2 kB");
        assert_eq!(value("", "MemTotal", ':'), "");
    }
}
