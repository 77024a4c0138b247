//! The built page, from a folder.

use std::{path::Path, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Uri, header},
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
    [
        (header::CONTENT_SECURITY_POLICY, policy(name_api)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ]
    .into_iter()
    .fold(router, |router, (name, value)| router.layer(SetResponseHeaderLayer::overriding(name, value)))
}

async fn hashed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_client_error() {
        return HttpError::not_found().into_response();
    }
    let value = format!("public, max-age={}, immutable", YEAR.as_secs());
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}

/// What the page may do: run what came with it, and talk to its server and to the API that names guests.
fn policy(name_api: &str) -> HeaderValue {
    let name_api: Uri = name_api.parse().unwrap_or_default();
    let name_api = match (name_api.scheme(), name_api.authority()) {
        (Some(scheme), Some(authority)) => format!(" {scheme}://{authority}"),
        _ => String::new(),
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         manifest-src 'self'; connect-src 'self' ws: wss:{name_api}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // Everything in it is ASCII: a Uri is.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_ask_the_origin_of_the_name_api_and_no_other() {
        let policy = policy("https://randomuser.me/api/?x=1");
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("connect-src 'self' ws: wss: https://randomuser.me; "), "{policy}");
    }
}
