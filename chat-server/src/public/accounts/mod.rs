//! Accounts over HTTP: registering, logging in and out, and what one may know and change of oneself.

pub(super) mod me;
pub(super) mod password;
pub(super) mod sessions;
pub(super) mod users;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{DeviceName, http::SessionCreated};

use super::{client::ClientScheme, cookie};
use crate::{
    engine::{
        UserEvent,
        accounts::{Credentials, LoggedIn},
    },
    problem::HttpError,
    server::Server,
};

/// Refuses what is for another login service to do, when it is one's tokens that are taken here.
pub(super) fn own_accounts(server: &Server) -> Result<(), HttpError> {
    if server.login.has_accounts() { Ok(()) } else { Err(HttpError::foreign_login()) }
}

/// What a device is called whose client does not say.
const UNNAMED: &str = "unnamed";

/// Which device logs in.
pub(super) fn device_name(told: Option<&str>) -> Result<DeviceName, HttpError> {
    DeviceName::parse(told.unwrap_or(UNNAMED))
        .map_err(|invalid| HttpError::bad_field(format!("device {invalid}")))
}

/// Logs in whose password was checked.
pub(super) async fn begin_session(
    server: &Server,
    credentials: &Credentials,
    device: &DeviceName,
) -> Result<LoggedIn, HttpError> {
    let login = server.engine.log_in(credentials, device).await?.ok_or_else(password::wrong)?;
    if !login.pushed_out.is_empty() {
        let devices = login.pushed_out.clone();
        server.tell(login.who.user.id, UserEvent::LoggedOut { devices }).await?;
    }
    Ok(login)
}

/// Logs in, and answers with the token.
async fn log_in(
    server: &Server,
    credentials: &Credentials,
    device: &DeviceName,
    scheme: ClientScheme,
) -> Result<Response, HttpError> {
    let LoggedIn { token, who, pushed_out: _ } = begin_session(server, credentials, device).await?;
    let headers = [(header::SET_COOKIE, cookie::set(&token, scheme)), cookie::NOT_KEPT];
    let created = SessionCreated { user: who.user, token, device: who.device, expires: who.expires };
    Ok((StatusCode::CREATED, headers, Json(created)).into_response())
}

/// An answer that takes the browser's token away.
fn logged_out(scheme: ClientScheme) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::clear(scheme))]).into_response()
}
