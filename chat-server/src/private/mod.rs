//! The private port: metrics, health, and what the operator asks for. Not for the world.

mod admin;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hubbub_protocol::{
    ErrorCode,
    admin::{DRAIN_PATH, RESUME_PATH, SHED_PATH},
};

use self::admin::Admin;
pub use self::admin::AdminToken;
use crate::{problem::HttpError, server::Server};

/// Everything on the private port. Without a token the admin calls do not exist.
pub fn router(server: Arc<Server>, token: Option<AdminToken>) -> Router {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(Arc::clone(&server));
    let router = match token {
        Some(token) => router.merge(
            Router::new()
                .route(DRAIN_PATH, post(admin::drain))
                .route(RESUME_PATH, post(admin::resume))
                .route(SHED_PATH, post(admin::shed))
                .with_state(Admin { server, token: Arc::new(token) }),
        ),
        None => router,
    };
    router.fallback(async || HttpError::not_found()).method_not_allowed_fallback(async || {
        let detail = "this address does not do that; see the header allow";
        HttpError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound, detail)
    })
}

async fn metrics(State(server): State<Arc<Server>>) -> Response {
    match server.encode_metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics could not be encoded");
            HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "no metrics")
                .into_response()
        }
    }
}

async fn ready(State(server): State<Arc<Server>>) -> Response {
    match server.is_ready() {
        Ok(()) => "ready\n".into_response(),
        Err("draining") => HttpError::passing(ErrorCode::Draining, "draining").into_response(),
        Err(reason) => HttpError::passing(ErrorCode::EngineUnavailable, reason).into_response(),
    }
}
