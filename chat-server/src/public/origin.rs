//! Which pages may open a WebSocket. A browser sends the user's address and cookies along with any page's
//! WebSocket, and tells only in `Origin` whose page it is.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};

/// Scheme and authority of a page, such as `https://chat.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    authority: Authority,
}

/// Text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin; it is written like https://chat.example.org")]
pub struct InvalidOrigin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid());
        };
        let bare =
            matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !bare || !matches!(scheme, "http" | "https") {
            return Err(invalid());
        }
        Ok(Self { scheme: scheme.to_owned(), authority: authority.clone() })
    }
}

/// Whose pages may open a WebSocket.
#[derive(Debug, Clone)]
pub enum AllowedOrigins {
    /// Those that come from where the WebSocket goes.
    SameHost,
    /// These.
    These(Vec<Origin>),
}

impl AllowedOrigins {
    /// Whether a request may open a WebSocket. What has no `Origin` is not a browser, and could write there what
    /// it likes.
    ///
    /// # Errors
    /// The origin that may not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), String> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let told = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let Ok(origin) = told.parse::<Origin>() else { return Err(told) };
        let allowed = match self {
            Self::SameHost => {
                let host = headers.get(header::HOST).and_then(authority);
                // Neither the scheme nor its default port can be seen here, behind a proxy that ends TLS.
                host.is_some_and(|host| {
                    host.host().eq_ignore_ascii_case(origin.authority.host())
                        && (host.port_u16() == origin.authority.port_u16()
                            || is_default(host.port_u16(), &origin))
                })
            }
            Self::These(origins) => origins.contains(&origin),
        };
        if allowed { Ok(()) } else { Err(told) }
    }
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    host.to_str().ok()?.parse().ok()
}

/// Whether the one writes the default port of the origin's scheme, and the other leaves it out.
fn is_default(host: Option<u16>, origin: &Origin) -> bool {
    let default = if origin.scheme == "https" { 443 } else { 80 };
    host.unwrap_or(default) == origin.authority.port_u16().unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&'static str>, host: &'static str) -> HeaderMap {
        let origin = origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin)));
        origin.into_iter().chain([(header::HOST, HeaderValue::from_static(host))]).collect()
    }

    #[test]
    fn a_page_may_connect_to_where_it_came_from_and_nowhere_else() {
        let same = AllowedOrigins::SameHost;
        let check = |origin, host| same.check(&headers(origin, host)).is_ok();
        assert!(check(None, "chat.example.org"), "not a browser");
        assert!(check(Some("https://chat.example.org"), "chat.example.org"));
        assert!(check(Some("https://chat.example.org"), "Chat.Example.org:443"));
        assert!(check(Some("http://localhost:8080"), "localhost:8080"));
        assert!(!check(Some("http://localhost:8081"), "localhost:8080"));
        assert!(!check(Some("https://evil.example.org"), "chat.example.org"));
        assert!(!check(Some("https://chat.example.org.evil.org"), "chat.example.org"));
        assert!(!check(Some("null"), "chat.example.org"));
        assert!(!check(Some("https://a b"), "chat.example.org"));
    }

    #[test]
    fn a_list_of_origins_replaces_the_rule() {
        let these = AllowedOrigins::These(vec!["https://one.org".parse().unwrap()]);
        assert!(these.check(&headers(Some("https://one.org"), "other.org")).is_ok());
        assert_eq!(
            these.check(&headers(Some("https://other.org"), "other.org")),
            Err("https://other.org".to_owned())
        );
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["", "chat.example.org", "ftp://a.b", "https://a.b/path", "https://me@a.b"] {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin(text.to_owned())));
        }
    }
}
