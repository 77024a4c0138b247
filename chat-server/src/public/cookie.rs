//! The cookie that holds the token of a browser: no script can read it, and no other site's form sends it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use hubbub_protocol::http::COOKIE;

use super::client::ClientScheme;
use crate::engine::accounts::TOKEN_LIFETIME;

/// For answers with a token, or with what gives one: they are nothing for a cache.
pub(super) const NOT_KEPT: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The token in the cookie of a request.
///
/// ```
/// use axum::http::{HeaderMap, HeaderValue, header};
/// use chat_server::public::cookie_token;
/// let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b; hubbub=secret; c=d"))]);
/// assert_eq!(cookie_token(&headers), Some("secret"));
/// ```
pub fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE && !value.is_empty()).then_some(value))
}

/// The header that gives a browser its token, for as long as the token lives.
pub(super) fn set(token: &str, scheme: ClientScheme) -> HeaderValue {
    header_value(token, TOKEN_LIFETIME.as_secs(), scheme)
}

/// The header that takes it away.
pub(super) fn clear(scheme: ClientScheme) -> HeaderValue {
    header_value("", 0, scheme)
}

fn header_value(token: &str, seconds: u64, scheme: ClientScheme) -> HeaderValue {
    let secure = if scheme.is_tls() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    // A token is of letters and digits, or of a JWT's alphabet.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_site_and_not_for_scripts_and_secure_behind_tls() {
        let plain = "hubbub=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000";
        assert_eq!(set("t", ClientScheme::Http), plain);
        assert_eq!(set("t", ClientScheme::Https), format!("{plain}; Secure"));
        assert_eq!(clear(ClientScheme::Http), "hubbub=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    }
}
