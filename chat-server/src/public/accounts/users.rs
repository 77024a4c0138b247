//! `/api/v1/users`: registering, and who somebody is.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hubbub_protocol::{
    Email, ErrorCode, User, UserId, UserName,
    http::{Problem, RegisterRequest, SessionCreated, USERS_PATH},
    limits::NAME_CHARS,
};

use super::{
    super::{caller::Caller, client::ClientScheme},
    device_name, log_in, own_accounts, password,
};
use crate::{
    engine::{
        UserEvent,
        accounts::{Credentials, RegisterOutcome, Registration, Standing},
    },
    json,
    problem::{HttpError, PROBLEM_JSON},
    server::Server,
};

/// Registers
///
/// With the token of a guest, the guest becomes the account and keeps its id. Logs in as well.
#[utoipa::path(
    post,
    path = USERS_PATH,
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account, logged in; the token is in the cookie too.", body = SessionCreated),
        (status = 409, description = "`emailTaken`", body = Problem, content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn register(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    caller: Option<Caller>,
    json::Json(request): json::Json<RegisterRequest>,
) -> Result<Response, HttpError> {
    own_accounts(&server)?;
    let RegisterRequest { email, password, name, device } = request;
    let email = email_address(&email)?;
    let password = password::parse(&password)?;
    let device = device_name(device.as_deref())?;
    let chosen = name.map(|name| UserName::parse(&name)).transpose().map_err(HttpError::bad_name)?;
    // Who is logged in to an account makes another one.
    let guest =
        caller.map(|Caller(who)| who).filter(|who| who.standing == Standing::Guest).map(|who| who.user);

    let user = guest.as_ref().map_or_else(UserId::random, |guest| guest.id);
    let password = password.expose().to_owned();
    let credentials = new_account(&server, user, email, chosen.clone(), password).await?;
    if let (Some(guest), Some(name)) = (guest, chosen)
        && guest.name != name
    {
        server.engine.rename(user, &name).await?;
        server.tell(user, UserEvent::Renamed { name }).await?;
    }
    // What is remembered of the guest's token says that it is a guest's.
    server.tokens.forget(user);
    log_in(&server, &credentials, &device, scheme).await
}

/// Makes an account of a user that is new, or a guest, who keeps its name.
pub(in crate::public) async fn new_account(
    server: &Server,
    user: UserId,
    email: Email,
    name: Option<UserName>,
    password: String,
) -> Result<Credentials, HttpError> {
    let password_hash = server.passwords.hash(password).await?;
    let name = name.unwrap_or_else(|| name_in(&email));
    match server.engine.register(&Registration { user, name, email, password_hash }).await? {
        RegisterOutcome::Registered(credentials) => Ok(credentials),
        RegisterOutcome::EmailTaken => {
            let detail = "email: somebody has this address";
            Err(HttpError::new(StatusCode::CONFLICT, ErrorCode::EmailTaken, detail))
        }
        RegisterOutcome::NoGuest => Err(HttpError::no_such_user()),
    }
}

/// Who somebody is
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    params(("id" = UserId, Path, description = "Of the user.")),
    responses(
        (status = 200, description = "Id and name.", body = User),
        (status = 404, description = "`noSuchUser`", body = Problem, content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn look_up(
    State(server): State<Arc<Server>>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<User>, HttpError> {
    let id = id.parse().map_err(|_| HttpError::no_such_user())?;
    server.engine.user(id).await?.map(Json).ok_or_else(HttpError::no_such_user)
}

pub(in crate::public) fn email_address(text: &str) -> Result<Email, HttpError> {
    Email::parse(text).map_err(|invalid| {
        HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadEmail, format!("email {invalid}"))
    })
}

/// What stands before the `@`, as far as it is a name.
fn name_in(email: &Email) -> UserName {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let short: String = local.chars().take(NAME_CHARS).collect();
    // An address of control characters is none; so this is for what we did not think of.
    UserName::parse(&short)
        .or_else(|_| UserName::parse("Somebody"))
        .unwrap_or_else(|_| unreachable!("a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_no_name_is_called_as_the_address() {
        let email = Email::parse("ada.lovelace@example.org").unwrap();
        assert_eq!(name_in(&email).as_str(), "ada.lovelace");
        let long = Email::parse(&format!("{}@example.org", "a".repeat(64))).unwrap();
        assert_eq!(name_in(&long).as_str(), "a".repeat(NAME_CHARS));
    }
}
