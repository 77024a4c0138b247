//! Who makes a request: by `Authorization: Bearer TOKEN`, or by the cookie.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use hubbub_protocol::ErrorCode;

use super::{AllowedOrigins, cookie::cookie_token};
use crate::{engine::Authenticated, problem::HttpError, server::Server};

/// Who makes the request. A request without a token, or with one that is nobody's, is refused with `notLoggedIn`;
/// where it is optional, it is as good as nobody's.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Authenticated);

impl FromRequestParts<Arc<Server>> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, HttpError> {
        let caller = <Self as OptionalFromRequestParts<_>>::from_request_parts(parts, server).await?;
        caller.ok_or_else(|| {
            let detail = "this needs the token of somebody who is logged in";
            HttpError::new(StatusCode::UNAUTHORIZED, ErrorCode::NotLoggedIn, detail)
        })
    }
}

impl OptionalFromRequestParts<Arc<Server>> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Option<Self>, HttpError> {
        let Some(token) = token(&parts.headers) else { return Ok(None) };
        Ok(server.tokens.authenticate(token).await?.map(Self))
    }
}

/// A token that is said beats the one that a browser sends by itself.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = said.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    bearer.or_else(|| cookie_token(headers))
}

/// Refuses what another site's page would have changed by means of its visitor's cookie.
pub(super) async fn from_here(
    State(origins): State<Arc<AllowedOrigins>>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if changes {
        origins.check(request.headers()).map_err(HttpError::bad_origin)?;
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_that_is_said_beats_the_cookie() {
        let cookie = (header::COOKIE, HeaderValue::from_static("hubbub=c"));
        let bearer = (header::AUTHORIZATION, HeaderValue::from_static("bearer b"));
        let basic = (header::AUTHORIZATION, HeaderValue::from_static("Basic b"));
        let of = |headers: &[_]| token(&headers.iter().cloned().collect()).map(str::to_owned);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[cookie.clone(), bearer]).as_deref(), Some("b"));
        assert_eq!(of(&[cookie, basic]).as_deref(), Some("c"));
    }
}
