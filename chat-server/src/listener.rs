//! Takes connections and serves HTTP on them, within bounds: a peer that opens sockets and says nothing must not
//! take the place of others.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use hubbub_protocol::limits::{CONNECTIONS_PER_ADDRESS, CONNECTIONS_WITHOUT_SESSION, HEAD_BYTES};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    places::{Place, Places},
    public::{ClientAddress, TrustedProxies},
};

/// The process has no more files: some of its sockets have to end before another one can be taken.
const NO_MORE_FILES: Duration = Duration::from_millis(100);

/// How many connections are taken. An upgraded one, a WebSocket, is not counted any more: it has a session.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Of one address, unless it is a proxy's.
    pub per_address: usize,
    /// Of all.
    pub in_all: usize,
    /// For a request's head, and for the next one on an idle connection.
    pub head: Duration,
    /// Whose connections are other people's.
    pub proxies: TrustedProxies,
}

impl Bounds {
    /// Those of the protocol.
    pub fn behind(proxies: TrustedProxies, head: Duration) -> Self {
        Self { per_address: CONNECTIONS_PER_ADDRESS, in_all: CONNECTIONS_WITHOUT_SESSION, head, proxies }
    }
}

/// What requests are answered by.
pub trait Service: Clone + Send + Sync + 'static {
    /// The answer to a request that came over a connection of `peer`.
    fn answer(&self, peer: SocketAddr, request: Request) -> impl Future<Output = Response> + Send;
}

impl Service for Router {
    async fn answer(&self, peer: SocketAddr, mut request: Request) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = self.clone().oneshot(request).await;
        response
    }
}

/// Serves until `stop`, and then until the requests that are under way are answered. Dropped, it ends at once.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    service: impl Service,
    bounds: Bounds,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Places::new(bounds.per_address, bounds.in_all);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((socket, peer)) => {
                // Who has no place is not answered: that would cost more than the peer's attempt.
                let counts = !bounds.proxies.trusts(peer.ip());
                let address = counts.then(|| ClientAddress::from(peer.ip()).key());
                let Ok(place) = places.take(address) else { continue };
                connections.spawn(connection(
                    socket,
                    peer,
                    service.clone(),
                    bounds.head,
                    stop.clone(),
                    place,
                ));
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                sleep(NO_MORE_FILES).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    service: impl Service,
    head: Duration,
    stop: CancellationToken,
    _place: Place,
) {
    let service = &service;
    let answer = |request: hyper::Request<_>| async move {
        Ok::<_, Infallible>(service.answer(peer, request.map(Body::new)).await)
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service_fn(answer))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}

/// Whether a peer went away before it was taken.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
