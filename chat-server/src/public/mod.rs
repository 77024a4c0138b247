//! The public port: the page, the API and the WebSocket.

mod api;
mod guests;
mod origin;
mod page;
mod upgrade;

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    routing::{any, get},
};
use hubbub_protocol::{
    ErrorCode, WEBSOCKET_PATH,
    http::{PAGE_CONFIG_PATH, PageConfig},
};
use tower_http::set_header::SetResponseHeaderLayer;

pub use self::origin::{AllowedOrigins, InvalidOrigin, Origin};
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
}

/// Everything on the public port.
pub fn router(server: Arc<Server>, options: PublicOptions) -> Router {
    let PublicOptions { web, page, origins } = options;
    let name_api = page.name_api.clone();
    let router = Router::new()
        .route(WEBSOCKET_PATH, get(upgrade::upgrade))
        .with_state((Arc::clone(&server), Arc::new(origins)))
        .merge(api::router(server))
        .route(PAGE_CONFIG_PATH, get(async move || ([(header::CACHE_CONTROL, "no-cache")], Json(page))))
        .route("/api", any(async || HttpError::not_found()))
        .route("/api/{*rest}", any(async || HttpError::not_found()));
    let router = match web {
        Some(web) => router.merge(page::router(&web, &name_api)),
        None => router.fallback(async || HttpError::not_found()),
    };
    router
        .method_not_allowed_fallback(async || {
            let detail = "this address does not do that; see the header allow";
            HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound, detail)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}
