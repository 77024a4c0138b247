//! What the contracts in `engine/mod.rs` promise, over every engine; and what only an engine of several servers
//! can promise, over Redis.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../support/figure.rs"]
mod figure;
#[path = "../support/redis_cluster.rs"]
mod redis_cluster;
#[path = "../support/redis_sentinel.rs"]
mod redis_sentinel;
#[path = "../support/redis.rs"]
mod redis_server;

mod accounts;
mod aging;
mod amendments;
mod cluster_faults;
mod control;
mod late;
mod membership;
mod messages;
mod presence;
mod reading;
mod redis;
mod rooms;
mod seen;
mod sentinel_faults;
mod sessions;
mod talk;
mod world;

/// Makes of each function a test for every engine. A new engine is a line here and one in [`world::World`].
macro_rules! on_every_engine {
    ($(async fn $name:ident($world:ident: &World) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn test($world: &World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                test(&World::memory()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                test(&World::redis()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_cluster() {
                test(&World::redis_cluster().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_sentinel() {
                test(&World::redis_sentinel().await).await;
            }
        }
    )+};
}
pub(crate) use on_every_engine;
