//! The public port: the page, the API and the WebSocket.

mod accounts;
mod api;
pub(crate) mod caller;
mod classic;
mod client;
mod cookie;
mod guests;
mod handshake;
mod origin;
mod page;
mod rooms;
mod tokens;
mod upgrade;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use hubbub_protocol::{
    ErrorCode, WEBSOCKET_PATH,
    http::{PAGE_CONFIG_PATH, PageConfig},
};
use tokio::time::timeout;
use tower_http::set_header::SetResponseHeaderLayer;

pub use self::{
    client::{ClientAddress, ClientScheme, InvalidNetwork, TrustedProxies},
    cookie::cookie_token,
    origin::{AllowedOrigins, InvalidOrigin, Origin},
};
use crate::{json::BODY_BYTES, problem::HttpError, server::Server};

/// What the public port serves beside the sessions.
#[derive(Debug, Clone)]
pub struct PublicOptions {
    /// The built page; without it there is none.
    pub web: Option<PathBuf>,
    /// What the page has to know.
    pub page: PageConfig,
    /// Whose pages may open a WebSocket.
    pub origins: AllowedOrigins,
    /// Who is believed about where a request comes from.
    pub trusted_proxies: TrustedProxies,
}

/// Everything on the public port.
pub fn router(server: Arc<Server>, options: PublicOptions) -> Router {
    let PublicOptions { web, page, origins, trusted_proxies } = options;
    let origins = Arc::new(origins);
    let (name_api, patience) = (page.name_api.clone(), server.timing.request);
    // A request that opens a WebSocket has no body to wait for: what bounds bodies is not for it. Of a client that comes in,
    // each layer is a part of the cost.
    let sockets = Router::new()
        .route(WEBSOCKET_PATH, get(upgrade::upgrade))
        .with_state((Arc::clone(&server), Arc::clone(&origins)));
    let router = api::router(server)
        .layer(from_fn_with_state(origins, caller::from_here))
        .route(PAGE_CONFIG_PATH, get(async move || ([(header::CACHE_CONTROL, "no-cache")], Json(page))))
        .route("/api", any(async || HttpError::not_found()))
        .route("/api/{*rest}", any(async || HttpError::not_found()));
    let router = match web {
        Some(web) => router.merge(page::router(&web, &name_api)),
        None => router.fallback(async || HttpError::not_found()),
    };
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(patience, in_time))
        .merge(sockets)
        .method_not_allowed_fallback(async || {
            let detail = "this address does not do that; see the header allow";
            HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound, detail)
        })
        .layer(from_fn_with_state(trusted_proxies, client::locate))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}

/// A body that comes a byte at a time must not hold a request open for ever.
async fn in_time(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    timeout(patience, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("the request was not complete within {} s", patience.as_secs_f32());
        HttpError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::TooSlow, detail).into_response()
    })
}
