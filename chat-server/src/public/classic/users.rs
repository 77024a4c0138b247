//! `/user/`: a user who logs in with a key.
//!
//! The key is a password that the server made. So the user is an account like any other: it logs in on any server,
//! has devices, and may choose another password.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{
    User, UserId, UserName,
    http::{KeyLogin, NewUser, Problem, USER_PATH, UserKey},
};

use super::super::{
    accounts::{begin_session, device_name, own_accounts, password, users},
    client::{ClientAddress, ClientScheme},
    cookie::{self, NOT_KEPT},
};
use crate::{
    engine::accounts::new_secret,
    json,
    problem::{HttpError, PROBLEM_JSON},
    server::Server,
};

/// Creates a user
///
/// The key in the answer logs in.
#[utoipa::path(
    post,
    path = USER_PATH,
    tag = "classic",
    request_body = NewUser,
    responses(
        (status = 201, description = "The user's id and key.", body = UserKey),
        (status = 409, description = "`emailTaken`", body = Problem, content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn create(
    State(server): State<Arc<Server>>,
    json::Json(NewUser { email, name }): json::Json<NewUser>,
) -> Result<Response, HttpError> {
    own_accounts(&server)?;
    let email = users::email_address(&email)?;
    let name = name.map(|name| UserName::parse(&name)).transpose().map_err(HttpError::bad_name)?;
    let (id, key) = (UserId::random(), new_secret()?);
    users::new_account(&server, id, email, name, key.clone()).await?;
    Ok((StatusCode::CREATED, [NOT_KEPT], Json(UserKey { id, key })).into_response())
}

/// Logs in
#[utoipa::path(
    put,
    path = USER_PATH,
    tag = "classic",
    request_body = KeyLogin,
    responses(
        (status = 200, description = "Who one is; what logs in is in the cookie.", body = User),
        (status = 401, description = "`wrongPassword`: the address or the key is wrong.", body = Problem,
            content_type = PROBLEM_JSON),
        (status = 429, description = "`tooManyAttempts`: too many failed.", body = Problem,
            content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn log_in(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    address: ClientAddress,
    json::Json(KeyLogin { email, key }): json::Json<KeyLogin>,
) -> Result<Response, HttpError> {
    own_accounts(&server)?;
    let credentials = password::check_typed(&server, &email, key, address).await?;
    let login = begin_session(&server, &credentials, &device_name(None)?).await?;
    let cookie = (header::SET_COOKIE, cookie::set(&login.token, scheme));
    Ok(([cookie, NOT_KEPT], Json(login.who.user)).into_response())
}
