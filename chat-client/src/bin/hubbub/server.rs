//! The arguments that say which server, and how it is reached.

use chat_client::{Endpoint, Override, ServerUrl, Trust};

/// Where a server is found when nobody says.
pub(crate) const DEFAULT_SERVER: &str = "http://localhost:8080";

#[derive(clap::Args)]
pub(crate) struct ServerArgs {
    /// The server.
    #[arg(long, value_name = "URL", default_value = DEFAULT_SERVER)]
    server: ServerUrl,
    #[command(flatten)]
    reach: ReachArgs,
}

#[derive(clap::Args)]
pub(crate) struct ReachArgs {
    /// Uses this address for that host and port instead of asking the name service; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDRESS")]
    resolve: Vec<Override>,
    /// Takes certificates of the authorities in this file (PEM) too.
    #[arg(long = "ca-file", value_name = "FILE", value_parser = trust)]
    trust: Option<Trust>,
}

impl ServerArgs {
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.reach.endpoint(&self.server)
    }
}

impl ReachArgs {
    pub(crate) fn endpoint(&self, server: &ServerUrl) -> Endpoint {
        let trust = self.trust.clone().unwrap_or_default();
        Endpoint::new(server.clone(), &self.resolve).trusting(trust)
    }
}

fn trust(path: &str) -> Result<Trust, String> {
    let pem = std::fs::read(path).map_err(|error| format!("it can't be read: {error}"))?;
    Trust::with(&pem).map_err(|invalid| format!("it {invalid}"))
}
