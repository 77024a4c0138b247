//! JSON bodies of requests, with errors that say what is wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::StatusCode,
};
use hubbub_protocol::ErrorCode;
use serde::de::DeserializeOwned;

use crate::problem::HttpError;

/// The longest body of a request, in bytes: what there is to say fits into far less.
pub const BODY_BYTES: usize = 16 * 1024;

/// A body that was read as JSON. Unlike axum's own it ignores the content type, and refuses with a problem
/// document that names the field.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        parse(&body).map(Self)
    }
}

fn unread(rejection: &BytesRejection) -> HttpError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the body has more than {BODY_BYTES} bytes");
        return HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::FrameTooLong, detail);
    }
    HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadJson, "the body could not be read")
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    let bad = |code, detail: String| HttpError::new(StatusCode::BAD_REQUEST, code, detail);
    let mut json = serde_json::Deserializer::from_slice(body);
    // A field that is missing is found only at the end of an object: serde calls all three "data".
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if !error.inner().is_data() {
            return bad(ErrorCode::BadJson, "the body is not JSON".to_owned());
        }
        let path = error.path().to_string();
        let reason = error.into_inner().to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let code =
            if reason.starts_with("missing field") { ErrorCode::MissingField } else { ErrorCode::BadField };
        bad(code, if path == "." { reason.to_owned() } else { format!("{path}: {reason}") })
    })?;
    json.end().map_err(|_| bad(ErrorCode::BadJson, "the body is not one JSON value".to_owned()))?;
    Ok(value)
}
