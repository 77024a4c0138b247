//! Errors of the HTTP API: RFC 9457 problem documents.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{ErrorCode, InvalidText, http::Problem};

use crate::{
    engine::{EngineError, RoomRefusal},
    limits::TooFast,
    session::encode::refusal_code,
    tokens::TokenError,
};

/// The content type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error that an HTTP request is answered with.
#[derive(Debug, Clone)]
pub struct HttpError {
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    /// When the same request may succeed.
    retry_after: Option<Duration>,
}

impl HttpError {
    /// An error in words.
    pub fn new(status: StatusCode, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None }
    }

    /// One that passes: the same request may succeed in a second.
    pub fn passing(code: ErrorCode, detail: impl Into<String>) -> Self {
        let later = Some(Duration::from_secs(1));
        Self { retry_after: later, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// One that passes: the same request may succeed when so much time is over.
    pub fn passing_within(later: Duration, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { retry_after: Some(later), ..Self::passing(code, detail) }
    }

    /// It was asked for too often: the same request may succeed in a second.
    pub fn too_fast(detail: impl Into<String>) -> Self {
        Self::too_many(ErrorCode::TooFast, detail, Duration::from_secs(1))
    }

    /// There was too much of it, until so much later.
    pub fn too_many(code: ErrorCode, detail: impl Into<String>, later: Duration) -> Self {
        Self { retry_after: Some(later), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail) }
    }

    /// A field that can't be read, or is out of its range.
    pub fn bad_field(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadField, detail)
    }

    /// A page of another site.
    pub fn bad_origin(origin: impl std::fmt::Display) -> Self {
        let detail = format!("pages of {origin} may not connect to this server");
        Self::new(StatusCode::FORBIDDEN, ErrorCode::BadOrigin, detail)
    }

    /// A defect of ours. The caller wrote into the log what it was.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Internal,
            "the server failed; its log says more",
        )
    }

    /// Nobody has that id.
    pub fn no_such_user() -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NoSuchUser, "there is no such user")
    }

    /// Nothing is at the address.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, "there is nothing at this address")
    }

    /// It is for another login service to do.
    pub fn foreign_login() -> Self {
        let detail = "users and their names are those of another login service";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::ForeignLogin, detail)
    }

    /// The text of a message that is refused.
    pub fn bad_text(invalid: InvalidText) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::of_text(invalid), format!("text {invalid}"))
    }

    /// A name that is refused.
    pub fn bad_name(invalid: InvalidText) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::of_name(invalid), format!("name {invalid}"))
    }
}

impl From<TokenError> for HttpError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Engine(error) => error.into(),
            TokenError::Keys(error) => {
                Self::passing(ErrorCode::LoginUnavailable, format!("{error}; try again"))
            }
        }
    }
}

impl From<TooFast> for HttpError {
    fn from(too_fast: TooFast) -> Self {
        let later = too_fast.retry_after.max(Duration::from_secs(1));
        Self::too_many(ErrorCode::TooFast, too_fast.to_string(), later)
    }
}

impl From<EngineError> for HttpError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable(_) => {
                Self::passing(ErrorCode::EngineUnavailable, "the engine did not answer in time; try again")
            }
            EngineError::Refused(refusal) => {
                let status = match refusal {
                    RoomRefusal::NoSuchRoom | RoomRefusal::NoSuchMember => StatusCode::NOT_FOUND,
                    RoomRefusal::NotAllowed => StatusCode::FORBIDDEN,
                    RoomRefusal::Taken | RoomRefusal::TooMany => StatusCode::CONFLICT,
                };
                Self::new(status, refusal_code(refusal), refusal.to_string())
            }
            EngineError::Corrupt(_) => {
                tracing::error!(%error, "the engine's data make no sense");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let Self { status, code, detail, retry_after } = self;
        let problem = Problem {
            kind: format!("/problems/{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: Some(detail),
        };
        // Strings and a number can't fail.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(later) = retry_after {
            // In whole seconds (RFC 9110, 10.2.3), and never too early.
            let seconds = later.as_secs() + u64::from(later.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
