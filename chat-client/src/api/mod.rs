//! The calls of the HTTP API under `/api/v1`, typed. docs/protocol.md says what each does.

mod accounts;
mod rooms;

use std::{sync::Arc, time::Duration};

use http_body_util::Full;
use hubbub_protocol::http::Problem;
use hyper::{Method, Request, body::Bytes, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

pub use self::rooms::Page;
use crate::{
    Endpoint,
    http::{self, Answer},
    transport::retry_after,
};

/// What stands for itself in a part of a path (RFC 3986, 2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The server refused it.
    #[error("{detail} ({code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code, as in docs/protocol.md; `http` and the status when the answer has none.
        code: String,
        /// What is wrong, for people.
        detail: String,
        /// In how long the same call may succeed.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    #[error("can't reach {url}: {why}")]
    Unreachable {
        /// The server.
        url: String,
        /// Why not, in words.
        why: String,
    },
    /// The answer is not what docs/protocol.md says: a newer server, or none of ours.
    #[error("the answer of {path} is not understood: {why}")]
    NotUnderstood {
        /// What was asked.
        path: String,
        /// What is wrong with the answer.
        why: String,
    },
}

/// The HTTP API of a server, as one user or as nobody. Every call is one request on a connection of its own.
#[derive(Debug, Clone)]
pub struct Api {
    endpoint: Arc<Endpoint>,
    token: Option<String>,
}

impl Api {
    /// As nobody: for logging in.
    pub fn new(endpoint: impl Into<Arc<Endpoint>>) -> Self {
        Self { endpoint: endpoint.into(), token: None }
    }

    /// The same, as the user whose token it is.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { endpoint: Arc::clone(&self.endpoint), token: Some(token) }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.ask(Method::DELETE, path, Bytes::new()).await
    }

    /// A call with a JSON body.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let body = serde_json::to_vec(body).expect("a body has string keys and no foreign Serialize");
        self.ask(method, path, body.into()).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, ApiError> {
        let unreachable = |why: String| ApiError::Unreachable { url: self.endpoint.url().to_string(), why };
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(body)).map_err(|error| unreachable(error.to_string()))?;
        let answer = http::send(&self.endpoint, request).await.map_err(unreachable)?;
        read(path, &answer)
    }
}

/// What an answer says. One without a body, such as 204, is `()`.
fn read<T: DeserializeOwned>(path: &str, answer: &Answer) -> Result<T, ApiError> {
    if answer.status.is_success() {
        let body: &[u8] = if answer.body.is_empty() { b"null" } else { &answer.body };
        return serde_json::from_slice(body)
            .map_err(|error| ApiError::NotUnderstood { path: path.to_owned(), why: error.to_string() });
    }
    let status = answer.status.as_u16();
    let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
    let code = problem.as_ref().and_then(|problem| problem.kind.strip_prefix("/problems/"));
    let code = code.map_or_else(|| format!("http{status}"), str::to_owned);
    let detail = problem.map(|problem| problem.detail.unwrap_or(problem.title));
    let detail = detail.unwrap_or_else(|| format!("the server answered with HTTP status {status}"));
    Err(ApiError::Refused { status, code, detail, retry_after: retry_after(&answer.headers) })
}

/// A name as a part of a path.
fn part(name: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(name, PLAIN)
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "3".parse().unwrap());
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_owned().into() }
    }

    #[test]
    fn a_problem_is_told_with_its_code_and_its_words() {
        let problem =
            r#"{"type":"/problems/wrongPassword","title":"Unauthorized","status":401,"detail":"no"}"#;
        let error = read::<()>("/", &answer(401, problem)).unwrap_err();
        assert_eq!(error.to_string(), "no (wrongPassword)");
        let retry_after = Some(Duration::from_secs(3));
        assert!(matches!(error, ApiError::Refused { retry_after: found, .. } if found == retry_after));
    }

    #[test]
    fn what_a_proxy_answers_is_told_by_its_status() {
        let error = read::<()>("/", &answer(502, "<html>")).unwrap_err();
        assert_eq!(error.to_string(), "the server answered with HTTP status 502 (http502)");
    }

    #[test]
    fn an_answer_without_a_body_is_nothing_and_a_strange_one_is_told() {
        assert_eq!(read::<()>("/", &answer(204, "")), Ok(()));
        let error = read::<Vec<u8>>("/api/x", &answer(200, "{}")).unwrap_err();
        assert!(error.to_string().starts_with("the answer of /api/x is not understood: "), "{error}");
    }

    #[test]
    fn a_room_of_any_script_fits_into_a_path() {
        assert_eq!(part("küche-2~").to_string(), "k%C3%BCche-2~");
    }
}
