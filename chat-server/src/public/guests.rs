//! `POST /api/v1/guests`: a guest and its token.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use hubbub_protocol::{
    ErrorCode, User, UserName,
    http::{GuestCreated, GuestRequest},
};

use crate::{engine::GuestOutcome, json, problem::HttpError, server::Server};

pub(super) async fn create(
    State(server): State<Arc<Server>>,
    json::Json(GuestRequest { id, name }): json::Json<GuestRequest>,
) -> Result<impl IntoResponse, HttpError> {
    let name = UserName::parse(&name).map_err(HttpError::bad_name)?;
    let user = User { id, name };
    match server.engine.create_guest(&user).await? {
        // A token is nothing for a cache.
        GuestOutcome::Created(token) => Ok((
            StatusCode::CREATED,
            [(header::CACHE_CONTROL, "no-store")],
            Json(GuestCreated { user, token }),
        )),
        GuestOutcome::Taken => {
            Err(HttpError::new(StatusCode::CONFLICT, ErrorCode::GuestTaken, format!("id {id} is taken")))
        }
    }
}
