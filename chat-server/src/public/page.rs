//! The built page, from a folder.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header, uri::Authority},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use tower_http::{
    compression::CompressionLayer,
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::problem::HttpError;

/// Vite puts files here whose names have a hash of their content: they never change.
const HASHED: &str = "/assets";
const YEAR: Duration = Duration::from_hours(365 * 24);

/// Serves the files below `web`; every other address is the page, which looks at it by itself.
pub(super) fn router(web: &Path, name_api: &str) -> Router {
    let index = web.join("index.html");
    let pages = ServeDir::new(web).fallback(ServeFile::new(index));
    // An asset that is missing is missing: a page in its place would be run as a script.
    let assets = Router::new()
        .fallback_service(ServeDir::new(web.join(HASHED.trim_start_matches('/'))))
        .layer(from_fn(hashed));
    let router = Router::new()
        .nest(HASHED, assets)
        .fallback_service(pages)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
        .layer(CompressionLayer::new());
    let name_api: Arc<str> = origin(name_api).into();
    let router = router.layer(from_fn(move |request, next| secured(Arc::clone(&name_api), request, next)));
    [
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ]
    .into_iter()
    .fold(router, |router, (name, value)| router.layer(SetResponseHeaderLayer::overriding(name, value)))
}

async fn hashed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() {
        return HttpError::not_found().into_response();
    }
    // What went wrong is not to be kept in place of the file.
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        let value = format!("public, max-age={}, immutable", YEAR.as_secs());
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(header::CACHE_CONTROL, value);
        }
    }
    response
}

async fn secured(name_api: Arc<str>, request: Request, next: Next) -> Response {
    // HTTP/2 tells the host in the address.
    let host = request.uri().authority().map(Authority::as_str).map(str::to_owned);
    let host = host.or_else(|| request.headers().get(header::HOST)?.to_str().ok().map(str::to_owned));
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(host.as_deref(), &name_api));
    response
}

/// Scheme and authority of an address as a policy takes them; empty for one that has none.
fn origin(address: &str) -> String {
    let address: Uri = address.parse().unwrap_or_default();
    match (address.scheme(), address.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{authority}"),
        _ => String::new(),
    }
}

/// What the page may do: run what came with it, and talk to its server and to the API that names guests.
///
/// Older browsers do not take 'self' for the WebSocket of the same host, so it is written out. The host is what
/// the peer told: one that is more than host and port could add words to the policy, and is left out.
fn policy(host: Option<&str>, name_api: &str) -> HeaderValue {
    let plain = |host: &&str| {
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)) && !host.is_empty()
    };
    let sockets = host.filter(plain).map(|host| format!("ws://{host} wss://{host}"));
    let mut connect = vec!["'self'"];
    connect.extend(
        [sockets.as_deref().unwrap_or_default(), name_api].iter().filter(|source| !source.is_empty()),
    );
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         manifest-src 'self'; connect-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        connect.join(" ")
    );
    // Everything in it is ASCII: a Uri is, and so is a plain host.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(host: Option<&str>) -> String {
        let policy = policy(host, &origin("https://randomuser.me/api/?x=1"));
        let policy = policy.to_str().unwrap();
        let (_, connect) = policy.split_once("connect-src ").unwrap();
        connect.split_once(';').unwrap().0.to_owned()
    }

    #[test]
    fn the_page_may_ask_its_own_host_and_the_name_api_and_no_other() {
        let expected = "'self' ws://chat.test:81 wss://chat.test:81 https://randomuser.me";
        assert_eq!(connect(Some("chat.test:81")), expected);
        assert_eq!(connect(Some("[::1]:81")), "'self' ws://[::1]:81 wss://[::1]:81 https://randomuser.me");
    }

    #[test]
    fn a_host_that_is_no_host_adds_nothing_to_the_policy() {
        for host in
            [None, Some(""), Some("a b"), Some("a; script-src *"), Some("a,b"), Some("me@a"), Some("*")]
        {
            assert_eq!(connect(host), "'self' https://randomuser.me", "{host:?}");
        }
    }
}
