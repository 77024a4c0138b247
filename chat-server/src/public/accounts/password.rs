//! Checks passwords: not too often, and with the same answer after the same work whether there is an account or not.

use axum::http::StatusCode;
use hubbub_protocol::{
    Email, ErrorCode, Password,
    limits::{FAILED_LOGINS_PER_ACCOUNT, FAILED_LOGINS_PER_ADDRESS, FAILED_LOGINS_WINDOW},
};

use super::super::client::ClientAddress;
use crate::{engine::accounts::Credentials, passwords::HashError, problem::HttpError, server::Server};

/// What a user logs in with, whose password this is.
///
/// Each attempt counts before it is made, so that many at once are no way around the limits; one that succeeds is
/// taken back.
///
/// # Errors
/// `tooManyAttempts`, and `wrongPassword` for a wrong one and for an address that nobody has.
pub(super) async fn check(
    server: &Server,
    email: &Email,
    password: String,
    client: ClientAddress,
) -> Result<Credentials, HttpError> {
    let account = format!("login:{}", email.key());
    let address = format!("login-from:{}", client.key());
    let (by_account, by_address) = tokio::try_join!(
        server.engine.count_attempt(&account, FAILED_LOGINS_WINDOW),
        server.engine.count_attempt(&address, FAILED_LOGINS_WINDOW),
    )?;
    for (attempts, most, whose) in [
        (by_account, FAILED_LOGINS_PER_ACCOUNT, "to this account"),
        (by_address, FAILED_LOGINS_PER_ADDRESS, "from this address"),
    ] {
        if attempts.count > most {
            let minutes = FAILED_LOGINS_WINDOW.as_secs() / 60;
            let detail = format!("{most} logins {whose} failed within {minutes} minutes; no more are taken");
            return Err(HttpError::too_many(ErrorCode::TooManyAttempts, detail, attempts.ends_in));
        }
    }
    let found = server.engine.credentials(email).await?;
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let right = server.passwords.verify(password, hash).await?;
    let Some(credentials) = found.filter(|_| right) else { return Err(wrong()) };
    tokio::try_join!(server.engine.forget_attempts(&account), server.engine.take_back_attempt(&address))?;
    Ok(credentials)
}

/// The same for an address as somebody typed it: what is none is nobody's.
///
/// # Errors
/// See [`check`].
pub(in crate::public) async fn check_typed(
    server: &Server,
    email: &str,
    password: String,
    client: ClientAddress,
) -> Result<Credentials, HttpError> {
    let email = Email::parse(email).map_err(|_| wrong())?;
    check(server, &email, password, client).await
}

/// The same for a wrong password as for an address that nobody has.
pub(super) fn wrong() -> HttpError {
    let detail = "the e-mail address or the password is wrong";
    HttpError::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongPassword, detail)
}

/// A password that somebody wants to have.
pub(super) fn parse(text: &str) -> Result<Password, HttpError> {
    Password::parse(text).map_err(|invalid| {
        HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadPassword, format!("password {invalid}"))
    })
}

impl From<HashError> for HttpError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => {
                let detail = format!("{error}; try again in a second");
                Self::too_many(ErrorCode::TooManyAttempts, detail, std::time::Duration::from_secs(1))
            }
            HashError::Failed => {
                tracing::error!(%error, "a defect");
                Self::internal()
            }
        }
    }
}
