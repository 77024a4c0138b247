//! Which Redis server is asked for which key.

use std::sync::Arc;

use super::connection::Connection;
use super::options::RedisUrl;

/// How many messages wait between fred and the engine at most before some are lost and the hub is told so: a third
/// of a second at 25,000 messages a second.
const SUBSCRIPTION_QUEUE: usize = 8_192;

/// fred needs a queue where nothing is subscribed, too.
const NO_QUEUE: usize = 16;

/// A server that takes writes, with one connection for commands and one for subscriptions: a burst of messages
/// delays no command, and a slow script no message.
pub(super) struct Master {
    /// For commands.
    pub(super) commands: Connection,
    /// For sharded subscriptions.
    pub(super) subscriptions: Connection,
}

/// The masters there are. All that names a key asks here which of them has it; a Redis that stands alone has all.
pub(super) struct Topology {
    master: Arc<Master>,
}

impl Topology {
    /// A Redis that stands alone.
    pub(super) fn standalone(url: &RedisUrl) -> Self {
        let commands = Connection::new(url.config(), NO_QUEUE);
        let subscriptions = Connection::new(url.config(), SUBSCRIPTION_QUEUE);
        Self { master: Arc::new(Master { commands, subscriptions }) }
    }

    /// The master that has a key or channel.
    pub(super) fn of(&self, _key: &str) -> &Master {
        &self.master
    }

    /// All masters.
    pub(super) fn masters(&self) -> impl Iterator<Item = &Arc<Master>> {
        std::iter::once(&self.master)
    }
}
