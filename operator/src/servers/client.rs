//! The HTTP client for the private ports of servers.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hubbub_protocol::admin::{AdminState, DRAIN_PATH, DrainRequest, RESUME_PATH, SHED_PATH, ShedRequest};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;

use super::figures::{Figures, Unusable};
use crate::fence::{Lost, Term};

/// A server answers within microseconds, or something is wrong. Well below the five seconds in which a decision
/// has to be made.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(1);
/// An admin call has more to do, and is made rarely.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(2);
/// A server's metrics are some kilobytes.
const MOST_BYTES: usize = 256 * 1024;
/// Longer than the second between two scrapes, so that each server has one connection.
const IDLE: Duration = Duration::from_secs(10);

/// Speaks with servers at their pod's address. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Servers {
    http: Client<HttpConnector, Full<Bytes>>,
    port: u16,
    term: Option<Term>,
}

/// Why nothing usable came from a server.
#[derive(Debug, Error)]
pub enum Silence {
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It could not be reached, or hung up.
    #[error("can't be reached: {0}")]
    Away(#[from] hyper_util::client::legacy::Error),
    /// The answer broke off, or was too long.
    #[error("the answer broke off or has more than {MOST_BYTES} bytes: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused.
    #[error("answered {0}")]
    Status(StatusCode),
    /// It sent figures that can't be used.
    #[error(transparent)]
    Figures(#[from] Unusable),
    /// It sent something else than what was asked for.
    #[error("answered something else: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not for this operator to tell.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The request could not be made: the token has characters that do not fit into a header.
    #[error("the request can't be made: {0}")]
    Request(#[from] hyper::http::Error),
}

impl Servers {
    /// Speaks to this port of each server.
    pub fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(SCRAPE_TIMEOUT));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Self { http, port, term: None }
    }

    /// Asks at any time, and tells only within the term.
    #[must_use]
    pub fn within(self, term: Term) -> Self {
        Self { term: Some(term), ..self }
    }

    /// What a server says of itself.
    ///
    /// # Errors
    /// When there is no answer within a second, or none that can be used.
    pub async fn figures(&self, address: IpAddr) -> Result<Figures, Silence> {
        let request = Request::get(self.url(address, "/metrics")).body(Full::default())?;
        let body = self.send(request, SCRAPE_TIMEOUT).await?;
        Ok(Figures::parse(&String::from_utf8_lossy(&body))?)
    }

    /// Tells a server to send its sessions away.
    ///
    /// # Errors
    /// When it does not confirm it within two seconds.
    pub async fn drain(
        &self,
        address: IpAddr,
        token: &str,
        over_seconds: u32,
    ) -> Result<AdminState, Silence> {
        let body = serde_json::to_vec(&DrainRequest { over_seconds })?;
        self.admin(address, DRAIN_PATH, token, body).await
    }

    /// Tells a server to take sessions again.
    ///
    /// # Errors
    /// When it does not confirm it within two seconds.
    pub async fn resume(&self, address: IpAddr, token: &str) -> Result<AdminState, Silence> {
        self.admin(address, RESUME_PATH, token, b"{}".to_vec()).await
    }

    /// Tells a server to send so many of its sessions away, evenly over so many seconds, and to go on.
    ///
    /// # Errors
    /// When it does not confirm it within two seconds.
    pub async fn shed(
        &self,
        address: IpAddr,
        token: &str,
        sessions: u32,
        over_seconds: u32,
    ) -> Result<AdminState, Silence> {
        let body = serde_json::to_vec(&ShedRequest { sessions, over_seconds })?;
        self.admin(address, SHED_PATH, token, body).await
    }

    async fn admin(
        &self,
        address: IpAddr,
        path: &str,
        token: &str,
        body: Vec<u8>,
    ) -> Result<AdminState, Silence> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url(address, path))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        self.term.as_ref().map_or(Ok(()), Term::check)?;
        Ok(serde_json::from_slice(&self.send(request, ADMIN_TIMEOUT).await?)?)
    }

    async fn send(&self, request: Request<Full<Bytes>>, timeout: Duration) -> Result<Bytes, Silence> {
        let answer = async {
            let response = self.http.request(request).await?;
            if !response.status().is_success() {
                return Err(Silence::Status(response.status()));
            }
            let body =
                Limited::new(response.into_body(), MOST_BYTES).collect().await.map_err(Silence::Broken)?;
            Ok(body.to_bytes())
        };
        tokio::time::timeout(timeout, answer).await.map_err(|_| Silence::Late(timeout))?
    }

    fn url(&self, address: IpAddr, path: &str) -> String {
        match address {
            IpAddr::V4(address) => format!("http://{address}:{}{path}", self.port),
            IpAddr::V6(address) => format!("http://[{address}]:{}{path}", self.port),
        }
    }
}
