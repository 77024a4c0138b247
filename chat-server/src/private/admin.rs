//! What the operator may have a server do, with the token that both mount from one Secret.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
};
use hubbub_protocol::{
    ErrorCode,
    admin::{AdminState, DrainRequest, ShedRequest},
};
use subtle::ConstantTimeEq;

use crate::{json, problem::HttpError, server::Server};

/// The bearer token of the admin calls.
#[derive(Clone)]
pub struct AdminToken(String);

/// A token that anybody could guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has {0} characters; a token has at least {MIN_TOKEN}")]
pub struct ShortToken(usize);

/// 16 characters of base64 are 96 bits.
const MIN_TOKEN: usize = 16;

impl AdminToken {
    /// The token as it is in its file, white space around it taken off.
    ///
    /// # Errors
    /// When it is too short to be a secret.
    pub fn parse(text: &str) -> Result<Self, ShortToken> {
        let token = text.trim();
        if token.len() < MIN_TOKEN { Err(ShortToken(token.len())) } else { Ok(Self(token.to_owned())) }
    }

    /// Compares in a time that does not tell how much is right.
    fn matches(&self, told: &str) -> bool {
        self.0.as_bytes().ct_eq(told.as_bytes()).into()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(..)")
    }
}

#[derive(Clone)]
pub(super) struct Admin {
    pub(super) server: Arc<Server>,
    pub(super) token: Arc<AdminToken>,
}

/// Proof that the caller has the token.
pub(super) struct Allowed;

impl FromRequestParts<Admin> for Allowed {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, HttpError> {
        let told = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match told.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) if admin.token.matches(token) => Ok(Self),
            _ => {
                let detail = "the admin calls need the bearer token";
                Err(HttpError::new(StatusCode::UNAUTHORIZED, ErrorCode::BadToken, detail))
            }
        }
    }
}

pub(super) async fn drain(
    _: Allowed,
    State(Admin { server, .. }): State<Admin>,
    json::Json(DrainRequest { over_seconds }): json::Json<DrainRequest>,
) -> axum::Json<AdminState> {
    server.drain.begin(Duration::from_secs(over_seconds.into()));
    state(&server)
}

pub(super) async fn resume(_: Allowed, State(Admin { server, .. }): State<Admin>) -> axum::Json<AdminState> {
    server.drain.end();
    state(&server)
}

pub(super) async fn shed(
    _: Allowed,
    State(Admin { server, .. }): State<Admin>,
    json::Json(ShedRequest { sessions, over_seconds }): json::Json<ShedRequest>,
) -> axum::Json<AdminState> {
    let sessions = usize::try_from(sessions).unwrap_or(usize::MAX);
    server.drain.shed(sessions, Duration::from_secs(over_seconds.into()));
    state(&server)
}

fn state(server: &Server) -> axum::Json<AdminState> {
    axum::Json(AdminState {
        draining: server.drain.is_under_way(),
        connections: server.sessions.greeted() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_matches() {
        let token = AdminToken::parse("  0123456789abcdef\n").unwrap();
        assert!(token.matches("0123456789abcdef"));
        assert!(!token.matches("0123456789abcdeF"));
        assert!(!token.matches(""));
        assert_eq!(AdminToken::parse(" short ").map(|_| ()), Err(ShortToken(5)));
    }
}
