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

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

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

use self::upgrade::Sockets;
pub use self::{
    client::{ClientAddress, ClientScheme, InvalidNetwork, TrustedProxies},
    cookie::cookie_token,
    origin::{AllowedOrigins, InvalidOrigin, Origin},
};
use crate::{json::BODY_BYTES, listener::Service, problem::HttpError, server::Server};

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
#[derive(Clone)]
pub struct Public {
    sockets: Arc<Sockets>,
    others: Router,
}

impl Public {
    /// What `server` has to offer.
    pub fn new(server: Arc<Server>, options: PublicOptions) -> Self {
        let sockets = Sockets {
            server: Arc::clone(&server),
            origins: options.origins.clone(),
            proxies: options.trusted_proxies.clone(),
        };
        Self { sockets: Arc::new(sockets), others: router(server, options) }
    }
}

impl Service for Public {
    /// A request that opens a WebSocket goes past the router: of a client that comes in, it and its layers would be a 25th
    /// of the cost.
    async fn answer(&self, peer: SocketAddr, request: Request) -> Response {
        if request.uri().path() != WEBSOCKET_PATH {
            return self.others.answer(peer, request).await;
        }
        let mut response = self.sockets.answer(peer.ip(), request).await;
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
        response
    }
}

const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

fn router(server: Arc<Server>, options: PublicOptions) -> Router {
    let PublicOptions { web, page, origins, trusted_proxies } = options;
    let origins = Arc::new(origins);
    let (name_api, patience) = (page.name_api.clone(), server.timing.request);
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
        .method_not_allowed_fallback(async || {
            let detail = "this address does not do that; see the header allow";
            HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound, detail)
        })
        .layer(from_fn_with_state(trusted_proxies, client::locate))
        .layer(SetResponseHeaderLayer::if_not_present(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING))
}

/// A body that comes a byte at a time must not hold a request open for ever.
async fn in_time(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    timeout(patience, next.run(request)).await.unwrap_or_else(|_| {
        let detail = format!("the request was not complete within {} s", patience.as_secs_f32());
        HttpError::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::TooSlow, detail).into_response()
    })
}
