//! The running server: listeners, engine, and the way to a good end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hubbub_protocol::{CloseCode, ServerId};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, EngineChoice},
    engine::{
        Engine, EngineEvent,
        memory::{MemoryEngine, MemoryOptions},
        redis::{RedisEngine, RedisOptions},
    },
    listener::{self, Bounds},
    login::Login,
    private,
    public::{Public, PublicOptions, TrustedProxies},
    server::{Options, Server},
    session::outbox::Closing,
};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or not of this machine.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A defect.
    #[error("the metrics can't be made: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A defect.
    #[error("there is no TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Page, API and WebSocket.
    pub public: SocketAddr,
    /// Metrics, health and admin calls.
    pub private: SocketAddr,
}

/// A server that listens, and is not served yet.
pub struct Application {
    public: (TcpListener, Public, Bounds),
    private: (TcpListener, Router, Bounds),
    ports: Ports,
    server: Arc<Server>,
    /// The time to hand the sessions over to other servers in; `None` when there is no other.
    hand_over: Option<Duration>,
}

impl Application {
    /// Listens on both addresses and starts the engine.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let id = ServerId(format!("{}-{:06x}", config.server_name, fastrand::u32(..1 << 24)).into());
        match &config.engine {
            EngineChoice::Memory => {
                let (engine, events) = MemoryEngine::start(MemoryOptions { history: config.history });
                Self::on(config, id, engine, events).await
            }
            EngineChoice::Redis { url, ack_replicas } => {
                let options = RedisOptions {
                    ack_replicas: *ack_replicas,
                    ..RedisOptions::new(url.clone(), config.history, id.to_string())
                };
                let (engine, events) = RedisEngine::start(options);
                Self::on(config, id, engine, events).await
            }
        }
    }

    /// Listens on both addresses, on an engine that was started.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn on(
        config: Config,
        id: ServerId,
        engine: Arc<dyn Engine>,
        events: mpsc::Receiver<EngineEvent>,
    ) -> Result<Self, StartError> {
        let Config {
            listen,
            private_listen,
            engine: choice,
            web,
            page,
            admin_token,
            login,
            max_connections,
            history: _,
            origins,
            trusted_proxies,
            drain,
            queue_bytes,
            rates,
            server_name: _,
            log: _,
            timing,
        } = config;
        let (public, public_address) = bind(listen).await?;
        let (private, private_address) = bind(private_listen).await?;
        let login = Login::start(login, timing.keys_pause)?;
        let server = Server::start(
            Options { id, max_connections, queue_bytes, rates, timing },
            login,
            engine,
            events,
        )?;
        let (proxies, nobody) = (trusted_proxies.clone(), TrustedProxies::default());
        let bounds = (Bounds::behind(proxies, timing.head), Bounds::behind(nobody, timing.head));
        let options = PublicOptions { web, page, origins, trusted_proxies };
        let public_service = Public::new(Arc::clone(&server), options);
        let private_router = private::router(Arc::clone(&server), admin_token);
        Ok(Self {
            public: (public, public_service, bounds.0),
            private: (private, private_router, bounds.1),
            ports: Ports { public: public_address, private: private_address },
            server,
            hand_over: match choice {
                EngineChoice::Memory => None,
                EngineChoice::Redis { .. } => Some(drain),
            },
        })
    }

    /// Where it listens, with the real ports.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Serves until `stop`, then sends the sessions away and ends: at once when no other server could take them,
    /// else when they are gone, or when the time for it is over.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self, stop: CancellationToken) -> Result<(), io::Error> {
        let Self { public, private, ports: _, server, hand_over } = self;
        let end = CancellationToken::new();
        let mut listeners = JoinSet::new();
        let (listener, service, bounds) = public;
        listeners.spawn(listener::serve(listener, service, bounds, end.clone()));
        let (listener, router, bounds) = private;
        listeners.spawn(listener::serve(listener, router, bounds, end.clone()));
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = listeners.join_next() => {
                let ended = ended.map_err(io::Error::other).flatten();
                server.sessions.close_all(Closing::Code(CloseCode::ServerGoing));
                return ended;
            }
        }
        // From here on nobody is let in, whatever an admin call says.
        server.drain.make_last();
        match hand_over {
            Some(over) => server.drain.begin(over),
            None => server.drain.close_all(),
        }
        let over = hand_over.unwrap_or_default();
        // The deadline closes who is left; closing takes its time too.
        let _ = timeout(over + server.timing.close * 2, server.sessions.emptied()).await;
        server.close().await;
        end.cancel();
        // Idle keep-alive connections must not hold the end up.
        let _ = timeout(server.timing.close, async { while listeners.join_next().await.is_some() {} }).await;
        Ok(())
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let fail = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    // Chat is small packets that should not wait for each other. Connections have it from their listener.
    if let Err(error) = rustix::net::sockopt::set_tcp_nodelay(&listener, true) {
        tracing::warn!(%error, "no TCP_NODELAY");
    }
    let address = listener.local_addr().map_err(fail)?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn small_packets_of_a_connection_do_not_wait_for_each_other() {
        let (listener, address) = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let (_client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        assert!(accepted.unwrap().0.nodelay().unwrap());
    }
}
