//! Which server, at which address, and who vouches for it.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use hubbub_protocol::WEBSOCKET_PATH;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::Trust;

/// Why a text is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not `http` or `https` (or `ws` or `wss`, which mean the same here).
    #[error("has to begin with http:// or https://")]
    Scheme,
    /// No host, or something else that no URL has.
    #[error("is no URL such as http://localhost:8080")]
    Form,
    /// A path, a query or a user.
    #[error("has to end after the host and the port: the server's paths are fixed")]
    Path,
    /// Not `HOST:PORT:ADDRESS`.
    #[error("has to be HOST:PORT:ADDRESS, such as chat.local:8080:127.0.0.1")]
    Override,
}

/// The address of a chat-server: scheme, host and port.
///
/// ```
/// use chat_client::{InvalidUrl, ServerUrl};
/// assert_eq!("http://localhost:8080/".parse::<ServerUrl>().unwrap().to_string(), "http://localhost:8080");
/// assert_eq!("https://chat.example".parse::<ServerUrl>().unwrap().port(), 443);
/// assert_eq!("localhost:8080".parse::<ServerUrl>(), Err(InvalidUrl::Scheme));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    secure: bool,
    host: String,
    port: u16,
    authority: String,
}

impl ServerUrl {
    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or the scheme's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is used.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port, as they were written.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The URL of the WebSocket.
    pub(crate) fn websocket(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{WEBSOCKET_PATH}", self.authority)
    }
}

impl FromStr for ServerUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let (scheme, _) = text.split_once("://").ok_or(InvalidUrl::Scheme)?;
        let secure = match scheme {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(InvalidUrl::Scheme),
        };
        let url: Uri = text.parse().map_err(|_| InvalidUrl::Form)?;
        let authority = url.authority().ok_or(InvalidUrl::Form)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || authority.as_str().contains('@') {
            return Err(InvalidUrl::Path);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(InvalidUrl::Form);
        }
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { secure, host, port, authority: authority.as_str().to_owned() })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

/// The address to use for a host and port instead of what the name service says: curl's `--resolve`.
///
/// ```
/// use chat_client::Override;
/// assert!("chat.local:8080:127.0.0.1".parse::<Override>().is_ok());
/// assert!("chat.local:8080:[::1]".parse::<Override>().is_ok());
/// assert!("chat.local:127.0.0.1".parse::<Override>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    host: String,
    port: u16,
    address: IpAddr,
}

impl FromStr for Override {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let mut parts = text.splitn(3, ':');
        let (host, port, address) = (parts.next(), parts.next(), parts.next());
        let (Some(host), Some(port), Some(address)) = (host, port, address) else {
            return Err(InvalidUrl::Override);
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| InvalidUrl::Override)?,
            address: address.parse().map_err(|_| InvalidUrl::Override)?,
        })
    }
}

/// A server, and how its address is found.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: ServerUrl,
    /// None: by the name service, each time, since names move.
    addresses: Option<Vec<SocketAddr>>,
    trust: Trust,
}

impl Endpoint {
    /// The server at `url`; the first of `overrides` that names its host and port says the address.
    pub fn new(url: ServerUrl, overrides: &[Override]) -> Self {
        let overridden =
            overrides.iter().find(|it| it.port == url.port && it.host.eq_ignore_ascii_case(&url.host));
        let ips = if let Some(it) = overridden {
            Some(vec![it.address])
        } else if let Ok(ip) = url.host.parse() {
            Some(vec![ip])
        } else if url.host.eq_ignore_ascii_case("localhost") {
            // RFC 6761, 6.3. A container from scratch has no /etc/hosts that would say it.
            Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
        } else {
            None
        };
        let addresses = ips.map(|ips| ips.into_iter().map(|ip| SocketAddr::new(ip, url.port)).collect());
        Self { url, addresses, trust: Trust::default() }
    }

    /// The same server, whose certificate one of these authorities vouches for.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The URL it was made from.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// Whom TLS believes.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The addresses to try, in order; never none.
    pub async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        if let Some(addresses) = &self.addresses {
            return Ok(addresses.clone());
        }
        let found: Vec<_> = tokio::net::lookup_host((self.url.host.as_str(), self.url.port)).await?.collect();
        if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
    }

    /// The same server, for ever at these addresses: what was checked of them stays true.
    #[must_use]
    pub fn pinned(mut self, addresses: Vec<SocketAddr>) -> Self {
        self.addresses = Some(addresses);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str, overrides: &[&str]) -> Option<Vec<String>> {
        let overrides: Vec<_> = overrides.iter().map(|text| text.parse().unwrap()).collect();
        let endpoint = Endpoint::new(url.parse().unwrap(), &overrides);
        endpoint.addresses.map(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn localhost_needs_no_name_service() {
        let both = vec!["127.0.0.1:8080".to_owned(), "[::1]:8080".to_owned()];
        assert_eq!(addresses("http://localhost:8080", &[]), Some(both));
    }

    #[test]
    fn an_override_counts_for_its_host_and_port_only() {
        let at = Some(vec!["127.0.0.1:8080".to_owned()]);
        assert_eq!(addresses("http://chat.local:8080", &["chat.local:8080:127.0.0.1"]), at);
        assert_eq!(addresses("http://chat.local:8081", &["chat.local:8080:127.0.0.1"]), None);
        assert_eq!(addresses("http://chat.example:8080", &["chat.local:8080:127.0.0.1"]), None);
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused_with_the_reason() {
        let reason = |text: &str| text.parse::<ServerUrl>().unwrap_err();
        assert_eq!(reason("chat.example"), InvalidUrl::Scheme);
        assert_eq!(reason("ftp://chat.example"), InvalidUrl::Scheme);
        assert_eq!(reason("http://"), InvalidUrl::Form);
        assert_eq!(reason("http://a b"), InvalidUrl::Form);
        assert_eq!(reason("http://chat.example/room"), InvalidUrl::Path);
        assert_eq!(reason("http://ada@chat.example"), InvalidUrl::Path);
    }

    #[test]
    fn an_ipv6_address_keeps_its_brackets_where_they_belong() {
        let url: ServerUrl = "http://[::1]:8080".parse().unwrap();
        assert_eq!((url.host(), url.port()), ("::1", 8080));
        assert_eq!(url.websocket(), "ws://[::1]:8080/ws");
    }
}
