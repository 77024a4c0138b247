//! `POST /api/v1/guests`: a guest and its token.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use hubbub_protocol::{
    ErrorCode, User, UserName,
    http::{GUESTS_PATH, GuestCreated, GuestRequest, Problem},
    limits::Limited,
};

use crate::{
    engine::{GuestOutcome, accounts::LoggedIn},
    json,
    problem::{HttpError, PROBLEM_JSON},
    public::{ClientAddress, cookie::NOT_KEPT},
    server::Server,
};

/// Makes a guest
///
/// Under a GUID that the client made. The token in the answer proves to be that guest.
#[utoipa::path(
    post,
    path = GUESTS_PATH,
    request_body = GuestRequest,
    responses(
        (status = 201, description = "The guest and its token.", body = GuestCreated),
        (status = 403, description = "`foreignLogin`: this server takes no guests.", body = Problem,
            content_type = PROBLEM_JSON),
        (status = 409, description = "`guestTaken`: the GUID is taken.", body = Problem,
            content_type = PROBLEM_JSON),
    )
)]
pub(super) async fn create(
    State(server): State<Arc<Server>>,
    address: ClientAddress,
    json::Json(GuestRequest { id, name }): json::Json<GuestRequest>,
) -> Result<impl IntoResponse, HttpError> {
    if !server.login.takes_guests() {
        return Err(HttpError::foreign_login());
    }
    server.limits.check(Limited::Guests, address)?;
    let name = UserName::parse(&name).map_err(HttpError::bad_name)?;
    let user = User { id, name };
    match server.engine.create_guest(&user).await? {
        GuestOutcome::Created(LoggedIn { token, .. }) => {
            Ok((StatusCode::CREATED, [NOT_KEPT], Json(GuestCreated { user, token })))
        }
        GuestOutcome::Taken => {
            Err(HttpError::new(StatusCode::CONFLICT, ErrorCode::GuestTaken, format!("id {id} is taken")))
        }
    }
}
