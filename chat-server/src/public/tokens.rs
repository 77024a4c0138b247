//! `/api/v1/tokens`: this login for other services.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use hubbub_protocol::{
    ErrorCode, Timestamp,
    http::{JWKS_PATH, Problem, TOKENS_PATH, TokenIssued, TokenRequest},
    limits::AUDIENCE_CHARS,
};

use super::{caller::Caller, cookie::NOT_KEPT};
use crate::{
    json,
    jwt::signer::Signer,
    problem::{HttpError, PROBLEM_JSON},
    server::Server,
};

/// For how long the keys may be kept, in seconds: a new key is published so long before it signs.
const KEYS_KEPT: &str = "public, max-age=300";

/// Asks for a signed token
///
/// It says to another service who one is. Short-lived, since nobody can take it back.
#[utoipa::path(
    post,
    path = TOKENS_PATH,
    request_body = TokenRequest,
    responses(
        (status = 201, description = "A JWT with `iss`, `aud`, `sub`, `name`, `iat` and `exp`.", body = TokenIssued),
        (status = 404, description = "`notFound`: this server signs no tokens.", body = Problem,
            content_type = PROBLEM_JSON),
    )
)]
pub(super) async fn issue(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    json::Json(TokenRequest { audience }): json::Json<TokenRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let signer = signer(&server)?;
    let chars = audience.chars().count();
    if !(1..=AUDIENCE_CHARS).contains(&chars) {
        let detail = format!("audience has {chars} characters; 1 to {AUDIENCE_CHARS} are allowed");
        return Err(HttpError::bad_field(detail));
    }
    let now = Timestamp::from(std::time::SystemTime::now());
    let (token, expires) = signer.sign(&who.user, &audience, now).map_err(|error| {
        tracing::error!(%error, "a token can't be signed");
        HttpError::internal()
    })?;
    Ok((StatusCode::CREATED, [NOT_KEPT], Json(TokenIssued { token, expires })))
}

/// The keys that tokens are signed with
///
/// The public ones, as a JWK Set (RFC 7517).
#[utoipa::path(
    get,
    path = JWKS_PATH,
    responses(
        (status = 200, description = "The keys.", content_type = "application/json"),
        (status = 404, description = "`notFound`: this server signs no tokens.", body = Problem,
            content_type = PROBLEM_JSON),
    )
)]
pub(super) async fn keys(State(server): State<Arc<Server>>) -> Result<impl IntoResponse, HttpError> {
    let keys = signer(&server)?.published().clone();
    Ok(([(header::CACHE_CONTROL, KEYS_KEPT)], Json(keys)))
}

fn signer(server: &Server) -> Result<&Signer, HttpError> {
    server.login.signer().ok_or_else(|| {
        HttpError::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, "this server signs no tokens")
    })
}
