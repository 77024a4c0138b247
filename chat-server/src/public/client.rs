//! Where a request comes from. A proxy in front tells it in `X-Forwarded-For` and `X-Forwarded-Proto`, as could
//! anybody: it is believed only of proxies that are known.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use hubbub_protocol::ErrorCode;
use ipnet::IpNet;

use crate::problem::HttpError;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The networks of the proxies in front of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// Text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; it is written like 10.0.0.0/8 or 192.0.2.7")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// From networks, or single addresses, in CIDR notation.
    ///
    /// # Errors
    /// The first that is neither.
    pub fn parse(networks: &[String]) -> Result<Self, InvalidNetwork> {
        let parse = |text: &String| {
            let text = text.trim();
            let single = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse().or_else(|_| single()).map_err(|_| InvalidNetwork(text.to_owned()))
        };
        networks.iter().map(parse).collect::<Result<Vec<_>, _>>().map(|networks| Self(networks.into()))
    }

    /// Whether the address is one of theirs.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address of the client itself, in whatever way it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// That of the peer, unless it is a trusted proxy: then the right-most in `X-Forwarded-For` that is none.
    /// What stands left of it was written by the client.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> Self {
        let mut address = peer.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            if !proxies.trusts(address) {
                break;
            }
            let hop = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|hop| hop.ip()));
            // Who writes what is no address gets no further.
            let Ok(hop) = hop else { break };
            address = hop.to_canonical();
        }
        Self(address)
    }

    /// The address itself.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What limits count by. One customer of a provider has a whole /64 of IPv6 (RFC 6177), and could use another
    /// address for each request.
    ///
    /// ```
    /// use chat_server::public::ClientAddress;
    /// let key = |text: &str| ClientAddress::from(text.parse::<std::net::IpAddr>().unwrap()).key();
    /// assert_eq!(key("2001:db8::1"), key("2001:db8::2:3"));
    /// assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
    /// assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    /// ```
    pub fn key(self) -> IpAddr {
        match self.0 {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

/// Whether the client speaks TLS, to the proxy in front: the server itself speaks none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientScheme {
    /// No.
    Http,
    /// Yes: a cookie for this client is `Secure`.
    Https,
}

impl ClientScheme {
    /// As the proxy next to the server told it.
    fn of(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> Self {
        let told = headers.get_all(FORWARDED_PROTO).iter().next_back().and_then(|value| value.to_str().ok());
        let told = told.and_then(|value| value.rsplit(',').next()).unwrap_or_default();
        let tls = proxies.trusts(peer) && ["https", "wss"].contains(&&*told.trim().to_ascii_lowercase());
        if tls { Self::Https } else { Self::Http }
    }

    /// Whether it is TLS.
    pub fn is_tls(self) -> bool {
        self == Self::Https
    }
}

/// Finds out where the request comes from, for the extractors.
pub(super) async fn locate(
    State(proxies): State<TrustedProxies>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = ClientAddress::of(peer.ip(), request.headers(), &proxies);
    let scheme = ClientScheme::of(peer.ip(), request.headers(), &proxies);
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(scheme);
    next.run(request).await
}

fn located<T: Copy + Send + Sync + 'static>(parts: &Parts) -> Result<T, HttpError> {
    // Every request went through `locate`.
    parts.extensions.get().copied().ok_or_else(|| {
        let detail = "the server failed to see where the request comes from";
        HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, detail)
    })
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        located(parts)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientScheme {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        located(parts)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::parse(&networks.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    fn client(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        ClientAddress::of(peer.parse().unwrap(), &headers, &proxies(trusted)).ip().to_string()
    }

    #[test]
    fn what_is_forwarded_counts_only_from_a_trusted_proxy() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["203.0.113.9"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(client("10.1.2.3", &["203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.1.2.3", &["203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(client("10.1.2.3", &[], &["10.0.0.0/8"]), "10.1.2.3");
    }

    #[test]
    fn the_right_most_hop_that_is_no_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "fc00::/7", "192.0.2.7"];
        // The client wrote the first itself.
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.0.0.2"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.9", "192.0.2.7"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["10.0.0.9, 10.0.0.2"], &trusted), "10.0.0.9", "all of them are");
        assert_eq!(client("fd00::1", &["[2001:db8::5]:4711"], &trusted), "2001:db8::5");
        assert_eq!(client("10.0.0.1", &["203.0.113.9:4711"], &trusted), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.2"], &trusted), "10.0.0.2");
    }

    #[test]
    fn tls_is_what_a_trusted_proxy_says() {
        let scheme = |peer: &str, value: &'static str| {
            let headers = [(FORWARDED_PROTO.parse().unwrap(), HeaderValue::from_static(value))];
            ClientScheme::of(peer.parse().unwrap(), &headers.into_iter().collect(), &proxies(&["10.0.0.0/8"]))
        };
        assert!(scheme("10.0.0.1", "https").is_tls());
        assert!(scheme("10.0.0.1", "http, HTTPS").is_tls());
        assert!(!scheme("10.0.0.1", "http").is_tls());
        assert!(!scheme("192.0.2.1", "https").is_tls());
    }

    #[test]
    fn what_is_no_network_is_named() {
        let error = TrustedProxies::parse(&["10.0.0.0/8".to_owned(), "10.0.0.0/99".to_owned()]).unwrap_err();
        assert_eq!(error, InvalidNetwork("10.0.0.0/99".to_owned()));
    }
}
