//! The arguments that say which server.

use chat_client::{Endpoint, Override, ServerUrl};

/// Where a server is found when nobody says.
pub(crate) const DEFAULT_SERVER: &str = "http://localhost:8080";

#[derive(clap::Args)]
pub(crate) struct ServerArgs {
    /// The server.
    #[arg(long, value_name = "URL", default_value = DEFAULT_SERVER)]
    server: ServerUrl,
    #[command(flatten)]
    resolve: ResolveArgs,
}

#[derive(clap::Args)]
pub(crate) struct ResolveArgs {
    /// Uses this address for that host and port instead of asking the name service; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDRESS")]
    resolve: Vec<Override>,
}

impl ServerArgs {
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.resolve.endpoint(&self.server)
    }
}

impl ResolveArgs {
    pub(crate) fn endpoint(&self, server: &ServerUrl) -> Endpoint {
        Endpoint::new(server.clone(), &self.resolve)
    }
}
