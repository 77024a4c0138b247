//! This machine: processes that are started on a core of their own, what they cost, and what the machine is.

mod cost;
mod machine;
mod process;
mod redis;

pub use cost::{Cost, cost, own_cpu};
pub use machine::Machine;
pub use process::{Process, Site, Unavailable, free_port, local};
pub use redis::{RedisWork, redis_command};
