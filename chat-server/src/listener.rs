//! Takes connections and serves HTTP on them, within bounds: a peer that opens sockets and says nothing must not
//! take the place of others.

use std::{
    collections::{HashMap, hash_map::Entry},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hubbub_protocol::limits::{CONNECTIONS_PER_ADDRESS, CONNECTIONS_WITHOUT_SESSION, HEAD_BYTES};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::public::{ClientAddress, TrustedProxies};

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

/// Serves until `stop`, and then until the requests that are under way are answered. Dropped, it ends at once.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) -> io::Result<()> {
    let open = Arc::new(Open { bounds, counts: Mutex::default() });
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
                let Some(place) = open.place(peer.ip()) else { continue };
                let head = open.bounds.head;
                connections.spawn(connection(socket, peer, router.clone(), head, stop.clone(), place));
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
    router: Router,
    head: Duration,
    stop: CancellationToken,
    _place: Place,
) {
    // Chat is small packets that should not wait for each other.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service)
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

/// The connections that are open.
#[derive(Debug)]
struct Open {
    bounds: Bounds,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Open {
    /// A place for one more; `None` when there is none.
    fn place(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = (!self.bounds.proxies.trusts(peer)).then(|| ClientAddress::from(peer).key());
        let mut counts = self.counts();
        let theirs = address.and_then(|address| counts.by_address.get(&address)).copied().unwrap_or_default();
        if counts.in_all >= self.bounds.in_all || theirs >= self.bounds.per_address {
            return None;
        }
        counts.in_all += 1;
        if let Some(address) = address {
            *counts.by_address.entry(address).or_default() += 1;
        }
        drop(counts);
        Some(Place { open: Arc::clone(self), address })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place. Dropped, the place is free.
#[derive(Debug)]
struct Place {
    open: Arc<Open>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.open.counts();
        counts.in_all -= 1;
        if let Some(Entry::Occupied(mut theirs)) =
            self.address.map(|address| counts.by_address.entry(address))
        {
            *theirs.get_mut() -= 1;
            if *theirs.get() == 0 {
                theirs.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(per_address: usize, in_all: usize) -> Arc<Open> {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned()]).unwrap();
        let bounds = Bounds { per_address, in_all, ..Bounds::behind(proxies, Duration::ZERO) };
        Arc::new(Open { bounds, counts: Mutex::default() })
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let open = open(2, 10);
        let peer = "192.0.2.1".parse().unwrap();
        let places = (open.place(peer), open.place(peer));
        assert!(places.0.is_some() && places.1.is_some() && open.place(peer).is_none());
        assert!(open.place("192.0.2.2".parse().unwrap()).is_some(), "another address");
        drop(places);
        assert!(open.counts().by_address.is_empty(), "nothing is kept of who is gone");
        assert!(open.place(peer).is_some());
    }

    #[test]
    fn a_proxy_has_as_many_as_there_are() {
        let open = open(1, 3);
        let proxy = "10.0.0.1".parse().unwrap();
        let places: Vec<_> = (0..4).map(|_| open.place(proxy)).collect();
        assert_eq!(places.iter().flatten().count(), 3);
    }
}
