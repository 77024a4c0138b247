//! `/api/v1/me`: what one may know and change of oneself.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{
    Email, UserName,
    http::{AccountDeletion, ME_PATH, PASSWORD_PATH, PasswordChange, Problem, Profile, ProfileChange},
};

use super::{
    super::{
        caller::Caller,
        client::{ClientAddress, ClientScheme},
        cookie,
    },
    logged_out, own_accounts, password,
    sessions::log_out,
};
use crate::{
    engine::{
        Authenticated, UserEvent,
        accounts::{LogOut, Standing},
    },
    json,
    problem::{HttpError, PROBLEM_JSON},
    rooms,
    server::Server,
};

/// Who one is
///
/// A browser's cookie lives on by this.
#[utoipa::path(get, path = ME_PATH, responses((status = 200, description = "Who one is.", body = Profile)))]
pub(crate) async fn read(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    Caller(who): Caller,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let profile = Json(profile(&server, &who).await?).into_response();
    let cookie = cookie::cookie_token(&headers)
        .filter(|_| !headers.contains_key(header::AUTHORIZATION) && who.standing != Standing::Foreign);
    Ok(match cookie {
        Some(token) => ([(header::SET_COOKIE, cookie::set(token, scheme))], profile).into_response(),
        None => profile,
    })
}

/// Changes one's name
///
/// Everywhere at once. Former names are kept.
#[utoipa::path(
    patch,
    path = ME_PATH,
    request_body = ProfileChange,
    responses((status = 200, description = "Who one is now.", body = Profile))
)]
pub(crate) async fn change(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    json::Json(ProfileChange { name }): json::Json<ProfileChange>,
) -> Result<Json<Profile>, HttpError> {
    if let Some(name) = name {
        not_foreign(&who)?;
        let name = UserName::parse(&name).map_err(HttpError::bad_name)?;
        server.engine.rename(who.user.id, &name).await?;
        server.tell(who.user.id, UserEvent::Renamed { name }).await?;
    }
    profile(&server, &who).await.map(Json)
}

/// Changes the password
///
/// All other devices are logged out.
#[utoipa::path(
    put,
    path = PASSWORD_PATH,
    request_body = PasswordChange,
    responses(
        (status = 204, description = "It is another one."),
        (status = 401, description = "`wrongPassword`", body = Problem, content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn change_password(
    State(server): State<Arc<Server>>,
    address: ClientAddress,
    Caller(who): Caller,
    json::Json(PasswordChange { old, new }): json::Json<PasswordChange>,
) -> Result<StatusCode, HttpError> {
    own_accounts(&server)?;
    let new = password::parse(&new)?;
    let email = email(&server, &who).await?.ok_or_else(password::wrong)?;
    let credentials = password::check(&server, &email, old, address).await?;
    let hash = server.passwords.hash(new.expose().to_owned()).await?;
    if !server.engine.set_password(&credentials, &hash).await? {
        return Err(password::wrong());
    }
    log_out(&server, &who, LogOut::Others(who.device)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the account
///
/// It leaves all rooms, its sessions are closed, and its e-mail address is free again; what it said stays, under its
/// name.
#[utoipa::path(
    delete,
    path = ME_PATH,
    request_body = AccountDeletion,
    responses(
        (status = 204, description = "There is no such user any more."),
        (status = 401, description = "`wrongPassword`", body = Problem, content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn delete(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    address: ClientAddress,
    Caller(who): Caller,
    json::Json(AccountDeletion { password }): json::Json<AccountDeletion>,
) -> Result<Response, HttpError> {
    not_foreign(&who)?;
    if let Some(email) = email(&server, &who).await? {
        let credentials = server.engine.credentials(&email).await?;
        // The address is somebody else's, or nobody's, when a deletion stopped in the middle.
        if credentials.is_some_and(|credentials| credentials.user == who.user.id) {
            password::check(&server, &email, password.unwrap_or_default(), address).await?;
        }
    }
    // The rooms first: whose deletion stops in the middle still has a token to ask for it again.
    rooms::leave_all(&*server.engine, &who.user).await?;
    server.engine.delete_user(who.user.id).await?;
    server.tell(who.user.id, UserEvent::Deleted).await?;
    Ok(logged_out(scheme))
}

/// Refuses what is for the login service of the caller to do.
fn not_foreign(who: &Authenticated) -> Result<(), HttpError> {
    if who.standing == Standing::Foreign { Err(HttpError::foreign_login()) } else { Ok(()) }
}

async fn profile(server: &Server, who: &Authenticated) -> Result<Profile, HttpError> {
    server.engine.profile(who.user.id).await?.ok_or_else(HttpError::no_such_user)
}

/// What the caller logs in with; a guest has nothing.
async fn email(server: &Server, who: &Authenticated) -> Result<Option<Email>, HttpError> {
    Ok(profile(server, who).await?.email.and_then(|email| Email::parse(&email).ok()))
}
