//! This machine: processes that are started on a core of their own, what they cost, and what the machine is.

mod cost;
mod files;
mod machine;
mod process;
mod redis;
mod stop;

pub use cost::{Cost, cost, own_cpu};
pub use files::{TooFewFiles, allow_open_files};
pub use machine::Machine;
pub use process::{Process, Site, Unavailable, free_port, free_ports, local};
pub use redis::{RedisWork, redis_command};
pub use stop::stopped;
